//! Spectra of masked skies: bins, mode coupling, decoupling, Slepian functions, products and bispectra.

use haarmonic::group::SpherePoint;
use haarmonic::ndarray::{Array2, ArrayView2};
use haarmonic::sphere::coupling::{Binning, Decoupling, ModeCoupling, PolarisationDecoupling};
use haarmonic::sphere::{self, SlepianFunctions as Functions};
use numpy::{Complex64, IntoPyArray, PyArray1, PyArray2, PyArray3, ToPyArray};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arguments::{band_limit, count};
use crate::arrays::{complex, real};
use crate::axes::with_axes;
use crate::errors::OrRaise;
use crate::layout::{self, Layout};

/// Registers the classes and functions of this file.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Bins>()?;
    module.add_class::<MaskCoupling>()?;
    module.add_class::<Decoupled>()?;
    module.add_class::<PolarisationDecoupled>()?;
    module.add_class::<SlepianFunctions>()?;
    module.add_function(wrap_pyfunction!(product, module)?)?;
    module.add_function(wrap_pyfunction!(reduced_bispectrum, module)?)
}

/// Numbers along one axis.
fn row(value: &Bound<'_, PyAny>, what: &str) -> PyResult<Vec<f64>> {
    let input = real(value, what)?;
    let view = with_axes::<_, haarmonic::ndarray::Ix1>(input.view(), what, "[lmax + 1]")?;
    Ok(view.to_vec())
}

/// One signal in the full layout.
fn signal(
    value: &Bound<'_, PyAny>,
    what: &str,
    layout: Option<&str>,
) -> PyResult<Array2<Complex64>> {
    let input = complex(value, what)?;
    let view = input.view();
    let reading = layout::read(view.shape(), Layout::parse(layout)?, None)?;
    if view.shape() != reading.layout.axes(reading.limit) {
        let found = view.shape();
        return Err(PyValueError::new_err(format!(
            "{what}: found shape {found:?}, expected one signal"
        )));
    }
    layout::full(&view, reading).or_raise()
}

/// Bins of degrees.
///
/// A bandpower is the weighted mean of f_l C_l over the degrees of a bin.
///
/// Parameters
/// ----------
/// lmax : int
///     The largest degree of spectra, inclusive.
/// edges : sequence of int
///     Bin q has the degrees from edges[q] to edges[q + 1] - 1.
/// weights : array, shape [lmax + 1], optional
///     Weights of degrees, equal unless given.
/// shape : array, shape [lmax + 1], optional
///     The factors f, 1 unless given: l (l + 1) / (2 pi) makes D_l flat in a bin.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic.coupling import Binning
/// >>> bins = Binning(11, [2, 5, 9])                               # degrees 2 to 4 and 5 to 8
/// >>> print(bins.bin(np.arange(12.0)))
/// [3.  6.5]
#[pyclass(frozen, module = "haarmonic.coupling", name = "Binning")]
struct Bins(Binning);

#[pymethods]
impl Bins {
    #[new]
    #[pyo3(signature = (lmax, edges, weights=None, shape=None))]
    fn new(
        lmax: i64,
        edges: Vec<i64>,
        weights: Option<&Bound<'_, PyAny>>,
        shape: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let limit = band_limit(lmax)?;
        let edges = edges.into_iter().map(|edge| count("edges", edge, 0));
        let mut bins = Binning::new(limit, &edges.collect::<PyResult<Vec<_>>>()?).or_raise()?;
        if let Some(weights) = weights {
            bins = bins.with_weights(&row(weights, "weights")?).or_raise()?;
        }
        if let Some(shape) = shape {
            bins = bins.with_shape(&row(shape, "shape")?).or_raise()?;
        }
        Ok(Bins(bins))
    }

