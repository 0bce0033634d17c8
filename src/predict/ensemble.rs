//! What is asked of an ensemble of networks, and what is answered.

use faer::Mat;
use ndarray::{Array2, Array3, ArrayView2};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use super::check;
use super::linalg::{SymmetricEigen, product, scale_columns};
use crate::Result;

/// Negative eigenvalues of a covariance, relative to the largest, that are put down to rounding.
const ROUNDING: f64 = 1e-6;

/// A training time.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Time {
    /// After a finite time t ≥ 0; solved by the eigendecomposition.
    Finite(f64),
    /// After a number of steps of gradient descent, of which the learning rate is the size; solved by the eigendecomposition.
    /// It converges for learning rates below [`stable_learning_rate`](super::GradientFlow::stable_learning_rate).
    Steps(u64),
    /// After convergence; solved by Cholesky.
    Infinite,
}

/// Which parameters are trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Ensemble {
    /// All of them: the mean evolves with the neural tangent kernel Θ.
    Ntk,
    /// Those of the last layer: Θ := K; at t = ∞ the posterior of the Gaussian process with covariance K.
    Nngp,
}

/// Mean and covariance of the outputs over an ensemble of networks.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Prediction {
    /// Mean, shape `[points, outputs]`.
    pub mean: Array2<f64>,
    /// Covariance between points, shape `[points, points]`, symmetric; the same for each output, and zero
    /// between different outputs.
    pub covariance: Array2<f64>,
}

impl Prediction {
    /// Draws members of the ensemble: functions at the points of the prediction.
    ///
    /// # Arguments
    /// * `count` — number of members
    ///
    /// The result has shape `[count, points, outputs]`.
    ///
    /// # Cost and accuracy
    /// O(n³) for n points, once. The covariance may be singular; eigenvalues that are negative by up to 10⁻⁶ of the largest one are
    /// taken for rounding, and for zero.
    ///
    /// # Errors
    /// [`Error::Empty`](crate::Error::Empty), [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) or
    /// [`Error::NotFinite`](crate::Error::NotFinite) if mean and covariance are not those of a prediction,
    /// [`Error::NotPositiveDefinite`](crate::Error::NotPositiveDefinite) for larger negative eigenvalues.
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

/// The kernels that involve test points.
///
/// Rows of the result of a prediction are the test points. Any points may be test points, training points too.
#[derive(Debug, Clone, Copy)]
pub struct TestKernels<'a> {
    pub(super) ensemble: Ensemble,
    pub(super) evolution: ArrayView2<'a, f64>,
    pub(super) nngp: ArrayView2<'a, f64>,
    pub(super) test_test: ArrayView2<'a, f64>,
}

impl<'a> TestKernels<'a> {
    /// For [`Ensemble::Ntk`].
    ///
    /// # Arguments
    /// * `ntk_test_train`, `nngp_test_train` — shape `[m, n]`
    /// * `nngp_test_test` — symmetric, shape `[m, m]`; the NTK between test points is not needed
    pub fn ntk(
        ntk_test_train: ArrayView2<'a, f64>,
        nngp_test_train: ArrayView2<'a, f64>,
        nngp_test_test: ArrayView2<'a, f64>,
    ) -> TestKernels<'a> {
        TestKernels {
            ensemble: Ensemble::Ntk,
            evolution: ntk_test_train,
            nngp: nngp_test_train,
            test_test: nngp_test_test,
        }
    }

    /// For [`Ensemble::Nngp`].
    ///
    /// # Arguments
    /// * `test_train` — shape `[m, n]`
    /// * `test_test` — symmetric, shape `[m, m]`
    pub fn nngp(
        test_train: ArrayView2<'a, f64>,
        test_test: ArrayView2<'a, f64>,
    ) -> TestKernels<'a> {
        TestKernels {
            ensemble: Ensemble::Nngp,
            evolution: test_train,
            nngp: test_train,
            test_test,
        }
    }
}
