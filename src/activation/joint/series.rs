//! Smooth functions, by Hermite series.
//!
//! With the normalised Hermite polynomials $`h_j`$ and $`f_j(q) = E[f(\sqrt q z) h_j(z)]`$, two variables of correlation c have
//! ```math
//! E[f(u) g(v)] = \sum_j f_j(q_a)\, g_j(q_b)\, c^j, \qquad
//! \bigl(\sigma^{(m)}\bigr)_j = \sqrt{\tfrac{(j+m-1)!}{j!}}\; q^{-(m-1)/2} \, \sigma'_{j+m-1} ,
//! ```
//! so that every product of factors at two variables, and every derivative of C and Ċ by variances and covariance, is one sum of products of
//! coefficients. No derivative of σ beyond the first is called, and nothing is singular for c → ±1.
//!
//! The coefficients are integrals over the line, by the trapezoidal rule: it converges exponentially for analytic functions, faster than
//! Gauss–Hermite quadrature of as many nodes.

use pulp::Arch;

use super::jet::{Jet, Own, Pair};
use crate::activation::functions::Activation;
use crate::numeric::gauss_hermite::normalised_hermite;
use crate::{Error, Result};

/// The number of Hermite coefficients.
const TERMS: usize = 160;

/// The step of the trapezoidal rule: the polynomials of degree below 160 times the density oscillate with frequencies up to 21.
const STEP: f64 = 0.1;

/// The end of the nodes: beyond, the density times a polynomial of degree below 160 is under 1e-20 of its largest value.
const END: i32 = 160;

/// Coefficients below this part of the largest one are rounding.
const NOISE: f64 = 1e-16;

/// The part of the mean of σ''² in the last coefficients up to which a series counts as resolved.
const RESOLVED: f64 = 1e-6;

/// The number of last coefficients that measure it.
const LAST: usize = 16;

/// The functions whose coefficients are kept: powers of σ and σ'. The first six places hold σ and its derivatives up to the fifth.
const PRODUCTS: [(i32, i32); 9] = [
    (1, 0),
    (0, 1),
    (2, 0),
    (1, 1),
    (0, 2),
    (3, 0),
    (2, 1),
    (1, 2),
    (0, 3),
];

/// The place of a product among the arrays of coefficients.
const fn place(product: usize) -> usize {
    if product < 2 { product } else { product + 4 }
}

/// Number of arrays of coefficients.
const ARRAYS: usize = PRODUCTS.len() + 4;

/// A smooth function and the nodes of its integrals.
#[derive(Debug, Clone)]
pub(super) struct Series {
    activation: Activation,
    nodes: Vec<f64>,
    /// Row i has the normalised polynomials at node i, times the weight of the node.
    table: Vec<f64>,
}

impl Series {
    pub(super) fn new(activation: Activation) -> Series {
        let nodes: Vec<f64> = (-END..=END).map(|i| f64::from(i) * STEP).collect();
        let mut table = vec![0.0; nodes.len() * TERMS];
        for (row, &x) in table.chunks_exact_mut(TERMS).zip(&nodes) {
            let weight = STEP / std::f64::consts::TAU.sqrt() * (-0.5 * x * x).exp();
            normalised_hermite(x, row);
            for entry in row {
                *entry *= weight;
            }
        }
        Series {
            activation,
            nodes,
            table,
        }
    }

    pub(super) fn activation(&self) -> &Activation {
        &self.activation
    }

