//! Arguments that several classes and functions share: numbers, rows, shapes.

use crate::arrays::real;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// L = lmax + 1.
pub(crate) fn band_limit(lmax: i64) -> PyResult<usize> {
    Ok(count("lmax", lmax, 0)? + 1)
}

/// A number of things.
///
/// # Errors
/// `ValueError` below the least number.
pub(crate) fn count(what: &str, value: i64, least: usize) -> PyResult<usize> {
    match usize::try_from(value) {
        Ok(count) if count >= least => Ok(count),
        _ => Err(PyValueError::new_err(format!(
            "{what}: found {value}, expected {least} or more"
        ))),
    }
}

/// Numbers along one axis.
pub(crate) fn row(value: &Bound<'_, PyAny>, what: &str) -> PyResult<Vec<f64>> {
    let input = real(value, what)?;
    if input.view().ndim() != 1 {
        return Err(PyValueError::new_err(format!(
            "{what}: found shape {:?}, expected one axis",
            input.view().shape()
        )));
    }
    Ok(input.view().iter().copied().collect())
}

/// A shape with other last axes.
///
/// # Errors
/// `ValueError` if the last axes are not those of one signal.
pub(crate) fn replace_axes(
    what: &str,
    shape: &[usize],
    axes: &[usize],
    others: &[usize],
) -> PyResult<Vec<usize>> {
    match shape.strip_suffix(axes) {
        Some(leading) => Ok([leading, others].concat()),
        None => {
            let expected = format!("{axes:?}").replace('[', "[.., ");
            Err(PyValueError::new_err(format!(
                "{what}: expected shape {expected}, found {shape:?}"
            )))
        }
    }
}

/// Arrays of one shape, by the rules of NumPy.
///
/// # Errors
/// `ValueError` of NumPy for shapes that do not fit.
pub(crate) fn broadcast<'py, const N: usize>(
    py: Python<'py>,
    arrays: [&Bound<'py, PyAny>; N],
) -> PyResult<[Bound<'py, PyAny>; N]> {
    let arrays = PyTuple::new(py, arrays)?;
    let all = py
        .import("numpy")?
        .getattr("broadcast_arrays")?
        .call1(arrays)?;
    let all: Vec<Bound<'py, PyAny>> = all.try_iter()?.collect::<PyResult<_>>()?;
    Ok(all.try_into().expect("as many as were given"))
}
