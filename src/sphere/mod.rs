//! Signals on the sphere S²: sampling grids, the spherical-harmonic transform, coefficients, zonal filters.

pub mod coefficients;
mod extension;
mod legendre_stage;
mod legendre_tables;
pub mod plan;
mod sample;
pub mod sampling;

pub use plan::{ShtPlan, ShtPlanner, ShtScratch};
pub use sample::Sample;
pub use sampling::Sampling;
