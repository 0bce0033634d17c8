//! Regression with kernel matrices, evidence, and the selection of hyperparameters.

use haarmonic::Result;
use haarmonic::kernel::Kernel;
use haarmonic::ndarray::{ArrayView2, ArrayViewD, Axis, Ix1, Ix2};
use haarmonic::predict::selection::HyperparameterSelection;
use haarmonic::predict::{
    Criterion, Evidence, FittedRegression, KernelKind, Kernels, Loss, LossFlow, Regression, Ridge,
    RidgeRule, Time,
};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::arrays::{self, Input};
use crate::axes::with_axes;
use crate::network::PyNetwork;
use crate::pickle::{Reduced, reduced};
use crate::results::{self, Class, Form};
use crate::signals::Inputs;
use crate::threads::Threads;
use crate::watch;

/// Targets, `[n]` or `[n, outputs]`, as a matrix, and their form.
pub(crate) fn targets<'a>(view: ArrayViewD<'a, f64>) -> PyResult<(ArrayView2<'a, f64>, Form)> {
    match view.ndim() {
        1 => Ok((
            with_axes::<_, Ix1>(view, "targets", "[n]")?.insert_axis(Axis(1)),
            Form::Flat,
        )),
        _ => Ok((
            with_axes(view, "targets", "[n] or [n, outputs]")?,
            Form::Columns,
        )),
    }
}

/// What drives the training.
pub(crate) fn kernel_kind(name: &str) -> PyResult<KernelKind> {
    match name {
        "ntk" => Ok(KernelKind::Ntk),
        "nngp" => Ok(KernelKind::Nngp),
        other => Err(PyValueError::new_err(format!(
            "kernel: found {other:?}, expected \"ntk\" or \"nngp\""
        ))),
    }
}

fn kind_name(kind: KernelKind) -> &'static str {
    match kind {
        KernelKind::Ntk => "ntk",
        KernelKind::Nngp => "nngp",
    }
}

pub(crate) fn criterion(name: &str) -> PyResult<Criterion> {
    match name {
        "evidence" => Ok(Criterion::MarginalLikelihood),
        "loo-probability" => Ok(Criterion::LeaveOneOutProbability),
        "loo-error" => Ok(Criterion::LeaveOneOutError),
        other => Err(PyValueError::new_err(format!(
            "criterion: found {other:?}, expected \"evidence\", \"loo-probability\" or \"loo-error\""
        ))),
    }
}

pub(crate) fn fixed_ridge(value: f64, relative: bool) -> Ridge {
    match relative {
        true => Ridge::Relative(value),
        false => Ridge::Absolute(value),
    }
}

/// A number, or the name of the criterion that chooses it.
#[derive(FromPyObject)]
enum RidgeArgument {
    Number(f64),
    Criterion(String),
}

/// Runs linear algebra on all threads.
pub(crate) fn solve<T: Send>(
    py: Python<'_>,
    job: impl FnOnce() -> Result<T> + Send,
) -> PyResult<T> {
    watch::short(py, Threads::new(None)?, job)
}

/// One time or several.
#[derive(FromPyObject)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

/// Training times, and whether there is one only that is no list.
struct Times {
    times: Vec<Time>,
    single: bool,
}

impl Times {
    fn new(t: Option<OneOrMany<f64>>, steps: Option<OneOrMany<u64>>) -> PyResult<Self> {
        let finite = |t: f64| match t == f64::INFINITY {
            true => Time::Infinite,
            false => Time::Finite(t),
        };
        let (times, single) = match (t, steps) {
            (Some(_), Some(_)) => {
                return Err(PyTypeError::new_err(
                    "t and steps: found both, expected one of them",
                ));
            }
            (None, None) => (vec![Time::Infinite], true),
            (Some(OneOrMany::One(t)), None) => (vec![finite(t)], true),
            (Some(OneOrMany::Many(t)), None) => (t.into_iter().map(finite).collect(), false),
            (None, Some(OneOrMany::One(k))) => (vec![Time::Steps(k)], true),
            (None, Some(OneOrMany::Many(k))) => (k.into_iter().map(Time::Steps).collect(), false),
        };
        Ok(Times { times, single })
    }

