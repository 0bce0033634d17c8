//! $`\max(x, 0) + a \min(x, 0) = (1-a)\max(x,0) + a x`$, whose expectations are $`(1-a)^2 E_{relu} + a k`$ and
//! $`(1-a)^2 E[\sigma'\sigma']_{relu} + a`$.

use super::abs::Abs;
use super::relu::bent_slopes;
use super::relu::{rectified, rectify};
use super::sign::step;
use crate::activation::closed_form::{ClosedForm, correlation, half_turn, k, u};
use crate::activation::formula::{Function, Kink, by_formula};
use crate::activation::pair::{Determinant, Formula, Moments, Points};
use crate::activation::real::Real;
use crate::activation::slopes::{At, Slopes};
use crate::expression::Expression;
use pulp::Simd;

/// $`\max(x, 0) + a \min(x, 0)`$.
#[derive(Clone, Copy)]
pub(super) struct LeakyRelu {
    /// a.
    pub slope: f64,
}

impl Function for LeakyRelu {
    const NAME: &'static str = "leaky-relu";
    const GAIN: Option<f64> = Some(0.0);

    fn kink(self) -> Option<Kink> {
        Some(Kink::Bend { slope: self.slope })
    }

    fn value(self, x: f64) -> f64 {
        if x > 0.0 { x } else { self.slope * x }
    }

    fn derivative(self, x: f64) -> f64 {
        self.slope + (1.0 - self.slope) * step(x)
    }

    fn closed_form(self) -> ClosedForm {
        // As for the numbers: the modulus.
        if self.slope == -1.0 {
            return Abs.closed_form();
        }
        let [value, derivative] = rectified();
        let bend = (1.0 - Expression::from(self.slope)).power(2);
        let [rectified, reversed] =
            ["max", "min"].map(|name| Expression::call(name, [u(), 0.0.into()]));
        ClosedForm {
            function: Some(rectified + self.slope * reversed),
            lines: vec![correlation(), half_turn("c".into())],
            value: bend.clone() * value + self.slope * k(),
            derivative: bend * derivative + self.slope,
        }
    }

    #[inline(always)]
    fn slopes(self, at: At) -> Slopes {
        bent_slopes((1.0 - self.slope) * (1.0 - self.slope), at)
    }

    by_formula!(both);
}

impl<T: Real> Formula<T> for LeakyRelu {
    #[inline(always)]
    fn at<S: Simd>(self, points: Points<S, T>) -> Moments<S, T> {
        // A slope of −1 is the modulus; its own formula has no cancellation.
        if self.slope == -1.0 {
            return Abs.at(points);
        }
        let d = Determinant::clamped(points);
        let (value, derivative) = rectify(&d);
        let slope = d.k.constant(self.slope);
        let bend = d.k.constant((1.0 - self.slope) * (1.0 - self.slope));
        Moments {
            value: bend.mul_add(value, slope * d.k) * points.grow,
            derivative: bend.mul_add(derivative, slope),
            valid: d.valid,
        }
    }
}
