//! $`x^n`$.
//!
//! Let $`F_n = E[He_n^{[s]}(u) He_n^{[s]}(v)]/n!`$ with the Hermite polynomials of variance s, which are the usual ones for s = 1 and
//! $`x^n`$ for s = 0. By Mehler's formula,
//! ```math
//! \sum_n F_n t^n = \bigl(1 - 2kt + (k^2 - p)\,t^2\bigr)^{-1/2}, \qquad p = (q_1 - s)(q_2 - s),
//! ```
//! the generating function of the Legendre polynomials. Hence $`F_n = \rho^n P_n(k/\rho)`$ with $`\rho^2 = k^2 - p`$, and
//! $`(n+1) F_{n+1} = (2n+1) k F_n - n \rho^2 F_{n-1}`$. For s = 0, ρ² ≤ 0 and the two terms of the recursion have one sign.

use crate::activation::formula::{Function, by_formula};
use crate::activation::pair::{Determinant, Formula, Moments, Points};
use crate::simd::pack::Pack;
use pulp::Simd;

/// $`x^n`$.
#[derive(Clone, Copy)]
pub(super) struct Monomial {
    /// n.
    pub degree: u32,
}

impl Function for Monomial {
    const NAME: &'static str = "monomial";

    fn value(self, x: f64) -> f64 {
        x.powi(self.degree as i32)
    }

    fn derivative(self, x: f64) -> f64 {
        let n = self.degree as i32;
        f64::from(n) * x.powi((n - 1).max(0))
    }

    by_formula!(double);
}

impl Formula<f64> for Monomial {
    #[inline(always)]
    fn at<S: Simd>(self, points: Points<S, f64>) -> Moments<S, f64> {
        let d = Determinant::plain(points);
        let k = points.k;
        let (value, derivative) = mehler(self.degree, k, d.value, [k.constant(1.0), k]);
        let factorial = factorial(self.degree);
        Moments {
            value: value * k.constant(factorial),
            // E[σ'σ'] = n² (n−1)! F of degree n − 1.
            derivative: derivative * k.constant(factorial * f64::from(self.degree)),
            valid: d.valid,
        }
    }
}

/// $`(F_n, F_{n-1})`$ by the recursion from $`F_0`$ and $`F_1`$, one pair of variables per lane; $`F_{-1} = 0`$.
#[inline(always)]
pub(super) fn mehler<S: Simd>(
    degree: u32,
    k: Pack<S, f64>,
    minus_rho_squared: Pack<S, f64>,
    [first, second]: [Pack<S, f64>; 2],
) -> (Pack<S, f64>, Pack<S, f64>) {
    if degree == 0 {
        return (first, k.constant(0.0));
    }
    let (mut previous, mut current) = (first, second);
    for n in 1..degree {
        let n = f64::from(n);
        let (a, b) = ((2.0 * n + 1.0) / (n + 1.0), n / (n + 1.0));
        let damped = minus_rho_squared * k.constant(b) * previous;
        let next = (k * k.constant(a)).mul_add(current, damped);
        (previous, current) = (current, next);
    }
    (current, previous)
}

/// $`n!`$ in floating point.
#[inline(always)]
pub(super) fn factorial(n: u32) -> f64 {
    let mut product = 1.0;
    for i in 1..=n {
        product *= f64::from(i);
    }
    product
}