    /// The only result, or a list of all.
    fn results<'py, T>(
        &self,
        py: Python<'py>,
        found: Vec<T>,
        each: impl Fn(Python<'py>, T) -> PyResult<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut found: Vec<_> = found
            .into_iter()
            .map(|one| each(py, one))
            .collect::<PyResult<_>>()?;
        match self.single {
            true => Ok(found.pop().expect("one result for one time")),
            false => PyList::new(py, found).map(Bound::into_any),
        }
    }
}

/// The fields `nngp` and `ntk` of kernel matrices; the NNGP alone where it drives the training.
struct Fields<'py> {
    nngp: Input<'py, f64>,
    ntk: Option<Input<'py, f64>>,
}

impl<'py> Fields<'py> {
    fn of(value: &Bound<'py, PyAny>, kind: KernelKind, what: &str) -> PyResult<Self> {
        let field = |name: &str| {
            let Ok(matrix) = value.getattr(name) else {
                return Err(PyTypeError::new_err(format!(
                    "{what}: found {} without field {name}, expected kernel matrices",
                    value.get_type().name()?
                )));
            };
            arrays::real(&matrix, &format!("{name} of {what}"))
        };
        Ok(Fields {
            nngp: field("nngp")?,
            ntk: match kind {
                KernelKind::Ntk => Some(field("ntk")?),
                KernelKind::Nngp => None,
            },
        })
    }

    fn kernels(&self, what: &str, expected: &str) -> PyResult<Kernels<'_>> {
        let nngp = with_axes::<_, Ix2>(self.nngp.view(), &format!("nngp of {what}"), expected)?;
        Ok(match &self.ntk {
            None => Kernels::nngp(nngp),
            Some(ntk) => {
                let ntk = with_axes(ntk.view(), &format!("ntk of {what}"), expected)?;
                Kernels::ntk(ntk, nngp)
            }
        })
    }
}

/// What an ensemble of infinitely wide networks predicts after training on the mean square loss.
///
/// At t = ∞ (the default) with the NTK all parameters are trained to convergence; with the NNGP the last layer alone, which is exact
/// inference with a Gaussian process. The loss is half the square error, averaged over all n · outputs entries of the targets; time is
/// counted in units of one over the learning rate.
///
/// Parameters
/// ----------
/// train : KernelMatrices
///     Kernels of the training signals with each other, `[n, n]`; any object with the fields `nngp` and (for the NTK) `ntk`.
/// targets : array_like
///     `[n]` or `[n, outputs]`. Means have the form of the targets.
/// kernel : {"ntk", "nngp"}
///     The kernel that drives the training.
/// ridge : float or {"evidence", "loo-probability", "loo-error"}
///     Added to the diagonal of the driving kernel; or the criterion on the training targets by which it is chosen.
/// relative : bool
///     Whether `ridge` is a multiple of the mean diagonal entry, as in neural-tangents.
/// learning_rate : float
///     The unit of time.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic import Kernel, Regression, stax
/// >>> kernel = Kernel(stax.network((1,), stax.Dense(64, 1.5, 0.3), stax.Erf(), stax.Dense(1, 1.5, 0.3)))
/// >>> x, z = np.linspace(0, 5, 12)[:, None], np.array([[0.7], [3.1]])
/// >>> model = Regression(kernel.gram(x), np.sin(x[:, 0]), ridge="loo-error")
/// >>> mean = model.mean(kernel.between(z, x))
/// >>> bool(np.abs(mean - np.sin(z[:, 0])).max() < 0.01)
/// True
/// >>> found = model.marginals(kernel.between(z, x), kernel.diagonal(z)[0])
/// >>> bool((found.variance > 0).all())
/// True
#[pyclass(frozen, name = "Regression", module = "haarmonic")]
pub(crate) struct PyRegression {
    fitted: FittedRegression,
    form: Form,
    /// Train and targets as they were given, for `pickle`.
    given: [Py<PyAny>; 2],
    learning_rate: f64,
}

