//! Criteria for the selection of kernel and noise from the training points.

use faer::Mat;

use super::solvers::linalg::{ScaledColumns, column_product};

use crate::{Error, Result};

/// The cost that the selection of a model minimises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Criterion {
    /// Minus the log marginal likelihood of all targets under the prior.
    MarginalLikelihood,
    /// Minus the sum of the log probabilities of each target under the prediction from all other targets (the pseudo-likelihood).
    LeaveOneOutProbability,
    /// The mean square error of the predictions of each target from all other targets. It depends on the ratio of noise to kernel only.
    LeaveOneOutError,
}

/// The cost by one of the two criteria of left-out points; infinite if it overflows.
///
/// # Arguments
/// * `weights` — α = A⁻¹ y, which gives the residuals $`y_i - \mu_i = \alpha_i / (A^{-1})_{ii}`$
/// * `inverse_diagonal` — the diagonal of A⁻¹
pub(super) fn left_out_cost(
    criterion: Criterion,
    weights: &ScaledColumns,
    inverse_diagonal: &[f64],
) -> f64 {
    let alpha = &weights.scaled;
    let residuals = Mat::from_fn(alpha.nrows(), alpha.ncols(), |i, c| {
        alpha[(i, c)] / inverse_diagonal[i]
    });
    if criterion == Criterion::LeaveOneOutError {
        let count = (alpha.nrows() * alpha.ncols()) as f64;
        return weights.quadratic(|c| column_product(&residuals, &residuals, c) / count);
    }
    let fit = weights.quadratic(|c| column_product(&residuals, alpha, c));
    let volume: f64 = inverse_diagonal
        .iter()
        .map(|inverse| (std::f64::consts::TAU / inverse).ln())
        .sum();
    0.5 * (fit + alpha.ncols() as f64 * volume)
}

/// Returns a cost; refuses one that overflowed.
pub(super) fn checked_cost(criterion: Criterion, cost: f64) -> Result<f64> {
    if cost.is_finite() {
        return Ok(cost);
    }
    Err(Error::invalid(
        match criterion {
            Criterion::MarginalLikelihood => "log marginal likelihood",
            Criterion::LeaveOneOutProbability => "log probability of left-out targets",
            Criterion::LeaveOneOutError => "mean square error of left-out targets",
        },
        "a number beyond 1.8e308 in size",
        "targets that are smaller, by a constant factor",
    ))
}
