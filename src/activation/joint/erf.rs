//! $`\operatorname{erf}`$, which is the mean of the sign over a Gaussian noise of variance ½ (Williams 1997).
//!
//! With $`\kappa = 2/\pi`$, $`A = q_a + \tfrac12`$, $`B = q_b + \tfrac12`$ and $`r = (AB - k^2)^{-1/2}`$,
//! ```math
//! C = \kappa \arcsin\frac{k}{\sqrt{AB}}, \qquad \dot C = \partial_k C = \kappa r, \qquad \partial_{q_a} C = -\frac{k}{2A} \kappa r ,
//! ```
//! and second derivatives follow from $`r_A = -\tfrac12 B r^3`$, $`r_k = k r^3`$. A factor $`\sigma' = \tfrac{2}{\sqrt\pi} e^{-z^2}`$
//! changes the Gaussian law of the other variables: with the covariance S of the factors σ',
//! ```math
//! E\Bigl[\prod_{c \in S} \sigma'_c \; f(z)\Bigr] = \bigl(\tfrac{4}{\pi}\bigr)^{|S|/2} \det(1 + 2 K_{SS})^{-1/2}\, E_{K'}[f], \qquad
//! K' = K - 2 K_{\cdot S} (1 + 2K_{SS})^{-1} K_{S\cdot} .
//! ```
//! Products of four σ have no closed form. Their connected part is an integral over the covariance between two pairs, which is scaled by
//! t (Plackett 1954, Price 1958): no difference of large numbers occurs.

use std::f64::consts::{FRAC_1_PI, FRAC_2_PI, FRAC_PI_2};

use super::jet::{Jet, Own, Pair};
use super::powers::Powers;
use crate::Result;
use crate::numeric::GaussLegendre;
use crate::simd::pack::difference_of_products;

/// Nodes of the integral over t = sin θ. The integrands have a singularity at t = 1 + 1/2q, which the sine moves away from the interval: at
/// variances up to 5 the error is some ε, at 10 it is 7e-14.
const NODES: usize = 24;

/// $`(2/\sqrt\pi)^2`$, the factor of two derivatives.
const TWO: f64 = 4.0 * FRAC_1_PI;

/// The nodes t and weights of the integral from 0 to 1.
#[derive(Debug, Clone)]
pub(super) struct Erf {
    rule: Vec<(f64, f64)>,
}

/// $`E[\sigma\sigma]`$ for variances a, b and covariance k.
fn value(a: f64, b: f64, k: f64) -> f64 {
    FRAC_2_PI * (2.0 * k / ((1.0 + 2.0 * a) * (1.0 + 2.0 * b)).sqrt()).asin()
}

/// C and Ċ.
pub(super) fn two(a: f64, b: f64, k: f64) -> [f64; 2] {
    let whole = difference_of_products(a, b, k, k).max(0.0) + 0.5 * (a + b) + 0.25;
    [value(a, b, k), FRAC_2_PI / whole.sqrt()]
}

/// The law of two variables under n factors $`e^{-a^2}`$ and m factors $`e^{-b^2}`$: new variances and covariance, and the mean of the
/// factors.
struct Tilted {
    a: f64,
    b: f64,
    k: f64,
    mean: f64,
}

impl Tilted {
    fn new([a, b, k]: [f64; 3], n: f64, m: f64) -> Tilted {
        let determinant = difference_of_products(a, b, k, k).max(0.0);
        let whole = 1.0 + 2.0 * (n * a + m * b) + 4.0 * n * m * determinant;
        Tilted {
            a: (a + 2.0 * m * determinant) / whole,
            b: (b + 2.0 * n * determinant) / whole,
            k: k / whole,
            mean: 1.0 / whole.sqrt(),
        }
    }

    /// $`E[\sigma\sigma]`$ of the pair aa, ab or bb.
    fn values(&self) -> [f64; 3] {
        [
            value(self.a, self.a, self.a),
            value(self.a, self.b, self.k),
            value(self.b, self.b, self.b),
        ]
    }
}

