//! Arrays of spherical-harmonic coefficients: layouts, reality, power spectrum.
//!
//! Coefficients of band limit L are a complex array of shape `[L, 2L − 1]`; entry `[l, m + L − 1]` is $`\hat f_{\ell m}`$, and the
//! entries with $`|m| > \ell`$ are zero. The flat layout has length `L * L`, entry `l * l + l + m`.

use crate::error::Value;
use crate::sphere::limits::check_band_limit;
use crate::{Error, Result};
use ndarray::{Array2, ArrayView2};
use num_complex::Complex64;

/// Makes an array of zeros for one signal.
///
/// # Errors
/// [`Error::InvalidValue`] if `band_limit` is 0 or too large.
pub fn zeros(band_limit: usize) -> Result<Array2<Complex64>> {
    check_band_limit(band_limit)?;
    Ok(Array2::zeros((band_limit, 2 * band_limit - 1)))
}

/// Reads the band limit off the shape `[L, 2L − 1]` of an array of coefficients.
///
/// # Errors
/// [`Error::ShapeMismatch`] if the array has another shape.
pub fn band_limit<T>(coeffs: ArrayView2<'_, T>) -> Result<usize> {
    let (degrees, orders) = coeffs.dim();
    if degrees == 0 || orders != 2 * degrees - 1 {
        return Err(Error::shape(
            "spherical-harmonic coefficients",
            "[L, 2L - 1] with L >= 1",
            vec![degrees, orders],
        ));
    }
    check_band_limit(degrees)?;
    Ok(degrees)
}

/// Checks that the array has shape `[L, 2L − 1]`, is finite, and is zero where $`|m| > \ell`$; returns L.
///
/// # Errors
/// [`Error::ShapeMismatch`], [`Error::NotFinite`], or [`Error::InvalidValue`] for an entry that must be zero.
pub fn validate(coeffs: ArrayView2<'_, Complex64>) -> Result<usize> {
    let limit = band_limit(coeffs)?;
    for ((l, k), value) in coeffs.indexed_iter() {
        if !value.is_finite() {
            return Err(Error::not_finite(
                "spherical-harmonic coefficients",
                vec![l, k],
            ));
        }
        if k.abs_diff(limit - 1) > l && *value != Complex64::ZERO {
            return Err(Error::invalid(
                format!("spherical-harmonic coefficient at index [{l}, {k}]"),
                *value,
                "zero, since |m| > l",
            ));
        }
    }
    Ok(limit)
}

/// Checks that the coefficients have the symmetry of a real signal, $`\hat f_{\ell,-m} = (-1)^m \, \overline{\hat f_{\ell m}}`$.
///
/// # Arguments
/// * `tolerance` — largest deviation accepted, as a fraction of the largest coefficient
///
/// # Errors
/// [`Error::InvalidValue`] naming the first coefficient that deviates, [`Error::ShapeMismatch`], [`Error::NotFinite`].
///
/// # Examples
/// ```
/// use haarmonic::sphere::coefficients;
/// use num_complex::Complex64;
/// let mut f = coefficients::zeros(2)?;
/// f[[1, 2]] = Complex64::new(0.5, 1.0);                         // l = 1, m = 1
/// assert!(coefficients::check_real(f.view(), 1e-14).is_err());
/// f[[1, 0]] = Complex64::new(-0.5, 1.0);                        // l = 1, m = -1
/// assert!(coefficients::check_real(f.view(), 1e-14).is_ok());
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn check_real(coeffs: ArrayView2<'_, Complex64>, tolerance: f64) -> Result<()> {
    let limit = validate(coeffs)?;
    let largest = coeffs.iter().fold(0.0_f64, |a, c| a.max(c.norm()));
    for l in 0..limit {
        for m in 0..=l {
            let mirrored = sign(m) * coeffs[[l, limit - 1 + m]].conj();
            let found = coeffs[[l, limit - 1 - m]];
            if (found - mirrored).norm() > tolerance * largest {
                return Err(Error::invalid(
                    format!("coefficient l = {l}, m = -{m} of a real signal"),
                    found,
                    format!("(-1)^m conj f_lm = {}", Value::from(mirrored)),
                ));
            }
        }
    }
    Ok(())
}

/// Copies the coefficients into the flat layout of length `L * L`, entry `l * l + l + m`.
///
/// # Errors
/// [`Error::ShapeMismatch`] if the array does not have shape `[L, 2L − 1]`.
pub fn to_flat(coeffs: ArrayView2<'_, Complex64>) -> Result<Vec<Complex64>> {
    let limit = band_limit(coeffs)?;
    let mut flat = Vec::with_capacity(limit * limit);
    for (l, row) in coeffs.rows().into_iter().enumerate() {
        flat.extend(row.iter().skip(limit - 1 - l).take(2 * l + 1));
    }
    Ok(flat)
}

/// Copies coefficients from the flat layout into an array of shape `[L, 2L − 1]`.
///
/// # Errors
/// [`Error::ShapeMismatch`] if the length is not a square.
///
/// # Examples
/// ```
/// use haarmonic::sphere::coefficients;
/// use num_complex::Complex64;
/// let flat: Vec<_> = (0..9).map(|i| Complex64::new(i as f64, 0.0)).collect();
/// let coeffs = coefficients::from_flat(&flat)?;
/// assert_eq!(coeffs[[2, 2 + 1]].re, 7.0);                       // l = 2, m = 1: entry 4 + 2 + 1
/// assert_eq!(coefficients::to_flat(coeffs.view())?, flat);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn from_flat(flat: &[Complex64]) -> Result<Array2<Complex64>> {
    let limit = flat.len().isqrt();
    if limit == 0 || limit * limit != flat.len() {
        return Err(Error::shape(
            "flat spherical-harmonic coefficients",
            "[L * L] with L >= 1",
            vec![flat.len()],
        ));
    }
    let mut coeffs = zeros(limit)?;
    for (l, mut row) in coeffs.rows_mut().into_iter().enumerate() {
        let start = limit - 1 - l;
        for (slot, value) in row
            .iter_mut()
            .skip(start)
            .zip(&flat[l * l..(l + 1) * (l + 1)])
        {
            *slot = *value;
        }
    }
    Ok(coeffs)
}

/// Computes the power of each degree, $`S_\ell = \sum_m |\hat f_{\ell m}|^2`$; the sum over degrees is $`\int |f|^2 d\Omega`$.
///
/// # Errors
/// [`Error::ShapeMismatch`] if the array does not have shape `[L, 2L − 1]`.
pub fn power_spectrum(coeffs: ArrayView2<'_, Complex64>) -> Result<Vec<f64>> {
    let limit = band_limit(coeffs)?;
    Ok((0..limit)
        .map(|l| {
            let row = coeffs.row(l);
            (limit - 1 - l..limit + l).map(|k| row[k].norm_sqr()).sum()
        })
        .collect())
}

/// $`(-1)^m`$.
#[inline(always)]
pub(crate) fn sign(order: usize) -> f64 {
    if order.is_multiple_of(2) { 1.0 } else { -1.0 }
}
