//! x for positive x, $`a\,(e^x - 1)`$ for negative x.
//!
//! In polar coordinates the plane has four sectors without a kink: both variables have the same sign in sectors of the angle ψ = π/2 + arcsin c,
//! and opposite signs in sectors of the angle ϑ = π − ψ. A ray of the sector at the angle φ from the line u = 0 has $`|u| = r\sqrt{q_1} \sin\varphi`$ and
//! $`|v| = r\sqrt{q_2} \sin(\psi - \varphi)`$. Along a ray the integrals are functions of the Mills ratio $`R(x) = \int_0^\infty e^{-r^2/2 - xr} dr`$:
//! ```math
//! \int_0^\infty r e^{-r^2/2 - xr} dr = 1 - x R , \qquad \int_0^\infty r^2 e^{-r^2/2} (1 - e^{-xr}) dr = x (1 + G - x R) , \qquad G = \frac{R(0) - R(x)}{x} .
//! ```
//! The angle is integrated by a Gauss–Legendre rule whose nodes are crowded at both ends, where the integrand changes fastest: on the scale
//! $`1/\sqrt q`$. Positive variables have the expectations of the rectifier.

use std::f64::consts::{PI, TAU};
use std::sync::LazyLock;

use super::relu::rectify;
use crate::activation::closed_form::{ClosedForm, u};
use crate::activation::formula::{Function, Kink};
use crate::activation::pair::{Determinant, Formula, Moments, PER_TURN, Points};
use crate::activation::pass::{Job, pass};
use crate::activation::slopes::{At, Slopes, reciprocal};
use crate::error::Result;
use crate::expression::Expression;
use crate::numeric::gauss_legendre::GaussLegendre;
use crate::simd::elementary::polynomial;
use crate::simd::pack::{Pack, difference_of_products};
use pulp::{Scalar, Simd};

/// x for positive x, $`a\,(e^x - 1)`$ for negative x.
#[derive(Clone, Copy)]
pub(super) struct Elu {
    /// a.
    pub slope: f64,
}

impl Function for Elu {
    const NAME: &'static str = "elu";
    const GAIN: Option<f64> = Some(0.0);

    fn kink(self) -> Option<Kink> {
        Some(Kink::Other)
    }

    fn value(self, x: f64) -> f64 {
        if x > 0.0 { x } else { self.slope * x.exp_m1() }
    }

    fn derivative(self, x: f64) -> f64 {
        if x == 0.0 {
            return 0.5 * (1.0 + self.slope);
        }
        if x > 0.0 { 1.0 } else { self.slope * x.exp() }
    }

    fn closed_form(self) -> ClosedForm {
        let [positive, negative] =
            ["max", "min"].map(|name| Expression::call(name, [u(), 0.0.into()]));
        let exponential = Expression::call("exp", [negative]);
        ClosedForm::expectations(Some(positive + self.slope * (exponential - 1.0)))
    }

