//! What the tests share: oracles, data, laws of groups, comparisons, tolerances.

// Every test program includes all of it and uses a part.
#![allow(dead_code)]

pub mod close;
pub mod double_double;
pub mod exact_rings;
pub mod fields_oracle;
pub mod groups;
pub mod harmonics_oracle;
#[cfg(feature = "data")]
pub mod image_files;
pub mod laws;
#[cfg(feature = "kernels")]
pub mod naive_pixels;
#[cfg(feature = "kernels")]
pub mod naive_plane;
pub mod naive_rotations;
#[cfg(feature = "kernels")]
pub mod nested_quadrature;
#[cfg(feature = "kernels")]
pub mod network_files;
#[cfg(feature = "plot")]
pub mod pictures;
#[cfg(feature = "kernels")]
pub mod predict_problem;
#[cfg(feature = "cli")]
pub mod program;
pub mod rotated_signals;
pub mod signals;
pub mod spin_sums;
pub mod statistics;
pub mod tol;
