//! Wigner functions of one degree: `wigner_d` and `wigner_D`.

use crate::arguments::{broadcast, count};
use crate::arrays::{output, real, zeros};
use crate::errors::OrRaise;
use haarmonic::group::EulerZyz;
use haarmonic::wigner::WignerDegrees;
use numpy::ndarray::{ArrayViewMut2, Axis};
use numpy::{Complex64, PyArrayDyn};
use pyo3::prelude::*;

/// Registers the functions of this file.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(wigner_d, module)?)?;
    module.add_function(wrap_pyfunction!(wigner_big_d, module)?)?;
    module.add_function(wrap_pyfunction!(real_wigner_big_d, module)?)
}

/// Writes the matrix of a degree at one angle.
fn write(degree: usize, beta: f64, out: ArrayViewMut2<'_, f64>) -> haarmonic::Result<()> {
    let mut degrees = WignerDegrees::new(degree.saturating_add(1), beta)?;
    for _ in 0..degree {
        degrees.next_degree();
    }
    let last = degrees.next_degree();
    last.expect("the degree is below the limit")
        .write_matrix(out)
}

/// Computes Wigner's small d of one degree, the matrix of the rotation by beta about the y axis.
///
/// d_10 of degree 1 is -sin(beta) / sqrt(2).
///
/// Parameters
/// ----------
/// l : int
///     The degree.
/// beta : float or array, shape [..]
///     Angles in radians.
///
/// Returns
/// -------
/// array of float64, shape [.., 2 l + 1, 2 l + 1], entry [m + l, n + l]
///
/// Examples
/// --------
/// >>> from haarmonic import wigner_d
/// >>> print(wigner_d(1, 0.5).round(3))
/// [[ 0.939  0.339  0.061]
///  [-0.339  0.878  0.339]
///  [ 0.061 -0.339  0.939]]
#[pyfunction]
fn wigner_d<'py>(
    py: Python<'py>,
    l: i64,
    beta: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
    let degree = count("l", l, 0)?;
    let input = real(beta, "beta")?;
    let betas = input.view();
    let matrices = py.detach(|| -> haarmonic::Result<_> {
        let size = 2 * degree.min(1 << 31) + 1;
        let shape = [betas.shape(), &[size, size]].concat();
        let mut matrices = zeros(&shape)?;
        let flat = matrices
            .view_mut()
            .into_shape_with_order((betas.len(), size, size));
        let mut flat = flat.expect("a new array is contiguous");
        for (beta, out) in betas.iter().zip(flat.axis_iter_mut(Axis(0))) {
            write(degree, *beta, out)?;
        }
        Ok(matrices)
    });
    Ok(output(py, matrices.or_raise()?))
}

/// Computes Wigner's D of one degree, D_mn = exp(-i m alpha) d_mn(beta) exp(-i n gamma).
///
/// It is the matrix of the active rotation Rz(alpha) Ry(beta) Rz(gamma) on the coefficients of a degree. The package ``spherical``
/// has the complex conjugate.
///
/// Parameters
/// ----------
/// l : int
///     The degree.
/// alpha, beta, gamma : float or array
///     Angles in radians; arrays are broadcast.
///
/// Returns
/// -------
/// array of complex128, shape [.., 2 l + 1, 2 l + 1], entry [m + l, n + l]
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic import wigner_D
/// >>> D = wigner_D(2, 0.1, 0.2, 0.3)
/// >>> bool(np.allclose(D @ D.conj().T, np.eye(5)))
/// True
#[pyfunction(name = "wigner_D")]
fn wigner_big_d<'py>(
    py: Python<'py>,
    l: i64,
    alpha: &Bound<'py, PyAny>,
    beta: &Bound<'py, PyAny>,
    gamma: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyArrayDyn<Complex64>>> {
    let degree = count("l", l, 0)?;
    let [alpha, beta, gamma] = broadcast(py, [alpha, beta, gamma])?;
    let (alpha, beta, gamma) = (
        real(&alpha, "alpha")?,
        real(&beta, "beta")?,
        real(&gamma, "gamma")?,
    );
    let (alphas, betas, gammas) = (alpha.view(), beta.view(), gamma.view());
    let matrices = py.detach(|| -> haarmonic::Result<_> {
        let size = 2 * degree.min(1 << 31) + 1;
        let mut matrices = zeros(&[betas.shape(), &[size, size]].concat())?;
        let flat = matrices
            .view_mut()
            .into_shape_with_order((betas.len(), size, size));
        let mut flat = flat.expect("a new array is contiguous");
        let angles = alphas.iter().zip(&betas).zip(&gammas);
        for (((alpha, beta), gamma), mut out) in angles.zip(flat.axis_iter_mut(Axis(0))) {
            let euler = EulerZyz::new(*alpha, *beta, *gamma)?;
            out.assign(&haarmonic::wigner::wigner_matrix(degree, &euler)?);
        }
        Ok(matrices)
    });
    Ok(output(py, matrices.or_raise()?))
}

/// Computes the orthogonal matrix of a rotation among the real harmonics of one degree.
///
/// Degree 1 is the rotation matrix for the components y, z, x.
///
/// Parameters
/// ----------
/// l : int
///     The degree.
/// alpha, beta, gamma : float or array
///     Angles in radians of the active rotation Rz(alpha) Ry(beta) Rz(gamma); arrays are broadcast.
///
/// Returns
/// -------
/// array of float64, shape [.., 2 l + 1, 2 l + 1], entry [m + l, n + l]
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic.wigner import real_wigner_D
/// >>> print((real_wigner_D(1, np.pi / 2, 0.0, 0.0) @ [0.0, 0.0, 1.0]).round(6))      # x turns to y
/// [1. 0. 0.]
#[pyfunction(name = "real_wigner_D")]
fn real_wigner_big_d<'py>(
    py: Python<'py>,
    l: i64,
    alpha: &Bound<'py, PyAny>,
    beta: &Bound<'py, PyAny>,
    gamma: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
    let degree = count("l", l, 0)?;
    let [alpha, beta, gamma] = broadcast(py, [alpha, beta, gamma])?;
    let (alpha, beta, gamma) = (
        real(&alpha, "alpha")?,
        real(&beta, "beta")?,
        real(&gamma, "gamma")?,
    );
    let (alphas, betas, gammas) = (alpha.view(), beta.view(), gamma.view());
    let matrices = py.detach(|| -> haarmonic::Result<_> {
        let size = 2 * degree.min(1 << 31) + 1;
        let mut matrices = zeros(&[betas.shape(), &[size, size]].concat())?;
        let flat = matrices
            .view_mut()
            .into_shape_with_order((betas.len(), size, size));
        let mut flat = flat.expect("a new array is contiguous");
        let angles = alphas.iter().zip(&betas).zip(&gammas);
        for (((alpha, beta), gamma), mut out) in angles.zip(flat.axis_iter_mut(Axis(0))) {
            let euler = EulerZyz::new(*alpha, *beta, *gamma)?;
            out.assign(&haarmonic::wigner::real_wigner_matrix(degree, &euler)?);
        }
        Ok(matrices)
    });
    Ok(output(py, matrices.or_raise()?))
}
