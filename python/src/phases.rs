//! Phases of deep networks, and their kernels by depth.

use haarmonic::ndarray::{Array1, Ix1, Ix2};
use haarmonic::spectral::{self, DeepInputs, RepeatedBlock};
use haarmonic::{Error, Result};
use pyo3::prelude::*;

use crate::arrays;
use crate::errors::OrRaise;
use crate::network::PyNetwork;
use crate::results::{self, Class};

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
    static CLASS: Class = Class::new("AtDepth");
    let network = &network.0;
    let (gram, labels) = (arrays::real(gram, "gram")?, arrays::real(labels, "labels")?);
    let (gram, labels) = (gram.view(), labels.view());
    let shaped = |what: &str, expected: &str, found: &[usize]| {
        Error::shape(what, expected.to_owned(), found.to_vec())
    };
    let compute = || -> Result<Vec<spectral::AtDepth>> {
        let gram = gram
            .view()
            .into_dimensionality::<Ix2>()
            .map_err(|_| shaped("gram", "[n, n]", gram.shape()))?;
        let labels = labels
            .view()
            .into_dimensionality::<Ix1>()
            .map_err(|_| shaped("labels", "[m]", labels.shape()))?;
        let inputs = DeepInputs::from_gram(gram)?;
        RepeatedBlock::of_network(network)?.at_depths(&inputs, labels, &depths)
    };
    let make = |deep: spectral::AtDepth| {
        let ntk = results::array(py, deep.ntk)?;
        let correlations = results::array(py, deep.correlations)?;
        CLASS.make(
            py,
            (
                deep.depth,
                deep.condition,
                deep.predictor,
                ntk,
                correlations,
                deep.ln_scale,
            ),
        )
    };
    compute().or_raise()?.into_iter().map(make).collect()
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(phases, module)?)?;
    module.add_function(wrap_pyfunction!(critical_points, module)?)?;
    module.add_function(wrap_pyfunction!(at_depths, module)?)
}
