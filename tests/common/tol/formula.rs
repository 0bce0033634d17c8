//! Printed formulas, evaluated as they stand.

/// A printed formula is not arranged against cancellation: its angle is off by ε over its sine, here at least 0.1, and a power of
/// degree n by n ε.
pub fn activation(degree: u32) -> f64 {
    256.0 * f64::EPSILON * (1.0 + f64::from(degree))
}

/// Inputs against themselves meet kinks at full correlation, where the root of a determinant that is ε instead of 0 is √ε; means over
/// groups leave less of it.
pub const MEAN: f64 = 1e-8;

/// A product rule of 60 × 60 nodes against 120 Hermite coefficients of tanh.
pub const EXPECTATION: f64 = 1e-8;

/// What kernels on the sphere are asked for, and what nested quadratures with few nodes are good for.
pub const ASKED: f64 = 1e-8;
pub const SPHERE: f64 = 1e-5;

/// The error function of the oracle is good to some 1e-11.
pub const FUNCTION: f64 = 1e-10;
