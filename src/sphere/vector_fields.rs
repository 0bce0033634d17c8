//! Tangent vector fields by their coefficients: divergence, curl, potentials, and the Laplacian.
//!
//! A real tangent field is a function of spin one, $`V_\theta + i V_\varphi = -\sum (E_{\ell m} + iB_{\ell m}) \, {}_1Y_{\ell m}`$: a
//! [`SpinPlan`](super::SpinPlan) or [`SpinRingPlan`](super::SpinRingPlan) of spin 1 transforms `[.., 2, samples]`, components along θ (south)
//! and φ (east), to `[.., 2, L (L + 1) / 2]`, the spheroidal modes E and the toroidal modes B. (Helmholtz, on the unit sphere:)
//!
//! ```math
//! V = \nabla\Phi + \hat r \times \nabla\Psi , \qquad
//! E_{\ell m} = \sqrt{\ell(\ell+1)} \, \hat\Phi_{\ell m} , \quad B_{\ell m} = \sqrt{\ell(\ell+1)} \, \hat\Psi_{\ell m} , \qquad
//! \nabla \cdot V = \nabla^2 \Phi , \quad \hat r \cdot \nabla \times V = \nabla^2 \Psi
//! ```
//! The first part has no curl and the second no divergence. Functions take the half layout, entry `m (2L − 1 − m) / 2 + l`, of all orders
//! or of the orders below a limit, with leading axes as a batch. For the full layout [`zonal::filter`](super::zonal::filter) takes
//! [`laplacian_multipliers`].
//!
//! # Examples
//! A rotation about the z axis, $`V_\varphi = \sin\theta`$, has the vorticity 2 cos θ and no divergence:
//! ```
//! use haarmonic::sphere::{Sampling, SpinPlan, vector_fields};
//! use ndarray::{Array2, Array3};
//! let (limit, sampling) = (4, Sampling::GaussLegendre);
//! let plan = SpinPlan::new(limit, 1, sampling)?;
//! let theta = sampling.colatitudes(limit)?;
//! let field = Array3::from_shape_fn((2, 4, 7), |(part, t, _)| part as f64 * theta[t].sin());
//! let mut modes = Array2::zeros((2, plan.half_len()));
//! plan.forward_into(field.view(), modes.view_mut(), &mut plan.make_scratch())?;
//! let curl = vector_fields::curl(modes.view(), limit)?;
//! let exact = 2.0 * (4.0 * std::f64::consts::PI / 3.0).sqrt();
//! assert!((curl[1].re - exact).abs() < 1e-14);
//! assert!(vector_fields::divergence(modes.view(), limit)?.iter().all(|c| c.norm() < 1e-14));
//! # Ok::<(), haarmonic::Error>(())
//! ```

use super::limits::{Limits, check_band_limit};
use crate::{Error, Result, check};
use ndarray::{Array, ArrayView, Axis, Dimension, RemoveAxis};
use num_complex::Complex64;

/// Returns the eigenvalues of the Laplacian, $`-\ell(\ell+1)`$ for ℓ < L.
///
/// # Errors
/// [`Error::InvalidValue`] if `band_limit` is 0 or too large.
pub fn laplacian_multipliers(band_limit: usize) -> Result<Vec<f64>> {
    check_band_limit(band_limit)?;
    Ok((0..band_limit).map(|l| -squared(l)).collect())
}

/// Computes the coefficients of the Laplacian of scalars.
///
/// # Arguments
/// * `coeffs` — shape `[.., L (L + 1) / 2]`, half layout
/// * `band_limit` — L
///
/// # Errors
/// [`Error::InvalidValue`] for a band limit out of range, [`Error::ShapeMismatch`] if the last axis is no half layout of it,
/// [`Error::NotFinite`] for NaN or infinite coefficients.
pub fn laplacian<D: Dimension>(
    coeffs: ArrayView<'_, Complex64, D>,
    band_limit: usize,
) -> Result<Array<Complex64, D>> {
    times(coeffs, band_limit, |l| -squared(l))
}

/// Computes the coefficients of the functions without mean whose Laplacians are given scalars.
///
/// A Laplacian has no mean; a mean of the given scalars, degree 0, is not used. Arguments and errors are those of [`laplacian`].
///
/// # Errors
/// As [`laplacian`].
pub fn inverse_laplacian<D: Dimension>(
    coeffs: ArrayView<'_, Complex64, D>,
    band_limit: usize,
) -> Result<Array<Complex64, D>> {
    times(coeffs, band_limit, |l| inverse(-squared(l)))
}

