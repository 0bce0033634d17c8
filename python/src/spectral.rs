//! Eigenvalues of kernels, numbers of invariants, predicted learning curves.

use haarmonic::spectral::{self, LearningCurve, Spectrum};
use haarmonic::{Error, ndarray::Array1};
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

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(network_spectra, module)?)?;
    module.add_function(wrap_pyfunction!(invariant_counts, module)?)?;
    module.add_function(wrap_pyfunction!(learning_curve, module)?)
}
