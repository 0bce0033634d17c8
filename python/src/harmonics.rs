//! Spherical harmonics and signals at arbitrary points.

use crate::arguments::{band_limit, broadcast, replace_axes};
use crate::arrays::{Input, complex, output, real, zeros};
use crate::errors::OrRaise;
use crate::layout::{self, Layout};
use crate::samples::SampleType;
use crate::threads::Threads;
use haarmonic::sphere::{PointPlan, Sample, SphericalHarmonics};
use haarmonic::wigner::WignerDRecursion;
use numpy::ndarray::{Array2, ArrayD, ArrayView2, ArrayViewD, Axis, IxDyn, aview_mut1, s};
use numpy::{Complex64, Element, PyArrayDyn};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::f64::consts::PI;

/// Registers the functions of this file.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(sph_harm, module)?)?;
    module.add_function(wrap_pyfunction!(sph_harm_all, module)?)?;
    module.add_function(wrap_pyfunction!(evaluate, module)?)
}

/// Computes spherical harmonics Y_lm(theta, phi), with the order of arguments and the values of SciPy's ``sph_harm_y``.
///
/// Parameters
/// ----------
/// l, m : int or array of integers
///     Degree and order, 0 <= abs(m) <= l.
/// theta, phi : float or array
///     Colatitude, from 0 to pi, and longitude, in radians. All four arguments are broadcast.
///
/// Returns
/// -------
/// array of complex128
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic import sph_harm
/// >>> values = sph_harm([0, 1], [0, 1], np.pi / 2, 0.0)       # sqrt(1 / 4 pi), -sqrt(3 / 8 pi)
/// >>> print(values.real.round(6))
/// [ 0.282095 -0.345494]
#[pyfunction]
fn sph_harm<'py>(
    py: Python<'py>,
    l: &Bound<'py, PyAny>,
    m: &Bound<'py, PyAny>,
    theta: &Bound<'py, PyAny>,
    phi: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyArrayDyn<Complex64>>> {
    let [l, m, theta, phi] = broadcast(py, [l, m, theta, phi])?;
    let (degrees, orders) = (integers(&l, "l")?, integers(&m, "m")?);
    let (theta, phi) = (real(&theta, "theta")?, real(&phi, "phi")?);
    check_colatitudes(&theta)?;
    let wrong = degrees
        .iter()
        .zip(&orders)
        .find(|(l, m)| **l < m.abs() || **l >= 1 << 31);
    if let Some((l, m)) = wrong {
        return Err(PyValueError::new_err(format!(
            "l, m: found {l}, {m}, expected abs(m) <= l"
        )));
    }
    let (theta, phi) = (theta.view(), phi.view());
    let values = py.detach(|| -> haarmonic::Result<_> {
        let mut values = zeros::<Complex64>(theta.shape())?;
        let theta: Vec<f64> = theta.iter().copied().collect();
        // One recursion per order serves all its degrees and points.
        let mut of_order: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        for (at, order) in orders.iter().enumerate() {
            of_order.entry(*order).or_default().push(at);
        }
        let flat = values.as_slice_mut().expect("a new array is contiguous");
        for (order, places) in of_order {
            let angles: Vec<f64> = places.iter().map(|at| theta[*at]).collect();
            let mut functions = WignerDRecursion::new(order, 0, &angles)?;
            let last = places.iter().map(|at| degrees[*at]).max().unwrap_or(0);
            for degree in order.abs()..=last {
                if degree > order.abs() {
                    functions.advance();
                }
                let norm = ((2 * degree + 1) as f64 / (4.0 * PI)).sqrt();
                for (at, value) in places.iter().zip(functions.values()) {
                    if degrees[*at] == degree {
                        flat[*at] = (norm * value).into();
                    }
                }
            }
        }
        for ((value, order), phi) in flat.iter_mut().zip(&orders).zip(&phi) {
            *value *= Complex64::cis(*order as f64 * phi);
        }
        Ok(values)
    });
    Ok(output(py, values.or_raise()?))
}

