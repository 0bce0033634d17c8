//! Kernels between sets of signals.

use haarmonic::kernel::{Cotangents, Kernel, KernelMatrices, Pairing, SetKernel, SignalSet};
use haarmonic::progress::Progress;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays;
use crate::distill;
use crate::errors::OrRaise;
use crate::kernel::{PyKernel, features, kind_of};
use crate::pickle::{Reduced, reduced};
use crate::results;
use crate::signals::Inputs;
use crate::watch;

/// Kernels between sets of signals, such as the atoms of molecules: sums of a kernel over pairs.
///
/// Parameters
/// ----------
/// kernel : Kernel
///     The kernel of two signals.
/// pairing : {"same-label", "all", "index"}
///     The pairs that are summed: members of equal label, all, or those at equal places.
/// normalised : bool
///     Whether the kernel of two signals is divided by the geometric mean of their kernels with themselves.
/// bias_variance : float
///     Added to every entry.
///
/// Examples
/// --------
/// >>> from haarmonic import Kernel, SetKernel, stax
/// >>> kernel = SetKernel(Kernel(stax.network((1,), stax.Dense(1))), pairing="same-label")
/// >>> signals, labels = [[1.0], [2.0], [3.0]], [[1, 6], [6]]    # two sets: two signals, then one
/// >>> kernel.gram(signals, labels).nngp
/// array([[5., 6.],
///        [6., 9.]])
#[pyclass(frozen, name = "SetKernel", module = "haarmonic")]
pub(crate) struct PySetKernel {
    kernel: Py<PyKernel>,
    pairing: Pairing,
    normalised: bool,
    bias_variance: f64,
}

#[pymethods]
impl PySetKernel {
    #[new]
    #[pyo3(signature = (kernel, *, pairing="same-label", normalised=false, bias_variance=0.0))]
    fn new(
        kernel: Py<PyKernel>,
        pairing: &str,
        normalised: bool,
        bias_variance: f64,
    ) -> PyResult<Self> {
        let pairing = match pairing {
            "same-label" => Pairing::SameLabel,
            "all" => Pairing::All,
            "index" => Pairing::Index,
            other => {
                return Err(PyValueError::new_err(format!(
                    "pairing: found {other:?}, expected \"same-label\", \"all\" or \"index\""
                )));
            }
        };
        let made = PySetKernel {
            kernel,
            pairing,
            normalised,
            bias_variance,
        };
        made.of(made.kernel.get().kernel.clone()).or_raise()?;
        Ok(made)
    }

