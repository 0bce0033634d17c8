//! Converters between the layouts of coefficients of other programs.

use crate::arguments::{band_limit, replace_axes};
use crate::arrays::{complex, output, real, zeros};
use crate::errors::OrRaise;
use crate::layout::{self, Layout};
use crate::samples::Samples;
use haarmonic::sphere::layouts::{self, CondonShortley, E3nnAxes, E3nnNorm, ShtoolsNorm};
use haarmonic::sphere::smoothing;
use numpy::ndarray::{
    Array, ArrayD, ArrayView1, ArrayView2, ArrayView3, ArrayViewD, Dimension, IxDyn,
};
use numpy::{Complex64, IntoPyArray, PyArray1, PyArrayDyn};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// Registers the functions of this file.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(half_to_full, module)?)?;
    module.add_function(wrap_pyfunction!(full_to_half, module)?)?;
    module.add_function(wrap_pyfunction!(to_shtools, module)?)?;
    module.add_function(wrap_pyfunction!(from_shtools, module)?)?;
    module.add_function(wrap_pyfunction!(to_e3nn, module)?)?;
    module.add_function(wrap_pyfunction!(from_e3nn, module)?)?;
    module.add_function(wrap_pyfunction!(gaussian_beam, module)?)
}

type Real<'py> = Bound<'py, PyArrayDyn<f64>>;
type Complex<'py> = Bound<'py, PyArrayDyn<Complex64>>;

/// Converts real signals from the half layout (healpy, ducc0) to the full layout (s2fft).
///
/// Parameters
/// ----------
/// coefficients : array, shape [.., L (L + 1) / 2], entry m (2 lmax + 1 - m) / 2 + l
///     Of real signals; imaginary parts at m = 0 are not used.
///
/// Returns
/// -------
/// array of complex128, shape [.., L, 2 L - 1], entry [l, m + lmax]
///
/// Examples
/// --------
/// >>> from haarmonic.layouts import half_to_full
/// >>> print(half_to_full([1, 2, 3j]).imag)            # (0, 0), (1, 0), (1, 1)
/// [[0. 0. 0.]
///  [3. 0. 3.]]
#[pyfunction]
fn half_to_full<'py>(py: Python<'py>, coefficients: &Bound<'py, PyAny>) -> PyResult<Complex<'py>> {
    let input = complex(coefficients, "coefficients")?;
    let reading = layout::read(input.view().shape(), Some(Layout::Half), None)?;
    let (from, to) = (
        reading.layout.axes(reading.limit),
        Layout::Full.axes(reading.limit),
    );
    each(py, input.view(), &from, &to, |half| {
        layout::full(half, reading)
    })
}

/// Converts real signals from the full layout (s2fft) to the half layout (healpy, ducc0).
///
/// Parameters
/// ----------
/// coefficients : array, shape [.., L, 2 L - 1], entry [l, m + lmax]
///     Of real signals; the symmetry between m and -m is checked.
///
/// Returns
/// -------
/// array of complex128, shape [.., L (L + 1) / 2], entry m (2 lmax + 1 - m) / 2 + l
///
/// Examples
/// --------
/// >>> from haarmonic.layouts import full_to_half
/// >>> print(full_to_half([[0, 1, 0], [-4, 2, 4]]).real)
/// [1. 2. 4.]
#[pyfunction]
fn full_to_half<'py>(py: Python<'py>, coefficients: &Bound<'py, PyAny>) -> PyResult<Complex<'py>> {
    let input = complex(coefficients, "coefficients")?;
    let reading = layout::read(input.view().shape(), Some(Layout::Full), None)?;
    let (from, to) = (
        reading.layout.axes(reading.limit),
        Layout::Half.axes(reading.limit),
    );
    each(py, input.view(), &from, &to, |full| {
        Ok(Array::from(layouts::to_healpy(two_axes(full))?))
    })
}

