//! All Wigner functions of one angle, for one degree after the other.

use super::seeds::{Angle, check_angles};
use super::triangle::{EDGE, WignerTriangle};
use crate::numeric::extended::SHRINK;
use crate::{Error, Result};
use ndarray::{Array2, ArrayViewMut2};
use pulp::{Arch, Simd, WithSimd};

/// The largest band limit: its functions of two degrees take some 10 GB.
const MAX_BAND_LIMIT: usize = 1 << 14;

/// Computes all Wigner functions $`d^\ell_{mn}(\beta)`$, ℓ < L, of one angle: one degree after the other.
///
/// One recursion in the degree serves all pairs of orders at once; only two degrees are kept. Terms carry an extended exponent, so
/// functions far below their neighbours keep their relative accuracy down to the smallest `f64`. The recursion does not lose digits by
/// cancellation near β = 0 and β = π. Conventions: see [`crate::conventions`].
///
/// # Cost and accuracy
/// O(ℓ²) time per degree, O(L²) memory. Error below 4 (ℓ + 4) ε, at the stored values up to degree 300.
///
/// # Examples
/// ```
/// use haarmonic::wigner::WignerDegrees;
/// let beta = 0.7_f64;
/// let mut degrees = WignerDegrees::new(201, beta)?;
/// while let Some(d) = degrees.next_degree() {
///     let l = d.degree() as i64;
///     let corner = (beta / 2.0).sin().powi(2 * l as i32);             // d^l_{l,-l}, 1e-186 at l = 200
///     assert!((d.value(l, -l) / corner - 1.0).abs() < 500.0 * f64::EPSILON);
///     let matrix = d.matrix();                                        // entry [m + l, n + l]
///     assert_eq!(matrix[[0, 0]], d.value(-l, -l));
/// }
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// KR08, Sect. 3.
#[derive(Debug, Clone)]
pub struct WignerDegrees {
    triangle: WignerTriangle,
    south: bool,
    /// $`s_\ell(n)`$ and $`(-1)^n s_\ell(n)`$, without s near the poles.
    factors: [Vec<[f64; EDGE]>; 2],
}

/// The Wigner functions of one degree, from [`WignerDegrees::next_degree`].
#[derive(Debug, Clone, Copy)]
pub struct WignerDegree<'a> {
    all: &'a WignerDegrees,
}

impl WignerDegrees {
    /// Starts before degree 0.
    ///
    /// # Arguments
    /// * `band_limit` — L, one more than the last degree
    /// * `beta` — in radians, any finite value
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `band_limit` is 0 or too large, [`Error::NotFinite`] if `beta` is NaN or infinite.
    pub fn new(band_limit: usize, beta: f64) -> Result<Self> {
        if !(1..=MAX_BAND_LIMIT).contains(&band_limit) {
            return Err(Error::invalid(
                "band limit",
                band_limit,
                format!("1 to {MAX_BAND_LIMIT}"),
            ));
        }
        check_angles(&[beta])?;
        let (angle, south) = Angle::new(beta);
        let squares = band_limit.div_ceil(EDGE);
        Ok(WignerDegrees {
            triangle: WignerTriangle::new(angle, band_limit, false),
            south,
            factors: [vec![[0.0; EDGE]; squares], vec![[0.0; EDGE]; squares]],
        })
    }

    /// Returns the band limit L.
    pub fn band_limit(&self) -> usize {
        self.triangle.band_limit()
    }

    /// Advances and returns the functions of the next degree: first 0, last L − 1, then `None`.
    pub fn next_degree(&mut self) -> Option<WignerDegree<'_>> {
        if self.triangle.degrees() == self.band_limit() {
            return None;
        }
        Arch::new().dispatch(Advance(&mut self.triangle));
        let [plain, alternating] = &mut self.factors;
        let scale = self.triangle.scale();
        for n in 0..self.triangle.degrees() {
            let factor = scale.map_or(1.0, |scale| scale[n]);
            plain[n / EDGE][n % EDGE] = factor;
            alternating[n / EDGE][n % EDGE] = sign(n) * factor;
        }
        Some(WignerDegree { all: self })
    }
}

struct Advance<'a>(&'a mut WignerTriangle);

impl WithSimd for Advance<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.0.advance::<S, false>(simd);
    }
}