    /// Computes the bandpowers of a spectrum, shape [lmax + 1].
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic.coupling import Binning
    /// >>> print(Binning(3, [0, 2, 4]).bin([1, 2, 3, 4]))
    /// [1.5 3.5]
    fn bin<'py>(
        &self,
        py: Python<'py>,
        spectrum: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let values = self.0.bin(&row(spectrum, "spectrum")?).or_raise()?;
        Ok(values.into_pyarray(py))
    }

    /// Computes the spectrum that has these bandpowers, zero outside of the bins.
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic.coupling import Binning
    /// >>> print(Binning(3, [1, 2, 4]).expand([1, 5]))
    /// [0. 1. 5. 5.]
    fn expand<'py>(
        &self,
        py: Python<'py>,
        bandpowers: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let values = self.0.expand(&row(bandpowers, "bandpowers")?).or_raise()?;
        Ok(values.into_pyarray(py))
    }

    /// The weighted mean degree of each bin.
    #[getter]
    fn mean_degrees<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.0.mean_degrees().into_pyarray(py)
    }
}

/// Matrices that say how a mask couples the degrees of spectra (MASTER): the spectrum of a masked sky is on average M C.
///
/// Parameters
/// ----------
/// lmax : int
///     The largest degree of rows and columns; larger than the last degree of interest, since a mask moves power across the edge.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic.coupling import ModeCoupling
/// >>> coupling = ModeCoupling(7)
/// >>> bool(np.allclose(coupling.scalar([4 * np.pi]), np.eye(8)))   # the mask 1
/// True
#[pyclass(frozen, module = "haarmonic.coupling", name = "ModeCoupling")]
struct MaskCoupling(ModeCoupling);

#[pymethods]
impl MaskCoupling {
    #[new]
    fn new(py: Python<'_>, lmax: i64) -> PyResult<Self> {
        let limit = band_limit(lmax)?;
        Ok(MaskCoupling(
            py.detach(|| ModeCoupling::new(limit)).or_raise()?,
        ))
    }

    /// Computes the matrix of TT, shape [lmax + 1, lmax + 1].
    ///
    /// Parameters
    /// ----------
    /// mask : array
    ///     The spectrum of the mask, from degree 0 on; degrees above 2 lmax have no effect.
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic.coupling import ModeCoupling
    /// >>> ModeCoupling(4).scalar([1.0, 0.1]).shape
    /// (5, 5)
    fn scalar<'py>(
        &self,
        py: Python<'py>,
        mask: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let mask = row(mask, "mask")?;
        Ok(py
            .detach(|| self.0.scalar(&mask))
            .or_raise()?
            .into_pyarray(py))
    }

    /// Computes the matrix of TE and TB; arguments as for ``scalar``.
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic.coupling import ModeCoupling
    /// >>> ModeCoupling(4).mixed([1.0, 0.1]).shape
    /// (5, 5)
    fn mixed<'py>(
        &self,
        py: Python<'py>,
        mask: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let mask = row(mask, "mask")?;
        Ok(py
            .detach(|| self.0.mixed(&mask))
            .or_raise()?
            .into_pyarray(py))
    }

    /// Computes the two matrices of EE and BB: power stays (first) or moves from one to the other (second); arguments as for ``scalar``.
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic.coupling import ModeCoupling
    /// >>> plus, minus = ModeCoupling(4).polarised([1.0, 0.1])
    /// >>> plus.shape, minus.shape
    /// ((5, 5), (5, 5))
    fn polarised<'py>(
        &self,
        py: Python<'py>,
        mask: &Bound<'py, PyAny>,
    ) -> PyResult<[Bound<'py, PyArray2<f64>>; 2]> {
        let mask = row(mask, "mask")?;
        let matrices = py.detach(|| self.0.polarised(&mask)).or_raise()?;
        Ok(matrices.map(|matrix| matrix.into_pyarray(py)))
    }

    /// The largest degree.
    #[getter]
    fn lmax(&self) -> usize {
        self.0.band_limit() - 1
    }
}

fn matrix<'a>(
    input: &'a crate::arrays::Input<'_, f64>,
    what: &str,
) -> PyResult<ArrayView2<'a, f64>> {
    with_axes::<_, haarmonic::ndarray::Ix2>(input.view(), what, "[lmax + 1, lmax + 1]")
}

