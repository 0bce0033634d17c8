//! Rotation of spherical-harmonic coefficients.

use super::sampling::check_band_limit;
use crate::special::wigner_d::{HalfAngle, WignerDRow, check_angles};
use crate::{Error, Result};
use ndarray::{Array2, ArrayView2, ArrayViewMut2};
use num_complex::Complex64;

/// Rotates a signal on the sphere actively, through its coefficients.
///
/// ```math
/// (R f)(x) = f(R^{-1} x) , \qquad R = R_z(\alpha) R_y(\beta) R_z(\gamma) , \qquad
/// (Rf)_{\ell m} = e^{-im\alpha} \sum_{n=-\ell}^{\ell} d^\ell_{mn}(\beta)\, e^{-in\gamma} f_{\ell n}
/// ```
/// A feature of f at the point x is found at R x afterwards. Rotating by h and then by g is rotating by the product g h.
/// Conventions: see [`crate::conventions`].
///
/// # Arguments
/// * `coeffs` — shape `[L, 2L − 1]`, entry `[l, m + L − 1]`; entries with |m| > ℓ are ignored
/// * `alpha`, `beta`, `gamma` — ZYZ angles in radians, any finite values
///
/// # Cost and accuracy
/// O(L³) time, O(L²) memory.
///
/// # Errors
/// [`Error::InvalidValue`] if L is 0 or too large, [`Error::ShapeMismatch`] if the shape is not `[L, 2L − 1]`,
/// [`Error::NotFinite`] if a coefficient or an angle is NaN or infinite.
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
    mut rotated: ArrayViewMut2<'_, Complex64>,
) -> Result<()> {
    let band_limit = coeffs.nrows();
    check_band_limit(band_limit)?;
    check_angles(&[alpha, beta, gamma])?;
    let orders = 2 * band_limit - 1;
    for (what, shape) in [
        ("spherical-harmonic coefficients", coeffs.shape()),
        ("rotated spherical-harmonic coefficients", rotated.shape()),
    ] {
        if shape != [band_limit, orders] {
            return Err(Error::ShapeMismatch {
                what: what.into(),
                expected: format!("[{band_limit}, {orders}]"),
                found: shape.to_vec(),
            });
        }
    }
    if let Some(((l, m), _)) = coeffs.indexed_iter().find(|(_, value)| !value.is_finite()) {
        return Err(Error::NotFinite {
            what: "spherical-harmonic coefficients".into(),
            index: vec![l, m],
        });
    }
    let phases = |angle: f64| -> Vec<Complex64> {
        (0..orders)
            .map(|i| Complex64::cis(-(i as f64 - (band_limit - 1) as f64) * angle))
            .collect()
    };
    let (before, after) = (phases(gamma), phases(alpha));
    let mut turned = coeffs.to_owned();
    for mut row in turned.rows_mut() {
        row.iter_mut()
            .zip(&before)
            .for_each(|(value, phase)| *value *= phase);
    }
    rotated.fill(Complex64::ZERO);
    let centre = band_limit - 1;
    let mut row = WignerDRow::new(HalfAngle::new(beta));
    for m in 0..band_limit {
        row.start(m);
        for l in m..band_limit {
            if l > m {
                row.advance();
            }
            let (input, mut output) = (turned.row(l), rotated.row_mut(l));
            let (above, below) = (input[centre + m], input[centre - m]);
            let (mut plus, mut minus) = (Complex64::ZERO, Complex64::ZERO);
            for (j, &d) in row.values().iter().enumerate() {
                // n = j − m; rows ±m first, then columns ±m, without the corners |n| = m, which are rows already.
                let (n, opposite) = (centre + j - m, centre + m - j);
                let signed = if j % 2 == 0 { d } else { -d };
                plus += input[n] * d;
                minus += input[opposite] * signed;
                if j > 0 && j < 2 * m {
                    output[n] += above * signed;
                    output[opposite] += below * d;
                }
            }
            output[centre + m] += plus;
            if m > 0 {
                output[centre - m] += minus;
            }
        }
    }
    for mut row in rotated.rows_mut() {
        row.iter_mut()
            .zip(&after)
            .for_each(|(value, phase)| *value *= phase);
    }
    Ok(())
}
