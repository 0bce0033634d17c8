//! `Sht`: plans of the spherical-harmonic transform on grids, on the HEALPix grid and on any rings.

mod verbs;

use crate::arguments::{band_limit, count, row};
use crate::errors::OrRaise;
use crate::layout::Layout;
use crate::pickle::{Reduced, reduced};
use crate::threads::{Stock, Threads};
use haarmonic::sphere::{
    Gradient, Ring, RingGradient, RingPlan, Rings, Sampling, ShtPlan, ShtPlanner, ShtScratch,
    SpinPlan, fast_longitudes,
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
        sampling: Sampling,
        longitudes: usize,
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
}

macro_rules! each_plan {
    ($plan:expr, $name:ident => $work:expr) => {
        match $plan {
            Plan::Product($name) => $work,
            Plan::Rings($name) => $work,
            Plan::Spin($name) => $work,
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
/// With ``spin`` other than 0, real samples have shape [.., 2, rings, longitudes] (Q and U, or the components along theta and
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
///     first four have an exact sampling theorem; HEALPix does not.
/// spin : int
///     The spin weight; on grids only.
/// nside : int, optional
///     The resolution of HEALPix, any number from 1 on.
/// longitudes : int or "fast", optional
///     The number of points on each ring of a grid: 2 L - 1 unless given, "fast" for the next number without prime factors above
///     five. Where 2 L - 1 is a prime number, "fast" is several times faster.
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
        signature = (lmax, sampling="gauss-legendre", *, spin=0, nside=None, longitudes=None, threads=Some(1)),
        text_signature = "(lmax, sampling='gauss-legendre', *, spin=0, nside=None, longitudes=None, threads=1)"
    )]
    fn new(
        py: Python<'_>,
        lmax: i64,
        sampling: &str,
        spin: i32,
        nside: Option<i64>,
        longitudes: Option<&Bound<'_, PyAny>>,
        threads: Option<i64>,
    ) -> PyResult<Self> {
        let limit = band_limit(lmax)?;
        let threads = Threads::new(threads)?;
        if sampling == "healpix" {
            let Some(nside) = nside else {
                return Err(PyValueError::new_err(
                    "nside: found None, expected the resolution of the HEALPix grid",
                ));
            };
            if spin != 0 || longitudes.is_some() {
                return Err(PyValueError::new_err(
                    "sampling \"healpix\": expected spin=0 and no longitudes; fields with spin are transformed on grids",
                ));
            }
            let nside = count("nside", nside, 1)?;
            let plan = py.detach(|| healpix(nside, limit)).or_raise()?;
            return Ok(Sht::with(
                Grid::Healpix { nside },
                0,
                Plan::Rings(Box::new(plan)),
                threads,
            ));
        }
        let sampling: Sampling = sampling.parse().map_err(|_| {
            let names = Sampling::ALL.map(|sampling| format!("{:?}", sampling.name()));
            PyValueError::new_err(format!(
                "sampling: found {sampling:?}, expected {} or \"healpix\"",
                names.join(", ")
            ))
        })?;
        if nside.is_some() {
            return Err(PyValueError::new_err(
                "nside: found a resolution, expected None unless the sampling is \"healpix\"",
            ));
        }
        let longitudes = match longitudes {
            None => 2 * limit - 1,
            Some(value) => match value.extract::<i64>() {
                Ok(given) => count("longitudes", given, 1)?,
                Err(_) if value.extract::<&str>().is_ok_and(|name| name == "fast") => {
                    fast_longitudes(limit).or_raise()?
                }
                Err(_) => {
                    return Err(PyValueError::new_err(format!(
                        "longitudes: found {value}, expected a number, \"fast\" or None"
                    )));
                }
            },
        };
        let plan = py
            .detach(|| match spin {
                0 => ShtPlanner::new()
                    .plan_with_longitudes(limit, sampling, longitudes)
                    .map(Plan::Product),
                _ => SpinPlan::with_longitudes(limit, spin, sampling, longitudes)
                    .map(|plan| Plan::Spin(Box::new(plan))),
            })
            .or_raise()?;
        let grid = Grid::Product {
            sampling,
            longitudes,
        };
        Ok(Sht::with(grid, spin, plan, threads))
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
    /// threads : int, optional
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
        signature = (lmax, theta, nphi, phi0, weights=None, *, threads=Some(1)),
        text_signature = "($cls, lmax, theta, nphi, phi0, weights=None, *, threads=1)"
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
        threads: Option<i64>,
    ) -> PyResult<Self> {
        let limit = band_limit(lmax)?;
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
        let plan = py
            .detach(|| {
                let plan = RingPlan::new(Rings::new(rings)?, limit)?;
                match &weights {
                    Some(weights) => plan.with_weights(weights),
                    None => Ok(plan),
                }
            })
            .or_raise()?;
        let threads = Threads::new(threads)?;
        Ok(Sht::with(
            Grid::Rings { weights },
            0,
            Plan::Rings(Box::new(plan)),
            threads,
        ))
    }

    /// Computes the coefficients of sampled signals by quadrature.
    ///
    /// On the four grids the result is exact for signals of degrees up to lmax. On HEALPix it has the error of the quadrature, which
    /// ``iterations`` reduce.
    ///
    /// Parameters
    /// ----------
    /// samples : array, shape [..] + signal_shape
    ///     Real or complex.
    /// layout : "half" or "full", optional
    ///     The layout of the result: "half" for real samples and "full" for complex ones unless given.
    /// iterations : int
    ///     Jacobi iterations, on rings only: 3 is usual for HEALPix.
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
    #[pyo3(signature = (samples, *, layout=None, iterations=0))]
    fn analysis<'py>(
        &self,
        py: Python<'py>,
        samples: &Bound<'py, PyAny>,
        layout: Option<&str>,
        iterations: i64,
    ) -> PyResult<Bound<'py, PyArrayDyn<Complex64>>> {
        let iterations = count("iterations", iterations, 0)?;
        if iterations > 0 && !matches!(self.plan, Plan::Rings(_)) {
            return Err(PyValueError::new_err(format!(
                "iterations: found {iterations}, expected 0 on a grid with an exact quadrature"
            )));
        }
        self.analyse(py, samples, layout, Analysis::Quadrature { iterations })
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
        if let (
            Grid::Product {
                sampling,
                longitudes,
            },
            limit,
        ) = (&self.grid, self.limit())
        {
            let theta = sampling.colatitudes(limit).or_raise()?;
            let phi = equispaced(0.0, *longitudes).collect::<Array1<_>>();
            return Ok((column(py, theta)?, phi.into_pyarray(py)));
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
    /// "driscoll-healy" and "clenshaw-curtis", up to degree lmax on "mcewen-wiaux" (whose ``analysis`` uses more than weights), and
    /// approximate on HEALPix.
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
            Grid::Product {
                sampling,
                longitudes,
            } => {
                let mut weights = sampling.colatitude_weights(self.limit()).or_raise()?;
                for weight in &mut weights {
                    *weight *= 2.0 * PI / *longitudes as f64;
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

    /// The spin weight.
    #[getter]
    fn spin(&self) -> i32 {
        self.spin
    }

    /// The name of the sampling; "rings" for plans of ``on_rings``.
    #[getter]
    fn sampling(&self) -> &'static str {
        match &self.grid {
            Grid::Product { sampling, .. } => sampling.name(),
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
        let lmax = self.lmax();
        let threads = self.threads;
        match &self.grid {
            Grid::Product {
                sampling,
                longitudes,
            } => format!(
                "Sht({lmax}, {:?}, spin={}, longitudes={longitudes}, threads={threads})",
                sampling.name(),
                self.spin
            ),
            Grid::Healpix { nside } => {
                format!("Sht({lmax}, \"healpix\", nside={nside}, threads={threads})")
            }
            Grid::Rings { .. } => format!(
                "Sht.on_rings({lmax}, ..., threads={threads})  # {} rings",
                self.rings().len()
            ),
        }
    }

    /// Pickles and copies make the plan anew, from its arguments.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        let options = PyDict::new(py);
        options.set_item("threads", self.threads.asked())?;
        match &self.grid {
            Grid::Product {
                sampling,
                longitudes,
            } => {
                options.set_item("spin", self.spin)?;
                options.set_item("longitudes", longitudes)?;
                reduced::<Sht>(py, &options, (self.lmax(), sampling.name()))
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

/// The HEALPix grid with equal weights.
fn healpix(nside: usize, limit: usize) -> haarmonic::Result<RingPlan> {
    let rings = Rings::healpix(nside)?;
    let weights = vec![4.0 * PI / rings.samples() as f64; rings.rings().len()];
    RingPlan::new(rings, limit)?.with_weights(&weights)
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