/// Unbiased bandpowers from the spectrum of a masked sky.
///
/// Parameters
/// ----------
/// matrix : array, shape [lmax + 1, lmax + 1]
///     From ``ModeCoupling.scalar`` or ``mixed``.
/// binning : Binning
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic.coupling import Binning, Decoupling, ModeCoupling
/// >>> matrix = ModeCoupling(11).scalar([4.0, 1.0, 0.5])
/// >>> decoupling = Decoupling(matrix, Binning(11, [0, 4, 8, 12]))
/// >>> print(decoupling.bandpowers(matrix @ np.ones(12)).round(9))
/// [1. 1. 1.]
#[pyclass(frozen, module = "haarmonic.coupling", name = "Decoupling")]
struct Decoupled(Decoupling);

#[pymethods]
impl Decoupled {
    #[new]
    fn new(matrix: &Bound<'_, PyAny>, binning: &Bins) -> PyResult<Self> {
        let input = real(matrix, "matrix")?;
        let matrix = self::matrix(&input, "matrix")?;
        Ok(Decoupled(Decoupling::new(matrix, &binning.0).or_raise()?))
    }

    /// Computes the bandpowers of the whole sky from the spectrum of the masked one, shape [lmax + 1].
    ///
    /// Examples
    /// --------
    /// An example is at ``Decoupling``; the identity couples nothing:
    ///
    /// >>> import numpy as np
    /// >>> from haarmonic.coupling import Binning, Decoupling
    /// >>> print(Decoupling(np.eye(4), Binning(3, [0, 2, 4])).bandpowers([1, 2, 3, 4]).round(9))
    /// [1.5 3.5]
    fn bandpowers<'py>(
        &self,
        py: Python<'py>,
        spectrum: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let values = self.0.bandpowers(&row(spectrum, "spectrum")?).or_raise()?;
        Ok(values.into_pyarray(py))
    }

    /// The weights with which the degrees of the true spectrum enter the bandpowers, shape [bins, lmax + 1].
    #[getter]
    fn window<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray2<f64>> {
        self.0.window().to_pyarray(py)
    }

    /// The condition number of the binned matrix.
    #[getter]
    fn condition(&self) -> f64 {
        self.0.condition()
    }
}

/// Unbiased bandpowers of EE, BB and EB from the spectra of a masked sky.
///
/// Parameters
/// ----------
/// plus, minus : array, shape [lmax + 1, lmax + 1]
///     From ``ModeCoupling.polarised``.
/// binning : Binning
///     Without degrees 0 and 1.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic.coupling import Binning, ModeCoupling, PolarisationDecoupling
/// >>> plus, minus = ModeCoupling(11).polarised([4.0, 1.0, 0.5])
/// >>> decoupling = PolarisationDecoupling(plus, minus, Binning(11, [2, 6, 12]))
/// >>> ee, bb = decoupling.bandpowers(plus @ np.ones(12), minus @ np.ones(12))
/// >>> print(ee.round(9), abs(bb).round(9))
/// [1. 1.] [0. 0.]
#[pyclass(frozen, module = "haarmonic.coupling", name = "PolarisationDecoupling")]
struct PolarisationDecoupled(PolarisationDecoupling);

#[pymethods]
impl PolarisationDecoupled {
    #[new]
    fn new(plus: &Bound<'_, PyAny>, minus: &Bound<'_, PyAny>, binning: &Bins) -> PyResult<Self> {
        let (plus, minus) = (real(plus, "plus")?, real(minus, "minus")?);
        let (plus, minus) = (matrix(&plus, "plus")?, matrix(&minus, "minus")?);
        let decoupling = PolarisationDecoupling::new(plus, minus, &binning.0).or_raise()?;
        Ok(PolarisationDecoupled(decoupling))
    }

