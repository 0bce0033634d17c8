//! Acquisition functions of Bayesian optimisation.

use haarmonic::ndarray::ArrayView1;
use haarmonic::predict::Marginals;
use haarmonic::predict::acquisition::{
    Goal, confidence_bound as bound, expected_improvement as improvement,
    log_expected_improvement as log_improvement,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays;
use crate::axes::with_axes;
use crate::errors::OrRaise;
use crate::predict::targets;
use crate::results::Form;

fn goal(name: &str) -> PyResult<Goal> {
    match name {
        "maximum" => Ok(Goal::Maximum),
        "minimum" => Ok(Goal::Minimum),
        other => Err(PyValueError::new_err(format!(
            "goal: found {other:?}, expected \"maximum\" or \"minimum\""
        ))),
    }
}

/// The predictions, and the form of their mean.
fn marginals(mean: &Bound<'_, PyAny>, variance: &Bound<'_, PyAny>) -> PyResult<(Marginals, Form)> {
    let (mean, variance) = (
        arrays::real(mean, "mean")?,
        arrays::real(variance, "variance")?,
    );
    let (mean, form) = targets(mean.view())?;
    let variance: ArrayView1<'_, f64> = with_axes(variance.view(), "variance", "[m]")?;
    let found = Marginals {
        mean: mean.to_owned(),
        variance: variance.to_owned(),
    };
    Ok((found, form))
}

/// The expected improvement at each point over the best value so far.
///
/// Parameters
/// ----------
/// mean : array_like
///     `[m]` or `[m, outputs]`: predictions of the function without noise, as of `GaussianProcess.marginals`.
/// variance : array_like
///     `[m]`.
/// best : float
///     The best value so far.
/// goal : {"maximum", "minimum"}
///     Whether large or small values are sought.
/// log : bool
///     Whether to return the logarithm, which tells points apart also where the improvement itself underflows.
///
/// Returns
/// -------
/// ndarray
///     In the form of `mean`.
///
/// Examples
/// --------
/// >>> from haarmonic import predict
/// >>> predict.expected_improvement([1.0, 1.0], [0.01, 4.0], 1.0).round(4)
/// array([0.0399, 0.7979])
/// >>> predict.expected_improvement([-1000.0], [1.0], 0.0, log=True).round(2)
/// array([-500014.73])
#[pyfunction]
#[pyo3(signature = (mean, variance, best, *, goal="maximum", log=false))]
fn expected_improvement<'py>(
    py: Python<'py>,
    mean: &Bound<'py, PyAny>,
    variance: &Bound<'py, PyAny>,
    best: f64,
    goal: &str,
    log: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let (found, form) = marginals(mean, variance)?;
    let goal = self::goal(goal)?;
    let values = match log {
        true => log_improvement(&found, best, goal),
        false => improvement(&found, best, goal),
    };
    form.of(py, values.or_raise()?)
}

/// Mean plus some deviations for the maximum (the upper confidence bound), minus as many for the minimum.
///
/// Parameters
/// ----------
/// mean, variance : array_like
///     As for `expected_improvement`.
/// deviations : float
///     How many deviations; more of them explore more.
/// goal : {"maximum", "minimum"}
///     Whether large or small values are sought.
///
/// Examples
/// --------
/// >>> from haarmonic import predict
/// >>> predict.confidence_bound([1.0, 1.0], [0.01, 4.0], 2.0)
/// array([1.2, 5. ])
#[pyfunction]
#[pyo3(signature = (mean, variance, deviations, *, goal="maximum"))]
fn confidence_bound<'py>(
    py: Python<'py>,
    mean: &Bound<'py, PyAny>,
    variance: &Bound<'py, PyAny>,
    deviations: f64,
    goal: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let (found, form) = marginals(mean, variance)?;
    form.of(py, bound(&found, deviations, self::goal(goal)?).or_raise()?)
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(expected_improvement, module)?)?;
    module.add_function(wrap_pyfunction!(confidence_bound, module)?)
}
