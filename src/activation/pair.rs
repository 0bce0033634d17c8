//! The two variances of a pair of Gaussian variables, prepared for many covariances.
//!
//! Both preparations scale by powers of two, which is exact, so that no product of variances
//! overflows or underflows. The scaled variances are written m₁ = q₁ a², m₂ = q₂ b².

use std::hint::select_unpredictable;

/// A variance below this counts as zero: subnormal numbers carry no relative accuracy.
const SMALLEST_VARIANCE: f64 = f64::MIN_POSITIVE;

/// $`m_1 m_2`$ as an unevaluated sum, so that $`m_1 m_2 - k^2`$ has no cancellation error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Product {
    pub(crate) high: f64,
    low: f64,
}

impl Product {
    #[inline(always)]
    pub(crate) fn new(q1: f64, q2: f64) -> Self {
        let high = q1 * q2;
        Self {
            high,
            low: f64::mul_add(q1, q2, -high),
        }
    }

    /// $`\max(m_1 m_2 - k^2, 0)`$, within 2 ulp (Kahan's determinant).
    #[inline(always)]
    pub(crate) fn minus_square(&self, k: f64) -> f64 {
        (f64::mul_add(-k, k, self.high) + self.low).max(0.0)
    }
}

/// $`2^{-e/2}`$ and $`2^{e/2}`$ for $`q = 2^e m`$ with e even and 1 ≤ m < 4.
#[inline(always)]
fn half_exponent(q: f64) -> (f64, f64) {
    let exponent = q.to_bits() >> 52;
    // The bias, 1023, is odd: this is the biased e/2, rounded down.
    let half = (exponent + 1023) >> 1;
    (
        f64::from_bits((2046 - half) << 52),
        f64::from_bits(half << 52),
    )
}

/// Variances for activations that are homogeneous of degree one, or of any degree after
/// division by the standard deviations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScaledPair {
    /// $`\sqrt{q_1 q_2}`$
    pub(crate) root: f64,
    /// $`1/\sqrt{m_1 m_2}`$
    inverse_root: f64,
    product: Product,
    /// $`m_1 m_2 - k^2`$ below this is rounding.
    noise: f64,
    /// $`a b`$
    shrink: f64,
}

impl ScaledPair {
    /// # Arguments
    /// * `noise` — relative to $`q_1 q_2`$, what of $`q_1 q_2 - k^2`$ is rounding: less counts as zero
    #[inline(always)]
    pub(crate) fn new(q1: f64, q2: f64, noise: f64) -> Self {
        let (a, grow_a) = half_exponent(q1);
        let (b, grow_b) = half_exponent(q2);
        // If a variance is zero, so is the covariance: variances one, scaled by zero.
        let nothing = (q1 < SMALLEST_VARIANCE) | (q2 < SMALLEST_VARIANCE);
        let m1 = if nothing { 1.0 } else { q1 * a * a };
        let m2 = if nothing { 1.0 } else { q2 * b * b };
        let root = (m1 * m2).sqrt();
        Self {
            root: if nothing { 0.0 } else { root * grow_a * grow_b },
            inverse_root: 1.0 / root,
            product: Product::new(m1, m2),
            noise: noise * (m1 * m2),
            shrink: if nothing { 0.0 } else { a * b },
        }
    }

    /// How many numbers [`Self::fields`] gives.
    pub(crate) const FIELDS: usize = 6;

    /// The numbers it consists of, [`Self::root`] first.
    #[inline(always)]
    pub(crate) fn fields(&self) -> [f64; Self::FIELDS] {
        let Product { high, low } = self.product;
        [
            self.root,
            self.inverse_root,
            high,
            low,
            self.noise,
            self.shrink,
        ]
    }

    /// The inverse of [`Self::fields`].
    #[inline(always)]
    pub(crate) fn from_fields(fields: [f64; Self::FIELDS]) -> Self {
        let [root, inverse_root, high, low, noise, shrink] = fields;
        Self {
            root,
            inverse_root,
            product: Product { high, low },
            noise,
            shrink,
        }
    }

    /// The correlation c and $`\sqrt{1-c^2}`$. Within the guard |c| may exceed 1 by as much, at a
    /// sine of 0.
    #[inline(always)]
    pub(crate) fn correlation(&self, k: f64) -> (f64, f64) {
        let k = k * self.shrink;
        let square = self.product.minus_square(k);
        let square = select_unpredictable(square < self.noise, 0.0, square);
        (k * self.inverse_root, square.sqrt() * self.inverse_root)
    }
}

/// Variances for functions of $`D = (1 + g q_1)(1 + g q_2) - g^2 k^2`$ with a gain g.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LiftedPair {
    /// $`m_1 m_2`$, without the gain, whose rounding would spoil the difference to k².
    pub(crate) product: Product,
    /// $`a b`$, at most 1
    pub(crate) shrink: f64,
    /// $`g^2`$
    gain_squared: f64,
    /// $`(1 + g q_1 + g q_2) a^2 b^2`$
    pub(crate) floor: f64,
    /// $`P a^2 b^2`$ with $`P = (1+g q_1)(1+g q_2)`$
    pub(crate) whole: f64,
    /// $`1/(P a^2 b^2)`$
    pub(crate) inverse: f64,
    /// $`1/(\sqrt P a b)`$, which turns $`\sqrt D`$ into a cosine
    pub(crate) cosine: f64,
    /// $`g/(\sqrt P a b)`$, which turns k into a sine
    pub(crate) sine: f64,
}

impl LiftedPair {
    #[inline(always)]
    pub(crate) fn new(q1: f64, q2: f64, gain: f64) -> Self {
        let a = half_exponent(q1.max(1.0)).0;
        let b = half_exponent(q2.max(1.0)).0;
        let (m1, m2) = (q1 * a * a, q2 * b * b);
        let (a2, b2) = (a * a, b * b);
        let whole = f64::mul_add(gain, m1, a2) * f64::mul_add(gain, m2, b2);
        let cosine = 1.0 / whole.sqrt();
        Self {
            product: Product::new(m1, m2),
            shrink: a * b,
            gain_squared: gain * gain,
            floor: f64::mul_add(gain, f64::mul_add(m1, b2, m2 * a2), a2 * b2),
            whole,
            inverse: 1.0 / whole,
            cosine,
            sine: gain * cosine,
        }
    }

    /// $`D a^2 b^2`$ for the scaled covariance, a sum of positive terms.
    #[inline(always)]
    pub(crate) fn determinant(&self, k: f64) -> f64 {
        f64::mul_add(self.gain_squared, self.product.minus_square(k), self.floor)
    }
}