/// Computes the coefficients of the divergence of tangent fields.
///
/// # Arguments
/// * `modes` — shape `[.., 2, L (L + 1) / 2]`, modes E and B of spin 1
/// * `band_limit` — L
///
/// # Returns
/// Shape `[.., L (L + 1) / 2]`, half layout.
///
/// # Errors
/// As [`laplacian`], and [`Error::ShapeMismatch`] without an axis of two modes.
pub fn divergence<D: RemoveAxis>(
    modes: ArrayView<'_, Complex64, D>,
    band_limit: usize,
) -> Result<Array<Complex64, D::Smaller>> {
    one_mode(modes, 0, band_limit)
}

/// Computes the coefficients of the radial component of the curl of tangent fields; arguments are those of [`divergence`].
///
/// # Errors
/// As [`divergence`].
pub fn curl<D: RemoveAxis>(
    modes: ArrayView<'_, Complex64, D>,
    band_limit: usize,
) -> Result<Array<Complex64, D::Smaller>> {
    one_mode(modes, 1, band_limit)
}

/// Computes the coefficients of the potentials Φ and Ψ of tangent fields, which have no mean: the decomposition of Helmholtz.
///
/// # Arguments
/// * `modes` — shape `[.., 2, L (L + 1) / 2]`, modes E and B of spin 1
/// * `band_limit` — L
///
/// # Returns
/// The shape of `modes`: Φ and Ψ in the half layout.
///
/// # Errors
/// As [`divergence`].
///
/// # Examples
/// The field of the potentials is the field:
/// ```
/// use haarmonic::sphere::vector_fields::{from_potentials, potentials};
/// use ndarray::Array2;
/// use num_complex::Complex64;
/// let modes = Array2::from_shape_fn((2, 6), |(_, at)| Complex64::from((at % 3 != 0 || at > 0) as u8 as f64));
/// let back = from_potentials(potentials(modes.view(), 3)?.view(), 3)?;
/// assert!((&back - &modes).iter().all(|error| error.norm() < 1e-15));
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn potentials<D: Dimension>(
    modes: ArrayView<'_, Complex64, D>,
    band_limit: usize,
) -> Result<Array<Complex64, D>> {
    check_modes(modes.shape())?;
    times(modes, band_limit, |l| inverse(squared(l).sqrt()))
}

/// Computes the modes E and B of tangent fields from their potentials; the inverse of [`potentials`].
///
/// # Errors
/// As [`divergence`].
pub fn from_potentials<D: Dimension>(
    potentials: ArrayView<'_, Complex64, D>,
    band_limit: usize,
) -> Result<Array<Complex64, D>> {
    check_modes(potentials.shape())?;
    times(potentials, band_limit, |l| squared(l).sqrt())
}

/// $`\ell(\ell+1)`$.
fn squared(l: usize) -> f64 {
    (l * (l + 1)) as f64
}

/// The inverse of a number, zero of zero.
fn inverse(factor: f64) -> f64 {
    if factor == 0.0 { 0.0 } else { 1.0 / factor }
}

fn one_mode<D: RemoveAxis>(
    modes: ArrayView<'_, Complex64, D>,
    part: usize,
    band_limit: usize,
) -> Result<Array<Complex64, D::Smaller>> {
    check_modes(modes.shape())?;
    let axis = Axis(modes.ndim() - 2);
    let mode = modes.index_axis_move(axis, part);
    times(mode, band_limit, |l| -squared(l).sqrt())
}

fn check_modes(shape: &[usize]) -> Result<()> {
    match shape {
        [.., 2, _] => Ok(()),
        _ => Err(Error::shape(
            "modes of vector fields",
            "[.., 2, L (L + 1) / 2]",
            shape.to_vec(),
        )),
    }
}

/// Multiplies the coefficients of each degree.
fn times<D: Dimension>(
    coeffs: ArrayView<'_, Complex64, D>,
    band_limit: usize,
    factor: impl Fn(usize) -> f64,
) -> Result<Array<Complex64, D>> {
    check_band_limit(band_limit)?;
    let len = coeffs.shape().last().copied().unwrap_or(0);
    // The last axis ends with an order.
    let ends = |orders| Limits::new(band_limit, orders).is_ok_and(|it| it.half_len() == len);
    if !(1..=band_limit).any(ends) {
        return Err(Error::shape(
            format!("coefficients of band limit {band_limit}"),
            format!("[.., {}]", band_limit * (band_limit + 1) / 2),
            coeffs.shape().to_vec(),
        ));
    }
    check::finite("coefficients", coeffs.view())?;
    let factors: Vec<f64> = (0..band_limit)
        .flat_map(|m| (m..band_limit).map(&factor))
        .take(len)
        .collect();
    let mut found = coeffs.to_owned();
    for mut row in found.rows_mut() {
        for (value, factor) in row.iter_mut().zip(&factors) {
            *value *= *factor;
        }
    }
    Ok(found)
}
