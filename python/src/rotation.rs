//! Rotations as arguments, and `CoefficientRotation`: plans of rotated signals.

use crate::arguments::{band_limit, replace_axes};
use crate::arrays::{complex, output, real, zeros};
use crate::errors::OrRaise;
use crate::layout::{self, Layout};
use crate::pickle::{Reduced, reduced};
use crate::threads::{Stock, Threads};
use haarmonic::group::{EulerZyz, Rotation};
use haarmonic::sphere::{self, CoefficientRotationScratch};
use numpy::{Complex64, PyArrayDyn};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Registers the classes and functions of this file.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<CoefficientRotation>()?;
    module.add_function(wrap_pyfunction!(rotate_coefficients, module)?)
}

/// Reads a rotation: ZYZ angles (alpha, beta, gamma), a matrix of shape [3, 3], or a `Rotation` of SciPy.
///
/// # Errors
/// `ValueError` for other shapes, matrices that are no rotations, and values that are not finite.
pub(crate) fn euler(value: &Bound<'_, PyAny>) -> PyResult<EulerZyz> {
    // The usual case, without an array.
    if let Ok((alpha, beta, gamma)) = value.extract() {
        return EulerZyz::new(alpha, beta, gamma).or_raise();
    }
    if value.hasattr("as_quat")? {
        let quaternion = value.call_method0("as_quat")?;
        let input = real(&quaternion, "rotation")?;
        let entries: Vec<f64> = input.view().iter().copied().collect();
        // SciPy has the real part last.
        return match (input.view().ndim(), entries.as_slice()) {
            (1, &[x, y, z, w]) => Ok(Rotation::from_quaternion([w, x, y, z])
                .or_raise()?
                .euler_zyz()),
            _ => Err(PyValueError::new_err(
                "rotation: found several rotations, expected a single one",
            )),
        };
    }
    let input = real(value, "rotation")?;
    let entries: Vec<f64> = input.view().iter().copied().collect();
    match (input.view().shape(), entries.as_slice()) {
        ([3], &[alpha, beta, gamma]) => EulerZyz::new(alpha, beta, gamma).or_raise(),
        ([3, 3], &[a, b, c, d, e, f, g, h, i]) => {
            let matrix = [[a, b, c], [d, e, f], [g, h, i]];
            Ok(Rotation::from_matrix(matrix).or_raise()?.euler_zyz())
        }
        (shape, _) => Err(PyValueError::new_err(format!(
            "rotation: found shape {shape:?}, expected ZYZ angles (alpha, beta, gamma), a matrix [3, 3] or a SciPy Rotation"
        ))),
    }
}

/// A plan of rotations of signals through their coefficients, for one ``lmax`` and one layout.
///
/// Rotations are active: a feature at x is found at R x afterwards, with R = Rz(alpha) Ry(beta) Rz(gamma), so gamma acts first.
/// healpy's and ducc0's ``rotate_alm(alm, psi, theta, phi)`` is the rotation (alpha, beta, gamma) = (phi, theta, psi). The plan does
/// not change, threads may share it, and it pickles.
///
/// Parameters
/// ----------
/// lmax : int
///     The largest degree, inclusive.
/// layout : "half" or "full"
///     "half" for real signals, "full" for complex ones; see ``Sht``.
/// threads : int, optional
///     Threads that share the signals of a batch; None for all processors.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic import CoefficientRotation
/// >>> z = np.array([0, 1, 0])                        # Y_10, proportional to z
/// >>> x = CoefficientRotation(1).rotate(z, (0, np.pi / 2, 0))
/// >>> print(f"{x[2].real:.6f}")                      # now proportional to x
/// -0.707107
#[pyclass(frozen, module = "haarmonic")]
pub(crate) struct CoefficientRotation {
    plan: sphere::CoefficientRotation,
    layout: Layout,
    threads: Threads,
    scratch: Stock<CoefficientRotationScratch>,
}