    /// Computes the bandpowers of EE and BB from both spectra of the masked sky, shape [lmax + 1].
    ///
    /// Examples
    /// --------
    /// An example is at ``PolarisationDecoupling``.
    fn bandpowers<'py>(
        &self,
        py: Python<'py>,
        ee: &Bound<'py, PyAny>,
        bb: &Bound<'py, PyAny>,
    ) -> PyResult<[Bound<'py, PyArray1<f64>>; 2]> {
        let values = self
            .0
            .bandpowers(&row(ee, "ee")?, &row(bb, "bb")?)
            .or_raise()?;
        Ok(values.map(|values| values.into_pyarray(py)))
    }

    /// Computes the bandpowers of EB from the spectrum EB of the masked sky, shape [lmax + 1].
    ///
    /// Examples
    /// --------
    /// An example is at ``PolarisationDecoupling``.
    fn bandpowers_eb<'py>(
        &self,
        py: Python<'py>,
        eb: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let values = self.0.bandpowers_eb(&row(eb, "eb")?).or_raise()?;
        Ok(values.into_pyarray(py))
    }

    /// The weights with which the degrees of true spectra enter the bandpowers, two arrays of shape [bins, lmax + 1].
    #[getter]
    fn windows<'py>(&self, py: Python<'py>) -> [Bound<'py, PyArray2<f64>>; 2] {
        self.0.windows().map(|window| window.into_pyarray(py))
    }

    /// The larger condition number of both binned matrices.
    #[getter]
    fn condition(&self) -> f64 {
        self.0.condition()
    }
}

/// Real functions of one band limit that are concentrated in a cap, or where a mask is one; the most concentrated first.
///
/// Parameters
/// ----------
/// lmax : int
///     The largest degree of the functions.
/// angle : float
///     The opening angle of the cap, from its axis to its rim, in radians.
/// count : int
///     The number of functions, up to (lmax + 1)^2.
/// centre : (float, float)
///     Colatitude and longitude of the axis of the cap.
///
/// Examples
/// --------
/// >>> from haarmonic.coupling import SlepianFunctions
/// >>> tapers = SlepianFunctions(9, 0.7, 4)
/// >>> tapers.coefficients.shape, bool(tapers.concentrations[0] > 0.9998)
/// ((4, 10, 19), True)
#[pyclass(frozen, module = "haarmonic.coupling")]
struct SlepianFunctions(Functions);

#[pymethods]
impl SlepianFunctions {
    #[new]
    #[pyo3(signature = (lmax, angle, count, centre=(0.0, 0.0)))]
    fn new(
        py: Python<'_>,
        lmax: i64,
        angle: f64,
        count: i64,
        centre: (f64, f64),
    ) -> PyResult<Self> {
        let (limit, count) = (band_limit(lmax)?, self::count("count", count, 1)?);
        let functions = py.detach(|| {
            let functions = Functions::of_cap(limit, angle, count)?;
            match centre {
                (0.0, 0.0) => Ok(functions),
                (theta, phi) => functions.centred_at(SpherePoint::new(theta, phi)?),
            }
        });
        Ok(SlepianFunctions(functions.or_raise()?))
    }

    /// Computes the functions that are most concentrated where a mask is one.
    ///
    /// Parameters
    /// ----------
    /// lmax : int
    ///     The largest degree of the functions; the cost grows with its sixth power.
    /// mask : array, shape [l (l + 1) / 2] or [l, 2 l - 1]
    ///     Coefficients of a real mask.
    /// count : int
    /// layout : "half" or "full", optional
    ///     Needed only where a shape fits both.
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> from haarmonic.coupling import SlepianFunctions
    /// >>> mask = np.sqrt(np.pi) * np.array([1.0, 1 / np.sqrt(3), 0.0])     # (1 + z) / 2
    /// >>> print(SlepianFunctions.of_mask(1, mask, 4).concentrations.round(6))
    /// [0.788675 0.5      0.5      0.211325]
    #[staticmethod]
    #[pyo3(signature = (lmax, mask, count, *, layout=None))]
    fn of_mask(
        py: Python<'_>,
        lmax: i64,
        mask: &Bound<'_, PyAny>,
        count: i64,
        layout: Option<&str>,
    ) -> PyResult<Self> {
        let (limit, count) = (band_limit(lmax)?, self::count("count", count, 1)?);
        let mask = signal(mask, "mask", layout)?;
        let functions = py.detach(|| Functions::of_mask(limit, mask.view(), count));
        Ok(SlepianFunctions(functions.or_raise()?))
    }

