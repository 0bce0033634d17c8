//! Kernels of networks, and their matrices.

use haarmonic::kernel::{
    FeatureMap, Kernel, KernelMatrices, Limits, Precision, PreparedSignals, Signals,
};
use haarmonic::ndarray::{Array1, Array2, ArrayView2, Ix1};
use haarmonic::network::{InputSpace, Outputs, Quadrature};
use haarmonic::predict::KernelKind;
use haarmonic::progress::Progress;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use rayon::prelude::*;

use crate::arrays;
use crate::at_width::PyKernelAtWidth;
use crate::axes::with_axes;
use crate::distill;
use crate::errors::OrRaise;
use crate::network::PyNetwork;
use crate::pickle::{Reduced, reduced};
use crate::results;
use crate::signals::{Inputs, one};
use crate::threads::Threads;
use crate::watch;

/// Work that is computed without a watch, since it takes a few milliseconds at most: pairs of vectors times their entries, and pairs
/// of images times the square of their pixels.
const SHORT: [usize; 2] = [1 << 19, 1 << 17];
/// Each pair of vectors counts as so many entries more.
const PAIR: usize = 64;

/// The kernels of an infinitely wide network: NNGP and NTK.
///
/// Kernels are immutable, may be shared between threads, and pickle.
///
/// Parameters
/// ----------
/// network : Network
///     The network.
/// tolerance : float, optional
///     For networks on the sphere: the mean over rotations is refined until a kernel changes by less than this, relative to itself. In
///     place of the quadrature of the network.
/// band_limit : int, optional
///     For networks on the sphere: one quadrature of this band limit, in place of a tolerance.
/// precision : {"double", "single"}
///     Arithmetic within a pair; single precision is for images and molecules.
/// table_bytes, points : int, optional
///     Limits for networks with local filters on the sphere: bytes of the tables of one quadrature, and points per pair of signals. A
///     tolerance that needs more is an error.
/// threads : int, optional
///     Threads of a computation; all of the machine unless stated.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic import Kernel, stax
/// >>> network = stax.network((2,), stax.Dense(512), stax.Relu(), stax.Dense(1))
/// >>> gram = Kernel(network).gram(np.array([[1.0, 1.0], [1.0, -1.0]]))
/// >>> gram.nngp.round(4)
/// array([[0.5   , 0.1592],
///        [0.1592, 0.5   ]])
/// >>> gram.ntk_error
/// 0.0
#[pyclass(frozen, name = "Kernel", module = "haarmonic")]
pub(crate) struct PyKernel {
    pub(crate) kernel: Kernel,
    limits: Limits,
    pub(crate) threads: Threads,
}

#[pymethods]
impl PyKernel {
    #[new]
    #[pyo3(signature = (network, *, tolerance=None, band_limit=None, precision="double", table_bytes=None, points=None, threads=None))]
    fn new(
        network: &PyNetwork,
        tolerance: Option<f64>,
        band_limit: Option<usize>,
        precision: &str,
        table_bytes: Option<usize>,
        points: Option<u64>,
        threads: Option<i64>,
    ) -> PyResult<Self> {
        let quadrature = match (tolerance, band_limit) {
            (Some(_), Some(_)) => {
                return Err(PyTypeError::new_err(
                    "tolerance and band_limit: found both, expected one of them",
                ));
            }
            (Some(tolerance), None) => Some(Quadrature::Tolerance(tolerance)),
            (None, Some(band_limit)) => Some(Quadrature::BandLimit(band_limit)),
            (None, None) => None,
        };
        let network = match quadrature {
            Some(quadrature) => &network.0.clone().with_quadrature(quadrature).or_raise()?,
            None => &network.0,
        };
        let precision = match precision {
            "double" => Precision::Double,
            "single" => Precision::Single,
            other => {
                return Err(PyValueError::new_err(format!(
                    "precision: found {other:?}, expected \"double\" or \"single\""
                )));
            }
        };
        let mut limits = Limits::default();
        limits.table_bytes = table_bytes.unwrap_or(limits.table_bytes);
        limits.points = points.unwrap_or(limits.points);
        let kernel = Kernel::with_limits(network, limits)
            .and_then(|kernel| kernel.with_precision(precision))
            .or_raise()?;
        Ok(PyKernel {
            kernel,
            limits,
            threads: Threads::new(threads)?,
        })
    }

