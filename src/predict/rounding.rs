//! The rounding of predicted variances, which is that of the prior variances they are differences of.

use faer::Mat;
use ndarray::Array2;

use super::linalg::MORE_ACCURATE;
use crate::{Error, Result};

/// Variances of this many n ε of the prior variance, for n training points, have no digit: the sums they come from have n terms, and
/// the variances of f(s) and of its interpolation are four roundings of the prior at a training point.
const NO_DIGIT: f64 = 4.0;

/// What the rounding of a predicted variance is measured by.
///
/// The predicted variance is the prior variance of $`f(s) - \sum_j z_j f(x_j)`$ with the weights z of the training points. It is computed as
/// a difference of sums of n terms, all of which are bounded by the product of the standard deviations:
///
/// ```math
/// n \, \varepsilon \, \Bigl( \sqrt{k(s, s)} + \sum_j |z_j| \sqrt{k(x_j, x_j)} \Bigr)^2
/// ```
/// bounds what rounding can do; the variance itself may be far smaller, and says nothing of it.
pub(super) struct Rounding<'a> {
    /// K between the points of the prediction; only the diagonal is used.
    pub(super) test_prior: &'a Mat<f64>,
    /// K between the training points; only the diagonal is used.
    pub(super) train_prior: &'a Mat<f64>,
}

impl Rounding<'_> {
    /// Makes variances without a correct digit zero, with their covariances; refuses those that are negative beyond rounding.
    ///
    /// # Arguments
    /// * `weights` — z of the points with these numbers, shape `[numbers, n]`; called only if a variance is in doubt
    pub(super) fn clear(
        &self,
        covariance: &mut Array2<f64>,
        weights: impl FnOnce(&[usize]) -> Mat<f64>,
    ) -> Result<()> {
        let least = NO_DIGIT * self.train_prior.nrows() as f64 * f64::EPSILON;
        self.clear_below(covariance, least, weights)
    }

    /// The same for variances that are computed without a difference, of which small ones have their digits: makes negative ones zero.
    pub(super) fn clear_negative(
        &self,
        covariance: &mut Array2<f64>,
        weights: impl FnOnce(&[usize]) -> Mat<f64>,
    ) -> Result<()> {
        self.clear_below(covariance, 0.0, weights)
    }

    /// # Arguments
    /// * `least` — the smallest variance that stays, relative to the prior
    fn clear_below(
        &self,
        covariance: &mut Array2<f64>,
        least: f64,
        weights: impl FnOnce(&[usize]) -> Mat<f64>,
    ) -> Result<()> {
        let doubtful: Vec<usize> = (0..covariance.nrows())
            .filter(|&s| {
                let variance = covariance[[s, s]];
                variance < 0.0 || variance < least * self.test_prior[(s, s)]
            })
            .collect();
        if doubtful.is_empty() {
            return Ok(());
        }
        let weights = weights(&doubtful);
        let n = self.train_prior.nrows();
        for (row, &s) in doubtful.iter().enumerate() {
            let deviation = |prior: &Mat<f64>, i: usize| prior[(i, i)].max(0.0).sqrt();
            let of_weights: f64 = (0..n)
                .map(|j| weights[(row, j)].abs() * deviation(self.train_prior, j))
                .sum();
            let deviation = deviation(self.test_prior, s) + of_weights;
            let rounding = n as f64 * f64::EPSILON * deviation * deviation;
            let variance = covariance[[s, s]];
            if variance < -rounding {
                return Err(beyond_rounding(
                    s,
                    variance,
                    self.test_prior[(s, s)],
                    rounding,
                ));
            }
            // What does not vary does not vary with anything.
            covariance.row_mut(s).fill(0.0);
            covariance.column_mut(s).fill(0.0);
        }
        Ok(())
    }
}

fn beyond_rounding(point: usize, variance: f64, prior: f64, rounding: f64) -> Error {
    Error::not_positive_definite(
        "kernels of test and training points together",
        format!(
            "predicted variance {variance:.1e} at point {point}, prior variance {prior:.1e}, rounding {rounding:.1e}"
        ),
        format!("raise the ridge, {MORE_ACCURATE}"),
    )
}

/// Some rows.
pub(super) fn select_rows(matrix: &Mat<f64>, rows: &[usize]) -> Mat<f64> {
    Mat::from_fn(rows.len(), matrix.ncols(), |i, j| matrix[(rows[i], j)])
}
