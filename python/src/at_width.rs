//! Kernels of networks of finite width: bias and spread.

use haarmonic::corrections::{KernelAtWidth, LayerVariance, MatricesAtWidth};
use haarmonic::kernel::Signals;
use haarmonic::ndarray::{ArrayView2, arr0};
use haarmonic::predict::Time;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays;
use crate::axes::with_axes;
use crate::errors::OrRaise;
use crate::kernel::PyKernel;
use crate::predict::fixed_ridge;
use crate::results;
use crate::signals::Inputs;
use crate::threads::Threads;
use crate::watch;

/// The kernel of networks whose hidden layers have finitely many channels, to first order in 1/width.
///
/// Made by `Kernel.at_width`.
///
/// Examples
/// --------
/// >>> from haarmonic import Kernel, stax
/// >>> layers = stax.Dense(1), stax.Relu(), stax.Dense(1)
/// >>> gram = Kernel(stax.network((1,), *layers)).at_width([500]).gram([[1.0]])
/// >>> gram.nngp_std.round(3)
/// array([[0.05]])
#[pyclass(frozen, name = "KernelAtWidth", module = "haarmonic")]
pub(crate) struct PyKernelAtWidth {
    kernel: KernelAtWidth,
    threads: Threads,
}

impl PyKernelAtWidth {
    /// # Errors
    /// `ValueError` for widths that do not fit the network, and for layers whose corrections are not known.
    pub(crate) fn new(kernel: &PyKernel, widths: &[usize]) -> PyResult<Self> {
        Ok(PyKernelAtWidth {
            kernel: kernel.kernel.at_width(widths).or_raise()?,
            threads: kernel.threads,
        })
    }

    fn matrices<'py>(
        &self,
        py: Python<'py>,
        rows: Signals<'_>,
        columns: Option<Signals<'_>>,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let found = watch::long(py, self.threads, progress, |progress| {
            let kernel = self.kernel.clone().with_progress(progress);
            match columns {
                None => kernel.gram(rows),
                Some(columns) => kernel.cross(rows, columns),
            }
        })?;
        matrices_at_width(py, found)
    }
}

