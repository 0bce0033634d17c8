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

use pulp::{Arch, Simd, WithSimd};

use super::jet::{Jet, Own, Pair};
use crate::activation::functions::Activation;
use crate::numeric::gauss_hermite::normalised_hermite;
use crate::{Error, Result};

/// The number of Hermite coefficients.
const TERMS: usize = 320;

/// The step of the trapezoidal rule: the polynomials of degree below 320 times the density oscillate with frequencies up to 26.
const STEP: f64 = 0.1;

/// The last node, in steps: beyond, the root of the density is below 1e-27, which times a polynomial and the root is a bounded function.
const END: i32 = 160;

/// The part of a sum that may be left out: products of two coefficients, times the cube of the degree that third derivatives bring.
const NOISE: f64 = 1e-17;

/// The part of the mean of σ''² in the last coefficients up to which a series counts as resolved.
const RESOLVED: f64 = 1e-6;

/// The part of the mean of σ'² that rounding may put there.
const ROUNDING: f64 = 1e-20;

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

/// The number of arrays of coefficients.
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
        if let Some(index) = fourth
            .iter()
            .chain(&coefficients)
            .position(|x| !x.is_finite())
        {
            return Err(Error::not_finite(
                format!("expectation of the activation {}", self.activation),
                [index],
            ));
        }
        self.check(q, &coefficients)?;
        derivatives(q, &mut coefficients);
        let terms = resolved(&coefficients);
        let arrays = coefficients.chunks_exact(TERMS);
        let coefficients = arrays.flat_map(|array| &array[..terms]).copied().collect();
        let mut own = Own {
            q,
            fourth,
            coefficients,
            terms,
            ..Own::default()
        };
        // The diagonal: the pair of the variable with itself.
        let (value, derivative) = jets(&Weighted::new(&own, &own, 1.0));
        (own.value, own.derivative) = (value.along(), derivative.along());
        Ok(own)
    }

    /// Refuses a series whose last terms are not small: a function with a kink, or one that varies too fast.
    fn check(&self, q: f64, coefficients: &[f64]) -> Result<()> {
        // Σ j a_j² over the coefficients of σ' is q E[σ''²]; a slope that is constant has only rounding there.
        let slopes = &coefficients[TERMS..2 * TERMS];
        let squares = || slopes.iter().enumerate().map(|(j, a)| j as f64 * a * a);
        let (all, last): (f64, f64) = (squares().sum(), squares().skip(TERMS - LAST).sum());
        let size: f64 = slopes.iter().map(|a| a * a).sum();
        if last > RESOLVED * all && last > ROUNDING * size {
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

    /// C and Ċ.
    pub(super) fn two(&self, a: &Own, b: &Own, k: f64) -> [f64; 2] {
        Weighted::new(a, b, correlation(a, b, k)).sums([(0, 0), (1, 1)])
    }

    pub(super) fn pair(&self, a: &Own, b: &Own, k: f64) -> Pair {
        let weighted = Weighted::new(a, b, correlation(a, b, k));
        let (value, derivative) = jets(&weighted);
        let at = |product: (i32, i32)| {
            let at = PRODUCTS.iter().position(|p| *p == product);
            place(at.expect("a product of up to three factors"))
        };
        let values = weighted.sums(
            [((3, 0), (1, 0)), ((2, 0), (2, 0)), ((1, 0), (3, 0))].map(|(f, g)| (at(f), at(g))),
        );
        let slopes = weighted.sums(
            [((0, 3), (0, 1)), ((0, 2), (0, 2)), ((0, 1), (0, 3))].map(|(f, g)| (at(f), at(g))),
        );
        let mixed = weighted.sums(
            [
                ((2, 1), (0, 1)),
                ((2, 0), (0, 2)),
                ((1, 2), (1, 0)),
                ((1, 1), (1, 1)),
                ((1, 0), (1, 2)),
                ((0, 2), (2, 0)),
                ((0, 1), (2, 1)),
            ]
            .map(|(f, g)| (at(f), at(g))),
        );
        Pair {
            value,
            derivative,
            values: [a.fourth[0], values[0], values[1], values[2], b.fourth[0]],
            mixed: [
                [a.fourth[1], mixed[0], mixed[1]],
                [mixed[2], mixed[3], mixed[4]],
                [mixed[5], mixed[6], b.fourth[1]],
            ],
            derivatives: [a.fourth[2], slopes[0], slopes[1], slopes[2], b.fourth[2]],
        }
    }
}

/// The correlation of two variables, zero if one of them is zero.
fn correlation(a: &Own, b: &Own, k: f64) -> f64 {
    let bound = (a.q * b.q).sqrt();
    if bound > 0.0 {
        (k / bound).clamp(-1.0, 1.0)
    } else {
        0.0
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

/// The number of terms that matter in any sum.
fn resolved(coefficients: &[f64]) -> usize {
    let mut terms = 0;
    for product in 0..PRODUCTS.len() {
        let start = place(product) * TERMS;
        let array = &coefficients[start..start + TERMS];
        let largest = array
            .iter()
            .fold(0.0, |largest: f64, x| largest.max(x.abs()));
        let matters = |(j, x): (usize, &f64)| (x / largest).powi(2) * (j as f64).powi(3) > NOISE;
        let last = (0..TERMS).rev().find(|&j| matters((j, &array[j])));
        terms = terms.max(last.unwrap_or(0) + 1);
    }
    terms
}

/// The coefficients of a pair, with the powers of the correlation.
struct Weighted<'a> {
    a: &'a Own,
    b: &'a Own,
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
            a,
            b,
            powers,
            terms,
        }
    }

    /// $`\sum_j f_j g_j c^j`$ for some pairs of arrays.
    fn sums<const N: usize>(&self, pairs: [(usize, usize); N]) -> [f64; N] {
        Arch::new().dispatch(Sums {
            weighted: self,
            pairs,
        })
    }
}

