//! Power and cross spectra of signals on the sphere, in both usual normalisations.

use super::axes::{half_index, half_len};
use super::coefficients::band_limit;
use super::limits::check_band_limit;
use crate::{Error, Result, check};
use ndarray::{Array2, ArrayView, ArrayView2, Axis, Dimension};
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

/// Computes the spectra of several real signals and of all their pairs.
///
/// The rows are first the spectrum of each signal, then the cross spectra of neighbours, of signals at distance two, and so on. For the modes T, E, B of
/// temperature and polarisation the six rows are TT, EE, BB, TE, EB, TB, as in healpy's `anafast`.
///
/// # Arguments
/// * `fields` — shape `[fields, L (L + 1) / 2]` (half layout, entry `m (2L − 1 − m) / 2 + l`, m ≥ 0) or `[fields, L, 2L − 1]` (full layout). Of the cross
///   spectra of signals that are not real, the real part is taken
/// * `norm` — $`\sum_m`$ or the mean over the 2ℓ + 1 orders
///
/// # Returns
/// Shape `[fields (fields + 1) / 2, L]`.
///
/// # Cost and accuracy
/// O(fields² L²), each sum within some ε of the sum of the moduli of its terms.
///
/// # Errors
/// [`Error::ShapeMismatch`], [`Error::Empty`] without signals, [`Error::NotFinite`].
///
/// # Examples
/// ```
/// use haarmonic::ndarray::Array2;
/// use haarmonic::num_complex::Complex64;
/// use haarmonic::sphere::spectra::{SpectrumNorm, all_pairs};
/// let mut teb = Array2::<Complex64>::zeros((3, 6));                      // L = 3
/// teb[[0, 5]] = Complex64::new(0.0, 1.0);                                 // T_22 and T_2−2
/// teb[[1, 5]] = Complex64::new(2.0, 3.0);                                 // E_22 and E_2−2
/// let spectra = all_pairs(teb.view(), SpectrumNorm::Sum)?;
/// assert_eq!(spectra.column(2).to_vec(), [2.0, 26.0, 0.0, 6.0, 0.0, 0.0]); // TT, EE, BB, TE, EB, TB
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn all_pairs<D: Dimension>(
    fields: ArrayView<'_, Complex64, D>,
    norm: SpectrumNorm,
) -> Result<Array2<f64>> {
    let what = "coefficients of several signals";
    let wrong_shape = || {
        Error::shape(
            what,
            "[fields, L (L + 1) / 2] or [fields, L, 2L - 1]",
            fields.shape().to_vec(),
        )
    };
    let (count, limit, half) = match *fields.shape() {
        [count, len] => {
            let limit = ((8 * len + 1).isqrt() - 1) / 2;
            (count, limit, len > 0 && len == half_len(limit))
        }
        [count, limit, orders] if limit > 0 && orders == 2 * limit - 1 => (count, limit, false),
        _ => return Err(wrong_shape()),
    };
    if fields.ndim() == 2 && !half {
        return Err(wrong_shape());
    }
    check_band_limit(limit)?;
    check::not_empty(what, count)?;
    check::finite(what, fields.view())?;
    let fields = fields.into_dyn();
    let mut spectra = Array2::zeros((count * (count + 1) / 2, limit));
    let pairs =
        (0..count).flat_map(|distance| (0..count - distance).map(move |i| [i, i + distance]));
    for (pair, mut spectrum) in pairs.zip(spectra.rows_mut()) {
        let pair = pair.map(|field| fields.index_axis(Axis(0), field));
        let pair = pair.each_ref().map(|field| field.as_standard_layout());
        let [f, g] = pair
            .each_ref()
            .map(|field| field.as_slice().expect("a standard layout is one slice"));
        let sums = spectrum.as_slice_mut().expect("a row of a new array");
        if half {
            add_half(limit, f, g, sums);
        } else {
            add_full(limit, f, g, sums);
        }
        for (degree, sum) in sums.iter_mut().enumerate() {
            *sum *= norm.factor(degree);
        }
    }
    Ok(spectra)
}

fn real_product((f, g): (&Complex64, &Complex64)) -> f64 {
    f.re * g.re + f.im * g.im
}

/// Adds the sums over the orders, each order m > 0 twice.
fn add_half(limit: usize, f: &[Complex64], g: &[Complex64], sums: &mut [f64]) {
    // The degrees of one order lie side by side, so the sums of all degrees grow together and the compiler vectorises over them.
    for m in 0..limit {
        let start = half_index(limit, m, m);
        let entries = start..start + limit - m;
        let twice = if m == 0 { 1.0 } else { 2.0 };
        let products = f[entries.clone()].iter().zip(&g[entries]).map(real_product);
        for (sum, product) in sums[m..].iter_mut().zip(products) {
            *sum += twice * product;
        }
    }
}

/// Adds the sums over all orders.
fn add_full(limit: usize, f: &[Complex64], g: &[Complex64], sums: &mut [f64]) {
    for (degree, sum) in sums.iter_mut().enumerate() {
        let start = degree * (2 * limit - 1) + limit - 1 - degree;
        let entries = start..start + 2 * degree + 1;
        *sum = f[entries.clone()]
            .iter()
            .zip(&g[entries])
            .map(real_product)
            .sum();
    }
}
