//! What a choice of kernel and of noise is judged by, on the training points alone.

use faer::Mat;
use ndarray::ArrayView2;

use super::evidence::LeftOut;
use super::linalg::column_product;
use super::scaled_columns::ScaledColumns;
use crate::special::powers::{SquareSum, times_power};
use crate::{Error, Result};

/// What is to be small when a model is chosen: its cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Criterion {
    /// Minus the log marginal likelihood of all targets: how improbable they are under the prior.
    MarginalLikelihood,
    /// Minus the log probability of each target under the prediction from all the others, summed: the pseudo-likelihood.
    LeaveOneOutProbability,
    /// The mean square error of the predictions of each target from all the others; it says nothing of the
    /// scale of kernel and noise, only of their ratio.
    LeaveOneOutError,
}

impl LeftOut {
    /// The mean square error over all points and outputs.
    ///
    /// # Arguments
    /// * `targets` — shape `[n, outputs]`
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] for another shape, [`Error::InvalidValue`] if the error is beyond the range of numbers.
    pub fn mean_square_error(&self, targets: ArrayView2<'_, f64>) -> Result<f64> {
        self.check(targets)?;
        let squares = SquareSum::of(self.mean.iter().zip(targets).map(|(m, y)| y - m));
        let mean = times_power(squares.sum / self.mean.len() as f64, 2 * squares.exponent);
        checked_cost(Criterion::LeaveOneOutError, mean)
    }

    /// The log probability of the targets under the predictions, each on its own, summed over points and outputs.
    ///
    /// # Arguments
    /// * `targets` — shape `[n, outputs]`
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] for another shape, [`Error::InvalidValue`] if the sum is beyond the range of numbers.
    ///
    /// # References
    /// RW06, Eqs. (5.10), (5.11).
    pub fn log_probability(&self, targets: ArrayView2<'_, f64>) -> Result<f64> {
        self.check(targets)?;
        let terms = self.mean.indexed_iter().map(|((i, c), mean)| {
            let variance = self.variance[i];
            let residual = (targets[[i, c]] - mean) / variance.sqrt();
            residual * residual + std::f64::consts::TAU.ln() + variance.ln()
        });
        checked_cost(Criterion::LeaveOneOutProbability, 0.5 * terms.sum::<f64>()).map(|cost| -cost)
    }

    fn check(&self, targets: ArrayView2<'_, f64>) -> Result<()> {
        if targets.dim() == self.mean.dim() {
            return Ok(());
        }
        Err(Error::shape(
            "targets",
            format!("{:?}, that of the predictions", self.mean.shape()),
            targets.shape().to_vec(),
        ))
    }
}

/// The cost by one of the two criteria of left-out points; infinite beyond the range of numbers.
///
/// # Arguments
/// * `weights` — α = A⁻¹ y, of which $`y_i - \mu_i = \alpha_i / (A^{-1})_{ii}`$
/// * `inverse_diagonal` — of A⁻¹
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

/// The cost itself, unless it is beyond the range of numbers.
pub(crate) fn checked_cost(criterion: Criterion, cost: f64) -> Result<f64> {
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
