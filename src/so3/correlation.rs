//! Cross-correlation of two signals on the sphere over all rotations.

use super::classes::Coefficients;
use super::transform::{WignerPlan, WignerScratch};
use crate::check;
use crate::{Error, Result};
use ndarray::{Array3, ArrayView3, ArrayViewMut3};
use num_complex::Complex64;
use std::f64::consts::PI;

/// Computes the Wigner coefficients of the cross-correlation of two signals on the sphere, summed over channels.
///
/// ```math
/// K(R) = \frac{1}{4\pi} \sum_c \int_{S^2} \overline{f_c(x)}\; f'_c(R x)\, dx ,
/// \qquad \hat K^{n}_{\ell m} = \frac{2\pi}{2\ell+1} \sum_c \overline{f_{c,\ell n}}\; f'_{c,\ell m}
/// ```
/// The second signal is rotated: $`f'(R\,\cdot\,)`$ is $`f'`$ actively rotated by $`R^{-1}`$, with
/// $`R = R_z(\alpha) R_y(\beta) R_z(\gamma)`$. Conventions: see [`crate::conventions`].
///
/// # Arguments
/// * `first`, `second` — coefficients of f and f′, shape `[channels, L, 2L − 1]`, entry `[c, l, m + L − 1]`; entries with
///   |m| > ℓ are ignored
///
/// # Errors
/// [`Error::Empty`] without a channel or degree, [`Error::ShapeMismatch`] if the shapes are not equal and of the form
/// above, [`Error::NotFinite`] if a coefficient is NaN or infinite.
///
/// # Examples
/// ```
/// use haarmonic::so3::correlation_coefficients;
/// use ndarray::Array3;
/// use num_complex::Complex64;
/// let mut constant = Array3::zeros((1, 1, 1));           // f = f' = 1: K = 1 everywhere, coefficient 8π²
/// constant[[0, 0, 0]] = Complex64::from((4.0 * std::f64::consts::PI).sqrt());
/// let k = correlation_coefficients(constant.view(), constant.view())?;
/// assert!((k[[0, 0, 0]].re / (8.0 * std::f64::consts::PI.powi(2)) - 1.0).abs() < 4.0 * f64::EPSILON);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// KR08, Sect. 5.
pub fn correlation_coefficients(
    first: ArrayView3<'_, Complex64>,
    second: ArrayView3<'_, Complex64>,
) -> Result<Array3<Complex64>> {
    let band_limit = check_pair(&first, &second, None)?;
    let shift = band_limit as i64 - 1;
    let product = Product {
        first: &first,
        second: &second,
    };
    let orders = 2 * band_limit - 1;
    let mut coeffs = Array3::zeros((orders, band_limit, orders));
    for l in 0..band_limit as i64 {
        let all: Vec<[i64; 2]> = (-l..=l)
            .flat_map(|n| (-l..=l).map(move |m| [m, n]))
            .collect();
        let mut values = vec![0.0; 2 * all.len()];
        product.write(l as usize, &all, &mut values);
        for ([m, n], [re, im]) in all.iter().zip(values.as_chunks::<2>().0) {
            let at = [(n + shift) as usize, l as usize, (m + shift) as usize];
            coeffs[at] = Complex64::new(*re, *im);
        }
    }
    Ok(coeffs)
}

/// Computes the cross-correlation $`K(R)`$ of two complex signals on the grid of a plan.
///
/// Formula, arguments and errors as for [`correlation_coefficients`]; the result has shape `[γ, β, α]`. The plan must
/// have the band limit of the signals; its grid may be finer.
///
/// # Errors
/// As [`correlation_coefficients`].
pub fn correlate(
    plan: &WignerPlan,
    first: ArrayView3<'_, Complex64>,
    second: ArrayView3<'_, Complex64>,
) -> Result<Array3<Complex64>> {
    check_pair(&first, &second, Some(plan.band_limit()))?;
    plan.inverse(correlation_coefficients(first, second)?.view())
}

/// Computes the cross-correlation of two real signals on the grid of a plan, without an array of coefficients.
///
/// # Arguments
/// * `first`, `second` — coefficients of real signals, shape `[channels, L, 2L − 1]`, so that
///   $`f_{\ell,-m} = (-1)^m \overline{f_{\ell m}}`$
/// * `samples` — shape `[γ, β, α]`; overwritten by $`K(R)`$ of [`correlation_coefficients`]
///
/// # Cost and accuracy
/// As [`WignerPlan::inverse_into`]. The signals may have any strides and are not copied.
///
/// # Errors
/// As [`correlation_coefficients`], [`Error::ShapeMismatch`] if `samples` has not the shape of the plan, and
/// [`Error::InvalidValue`] if a product of coefficients overflows.
///
/// # Examples
/// See [`correlate_real`].
pub fn correlate_real_into(
    plan: &WignerPlan,
    first: ArrayView3<'_, Complex64>,
    second: ArrayView3<'_, Complex64>,
    samples: ArrayViewMut3<'_, f64>,
    scratch: &mut WignerScratch,
) -> Result<()> {
    check_pair(&first, &second, Some(plan.band_limit()))?;
    let product = Product {
        first: &first,
        second: &second,
    };
    if plan.inverse_from(&product, samples, scratch)? {
        return Ok(());
    }
    Err(Error::invalid(
        "signals to correlate",
        "coefficients of which a product overflows",
        "smaller ones",
    ))
}