#[pymethods]
impl CoefficientRotation {
    #[new]
    #[pyo3(
        signature = (lmax, layout="half", *, threads=Some(1)),
        text_signature = "(lmax, layout='half', *, threads=1)"
    )]
    fn new(py: Python<'_>, lmax: i64, layout: &str, threads: Option<i64>) -> PyResult<Self> {
        let limit = band_limit(lmax)?;
        let layout = Layout::parse(Some(layout))?.expect("a name was given");
        Self::build(py, limit, layout, Threads::new(threads)?)
    }

    /// Rotates signals actively.
    ///
    /// Parameters
    /// ----------
    /// coefficients : array, shape [..] + the shape of the layout
    ///     Of the half layout the imaginary parts at m = 0 are not used.
    /// rotation
    ///     ZYZ angles (alpha, beta, gamma) in radians, a matrix of shape [3, 3], or a SciPy ``Rotation``.
    ///
    /// Returns
    /// -------
    /// array of complex128, the shape of ``coefficients``
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> from haarmonic import CoefficientRotation
    /// >>> rotation = CoefficientRotation(5)
    /// >>> alm = np.arange(21.0)
    /// >>> back = rotation.rotate(rotation.rotate(alm, (0.1, 0.2, 0.3)), (-0.3, -0.2, -0.1))
    /// >>> bool(np.allclose(back, alm))
    /// True
    fn rotate<'py>(
        &self,
        py: Python<'py>,
        coefficients: &Bound<'py, PyAny>,
        rotation: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArrayDyn<Complex64>>> {
        let euler = euler(rotation)?;
        let coefficients = complex(coefficients, "coefficients")?;
        let coeffs = coefficients.view();
        let axes = self.layout.axes(self.plan.band_limit());
        let shape = replace_axes("coefficients", coeffs.shape(), &axes, &axes)?;
        let make = || match self.threads.many() {
            true => self.plan.make_parallel_scratch(),
            false => self.plan.make_scratch(),
        };
        let rotated = py.detach(|| {
            let work = || -> haarmonic::Result<_> {
                let mut rotated = zeros(&shape)?;
                self.scratch.with(make, |scratch| {
                    self.plan
                        .rotate_into(coeffs, &euler, rotated.view_mut(), scratch)
                })?;
                Ok(rotated)
            };
            self.threads.run(work)?.or_raise()
        })?;
        Ok(output(py, rotated))
    }

    /// The largest degree, inclusive.
    #[getter]
    fn lmax(&self) -> usize {
        self.plan.band_limit() - 1
    }

    /// The layout of coefficients, "half" or "full".
    #[getter]
    fn layout(&self) -> &'static str {
        self.layout.name()
    }

    /// Threads of a call; None for all processors.
    #[getter]
    fn threads(&self) -> Option<usize> {
        self.threads.asked()
    }

    fn __repr__(&self) -> String {
        let layout = self.layout.name();
        format!(
            "CoefficientRotation({}, {layout:?}, threads={})",
            self.lmax(),
            self.threads
        )
    }

    /// Pickles and copies make the plan anew, from its arguments.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        let options = PyDict::new(py);
        options.set_item("threads", self.threads.asked())?;
        reduced::<CoefficientRotation>(py, &options, (self.lmax(), self.layout.name()))
    }
}

impl CoefficientRotation {
    fn build(py: Python<'_>, limit: usize, layout: Layout, threads: Threads) -> PyResult<Self> {
        let plan = py.detach(|| match layout {
            Layout::Half => sphere::CoefficientRotation::half(limit),
            Layout::Full => sphere::CoefficientRotation::complex(limit),
        });
        Ok(CoefficientRotation {
            plan: plan.or_raise()?,
            layout,
            threads,
            scratch: Stock::new(),
        })
    }
}

/// Rotates signals actively, making the tables for this one call; see ``CoefficientRotation``.
///
/// Parameters
/// ----------
/// coefficients : array, shape [.., L (L + 1) / 2] or [.., L, 2 L - 1]
///     The shape tells the layout: real signals with m >= 0, or all orders.
/// rotation
///     ZYZ angles (alpha, beta, gamma) in radians, a matrix of shape [3, 3], or a SciPy ``Rotation``.
/// layout : "half" or "full", optional
///     Needed only where a shape fits both.
/// threads : int, optional
///     Threads that share the signals of a batch; None for all processors.
///
/// Returns
/// -------
/// array of complex128, the shape of ``coefficients``
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic import rotate_coefficients
/// >>> y11 = np.zeros((2, 3))
/// >>> y11[1, 2] = 1                                  # exp(i phi) becomes exp(i (phi - alpha))
/// >>> rotated = rotate_coefficients(y11, (0.5, 0, 0))
/// Traceback (most recent call last):
/// ...
/// ValueError: coefficients: the shape [2, 3] fits both layouts, expected layout="half" or layout="full"
/// >>> rotated = rotate_coefficients(y11, (0.5, 0, 0), layout="full")
/// >>> print(f"{np.angle(rotated[1, 2]):.3f}")
/// -0.500
#[pyfunction]
#[pyo3(
    signature = (coefficients, rotation, *, layout=None, threads=Some(1)),
    text_signature = "(coefficients, rotation, *, layout=None, threads=1)"
)]
fn rotate_coefficients<'py>(
    py: Python<'py>,
    coefficients: &Bound<'py, PyAny>,
    rotation: &Bound<'py, PyAny>,
    layout: Option<&str>,
    threads: Option<i64>,
) -> PyResult<Bound<'py, PyArrayDyn<Complex64>>> {
    let input = complex(coefficients, "coefficients")?;
    let reading = layout::read(input.view().shape(), Layout::parse(layout)?, None)?;
    let threads = Threads::new(threads)?;
    let plan = CoefficientRotation::build(py, reading.limit, reading.layout, threads)?;
    plan.rotate(py, coefficients, rotation)
}
