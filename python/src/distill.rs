//! Derivatives of kernels in their inputs, and distilled data sets.

use haarmonic::distill::{Distillation, Distilled, Labels, augmentations};
use haarmonic::kernel::{Cotangents, OwnedSignals, Signals};
use haarmonic::ndarray::{Array1, ArrayView2};
use haarmonic::predict::Ridge;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::arrays::{self, Input};
use crate::axes::with_axes;
use crate::errors::OrRaise;
use crate::kernel::PyKernel;
use crate::predict::{kernel_kind, targets};
use crate::results::{self, Class};
use crate::signals::Inputs;
use crate::watch;

/// An array of factors of a kernel matrix.
pub(crate) fn factors<'a>(
    given: &'a Option<Input<'_, f64>>,
    what: &str,
) -> PyResult<Option<ArrayView2<'a, f64>>> {
    let view = |array: &'a Input<'_, f64>| with_axes(array.view(), what, "[n1, n2]");
    given.as_ref().map(view).transpose()
}

/// Signals as an array of NumPy.
pub(crate) fn array(py: Python<'_>, signals: OwnedSignals) -> PyResult<Bound<'_, PyAny>> {
    match signals {
        OwnedSignals::Vectors(array) => results::array(py, array),
        OwnedSignals::Grid(array) => results::array(py, array),
        OwnedSignals::Points(array) => results::array(py, array),
        OwnedSignals::Coefficients(array) => results::array(py, array),
        OwnedSignals::Graphs(graphs) => {
            let features = graphs.iter();
            let features = features.map(|graph| results::array(py, graph.features().to_owned()));
            let features = features.collect::<PyResult<Vec<_>>>()?;
            Ok(PyList::new(py, features)?.into_any())
        }
        OwnedSignals::Atoms(_) => Err(PyValueError::new_err(
            "signals: found molecules, expected an array or graphs",
        )),
    }
}

/// `Kernel.gradient`.
pub(crate) fn gradient<'py>(
    py: Python<'py>,
    kernel: &PyKernel,
    x1: &Bound<'py, PyAny>,
    x2: Option<&Bound<'py, PyAny>>,
    nngp: Option<&Bound<'py, PyAny>>,
    ntk: Option<&Bound<'py, PyAny>>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let network = kernel.kernel.network();
    let x1 = Inputs::of(x1, network, "x1")?;
    let x1 = x1.signals(network, "x1")?;
    let x2 = x2.map(|x2| Inputs::of(x2, network, "x2")).transpose()?;
    let x2 = x2
        .as_ref()
        .map(|x2| x2.signals(network, "x2"))
        .transpose()?;
    let nngp = nngp.map(|array| arrays::real(array, "nngp")).transpose()?;
    let ntk = ntk.map(|array| arrays::real(array, "ntk")).transpose()?;
    let cotangents = Cotangents {
        nngp: factors(&nngp, "nngp")?,
        ntk: factors(&ntk, "ntk")?,
    };
    let pulled = watch::long(py, kernel.threads, progress, |progress| {
        let kernel = kernel.kernel.clone().with_progress(progress);
        match x2 {
            None => Ok((kernel.gradient(x1, cotangents)?, None)),
            Some(x2) => {
                let [of_x1, of_x2] = kernel.cross_gradient(x1, x2, cotangents)?;
                Ok((of_x1, Some(of_x2)))
            }
        }
    })?;
    match pulled {
        (of_x, None) => array(py, of_x),
        (of_x1, Some(of_x2)) => {
            let pair = (array(py, of_x1)?, array(py, of_x2)?);
            Ok(pair.into_pyobject(py)?.into_any())
        }
    }
}

