//! Signals on the sphere S²: sampling grids, the spherical-harmonic transform, coefficients, zonal filters.

pub(crate) mod axes;
pub mod coefficients;
#[cfg(feature = "kernels")]
pub(crate) mod field_grid;
mod grid;
pub mod harmonics;
pub mod layouts;
pub(crate) mod limits;
pub mod masks;
mod random_field;
pub mod rings;
pub mod rotation;
pub mod sampling;
pub mod smoothing;
pub mod spectra;
mod transform;
pub mod zonal;
#[cfg(feature = "kernels")]
pub(crate) mod zonal_average;

pub use grid::{Grid, GridFamily};
pub use harmonics::{SphericalHarmonics, evaluate};
pub use limits::MAX_BAND_LIMIT;
pub use masks::{UNSEEN, masked_to};
pub use random_field::RandomField;
pub use rings::{Ring, Rings, fast_longitudes};
pub use rotation::{
    CoefficientRotation, CoefficientRotationScratch, rotate_coefficients, rotate_coefficients_into,
};
pub use sampling::Sampling;
pub use transform::{
    AnalysisReport, Gradient, MAX_SPIN, RingAnalysis, RingGradient, RingPlan, Sample, ShtPlan,
    ShtPlanner, ShtScratch, SpinPlan, SpinRingPlan, iterated_analysis, iterated_analysis_into,
    least_squares_analysis,
};
