//! `best_rotation`: the rotation of one signal on the sphere that fits another signal best.

use crate::arguments::{band_limit, row};
use crate::arrays::real;
use crate::axes::with_axes;
use crate::errors::OrRaise;
use crate::layout::Layout;
use crate::so3::{Channels, channels};
use haarmonic::group::Rotation;
use haarmonic::so3;
use numpy::ndarray::aview2;
use numpy::{Complex64, IntoPyArray, PyArray2, PyArray3, ToPyArray};
use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;

/// Registers the classes and functions of this file.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<BestRotation>()?;
    module.add_class::<RotationMatcher>()?;
    module.add_function(wrap_pyfunction!(point_shells, module)?)?;
    module.add_function(wrap_pyfunction!(best_rotation, module)?)
}

/// The outcome of ``best_rotation``. An example is at this function.
#[pyclass(frozen, module = "haarmonic")]
pub(crate) struct BestRotation {
    best: so3::BestRotation,
}

#[pymethods]
impl BestRotation {
    #[new]
    fn new(
        quaternion: [f64; 4],
        value: f64,
        score: f64,
        runner_up: Option<f64>,
        steps: usize,
        curvature: [[f64; 3]; 3],
    ) -> PyResult<Self> {
        let rotation = Rotation::from_quaternion(quaternion).or_raise()?;
        let best = so3::BestRotation {
            rotation,
            value,
            score,
            runner_up,
            steps,
            curvature,
        };
        Ok(BestRotation { best })
    }

    /// The rotation R as a ``scipy.spatial.transform.Rotation``; ImportError without SciPy.
    #[getter]
    fn rotation<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let scipy = py.import("scipy.spatial.transform").map_err(|_| {
            PyImportError::new_err("rotation needs SciPy; matrix, euler and quaternion do not")
        })?;
        let (w, x, y, z) = self.quaternion();
        scipy
            .getattr("Rotation")?
            .call_method1("from_quat", ([x, y, z, w],))
    }

    /// The matrix of R, shape [3, 3]: it takes x to R x.
    #[getter]
    fn matrix<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray2<f64>> {
        aview2(&self.best.rotation.to_matrix()).to_pyarray(py)
    }

    /// The ZYZ angles (alpha, beta, gamma) of R in radians, R = Rz(alpha) Ry(beta) Rz(gamma): alpha and gamma from 0 to 2 pi, beta from 0 to pi.
    #[getter]
    fn euler(&self) -> (f64, f64, f64) {
        let euler = self.best.rotation.euler_zyz();
        (euler.alpha(), euler.beta(), euler.gamma())
    }

    /// The unit quaternion (w, x, y, z) of R, real part first.
    #[getter]
    fn quaternion(&self) -> (f64, f64, f64, f64) {
        let [w, x, y, z] = self.best.rotation.to_quaternion();
        (w, x, y, z)
    }

    /// The largest value of the integral of f(x) g(inverse(R) x), summed over channels.
    #[getter]
    fn value(&self) -> f64 {
        self.best.value
    }

    /// The value divided by the norms of f and g: 1 only if the rotated g is a positive multiple of f.
    #[getter]
    fn score(&self) -> f64 {
        self.best.score
    }

    /// The score of the next lower local maximum among the refined ones, or None.
    #[getter]
    fn runner_up(&self) -> Option<f64> {
        self.best.runner_up
    }

    /// Newton steps from the grid point to the rotation.
    #[getter]
    fn steps(&self) -> usize {
        self.best.steps
    }

    /// Minus the second derivatives of the value in the rotation vector about the axes x, y and z, shape [3, 3].
    #[getter]
    fn curvature<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray2<f64>> {
        aview2(&self.best.curvature).to_pyarray(py)
    }

    /// Computes the covariance matrix of the rotation vector, in radians^2, where f is the rotated g with noise.
    ///
    /// Parameters
    /// ----------
    /// noise : float
    ///     The variance of the coefficients of the noise, the spectrum C_l of white noise.
    ///
    /// Returns
    /// -------
    /// array of float64, shape [3, 3]
    ///     Valid for little noise: standard deviations below about 1 / lmax.
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> from haarmonic import best_rotation
    /// >>> f = np.array([0, 1, 0, 0, 0, 1])               # z and x^2 - y^2 in some unit
    /// >>> print(best_rotation(f, f).covariance(1e-4)[2, 2].round(9))
    /// 1.25e-05
    fn covariance<'py>(&self, py: Python<'py>, noise: f64) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let covariance = self.best.covariance(noise).or_raise()?;
        Ok(aview2(&covariance).to_pyarray(py))
    }

    fn __repr__(&self) -> String {
        let (alpha, beta, gamma) = self.euler();
        let score = self.best.score;
        format!("BestRotation(euler=({alpha:.6}, {beta:.6}, {gamma:.6}), score={score:.6})")
    }

    #[allow(clippy::type_complexity)] // The arguments of the constructor.
    fn __getnewargs__(&self) -> ([f64; 4], f64, f64, Option<f64>, usize, [[f64; 3]; 3]) {
        let best = &self.best;
        (
            best.rotation.to_quaternion(),
            best.value,
            best.score,
            best.runner_up,
            best.steps,
            best.curvature,
        )
    }
}

/// Finds best rotations for signals of one ``lmax``: the tables of ``best_rotation``, for many pairs.
///
/// The matcher does not change, threads may share it, and it pickles.
///
/// Parameters
/// ----------
/// lmax : int
///     The largest degree, inclusive.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic import RotationMatcher
/// >>> matcher = RotationMatcher(1)
/// >>> x, z = np.array([0, 0, -np.sqrt(0.5)]), np.array([0, 1, 0])
/// >>> best = matcher.best_rotation(z, x)             # takes x to z
/// >>> bool(np.allclose(best.matrix @ [1, 0, 0], [0, 0, 1]))
/// True
#[pyclass(frozen, module = "haarmonic")]
pub(crate) struct RotationMatcher {
    matcher: so3::RotationMatcher,
}

