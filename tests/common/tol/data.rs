//! Images, molecules and their features.

/// A mean over a few pixels, then over a few more: one rounding for each weight and each sum.
pub const RESIZED: f64 = 32.0 * f64::EPSILON;

/// Mean and deviation of a standardised set of a few hundred pixels.
pub const STANDARDISED: f64 = 1024.0 * f64::EPSILON;

/// Sums of a few dozen terms, products of three or four rounded factors.
pub const ARITHMETIC: f64 = 64.0 * f64::EPSILON;

/// Atomisation energies in hartree: a difference of numbers of a few hundred.
pub const ENERGY: f64 = 16.0 * 512.0 * f64::EPSILON;

/// Values of the signals relative to their largest: exp(−(t − 1)²/b) turns an error δ of t into 2 (1 − t) δ / b, and
/// 2 (1 − t) / √b · exp(−(1 − t)²/b) is at most 0.9, so the error is c ε / √b with c for the dot product.
pub fn signal(profile_variance: f64) -> f64 {
    16.0 * f64::EPSILON / profile_variance.sqrt()
}

/// Coefficients of degree ℓ < L relative to the largest: ε in the direction becomes ℓ ε in Y_lm, and the
/// quadrature of the oracle sums rings whose weights add up to one with partial cancellation.
pub fn coefficient(band_limit: usize) -> f64 {
    32.0 * f64::EPSILON * band_limit as f64
}

/// Least squares with singular values that span two orders of magnitude and a sum over n rows.
pub fn least_squares(rows: usize) -> f64 {
    1024.0 * f64::EPSILON * rows as f64
}