/// `MatricesAtWidth(limit, nngp_bias, ntk_bias, nngp_std, ntk_std, quadrature_error)`.
fn matrices_at_width(py: Python<'_>, found: MatricesAtWidth) -> PyResult<Bound<'_, PyAny>> {
    static CLASS: results::Class = results::Class::new("MatricesAtWidth");
    let limit = results::kernel_matrices(py, found.limit)?;
    let [nngp_bias, ntk_bias, nngp_std, ntk_std] = [
        results::array(py, found.nngp_bias)?,
        results::array(py, found.ntk_bias)?,
        results::array(py, found.nngp_std)?,
        results::array(py, found.ntk_std)?,
    ];
    let quadrature_error = found
        .quadrature_error
        .map(|errors| {
            let [a, b, c, d] = errors.map(|error| results::array(py, error));
            Ok::<_, PyErr>((a?, b?, c?, d?))
        })
        .transpose()?;
    CLASS.make(
        py,
        (
            limit,
            nngp_bias,
            ntk_bias,
            nngp_std,
            ntk_std,
            quadrature_error,
        ),
    )
}

#[pymethods]
impl PyKernelAtWidth {
    /// The kernels of all signals with each other, their biases and standard deviations.
    ///
    /// Parameters
    /// ----------
    /// x : array_like
    ///     Signals, as in `Kernel.gram`.
    /// progress : callable or bool, optional
    ///     As in `Kernel.gram`.
    ///
    /// Returns
    /// -------
    /// MatricesAtWidth
    ///     `limit`, `nngp_bias`, `ntk_bias`, `nngp_std`, `ntk_std`, each `[n, n]`; on the sphere also `quadrature_error`, the errors
    ///     of the four arrays.
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic import Kernel, stax
    /// >>> layers = stax.Dense(1), stax.Erf(), stax.Dense(1), stax.Erf(), stax.Dense(1)
    /// >>> gram = Kernel(stax.network((1,), *layers)).at_width([64, 64]).gram([[1.0]])
    /// >>> bool(gram.ntk_std[0, 0] > abs(gram.ntk_bias[0, 0]))
    /// True
    #[pyo3(signature = (x, *, progress=None))]
    fn gram<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let network = self.kernel.kernel().network();
        let x = Inputs::of(x, network, "x")?;
        self.matrices(py, x.signals(network, "x")?, None, progress)
    }

    /// The kernels of two sets of signals, their biases and standard deviations.
    ///
    /// Parameters
    /// ----------
    /// x1, x2 : array_like
    ///     Signals of the rows and of the columns.
    /// progress : callable or bool, optional
    ///     As in `Kernel.gram`.
    ///
    /// Returns
    /// -------
    /// MatricesAtWidth
    ///     As for `gram`, `[n1, n2]`.
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic import Kernel, stax
    /// >>> layers = stax.Dense(1), stax.Erf(), stax.Dense(1)
    /// >>> kernel = Kernel(stax.network((1,), *layers)).at_width([64])
    /// >>> kernel.between([[1.0], [2.0]], [[3.0]]).ntk_std.shape
    /// (2, 1)
    #[pyo3(signature = (x1, x2, *, progress=None))]
    fn between<'py>(
        &self,
        py: Python<'py>,
        x1: &Bound<'py, PyAny>,
        x2: &Bound<'py, PyAny>,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let network = self.kernel.kernel().network();
        let (x1, x2) = (
            Inputs::of(x1, network, "x1")?,
            Inputs::of(x2, network, "x2")?,
        );
        let (x1, x2) = (x1.signals(network, "x1")?, x2.signals(network, "x2")?);
        self.matrices(py, x1, Some(x2), progress)
    }

    /// The standard deviation of the predictions of networks trained to convergence, their initial outputs subtracted.
    ///
    /// Parameters
    /// ----------
    /// x : array_like
    ///     Training signals.
    /// y : array_like
    ///     Targets, `[n, outputs]`.
    /// x_test : array_like
    ///     Test signals. Some 60 vectors in all fit into 2 GB.
    /// ridge : float
    ///     Added to the diagonal of the kernel between training signals.
    /// relative : bool
    ///     Whether `ridge` is a multiple of the mean diagonal entry.
    ///
    /// Returns
    /// -------
    /// ndarray
    ///     `[m, outputs]`.
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic import Kernel, stax
    /// >>> layers = stax.Dense(1, b_std=0.5), stax.Erf(), stax.Dense(1)
    /// >>> kernel = Kernel(stax.network((1,), *layers)).at_width([64])
    /// >>> kernel.ensemble_std([[1.0], [2.0]], [[1.0], [0.5]], [[3.0]]).shape
    /// (1, 1)
    #[pyo3(signature = (x, y, x_test, *, ridge=0.0, relative=false))]
    fn ensemble_std<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        y: &Bound<'py, PyAny>,
        x_test: &Bound<'py, PyAny>,
        ridge: f64,
        relative: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let network = self.kernel.kernel().network();
        let (x, x_test) = (
            Inputs::of(x, network, "x")?,
            Inputs::of(x_test, network, "x_test")?,
        );
        let (x, x_test) = (x.signals(network, "x")?, x_test.signals(network, "x_test")?);
        let y = arrays::real(y, "y")?;
        let y: ArrayView2<'_, f64> = with_axes(y.view(), "y", "[n, outputs]")?;
        let ridge = fixed_ridge(ridge, relative);
        let job = || self.kernel.ensemble_std(x, y, x_test, ridge);
        results::array(py, watch::short(py, self.threads, job)?)
    }

    /// All biases and covariances of the kernels of some signals.
    ///
    /// Parameters
    /// ----------
    /// x : array_like
    ///     Few signals: vectors, images, functions on which a finite group acts, or signals on the sphere.
    ///
    /// Returns
    /// -------
    /// dict of str to ndarray
    ///     `nngp`, `ntk`, `nngp_bias`, `ntk_bias`, each `[m, m]`, and the tensors `v`, `d`, `a`, `b`, `f`, each `[m, m, m, m]`; for smooth
    ///     activations also `p`, `q`, `r`, `s`, `t`, `u`, which say how the NTK moves. On the sphere these are missing, and
    ///     `quadrature_error`, an array without axes, is the error of the tensors relative to the largest entry of each.
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic import Kernel, stax
    /// >>> layers = stax.Dense(1), stax.Erf(), stax.Dense(1)
    /// >>> tensors = Kernel(stax.network((1,), *layers)).at_width([64]).tensors([[1.0], [2.0]])
    /// >>> tensors["v"].shape, "u" in tensors
    /// ((2, 2, 2, 2), True)
    fn tensors<'py>(&self, py: Python<'py>, x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
        let network = self.kernel.kernel().network();
        let x = Inputs::of(x, network, "x")?;
        let x = x.signals(network, "x")?;
        let job = || {
            let all = self.kernel.tensors(x)?;
            // The motion is not known on the sphere.
            let moves = self.kernel.is_smooth() && all.quadrature_error.is_none();
            let motion = moves.then(|| self.kernel.motion(x));
            Ok((all, motion.transpose()?))
        };
        let (all, motion) = watch::short(py, self.threads, job)?;
        let dict = PyDict::new(py);
        for (name, matrix) in [
            ("nngp", all.nngp),
            ("ntk", all.ntk),
            ("nngp_bias", all.nngp_bias),
            ("ntk_bias", all.ntk_bias),
        ] {
            dict.set_item(name, results::array(py, matrix)?)?;
        }
        let mut tensors = vec![
            ("v", all.v),
            ("d", all.d),
            ("a", all.a),
            ("b", all.b),
            ("f", all.f),
        ];
        if let Some(motion) = motion {
            tensors.extend([("p", motion.p), ("q", motion.q), ("r", motion.r)]);
            tensors.extend([("s", motion.s), ("t", motion.t), ("u", motion.u)]);
        }
        for (name, tensor) in tensors {
            dict.set_item(name, results::array(py, tensor)?)?;
        }
        if let Some(error) = all.quadrature_error {
            dict.set_item("quadrature_error", results::array(py, arr0(error))?)?;
        }
        Ok(dict)
    }

    /// The mean change of the NTK in training by gradient flow, from kernels alone. One target per signal, smooth activations.
    ///
    /// Parameters
    /// ----------
    /// x : array_like
    ///     Training signals.
    /// y : array_like
    ///     Targets, `[n, 1]`.
    /// x_test : array_like
    ///     Further signals.
    /// time : float
    ///     Of gradient flow with learning rate 1 on half the mean square error; `inf` at convergence.
    ///
    /// Returns
    /// -------
    /// NtkChange
    ///     `random` and `centred`, each `[n + m, n + m]`, training signals first.
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic import Kernel, stax
    /// >>> layers = stax.Dense(1, b_std=0.5), stax.Erf(), stax.Dense(1)
    /// >>> kernel = Kernel(stax.network((1,), *layers)).at_width([64])
    /// >>> change = kernel.ntk_change([[1.0], [2.0]], [[1.0], [0.5]], [[3.0]], 2.0)
    /// >>> change.centred.shape
    /// (3, 3)
    fn ntk_change<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        y: &Bound<'py, PyAny>,
        x_test: &Bound<'py, PyAny>,
        time: f64,
    ) -> PyResult<Bound<'py, PyAny>> {
        static CLASS: results::Class = results::Class::new("NtkChange");
        let network = self.kernel.kernel().network();
        let (x, x_test) = (
            Inputs::of(x, network, "x")?,
            Inputs::of(x_test, network, "x_test")?,
        );
        let (x, x_test) = (x.signals(network, "x")?, x_test.signals(network, "x_test")?);
        let y = arrays::real(y, "y")?;
        let y: ArrayView2<'_, f64> = with_axes(y.view(), "y", "[n, 1]")?;
        let time = match time == f64::INFINITY {
            true => Time::Infinite,
            false => Time::Finite(time),
        };
        let job = || self.kernel.ntk_change(x, y, x_test, time);
        let found = watch::short(py, self.threads, job)?;
        let (random, centred) = (
            results::array(py, found.random)?,
            results::array(py, found.centred)?,
        );
        CLASS.make(py, (random, centred))
    }

    /// The contributions of the hidden layers to the variance of a linear functional of the kernels.
    ///
    /// Parameters
    /// ----------
    /// x : array_like
    ///     Signals: vectors, images or functions on which a finite group acts.
    /// nngp, ntk : array_like
    ///     The weights of the entries of both kernels, `[n, n]`.
    /// samples : int
    ///     Normal vectors per layer, at least 40.
    /// seed : int
    ///     Of the samples.
    ///
    /// Returns
    /// -------
    /// list of tuple
    ///     A variance and its standard error for each hidden layer.
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic import Kernel, stax
    /// >>> layers = stax.Dense(1), stax.Erf(), stax.Dense(1), stax.Erf(), stax.Dense(1)
    /// >>> kernel = Kernel(stax.network((1,), *layers)).at_width([64, 64])
    /// >>> len(kernel.variance_by_layer([[1.0]], [[0.0]], [[1.0]]))
    /// 2
    #[pyo3(signature = (x, nngp, ntk, *, samples=4000, seed=0))]
    fn variance_by_layer<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        nngp: &Bound<'py, PyAny>,
        ntk: &Bound<'py, PyAny>,
        samples: usize,
        seed: u64,
    ) -> PyResult<Vec<(f64, f64)>> {
        let network = self.kernel.kernel().network();
        let x = Inputs::of(x, network, "x")?;
        let x = x.signals(network, "x")?;
        let (nngp, ntk) = (arrays::real(nngp, "nngp")?, arrays::real(ntk, "ntk")?);
        let nngp: ArrayView2<'_, f64> = with_axes(nngp.view(), "nngp", "[n, n]")?;
        let ntk: ArrayView2<'_, f64> = with_axes(ntk.view(), "ntk", "[n, n]")?;
        let job = || self.kernel.variance_by_layer(x, nngp, ntk, samples, seed);
        let layers = watch::short(py, self.threads, job)?;
        let number = |layer: LayerVariance| (layer.variance, layer.standard_error);
        Ok(layers.into_iter().map(number).collect())
    }

    /// The widths of the hidden layers.
    #[getter]
    fn widths(&self) -> Vec<usize> {
        self.kernel.widths().to_vec()
    }

    /// An estimate of the error of biases and standard deviations, relative to them: 2.5 times the sum of 1/width.
    #[getter]
    fn relative_error(&self) -> f64 {
        self.kernel.relative_error()
    }

    fn __repr__(&self) -> String {
        format!(
            "<haarmonic.KernelAtWidth of {} at widths {:?}>",
            self.kernel.kernel().network(),
            self.kernel.widths()
        )
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyKernelAtWidth>()
}
