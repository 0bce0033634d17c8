//! $`h_n = He_n/\sqrt{n!}`$, the normalised probabilists' Hermite polynomials; see [`monomial`](super::monomial).

use super::monomial::mehler_slopes;
use super::monomial::{
    EXPLICIT, factorial, mehler, mehler_polynomial, mehler_recursion, mehler_term, single,
};
use crate::activation::closed_form::{ClosedForm, define, k, q, q2, u};
use crate::activation::formula::{Function, by_formula};
use crate::activation::pair::{Determinant, Formula, Moments, Points};
use crate::activation::pass::Job;
use crate::activation::real::Real;
use crate::activation::slopes::{At, Slopes};
use crate::error::Result;
use crate::expression::{Expression, Symbol};
use pulp::Simd;

/// $`h_n`$.
#[derive(Clone, Copy)]
pub(super) struct Hermite {
    /// n.
    pub degree: u32,
}

impl Hermite {
    /// $`h_n`$ and $`h_{n-1}`$ by $`\sqrt{k+1}\, h_{k+1} = x h_k - \sqrt{k}\, h_{k-1}`$.
    fn values(self, x: f64) -> (f64, f64) {
        let (mut before, mut last) = (0.0, 1.0);
        for k in 0..self.degree {
            let k = f64::from(k);
            let next = (x * last - k.sqrt() * before) / (k + 1.0).sqrt();
            (before, last) = (last, next);
        }
        (last, before)
    }
}

impl Function for Hermite {
    const NAME: &'static str = "hermite";

    fn value(self, x: f64) -> f64 {
        self.values(x).0
    }

    fn derivative(self, x: f64) -> f64 {
        f64::from(self.degree).sqrt() * self.values(x).1
    }

    fn closed_form(self) -> ClosedForm {
        let n = self.degree;
        let product = Expression::from("p");
        let mut lines = vec![define("p", (q() - 1.0) * (q2() - 1.0))];
        let terms = if n <= EXPLICIT {
            [n, n.saturating_sub(1)]
                .map(|n| mehler_polynomial(n, &product, [1.0, 1.0], factorial(n)))
        } else {
            lines.extend(mehler_recursion(n, &product, [1.0.into(), k()]));
            [mehler_term(n), mehler_term(n - 1)]
        };
        let [value, derivative] = terms;
        let name = Symbol::indexed(&Symbol::plain("He"), &n.to_string());
        ClosedForm {
            function: Some(Expression::Call(name, vec![u()]) / Expression::Factorial(n).root()),
            lines,
            value,
            derivative: f64::from(n) * derivative,
        }
    }

    fn slopes(self, at: At) -> Slopes {
        mehler_slopes(self.degree, at, at.q.map(|q| q - 1.0), 1.0)
    }

    by_formula!(double);

    fn single(self, job: Job<'_, f32>) -> Result<()> {
        single(self, self.degree, job)
    }
}

impl<T: Real> Formula<T> for Hermite {
    #[inline(always)]
    fn at<S: Simd>(self, points: Points<S, T>) -> Moments<S, T> {
        // Mehler's recursion of the monomials with s = 1: −ρ² = (q₁ − 1)(q₂ − 1) − k², F₀ = 1 and F₁ = k.
        let k = points.k;
        let one = k.constant(1.0);
        let [q1, q2] = points.q;
        let minus_rho_squared = (q1 - one).difference_of_products(q2 - one, k, k);
        let (value, derivative) = mehler(self.degree, k, minus_rho_squared, [one, k]);
        Moments {
            value,
            // σ' is √n times the normalised polynomial of degree n − 1.
            derivative: derivative * k.constant(f64::from(self.degree)),
            valid: Determinant::plain(points).valid,
        }
    }
}
