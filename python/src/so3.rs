//! `So3`: plans of the Wigner transform, and correlations on SO(3).

use crate::arguments::{broadcast, count, replace_axes};
use crate::arrays::{complex, output, real, zeros};
use crate::errors::OrRaise;
use crate::layout::{self, Layout};
use crate::pickle::{Reduced, reduced};
use crate::samples::{SampleType, Samples, each_samples, each_type};
use crate::threads::Stock;
use haarmonic::so3::{self, RotationGrid, WignerPlan, WignerPlanner, WignerScratch};
use haarmonic::sphere::{Sample, Sampling};
use numpy::ndarray::{Array3, ArrayD, ArrayViewD, Axis, Ix3, IxDyn};
use numpy::{Complex64, Element, IntoPyArray, PyArray1, PyArrayDyn, PyArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use std::sync::Arc;

/// Registers the classes and functions of this file.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<So3>()?;
    module.add_function(wrap_pyfunction!(correlate, module)?)
}

/// A plan of the Wigner transform, the harmonic analysis of functions on the rotation group SO(3).
///
/// Degrees are below L, and orders n (of gamma) are below N in modulus, both exclusive, as in s2fft. The inverse is
///
///     f(alpha, beta, gamma) = sum of (2 l + 1) / (8 pi^2) * c[n + N - 1, l, m + L - 1] * d_mn(beta) exp(i (m alpha + n gamma))
///
/// Samples have shape [.., gamma, beta, alpha], and coefficients have shape [.., 2 N - 1, L, 2 L - 1]; leading axes are a batch. A
/// call uses the calling thread and releases the interpreter lock. Plans do not change: threads may share them, and they pickle.
///
/// Parameters
/// ----------
/// L : int
///     The band limit, exclusive.
/// N : int, optional
///     The limit of the orders n, exclusive; L unless given. Time and memory are in proportion to N.
/// sampling : str
///     The angles beta: "gauss-legendre", "driscoll-healy", "mcewen-wiaux" or "clenshaw-curtis"; see ``Sht``.
/// fast : bool
///     Whether the numbers of angles alpha and gamma are rounded up to products of 2, 3 and 5. There are 2 L - 1 and 2 N - 1
///     otherwise.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic import So3
/// >>> plan = So3(4)
/// >>> alpha, beta, gamma = plan.angles()
/// >>> samples = np.cos(beta) + 0 * alpha + 0 * gamma
/// >>> coefficients = plan.forward(samples)
/// >>> print(f"{coefficients[3, 1, 3].real:.6f}")     # 8 pi^2 / 3
/// 26.318945
/// >>> bool(np.allclose(plan.inverse(coefficients, dtype=float), samples))
/// True
#[pyclass(frozen, module = "haarmonic")]
pub(crate) struct So3 {
    plan: Arc<WignerPlan>,
    fast: bool,
    scratch: Stock<WignerScratch>,
}

#[pymethods]
impl So3 {
    #[new]
    #[pyo3(signature = (L, N=None, sampling="gauss-legendre", *, fast=false))]
    #[allow(non_snake_case)] // The names of the arguments in Python.
    fn new(py: Python<'_>, L: i64, N: Option<i64>, sampling: &str, fast: bool) -> PyResult<Self> {
        let limit = count("L", L, 1)?;
        let orders = N.map_or(Ok(limit), |orders| count("N", orders, 1))?;
        let sampling: Sampling = sampling.parse().or_raise()?;
        Self::build(py, limit, orders, sampling, fast)
    }

    /// Computes the coefficients of functions from their samples.
    ///
    /// Parameters
    /// ----------
    /// samples : array, shape [..] + signal_shape, [.., gamma, beta, alpha]
    ///     Real or complex.
    ///
    /// Returns
    /// -------
    /// array of complex128, shape [.., 2 N - 1, L, 2 L - 1], entry [n + N - 1, l, m + L - 1]
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> from haarmonic import So3
    /// >>> plan = So3(3, 2)
    /// >>> plan.forward(np.ones((10,) + plan.signal_shape)).shape
    /// (10, 3, 3, 5)
    fn forward<'py>(
        &self,
        py: Python<'py>,
        samples: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArrayDyn<Complex64>>> {
        let samples = Samples::read(samples, "samples")?;
        let (from, to) = (self.plan.signal_shape(), self.plan.coeffs_shape());
        let shape = replace_axes("samples", &samples.shape(), &from, &to)?;
        each_samples!(samples, samples => self.coefficients_of(py, samples.view(), &shape))
    }

