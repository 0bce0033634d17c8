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
use crate::activation::slopes::{At, Slopes};
use crate::expression::Expression;
use crate::simd::pack::difference_of_products;
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

    /// Factors φ(u) and φ(v) of the derivatives of σ change the law of the variables. With $`A = 1 - (1+q_2)/D`$ and κ = k/D, variance and
    /// covariance under both factors, and $`A_1 = q_1/(1+q_1)`$, $`B_1 = (q_2 + q_1 q_2 - k^2)/(1+q_1)`$, $`\kappa_1 = k/(1+q_1)`$ under φ(u):
    /// ```math
    /// 2\pi\sqrt D\, D_k = 4 - 2A - 2B + AB + 2\kappa^2, \qquad
    /// 4\pi\sqrt D\, E_{q_1} = 2B_1 - A_1B_1 - \kappa_1^2 - \kappa_1\kappa, \qquad
    /// 4\pi\sqrt D\, D_{q_1} = \kappa_1(2A_1 + A - 4) + \kappa(3A - 4) .
    /// ```
    #[inline(always)]
    fn slopes(self, at: At) -> Slopes {
        let [q1, q2] = at.q;
        let determinant = difference_of_products(q1, q2, at.k, at.k).max(0.0);
        let whole = 1.0 + q1 + q2 + determinant;
        let scale = PER_TURN / whole.sqrt();
        let both = at.k / whole;
        let [a, b] = [q1, q2].map(|q| (q + determinant) / whole);
        // The derivatives by the first variance; those by the second one follow by exchange.
        let of = |q: f64, other: f64, a: f64| {
            let floor = 1.0 / (1.0 + q);
            let (own, lean) = (q * floor, at.k * floor);
            let rest = (other + determinant) * floor;
            let value = 2.0 * rest - own * rest - lean * lean - lean * both;
            let derivative = lean * (2.0 * own + a - 4.0) + both * (3.0 * a - 4.0);
            [0.5 * scale * value, 0.5 * scale * derivative]
        };
        let [first, second] = [of(q1, q2, a), of(q2, q1, b)];
        Slopes {
            value: [first[0], second[0]],
            derivative: [first[1], second[1]],
            bend: scale * (4.0 - 2.0 * (a + b) + a * b + 2.0 * both * both),
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
