//! $`x/(1+e^{-x})`$, also named swish; see [`logistic`](super::logistic).
//!
//! A term is $`x\,\Phi(x/s)`$, for s = 1 the [gelu](super::gelu). By Stein's identity, with the notation of [`sigmoid`](super::sigmoid),
//! $`A = q_1 + s^2`$, $`B = q_2 + t^2`$ and $`\nu = s^2/A + t^2/B`$,
//! ```math
//! 2\pi E = \sum w w' \left(k\psi + \frac{q_1 q_2 - k^2 + k^2 \nu}{\sqrt D}\right), \qquad
//! 2\pi E[\sigma'\sigma'] = \sum w w' \left(\psi + \frac{k}{\sqrt D}\left(\nu + \frac{s^2 t^2}{D}\right)\right) .
//! ```

use super::logistic::{Ramps, logistic};
use crate::activation::closed_form::{ClosedForm, u};
use crate::activation::formula::Function;
use crate::activation::pass::{Job, pass};
use crate::activation::slopes::{At, Slopes};
use crate::error::Result;
use crate::expression::Expression;

/// $`x/(1+e^{-x})`$
#[derive(Clone, Copy)]
pub(super) struct Silu;

impl Function for Silu {
    const NAME: &'static str = "silu";
    const GAIN: Option<f64> = Some(1.0);

    fn value(self, x: f64) -> f64 {
        x * logistic(x)
    }

    fn derivative(self, x: f64) -> f64 {
        logistic(x) * x.mul_add(logistic(-x), 1.0)
    }

    fn closed_form(self) -> ClosedForm {
        let exponential = Expression::call("exp", [-1.0 * u()]);
        ClosedForm::expectations(Some(u() / (1.0 + exponential)))
    }

    #[inline(always)]
    fn slopes(self, at: At) -> Slopes {
        Ramps { integral: 0.0 }.slopes(at)
    }

    fn double(self, job: Job<'_, f64>) -> Result<()> {
        pass(Ramps { integral: 0.0 }, Self::GAIN, job)
    }

    fn single(self, job: Job<'_, f32>) -> Result<()> {
        pass(Ramps { integral: 0.0 }, Self::GAIN, job)
    }
}
