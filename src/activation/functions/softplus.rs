//! $`\ln(1+e^x)`$, the integral of the logistic function; see [`logistic`](super::logistic).
//!
//! The integral of $`\Phi(x/s)`$ is $`E[\max(x + s\xi, 0)]`$ over a normal ξ. With the notation of [`sigmoid`](super::sigmoid),
//! $`2\pi E = \sum w w' (\sqrt D + k\psi)`$ and $`2\pi E[\sigma'\sigma'] = \sum w w' \psi`$.

use super::logistic::{Ramps, logistic};
use crate::activation::closed_form::{ClosedForm, u};
use crate::activation::formula::Function;
use crate::activation::pass::{Job, pass};
use crate::activation::slopes::{At, Slopes};
use crate::error::Result;
use crate::expression::Expression;

/// $`\ln(1+e^x)`$
#[derive(Clone, Copy)]
pub(super) struct Softplus;

impl Function for Softplus {
    const NAME: &'static str = "softplus";
    const GAIN: Option<f64> = Some(1.0);

    fn value(self, x: f64) -> f64 {
        x.max(0.0) + (-x.abs()).exp().ln_1p()
    }

    fn derivative(self, x: f64) -> f64 {
        logistic(x)
    }

    fn closed_form(self) -> ClosedForm {
        let exponential = Expression::call("exp", [u()]);
        ClosedForm::expectations(Some(Expression::call("ln", [1.0 + exponential])))
    }

    #[inline(always)]
    fn slopes(self, at: At) -> Slopes {
        Ramps { integral: 1.0 }.slopes(at)
    }

    fn double(self, job: Job<'_, f64>) -> Result<()> {
        pass(Ramps { integral: 1.0 }, Self::GAIN, job)
    }

    fn single(self, job: Job<'_, f32>) -> Result<()> {
        pass(Ramps { integral: 1.0 }, Self::GAIN, job)
    }
}
