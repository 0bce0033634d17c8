//! Eigenvalues of kernels, numbers of invariants, predicted and measured learning curves.

use haarmonic::group::{FiniteAction, Rotation};
use haarmonic::ndarray::{Array1, Array2, Array3, Ix2, Ix3};
use haarmonic::spectral::{
    self, EmpiricalSpectrum, LearningCurve, RotationSpectrum, SimulatedCurve, Spectrum,
};
use haarmonic::{Error, Result};
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::arrays;
use crate::axes::with_axes;
use crate::errors::OrRaise;
use crate::network::PyNetwork;
use crate::predict::{kernel_kind, targets};
use crate::results::{self, Class};
use crate::threads::Threads;
use crate::watch;

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
    let curve = LearningCurve::new(
        &list(eigenvalues, "eigenvalues")?,
        &list(multiplicities, "multiplicities")?,
        &list(power, "power")?,
    )
    .and_then(|curve| curve.with_tail(tail, tail_power))
    .or_raise()?;
    predicted_risks(py, curve, n, noise, ridge)
}

/// What a curve with some noise and ridge predicts, for each number of points.
fn predicted_risks<'py>(
    py: Python<'py>,
    curve: LearningCurve,
    n: &Bound<'py, PyAny>,
    noise: f64,
    ridge: f64,
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    static CLASS: Class = Class::new("PredictedRisk");
    let curve = curve
        .with_noise(noise)
        .and_then(|curve| curve.with_ridge(ridge))
        .or_raise()?;
    list(n, "n")?
        .into_iter()
        .map(|n| {
            let risk = curve.at(n).or_raise()?;
            let learnability = results::array(py, Array1::from(risk.learnability))?;
            let mode_risk = results::array(py, Array1::from(risk.mode_risk))?;
            CLASS.make(
                py,
                (
                    risk.test,
                    risk.risk,
                    risk.train,
                    risk.effective_ridge,
                    risk.overfitting,
                    learnability,
                    mode_risk,
                ),
            )
        })
        .collect()
}

/// A list of numbers.
pub(crate) fn list(value: &Bound<'_, PyAny>, what: &str) -> PyResult<Vec<f64>> {
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
}

/// The share of each function that gradient flow on infinitely many points has learned, 1 − exp(−λt).
///
/// Parameters
/// ----------
/// eigenvalues : array_like
///     For a law of mass 1, `[k]`.
/// times : array_like
///     Learning rate times time, divided by the number of outputs, `[t]`.
///
/// Returns
/// -------
/// numpy.ndarray
///     `[t, k]`. A function is half learned at ln 2/λ.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic import spectral
/// >>> spectral.learned_by([0.5, 0.1], [np.log(2) / 0.1]).round(6)
/// array([[0.96875, 0.5    ]])
#[pyfunction]
fn learned_by<'py>(
    py: Python<'py>,
    eigenvalues: &Bound<'py, PyAny>,
    times: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let eigenvalues = list(eigenvalues, "eigenvalues")?;
    let one = vec![1.0; eigenvalues.len()];
    let curve = LearningCurve::new(&eigenvalues, &one, &one).or_raise()?;
    let times = list(times, "times")?;
    let mut learned = Array2::zeros((times.len(), eigenvalues.len()));
    for (mut row, time) in learned.outer_iter_mut().zip(times) {
        row.assign(&Array1::from(curve.learned_by(time).or_raise()?));
    }
    results::array(py, learned)
}