#[pymethods]
impl PyRegression {
    #[new]
    #[pyo3(signature = (train, targets, *, kernel="ntk", ridge=RidgeArgument::Number(0.0), relative=false, learning_rate=1.0))]
    fn new(
        py: Python<'_>,
        train: &Bound<'_, PyAny>,
        targets: &Bound<'_, PyAny>,
        kernel: &str,
        ridge: RidgeArgument,
        relative: bool,
        learning_rate: f64,
    ) -> PyResult<Self> {
        let given = [train, targets].map(|argument| argument.clone().unbind());
        let train = Fields::of(train, kernel_kind(kernel)?, "train")?;
        let train = train.kernels("train", "[n, n]")?;
        let array = arrays::real(targets, "targets")?;
        let (targets, form) = self::targets(array.view())?;
        let rule: RidgeRule = match ridge {
            RidgeArgument::Number(ridge) => fixed_ridge(ridge, relative).into(),
            RidgeArgument::Criterion(name) => criterion(&name)?.into(),
        };
        let options = Regression::new().ridge(rule).learning_rate(learning_rate);
        let fitted = solve(py, || options.fit(train, targets))?;
        Ok(PyRegression {
            fitted,
            form,
            given,
            learning_rate,
        })
    }

    /// The mean at test points.
    ///
    /// Parameters
    /// ----------
    /// cross : KernelMatrices, or array_like
    ///     Kernels of test signals (rows) with training signals (columns), `[m, n]`; or the matrix of the driving kernel alone.
    /// t : float or list of float, optional
    ///     Training times; to convergence unless stated.
    /// steps : int or list of int, optional
    ///     Steps of gradient descent in place of times of gradient flow; the learning rate is the size of a step.
    ///
    /// Returns
    /// -------
    /// ndarray or list of ndarray
    ///     `[m]` or `[m, outputs]`; a list for a list of times.
    #[pyo3(signature = (cross, t=None, *, steps=None))]
    fn mean<'py>(
        &self,
        py: Python<'py>,
        cross: &Bound<'py, PyAny>,
        t: Option<OneOrMany<f64>>,
        steps: Option<OneOrMany<u64>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let times = Times::new(t, steps)?;
        let flow = self.fitted.flow();
        let driving = cross
            .getattr(kind_name(flow.kind()))
            .unwrap_or_else(|_| cross.clone());
        let driving = arrays::real(&driving, "cross")?;
        let driving = with_axes(driving.view(), "cross", "[m, n]")?;
        let means = solve(py, || flow.predict_mean_at(driving, &times.times))?;
        times.results(py, means, |py, mean| self.form.of(py, mean))
    }

    /// Mean and covariance at test points.
    ///
    /// Parameters
    /// ----------
    /// cross : KernelMatrices
    ///     Kernels of test signals (rows) with training signals (columns), `[m, n]`.
    /// prior : array_like
    ///     NNGP of the test signals with each other, `[m, m]`.
    /// t, steps
    ///     As in `mean`.
    ///
    /// Returns
    /// -------
    /// Prediction or list of Prediction
    ///     `mean` `[m]` or `[m, outputs]`, `covariance` `[m, m]`, which is equal for all outputs.
    #[pyo3(signature = (cross, prior, t=None, *, steps=None))]
    fn predict<'py>(
        &self,
        py: Python<'py>,
        cross: &Bound<'py, PyAny>,
        prior: &Bound<'py, PyAny>,
        t: Option<OneOrMany<f64>>,
        steps: Option<OneOrMany<u64>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let times = Times::new(t, steps)?;
        let flow = self.fitted.flow();
        let cross = Fields::of(cross, flow.kind(), "cross")?;
        let cross = cross.kernels("cross", "[m, n]")?;
        let prior = arrays::real(prior, "prior")?;
        let prior = with_axes(prior.view(), "prior", "[m, m]")?;
        let found = solve(py, || flow.predict_at(cross, prior, &times.times))?;
        times.results(py, found, |py, found| {
            results::prediction(py, found, self.form)
        })
    }

    /// Mean and variance of each test point by itself.
    ///
    /// Parameters
    /// ----------
    /// cross : KernelMatrices
    ///     Kernels of test signals (rows) with training signals (columns), `[m, n]`.
    /// prior : array_like
    ///     NNGP of each test signal with itself, `[m]`: the first result of `Kernel.diagonal`.
    /// t, steps
    ///     As in `mean`.
    ///
    /// Returns
    /// -------
    /// Marginals or list of Marginals
    ///     `mean` `[m]` or `[m, outputs]`, `variance` `[m]`, which is equal for all outputs.
    #[pyo3(signature = (cross, prior, t=None, *, steps=None))]
    fn marginals<'py>(
        &self,
        py: Python<'py>,
        cross: &Bound<'py, PyAny>,
        prior: &Bound<'py, PyAny>,
        t: Option<OneOrMany<f64>>,
        steps: Option<OneOrMany<u64>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let times = Times::new(t, steps)?;
        let flow = self.fitted.flow();
        let cross = Fields::of(cross, flow.kind(), "cross")?;
        let cross = cross.kernels("cross", "[m, n]")?;
        let prior = arrays::real(prior, "prior")?;
        let prior = with_axes(prior.view(), "prior", "[m]")?;
        let found = solve(py, || flow.predict_marginals_at(cross, prior, &times.times))?;
        times.results(py, found, |py, found| {
            results::marginals(py, found, self.form)
        })
    }

    /// Mean and covariance on the training points themselves.
    ///
    /// Parameters
    /// ----------
    /// t, steps
    ///     As in `mean`.
    ///
    /// Returns
    /// -------
    /// Prediction or list of Prediction
    ///     `mean` `[n]` or `[n, outputs]`, `covariance` `[n, n]`.
    #[pyo3(signature = (t=None, *, steps=None))]
    fn train<'py>(
        &self,
        py: Python<'py>,
        t: Option<OneOrMany<f64>>,
        steps: Option<OneOrMany<u64>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let times = Times::new(t, steps)?;
        let flow = self.fitted.flow();
        let found = solve(py, || {
            let times = times.times.iter();
            times
                .map(|&time| flow.predict_train(time))
                .collect::<Result<Vec<_>>>()
        })?;
        times.results(py, found, |py, found| {
            results::prediction(py, found, self.form)
        })
    }

    /// The number that was added to the diagonal of the driving kernel.
    #[getter]
    fn ridge(&self) -> f64 {
        self.fitted.ridge()
    }

    /// The largest learning rate with which steps of gradient descent converge: 2 n · outputs over the largest eigenvalue.
    fn stable_learning_rate(&self, py: Python<'_>) -> PyResult<f64> {
        solve(py, || self.fitted.flow().stable_learning_rate())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        let options = PyDict::new(py);
        options.set_item("kernel", kind_name(self.fitted.flow().kind()))?;
        // The number, also where a criterion chose it.
        options.set_item("ridge", self.fitted.ridge())?;
        options.set_item("learning_rate", self.learning_rate)?;
        let [train, targets] = &self.given;
        reduced::<PyRegression>(py, &options, (train, targets))
    }

    fn __repr__(&self) -> String {
        let flow = self.fitted.flow();
        let kind = kind_name(flow.kind()).to_uppercase();
        format!(
            "<haarmonic.Regression: {kind}, {} points, ridge {:e}>",
            flow.train_len(),
            flow.ridge()
        )
    }
}

