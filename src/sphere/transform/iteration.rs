//! Analysis improved by iterations, where a quadrature is not exact.

use super::ring_plan::RingPlan;
use super::sample::Sample;
use super::scratch::ShtScratch;
use super::spin_ring_plan::SpinRingPlan;
use super::verbs::Weighting;
use crate::Result;
use crate::numeric::powers::SquareSum;
use ndarray::{Array, Array2, ArrayView, ArrayView1, ArrayViewMut, Dimension, IxDyn, Zip};
use num_complex::Complex64;

pub(super) mod sealed {
    use super::{Array2, ArrayView, ArrayViewMut, Complex64, Result, Sample, ShtScratch};
    use ndarray::IxDyn;

    /// The transforms of a plan, for arrays of any number of axes.
    pub trait Transforms {
        fn make_coeffs(&self) -> Array2<Complex64>;
        fn make_scratch(&self) -> ShtScratch;
        fn band_limit(&self) -> usize;
        /// The number of leading axes, and whether coefficients of a shape are those with m ≥ 0; an error if the shapes do not fit.
        fn form_of<T: Sample>(&self, signal: &[usize], coeffs: &[usize]) -> Result<(usize, bool)>;
        fn synthesise<T: Sample>(
            &self,
            coeffs: ArrayView<'_, Complex64, IxDyn>,
            signal: ArrayViewMut<'_, T, IxDyn>,
            scratch: &mut ShtScratch,
        ) -> Result<()>;
        /// The weighted analysis; `unmasked` promises that no sample is a mark.
        fn analyse<T: Sample>(
            &self,
            signal: ArrayView<'_, T, IxDyn>,
            coeffs: ArrayViewMut<'_, Complex64, IxDyn>,
            unmasked: bool,
            scratch: &mut ShtScratch,
        ) -> Result<()>;
    }
}
use sealed::Transforms;

/// Plans on rings whose analysis can be improved by iterations: [`RingPlan`] and [`SpinRingPlan`]. An example is at [`RingPlan`].
///
/// The trait has no methods for callers, and no other type can have it.
pub trait RingAnalysis: Transforms {}

macro_rules! ring_analysis {
    ($plan:ident) => {
        impl RingAnalysis for $plan {}

        impl Transforms for $plan {
            fn make_coeffs(&self) -> Array2<Complex64> {
                self.make_coeffs()
            }

            fn make_scratch(&self) -> ShtScratch {
                self.make_scratch()
            }

            fn band_limit(&self) -> usize {
                self.band_limit()
            }

            fn form_of<T: Sample>(
                &self,
                signal: &[usize],
                coeffs: &[usize],
            ) -> Result<(usize, bool)> {
                self.transform.form_of::<T>(signal, coeffs)
            }

            fn synthesise<T: Sample>(
                &self,
                coeffs: ArrayView<'_, Complex64, IxDyn>,
                signal: ArrayViewMut<'_, T, IxDyn>,
                scratch: &mut ShtScratch,
            ) -> Result<()> {
                self.inverse_into(coeffs, signal, scratch)
            }

            fn analyse<T: Sample>(
                &self,
                signal: ArrayView<'_, T, IxDyn>,
                coeffs: ArrayViewMut<'_, Complex64, IxDyn>,
                unmasked: bool,
                scratch: &mut ShtScratch,
            ) -> Result<()> {
                let weighting = Weighting::Quadrature;
                if unmasked {
                    self.transform
                        .analyse_unmasked(signal, coeffs, weighting, scratch)
                } else {
                    self.transform.analyse(signal, coeffs, weighting, scratch)
                }
            }
        }
    };
}

ring_analysis!(RingPlan);
ring_analysis!(SpinRingPlan);

