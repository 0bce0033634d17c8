//! What a choice of kernel and of noise is judged by, on the training points alone.

use faer::Mat;
use ndarray::ArrayView2;

use super::evidence::LeftOut;
use crate::{Error, Result};

/// What is to be small when a model is chosen: its cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    /// [`Error::ShapeMismatch`] for another shape.
    pub fn mean_square_error(&self, targets: ArrayView2<'_, f64>) -> Result<f64> {
        self.check(targets)?;
        let squares = self.mean.iter().zip(targets).map(|(m, y)| (y - m).powi(2));
        Ok(squares.sum::<f64>() / self.mean.len() as f64)
    }

    /// The log probability of the targets under the predictions, each on its own, summed over points and outputs.
    ///
    /// # Arguments
    /// * `targets` — shape `[n, outputs]`
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] for another shape.
    ///
    /// # References
    /// RW06, Eqs. (5.10), (5.11).
    pub fn log_probability(&self, targets: ArrayView2<'_, f64>) -> Result<f64> {
        self.check(targets)?;
        let terms = self.mean.indexed_iter().map(|((i, c), mean)| {
            let variance = self.variance[i];
            (targets[[i, c]] - mean).powi(2) / variance + (std::f64::consts::TAU * variance).ln()
        });
        Ok(-0.5 * terms.sum::<f64>())
    }

    fn check(&self, targets: ArrayView2<'_, f64>) -> Result<()> {
        if targets.dim() == self.mean.dim() {
            return Ok(());
        }
        Err(Error::ShapeMismatch {
            what: "targets".into(),
            expected: format!("{:?}, that of the predictions", self.mean.shape()),
            found: targets.shape().to_vec(),
        })
    }
}

/// The cost by one of the two criteria of left-out points.
///
/// # Arguments
/// * `weights` — α = A⁻¹ y, of which $`y_i - \mu_i = \alpha_i / (A^{-1})_{ii}`$
/// * `inverse_diagonal` — of A⁻¹
pub(super) fn left_out_cost(
    criterion: Criterion,
    weights: &Mat<f64>,
    inverse_diagonal: &[f64],
) -> f64 {
    let mut sum = 0.0;
    for (i, &inverse) in inverse_diagonal.iter().enumerate() {
        for c in 0..weights.ncols() {
            let residual = weights[(i, c)] / inverse;
            sum += match criterion {
                Criterion::LeaveOneOutError => residual * residual,
                _ => 0.5 * (residual * weights[(i, c)] + (std::f64::consts::TAU / inverse).ln()),
            };
        }
    }
    match criterion {
        Criterion::LeaveOneOutError => sum / (weights.nrows() * weights.ncols()) as f64,
        _ => sum,
    }
}
