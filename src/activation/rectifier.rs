//! The rectifier.

use super::pair::ScaledPair;
use super::sweep::Expectation;
use crate::special::vector_math::half_turn;
use std::f64::consts::TAU;

/// $`\sigma(x) = \max(x, 0)`$.
#[derive(Clone, Copy)]
pub(crate) struct Relu;

impl Expectation for Relu {
    type Pair = ScaledPair;

    #[inline(always)]
    fn pair(&self, q1: f64, q2: f64) -> ScaledPair {
        ScaledPair::new(q1, q2)
    }

    #[inline(always)]
    fn at(&self, pair: &ScaledPair, k: f64) -> (f64, f64) {
        let (c, sine) = pair.correlation(k);
        let turn = half_turn(c, sine);
        (
            pair.restore(turn.lift * (1.0 / TAU)),
            turn.angle * (1.0 / TAU),
        )
    }
}
