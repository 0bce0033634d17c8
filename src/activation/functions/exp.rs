//! $`e^x`$: with $`h = (q_1+q_2)/2`$, $`E[e^u e^v] = e^{h+k}`$. The sum in the exponent is carried with its rounding error, which would
//! otherwise be the relative error of the result.

use crate::activation::closed_form::{ClosedForm, k, q, q2, u};
use crate::activation::formula::{Function, by_formula};
use crate::activation::pair::{Determinant, Formula, Moments, Points};
use crate::activation::slopes::{At, Slopes};
use crate::expression::Expression;
use crate::simd::elementary::exp;
use crate::simd::pack::Pack;
use pulp::Simd;

/// $`e^x`$.
#[derive(Clone, Copy)]
pub(super) struct Exp;

impl Function for Exp {
    const NAME: &'static str = "exp";

    fn value(self, x: f64) -> f64 {
        x.exp()
    }

    fn derivative(self, x: f64) -> f64 {
        x.exp()
    }

    fn closed_form(self) -> ClosedForm {
        let value = Expression::call("exp", [(q() + q2()) / 2.0 + k()]);
        ClosedForm {
            function: Some(Expression::call("exp", [u()])),
            lines: Vec::new(),
            value: value.clone(),
            derivative: value,
        }
    }

    #[inline(always)]
    fn slopes(self, at: At) -> Slopes {
        Slopes {
            value: [0.5 * at.value; 2],
            derivative: [0.5 * at.value; 2],
            bend: at.value,
        }
    }

    by_formula!(double);
}

impl Formula<f64> for Exp {
    #[inline(always)]
    fn at<S: Simd>(self, points: Points<S, f64>) -> Moments<S, f64> {
        // Each lane is one pair of variables: e^{high + low} ≈ e^{high} (1 + low), with the rounding errors in low.
        let (mean, mean_low) = mean_variance(points);
        let (high, low) = two_sum(mean, points.k);
        let value = exp(high);
        let value = value.mul_add(low + mean_low, value);
        Moments {
            value,
            derivative: value,
            valid: Determinant::plain(points).valid,
        }
    }
}

/// A sum and its rounding error, by Knuth's two-sum.
#[inline(always)]
pub(super) fn two_sum<S: Simd>(a: Pack<S, f64>, b: Pack<S, f64>) -> (Pack<S, f64>, Pack<S, f64>) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

/// The mean h of the two variances, as a rounded number and its rounding error.
#[inline(always)]
pub(super) fn mean_variance<S: Simd>(points: Points<S, f64>) -> (Pack<S, f64>, Pack<S, f64>) {
    let [q1, q2] = points.q;
    let half = q1.constant(0.5);
    two_sum(half * q1, half * q2)
}
