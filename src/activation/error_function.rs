//! The error function and its relatives: erf, the erf-shaped sigmoid, the Gaussian bell, GELU.
//!
//! With $`P = (1+gq_1)(1+gq_2)`$ and $`D = P - g^2 k^2`$, g = 2 (GELU: g = 1), they are functions of $`\sqrt D`$ and of
//! the angle $`\arcsin(gk/\sqrt P)`$ (Williams 1997; Tsuchida, Pearce, van der Heide, Roosta, Gallagher 2021).

use super::pair::LiftedPair;
use super::sweep::Expectation;
use crate::special::vector_math::{asin_of_pair, half_turn};
use std::f64::consts::{FRAC_1_PI, FRAC_2_PI, TAU};
use std::hint::select_unpredictable;

/// The width of the sigmoid-like function.
pub(crate) const SIGMOID_WIDTH: f64 = 2.4020563531719796;

/// $`\operatorname{erf} x`$
#[derive(Clone, Copy)]
pub(crate) struct Erf;

impl Expectation for Erf {
    type Pair = LiftedPair;

    #[inline(always)]
    fn pair(&self, q1: f64, q2: f64) -> LiftedPair {
        LiftedPair::new(q1, q2, 2.0)
    }

    #[inline(always)]
    fn at(&self, pair: &LiftedPair, k: f64) -> (f64, f64) {
        let k = k * pair.shrink;
        let root = pair.determinant(k).sqrt();
        let angle = asin_of_pair(k * pair.sine, root * pair.cosine);
        (FRAC_2_PI * angle, (4.0 * FRAC_1_PI * pair.shrink) / root)
    }
}

/// $`(1 + \operatorname{erf}(x/w))/2`$
#[derive(Clone, Copy)]
pub(crate) struct SigmoidLike;

impl SigmoidLike {
    /// $`2/w^2`$
    pub(crate) const GAIN: f64 = 2.0 / (SIGMOID_WIDTH * SIGMOID_WIDTH);
}

impl Expectation for SigmoidLike {
    type Pair = LiftedPair;

    #[inline(always)]
    fn pair(&self, q1: f64, q2: f64) -> LiftedPair {
        LiftedPair::new(q1, q2, Self::GAIN)
    }

    #[inline(always)]
    fn at(&self, pair: &LiftedPair, k: f64) -> (f64, f64) {
        let k = k * pair.shrink;
        let root = pair.determinant(k).sqrt();
        let turn = half_turn(k * pair.sine, root * pair.cosine);
        // (1 + (2/π) arcsin x)/4 and (1/4)(2/π) GAIN / sqrt D.
        (
            turn.angle * (1.0 / TAU),
            (Self::GAIN / TAU * pair.shrink) / root,
        )
    }
}

/// $`e^{-x^2}`$
#[derive(Clone, Copy)]
pub(crate) struct Gaussian;

impl Expectation for Gaussian {
    type Pair = LiftedPair;

    #[inline(always)]
    fn pair(&self, q1: f64, q2: f64) -> LiftedPair {
        LiftedPair::new(q1, q2, 2.0)
    }

    #[inline(always)]
    fn at(&self, pair: &LiftedPair, k: f64) -> (f64, f64) {
        let k = k * pair.shrink;
        let inverse = 1.0 / pair.determinant(k).sqrt();
        let value = pair.shrink * inverse;
        (value, 4.0 * (k * inverse) * (value * value))
    }
}

/// $`x\,\Phi(x)`$
#[derive(Clone, Copy)]
pub(crate) struct Gelu;

impl Expectation for Gelu {
    type Pair = LiftedPair;

    #[inline(always)]
    fn pair(&self, q1: f64, q2: f64) -> LiftedPair {
        LiftedPair::new(q1, q2, 1.0)
    }

    /// With ψ = π/2 + arcsin x, P = (1+q₁)(1+q₂), F = 1 + q₁ + q₂:
    /// 2π E[σσ] = k ψ + (k² + q₁q₂ D)/(P √D), 2π E[σ'σ'] = ψ + (k/√D)(1/D + (1 + F)/P).
    /// Near x = −1 the two terms of the first cancel; there k ψ = −√D (1 − h) with the defect h of
    /// the arc sine at D/P, and the sum is (D (P h − F) + k²)/(P √D).
    #[inline(always)]
    fn at(&self, pair: &LiftedPair, k: f64) -> (f64, f64) {
        let k = k * pair.shrink;
        let determinant = pair.determinant(k);
        let root = determinant.sqrt();
        let inverse = 1.0 / root;
        let turn = half_turn(k * pair.sine, root * pair.cosine);
        let unit = pair.shrink * pair.shrink;
        let square = unit * k * k;
        let over = inverse * pair.inverse;
        let direct = f64::mul_add(
            k,
            turn.angle,
            f64::mul_add(pair.product.high, determinant, square) * over,
        );
        let series = f64::mul_add(
            determinant,
            f64::mul_add(pair.whole, turn.defect, -pair.floor),
            square,
        ) * over;
        let value = select_unpredictable(turn.near_zero, series, direct);
        let slope = f64::mul_add(unit * inverse, inverse, (unit + pair.floor) * pair.inverse);
        (
            value * ((1.0 / TAU) / pair.shrink),
            f64::mul_add(k * inverse, slope, turn.angle) * (1.0 / TAU),
        )
    }
}
