//! Families of Wigner symbols: all values of one quantum number at once.

use super::MAX_DEGREE;
use super::null_vector::{Recursion, Scratch, solve};
use crate::{Error, Result};

/// Wigner's 3j and 6j symbols as functions of one quantum number, computed in one sweep.
///
/// One object serves many families: each call replaces the values and reuses the memory. Quantum numbers are integers; half-integers
/// are not supported. A family whose other quantum numbers break a triangle rule is empty, since all its values are zero.
///
/// # Cost and accuracy
/// O(1) time per value. Square roots and divisions are vectorised. The largest error at degree 10⁴ is below 1e-13 of the largest value of the family,
/// and values in the tails keep their relative accuracy until they underflow to zero.
///
/// # Examples
/// ```
/// use haarmonic::wigner::WignerFamily;
/// let mut family = WignerFamily::new();
/// // (l 1 1; 0 0 0) for l = 0, 1, 2
/// let values = family.three_j_over_degrees([1, 1], [0, 0])?;
/// assert!((values[0] + (1.0_f64 / 3.0).sqrt()).abs() < 4.0 * f64::EPSILON);
/// assert!((values[2] - (2.0_f64 / 15.0).sqrt()).abs() < 4.0 * f64::EPSILON);
/// assert_eq!((family.first(), family.value(1), family.value(7)), (0, 0.0, 0.0));
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// LL98 (the sweep from both ends); SG75 (the recursions).
#[derive(Debug, Clone, Default)]
pub struct WignerFamily {
    first: i64,
    values: Vec<f64>,
    scratch: Scratch,
}

impl WignerFamily {
    /// Makes an empty family.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the least quantum number of the family.
    pub fn first(&self) -> i64 {
        self.first
    }

    /// Returns the values, from the quantum number [`first`](Self::first) on.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Returns the value for one quantum number; zero outside of the family.
    pub fn value(&self, number: i64) -> f64 {
        let index = number.checked_sub(self.first);
        index
            .and_then(|index| usize::try_from(index).ok())
            .and_then(|index| self.values.get(index))
            .map_or(0.0, |value| *value)
    }

    /// Computes the 3j symbols of all degrees of the first column.
    ///
    /// ```math
    /// \begin{pmatrix} \ell & \ell_2 & \ell_3 \\ -m_2-m_3 & m_2 & m_3 \end{pmatrix} , \qquad
    /// \max(|\ell_2-\ell_3|, |m_2+m_3|) \le \ell \le \ell_2+\ell_3
    /// ```
    ///
    /// # Arguments
    /// * `degrees` — $`\ell_2, \ell_3`$, at most [`MAX_DEGREE`]
    /// * `orders` — $`m_2, m_3`$; the family is empty if one is larger than its degree
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if a degree or an order is too large.
    pub fn three_j_over_degrees(
        &mut self,
        degrees: [usize; 2],
        orders: [i64; 2],
    ) -> Result<&[f64]> {
        let [l2, l3] = degrees_as_integers(degrees)?;
        let [m2, m3] = check_orders(orders)?;
        if m2.abs() > l2 || m3.abs() > l3 {
            return Ok(self.empty());
        }
        let m1 = -m2 - m3;
        let first = (l2 - l3).abs().max(m1.abs());
        let recursion = ThreeJDegrees {
            first: first as f64,
            difference: (l2 - l3) as f64,
            end: (l2 + l3 + 1) as f64,
            order: m1 as f64,
            orders: (m3 - m2) as f64,
            product: square(l2 - l3, l2 + l3 + 1) * m1 as f64,
        };
        let negative = is_odd(l2 - l3 - m1);
        Ok(self.fill(recursion, first, l2 + l3, negative))
    }

