//! Networks of finite width: their outputs, kernels, ensembles and random features.

use haarmonic::Error;
use haarmonic::finite_width::candle_core::{DType, Tensor};
use haarmonic::finite_width::{
    EmpiricalKernel, EmpiricalMatrices, Estimate, FiniteNetwork, Optimiser, RandomFeatures,
    Trainer, Width,
};
use haarmonic::kernel::{KernelError, KernelMatrices};
use haarmonic::ndarray::{Array4, Axis, Slice};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays;
use crate::errors::OrRaise;
use crate::network::PyNetwork;
use crate::predict::{kernel_kind, targets};
use crate::results;
use crate::signals::Inputs;
use crate::threads::Threads;
use crate::watch;

/// A network with random parameters and finitely many channels.
///
/// Parameters are standard normal numbers and the factors are in the layers, as in the limit of infinite width; `seed` determines them.
///
/// Parameters
/// ----------
/// network : Network
///     Vectors, images, functions on a finite set, signals on the sphere, or molecules with a fixed quadrature.
/// width : int
///     Channels of every layer with weights but the last one.
/// outputs : int
///     Channels of the last layer with weights.
/// seed : int
///     Seed of the parameters.
/// precision : {"double", "single"}
/// threads : int, optional
///     Threads of ensembles and means over networks; all unless stated.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic import Kernel, stax
/// >>> from haarmonic.finite_width import FiniteNetwork
/// >>> network = stax.network((2,), stax.Dense(1), stax.Relu(), stax.Dense(1))
/// >>> x = np.array([[1.0, 1.0], [1.0, -0.5]])
/// >>> finite = FiniteNetwork(network, 32)
/// >>> finite.outputs(x).shape
/// (2, 1)
/// >>> mean, limit = finite.mean_gram(x, 200), Kernel(network).gram(x)
/// >>> bool(np.all(abs(mean.ntk - limit.ntk) < 4 * mean.ntk_error))
/// True
#[pyclass(frozen, name = "FiniteNetwork", module = "haarmonic.finite_width")]
struct PyFiniteNetwork {
    network: FiniteNetwork,
    threads: Threads,
}

impl PyFiniteNetwork {
    /// Signals in the form that the network reads.
    fn prepared(&self, py: Python<'_>, x: &Bound<'_, PyAny>, what: &str) -> PyResult<Tensor> {
        let network = self.network.network();
        let inputs = Inputs::of(x, network, what)?;
        let signals = inputs.signals(network, what)?;
        watch::short(py, self.threads, || self.network.prepare(signals))
    }
}

