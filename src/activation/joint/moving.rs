//! Products of derivatives of σ up to the third at up to four Gaussian variables, which the motion of tangent kernels needs.

use super::{Form, Joint};
use crate::activation::functions::Activation;

/// The orders of the derivatives of the four factors: σ''σ'σ'σ, σ'''σ'σ'σ' and σ''σ''σ'σ'.
pub(crate) const ORDERS: [[u8; 4]; 3] = [[2, 1, 1, 0], [3, 1, 1, 1], [2, 2, 1, 1]];

/// A product of the orders [`ORDERS`]`[kind]` at four variables, by their numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moving {
    pub(crate) kind: usize,
    pub(crate) variables: [usize; 4],
}

/// Step and end of the trapezoidal rule in each independent normal variable, for 1 to 4 variables.
const RULES: [(f64, i32); 4] = [(0.2, 44), (0.2, 44), (0.35, 25), (0.5, 17)];

/// The step of central differences of σ': with eight neighbours the error is 1e-13 for functions like tanh, and that of rounding 1e-12.
const STEP: f64 = 0.02;

/// Weights of the neighbours at distance 1 to 4 in the first derivative, and of the point and its neighbours in the second derivative.
const FIRST: [f64; 4] = [4.0 / 5.0, -1.0 / 5.0, 4.0 / 105.0, -1.0 / 280.0];
const SECOND: [f64; 5] = [
    -205.0 / 72.0,
    8.0 / 5.0,
    -1.0 / 5.0,
    8.0 / 315.0,
    -1.0 / 560.0,
];

impl Joint {
    /// The means of products of derivatives of σ at d ≤ 4 variables; writes one number for each product.
    ///
    /// A function with a bend has none on the diagonal, and is refused before.
    ///
    /// # Arguments
    /// * `law` — the covariance, in the first d rows and columns
    pub(crate) fn moving(
        &self,
        d: usize,
        law: &[[f64; 4]; 4],
        products: &[Moving],
        out: &mut [f64],
    ) {
        match &self.form {
            Form::Identity | Form::Bend(_) => out.fill(0.0),
            Form::Erf(_) => {
                for (out, product) in out.iter_mut().zip(products) {
                    *out = of_erf(law, product);
                }
            }
            Form::Series(series) => by_grid(series.activation(), d, law, products, out),
        }
    }
}

/// Closed forms for erf, which is the mean of the sign of z + ξ with a noise ξ of variance ½: σ' is twice a delta function.
fn of_erf(law: &[[f64; 4]; 4], product: &Moving) -> f64 {
    let v = product.variables;
    let lifted: [[f64; 4]; 4] = std::array::from_fn(|i| {
        std::array::from_fn(|j| law[v[i]][v[j]] + if i == j { 0.5 } else { 0.0 })
    });
    if product.kind == 0 {
        // The density of the first three at 0, and the derivative of the conditional mean of the sign of the last one.
        let (inverse, determinant) = inverse::<3>(&lifted);
        let density = (std::f64::consts::TAU.powi(3) * determinant).sqrt().recip();
        let beta = |i: usize| (0..3).map(|j| inverse[i][j] * lifted[j][3]).sum::<f64>();
        let variance = lifted[3][3] - (0..3).map(|i| beta(i) * lifted[i][3]).sum::<f64>();
        return -16.0 * density * beta(0) / (std::f64::consts::TAU * variance).sqrt();
    }
    let (inverse, determinant) = inverse::<4>(&lifted);
    let density = (std::f64::consts::TAU.powi(4) * determinant).sqrt().recip();
    let other = if product.kind == 1 { 0 } else { 1 };
    -16.0 * density * inverse[0][other]
}

/// Inverse and determinant of the first N rows and columns of a positive definite matrix.
fn inverse<const N: usize>(matrix: &[[f64; 4]; 4]) -> ([[f64; N]; N], f64) {
    let mut left: [[f64; N]; N] = std::array::from_fn(|i| std::array::from_fn(|j| matrix[i][j]));
    let mut right: [[f64; N]; N] =
        std::array::from_fn(|i| std::array::from_fn(|j| if i == j { 1.0 } else { 0.0 }));
    let mut determinant = 1.0;
    for pivot in 0..N {
        determinant *= left[pivot][pivot];
        let scale = left[pivot][pivot].recip();
        for j in 0..N {
            left[pivot][j] *= scale;
            right[pivot][j] *= scale;
        }
        let (row, other) = (left[pivot], right[pivot]);
        for i in (0..N).filter(|&i| i != pivot) {
            let factor = left[i][pivot];
            for j in 0..N {
                left[i][j] -= factor * row[j];
                right[i][j] -= factor * other[j];
            }
        }
    }
    (right, determinant)
}

/// σ, σ', σ'' and σ''' at a point.
fn derivatives(activation: &Activation, x: f64) -> [f64; 4] {
    let slope = |x: f64| activation.derivative(x);
    let middle = slope(x);
    let (mut first, mut second) = (0.0, SECOND[0] * middle);
    for i in 0..4 {
        let distance = (i + 1) as f64 * STEP;
        let (above, below) = (slope(x + distance), slope(x - distance));
        first += FIRST[i] * (above - below);
        second += SECOND[i + 1] * (above + below);
    }
    [
        activation.value(x),
        middle,
        first / STEP,
        second / (STEP * STEP),
    ]
}

/// The trapezoidal rule; the variables are a triangular matrix times independent normal variables.
fn by_grid(
    activation: &Activation,
    d: usize,
    law: &[[f64; 4]; 4],
    products: &[Moving],
    out: &mut [f64],
) {
    out.fill(0.0);
    let nodes = super::grid::nodes(RULES[d - 1]);
    let mut sweep = Sweep {
        activation,
        d,
        factor: super::grid::cholesky(d, law),
        nodes: &nodes,
        products,
        values: [[0.0; 4]; 4],
        out,
    };
    sweep.variable(0, [0.0; 4], 1.0);
}

/// The state of the nested loops over nodes.
struct Sweep<'a> {
    activation: &'a Activation,
    d: usize,
    factor: [[f64; 4]; 4],
    nodes: &'a [(f64, f64)],
    products: &'a [Moving],
    /// σ and its derivatives at each variable.
    values: [[f64; 4]; 4],
    out: &'a mut [f64],
}

impl Sweep<'_> {
    fn variable(&mut self, i: usize, sums: [f64; 4], weight: f64) {
        if i == self.d {
            for (out, product) in self.out.iter_mut().zip(self.products) {
                let orders = ORDERS[product.kind];
                let factors = product.variables.iter().zip(orders);
                let of = |(&v, order): (&usize, u8)| self.values[v][usize::from(order)];
                *out += weight * factors.map(of).product::<f64>();
            }
            return;
        }
        let one = [(0.0, 1.0)];
        let nodes = match self.factor[i][i] == 0.0 {
            true => &one[..],
            false => self.nodes,
        };
        for &(x, w) in nodes {
            let mut below = sums;
            for (row, sum) in below.iter_mut().enumerate().take(self.d).skip(i) {
                *sum += self.factor[row][i] * x;
            }
            self.values[i] = derivatives(self.activation, below[i]);
            self.variable(i + 1, below, weight * w);
        }
    }
}
