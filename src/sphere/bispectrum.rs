//! The bispectrum of a real signal.

use super::coefficients::{band_limit, check_real};
use super::product::widened;
use super::rings::fast_longitudes;
use super::sampling::Sampling;
use super::transform::ShtPlanner;
use crate::wigner::WignerFamily;
use crate::{Result, memory};
use ndarray::linalg::general_mat_mul;
use ndarray::parallel::prelude::*;
use ndarray::{Array2, Array3, ArrayView2, Axis, Ix2, Ix3, Zip};
use num_complex::Complex64;
use std::f64::consts::PI;

/// The largest deviation from the symmetry of a real signal, as a fraction of the largest coefficient.
const REALITY_GUARD: f64 = 1e-9;

/// Computes the reduced bispectrum of a real signal.
///
/// ```math
/// b_{\ell_1\ell_2\ell_3} = \frac{1}{h^2} \int_{S^2} f_{\ell_1} f_{\ell_2} f_{\ell_3} \, d\Omega , \qquad
/// h^2 = \frac{(2\ell_1+1)(2\ell_2+1)(2\ell_3+1)}{4\pi} \begin{pmatrix} \ell_1 & \ell_2 & \ell_3 \\ 0 & 0 & 0 \end{pmatrix}^2
/// ```
/// where $`f_\ell`$ is the part of degree ℓ of the signal. The integral equals
/// $`\sum_{m_1m_2m_3} \mathcal G_{m_1m_2m_3} \, \hat f_{\ell_1m_1} \hat f_{\ell_2m_2} \hat f_{\ell_3m_3}`$ with the integrals
/// [`gaunt`](crate::wigner::gaunt). For a field whose law no rotation changes, the mean of the result is b in
/// $`\langle \hat f_{\ell_1m_1} \hat f_{\ell_2m_2} \hat f_{\ell_3m_3} \rangle = \mathcal G_{m_1m_2m_3} \, b_{\ell_1\ell_2\ell_3}`$.
///
/// # Arguments
/// * `coeffs` — shape `[L, 2L − 1]`, of a real signal
///
/// # Returns
/// Shape `[L, L, L]`, symmetric; zero where the three degrees form no triangle or have an odd sum.
///
/// # Cost and accuracy
/// The parts of all degrees are sampled on a grid that integrates their products exactly: 4.5 L³ numbers, O(L⁴) time. The integrals with
/// $`\ell_1 \le \ell_2, \ell_3`$ are products of matrices with 1.5 L⁵ multiplications and additions, on all threads.
///
/// # Errors
/// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch), [`Error::NotFinite`](crate::Error::NotFinite), [`Error::InvalidValue`](crate::Error::InvalidValue) if the
/// signal is not real, [`Error::OutOfMemory`](crate::Error::OutOfMemory).
///
/// # Examples
/// ```
/// use haarmonic::sphere::{coefficients, reduced_bispectrum};
/// let mut f = coefficients::zeros(3)?;
/// f[[2, 2]] = 2.0.into();                                         // f = 2 Y_20, and h² = (125/4π) (2/35)
/// let b = reduced_bispectrum(f.view())?;
/// let pi = std::f64::consts::PI;
/// let integral = 8.0 * (125.0 / (4.0 * pi)).sqrt() * 2.0 / 35.0;  // 8 ∫ Y_20³
/// assert!((b[[2, 2, 2]] - integral / (125.0 / (4.0 * pi) * 2.0 / 35.0)).abs() < 1e-13);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// KS01.
pub fn reduced_bispectrum(coeffs: ArrayView2<'_, Complex64>) -> Result<Array3<f64>> {
    let limit = band_limit(coeffs)?;
    check_real(coeffs, REALITY_GUARD)?;
    // Products of three parts have degrees up to 3 (L − 1), within the 2 R − 1 that R rings integrate.
    let rings = (3 * limit - 1).div_ceil(2);
    let longitudes = fast_longitudes(rings)?;
    let change = "use a smaller band limit";
    let what = "maps of all degrees";
    let mut maps = memory::zeros::<f64, _>(what, Ix2(limit, rings * longitudes), change)?;
    let mut spectrum = memory::zeros::<f64, _>("bispectrum", Ix3(limit, limit, limit), change)?;
    sample_degrees(coeffs, rings, longitudes, &mut maps)?;
    let weights = point_weights(rings, longitudes)?;
    spectrum
        .axis_iter_mut(Axis(0))
        .into_par_iter()
        .enumerate()
        .for_each(|(l1, mut out)| integrals(&maps, &weights, l1, &mut out));
    divide_and_mirror(&mut spectrum)?;
    Ok(spectrum)
}