    /// Computes the 3j symbols of all orders of the second column, for a fixed order of the first column.
    ///
    /// ```math
    /// \begin{pmatrix} \ell_1 & \ell_2 & \ell_3 \\ m_1 & m & -m_1-m \end{pmatrix} , \qquad
    /// \max(-\ell_2, -m_1-\ell_3) \le m \le \min(\ell_2, \ell_3-m_1)
    /// ```
    ///
    /// # Arguments
    /// * `degrees` — $`\ell_1, \ell_2, \ell_3`$, at most [`MAX_DEGREE`]; the family is empty if they form no triangle
    /// * `order` — $`m_1`$; the family is empty if it is larger than $`\ell_1`$
    ///
    /// # Errors
    /// As [`three_j_over_degrees`](Self::three_j_over_degrees).
    ///
    /// # Examples
    /// ```
    /// use haarmonic::wigner::WignerFamily;
    /// let mut family = WignerFamily::new();
    /// family.three_j_over_orders([0, 2, 2], 0)?;              // (0 2 2; 0 m −m) = (−1)^m / √5
    /// assert_eq!(family.first(), -2);
    /// assert!((family.value(-1) + 0.2_f64.sqrt()).abs() < 4.0 * f64::EPSILON);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn three_j_over_orders(&mut self, degrees: [usize; 3], order: i64) -> Result<&[f64]> {
        let [l1, l2, l3] = degrees_as_integers(degrees)?;
        let [m1] = check_orders([order])?;
        if m1.abs() > l1 || !is_triangle([l1, l2, l3]) {
            return Ok(self.empty());
        }
        let first = (-l2).max(-m1 - l3);
        let recursion = ThreeJOrders {
            first: first as f64,
            degrees: [l2 as f64, l3 as f64],
            order: m1 as f64,
            constant: (l2 * (l2 + 1) + l3 * (l3 + 1) - l1 * (l1 + 1)) as f64,
            weight: (2 * l1 + 1) as f64,
        };
        Ok(self.fill(recursion, first, l2.min(l3 - m1), is_odd(l2 - l3 - m1)))
    }

    /// Computes the 6j symbols of all degrees of the first entry.
    ///
    /// ```math
    /// \begin{Bmatrix} \ell & \ell_2 & \ell_3 \\ \ell_4 & \ell_5 & \ell_6 \end{Bmatrix} , \qquad
    /// \max(|\ell_2-\ell_3|, |\ell_5-\ell_6|) \le \ell \le \min(\ell_2+\ell_3, \ell_5+\ell_6)
    /// ```
    ///
    /// # Arguments
    /// * `upper` — $`\ell_2, \ell_3`$, at most [`MAX_DEGREE`]
    /// * `lower` — $`\ell_4, \ell_5, \ell_6`$; the family is empty if $`(\ell_4 \ell_2 \ell_6)`$ or $`(\ell_4 \ell_5 \ell_3)`$ is no triangle
    ///
    /// # Errors
    /// As [`three_j_over_degrees`](Self::three_j_over_degrees).
    ///
    /// # Examples
    /// ```
    /// use haarmonic::wigner::WignerFamily;
    /// let mut family = WignerFamily::new();
    /// let values = family.six_j_over_degrees([2, 2], [2, 2, 2])?;
    /// assert!((values[2] + 3.0 / 70.0).abs() < 4.0 * f64::EPSILON);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn six_j_over_degrees(&mut self, upper: [usize; 2], lower: [usize; 3]) -> Result<&[f64]> {
        let [l2, l3] = degrees_as_integers(upper)?;
        let [l4, l5, l6] = degrees_as_integers(lower)?;
        let first = (l2 - l3).abs().max((l5 - l6).abs());
        let last = (l2 + l3).min(l5 + l6);
        if first > last || !is_triangle([l4, l2, l6]) || !is_triangle([l4, l5, l3]) {
            return Ok(self.empty());
        }
        let casimir = |l: i64| l * (l + 1);
        let recursion = SixJ {
            first: first as f64,
            differences: [(l2 - l3) as f64, (l5 - l6) as f64],
            ends: [(l2 + l3 + 1) as f64, (l5 + l6 + 1) as f64],
            sum: (casimir(l2) + casimir(l3) + casimir(l5) + casimir(l6) - 2 * casimir(l4)) as f64,
            product: square(l2 - l3, l2 + l3 + 1) * square(l5 - l6, l5 + l6 + 1),
            weight: (2 * l4 + 1) as f64,
        };
        Ok(self.fill(recursion, first, last, is_odd(l2 + l3 + l5 + l6)))
    }

    fn empty(&mut self) -> &[f64] {
        self.first = 0;
        self.values.clear();
        &self.values
    }

    fn fill(&mut self, recursion: impl Recursion, first: i64, last: i64, negative: bool) -> &[f64] {
        self.first = first;
        let len = (last - first + 1) as usize;
        solve(
            recursion,
            len,
            negative,
            &mut self.scratch,
            &mut self.values,
        );
        &self.values
    }
}

/// 3j symbols over the degree ℓ of the first column.
///
/// The usual coefficients are divided by ℓ (ℓ + 1), which makes the matrix symmetric:
/// $`a_\ell = A_\ell/\ell`$, $`A_\ell^2 = (\ell^2-(\ell_2-\ell_3)^2)\,((\ell_2+\ell_3+1)^2-\ell^2)\,(\ell^2-m_1^2)`$ and
/// $`b_\ell = (2\ell+1)\,\bigl(m_3-m_2 - (\ell_2(\ell_2+1)-\ell_3(\ell_3+1))\,m_1/\ell(\ell+1)\bigr)`$.
#[derive(Debug, Clone, Copy)]
struct ThreeJDegrees {
    first: f64,
    /// $`\ell_2-\ell_3`$
    difference: f64,
    /// $`\ell_2+\ell_3+1`$
    end: f64,
    /// $`m_1`$
    order: f64,
    /// $`m_3-m_2`$
    orders: f64,
    /// $`(\ell_2(\ell_2+1)-\ell_3(\ell_3+1))\,m_1`$
    product: f64,
}

