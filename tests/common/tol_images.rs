//! Tolerances of the tests on images: c · ε, as entries are near 1 in size.

#![allow(dead_code)]

/// A mean over a few pixels, then over a few more: one rounding for each weight and each sum.
pub const RESIZED: f64 = 32.0 * f64::EPSILON;

/// Mean and deviation of a standardised set of a few hundred pixels.
pub const STANDARDISED: f64 = 1024.0 * f64::EPSILON;