/// Writes the samples of the part of each degree, `[L, points]`.
fn sample_degrees(
    coeffs: ArrayView2<'_, Complex64>,
    rings: usize,
    longitudes: usize,
    maps: &mut Array2<f64>,
) -> Result<()> {
    let plan =
        ShtPlanner::new().plan_with_longitudes(rings, Sampling::GaussLegendre, longitudes)?;
    let mut scratch = plan.make_parallel_scratch();
    let wide = widened(coeffs, rings)?;
    let mut part = plan.make_coeffs();
    for (degree, map) in maps.rows_mut().into_iter().enumerate() {
        part.fill(Complex64::ZERO);
        part.row_mut(degree).assign(&wide.row(degree));
        let map = map
            .into_shape_with_order((rings, longitudes))
            .expect("a row has as many samples as the grid");
        plan.inverse_into(part.view(), map, &mut scratch)?;
    }
    Ok(())
}

/// The weight of each point in an integral over the sphere.
fn point_weights(rings: usize, longitudes: usize) -> Result<Vec<f64>> {
    let weights = Sampling::GaussLegendre.colatitude_weights(rings)?;
    let of_ring = |weight: f64| vec![weight * 2.0 * PI / longitudes as f64; longitudes];
    Ok(weights.into_iter().flat_map(of_ring).collect())
}

/// The integrals with degrees l1 ≤ l2, l3.
fn integrals(
    maps: &Array2<f64>,
    weights: &[f64],
    l1: usize,
    out: &mut ndarray::ArrayViewMut2<'_, f64>,
) {
    let from = (l1..).into();
    let others = maps.slice_axis(Axis(0), from);
    let mut weighted = others.to_owned();
    for row in weighted.rows_mut() {
        Zip::from(row)
            .and(maps.row(l1))
            .and(weights)
            .for_each(|value, map, weight| *value *= map * weight);
    }
    let mut out = out.slice_axis_mut(Axis(0), from);
    let mut out = out.slice_axis_mut(Axis(1), from);
    general_mat_mul(1.0, &weighted, &others.t(), 0.0, &mut out);
}

/// Divides by h², and copies what has l1 ≤ l2 ≤ l3 to all orders of the degrees.
fn divide_and_mirror(spectrum: &mut Array3<f64>) -> Result<()> {
    let limit = spectrum.dim().0;
    let mut family = WignerFamily::new();
    for l1 in 0..limit {
        for l2 in l1..limit {
            family.three_j_over_degrees([l1, l2], [0, 0])?;
            for l3 in l2..limit {
                let symbol = family.value(l3 as i64);
                // Rounding is left of integrals that are zero.
                let value = if (l1 + l2 + l3).is_multiple_of(2) && symbol != 0.0 {
                    let dimensions =
                        (2 * l1 + 1) as f64 * (2 * l2 + 1) as f64 * (2 * l3 + 1) as f64;
                    spectrum[[l1, l2, l3]] * 4.0 * PI / (dimensions * symbol * symbol)
                } else {
                    0.0
                };
                for degrees in [
                    [l1, l2, l3],
                    [l1, l3, l2],
                    [l2, l1, l3],
                    [l2, l3, l1],
                    [l3, l1, l2],
                    [l3, l2, l1],
                ] {
                    spectrum[degrees] = value;
                }
            }
        }
    }
    Ok(())
}
