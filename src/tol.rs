//! Tolerances of the unit tests; the tests in `tests` have theirs in `tests/common`. Each is `c · ε · growth` with its reason.

const EPSILON: f64 = f64::EPSILON;

/// An angle in [0, 2π) after one addition: a unit in the last place of numbers from 4 to 8.
pub(crate) const ANGLE: f64 = 4.0 * EPSILON;

/// Vectorised elementary functions against correctly rounded ones. Measured: 2 ε.
pub(crate) const ELEMENTARY: f64 = 3.0 * EPSILON;

/// The Mills ratio from polynomials of degree 23, against the complementary error function times an exponential of up to 12.5, which brings
/// 13 roundings of the exponent.
pub(crate) const MILLS: f64 = 64.0 * EPSILON;

/// The logistic function and its derivative as mixtures: the residuals of their fit.
pub(crate) const LOGISTIC: [f64; 2] = [1.25e-11, 3.2e-11];

/// In single precision, with the rounding of the weights.
pub(crate) const LOGISTIC_SINGLE: [f64; 2] = [1.2e-7, 1.4e-7];

/// A number that was squared and is rooted again: half the rounding of the square, and that of the root, each at most ε/2.
pub(crate) const ROOT_OF_SQUARE: f64 = 0.75 * EPSILON;

/// Sums of a few terms of order one.
#[cfg(feature = "finite-width")]
pub(crate) const FEW_TERMS: f64 = 64.0 * EPSILON;

/// Sums of some hundred terms of order one.
#[cfg(feature = "kernels")]
pub(crate) const HUNDREDS_OF_TERMS: f64 = 1000.0 * EPSILON;

/// Hundreds of terms in single precision: sums of positive and negative terms round to some ε of the largest.
#[cfg(feature = "kernels")]
pub(crate) const HUNDREDS_OF_TERMS_SINGLE: f64 = 20.0 * f32::EPSILON as f64;

/// The step of central differences of harmonics up to degree 8, and the error of the differences: third derivatives of some thousand times step²/6.
#[cfg(feature = "kernels")]
pub(crate) const HARMONIC_STEP: f64 = 1e-5;
#[cfg(feature = "kernels")]
pub(crate) const HARMONIC_SLOPE: f64 = 1e-6;

/// Slopes of the smooth radial kernel per width: the root of its error, 3e-7, times that of the error of the kernel of slopes, below 3.
#[cfg(feature = "kernels")]
pub(crate) const RADIAL_SLOPE: f64 = 1e-6;

/// Sums of some thousand terms, relative to the largest.
#[cfg(feature = "finite-width")]
pub(crate) const THOUSANDS_OF_TERMS: f64 = 1e4 * EPSILON;

/// Means over grids of values of order one, with positive weights: each value is known to some ten ε.
pub(crate) const MEAN: f64 = 64.0 * EPSILON;

/// Fourier transforms against sums one after the other: n terms of at most √2, in real and imaginary parts.
pub(crate) fn fourier_sum(len: usize) -> f64 {
    8.0 * EPSILON * len as f64
}

/// Wigner functions, by two starts of the recursion in the degree: one rounding of order ε a step.
pub(crate) fn wigner_function(degree: usize) -> f64 {
    4.0 * EPSILON * (degree + 16) as f64
}

/// Sums of Legendre functions of one order with coefficients of size one, by two recursions. Next to the poles recursions of L
/// steps lose some L^1.5 ε of the root of the sum of the squared bounds, which is at most L / √(4π); the largest that was
/// seen, of both recursions together, is 0.12 times that.
pub(crate) fn chains(band_limit: usize) -> f64 {
    0.3 * EPSILON * (band_limit as f64).powf(2.5) / (4.0 * std::f64::consts::PI).sqrt()
}

/// Factors of gradient descent after some ten steps, with two roundings each.
pub(crate) const DESCENT: f64 = 100.0 * EPSILON;

/// Gradient descent in k steps against the flow: (1 − x/k)^k = e^{−x} (1 − x²/2k + …).
pub(crate) fn flow_of_steps(x: f64, steps: f64) -> f64 {
    x.powi(2) / steps + 8.0 * EPSILON
}

/// Eigenvalues of symmetric matrices of norm 4.
pub(crate) const EIGENVALUE: f64 = 16.0 * EPSILON;

/// Statistics of random samples: five standard errors.
#[cfg(feature = "finite-width")]
pub(crate) fn deviations(standard_error: f64) -> f64 {
    5.0 * standard_error
}

/// Step of differences of fourth order.
#[cfg(feature = "kernels")]
pub(crate) const STEP: f64 = 1e-3;

/// Their error for costs of order one: rounding ε / h times a condition number up to 100, and fifth derivatives times h⁴ / 30.
#[cfg(feature = "kernels")]
pub(crate) const DIFFERENCES: f64 = 1e-10;

/// Errors of some tens of steps of an integration, in units of the error of one.
#[cfg(feature = "kernels")]
pub(crate) const STEPS: f64 = 100.0;

/// Single exponentials by the kernel of transforms at points, relative to the table, which has two digits and was made on another grid of
/// frequencies and offsets.
pub(crate) const KERNEL_TABLE: f64 = 1.2;

/// Rounding of sums of 16 terms whose correction is up to some hundred times as large as the result.
pub(crate) const KERNEL_ROUNDING: f64 = 64.0 * EPSILON;

/// Solutions of systems of four equations with condition number six.
pub(crate) const SMALL_SOLVE: f64 = 256.0 * EPSILON;

/// Central differences of sixth order with a step of 1e-3: truncation of some 1e-16 times the seventh derivative, and ε over the step.
#[cfg(feature = "kernels")]
pub(crate) const SIXTH_ORDER: f64 = 1e-10;

/// Derivatives of moments by Hermite series of 320 terms.
#[cfg(feature = "kernels")]
pub(crate) const HERMITE_SERIES: f64 = 1e-11;

/// The first step of Adam, with 1e-8 beside a derivative of order one.
#[cfg(feature = "kernels")]
pub(crate) const ADAM_STEP: f64 = 1e-8;

/// Adam at the bottom of a parabola after two thousand steps of at most 0.05.
#[cfg(feature = "kernels")]
pub(crate) const ADAM_BOTTOM: f64 = 1e-3;

/// Tensors at finite width against stored ones, relative to the largest: these were computed to 1e-10 or better.
#[cfg(feature = "kernels")]
pub(crate) const FINITE_WIDTH: f64 = 1e-9;
