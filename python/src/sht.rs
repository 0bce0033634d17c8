//! `Sht`: plans of the spherical-harmonic transform on grids, on the HEALPix grid and on any rings.

mod verbs;

use crate::arguments::{band_limit, count, row};
use crate::errors::OrRaise;
use crate::layout::Layout;
use crate::pickle::{Reduced, reduced};
use crate::threads::{Stock, Threads};
use haarmonic::sphere::{
    Gradient, Grid as Product, GridFamily, Ring, RingGradient, RingPlan, Rings, Sampling, ShtPlan,
    ShtPlanner, ShtScratch, SpinPlan, SpinRingPlan, fast_longitudes,
};
use numpy::ndarray::Array1;
use numpy::{Complex64, IntoPyArray, PyArray1, PyArrayDyn, PyArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType};
use std::f64::consts::PI;
use std::sync::{Arc, Mutex};

/// Registers the classes of this file.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Sht>()
}

/// Where the samples lie, as the caller gave it.
enum Grid {
    Product {
        /// The name that the caller used.
        name: &'static str,
        grid: Product,
    },
    Healpix {
        nside: usize,
    },
    Rings {
        weights: Option<Vec<f64>>,
    },
}

/// The plan of the crate.
enum Plan {
    Product(Arc<ShtPlan>),
    Rings(Box<RingPlan>),
    Spin(Box<SpinPlan>),
    SpinRings(Box<SpinRingPlan>),
}

macro_rules! each_plan {
    ($plan:expr, $name:ident => $work:expr) => {
        match $plan {
            Plan::Product($name) => $work,
            Plan::Rings($name) => $work,
            Plan::Spin($name) => $work,
            Plan::SpinRings($name) => $work,
        }
    };
}
use each_plan;

/// The plan of gradients of the crate.
enum GradientPlan {
    Product(Gradient),
    Rings(RingGradient),
}

/// From samples to coefficients.
#[derive(Clone, Copy)]
enum Analysis {
    Quadrature { iterations: usize },
    LeastSquares { tolerance: f64 },
    Adjoint,
}

/// From coefficients to samples.
#[derive(Clone, Copy)]
enum Synthesis {
    Sum,
    Adjoint,
    Gradient,
}

/// A plan of the spherical-harmonic transform: tables for one degree `lmax` and one set of points.
///
/// Harmonics are orthonormal, with the Condon-Shortley phase and exp(i m phi), as in healpy, ducc0 and SciPy. Plans do not
/// change: threads may share them, and they pickle. A call releases the interpreter lock. Leading axes of every array are
/// a batch.
///
/// The type of samples tells the kind of signal: float64 and float32 are real, complex128 and complex64 are complex. There are two
/// layouts of coefficients (complex128), with L = lmax + 1:
///
/// * ``"half"``: shape [.., L (L + 1) / 2], entry m (2 lmax + 1 - m) / 2 + l, only m >= 0, for real signals. It is the layout of
///   healpy and ducc0.
/// * ``"full"``: shape [.., L, 2 L - 1], entry [l, m + lmax], all orders. It is the layout of s2fft.
///
/// With ``spin`` other than 0, real samples have shape [.., 2] + the shape of a scalar (Q and U, or the components along theta and
/// phi), and their coefficients have shape [.., 2, L (L + 1) / 2] (E and B), with the signs of healpy: the coefficients of Q + i U are
/// -(E + i B).
///
/// Parameters
/// ----------
/// lmax : int
///     The largest degree, inclusive.
/// sampling : str
///     ``"gauss-legendre"`` (L rings, the fastest), ``"driscoll-healy"`` (2 L rings), ``"mcewen-wiaux"`` (L rings, the last one is
///     the south pole), ``"clenshaw-curtis"`` (2 L rings, both poles), or ``"healpix"`` with ``nside``, in ring order. The
///     first four have an exact sampling theorem; HEALPix does not. With ``rings`` it is the family of the rings; further families
///     are ``"fejer1"`` (midpoints: the cells of a latitude-longitude map), ``"fejer2"``, ``"mcewen-wiaux-north"`` and
///     ``"north-pole"``, which have L rings unless ``rings`` is given.
/// spin : int
///     The spin weight.
/// mmax : int, optional
///     The largest order, inclusive; lmax unless given. The half layout has (mmax + 1) (2 lmax + 2 - mmax) / 2 entries, and
///     the full one the shape [.., lmax + 1, 2 mmax + 1].
/// nside : int, optional
///     The resolution of HEALPix, any number from 1 on.
/// rings : int, optional
///     The number of rings: L + 1 at least for "clenshaw-curtis", L for other families.
/// longitudes : int or "fast", optional
///     The number of points on each ring of a grid: 2 mmax + 1 unless given, "fast" for the next number without prime factors above
///     five. Where the number is a prime, "fast" is several times faster.
/// first_longitude : float
///     The longitude of the first point of each ring of a grid, in radians.
/// threads : int, optional
///     Threads of a call; None for all processors. Results do not depend on it.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic import Sht
/// >>> plan = Sht(8)
/// >>> theta, phi = plan.angles()
/// >>> signal = np.sin(theta) * np.cos(phi)          # x on the unit sphere
/// >>> alm = plan.analysis(signal)
/// >>> alm.shape                                     # m >= 0, as in healpy
/// (45,)
/// >>> print(f"{alm[9].real:.6f}")                   # l = m = 1: -sqrt(2 pi / 3)
/// -1.447203
/// >>> bool(np.allclose(plan.synthesis(alm), signal))
/// True
#[pyclass(frozen, module = "haarmonic")]
pub(crate) struct Sht {
    grid: Grid,
    spin: i32,
    plan: Plan,
    /// Made by the first call that needs it.
    gradient: Mutex<Option<Arc<GradientPlan>>>,
    threads: Threads,
    scratch: Stock<ShtScratch>,
}

