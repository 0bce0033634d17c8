//! $`\sin x`$: with $`h = (q_1+q_2)/2`$, $`E[\sin u \sin v] = e^{-h}\sinh k`$ and $`E[\cos u\cos v] = e^{-h}\cosh k`$.

use super::exp::{mean_variance, two_sum};
use crate::activation::closed_form::{ClosedForm, k, q, q2, u};
use crate::activation::formula::{Function, by_formula};
use crate::activation::pair::{Determinant, Formula, Moments, Points};
use crate::activation::slopes::{At, Slopes};
use crate::expression::Expression;
use crate::simd::elementary::{exp, exp_m1};
use pulp::Simd;

/// $`\sin x`$.
#[derive(Clone, Copy)]
pub(super) struct Sin;

impl Function for Sin {
    const NAME: &'static str = "sin";

    fn value(self, x: f64) -> f64 {
        x.sin()
    }

    fn derivative(self, x: f64) -> f64 {
        x.cos()
    }

    fn closed_form(self) -> ClosedForm {
        let [value, derivative] = ["sinh", "cosh"].map(|name| {
            Expression::call("exp", [0.0 - (q() + q2()) / 2.0]) * Expression::call(name, [k()])
        });
        ClosedForm {
            function: Some(Expression::call("sin", [u()])),
            lines: Vec::new(),
            value,
            derivative,
        }
    }

    #[inline(always)]
    fn slopes(self, at: At) -> Slopes {
        Slopes {
            value: [-0.5 * at.value; 2],
            derivative: [-0.5 * at.derivative; 2],
            bend: at.value,
        }
    }

    by_formula!(double);
}

impl Formula<f64> for Sin {
    /// Computes $`e^{-h}\sinh|k|`$ and $`e^{-h}\cosh k`$ from $`e^{|k|-h}`$ and $`e^{-2|k|} - 1`$, one pair of variables per lane. These forms
    /// neither overflow nor cancel.
    #[inline(always)]
    fn at<S: Simd>(self, points: Points<S, f64>) -> Moments<S, f64> {
        let (mean, mean_low) = mean_variance(points);
        let size = points.k.abs();
        let (high, low) = two_sum(size, -mean);
        // |k| ≤ h for a covariance; the guard may let it exceed h by rounding.
        let envelope = exp(high.min(high.constant(0.0)));
        let envelope = envelope.mul_add(low - mean_low, envelope) * high.constant(0.5);
        let decay = exp_m1(size * size.constant(-2.0));
        Moments {
            value: (envelope * -decay).abs() ^ points.k.sign_bit(),
            derivative: envelope * (decay + decay.constant(2.0)),
            valid: Determinant::plain(points).valid,
        }
    }
}
