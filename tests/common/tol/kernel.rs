//! Kernels.

/// A kernel is a sum over a quadrature of bounded terms, each a composition of a few functions that
/// are accurate to a few ulp; the sums are recursive in blocks, so a few hundred ε cover both.
pub const ROUNDING: f64 = 2000.0 * f64::EPSILON;

/// Stored values come with their own error estimate; ours may be off by the tolerance that it was
/// asked for. Twice the sum of both is allowed.
pub fn stored(estimate: f64, tolerance: f64) -> f64 {
    2.0 * (estimate + tolerance) + ROUNDING
}

/// Solving with a Gram matrix of a few random vectors: rounding times a condition number below 1e4.
pub const SOLVE: f64 = 1e4 * ROUNDING;

/// A transform at band limit 6 sums a few hundred terms.
pub const TRANSFORM: f64 = 500.0 * f64::EPSILON;

/// A kernel on small images: sums of some hundred positive terms of order one.
pub const PLANE: f64 = 500.0 * f64::EPSILON;

/// Turning an image changes the order in which the terms of its sums are added.
pub const INVARIANCE: f64 = 1e-12;

/// How negative an eigenvalue may be, relative to the trace: entries are off by rounding.
pub const POSITIVE: f64 = 100.0 * f64::EPSILON;

/// Fibres in single precision: products, sums over windows and expectations each round by a few ulp,
/// and where patches nearly coincide an angle loses half of the digits of its sine.
pub const SINGLE: f64 = 100.0 * f32::EPSILON as f64;

/// Kernels of molecules in single precision, relative to the largest entry: half an ε per operation on the way. A message is a sum of at most
/// 35 moments or some ten pairs of edges with six operations each, an activation has some ten, and a power of degree p multiplies the error
/// before it by p.
pub fn single_on_molecules(messages: usize, powers: &[usize]) -> f64 {
    let layers = (45 * messages + 10 * powers.len()) as f64;
    let growth: usize = powers.iter().product();
    0.5 * f64::from(f32::EPSILON) * layers * growth as f64
}

/// Most entries of a matrix have errors of one size: how far the largest error in a sample may be below the largest of all.
pub const SAMPLED: f64 = 8.0;

/// A few layers, each a composition of functions accurate to a few ulp, relative to the geometric mean of the two diagonal entries.
/// `sign` turns a relative error of an angle into half of one: nothing grows.
pub const COLLINEAR: f64 = 32.0 * f64::EPSILON;

/// The same where a kink follows a smooth function: there the angle is that of two covariances known to some ε. At the smallest
/// angle that is taken from them, 1e-3, an error of ε becomes one of 1e3 ε.
pub const COLLINEAR_AFTER_SMOOTH: f64 = 1e4 * f64::EPSILON;

/// A few roundings per layer, which add up.
pub fn deep(depth: usize) -> f64 {
    8.0 * f64::EPSILON * (depth + 16) as f64
}

/// What sums over kernels are asked for: well above rounding, well below the kernels.
pub const ASKED: f64 = 1e-7;

/// What kernels are asked for where stored values are known to 1e-11 and better.
pub const ASKED_GOLDEN: f64 = 1e-11;

/// The same for kinked functions, for which the error falls slowly.
pub const ASKED_KINKED: [f64; 2] = [1e-5, 1e-6];

/// What the network files of the tests of the program ask for.
pub const ASKED_BY_FILES: f64 = 1e-10;

/// A tolerance that is soon reached, for what does not depend on it.
pub const COARSE: f64 = 1e-3;

/// Another program adds 1e-12 to variances of order one before it divides by their roots, in two layers, and rounds its sums.
pub const ADDED_TO_VARIANCES: f64 = 1e-11;

/// Networks of two hidden layers with n channels have kernels that are off by c/n in the mean, relatively, with c of order one.
pub const FINITE_WIDTH: f64 = 2.0;
