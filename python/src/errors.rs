//! Errors of the crate as exceptions, with the crate's one-line message.

use haarmonic::Error;
use pyo3::PyErr;
use pyo3::exceptions::{PyKeyboardInterrupt, PyMemoryError, PyOSError, PyValueError};

/// `ValueError`, but for what the system or the user ended.
pub(crate) fn exception(error: Error) -> PyErr {
    let message = error.to_string();
    match innermost(&error) {
        Error::Io { .. } => PyOSError::new_err(message),
        Error::OutOfMemory { .. } => PyMemoryError::new_err(message),
        Error::Cancelled { .. } => PyKeyboardInterrupt::new_err(message),
        _ => PyValueError::new_err(message),
    }
}

/// The error itself, without the file, layer or input at which it was met.
fn innermost(error: &Error) -> &Error {
    match error {
        Error::InFile { source, .. }
        | Error::InLayer { source, .. }
        | Error::InInput { source, .. } => innermost(source),
        error => error,
    }
}

/// `?` on results of the crate.
pub(crate) trait OrRaise<T> {
    /// The value, or the exception for the error.
    fn or_raise(self) -> pyo3::PyResult<T>;
}

impl<T> OrRaise<T> for haarmonic::Result<T> {
    fn or_raise(self) -> pyo3::PyResult<T> {
        self.map_err(exception)
    }
}
