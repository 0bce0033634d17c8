//! Arrays of NumPy in and out: any strides, single and double precision in; fresh arrays in C order out.
//!
//! An array of the wanted type is read where it lies; others are converted by NumPy once. Numbers are never read from text or
//! objects: these are a `TypeError` that names the argument.

use haarmonic::memory;
use numpy::ndarray::{ArrayD, ArrayViewD, IxDyn};
use numpy::{
    Complex64, Element, PyArray, PyArrayDyn, PyArrayMethods, PyReadonlyArrayDyn, PyUntypedArray,
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
    if let Some(input) = where_it_lies(value, what)? {
        return Ok(input);
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
    match where_it_lies(&array, what)? {
        Some(input) => Ok(input),
        // A field of a record, at odd places in memory.
        None => {
            let copy = array.call_method0("copy")?;
            Ok(Input(copy.cast_into::<PyArrayDyn<T>>()?.readonly()))
        }
    }
}

/// The array itself, where its type and its strides allow that.
///
/// # Errors
/// `TypeError` for masked arrays, whose mask would be lost.
pub(crate) fn where_it_lies<'py, T: Element>(
    value: &Bound<'py, PyAny>,
    what: &str,
) -> PyResult<Option<Input<'py, T>>> {
    let Ok(array) = value.cast::<PyArrayDyn<T>>() else {
        return Ok(None);
    };
    if value.cast_exact::<PyUntypedArray>().is_err() && value.hasattr("mask")? {
        return Err(PyTypeError::new_err(format!(
            "{what}: found a masked array, expected one without mask: fill it first"
        )));
    }
    let size = size_of::<T>() as isize;
    let whole = array.strides().iter().all(|stride| stride % size == 0);
    Ok((whole && array.is_aligned()).then(|| Input(array.readonly())))
}

/// An array of zeros in C order, where there is memory for it.
///
/// # Errors
/// `MemoryError`.
pub(crate) fn zeros<T: Clone + Default>(shape: &[usize]) -> haarmonic::Result<ArrayD<T>> {
    let size = memory::bytes(1, shape).saturating_mul(size_of::<T>() as u64) / 8;
    memory::check(
        &format!("array of shape {shape:?}"),
        size,
        "take fewer signals at a time",
    )?;
    Ok(ArrayD::from_elem(IxDyn(shape), T::default()))
}

/// A fresh array in C order, which takes over the memory of `array` where that is in C order.
pub(crate) fn output<'py, T: Element>(
    py: Python<'py>,
    array: ArrayD<T>,
) -> Bound<'py, PyArrayDyn<T>> {
    PyArray::from_owned_array(py, array)
}
