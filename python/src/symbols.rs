//! Wigner 3j and 6j symbols, Clebsch–Gordan coefficients and Gaunt integrals.

use haarmonic::wigner::{self, HarmonicBasis, WignerFamily};
use numpy::{IntoPyArray, PyArray1, PyArray3};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arguments::count;
use crate::errors::OrRaise;

/// Registers the functions of this file.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(wigner_3j, module)?)?;
    module.add_function(wrap_pyfunction!(wigner_3j_over_degrees, module)?)?;
    module.add_function(wrap_pyfunction!(wigner_3j_over_orders, module)?)?;
    module.add_function(wrap_pyfunction!(wigner_6j, module)?)?;
    module.add_function(wrap_pyfunction!(clebsch_gordan, module)?)?;
    module.add_function(wrap_pyfunction!(clebsch_gordan_tensor, module)?)?;
    module.add_function(wrap_pyfunction!(gaunt, module)?)
}

fn degrees<const N: usize>(given: [(&str, i64); N]) -> PyResult<[usize; N]> {
    let mut found = [0; N];
    for (found, (name, value)) in found.iter_mut().zip(given) {
        *found = count(name, value, 0)?;
    }
    Ok(found)
}

fn basis(name: &str) -> PyResult<HarmonicBasis> {
    match name {
        "complex" => Ok(HarmonicBasis::Complex),
        "real" => Ok(HarmonicBasis::Real),
        other => Err(PyValueError::new_err(format!(
            "basis: found {other:?}, expected \"complex\" or \"real\""
        ))),
    }
}

/// Computes one Wigner 3j symbol (l1 l2 l3; m1 m2 m3), with the order of arguments of SymPy.
///
/// Zero where the degrees form no triangle, the orders do not add up to zero, or one is larger than its degree.
///
/// Parameters
/// ----------
/// l1, l2, l3, m1, m2, m3 : int
///
/// Examples
/// --------
/// >>> from haarmonic.wigner import wigner_3j
/// >>> print(f"{wigner_3j(2, 6, 4, 0, 0, 0):.12f}")                # sqrt(5 / 143)
/// 0.186989398002
#[pyfunction]
fn wigner_3j(l1: i64, l2: i64, l3: i64, m1: i64, m2: i64, m3: i64) -> PyResult<f64> {
    let degrees = degrees([("l1", l1), ("l2", l2), ("l3", l3)])?;
    wigner::wigner_3j(degrees, [m1, m2, m3]).or_raise()
}

/// Computes the 3j symbols (l l2 l3; -m2-m3 m2 m3) of all degrees l in one sweep.
///
/// Parameters
/// ----------
/// l2, l3, m2, m3 : int
///
/// Returns
/// -------
/// int
///     The first degree.
/// array of float64
///     The symbols of this degree and of the following ones, up to l2 + l3.
///
/// Examples
/// --------
/// >>> from haarmonic.wigner import wigner_3j_over_degrees
/// >>> first, values = wigner_3j_over_degrees(1, 1, 0, 0)
/// >>> print(first, values.round(6))                               # -1 / sqrt(3), 0, sqrt(2 / 15)
/// 0 [-0.57735   0.        0.365148]
#[pyfunction]
fn wigner_3j_over_degrees(
    py: Python<'_>,
    l2: i64,
    l3: i64,
    m2: i64,
    m3: i64,
) -> PyResult<(i64, Bound<'_, PyArray1<f64>>)> {
    let degrees = degrees([("l2", l2), ("l3", l3)])?;
    let mut family = WignerFamily::new();
    family.three_j_over_degrees(degrees, [m2, m3]).or_raise()?;
    Ok((family.first(), family.values().to_vec().into_pyarray(py)))
}

/// Computes the 3j symbols (l1 l2 l3; m1 m -m1-m) of all orders m in one sweep.
///
/// Parameters
/// ----------
/// l1, l2, l3, m1 : int
///
/// Returns
/// -------
/// int
///     The first order.
/// array of float64
///     The symbols of this order and of the following ones.
///
/// Examples
/// --------
/// >>> from haarmonic.wigner import wigner_3j_over_orders
/// >>> first, values = wigner_3j_over_orders(0, 2, 2, 0)           # (-1)^m / sqrt(5)
/// >>> print(first, values.round(6))
/// -2 [ 0.447214 -0.447214  0.447214 -0.447214  0.447214]
#[pyfunction]
fn wigner_3j_over_orders(
    py: Python<'_>,
    l1: i64,
    l2: i64,
    l3: i64,
    m1: i64,
) -> PyResult<(i64, Bound<'_, PyArray1<f64>>)> {
    let degrees = degrees([("l1", l1), ("l2", l2), ("l3", l3)])?;
    let mut family = WignerFamily::new();
    family.three_j_over_orders(degrees, m1).or_raise()?;
    Ok((family.first(), family.values().to_vec().into_pyarray(py)))
}