    /// Computes the samples of functions from their coefficients.
    ///
    /// Parameters
    /// ----------
    /// coefficients : array, shape [.., 2 N - 1, L, 2 L - 1]
    ///     Entries with abs(m) > l or abs(n) > l are not used; of real functions m >= 0 is.
    /// dtype : optional
    ///     The type of the samples: complex128 unless given, float64 for real functions; or complex64, float32.
    ///
    /// Returns
    /// -------
    /// array, shape [..] + signal_shape, [.., gamma, beta, alpha]
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> from haarmonic import So3
    /// >>> plan = So3(2)
    /// >>> coefficients = np.zeros(plan.coefficient_shape)
    /// >>> coefficients[1, 0, 1] = 8 * np.pi**2
    /// >>> bool(np.allclose(plan.inverse(coefficients), 1))
    /// True
    #[pyo3(signature = (coefficients, *, dtype=None))]
    fn inverse<'py>(
        &self,
        py: Python<'py>,
        coefficients: &Bound<'py, PyAny>,
        dtype: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let kind = dtype.map_or(Ok(SampleType::Complex128), SampleType::read)?;
        let coefficients = complex(coefficients, "coefficients")?;
        let coeffs = coefficients.view();
        let (from, to) = (self.plan.coeffs_shape(), self.plan.signal_shape());
        let shape = replace_axes("coefficients", coeffs.shape(), &from, &to)?;
        each_type!(kind, T => self.samples_of::<T>(py, coeffs, &shape))
    }

    /// Computes the values of a function at arbitrary rotations, of a plan with N = L.
    ///
    /// Parameters
    /// ----------
    /// coefficients : array, shape [2 L - 1, L, 2 L - 1]
    /// alpha, beta, gamma : float or array
    ///     ZYZ angles in radians; broadcast.
    ///
    /// Returns
    /// -------
    /// array of complex128
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> from haarmonic import So3
    /// >>> plan = So3(2)
    /// >>> coefficients = np.zeros(plan.coefficient_shape)
    /// >>> coefficients[1, 1, 1] = 8 * np.pi**2 / 3        # cos(beta)
    /// >>> print(plan.evaluate(coefficients, 0.1, [0.0, np.pi / 3], 0.2).real.round(6))
    /// [1.  0.5]
    fn evaluate<'py>(
        &self,
        py: Python<'py>,
        coefficients: &Bound<'py, PyAny>,
        alpha: &Bound<'py, PyAny>,
        beta: &Bound<'py, PyAny>,
        gamma: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArrayDyn<Complex64>>> {
        let coefficients = complex(coefficients, "coefficients")?;
        let coeffs = coefficients.view();
        let limit = self.plan.band_limit();
        let expected = [2 * limit - 1, limit, 2 * limit - 1];
        let coeffs = match coeffs.into_dimensionality::<Ix3>() {
            Ok(coeffs) if coeffs.shape() == expected => coeffs,
            _ => {
                return Err(PyValueError::new_err(format!(
                    "coefficients: expected shape {expected:?}, a function with N = L"
                )));
            }
        };
        let [alpha, beta, gamma] = broadcast(py, [alpha, beta, gamma])?;
        let angles = [
            real(&alpha, "alpha")?,
            real(&beta, "beta")?,
            real(&gamma, "gamma")?,
        ];
        let [alpha, beta, gamma] = angles.each_ref().map(|angles| angles.view());
        let values = py.detach(|| {
            let rotations: Vec<[f64; 3]> = alpha
                .iter()
                .zip(&beta)
                .zip(&gamma)
                .map(|((alpha, beta), gamma)| [*alpha, *beta, *gamma])
                .collect();
            so3::evaluate(coeffs, &rotations)
        });
        let values = ArrayD::from_shape_vec(beta.raw_dim(), values.or_raise()?);
        Ok(output(py, values.expect("one value per rotation")))
    }

    /// Returns the angles alpha, beta, gamma of the samples in radians, as three arrays that broadcast to ``signal_shape``.
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic import So3
    /// >>> [angles.shape for angles in So3(3).angles()]
    /// [(5,), (3, 1), (5, 1, 1)]
    #[allow(clippy::type_complexity)] // Three arrays.
    fn angles<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(
        Bound<'py, PyArray1<f64>>,
        Bound<'py, PyAny>,
        Bound<'py, PyAny>,
    )> {
        let grid = self.plan.grid();
        let [gammas, betas, _] = grid.shape();
        let beta = grid.betas().to_vec().into_pyarray(py).reshape([betas, 1])?;
        let gamma = grid.gammas().into_pyarray(py).reshape([gammas, 1, 1])?;
        Ok((
            grid.alphas().into_pyarray(py),
            beta.into_any(),
            gamma.into_any(),
        ))
    }

    /// Returns the Haar weight of each sample, an array that broadcasts to ``signal_shape``; all weights sum to 1.
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic import So3
    /// >>> weights = So3(3).weights()
    /// >>> weights.shape, round(float(weights.sum() * 25), 6)
    /// ((3, 1), 1.0)
    fn weights<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let weights = self.plan.grid().point_weights().to_vec();
        let betas = weights.len();
        Ok(weights.into_pyarray(py).reshape([betas, 1])?.into_any())
    }

    /// The band limit, exclusive.
    #[getter(L)]
    fn band_limit(&self) -> usize {
        self.plan.band_limit()
    }

    /// The limit of the orders n, exclusive.
    #[getter(N)]
    fn order_limit(&self) -> usize {
        self.plan.order_limit()
    }

    /// The name of the sampling of beta.
    #[getter]
    fn sampling(&self) -> &'static str {
        self.plan.grid().sampling().name()
    }

    /// The shape of the samples of one function, (gamma, beta, alpha).
    #[getter]
    fn signal_shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.plan.signal_shape())
    }

    /// The shape of the coefficients of one function, (2 N - 1, L, 2 L - 1).
    #[getter]
    fn coefficient_shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.plan.coeffs_shape())
    }

    fn __repr__(&self) -> String {
        format!(
            "So3({}, {}, {:?}, fast={})",
            self.band_limit(),
            self.order_limit(),
            self.sampling(),
            if self.fast { "True" } else { "False" }
        )
    }

    /// Pickles and copies make the plan anew, from its arguments.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        let options = PyDict::new(py);
        options.set_item("fast", self.fast)?;
        let arguments = (self.band_limit(), self.order_limit(), self.sampling());
        reduced::<So3>(py, &options, arguments)
    }
}

