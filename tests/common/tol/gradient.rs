//! Derivatives of kernels in their inputs, relative to the largest entry.

/// Against the derivatives of an independent program, which differences confirm to 1e-11: rounding of three layers, some hundred
/// operations each.
pub const GOLDEN: f64 = 1e-10;

/// Central differences of sixth order with a step of 1e-3, in networks of three layers: ε over the step, and the ninth derivative.
pub const DIFFERENCE: f64 = 1e-9;

/// One-sided differences at a kink with a step of 1e-6, whose first-order errors cancel in their mean.
pub const KINK: f64 = 1e-6;

/// An angle ϑ loses ε/ϑ² of the derivatives of a rectifier; three layers, with a margin of ten.
pub fn near(angle: f64) -> f64 {
    GOLDEN + 30.0 * f64::EPSILON / (angle * angle)
}

/// Above this angle two vectors do not count as parallel: 1.2e-7, with rounding.
pub const PARALLEL: f64 = 2e-7;

/// Sums in another order.
pub const ROUNDING: f64 = 1e4 * f64::EPSILON;

/// Solved targets come from normal equations, whose condition is the square of that of a matrix of order 1e2.
pub const SOLVED: f64 = 1e-8;

/// Losses of a network that is invariant, from turned examples: rounding of 1e-15 of slopes, which a step of Adam divides by the size of a slope,
/// some of which are a thousandth of others.
pub const INVARIANT: f64 = 1e-9;

/// A distilled data set has at most this part of the loss that it began with.
pub const LEARNED: f64 = 0.8;

/// Windows of an image and of its turned copy are at angles from 1e-3 on, where ε/ϑ² is 2e-10.
pub const TURNED: f64 = 1e-9;

/// A tolerance of derivatives that a quadrature of some hundred nodes meets; they need the step from one quadrature to the next to be estimated.
pub const COARSE: f64 = 1e-4;

/// A tolerance whose errors are small beside [`COARSE`].
pub const FINE: f64 = 1e-6;

/// Central differences of sixth order of the kernels of one quadrature, whose covariances are clamped where a grid exceeds their bounds.
pub const RULE: f64 = 1e-7;

/// The step of central differences of functions of molecules in positions, in units in which shells are some tenths wide.
pub const POSITION_STEP: f64 = 1e-4;

/// Forces against such differences, relative to the largest: third derivatives of some hundred times step²/6, and rounding over the step.
pub const FORCE: f64 = 1e-5;

/// Linear functions of features of the smooth radial kernel, whose last radial functions are some 1e-7 of the first and known to ε over that, for factors of
/// order one; and their forces.
pub const TURNED_FEATURES: f64 = 1e-8;
