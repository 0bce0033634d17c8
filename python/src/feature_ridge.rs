//! Ridge regression in features.

use haarmonic::ndarray::{ArrayView2, Ix2};
use haarmonic::predict::{FeatureRidge, LinearModel, Ridge};
use pyo3::prelude::*;

use crate::arrays;
use crate::axes::with_axes;
use crate::errors::OrRaise;
use crate::results;

/// Ridge regression in features, whose training points come in pieces that are not kept.
///
/// It keeps one square matrix of the size of the features. With fewer features than points this is cheaper than kernel matrices.
///
/// Parameters
/// ----------
/// features, outputs : int
///     The numbers of features and of targets of a point.
///
/// Examples
/// --------
/// >>> from haarmonic.predict import FeatureRidge
/// >>> sums = FeatureRidge(1, 1)                  # a line through the origin, from two pieces
/// >>> sums.add([[1.0]], [[1.0]])
/// >>> sums.add([[2.0]], [[2.0]])
/// >>> sums.solve(5.0, relative=False).weights    # Σxy / (Σx² + ridge)
/// array([[0.5]])
#[pyclass(name = "FeatureRidge", module = "haarmonic.predict")]
struct PyFeatureRidge(FeatureRidge);

/// A function that is linear in features; from `FeatureRidge.solve` or `LinearModel.fit`.
///
/// Examples
/// --------
/// >>> from haarmonic.predict import LinearModel
/// >>> model = LinearModel.fit([[1.0, 1.0]], [[4.0]])
/// >>> model.weights.round(12)
/// array([[2.],
///        [2.]])
/// >>> model.predict([[1.0, 0.5]]).round(12)
/// array([[3.]])
#[pyclass(frozen, name = "LinearModel", module = "haarmonic.predict")]
struct PyLinearModel(LinearModel);

fn ridge_of(ridge: f64, relative: bool) -> Ridge {
    match relative {
        true => Ridge::Relative(ridge),
        false => Ridge::Absolute(ridge),
    }
}

#[pymethods]
impl PyFeatureRidge {
    #[new]
    fn new(features: usize, outputs: usize) -> PyResult<Self> {
        FeatureRidge::new(features, outputs)
            .or_raise()
            .map(PyFeatureRidge)
    }

    /// Add training points.
    ///
    /// Parameters
    /// ----------
    /// features : array_like
    ///     `[n, features]`, such as rows of `Kernel.feature_map`.
    /// targets : array_like
    ///     `[n, outputs]`.
    fn add(
        &mut self,
        py: Python<'_>,
        features: &Bound<'_, PyAny>,
        targets: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let (features, targets) = (
            arrays::real(features, "features")?,
            arrays::real(targets, "targets")?,
        );
        let (features, targets) = views(&features, &targets)?;
        py.detach(|| self.0.add(features, targets)).or_raise()
    }

    /// The model of the points so far.
    ///
    /// Parameters
    /// ----------
    /// ridge : float
    /// relative : bool
    ///     Whether the ridge is a multiple of the mean square of the features of a point, as for kernel matrices.
    ///
    /// Returns
    /// -------
    /// LinearModel
    #[pyo3(signature = (ridge=0.0, *, relative=true))]
    fn solve(&self, py: Python<'_>, ridge: f64, relative: bool) -> PyResult<PyLinearModel> {
        py.detach(|| self.0.solve(ridge_of(ridge, relative)))
            .or_raise()
            .map(PyLinearModel)
    }
}

#[pymethods]
impl PyLinearModel {
    /// Fit training points, by features if they are fewer than the points, by the kernel matrix otherwise.
    ///
    /// Parameters
    /// ----------
    /// features : array_like
    ///     `[n, features]`.
    /// targets : array_like
    ///     `[n, outputs]`.
    /// ridge, relative
    ///     As for `FeatureRidge.solve`.
    #[staticmethod]
    #[pyo3(signature = (features, targets, ridge=0.0, *, relative=true))]
    fn fit(
        py: Python<'_>,
        features: &Bound<'_, PyAny>,
        targets: &Bound<'_, PyAny>,
        ridge: f64,
        relative: bool,
    ) -> PyResult<Self> {
        let (features, targets) = (
            arrays::real(features, "features")?,
            arrays::real(targets, "targets")?,
        );
        let (features, targets) = views(&features, &targets)?;
        py.detach(|| LinearModel::fit(features, targets, ridge_of(ridge, relative)))
            .or_raise()
            .map(PyLinearModel)
    }

    /// `[features, outputs]`.
    #[getter]
    fn weights<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        results::array(py, self.0.weights().to_owned())
    }

    /// Predict at test points.
    ///
    /// Parameters
    /// ----------
    /// features : array_like
    ///     `[m, features]`.
    ///
    /// Returns
    /// -------
    /// ndarray
    ///     `[m, outputs]`.
    fn predict<'py>(
        &self,
        py: Python<'py>,
        features: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let features = arrays::real(features, "features")?;
        let features = with_axes::<f64, Ix2>(features.view(), "features", "[m, features]")?;
        results::array(py, py.detach(|| self.0.predict(features)).or_raise()?)
    }
}

fn views<'a>(
    features: &'a arrays::Input<'_, f64>,
    targets: &'a arrays::Input<'_, f64>,
) -> PyResult<(ArrayView2<'a, f64>, ArrayView2<'a, f64>)> {
    Ok((
        with_axes(features.view(), "features", "[n, features]")?,
        with_axes(targets.view(), "targets", "[n, outputs]")?,
    ))
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyFeatureRidge>()?;
    module.add_class::<PyLinearModel>()
}
