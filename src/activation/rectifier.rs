//! Piecewise linear functions and the sign (arc-cosine kernels, Cho and Saul 2009).
//!
//! With c the correlation and ψ = π/2 + arcsin c: $`2\pi E = \sqrt{q_1 q_2}(\sqrt{1-c^2} + c\,\psi)`$ for
//! the rectifier and $`2\pi E[\sigma'\sigma'] = \psi`$.

use super::pair::ScaledPair;
use super::sweep::Expectation;
use crate::special::vector_math::{asin_of_pair, half_turn};
use std::f64::consts::{FRAC_2_PI, TAU};

/// $`\max(x, 0)`$
#[derive(Clone, Copy)]
pub(crate) struct Relu {
    /// As for [`ScaledPair::new`].
    pub(crate) noise: f64,
}

impl Expectation for Relu {
    type Pair = ScaledPair;

    #[inline(always)]
    fn pair(&self, q1: f64, q2: f64) -> ScaledPair {
        ScaledPair::new(q1, q2, self.noise)
    }

    #[inline(always)]
    fn at(&self, pair: &ScaledPair, k: f64) -> (f64, f64) {
        let (c, sine) = pair.correlation(k);
        let turn = half_turn(c, sine);
        (
            turn.lift(c, sine) * (pair.root * (1.0 / TAU)),
            turn.angle * (1.0 / TAU),
        )
    }
}

/// $`\max(x, 0) + a \min(x, 0)`$, which is $`(1-a)\max(x,0) + a x`$.
#[derive(Clone, Copy)]
pub(crate) struct LeakyRelu {
    pub(crate) slope: f64,
    /// As for [`ScaledPair::new`].
    pub(crate) noise: f64,
}

impl Expectation for LeakyRelu {
    type Pair = ScaledPair;
    const UNBOUNDED: bool = true;

    #[inline(always)]
    fn pair(&self, q1: f64, q2: f64) -> ScaledPair {
        ScaledPair::new(q1, q2, self.noise)
    }

    #[inline(always)]
    fn at(&self, pair: &ScaledPair, k: f64) -> (f64, f64) {
        let (value, derivative) = Relu { noise: self.noise }.at(pair, k);
        let a = self.slope;
        let bend = (1.0 - a) * (1.0 - a);
        (
            f64::mul_add(bend, value, a * k),
            f64::mul_add(bend, derivative, a),
        )
    }
}

/// $`|x|`$
#[derive(Clone, Copy)]
pub(crate) struct Abs {
    /// As for [`ScaledPair::new`].
    pub(crate) noise: f64,
}

impl Expectation for Abs {
    type Pair = ScaledPair;

    #[inline(always)]
    fn pair(&self, q1: f64, q2: f64) -> ScaledPair {
        ScaledPair::new(q1, q2, self.noise)
    }

    #[inline(always)]
    fn at(&self, pair: &ScaledPair, k: f64) -> (f64, f64) {
        let (c, sine) = pair.correlation(k);
        let angle = asin_of_pair(c, sine);
        (
            f64::mul_add(c, angle, sine) * (pair.root * FRAC_2_PI),
            angle * FRAC_2_PI,
        )
    }
}

/// −1, 0 or 1
#[derive(Clone, Copy)]
pub(crate) struct Sign {
    /// As for [`ScaledPair::new`].
    pub(crate) noise: f64,
}

impl Expectation for Sign {
    type Pair = ScaledPair;

    #[inline(always)]
    fn pair(&self, q1: f64, q2: f64) -> ScaledPair {
        ScaledPair::new(q1, q2, self.noise)
    }

    #[inline(always)]
    fn at(&self, pair: &ScaledPair, k: f64) -> (f64, f64) {
        let (c, sine) = pair.correlation(k);
        (asin_of_pair(c, sine) * FRAC_2_PI, 0.0)
    }
}