/// Regression with the kernel of a network on random points of the sphere, with random targets: what `learning_curve` predicts, measured.
///
/// Parameters
/// ----------
/// network : Network
///     On vectors of at least two entries; inputs are uniform on the sphere of radius √d in d dimensions.
/// power : array_like
///     The mean square of the part of the target in degree 0, 1, …, `[degrees]`.
/// points : list of int
///     Numbers of training points.
/// kernel : {"ntk", "nngp"}
///     The kernel that predicts.
/// ridge, noise : float
///     The number added to the diagonal of the Gram matrix, and the variance of the noise of the targets.
/// repeats : int
///     The number of regressions, each with new points and a new target.
/// seed : int
///     Of points, targets and noise.
///
/// Returns
/// -------
/// list of MeasuredRisk
///     One for each number of points.
///
/// Examples
/// --------
/// >>> from haarmonic import spectral, stax
/// >>> network = stax.network((8,), stax.Dense(1), stax.Relu(), stax.Dense(1))
/// >>> few, many = spectral.simulated_curve(network, [0.0, 1.0], [10, 40], ridge=0.1, repeats=4)
/// >>> many.risk < few.risk
/// True
#[pyfunction]
#[pyo3(signature = (network, power, points, *, kernel="ntk", ridge=0.0, noise=0.0, repeats=20, seed=0))]
#[allow(clippy::too_many_arguments)]
fn simulated_curve<'py>(
    py: Python<'py>,
    network: &PyNetwork,
    power: &Bound<'py, PyAny>,
    points: Vec<usize>,
    kernel: &str,
    ridge: f64,
    noise: f64,
    repeats: usize,
    seed: u64,
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    static CLASS: Class = Class::new("MeasuredRisk");
    let simulation = SimulatedCurve::new(&network.0, &list(power, "power")?)
        .and_then(|curve| curve.with_ridge(ridge))
        .and_then(|curve| curve.with_noise(noise))
        .and_then(|curve| curve.with_repeats(repeats))
        .or_raise()?
        .with_kernel(kernel_kind(kernel)?)
        .with_seed(seed);
    let found = watch::short(py, Threads::new(None)?, || simulation.run(&points))?;
    let each = |risk: spectral::MeasuredRisk| {
        let loo = (risk.leave_one_out, risk.leave_one_out_error);
        CLASS.make(py, (risk.risk, risk.risk_error, loo.0, loo.1))
    };
    found.into_iter().map(each).collect()
}

/// The eigenvalues of a kernel of rotations that depends on the angle between them alone.
///
/// Parameters
/// ----------
/// kernel : callable
///     Returns the kernel for an array of angles in `[0, π]`.
/// degrees : int
///     The number of degrees, up to 2048.
///
/// Returns
/// -------
/// RotationSpectrum
///     All 2ℓ + 1 eigenvalues of degree ℓ are equal.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic import spectral
/// >>> spectrum = spectral.class_spectrum(lambda angle: 1 + 2 * np.cos(angle), 3)
/// >>> spectrum.eigenvalues[1].round(6)
/// array([0.333333, 0.333333, 0.333333])
#[pyfunction]
fn class_spectrum<'py>(
    py: Python<'py>,
    kernel: &Bound<'py, PyAny>,
    degrees: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let mut call = Call::new(kernel);
    let found = RotationSpectrum::of_class_function(degrees, |angles| {
        call.values(Array1::from(angles.to_vec()))
    });
    call.finish(found)
        .and_then(|found| rotation_result(py, found))
}

/// The eigenvalues of a kernel φ(R⁻¹ R′) of rotations.
///
/// Parameters
/// ----------
/// kernel : callable
///     Returns φ for an array of rotation matrices, `[n, 3, 3]`; φ of a rotation and of its inverse are equal.
/// degrees : int
///     The number of degrees, up to 64.
/// tolerance : float
///     The error of each eigenvalue that is allowed, relative to the largest one.
///
/// Examples
/// --------
/// >>> from haarmonic import spectral
/// >>> spectrum = spectral.rotation_spectrum(lambda r: r[:, 2, 2] ** 2, 3)
/// >>> spectrum.eigenvalues[2].round(6)
/// array([0.133333, 0.      , 0.      , 0.      , 0.      ])
#[pyfunction]
#[pyo3(signature = (kernel, degrees, tolerance=1e-10))]
fn rotation_spectrum<'py>(
    py: Python<'py>,
    kernel: &Bound<'py, PyAny>,
    degrees: usize,
    tolerance: f64,
) -> PyResult<Bound<'py, PyAny>> {
    let mut call = Call::new(kernel);
    let found = RotationSpectrum::of_invariant_kernel(degrees, tolerance, |rotations| {
        let matrices: Vec<[[f64; 3]; 3]> = rotations.iter().map(Rotation::to_matrix).collect();
        call.values(Array3::from_shape_fn(
            (matrices.len(), 3, 3),
            |(i, j, k)| matrices[i][j][k],
        ))
    });
    call.finish(found)
        .and_then(|found| rotation_result(py, found))
}

/// A function of Python that is called by the crate, and what it raised.
struct Call<'a, 'py> {
    function: &'a Bound<'py, PyAny>,
    raised: Option<PyErr>,
}

impl<'a, 'py> Call<'a, 'py> {
    fn new(function: &'a Bound<'py, PyAny>) -> Self {
        Call {
            function,
            raised: None,
        }
    }

    fn values<D: haarmonic::ndarray::Dimension>(
        &mut self,
        arguments: haarmonic::ndarray::Array<f64, D>,
    ) -> Result<Vec<f64>> {
        let py = self.function.py();
        let values = results::array(py, arguments)
            .and_then(|arguments| self.function.call1((arguments,)))
            .and_then(|values| list(&values, "values of a kernel"));
        values.map_err(|raised| {
            self.raised = Some(raised);
            Error::Cancelled {
                what: "spectrum".into(),
            }
        })
    }

