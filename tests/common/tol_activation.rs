//! Tolerances of the activation tests.

/// The golden file comes from a program whose own rounding is amplified by two layers of it.
pub const GOLDEN: f64 = 1e-10;