/// Converts coefficients to the arrays of SHTOOLS (pyshtools ``SHCoeffs.to_array``).
///
/// Parameters
/// ----------
/// coefficients : array, shape [.., L (L + 1) / 2] or [.., L, 2 L - 1]
/// kind : "real" or "complex"
///     Cosines and sines of real signals (float64), or the orders m and -m of complex signals (complex128).
/// normalization : "4pi", "ortho" or "schmidt"
/// csphase : 1 or -1
///     1 without the Condon-Shortley phase, the default of pyshtools; -1 with it.
/// layout : "half" or "full", optional
///     Needed only where a shape fits both.
///
/// Returns
/// -------
/// array, shape [.., 2, L, L]
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic.layouts import to_shtools
/// >>> x = np.array([0, 0, -np.sqrt(2 * np.pi / 3)])   # x on the unit sphere
/// >>> print(to_shtools(x)[0].round(6))                # C_11 = 1 / sqrt(3)
/// [[0.      0.     ]
///  [0.      0.57735]]
#[pyfunction]
#[pyo3(signature = (coefficients, *, kind="real", normalization="4pi", csphase=1, layout=None))]
fn to_shtools<'py>(
    py: Python<'py>,
    coefficients: &Bound<'py, PyAny>,
    kind: &str,
    normalization: &str,
    csphase: i64,
    layout: Option<&str>,
) -> PyResult<Bound<'py, PyAny>> {
    let (norm, phase) = (shtools_norm(normalization)?, condon_shortley(csphase)?);
    let input = complex(coefficients, "coefficients")?;
    let reading = layout::read(input.view().shape(), Layout::parse(layout)?, None)?;
    let from = reading.layout.axes(reading.limit);
    let to = [2, reading.limit, reading.limit];
    match kind {
        "real" => {
            let arrays: Real<'_> = each(py, input.view(), &from, &to, |signal| {
                layouts::to_shtools(layout::full(signal, reading)?.view(), norm, phase)
            })?;
            Ok(arrays.into_any())
        }
        "complex" => {
            let arrays: Complex<'_> = each(py, input.view(), &from, &to, |signal| {
                layouts::to_shtools_complex(layout::full(signal, reading)?.view(), norm, phase)
            })?;
            Ok(arrays.into_any())
        }
        _ => Err(unknown("kind", kind, "\"real\" or \"complex\"")),
    }
}

/// Converts the arrays of SHTOOLS to coefficients: real ones to the half layout, complex ones to the full layout.
///
/// Parameters
/// ----------
/// cilm : array, shape [.., 2, L, L]
///     Real (cosines and sines) or complex (orders m and -m), by its type.
/// normalization : "4pi", "ortho" or "schmidt"
/// csphase : 1 or -1
///     As for ``to_shtools``.
///
/// Returns
/// -------
/// array of complex128, shape [.., L (L + 1) / 2] or [.., L, 2 L - 1]
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic.layouts import from_shtools
/// >>> cilm = np.zeros((2, 2, 2))
/// >>> cilm[0, 0, 0] = 1                               # the constant 1
/// >>> print(abs(from_shtools(cilm)).round(6))         # sqrt(4 pi)
/// [3.544908 0.       0.      ]
#[pyfunction]
#[pyo3(signature = (cilm, *, normalization="4pi", csphase=1))]
fn from_shtools<'py>(
    py: Python<'py>,
    cilm: &Bound<'py, PyAny>,
    normalization: &str,
    csphase: i64,
) -> PyResult<Complex<'py>> {
    let (norm, phase) = (shtools_norm(normalization)?, condon_shortley(csphase)?);
    let samples = Samples::read(cilm, "cilm")?;
    let shape = samples.shape();
    let limit = shape.last().copied().unwrap_or(0);
    let from = [2, limit, limit];
    if limit == 0 || !shape.ends_with(&from) {
        return Err(PyValueError::new_err(format!(
            "cilm: expected shape [.., 2, L, L], found {shape:?}"
        )));
    }
    if samples.is_real() {
        let input = real(cilm, "cilm")?;
        each(
            py,
            input.view(),
            &from,
            &Layout::Half.axes(limit),
            |signal| {
                let full = layouts::from_shtools(three_axes(signal), norm, phase)?;
                Ok(Array::from(layouts::to_healpy(full.view())?))
            },
        )
    } else {
        let input = complex(cilm, "cilm")?;
        each(
            py,
            input.view(),
            &from,
            &Layout::Full.axes(limit),
            |signal| layouts::from_shtools_complex(three_axes(signal), norm, phase),
        )
    }
}

