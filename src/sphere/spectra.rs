//! Power and cross spectra of signals on the sphere, in both usual normalisations.

use super::coefficients::band_limit;
use crate::{Error, Result};
use ndarray::ArrayView2;
use num_complex::Complex64;

/// The normalisation of a spectrum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum SpectrumNorm {
    /// $`S_\ell = \sum_m`$: over all degrees the sum is the integral over the sphere (Parseval).
    Sum,
    /// $`C_\ell = \frac{1}{2\ell+1} \sum_m`$: the variance of one coefficient of an isotropic random field, as cosmologists and
    /// healpy's `anafast` have it. The integral is $`\sum_\ell (2\ell+1)\, C_\ell`$.
    Mean,
}

impl SpectrumNorm {
    fn factor(self, degree: usize) -> f64 {
        match self {
            SpectrumNorm::Sum => 1.0,
            SpectrumNorm::Mean => 1.0 / (2 * degree + 1) as f64,
        }
    }
}

/// Computes the power of each degree, $`\sum_m |f_{\ell m}|^2`$ or its mean over the orders.
///
/// # Arguments
/// * `coeffs` — shape `[L, 2L − 1]`; entries with |m| > ℓ are ignored
///
/// # Errors
/// [`Error::ShapeMismatch`] if the array has another shape.
///
/// # Examples
/// ```
/// use haarmonic::sphere::{coefficients, spectra::{SpectrumNorm, power}};
/// let mut f = coefficients::zeros(2)?;
/// f[[1, 1]] = 3.0.into();
/// assert_eq!(power(f.view(), SpectrumNorm::Sum)?, [0.0, 9.0]);
/// assert_eq!(power(f.view(), SpectrumNorm::Mean)?, [0.0, 3.0]);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn power(coeffs: ArrayView2<'_, Complex64>, norm: SpectrumNorm) -> Result<Vec<f64>> {
    let spectrum = cross(coeffs, coeffs, norm)?;
    Ok(spectrum.into_iter().map(|value| value.re).collect())
}

/// Computes the cross spectrum, $`\sum_m \overline{f_{\ell m}}\, g_{\ell m}`$ or its mean over the orders.
///
/// The first signal is conjugated, as in correlations; for real signals the spectrum is real up to rounding. The sum over
/// degrees is $`\int \overline f g \, d\Omega`$.
///
/// # Arguments
/// * `f`, `g` — shape `[L, 2L − 1]`; entries with |m| > ℓ are ignored
///
/// # Errors
/// [`Error::ShapeMismatch`] if an array has another shape or the two differ.
///
/// # Examples
/// ```
/// use haarmonic::sphere::{coefficients, spectra::{SpectrumNorm, cross}};
/// use num_complex::Complex64;
/// let (mut f, mut g) = (coefficients::zeros(2)?, coefficients::zeros(2)?);
/// f[[1, 2]] = Complex64::I;
/// g[[1, 2]] = Complex64::new(6.0, 0.0);
/// assert_eq!(cross(f.view(), g.view(), SpectrumNorm::Mean)?[1], Complex64::new(0.0, -2.0));
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn cross(
    f: ArrayView2<'_, Complex64>,
    g: ArrayView2<'_, Complex64>,
    norm: SpectrumNorm,
) -> Result<Vec<Complex64>> {
    let limit = band_limit(f)?;
    if g.shape() != f.shape() {
        return Err(Error::shape(
            "second signal of a cross spectrum",
            format!("[{limit}, {}]", 2 * limit - 1),
            g.shape().to_vec(),
        ));
    }
    Ok((0..limit)
        .map(|l| {
            let (f, g) = (f.row(l), g.row(l));
            let sum: Complex64 = (limit - 1 - l..limit + l).map(|k| f[k].conj() * g[k]).sum();
            norm.factor(l) * sum
        })
        .collect())
}
