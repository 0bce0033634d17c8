//! The logistic function $`1/(1+e^{-x})`$, as a mixture of normal distribution functions; see [`logistic`](super::logistic).
//!
//! With weights w and variances s² of the terms, $`D = (q_1+s^2)(q_2+t^2) - k^2`$ and ψ = π/2 + arcsin$`(k/\sqrt{D+k^2})`$,
//! $`2\pi E = \sum w w' \psi`$ and $`2\pi E[\sigma'\sigma'] = \sum w w'/\sqrt D`$.

use super::logistic::{Steps, logistic};
use crate::activation::closed_form::{ClosedForm, u};
use crate::activation::formula::Function;
use crate::activation::pass::{Job, pass};
use crate::activation::slopes::{At, Slopes};
use crate::error::Result;
use crate::expression::Expression;
use std::f64::consts::FRAC_1_PI;

/// $`1/(1+e^{-x})`$
#[derive(Clone, Copy)]
pub(super) struct Sigmoid;

/// A half, and one times the mixture.
const FORMULA: Steps = Steps {
    scale: 1.0,
    factor: 0.5 * FRAC_1_PI,
    middle: 0.25,
};

impl Function for Sigmoid {
    const NAME: &'static str = "sigmoid";
    const GAIN: Option<f64> = Some(1.0);

    fn value(self, x: f64) -> f64 {
        logistic(x)
    }

    fn derivative(self, x: f64) -> f64 {
        logistic(x) * logistic(-x)
    }

    fn closed_form(self) -> ClosedForm {
        let exponential = Expression::call("exp", [-1.0 * u()]);
        ClosedForm::expectations(Some(1.0 / (1.0 + exponential)))
    }

    #[inline(always)]
    fn slopes(self, at: At) -> Slopes {
        FORMULA.slopes(at)
    }

    fn double(self, job: Job<'_, f64>) -> Result<()> {
        pass(FORMULA, Self::GAIN, job)
    }

    fn single(self, job: Job<'_, f32>) -> Result<()> {
        pass(FORMULA, Self::GAIN, job)
    }
}