    /// The kernels of all signals with each other.
    ///
    /// Parameters
    /// ----------
    /// x : array_like
    ///     Signals, `[n, ...]` in the form of the input space of the network: vectors `[n, dimension]`, images
    ///     `[n, height, width, channels]`, samples on the sphere `[n, θ, φ, channels]`, or complex coefficients
    ///     `[n, channels, L, 2 L - 1]`.
    /// places : array_like, optional
    ///     Where features are read, in place of the outputs of the network: colatitudes and longitudes `[P, 2]`, or ZYZ angles `[P, 3]`, in
    ///     radians.
    /// progress : callable or bool, optional
    ///     A function of the number of pairs done and of all pairs; `True` for a progress bar.
    ///
    /// Returns
    /// -------
    /// KernelMatrices
    ///     `nngp`, `ntk`, `[n, n]`, and their error estimates. A network that is read at P places has n P rows.
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic import Kernel, stax
    /// >>> kernel = Kernel(stax.network((1,), stax.Dense(1, W_std=2.0)))
    /// >>> kernel.gram([[1.0], [3.0]]).nngp
    /// array([[ 4., 12.],
    ///        [12., 36.]])
    #[pyo3(signature = (x, *, places=None, progress=None))]
    fn gram<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        places: Option<&Bound<'py, PyAny>>,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let network = self.kernel.network();
        let x = Inputs::of(x, network, "x")?;
        let x = x.signals(network, "x")?;
        let places = places.map(outputs).transpose()?;
        results::kernel_matrices(py, self.matrix(py, (x, places), None, progress)?)
    }

    /// The kernels of the signals of one set (rows) with the signals of another set (columns).
    ///
    /// Parameters
    /// ----------
    /// x1, x2 : array_like
    ///     Signals, `[n1, ...]` and `[n2, ...]`, as in `gram`.
    /// places : array_like, optional
    ///     Where the features of the rows are read, as in `gram`; those of the columns are read at the outputs of the network.
    /// progress : callable or bool, optional
    ///     As in `gram`.
    ///
    /// Returns
    /// -------
    /// KernelMatrices
    ///     `nngp`, `ntk`, `[n1, n2]`, and their error estimates.
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic import Kernel, stax
    /// >>> kernel = Kernel(stax.network((1,), stax.Dense(1)))
    /// >>> kernel.between([[1.0], [3.0]], [[5.0]]).nngp
    /// array([[ 5.],
    ///        [15.]])
    #[pyo3(signature = (x1, x2, *, places=None, progress=None))]
    fn between<'py>(
        &self,
        py: Python<'py>,
        x1: &Bound<'py, PyAny>,
        x2: &Bound<'py, PyAny>,
        places: Option<&Bound<'py, PyAny>>,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let network = self.kernel.network();
        let (x1, x2) = (
            Inputs::of(x1, network, "x1")?,
            Inputs::of(x2, network, "x2")?,
        );
        let (x1, x2) = (x1.signals(network, "x1")?, x2.signals(network, "x2")?);
        let places = places.map(outputs).transpose()?;
        results::kernel_matrices(py, self.matrix(py, (x1, places), Some(x2), progress)?)
    }

    /// The kernels of each signal with itself.
    ///
    /// Parameters
    /// ----------
    /// x : array_like
    ///     Signals, `[n, ...]`, as in `gram`.
    ///
    /// Returns
    /// -------
    /// nngp, ntk : ndarray
    ///     The diagonals of the matrices of `gram`, `[n]`.
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic import Kernel, stax
    /// >>> kernel = Kernel(stax.network((1,), stax.Dense(1)))
    /// >>> nngp, ntk = kernel.diagonal([[1.0], [3.0]])
    /// >>> nngp
    /// array([1., 9.])
    fn diagonal<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
        let network = self.kernel.network();
        let x = Inputs::of(x, network, "x")?;
        let x = x.signals(network, "x")?;
        let (nngp, ntk) = watch::long(py, self.threads, None, |progress| {
            diagonal(&self.kernel.clone().with_progress(progress), x)
        })?;
        Ok((results::array(py, nngp)?, results::array(py, ntk)?))
    }

    /// The derivatives of a weighted sum of the entries of both matrices in the signals.
    ///
    /// It is the step of a program for automatic differentiation backwards: the product of the transposed derivative of the kernel
    /// matrices with the factors. Available for networks on vectors, on images, on the sphere, over finite groups, and on graphs with a
    /// readout, whose derivatives are a list with an array `[nodes, channels]` for each graph. Derivatives by
    /// coefficients on the sphere are the coefficients of a real function, whose inner product with a small change of the signal is the
    /// change of the sum.
    ///
    /// Parameters
    /// ----------
    /// x1 : array_like
    ///     Signals, `[n1, ...]`, as in `gram`.
    /// x2 : array_like, optional
    ///     Signals of the columns, `[n2, ...]`; those of the rows unless stated, and both arguments of each entry then move.
    /// nngp, ntk : array_like, optional
    ///     The factors of the entries of both matrices, `[n1, n2]`; zeros unless stated.
    /// progress : callable or bool, optional
    ///     As in `gram`.
    ///
    /// Returns
    /// -------
    /// ndarray, or a pair of them
    ///     The derivatives in `x1`, and those in `x2` if it is given, in the shapes of the signals.
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic import Kernel, stax
    /// >>> kernel = Kernel(stax.network((2,), stax.Dense(1)))
    /// >>> kernel.gradient([[1.0, 2.0]], nngp=[[1.0]])  # of (x² + y²) / 2
    /// array([[1., 2.]])
    /// >>> of_x1, of_x2 = kernel.gradient([[1.0, 2.0]], [[3.0, 4.0]], ntk=[[2.0]])
    /// >>> of_x1, of_x2
    /// (array([[3., 4.]]), array([[1., 2.]]))
    #[pyo3(signature = (x1, x2=None, *, nngp=None, ntk=None, progress=None))]
    fn gradient<'py>(
        &self,
        py: Python<'py>,
        x1: &Bound<'py, PyAny>,
        x2: Option<&Bound<'py, PyAny>>,
        nngp: Option<&Bound<'py, PyAny>>,
        ntk: Option<&Bound<'py, PyAny>>,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        distill::gradient(py, self, x1, x2, nngp, ntk, progress)
    }

    /// The kernel of networks whose hidden layers have finitely many channels, to first order in 1/width.
    ///
    /// Parameters
    /// ----------
    /// widths : sequence of int
    ///     Channels of each hidden layer: each layer with weights but the last one.
    ///
    /// Returns
    /// -------
    /// KernelAtWidth
    ///     Its matrices have bias and standard deviation of each entry.
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic import Kernel, stax
    /// >>> layers = stax.Dense(1), stax.Relu(), stax.Dense(1)
    /// >>> Kernel(stax.network((1,), *layers)).at_width([100]).relative_error
    /// 0.025
    fn at_width(&self, widths: Vec<usize>) -> PyResult<PyKernelAtWidth> {
        PyKernelAtWidth::new(self, &widths)
    }

    /// Features of signals whose inner products are the kernels, for networks on the sphere and on molecules with finitely many.
    ///
    /// Parameters
    /// ----------
    /// x : array_like
    ///     Signals, `[n, ...]`, as in `gram`.
    /// kind : {"ntk", "nngp"}
    ///
    /// Returns
    /// -------
    /// ndarray
    ///     `[n, features]`.
    ///
    /// Raises
    /// ------
    /// ValueError
    ///     Unless filters are global or one message is the only one, the activation before the pooling is a polynomial of degree 2 at most, and
    ///     none follows the pooling.
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> from haarmonic import Kernel, Network
    /// >>> network = Network('''
    /// ... [input]
    /// ... space = "sphere"
    /// ... bandlimit = 2
    /// ... sampling = "coefficients"
    /// ... channels = 1
    /// ... [[layers]]
    /// ... kind = "lifting"
    /// ... group = "SO3"
    /// ... [[layers]]
    /// ... kind = "activation"
    /// ... function = "monomial"
    /// ... degree = 2
    /// ... [[layers]]
    /// ... kind = "group-pooling"
    /// ... ''')
    /// >>> x = np.zeros((2, 1, 2, 3), dtype=complex)
    /// >>> x[:, 0, 0, 1] = [1.0, 2.0]
    /// >>> x[:, 0, 1, 1] = [0.5, 0.0]
    /// >>> kernel = Kernel(network)
    /// >>> features = kernel.feature_map(x, kind="nngp")
    /// >>> bool(np.allclose(features @ features.T, kernel.gram(x).nngp, rtol=1e-12, atol=0))
    /// True
    #[pyo3(signature = (x, *, kind="ntk"))]
    fn feature_map<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        kind: &str,
    ) -> PyResult<Bound<'py, PyAny>> {
        let kind = kind_of(kind)?;
        let network = self.kernel.network();
        let x = Inputs::of(x, network, "x")?;
        let x = x.signals(network, "x")?;
        let features = watch::short(py, self.threads, || {
            let prepared = self.kernel.prepare(x)?;
            features(&self.kernel.feature_map(&prepared)?, kind)
        })?;
        results::array(py, features)
    }

    /// Forces of a function that is linear in the features: minus its derivatives in the positions of the atoms.
    ///
    /// Parameters
    /// ----------
    /// x : sequence of haarmonic.molecules.Atoms
    ///     Molecules, as in `gram`.
    /// weights : array_like
    ///     The factors of the features of `feature_map`, `[features]`, such as a column of `predict.LinearModel.weights`.
    /// kind : {"ntk", "nngp"}
    ///     The kernel whose features they are.
    ///
    /// Returns
    /// -------
    /// list of ndarray
    ///     One array `[atoms, 3]` per molecule, in the unit of the function per unit of length.
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> from haarmonic import Kernel, Network
    /// >>> from haarmonic.molecules import Atoms
    /// >>> from haarmonic.predict import LinearModel
    /// >>> network = Network('''
    /// ... [input]
    /// ... space = "molecule"
    /// ... labels = ["H"]
    /// ... [[layers]]
    /// ... kind = "message"
    /// ... cutoff = 3.0
    /// ... radial = { kernel = "gaussian", width = 0.3 }
    /// ... angular = { spectrum = [1.0] }
    /// ... bias_std = 0.5
    /// ... [[layers]]
    /// ... kind = "activation"
    /// ... function = "hermite"
    /// ... degree = 2
    /// ... [[layers]]
    /// ... kind = "group-pooling"
    /// ... [[layers]]
    /// ... kind = "node-sum"
    /// ... ''')
    /// >>> kernel = Kernel(network)
    /// >>> lengths = np.linspace(0.6, 0.9, 7)
    /// >>> bonds = [Atoms(["H", "H"], [[0, 0, 0], [0, 0, d]]) for d in lengths]
    /// >>> model = LinearModel.fit(kernel.feature_map(bonds), ((lengths - 0.75) ** 2)[:, None], ridge=1e-9)
    /// >>> forces = kernel.forces(bonds, model.weights[:, 0])
    /// >>> bool(abs(forces[5][1, 2] + 2 * (lengths[5] - 0.75)) < 0.01)    # -2 (d - 0.75)
    /// True
    #[pyo3(signature = (x, weights, *, kind="ntk"))]
    fn forces<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        weights: &Bound<'py, PyAny>,
        kind: &str,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let kind = kind_of(kind)?;
        let network = self.kernel.network();
        let x = Inputs::of(x, network, "x")?;
        let x = x.signals(network, "x")?;
        let weights = arrays::real(weights, "weights")?;
        let weights = with_axes::<f64, Ix1>(weights.view(), "weights", "[features]")?;
        let forces = watch::short(py, self.threads, || {
            let prepared = self.kernel.prepare(x)?;
            let map = self.kernel.feature_map(&prepared)?;
            match kind {
                KernelKind::Ntk => map.ntk_forces(weights),
                KernelKind::Nngp => map.nngp_forces(weights),
            }
        })?;
        let arrays = forces.into_iter().map(|array| results::array(py, array));
        arrays.collect()
    }

    /// The network, with the quadrature of this kernel.
    #[getter]
    fn network(&self) -> PyNetwork {
        PyNetwork(self.kernel.network().clone())
    }

    fn __repr__(&self) -> String {
        format!("<haarmonic.Kernel of {}>", self.kernel.network())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        let options = PyDict::new(py);
        let precision = match self.kernel.precision() {
            Precision::Double => "double",
            Precision::Single => "single",
        };
        options.set_item("precision", precision)?;
        options.set_item("table_bytes", self.limits.table_bytes)?;
        options.set_item("points", self.limits.points)?;
        options.set_item("threads", self.threads.asked())?;
        reduced::<PyKernel>(py, &options, (self.network(),))
    }
}

