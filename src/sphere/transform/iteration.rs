//! Analysis improved by iterations, where a quadrature is not exact.

use super::ring_plan::RingPlan;
use super::sample::Sample;
use super::scratch::ShtScratch;
use super::verbs::Weighting;
use crate::Result;
use crate::numeric::powers::SquareSum;
use ndarray::{Array, Array2, ArrayView, ArrayView1, ArrayViewMut, Dimension, Zip};
use num_complex::Complex64;

/// Computes the coefficients of a signal on rings by quadrature, improved by Jacobi iterations.
///
/// Each iteration synthesises the coefficients and adds the analysis of the residual, samples minus synthesis.
///
/// # Arguments
/// * `plan` — with the weights of a quadrature ([`RingPlan::with_weights`])
/// * `samples` — of one signal
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
pub fn iterated_analysis<T: Sample>(
    plan: &RingPlan,
    samples: ArrayView1<'_, T>,
    iterations: usize,
) -> Result<(Array2<Complex64>, f64)> {
    let mut coeffs = plan.make_coeffs();
    let scratch = &mut plan.make_scratch();
    let change = iterated_analysis_into(plan, samples, coeffs.view_mut(), iterations, scratch)?;
    Ok((coeffs, change))
}

/// Computes the coefficients of signals on rings by quadrature and Jacobi iterations, as [`iterated_analysis`], in either layout.
///
/// # Arguments
/// * `plan` — with the weights of a quadrature ([`RingPlan::with_weights`])
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
pub fn iterated_analysis_into<T: Sample, D: Dimension, E: Dimension>(
    plan: &RingPlan,
    samples: ArrayView<'_, T, D>,
    mut coeffs: ArrayViewMut<'_, Complex64, E>,
    iterations: usize,
    scratch: &mut ShtScratch,
) -> Result<f64> {
    plan.forward_into(samples.view(), coeffs.view_mut(), scratch)?;
    let mut change = 0.0;
    let mut correction = Array::zeros(coeffs.raw_dim());
    let mut residual = Array::from_elem(samples.raw_dim(), T::default());
    for _ in 0..iterations.max(1) {
        plan.inverse_into(coeffs.view(), residual.view_mut(), scratch)?;
        Zip::from(&mut residual)
            .and(&samples)
            .for_each(|residual, sample| {
                for part in 0..T::ROWS {
                    residual.set_part(part, sample.part(part) - residual.part(part));
                }
            });
        // A residual is no map: it may have any values.
        plan.transform.analyse_unmasked(
            residual.view().into_dyn(),
            correction.view_mut().into_dyn(),
            Weighting::Quadrature,
            scratch,
        )?;
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
