//! Signals on the sphere S²: sampling grids, the spherical-harmonic transform, coefficients, zonal filters.

pub mod rotation;
pub mod sampling;

pub use rotation::{rotate_coefficients, rotate_coefficients_into};
pub use sampling::Sampling;
