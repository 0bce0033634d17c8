//! $`\max(x, 0)`$ (arc-cosine kernel of order 1, Cho and Saul 2009).
//!
//! With the correlation c and ψ = π/2 + arcsin c, $`2\pi E = \sqrt{q_1 q_2}(\sqrt{1-c^2} + c\,\psi)`$ and
//! $`2\pi E[\sigma'\sigma'] = \psi`$.

use super::sign::step;
use crate::activation::closed_form::{
    ClosedForm, correlation, half_turn, k, pi, psi, sine_side, u,
};
use crate::activation::formula::{Function, Kink, by_formula};
use crate::activation::pair::{Determinant, Formula, Moments, PER_TURN, Points, defect, turn};
use crate::activation::real::Real;
use crate::activation::slopes::{At, Slopes, reciprocal};
use crate::expression::Expression;
use crate::simd::pack::{Pack, difference_of_products};
use pulp::Simd;

/// $`\max(x, 0)`$.
#[derive(Clone, Copy)]
pub(super) struct Relu;

impl Function for Relu {
    const NAME: &'static str = "relu";
    const GAIN: Option<f64> = Some(0.0);

    fn kink(self) -> Option<Kink> {
        Some(Kink::Bend { slope: 0.0 })
    }

    fn value(self, x: f64) -> f64 {
        x.max(0.0)
    }

    fn derivative(self, x: f64) -> f64 {
        step(x)
    }

    fn closed_form(self) -> ClosedForm {
        let [value, derivative] = rectified();
        ClosedForm {
            function: Some(Expression::call("max", [u(), 0.0.into()])),
            lines: vec![correlation(), half_turn("c".into())],
            value,
            derivative,
        }
    }

    #[inline(always)]
    fn slopes(self, at: At) -> Slopes {
        bent_slopes(1.0, at)
    }

    by_formula!(both);
}

/// Both expectations as formulas, in ψ.
pub(super) fn rectified() -> [Expression; 2] {
    [
        (sine_side() + k() * psi()) / (2.0 * pi()),
        psi() / (2.0 * pi()),
    ]
}

impl<T: Real> Formula<T> for Relu {
    #[inline(always)]
    fn at<S: Simd>(self, points: Points<S, T>) -> Moments<S, T> {
        let d = Determinant::clamped(points);
        let (value, derivative) = rectify(&d);
        Moments {
            value: value * points.grow,
            derivative,
            valid: d.valid,
        }
    }
}

/// Computes both expectations for scaled variables, one pair of variables per lane.
///
/// The angle comes from a rational function of the smaller of sine and cosine, whose denominator is part of the only division. For
/// k = q₁ = q₂ the determinant is exactly 0, and the result is exact. Near c = −1 the two terms of the value cancel, so the value is computed
/// as $`\sin\psi`$ times the defect of the arc sine. Both forms are computed in every lane, and a mask selects one.
#[inline(always)]
pub(super) fn rectify<S: Simd, T: Real>(d: &Determinant<S, T>) -> (Pack<S, T>, Pack<S, T>) {
    let sine = d.value.sqrt();
    let steep = sine.below(d.size);
    let t = sine.min(d.size);
    let m = sine.max(d.size).max(Pack::splat_like(d.k, T::TINY));
    let ratio = t * d.inverse;
    let z = ratio * ratio;
    let (upper, lower) = defect(z.constant(0.5) - z);
    let lifted = z * upper;
    let scaled = t.constant(PER_TURN) * t / (m * lower);
    let turn = turn(steep, scaled * (lower - lifted), d.k);
    let near_zero = steep & d.k.below(d.k.constant(0.0));
    let direct = d.k.mul_add(turn, sine * sine.constant(PER_TURN));
    (near_zero.select(scaled * (m * lifted), direct), turn)
}

/// The derivatives for a function that is linear on either side of 0, with the square of the change of its slope.
///
/// With $`s = \sqrt{q_1 q_2 - k^2}`$ those of the rectifier are $`E_{q_1} = s/4\pi q_1`$, $`D_k = 1/2\pi s`$ and
/// $`D_{q_1} = -k D_k/2q_1`$. Where s is but rounding, the derivatives of D are zero: the mean of both one-sided derivatives.
#[inline(always)]
pub(super) fn bent_slopes(bend: f64, at: At) -> Slopes {
    let [q1, q2] = at.q;
    let square = difference_of_products(q1, q2, at.k, at.k);
    let apart = square > at.noise * (q1 * q2);
    let sine = if apart { square.sqrt() } else { 0.0 };
    let inverse = if apart { 1.0 / sine } else { 0.0 };
    let over = at.q.map(|q| 0.5 * reciprocal(q));
    let kink = bend * PER_TURN * inverse;
    let value = bend * PER_TURN * sine;
    Slopes {
        value: over.map(|over| value * over),
        derivative: over.map(|over| -at.k * kink * over),
        bend: kink,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tol;
    use std::f64::consts::{PI, TAU};

    /// sin ψ − ψ cos ψ, by its series below 1.
    fn lift(psi: f64) -> f64 {
        if psi > 1.0 {
            return psi.sin() - psi * psi.cos();
        }
        let (mut sum, mut term) = (0.0, psi);
        for m in 1..15 {
            let m = f64::from(m);
            term *= -psi * psi / (2.0 * m * (2.0 * m + 1.0));
            sum -= 2.0 * m * term;
        }
        sum
    }

    #[test]
    fn half_turns() {
        const SAMPLES: i32 = 200_000;
        let check = |psi: f64| {
            let d = Determinant::of_correlation(-psi.cos(), psi.sin());
            let (value, angle) = rectify(&d);
            let error = (TAU * angle.register - psi).abs();
            assert!(error <= tol::ELEMENTARY * psi, "angle {psi:e}");
            let error = (TAU * value.register - lift(psi)).abs();
            // The rounding errors of the sine, and of its square and root, enter three times.
            let bound = 3.0 * (tol::ELEMENTARY + tol::ROOT_OF_SQUARE);
            assert!(error <= bound * lift(psi), "lift {psi:e}");
        };
        for i in 1..SAMPLES {
            check(PI * f64::from(i) / f64::from(SAMPLES));
        }
        for exponent in -100..0 {
            check(10f64.powi(exponent));
        }
        for (k, want) in [(-1.0, [0.0, 0.0]), (1.0, [0.5, 0.5])] {
            let (value, angle) = rectify(&Determinant::of_correlation(k, 0.0));
            assert_eq!([value.register, angle.register], want);
        }
    }
}