    /// With τ(x) = a eˣ for x < 0, the unit step H, σ' = H + τ and τ' = τ − aδ, all derivatives are sums of the expectations
    /// $`N_u = E[\tau(u) H(v)]`$, $`N_v = E[H(u) \tau(v)]`$, $`M = E[\tau(u) \tau(v)] = D - P(u, v > 0) - N_u - N_v`$ and of functions of one
    /// variable. With the density $`p_u`$ of u at 0 and the standard deviation s of v for u = 0,
    /// ```math
    /// D_k = \frac{(1-a)^2}{2\pi\sqrt{q_1 q_2 - k^2}} + (1-a)(p_u E[\tau(v)|u{=}0] + p_v E[\tau(u)|v{=}0]) + M ,
    /// ```
    /// ```math
    /// 2 E_{q_1} = (1-a)\, p_u E[\sigma(v)|u{=}0] + E[\tau(u)\sigma(v)] , \qquad
    /// 2 D_{q_1} = (a-1)\, p_u \frac{k}{q_1} E[\sigma''(v)|u{=}0] + N_u + M - a\, p_u E[\sigma'(v)|u{=}0] .
    /// ```
    /// Where $`q_1 q_2 - k^2`$ is but rounding, the term of both kinks is zero: the mean of both one-sided derivatives.
    #[inline(always)]
    fn slopes(self, at: At) -> Slopes {
        let a = self.slope;
        let [q1, q2] = at.q;
        let k = at.k;
        let square = difference_of_products(q1, q2, k, k);
        let apart = square > at.noise * (q1 * q2);
        let sine = if apart { square.sqrt() } else { 0.0 };
        let both_kinks = if apart { PER_TURN / sine } else { 0.0 };
        let inverse = at.q.map(reciprocal);
        // Densities at 0, and E[τ] of a normal variable of standard deviation s.
        let density = inverse.map(|inverse| DENSITY * inverse.sqrt());
        let exponential = |s: f64| {
            a * DENSITY
                * Mills::new(Pack::<Scalar, f64>::new(Scalar::new(), s))
                    .ratio
                    .register
        };
        // At i of the other variable where the variable i is 0.
        let deviation = [sine * inverse[0].sqrt(), sine * inverse[1].sqrt()];
        let given = deviation.map(exponential);
        let positive = PER_TURN * (PI - sine.atan2(k));
        let negative = at.further;
        let both = at.derivative - positive - negative[0] - negative[1];
        // Of the variable i; the other one is j.
        let value = |i: usize, j: usize| {
            let kink = DENSITY * deviation[i] + given[i] - 0.5 * a;
            let linear = k * (negative[i] - 0.5 * a * density[i]) + at.q[j] * density[j] * given[j];
            let shifted = a * (exponential(at.q[i].sqrt()) - negative[i]);
            0.5 * ((1.0 - a) * density[i] * kink + linear + both - shifted)
        };
        let derivative = |i: usize| {
            let lean = (1.0 - a) * k * inverse[i];
            let kink = (1.0 - a) * both_kinks + density[i] * given[i];
            let step = a * density[i] * (0.5 + given[i]);
            0.5 * (negative[i] + both - step - lean * kink)
        };
        let crossed = density[0] * given[0] + density[1] * given[1];
        Slopes {
            value: [value(0, 1), value(1, 0)],
            derivative: [derivative(0), derivative(1)],
            bend: (1.0 - a) * ((1.0 - a) * both_kinks + crossed) + both,
        }
    }

    fn has_further(self) -> bool {
        true
    }

    fn further(self, job: Job<'_, f64>) -> Result<()> {
        let formula = OppositeSigns {
            slope: self.slope,
            nodes: &NODES,
        };
        pass(formula, Self::GAIN, job)
    }

    fn double(self, job: Job<'_, f64>) -> Result<()> {
        let formula = Sectors {
            slope: self.slope,
            nodes: &NODES,
        };
        pass(formula, Self::GAIN, job)
    }
}

/// Number of nodes: errors of 1e-14 for variances up to 25, 1e-13 at 100, 2e-6 of the value at 10⁴ (measured against 200 nodes).
const COUNT: usize = 24;

/// Nodes and weights on [0, 1], crowded at both ends: $`x^2 (3 - 2x)`$ of Gauss–Legendre nodes x.
static NODES: LazyLock<[[f64; 2]; COUNT]> = LazyLock::new(|| {
    let rule = GaussLegendre::new(COUNT).expect("the number of nodes is within its bounds");
    std::array::from_fn(|i| {
        let x = 0.5 * (1.0 - rule.nodes[i]);
        [
            x * x * (3.0 - 2.0 * x),
            3.0 * x * (1.0 - x) * rule.weights[i],
        ]
    })
});

/// The formula of a slope, with its nodes.
#[derive(Clone, Copy)]
struct Sectors {
    slope: f64,
    nodes: &'static [[f64; 2]; COUNT],
}

