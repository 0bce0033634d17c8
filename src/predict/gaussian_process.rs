//! Exact inference with a Gaussian process.

use faer::Mat;
use ndarray::{Array2, Array3, ArrayView1, ArrayView2, ArrayView3};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use super::gradient_flow::GradientFlow;
use super::kernels::Kernels;
use super::prediction::{Marginals, Prediction};
use super::solvers::check;
use super::solvers::linalg::{ScaledColumns, product, to_array};
use super::solvers::ridge::Ridge;
use super::time::Time;
use crate::check::{finite, shape};
use crate::{Error, Result};

const TRAIN: &str = "train-train NNGP";

/// A Gaussian process with prior covariance K, conditioned on noisy targets.
///
/// ```math
/// \mathrm{mean} = K_{sx} (K_{xx} + \varepsilon)^{-1} y , \qquad \mathrm{cov} = K_{ss} - K_{sx} (K_{xx} + \varepsilon)^{-1} K_{xs}
/// ```
/// With K the NNGP kernel this is the Bayesian posterior of an infinitely wide network, and the limit t = ∞ of
/// [`GradientFlow`] for [`super::KernelKind::Nngp`]. The covariance belongs to the function without noise. Any other covariance matrix
/// serves as K, too.
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
    /// [`Error::ShapeMismatch`], [`Error::Empty`], [`Error::NotFinite`] or
    /// [`Error::InvalidValue`] for bad input, [`Error::NotPositiveDefinite`] if K + ε is singular.
    pub fn fit(
        train_train: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
        noise: Ridge,
    ) -> Result<GaussianProcess> {
        let flow = GradientFlow::fit(Kernels::nngp(train_train), targets, noise)?;
        flow.predict_train(Time::Infinite)?;
        Ok(GaussianProcess { flow })
    }

    /// Returns the number n of training points.
    pub fn train_len(&self) -> usize {
        self.flow.train_len()
    }

    /// Returns the noise variance ε.
    pub fn noise(&self) -> f64 {
        self.flow.ridge()
    }

    /// Adds training points. Their noise has the variance of the first points.
    ///
    /// # Arguments
    /// * `added_train` — K between the added points and the training points, shape `[k, n]`
    /// * `added_added` — K between the added points, symmetric, shape `[k, k]`
    /// * `targets` — of the added points, shape `[k, outputs]`
    ///
    /// # Cost and accuracy
    /// O(n² k) in place of the O(n³) of a new factorisation; the factor is the same to rounding.
    ///
    /// # Errors
    /// As [`fit`](Self::fit). After an error the process is as before.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::predict::{GaussianProcess, Ridge};
    /// use ndarray::array;
    ///
    /// let mut process = GaussianProcess::fit(array![[1.0]].view(), array![[2.0]].view(), Ridge::Absolute(1.0))?;
    /// process.extend(array![[0.0]].view(), array![[1.0]].view(), array![[4.0]].view())?;
    /// // Two points that do not know of each other: half of the first target, half of the second.
    /// let mean = process.predict_mean(array![[1.0, 0.0], [0.0, 1.0]].view())?;
    /// assert!((mean[[0, 0]] - 1.0).abs() < 1e-15 && (mean[[1, 0]] - 2.0).abs() < 1e-15);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn extend(
        &mut self,
        added_train: ArrayView2<'_, f64>,
        added_added: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
    ) -> Result<()> {
        let (n, outputs) = (self.flow.train_len(), self.flow.outputs());
        let rows = check::rows("kernel of added and training points", added_train, n)?;
        let k = rows.nrows();
        let mut corner = check::symmetric_of_size("kernel of added points", added_added, k)?;
        Ridge::Absolute(self.flow.ridge()).add_to(&mut corner)?;
        shape("targets of added points", targets.shape(), &[k, outputs])?;
        let added = check::targets(targets, k)?;
        let (before, known) = (self.flow.evolution(), self.flow.targets());
        let evolution = Mat::from_fn(n + k, n + k, |i, j| match (i < n, j < n) {
            (true, true) => before[(i, j)],
            (true, false) => rows[(j - n, i)],
            (false, true) => rows[(i - n, j)],
            (false, false) => corner[(i - n, j - n)],
        });
        let targets = Mat::from_fn(n + k, outputs, |i, c| match i < n {
            true => known[(i, c)],
            false => added[(i - n, c)],
        });
        let cholesky = self.flow.cholesky()?.extended(TRAIN, &evolution)?;
        self.flow = GradientFlow::factorised(evolution, self.flow.ridge(), targets, cholesky);
        Ok(())
    }

    /// Computes the posterior at test points; [`Prediction::samples`] draws from it.
    ///
    /// # Arguments
    /// * `test_train` — shape `[m, n]`
    /// * `test_test` — symmetric, shape `[m, m]`
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::Empty`], [`Error::NotFinite`] or
    /// [`Error::InvalidValue`] (asymmetry) for bad input.
    pub fn predict(
        &self,
        test_train: ArrayView2<'_, f64>,
        test_test: ArrayView2<'_, f64>,
    ) -> Result<Prediction> {
        let cross = Kernels::nngp(test_train);
        self.flow.predict(cross, test_test, Time::Infinite)
    }

    /// Computes mean and variance of each test point by itself.
    ///
    /// # Arguments
    /// * `test_train` — shape `[m, n]`
    /// * `test_diagonal` — the prior variance of each test point, shape `[m]`
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub fn predict_marginals(
        &self,
        test_train: ArrayView2<'_, f64>,
        test_diagonal: ArrayView1<'_, f64>,
    ) -> Result<Marginals> {
        let cross = Kernels::nngp(test_train);
        self.flow
            .predict_marginals(cross, test_diagonal, Time::Infinite)
    }

    /// Computes the mean at test points, shape `[m, outputs]`.
    ///
    /// # Arguments
    /// * `test_train` — shape `[m, n]`
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub fn predict_mean(&self, test_train: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        self.flow.predict_mean(test_train, Time::Infinite)
    }

    /// Turns samples of the prior into samples of the posterior (Matheron's rule).
    ///
    /// ```math
    /// f \mapsto f(s) + K_{sx} (K_{xx} + \varepsilon)^{-1} \bigl( y - f(x) - \sqrt\varepsilon \, z \bigr)
    /// ```
    /// with standard normal z. If f is drawn from the prior with covariance K, the result is drawn from the posterior, at all test points
    /// together. No matrix of the test points is needed: with samples of a random field from its coefficients
    /// ([`sphere::RandomField`](crate::sphere::RandomField)) the test points may be a whole grid, where [`Prediction::samples`] would
    /// factorise their covariance.
    ///
    /// # Arguments
    /// * `test_train` — K between test and training points, shape `[m, n]`
    /// * `prior_test` — samples of the prior at the test points, shape `[count, m, outputs]`
    /// * `prior_train` — the same samples at the training points, shape `[count, n, outputs]`
    ///
    /// The result has the shape of `prior_test`.
    ///
    /// # Cost and accuracy
    /// O((n² + n m) count · outputs).
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::Empty`] or [`Error::NotFinite`] for bad input.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::predict::{GaussianProcess, Ridge};
    /// use ndarray::{array, Array3};
    /// use rand::SeedableRng;
    ///
    /// // A function that is known without noise at the only point: every sample of the posterior is 2 there.
    /// let process = GaussianProcess::fit(array![[1.0]].view(), array![[2.0]].view(), Ridge::NONE)?;
    /// let prior = Array3::from_shape_fn((3, 1, 1), |(sample, _, _)| sample as f64);
    /// let rng = &mut rand_chacha::ChaCha8Rng::seed_from_u64(1);
    /// let posterior = process.posterior_samples(rng, array![[1.0]].view(), prior.view(), prior.view())?;
    /// assert!(posterior.iter().all(|value| *value == 2.0));
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    ///
    /// # References
    /// Wilson20, Eq. (11).
    pub fn posterior_samples<R: Rng + ?Sized>(
        &self,
        rng: &mut R,
        test_train: ArrayView2<'_, f64>,
        prior_test: ArrayView3<'_, f64>,
        prior_train: ArrayView3<'_, f64>,
    ) -> Result<Array3<f64>> {
        let (n, outputs) = (self.flow.train_len(), self.flow.outputs());
        let cross = check::rows("test-train NNGP", test_train, n)?;
        let what = "samples of the prior";
        let count = prior_test.dim().0;
        if count == 0 {
            return Err(Error::empty(what));
        }
        for (points, samples) in [(cross.nrows(), prior_test), (n, prior_train)] {
            shape(what, samples.shape(), &[count, points, outputs])?;
            finite(what, samples)?;
        }
        let deviation = self.flow.ridge().sqrt();
        let targets = self.flow.targets();
        let mut missing = Mat::zeros(n, count * outputs);
        for ((sample, i, c), value) in prior_train.indexed_iter() {
            let noise = match deviation > 0.0 {
                true => deviation * rng.sample::<f64, _>(StandardNormal),
                false => 0.0,
            };
            missing[(i, sample * outputs + c)] = targets[(i, c)] - value - noise;
        }
        let missing = ScaledColumns::new(&missing);
        let solved = self.flow.cholesky()?.solve(missing.scaled.clone());
        let moved = missing.restore(&product(cross.as_ref(), solved.as_ref()));
        let moved = to_array("samples of the posterior", &moved)?;
        let mut samples = prior_test.to_owned();
        for ((sample, s, c), value) in samples.indexed_iter_mut() {
            *value += moved[[s, sample * outputs + c]];
        }
        finite("samples of the posterior", samples.view())?;
        Ok(samples)
    }
}