#[inline(always)]
fn sign(order: usize) -> f64 {
    if order.is_multiple_of(2) { 1.0 } else { -1.0 }
}

/// $`2^{-256\,scale}`$
#[inline(always)]
fn power(scale: f64) -> f64 {
    // Four units are below the smallest normal number: exact, and values of at least 2^−128 with five of them are zero.
    let one = if scale >= 1.0 { SHRINK } else { 1.0 };
    let two = if scale >= 2.0 { SHRINK } else { 1.0 };
    let three = if scale >= 3.0 { SHRINK } else { 1.0 };
    let four = if scale >= 4.0 { SHRINK } else { 1.0 };
    let none = if scale >= 5.0 { 0.0 } else { 1.0 };
    one * two * three * (four * none)
}

/// Eight by eight functions.
type Square = [[f64; EDGE]; EDGE];

impl WignerDegree<'_> {
    /// Returns the degree ℓ.
    pub fn degree(&self) -> usize {
        self.all.triangle.degrees() - 1
    }

    /// Returns $`d^\ell_{mn}(\beta)`$, zero where |m| > ℓ or |n| > ℓ.
    pub fn value(&self, order_m: i64, order_n: i64) -> f64 {
        let (m, n) = (order_m.unsigned_abs(), order_n.unsigned_abs());
        if m.max(n) > self.degree() as u64 {
            return 0.0;
        }
        let (major, minor) = (m.max(n) as usize, m.min(n) as usize);
        let [plus, minus] = self.row(major, minor / EDGE);
        let same = (order_m >= 0) == (order_n >= 0) || minor == 0;
        let value = if same { plus } else { minus }[minor % EDGE];
        // d_mn = (−1)^(m − n) d_nm = d_(−n, −m)
        let flipped = if m >= n { order_m < 0 } else { order_n > 0 };
        if flipped {
            sign(major + minor) * value
        } else {
            value
        }
    }

    /// Returns $`d_{mn}`$ and $`d_{m,-n}`$ for the eight orders n of a square; entries with n > m are to be ignored.
    #[inline(always)]
    fn row(&self, m: usize, square: usize) -> [[f64; EDGE]; 2] {
        let all = self.all;
        let ([p, q], unsettled) = all.triangle.row(m);
        let sign = if all.south {
            sign(self.degree())
        } else {
            sign(m)
        };
        let factor = sign * all.factors[0][m / EDGE][m % EDGE];
        let mut rows = [
            p.as_chunks::<EDGE>().0[square],
            q.as_chunks::<EDGE>().0[square],
        ];
        for (row, factors) in rows.iter_mut().zip(&all.factors) {
            let factors = &factors[square];
            for j in 0..EDGE {
                row[j] *= factor * factors[j];
            }
        }
        if unsettled[square] {
            for (row, scales) in rows.iter_mut().zip(all.triangle.row_scales(m)) {
                let scales = &scales.as_chunks::<EDGE>().0[square];
                for j in 0..EDGE {
                    row[j] *= power(scales[j]);
                }
            }
        }
        let [p, q] = rows;
        if all.south { [q, p] } else { [p, q] }
    }

    /// Writes the functions with |n| ≤ m, which determine all others: $`d_{mn} = (-1)^{m-n} d_{nm} = d_{-n,-m}`$.
    ///
    /// # Arguments
    /// * `out` — length (ℓ + 1)², entry `m * m + m + n`, −m ≤ n ≤ m ≤ ℓ; overwritten
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the length is another one.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::wigner::WignerDegrees;
    /// let mut degrees = WignerDegrees::new(2, 0.5)?;
    /// degrees.next_degree();
    /// let d = degrees.next_degree().expect("degree 1");
    /// let mut quarter = [0.0; 4];                           // d_00, d_1-1, d_10, d_11
    /// d.write_quarter(&mut quarter)?;
    /// assert!((quarter[3] - (1.0 + 0.5_f64.cos()) / 2.0).abs() < f64::EPSILON);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn write_quarter(&self, out: &mut [f64]) -> Result<()> {
        let size = self.degree() + 1;
        if out.len() != size * size {
            return Err(Error::shape(
                "quarter of a Wigner matrix",
                format!("[{}]", size * size),
                vec![out.len()],
            ));
        }
        Arch::new().dispatch(Quarter { degree: *self, out });
        Ok(())
    }

    /// Writes the matrix.
    ///
    /// # Arguments
    /// * `out` — shape `[2ℓ + 1, 2ℓ + 1]`, entry `[m + ℓ, n + ℓ]`; overwritten
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if the shape is another one.
    pub fn write_matrix(&self, mut out: ArrayViewMut2<'_, f64>) -> Result<()> {
        let size = 2 * self.degree() + 1;
        if out.shape() != [size, size] {
            return Err(Error::shape(
                "Wigner matrix",
                format!("[{size}, {size}]"),
                out.shape().to_vec(),
            ));
        }
        match out.as_slice_mut() {
            Some(out) => Arch::new().dispatch(Whole { degree: *self, out }),
            None => out.assign(&self.matrix()),
        }
        Ok(())
    }

    /// Returns the matrix; see [`WignerDegree::write_matrix`].
    pub fn matrix(&self) -> Array2<f64> {
        let size = 2 * self.degree() + 1;
        let mut matrix = vec![0.0; size * size];
        Arch::new().dispatch(Whole {
            degree: *self,
            out: &mut matrix,
        });
        Array2::from_shape_vec((size, size), matrix).expect("the length is that of the shape")
    }
}