#[pymethods]
impl Sht {
    #[new]
    #[pyo3(
        signature = (lmax, sampling="gauss-legendre", *, spin=0, mmax=None, nside=None, rings=None, longitudes=None, first_longitude=0.0, threads=Some(1)),
        text_signature = "(lmax, sampling='gauss-legendre', *, spin=0, mmax=None, nside=None, rings=None, longitudes=None, first_longitude=0.0, threads=1)"
    )]
    #[allow(clippy::too_many_arguments)] // One for each argument of Python.
    fn new(
        py: Python<'_>,
        lmax: i64,
        sampling: &str,
        spin: i32,
        mmax: Option<i64>,
        nside: Option<i64>,
        rings: Option<i64>,
        longitudes: Option<&Bound<'_, PyAny>>,
        first_longitude: f64,
        threads: Option<i64>,
    ) -> PyResult<Self> {
        let limit = band_limit(lmax)?;
        let orders = order_limit(mmax, limit)?;
        let threads = Threads::new(threads)?;
        if sampling == "healpix" {
            let Some(nside) = nside else {
                return Err(PyValueError::new_err(
                    "nside: found None, expected the resolution of the HEALPix grid",
                ));
            };
            if rings.is_some() || longitudes.is_some() || first_longitude != 0.0 {
                return Err(PyValueError::new_err(
                    "sampling \"healpix\": expected no rings, longitudes and first_longitude",
                ));
            }
            let nside = count("nside", nside, 1)?;
            let plan = || {
                let rings = Rings::healpix(nside)?;
                let weights = vec![4.0 * PI / rings.samples() as f64; rings.rings().len()];
                on_rings(rings, [limit, orders], spin, Some(&weights))
            };
            let plan = py.detach(plan).or_raise()?;
            return Ok(Sht::with(Grid::Healpix { nside }, spin, plan, threads));
        }
        if nside.is_some() {
            return Err(PyValueError::new_err(
                "nside: found a resolution, expected None unless the sampling is \"healpix\"",
            ));
        }
        let rings = rings.map(|rings| count("rings", rings, 1)).transpose()?;
        let longitudes = match longitudes {
            None => 2 * orders - 1,
            Some(value) => match value.extract::<i64>() {
                Ok(given) => count("longitudes", given, 1)?,
                Err(_) if value.extract::<&str>().is_ok_and(|name| name == "fast") => {
                    fast_longitudes(orders).or_raise()?
                }
                Err(_) => {
                    return Err(PyValueError::new_err(format!(
                        "longitudes: found {value}, expected a number, \"fast\" or None"
                    )));
                }
            },
        };
        let (name, family, count) = family(sampling, rings, limit)?;
        let grid = Product::new(family, count, longitudes)
            .and_then(|grid| grid.starting_at(first_longitude))
            .or_raise()?;
        let plan = py
            .detach(|| match spin {
                0 => ShtPlanner::new()
                    .plan_with_orders(limit, orders, &grid)
                    .map(Plan::Product),
                _ => SpinPlan::with_orders(limit, orders, spin, &grid)
                    .map(|plan| Plan::Spin(Box::new(plan))),
            })
            .or_raise()?;
        Ok(Sht::with(Grid::Product { name, grid }, spin, plan, threads))
    }

    /// Plans the transform on any rings of constant colatitude; samples have shape [.., samples], ring after ring.
    ///
    /// The arguments are those of ducc0's ``sht.synthesis``.
    ///
    /// Parameters
    /// ----------
    /// lmax : int
    ///     The largest degree, inclusive.
    /// theta : array, shape [rings]
    ///     Colatitudes in radians, in any order.
    /// nphi : array of integers, shape [rings]
    ///     The number of points on each ring.
    /// phi0 : array, shape [rings]
    ///     The longitude of the first point of each ring, in radians.
    /// weights : array, shape [rings], optional
    ///     The solid angle of a point of each ring. ``analysis`` needs it.
    /// spin : int
    ///     The spin weight.
    /// mmax, threads : int, optional
    ///     As for the plan.
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> from haarmonic import Sht
    /// >>> plan = Sht.on_rings(4, theta=[0.5, 1.5], nphi=[3, 8], phi0=[0.1, 0.0])
    /// >>> plan.synthesis(np.ones(15)).shape
    /// (11,)
    #[classmethod]
    #[pyo3(
        signature = (lmax, theta, nphi, phi0, weights=None, *, spin=0, mmax=None, threads=Some(1)),
        text_signature = "($cls, lmax, theta, nphi, phi0, weights=None, *, spin=0, mmax=None, threads=1)"
    )]
    #[allow(clippy::too_many_arguments)] // One for each argument of Python.
    fn on_rings(
        _class: &Bound<'_, PyType>,
        py: Python<'_>,
        lmax: i64,
        theta: &Bound<'_, PyAny>,
        nphi: Vec<i64>,
        phi0: &Bound<'_, PyAny>,
        weights: Option<&Bound<'_, PyAny>>,
        spin: i32,
        mmax: Option<i64>,
        threads: Option<i64>,
    ) -> PyResult<Self> {
        let limit = band_limit(lmax)?;
        let orders = order_limit(mmax, limit)?;
        let (theta, phi0) = (row(theta, "theta")?, row(phi0, "phi0")?);
        let weights = weights.map(|weights| row(weights, "weights")).transpose()?;
        if nphi.len() != theta.len() || phi0.len() != theta.len() {
            return Err(PyValueError::new_err(format!(
                "rings: found {} theta, {} nphi and {} phi0, expected one of each per ring",
                theta.len(),
                nphi.len(),
                phi0.len()
            )));
        }
        let rings = nphi
            .into_iter()
            .zip(theta.iter().zip(&phi0))
            .map(|(nphi, (theta, phi0))| {
                Ok(Ring {
                    colatitude: *theta,
                    longitudes: count("nphi", nphi, 1)?,
                    first_longitude: *phi0,
                })
            })
            .collect::<PyResult<Vec<_>>>()?;
        let plan = || {
            on_rings(
                Rings::new(rings)?,
                [limit, orders],
                spin,
                weights.as_deref(),
            )
        };
        let plan = py.detach(plan).or_raise()?;
        let threads = Threads::new(threads)?;
        Ok(Sht::with(Grid::Rings { weights }, spin, plan, threads))
    }

    /// Computes the coefficients of sampled signals by quadrature.
    ///
    /// On grids the result is exact for signals of degrees up to lmax. On HEALPix it has the error of the quadrature, which
    /// ``iterations`` reduce, and ``tolerance`` to what one asks for.
    ///
    /// Parameters
    /// ----------
    /// samples : array, shape [..] + signal_shape
    ///     Real or complex.
    /// layout : "half" or "full", optional
    ///     The layout of the result: "half" for real samples and "full" for complex ones unless given.
    /// iterations : int
    ///     Jacobi iterations, on rings only: 3 is usual for HEALPix.
    /// tolerance : float, optional
    ///     On rings only: conjugate gradients in place of iterations, until another one would change the coefficients by less
    ///     than this part of their norm. On HEALPix they converge fast for lmax up to 2.5 nside, and slowly at 3 nside.
    ///
    /// Returns
    /// -------
    /// array of complex128, shape [..] + the shape of the layout
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> from haarmonic import Sht
    /// >>> plan = Sht(15, "healpix", nside=8)
    /// >>> alm = plan.analysis(np.ones(768), iterations=3)
    /// >>> print(f"{alm[0].real:.4f}")                   # sqrt(4 pi)
    /// 3.5449
    #[pyo3(signature = (samples, *, layout=None, iterations=0, tolerance=None))]
    fn analysis<'py>(
        &self,
        py: Python<'py>,
        samples: &Bound<'py, PyAny>,
        layout: Option<&str>,
        iterations: i64,
        tolerance: Option<f64>,
    ) -> PyResult<Bound<'py, PyArrayDyn<Complex64>>> {
        let iterations = count("iterations", iterations, 0)?;
        let exact = matches!(self.plan, Plan::Product(_) | Plan::Spin(_));
        if iterations > 0 && exact {
            return Err(PyValueError::new_err(format!(
                "iterations: found {iterations}, expected 0 on a grid with an exact quadrature"
            )));
        }
        let verb = match tolerance {
            None => Analysis::Quadrature { iterations },
            Some(tolerance) if exact || iterations > 0 => {
                return Err(PyValueError::new_err(format!(
                    "tolerance: found {tolerance}, expected None {}",
                    if exact {
                        "on a grid with an exact quadrature"
                    } else {
                        "with iterations"
                    }
                )));
            }
            Some(tolerance) => Analysis::LeastSquares { tolerance },
        };
        self.analyse(py, samples, layout, verb)
    }

    /// Applies the adjoint of ``synthesis``: sums over the samples, without weights.
    ///
    /// With the inner products of both sides, <synthesis(a), x> = <a, adjoint_synthesis(x)>, where a sum over the half layout counts
    /// m > 0 twice.
    ///
    /// Parameters
    /// ----------
    /// samples : array, shape [..] + signal_shape
    /// layout : "half" or "full", optional
    ///     As for ``analysis``.
    ///
    /// Returns
    /// -------
    /// array of complex128, shape [..] + the shape of the layout
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> from haarmonic import Sht
    /// >>> plan = Sht(2)
    /// >>> print(f"{plan.adjoint_synthesis(np.ones(plan.signal_shape))[0].real:.6f}")     # 15 points times sqrt(1 / 4 pi)
    /// 4.231422
    #[pyo3(signature = (samples, *, layout=None))]
    fn adjoint_synthesis<'py>(
        &self,
        py: Python<'py>,
        samples: &Bound<'py, PyAny>,
        layout: Option<&str>,
    ) -> PyResult<Bound<'py, PyArrayDyn<Complex64>>> {
        self.analyse(py, samples, layout, Analysis::Adjoint)
    }

    /// Computes the samples of signals from their coefficients.
    ///
    /// Parameters
    /// ----------
    /// coefficients : array, shape [..] + the shape of a layout
    ///     The shape tells the layout. Real samples use m >= 0 alone, and no imaginary part of m = 0.
    /// dtype : optional
    ///     The type of the samples: float64 for the half layout and complex128 for the full one unless given; float32 and
    ///     complex64 are for storage, as all is computed in double precision.
    /// layout : "half" or "full", optional
    ///     Needed only where a shape fits both.
    ///
    /// Returns
    /// -------
    /// array, shape [..] + signal_shape
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> from haarmonic import Sht
    /// >>> plan = Sht(3)
    /// >>> alm = np.zeros((5, 10))                       # five signals
    /// >>> alm[:, 0] = np.sqrt(4 * np.pi)
    /// >>> signals = plan.synthesis(alm)
    /// >>> signals.shape, bool(np.allclose(signals, 1))
    /// ((5, 4, 7), True)
    #[pyo3(signature = (coefficients, *, dtype=None, layout=None))]
    fn synthesis<'py>(
        &self,
        py: Python<'py>,
        coefficients: &Bound<'py, PyAny>,
        dtype: Option<&Bound<'py, PyAny>>,
        layout: Option<&str>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.synthesise(py, coefficients, dtype, layout, Synthesis::Sum)
    }

    /// Applies the adjoint of ``analysis`` (without iterations): synthesis, times the weights of the quadrature.
    ///
    /// Parameters and result are those of ``synthesis``.
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> from haarmonic import Sht
    /// >>> plan = Sht(2)
    /// >>> weights = plan.adjoint_analysis([np.sqrt(4 * np.pi), 0, 0, 0, 0, 0])
    /// >>> bool(np.allclose(weights, plan.weights()))
    /// True
    #[pyo3(signature = (coefficients, *, dtype=None, layout=None))]
    fn adjoint_analysis<'py>(
        &self,
        py: Python<'py>,
        coefficients: &Bound<'py, PyAny>,
        dtype: Option<&Bound<'py, PyAny>>,
        layout: Option<&str>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.synthesise(py, coefficients, dtype, layout, Synthesis::Adjoint)
    }

    /// Computes the gradient of signals from their coefficients: d/dtheta, and d/dphi divided by sin(theta).
    ///
    /// The plan must have spin 0 and lmax >= 1. The first call makes the tables.
    ///
    /// Parameters
    /// ----------
    /// coefficients, dtype, layout
    ///     As for ``synthesis``.
    ///
    /// Returns
    /// -------
    /// array, shape [.., 2] + signal_shape
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> from haarmonic import Sht
    /// >>> plan = Sht(4)
    /// >>> theta, phi = plan.angles()
    /// >>> d_theta, d_phi = plan.gradient(plan.analysis(np.sin(theta) * np.cos(phi)))
    /// >>> bool(np.allclose(d_theta, np.cos(theta) * np.cos(phi)))
    /// True
    #[pyo3(signature = (coefficients, *, dtype=None, layout=None))]
    fn gradient<'py>(
        &self,
        py: Python<'py>,
        coefficients: &Bound<'py, PyAny>,
        dtype: Option<&Bound<'py, PyAny>>,
        layout: Option<&str>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if self.spin != 0 {
            return Err(PyValueError::new_err(format!(
                "gradient: found a plan of spin {}, expected spin 0",
                self.spin
            )));
        }
        self.synthesise(py, coefficients, dtype, layout, Synthesis::Gradient)
    }

    /// Returns colatitudes and longitudes of the samples, in radians, as two arrays that broadcast to ``signal_shape``.
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic import Sht
    /// >>> theta, phi = Sht(3).angles()
    /// >>> theta.shape, phi.shape
    /// ((4, 1), (7,))
    fn angles<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyArray1<f64>>)> {
        if let Grid::Product { grid, .. } = &self.grid {
            let phi = Array1::from(grid.longitudes());
            return Ok((column(py, grid.colatitudes())?, phi.into_pyarray(py)));
        }
        let rings = self.rings();
        let each = |angles: &mut dyn FnMut(&Ring, &mut Vec<f64>)| {
            let mut all = Vec::with_capacity(rings.iter().map(|ring| ring.longitudes).sum());
            for ring in rings {
                angles(ring, &mut all);
            }
            all.into_pyarray(py)
        };
        let theta = each(&mut |ring, all| all.resize(all.len() + ring.longitudes, ring.colatitude));
        let phi = each(&mut |ring, all| {
            all.extend(equispaced(ring.first_longitude, ring.longitudes));
        });
        Ok((theta.into_any(), phi))
    }

    /// Returns the solid angle of each sample, an array that broadcasts to ``signal_shape``; None on rings without weights.
    ///
    /// The sum of weights times samples is the integral over the sphere: exact up to degree 2 lmax + 1 on "gauss-legendre",
    /// "driscoll-healy" and "clenshaw-curtis" with 2 L rings, up to degree lmax on grids with L rings (whose ``analysis`` uses more
    /// than weights), and approximate on HEALPix.
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic import Sht
    /// >>> plan = Sht(3)
    /// >>> weights = plan.weights()
    /// >>> weights.shape, round(float(weights.sum() * 7), 6)     # 7 longitudes; 4 pi in all
    /// ((4, 1), 12.566371)
    fn weights<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        match &self.grid {
            Grid::Product { grid, .. } => {
                let [_, longitudes] = grid.shape();
                let mut weights = grid.colatitude_weights();
                for weight in &mut weights {
                    *weight *= 2.0 * PI / longitudes as f64;
                }
                Ok(Some(column(py, weights)?))
            }
            Grid::Healpix { nside } => {
                let points = 12 * nside * nside;
                let weights = vec![4.0 * PI / points as f64; points];
                Ok(Some(weights.into_pyarray(py).into_any()))
            }
            Grid::Rings { weights } => Ok(weights.as_ref().map(|weights| {
                let mut all = Vec::new();
                for (ring, weight) in self.rings().iter().zip(weights) {
                    all.resize(all.len() + ring.longitudes, *weight);
                }
                all.into_pyarray(py).into_any()
            })),
        }
    }

    /// The largest degree, inclusive.
    #[getter]
    fn lmax(&self) -> usize {
        self.limit() - 1
    }

    /// The largest order, inclusive.
    #[getter]
    fn mmax(&self) -> usize {
        self.limits()[1] - 1
    }

    /// The spin weight.
    #[getter]
    fn spin(&self) -> i32 {
        self.spin
    }

    /// The name of the sampling; "rings" for plans of ``on_rings``.
    #[getter]
    fn sampling(&self) -> &'static str {
        match &self.grid {
            Grid::Product { name, .. } => name,
            Grid::Healpix { .. } => "healpix",
            Grid::Rings { .. } => "rings",
        }
    }

    /// The resolution of HEALPix, None on other points.
    #[getter]
    fn nside(&self) -> Option<usize> {
        match &self.grid {
            Grid::Healpix { nside } => Some(*nside),
            _ => None,
        }
    }

    /// Threads of a call; None for all processors.
    #[getter]
    fn threads(&self) -> Option<usize> {
        self.threads.asked()
    }

    /// The shape of one real signal.
    #[getter]
    fn signal_shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.signal_axes(true))
    }

    /// The shape of the coefficients of one real signal in the half layout.
    #[getter]
    fn half_shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.coefficient_axes(Layout::Half))
    }

    /// The shape of the coefficients of one signal in the full layout.
    #[getter]
    fn full_shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.coefficient_axes(Layout::Full))
    }

    fn __repr__(&self) -> String {
        let (lmax, mmax, spin, threads) = (self.lmax(), self.mmax(), self.spin, self.threads);
        let mmax = if mmax == lmax {
            String::new()
        } else {
            format!(", mmax={mmax}")
        };
        match &self.grid {
            Grid::Product { name, grid } => {
                let [rings, longitudes] = grid.shape();
                let rings = match name.parse::<Sampling>() {
                    Ok(sampling) if sampling.shape(lmax + 1).is_ok_and(|it| it[0] == rings) => {
                        String::new()
                    }
                    _ => format!(", rings={rings}"),
                };
                let first = match grid.first_longitude() {
                    0.0 => String::new(),
                    first => format!(", first_longitude={first}"),
                };
                format!(
                    "Sht({lmax}, {name:?}, spin={spin}{mmax}{rings}, longitudes={longitudes}{first}, threads={threads})"
                )
            }
            Grid::Healpix { nside } => {
                let spin = if spin == 0 {
                    String::new()
                } else {
                    format!(", spin={spin}")
                };
                format!("Sht({lmax}, \"healpix\"{spin}{mmax}, nside={nside}, threads={threads})")
            }
            Grid::Rings { .. } => format!(
                "Sht.on_rings({lmax}, ..., spin={spin}{mmax}, threads={threads})  # {} rings",
                self.rings().len()
            ),
        }
    }

    /// Pickles and copies make the plan anew, from its arguments.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        let options = PyDict::new(py);
        options.set_item("threads", self.threads.asked())?;
        options.set_item("spin", self.spin)?;
        options.set_item("mmax", self.mmax())?;
        match &self.grid {
            Grid::Product { name, grid } => {
                let [rings, longitudes] = grid.shape();
                // "driscoll-healy" is no family: its number of rings follows from lmax.
                if name.parse::<GridFamily>().is_ok() {
                    options.set_item("rings", rings)?;
                }
                options.set_item("longitudes", longitudes)?;
                options.set_item("first_longitude", grid.first_longitude())?;
                reduced::<Sht>(py, &options, (self.lmax(), *name))
            }
            Grid::Healpix { nside } => {
                options.set_item("nside", nside)?;
                reduced::<Sht>(py, &options, (self.lmax(), "healpix"))
            }
            Grid::Rings { weights } => {
                let rings = self.rings();
                let theta: Vec<f64> = rings.iter().map(|ring| ring.colatitude).collect();
                let nphi: Vec<usize> = rings.iter().map(|ring| ring.longitudes).collect();
                let phi0: Vec<f64> = rings.iter().map(|ring| ring.first_longitude).collect();
                let on_rings = py.get_type::<Sht>().getattr("on_rings")?;
                let partial = py.import("functools")?.getattr("partial")?;
                let make = partial.call((on_rings,), Some(&options))?;
                let arguments = (self.lmax(), theta, nphi, phi0, weights.clone());
                Ok((make, arguments.into_pyobject(py)?))
            }
        }
    }
}

