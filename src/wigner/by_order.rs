//! The Wigner functions $`d^\ell_{mn}(\beta)`$ by the three-term recursion in the degree.

use super::seeds::{CanonicalOrders, HalfAngle, check_angles};
use super::step::Step;
use crate::numeric::extended::{Lanes, Scaled};
use crate::{Error, Result};
use ndarray::Array2;

/// The largest degree and order that are accepted; beyond it ℓ² would strain the integers exact in `f64`.
pub const MAX_DEGREE: usize = 1 << 20;

/// Steps $`d^\ell_{mn}(\beta_j)`$ through the degrees ℓ for one pair of orders and many angles.
///
/// ```math
/// \ell \sqrt{(\ell+1)^2-m^2} \sqrt{(\ell+1)^2-n^2}\; d^{\ell+1}_{mn}
///   = (2\ell+1)\,[\ell(\ell+1)\cos\beta - mn]\; d^\ell_{mn} - (\ell+1) \sqrt{\ell^2-m^2} \sqrt{\ell^2-n^2}\; d^{\ell-1}_{mn}
/// ```
/// from $`d^{m}_{mn} = (-1)^{m-n} \binom{2m}{m-n}^{1/2} \cos^{m+n}(\beta/2) \sin^{m-n}(\beta/2)`$ for m ≥ |n|, the other
/// orders by symmetry. Seeds and terms carry an extended exponent, so no pair of orders underflows; internally the
/// recursion runs on the deviation from its limit at the nearer pole, so nothing cancels there.
/// Conventions: see [`crate::conventions`]; $`d^1_{10}(\beta) = -\sin\beta/\sqrt 2`$.
///
/// # Cost and accuracy
/// O(1) a step and angle, vectorised over the angles; O(log ℓ) an angle for the seeds. Stable in the direction of growing ℓ.
///
/// # Examples
/// ```
/// use haarmonic::wigner::WignerDRecursion;
/// let mut d = WignerDRecursion::new(1, 0, &[0.3, 1.2])?;
/// assert_eq!(d.degree(), 1);
/// assert!((d.values()[1] + 1.2_f64.sin() / 2.0_f64.sqrt()).abs() < 4.0 * f64::EPSILON);
/// d.advance();                                          // d²₁₀ = −√(3/2) sin β cos β
/// assert!((d.values()[1] + 1.5_f64.sqrt() * 1.2_f64.sin() * 1.2_f64.cos()).abs() < 4.0 * f64::EPSILON);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// KR08, Sect. 3.
#[derive(Debug, Clone)]
pub struct WignerDRecursion {
    orders: CanonicalOrders,
    degree: usize,
    poles: Vec<f64>,
    offsets: Vec<f64>,
    lanes: Lanes,
    values: Vec<f64>,
}

impl WignerDRecursion {
    /// Starts at the lowest degree, ℓ = max(|m|, |n|).
    ///
    /// # Arguments
    /// * `order_m`, `order_n` — the orders, of modulus at most [`MAX_DEGREE`]
    /// * `betas` — angles in radians, any finite values
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if an order is too large, [`Error::NotFinite`] if an angle is NaN or infinite.
    pub fn new(order_m: i64, order_n: i64, betas: &[f64]) -> Result<Self> {
        check_order("order m", order_m)?;
        check_order("order n", order_n)?;
        check_angles(betas)?;
        let angles: Vec<HalfAngle> = betas.iter().map(|&beta| HalfAngle::new(beta)).collect();
        let orders = CanonicalOrders::new(order_m, order_n);
        let factor = orders.root_binomial() * Scaled::new(orders.sign);
        let mut lanes = Lanes::default();
        lanes.start(angles.len(), |j| orders.seed(factor, &angles[j]));
        let mut values = vec![0.0; angles.len()];
        lanes.write(&mut values);
        Ok(WignerDRecursion {
            orders,
            degree: orders.major,
            poles: angles.iter().map(|angle| angle.pole).collect(),
            offsets: angles.iter().map(|angle| angle.offset).collect(),
            lanes,
            values,
        })
    }

    /// Returns the degree ℓ of the present values.
    pub fn degree(&self) -> usize {
        self.degree
    }

    /// Returns $`d^\ell_{mn}(\beta_j)`$, one value for each angle.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Goes on to the next degree.
    #[inline]
    pub fn advance(&mut self) {
        let step = self.orders.step(self.degree);
        let (poles, offsets) = (&self.poles, &self.offsets);
        self.lanes
            .advance(|j, term, increment| step.next(poles[j], offsets[j], term, increment));
        self.lanes.write(&mut self.values);
        self.degree += 1;
    }
}

/// Steps one row $`d^\ell_{mn}(\beta)`$, n = −m..=m, of the Wigner matrices through the degrees ℓ ≥ m, for one angle.
///
/// The rows m ≥ 0 restricted to |n| ≤ m hold, by symmetry, every entry of the matrices.
/// Same recursion as [`WignerDRecursion`], vectorised over n.
#[derive(Debug, Clone)]
pub(crate) struct WignerDRow {
    angle: HalfAngle,
    order_m: usize,
    degree: usize,
    lanes: Lanes,
    values: Vec<f64>,
}