struct Quarter<'a> {
    degree: WignerDegree<'a>,
    out: &'a mut [f64],
}

impl WithSimd for Quarter<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        for m in 0..=self.degree.degree() {
            let out = &mut self.out[m * m..(m + 1) * (m + 1)];
            for square in 0..=m / EDGE {
                let first = square * EDGE;
                let [plus, minus] = self.degree.row(m, square);
                let count = (m + 1 - first).min(EDGE);
                // Towards lower n from n = −first.
                let lower = &mut out[m + 1 - first - count..m + 1 - first];
                if count == EDGE {
                    for j in 0..EDGE {
                        lower[EDGE - 1 - j] = minus[j];
                    }
                } else {
                    for (out, value) in lower.iter_mut().rev().zip(minus) {
                        *out = value;
                    }
                }
                let upper = &mut out[m + first..m + first + count];
                upper.copy_from_slice(&plus[..count]);
            }
        }
    }
}

struct Whole<'a> {
    degree: WignerDegree<'a>,
    out: &'a mut [f64],
}

impl WithSimd for Whole<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let l = self.degree.degree();
        // Square by square, eight orders m by eight orders n: the rows n of the lower triangle need the transposed squares, and all four
        // sign combinations of a square follow from one pair of values.
        for first_m in (0..=l).step_by(EDGE) {
            for square in 0..=first_m / EDGE {
                let (plus, minus) = self.degree.square(first_m, square);
                let first_n = square * EDGE;
                place(self.out, l, first_m, first_n, &plus, &minus);
                if first_m != first_n {
                    // d_nm = (−1)^(m − n) d_mn and d_n,−m = d_m,−n
                    let (mut turned_plus, turned_minus) = (transposed(&plus), transposed(&minus));
                    for (row, signs) in turned_plus.iter_mut().zip(SIGNS.iter().cycle()) {
                        for (value, sign) in row.iter_mut().zip(signs) {
                            *value *= sign;
                        }
                    }
                    place(self.out, l, first_n, first_m, &turned_plus, &turned_minus);
                }
            }
        }
    }
}

/// Returns the transposed square.
///
/// The place of an entry has six bits, three of the row and three of the column. A perfect shuffle of the 64 numbers rotates these bits by one,
/// so three shuffles exchange row and column. Each shuffle interleaves pairs of rows, an operation on two registers.
#[inline(always)]
fn transposed(square: &Square) -> Square {
    let mut from = *square;
    for _ in 0..3 {
        let mut to = [[0.0; EDGE]; EDGE];
        for i in 0..EDGE / 2 {
            let (a, b) = (from[i], from[i + EDGE / 2]);
            for j in 0..EDGE / 2 {
                (to[2 * i][2 * j], to[2 * i][2 * j + 1]) = (a[j], b[j]);
                (to[2 * i + 1][2 * j], to[2 * i + 1][2 * j + 1]) = (a[j + 4], b[j + 4]);
            }
        }
        from = to;
    }
    from
}

