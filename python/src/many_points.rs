//! Regression of many points: shares of the products with a kernel, and the steps of conjugate gradients.

use std::sync::Arc;

use haarmonic::Result;
use haarmonic::ndarray::{ArrayD, ArrayView2};
use haarmonic::predict::{
    ComputedRows, ConjugateGradient, ConjugateGradientSteps, KernelRows, OneProcess,
    PivotedCholesky, Preconditioner, Processes, Ridge, Solved,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyList};

use crate::arrays;
use crate::axes::with_axes;
use crate::errors::OrRaise;
use crate::kernel::PyKernel;
use crate::pickle::{Reduced, reduced};
use crate::predict::{fixed_ridge, kernel_kind, solve, targets};
use crate::results::Form;
use crate::signals::Inputs;
use crate::watch;

/// Bytes of kernels that a share keeps unless stated.
const MEMORY: usize = 1 << 30;

/// A share of a product, which Python adds to the others.
struct OneShare([usize; 2]);

impl Processes for OneShare {
    fn place(&self) -> [usize; 2] {
        self.0
    }

    fn sum(&self, _values: &mut [f64]) -> Result<()> {
        Ok(())
    }
}

/// One of several shares of the kernel of training signals with themselves: its product with vectors is a part of the whole product.
///
/// The matrix consists of tiles on and above the diagonal; a share has every n-th tile, and is computed in each product unless it is kept.
/// Shares pickle by their arguments, so that workers of Dask or of a pool make their own; kept kernels stay where they were computed.
///
/// Parameters
/// ----------
/// kernel : Kernel
///     The kernel.
/// x : array_like
///     Training signals, `[n, ...]`, as in `Kernel.gram`. They must not change while the share is in use.
/// which : {"ntk", "nngp"}
///     The kernel of the regression.
/// share : (int, int)
///     `(k, n)`: the k-th of n shares, counted from 0.
/// memory : int, optional
///     Bytes of kernels that are kept from product to product; 1 GiB unless stated.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic import Kernel, KernelShare, stax
/// >>> kernel = Kernel(stax.network((3,), stax.Dense(512), stax.Relu(), stax.Dense(1)))
/// >>> x = np.sin(np.arange(30.0)).reshape(10, 3)
/// >>> v = np.ones((10, 1))
/// >>> halves = [KernelShare(kernel, x, share=(k, 2)).product(v) for k in range(2)]
/// >>> bool(np.allclose(sum(halves), kernel.gram(x).ntk @ v))
/// True
#[pyclass(frozen, name = "KernelShare", module = "haarmonic")]
pub(crate) struct PyKernelShare {
    kernel: Py<PyKernel>,
    x: Py<PyAny>,
    which: String,
    share: (usize, usize),
    memory: usize,
    rows: ComputedRows,
}

#[pymethods]
impl PyKernelShare {
    #[new]
    #[pyo3(signature = (kernel, x, *, which="ntk", share=(0, 1), memory=None))]
    fn new(
        py: Python<'_>,
        kernel: Bound<'_, PyKernel>,
        x: Py<PyAny>,
        which: &str,
        share: (usize, usize),
        memory: Option<usize>,
    ) -> PyResult<Self> {
        if share.0 >= share.1 {
            return Err(PyValueError::new_err(format!(
                "share: found {share:?}, expected (k, n) with k from 0, below n"
            )));
        }
        let kind = kernel_kind(which)?;
        let memory = memory.unwrap_or(MEMORY);
        let PyKernel {
            kernel: inner,
            threads,
            ..
        } = kernel.get();
        let inputs = Inputs::of(x.bind(py), inner.network(), "x")?;
        let signals = inputs.signals(inner.network(), "x")?;
        let place = Arc::new(OneShare([share.0, share.1]));
        let rows = watch::short(py, *threads, || {
            let rows = ComputedRows::new(inner, inner.prepare(signals)?, kind)?;
            Ok(rows.among(place).keeping(memory))
        })?;
        Ok(PyKernelShare {
            which: which.to_owned(),
            kernel: kernel.unbind(),
            x,
            share,
            memory,
            rows,
        })
    }

