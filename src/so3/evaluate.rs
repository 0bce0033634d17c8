//! Values of band-limited functions on SO(3) at arbitrary rotations.

use super::grid::check_band_limit;
use crate::check;
use crate::wigner::WignerDRecursion;
use crate::{Error, Result};
use ndarray::ArrayView3;
use num_complex::Complex64;
use std::f64::consts::PI;

/// Computes the values of a band-limited function at given rotations.
///
/// ```math
/// f(\alpha,\beta,\gamma) = \sum_{\ell<L} \sum_{m,n} \frac{2\ell+1}{8\pi^2}\, \hat f^{n}_{\ell m}\; d^\ell_{mn}(\beta)\, e^{i(m\alpha+n\gamma)}
/// ```
/// Conventions: see [`crate::conventions`].
///
/// # Arguments
/// * `coeffs` — shape `[2L − 1, L, 2L − 1]`, entry `[n + L − 1, l, m + L − 1]`; entries with |m| > ℓ or |n| > ℓ are ignored
/// * `rotations` — ZYZ angles `[α, β, γ]` in radians, any finite values
///
/// # Cost and accuracy
/// O(L³) a rotation, vectorised over the rotations: give many at once.
///
/// # Errors
/// [`Error::ShapeMismatch`] if the shape is not of the form above, [`Error::InvalidValue`] if L is 0 or too large,
/// [`Error::NotFinite`] if a coefficient or an angle is NaN or infinite.
///
/// # Examples
/// ```
/// use haarmonic::so3::evaluate;
/// use ndarray::Array3;
/// use num_complex::Complex64;
/// let mut coeffs = Array3::zeros((3, 2, 3));
/// coeffs[[1, 1, 1]] = Complex64::from(8.0 * std::f64::consts::PI.powi(2) / 3.0);     // f = cos β
/// let values = evaluate(coeffs.view(), &[[0.1, 0.7, 2.0]])?;
/// assert!((values[0].re - 0.7_f64.cos()).abs() < 4.0 * f64::EPSILON);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn evaluate(
    coeffs: ArrayView3<'_, Complex64>,
    rotations: &[[f64; 3]],
) -> Result<Vec<Complex64>> {
    let what = "coefficients on SO(3)";
    let band_limit = coeffs.shape()[1];
    check_band_limit("band limit of the coefficients on SO(3)", band_limit)?;
    let orders = 2 * band_limit - 1;
    check::shape(what, coeffs.shape(), &[orders, band_limit, orders])?;
    check::finite(what, coeffs)?;
    if let Some(i) = rotations
        .iter()
        .position(|angles| angles.iter().any(|angle| !angle.is_finite()))
    {
        return Err(Error::not_finite("ZYZ angles", vec![i]));
    }
    let betas: Vec<f64> = rotations.iter().map(|angles| angles[1]).collect();
    let shift = band_limit as i64 - 1;
    let mut values = vec![Complex64::ZERO; rotations.len()];
    for m in 0..band_limit as i64 {
        for n in -m..=m {
            // (m, n), (−m, −n), (n, m), (−n, −m) share the recursion; on the diagonals some of them coincide.
            let odd = if (m - n) % 2 == 0 { 1.0 } else { -1.0 };
            let mut members = vec![(m, n, 1.0)];
            for member in [(-m, -n, odd), (n, m, odd), (-n, -m, 1.0)] {
                if !members
                    .iter()
                    .any(|other| (other.0, other.1) == (member.0, member.1))
                {
                    members.push(member);
                }
            }
            let mut sums = vec![Complex64::ZERO; members.len() * rotations.len()];
            let mut d = WignerDRecursion::new(m, n, &betas)?;
            for l in m as usize..band_limit {
                if l > m as usize {
                    d.advance();
                }
                let norm = (2 * l + 1) as f64 / (8.0 * PI * PI);
                for (member, sums) in members
                    .iter()
                    .zip(sums.chunks_exact_mut(rotations.len().max(1)))
                {
                    let index = [(member.1 + shift) as usize, l, (member.0 + shift) as usize];
                    let coeff = coeffs[index] * (norm * member.2);
                    for (sum, value) in sums.iter_mut().zip(d.values()) {
                        *sum += coeff * value;
                    }
                }
            }
            for (member, sums) in members
                .iter()
                .zip(sums.chunks_exact(rotations.len().max(1)))
            {
                for ((value, sum), angles) in values.iter_mut().zip(sums).zip(rotations) {
                    let phase = member.0 as f64 * angles[0] + member.1 as f64 * angles[2];
                    *value += sum * Complex64::cis(phase);
                }
            }
        }
    }
    Ok(values)
}
