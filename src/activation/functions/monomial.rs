//! $`x^n`$.
//!
//! Let $`F_n = E[He_n^{[s]}(u) He_n^{[s]}(v)]/n!`$ with the Hermite polynomials of variance s, which are the usual ones for s = 1 and
//! $`x^n`$ for s = 0. By Mehler's formula,
//! ```math
//! \sum_n F_n t^n = \bigl(1 - 2kt + (k^2 - p)\,t^2\bigr)^{-1/2}, \qquad p = (q_1 - s)(q_2 - s),
//! ```
//! the generating function of the Legendre polynomials. Hence $`F_n = \rho^n P_n(k/\rho)`$ with $`\rho^2 = k^2 - p`$, and
//! $`(n+1) F_{n+1} = (2n+1) k F_n - n \rho^2 F_{n-1}`$. For s = 0, ρ² ≤ 0 and the two terms of the recursion have one sign.

use crate::activation::closed_form::{ClosedForm, Line, k, q, q2, u};
use crate::activation::formula::{Function, by_formula};
use crate::activation::pair::{Determinant, Formula, Moments, Points};
use crate::activation::pass::{Job, pass, widened};
use crate::activation::real::Real;
use crate::activation::slopes::{At, Slopes};
use crate::error::Result;
use crate::expression::{Expression, Symbol};
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

    fn closed_form(self) -> ClosedForm {
        let n = self.degree;
        let product = q() * q2();
        let (lines, value, derivative) = if n <= EXPLICIT {
            let terms = |n| mehler_polynomial(n, &product, [1.0, 1.0], 1.0);
            let before = terms(n.saturating_sub(1));
            (Vec::new(), terms(n), f64::from(n).powi(2) * before)
        } else {
            let factorial = || Expression::Factorial(n);
            (
                mehler_recursion(n, &product, [1.0.into(), k()]),
                factorial() * mehler_term(n),
                f64::from(n) * factorial() * mehler_term(n - 1),
            )
        };
        ClosedForm {
            function: Some(u().power(n)),
            lines,
            value,
            derivative,
        }
    }

    fn slopes(self, at: At) -> Slopes {
        mehler_slopes(self.degree, at, at.q, factorial(self.degree))
    }

    by_formula!(double);

    fn single(self, job: Job<'_, f32>) -> Result<()> {
        single(self, self.degree, job)
    }
}

/// The largest degree for which Mehler's recursion runs in single precision: its terms are then few, and of the size of the expectation or of the
/// product of the root mean squares.
const LARGEST_SINGLE: u32 = 3;

/// Expectations in single precision, by the formula itself for low degrees.
pub(super) fn single<F: Function + Formula<f32> + Formula<f64>>(
    function: F,
    degree: u32,
    job: Job<'_, f32>,
) -> Result<()> {
    match degree <= LARGEST_SINGLE {
        true => pass(function, F::GAIN, job),
        false => widened(F::GAIN, job, |job| function.double(job)),
    }
}