    /// The coefficients of one variance.
    ///
    /// # Errors
    /// [`Error::NotConverged`] if the last coefficients are not small, [`Error::NotFinite`] if a value is not finite.
    pub(super) fn own(&self, q: f64) -> Result<Own> {
        let deviation = q.sqrt();
        let mut coefficients = vec![0.0; ARRAYS * TERMS];
        let mut fourth = [0.0; 3];
        let rows = self.table.chunks_exact(TERMS);
        for (row, &x) in rows.zip(&self.nodes) {
            let value = self.activation.value(deviation * x);
            let slope = self.activation.derivative(deviation * x);
            // The polynomial of degree 0 is 1: its column holds the weights. Nodes whose weight underflows count nothing.
            if row[0] == 0.0 {
                continue;
            }
            let squares = [value * value, slope * slope];
            fourth[0] += row[0] * squares[0] * squares[0];
            fourth[1] += row[0] * squares[0] * squares[1];
            fourth[2] += row[0] * squares[1] * squares[1];
            for (product, &(s, d)) in PRODUCTS.iter().enumerate() {
                let f = value.powi(s) * slope.powi(d);
                let start = place(product) * TERMS;
                add(&mut coefficients[start..start + TERMS], f, row);
            }
        }
        if let Some(index) = fourth.iter().chain(&coefficients).position(|x| !x.is_finite()) {
            return Err(Error::not_finite(
                format!("expectation of the activation {}", self.activation),
                [index],
            ));
        }
        self.check(q, &coefficients)?;
        derivatives(q, &mut coefficients);
        let terms = resolved(&coefficients);
        let mut own = Own {
            q,
            fourth,
            coefficients,
            terms,
            ..Own::default()
        };
        // The diagonal: the pair of the variable with itself.
        let (value, derivative) = jets(&own, &own, 1.0);
        (own.value, own.derivative) = (value.along(), derivative.along());
        Ok(own)
    }

    /// Refuses a series whose last terms are not small: a function with a kink, or one that varies too fast.
    fn check(&self, q: f64, coefficients: &[f64]) -> Result<()> {
        // Σ j a_j² over the coefficients of σ' is q E[σ''²].
        let slopes = &coefficients[TERMS..2 * TERMS];
        let squares = || slopes.iter().enumerate().map(|(j, a)| j as f64 * a * a);
        let (all, last): (f64, f64) = (squares().sum(), squares().skip(TERMS - LAST).sum());
        if last > RESOLVED * all && last > f64::MIN_POSITIVE {
            return Err(Error::not_converged(
                format!(
                    "Hermite series of the activation {} at variance {q}",
                    self.activation
                ),
                last / all,
                RESOLVED,
                format!("{TERMS} coefficients"),
            ));
        }
        Ok(())
    }

    pub(super) fn pair(&self, a: &Own, b: &Own, k: f64) -> Pair {
        let bound = (a.q * b.q).sqrt();
        let c = if bound > 0.0 {
            (k / bound).clamp(-1.0, 1.0)
        } else {
            0.0
        };
        let (value, derivative) = jets(a, b, c);
        let weighted = Weighted::new(a, b, c);
        let of = |f: (i32, i32), g: (i32, i32)| {
            let at = |product| PRODUCTS.iter().position(|p| *p == product);
            let at = |product| place(at(product).expect("a product of up to three factors"));
            weighted.sum(at(f), at(g))
        };
        Pair {
            value,
            derivative,
            values: [
                a.fourth[0],
                of((3, 0), (1, 0)),
                of((2, 0), (2, 0)),
                of((1, 0), (3, 0)),
                b.fourth[0],
            ],
            mixed: [
                [a.fourth[1], of((2, 1), (0, 1)), of((2, 0), (0, 2))],
                [of((1, 2), (1, 0)), of((1, 1), (1, 1)), of((1, 0), (1, 2))],
                [of((0, 2), (2, 0)), of((0, 1), (2, 1)), b.fourth[1]],
            ],
            derivatives: [
                a.fourth[2],
                of((0, 3), (0, 1)),
                of((0, 2), (0, 2)),
                of((0, 1), (0, 3)),
                b.fourth[2],
            ],
        }
    }
}

/// Adds a multiple of a row, entry by entry; the compiler vectorises the loop.
fn add(sums: &mut [f64], factor: f64, row: &[f64]) {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for (sum, entry) in sums.iter_mut().zip(row) {
                *sum += factor * entry;
            }
        },
    );
}

