//! $`\operatorname{erf} x`$ (Williams 1997): with $`P = (1+2q_1)(1+2q_2)`$, $`E = \tfrac2\pi \arcsin(2k/\sqrt P)`$ and
//! $`E[\sigma'\sigma'] = \tfrac4\pi / \sqrt{P - 4k^2}`$.

use crate::activation::closed_form::{ClosedForm, define, k, pi, q, q2, u};
use crate::activation::formula::{Function, by_formula};
use crate::activation::pair::{Formula, Lifted, Moments, Points};
use crate::activation::real::Real;
use crate::activation::slopes::{At, Slopes};
use crate::expression::Expression;
use pulp::Simd;
use std::f64::consts::{FRAC_1_PI, FRAC_2_PI, FRAC_2_SQRT_PI, FRAC_PI_2};

/// $`\operatorname{erf} x`$.
#[derive(Clone, Copy)]
pub(super) struct Erf;

impl Function for Erf {
    const NAME: &'static str = "erf";
    const GAIN: Option<f64> = Some(2.0);

    fn value(self, x: f64) -> f64 {
        libm::erf(x)
    }

    fn derivative(self, x: f64) -> f64 {
        FRAC_2_SQRT_PI * (-x * x).exp()
    }

    fn closed_form(self) -> ClosedForm {
        let product = || Expression::from("P");
        ClosedForm {
            function: Some(Expression::call("erf", [u()])),
            lines: vec![define("P", (1.0 + 2.0 * q()) * (1.0 + 2.0 * q2()))],
            value: 2.0 * Expression::call("asin", [2.0 * k() / product().root()]) / pi(),
            derivative: 4.0 / (pi() * (product() - 4.0 * k().power(2)).root()),
        }
    }

    /// With $`A = q_1 + \tfrac12`$, $`B = q_2 + \tfrac12`$ and $`\rho^2 = 1/(AB - k^2)`$: D = 2ρ/π.
    #[inline(always)]
    fn slopes(self, at: At) -> Slopes {
        let d = at.derivative;
        let cube = d * (FRAC_PI_2 * d) * (FRAC_PI_2 * d);
        let lifted = at.q.map(|q| q + 0.5);
        Slopes {
            value: lifted.map(|lifted| -0.5 * at.k * d / lifted),
            derivative: [-0.5 * lifted[1] * cube, -0.5 * lifted[0] * cube],
            bend: at.k * cube,
        }
    }

    by_formula!(both);
}

impl<T: Real> Formula<T> for Erf {
    #[inline(always)]
    fn at<S: Simd>(self, points: Points<S, T>) -> Moments<S, T> {
        // Each lane is one pair of variables. With gain 2, `small` is 2/π times the arc sine of the smaller of sine and cosine; a steep angle
        // is 1 minus that. The sign of k is put back at the end.
        let lifted = Lifted::new(points, 2.0);
        let (steep, small, inverse) = lifted.angle(2.0, FRAC_2_PI);
        let size = steep.select(small.constant(1.0) - small, small);
        Moments {
            value: size ^ lifted.d.k.sign_bit(),
            derivative: inverse * inverse.constant(4.0 * FRAC_1_PI) * points.unit,
            valid: lifted.d.valid,
        }
    }
}
