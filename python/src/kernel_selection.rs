//! The selection of the parameters of a kernel that is a function of Python.

use haarmonic::ndarray::{Array1, Array2, Ix2};
use haarmonic::predict::selection::KernelSelection;
use pyo3::prelude::*;

use crate::arrays;
use crate::axes::with_axes;
use crate::predict::{criterion, targets};
use crate::results::{self, Class};
use crate::threads::Threads;
use crate::watch;

/// Choose the parameters of a kernel, and the noise, from training data.
///
/// The cost is followed along its derivatives by L-BFGS. It stays within ln 100 of the first parameters, and finds a local minimum.
///
/// Parameters
/// ----------
/// kernel : callable
///     A function of the parameters, an array `[p]`, that returns the kernel of the training points, `[n, n]`, and its derivatives by each of
///     the parameters, `[p, n, n]`. Positive quantities are best given by their logarithms.
/// start : array_like
///     The parameters to begin with, `[p]`.
/// targets : array_like
///     `[n]` or `[n, outputs]`.
/// criterion : {"evidence", "loo-probability", "loo-error"}
///     The cost.
/// noise : float
///     The noise to begin with, as a multiple of the mean diagonal entry.
/// fixed_noise : bool
///     Whether the noise stays as it is.
/// iterations : int
///     The largest number of steps.
///
/// Returns
/// -------
/// SelectedParameters
///     `parameters`, `noise`, `cost`, `first_cost`, `iterations`, `converged`.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic import predict
/// >>> x = np.arange(20) / 3
/// >>> squares = (x[:, None] - x) ** 2
/// >>> def kernel(theta):  # the logarithm of a length scale
/// ...     ratio = squares * np.exp(-2 * theta[0])
/// ...     k = np.exp(-ratio / 2)
/// ...     return k, [k * ratio]
/// >>> found = predict.select_kernel(kernel, [np.log(0.1)], np.sin(x), noise=1e-3)
/// >>> found.converged, bool(1 < np.exp(found.parameters[0]) < 3)
/// (True, True)
#[pyfunction]
#[pyo3(signature = (kernel, start, targets, *, criterion="evidence", noise=1e-2, fixed_noise=false, iterations=50))]
#[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
fn select_kernel<'py>(
    py: Python<'py>,
    kernel: Py<PyAny>,
    start: &Bound<'py, PyAny>,
    targets: &Bound<'py, PyAny>,
    criterion: &str,
    noise: f64,
    fixed_noise: bool,
    iterations: u64,
) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: Class = Class::new("SelectedParameters");
    let start = arrays::real(start, "start")?;
    let start = with_axes::<_, haarmonic::ndarray::Ix1>(start.view(), "start", "[p]")?.to_vec();
    let array = arrays::real(targets, "targets")?;
    let (targets, _) = self::targets(array.view())?;
    let mut selection = KernelSelection::new(self::criterion(criterion)?)
        .noise(noise)
        .iterations(iterations);
    if fixed_noise {
        selection = selection.fixed_noise();
    }
    let answer = |py: Python<'_>, theta: Vec<f64>| kernel_at(py, &kernel, theta);
    let found = watch::asking(py, Threads::new(None)?, answer, |ask| {
        selection.fit(&start, targets, |theta| ask(theta.to_vec()))
    })?;
    CLASS.make(
        py,
        (
            results::array(py, Array1::from(found.parameters))?,
            found.noise,
            found.cost,
            found.first_cost,
            found.iterations,
            found.converged,
        ),
    )
}

/// Kernel and derivatives, as the function returns them.
fn kernel_at(
    py: Python<'_>,
    kernel: &Py<PyAny>,
    theta: Vec<f64>,
) -> PyResult<(Array2<f64>, Vec<Array2<f64>>)> {
    let theta = results::array(py, Array1::from(theta))?;
    let returned = kernel.bind(py).call1((theta,))?;
    let (kernel, derivatives): (Bound<'_, PyAny>, Vec<Bound<'_, PyAny>>) = returned.extract()?;
    let matrix = |value: &Bound<'_, PyAny>, what: &str| -> PyResult<Array2<f64>> {
        let array = arrays::real(value, what)?;
        Ok(with_axes::<_, Ix2>(array.view(), what, "[n, n]")?.to_owned())
    };
    let derivatives = derivatives
        .iter()
        .map(|derivative| matrix(derivative, "derivative of the kernel"))
        .collect::<PyResult<_>>()?;
    Ok((matrix(&kernel, "kernel")?, derivatives))
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(select_kernel, module)?)
}