/// Plans the transform on rings for L and N.
fn on_rings(
    rings: Rings,
    [limit, orders]: [usize; 2],
    spin: i32,
    weights: Option<&[f64]>,
) -> haarmonic::Result<Plan> {
    Ok(match (spin, weights) {
        (0, None) => Plan::Rings(Box::new(RingPlan::with_orders(rings, limit, orders)?)),
        (0, Some(weights)) => {
            let plan = RingPlan::with_orders(rings, limit, orders)?;
            Plan::Rings(Box::new(plan.with_weights(weights)?))
        }
        (_, None) => {
            let plan = SpinRingPlan::with_orders(rings, limit, orders, spin)?;
            Plan::SpinRings(Box::new(plan))
        }
        (_, Some(weights)) => {
            let plan = SpinRingPlan::with_orders(rings, limit, orders, spin)?;
            Plan::SpinRings(Box::new(plan.with_weights(weights)?))
        }
    })
}

/// N from the largest order, or L.
fn order_limit(mmax: Option<i64>, limit: usize) -> PyResult<usize> {
    let Some(mmax) = mmax else {
        return Ok(limit);
    };
    let orders = count("mmax", mmax, 0)? + 1;
    if orders > limit {
        let lmax = limit - 1;
        return Err(PyValueError::new_err(format!(
            "mmax: found {mmax}, expected at most lmax, {lmax}"
        )));
    }
    Ok(orders)
}

