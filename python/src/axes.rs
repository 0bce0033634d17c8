//! Views with a fixed number of axes.

use haarmonic::ndarray::{ArrayView, ArrayViewD, Dimension};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// A view with a fixed number of axes.
///
/// # Errors
/// `ValueError` that names the expected shape.
pub(crate) fn with_axes<'a, T, D: Dimension>(
    view: ArrayViewD<'a, T>,
    what: &str,
    expected: &str,
) -> PyResult<ArrayView<'a, T, D>> {
    let found = view.shape().to_vec();
    view.into_dimensionality().map_err(|_| {
        PyValueError::new_err(format!(
            "{what}: expected shape {expected}, found {found:?}"
        ))
    })
}
