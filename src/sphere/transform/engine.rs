//! The step between packed coefficients and samples, as the plans use it: on rings, or at points.

use super::fourier_stage::FourierStage;
use super::legendre_values::LegendreValues;
use super::packed::packed_len;
use super::ring_transform::RingScratch;
use super::sample::Sample;
use crate::sphere::limits::Limits;

/// Synthesis and its adjoint for one signal, between m-major coefficients and samples.
pub(in crate::sphere) trait Engine: Sync {
    /// L and N.
    fn limits(&self) -> Limits;

    /// Makes room for one kind of samples; never shrinks.
    fn fit<T: Sample>(&self, scratch: &mut RingScratch);

    /// Computes samples, times weights, from packed coefficients.
    ///
    /// `transposed` selects the adjoint of the analysis, where this is not the synthesis.
    fn synthesise<T: Sample>(
        &self,
        packed: &[f64],
        transposed: bool,
        weights: Option<&[f64]>,
        samples: &mut [T],
        scratch: &mut RingScratch,
    );

    /// Computes packed coefficients from samples times weights; says whether all samples are finite, and leaves the coefficients
    /// alone if not.
    ///
    /// `transposed` selects the adjoint of the synthesis, where this is not the analysis.
    fn analyse<T: Sample>(
        &self,
        samples: &[T],
        transposed: bool,
        weights: Option<&[f64]>,
        packed: &mut [f64],
        scratch: &mut RingScratch,
    ) -> bool;

    /// What signals that go eight to a vector need.
    fn vectors(&self) -> Option<(&LegendreValues, &FourierStage)> {
        None
    }

    /// Numbers in an array of packed coefficients.
    fn packed_len<T: Sample>(&self) -> usize {
        let Limits { degrees, orders } = self.limits();
        2 * T::ROWS * packed_len(degrees, orders)
    }
}
