//! Signals on the sphere S²: sampling grids, the spherical-harmonic transform, coefficients, zonal filters.

pub mod coefficients;
mod extension;
pub mod harmonics;
mod legendre_stage;
mod legendre_tables;
pub mod plan;
pub mod planner;
pub mod rotation;
mod sample;
pub mod sampling;
mod transform;
pub mod zonal;

pub use harmonics::{SphericalHarmonics, evaluate};
pub use plan::{ShtPlan, ShtScratch};
pub use planner::ShtPlanner;
pub use rotation::{rotate_coefficients, rotate_coefficients_into};
pub use sample::Sample;
pub use sampling::Sampling;
