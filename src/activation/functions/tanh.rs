//! $`\tanh x = 2\sigma(2x) - 1`$ with the logistic function σ; see [`sigmoid`](super::sigmoid). With the variances s²/4,
//! $`E = \tfrac2\pi \sum w w' \arcsin(k/\sqrt{D+k^2})`$ and $`E[\sigma'\sigma'] = \tfrac2\pi \sum w w'/\sqrt D`$.

use super::logistic::Steps;
use crate::activation::closed_form::{ClosedForm, u};
use crate::activation::formula::Function;
use crate::activation::pass::{Job, pass};
use crate::activation::slopes::{At, Slopes};
use crate::error::Result;
use crate::expression::Expression;
use std::f64::consts::FRAC_2_PI;

/// $`\tanh x`$
#[derive(Clone, Copy)]
pub(super) struct Tanh;

/// Twice the mixture at twice the argument.
const FORMULA: Steps = Steps {
    scale: 0.25,
    factor: FRAC_2_PI,
    middle: 0.0,
};

impl Function for Tanh {
    const NAME: &'static str = "tanh";
    const GAIN: Option<f64> = Some(4.0);

    fn value(self, x: f64) -> f64 {
        libm::tanh(x)
    }

    fn derivative(self, x: f64) -> f64 {
        // 1 − tanh², without its cancellation.
        let small = (-2.0 * x.abs()).exp();
        4.0 * small / ((1.0 + small) * (1.0 + small))
    }

    fn closed_form(self) -> ClosedForm {
        ClosedForm::expectations(Some(Expression::call("tanh", [u()])))
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