    /// The kernels of all sets with each other.
    ///
    /// Parameters
    /// ----------
    /// x : array_like
    ///     The signals of all sets, one set after the other, in the form of `Kernel.gram`.
    /// labels : list of list of int
    ///     One list for each set, with one label for each of its signals.
    /// progress : callable or bool, optional
    ///     As in `Kernel.gram`; it counts pairs of sets.
    ///
    /// Returns
    /// -------
    /// KernelMatrices
    ///     `[sets, sets]`.
    #[pyo3(signature = (x, labels, *, progress=None))]
    fn gram<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        labels: Vec<Vec<u32>>,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let PyKernel {
            kernel, threads, ..
        } = self.kernel.get();
        let x = Inputs::of(x, kernel.network(), "x")?;
        let (x, sets) = (x.signals(kernel.network(), "x")?, sets(labels));
        let gram = watch::long(py, *threads, progress, |progress: Progress| {
            let kernel = self.of(kernel.clone().with_progress(progress))?;
            let x = kernel.kernel().prepare(x)?;
            kernel.gram(&x, &sets, &[self.pairing]).map(only)
        })?;
        results::kernel_matrices(py, gram)
    }

    /// The kernels of the sets of one collection (rows) with the sets of another (columns).
    ///
    /// Parameters
    /// ----------
    /// x1, labels1, x2, labels2
    ///     Signals and labels of both collections, as in `gram`.
    /// progress : callable or bool, optional
    ///     As in `gram`.
    ///
    /// Returns
    /// -------
    /// KernelMatrices
    ///     `[sets1, sets2]`.
    #[pyo3(signature = (x1, labels1, x2, labels2, *, progress=None))]
    fn between<'py>(
        &self,
        py: Python<'py>,
        x1: &Bound<'py, PyAny>,
        labels1: Vec<Vec<u32>>,
        x2: &Bound<'py, PyAny>,
        labels2: Vec<Vec<u32>>,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let PyKernel {
            kernel, threads, ..
        } = self.kernel.get();
        let network = kernel.network();
        let (x1, x2) = (
            Inputs::of(x1, network, "x1")?,
            Inputs::of(x2, network, "x2")?,
        );
        let (x1, x2) = (x1.signals(network, "x1")?, x2.signals(network, "x2")?);
        let (rows, columns) = (sets(labels1), sets(labels2));
        let cross = watch::long(py, *threads, progress, |progress: Progress| {
            let kernel = self.of(kernel.clone().with_progress(progress))?;
            let x1 = kernel.kernel().prepare(x1)?;
            let x2 = kernel.kernel().prepare(x2)?;
            kernel
                .cross((&x1, &rows), (&x2, &columns), &[self.pairing])
                .map(only)
        })?;
        results::kernel_matrices(py, cross)
    }

    /// Features of sets whose inner products are the kernels of `gram`, where those of signals have finitely many.
    ///
    /// Parameters
    /// ----------
    /// x, labels
    ///     Signals and labels, as in `gram`.
    /// classes : list of int, optional
    ///     For the pairing "same-label": the labels whose features stand side by side; all labels that occur, in ascending order, unless stated. Sets
    ///     whose features are compared need equal lists, and signals of other labels are left out.
    /// kind : {"ntk", "nngp"}
    ///
    /// Returns
    /// -------
    /// ndarray
    ///     `[sets, features]`.
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> from haarmonic import Kernel, SetKernel, stax
    /// >>> layers = stax.Lifting(group="SO3"), stax.Hermite(2), stax.GroupPool()
    /// >>> kernel = SetKernel(Kernel(stax.network((1, 1, 1), *layers)), bias_variance=4.0)
    /// >>> x = np.ones((3, 1, 1, 1), dtype=complex)
    /// >>> features = kernel.feature_map(x, [[1, 6], [6]], kind="nngp")
    /// >>> bool(np.allclose(features @ features.T, kernel.gram(x, [[1, 6], [6]]).nngp, rtol=1e-12))
    /// True
    #[pyo3(signature = (x, labels, *, classes=None, kind="ntk"))]
    fn feature_map<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        labels: Vec<Vec<u32>>,
        classes: Option<Vec<u32>>,
        kind: &str,
    ) -> PyResult<Bound<'py, PyAny>> {
        let kind = kind_of(kind)?;
        let PyKernel {
            kernel, threads, ..
        } = self.kernel.get();
        let x = Inputs::of(x, kernel.network(), "x")?;
        let x = x.signals(kernel.network(), "x")?;
        let classes = classes.unwrap_or_else(|| {
            let mut all = labels.concat();
            all.sort_unstable();
            all.dedup();
            all
        });
        let sets = sets(labels);
        let found = watch::short(py, *threads, || {
            let kernel = self.of(kernel.clone())?;
            let x = kernel.kernel().prepare(x)?;
            let map = kernel.feature_map(&x, &sets, self.pairing, &classes)?;
            features(&map, kind)
        })?;
        results::array(py, found)
    }

    /// The derivatives of a weighted sum of the entries of both matrices of `gram` in the signals of the sets.
    ///
    /// Parameters
    /// ----------
    /// x, labels
    ///     Signals and labels, as in `gram`.
    /// nngp, ntk : array_like, optional
    ///     The factors of the entries of both matrices, `[sets, sets]`; zeros unless stated.
    /// progress : callable or bool, optional
    ///     As in `Kernel.gradient`.
    ///
    /// Returns
    /// -------
    /// ndarray
    ///     In the shape of `x`.
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic import Kernel, SetKernel, stax
    /// >>> kernel = SetKernel(Kernel(stax.network((1,), stax.Dense(1))), pairing="all")
    /// >>> kernel.gradient([[1.0], [2.0]], [[1, 1]], nngp=[[1.0]])  # of (x + y)²
    /// array([[6.],
    ///        [6.]])
    #[pyo3(signature = (x, labels, *, nngp=None, ntk=None, progress=None))]
    fn gradient<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        labels: Vec<Vec<u32>>,
        nngp: Option<&Bound<'py, PyAny>>,
        ntk: Option<&Bound<'py, PyAny>>,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let PyKernel {
            kernel, threads, ..
        } = self.kernel.get();
        let x = Inputs::of(x, kernel.network(), "x")?;
        let (x, sets) = (x.signals(kernel.network(), "x")?, sets(labels));
        let nngp = nngp.map(|array| arrays::real(array, "nngp")).transpose()?;
        let ntk = ntk.map(|array| arrays::real(array, "ntk")).transpose()?;
        let cotangents = Cotangents {
            nngp: distill::factors(&nngp, "nngp")?,
            ntk: distill::factors(&ntk, "ntk")?,
        };
        let found = watch::long(py, *threads, progress, |progress: Progress| {
            let kernel = self.of(kernel.clone().with_progress(progress))?;
            let x = kernel.kernel().prepare(x)?;
            kernel.gradient(&x, &sets, self.pairing, cotangents)
        })?;
        distill::array(py, found)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        let options = PyDict::new(py);
        let pairing = match self.pairing {
            Pairing::SameLabel => "same-label",
            Pairing::All => "all",
            Pairing::Index => "index",
        };
        options.set_item("pairing", pairing)?;
        options.set_item("normalised", self.normalised)?;
        options.set_item("bias_variance", self.bias_variance)?;
        reduced::<PySetKernel>(py, &options, (&self.kernel,))
    }
}

impl PySetKernel {
    fn of(&self, kernel: Kernel) -> haarmonic::Result<SetKernel> {
        let sums = SetKernel::new(kernel).with_bias(self.bias_variance)?;
        Ok(match self.normalised {
            true => sums.normalised(),
            false => sums,
        })
    }
}

/// Sets of consecutive signals.
fn sets(labels: Vec<Vec<u32>>) -> Vec<SignalSet> {
    let mut first = 0;
    let mut sets = Vec::with_capacity(labels.len());
    for labels in labels {
        let next = first + labels.len();
        sets.push(SignalSet { first, labels });
        first = next;
    }
    sets
}

fn only(mut grams: Vec<KernelMatrices>) -> KernelMatrices {
    grams.pop().expect("one matrix for one pairing")
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PySetKernel>()
}