/// Learn a few inputs from which the kernel of a network predicts a data set (kernel inducing points).
///
/// Parameters
/// ----------
/// kernel : Kernel
///     The kernel of a network on vectors, images, a finite set or the sphere.
/// x, targets : array_like
///     The data set: signals `[n, ...]`, and `[n]` or `[n, outputs]` targets.
/// start_x, start_targets : array_like
///     The inputs to begin with, `[m, ...]`, and their targets, `[m]` or `[m, outputs]`.
/// kind : {"ntk", "nngp"}
///     The kernel that predicts.
/// labels : {"fixed", "learned", "solved"}
///     What becomes of the targets: they stay, they move as the inputs do, or they are solved for in each step.
/// penalty : float
///     The penalty on solved targets.
/// ridge : float
///     The ridge, as a multiple of the mean diagonal entry of the kernel.
/// steps : int
///     The number of steps.
/// batch : int, optional
///     The number of examples of each step, drawn anew; all unless stated.
/// augment : str, optional
///     Transform each example of a step at random: a point group of images (`"C4"`, `"D1"`, ...), `"group"` for functions on a finite set, `"SO3"`
///     for coefficients on the sphere.
/// shift : int
///     Move each image of a step at random by up to this many pixels along each axis.
/// rate, label_rate : float
///     The lengths of the first steps on each number of the inputs, and of the labels.
/// seed : int
///     Of batches and transformations.
/// progress : callable or bool, optional
///     A function of the number of steps done and of all steps; `True` for a progress bar.
///
/// Returns
/// -------
/// DistilledSet
///     `x`, `targets`, and `losses`, the loss per example before each step.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic import Kernel, distill, stax
/// >>> layers = stax.Dense(64, W_std=1.4, b_std=0.1), stax.Erf(), stax.Dense(1)
/// >>> kernel = Kernel(stax.network((2,), *layers))
/// >>> angles = 0.3 + np.arange(8) * np.pi / 4
/// >>> x = np.stack([np.cos(angles), np.sin(angles)], axis=1)
/// >>> found = distill(kernel, x, np.sign(x[:, 0]), [[0.3, 0.9], [-0.3, 0.8]], [1.0, -1.0], steps=60)
/// >>> bool(found.losses[-1] < 0.3 * found.losses[0]), found.x.shape
/// (True, (2, 2))
#[pyfunction]
#[pyo3(signature = (kernel, x, targets, start_x, start_targets, *, kind="ntk", labels="fixed", penalty=1.0, ridge=1e-6, steps=400,
    batch=None, augment=None, shift=0, rate=0.02, label_rate=0.005, seed=0, progress=None))]
#[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
fn distill<'py>(
    py: Python<'py>,
    kernel: &PyKernel,
    x: &Bound<'py, PyAny>,
    targets: &Bound<'py, PyAny>,
    start_x: &Bound<'py, PyAny>,
    start_targets: &Bound<'py, PyAny>,
    kind: &str,
    labels: &str,
    penalty: f64,
    ridge: f64,
    steps: usize,
    batch: Option<usize>,
    augment: Option<&str>,
    shift: usize,
    rate: f64,
    label_rate: f64,
    seed: u64,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: Class = Class::new("DistilledSet");
    let labels = match labels {
        "fixed" => Labels::Fixed,
        "learned" => Labels::Learned,
        "solved" => Labels::Solved { penalty },
        other => {
            return Err(PyValueError::new_err(format!(
                "labels: found {other:?}, expected \"fixed\", \"learned\" or \"solved\""
            )));
        }
    };
    let network = kernel.kernel.network();
    let x = Inputs::of(x, network, "x")?;
    let x: Signals<'_> = x.signals(network, "x")?;
    let start_x = Inputs::of(start_x, network, "start_x")?;
    let start_x = start_x.signals(network, "start_x")?;
    let given = arrays::real(targets, "targets")?;
    let (wanted, _) = self::targets(given.view())?;
    let start = arrays::real(start_targets, "start_targets")?;
    let (start, _) = self::targets(start.view())?;
    let mut state = Distilled::new(start_x, start).or_raise()?;
    let transformations = augmentations(network, augment, shift, seed).or_raise()?;
    let distillation = Distillation::new(kernel.kernel.clone())
        .augment(transformations)
        .kind(kernel_kind(kind)?)
        .labels(labels)
        .ridge(Ridge::Relative(ridge))
        .steps(steps)
        .batch(batch)
        .rates(rate, label_rate)
        .seed(seed);
    watch::long(py, kernel.threads, progress, |progress| {
        distillation
            .with_progress(progress)
            .run(x, wanted, &mut state)
    })?;
    let losses = Array1::from(state.losses().to_vec());
    let found = (
        array(py, state.owned_signals())?,
        results::array(py, state.targets().to_owned())?,
        results::array(py, losses)?,
    );
    CLASS.make(py, found)
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(distill, module)?)
}
