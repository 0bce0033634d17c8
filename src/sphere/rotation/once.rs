//! Rotations of one signal without a plan.

use super::plan::CoefficientRotation;
use crate::Result;
use crate::group::EulerZyz;
use crate::wigner::seeds::check_angles;
use ndarray::{Array2, ArrayView2, ArrayViewMut2};
use num_complex::Complex64;

/// Rotates a signal on the sphere actively, through its coefficients.
///
/// ```math
/// (R f)(x) = f(R^{-1} x) , \qquad R = R_z(\alpha) R_y(\beta) R_z(\gamma) , \qquad
/// (Rf)_{\ell m} = e^{-im\alpha} \sum_{n=-\ell}^{\ell} d^\ell_{mn}(\beta)\, e^{-in\gamma} f_{\ell n}
/// ```
/// A feature of f at the point x is found at R x afterwards. Rotating by h and then by g is rotating by the product g h.
/// For more than one rotation or signal, [`CoefficientRotation`] keeps the tables. Conventions: see [`crate::conventions`].
///
/// # Arguments
/// * `coeffs` — shape `[L, 2L − 1]`, entry `[l, m + L − 1]`; entries with |m| > ℓ are ignored
/// * `alpha`, `beta`, `gamma` — ZYZ angles in radians, any finite values
///
/// # Cost and accuracy
/// O(L³) time, O(L²) memory; errors as [`CoefficientRotation`].
///
/// # Errors
/// [`Error::InvalidValue`](crate::Error::InvalidValue) if L is 0 or too large, [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) if the shape is not `[L, 2L − 1]`,
/// [`Error::NotFinite`](crate::Error::NotFinite) if a coefficient or an angle is NaN or infinite.
///
/// # Examples
/// ```
/// use haarmonic::sphere::rotate_coefficients;
/// use ndarray::array;
/// use num_complex::Complex64;
/// let (o, i) = (Complex64::ZERO, Complex64::ONE);
/// let north = array![[o, o, o], [o, i, o]];              // Y₁₀, largest at the north pole
/// let beta = 0.6_f64;
/// let rotated = rotate_coefficients(north.view(), 0.0, beta, 0.0)?;   // now largest at θ = 0.6, φ = 0
/// assert!((rotated[[1, 1]].re - beta.cos()).abs() < 4.0 * f64::EPSILON);
/// assert!((rotated[[1, 2]].re + beta.sin() / 2.0_f64.sqrt()).abs() < 4.0 * f64::EPSILON);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// VMK88, Eq. 4.1 (5).
pub fn rotate_coefficients(
    coeffs: ArrayView2<'_, Complex64>,
    alpha: f64,
    beta: f64,
    gamma: f64,
) -> Result<Array2<Complex64>> {
    let mut rotated = Array2::zeros(coeffs.raw_dim());
    rotate_coefficients_into(coeffs, alpha, beta, gamma, rotated.view_mut())?;
    Ok(rotated)
}

/// Rotates a signal on the sphere actively into a caller's array; see [`rotate_coefficients`].
///
/// # Arguments
/// * `rotated` — shape `[L, 2L − 1]`; overwritten, zero where |m| > ℓ
///
/// # Errors
/// As [`rotate_coefficients`], for both arrays.
pub fn rotate_coefficients_into(
    coeffs: ArrayView2<'_, Complex64>,
    alpha: f64,
    beta: f64,
    gamma: f64,
    rotated: ArrayViewMut2<'_, Complex64>,
) -> Result<()> {
    check_angles(&[alpha, beta, gamma])?;
    let rotation = CoefficientRotation::complex(coeffs.nrows())?;
    let euler = EulerZyz::new(alpha, beta, gamma)?;
    rotation.rotate_into(coeffs, &euler, rotated, &mut rotation.make_scratch())
}
