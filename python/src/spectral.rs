//! Eigenvalues of kernels, numbers of invariants, predicted learning curves, phases of deep networks.

use haarmonic::ndarray::{Array1, Ix1, Ix2};
use haarmonic::spectral::{self, DeepInputs, LearningCurve, RepeatedBlock, Spectrum};
use haarmonic::{Error, Result};
use pyo3::prelude::*;

use crate::arrays;
use crate::errors::OrRaise;
use crate::network::PyNetwork;
use crate::results::{self, Class};

/// The eigenvalues of both kernels of a network on vectors, degree by degree.
///
/// Inputs are uniform on the sphere of radius √d in d dimensions, a law of mass 1: the eigenvalues of a Gram matrix of n random inputs,
/// divided by n, tend to these.
///
/// Parameters
/// ----------
/// network : Network
///     On vectors of at least two entries.
/// degrees : int
///     The number of degrees.
///
/// Returns
/// -------
/// nngp, ntk : Spectrum
///     The spectra of the two kernels.
///
/// Examples
/// --------
/// >>> from haarmonic import spectral, stax
/// >>> layer = dict(W_std=2**0.5)
/// >>> network = stax.network((3,), stax.Dense(1, **layer), stax.Relu(), stax.Dense(1, **layer))
/// >>> nngp, ntk = spectral.network_spectra(network, 4)
/// >>> ntk.eigenvalues.round(6)
/// array([1.      , 0.666667, 0.15625 , 0.      ])
/// >>> ntk.multiplicities
/// array([1., 3., 5., 7.])
#[pyfunction]
fn network_spectra<'py>(
    py: Python<'py>,
    network: &PyNetwork,
    degrees: usize,
) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let network = &network.0;
    let found = py
        .detach(|| spectral::network_spectra(network, degrees))
        .or_raise()?;
    Ok((spectrum(py, found.nngp)?, spectrum(py, found.ntk)?))
}

fn spectrum(py: Python<'_>, found: Spectrum) -> PyResult<Bound<'_, PyAny>> {
    static CLASS: Class = Class::new("Spectrum");
    let eigenvalues = results::array(py, Array1::from(found.eigenvalues))?;
    let multiplicities = results::array(py, Array1::from(found.multiplicities))?;
    let numbers = (found.trace, found.tail, found.floor);
    CLASS.make(
        py,
        (eigenvalues, multiplicities, numbers.0, numbers.1, numbers.2),
    )
}

/// The number of harmonic polynomials of each degree that no rotation changes, on a space of signals.
///
/// Parameters
/// ----------
/// signal : list of int
///     The degrees ℓ of the coefficients of a signal, one for each channel and degree.
/// degrees : int
///     The number of degrees of polynomials.
///
/// Examples
/// --------
/// >>> from haarmonic import spectral
/// >>> spectral.invariant_counts([0, 1, 2], 6)
/// [1, 1, 2, 4, 6, 8]
#[pyfunction]
fn invariant_counts(py: Python<'_>, signal: Vec<usize>, degrees: usize) -> PyResult<Vec<u64>> {
    py.detach(|| spectral::invariant_counts(&signal, degrees))
        .or_raise()
}

/// The errors that a kernel of known eigenvalues makes with n random training points.
///
/// Parameters
/// ----------
/// eigenvalues, multiplicities, power : array_like
///     Eigenvalues for a law of mass 1, the number of functions of each, and the mean square of the part of the target in each, `[k]`.
/// n : array_like
///     Numbers of training points, `[s]`.
/// tail, tail_power : float
///     The sum of all further eigenvalues, and the power of the target there.
/// noise : float
///     The variance of the noise of the targets.
/// ridge : float
///     The number added to the diagonal of the Gram matrix.
///
/// Returns
/// -------
/// list of PredictedRisk
///     One for each number of points.
///
/// Examples
/// --------
/// >>> from haarmonic import spectral
/// >>> [risk.test for risk in spectral.learning_curve([0.1], [10.0], [1.0], [2.0, 5.0])]
/// [0.8, 0.5]
#[pyfunction]
#[pyo3(signature = (eigenvalues, multiplicities, power, n, *, tail=0.0, tail_power=0.0, noise=0.0, ridge=0.0))]
#[allow(clippy::too_many_arguments)]
fn learning_curve<'py>(
    py: Python<'py>,
    eigenvalues: &Bound<'py, PyAny>,
    multiplicities: &Bound<'py, PyAny>,
    power: &Bound<'py, PyAny>,
    n: &Bound<'py, PyAny>,
    tail: f64,
    tail_power: f64,
    noise: f64,
    ridge: f64,
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    static CLASS: Class = Class::new("PredictedRisk");
    let list = |value, what| -> PyResult<Vec<f64>> {
        let input = arrays::real(value, what)?;
        let view = input.view();
        match view.ndim() {
            1 => Ok(view.iter().copied().collect()),
            _ => Err(Error::ShapeMismatch {
                what: what.into(),
                expected: "[k]".into(),
                found: view.shape().to_vec(),
            })
            .or_raise(),
        }
    };
    let curve = LearningCurve::new(
        &list(eigenvalues, "eigenvalues")?,
        &list(multiplicities, "multiplicities")?,
        &list(power, "power")?,
    )
    .and_then(|curve| curve.with_tail(tail, tail_power))
    .and_then(|curve| curve.with_noise(noise))
    .and_then(|curve| curve.with_ridge(ridge))
    .or_raise()?;
    list(n, "n")?
        .into_iter()
        .map(|n| {
            let risk = curve.at(n).or_raise()?;
            let learnability = results::array(py, Array1::from(risk.learnability))?;
            CLASS.make(
                py,
                (
                    risk.test,
                    risk.risk,
                    risk.train,
                    risk.effective_ridge,
                    risk.overfitting,
                    learnability,
                ),
            )
        })
        .collect()
}

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
/// >>> point.phase, round(point.slope, 6), round(point.correlation, 6)
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
    let shapes = [gram.view().shape().to_vec(), labels.view().shape().to_vec()];
    let [of_gram, of_labels] = shapes;
    let compute = || -> Result<Vec<spectral::AtDepth>> {
        let gram = gram.view().into_dimensionality::<Ix2>();
        let gram = gram.map_err(|_| Error::shape("gram", "[n, n]", of_gram))?;
        let labels = labels.view().into_dimensionality::<Ix1>();
        let labels = labels.map_err(|_| Error::shape("labels", "[m]", of_labels))?;
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
    module.add_function(wrap_pyfunction!(network_spectra, module)?)?;
    module.add_function(wrap_pyfunction!(invariant_counts, module)?)?;
    module.add_function(wrap_pyfunction!(learning_curve, module)?)?;
    module.add_function(wrap_pyfunction!(phases, module)?)?;
    module.add_function(wrap_pyfunction!(critical_points, module)?)?;
    module.add_function(wrap_pyfunction!(at_depths, module)?)
}
