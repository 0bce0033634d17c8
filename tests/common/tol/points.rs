//! Values at points.

/// The largest error of a value, in units of the tolerance times the root mean square of the signal. Twice the tolerance is what is
/// promised; half of it is the part of each angle.
pub const LARGEST: f64 = 2.0;

/// The error of all values together, relative to their norm, in units of the tolerance: single errors average out.
pub const MEAN: f64 = 0.8;

/// Rounding of the transforms, of order L ε in the Legendre stage and √(log n) ε in the others, relative to the root mean square. The
/// largest that was seen is 2e-13 at L = 96.
pub fn rounding(band_limit: usize) -> f64 {
    f64::EPSILON * (256.0 + 16.0 * band_limit as f64)
}

/// The adjoint is the transpose step by step: only roundings of sums of N terms differ.
pub fn adjoint(points: usize) -> f64 {
    16.0 * f64::EPSILON * (points as f64).sqrt()
}

/// Samples in single precision round once.
pub const SINGLE: f64 = f32::EPSILON as f64;

/// Coefficients of a fit to a tolerance: the tolerance times the condition number.
pub fn fit(tolerance: f64, condition: f64) -> f64 {
    4.0 * tolerance * condition
}
