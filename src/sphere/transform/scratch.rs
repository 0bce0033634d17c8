//! Working memory of the transforms on the sphere.

use super::batch::BatchScratch;
use super::ring_transform::RingScratch;
use num_complex::Complex64;

/// Working memory of the plans on the sphere; its content never affects results, and it grows to fit any plan it is used with.
#[derive(Debug, Clone, Default)]
pub struct ShtScratch {
    pub(in crate::sphere) ring: RingScratch,
    /// m-major coefficients.
    pub(super) packed: Vec<f64>,
    /// A complex signal made of two real planes.
    pub(super) map: Vec<Complex64>,
    pub(super) batch: BatchScratch,
}
