//! Products of functions, from coefficients to coefficients.

use super::coefficients::{self, band_limit};
use super::rings::fast_longitudes;
use super::sampling::Sampling;
use super::transform::ShtPlanner;
use crate::{Result, check};
use ndarray::{Array2, ArrayView2};
use num_complex::Complex64;

/// Computes the coefficients of the product of two signals.
///
/// The product has all degrees up to the sum of the largest ones; it is formed on a Gauss–Legendre grid for these degrees, where nothing aliases.
/// Sums over [`gaunt`](crate::wigner::gaunt) integrals would take O(L⁵) time.
///
/// # Arguments
/// * `f`, `g` — shapes `[L, 2L − 1]` and `[L', 2L' − 1]`; entries with |m| > ℓ are ignored
///
/// # Returns
/// Coefficients of band limit L + L' − 1.
///
/// # Cost and accuracy
/// O((L + L')³) time: three complex transforms and their plan.
///
/// # Errors
/// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch), [`Error::NotFinite`](crate::Error::NotFinite); [`Error::InvalidValue`](crate::Error::InvalidValue) if
/// L + L' − 1 is too large.
///
/// # Examples
/// ```
/// use haarmonic::sphere::{coefficients, product};
/// let mut z = coefficients::zeros(2)?;
/// z[[1, 1]] = (4.0 * std::f64::consts::PI / 3.0).sqrt().into();
/// let square = product(z.view(), z.view())?;                     // z² = 1/3 + (2/3) P_2
/// assert_eq!(square.dim(), (3, 5));
/// assert!((square[[0, 2]].re - (4.0 * std::f64::consts::PI).sqrt() / 3.0).abs() < 1e-14);
/// assert!((square[[2, 2]].re - 2.0 / 3.0 * (0.8 * std::f64::consts::PI).sqrt()).abs() < 1e-14);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn product(
    f: ArrayView2<'_, Complex64>,
    g: ArrayView2<'_, Complex64>,
) -> Result<Array2<Complex64>> {
    let limit = band_limit(f)? + band_limit(g)? - 1;
    let longitudes = fast_longitudes(limit)?;
    let plan =
        ShtPlanner::new().plan_with_longitudes(limit, Sampling::GaussLegendre, longitudes)?;
    let mut scratch = plan.make_scratch();
    let mut map = Array2::<Complex64>::zeros(plan.signal_shape());
    let mut other = map.clone();
    for (what, factor, map) in [
        ("first factor", f, &mut map),
        ("second factor", g, &mut other),
    ] {
        check::finite(what, factor)?;
        plan.inverse_into(widened(factor, limit)?.view(), map.view_mut(), &mut scratch)?;
    }
    map *= &other;
    let mut coeffs = plan.make_coeffs();
    plan.forward_into(map.view(), coeffs.view_mut(), &mut scratch)?;
    Ok(coeffs)
}

/// Coefficients as those of a larger band limit; entries with |m| > ℓ become zero.
pub(super) fn widened(
    coeffs: ArrayView2<'_, Complex64>,
    limit: usize,
) -> Result<Array2<Complex64>> {
    let from = band_limit(coeffs)?;
    let mut wide = coefficients::zeros(limit)?;
    for (l, row) in coeffs.rows().into_iter().enumerate() {
        for k in from - 1 - l..from + l {
            wide[[l, k + limit - from]] = row[k];
        }
    }
    Ok(wide)
}
