//! Tangent vector fields by their coefficients.

use haarmonic::Result;
use haarmonic::ndarray::{ArrayD, ArrayViewD};
use haarmonic::sphere::vector_fields as fields;
use numpy::{Complex64, PyArrayDyn};
use pyo3::prelude::*;

use crate::arrays::{complex, output};
use crate::errors::OrRaise;
use crate::layout::{self, Layout};

/// Registers the functions of this file.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(laplacian, module)?)?;
    module.add_function(wrap_pyfunction!(inverse_laplacian, module)?)?;
    module.add_function(wrap_pyfunction!(divergence, module)?)?;
    module.add_function(wrap_pyfunction!(curl, module)?)?;
    module.add_function(wrap_pyfunction!(potentials, module)?)?;
    module.add_function(wrap_pyfunction!(from_potentials, module)?)
}

/// Applies a function to coefficients in the half layout.
fn apply<'py>(
    py: Python<'py>,
    coefficients: &Bound<'py, PyAny>,
    function: impl Fn(ArrayViewD<'_, Complex64>, usize) -> Result<ArrayD<Complex64>> + Send + Sync,
) -> PyResult<Bound<'py, PyArrayDyn<Complex64>>> {
    let input = complex(coefficients, "coefficients")?;
    let view = input.view();
    let reading = layout::read(view.shape(), Some(Layout::Half), None)?;
    let values = py.detach(|| function(view, reading.limit));
    Ok(output(py, values.or_raise()?))
}

/// Computes the coefficients of the Laplacian of functions on the unit sphere.
///
/// Parameters
/// ----------
/// coefficients : array, shape [.., L (L + 1) / 2]
///
/// Returns
/// -------
/// array of complex128, the same shape
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic.vector_fields import laplacian
/// >>> bool(np.allclose(laplacian([3, 1, 1j]), [0, -2, -2j]))      # -l (l + 1)
/// True
#[pyfunction]
fn laplacian<'py>(
    py: Python<'py>,
    coefficients: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyArrayDyn<Complex64>>> {
    apply(py, coefficients, fields::laplacian)
}

/// Computes the coefficients of the functions without mean whose Laplacians are given functions.
///
/// Parameters
/// ----------
/// coefficients : array, shape [.., L (L + 1) / 2]
///     Degree 0 is not used: a Laplacian has no mean.
///
/// Returns
/// -------
/// array of complex128, the same shape
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic.vector_fields import inverse_laplacian, laplacian
/// >>> bool(np.allclose(inverse_laplacian(laplacian([0, 1, 1j])), [0, 1, 1j]))
/// True
#[pyfunction]
fn inverse_laplacian<'py>(
    py: Python<'py>,
    coefficients: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyArrayDyn<Complex64>>> {
    apply(py, coefficients, fields::inverse_laplacian)
}

/// Computes the coefficients of the divergence of tangent fields.
///
/// Parameters
/// ----------
/// coefficients : array, shape [.., 2, L (L + 1) / 2]
///     Modes E (spheroidal) and B (toroidal), from an ``Sht`` with ``spin=1`` and the components along theta and phi.
///
/// Returns
/// -------
/// array of complex128, shape [.., L (L + 1) / 2]
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic import Sht
/// >>> from haarmonic.vector_fields import curl, divergence
/// >>> plan = Sht(3, spin=1)
/// >>> theta, phi = plan.angles()
/// >>> spin = np.stack([0 * theta + 0 * phi, np.sin(theta) + 0 * phi])      # a rotation about the z axis
/// >>> modes = plan.analysis(spin)
/// >>> bool(np.allclose(divergence(modes), 0)), round(float(curl(modes)[1].real), 6)    # 2 cos(theta)
/// (True, 4.093307)
#[pyfunction]
fn divergence<'py>(
    py: Python<'py>,
    coefficients: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyArrayDyn<Complex64>>> {
    apply(py, coefficients, fields::divergence)
}

/// Computes the coefficients of the radial component of the curl of tangent fields.
///
/// Parameters and result are those of ``divergence``, where an example is, too.
///
/// Examples
/// --------
/// >>> from haarmonic.vector_fields import curl
/// >>> curl([[0, 1, 0], [0, 0, 1]]).shape
/// (3,)
#[pyfunction]
fn curl<'py>(
    py: Python<'py>,
    coefficients: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyArrayDyn<Complex64>>> {
    apply(py, coefficients, fields::curl)
}

/// Computes the coefficients of the potentials of tangent fields, whose gradient and turned gradient add up to the field.
///
/// Parameters
/// ----------
/// coefficients : array, shape [.., 2, L (L + 1) / 2]
///     As for ``divergence``.
///
/// Returns
/// -------
/// array of complex128, the same shape: the potential of the part without curl, and that of the part without divergence
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic.vector_fields import from_potentials, potentials
/// >>> modes = [[0, 1, 0], [0, 0, 1]]
/// >>> bool(np.allclose(from_potentials(potentials(modes)), modes))
/// True
#[pyfunction]
fn potentials<'py>(
    py: Python<'py>,
    coefficients: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyArrayDyn<Complex64>>> {
    apply(py, coefficients, fields::potentials)
}

/// Computes the modes E and B of tangent fields from their potentials, the inverse of ``potentials``.
///
/// Parameters
/// ----------
/// coefficients : array, shape [.., 2, L (L + 1) / 2]
///
/// Returns
/// -------
/// array of complex128, the same shape
///
/// Examples
/// --------
/// >>> from haarmonic.vector_fields import from_potentials
/// >>> print(from_potentials([[0, 1, 0], [0, 0, 1]]).real.round(6))
/// [[0.       1.414214 0.      ]
///  [0.       0.       1.414214]]
#[pyfunction]
fn from_potentials<'py>(
    py: Python<'py>,
    coefficients: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyArrayDyn<Complex64>>> {
    apply(py, coefficients, fields::from_potentials)
}