/// Computes one Wigner 6j symbol {j1 j2 j3; j4 j5 j6} of whole numbers, with the order of arguments of SymPy.
///
/// Parameters
/// ----------
/// j1, j2, j3, j4, j5, j6 : int
///
/// Examples
/// --------
/// >>> from haarmonic.wigner import wigner_6j
/// >>> print(f"{wigner_6j(2, 2, 2, 2, 2, 2):.12f}")                # -3 / 70
/// -0.042857142857
#[pyfunction]
fn wigner_6j(j1: i64, j2: i64, j3: i64, j4: i64, j5: i64, j6: i64) -> PyResult<f64> {
    let upper = degrees([("j1", j1), ("j2", j2), ("j3", j3)])?;
    let lower = degrees([("j4", j4), ("j5", j5), ("j6", j6)])?;
    wigner::wigner_6j(upper, lower).or_raise()
}

/// Computes one Clebsch-Gordan coefficient <l1 m1 l2 m2 | l m>.
///
/// Parameters
/// ----------
/// l1, l2, l, m1, m2, m : int
///     In the order of SymPy.
/// basis : "complex" or "real"
///     Of complex harmonics with the Condon-Shortley phase, or of real ones: two vectors couple to u x v / sqrt(2) and to -u . v / sqrt(3).
///
/// Examples
/// --------
/// >>> from haarmonic.wigner import clebsch_gordan
/// >>> print(f"{clebsch_gordan(1, 1, 1, 1, 0, 1):.6f}")            # 1 / sqrt(2)
/// 0.707107
#[pyfunction]
#[pyo3(signature = (l1, l2, l, m1, m2, m, basis="complex"))]
fn clebsch_gordan(
    l1: i64,
    l2: i64,
    l: i64,
    m1: i64,
    m2: i64,
    m: i64,
    basis: &str,
) -> PyResult<f64> {
    let degrees = degrees([("l1", l1), ("l2", l2), ("l", l)])?;
    wigner::clebsch_gordan(self::basis(basis)?, degrees, [m1, m2, m]).or_raise()
}

/// Computes all Clebsch-Gordan coefficients of three degrees.
///
/// Parameters
/// ----------
/// l1, l2, l : int
/// basis : "complex" or "real"
///     As for ``clebsch_gordan``.
///
/// Returns
/// -------
/// array of float64, shape [2 l1 + 1, 2 l2 + 1, 2 l + 1], entry [m1 + l1, m2 + l2, m + l]
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic.wigner import clebsch_gordan_tensor
/// >>> cross = clebsch_gordan_tensor(1, 1, 1, "real") * np.sqrt(2)  # components y, z, x
/// >>> print(np.einsum("i,j,ijk", [0, 0, 1], [1, 0, 0], cross).round(6))
/// [0. 1. 0.]
#[pyfunction]
#[pyo3(signature = (l1, l2, l, basis="complex"))]
fn clebsch_gordan_tensor<'py>(
    py: Python<'py>,
    l1: i64,
    l2: i64,
    l: i64,
    basis: &str,
) -> PyResult<Bound<'py, PyArray3<f64>>> {
    let degrees = degrees([("l1", l1), ("l2", l2), ("l", l)])?;
    let basis = self::basis(basis)?;
    let tensor = py.detach(|| wigner::clebsch_gordan_tensor(basis, degrees));
    Ok(tensor.or_raise()?.into_pyarray(py))
}

/// Computes the integral of three spherical harmonics over the sphere, with the order of arguments of SymPy.
///
/// Parameters
/// ----------
/// l1, l2, l3, m1, m2, m3 : int
/// basis : "complex" or "real"
///     No function is conjugated.
///
/// Examples
/// --------
/// >>> from haarmonic.wigner import gaunt
/// >>> print(f"{gaunt(1, 0, 1, 1, 0, -1):.6f}")                    # -1 / sqrt(4 pi)
/// -0.282095
#[pyfunction]
#[pyo3(signature = (l1, l2, l3, m1, m2, m3, basis="complex"))]
fn gaunt(l1: i64, l2: i64, l3: i64, m1: i64, m2: i64, m3: i64, basis: &str) -> PyResult<f64> {
    let degrees = degrees([("l1", l1), ("l2", l2), ("l3", l3)])?;
    wigner::gaunt(self::basis(basis)?, degrees, [m1, m2, m3]).or_raise()
}