impl Formula<f64> for Sectors {
    /// Each lane is one pair of variables. A node costs five Mills ratios, each of which two polynomials and a division.
    #[inline(always)]
    fn at<S: Simd>(self, points: Points<S, f64>) -> Moments<S, f64> {
        let mut d = Determinant::clamped(points);
        let (rectified, equal) = rectify(&d);
        d.k = -d.k;
        let (_, opposite) = rectify(&d);
        let one = d.k.constant(1.0);
        // Roots of the variances as they are: the function is not homogeneous.
        let [s1, s2] = [0, 1].map(
            #[inline(always)]
            |i| (points.q[i] / points.units[i]).sqrt(),
        );
        let zero = d.k.constant(0.0);
        let (mut both, mut both_slopes) = (zero, zero);
        let (mut mixed, mut mixed_slopes) = (zero, zero);
        for i in 0..COUNT {
            let [node, weight] = self.nodes[i];
            let [across, _] = self.nodes[COUNT - 1 - i];
            let weight = one.constant(weight);
            // Both negative: (e^u − 1)(e^v − 1), and e^u e^v.
            let a = s1 * sine(equal * one.constant(node));
            let b = s2 * sine(equal * one.constant(across));
            let (a_mills, b_mills, sum) = (Mills::new(a), Mills::new(b), Mills::new(a + b));
            both = weight.mul_add(sum.square() - a_mills.square() - b_mills.square(), both);
            both_slopes = weight.mul_add(sum.first(), both_slopes);
            // One of them negative: u (e^v − 1), and e^v.
            let near = sine(opposite * one.constant(node));
            let far = sine(opposite * one.constant(across));
            let (of_first, of_second) = (Mills::new(s1 * near), Mills::new(s2 * near));
            let values = (s1 * far).mul_add(of_second.second(), s2 * far * of_first.second());
            mixed = weight.mul_add(values, mixed);
            mixed_slopes = weight.mul_add(of_first.first() + of_second.first(), mixed_slopes);
        }
        let slope = one.constant(self.slope);
        let square = slope * slope * equal;
        let mixed_part = slope * opposite;
        let value = rectified * points.grow + square * both - mixed_part * mixed;
        let derivative = equal + square * both_slopes + mixed_part * mixed_slopes;
        Moments {
            value,
            derivative,
            valid: d.valid,
        }
    }
}

/// $`a\,E[e^u; u < 0 < v]`$ as value and $`a\,E[e^v; v < 0 < u]`$ as derivative.
#[derive(Clone, Copy)]
struct OppositeSigns {
    slope: f64,
    nodes: &'static [[f64; 2]; COUNT],
}

impl Formula<f64> for OppositeSigns {
    /// Each lane is one pair of variables; the sectors of opposite signs of [`Sectors`], one sum for either.
    #[inline(always)]
    fn at<S: Simd>(self, points: Points<S, f64>) -> Moments<S, f64> {
        let mut d = Determinant::clamped(points);
        d.k = -d.k;
        let (_, opposite) = rectify(&d);
        let one = d.k.constant(1.0);
        let deviations = [0, 1].map(
            #[inline(always)]
            |i| (points.q[i] / points.units[i]).sqrt(),
        );
        let mut sums = [d.k.constant(0.0); 2];
        for [node, weight] in self.nodes {
            let near = sine(opposite * one.constant(*node));
            for i in 0..2 {
                let mills = Mills::new(deviations[i] * near);
                sums[i] = one.constant(*weight).mul_add(mills.first(), sums[i]);
            }
        }
        let factor = one.constant(self.slope) * opposite;
        Moments {
            value: factor * sums[0],
            derivative: factor * sums[1],
            valid: d.valid,
        }
    }
}

/// The sine of 2π times a number from 0 to ½.
#[inline(always)]
fn sine<S: Simd>(turn: Pack<S, f64>) -> Pack<S, f64> {
    /// The series of the sine, in powers of x².
    const SERIES: [[f64; 4]; 3] = {
        let mut rows = [[0.0; 4]; 3];
        let (mut term, mut m) = (1.0, 0);
        while m < 12 {
            rows[m / 4][m % 4] = term;
            term /= -(((2 * m + 2) * (2 * m + 3)) as f64);
            m += 1;
        }
        rows
    };
    let x = turn.min(turn.constant(0.5) - turn) * turn.constant(TAU);
    x * polynomial(&SERIES, x * x)
}

/// $`1/\sqrt{2\pi}`$
const DENSITY: f64 = 0.3989422804014327;

/// $`R(0) = \sqrt{\pi/2}`$
const AT_ZERO: f64 = 1.2533141373155001;

/// G on [0, 1] in powers of x, by interpolation at Chebyshev nodes with 60 digits; error 2e-18.
const SMALL: [[f64; 4]; 4] = [
    [
        1.0,
        -0.626657068657749,
        0.3333333333332353,
        -0.15666426716111098,
    ],
    [
        0.06666666660730805,
        -0.026110710552420088,
        0.009523804960258673,
        -0.0032638164041273506,
    ],
    [
        0.0010581215765416586,
        -0.00032617828527090514,
        9.580610902916991e-5,
        -2.6637285580533447e-5,
    ],
    [
        6.80740357351964e-6,
        -1.4842491756435103e-6,
        2.3757093049295328e-7,
        -2.0068740601575543e-8,
    ],
];