impl So3 {
    fn build(
        py: Python<'_>,
        limit: usize,
        orders: usize,
        sampling: Sampling,
        fast: bool,
    ) -> PyResult<Self> {
        let plan = py.detach(|| {
            let grid = match fast {
                true => RotationGrid::fast(limit, orders, sampling)?,
                false => RotationGrid::with_order_limit(limit, orders, sampling)?,
            };
            WignerPlanner::new().plan_on(limit, &grid)
        });
        Ok(So3 {
            plan: plan.or_raise()?,
            fast,
            scratch: Stock::new(),
        })
    }

    fn coefficients_of<'py, T: Sample>(
        &self,
        py: Python<'py>,
        samples: ArrayViewD<'_, T>,
        shape: &[usize],
    ) -> PyResult<Bound<'py, PyArrayDyn<Complex64>>> {
        let coeffs = py.detach(|| -> haarmonic::Result<_> {
            let mut coeffs = zeros(shape)?;
            let make = || self.plan.make_scratch();
            self.scratch.with(make, |scratch| {
                self.plan.forward_into(samples, coeffs.view_mut(), scratch)
            })?;
            Ok(coeffs)
        });
        Ok(output(py, coeffs.or_raise()?))
    }

    fn samples_of<'py, T: Sample + Element>(
        &self,
        py: Python<'py>,
        coeffs: ArrayViewD<'_, Complex64>,
        shape: &[usize],
    ) -> PyResult<Bound<'py, PyAny>> {
        let samples = py.detach(|| -> haarmonic::Result<_> {
            let mut samples = zeros::<T>(shape)?;
            let make = || self.plan.make_scratch();
            self.scratch.with(make, |scratch| {
                self.plan.inverse_into(coeffs, samples.view_mut(), scratch)
            })?;
            Ok(samples)
        });
        Ok(output(py, samples.or_raise()?).into_any())
    }
}

