//! Multipliers of common zonal filters, for [`filter`](super::zonal::filter).
//!
//! Each filter has multiplier 1 at degree 0, which preserves the mean over the sphere. For the mean over a cap see
//! [`cap_multipliers`](super::zonal::cap_multipliers).

use super::limits::check_band_limit;
use crate::Result;
use crate::check;

/// Computes the multipliers of a Gaussian beam, $`b_\ell = e^{-\ell(\ell+1)\sigma^2/2}`$ with $`\sigma = \mathrm{FWHM}/\sqrt{8\ln2}`$.
///
/// In cosmology this is the window function of a beam of the given full width at half maximum. It is exact for heat flow, and tends to a
/// Gaussian in the plane for small widths.
///
/// # Arguments
/// * `band_limit` — L
/// * `full_width` — full width at half maximum in radians, not negative
///
/// # Errors
/// [`Error::InvalidValue`](crate::Error::InvalidValue) for a band limit of 0 or a width that is negative or not finite.
///
/// # Examples
/// ```
/// use haarmonic::sphere::smoothing::gaussian_beam;
/// let sigma: f64 = 0.1;
/// let b = gaussian_beam(4, sigma * (8.0 * 2.0_f64.ln()).sqrt())?;
/// assert!((b[3] - (-0.06_f64).exp()).abs() < 2.0 * f64::EPSILON);       // 3 · 4 · 0.01 / 2
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn gaussian_beam(band_limit: usize, full_width: f64) -> Result<Vec<f64>> {
    check_band_limit(band_limit)?;
    check::not_negative("full width of a beam", full_width)?;
    // A square that is beyond the largest number leaves degree 0 alone, as the largest number does.
    let time = full_width * full_width / (16.0 * 2.0_f64.ln());
    Ok(multipliers(band_limit, time.min(f64::MAX)))
}

/// Computes the multipliers of heat flow for a time t, $`e^{-\ell(\ell+1)t}`$: the solution of $`\partial_t f = \Delta f`$ on the unit sphere.
///
/// # Arguments
/// * `band_limit` — L
/// * `time` — t, not negative
///
/// # Errors
/// [`Error::InvalidValue`](crate::Error::InvalidValue) for a band limit of 0 or a time that is negative or not finite.
///
/// # Examples
/// ```
/// use haarmonic::sphere::smoothing::heat_kernel;
/// let (once, twice) = (heat_kernel(5, 0.1)?, heat_kernel(5, 0.2)?);
/// assert!((once[4] - (-2.0_f64).exp()).abs() < f64::EPSILON);
/// assert!((once[3] * once[3] - twice[3]).abs() < f64::EPSILON);         // times add
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn heat_kernel(band_limit: usize, time: f64) -> Result<Vec<f64>> {
    check_band_limit(band_limit)?;
    check::not_negative("time of heat flow", time)?;
    Ok(multipliers(band_limit, time))
}

fn multipliers(band_limit: usize, time: f64) -> Vec<f64> {
    (0..band_limit)
        .map(|l| (-((l * (l + 1)) as f64) * time).exp())
        .collect()
}

/// Computes the multipliers of a sharp low pass: 1 for ℓ < `cutoff`, 0 from there on.
///
/// # Arguments
/// * `band_limit` — L
/// * `cutoff` — the lowest degree that is dropped; may exceed L
///
/// # Errors
/// [`Error::InvalidValue`](crate::Error::InvalidValue) for a band limit of 0.
///
/// # Examples
/// ```
/// assert_eq!(haarmonic::sphere::smoothing::low_pass(4, 2)?, [1.0, 1.0, 0.0, 0.0]);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn low_pass(band_limit: usize, cutoff: usize) -> Result<Vec<f64>> {
    check_band_limit(band_limit)?;
    Ok((0..band_limit)
        .map(|l| if l < cutoff { 1.0 } else { 0.0 })
        .collect())
}