impl WignerDRow {
    /// Makes a row for the angle; [`WignerDRow::start`] comes next.
    pub(crate) fn new(angle: HalfAngle) -> Self {
        WignerDRow {
            angle,
            order_m: 0,
            degree: 0,
            lanes: Lanes::default(),
            values: Vec::new(),
        }
    }

    /// Starts at ℓ = m.
    pub(crate) fn start(&mut self, order_m: usize) {
        let (m, len) = (order_m, 2 * order_m + 1);
        (self.order_m, self.degree) = (m, m);
        // Outwards from |n| = m the square root of the binomial is a running product.
        let mut binomials = vec![Scaled::ONE; m + 1];
        for i in 1..=m {
            binomials[m - i] =
                binomials[m - i + 1] * Scaled::new(((2 * m - i + 1) as f64 / i as f64).sqrt());
        }
        let powers = |base: f64| {
            let mut powers = vec![Scaled::ONE; len];
            for i in 1..len {
                powers[i] = powers[i - 1] * Scaled::new(base);
            }
            powers
        };
        let (cosines, sines) = (powers(self.angle.cos), powers(-self.angle.sin));
        self.lanes.start(len, |j| {
            binomials[j.abs_diff(m)] * cosines[j] * sines[2 * m - j]
        });
        self.values.resize(len, 0.0);
        self.lanes.write(&mut self.values);
    }

    /// Returns the row, entry `n + m`.
    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }

    /// Goes on to the next degree.
    #[inline(always)]
    pub(crate) fn advance(&mut self) {
        let (l, m) = (self.degree as f64, self.order_m as f64);
        let HalfAngle { pole, offset, .. } = self.angle;
        self.lanes.advance(|j, term, increment| {
            Step::new(l, m, f64::from(j as u32) - m).next(pole, offset, term, increment)
        });
        self.lanes.write(&mut self.values);
        self.degree += 1;
    }
}

/// Computes one Wigner function $`d^\ell_{mn}(\beta)`$.
///
/// Conventions: see [`crate::conventions`]. Zero where |m| > ℓ or |n| > ℓ.
///
/// # Cost and accuracy
/// O(ℓ); for many angles or degrees use [`WignerDRecursion`].
///
/// # Errors
/// [`Error::InvalidValue`] if the degree or an order exceeds [`MAX_DEGREE`], [`Error::NotFinite`] if `beta` is NaN or infinite.
///
/// # Examples
/// ```
/// use haarmonic::wigner::wigner_d;
/// let beta = 0.7_f64;
/// assert!((wigner_d(1, 1, 1, beta)? - (1.0 + beta.cos()) / 2.0).abs() < 4.0 * f64::EPSILON);
/// assert!(wigner_d(1, 1, 0, beta)? < 0.0 && wigner_d(1, 0, 1, beta)? > 0.0);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn wigner_d(degree: usize, order_m: i64, order_n: i64, beta: f64) -> Result<f64> {
    check_degree(degree)?;
    let mut recursion = WignerDRecursion::new(order_m, order_n, &[beta])?;
    if recursion.degree() > degree {
        return Ok(0.0);
    }
    while recursion.degree() < degree {
        recursion.advance();
    }
    Ok(recursion.values()[0])
}

/// Computes the orthogonal matrix $`d^\ell(\beta)`$, shape `[2ℓ + 1, 2ℓ + 1]`, entry `[m + ℓ, n + ℓ]`.
///
/// Conventions: see [`crate::conventions`].
///
/// # Cost and accuracy
/// O(ℓ³) time, O(ℓ²) memory.
///
/// # Errors
/// [`Error::InvalidValue`] if the degree exceeds [`MAX_DEGREE`], [`Error::NotFinite`] if `beta` is NaN or infinite.
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
    check_degree(degree)?;
    check_angles(&[beta])?;
    let size = 2 * degree + 1;
    let mut matrix = Array2::zeros((size, size));
    let mut row = WignerDRow::new(HalfAngle::new(beta));
    for m in 0..=degree {
        row.start(m);
        for _ in m..degree {
            row.advance();
        }
        for (j, &value) in row.values().iter().enumerate() {
            let signed = if j % 2 == 0 { value } else { -value };
            // The column is n + ℓ with n = j − m; m − n = 2m − j has the parity of j.
            let n = j + degree - m;
            matrix[[degree + m, n]] = value;
            matrix[[degree - m, 2 * degree - n]] = signed;
            matrix[[n, degree + m]] = signed;
            matrix[[2 * degree - n, degree - m]] = value;
        }
    }
    Ok(matrix)
}

fn check_degree(degree: usize) -> Result<()> {
    if degree > MAX_DEGREE {
        return Err(Error::invalid(
            "degree",
            degree,
            format!("0 to {MAX_DEGREE}"),
        ));
    }
    Ok(())
}

fn check_order(what: &str, order: i64) -> Result<()> {
    if order.unsigned_abs() > MAX_DEGREE as u64 {
        return Err(Error::invalid(
            what,
            order,
            format!("-{MAX_DEGREE} to {MAX_DEGREE}"),
        ));
    }
    Ok(())
}
