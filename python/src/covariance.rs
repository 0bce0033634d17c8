//! `Covariance`: heat and Matérn kernels on S² and SO(3).

use haarmonic::Error;
use haarmonic::covariance::{self, Family, Parameter, Space};
use haarmonic::ndarray::{Array1, ArrayD, ArrayView2, Ix2};
use numpy::PyArrayDyn;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::arrays::{Input, output, real};
use crate::errors::OrRaise;
use crate::pickle::{Reduced, reduced};

/// A stationary covariance on the sphere or on the rotation group, exact for any smoothness and length scale.
///
/// Points of the sphere are vectors (x, y, z), and rotations are quaternions (w, x, y, z) with the real part first; only their directions count.
/// SciPy's ``Rotation.as_quat(scalar_first=True)`` returns such quaternions. All processors work on matrices; objects do not change, and pickle.
///
/// Parameters
/// ----------
/// space : "sphere" or "rotations"
/// family : "heat" or "matern"
/// length_scale : float
///     In radians, from 1e-6 to 1e6.
/// nu : float, optional
///     The smoothness of a Matérn kernel, from 0.25 to 1000.
/// variance : float
///     The covariance of a point with itself.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic.covariance import Covariance
/// >>> covariance = Covariance("sphere", "matern", 0.5, nu=1.5)
/// >>> covariance.value([0.0, 0.5, np.pi]).round(6)
/// array([1.      , 0.501474, 0.001906])
#[pyclass(frozen, module = "haarmonic.covariance")]
pub(crate) struct Covariance(covariance::Covariance);

#[pymethods]
impl Covariance {
    #[new]
    #[pyo3(signature = (space, family, length_scale, *, nu=None, variance=1.0))]
    fn new(
        py: Python<'_>,
        space: &str,
        family: &str,
        length_scale: f64,
        nu: Option<f64>,
        variance: f64,
    ) -> PyResult<Self> {
        let space = match space {
            "sphere" => Space::Sphere,
            "rotations" => Space::Rotations,
            _ => return refuse("space", space, "'sphere' or 'rotations'"),
        };
        let family = match (family, nu) {
            ("heat", None) => Family::Heat,
            ("matern", Some(nu)) => Family::Matern { nu },
            ("heat", Some(_)) => return refuse("nu", "a number", "None for a heat kernel"),
            ("matern", None) => return refuse("nu", "None", "a number for a Matérn kernel"),
            _ => return refuse("family", family, "'heat' or 'matern'"),
        };
        py.detach(|| {
            covariance::Covariance::new(space, family, length_scale)?.with_variance(variance)
        })
        .map(Covariance)
        .or_raise()
    }