impl Erf {
    pub(super) fn new() -> Result<Erf> {
        let rule = GaussLegendre::new(NODES)?;
        let nodes = rule.nodes.iter().zip(&rule.weights);
        Ok(Erf {
            rule: nodes
                .map(|(x, w)| {
                    let angle = 0.5 * (1.0 + x) * FRAC_PI_2;
                    (angle.sin(), 0.5 * FRAC_PI_2 * w * angle.cos())
                })
                .collect(),
        })
    }

    pub(super) fn own(&self, q: f64) -> Own {
        let (lifted, quarter) = (q + 0.5, q + 0.25);
        let slope = FRAC_2_PI / (2.0 * lifted * quarter.sqrt());
        let squares = FRAC_2_PI / quarter.sqrt();
        let two = Tilted::new([q, 0.0, 0.0], 2.0, 0.0);
        let four = Tilted::new([q, 0.0, 0.0], 4.0, 0.0);
        let variance = value(q, q, q);
        Own {
            q,
            value: [variance, slope, -slope * (1.0 / lifted + 0.5 / quarter)],
            derivative: [
                squares,
                -0.5 * squares / quarter,
                0.75 * squares / (quarter * quarter),
            ],
            fourth: [
                variance * variance + self.squares([q, q, q]),
                TWO * two.mean * two.values()[0],
                TWO * TWO * four.mean,
            ],
            ..Own::default()
        }
    }

    /// $`\operatorname{Cov}(\sigma_a^2, \sigma_b^2) = \int_0^1 4k\, E_t[\sigma_a\sigma'_a\sigma_b\sigma'_b]\, dt`$
    fn squares(&self, [a, b, k]: [f64; 3]) -> f64 {
        let terms = self.rule.iter().map(|&(t, weight)| {
            let tilted = Tilted::new([a, b, t * k], 1.0, 1.0);
            weight * tilted.mean * value(tilted.a, tilted.b, tilted.k)
        });
        4.0 * k * TWO * terms.sum::<f64>()
    }

    /// $`E[\sigma_a^3\sigma_b]`$ and $`E[\sigma_a\sigma_b^3]`$, by $`\int_0^1 3k\, E_t[\sigma_a^2\sigma'_a\sigma'_b]\, dt`$
    fn cubes(&self, [a, b, k]: [f64; 3]) -> [f64; 2] {
        let mut sums = [0.0; 2];
        for &(t, weight) in &self.rule {
            let tilted = Tilted::new([a, b, t * k], 1.0, 1.0);
            let weight = weight * tilted.mean;
            sums[0] += weight * value(tilted.a, tilted.a, tilted.a);
            sums[1] += weight * value(tilted.b, tilted.b, tilted.b);
        }
        sums.map(|sum| 3.0 * k * TWO * sum)
    }

    pub(super) fn pair(&self, a: &Own, b: &Own, k: f64) -> Pair {
        let law = [a.q, b.q, k];
        let (value, derivative) = jets(law);
        let [three, one] = self.cubes(law);
        let mut derivatives = [0.0; 5];
        for (of_b, derivative) in derivatives.iter_mut().enumerate() {
            let of_b = of_b as f64;
            *derivative = TWO * TWO * Tilted::new(law, 4.0 - of_b, of_b).mean;
        }
        // One column per pair of σ'.
        let columns = [0.0, 1.0, 2.0].map(|of_b| {
            let tilted = Tilted::new(law, 2.0 - of_b, of_b);
            tilted.values().map(|value| TWO * tilted.mean * value)
        });
        let mixed = std::array::from_fn(|p| columns.map(|column| column[p]));
        Pair {
            value,
            derivative,
            values: [
                a.fourth[0],
                three,
                a.value[0] * b.value[0] + self.squares(law),
                one,
                b.fourth[0],
            ],
            mixed,
            derivatives,
        }
    }

    /// The mean of a product of four factors.
    pub(super) fn product(&self, covariance: &[[f64; 4]; 4], powers: &Powers) -> f64 {
        let (factors, values) = powers.factors();
        let mut law = [[0.0; 4]; 4];
        for (row, &i) in law.iter_mut().zip(&factors) {
            for (entry, &j) in row.iter_mut().zip(&factors) {
                *entry = covariance[i][j];
            }
        }
        match values {
            0 => TWO * TWO / determinant_of_lifted(law).sqrt(),
            2 => mixed(&law),
            _ => self.values(&law),
        }
    }

