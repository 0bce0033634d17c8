//! What is asked of an ensemble of networks, and what is answered.

use ndarray::{Array2, ArrayView2};

/// A training time.
#[derive(Debug, Clone, Copy, PartialEq)]
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
pub enum Ensemble {
    /// All of them: the mean evolves with the neural tangent kernel Θ.
    Ntk,
    /// Those of the last layer: Θ := K; at t = ∞ the posterior of the Gaussian process with covariance K.
    Nngp,
}

/// Mean and covariance of the outputs over an ensemble of networks.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Mean, shape `[points, outputs]`.
    pub mean: Array2<f64>,
    /// Covariance between points, shape `[points, points]`, symmetric; the same for each output, and zero
    /// between different outputs.
    pub covariance: Array2<f64>,
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