/// Kernels of one network.
fn empirical(py: Python<'_>, found: EmpiricalMatrices) -> PyResult<Bound<'_, PyAny>> {
    let EmpiricalMatrices { nngp, ntk } = found;
    let error = KernelError::Exact;
    results::kernel_matrices(py, KernelMatrices { nngp, ntk, error })
}

#[pymethods]
impl PyFiniteNetwork {
    #[new]
    #[pyo3(signature = (network, width, *, outputs=1, seed=0, precision="double", threads=None))]
    fn new(
        network: &PyNetwork,
        width: usize,
        outputs: usize,
        seed: u64,
        precision: &str,
        threads: Option<i64>,
    ) -> PyResult<Self> {
        let precision = match precision {
            "double" => DType::F64,
            "single" => DType::F32,
            other => {
                return Err(PyValueError::new_err(format!(
                    "precision: found {other:?}, expected \"double\" or \"single\""
                )));
            }
        };
        let width = Width::new(width, outputs);
        Ok(PyFiniteNetwork {
            network: FiniteNetwork::new(&network.0, width, seed, precision).or_raise()?,
            threads: Threads::new(threads)?,
        })
    }

    /// The number of parameters.
    #[getter]
    fn parameter_count(&self) -> usize {
        self.network.parameter_count()
    }

    /// The outputs of the network.
    ///
    /// Parameters
    /// ----------
    /// x : array_like
    ///     Signals, as in `Kernel.gram`.
    ///
    /// Returns
    /// -------
    /// ndarray
    ///     `[n, outputs]`; with outputs at several places of a signal, one row for each.
    fn outputs<'py>(&self, py: Python<'py>, x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let network = self.network.network();
        let inputs = Inputs::of(x, network, "x")?;
        let signals = inputs.signals(network, "x")?;
        let outputs = watch::short(py, self.threads, || self.network.outputs(signals))?;
        results::array(py, outputs)
    }

    /// The kernels of this one network.
    ///
    /// Parameters
    /// ----------
    /// x : array_like
    ///     Signals, as in `Kernel.gram`.
    ///
    /// Returns
    /// -------
    /// KernelMatrices
    ///     `nngp`, the covariance of the outputs over the weights of the last layer, and `ntk`, products of gradients.
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic import stax
    /// >>> from haarmonic.finite_width import FiniteNetwork
    /// >>> linear = FiniteNetwork(stax.network((2,), stax.Dense(1)), 1)
    /// >>> linear.gram([[1.0, 2.0]]).ntk               # the limit itself
    /// array([[2.5]])
    fn gram<'py>(&self, py: Python<'py>, x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let inputs = self.prepared(py, x, "x")?;
        let kernel = EmpiricalKernel::default();
        let found = watch::short(py, self.threads, || kernel.gram(&self.network, &inputs))?;
        empirical(py, found)
    }

    /// The kernels of this one network between two sets of signals.
    ///
    /// Parameters
    /// ----------
    /// x1, x2 : array_like
    ///     Signals of the rows and of the columns.
    ///
    /// Returns
    /// -------
    /// KernelMatrices
    fn between<'py>(
        &self,
        py: Python<'py>,
        x1: &Bound<'py, PyAny>,
        x2: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (rows, columns) = (self.prepared(py, x1, "x1")?, self.prepared(py, x2, "x2")?);
        let kernel = EmpiricalKernel::default();
        let found = watch::short(py, self.threads, || {
            kernel.cross(&self.network, &rows, &columns)
        })?;
        empirical(py, found)
    }

    /// The mean kernels of several networks with their own parameters.
    ///
    /// Parameters
    /// ----------
    /// x : array_like
    ///     Signals, as in `Kernel.gram`.
    /// networks : int
    ///     At least 2. Their seeds count up from the seed of this network.
    ///
    /// Returns
    /// -------
    /// KernelMatrices
    ///     Means; `nngp_error` and `ntk_error` are standard errors, one per entry.
    fn mean_gram<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        networks: u64,
    ) -> PyResult<Bound<'py, PyAny>> {
        let inputs = self.prepared(py, x, "x")?;
        let first = self.network.seed();
        let seeds = first..first.saturating_add(networks);
        let found = watch::short(py, self.threads, || {
            EmpiricalKernel::default().estimate(&self.network, &inputs, seeds)
        })?;
        let error = KernelError::Entries {
            nngp: found.nngp.standard_error,
            ntk: found.ntk.standard_error,
        };
        let (nngp, ntk) = (found.nngp.mean, found.ntk.mean);
        results::kernel_matrices(py, KernelMatrices { nngp, ntk, error })
    }

    /// Train several networks on half the mean squared error, and return what each predicts.
    ///
    /// This network keeps its parameters. Ctrl-C ends the training of the ensemble.
    ///
    /// Parameters
    /// ----------
    /// x : array_like
    ///     Training signals, `[n, ...]`.
    /// targets : array_like
    ///     `[n]` or `[n, outputs]`.
    /// x_test : array_like
    ///     Test signals, `[m, ...]`.
    /// networks : int
    ///     Their seeds count up from the seed of this network.
    /// steps : list of int
    ///     Increasing numbers of steps after which the networks predict.
    /// learning_rate : float
    /// optimiser : {"sgd", "adam"}
    ///     Gradient descent, or Adam with its usual constants.
    /// batch_size : int, optional
    ///     Signals of a step; all unless stated.
    /// progress : callable or bool, optional
    ///     As in `Kernel.gram`; counts networks.
    ///
    /// Returns
    /// -------
    /// ndarray
    ///     `[len(steps), networks, m, outputs]`.
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic import stax
    /// >>> from haarmonic.finite_width import FiniteNetwork
    /// >>> layers = stax.Dense(1), stax.Erf(), stax.Dense(1)
    /// >>> finite = FiniteNetwork(stax.network((1,), *layers), 64)
    /// >>> found = finite.ensemble([[1.0]], [0.5], [[1.0]], networks=3, steps=[0, 100])
    /// >>> found.shape
    /// (2, 3, 1, 1)
    /// >>> bool(abs(found[1] - 0.5).max() < 1e-6)
    /// True
    #[pyo3(signature = (x, targets, x_test, *, networks, steps, learning_rate=1.0, optimiser="sgd", batch_size=None, progress=None))]
    #[allow(clippy::too_many_arguments)]
    fn ensemble<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        targets: &Bound<'py, PyAny>,
        x_test: &Bound<'py, PyAny>,
        networks: u64,
        steps: Vec<u64>,
        learning_rate: f64,
        optimiser: &str,
        batch_size: Option<usize>,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let optimiser = match optimiser {
            "sgd" => Optimiser::Sgd,
            "adam" => Optimiser::ADAM,
            other => {
                return Err(PyValueError::new_err(format!(
                    "optimiser: found {other:?}, expected \"sgd\" or \"adam\""
                )));
            }
        };
        if networks == 0 || steps.is_empty() {
            return Err(PyValueError::new_err(
                "networks, steps: found none, expected at least 1 of each",
            ));
        }
        let inputs = self.prepared(py, x, "x")?;
        let test = self.prepared(py, x_test, "x_test")?;
        let array = arrays::real(targets, "targets")?;
        let (targets, _) = self::targets(array.view())?;
        let mut training = Trainer::regression(&self.network, &inputs, targets)
            .learning_rate(learning_rate)
            .optimiser(optimiser);
        if let Some(size) = batch_size {
            training = training.batch_size(size);
        }
        let first = self.network.seed();
        let outputs = watch::long(py, self.threads, progress, |progress| {
            let at_once = rayon::current_num_threads() as u64;
            let mut all: Option<Array4<f64>> = None;
            for start in (0..networks).step_by(at_once as usize) {
                let end = networks.min(start + at_once);
                let seeds = first + start..first + end;
                let found = training.ensemble_outputs(seeds, &steps, &test)?;
                for (time, found) in found.iter().enumerate() {
                    let (_, rows, channels) = found.outputs.dim();
                    let shape = (steps.len(), networks as usize, rows, channels);
                    all.get_or_insert_with(|| Array4::zeros(shape))
                        .index_axis_mut(Axis(0), time)
                        .slice_axis_mut(Axis(0), Slice::from(start as usize..end as usize))
                        .assign(&found.outputs);
                }
                if progress(end as usize, networks as usize).is_break() {
                    return Err(Error::cancelled("training of an ensemble"));
                }
            }
            Ok(all.expect("at least one network and one time"))
        })?;
        results::array(py, outputs)
    }
}

