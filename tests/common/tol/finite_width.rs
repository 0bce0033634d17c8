//! Networks of finite width.

/// Standard errors relative to the entry: small enough that a wrong factor shows.
pub const RELATIVE_ERROR: f64 = 0.02;

/// The same for the comparisons that take minutes.
pub const SMALL_ERROR: f64 = 0.01;

/// The accuracy of a kernel that is compared with means over initialisations.
pub const KERNEL: f64 = 1e-3;

/// What another seed, or another input, changes at least.
pub const SEEN: f64 = 1e-3;

/// Sums of some thousand terms in different orders, relative to the largest.
pub const ROUNDING: f64 = 1e4 * f64::EPSILON;

/// Closed forms of a few operations, for values of order ten.
pub const FORMULA: f64 = 1e3 * f64::EPSILON;

/// The same in single precision, for values of order one.
pub const SINGLE: f64 = 100.0 * f32::EPSILON as f64;

/// The step of a central difference: its error h² is as large as that of rounding, ε / h.
pub const STEP: f64 = 1e-5;

/// A central difference with that step, relative to the derivative, with a factor for third derivatives.
pub const DIFFERENCE: f64 = 1e3 * STEP * STEP;

/// How much the output of a network with erf may change if its input is turned, relative to its size, at band limits 4, 6
/// and 8 for signals of band limit 3: the figures measured, times four.
pub const TURNED: [(usize, f64); 3] = [(4, 0.11), (6, 0.015), (8, 0.0022)];

/// What the mean of the ensemble of trained networks is off by in the test, times the width: 4.0 measured at width 128 with 1200 members,
/// 6.6 at 512 with 1000; twice the larger one.
pub const TRAINED_BIAS: f64 = 13.0;

/// Standard errors of that mean, for outputs of order one.
pub const ENSEMBLE_NOISE: f64 = 0.01;

/// First order in the rate: its square times second derivatives, which are below this.
pub const CURVATURE: f64 = 100.0;

/// Adam's quotient of two small numbers, after a few steps, relative to a step.
pub const ADAM: f64 = 1e-10;

/// Standard errors of bias and variance extrapolated in 1/n, for 48 numbers in one test: one run in 10⁴ fails by chance with normal errors
/// beyond 4.9; the variances of fourth moments have heavier tails.
pub const CORRECTION_ERRORS: f64 = 5.5;

/// The largest deviation in the long comparison, in standard errors: its numbers have many samples and nearly normal errors.
pub const FEW_ERRORS: f64 = 4.0;

/// Standard error of a variance, relative to the largest, that the long comparison must reach.
pub const CORRECTION_VARIANCE: f64 = 0.05;

/// The accuracy of kernels on the sphere from which biases are subtracted.
pub const LIMIT: f64 = 1e-6;

/// The standard error of kernels of random features, relative to the largest kernel: a bias of networks that are 4 channels wide would be a quarter.
pub const NARROW_ERROR: f64 = 0.03;

/// Standard errors of kernels of molecules, relative to the entry: squares of Gaussian numbers have heavy tails, and an isotropic second message
/// instead of one with directions changes kernels by tens of per cent.
pub const MOLECULE_ERROR: f64 = 0.05;

/// How much the output of a network with rectifiers on molecules may change if the input is turned, relative to its size, at band limit 4.
pub const TURNED_MOLECULE: f64 = 0.02;