/// Log marginal likelihood and left-out predictions of a Gaussian process, from one factorisation.
///
/// Parameters
/// ----------
/// kernel : array_like
///     The kernel of the training signals, `[n, n]`.
/// targets : array_like
///     `[n]` or `[n, outputs]`.
/// ridge : float
///     The variance of the noise.
/// relative : bool
///     Whether `ridge` is a multiple of the mean diagonal entry.
///
/// Examples
/// --------
/// >>> from haarmonic import Evidence
/// >>> evidence = Evidence([[1.0, 0.5], [0.5, 1.0]], [1.0, 2.0], ridge=1.0)
/// >>> evidence.leave_one_out().mean
/// array([0.5 , 0.25])
/// >>> round(evidence.log_marginal_likelihood, 4)
/// -3.5654
#[pyclass(frozen, name = "Evidence", module = "haarmonic")]
pub(crate) struct PyEvidence {
    evidence: Evidence,
    form: Form,
    /// Kernel and targets as they were given, for `pickle`.
    given: [Py<PyAny>; 2],
}

#[pymethods]
impl PyEvidence {
    #[new]
    #[pyo3(signature = (kernel, targets, *, ridge=0.0, relative=false))]
    fn new(
        py: Python<'_>,
        kernel: &Bound<'_, PyAny>,
        targets: &Bound<'_, PyAny>,
        ridge: f64,
        relative: bool,
    ) -> PyResult<Self> {
        let given = [kernel, targets].map(|argument| argument.clone().unbind());
        let kernel = arrays::real(kernel, "kernel")?;
        let kernel = with_axes(kernel.view(), "kernel", "[n, n]")?;
        let array = arrays::real(targets, "targets")?;
        let (targets, form) = self::targets(array.view())?;
        let ridge = fixed_ridge(ridge, relative);
        let evidence = solve(py, || Evidence::fit(kernel, targets, ridge))?;
        Ok(PyEvidence {
            evidence,
            form,
            given,
        })
    }