    /// Multiply this share with vectors; the sum over all shares is the product with the kernel.
    ///
    /// Ctrl-C ends it.
    ///
    /// Parameters
    /// ----------
    /// v : array_like
    ///     `[n, k]`.
    /// progress : callable or bool, optional
    ///     As in `Kernel.gram`.
    ///
    /// Returns
    /// -------
    /// ndarray
    ///     `[n, k]`.
    #[pyo3(signature = (v, *, progress=None))]
    fn product<'py>(
        &self,
        py: Python<'py>,
        v: &Bound<'py, PyAny>,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let v = arrays::real(v, "v")?;
        let v: ArrayView2<'_, f64> = with_axes(v.view(), "v", "[n, k]")?;
        let share = [self.share.0, self.share.1];
        let threads = self.kernel.get().threads;
        let product = watch::long(py, threads, progress, |progress| {
            let rows = self.rows.clone().with_progress(progress);
            rows.product_of_share(v, share)
        })?;
        Ok(arrays::output(py, product.into_dyn()).into_any())
    }

    /// Predict test signals from coefficients of all training signals, by this process alone.
    ///
    /// Parameters
    /// ----------
    /// x_test : array_like
    ///     Test signals, `[m, ...]`.
    /// coefficients : array_like
    ///     `[n]` or `[n, outputs]`.
    ///
    /// Returns
    /// -------
    /// ndarray
    ///     `[m]` or `[m, outputs]`.
    fn predict<'py>(
        &self,
        py: Python<'py>,
        x_test: &Bound<'py, PyAny>,
        coefficients: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let PyKernel {
            kernel, threads, ..
        } = self.kernel.get();
        let inputs = Inputs::of(x_test, kernel.network(), "x_test")?;
        let signals = inputs.signals(kernel.network(), "x_test")?;
        let array = arrays::real(coefficients, "coefficients")?;
        let (coefficients, form) = targets(array.view())?;
        let mean = watch::short(py, *threads, || {
            let rows = self.rows.clone().among(Arc::new(OneProcess));
            rows.predict(&kernel.prepare(signals)?, coefficients)
        })?;
        form.of(py, mean)
    }

    /// Begin conjugate gradients for all training signals.
    ///
    /// This computes the diagonal of the kernel and the rows of the preconditioner, by this process alone.
    ///
    /// Parameters
    /// ----------
    /// targets : array_like
    ///     `[n]` or `[n, outputs]`.
    /// ridge : float or list of float
    ///     A ridge, or several that share the products.
    /// relative : bool
    ///     Whether ridges are multiples of the mean diagonal entry.
    /// rank : int
    ///     Rank of the preconditioner; 0 for none. A rank above 0 needs ridges above 0.
    /// tolerance : float
    ///     Largest relative residual of a target.
    /// max_steps : int
    ///     Largest number of steps.
    ///
    /// Returns
    /// -------
    /// ConjugateGradient
    #[pyo3(signature = (targets, *, ridge, relative=true, rank=500, tolerance=1e-6, max_steps=1000))]
    #[allow(clippy::too_many_arguments)]
    fn solver(
        &self,
        py: Python<'_>,
        targets: &Bound<'_, PyAny>,
        ridge: RidgeArguments,
        relative: bool,
        rank: usize,
        tolerance: f64,
        max_steps: usize,
    ) -> PyResult<PyConjugateGradient> {
        let array = arrays::real(targets, "targets")?;
        let (targets, form) = self::targets(array.view())?;
        let (numbers, single) = match ridge {
            RidgeArguments::One(ridge) => (vec![ridge], true),
            RidgeArguments::Several(ridges) => (ridges, false),
        };
        let ridges: Vec<Ridge> = numbers.iter().map(|&r| fixed_ridge(r, relative)).collect();
        let options = ConjugateGradient {
            tolerance,
            max_iterations: max_steps,
        };
        let threads = self.kernel.get().threads;
        let steps = watch::long(py, threads, None, |progress| {
            let rows = self.rows.clone().with_progress(progress);
            let rows = rows.among(Arc::new(OneProcess));
            let preconditioner = match rank {
                0 => None,
                rank => {
                    let factor = PivotedCholesky::new(&rows, rank, 0.0)?;
                    Some(std::borrow::Cow::Owned(Preconditioner::new(&factor)?))
                }
            };
            let diagonal = rows.diagonal()?;
            ConjugateGradientSteps::new(options, diagonal, targets, &ridges, preconditioner)
        })?;
        Ok(PyConjugateGradient {
            steps,
            form,
            single,
        })
    }

    fn __repr__(&self) -> String {
        let (k, n) = self.share;
        format!("<haarmonic.KernelShare {k} of {n}>")
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        let options = PyDict::new(py);
        options.set_item("which", &self.which)?;
        options.set_item("share", self.share)?;
        options.set_item("memory", self.memory)?;
        reduced::<PyKernelShare>(py, &options, (&self.kernel, &self.x))
    }
}

