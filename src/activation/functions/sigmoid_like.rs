//! $`(1 + \operatorname{erf}(x/w))/2`$: with $`g = 2/w^2`$, $`P = (1+gq_1)(1+gq_2)`$ and ψ = π/2 + arcsin$`(gk/\sqrt P)`$,
//! $`2\pi E = \psi`$ and $`2\pi E[\sigma'\sigma'] = g/\sqrt{P - g^2k^2}`$.

use crate::activation::closed_form::{ClosedForm, define, half_turn, k, pi, psi, q, q2, u};
use crate::activation::formula::{Function, by_formula};
use crate::activation::pair::{Formula, Lifted, Moments, PER_TURN, Points, turn};
use crate::activation::real::Real;
use crate::activation::slopes::{At, Slopes};
use crate::expression::Expression;
use pulp::Simd;
use std::f64::consts::{FRAC_2_SQRT_PI, TAU};

/// The width w.
const WIDTH: f64 = 2.4020563531719796;

/// The gain $`g = 2/w^2`$.
const GAIN: f64 = 2.0 / (WIDTH * WIDTH);

/// $`(1 + \operatorname{erf}(x/w))/2`$.
#[derive(Clone, Copy)]
pub(super) struct SigmoidLike;

impl Function for SigmoidLike {
    const NAME: &'static str = "sigmoid-like";
    const GAIN: Option<f64> = Some(GAIN);

    fn value(self, x: f64) -> f64 {
        0.5 * libm::erfc(-x / WIDTH)
    }

    fn derivative(self, x: f64) -> f64 {
        let x = x / WIDTH;
        0.5 * FRAC_2_SQRT_PI / WIDTH * (-x * x).exp()
    }

    fn closed_form(self) -> ClosedForm {
        let [gain, product] = ["a", "P"].map(Expression::from);
        let root = (product.clone() - gain.clone().power(2) * k().power(2)).root();
        let sine = gain.clone() * k() / product.root();
        let lifted = |variance| 1.0 + gain.clone() * variance;
        ClosedForm {
            function: Some((1.0 + Expression::call("erf", [u() / WIDTH])) / 2.0),
            lines: vec![
                define("a", 2.0 / Expression::from(WIDTH).power(2)),
                define("P", lifted(q()) * lifted(q2())),
                half_turn(sine),
            ],
            value: psi() / (2.0 * pi()),
            derivative: gain.clone() / (2.0 * pi() * root),
        }
    }

    /// As for erf, with all variables divided by w².
    #[inline(always)]
    fn slopes(self, at: At) -> Slopes {
        const SQUARE: f64 = WIDTH * WIDTH;
        let (d, k) = (at.derivative, at.k / SQUARE);
        let root = TAU * SQUARE * d;
        let cube = d * root * root / SQUARE;
        let lifted = at.q.map(|q| q / SQUARE + 0.5);
        Slopes {
            value: lifted.map(|lifted| -0.5 * k * d / lifted),
            derivative: [-0.5 * lifted[1] * cube, -0.5 * lifted[0] * cube],
            bend: k * cube,
        }
    }

    by_formula!(both);
}

impl<T: Real> Formula<T> for SigmoidLike {
    #[inline(always)]
    fn at<S: Simd>(self, points: Points<S, T>) -> Moments<S, T> {
        let lifted = Lifted::new(points, GAIN);
        let (steep, small, inverse) = lifted.angle(GAIN, PER_TURN);
        Moments {
            value: turn(steep, small, lifted.d.k),
            derivative: inverse * inverse.constant(GAIN / TAU) * points.unit,
            valid: lifted.d.valid,
        }
    }
}