/// Computes the cross-correlation of two signals on the sphere, at the rotations R of a grid.
///
/// K(R) is the mean over x of conj(f(x)) g(R x), summed over channels: the second signal is rotated by the inverse of R.
///
/// Parameters
/// ----------
/// f, g : array, shape [L (L + 1) / 2] or [L, 2 L - 1], or with one more leading axis for channels
///     Coefficients; the shape tells the layout: real signals with m >= 0, or all orders.
/// plan : So3, optional
///     The grid of rotations, with the band limit of the signals and N = L; ``So3(L)`` unless given.
/// layout : "half" or "full", optional
///     Needed only where a shape fits both.
///
/// Returns
/// -------
/// array, shape [gamma, beta, alpha]
///     float64 for the half layout, complex128 for the full one.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic import So3, correlate
/// >>> z = np.array([0, 1, 0])                        # Y_10
/// >>> k = correlate(z, z)
/// >>> beta = So3(2).angles()[1]
/// >>> bool(np.allclose(k, np.cos(beta) / (4 * np.pi)))
/// True
#[pyfunction]
#[pyo3(signature = (f, g, *, plan=None, layout=None))]
fn correlate<'py>(
    py: Python<'py>,
    f: &Bound<'py, PyAny>,
    g: &Bound<'py, PyAny>,
    plan: Option<&Bound<'py, So3>>,
    layout: Option<&str>,
) -> PyResult<Bound<'py, PyAny>> {
    let given = Layout::parse(layout)?;
    let (f, g) = (channels(f, "f", given)?, channels(g, "g", given)?);
    let plan = match plan {
        Some(plan) => plan.get().plan.clone(),
        None => So3::build(py, f.limit, f.limit, Sampling::GaussLegendre, false)?.plan,
    };
    match (f.layout, g.layout) {
        (Layout::Half, Layout::Half) => {
            let samples =
                py.detach(|| so3::correlate_real(&plan, f.coeffs.view(), g.coeffs.view()));
            Ok(output(py, samples.or_raise()?.into_dyn()).into_any())
        }
        (Layout::Full, Layout::Full) => {
            let samples = py.detach(|| so3::correlate(&plan, f.coeffs.view(), g.coeffs.view()));
            Ok(output(py, samples.or_raise()?.into_dyn()).into_any())
        }
        _ => Err(PyValueError::new_err(
            "f, g: found two layouts, expected one",
        )),
    }
}

/// The channels of a signal, with all orders.
pub(crate) struct Channels {
    pub(crate) coeffs: Array3<Complex64>,
    pub(crate) layout: Layout,
    /// L.
    pub(crate) limit: usize,
}

/// Reads the coefficients of one signal with or without an axis of channels.
///
/// # Errors
/// `ValueError` for other shapes.
pub(crate) fn channels(
    value: &Bound<'_, PyAny>,
    what: &str,
    given: Option<Layout>,
) -> PyResult<Channels> {
    let input = complex(value, what)?;
    let coeffs = input.view();
    let reading = layout::read(coeffs.shape(), given, None)?;
    let axes = reading.layout.axes(reading.limit);
    let count = match &coeffs.shape()[..coeffs.ndim() - axes.len()] {
        [] => 1,
        [count] => *count,
        leading => {
            return Err(PyValueError::new_err(format!(
                "{what}: found leading axes {leading:?}, expected at most one, for channels"
            )));
        }
    };
    let coeffs = coeffs.to_shape(IxDyn(&[&[count], &axes[..]].concat()));
    let coeffs = coeffs.expect("at most one axis was added");
    let mut all = Array3::zeros((count, reading.limit, 2 * reading.limit - 1));
    for (channel, mut out) in coeffs.outer_iter().zip(all.axis_iter_mut(Axis(0))) {
        out.assign(&layout::full(&channel, reading).or_raise()?);
    }
    Ok(Channels {
        coeffs: all,
        layout: reading.layout,
        limit: reading.limit,
    })
}