/// Fills the arrays of σ'' to the fifth derivative from that of σ'.
fn derivatives(q: f64, coefficients: &mut [f64]) {
    for m in 2..6_usize {
        let shift = m - 1;
        let scale = if q > 0.0 {
            q.powf(-0.5 * shift as f64)
        } else {
            0.0
        };
        for j in 0..TERMS - shift {
            let product: f64 = (j + 1..=j + shift).map(|i| i as f64).product();
            coefficients[m * TERMS + j] = scale * product.sqrt() * coefficients[TERMS + j + shift];
        }
    }
}

/// One more than the last degree at which a coefficient is more than rounding.
fn resolved(coefficients: &[f64]) -> usize {
    let mut terms = 0;
    for product in 0..PRODUCTS.len() {
        let start = place(product) * TERMS;
        let array = &coefficients[start..start + TERMS];
        let largest = array.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
        let last = array.iter().rposition(|x| x.abs() > NOISE * largest);
        terms = terms.max(last.map_or(0, |last| last + 1));
    }
    terms
}

/// The coefficients of a pair, with the powers of the correlation.
struct Weighted<'a> {
    a: &'a [f64],
    b: &'a [f64],
    powers: [f64; TERMS],
    terms: usize,
}

impl<'a> Weighted<'a> {
    fn new(a: &'a Own, b: &'a Own, c: f64) -> Self {
        let mut powers = [0.0; TERMS];
        let mut power = 1.0;
        let terms = a.terms.min(b.terms);
        for entry in &mut powers[..terms] {
            *entry = power;
            power *= c;
        }
        Weighted {
            a: &a.coefficients,
            b: &b.coefficients,
            powers,
            terms,
        }
    }

    /// $`\sum_j f_j g_j c^j`$, with eight partial sums that do not wait for each other.
    fn sum(&self, f: usize, g: usize) -> f64 {
        let of = |array: &'a [f64], place: usize| &array[place * TERMS..place * TERMS + self.terms];
        let (f, g, powers) = (of(self.a, f), of(self.b, g), &self.powers[..self.terms]);
        Arch::new().dispatch(
            #[inline(always)]
            || {
                let mut sums = [0.0; 8];
                let (f, f_rest) = f.as_chunks::<8>();
                let (g, g_rest) = g.as_chunks::<8>();
                let (p, p_rest) = powers.as_chunks::<8>();
                for ((f, g), p) in f.iter().zip(g).zip(p) {
                    for i in 0..8 {
                        sums[i] += f[i] * g[i] * p[i];
                    }
                }
                let rest = f_rest.iter().zip(g_rest).zip(p_rest);
                let rest: f64 = rest.map(|((f, g), p)| f * g * p).sum();
                sums.iter().sum::<f64>() + rest
            },
        )
    }
}

/// C and Ċ with their derivatives, which are means of products of derivatives of σ.
fn jets(a: &Own, b: &Own, c: f64) -> (Jet, Jet) {
    let weighted = Weighted::new(a, b, c);
    let of = |i: usize, j: usize| weighted.sum(i, j);
    let derivative = Jet {
        v: of(1, 1),
        k: of(2, 2),
        a: 0.5 * of(3, 1),
        b: 0.5 * of(1, 3),
        kk: of(3, 3),
        ka: 0.5 * of(4, 2),
        kb: 0.5 * of(2, 4),
        aa: 0.25 * of(5, 1),
        ab: 0.25 * of(3, 3),
        bb: 0.25 * of(1, 5),
    };
    let value = Jet {
        v: of(0, 0),
        k: derivative.v,
        a: 0.5 * of(2, 0),
        b: 0.5 * of(0, 2),
        kk: derivative.k,
        ka: derivative.a,
        kb: derivative.b,
        aa: 0.25 * of(4, 0),
        ab: 0.25 * derivative.k,
        bb: 0.25 * of(0, 4),
    };
    (value, derivative)
}