#[pymethods]
impl RotationMatcher {
    #[new]
    fn new(py: Python<'_>, lmax: i64) -> PyResult<Self> {
        Self::build(py, band_limit(lmax)?)
    }

    /// The largest degree, inclusive.
    #[getter]
    fn lmax(&self) -> usize {
        self.matcher.band_limit() - 1
    }

    /// Finds the rotation R that maximises the integral of f(x) g(inverse(R) x); see ``haarmonic.best_rotation``.
    #[pyo3(signature = (f, g, *, layout=None))]
    fn best_rotation(
        &self,
        py: Python<'_>,
        f: &Bound<'_, PyAny>,
        g: &Bound<'_, PyAny>,
        layout: Option<&str>,
    ) -> PyResult<BestRotation> {
        let given = Layout::parse(layout)?;
        self.find(py, &channels(f, "f", given)?, &channels(g, "g", given)?)
    }

    fn __repr__(&self) -> String {
        format!("RotationMatcher({})", self.lmax())
    }

    fn __getnewargs__(&self) -> (usize,) {
        (self.lmax(),)
    }
}

impl RotationMatcher {
    fn build(py: Python<'_>, limit: usize) -> PyResult<Self> {
        let matcher = py.detach(|| so3::RotationMatcher::new(limit)).or_raise()?;
        Ok(RotationMatcher { matcher })
    }

    fn find(&self, py: Python<'_>, f: &Channels, g: &Channels) -> PyResult<BestRotation> {
        let best = py.detach(|| self.matcher.best_rotation(f.coeffs.view(), g.coeffs.view()));
        Ok(BestRotation {
            best: best.or_raise()?,
        })
    }
}

/// Finds the rotation R that maximises the integral of f(x) g(inverse(R) x) over the sphere, for two real signals.
///
/// The signal g is rotated actively, as by ``rotate_coefficients``: if f is g rotated by R, the result is R. For many pairs,
/// ``RotationMatcher`` makes its tables once.
///
/// Parameters
/// ----------
/// f, g : array, shape [L (L + 1) / 2] or [L, 2 L - 1], or with one more leading axis for channels
///     Coefficients of real signals; the shape tells the layout.
/// layout : "half" or "full", optional
///     Needed only where a shape fits both.
///
/// Returns
/// -------
/// BestRotation
///     With ``rotation`` (SciPy), ``matrix``, ``euler``, ``quaternion``, ``score``, ``value``, ``runner_up`` and ``steps``. The rotation is
///     within about 1e-12 rad of the maximiser.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic import best_rotation, rotate_coefficients
/// >>> g = np.random.default_rng(0).normal(size=45)
/// >>> f = rotate_coefficients(g, (0.4, 1.1, 2.0))
/// >>> best_rotation(f, g)
/// BestRotation(euler=(0.400000, 1.100000, 2.000000), score=1.000000)
#[pyfunction]
#[pyo3(signature = (f, g, *, layout=None))]
fn best_rotation(
    py: Python<'_>,
    f: &Bound<'_, PyAny>,
    g: &Bound<'_, PyAny>,
    layout: Option<&str>,
) -> PyResult<BestRotation> {
    let given = Layout::parse(layout)?;
    let (f, g) = (channels(f, "f", given)?, channels(g, "g", given)?);
    RotationMatcher::build(py, f.limit)?.find(py, &f, &g)
}

/// Computes the signals of a cloud of points on concentric spheres, for ``best_rotation``.
///
/// Each point is spread over the shells by a Gaussian of its distance to them, and is a band-limited delta on each. The rotation between the signals of
/// two clouds aligns the clouds about the origin; no pairs of points need to be known.
///
/// Parameters
/// ----------
/// points : array, shape [n, 3]
/// lmax : int
///     The largest degree, inclusive.
/// radii : array, shape [shells]
/// width : float
///     The standard deviation of the Gaussian.
/// weights : array, shape [n], optional
///     One unless given.
///
/// Returns
/// -------
/// array of complex128, shape [shells, L, 2 L - 1], in the full layout
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic import best_rotation, point_shells
/// >>> cloud = np.array([[1.0, 0, 0], [0, 1.5, 0], [0.3, 0.2, 1.2], [-0.5, -0.9, 0.4]])
/// >>> turned = cloud[::-1] @ np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]])      # by a quarter turn, in another order
/// >>> one, other = (point_shells(points, 7, [0.9, 1.2, 1.5], 0.2) for points in (turned, cloud))
/// >>> print(abs(best_rotation(one, other, layout="full").matrix.round(6)))
/// [[0. 1. 0.]
///  [1. 0. 0.]
///  [0. 0. 1.]]
#[pyfunction]
#[pyo3(signature = (points, lmax, radii, width, weights=None))]
fn point_shells<'py>(
    py: Python<'py>,
    points: &Bound<'py, PyAny>,
    lmax: i64,
    radii: &Bound<'py, PyAny>,
    width: f64,
    weights: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyArray3<Complex64>>> {
    let limit = band_limit(lmax)?;
    let (points, radii) = (real(points, "points")?, row(radii, "radii")?);
    let points = with_axes::<_, haarmonic::ndarray::Ix2>(points.view(), "points", "[n, 3]")?;
    let weights = weights.map(|weights| row(weights, "weights")).transpose()?;
    let signals = py.detach(|| {
        so3::PointShells::new(limit, &radii, width)?.signals(points, weights.as_deref())
    });
    Ok(signals.or_raise()?.into_pyarray(py))
}
