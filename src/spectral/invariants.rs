//! Numbers of polynomials that a group leaves as they are.

use std::f64::consts::TAU;

use num_complex::Complex64;

use crate::{Error, Result};

/// Counts beyond this are not whole numbers of an `f64` any more.
const LARGEST: f64 = (1_u64 << 52) as f64;

/// Counts the harmonic polynomials of each degree on a space of signals that no rotation changes.
///
/// For signals f that are uniform on a sphere of $`\bigoplus_j V_{\ell_j}`$, of real dimension $`D = \sum_j (2\ell_j + 1)`$, a network that
/// pools over SO(3) keeps so many of the functions of degree k of f, with their eigenvalues, and drops the others:
///
/// ```math
/// \sum_k N_k z^k = (1 - z^2) \int_{SO(3)} \frac{dr}{\det(1 - z \rho(r))}
/// ```
///
/// # Arguments
/// * `signal` — the degrees $`\ell_j`$ of the coefficients of a signal, one for each channel and degree: `[0, 1, 2]` for one channel with L = 3
/// * `degrees` — number of degrees k
///
/// # Cost and accuracy
/// O(degrees² · D · max ℓ) time; exact.
///
/// # Errors
/// [`Error::Empty`] for no degree at all; [`Error::InvalidValue`] for counts beyond 2⁵².
///
/// # Examples
/// ```
/// use haarmonic::spectral::invariant_counts;
/// // Of a vector in space, the length is the only invariant; it is constant on a sphere.
/// assert_eq!(invariant_counts(&[1], 4)?, [1, 0, 0, 0]);
/// // Of two vectors there are three scalar products, of which the sphere fixes one sum.
/// assert_eq!(invariant_counts(&[1, 1], 4)?, [1, 0, 2, 0]);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// Molien's formula; MMM21, TJ23.
pub fn invariant_counts(signal: &[usize], degrees: usize) -> Result<Vec<u64>> {
    let Some(highest) = signal.iter().max() else {
        return Err(Error::empty("degrees of a signal"));
    };
    if degrees == 0 {
        return Err(Error::empty("degrees of polynomials"));
    }
    // The trace of each coefficient has angular frequencies up to (degrees − 1) · highest, and the measure one more.
    let angles = (degrees - 1) * highest + 2;
    let mut sums = vec![0.0; degrees];
    for j in 0..angles {
        let angle = TAU * j as f64 / angles as f64;
        let measure = 1.0 - angle.cos();
        let series = inverse_determinant(signal, angle, degrees);
        for (k, sum) in sums.iter_mut().enumerate() {
            let lower = if k < 2 { 0.0 } else { series[k - 2].re };
            *sum += measure * (series[k].re - lower);
        }
    }
    let counted = |sum: f64| {
        let count = (sum / angles as f64).round();
        // Each term is at most the dimension of all polynomials.
        (count.abs() < LARGEST && sum.abs() < LARGEST).then_some(count as u64)
    };
    sums.iter()
        .enumerate()
        .map(|(degree, &sum)| {
            counted(sum).ok_or_else(|| {
                Error::invalid(
                    "degrees of polynomials",
                    degrees,
                    format!("at most {degree}: the next has too many invariants to count"),
                )
            })
        })
        .collect()
}

/// The series of $`\prod_m (1 - z e^{i m \omega})^{-1}`$ over all weights m of the signal.
fn inverse_determinant(signal: &[usize], angle: f64, degrees: usize) -> Vec<Complex64> {
    let mut series = vec![Complex64::ZERO; degrees];
    series[0] = Complex64::ONE;
    for &l in signal {
        for m in -(l as i64)..=l as i64 {
            let weight = Complex64::cis(m as f64 * angle);
            for k in 1..degrees {
                let before = series[k - 1];
                series[k] += weight * before;
            }
        }
    }
    series
}