/// The family of rings and their number, and the name of the sampling.
fn family(
    name: &str,
    rings: Option<usize>,
    limit: usize,
) -> PyResult<(&'static str, GridFamily, usize)> {
    let (sampling, family) = (name.parse::<Sampling>(), name.parse::<GridFamily>());
    match (rings, sampling, family) {
        (None, Ok(sampling), _) => {
            let grid = sampling.grid(limit).or_raise()?;
            Ok((sampling.name(), grid.family(), grid.shape()[0]))
        }
        (None, Err(_), Ok(family)) => Ok((
            family.name(),
            family,
            family.fewest_rings(limit).or_raise()?,
        )),
        (Some(rings), _, Ok(family)) => Ok((family.name(), family, rings)),
        (Some(rings), Ok(_), Err(_)) => Err(PyValueError::new_err(format!(
            "rings: found {rings}, expected None with sampling {name:?}"
        ))),
        (_, Err(_), Err(_)) => {
            let mut names: Vec<&str> = Sampling::ALL.map(Sampling::name).to_vec();
            names.extend(GridFamily::ALL.map(GridFamily::name));
            names.sort_unstable();
            names.dedup();
            let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
            Err(PyValueError::new_err(format!(
                "sampling: found {name:?}, expected {} or \"healpix\"",
                names.join(", ")
            )))
        }
    }
}

/// Longitudes of a ring.
fn equispaced(first: f64, count: usize) -> impl Iterator<Item = f64> {
    (0..count).map(move |p| first + 2.0 * PI * p as f64 / count as f64)
}

/// One value per ring, with an axis for the longitudes.
fn column(py: Python<'_>, values: Vec<f64>) -> PyResult<Bound<'_, PyAny>> {
    let rings = values.len();
    Ok(values.into_pyarray(py).reshape([rings, 1])?.into_any())
}