/// $`(-1)^{i+j}`$ for even and odd i.
const SIGNS: [[f64; EDGE]; 2] = [
    [1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0],
    [-1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0],
];

impl WignerDegree<'_> {
    /// $`d_{mn}`$ and $`d_{m,-n}`$ of a square of the triangle; complete on the diagonal.
    #[inline(always)]
    fn square(&self, first_m: usize, square: usize) -> (Square, Square) {
        let (mut plus, mut minus) = ([[0.0; EDGE]; EDGE], [[0.0; EDGE]; EDGE]);
        let rows = (self.degree() + 1 - first_m).min(EDGE);
        for i in 0..rows {
            [plus[i], minus[i]] = self.row(first_m + i, square);
        }
        if first_m == square * EDGE {
            for i in 1..EDGE {
                for j in 0..i {
                    plus[j][i] = sign(i + j) * plus[i][j];
                    minus[j][i] = minus[i][j];
                }
            }
        }
        (plus, minus)
    }
}

/// Writes $`d_{mn}`$ and $`d_{m,-n}`$ of a square, and $`d_{-m,\mp n} = (-1)^{m-n} d_{m,\pm n}`$, as far as m, n ≤ ℓ.
#[inline(always)]
fn place(out: &mut [f64], l: usize, first_m: usize, first_n: usize, plus: &Square, minus: &Square) {
    let size = 2 * l + 1;
    let rows = (l + 1 - first_m).min(EDGE);
    let columns = (l + 1 - first_n).min(EDGE);
    for i in 0..rows {
        let (plus, minus, signs) = (&plus[i], &minus[i], &SIGNS[i % 2]);
        let (up, down) = (l + first_m + i, l - first_m - i);
        if columns == EDGE {
            let (right, left) = (l + first_n, l + 1 - first_n - EDGE);
            let row = &mut out[up * size..(up + 1) * size];
            let reverse = &mut row[left..left + EDGE];
            for j in 0..EDGE {
                reverse[EDGE - 1 - j] = minus[j];
            }
            row[right..right + EDGE].copy_from_slice(plus);
            let row = &mut out[down * size..(down + 1) * size];
            let forward = &mut row[right..right + EDGE];
            for j in 0..EDGE {
                forward[j] = signs[j] * minus[j];
            }
            let reverse = &mut row[left..left + EDGE];
            for j in 0..EDGE {
                reverse[EDGE - 1 - j] = signs[j] * plus[j];
            }
        } else {
            for j in 0..columns {
                let (right, left) = (l + first_n + j, l - first_n - j);
                out[up * size + left] = minus[j];
                out[up * size + right] = plus[j];
                out[down * size + right] = signs[j] * minus[j];
                out[down * size + left] = signs[j] * plus[j];
            }
        }
    }
}

/// Computes the orthogonal matrix $`d^\ell(\beta)`$, shape `[2ℓ + 1, 2ℓ + 1]`, entry `[m + ℓ, n + ℓ]`.
///
/// Conventions: see [`crate::conventions`].
///
/// # Cost and accuracy
/// O(ℓ³) time, O(ℓ²) memory. [`WignerDegrees`] computes the matrices of all degrees up to ℓ in this time.
///
/// # Errors
/// [`Error::InvalidValue`] if the degree is too large, [`Error::NotFinite`] if `beta` is NaN or infinite.
///
/// # Examples
/// ```
/// use haarmonic::wigner::wigner_d_matrix;
/// let (a, b) = (wigner_d_matrix(3, 0.4)?, wigner_d_matrix(3, 0.7)?);
/// let product = a.dot(&b);                              // rotations about one axis compose by adding angles
/// let sum = wigner_d_matrix(3, 1.1)?;
/// assert!(product.iter().zip(&sum).all(|(x, y)| (x - y).abs() < 16.0 * f64::EPSILON));
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn wigner_d_matrix(degree: usize, beta: f64) -> Result<Array2<f64>> {
    let mut degrees = WignerDegrees::new(degree.saturating_add(1), beta)?;
    for _ in 0..degree {
        degrees.next_degree();
    }
    let last = degrees
        .next_degree()
        .expect("the degree is below the limit");
    Ok(last.matrix())
}
