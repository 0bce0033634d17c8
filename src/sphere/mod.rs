//! Signals on the sphere S²: sampling grids, the spherical-harmonic transform, coefficients, zonal filters.

pub mod coefficients;
mod extension;
pub mod harmonics;
mod legendre_stage;
mod legendre_tables;
pub mod plan;
pub mod rotation;
mod sample;
pub mod sampling;
pub mod zonal;

pub use harmonics::{SphericalHarmonics, evaluate};
pub use plan::{ShtPlan, ShtPlanner, ShtScratch};
pub use rotation::{rotate_coefficients, rotate_coefficients_into};
pub use sample::Sample;
pub use sampling::Sampling;