    /// The covariances of points at angles.
    ///
    /// Parameters
    /// ----------
    /// angle : array_like
    ///     In radians, from 0 to π: between two points of the sphere, or of the rotation from one rotation to the other. Any shape.
    ///
    /// Returns
    /// -------
    /// array of float64, the shape of ``angle``
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic.covariance import Covariance
    /// >>> float(Covariance("rotations", "heat", 0.3, variance=2.0).value(0.0))
    /// 2.0
    fn value<'py>(
        &self,
        py: Python<'py>,
        angle: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
        self.at_angles(py, angle, |covariance, angles| covariance.at_angles(angles))
    }

    /// The derivatives of the covariances of points at angles.
    ///
    /// Parameters
    /// ----------
    /// angle : array_like
    ///     As for ``value``.
    /// parameter : "length_scale" or "nu"
    ///
    /// Returns
    /// -------
    /// array of float64, the shape of ``angle``
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic.covariance import Covariance
    /// >>> covariance = Covariance("sphere", "matern", 0.5, nu=1.5)
    /// >>> bool(covariance.derivative(1.0, "length_scale") > 0)
    /// True
    #[pyo3(signature = (angle, parameter="length_scale"))]
    fn derivative<'py>(
        &self,
        py: Python<'py>,
        angle: &Bound<'py, PyAny>,
        parameter: &str,
    ) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
        let parameter = read_parameter(parameter)?;
        self.at_angles(py, angle, move |covariance, angles| {
            covariance.derivative_at_angles(parameter, angles)
        })
    }

    /// The covariances of all pairs of points.
    ///
    /// Parameters
    /// ----------
    /// points : array_like, [n, 3] or [n, 4]
    ///     Vectors or quaternions, of any positive length.
    ///
    /// Returns
    /// -------
    /// array of float64, [n, n]
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic.covariance import Covariance
    /// >>> Covariance("sphere", "heat", 0.5).gram([[0, 0, 1], [0, 0, 2]])
    /// array([[1., 1.],
    ///        [1., 1.]])
    fn gram<'py>(
        &self,
        py: Python<'py>,
        points: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
        let points = real(points, "points")?;
        let points = matrix(&points)?;
        let gram = py.detach(|| self.0.gram(points)).or_raise()?;
        Ok(output(py, gram.into_dyn()))
    }

    /// The covariances of the points of one set with those of another.
    ///
    /// Parameters
    /// ----------
    /// a, b : array_like
    ///     As for ``gram``.
    ///
    /// Returns
    /// -------
    /// array of float64, [len(a), len(b)]
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic.covariance import Covariance
    /// >>> Covariance("sphere", "heat", 0.5).cross([[0, 0, 1]], [[0, 0, 1], [0, 0, -1]]).round(6)
    /// array([[1., 0.]])
    fn cross<'py>(
        &self,
        py: Python<'py>,
        a: &Bound<'py, PyAny>,
        b: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
        let (a, b) = (real(a, "a")?, real(b, "b")?);
        let (a, b) = (matrix(&a)?, matrix(&b)?);
        let cross = py.detach(|| self.0.cross(a, b)).or_raise()?;
        Ok(output(py, cross.into_dyn()))
    }

    /// The derivatives of the covariances of all pairs of points, for ``Evidence.derivative``.
    ///
    /// Parameters
    /// ----------
    /// points : array_like
    ///     As for ``gram``.
    /// parameter : "length_scale" or "nu"
    ///
    /// Returns
    /// -------
    /// array of float64, [n, n]
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic.covariance import Covariance
    /// >>> Covariance("sphere", "heat", 0.5).gram_derivative([[0, 0, 1]])
    /// array([[0.]])
    #[pyo3(signature = (points, parameter="length_scale"))]
    fn gram_derivative<'py>(
        &self,
        py: Python<'py>,
        points: &Bound<'py, PyAny>,
        parameter: &str,
    ) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
        let parameter = read_parameter(parameter)?;
        let points = real(points, "points")?;
        let points = matrix(&points)?;
        let gram = py
            .detach(|| self.0.gram_derivative(parameter, points))
            .or_raise()?;
        Ok(output(py, gram.into_dyn()))
    }

    /// The eigenvalues of each degree, for the uniform law of mass 1.
    ///
    /// The kernel is the sum of ``(2 l + 1) * eigenvalues[l]`` times Legendre polynomials of the cosine of the angle on the sphere, or characters
    /// ``sin((l + 1/2) angle) / sin(angle / 2)`` on the rotation group.
    ///
    /// Parameters
    /// ----------
    /// degrees : int
    ///     The number of degrees.
    ///
    /// Returns
    /// -------
    /// array of float64, [degrees]
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> from haarmonic.covariance import Covariance
    /// >>> eigenvalues = Covariance("sphere", "heat", 0.5).spectrum(24)
    /// >>> print(f"{(2 * np.arange(24) + 1) @ eigenvalues:.12f}")
    /// 1.000000000000
    fn spectrum<'py>(
        &self,
        py: Python<'py>,
        degrees: usize,
    ) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
        let eigenvalues = py.detach(|| self.0.spectrum(degrees)).or_raise()?;
        Ok(output(py, Array1::from(eigenvalues).into_dyn()))
    }

    /// An upper bound of the error of the series over the degrees below ``degrees``, at any angle.
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic.covariance import Covariance
    /// >>> round(Covariance("sphere", "matern", 0.5, nu=0.5).tail(100), 3)
    /// 0.019
    fn tail(&self, py: Python<'_>, degrees: usize) -> PyResult<f64> {
        py.detach(|| self.0.tail(degrees)).or_raise()
    }

    /// A matrix F with ``F @ F.T`` the Gram matrix of the series over the degrees below ``degrees``.
    ///
    /// Parameters
    /// ----------
    /// points : array_like
    ///     As for ``gram``.
    /// degrees : int
    ///     The number L of degrees.
    ///
    /// Returns
    /// -------
    /// array of float64, [n, L²] on the sphere, [n, L (4 L² - 1) / 3] on the rotation group
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic.covariance import Covariance
    /// >>> features = Covariance("rotations", "heat", 1.0).features([[1, 0, 0, 0], [0, 1, 0, 0]], 10)
    /// >>> features.shape, bool(abs(features[0] @ features[0] - 1) < 1e-14)
    /// ((2, 1330), True)
    fn features<'py>(
        &self,
        py: Python<'py>,
        points: &Bound<'py, PyAny>,
        degrees: usize,
    ) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
        let points = real(points, "points")?;
        let points = matrix(&points)?;
        let features = py.detach(|| self.0.features(points, degrees)).or_raise()?;
        Ok(output(py, features.into_dyn()))
    }

    /// "sphere" or "rotations".
    #[getter]
    fn space(&self) -> &'static str {
        match self.0.space() {
            Space::Sphere => "sphere",
            Space::Rotations => "rotations",
        }
    }

    /// "heat" or "matern".
    #[getter]
    fn family(&self) -> &'static str {
        match self.0.family() {
            Family::Heat => "heat",
            Family::Matern { .. } => "matern",
        }
    }

    /// The length scale in radians.
    #[getter]
    fn length_scale(&self) -> f64 {
        self.0.length_scale()
    }

    /// The smoothness; None for a heat kernel.
    #[getter]
    fn nu(&self) -> Option<f64> {
        match self.0.family() {
            Family::Heat => None,
            Family::Matern { nu } => Some(nu),
        }
    }

    /// The covariance of a point with itself.
    #[getter]
    fn variance(&self) -> f64 {
        self.0.variance()
    }

    fn __repr__(&self) -> String {
        let nu = self.nu().map_or(String::new(), |nu| format!(", nu={nu}"));
        format!(
            "Covariance('{}', '{}', {}{nu}, variance={})",
            self.space(),
            self.family(),
            self.length_scale(),
            self.variance()
        )
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        let options = PyDict::new(py);
        options.set_item("nu", self.nu())?;
        options.set_item("variance", self.variance())?;
        let arguments: Bound<'py, PyTuple> =
            (self.space(), self.family(), self.length_scale()).into_pyobject(py)?;
        reduced::<Covariance>(py, &options, arguments)
    }
}

