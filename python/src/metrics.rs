//! Scores of predictions.

use haarmonic::predict::{classification, metrics};
use pyo3::prelude::*;

use crate::arrays;
use crate::axes::with_axes;
use crate::errors::OrRaise;
use crate::results::{self, Class};

/// Errors of predictions over all entries.
///
/// Parameters
/// ----------
/// predictions, targets : array_like
///     Of equal shape.
///
/// Returns
/// -------
/// Score
///     `mae` and `rmse`, in the unit of the targets, and `r_squared`, which is `None` for targets without variance.
///
/// Examples
/// --------
/// >>> from haarmonic import metrics
/// >>> metrics.score([0.0, 2.0, 2.0], [0.0, 2.0, 4.0]).r_squared
/// 0.5
#[pyfunction]
fn score<'py>(
    py: Python<'py>,
    predictions: &Bound<'py, PyAny>,
    targets: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: Class = Class::new("Score");
    let predictions = arrays::real(predictions, "predictions")?;
    let targets = arrays::real(targets, "targets")?;
    let score = metrics::Score::of(predictions.view(), targets.view()).or_raise()?;
    CLASS.make(py, (score.mae, score.rmse, score.r_squared))
}

/// Targets for the classes: 1 - 1/k for the class of a label and -1/k for the k - 1 others.
///
/// Parameters
/// ----------
/// labels : list of int
///     Classes, from 0 on, `[n]`.
/// classes : int
///     The number k of classes.
///
/// Returns
/// -------
/// ndarray
///     `[n, k]`.
///
/// Examples
/// --------
/// >>> from haarmonic import metrics
/// >>> metrics.centred_one_hot([1, 0], 2)
/// array([[-0.5,  0.5],
///        [ 0.5, -0.5]])
#[pyfunction]
fn centred_one_hot(
    py: Python<'_>,
    labels: Vec<usize>,
    classes: usize,
) -> PyResult<Bound<'_, PyAny>> {
    results::array(
        py,
        classification::centred_one_hot(&labels, classes).or_raise()?,
    )
}

/// The share of points whose largest score is that of their class.
///
/// Parameters
/// ----------
/// scores : array_like
///     `[n, classes]`.
/// labels : list of int
///     Classes, from 0 on, `[n]`.
///
/// Examples
/// --------
/// >>> from haarmonic import metrics
/// >>> metrics.accuracy([[0.9, 0.1], [0.2, 0.1]], [0, 1])
/// 0.5
#[pyfunction]
fn accuracy(scores: &Bound<'_, PyAny>, labels: Vec<usize>) -> PyResult<f64> {
    let scores = arrays::real(scores, "scores")?;
    let scores = with_axes(scores.view(), "scores", "[n, classes]")?;
    classification::accuracy(scores, &labels).or_raise()
}

/// The number of points of each class (rows) that were assigned to each class (columns).
///
/// Parameters
/// ----------
/// scores : array_like
///     `[n, classes]`.
/// labels : list of int
///     Classes, from 0 on, `[n]`.
///
/// Examples
/// --------
/// >>> from haarmonic import metrics
/// >>> metrics.confusion([[0.9, 0.1], [0.2, 0.1]], [0, 1])
/// array([[1, 0],
///        [1, 0]], dtype=uint64)
#[pyfunction]
fn confusion<'py>(
    py: Python<'py>,
    scores: &Bound<'py, PyAny>,
    labels: Vec<usize>,
) -> PyResult<Bound<'py, PyAny>> {
    let scores = arrays::real(scores, "scores")?;
    let scores = with_axes(scores.view(), "scores", "[n, classes]")?;
    results::array(py, classification::confusion(scores, &labels).or_raise()?)
}

/// Probabilities of the classes from means and variances of their scores.
///
/// Parameters
/// ----------
/// mean : array_like
///     Scores, `[n, classes]`.
/// variance : array_like
///     The variance of each point's scores, `[n]`.
///
/// Returns
/// -------
/// ndarray
///     `[n, classes]`; each row sums to 1.
///
/// Examples
/// --------
/// >>> from haarmonic import metrics
/// >>> metrics.class_probabilities([[0.3, 0.3]], [1.0]).round(6)
/// array([[0.5, 0.5]])
#[pyfunction]
fn class_probabilities<'py>(
    py: Python<'py>,
    mean: &Bound<'py, PyAny>,
    variance: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let mean = arrays::real(mean, "mean")?;
    let mean = with_axes(mean.view(), "mean", "[n, classes]")?;
    let variance = arrays::real(variance, "variance")?;
    let variance = with_axes(variance.view(), "variance", "[n]")?;
    results::array(
        py,
        classification::class_probabilities(mean, variance).or_raise()?,
    )
}

/// How often the classifier is right, by how sure it is.
///
/// Parameters
/// ----------
/// probabilities : array_like
///     `[n, classes]`.
/// labels : list of int
///     Classes, from 0 on, `[n]`.
/// bins : int
///     The number of bins of the probability of the predicted class.
///
/// Returns
/// -------
/// Calibration
///     `confidence`, `accuracy`, `counts`, `[bins]`, and `expected_error`.
///
/// Examples
/// --------
/// >>> from haarmonic import metrics
/// >>> metrics.calibration([[0.75, 0.25], [0.75, 0.25]], [0, 1], bins=2).expected_error
/// 0.25
#[pyfunction]
#[pyo3(signature = (probabilities, labels, bins=10))]
fn calibration<'py>(
    py: Python<'py>,
    probabilities: &Bound<'py, PyAny>,
    labels: Vec<usize>,
    bins: usize,
) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: Class = Class::new("Calibration");
    let probabilities = arrays::real(probabilities, "probabilities")?;
    let probabilities = with_axes(probabilities.view(), "probabilities", "[n, classes]")?;
    let found = classification::calibration(probabilities, &labels, bins).or_raise()?;
    CLASS.make(
        py,
        (
            results::array(py, found.confidence)?,
            results::array(py, found.accuracy)?,
            results::array(py, found.counts)?,
            found.expected_error,
        ),
    )
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(score, module)?)?;
    module.add_function(wrap_pyfunction!(centred_one_hot, module)?)?;
    module.add_function(wrap_pyfunction!(accuracy, module)?)?;
    module.add_function(wrap_pyfunction!(confusion, module)?)?;
    module.add_function(wrap_pyfunction!(class_probabilities, module)?)?;
    module.add_function(wrap_pyfunction!(calibration, module)?)
}