    /// The log marginal likelihood of all targets.
    #[getter]
    fn log_marginal_likelihood(&self) -> f64 {
        self.evidence.log_marginal_likelihood()
    }

    /// The variance of the noise.
    #[getter]
    fn ridge(&self) -> f64 {
        self.evidence.ridge()
    }

    /// The cost by a criterion: "evidence", "loo-probability" or "loo-error"; the smaller the better.
    fn cost(&self, criterion: &str) -> PyResult<f64> {
        Ok(self.evidence.cost(self::criterion(criterion)?))
    }

    /// Each training point predicted from all others; variances include the noise.
    ///
    /// Returns
    /// -------
    /// Marginals
    ///     `mean` in the form of the targets, `variance` `[n]`.
    fn leave_one_out<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let found = solve(py, || self.evidence.leave_one_out())?;
        results::marginals(py, found, self.form)
    }

    /// The condition number of the kernel with its noise.
    fn condition(&self, py: Python<'_>) -> PyResult<f64> {
        solve(py, || Ok(self.evidence.condition()))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        let options = PyDict::new(py);
        options.set_item("ridge", self.evidence.ridge())?;
        let [kernel, targets] = &self.given;
        reduced::<PyEvidence>(py, &options, (kernel, targets))
    }
}

/// Choose the weight and bias standard deviations of a network, and the noise, from training data.
///
/// The cost is followed along its derivatives by L-BFGS, from the values of the network.
///
/// Parameters
/// ----------
/// network : Network
///     The network to start from; a bias standard deviation of zero stays zero.
/// x, targets : array_like
///     Training signals `[n, ...]`, and targets `[n]` or `[n, outputs]`.
/// criterion : {"evidence", "loo-probability", "loo-error"}
///     The cost.
/// kernel : {"nngp", "ntk"}
///     The kernel that predicts.
/// noise : float
///     The noise to begin with, as a multiple of the mean diagonal entry.
/// iterations : int
///     The largest number of steps.
/// progress : callable or bool, optional
///     As in `Kernel.gram`; it counts the pairs of one matrix, of which each step takes several.
///
/// Returns
/// -------
/// SelectedHyperparameters
///     `network`, `noise`, `cost`, `first_cost`, `iterations`, `converged`.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic import select_hyperparameters, stax
/// >>> network = stax.network((1,), stax.Dense(64, 1.0, 0.5), stax.Erf(), stax.Dense(1))
/// >>> x = np.linspace(0, 7, 15)[:, None]
/// >>> found = select_hyperparameters(network, x, np.sin(x))
/// >>> found.cost < found.first_cost
/// True
#[pyfunction]
#[pyo3(signature = (network, x, targets, *, criterion="evidence", kernel="nngp", noise=1e-2, iterations=50, progress=None))]
#[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
fn select_hyperparameters<'py>(
    py: Python<'py>,
    network: &PyNetwork,
    x: &Bound<'py, PyAny>,
    targets: &Bound<'py, PyAny>,
    criterion: &str,
    kernel: &str,
    noise: f64,
    iterations: u64,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: Class = Class::new("SelectedHyperparameters");
    let x = Inputs::of(x, &network.0, "x")?;
    let x = x.signals(&network.0, "x")?;
    let array = arrays::real(targets, "targets")?;
    let (targets, _) = self::targets(array.view())?;
    let selection = HyperparameterSelection::new(self::criterion(criterion)?, kernel_kind(kernel)?)
        .noise(noise)
        .iterations(iterations);
    let found = watch::long(py, Threads::new(None)?, progress, |progress| {
        selection.fit(&network.0, targets, |network| {
            Kernel::new(network)?
                .with_progress(progress.clone())
                .gram(x)
        })
    })?;
    CLASS.make(
        py,
        (
            PyNetwork(found.network),
            found.noise,
            found.cost,
            found.first_cost,
            found.iterations,
            found.converged,
        ),
    )
}