/// Converts the coefficients of real signals to the real harmonics of e3nn, one of each degree.
///
/// Parameters
/// ----------
/// coefficients : array, shape [.., L (L + 1) / 2] or [.., L, 2 L - 1]
/// normalization : "component", "integral" or "norm"
/// axes : "same" or "renamed"
///     The polar axis is y in e3nn. "same": vectors keep their components, both describe one function of (x, y, z). "renamed": polar
///     axis on polar axis, our (x, y, z) is (z, x, y) of e3nn, and coefficients keep their places.
/// layout : "half" or "full", optional
///     Needed only where a shape fits both.
///
/// Returns
/// -------
/// array of float64, shape [.., L * L], entry l * l + l + m
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic.layouts import to_e3nn
/// >>> z = np.array([0, np.sqrt(4 * np.pi / 3), 0])
/// >>> print(np.abs(to_e3nn(z, normalization="norm")[1:]).round(6))      # (x, y, z)
/// [0. 0. 1.]
#[pyfunction]
#[pyo3(signature = (coefficients, *, normalization="component", axes="same", layout=None))]
fn to_e3nn<'py>(
    py: Python<'py>,
    coefficients: &Bound<'py, PyAny>,
    normalization: &str,
    axes: &str,
    layout: Option<&str>,
) -> PyResult<Real<'py>> {
    let (norm, axes) = (e3nn_norm(normalization)?, e3nn_axes(axes)?);
    let input = complex(coefficients, "coefficients")?;
    let reading = layout::read(input.view().shape(), Layout::parse(layout)?, None)?;
    let from = reading.layout.axes(reading.limit);
    each(
        py,
        input.view(),
        &from,
        &[reading.limit * reading.limit],
        |signal| {
            let full = layout::full(signal, reading)?;
            Ok(Array::from(layouts::to_e3nn(full.view(), norm, axes)?))
        },
    )
}

/// Converts coefficients in the real harmonics of e3nn to the half layout.
///
/// Parameters
/// ----------
/// components : array, shape [.., L * L], entry l * l + l + m
/// normalization, axes
///     As for ``to_e3nn``.
///
/// Returns
/// -------
/// array of complex128, shape [.., L (L + 1) / 2]
///
/// Examples
/// --------
/// >>> from haarmonic.layouts import from_e3nn
/// >>> z = from_e3nn([0, 0, 0, 1], normalization="norm")
/// >>> print(abs(z).round(6))                          # sqrt(4 pi / 3) Y_10
/// [0.       2.046653 0.      ]
#[pyfunction]
#[pyo3(signature = (components, *, normalization="component", axes="same"))]
fn from_e3nn<'py>(
    py: Python<'py>,
    components: &Bound<'py, PyAny>,
    normalization: &str,
    axes: &str,
) -> PyResult<Complex<'py>> {
    let (norm, axes) = (e3nn_norm(normalization)?, e3nn_axes(axes)?);
    let input = real(components, "components")?;
    let view = input.view();
    let length = view.shape().last().copied().unwrap_or(0);
    let limit = length.isqrt();
    if limit == 0 || limit * limit != length {
        return Err(PyValueError::new_err(format!(
            "components: expected shape [.., L * L], found {:?}",
            view.shape()
        )));
    }
    each(py, view, &[length], &Layout::Half.axes(limit), |signal| {
        let components: ArrayView1<'_, f64> =
            signal.view().into_dimensionality().expect("one axis");
        let full = layouts::from_e3nn(components, norm, axes)?;
        Ok(Array::from(layouts::to_healpy(full.view())?))
    })
}