/// Computes the cross-correlation of two real signals; see [`correlate_real_into`].
///
/// # Errors
/// As [`correlate_real_into`].
///
/// # Examples
/// ```
/// use haarmonic::{so3::{WignerPlanner, correlate_real}, sphere::Sampling};
/// use ndarray::Array3;
/// use num_complex::Complex64;
/// let plan = WignerPlanner::new().plan(2, Sampling::GaussLegendre)?;
/// let mut f = Array3::zeros((1, 2, 3));                  // f = Y₁₀ = √(3/4π) cos θ
/// f[[0, 1, 1]] = Complex64::ONE;
/// let k = correlate_real(&plan, f.view(), f.view())?;   // K = cos β / 4π
/// let want = plan.grid().betas()[0].cos() / (4.0 * std::f64::consts::PI);
/// assert!((k[[2, 0, 1]] - want).abs() < 4.0 * f64::EPSILON);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn correlate_real(
    plan: &WignerPlan,
    first: ArrayView3<'_, Complex64>,
    second: ArrayView3<'_, Complex64>,
) -> Result<Array3<f64>> {
    let mut samples = Array3::zeros(plan.signal_shape());
    let scratch = &mut plan.make_scratch();
    correlate_real_into(plan, first, second, samples.view_mut(), scratch)?;
    Ok(samples)
}

/// The coefficients of a correlation, $`\frac{2\pi}{2\ell+1} \sum_c \overline{f^c_{\ell n}} g^c_{\ell m}`$.
struct Product<'a, 'b> {
    first: &'a ArrayView3<'b, Complex64>,
    second: &'a ArrayView3<'b, Complex64>,
}

impl Product<'_, '_> {
    /// Writes products of entries, given by channel, degree and order.
    #[inline(always)]
    fn write_products(
        &self,
        degree: usize,
        orders: &[[i64; 2]],
        rows: &mut [f64],
        entries: [impl Fn(usize, usize, i64) -> Complex64; 2],
    ) {
        let channels = self.first.dim().0;
        let [f, g] = entries;
        for (i, row) in rows.chunks_exact_mut(2 * orders.len()).enumerate() {
            let l = degree + i;
            let scale = 2.0 * PI / (2 * l + 1) as f64;
            for (pair, [m, n]) in row.as_chunks_mut::<2>().0.iter_mut().zip(orders) {
                let mut sum = Complex64::ZERO;
                for c in 0..channels {
                    sum += f(c, l, *n).conj() * g(c, l, *m);
                }
                *pair = [sum.re * scale, sum.im * scale];
            }
        }
    }
}

impl Coefficients for Product<'_, '_> {
    fn write(&self, first: usize, orders: &[[i64; 2]], rows: &mut [f64]) {
        let (_, band_limit, width) = self.first.dim();
        let column = |order: i64| (order + band_limit as i64 - 1) as usize;
        let both = [self.first, self.second];
        match both.map(|signal| signal.as_slice()) {
            // One index in place of three.
            [Some(f), Some(g)] => {
                let entries = [f, g].map(|entries| {
                    move |c, l, order| entries[(c * band_limit + l) * width + column(order)]
                });
                self.write_products(first, orders, rows, entries);
            }
            _ => {
                let entries = both.map(|signal| move |c, l, order| signal[[c, l, column(order)]]);
                self.write_products(first, orders, rows, entries);
            }
        }
    }
}

/// Checks both arrays and returns the band limit.
fn check_pair(
    first: &ArrayView3<'_, Complex64>,
    second: &ArrayView3<'_, Complex64>,
    band_limit: Option<usize>,
) -> Result<usize> {
    let (one, two) = (
        "first signal of a correlation",
        "second signal of a correlation",
    );
    if first.is_empty() {
        return Err(Error::empty(one));
    }
    let band_limit = band_limit.unwrap_or(first.shape()[1]);
    check::shape(
        one,
        first.shape(),
        &[first.shape()[0], band_limit, 2 * band_limit - 1],
    )?;
    check::shape(two, second.shape(), first.shape())?;
    check::finite(one, *first)?;
    check::finite(two, *second)?;
    Ok(band_limit)
}