    /// Computes the multitaper spectrum of a signal, unbiased for white fields.
    ///
    /// Parameters
    /// ----------
    /// coefficients : array, shape [L (L + 1) / 2] or [L, 2 L - 1]
    /// layout : "half" or "full", optional
    ///
    /// Returns
    /// -------
    /// array of float64, shape [L]
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic import spectral
    /// >>> from haarmonic.coupling import SlepianFunctions
    /// >>> field = spectral.random_field([1.0] * 20, seed=1)
    /// >>> SlepianFunctions(4, 1.0, 6).multitaper(field).shape
    /// (20,)
    #[pyo3(signature = (coefficients, *, layout=None))]
    fn multitaper<'py>(
        &self,
        py: Python<'py>,
        coefficients: &Bound<'py, PyAny>,
        layout: Option<&str>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let coeffs = signal(coefficients, "coefficients", layout)?;
        let spectrum = py.detach(|| self.0.multitaper(coeffs.view()));
        Ok(spectrum.or_raise()?.into_pyarray(py))
    }

    /// The spectrum of all tapers together, as a mask for ``ModeCoupling.scalar``.
    #[getter]
    fn mean_spectrum<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray1<f64>>> {
        Ok(self.0.mean_spectrum().or_raise()?.into_pyarray(py))
    }

    /// The part of the square of each function in the cap or under the mask, in decreasing order.
    #[getter]
    fn concentrations<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        self.0.concentrations().to_vec().into_pyarray(py)
    }

    /// The coefficients of the functions, shape [count, lmax + 1, 2 lmax + 1].
    #[getter]
    fn coefficients<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray3<Complex64>> {
        self.0.coefficients().to_pyarray(py)
    }
}

/// Computes the coefficients of the product of two functions on the sphere.
///
/// Parameters
/// ----------
/// f, g : array, shape [L (L + 1) / 2] or [L, 2 L - 1]
///     Of any two band limits.
/// layout : "half" or "full", optional
///     Needed only where a shape fits both.
///
/// Returns
/// -------
/// array of complex128, shape [L, 2 L - 1] with L = L1 + L2 - 1, in the full layout
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic.coupling import product
/// >>> z = [0, np.sqrt(4 * np.pi / 3), 0]
/// >>> print((product(z, z)[:, 2].real / np.sqrt(4 * np.pi)).round(6))   # z^2 = 1/3 + 2/3 P_2
/// [0.333333 0.       0.298142]
#[pyfunction]
#[pyo3(signature = (f, g, *, layout=None))]
fn product<'py>(
    py: Python<'py>,
    f: &Bound<'py, PyAny>,
    g: &Bound<'py, PyAny>,
    layout: Option<&str>,
) -> PyResult<Bound<'py, PyArray2<Complex64>>> {
    let (f, g) = (signal(f, "f", layout)?, signal(g, "g", layout)?);
    let product = py.detach(|| sphere::product(f.view(), g.view()));
    Ok(product.or_raise()?.into_pyarray(py))
}

/// Computes the reduced bispectrum of a signal, zero where the degrees form no triangle or have an odd sum.
///
/// Parameters
/// ----------
/// coefficients : array, shape [L (L + 1) / 2] or [L, 2 L - 1]
/// layout : "half" or "full", optional
///     Needed only where a shape fits both.
///
/// Returns
/// -------
/// array of float64, shape [L, L, L]
///
/// Examples
/// --------
/// >>> from haarmonic.coupling import reduced_bispectrum
/// >>> b = reduced_bispectrum([0, 0, 2, 0, 0, 0])                  # 2 Y_20
/// >>> b.shape, bool(b[2, 2, 2] > 0), float(b[1, 1, 2])
/// ((3, 3, 3), True, 0.0)
#[pyfunction]
#[pyo3(signature = (coefficients, *, layout=None))]
fn reduced_bispectrum<'py>(
    py: Python<'py>,
    coefficients: &Bound<'py, PyAny>,
    layout: Option<&str>,
) -> PyResult<Bound<'py, PyArray3<f64>>> {
    let coeffs = signal(coefficients, "coefficients", layout)?;
    let values = py.detach(|| sphere::reduced_bispectrum(coeffs.view()));
    Ok(values.or_raise()?.into_pyarray(py))
}