/// Computes the multipliers of a Gaussian beam, exp(-l (l + 1) sigma^2 / 2) with sigma = fwhm / sqrt(8 log 2).
///
/// Parameters
/// ----------
/// fwhm : float
///     Full width at half maximum in radians.
/// lmax : int
///     The largest degree, inclusive.
///
/// Returns
/// -------
/// array of float64, shape [lmax + 1]
///
/// Examples
/// --------
/// >>> from haarmonic import gaussian_beam
/// >>> print(gaussian_beam(0.5, 2).round(6))
/// [1.       0.955917 0.873495]
#[pyfunction]
fn gaussian_beam(py: Python<'_>, fwhm: f64, lmax: i64) -> PyResult<Bound<'_, PyArray1<f64>>> {
    let beam = smoothing::gaussian_beam(band_limit(lmax)?, fwhm).or_raise()?;
    Ok(beam.into_pyarray(py))
}

/// Converts each signal of a batch.
///
/// # Arguments
/// * `from`, `to` — the axes of one signal before and after
fn each<'py, A, B, D>(
    py: Python<'py>,
    arrays: ArrayViewD<'_, A>,
    from: &[usize],
    to: &[usize],
    convert: impl Fn(&ArrayViewD<'_, A>) -> haarmonic::Result<Array<B, D>> + Sync,
) -> PyResult<Bound<'py, PyArrayDyn<B>>>
where
    A: Clone + Send + Sync,
    B: numpy::Element + Clone + Default,
    D: Dimension,
{
    let shape = replace_axes("coefficients", arrays.shape(), from, to)?;
    let converted = py.detach(|| -> haarmonic::Result<ArrayD<B>> {
        let mut all = zeros::<B>(&shape)?;
        let size = to.iter().product::<usize>();
        let signals = arrays.len() / from.iter().product::<usize>();
        let arrays = arrays.to_shape(IxDyn(&[&[signals], from].concat()));
        let arrays = arrays.expect("leading axes are one batch");
        let flat = all.as_slice_mut().expect("a new array is contiguous");
        for (signal, out) in arrays.outer_iter().zip(flat.chunks_exact_mut(size)) {
            let converted = convert(&signal)?;
            out.iter_mut()
                .zip(converted)
                .for_each(|(out, value)| *out = value);
        }
        Ok(all)
    });
    Ok(output(py, converted.or_raise()?))
}

fn two_axes<'a>(signal: &'a ArrayViewD<'_, Complex64>) -> ArrayView2<'a, Complex64> {
    signal.view().into_dimensionality().expect("two axes")
}

fn three_axes<'a, T>(signal: &'a ArrayViewD<'_, T>) -> ArrayView3<'a, T> {
    signal.view().into_dimensionality().expect("three axes")
}

fn unknown(what: &str, found: &str, expected: &str) -> PyErr {
    PyValueError::new_err(format!("{what}: found {found:?}, expected {expected}"))
}

fn shtools_norm(name: &str) -> PyResult<ShtoolsNorm> {
    match name {
        "4pi" => Ok(ShtoolsNorm::FourPi),
        "ortho" => Ok(ShtoolsNorm::Orthonormal),
        "schmidt" => Ok(ShtoolsNorm::Schmidt),
        _ => Err(unknown(
            "normalization",
            name,
            "\"4pi\", \"ortho\" or \"schmidt\"",
        )),
    }
}

fn condon_shortley(csphase: i64) -> PyResult<CondonShortley> {
    match csphase {
        1 => Ok(CondonShortley::Excluded),
        -1 => Ok(CondonShortley::Included),
        _ => Err(PyValueError::new_err(format!(
            "csphase: found {csphase}, expected 1 or -1"
        ))),
    }
}

fn e3nn_norm(name: &str) -> PyResult<E3nnNorm> {
    match name {
        "component" => Ok(E3nnNorm::Component),
        "integral" => Ok(E3nnNorm::Integral),
        "norm" => Ok(E3nnNorm::Norm),
        _ => Err(unknown(
            "normalization",
            name,
            "\"component\", \"integral\" or \"norm\"",
        )),
    }
}

fn e3nn_axes(name: &str) -> PyResult<E3nnAxes> {
    match name {
        "same" => Ok(E3nnAxes::Same),
        "renamed" => Ok(E3nnAxes::Renamed),
        _ => Err(unknown("axes", name, "\"same\" or \"renamed\"")),
    }
}
