//! Arrays of NumPy in and out: any strides, single and double precision in; fresh arrays in C order out.
//!
//! An array of the wanted type is read where it lies; others are converted by NumPy once. Numbers are never read from text or
//! objects: these are a `TypeError` that names the argument.

use numpy::ndarray::{ArrayD, ArrayViewD};
use numpy::{
    Complex64, Element, PyArray, PyArrayDyn, PyArrayMethods, PyReadonlyArrayDyn,
    PyUntypedArrayMethods,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// An array that stays alive, and unchanged by safe code, while it is read.
pub(crate) struct Input<'py, T: Element>(PyReadonlyArrayDyn<'py, T>);

impl<T: Element> Input<'_, T> {
    /// The numbers, with the strides that they have in Python.
    pub(crate) fn view(&self) -> ArrayViewD<'_, T> {
        self.0.as_array()
    }
}

/// Real numbers; integers, booleans and single precision are converted.
///
/// # Errors
/// `TypeError` for complex numbers, text and objects, and `ValueError` from NumPy for ragged lists.
pub(crate) fn real<'py>(value: &Bound<'py, PyAny>, what: &str) -> PyResult<Input<'py, f64>> {
    read(value, what, "float64", "biuf", "real numbers")
}

/// Complex numbers; real ones are converted.
///
/// # Errors
/// `TypeError` for text and objects.
pub(crate) fn complex<'py>(
    value: &Bound<'py, PyAny>,
    what: &str,
) -> PyResult<Input<'py, Complex64>> {
    read(value, what, "complex128", "biufc", "complex numbers")
}

fn read<'py, T: Element>(
    value: &Bound<'py, PyAny>,
    what: &str,
    dtype: &str,
    kinds: &str,
    wanted: &str,
) -> PyResult<Input<'py, T>> {
    if let Ok(array) = value.cast::<PyArrayDyn<T>>() {
        return Ok(Input(array.readonly()));
    }
    let py = value.py();
    let array = py.import("numpy")?.call_method1("asarray", (value,))?;
    let kind: String = array.getattr("dtype")?.getattr("kind")?.extract()?;
    if !kinds.contains(&kind) {
        let found = array.getattr("dtype")?;
        return Err(PyTypeError::new_err(format!(
            "{what}: found an array of {found}, expected {wanted}"
        )));
    }
    let options = PyDict::new(py);
    options.set_item("copy", false)?;
    let array = array.call_method("astype", (dtype,), Some(&options))?;
    Ok(Input(array.cast_into::<PyArrayDyn<T>>()?.readonly()))
}

/// A fresh array in C order, which takes over the memory of `array` where that is in C order.
pub(crate) fn output<'py, T: Element>(
    py: Python<'py>,
    array: ArrayD<T>,
) -> Bound<'py, PyArrayDyn<T>> {
    PyArray::from_owned_array(py, array)
}
