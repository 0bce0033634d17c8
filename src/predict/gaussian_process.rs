//! Exact inference with a Gaussian process.

use ndarray::ArrayView2;

use super::gradient_flow::GradientFlow;
use super::kernels::Kernels;
use super::prediction::Prediction;
use super::solvers::ridge::Ridge;
use super::time::Time;
use crate::Result;

/// A Gaussian process with prior covariance K, conditioned on noisy targets.
///
/// ```math
/// \mathrm{mean} = K_{sx} (K_{xx} + \varepsilon)^{-1} y , \qquad \mathrm{cov} = K_{ss} - K_{sx} (K_{xx} + \varepsilon)^{-1} K_{xs}
/// ```
/// With K the NNGP kernel this is the Bayesian posterior of an infinitely wide network, and the limit t = ∞ of
/// [`GradientFlow`] for [`super::KernelKind::Nngp`]. The covariance belongs to the function without noise.
///
/// # Examples
/// ```
/// use haarmonic::predict::{GaussianProcess, Ridge};
/// use ndarray::array;
///
/// let process = GaussianProcess::fit(array![[1.0]].view(), array![[2.0]].view(), Ridge::Absolute(1.0))?;
/// let (test_train, test_test) = (array![[0.5]], array![[1.0]]);
/// let posterior = process.predict(test_train.view(), test_test.view())?;
/// assert!((posterior.mean[[0, 0]] - 0.5).abs() < 1e-15);
/// assert!((posterior.covariance[[0, 0]] - 0.875).abs() < 1e-15);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// RW06, Eqs. (2.23), (2.24).
#[derive(Debug)]
pub struct GaussianProcess {
    flow: GradientFlow,
}

impl GaussianProcess {
    /// Conditions the process on the targets.
    ///
    /// # Arguments
    /// * `train_train` — K, symmetric, shape `[n, n]`
    /// * `targets` — y, shape `[n, outputs]`; outputs are independent
    /// * `noise` — the noise variance ε
    ///
    /// # Errors
    /// [`crate::Error::ShapeMismatch`], [`crate::Error::Empty`], [`crate::Error::NotFinite`] or
    /// [`crate::Error::InvalidValue`] for bad input, [`crate::Error::NotPositiveDefinite`] if K + ε is singular.
    pub fn fit(
        train_train: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
        noise: Ridge,
    ) -> Result<GaussianProcess> {
        let flow = GradientFlow::fit(Kernels::nngp(train_train), targets, noise)?;
        flow.predict_train(Time::Infinite)?;
        Ok(GaussianProcess { flow })
    }

    /// Computes the posterior at test points.
    ///
    /// # Arguments
    /// * `test_train` — shape `[m, n]`
    /// * `test_test` — symmetric, shape `[m, m]`
    ///
    /// # Errors
    /// [`crate::Error::ShapeMismatch`], [`crate::Error::Empty`], [`crate::Error::NotFinite`] or
    /// [`crate::Error::InvalidValue`] (asymmetry) for bad input.
    pub fn predict(
        &self,
        test_train: ArrayView2<'_, f64>,
        test_test: ArrayView2<'_, f64>,
    ) -> Result<Prediction> {
        let cross = Kernels::nngp(test_train);
        self.flow.predict(cross, test_test, Time::Infinite)
    }
}
