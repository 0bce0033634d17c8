//! $`x\,\Phi(x)`$ with the distribution function Φ of the normal law (Tsuchida, Pearce, van der Heide, Roosta, Gallagher 2021).
//!
//! With $`P = (1+q_1)(1+q_2)`$, $`F = 1 + q_1 + q_2`$, $`D = P - k^2`$ and ψ = π/2 + arcsin$`(k/\sqrt P)`$:
//! ```math
//! 2\pi E = k\psi + \frac{k^2 + q_1 q_2 D}{P \sqrt D}, \qquad
//! 2\pi E[\sigma'\sigma'] = \psi + \frac{k}{\sqrt D}\left(\frac1D + \frac{1 + F}{P}\right) .
//! ```
//! Near a sine $`k/\sqrt P`$ of −1 the two terms of E cancel. There $`k\psi = -\sqrt D\,(1 - h)`$ with the defect h of the arc sine at
//! $`D/P`$, and $`2\pi E = (D\,(P h - F) + k^2)/(P \sqrt D)`$.

use crate::activation::closed_form::{ClosedForm, define, half_turn, k, pi, psi, q, q2, u};
use crate::activation::formula::{Function, by_formula};
use crate::activation::pair::{Formula, Lifted, Moments, PER_TURN, Points, defect, turn};
use crate::activation::real::Real;
use crate::expression::Expression;
use pulp::Simd;
use std::f64::consts::{FRAC_1_SQRT_2, TAU};

/// $`x\,\Phi(x)`$.
#[derive(Clone, Copy)]
pub(super) struct Gelu;

/// Φ, the distribution function of the normal law.
fn normal(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

impl Function for Gelu {
    const NAME: &'static str = "gelu";
    const GAIN: Option<f64> = Some(1.0);

    fn value(self, x: f64) -> f64 {
        x * normal(x)
    }

    fn derivative(self, x: f64) -> f64 {
        normal(x) + x * (-0.5 * x * x).exp() / TAU.sqrt()
    }

    fn closed_form(self) -> ClosedForm {
        let [product, floor, whole] = ["P", "F", "D"].map(Expression::from);
        let root = whole.clone().root();
        let value = (k().power(2) + q() * q2() * whole.clone()) / (product.clone() * root.clone());
        let bend = 1.0 / whole + (1.0 + floor) / product.clone();
        ClosedForm {
            function: Some(u() * Expression::call("Φ", [u()])),
            lines: vec![
                define("P", (1.0 + q()) * (1.0 + q2())),
                define("F", 1.0 + q() + q2()),
                define("D", product.clone() - k().power(2)),
                half_turn(k() / product.root()),
            ],
            value: (k() * psi() + value) / (2.0 * pi()),
            derivative: (psi() + k() * bend / root) / (2.0 * pi()),
        }
    }

    by_formula!(both);
}

impl<T: Real> Formula<T> for Gelu {
    /// Each lane is one pair of variables. Both forms of E are computed in every lane, and a mask selects one.
    ///
    /// With t and m the smaller and the larger of sine and cosine and the denominator Q of the defect, $`t/(m Q)`$ and $`1/\sqrt D`$ come
    /// from one division.
    #[inline(always)]
    fn at<S: Simd>(self, points: Points<S, T>) -> Moments<S, T> {
        let Lifted {
            d,
            floor,
            whole,
            root,
        } = Lifted::new(points, 1.0);
        let one = root.constant(1.0);
        let units = points.units[0] * points.units[1];
        let (sine, cosine) = (d.size * d.inverse, root * d.inverse);
        let steep = cosine.below(sine);
        // The larger of sine and cosine is at least √½, except in lanes of a partial register that are filled with zeros.
        let (t, m) = (sine.min(cosine), sine.max(cosine).max(one.constant(0.5)));
        let z = t * t;
        let (upper, lower) = defect(z.constant(0.5) - z);
        let lifted = z * upper;
        let slope = m * lower;
        let quotient = one / (root * slope);
        let inverse = slope * quotient;
        let part = root * quotient;
        let turn = turn(
            steep,
            t * t.constant(PER_TURN) * part * (lower - lifted),
            d.k,
        );
        let defect = lifted * m * part;
        let factors = d.inverse * d.inverse;
        let square = d.k * d.k * units;
        let over = inverse * factors * one.constant(PER_TURN);
        let direct = d.k.mul_add(turn, d.product.mul_add(whole, square) * over);
        let product = (points.q[0] + points.units[0]) * (points.q[1] + points.units[1]);
        let series = whole.mul_add(product.mul_add(defect, -floor), square) * over;
        let near_zero = steep & d.k.below(one.constant(0.0));
        let bend = (inverse * units).mul_add(inverse, (units + floor) * factors);
        let lean = d.k * inverse * one.constant(PER_TURN);
        Moments {
            value: near_zero.select(series, direct) * points.grow,
            derivative: lean.mul_add(bend, turn),
            valid: d.valid,
        }
    }
}