/// $`(1 + x) R(x)`$ for all x ≥ 0 in powers of (x − 5)/(x + 5), likewise; error 5e-17.
const LARGE: [[f64; 4]; 6] = [
    [
        1.1568486282918946,
        -0.22948753825211315,
        0.07778159886873769,
        0.0250721793016388,
    ],
    [
        -0.0661776007790963,
        0.0615050458401865,
        -0.03802659218584139,
        0.01634823128102938,
    ],
    [
        -0.004201290329187306,
        1.953063837079444e-5,
        0.00045704392357953123,
        -0.0001343742785571294,
    ],
    [
        -2.4805838451907256e-5,
        2.270961270928165e-5,
        -1.7633239268784686e-7,
        -3.2772876332879487e-6,
    ],
    [
        3.2054316656305274e-7,
        4.919962332398496e-7,
        -6.588974493902492e-8,
        -7.758520243461897e-8,
    ],
    [
        9.092476145819297e-9,
        1.1032071179011416e-8,
        -7.073898596982457e-10,
        -9.564832983484708e-10,
    ],
];

/// x with R(x) and G(x); numbers above 1e100 count as 1e100, where all that is computed has reached its limit.
struct Mills<S: Simd> {
    x: Pack<S, f64>,
    ratio: Pack<S, f64>,
    slope: Pack<S, f64>,
}

impl<S: Simd> Mills<S> {
    /// For x ≥ 0.
    #[inline(always)]
    fn new(x: Pack<S, f64>) -> Self {
        let one = x.constant(1.0);
        let start = one.constant(AT_ZERO);
        // The cube of the largest numbers is finite.
        let x = x.min(one.constant(1e100));
        let small = x.min(one);
        let small_slope = polynomial(&SMALL, small);
        let small_ratio = small.negate_mul_add(small_slope, start);
        let large = x.max(one);
        let (plus, next) = (large + one.constant(5.0), large + one);
        let inverse = one / (plus * next * large);
        let place = (large - one.constant(5.0)) * next * large * inverse;
        let large_ratio = polynomial(&LARGE, place) * plus * large * inverse;
        let large_slope = (start - large_ratio) * plus * next * inverse;
        let is_small = x.below(one);
        Mills {
            x,
            ratio: is_small.select(small_ratio, large_ratio),
            slope: is_small.select(small_slope, large_slope),
        }
    }

    /// $`1 - x R`$
    #[inline(always)]
    fn first(&self) -> Pack<S, f64> {
        self.x.negate_mul_add(self.ratio, self.x.constant(1.0))
    }

    /// $`x (1 + G - x R)`$
    #[inline(always)]
    fn second(&self) -> Pack<S, f64> {
        self.x * (self.first() + self.slope)
    }

    /// $`x^2 G`$
    #[inline(always)]
    fn square(&self) -> Pack<S, f64> {
        self.x * (self.x * self.slope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tol;
    use std::f64::consts::FRAC_PI_2;

    #[test]
    fn sines() {
        for i in 0..=1000 {
            let turn = 0.5 * f64::from(i) / 1000.0;
            let got = sine(Pack::<Scalar, f64>::new(Scalar::new(), turn)).register;
            assert!(
                (got - (TAU * turn).sin()).abs() <= tol::ELEMENTARY,
                "{turn}"
            );
        }
    }

    #[test]
    fn mills_ratios() {
        for i in -400..200 {
            let x = (0.05 * f64::from(i)).exp();
            let mills = Mills::new(Pack::<Scalar, f64>::new(Scalar::new(), x));
            // √(π/2) e^{x²/2} erfc(x/√2) below 5, the continued fraction beyond.
            let want = if x < 5.0 {
                FRAC_PI_2.sqrt() * (0.5 * x * x).exp() * libm::erfc(x / 2f64.sqrt())
            } else {
                1.0 / (1..200).rev().fold(x, |f, n| x + f64::from(n) / f)
            };
            let error = (mills.ratio.register - want).abs();
            assert!(error <= tol::MILLS * want, "{x}: {error:e}");
            if x > 1e-3 {
                let slope = (AT_ZERO - want) / x;
                let error = (mills.slope.register - slope).abs();
                assert!(error <= tol::MILLS * (slope + 1.0 / x), "{x}: {error:e}");
            }
        }
    }
}
