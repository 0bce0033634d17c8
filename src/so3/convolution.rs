//! Convolution on SO(3), and of functions on SO(3) with signals on the sphere, degree by degree.
//!
//! The third kind, of two signals on the sphere with values on SO(3), is the correlation of
//! [`correlation_coefficients`](super::correlation_coefficients).

use crate::check;
use crate::sphere::coefficients::band_limit;
use crate::{Error, Result};
use ndarray::{Array2, Array3, ArrayView2, ArrayView3};
use num_complex::Complex64;

const FIRST: &str = "first factor of a convolution";
const SECOND: &str = "second factor of a convolution";

/// Computes the Wigner coefficients of the convolution of two functions on SO(3).
///
/// ```math
/// (f * g)(R) = \int f(S)\, g(S^{-1} R)\, dS , \qquad \widehat{(f*g)}{}^{n}_{\ell m} = \sum_k \hat f^{k}_{\ell m}\, \hat g^{n}_{\ell k}
/// ```
/// with $`dS = d\alpha\,\sin\beta\,d\beta\,d\gamma`$ of mass $`8\pi^2`$, as in the Wigner transform: a product of matrices for each
/// degree, m the row and n the column. Divide by $`8\pi^2`$ for the Haar measure of mass one. The convolution is associative, and
/// rotating f from the left rotates the result. Conventions: see [`crate::conventions`].
///
/// # Arguments
/// * `f`, `g` — shape `[2L − 1, L, 2L − 1]`, entry `[n + L − 1, l, m + L − 1]`; entries with |m| > ℓ or |n| > ℓ are ignored
///
/// # Cost and accuracy
/// O(L⁴) time; rounding of sums of 2ℓ + 1 products.
///
/// # Errors
/// [`Error::ShapeMismatch`] if a shape is not the one above or the two differ,
/// [`Error::NotFinite`] if a coefficient is NaN or infinite.
///
/// # Examples
/// ```
/// use haarmonic::so3::convolve;
/// use ndarray::Array3;
/// use num_complex::Complex64;
/// // f = conj D¹₁₀ and g = conj D¹₀₁, coefficients 8π²/3: f * g = (8π²/3) conj D¹₁₁, coefficient (8π²/3)².
/// let size = 8.0 * std::f64::consts::PI.powi(2) / 3.0;
/// let (mut f, mut g) = (Array3::<Complex64>::zeros((3, 2, 3)), Array3::<Complex64>::zeros((3, 2, 3)));
/// f[[1, 1, 2]] = size.into();                            // [n + 1, l, m + 1]
/// g[[2, 1, 1]] = size.into();
/// let product = convolve(f.view(), g.view())?;
/// assert_eq!(product[[2, 1, 2]].re, size * size);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// KR08, Sect. 5.
pub fn convolve(
    f: ArrayView3<'_, Complex64>,
    g: ArrayView3<'_, Complex64>,
) -> Result<Array3<Complex64>> {
    let limit = f.shape()[1].max(1);
    let orders = 2 * limit - 1;
    check_function(FIRST, &f, limit)?;
    check_function(SECOND, &g, limit)?;
    let mut product = Array3::zeros((orders, limit, orders));
    let mut row = vec![Complex64::ZERO; orders];
    for l in 0..limit {
        let range = limit - 1 - l..limit + l;
        for n in range.clone() {
            row.fill(Complex64::ZERO);
            for k in range.clone() {
                let factor = g[[n, l, k]];
                for m in range.clone() {
                    row[m] += f[[k, l, m]] * factor;
                }
            }
            for m in range.clone() {
                product[[n, l, m]] = row[m];
            }
        }
    }
    Ok(product)
}

/// Computes the coefficients of the convolution of a function on SO(3) with a signal on the sphere: its mean over rotations of
/// the signal, weighted with the function.
///
/// ```math
/// (f * h)(x) = \int f(S)\, h(S^{-1} x)\, dS , \qquad (f*h)_{\ell m} = \sum_n \hat f^{n}_{\ell m}\, h_{\ell n}
/// ```
/// with dS of mass $`8\pi^2`$, as in [`convolve`]; signals are rotated actively. Conventions: see [`crate::conventions`].
///
/// # Arguments
/// * `f` — shape `[2L − 1, L, 2L − 1]`, as for [`convolve`]
/// * `signal` — coefficients of h, shape `[L, 2L − 1]`; entries with |m| > ℓ are ignored
///
/// # Cost and accuracy
/// O(L³) time.
///
/// # Errors
/// As [`convolve`].
///
/// # Examples
/// ```
/// use haarmonic::so3::convolve_signal;
/// use ndarray::{Array2, Array3};
/// use num_complex::Complex64;
/// // f = 1: the integral over all rotations is 8π² times the mean of the signal.
/// let (mut f, mut h) = (Array3::<Complex64>::zeros((3, 2, 3)), Array2::<Complex64>::ones((2, 3)));
/// f[[1, 0, 1]] = (8.0 * std::f64::consts::PI.powi(2)).into();
/// let mean = convolve_signal(f.view(), h.view())?;
/// assert_eq!(mean[[0, 1]], f[[1, 0, 1]]);
/// assert_eq!(mean[[1, 1]], Complex64::ZERO);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn convolve_signal(
    f: ArrayView3<'_, Complex64>,
    signal: ArrayView2<'_, Complex64>,
) -> Result<Array2<Complex64>> {
    let limit = band_limit(signal)?;
    check_function(FIRST, &f, limit)?;
    check::finite(SECOND, signal)?;
    let mut result = Array2::zeros(signal.raw_dim());
    for l in 0..limit {
        let range = limit - 1 - l..limit + l;
        for n in range.clone() {
            let factor = signal[[l, n]];
            for m in range.clone() {
                result[[l, m]] += f[[n, l, m]] * factor;
            }
        }
    }
    Ok(result)
}

fn check_function(what: &str, f: &ArrayView3<'_, Complex64>, limit: usize) -> Result<()> {
    let orders = 2 * limit - 1;
    if f.shape() != [orders, limit, orders] {
        return Err(Error::shape(
            what,
            format!("[{orders}, {limit}, {orders}]"),
            f.shape().to_vec(),
        ));
    }
    check::finite(what, *f)
}
