//! The division of features by their root mean square over the channels.
//!
//! In wide layers the root mean square of the features of a signal is $`\sqrt q`$, and its derivative by the weights is of order 1/n. Both
//! kernels are therefore divided by $`\sqrt{q_1 q_2}`$, as if the function x ↦ x/√q acted on each feature.

use crate::activation::closed_form::{ClosedForm, k, q, q2, u};
use crate::activation::formula::{Function, by_formula};
use crate::activation::pair::{Determinant, Formula, Moments, Points};
use crate::activation::real::Real;
use crate::activation::slopes::{At, Slopes, reciprocal};
use crate::expression::Expression;
use pulp::Simd;

/// $`x/\sqrt q`$, zero for q = 0.
#[derive(Clone, Copy)]
pub(super) struct Normalisation;

impl Function for Normalisation {
    const NAME: &'static str = "normalisation";
    const GAIN: Option<f64> = Some(0.0);

    /// The value for q = 1.
    fn value(self, x: f64) -> f64 {
        x
    }

    /// The derivative for q = 1.
    fn derivative(self, _: f64) -> f64 {
        1.0
    }

    fn closed_form(self) -> ClosedForm {
        let size = || (q() * q2()).root();
        ClosedForm {
            function: Some(u() / q().root()),
            lines: Vec::new(),
            value: k() / size(),
            derivative: Expression::from(1.0) / size(),
        }
    }

    #[inline(always)]
    fn slopes(self, at: At) -> Slopes {
        Slopes {
            value: at.q.map(|q| -0.5 * at.value * reciprocal(q)),
            derivative: at.q.map(|q| -0.5 * at.derivative * reciprocal(q)),
            bend: 0.0,
        }
    }

    by_formula!(both);
}

impl<T: Real> Formula<T> for Normalisation {
    #[inline(always)]
    fn at<S: Simd>(self, points: Points<S, T>) -> Moments<S, T> {
        let [f1, f2] = points.factors;
        Moments {
            value: points.k * f1 * f2,
            // The factors belong to scaled variances, whose roots are √q times the units.
            derivative: f1 * f2 * points.unit,
            valid: Determinant::plain(points).valid,
        }
    }
}