impl Covariance {
    /// A function of angles, for an array of any shape.
    fn at_angles<'py>(
        &self,
        py: Python<'py>,
        angle: &Bound<'py, PyAny>,
        function: impl Fn(&covariance::Covariance, &[f64]) -> haarmonic::Result<Vec<f64>> + Sync + Send,
    ) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
        let input = real(angle, "angle")?;
        let angles = input.view();
        let found = py.detach(|| {
            let all: Vec<f64> = angles.iter().copied().collect();
            function(&self.0, &all)
        });
        let values = ArrayD::from_shape_vec(angles.raw_dim(), found.or_raise()?);
        Ok(output(py, values.expect("a value for each angle")))
    }
}

fn read_parameter(name: &str) -> PyResult<Parameter> {
    match name {
        "length_scale" => Ok(Parameter::LengthScale),
        "nu" => Ok(Parameter::Smoothness),
        _ => refuse("parameter", name, "'length_scale' or 'nu'"),
    }
}

fn refuse<T>(what: &str, found: &str, expected: &str) -> PyResult<T> {
    Err(Error::invalid(what, found.to_owned(), expected)).or_raise()
}

/// An array of two axes.
fn matrix<'a>(input: &'a Input<'_, f64>) -> PyResult<ArrayView2<'a, f64>> {
    let view = input.view();
    let shape = view.shape().to_vec();
    view.into_dimensionality::<Ix2>()
        .map_err(|_| Error::shape("points", "[n, 3] or [n, 4]", shape))
        .or_raise()
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Covariance>()
}
