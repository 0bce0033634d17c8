//! Predictions: a mean with the covariance of all points, or with the variance of each point.

use faer::Mat;
use ndarray::{Array1, Array2, Array3, ArrayView2};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use super::criterion::{Criterion, checked_cost};
use super::solvers::check;
use super::solvers::linalg::{SymmetricEigen, product, scale_columns};
use crate::numeric::powers::{SquareSum, times_power};
use crate::{Error, Result};

/// Negative eigenvalues of a covariance down to this fraction of the largest one count as rounding.
const ROUNDING: f64 = 1e-6;

/// Mean and covariance of the outputs over an ensemble of networks, jointly for some points.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Prediction {
    /// Mean, shape `[points, outputs]`.
    pub mean: Array2<f64>,
    /// Covariance between points, shape `[points, points]`, symmetric; equal for all outputs, and zero
    /// between different outputs.
    pub covariance: Array2<f64>,
}

impl Prediction {
    /// Returns mean and variance of each point: the marginal distributions, from the diagonal of the covariance.
    pub fn marginals(self) -> Marginals {
        Marginals {
            variance: self.covariance.diag().to_owned(),
            mean: self.mean,
        }
    }

    /// Draws members of the ensemble: functions at the points of the prediction. With mean zero and a covariance matrix they are samples of
    /// a prior, from which [`GaussianProcess::posterior_samples`](super::GaussianProcess::posterior_samples) makes samples of the posterior.
    ///
    /// Returns an array of shape `[count, points, outputs]`.
    ///
    /// # Arguments
    /// * `rng` — source of random numbers
    /// * `count` — number of members
    ///
    /// # Cost and accuracy
    /// O(n³) time for n points and any number of members, and O(n² outputs) time per member. The covariance may be singular: eigenvalues
    /// that are negative by up to 10⁻⁶ of the largest one count as zero.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::ShapeMismatch`], [`Error::NotFinite`] or [`Error::InvalidValue`] if mean and covariance do not form a
    /// prediction, [`Error::NotPositiveDefinite`] for larger negative eigenvalues.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::predict::Prediction;
    /// use ndarray::array;
    /// use rand::SeedableRng;
    ///
    /// // Two points that are always one apart.
    /// let prediction = Prediction {
    ///     mean: array![[0.0], [1.0]],
    ///     covariance: array![[1.0, 1.0], [1.0, 1.0]],
    /// };
    /// let members = prediction.samples(&mut rand_chacha::ChaCha8Rng::seed_from_u64(1), 5)?;
    /// assert!(members.outer_iter().all(|f| (f[[1, 0]] - f[[0, 0]] - 1.0).abs() < 1e-7));
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn samples(&self, rng: &mut impl Rng, count: usize) -> Result<Array3<f64>> {
        let (points, outputs) = self.mean.dim();
        let covariance =
            check::symmetric_of_size("covariance of a prediction", self.covariance.view(), points)?;
        check::targets(self.mean.view(), points)?;
        let eigen = SymmetricEigen::within("covariance of a prediction", &covariance, ROUNDING)?;
        let scales: Vec<f64> = eigen.values.iter().map(|value| value.sqrt()).collect();
        let root = scale_columns(&eigen.vectors, &scales);
        let mut members = Array3::zeros((count, points, outputs));
        for mut member in members.outer_iter_mut() {
            let normal = Mat::from_fn(points, outputs, |_, _| rng.sample(StandardNormal));
            let deviation = product(root.as_ref(), normal.as_ref());
            for ((index, value), mean) in member.indexed_iter_mut().zip(&self.mean) {
                *value = mean + deviation[index];
            }
        }
        Ok(members)
    }
}

/// Marginal mean and variance of each point, of test points or of training points that are predicted from all other training points.
///
/// # Examples
/// ```
/// use haarmonic::predict::Marginals;
/// use ndarray::array;
///
/// let found = Marginals { mean: array![[0.0], [1.0]], variance: array![1.0, 1.0] };
/// assert_eq!(found.mean_square_error(array![[0.0], [3.0]].view())?, 2.0);
/// // Two normal log densities, the second one at two standard deviations from its mean.
/// let expected = -std::f64::consts::TAU.ln() - 2.0;
/// assert!((found.log_probability(array![[0.0], [3.0]].view())? - expected).abs() < 1e-14);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Marginals {
    /// Mean, shape `[points, outputs]`.
    pub mean: Array2<f64>,
    /// Variance, shape `[points]`, equal for all outputs.
    pub variance: Array1<f64>,
}

impl Marginals {
    /// Adds the variance of independent noise, which turns predictions of the noise-free function into predictions of noisy targets.
    pub fn with_noise(mut self, variance: f64) -> Self {
        self.variance += variance;
        self
    }

    /// Returns the mean square error over all points and outputs.
    ///
    /// # Arguments
    /// * `targets` — shape `[n, outputs]`
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] for another shape, [`Error::InvalidValue`] if the error overflows.
    pub fn mean_square_error(&self, targets: ArrayView2<'_, f64>) -> Result<f64> {
        self.check(targets)?;
        let squares = SquareSum::of(self.mean.iter().zip(targets).map(|(m, y)| y - m));
        let mean = times_power(squares.sum / self.mean.len() as f64, 2 * squares.exponent);
        checked_cost(Criterion::LeaveOneOutError, mean)
    }

    /// Returns the sum over points and outputs of the log probability of each target under its prediction.
    ///
    /// # Arguments
    /// * `targets` — shape `[n, outputs]`
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] for another shape, [`Error::InvalidValue`] if the sum overflows.
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