/// Outputs of an infinitely wide network under gradient flow on a loss, with or without momentum; they start at zero.
///
/// The flow is df/dt = −η Θ ∇loss(f), and with friction γ it has momentum, d²f/dt² + γ df/dt = −η Θ ∇loss(f). Gradient descent with steps h and momentum
/// m is the latter for small h, with η = 1 and γ = (1 − m)/√h, after k steps at t = k √h.
///
/// Parameters
/// ----------
/// k_train_train : array_like
///     The NTK of the training signals, `[n, n]`.
/// y_train : array_like
///     Targets, `[n]` or `[n, outputs]`; probabilities of the classes for "cross-entropy", probabilities of each output for "logistic".
/// t : float or list of float
///     Training times.
/// k_test_train : array_like, optional
///     The NTK of test and training signals, `[m, n]`; without it the outputs at the training signals are returned.
/// loss : {"cross-entropy", "logistic", "square"}
///     The first is a mean over signals, the others are means over all entries of the targets.
/// learning_rate : float
///     η, the unit of time.
/// friction : float, optional
///     γ of a flow with momentum.
/// tolerance : float
///     The error that one step of the integration may make, relative to the largest output.
///
/// Returns
/// -------
/// numpy.ndarray, or a list of them
///     Outputs in the form of the targets, for each time.
///
/// Examples
/// --------
/// >>> from haarmonic import predict
/// >>> predict.loss_flow([[1.0]], [[1.0, 0.0]], 3.0).round(6)
/// array([[ 0.836411, -0.836411]])
#[pyfunction]
#[pyo3(signature = (k_train_train, y_train, t, k_test_train=None, *, loss="cross-entropy", learning_rate=1.0, friction=None, tolerance=1e-8))]
#[allow(clippy::too_many_arguments)]
fn loss_flow<'py>(
    py: Python<'py>,
    k_train_train: &Bound<'py, PyAny>,
    y_train: &Bound<'py, PyAny>,
    t: OneOrMany<f64>,
    k_test_train: Option<&Bound<'py, PyAny>>,
    loss: &str,
    learning_rate: f64,
    friction: Option<f64>,
    tolerance: f64,
) -> PyResult<Bound<'py, PyAny>> {
    let loss = match loss {
        "cross-entropy" => Loss::CrossEntropy,
        "logistic" => Loss::Logistic,
        "square" => Loss::Square,
        other => {
            return Err(PyValueError::new_err(format!(
                "loss: found {other:?}, expected \"cross-entropy\", \"logistic\" or \"square\""
            )));
        }
    };
    let kernel = arrays::real(k_train_train, "k_train_train")?;
    let kernel = with_axes::<_, Ix2>(kernel.view(), "k_train_train", "[n, n]")?;
    let input = arrays::real(y_train, "y_train")?;
    let (y, form) = targets(input.view())?;
    let cross = k_test_train
        .map(|cross| arrays::real(cross, "k_test_train"))
        .transpose()?;
    let cross = match &cross {
        Some(cross) => Some(with_axes::<_, Ix2>(cross.view(), "k_test_train", "[m, n]")?),
        None => None,
    };
    let (times, single) = match t {
        OneOrMany::One(t) => (vec![t], true),
        OneOrMany::Many(t) => (t, false),
    };
    let found = solve(py, || {
        let mut flow = LossFlow::fit(kernel, y, loss)?
            .with_learning_rate(learning_rate)?
            .with_tolerance(tolerance)?;
        if let Some(friction) = friction {
            flow = flow.with_friction(friction)?;
        }
        match cross {
            Some(cross) => flow.outputs_at(cross, &times),
            None => flow.train_outputs_at(&times),
        }
    })?;
    let found = found.into_iter().map(|outputs| form.of(py, outputs));
    let mut found = found.collect::<PyResult<Vec<_>>>()?;
    match single {
        true => Ok(found.pop().expect("one result for one time")),
        false => PyList::new(py, found).map(Bound::into_any),
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(loss_flow, module)?)?;
    module.add_class::<PyRegression>()?;
    module.add_class::<PyEvidence>()?;
    module.add_function(wrap_pyfunction!(select_hyperparameters, module)?)
}
