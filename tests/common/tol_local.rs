//! Tolerances of kernels with local filters, each with its reason.

#![allow(dead_code)]

/// The stored values are accurate to 1e-9; ours are asked for with this tolerance.
pub const GOLDEN: f64 = 1e-8;