/// The kernel of a name.
pub(crate) fn kind_of(kind: &str) -> PyResult<KernelKind> {
    match kind {
        "ntk" => Ok(KernelKind::Ntk),
        "nngp" => Ok(KernelKind::Nngp),
        other => Err(PyValueError::new_err(format!(
            "kind: found {other:?}, expected \"ntk\" or \"nngp\""
        ))),
    }
}

/// The features of one of both kernels.
pub(crate) fn features(map: &FeatureMap<'_>, kind: KernelKind) -> haarmonic::Result<Array2<f64>> {
    match kind {
        KernelKind::Ntk => map.ntk(),
        KernelKind::Nngp => map.nngp(),
    }
}

impl PyKernel {
    /// The kernels of two sets, or of one set with itself. A matrix that takes long is watched.
    ///
    /// # Arguments
    /// * `places` — of the rows, in place of the outputs of the network
    fn matrix(
        &self,
        py: Python<'_>,
        (rows, places): (Signals<'_>, Option<Outputs>),
        columns: Option<Signals<'_>>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<KernelMatrices> {
        let kernel = self.kernel.clone();
        let prepared = |kernel: &Kernel| {
            let rows = match &places {
                None => kernel.prepare(rows)?,
                Some(places) => kernel.prepare_at(rows, places)?,
            };
            let columns = columns.map(|columns| kernel.prepare(columns));
            Ok((rows, columns.transpose()?))
        };
        let pairs = rows.len() * columns.map_or(rows.len(), |columns| columns.len());
        if progress.is_none() && is_short(kernel.network().input(), pairs) {
            let job = || matrix(&kernel, &prepared(&kernel)?);
            // The crate computes a single pair on the calling thread, which a pool would only delay.
            return match pairs {
                1 => py.detach(job).or_raise(),
                _ => watch::short(py, self.threads, job),
            };
        }
        let signals = watch::long(py, self.threads, None, |_| prepared(&kernel))?;
        watch::long_owned(py, self.threads, progress, move |progress: Progress| {
            matrix(&kernel.with_progress(progress), &signals)
        })
    }
}

/// The places where features are read: points or rotations.
///
/// # Errors
/// `ValueError` for another shape.
fn outputs(places: &Bound<'_, PyAny>) -> PyResult<Outputs> {
    let places = arrays::real(places, "places")?;
    let places: ArrayView2<'_, f64> = with_axes(places.view(), "places", "[P, 2] or [P, 3]")?;
    let rows = places.outer_iter();
    match places.ncols() {
        2 => Ok(Outputs::points(
            &rows.map(|row| [row[0], row[1]]).collect::<Vec<_>>(),
        )),
        3 => Ok(Outputs::rotations(
            &rows.map(|row| [row[0], row[1], row[2]]).collect::<Vec<_>>(),
        )),
        _ => Err(PyValueError::new_err(format!(
            "places: expected shape [P, 2] or [P, 3], found {:?}",
            places.shape()
        ))),
    }
}

fn matrix(
    kernel: &Kernel,
    (rows, columns): &(PreparedSignals, Option<PreparedSignals>),
) -> haarmonic::Result<KernelMatrices> {
    match columns {
        None => kernel.gram_prepared(rows),
        Some(columns) => kernel.cross_prepared(rows, columns),
    }
}

/// Whether some pairs take a few milliseconds at most.
fn is_short(input: &InputSpace, pairs: usize) -> bool {
    match *input {
        InputSpace::Vector { dimension } => pairs.saturating_mul(PAIR + dimension) <= SHORT[0],
        InputSpace::Plane { height, width, .. } => {
            let pixels = height.saturating_mul(width);
            pairs.saturating_mul(pixels.saturating_mul(pixels)) <= SHORT[1]
        }
        _ => false,
    }
}

/// The kernels of each signal with itself, from one small matrix per signal.
fn diagonal(kernel: &Kernel, x: Signals<'_>) -> haarmonic::Result<(Array1<f64>, Array1<f64>)> {
    let grams: Vec<KernelMatrices> = (0..x.len())
        .into_par_iter()
        .map(|i| kernel.gram(one(&x, i)))
        .collect::<haarmonic::Result<_>>()?;
    let entries = |kind: KernelKind| {
        let diagonals = grams.iter().map(|gram| kind.of(gram));
        diagonals
            .flat_map(|matrix| matrix.into_diag())
            .copied()
            .collect()
    };
    Ok((entries(KernelKind::Nngp), entries(KernelKind::Ntk)))
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyKernel>()
}