/// The loops of [`Weighted::sums`].
struct Sums<'w, 'a, const N: usize> {
    weighted: &'w Weighted<'a>,
    pairs: [(usize, usize); N],
}

impl<const N: usize> WithSimd for Sums<'_, '_, N> {
    type Output = [f64; N];

    /// Each lane of a register is one degree j. Two registers of partial sums do not wait for each other.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> [f64; N] {
        let Weighted {
            a,
            b,
            powers,
            terms,
        } = self.weighted;
        let (p, p_rest) = S::as_simd_f64s(&powers[..*terms]);
        let mut out = [0.0; N];
        for (out, (f, g)) in out.iter_mut().zip(self.pairs) {
            let (f, f_rest) = S::as_simd_f64s(&a.coefficients[f * a.terms..][..*terms]);
            let (g, g_rest) = S::as_simd_f64s(&b.coefficients[g * b.terms..][..*terms]);
            let mut sums = [simd.splat_f64s(0.0); 2];
            for (i, ((f, g), p)) in f.iter().zip(g).zip(p).enumerate() {
                sums[i % 2] = simd.mul_add_f64s(simd.mul_f64s(*f, *p), *g, sums[i % 2]);
            }
            *out = simd.reduce_sum_f64s(simd.add_f64s(sums[0], sums[1]));
            for ((f, g), p) in f_rest.iter().zip(g_rest).zip(p_rest) {
                *out += f * g * p;
            }
        }
        out
    }
}

/// C and Ċ with their derivatives, which are means of products of derivatives of σ.
fn jets(weighted: &Weighted<'_>) -> (Jet, Jet) {
    let [
        v,
        v1,
        v20,
        v02,
        v40,
        v04,
        v2,
        v31,
        v13,
        v3,
        v42,
        v24,
        v51,
        v15,
    ] = weighted.sums([
        (0, 0),
        (1, 1),
        (2, 0),
        (0, 2),
        (4, 0),
        (0, 4),
        (2, 2),
        (3, 1),
        (1, 3),
        (3, 3),
        (4, 2),
        (2, 4),
        (5, 1),
        (1, 5),
    ]);
    let derivative = Jet {
        v: v1,
        k: v2,
        a: 0.5 * v31,
        b: 0.5 * v13,
        kk: v3,
        ka: 0.5 * v42,
        kb: 0.5 * v24,
        aa: 0.25 * v51,
        ab: 0.25 * v3,
        bb: 0.25 * v15,
    };
    let value = Jet {
        v,
        k: derivative.v,
        a: 0.5 * v20,
        b: 0.5 * v02,
        kk: derivative.k,
        ka: derivative.a,
        kb: derivative.b,
        aa: 0.25 * v40,
        ab: 0.25 * derivative.k,
        bb: 0.25 * v04,
    };
    (value, derivative)
}
