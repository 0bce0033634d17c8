//! Random isotropic fields on the sphere and on SO(3).

use haarmonic::ndarray::{ArrayD, ArrayViewD, Axis, Ix1, Ix3};
use haarmonic::rand::SeedableRng;
use haarmonic::rand::rngs::Xoshiro256PlusPlus;
use haarmonic::{Result, so3, sphere};
use numpy::{Complex64, PyArrayDyn};
use pyo3::prelude::*;

use crate::arrays;
use crate::axes::with_axes;
use crate::errors::OrRaise;

/// Draw real Gaussian fields on the sphere whose law no rotation changes, as coefficients for `Sht.synthesis`.
///
/// Parameters
/// ----------
/// spectrum : array_like
///     `[L]`, the variance C_ℓ of the coefficients of each degree (the normalisation of healpy's `anafast`); or `[fields, fields, L]`, a
///     covariance matrix of correlated fields for each degree. Two fields one after the other serve as E and B of an `Sht` with spin.
/// count : int, optional
///     The number of samples; one without an axis for it unless stated.
/// seed : int
///     One seed gives one result, on every machine, and the same degrees for every L.
///
/// Returns
/// -------
/// ndarray
///     complex128 in the half layout, `[L (L + 1) / 2]`, with leading axes `count` and `fields` where there are some.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> from haarmonic import Sht, spectral
/// >>> spectrum = 1 / (1 + np.arange(32)) ** 2
/// >>> coefficients = spectral.random_field(spectrum, seed=1)
/// >>> field = Sht(31).synthesis(coefficients)
/// >>> field.shape, field.dtype
/// ((32, 63), dtype('float64'))
#[pyfunction]
#[pyo3(signature = (spectrum, count=None, *, seed))]
fn random_field<'py>(
    py: Python<'py>,
    spectrum: &Bound<'py, PyAny>,
    count: Option<usize>,
    seed: u64,
) -> PyResult<Bound<'py, PyArrayDyn<Complex64>>> {
    let what = "spectrum";
    let array = arrays::real(spectrum, what)?;
    let view = array.view();
    let flat = view.ndim() != 3;
    let field = match flat {
        true => {
            let spectrum = with_axes::<_, Ix1>(view, what, "[L] or [fields, fields, L]")?;
            sphere::RandomField::new(&spectrum.to_vec())
        }
        false => sphere::RandomField::correlated(with_axes::<_, Ix3>(view, what, "[L]")?),
    };
    let field = field.or_raise()?;
    let samples = py.detach(|| {
        draw(count, seed, |rng| {
            let coeffs = field.sample(rng)?;
            Ok(match flat {
                true => coeffs.index_axis_move(Axis(0), 0).into_dyn(),
                false => coeffs.into_dyn(),
            })
        })
    });
    Ok(arrays::output(py, samples.or_raise()?))
}

/// Draw real Gaussian fields on SO(3) whose law is the same after a rotation from either side, as coefficients for `So3.inverse`.
///
/// The covariance of values at rotations an angle ω apart is Σ (2ℓ+1) μ_ℓ χ_ℓ(ω), with the characters χ_ℓ.
///
/// Parameters
/// ----------
/// multipliers : array_like
///     `[L]`, the eigenvalues μ_ℓ of the covariance for a Haar measure of mass 1.
/// count : int, optional
///     The number of samples; one without an axis for it unless stated.
/// seed : int
///     As for `random_field`.
///
/// Returns
/// -------
/// ndarray
///     complex128, `[2L − 1, L, 2L − 1]`, with a leading axis `count` where there is one.
///
/// Examples
/// --------
/// >>> from haarmonic import So3, spectral
/// >>> coefficients = spectral.random_field_so3([1.0, 0.1, 0.01], seed=1)
/// >>> So3(3).inverse(coefficients, dtype=float).shape
/// (5, 3, 5)
#[pyfunction]
#[pyo3(signature = (multipliers, count=None, *, seed))]
fn random_field_so3<'py>(
    py: Python<'py>,
    multipliers: &Bound<'py, PyAny>,
    count: Option<usize>,
    seed: u64,
) -> PyResult<Bound<'py, PyArrayDyn<Complex64>>> {
    let array = arrays::real(multipliers, "multipliers")?;
    let view: ArrayViewD<'_, f64> = array.view();
    let multipliers = with_axes::<_, Ix1>(view, "multipliers", "[L]")?.to_vec();
    let field = so3::RandomField::new(&multipliers).or_raise()?;
    let samples = py.detach(|| draw(count, seed, |rng| Ok(field.sample(rng)?.into_dyn())));
    Ok(arrays::output(py, samples.or_raise()?))
}

/// One sample, or several along a first axis.
fn draw(
    count: Option<usize>,
    seed: u64,
    sample: impl Fn(&mut Xoshiro256PlusPlus) -> Result<ArrayD<Complex64>>,
) -> Result<ArrayD<Complex64>> {
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(seed);
    let Some(count) = count else {
        return sample(rng);
    };
    let first = sample(rng)?;
    let mut all = arrays::zeros::<Complex64>(&[&[count], first.shape()].concat())?;
    for (index, mut place) in all.outer_iter_mut().enumerate() {
        match index {
            0 => place.assign(&first),
            _ => place.assign(&sample(rng)?),
        }
    }
    Ok(all)
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(random_field, module)?)?;
    module.add_function(wrap_pyfunction!(random_field_so3, module)?)
}
