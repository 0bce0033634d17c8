//! Signals on the sphere S²: sampling grids, the spherical-harmonic transform, coefficients, zonal filters.

pub mod sampling;

pub use sampling::Sampling;
