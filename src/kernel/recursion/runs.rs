//! Activations of fibres in runs, each of which belongs to one point of either signal.

use crate::Result;
use crate::activation::{Activation, Precision, Real, Variance, VarianceField};

use super::geometry::{Geometry, Runs};

/// Applies an activation to a fibre in runs of constant variances.
///
/// # Arguments
/// * `left`, `right` — the variances at the points of both signals
pub(super) fn activate_runs<G: Geometry>(
    geometry: &G,
    runs: Runs<'_>,
    activation: &Activation,
    [left, right]: [&[G::Scalar]; 2],
    [nngp, ntk]: [&mut [G::Scalar]; 2],
) -> Result<()> {
    let kernels = nngp
        .chunks_exact_mut(runs.len)
        .zip(ntk.chunks_exact_mut(runs.len));
    for ((nngp, ntk), &[i, j]) in kernels.zip(runs.points) {
        geometry.confine([&left[i..=i], &right[j..=j]], nngp);
        let [qa, qb] = [left[i], right[j]].map(Variance::Constant);
        activation.apply_rounded(qa, qb, nngp, Some(ntk), G::Scalar::NOISE)?;
    }
    Ok(())
}

/// Applies an activation to a signal with itself: its variances are the values of each point with itself at the first point of a run, the identity
/// r = e.
///
/// # Arguments
/// * `field` — the variances; overwritten
pub(super) fn activate_own_runs<G: Geometry>(
    geometry: &G,
    runs: Runs<'_>,
    activation: &Activation,
    field: &mut VarianceField<G::Scalar>,
    [nngp, ntk]: [&mut [G::Scalar]; 2],
) -> Result<()> {
    let mut variances = vec![G::Scalar::of(0.0); runs.points.len()];
    let mut count = 0;
    for (run, &[i, j]) in nngp.chunks_exact(runs.len).zip(runs.points) {
        if i == j {
            // Rounding below zero counts as zero.
            if run[0] > variances[i] {
                variances[i] = run[0];
            }
            count = count.max(i + 1);
        }
    }
    activation.prepare_into(&variances[..count], field)?;
    activate_runs(
        geometry,
        runs,
        activation,
        [field.variance(); 2],
        [nngp, ntk],
    )
}
