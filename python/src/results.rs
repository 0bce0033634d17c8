//! Results as named tuples, which are classes of `haarmonic.results`: they unpack, compare and pickle as tuples do.

use haarmonic::kernel::{KernelError, KernelMatrices};
use haarmonic::ndarray::{Array, Array2, Dimension};
use haarmonic::predict::{Marginals, Prediction};
use numpy::Element;
use pyo3::IntoPyObjectExt;
use pyo3::call::PyCallArgs;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

use crate::arrays;

/// A class of `haarmonic.results`, imported when it is first needed.
pub(crate) struct Class {
    name: &'static str,
    cell: PyOnceLock<Py<PyType>>,
}

impl Class {
    pub(crate) const fn new(name: &'static str) -> Self {
        Class {
            name,
            cell: PyOnceLock::new(),
        }
    }

    /// Makes an instance.
    pub(crate) fn make<'py>(
        &self,
        py: Python<'py>,
        fields: impl PyCallArgs<'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.cell
            .import(py, "haarmonic.results", self.name)?
            .call1(fields)
    }
}

/// A fresh array of NumPy, as a field of a result.
pub(crate) fn array<T: Element, D: Dimension>(
    py: Python<'_>,
    array: Array<T, D>,
) -> PyResult<Bound<'_, PyAny>> {
    Ok(arrays::output(py, array.into_dyn()).into_any())
}

/// `KernelMatrices(nngp, ntk, nngp_error, ntk_error)`; errors are matrices, or one number for all entries.
pub(crate) fn kernel_matrices(py: Python<'_>, gram: KernelMatrices) -> PyResult<Bound<'_, PyAny>> {
    static CLASS: Class = Class::new("KernelMatrices");
    let largest = gram.error.largest();
    let [nngp_error, ntk_error] = match gram.error {
        KernelError::Entries { nngp, ntk } => [array(py, nngp)?, array(py, ntk)?],
        _ => [
            largest.nngp.into_bound_py_any(py)?,
            largest.ntk.into_bound_py_any(py)?,
        ],
    };
    let (nngp, ntk) = (array(py, gram.nngp)?, array(py, gram.ntk)?);
    CLASS.make(py, (nngp, ntk, nngp_error, ntk_error))
}

/// `Prediction(mean, covariance)`.
pub(crate) fn prediction(
    py: Python<'_>,
    found: Prediction,
    form: Form,
) -> PyResult<Bound<'_, PyAny>> {
    static CLASS: Class = Class::new("Prediction");
    let covariance = array(py, found.covariance)?;
    CLASS.make(py, (form.of(py, found.mean)?, covariance))
}

/// `Marginals(mean, variance)`.
pub(crate) fn marginals(
    py: Python<'_>,
    found: Marginals,
    form: Form,
) -> PyResult<Bound<'_, PyAny>> {
    static CLASS: Class = Class::new("Marginals");
    let variance = array(py, found.variance)?;
    CLASS.make(py, (form.of(py, found.mean)?, variance))
}

/// The form in which targets were given, and means are returned.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    /// `[n]`
    Flat,
    /// `[n, outputs]`
    Columns,
}

impl Form {
    /// A mean, `[points, outputs]`, in this form.
    pub(crate) fn of(self, py: Python<'_>, mean: Array2<f64>) -> PyResult<Bound<'_, PyAny>> {
        match self {
            Form::Flat => array(py, mean.column(0).to_owned()),
            Form::Columns => array(py, mean.as_standard_layout().into_owned()),
        }
    }
}
