//! One pair of orders at many angles: the recursion in the degree, vectorised over the angles.

use super::seeds::{CanonicalOrders, HalfAngle, check_angles};
use super::step::Step;
use crate::numeric::extended::{Lanes, Scaled};
use crate::{Error, Result};

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
/// recursion runs on the deviation from its limit at the nearer pole, which avoids cancellation there.
/// Conventions: see [`crate::conventions`]; $`d^1_{10}(\beta) = -\sin\beta/\sqrt 2`$.
///
/// # Cost and accuracy
/// O(1) time per step and angle, vectorised over the angles; O(log ℓ) per angle for the seeds. Stable in the direction of growing ℓ.
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

    /// Advances to the next degree.
    #[inline]
    pub fn advance(&mut self) {
        let CanonicalOrders { major, minor, .. } = self.orders;
        let step = Step::new(self.degree as f64, major as f64, minor as f64);
        let (poles, offsets) = (&self.poles, &self.offsets);
        self.lanes
            .advance(|j, term, increment| step.next(poles[j], offsets[j], term, increment));
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