/// Computes all spherical harmonics up to a degree at points, in the full layout.
///
/// Parameters
/// ----------
/// lmax : int
///     The largest degree, inclusive.
/// theta, phi : float or array
///     Colatitude, from 0 to pi, and longitude, in radians, broadcast to the shape [..].
///
/// Returns
/// -------
/// array of complex128, shape [.., lmax + 1, 2 lmax + 1], entry [l, m + lmax], zero where abs(m) > l
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic import sph_harm, sph_harm_all
/// >>> y = sph_harm_all(4, 0.3, [0.1, 0.2])
/// >>> y.shape, bool(np.isclose(y[1, 3, 4 - 2], sph_harm(3, -2, 0.3, 0.2)))
/// ((2, 5, 9), True)
#[pyfunction]
fn sph_harm_all<'py>(
    py: Python<'py>,
    lmax: i64,
    theta: &Bound<'py, PyAny>,
    phi: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyArrayDyn<Complex64>>> {
    let limit = band_limit(lmax)?;
    let [theta, phi] = broadcast(py, [theta, phi])?;
    let (theta, phi) = (real(&theta, "theta")?, real(&phi, "phi")?);
    let (theta, phi) = (theta.view(), phi.view());
    let values = py.detach(|| -> haarmonic::Result<_> {
        let harmonics = SphericalHarmonics::new(limit)?;
        let axes = [limit, 2 * limit - 1];
        let mut values = zeros::<Complex64>(&[theta.shape(), &axes].concat())?;
        let each = values
            .view_mut()
            .into_shape_with_order((theta.len(), axes[0], axes[1]));
        let mut each = each.expect("a new array is contiguous");
        let mut flat = vec![Complex64::ZERO; limit * limit];
        for ((theta, phi), mut out) in theta.iter().zip(&phi).zip(each.axis_iter_mut(Axis(0))) {
            harmonics.write_at(*theta, *phi, &mut flat)?;
            for (l, mut out) in out.outer_iter_mut().enumerate() {
                let orders = &flat[l * l..(l + 1) * (l + 1)];
                let mut out = out.slice_mut(s![limit - 1 - l..limit + l]);
                out.iter_mut()
                    .zip(orders)
                    .for_each(|(out, value)| *out = *value);
            }
        }
        Ok(values)
    });
    Ok(output(py, values.or_raise()?))
}

/// Computes the values of signals at arbitrary points.
///
/// Parameters
/// ----------
/// coefficients : array, shape [.., L (L + 1) / 2] or [.., L, 2 L - 1]
///     The shape tells the layout: real signals with m >= 0, or all orders.
/// theta, phi : float or array
///     Colatitude, from 0 to pi, and longitude, in radians; broadcast.
/// dtype : optional
///     float64 for the half layout and complex128 for the full one unless given.
/// layout : "half" or "full", optional
///     Needed only where a shape fits both.
/// tolerance : float, optional
///     From 1e-13 to 1e-2: values with errors up to about twice this times the root mean square of the signal, by a
///     non-uniform Fourier transform, for many points. Unless given, values are direct sums, each as accurate as possible: for up to some thousand points.
/// threads : int, optional
///     Threads that share the points; None for all processors.
///
/// Returns
/// -------
/// array, the leading axes of ``coefficients`` followed by those of the points
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic import Sht, evaluate
/// >>> plan = Sht(6)
/// >>> theta, phi = plan.angles()
/// >>> alm = plan.analysis(np.cos(theta) ** 3 + 0 * phi)
/// >>> print(evaluate(alm, [0.0, np.pi / 3], 0.7).round(6))
/// [1.    0.125]
/// >>> print(evaluate(alm, [0.0, np.pi / 3], 0.7, tolerance=1e-9).round(6))
/// [1.    0.125]
#[pyfunction]
#[pyo3(
    signature = (coefficients, theta, phi, *, dtype=None, layout=None, tolerance=None, threads=Some(1)),
    text_signature = "(coefficients, theta, phi, *, dtype=None, layout=None, tolerance=None, threads=1)"
)]
#[allow(clippy::too_many_arguments)] // One for each argument of Python.
fn evaluate<'py>(
    py: Python<'py>,
    coefficients: &Bound<'py, PyAny>,
    theta: &Bound<'py, PyAny>,
    phi: &Bound<'py, PyAny>,
    dtype: Option<&Bound<'py, PyAny>>,
    layout: Option<&str>,
    tolerance: Option<f64>,
    threads: Option<i64>,
) -> PyResult<Bound<'py, PyAny>> {
    let coefficients = complex(coefficients, "coefficients")?;
    let coeffs = coefficients.view();
    let reading = layout::read(coeffs.shape(), Layout::parse(layout)?, None)?;
    let [theta, phi] = broadcast(py, [theta, phi])?;
    let (theta, phi) = (real(&theta, "theta")?, real(&phi, "phi")?);
    let axes = reading.layout.axes(reading.limit);
    let shape = replace_axes("coefficients", coeffs.shape(), &axes, theta.view().shape())?;
    let task = Task {
        signals: coeffs.len() / axes.iter().product::<usize>(),
        coeffs,
        reading,
        points: points(&theta, &phi),
        shape,
        threads: Threads::new(threads)?,
    };
    let kind = match (dtype, reading.layout) {
        (Some(dtype), _) => SampleType::read(dtype)?,
        (None, Layout::Half) => SampleType::Float64,
        (None, Layout::Full) => SampleType::Complex128,
    };
    if let Some(tolerance) = tolerance {
        match (kind, reading.layout) {
            (SampleType::Float64, _) => return task.plan::<f64>(py, tolerance),
            (SampleType::Complex128, Layout::Full) => {
                return task.plan::<Complex64>(py, tolerance);
            }
            _ => {}
        }
    }
    match (kind, reading.layout) {
        (SampleType::Float64, _) => task.run(py, |harmonics, coeffs, points| {
            Ok(harmonics.evaluate_real(coeffs, points)?.to_vec())
        }),
        (SampleType::Complex128, Layout::Full) => task.run(py, |harmonics, coeffs, points| {
            Ok(harmonics.evaluate(coeffs, points)?.to_vec())
        }),
        _ => Err(PyValueError::new_err(
            "dtype: expected float64, or complex128 with the full layout",
        )),
    }
}

