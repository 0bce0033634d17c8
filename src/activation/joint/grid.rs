//! Smooth functions of three and four variables, by the trapezoidal rule.

use super::powers::Powers;
use crate::activation::functions::Activation;

/// Step and end of the nodes of each independent normal variable. The error falls exponentially with 1/step for analytic functions; tanh at
/// variances near 1 has errors of 1e-9 for three and 1e-7 for four variables.
const RULES: [(f64, i32); 2] = [(0.35, 24), (0.5, 16)];

/// The powers of σ and σ' that the last variable may have.
const LAST: [(u8, u8); 5] = [(1, 0), (0, 1), (2, 0), (1, 1), (0, 2)];

/// Writes the means of products of powers at d = 3 or 4 variables; see [`Joint::products`](super::Joint::products).
///
/// The variables are a triangular matrix times independent normal variables. σ and σ' of a variable are computed once for each node of the
/// variables before it.
pub(super) fn products(
    activation: &Activation,
    d: usize,
    covariance: &[[f64; 4]; 4],
    powers: &[Powers],
    out: &mut [f64],
) {
    out.fill(0.0);
    let factor = cholesky(d, covariance);
    let nodes = nodes(RULES[usize::from(d == 4)]);
    let last: Vec<usize> = powers
        .iter()
        .map(|p| {
            let of_last = (p.value[d - 1], p.derivative[d - 1]);
            LAST.iter()
                .position(|kind| *kind == of_last)
                .expect("the last of three variables has at most two factors")
        })
        .collect();
    let mut sweep = Sweep {
        activation,
        d,
        factor,
        nodes: &nodes,
        powers,
        last: &last,
        values: [[0.0; 2]; 4],
        out,
    };
    sweep.variable(0, [0.0; 4], 1.0);
}

/// Nodes and weights of the trapezoidal rule for a normal variable.
///
/// # Arguments
/// * `(step, end)` — the distance of the nodes, and the number of the last one
pub(super) fn nodes((step, end): (f64, i32)) -> Vec<(f64, f64)> {
    let node = |i: i32| {
        let x = f64::from(i) * step;
        let weight = step / std::f64::consts::TAU.sqrt() * (-0.5 * x * x).exp();
        (x, weight)
    };
    (-end..=end).map(node).collect()
}

/// The state of the nested loops.
struct Sweep<'a> {
    activation: &'a Activation,
    d: usize,
    factor: [[f64; 4]; 4],
    nodes: &'a [(f64, f64)],
    powers: &'a [Powers],
    last: &'a [usize],
    /// σ and σ' of the variables before the current one.
    values: [[f64; 2]; 4],
    out: &'a mut [f64],
}

impl Sweep<'_> {
    /// Sums over the nodes of one variable.
    ///
    /// # Arguments
    /// * `sums` — the part of each variable that is fixed by the nodes of the variables before
    fn variable(&mut self, i: usize, sums: [f64; 4], weight: f64) {
        if i + 1 == self.d {
            return self.innermost(sums[i], weight);
        }
        // A variable that is determined by those before it needs no nodes of its own.
        let one = [(0.0, 1.0)];
        let nodes = if self.factor[i][i] == 0.0 {
            &one[..]
        } else {
            self.nodes
        };
        for &(x, w) in nodes {
            let mut below = sums;
            for (row, sum) in below.iter_mut().enumerate().take(self.d).skip(i) {
                *sum += self.factor[row][i] * x;
            }
            self.values[i] = [
                self.activation.value(below[i]),
                self.activation.derivative(below[i]),
            ];
            self.variable(i + 1, below, weight * w);
        }
    }

    /// Sums over the last variable, then adds the products.
    fn innermost(&mut self, sum: f64, weight: f64) {
        let i = self.d - 1;
        let deviation = self.factor[i][i];
        let one = [(0.0, 1.0)];
        let nodes = if deviation == 0.0 {
            &one[..]
        } else {
            self.nodes
        };
        let mut inner = [0.0; LAST.len()];
        for &(x, w) in nodes {
            let z = sum + deviation * x;
            let (value, slope) = (self.activation.value(z), self.activation.derivative(z));
            inner[0] += w * value;
            inner[1] += w * slope;
            inner[2] += w * value * value;
            inner[3] += w * value * slope;
            inner[4] += w * slope * slope;
        }
        for ((out, powers), &last) in self.out.iter_mut().zip(self.powers).zip(self.last) {
            let mut product = weight * inner[last];
            for (j, [value, slope]) in self.values.iter().enumerate().take(i) {
                product *= value.powi(i32::from(powers.value[j]));
                product *= slope.powi(i32::from(powers.derivative[j]));
            }
            *out += product;
        }
    }
}

/// The lower triangular factor of a covariance that may be singular: a pivot of rounding size is zero.
pub(super) fn cholesky(d: usize, covariance: &[[f64; 4]; 4]) -> [[f64; 4]; 4] {
    const NOISE: f64 = 64.0 * f64::EPSILON;
    let mut factor = [[0.0; 4]; 4];
    for j in 0..d {
        let squares: f64 = factor[j][..j].iter().map(|x| x * x).sum();
        let pivot = covariance[j][j] - squares;
        if pivot <= NOISE * covariance[j][j] {
            continue;
        }
        factor[j][j] = pivot.sqrt();
        for i in j + 1..d {
            let products: f64 = (0..j).map(|k| factor[i][k] * factor[j][k]).sum();
            factor[i][j] = (covariance[i][j] - products) / factor[j][j];
        }
    }
    factor
}
