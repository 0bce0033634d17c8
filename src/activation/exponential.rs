//! Sine, cosine and the exponential function.
//!
//! With $`h = (q_1+q_2)/2`$: $`E[e^u e^v] = e^{h+k}`$ and $`E[\sin u \sin v] = e^{-h}\sinh k`$,
//! $`E[\cos u\cos v] = e^{-h}\cosh k`$. Sums in an exponent are carried with their rounding error.

use super::sweep::Expectation;
use crate::special::vector_math::{exp, exp_m1};

/// A sum and its rounding error (Knuth).
#[inline(always)]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

/// The mean variance h as an unevaluated sum.
#[derive(Clone, Copy)]
pub(crate) struct MeanVariance {
    high: f64,
    low: f64,
}

impl MeanVariance {
    #[inline(always)]
    fn new(q1: f64, q2: f64) -> Self {
        let (high, low) = two_sum(0.5 * q1, 0.5 * q2);
        Self { high, low }
    }

    /// $`e^{k+h}`$
    #[inline(always)]
    fn exp_sum(&self, k: f64) -> f64 {
        let (high, low) = two_sum(self.high, k);
        let value = exp(high);
        f64::mul_add(value, low + self.low, value)
    }

    /// $`(e^{-h}\sinh k, e^{-h}\cosh k)`$
    #[inline(always)]
    fn damped(&self, k: f64) -> (f64, f64) {
        let a = k.abs();
        let (high, low) = two_sum(a, -self.high);
        // |k| ≤ h for a covariance; the guard may let it exceed h by rounding.
        let envelope = exp(high.min(0.0));
        let envelope = 0.5 * f64::mul_add(envelope, low - self.low, envelope);
        let decay = exp_m1(-2.0 * a);
        ((envelope * -decay).copysign(k), envelope * (2.0 + decay))
    }
}

/// $`\sin x`$
#[derive(Clone, Copy)]
pub(crate) struct Sin;

impl Expectation for Sin {
    type Pair = MeanVariance;

    #[inline(always)]
    fn pair(&self, q1: f64, q2: f64) -> MeanVariance {
        MeanVariance::new(q1, q2)
    }

    #[inline(always)]
    fn at(&self, pair: &MeanVariance, k: f64) -> (f64, f64) {
        pair.damped(k)
    }
}

/// $`\cos x`$
#[derive(Clone, Copy)]
pub(crate) struct Cos;

impl Expectation for Cos {
    type Pair = MeanVariance;

    #[inline(always)]
    fn pair(&self, q1: f64, q2: f64) -> MeanVariance {
        MeanVariance::new(q1, q2)
    }

    #[inline(always)]
    fn at(&self, pair: &MeanVariance, k: f64) -> (f64, f64) {
        let (sine, cosine) = pair.damped(k);
        (cosine, sine)
    }
}

/// $`e^x`$
#[derive(Clone, Copy)]
pub(crate) struct Exp;

impl Expectation for Exp {
    type Pair = MeanVariance;
    const UNBOUNDED: bool = true;

    #[inline(always)]
    fn pair(&self, q1: f64, q2: f64) -> MeanVariance {
        MeanVariance::new(q1, q2)
    }

    #[inline(always)]
    fn at(&self, pair: &MeanVariance, k: f64) -> (f64, f64) {
        let value = pair.exp_sum(k);
        (value, value)
    }
}