impl Recursion for ThreeJDegrees {
    #[inline(always)]
    fn off_diagonal(&self, i: f64) -> f64 {
        let l = self.first + i;
        let degrees =
            (l - self.difference) * (l + self.difference) * ((self.end - l) * (self.end + l));
        // At ℓ = 0 the numerator is zero.
        (degrees * ((l - self.order) * (l + self.order))).sqrt() / l.max(1.0)
    }

    #[inline(always)]
    fn diagonal(&self, i: f64) -> f64 {
        let l = self.first + i;
        // ℓ = 0 has m₁ = 0, where the product is zero.
        (l + l + 1.0) * (self.orders - self.product / (l * (l + 1.0)).max(1.0))
    }

    #[inline(always)]
    fn weight(&self, i: f64) -> f64 {
        2.0 * (self.first + i) + 1.0
    }
}

/// 3j symbols over the order m of the second column: $`L^2 = (L_2 + L_3)^2`$ in the basis of the orders.
#[derive(Debug, Clone, Copy)]
struct ThreeJOrders {
    first: f64,
    /// $`\ell_2, \ell_3`$
    degrees: [f64; 2],
    /// $`m_1`$
    order: f64,
    /// $`\ell_2(\ell_2+1)+\ell_3(\ell_3+1)-\ell_1(\ell_1+1)`$
    constant: f64,
    /// $`2\ell_1+1`$
    weight: f64,
}

impl Recursion for ThreeJOrders {
    #[inline(always)]
    fn off_diagonal(&self, i: f64) -> f64 {
        let m2 = self.first + i;
        let m3 = -self.order - m2;
        let [l2, l3] = self.degrees;
        ((l2 - m2 + 1.0) * (l2 + m2) * ((l3 - m3) * (l3 + m3 + 1.0))).sqrt()
    }

    #[inline(always)]
    fn diagonal(&self, i: f64) -> f64 {
        let m2 = self.first + i;
        self.constant - 2.0 * m2 * (self.order + m2)
    }

    #[inline(always)]
    fn weight(&self, _: f64) -> f64 {
        self.weight
    }
}

/// 6j symbols over the degree ℓ of the first entry, divided by ℓ (ℓ + 1) like [`ThreeJDegrees`].
#[derive(Debug, Clone, Copy)]
struct SixJ {
    first: f64,
    /// $`\ell_2-\ell_3`$ and $`\ell_5-\ell_6`$
    differences: [f64; 2],
    /// $`\ell_2+\ell_3+1`$ and $`\ell_5+\ell_6+1`$
    ends: [f64; 2],
    /// $`c_2+c_3+c_5+c_6-2c_4`$ with $`c_i = \ell_i(\ell_i+1)`$
    sum: f64,
    /// $`(c_2-c_3)(c_5-c_6)`$
    product: f64,
    /// $`2\ell_4+1`$
    weight: f64,
}

impl Recursion for SixJ {
    #[inline(always)]
    fn off_diagonal(&self, i: f64) -> f64 {
        let l = self.first + i;
        let squares = |k: usize| {
            let (difference, end) = (self.differences[k], self.ends[k]);
            (l - difference) * (l + difference) * ((end - l) * (end + l))
        };
        (squares(0) * squares(1)).sqrt() / l.max(1.0)
    }

    #[inline(always)]
    fn diagonal(&self, i: f64) -> f64 {
        let l = self.first + i;
        let casimir = l * (l + 1.0);
        // ℓ = 0 has two pairs of equal degrees, where the product is zero.
        (l + l + 1.0) * (self.sum - casimir + self.product / casimir.max(1.0))
    }

    #[inline(always)]
    fn weight(&self, i: f64) -> f64 {
        self.weight * (2.0 * (self.first + i) + 1.0)
    }
}

/// The difference $`\ell(\ell+1)-\ell'(\ell'+1)`$ as a product.
fn square(difference: i64, end: i64) -> f64 {
    difference as f64 * end as f64
}

pub(super) fn is_odd(number: i64) -> bool {
    number.rem_euclid(2) == 1
}

pub(super) fn is_triangle([a, b, c]: [i64; 3]) -> bool {
    (a - b).abs() <= c && c <= a + b
}

/// Degrees as signed integers; refuses too large ones.
pub(super) fn degrees_as_integers<const N: usize>(degrees: [usize; N]) -> Result<[i64; N]> {
    match degrees.iter().find(|degree| **degree > MAX_DEGREE) {
        None => Ok(degrees.map(|degree| degree as i64)),
        Some(degree) => Err(Error::invalid(
            "degree of a Wigner symbol",
            *degree,
            format!("0 to {MAX_DEGREE}"),
        )),
    }
}

/// Refuses orders whose sums might overflow.
pub(super) fn check_orders<const N: usize>(orders: [i64; N]) -> Result<[i64; N]> {
    match orders
        .iter()
        .find(|order| order.unsigned_abs() > MAX_DEGREE as u64)
    {
        None => Ok(orders),
        Some(order) => Err(Error::invalid(
            "order of a Wigner symbol",
            *order,
            format!("-{MAX_DEGREE} to {MAX_DEGREE}"),
        )),
    }
}
