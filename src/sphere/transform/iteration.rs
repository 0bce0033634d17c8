//! Analysis improved by iterations, where a quadrature is not exact.

use super::ring_plan::RingPlan;
use super::sample::Sample;
use super::verbs::Weighting;
use crate::Result;
use crate::numeric::powers::SquareSum;
use ndarray::{Array1, Array2, ArrayView1};
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
    let mut scratch = plan.make_scratch();
    let mut coeffs = plan.make_coeffs();
    plan.forward_into(samples, coeffs.view_mut(), &mut scratch)?;
    let square = |c: &Array2<Complex64>| {
        let parts: Vec<f64> = c.iter().flat_map(|c| [c.re, c.im]).collect();
        SquareSum::of(parts.iter().copied())
    };
    let mut change = 0.0;
    let mut correction = coeffs.clone();
    let mut residual = Array1::from_elem(samples.len(), T::default());
    for _ in 0..iterations.max(1) {
        plan.inverse_into(coeffs.view(), residual.view_mut(), &mut scratch)?;
        for (residual, sample) in residual.iter_mut().zip(&samples) {
            for part in 0..T::ROWS {
                residual.set_part(part, sample.part(part) - residual.part(part));
            }
        }
        // A residual is no map: it may have any values.
        plan.transform.analyse_unmasked(
            residual.view().into_dyn(),
            correction.view_mut().into_dyn(),
            Weighting::Quadrature,
            &mut scratch,
        )?;
        if iterations > 0 {
            coeffs += &correction;
        }
        let size = square(&coeffs);
        change = match size.sum {
            0.0 => 0.0,
            _ => square(&correction).over(size).sqrt(),
        };
    }
    Ok((coeffs, change))
}