/// Random features of a network with one activation, whose mean products are the kernel of the infinite network.
///
/// The features are the last channels (NNGP) or the gradients (NTK) of independent networks of finite width. There is no bias at any width,
/// and the spread of the networks gives the standard error of a kernel.
///
/// Parameters
/// ----------
/// network : Network
///     Vectors or images, one activation, and a dense layer at the end.
/// which : {"ntk", "nngp"}
///     The kernel.
/// width : int
///     Channels of a network.
/// networks : int
///     At least 2.
/// seed : int
///     Seeds count up from it.
/// threads : int, optional
///     All unless stated.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic import Kernel, stax
/// >>> from haarmonic.finite_width import RandomFeatures
/// >>> from haarmonic.predict import FeatureRidge
/// >>> network = stax.network((2,), stax.Dense(1), stax.Relu(), stax.Dense(1))
/// >>> features = RandomFeatures(network, "nngp", width=64, networks=32)
/// >>> x = np.array([[1.0, 1.0], [1.0, -0.5]])
/// >>> mean, error = features.gram(x)
/// >>> bool(np.all(abs(mean - Kernel(network).gram(x).nngp) < 4 * error))
/// True
/// >>> phi = features.features(x)
/// >>> ridge = FeatureRidge(phi.shape[1], 1)       # points may come in pieces
/// >>> ridge.add(phi, [[1.0], [0.0]])
/// >>> ridge.solve(1e-6).predict(phi).round(2)
/// array([[1.],
///        [0.]])
#[pyclass(frozen, name = "RandomFeatures", module = "haarmonic.finite_width")]
struct PyRandomFeatures {
    features: RandomFeatures,
    threads: Threads,
}

#[pymethods]
impl PyRandomFeatures {
    #[new]
    #[pyo3(signature = (network, which="ntk", *, width=64, networks=16, seed=0, threads=None))]
    fn new(
        network: &PyNetwork,
        which: &str,
        width: usize,
        networks: u64,
        seed: u64,
        threads: Option<i64>,
    ) -> PyResult<Self> {
        let seeds = seed..seed.saturating_add(networks);
        Ok(PyRandomFeatures {
            features: RandomFeatures::new(&network.0, kernel_kind(which)?, width, seeds)
                .or_raise()?,
            threads: Threads::new(threads)?,
        })
    }

    /// The features.
    ///
    /// Parameters
    /// ----------
    /// x : array_like
    ///     Signals, as in `Kernel.gram`.
    ///
    /// Returns
    /// -------
    /// ndarray
    ///     `[n, features]`: for the NNGP, `width` features for each network and, with a bias, one more; for the NTK, as many as
    ///     the networks have parameters.
    fn features<'py>(&self, py: Python<'py>, x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let network = self.features.network();
        let inputs = Inputs::of(x, network, "x")?;
        let signals = inputs.signals(network, "x")?;
        let found = watch::short(py, self.threads, || self.features.features(signals))?;
        results::array(py, found)
    }

    /// The products of the features, and the standard error of each.
    ///
    /// Parameters
    /// ----------
    /// x : array_like
    ///     Signals, as in `Kernel.gram`.
    ///
    /// Returns
    /// -------
    /// tuple of ndarray
    ///     Mean and standard error, each `[n, n]`.
    fn gram<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
        let network = self.features.network();
        let inputs = Inputs::of(x, network, "x")?;
        let signals = inputs.signals(network, "x")?;
        let Estimate {
            mean,
            standard_error,
        } = watch::short(py, self.threads, || self.features.estimate(signals))?;
        Ok((
            results::array(py, mean)?,
            results::array(py, standard_error)?,
        ))
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyFiniteNetwork>()?;
    module.add_class::<PyRandomFeatures>()
}