    /// The mean of four values.
    fn values(&self, law: &[[f64; 4]; 4]) -> f64 {
        let mut connected = 0.0;
        for &(t, weight) in &self.rule {
            for i in 0..2 {
                for j in 2..4 {
                    // The law of the other two, under the derivatives of i and j.
                    let order = [1 - i, 5 - j, i, j];
                    let mut scaled = [[0.0; 4]; 4];
                    for (row, &p) in scaled.iter_mut().zip(&order) {
                        for (entry, &q) in row.iter_mut().zip(&order) {
                            let across = (p < 2) != (q < 2);
                            *entry = if across { t * law[p][q] } else { law[p][q] };
                        }
                    }
                    connected += weight * law[i][j] * mixed(&scaled);
                }
            }
        }
        let pair = |i: usize, j: usize| value(law[i][i], law[j][j], law[i][j]);
        connected + pair(0, 1) * pair(2, 3)
    }
}

/// $`E[\sigma_0\sigma_1\sigma'_2\sigma'_3]`$
fn mixed(law: &[[f64; 4]; 4]) -> f64 {
    // The inverse of 1 + 2K on the last two variables.
    let (p, q, r) = (
        1.0 + 2.0 * law[2][2],
        1.0 + 2.0 * law[3][3],
        2.0 * law[2][3],
    );
    let whole = difference_of_products(p, q, r, r);
    let tilted = |i: usize, j: usize| {
        let [a, b, c, d] = [law[i][2], law[i][3], law[j][2], law[j][3]];
        let sum = q * a * c - r * (a * d + b * c) + p * b * d;
        law[i][j] - 2.0 * sum / whole
    };
    TWO / whole.sqrt() * value(tilted(0, 0), tilted(1, 1), tilted(0, 1))
}

/// $`\det(1 + 2K)`$, by elimination; the matrix is positive definite.
fn determinant_of_lifted(mut law: [[f64; 4]; 4]) -> f64 {
    for (i, row) in law.iter_mut().enumerate() {
        for (j, entry) in row.iter_mut().enumerate() {
            *entry = 2.0 * *entry + if i == j { 1.0 } else { 0.0 };
        }
    }
    let mut determinant = 1.0;
    for pivot in 0..4 {
        let row = law[pivot];
        determinant *= row[pivot];
        for other in law.iter_mut().skip(pivot + 1) {
            let factor = other[pivot] / row[pivot];
            for (entry, above) in other.iter_mut().zip(&row) {
                *entry -= factor * above;
            }
        }
    }
    determinant
}

/// C and Ċ with their derivatives.
fn jets([a, b, k]: [f64; 3]) -> (Jet, Jet) {
    let (p, q) = (a + 0.5, b + 0.5);
    let whole = difference_of_products(a, b, k, k).max(0.0) + 0.5 * (a + b) + 0.25;
    let r = 1.0 / whole.sqrt();
    let (r3, r5) = (r / whole, r / (whole * whole));
    let side = |p: f64, q: f64| k * (0.5 * r / (p * p) + 0.25 * q * r3 / p);
    let value = Jet {
        v: 0.0,
        k: r,
        a: -0.5 * k / p * r,
        b: -0.5 * k / q * r,
        kk: k * r3,
        ka: -0.5 * q * r3,
        kb: -0.5 * p * r3,
        aa: side(p, q),
        ab: 0.25 * k * r3,
        bb: side(q, p),
    };
    let derivative = Jet {
        v: r,
        k: k * r3,
        a: -0.5 * q * r3,
        b: -0.5 * p * r3,
        kk: r3 + 3.0 * k * k * r5,
        ka: -1.5 * k * q * r5,
        kb: -1.5 * k * p * r5,
        aa: 0.75 * q * q * r5,
        ab: -0.5 * r3 + 0.75 * p * q * r5,
        bb: 0.75 * p * p * r5,
    };
    let value = Jet {
        v: self::value(a, b, k),
        ..value.scaled(FRAC_2_PI)
    };
    (value, derivative.scaled(FRAC_2_PI))
}
