//! Functions of the squared sine of half an angle, by polynomials on panels.

use std::f64::consts::PI;

use rayon::prelude::*;

/// Terms of a polynomial. The nearest singularity of a kernel, coincidence, is at −3 in the variable of a panel: 5.8⁻²² is rounding.
const TERMS: usize = 22;
/// Bits of the exponent of a number, and of its mantissa.
const EXPONENT: u64 = 1023;
const MANTISSA: u32 = 52;

/// A profile and its derivatives: the value, the derivative by the logarithm of the length scale, the derivative by the smoothness.
pub(super) const PARTS: usize = 3;

/// Some functions on (0, 1], on panels [2⁻ᵏ⁻¹, 2⁻ᵏ] of which each has a polynomial; constant below the last panel.
///
/// Panel and variable of an argument are its exponent and its mantissa, without a logarithm.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// One list of panels per function.
    panels: [Vec<[f64; TERMS]>; PARTS],
    below: [f64; PARTS],
}

impl Table {
    /// Tabulates functions, on all threads.
    ///
    /// # Arguments
    /// * `panels` — how many
    /// * `below` — the values where no panel is
    /// * `functions` — from the number of the panel and the argument
    pub(super) fn new(
        panels: usize,
        below: [f64; PARTS],
        functions: impl Fn(usize, f64) -> [f64; PARTS] + Sync,
    ) -> Self {
        let nodes = Nodes::new();
        let polynomials = |panel: usize| {
            let scale = 0.5_f64.powi(panel as i32 + 1);
            let mut values = [[0.0; TERMS]; PARTS];
            for (i, x) in nodes.points.iter().enumerate() {
                let found = functions(panel, scale * (1.5 + 0.5 * x));
                for part in 0..PARTS {
                    values[part][i] = found[part];
                }
            }
            values.map(|values| nodes.polynomial(&values))
        };
        let found: Vec<_> = (0..panels).into_par_iter().map(polynomials).collect();
        Table {
            panels: std::array::from_fn(|part| found.iter().map(|panel| panel[part]).collect()),
            below,
        }
    }

    /// All functions at a positive argument, at most 1.
    pub(super) fn all(&self, argument: f64) -> [f64; PARTS] {
        let (panel, x) = place(argument);
        std::array::from_fn(|part| match self.panels[part].get(panel) {
            Some(terms) => horner(terms, x),
            None => self.below[part],
        })
    }

    /// One function at an argument from 0 to 1.
    #[inline(always)]
    pub(super) fn one(&self, part: usize, argument: f64) -> f64 {
        let (panel, x) = place(argument);
        match self.panels[part].get(panel) {
            Some(terms) => horner(terms, x),
            None => self.below[part],
        }
    }
}

/// The panel of an argument, and the variable from −1 to 1 on it. Zero is below all panels.
#[inline(always)]
fn place(argument: f64) -> (usize, f64) {
    // One is the upper end of the first panel.
    let bits = argument.min(1.0 - 0.5 * f64::EPSILON).to_bits();
    let panel = EXPONENT - 1 - (bits >> MANTISSA);
    let mantissa = f64::from_bits((bits & ((1 << MANTISSA) - 1)) | (EXPONENT << MANTISSA));
    (panel as usize, 2.0 * mantissa - 3.0)
}

#[inline(always)]
fn horner(terms: &[f64; TERMS], x: f64) -> f64 {
    // Even and odd powers apart: half the steps wait for one another.
    let square = x * x;
    let (mut even, mut odd) = (terms[TERMS - 2], terms[TERMS - 1]);
    for pair in terms[..TERMS - 2].rchunks_exact(2) {
        even = even * square + pair[0];
        odd = odd * square + pair[1];
    }
    odd * x + even
}

/// Chebyshev's nodes, and how values there become a polynomial.
struct Nodes {
    points: [f64; TERMS],
    /// Chebyshev coefficients from values.
    transform: Vec<[f64; TERMS]>,
    /// The coefficients of each Chebyshev polynomial, integers.
    powers: Vec<[f64; TERMS]>,
}

impl Nodes {
    fn new() -> Self {
        let n = TERMS as f64;
        // T_k at node i, of an angle that is reduced as an integer
        let chebyshev = |k: usize, i: usize| {
            let quarters = k * (2 * i + 1) % (4 * TERMS);
            (PI * quarters as f64 / (2.0 * n)).cos()
        };
        let transform = (0..TERMS).map(|k| {
            let norm = if k == 0 { 1.0 / n } else { 2.0 / n };
            std::array::from_fn(|i| norm * chebyshev(k, i))
        });
        let mut powers = vec![[0.0; TERMS]; TERMS];
        powers[0][0] = 1.0;
        powers[1][1] = 1.0;
        for k in 2..TERMS {
            for j in 0..TERMS {
                let shifted = if j > 0 { powers[k - 1][j - 1] } else { 0.0 };
                powers[k][j] = 2.0 * shifted - powers[k - 2][j];
            }
        }
        Nodes {
            points: std::array::from_fn(|i| chebyshev(1, i)),
            transform: transform.collect(),
            powers,
        }
    }

    /// The polynomial through values at the nodes, by powers of the variable.
    ///
    /// Chebyshev coefficients of the functions here fall by 5.8 per degree, and the coefficients of Chebyshev polynomials grow by 2.4: no
    /// digits are lost to the powers.
    fn polynomial(&self, values: &[f64; TERMS]) -> [f64; TERMS] {
        let mut terms = [0.0; TERMS];
        // The smallest first
        for (row, powers) in self.transform.iter().zip(&self.powers).rev() {
            let coefficient: f64 = row.iter().zip(values).map(|(t, v)| t * v).sum();
            for (term, power) in terms.iter_mut().zip(powers) {
                *term += coefficient * power;
            }
        }
        terms
    }
}
