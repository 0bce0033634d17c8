//! Signals on the sphere S²: sampling grids, the spherical-harmonic transform, coefficients, zonal filters.

mod batch;
mod batch_products;
mod cells;
mod chains;
pub mod coefficients;
mod extension;
#[cfg(feature = "kernels")]
pub(crate) mod field_grid;
mod fourier_stage;
mod grid_transform;
pub mod harmonics;
pub mod layouts;
mod legendre_stage;
mod legendre_tables;
mod legendre_values;
pub mod masks;
mod packed;
pub mod plan;
pub mod planner;
mod ring_pairs;
pub mod ring_plan;
mod ring_transform;
pub mod rings;
pub mod rotation;
mod sample;
pub mod sampling;
mod shared_chains;
mod shared_stage;
#[cfg(test)]
mod shared_tests;
pub mod smoothing;
pub mod spectra;
pub mod spin;
mod spin_tables;
mod transform;
pub mod zonal;
#[cfg(feature = "kernels")]
pub(crate) mod zonal_average;

pub use harmonics::{SphericalHarmonics, evaluate};
pub use masks::{UNSEEN, masked_to};
pub use plan::{ShtPlan, ShtScratch};
pub use planner::ShtPlanner;
pub use ring_plan::RingPlan;
pub use rings::{Ring, Rings, fast_longitudes};
pub use rotation::{
    CoefficientRotation, CoefficientRotationScratch, rotate_coefficients, rotate_coefficients_into,
};
pub use sample::Sample;
pub use sampling::{MAX_BAND_LIMIT, Sampling};
pub use spin::{Gradient, SpinPlan};
