//! Tolerances of the kernel tests, each with its reason.

#![allow(dead_code)]

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
