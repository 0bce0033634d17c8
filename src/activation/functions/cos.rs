//! $`\cos x`$: its expectations of value and derivative are the expectations of derivative and value of the sine.

use super::sin::Sin;
use crate::activation::closed_form::{ClosedForm, u};
use crate::activation::formula::{Function, by_formula};
use crate::activation::pair::{Formula, Moments, Points};
use crate::activation::slopes::{At, Slopes};
use crate::expression::Expression;
use pulp::Simd;

/// $`\cos x`$.
#[derive(Clone, Copy)]
pub(super) struct Cos;

impl Function for Cos {
    const NAME: &'static str = "cos";

    fn value(self, x: f64) -> f64 {
        x.cos()
    }

    fn derivative(self, x: f64) -> f64 {
        -x.sin()
    }

    fn closed_form(self) -> ClosedForm {
        let sine = Sin.closed_form();
        ClosedForm {
            function: Some(Expression::call("cos", [u()])),
            value: sine.derivative,
            derivative: sine.value,
            ..sine
        }
    }

    #[inline(always)]
    fn slopes(self, at: At) -> Slopes {
        Sin.slopes(at)
    }

    by_formula!(double);
}

impl Formula<f64> for Cos {
    #[inline(always)]
    fn at<S: Simd>(self, points: Points<S, f64>) -> Moments<S, f64> {
        let sine = Sin.at(points);
        Moments {
            value: sine.derivative,
            derivative: sine.value,
            valid: sine.valid,
        }
    }
}
