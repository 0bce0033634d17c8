//! Gaussian processes: posterior, samples of it, points that are added.

use haarmonic::ndarray::{Array3, ArrayView3, ArrayViewD, Axis, Ix2};
use haarmonic::predict::GaussianProcess;
use haarmonic::rand::SeedableRng;
use haarmonic::rand::rngs::Xoshiro256PlusPlus;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::arrays;
use crate::axes::with_axes;
use crate::pickle::{Reduced, reduced};
use crate::predict::{fixed_ridge, solve, targets};
use crate::results::{self, Form};

/// A Gaussian process with a given prior covariance, conditioned on noisy targets.
///
/// Parameters
/// ----------
/// kernel : array_like
///     The covariance of the training points, `[n, n]`.
/// targets : array_like
///     `[n]` or `[n, outputs]`. Means and samples have the form of the targets.
/// noise : float
///     The variance of the noise of the targets.
/// relative : bool
///     Whether `noise` is a multiple of the mean diagonal entry.
///
/// Examples
/// --------
/// >>> from haarmonic.predict import GaussianProcess
/// >>> process = GaussianProcess([[1.0]], [2.0], noise=1.0)
/// >>> process.marginals([[0.5]], [1.0])
/// Marginals(mean=array([0.5]), variance=array([0.875]))
/// >>> process.extend([[0.0]], [[1.0]], [4.0])
/// >>> process.mean([[0.0, 1.0]])
/// array([2.])
#[pyclass(name = "GaussianProcess", module = "haarmonic.predict")]
pub(crate) struct PyGaussianProcess {
    process: GaussianProcess,
    form: Form,
    /// Kernel and targets as they were given, for `pickle`.
    given: [Py<PyAny>; 2],
    /// What was added to them since.
    added: Vec<[Py<PyAny>; 3]>,
}

#[pymethods]
impl PyGaussianProcess {
    #[new]
    #[pyo3(signature = (kernel, targets, *, noise=0.0, relative=false))]
    fn new(
        py: Python<'_>,
        kernel: &Bound<'_, PyAny>,
        targets: &Bound<'_, PyAny>,
        noise: f64,
        relative: bool,
    ) -> PyResult<Self> {
        let given = [kernel, targets].map(|argument| argument.clone().unbind());
        let kernel = arrays::real(kernel, "kernel")?;
        let kernel = with_axes(kernel.view(), "kernel", "[n, n]")?;
        let array = arrays::real(targets, "targets")?;
        let (targets, form) = self::targets(array.view())?;
        let noise = fixed_ridge(noise, relative);
        let process = solve(py, || GaussianProcess::fit(kernel, targets, noise))?;
        Ok(PyGaussianProcess {
            process,
            form,
            given,
            added: Vec::new(),
        })
    }

    /// Add training points, in O(n² k) for k of them. Their noise has the variance of the first points.
    ///
    /// Parameters
    /// ----------
    /// cross : array_like
    ///     The covariance of the added points with the training points, `[k, n]`.
    /// kernel : array_like
    ///     The covariance of the added points, `[k, k]`.
    /// targets : array_like
    ///     `[k]` or `[k, outputs]`.
    fn extend(
        &mut self,
        py: Python<'_>,
        cross: &Bound<'_, PyAny>,
        kernel: &Bound<'_, PyAny>,
        targets: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let given = [cross, kernel, targets].map(|argument| argument.clone().unbind());
        let (cross, kernel) = (
            arrays::real(cross, "cross")?,
            arrays::real(kernel, "kernel")?,
        );
        let cross = with_axes(cross.view(), "cross", "[k, n]")?;
        let kernel = with_axes(kernel.view(), "kernel", "[k, k]")?;
        let array = arrays::real(targets, "targets")?;
        let (targets, _) = self::targets(array.view())?;
        let process = &mut self.process;
        solve(py, || process.extend(cross, kernel, targets))?;
        self.added.push(given);
        Ok(())
    }

