//! Phases of deep networks, and their kernels by depth.

use haarmonic::ndarray::{Array1, Array2, Ix1, Ix2, Ix4};
use haarmonic::spectral::{self, DeepInputs, RepeatedBlock};
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::arrays;
use crate::axes::with_axes;
use crate::errors::OrRaise;
use crate::network::PyNetwork;
use crate::results::{self, Class};
use crate::spectral::list;

/// The fixed points of a deep network that repeats the block of this one, and the phase at each.
///
/// A block is an activation and the layer after it. Blocks of the hidden layers must be equal.
///
/// Parameters
/// ----------
/// network : Network
///     Its hidden layers repeat one block; layers before and after it may have other standard deviations.
///
/// Returns
/// -------
/// list of FixedPoint
///     In ascending order of the variance.
///
/// Examples
/// --------
/// >>> from haarmonic import spectral, stax
/// >>> layer = dict(W_std=2.5**0.5, b_std=0.18**0.5)
/// >>> network = stax.network((3,), stax.Dense(1, **layer), stax.Erf(), stax.Dense(1, **layer))
/// >>> (point,) = spectral.phases(network)
/// >>> point.phase, round(point.slope, 6), round(point.correlation, 5)
/// ('chaotic', 1.188841, 0.61626)
#[pyfunction]
fn phases<'py>(py: Python<'py>, network: &PyNetwork) -> PyResult<Vec<Bound<'py, PyAny>>> {
    static CLASS: Class = Class::new("FixedPoint");
    let network = &network.0;
    let found = py
        .detach(|| RepeatedBlock::of_network(network)?.phases())
        .or_raise()?;
    let endless = |depth: Option<f64>| depth.unwrap_or(f64::INFINITY);
    let make = |point: spectral::FixedPoint| {
        let error = &point.error;
        let errors = vec![
            error.variance,
            error.variance_slope,
            error.slope,
            error.correlation,
            error.correlation_slope,
        ];
        CLASS.make(
            py,
            (
                point.variance,
                point.variance_slope,
                point.slope,
                point.correlation,
                point.correlation_slope,
                point.phase.name(),
                endless(point.variance_depth()),
                endless(point.correlation_depth()),
                endless(point.generalisation_depth()),
                results::array(py, Array1::from(errors))?,
            ),
        )
    };
    found.fixed_points.into_iter().map(make).collect()
}

/// The weight standard deviations at which a deep network that repeats the block of this one is critical, with its own bias standard
/// deviation or with another.
///
/// Parameters
/// ----------
/// network : Network
///     As for `phases`.
/// b_std : float, optional
///     The bias standard deviation; by default that of the network.
///
/// Returns
/// -------
/// list of tuple of float
///     Pairs of a weight standard deviation and the variance that is a fixed point there.
///
/// Examples
/// --------
/// >>> from haarmonic import spectral, stax
/// >>> network = stax.network((3,), stax.Dense(1), stax.Erf(), stax.Dense(1))
/// >>> [(weight_std, _)] = spectral.critical_points(network, b_std=0.18**0.5)
/// >>> round(weight_std**2, 9)
/// 1.74760375
#[pyfunction]
#[pyo3(signature = (network, b_std=None))]
fn critical_points(
    py: Python<'_>,
    network: &PyNetwork,
    b_std: Option<f64>,
) -> PyResult<Vec<(f64, f64)>> {
    let network = &network.0;
    let found = py
        .detach(|| {
            let block = RepeatedBlock::of_network(network)?;
            spectral::critical_points(&block.activation, b_std.unwrap_or(block.init.bias_std))
        })
        .or_raise()?;
    Ok(found
        .into_iter()
        .map(|point| (point.init.weight_std, point.variance))
        .collect())
}

/// The depth scales of correlations over a plane of weight and bias variances, and the line between order and chaos in it.
///
/// Parameters
/// ----------
/// network : Network
///     As for `phases`; only its activation counts.
/// weight_variances, bias_variances : array_like
///     W_std² and b_std² of the columns and rows, in ascending order, `[w]` and `[b]`.
///
/// Returns
/// -------
/// PhaseDiagram
///     Depths `[b, w]`, and the pieces of the critical line.
///
/// Examples
/// --------
/// >>> from haarmonic import spectral, stax
/// >>> network = stax.network((3,), stax.Dense(1), stax.Erf(), stax.Dense(1))
/// >>> diagram = spectral.phase_diagram(network, [0.5, 1.0, 2.0, 3.0], [0.0, 0.1, 0.2])
/// >>> diagram.depths.shape, len(diagram.critical)
/// ((3, 4), 1)
#[pyfunction]
fn phase_diagram<'py>(
    py: Python<'py>,
    network: &PyNetwork,
    weight_variances: &Bound<'py, PyAny>,
    bias_variances: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: Class = Class::new("PhaseDiagram");
    let weights = list(weight_variances, "weight_variances")?;
    let biases = list(bias_variances, "bias_variances")?;
    let network = &network.0;
    let compute = || {
        let block = RepeatedBlock::of_network(network)?;
        spectral::phase_diagram(&block.activation, &weights, &biases)
    };
    let found = py.detach(compute).or_raise()?;
    let depths = found.depths.mapv(|depth| depth.unwrap_or(f64::NAN));
    let pieces = found.critical.iter().map(|piece| {
        let points = Array2::from_shape_fn((piece.len(), 2), |(i, k)| piece[i][k]);
        results::array(py, points)
    });
    let pieces = PyList::new(py, pieces.collect::<PyResult<Vec<_>>>()?)?;
    CLASS.make(
        py,
        (
            results::array(py, Array1::from(found.weight_variances))?,
            results::array(py, Array1::from(found.bias_variances))?,
            results::array(py, depths)?,
            pieces,
        ),
    )
}