    /// The result, or what was raised on the way.
    fn finish<T>(self, found: Result<T>) -> PyResult<T> {
        match self.raised {
            Some(raised) => Err(raised),
            None => found.or_raise(),
        }
    }
}

fn rotation_result(py: Python<'_>, found: RotationSpectrum) -> PyResult<Bound<'_, PyAny>> {
    static CLASS: Class = Class::new("RotationSpectrum");
    let degrees = found.eigenvalues.into_iter().map(Array1::from);
    let degrees = degrees.map(|values| results::array(py, values));
    let degrees = PyList::new(py, degrees.collect::<PyResult<Vec<_>>>()?)?;
    CLASS.make(py, (degrees, found.trace, found.tail, found.floor))
}

/// The number of harmonic polynomials of each degree that no element of a finite group changes, for any orthogonal representation.
///
/// Parameters
/// ----------
/// matrices : array_like
///     One orthogonal matrix for each element of the group, `[order, D, D]`; for a permutation of entries, rows of the unit matrix.
/// degrees : int
///     The number of degrees of polynomials.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic import spectral
/// >>> shifts = [np.roll(np.eye(4), k, axis=0) for k in range(4)]
/// >>> spectral.matrix_invariant_counts(shifts, 5)
/// [1, 1, 2, 4, 7]
#[pyfunction]
fn matrix_invariant_counts(
    py: Python<'_>,
    matrices: &Bound<'_, PyAny>,
    degrees: usize,
) -> PyResult<Vec<u64>> {
    let matrices = arrays::real(matrices, "matrices")?;
    let view = with_axes::<_, Ix3>(matrices.view(), "matrices", "[order, D, D]")?;
    py.detach(|| spectral::matrix_invariant_counts(view, degrees))
        .or_raise()
}

/// The number of harmonic polynomials of each degree that no element of a group of permutations changes.
///
/// Parameters
/// ----------
/// generators : list of list of int
///     Permutations that generate the group; entry x of each is the image of the point x.
/// channels : int
///     How many numbers of a signal are at each point.
/// degrees : int
///     The number of degrees of polynomials.
///
/// Examples
/// --------
/// >>> from haarmonic import spectral
/// >>> spectral.permutation_invariant_counts([[1, 2, 3, 0]], 1, 5)
/// [1, 1, 2, 4, 7]
#[pyfunction]
fn permutation_invariant_counts(
    py: Python<'_>,
    generators: Vec<Vec<usize>>,
    channels: usize,
    degrees: usize,
) -> PyResult<Vec<u64>> {
    let count = || {
        let action = FiniteAction::from_generators(&generators)?;
        spectral::permutation_invariant_counts(&action, channels, degrees)
    };
    py.detach(count).or_raise()
}

/// The eigenvalues of a kernel matrix of n inputs, divided by n, and what they say of targets.
///
/// For random inputs the eigenvalues tend to those of the kernel, the large ones from above. The decomposition is repeated with every second input;
/// `doubtful` marks eigenvalues that differ by more than 10 per cent. Sums over all eigenvalues are far more precise than single ones.
///
/// Parameters
/// ----------
/// kernel : array_like
///     The kernel between n inputs in random order, `[n, n]`.
///
/// Examples
/// --------
/// >>> from haarmonic import spectral
/// >>> spectrum = spectral.EmpiricalSpectrum([[2.0, 1.0], [1.0, 2.0]])
/// >>> spectrum.eigenvalues
/// array([1.5, 0.5])
/// >>> round(spectrum.alignment([1.0, 1.0]), 6)
/// 0.948683
#[pyclass(frozen, name = "EmpiricalSpectrum", module = "haarmonic.spectral")]
pub(crate) struct PyEmpiricalSpectrum(EmpiricalSpectrum);

#[pymethods]
impl PyEmpiricalSpectrum {
    #[new]
    fn new(py: Python<'_>, kernel: &Bound<'_, PyAny>) -> PyResult<Self> {
        let kernel = arrays::real(kernel, "kernel")?;
        let view = with_axes::<_, Ix2>(kernel.view(), "kernel", "[n, n]")?;
        let found = watch::short(py, Threads::new(None)?, || EmpiricalSpectrum::new(view))?;
        Ok(PyEmpiricalSpectrum(found))
    }

    /// The eigenvalues, the largest first, `[n]`.
    #[getter]
    fn eigenvalues<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        results::array(py, Array1::from(self.0.eigenvalues.clone()))
    }

    /// Whether the eigenvalue of every second input differs by more than 10 per cent, `[n]`.
    #[getter]
    fn doubtful<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        results::array(py, Array1::from(self.0.doubtful.clone()))
    }

    /// Coefficients of targets in the eigenvectors, in the form of the targets, `[n]` or `[n, outputs]`; the sum of their squares is the
    /// mean square of the targets.
    #[pyo3(text_signature = "($self, targets)")]
    fn coefficients<'py>(
        &self,
        py: Python<'py>,
        targets: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let input = arrays::real(targets, "targets")?;
        let (view, form) = crate::predict::targets(input.view())?;
        form.of(py, self.0.coefficients(view).or_raise()?)
    }

    /// The alignment of kernel and targets, between 0 and 1; of both centred (CKA) with `centred`.
    #[pyo3(signature = (targets, *, centred=false))]
    fn alignment(&self, targets: &Bound<'_, PyAny>, centred: bool) -> PyResult<f64> {
        self.of_targets(targets, |targets| match centred {
            true => self.0.centred_alignment(targets),
            false => self.0.alignment(targets),
        })
    }

    /// The share of the square of the targets in the first 1, 2, … eigenvectors, `[n]`.
    fn cumulative_power<'py>(
        &self,
        py: Python<'py>,
        targets: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let power = self.of_targets(targets, |targets| self.0.cumulative_power(targets))?;
        results::array(py, Array1::from(power))
    }

    /// The number of functions that a ridge of n times `ridge` leaves free.
    fn effective_dimension(&self, ridge: f64) -> PyResult<f64> {
        self.0.effective_dimension(ridge).or_raise()
    }

    /// (tr K)²/‖K‖², the number of functions that carry the kernel.
    fn participation_ratio(&self) -> f64 {
        self.0.participation_ratio()
    }

    /// tr K over the largest eigenvalue.
    fn trace_over_largest(&self) -> f64 {
        self.0.trace_over_largest()
    }

    /// The largest learning rate with which gradient descent on all inputs does not diverge.
    #[pyo3(signature = (outputs=1))]
    fn stable_learning_rate(&self, outputs: usize) -> f64 {
        self.0.stable_learning_rate(outputs)
    }

    /// The errors that regression makes with fewer inputs of the same law, for each number of points; noise and ridge as for
    /// `haarmonic.spectral.learning_curve`.
    ///
    /// Predict for a tenth of these inputs at most: with more, the bias of the eigenvalues makes errors too small.
    #[pyo3(signature = (targets, n, *, noise=0.0, ridge=0.0))]
    fn learning_curve<'py>(
        &self,
        py: Python<'py>,
        targets: &Bound<'py, PyAny>,
        n: &Bound<'py, PyAny>,
        noise: f64,
        ridge: f64,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let curve = self.of_targets(targets, |targets| self.0.learning_curve(targets))?;
        predicted_risks(py, curve, n, noise, ridge)
    }

    /// The test error as generalised cross-validation estimates it, with `ridge` on the diagonal. With little ridge in few dimensions it is too
    /// small; leave-one-out errors (`Evidence`) are not.
    fn generalised_cross_validation(
        &self,
        targets: &Bound<'_, PyAny>,
        ridge: f64,
    ) -> PyResult<f64> {
        self.of_targets(targets, |targets| {
            self.0.generalised_cross_validation(targets, ridge)
        })
    }
}

impl PyEmpiricalSpectrum {
    fn of_targets<T>(
        &self,
        value: &Bound<'_, PyAny>,
        compute: impl FnOnce(haarmonic::ndarray::ArrayView2<'_, f64>) -> Result<T>,
    ) -> PyResult<T> {
        let input = arrays::real(value, "targets")?;
        let (view, _) = targets(input.view())?;
        compute(view).or_raise()
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyEmpiricalSpectrum>()?;
    module.add_function(wrap_pyfunction!(network_spectra, module)?)?;
    module.add_function(wrap_pyfunction!(class_spectrum, module)?)?;
    module.add_function(wrap_pyfunction!(rotation_spectrum, module)?)?;
    module.add_function(wrap_pyfunction!(invariant_counts, module)?)?;
    module.add_function(wrap_pyfunction!(matrix_invariant_counts, module)?)?;
    module.add_function(wrap_pyfunction!(permutation_invariant_counts, module)?)?;
    module.add_function(wrap_pyfunction!(learned_by, module)?)?;
    module.add_function(wrap_pyfunction!(simulated_curve, module)?)?;
    module.add_function(wrap_pyfunction!(learning_curve, module)?)
}