    /// The mean at test points.
    ///
    /// Parameters
    /// ----------
    /// cross : array_like
    ///     The covariance of the test points with the training points, `[m, n]`.
    ///
    /// Returns
    /// -------
    /// ndarray
    ///     `[m]` or `[m, outputs]`.
    fn mean<'py>(&self, py: Python<'py>, cross: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let cross = arrays::real(cross, "cross")?;
        let cross = with_axes(cross.view(), "cross", "[m, n]")?;
        let mean = solve(py, || self.process.predict_mean(cross))?;
        self.form.of(py, mean)
    }

    /// Mean and covariance at test points, of the function without noise.
    ///
    /// Parameters
    /// ----------
    /// cross : array_like
    ///     The covariance of the test points with the training points, `[m, n]`.
    /// prior : array_like
    ///     The covariance of the test points, `[m, m]`.
    ///
    /// Returns
    /// -------
    /// Prediction
    ///     `mean` `[m]` or `[m, outputs]`, `covariance` `[m, m]`.
    fn predict<'py>(
        &self,
        py: Python<'py>,
        cross: &Bound<'py, PyAny>,
        prior: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (cross, prior) = (arrays::real(cross, "cross")?, arrays::real(prior, "prior")?);
        let cross = with_axes(cross.view(), "cross", "[m, n]")?;
        let prior = with_axes(prior.view(), "prior", "[m, m]")?;
        let found = solve(py, || self.process.predict(cross, prior))?;
        results::prediction(py, found, self.form)
    }

    /// Mean and variance of each test point by itself, of the function without noise.
    ///
    /// Parameters
    /// ----------
    /// cross : array_like
    ///     The covariance of the test points with the training points, `[m, n]`.
    /// prior : array_like
    ///     The prior variance of each test point, `[m]`.
    ///
    /// Returns
    /// -------
    /// Marginals
    ///     `mean` `[m]` or `[m, outputs]`, `variance` `[m]`.
    fn marginals<'py>(
        &self,
        py: Python<'py>,
        cross: &Bound<'py, PyAny>,
        prior: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (cross, prior) = (arrays::real(cross, "cross")?, arrays::real(prior, "prior")?);
        let cross = with_axes(cross.view(), "cross", "[m, n]")?;
        let prior = with_axes(prior.view(), "prior", "[m]")?;
        let found = solve(py, || self.process.predict_marginals(cross, prior))?;
        results::marginals(py, found, self.form)
    }

    /// Turn samples of the prior into samples of the posterior, by Matheron's rule. No matrix of the test points is needed.
    ///
    /// Parameters
    /// ----------
    /// cross : array_like
    ///     The covariance of the test points with the training points, `[m, n]`.
    /// prior_test, prior_train : array_like
    ///     The same samples of the prior at the test points, `[count, m]` or `[count, m, outputs]`, and at the training points.
    /// seed : int
    ///     For the noise of the targets.
    ///
    /// Returns
    /// -------
    /// ndarray
    ///     In the shape of `prior_test`.
    #[pyo3(signature = (cross, prior_test, prior_train, *, seed))]
    fn posterior_samples<'py>(
        &self,
        py: Python<'py>,
        cross: &Bound<'py, PyAny>,
        prior_test: &Bound<'py, PyAny>,
        prior_train: &Bound<'py, PyAny>,
        seed: u64,
    ) -> PyResult<Bound<'py, PyAny>> {
        let cross = arrays::real(cross, "cross")?;
        let cross = with_axes::<_, Ix2>(cross.view(), "cross", "[m, n]")?;
        let test = arrays::real(prior_test, "prior_test")?;
        let train = arrays::real(prior_train, "prior_train")?;
        let test = self.samples(test.view(), "prior_test", "m")?;
        let train = self.samples(train.view(), "prior_train", "n")?;
        let samples: Array3<f64> = solve(py, || {
            let rng = &mut Xoshiro256PlusPlus::seed_from_u64(seed);
            self.process.posterior_samples(rng, cross, test, train)
        })?;
        match self.form {
            Form::Flat => results::array(py, samples.index_axis_move(Axis(2), 0)),
            Form::Columns => results::array(py, samples),
        }
    }

    /// The variance of the noise.
    #[getter]
    fn noise(&self) -> f64 {
        self.process.noise()
    }

    fn __len__(&self) -> usize {
        self.process.train_len()
    }

    #[allow(clippy::type_complexity)]
    fn __reduce__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyList>)> {
        let options = PyDict::new(py);
        options.set_item("noise", self.process.noise())?;
        let [kernel, targets] = &self.given;
        let (make, arguments): Reduced<'py> =
            reduced::<PyGaussianProcess>(py, &options, (kernel, targets))?;
        let added: Vec<_> = self
            .added
            .iter()
            .map(|[cross, kernel, targets]| (cross, kernel, targets))
            .collect();
        Ok((make, arguments.into_any(), PyList::new(py, added)?))
    }

    fn __setstate__(
        &mut self,
        py: Python<'_>,
        added: Vec<(Bound<'_, PyAny>, Bound<'_, PyAny>, Bound<'_, PyAny>)>,
    ) -> PyResult<()> {
        for (cross, kernel, targets) in &added {
            self.extend(py, cross, kernel, targets)?;
        }
        Ok(())
    }

    fn __repr__(&self) -> String {
        let (n, noise) = (self.process.train_len(), self.process.noise());
        format!("<haarmonic.predict.GaussianProcess: {n} points, noise {noise:e}>")
    }
}

impl PyGaussianProcess {
    /// Samples of all outputs.
    fn samples<'a>(
        &self,
        view: ArrayViewD<'a, f64>,
        what: &str,
        points: &str,
    ) -> PyResult<ArrayView3<'a, f64>> {
        match self.form {
            Form::Flat => {
                let samples = with_axes::<_, Ix2>(view, what, &format!("[count, {points}]"))?;
                Ok(samples.insert_axis(Axis(2)))
            }
            Form::Columns => with_axes(view, what, &format!("[count, {points}, outputs]")),
        }
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyGaussianProcess>()
}