/// Computes the coefficients of a signal on rings by quadrature, improved by Jacobi iterations.
///
/// Each iteration synthesises the coefficients and adds the analysis of the residual, samples minus synthesis. On the HEALPix grid
/// iterations converge fast up to the band limit 2 nside; beyond, [`least_squares_analysis`](super::least_squares_analysis) converges
/// faster.
///
/// # Arguments
/// * `plan` — [`RingPlan`] or [`SpinRingPlan`], with the weights of a quadrature ([`RingPlan::with_weights`])
/// * `samples` — of one signal, complex for a [`SpinRingPlan`]
/// * `iterations` — 0 for the bare quadrature; 3 is usual for HEALPix
///
/// # Returns
/// The coefficients, shape `[L, 2L − 1]`, and the norm of the last change relative to the norm of the coefficients, which estimates
/// the error before this change. With 0 iterations the second value is the change that a first iteration would make; it estimates the
/// error of the bare quadrature.
///
/// # Cost and accuracy
/// One analysis, and then one synthesis and one analysis per iteration, at least once: the error estimate needs them for 0
/// iterations, too. [`RingPlan::forward_into`] computes the bare quadrature alone.
///
/// # Errors
/// As [`RingPlan::forward_into`].
pub fn iterated_analysis<P: RingAnalysis, T: Sample>(
    plan: &P,
    samples: ArrayView1<'_, T>,
    iterations: usize,
) -> Result<(Array2<Complex64>, f64)> {
    let mut coeffs = Transforms::make_coeffs(plan);
    let scratch = &mut plan.make_scratch();
    let change = iterated_analysis_into(plan, samples, coeffs.view_mut(), iterations, scratch)?;
    Ok((coeffs, change))
}

/// Computes the coefficients of signals on rings by quadrature and Jacobi iterations, as [`iterated_analysis`], in either layout.
///
/// # Arguments
/// * `plan` — [`RingPlan`] or [`SpinRingPlan`], with the weights of a quadrature ([`RingPlan::with_weights`])
/// * `samples` — one signal, or more of them along leading axes
/// * `coeffs` — the leading axes of `samples`, followed by the axes of a layout; overwritten
/// * `iterations` — 0 for the bare quadrature; 3 is usual for HEALPix
/// * `scratch` — from [`RingPlan::make_scratch`] or [`RingPlan::make_parallel_scratch`]
///
/// # Returns
/// The norm of the last change of all entries of `coeffs`, relative to their norm.
///
/// # Errors
/// As [`RingPlan::forward_into`].
pub fn iterated_analysis_into<P: RingAnalysis, T: Sample, D: Dimension, E: Dimension>(
    plan: &P,
    samples: ArrayView<'_, T, D>,
    mut coeffs: ArrayViewMut<'_, Complex64, E>,
    iterations: usize,
    scratch: &mut ShtScratch,
) -> Result<f64> {
    let mut view = coeffs.view_mut().into_dyn();
    plan.analyse(samples.view().into_dyn(), view.view_mut(), false, scratch)?;
    let mut change = 0.0;
    let mut correction = Array::zeros(coeffs.raw_dim());
    let mut residual = Array::from_elem(samples.raw_dim(), T::default());
    for _ in 0..iterations.max(1) {
        let there = residual.view_mut().into_dyn();
        plan.synthesise(coeffs.view().into_dyn(), there, scratch)?;
        Zip::from(&mut residual)
            .and(&samples)
            .for_each(|residual, sample| {
                for part in 0..T::ROWS {
                    residual.set_part(part, sample.part(part) - residual.part(part));
                }
            });
        // A residual is no map: it may have any values.
        let there = correction.view_mut().into_dyn();
        plan.analyse(residual.view().into_dyn(), there, true, scratch)?;
        if iterations > 0 {
            coeffs += &correction;
        }
        let size = square(&coeffs.view());
        change = match size.sum {
            0.0 => 0.0,
            _ => square(&correction.view()).over(size).sqrt(),
        };
    }
    Ok(change)
}

/// The sum of squared moduli.
fn square<D: Dimension>(coeffs: &ArrayView<'_, Complex64, D>) -> SquareSum {
    SquareSum::of(coeffs.iter().flat_map(|c| [c.re, c.im]))
}