/// Signals and points.
struct Task<'a> {
    signals: usize,
    coeffs: ArrayViewD<'a, Complex64>,
    reading: layout::Reading,
    /// Rows (theta, phi).
    points: Array2<f64>,
    shape: Vec<usize>,
    threads: Threads,
}

/// Points that a thread takes at a time.
const CHUNK: usize = 64;

impl Task<'_> {
    fn run<'py, T: Element + Clone + Default + Send>(
        self,
        py: Python<'py>,
        values: impl Fn(
            &SphericalHarmonics,
            ArrayView2<'_, Complex64>,
            ArrayView2<'_, f64>,
        ) -> haarmonic::Result<Vec<T>>
        + Sync,
    ) -> PyResult<Bound<'py, PyAny>> {
        let Task {
            signals,
            coeffs,
            reading,
            points,
            shape,
            threads,
        } = self;
        let work = || -> haarmonic::Result<ArrayD<T>> {
            let harmonics = SphericalHarmonics::new(reading.limit)?;
            let axes = [&[signals], &reading.layout.axes(reading.limit)[..]].concat();
            let coeffs = coeffs
                .to_shape(IxDyn(&axes))
                .expect("leading axes are one batch");
            let mut all = Vec::with_capacity(signals * points.nrows());
            for signal in coeffs.outer_iter() {
                let signal = layout::full(&signal, reading)?;
                let chunks: Vec<_> = points.axis_chunks_iter(Axis(0), CHUNK).collect();
                let found = if threads.many() {
                    let each = chunks.into_par_iter();
                    each.map(|points| values(&harmonics, signal.view(), points))
                        .collect::<haarmonic::Result<Vec<_>>>()?
                } else {
                    let each = chunks.into_iter();
                    each.map(|points| values(&harmonics, signal.view(), points))
                        .collect::<haarmonic::Result<Vec<_>>>()?
                };
                all.extend(found.into_iter().flatten());
            }
            Ok(ArrayD::from_shape_vec(IxDyn(&shape), all).expect("one value per signal and point"))
        };
        let values = py.detach(|| threads.run(work)?.or_raise())?;
        Ok(output(py, values).into_any())
    }
}

impl Task<'_> {
    /// Values to a tolerance, by a plan for the points.
    fn plan<'py, T: Element + Sample>(
        self,
        py: Python<'py>,
        tolerance: f64,
    ) -> PyResult<Bound<'py, PyAny>> {
        let Task {
            signals,
            coeffs,
            reading,
            points,
            shape,
            threads,
        } = self;
        let work = || -> haarmonic::Result<ArrayD<T>> {
            let count = points.nrows();
            let mut all = vec![T::default(); signals * count];
            if count > 0 {
                let plan = PointPlan::with_tolerance(points.view(), reading.limit, tolerance)?;
                let mut scratch = if threads.many() {
                    plan.make_parallel_scratch()
                } else {
                    plan.make_scratch()
                };
                let axes = [&[signals], &reading.layout.axes(reading.limit)[..]].concat();
                let coeffs = coeffs
                    .to_shape(IxDyn(&axes))
                    .expect("leading axes are one batch");
                for (signal, values) in coeffs.outer_iter().zip(all.chunks_exact_mut(count)) {
                    let signal = layout::full(&signal, reading)?;
                    plan.inverse_into(signal.view(), aview_mut1(values), &mut scratch)?;
                }
            }
            Ok(ArrayD::from_shape_vec(IxDyn(&shape), all).expect("one value per signal and point"))
        };
        let values = py.detach(|| threads.run(work)?.or_raise())?;
        Ok(output(py, values).into_any())
    }
}

/// Rows (theta, phi).
fn points(theta: &Input<'_, f64>, phi: &Input<'_, f64>) -> Array2<f64> {
    let pairs = theta
        .view()
        .iter()
        .zip(&phi.view())
        .flat_map(|(t, p)| [*t, *p])
        .collect();
    Array2::from_shape_vec((theta.view().len(), 2), pairs).expect("two angles per point")
}

/// Whole numbers.
fn integers(value: &Bound<'_, PyAny>, what: &str) -> PyResult<Vec<i64>> {
    let input = real(value, what)?;
    let view = input.view();
    let whole = |number: &f64| number.fract() == 0.0 && number.abs() < (1_i64 << 53) as f64;
    match view.iter().find(|number| !whole(number)) {
        Some(number) => Err(PyValueError::new_err(format!(
            "{what}: found {number}, expected whole numbers"
        ))),
        None => Ok(view.iter().map(|number| *number as i64).collect()),
    }
}

fn check_colatitudes(theta: &Input<'_, f64>) -> PyResult<()> {
    match theta
        .view()
        .iter()
        .find(|theta| !(0.0..=PI).contains(*theta))
    {
        Some(theta) => Err(PyValueError::new_err(format!(
            "theta: found {theta}, expected 0 to pi"
        ))),
        None => Ok(()),
    }
}
