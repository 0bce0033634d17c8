//! The two variances of a pair of Gaussian variables, prepared for many covariances.

/// Multiples of ε are of no use below this variance: it counts as zero.
const SMALLEST_VARIANCE: f64 = f64::MIN_POSITIVE;

/// $`q_1 q_2`$ as an unevaluated sum, so that $`q_1 q_2 - k^2`$ has no cancellation error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Product {
    high: f64,
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

    /// $`\max(q_1 q_2 - k^2, 0)`$, within 2 ulp (Kahan's determinant).
    #[inline(always)]
    pub(crate) fn minus_square(&self, k: f64) -> f64 {
        (f64::mul_add(-k, k, self.high) + self.low).max(0.0)
    }
}

/// A pair of variances scaled by powers of two to [1, 4), for activations that are homogeneous:
/// no overflow or underflow, whatever the variances.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScaledPair {
    /// $`\sqrt{q_1 q_2}`$ of the scaled variances.
    pub(crate) root: f64,
    pub(crate) inverse_root: f64,
    product: Product,
    shrink: [f64; 2],
    grow: [f64; 2],
}

/// $`2^{e/2}`$ for $`q = 2^e m`$, e even and 1 ≤ m < 4 (with its inverse); 0 for zero.
#[inline(always)]
fn even_power(q: f64) -> (f64, f64) {
    let exponent = q.to_bits() >> 52;
    // The bias, 1023, is odd: an odd biased exponent is an even power.
    let half = (exponent + 1023) >> 1;
    let grow = f64::from_bits(half << 52);
    let shrink = f64::from_bits((2046 - half) << 52);
    let nothing = q < SMALLEST_VARIANCE;
    (
        if nothing { 0.0 } else { grow },
        if nothing { 0.0 } else { shrink },
    )
}

impl ScaledPair {
    #[inline(always)]
    pub(crate) fn new(q1: f64, q2: f64) -> Self {
        let (grow1, shrink1) = even_power(q1);
        let (grow2, shrink2) = even_power(q2);
        // A zero variance behaves like variance one and covariance zero, scaled by zero.
        let s1 = if shrink1 == 0.0 {
            1.0
        } else {
            q1 * shrink1 * shrink1
        };
        let s2 = if shrink2 == 0.0 {
            1.0
        } else {
            q2 * shrink2 * shrink2
        };
        let root = (s1 * s2).sqrt();
        Self {
            root,
            inverse_root: 1.0 / root,
            product: Product::new(s1, s2),
            shrink: [shrink1, shrink2],
            grow: [grow1, grow2],
        }
    }

    /// The scaled covariance, its correlation and $`\sqrt{1-c^2}`$.
    #[inline(always)]
    pub(crate) fn correlation(&self, k: f64) -> (f64, f64) {
        let k = k * self.shrink[0] * self.shrink[1];
        let sine = self.product.minus_square(k).sqrt() * self.inverse_root;
        ((k * self.inverse_root).clamp(-1.0, 1.0), sine)
    }

    /// Undoes the scaling of a quantity that is linear in the covariance.
    #[inline(always)]
    pub(crate) fn restore(&self, value: f64) -> f64 {
        value * self.root * self.grow[0] * self.grow[1]
    }
}
