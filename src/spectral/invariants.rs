//! Numbers of polynomials that a group leaves as they are.

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use ndarray::{ArrayView2, ArrayView3};
use num_complex::Complex64;

use crate::group::FiniteAction;
use crate::{Error, Result, check};

/// Counts beyond this are not whole numbers of an `f64` any more.
const LARGEST: f64 = (1_u64 << 52) as f64;
/// Largest deviation from an orthogonal matrix, and of a mean over a group from a whole number.
const GUARD: f64 = 1e-6;

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
///
/// For finite groups: [`permutation_invariant_counts`], [`matrix_invariant_counts`].
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
        .map(|(degree, &sum)| counted(sum).ok_or_else(|| too_many(degrees, degree)))
        .collect()
}

fn too_many(degrees: usize, degree: usize) -> Error {
    Error::invalid(
        "degrees of polynomials",
        degrees,
        format!("at most {degree}: the next has too many invariants to count"),
    )
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

/// Counts the harmonic polynomials of each degree that no element of a finite group changes, where the group permutes the entries of a signal.
///
/// Signals have some channels at each point of the action: D = points · channels real numbers. With $`c_j(g)`$ cycles of length j of the
/// element g,
///
/// ```math
/// \sum_k N_k z^k = \frac{1 - z^2}{|G|} \sum_{g \in G} \prod_j (1 - z^j)^{-c_j(g) \cdot \mathrm{channels}}
/// ```
/// For large k the share $`N_k`$ of all functions of degree k tends to 1/|G|, if no element but the identity fixes all points: a network that
/// pools over G learns as from |G| times the samples.
///
/// # Arguments
/// * `action` — the group and the points that it permutes
/// * `channels` — numbers at each point, at least 1
/// * `degrees` — number of degrees k
///
/// # Cost and accuracy
/// O(order · points) to find all cycles, then O(cycles · channels · degrees) for each kind of permutation; exact.
///
/// # Errors
/// [`Error::Empty`] for no channels or no degrees; [`Error::InvalidValue`] for counts beyond 2⁵².
///
/// # Examples
/// ```
/// use haarmonic::group::FiniteAction;
/// use haarmonic::spectral::permutation_invariant_counts;
/// // Two numbers and their exchange: x + y is invariant, and of xy and x² − y² the first.
/// let counts = permutation_invariant_counts(&FiniteAction::cyclic(2)?, 1, 4)?;
/// assert_eq!(counts, [1, 1, 1, 1]);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// Molien's formula; BVB21, MMM21.
pub fn permutation_invariant_counts(
    action: &FiniteAction,
    channels: usize,
    degrees: usize,
) -> Result<Vec<u64>> {
    check::not_empty("channels of a signal", channels)?;
    check::not_empty("degrees of polynomials", degrees)?;
    let mut kinds: BTreeMap<Vec<usize>, u128> = BTreeMap::new();
    for g in 0..action.order() {
        *kinds.entry(cycles(action, g)).or_default() += 1;
    }
    // None beyond the range of numbers.
    let mut sums = vec![Some(0_u128); degrees];
    for (lengths, elements) in kinds {
        let mut series = vec![Some(0_u128); degrees];
        series[0] = Some(1);
        for length in lengths {
            for _ in 0..channels {
                for k in length..degrees {
                    series[k] = sum(series[k], series[k - length]);
                }
            }
        }
        for (total, term) in sums.iter_mut().zip(series) {
            *total = sum(*total, term.and_then(|term| term.checked_mul(elements)));
        }
    }
    (0..degrees)
        .map(|k| {
            let lower = if k < 2 { Some(0) } else { sums[k - 2] };
            let count = sums[k]
                .zip(lower)
                .map(|(sum, lower)| (sum - lower) / action.order() as u128);
            count
                .filter(|&count| count < LARGEST as u128)
                .map(|count| count as u64)
                .ok_or_else(|| too_many(degrees, k))
        })
        .collect()
}

fn sum(a: Option<u128>, b: Option<u128>) -> Option<u128> {
    a?.checked_add(b?)
}

/// The lengths of the cycles of an element, in increasing order.
fn cycles(action: &FiniteAction, g: usize) -> Vec<usize> {
    let mut met = vec![false; action.points()];
    let mut lengths = Vec::new();
    for first in 0..action.points() {
        let (mut length, mut x) = (0, first);
        while !met[x] {
            met[x] = true;
            x = action.image(g, x);
            length += 1;
        }
        if length > 0 {
            lengths.push(length);
        }
    }
    lengths.sort_unstable();
    lengths
}

/// Counts the harmonic polynomials of each degree that no element of a finite group changes, for any orthogonal representation.
///
/// ```math
/// \sum_k N_k z^k = \frac{1 - z^2}{|G|} \sum_{g \in G} \frac{1}{\det(1 - z \rho(g))}
/// ```
///
/// # Arguments
/// * `matrices` — $`\rho(g)`$ for every element g of the group, orthogonal, shape `[order, D, D]`
/// * `degrees` — number of degrees k
///
/// # Cost and accuracy
/// O(order · degrees · D³) time for the traces of powers, from which the series follows by Newton's identities; the means are rounded to whole numbers.
///
/// # Errors
/// * [`Error::Empty`], [`Error::ShapeMismatch`], [`Error::NotFinite`] — for no elements, matrices that are not square, NaN
/// * [`Error::InvalidValue`] — a matrix that is not orthogonal, matrices whose mean is no whole number and which therefore are no group, counts beyond 2⁵²
///
/// # Examples
/// ```
/// use haarmonic::spectral::matrix_invariant_counts;
/// use ndarray::array;
/// // Rotations of the plane by thirds of a turn: of the two functions cos kφ, sin kφ of degree k both are invariant if 3 divides k.
/// let (c, s) = (-0.5, 0.75_f64.sqrt());
/// let matrices = array![[[1.0, 0.0], [0.0, 1.0]], [[c, -s], [s, c]], [[c, s], [-s, c]]];
/// assert_eq!(matrix_invariant_counts(matrices.view(), 7)?, [1, 0, 0, 2, 0, 0, 2]);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// Molien's formula; BVB21, MMM21.
pub fn matrix_invariant_counts(matrices: ArrayView3<'_, f64>, degrees: usize) -> Result<Vec<u64>> {
    const WHAT: &str = "matrices of a group";
    let (order, rows, columns) = matrices.dim();
    check::not_empty(WHAT, matrices.len())?;
    check::not_empty("degrees of polynomials", degrees)?;
    if rows != columns {
        return Err(Error::shape(
            WHAT,
            "[order, D, D]",
            matrices.shape().to_vec(),
        ));
    }
    check::finite(WHAT, matrices)?;
    let mut sums = vec![0.0; degrees];
    for (g, matrix) in matrices.outer_iter().enumerate() {
        check_orthogonal(g, matrix)?;
        let series = power_series(matrix, degrees);
        sums.iter_mut()
            .zip(&series)
            .for_each(|(sum, term)| *sum += term / order as f64);
    }
    (0..degrees)
        .map(|k| {
            let lower = if k < 2 { 0.0 } else { sums[k - 2] };
            // Each sum is at most the dimension of all polynomials; its rounding must not hide a whole number.
            if sums[k] * f64::EPSILON * (rows * degrees) as f64 >= GUARD {
                return Err(too_many(degrees, k));
            }
            let count = sums[k] - lower;
            if (count - count.round()).abs() > GUARD || count.round() < 0.0 {
                return Err(Error::invalid(
                    WHAT,
                    format!("{count} invariants of degree {k}"),
                    "one matrix for each element of a group: then this is a whole number",
                ));
            }
            Ok(count.round() as u64)
        })
        .collect()
}

fn check_orthogonal(g: usize, matrix: ArrayView2<'_, f64>) -> Result<()> {
    let product = matrix.dot(&matrix.t());
    let gap = product
        .indexed_iter()
        .fold(0.0_f64, |most, ((i, j), value)| {
            most.max((value - f64::from(u8::from(i == j))).abs())
        });
    match gap <= GUARD {
        true => Ok(()),
        false => Err(Error::invalid(
            format!("matrix {g} of a group"),
            format!("a product with its transpose that is off by {gap:.1e}"),
            "an orthogonal matrix",
        )),
    }
}

/// The series of 1/det(1 − z A): k hₖ = Σⱼ tr(Aʲ) hₖ₋ⱼ.
fn power_series(matrix: ArrayView2<'_, f64>, degrees: usize) -> Vec<f64> {
    let mut power = matrix.to_owned();
    let mut traces = Vec::with_capacity(degrees);
    let mut series = vec![1.0];
    for k in 1..degrees {
        if k > 1 {
            power = power.dot(&matrix);
        }
        traces.push(power.diag().sum());
        let products = traces.iter().zip(series.iter().rev());
        series.push(products.map(|(trace, h)| trace * h).sum::<f64>() / k as f64);
    }
    series
}