impl<T: Real> Formula<T> for Monomial {
    #[inline(always)]
    fn at<S: Simd>(self, points: Points<S, T>) -> Moments<S, T> {
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
pub(super) fn mehler<S: Simd, T: Real>(
    degree: u32,
    k: Pack<S, T>,
    minus_rho_squared: Pack<S, T>,
    first: [Pack<S, T>; 2],
) -> (Pack<S, T>, Pack<S, T>) {
    // A known degree leaves the compiler no loop, and no divisions of whole numbers.
    match degree {
        0 => (first[0], k.constant(0.0)),
        2 => mehler_steps(2, k, minus_rho_squared, first),
        3 => mehler_steps(3, k, minus_rho_squared, first),
        _ => mehler_steps(degree, k, minus_rho_squared, first),
    }
}

/// [`mehler`] for a positive degree.
#[inline(always)]
fn mehler_steps<S: Simd, T: Real>(
    degree: u32,
    k: Pack<S, T>,
    minus_rho_squared: Pack<S, T>,
    [first, second]: [Pack<S, T>; 2],
) -> (Pack<S, T>, Pack<S, T>) {
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

/// The derivatives of $`E = s F_n`$ and $`D = s n F_{n-1}`$, with the argument `lifted` of [`mehler`], $`q - s`$ for both variables.
///
/// $`\partial_k F_n = n F_{n-1}`$, and $`2\,\partial F_n/\partial p = G_n`$ with $`G_{n+1} = k G_n + n F_{n-1}`$, $`G_1 = 0`$.
pub(super) fn mehler_slopes(degree: u32, at: At, lifted: [f64; 2], scale: f64) -> Slopes {
    let p = lifted[0] * lifted[1];
    let n = f64::from(degree);
    // F and G of the degrees n − 2, n − 1 and n.
    let (mut f, mut g) = ([0.0, 0.0, 1.0], [0.0; 3]);
    for m in 0..degree {
        let m = f64::from(m);
        let next = ((2.0 * m + 1.0) * at.k * f[2] + m * (p - at.k * at.k) * f[1]) / (m + 1.0);
        let lean = at.k * g[2] + m * f[1];
        (f, g) = ([f[1], f[2], next], [g[1], g[2], lean]);
    }
    let (value, derivative) = (0.5 * scale * g[2], 0.5 * scale * n * g[1]);
    Slopes {
        value: [lifted[1] * value, lifted[0] * value],
        derivative: [lifted[1] * derivative, lifted[0] * derivative],
        bend: scale * n * (n - 1.0) * f[0],
    }
}

/// Up to this degree $`F_n`$ is shown as a polynomial, beyond by its recursion.
pub(super) const EXPLICIT: u32 = 6;

/// $`n!\,F_n`$ over a divisor, as a polynomial in k and p.
///
/// # Arguments
/// * `seeds` — $`F_0`$ and the factor of $`F_1 / k`$; if $`F_0 = 0`$ the polynomial is of degree n − 1, and the second one is $`F_1`$
pub(super) fn mehler_polynomial(
    n: u32,
    p: &Expression,
    seeds: [f64; 2],
    divisor: f64,
) -> Expression {
    // G_n = n! F_n has whole coefficients, of k^(d−2i) p^i: G_{n+1} = (2n+1) k G_n + n² (p − k²) G_{n−1}.
    let (mut current, mut next) = (vec![seeds[0]], vec![seeds[1]]);
    let degree = if seeds[0] == 0.0 {
        n.saturating_sub(1)
    } else {
        n
    };
    for m in 1..=n {
        let m = f64::from(m);
        let at = |terms: &[f64], i: usize| terms.get(i).copied().unwrap_or(0.0);
        let after = (0..=next.len()).map(|i| {
            let shifted = i.checked_sub(1).map_or(0.0, |i| at(&current, i));
            (2.0 * m + 1.0) * at(&next, i) + m * m * (shifted - at(&current, i))
        });
        let after = after.collect();
        current = std::mem::replace(&mut next, after);
    }
    let mut sum = Expression::from(0.0);
    for (i, coefficient) in (0..=degree / 2).zip(current) {
        let powers = k().power(degree - 2 * i) * p.clone().power(i);
        sum = sum + coefficient / divisor * powers;
    }
    sum
}

/// $`F_n`$
pub(super) fn mehler_term(n: u32) -> Expression {
    Symbol::indexed(&Symbol::plain("F"), &n.to_string()).into()
}

/// The recursion of $`F_n`$, n ≥ 2, as formulas.
pub(super) fn mehler_recursion(n: u32, p: &Expression, seeds: [Expression; 2]) -> Vec<Line> {
    let index = |index| Symbol::indexed(&Symbol::plain("F"), index);
    let [j, before, last] = [
        Expression::from("j"),
        index("j-2").into(),
        index("j-1").into(),
    ];
    let damped = (j.clone() - 1.0) * (p.clone() - k().power(2)) * before;
    let next = ((2.0 * j.clone() - 1.0) * k() * last + damped) / j;
    let range = Symbol::new(
        format!("for j = 2, …, {n}"),
        format!(r"(j = 2, \dots, {n})"),
    );
    let [first, second] = seeds;
    vec![
        Line::new(index("0"), first),
        Line::new(index("1"), second),
        Line::new(index("j"), next).with_remark(range),
    ]
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
