//! $`\max(x, 0)^n`$ (arc-cosine kernels of order n, Cho and Saul 2009).
//!
//! $`F_n = E[\max(u,0)^n \max(v,0)^n]/n!`$ satisfies the recursion of the [monomials](super::monomial). It starts from the expectations of
//! the step and of the rectifier, $`F_0`$ and $`F_1`$. For k ≥ 0 the recursion has no cancellation. For k < 0 it is unstable; with the
//! correlation c,
//! ```math
//! \frac{F_n}{(q_1q_2)^{n/2}} = C_n\, y^{n+1/2}\, {}_2F_1(\tfrac12, \tfrac12; n + \tfrac32; y), \qquad y = \frac{1+c}{2} \le \frac12,
//! \qquad C_0 = \frac1\pi, \quad C_n = \frac{2n}{n+1/2} C_{n-1}
//! ```
//! is a sum of positive terms, which is used instead.

use super::monomial::{
    EXPLICIT, factorial, mehler, mehler_polynomial, mehler_recursion, mehler_term,
};
use super::relu::Relu;
use super::relu::rectify;
use super::sign::step;
use crate::Result;
use crate::activation::closed_form::{
    ClosedForm, correlation, half_turn, k, pi, psi, q, q2, sine_side, u,
};
use crate::activation::formula::{Function, Kink};
use crate::activation::pair::{Determinant, Formula, Moments, Points};
use crate::activation::pass::{Job, pass};
use crate::activation::slopes::{At, Slopes, reciprocal};
use crate::expression::Expression;
use crate::simd::elementary::polynomial;
use crate::simd::pack::Pack;
use pulp::Simd;
use std::f64::consts::FRAC_1_PI;

/// $`\max(x, 0)^n`$.
#[derive(Clone, Copy)]
pub(super) struct RectifiedMonomial {
    /// n.
    pub degree: u32,
}

impl Function for RectifiedMonomial {
    const NAME: &'static str = "rectified-monomial";
    const GAIN: Option<f64> = Some(0.0);

    fn kink(self) -> Option<Kink> {
        Some(match self.degree {
            0 => Kink::Jump { below: 0.0 },
            1 => Kink::Bend { slope: 0.0 },
            _ => Kink::Other,
        })
    }

    fn value(self, x: f64) -> f64 {
        match self.degree {
            0 => step(x),
            n => x.max(0.0).powi(n as i32),
        }
    }

    fn derivative(self, x: f64) -> f64 {
        match self.degree {
            0 => 0.0,
            // For n = 1 the power of zero is 1, and the step gives the mean of the one-sided values.
            n => f64::from(n) * x.max(0.0).powi(n as i32 - 1) * step(x),
        }
    }

    fn closed_form(self) -> ClosedForm {
        let n = self.degree;
        let mut lines = vec![correlation(), half_turn("c".into())];
        let product = q() * q2();
        let step = || psi() / (2.0 * pi());
        let rectified = (sine_side() + k() * psi()) / (2.0 * pi());
        let (value, derivative) = if n == 0 {
            (step(), 0.0.into())
        } else if n <= EXPLICIT {
            let terms = |n: u32| {
                let of = |seeds| mehler_polynomial(n, &product, seeds, 1.0);
                let sine = of([0.0, 1.0]) * sine_side();
                (sine + of([1.0, 1.0]) * psi()) / (2.0 * pi())
            };
            (terms(n), f64::from(n).powi(2) * terms(n - 1))
        } else {
            lines.extend(mehler_recursion(n, &product, [step(), rectified]));
            let factorial = || Expression::Factorial(n);
            (
                factorial() * mehler_term(n),
                f64::from(n) * factorial() * mehler_term(n - 1),
            )
        };
        let positive = Expression::call("max", [u(), 0.0.into()]).power(n);
        let step = (1.0 + Expression::call("sign", [u()])) / 2.0;
        ClosedForm {
            function: Some(if n == 0 { step } else { positive }),
            lines,
            value,
            derivative,
        }
    }

