//! What `pickle` keeps of an object: the arguments from which it is made again.

use pyo3::PyTypeInfo;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

/// A function and its arguments, as `__reduce__` returns them.
pub(crate) type Reduced<'py> = (Bound<'py, PyAny>, Bound<'py, PyTuple>);

/// The call of a class with these keyword arguments and arguments.
pub(crate) fn reduced<'py, C: PyTypeInfo>(
    py: Python<'py>,
    options: &Bound<'py, PyDict>,
    arguments: impl IntoPyObject<'py, Target = PyTuple, Output = Bound<'py, PyTuple>, Error = PyErr>,
) -> PyResult<Reduced<'py>> {
    let partial = py.import("functools")?.getattr("partial")?;
    let make = partial.call((py.get_type::<C>(),), Some(options))?;
    Ok((make, arguments.into_pyobject(py)?))
}
