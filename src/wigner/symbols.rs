//! Single Wigner symbols, each read from its shortest family.

use super::families::{WignerFamily, check_orders, degrees_as_integers, is_odd, is_triangle};
use crate::Result;

/// Computes one 3j symbol $`\begin{pmatrix} \ell_1 & \ell_2 & \ell_3 \\ m_1 & m_2 & m_3 \end{pmatrix}`$.
///
/// Exactly zero where the orders do not sum to zero, an order is larger than its degree, the degrees form no triangle, or a symmetry
/// makes the symbol vanish. Quantum numbers are integers. For many symbols [`WignerFamily`] is faster.
///
/// # Arguments
/// * `degrees`, `orders` — $`\ell_i`$ and $`m_i`$, of modulus at most [`MAX_DEGREE`](super::MAX_DEGREE)
///
/// # Cost and accuracy
/// O(ℓ) time for the least degree ℓ.
///
/// # Errors
/// [`Error::InvalidValue`](crate::Error::InvalidValue) if a degree or an order is too large.
///
/// # Examples
/// ```
/// use haarmonic::wigner::wigner_3j;
/// assert!((wigner_3j([2, 2, 2], [0, 0, 0])? + (2.0_f64 / 35.0).sqrt()).abs() < 4.0 * f64::EPSILON);
/// assert_eq!(wigner_3j([2, 2, 5], [0, 0, 0])?, 0.0);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// VMK88, Chapter 8; LL98.
pub fn wigner_3j(degrees: [usize; 3], orders: [i64; 3]) -> Result<f64> {
    let l = degrees_as_integers(degrees)?;
    let m = check_orders(orders)?;
    if three_j_vanishes(l, m) {
        return Ok(0.0);
    }
    let mut family = WignerFamily::new();
    // Cyclic permutations of the columns do not change the symbol. A family over one degree or order has this many values:
    let over_degrees = |k: usize| l[(k + 1) % 3] + l[(k + 2) % 3] - least_degree(l, m, k) + 1;
    let over_orders = |k: usize| {
        let [l2, l3] = [l[(k + 1) % 3], l[(k + 2) % 3]];
        l2.min(l3 - m[k]) - (-l2).max(-m[k] - l3) + 1
    };
    let k = (0..3).min_by_key(|&k| over_degrees(k)).unwrap_or(0);
    let fixed = (0..3).min_by_key(|&k| over_orders(k)).unwrap_or(0);
    if over_degrees(k) < over_orders(fixed) {
        let [i, j] = [(k + 1) % 3, (k + 2) % 3];
        family.three_j_over_degrees([degrees[i], degrees[j]], [m[i], m[j]])?;
        Ok(family.value(l[k]))
    } else {
        let [i, j] = [(fixed + 1) % 3, (fixed + 2) % 3];
        family.three_j_over_orders([degrees[fixed], degrees[i], degrees[j]], m[fixed])?;
        Ok(family.value(m[i]))
    }
}

/// The least degree of column k that the other two columns allow.
fn least_degree(l: [i64; 3], m: [i64; 3], k: usize) -> i64 {
    (l[(k + 1) % 3] - l[(k + 2) % 3]).abs().max(m[k].abs())
}

/// Whether a selection rule or a symmetry makes a 3j symbol zero.
pub(super) fn three_j_vanishes(l: [i64; 3], m: [i64; 3]) -> bool {
    let impossible =
        m[0] + m[1] + m[2] != 0 || (0..3).any(|i| m[i].abs() > l[i]) || !is_triangle(l);
    // For an odd sum of degrees, an exchange of two columns changes the sign, and so does a change of sign of all orders.
    let equal_columns = (0..3).any(|i| {
        let j = (i + 1) % 3;
        (l[i], m[i]) == (l[j], m[j])
    });
    impossible || (is_odd(l[0] + l[1] + l[2]) && (equal_columns || m == [0; 3]))
}

/// Computes one 6j symbol $`\begin{Bmatrix} \ell_1 & \ell_2 & \ell_3 \\ \ell_4 & \ell_5 & \ell_6 \end{Bmatrix}`$.
///
/// Exactly zero where one of $`(\ell_1 \ell_2 \ell_3)`$, $`(\ell_1 \ell_5 \ell_6)`$, $`(\ell_4 \ell_2 \ell_6)`$, $`(\ell_4 \ell_5 \ell_3)`$ is no
/// triangle. Degrees are integers. For many symbols [`WignerFamily`] is faster.
///
/// # Arguments
/// * `upper`, `lower` — $`\ell_1, \ell_2, \ell_3`$ and $`\ell_4, \ell_5, \ell_6`$, at most [`MAX_DEGREE`](super::MAX_DEGREE)
///
/// # Cost and accuracy
/// O(ℓ) time for the least degree ℓ.
///
/// # Errors
/// [`Error::InvalidValue`](crate::Error::InvalidValue) if a degree is too large.
///
/// # Examples
/// ```
/// use haarmonic::wigner::wigner_6j;
/// assert!((wigner_6j([1, 2, 3], [3, 2, 1])? - 14.0_f64.sqrt() / 35.0).abs() < 4.0 * f64::EPSILON);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// VMK88, Chapter 9; SG75.
pub fn wigner_6j(upper: [usize; 3], lower: [usize; 3]) -> Result<f64> {
    let [a, b] = [degrees_as_integers(upper)?, degrees_as_integers(lower)?];
    if six_j_vanishes(a, b) {
        return Ok(0.0);
    }
    // Columns may be permuted, and two of them turned upside down: any of the six degrees may stand first. The family over it has this
    // many values:
    let len = |[a, b]: [[i64; 3]; 2], k: usize| {
        let [i, j] = [(k + 1) % 3, (k + 2) % 3];
        (a[i] + a[j]).min(b[i] + b[j]) - (a[i] - a[j]).abs().max((b[i] - b[j]).abs())
    };
    // Column k upside down, together with the next one.
    let turned = |k: usize| {
        let [mut a, mut b] = [a, b];
        for i in [k, (k + 1) % 3] {
            (a[i], b[i]) = (b[i], a[i]);
        }
        [a, b]
    };
    let choices = (0..3).flat_map(|k| [([a, b], k), (turned(k), k)]);
    let ([a, b], k) = choices
        .min_by_key(|&(symbol, k)| len(symbol, k))
        .expect("there are six choices");
    let [i, j] = [(k + 1) % 3, (k + 2) % 3];
    let mut family = WignerFamily::new();
    family.six_j_over_degrees(
        [a[i] as usize, a[j] as usize],
        [b[k] as usize, b[i] as usize, b[j] as usize],
    )?;
    Ok(family.value(a[k]))
}

/// Whether a triangle rule makes a 6j symbol zero.
pub(super) fn six_j_vanishes(a: [i64; 3], b: [i64; 3]) -> bool {
    ![
        a,
        [a[0], b[1], b[2]],
        [b[0], a[1], b[2]],
        [b[0], b[1], a[2]],
    ]
    .into_iter()
    .all(is_triangle)
}
