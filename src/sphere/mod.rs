//! Signals on the sphere S²: sampling grids, the spherical-harmonic transform, coefficients, zonal filters.

pub(crate) mod axes;
mod bispectrum;
#[cfg(any(feature = "kernels", feature = "data"))]
pub(crate) mod bump;
pub mod coefficients;
pub mod coupling;
#[cfg(feature = "kernels")]
pub(crate) mod field_grid;
mod grid;
pub mod harmonics;
mod healpix;
pub mod layouts;
pub(crate) mod limits;
pub mod masks;
mod points;
mod product;
mod random_field;
pub mod rings;
pub mod rotation;
pub mod sampling;
#[cfg(feature = "dense")]
mod slepian;
pub mod smoothing;
pub mod spectra;
mod transform;
pub mod vector_fields;
pub mod zonal;
#[cfg(feature = "kernels")]
pub(crate) mod zonal_average;

pub use bispectrum::reduced_bispectrum;
pub use grid::{Grid, GridFamily};
pub use harmonics::{SphericalHarmonics, evaluate};
pub use healpix::{Healpix, MaskRule, PixelOrder};
pub use limits::MAX_BAND_LIMIT;
pub use masks::{UNSEEN, masked_to};
pub use points::{
    DEFAULT_TOLERANCE, FitReport, LeastSquares, PointGradient, PointPlan, PointSpinPlan,
    PointTransform, StopReason,
};
pub use product::product;
pub use random_field::RandomField;
pub use rings::{Ring, Rings, fast_longitudes};
pub use rotation::{
    CoefficientRotation, CoefficientRotationScratch, rotate_coefficients, rotate_coefficients_into,
};
pub use sampling::Sampling;
#[cfg(feature = "dense")]
pub use slepian::SlepianFunctions;
pub use transform::{
    AnalysisReport, Gradient, MAX_SPIN, RingAnalysis, RingGradient, RingPlan, Sample, ShtPlan,
    ShtPlanner, ShtScratch, SpinPlan, SpinRingPlan, iterated_analysis, iterated_analysis_into,
    least_squares_analysis,
};