/// One ridge or several.
#[derive(FromPyObject)]
enum RidgeArguments {
    One(f64),
    Several(Vec<f64>),
}

/// Conjugate gradients, step by step, for products with the kernel that the caller computes; from `KernelShare.solver`.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic import Kernel, KernelShare, stax
/// >>> kernel = Kernel(stax.network((3,), stax.Dense(512), stax.Relu(), stax.Dense(1)))
/// >>> x = np.sin(np.arange(30.0)).reshape(10, 3)
/// >>> shares = [KernelShare(kernel, x, share=(k, 2)) for k in range(2)]
/// >>> solver = shares[0].solver(x[:, 0], ridge=0.1, rank=4)
/// >>> while (v := solver.wanted()) is not None:
/// ...     solver.advance(sum(share.product(v) for share in shares))
/// >>> k = kernel.gram(x).ntk
/// >>> direct = np.linalg.solve(k + 0.1 * k.diagonal().mean() * np.eye(10), x[:, 0])
/// >>> bool(np.allclose(solver.coefficients, direct, atol=1e-5))
/// True
#[pyclass(name = "ConjugateGradient", module = "haarmonic")]
pub(crate) struct PyConjugateGradient {
    steps: ConjugateGradientSteps<'static>,
    form: Form,
    /// Whether the ridge was a number.
    single: bool,
}

#[pymethods]
impl PyConjugateGradient {
    /// The vectors `[n, k]` whose product with the kernel is needed next, or None if all targets are solved.
    fn wanted<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let wanted = self.steps.wanted()?;
        Some(arrays::output(py, wanted.into_dyn()).into_any())
    }

    /// Take the product of the kernel with the vectors of `wanted`.
    ///
    /// Parameters
    /// ----------
    /// product : array_like
    ///     `[n, k]`.
    fn advance(&mut self, py: Python<'_>, product: &Bound<'_, PyAny>) -> PyResult<()> {
        let product = arrays::real(product, "product")?;
        let product: ArrayView2<'_, f64> = with_axes(product.view(), "product", "[n, k]")?;
        let steps = &mut self.steps;
        solve(py, || steps.advance(product))
    }

    /// The number of steps so far.
    #[getter]
    fn steps(&self) -> usize {
        self.steps.iterations()
    }

    /// The coefficients of the training signals, `[n]` or `[n, outputs]`, once no product is wanted; for several ridges a list.
    #[getter]
    fn coefficients<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.results(py, |solved| {
            self.form.of(py, solved.model.coefficients().clone())
        })
    }

    /// The largest relative residual of a target, once no product is wanted; for several ridges a list.
    #[getter]
    fn residual<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.results(
            py,
            |solved| Ok(PyFloat::new(py, solved.residual).into_any()),
        )
    }

    /// The state between two steps, as a dict of arrays; `numpy.savez` keeps it.
    fn state<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let state = PyDict::new(py);
        for (name, array) in self.steps.state() {
            state.set_item(name, arrays::output(py, array))?;
        }
        Ok(state)
    }

    /// Continue from a state of a solver with equal arguments.
    ///
    /// Parameters
    /// ----------
    /// state : dict
    ///     Of `state`, or what `numpy.load` read of it.
    ///
    /// Raises
    /// ------
    /// ValueError
    ///     For the state of other targets, ridges or tolerances, or of a kernel with another diagonal.
    fn restore(&mut self, state: &Bound<'_, PyAny>) -> PyResult<()> {
        let mut arrays: Vec<(String, ArrayD<f64>)> = Vec::new();
        for item in state.call_method0("items")?.try_iter()? {
            let (name, value): (String, Bound<'_, PyAny>) = item?.extract()?;
            let value = arrays::real(&value, &name)?;
            arrays.push((name, value.view().to_owned()));
        }
        self.steps.restore(&arrays).or_raise()
    }
}

impl PyConjugateGradient {
    /// The result of the only ridge, or a list of those of all.
    fn results<'py>(
        &self,
        py: Python<'py>,
        each: impl Fn(&Solved) -> PyResult<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let solved = self.steps.clone().finish().or_raise()?;
        match self.single {
            true => each(&solved[0]),
            false => {
                let found: Vec<_> = solved.iter().map(each).collect::<PyResult<_>>()?;
                PyList::new(py, found).map(Bound::into_any)
            }
        }
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyKernelShare>()?;
    module.add_class::<PyConjugateGradient>()
}
