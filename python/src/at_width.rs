//! Kernels of networks of finite width: bias and spread.

use haarmonic::corrections::{KernelAtWidth, MatricesAtWidth};
use haarmonic::kernel::Signals;
use haarmonic::ndarray::ArrayView2;
use pyo3::prelude::*;

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

/// `MatricesAtWidth(limit, nngp_bias, ntk_bias, nngp_std, ntk_std)`.
fn matrices_at_width(py: Python<'_>, found: MatricesAtWidth) -> PyResult<Bound<'_, PyAny>> {
    static CLASS: results::Class = results::Class::new("MatricesAtWidth");
    let limit = results::kernel_matrices(py, found.limit)?;
    let [nngp_bias, ntk_bias, nngp_std, ntk_std] = [
        results::array(py, found.nngp_bias)?,
        results::array(py, found.ntk_bias)?,
        results::array(py, found.nngp_std)?,
        results::array(py, found.ntk_std)?,
    ];
    CLASS.make(py, (limit, nngp_bias, ntk_bias, nngp_std, ntk_std))
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
    ///     `limit`, `nngp_bias`, `ntk_bias`, `nngp_std`, `ntk_std`, each `[n, n]`.
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