    /// Both expectations are homogeneous in the standard deviations, of degrees n and n − 1: $`2 q E_q = n E - k D`$ and
    /// $`2 q D_q = (n - 1) D - k D_k`$.
    #[inline(always)]
    fn slopes(self, at: At) -> Slopes {
        let n = f64::from(self.degree);
        if self.degree < 2 {
            return Relu.slopes(at);
        }
        let [_, lower] = at.further;
        let bend = n * n * lower;
        let value = 0.5 * (n * at.value - at.k * at.derivative);
        let derivative = 0.5 * ((n - 1.0) * at.derivative - at.k * bend);
        Slopes {
            value: at.q.map(|q| value * reciprocal(q)),
            derivative: at.q.map(|q| derivative * reciprocal(q)),
            bend,
        }
    }

    fn has_further(self) -> bool {
        self.degree >= 2
    }

    /// E and D of the function of degree n − 1: $`D_k`$ is its D times n².
    fn further(self, job: Job<'_, f64>) -> Result<()> {
        let degree = self.degree - 1;
        RectifiedMonomial { degree }.double(job)
    }

    fn double(self, job: Job<'_, f64>) -> Result<()> {
        let formula = Powers {
            degree: self.degree,
            factorial: factorial(self.degree),
            series: [series(self.degree), series(self.degree.saturating_sub(1))],
        };
        pass(formula, Self::GAIN, job)
    }
}

/// Number of terms of the series: for n ≥ 1 and y ≤ 1/2 the next term is below ε/100 of the sum.
const TERMS: usize = 44;

/// The coefficients of a series, in rows of four.
type Series = [[f64; 4]; TERMS / 4];

/// The coefficients of $`C_n\,{}_2F_1`$ of degree n in powers of y.
fn series(degree: u32) -> Series {
    let mut term = (1..=degree)
        .map(f64::from)
        .fold(FRAC_1_PI, |c, n| c * 2.0 * n / (n + 0.5));
    let bottom = f64::from(degree) + 1.5;
    let mut m = 0.0;
    let mut next = || {
        let current = term;
        term *= (m + 0.5) * (m + 0.5) / ((m + bottom) * (m + 1.0));
        m += 1.0;
        current
    };
    std::array::from_fn(|_| std::array::from_fn(|_| next()))
}

/// The formula of a degree n, with its constants.
#[derive(Clone, Copy)]
struct Powers {
    /// n.
    degree: u32,
    /// $`n!`$.
    factorial: f64,
    /// The series of degrees n and n − 1.
    series: [Series; 2],
}

impl Formula<f64> for Powers {
    #[inline(always)]
    fn at<S: Simd>(self, points: Points<S, f64>) -> Moments<S, f64> {
        // Each lane is one pair of variables. Recursion and series are computed in every lane, and a mask selects the series for k < 0.
        let n = self.degree;
        let d = Determinant::clamped(points);
        let scale = d.k.constant(self.factorial);
        let (rectified, turn) = rectify(&d);
        // The recursion is linear, so the factor n! is put on its start: without it a small intermediate result might underflow.
        let seeds = [turn * scale, rectified * scale];
        let (mut value, mut derivative) = mehler(n, d.k, d.value, seeds);
        if n >= 2 {
            let negative = d.k.below(d.k.constant(0.0));
            let [upper, lower] = self.below_zero(&d);
            value = negative.select(upper, value);
            derivative = negative.select(lower, derivative);
        }
        derivative = derivative * d.k.constant(f64::from(n));
        for power in 1..=n {
            value = value * points.grow;
            if power > 1 {
                derivative = derivative * points.grow;
            }
        }
        Moments {
            value,
            derivative,
            valid: d.valid,
        }
    }
}

impl Powers {
    /// $`n!\,F_n`$ and $`n!\,F_{n-1}`$ by their series, for k < 0.
    #[inline(always)]
    fn below_zero<S: Simd>(&self, d: &Determinant<S, f64>) -> [Pack<S, f64>; 2] {
        // `scaled` is y √(q₁q₂), from (1 + c)/2 = (1 − c²)/(2 (1 + |c|)) without cancellation; y follows by the factor 1/√(q₁q₂).
        let twice = (d.size.mul_add(d.inverse, d.k.constant(1.0))) * d.k.constant(2.0);
        let scaled = d.value * d.inverse / twice;
        let y = scaled * d.inverse;
        let mut front = y.sqrt() * d.k.constant(self.factorial);
        for _ in 1..self.degree {
            front = front * scaled;
        }
        [
            front * scaled * polynomial(&self.series[0], y),
            front * polynomial(&self.series[1], y),
        ]
    }
}
