//! Activations, relative to the scale that each test states.

/// Two layers of another program's rounding: it does not avoid cancellation near c = ±1.
pub const GOLDEN: f64 = 1e-10;

/// Closed forms against many digits: a chain of some ten correctly rounded operations on
/// polynomials that are good to 1 ulp. Measured: 4 ε.
pub const CLOSED_FORM: f64 = 8.0 * f64::EPSILON;

/// One more rounding for each step of a recursion or power.
pub fn recursion(degree: u32) -> f64 {
    CLOSED_FORM * (1.0 + 0.5 * f64::from(degree))
}

/// Vectorised elementary functions against correctly rounded ones. Measured: 2 ε.
pub const ELEMENTARY: f64 = 3.0 * f64::EPSILON;

/// Two nested tanh-sinh rules with step 1/24: the error is below 2e-12 of the root of E[σ²] E[σ²].
pub const QUADRATURE: f64 = 1e5 * f64::EPSILON;

/// Five-point differences with step h = 1e-3 times the scale: h⁴ truncation, ε/h rounding.
pub const DIFFERENCE: f64 = 1e-3 * 1e-3 * 1e-3;

/// Hermite coefficients by 200 nodes: the tail of the expansion of erf at variance 2.
pub const HERMITE_TAIL: f64 = 1e4 * f64::EPSILON;

/// Gauss–Hermite moments up to degree 2n − 1: rounding of a sum of n terms.
pub fn moments(nodes: usize) -> f64 {
    8.0 * nodes as f64 * f64::EPSILON
}

/// The same with prepared factors: three more roundings of the correlation, which enters squared.
pub const PREPARED: f64 = 1.5 * CLOSED_FORM;

/// The same in single precision.
pub const SINGLE: f64 = 12.0 * f32::EPSILON as f64;

/// Functions made of the logistic function, whose mixture has errors of 1.2e-11 (function) and 3.1e-11 (derivative), twice as much for tanh: relative
/// to the function's root mean square, and in a product of two.
pub const MIXTURE: f64 = 4e-10;

/// [`MIXTURE`], with the error of a plane integral over functions that change on the scale 1/√q, at least 0.18 in the test.
pub const LARGE_VARIANCE: f64 = 1e-9;

/// The mixture of single precision: errors of 5.3e-8 and 1.0e-7, likewise, and sums of 49 terms.
pub const SINGLE_MIXTURE: f64 = 1e-6;

/// Elementary functions of one number, written in two ways that cancel by a factor of some ten.
pub const PLAIN_FUNCTION: f64 = 64.0 * f64::EPSILON;
