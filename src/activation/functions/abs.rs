//! $`|x|`$: with the correlation c, $`E = \tfrac2\pi \sqrt{q_1 q_2}(\sqrt{1-c^2} + c \arcsin c)`$ and
//! $`E[\sigma'\sigma'] = \tfrac2\pi \arcsin c`$.

use super::relu::bent_slopes;
use super::sign::{arcsine_size, sign};
use crate::activation::closed_form::{ClosedForm, correlation, k, pi, sine_side, u};
use crate::activation::formula::{Function, Kink, by_formula};
use crate::activation::pair::{Determinant, Formula, Moments, Points};
use crate::activation::real::Real;
use crate::activation::slopes::{At, Slopes};
use crate::expression::Expression;
use pulp::Simd;
use std::f64::consts::FRAC_2_PI;

/// $`|x|`$.
#[derive(Clone, Copy)]
pub(super) struct Abs;

impl Function for Abs {
    const NAME: &'static str = "abs";
    const GAIN: Option<f64> = Some(0.0);

    fn kink(self) -> Option<Kink> {
        Some(Kink::Bend { slope: -1.0 })
    }

    fn value(self, x: f64) -> f64 {
        x.abs()
    }

    fn derivative(self, x: f64) -> f64 {
        sign(x)
    }

    fn closed_form(self) -> ClosedForm {
        let angle = Expression::call("asin", ["c".into()]);
        ClosedForm {
            function: Some(Expression::call("abs", [u()])),
            lines: vec![correlation()],
            value: 2.0 * (sine_side() + k() * angle.clone()) / pi(),
            derivative: 2.0 * angle / pi(),
        }
    }

    #[inline(always)]
    fn slopes(self, at: At) -> Slopes {
        bent_slopes(4.0, at)
    }

    by_formula!(both);
}

impl<T: Real> Formula<T> for Abs {
    #[inline(always)]
    fn at<S: Simd>(self, points: Points<S, T>) -> Moments<S, T> {
        // Each lane is one pair of variables: E = |k| angle + (2/π) √(q₁q₂ − k²) with angle = (2/π) arcsin |c|. Both terms are positive.
        let d = Determinant::clamped(points);
        let sine = d.value.sqrt();
        let angle = arcsine_size(&d, sine);
        Moments {
            value: d.size.mul_add(angle, sine * sine.constant(FRAC_2_PI)) * points.grow,
            derivative: angle ^ d.k.sign_bit(),
            valid: d.valid,
        }
    }
}