/// The neural tangent kernel of networks that repeat the block of this one, at several depths.
///
/// Parameters
/// ----------
/// network : Network
///     As for `phases`, with residual blocks, too.
/// gram : array_like
///     Products of the inputs divided by their dimension, `[n, n]`.
/// labels : array_like
///     Of the first inputs, which are the training set, `[m]`.
/// depths : list of int
///     Numbers of blocks after the first layer.
///
/// Returns
/// -------
/// list of AtDepth
///     One for each depth.
///
/// Examples
/// --------
/// >>> from haarmonic import spectral, stax
/// >>> layer = dict(W_std=2**0.5)
/// >>> network = stax.network((3,), stax.Dense(1, **layer), stax.Relu(), stax.Dense(1, **layer))
/// >>> (deep,) = spectral.at_depths(network, [[1.0, 0.2], [0.2, 1.0]], [1.0, -1.0], [3000])
/// >>> round(deep.condition, 1)
/// 1.7
#[pyfunction]
fn at_depths<'py>(
    py: Python<'py>,
    network: &PyNetwork,
    gram: &Bound<'py, PyAny>,
    labels: &Bound<'py, PyAny>,
    depths: Vec<usize>,
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let gram = arrays::real(gram, "gram")?;
    let gram = with_axes::<_, Ix2>(gram.view(), "gram", "[n, n]")?;
    let inputs = DeepInputs::from_gram(gram).or_raise()?;
    deep(py, network, &inputs, labels, &depths)
}

/// The neural tangent kernel of networks that pool over SO(3) and repeat the block of this one, at several depths.
///
/// Rotations crowd about the identity, where the kernel of a deep network with itself has a narrow peak: angles run over intervals that are
/// halved towards zero. Compare with more rings and more intervals; the error must be small against the inverse of the condition number.
///
/// Parameters
/// ----------
/// network : Network
///     As for `phases`.
/// coefficients : array_like
///     Of real signals on the sphere, `[n, channels, L, 2L − 1]`, complex.
/// labels : array_like
///     Of the first signals, which are the training set, `[m]`.
/// depths : list of int
///     Numbers of blocks after the first layer.
/// rings, intervals : int
///     Numbers of rings of rotation axes and of intervals of angles.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic import spectral, stax
/// >>> layer = dict(W_std=1.5**0.5)
/// >>> network = stax.network((3,), stax.Dense(1, **layer), stax.Erf(), stax.Dense(1, **layer))
/// >>> signals = np.zeros((2, 1, 2, 3), complex)
/// >>> signals[:, 0, 0, 1], signals[:, 0, 1, 1] = [1.0, 2.0], [2.0, 1.0]
/// >>> (deep,) = spectral.at_depths_over_rotations(network, signals, [1.0, -1.0], [4], rings=8, intervals=6)
/// >>> deep.ntk.shape
/// (2, 2)
#[pyfunction]
#[pyo3(signature = (network, coefficients, labels, depths, *, rings=24, intervals=12))]
fn at_depths_over_rotations<'py>(
    py: Python<'py>,
    network: &PyNetwork,
    coefficients: &Bound<'py, PyAny>,
    labels: &Bound<'py, PyAny>,
    depths: Vec<usize>,
    rings: usize,
    intervals: usize,
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let expected = "[n, channels, L, 2L - 1]";
    let coeffs = arrays::complex(coefficients, "coefficients")?;
    let coeffs = with_axes::<_, Ix4>(coeffs.view(), "coefficients", expected)?;
    let inputs = py
        .detach(|| DeepInputs::over_rotations(coeffs, rings, intervals))
        .or_raise()?;
    deep(py, network, &inputs, labels, &depths)
}

fn deep<'py>(
    py: Python<'py>,
    network: &PyNetwork,
    inputs: &DeepInputs,
    labels: &Bound<'py, PyAny>,
    depths: &[usize],
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    static CLASS: Class = Class::new("AtDepth");
    let network = &network.0;
    let labels = arrays::real(labels, "labels")?;
    let labels = with_axes::<_, Ix1>(labels.view(), "labels", "[m]")?;
    let make = |deep: spectral::AtDepth| {
        let ntk = results::array(py, deep.ntk)?;
        let correlations = results::array(py, deep.correlations)?;
        let numbers = (deep.condition, deep.predictor);
        CLASS.make(
            py,
            (
                deep.depth,
                numbers.0,
                numbers.1,
                ntk,
                correlations,
                deep.ln_scale,
            ),
        )
    };
    let found = py
        .detach(|| RepeatedBlock::of_network(network)?.at_depths(inputs, labels, depths))
        .or_raise()?;
    found.into_iter().map(make).collect()
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(phases, module)?)?;
    module.add_function(wrap_pyfunction!(critical_points, module)?)?;
    module.add_function(wrap_pyfunction!(phase_diagram, module)?)?;
    module.add_function(wrap_pyfunction!(at_depths_over_rotations, module)?)?;
    module.add_function(wrap_pyfunction!(at_depths, module)?)
}
