//! The interpolation kernel of compact support, as polynomials, and its Fourier transform.
//!
//! ```math
//! \phi(x) = \exp\bigl(\beta ((1 - x^2)^e - 1)\bigr) , \qquad |x| \le 1 , \qquad \beta = b \, \pi w \, \bigl(1 - \tfrac{1}{2\sigma}\bigr)
//! ```
//! for a support of w grid points and a grid σ times as fine as the least one. b and e minimise the largest error of a single
//! exponential for each (σ, w). The support is cut into w pieces of one grid step; each piece is a polynomial in x ∈ [−1, 1], and the lanes of
//! a vector hold the pieces: one sweep of Horner's scheme evaluates all values that a point needs.

use crate::numeric::GaussLegendre;
use crate::simd::aligned::Aligned;
use std::f64::consts::PI;

/// The widest support.
pub(super) const MAX_WIDTH: usize = 16;

/// A shape of the kernel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shape {
    /// σ.
    pub refinement: f64,
    /// w, grid points in the support.
    pub width: usize,
    /// b.
    steepness: f64,
    /// e.
    exponent: f64,
    /// The largest error of a single exponential in one dimension.
    pub error: f64,
}

const fn shape(refinement: f64, width: usize, steepness: f64, exponent: f64, error: f64) -> Shape {
    Shape {
        refinement,
        width,
        steepness,
        exponent,
        error,
    }
}

/// The optimised shapes; each error is the largest over 161 frequencies and 101 offsets.
pub(super) const SHAPES: [Shape; 39] = [
    shape(1.5, 4, 0.7881, 0.5501, 4.6e-3),
    shape(1.5, 5, 0.8116, 0.5437, 6.6e-4),
    shape(1.5, 6, 0.8654, 0.5292, 1.3e-4),
    shape(1.5, 7, 0.8894, 0.5215, 1.6e-5),
    shape(1.5, 8, 0.9256, 0.5128, 2.2e-6),
    shape(1.5, 9, 0.9245, 0.5127, 3.6e-7),
    shape(1.5, 10, 0.9367, 0.5104, 6.8e-8),
    shape(1.5, 11, 0.9511, 0.5076, 1.2e-8),
    shape(1.5, 12, 0.955, 0.507, 2e-9),
    shape(1.5, 13, 0.9509, 0.5076, 3.3e-10),
    shape(1.5, 14, 0.9521, 0.5071, 5.4e-11),
    shape(1.5, 15, 0.929, 0.5111, 1.2e-11),
    shape(1.5, 16, 0.9643, 0.5051, 1.7e-12),
    shape(1.75, 4, 0.8617, 0.5199, 2.1e-3),
    shape(1.75, 5, 0.8454, 0.5349, 2.7e-4),
    shape(1.75, 6, 0.8843, 0.5229, 2.6e-5),
    shape(1.75, 7, 0.896, 0.5197, 2.9e-6),
    shape(1.75, 8, 0.9237, 0.5132, 4.4e-7),
    shape(1.75, 9, 0.9418, 0.5095, 5.7e-8),
    shape(1.75, 10, 0.9507, 0.5078, 8.2e-9),
    shape(1.75, 11, 0.9371, 0.5103, 9.2e-10),
    shape(1.75, 12, 0.9438, 0.5089, 1.4e-10),
    shape(1.75, 13, 0.9476, 0.5082, 1.6e-11),
    shape(1.75, 14, 0.9509, 0.5074, 2e-12),
    shape(1.75, 15, 0.9401, 0.509, 3.3e-13),
    shape(1.75, 16, 0.9439, 0.5082, 5.2e-14),
    shape(2.0, 4, 0.7999, 0.5421, 1.2e-3),
    shape(2.0, 5, 0.8735, 0.5266, 1.2e-4),
    shape(2.0, 6, 0.8962, 0.5204, 9.1e-6),
    shape(2.0, 7, 0.9317, 0.5117, 1.3e-6),
    shape(2.0, 8, 0.9126, 0.5154, 1.2e-7),
    shape(2.0, 9, 0.9167, 0.5144, 1.5e-8),
    shape(2.0, 10, 0.9479, 0.5084, 1.3e-9),
    shape(2.0, 11, 0.942, 0.5094, 1.6e-10),
    shape(2.0, 12, 0.9576, 0.5065, 1.7e-11),
    shape(2.0, 13, 0.9549, 0.5067, 1.9e-12),
    shape(2.0, 14, 0.9476, 0.5079, 2.3e-13),
    shape(2.0, 15, 0.9617, 0.5056, 3.3e-14),
    shape(2.0, 16, 0.9467, 0.507, 1.6e-14),
];

impl Shape {
    /// φ(x), zero outside of the support.
    pub(super) fn value(&self, x: f64) -> f64 {
        let beta = self.steepness * PI * self.width as f64 * (1.0 - 0.5 / self.refinement);
        let inside = (1.0 - x) * (1.0 + x);
        if inside < 0.0 {
            return 0.0;
        }
        (beta * (inside.powf(self.exponent) - 1.0)).exp()
    }

    /// The degree of the polynomials: more gain nothing, since the pieces at the ends are not smooth.
    fn degree(&self) -> usize {
        if self.width < 7 {
            self.width
        } else {
            self.width - 1
        }
    }

    /// Numbers in a row of the table, one or two of the widest vectors.
    pub(super) fn lanes(&self) -> usize {
        if self.width <= 8 { 8 } else { 16 }
    }
}

/// A kernel as polynomials.
#[derive(Debug, Clone)]
pub(super) struct Kernel {
    pub shape: Shape,
    /// Coefficients, `[power][piece]`, highest power first, zero beyond the pieces.
    pub table: Aligned,
    /// Quadrature nodes x ≥ 0 with weight times value, for the Fourier transform.
    nodes: Vec<[f64; 2]>,
}

/// Gauss–Legendre nodes for each half piece: the integrand is a polynomial of degree up to 16 times a cosine of less than half a period.
const NODES: usize = 16;

impl Kernel {
    pub(super) fn new(shape: Shape) -> Self {
        let (width, lanes, degree) = (shape.width, shape.lanes(), shape.degree());
        let mut table = Aligned::zeros((degree + 1) * lanes);
        for piece in 0..width.div_ceil(2) {
            let coefficients = fit(degree, |x| {
                shape.value((2.0 * piece as f64 + 1.0 + x) / width as f64 - 1.0)
            });
            // φ is even: the mirror image of a piece has the signs of odd powers changed.
            for (power, value) in coefficients.iter().enumerate() {
                let row = (degree - power) * lanes;
                let sign = if power % 2 == 0 { 1.0 } else { -1.0 };
                table[row + piece] = *value;
                table[row + width - 1 - piece] = sign * value;
            }
            if 2 * piece + 1 == width {
                // The middle piece is its own mirror image.
                for power in (1..=degree).step_by(2) {
                    table[(degree - power) * lanes + piece] = 0.0;
                }
            }
        }
        let mut kernel = Kernel {
            shape,
            table,
            nodes: Vec::new(),
        };
        let rule = GaussLegendre::new(NODES).expect("a small number of nodes");
        for piece in width / 2..width {
            for (node, weight) in rule.nodes.iter().zip(&rule.weights) {
                let x = (2.0 * piece as f64 + 1.0 + node) / width as f64 - 1.0;
                if x >= 0.0 {
                    // Both x and −x.
                    let value = kernel.piece(piece, *node);
                    kernel.nodes.push([x, 2.0 * weight / width as f64 * value]);
                }
            }
        }
        kernel
    }

    /// The polynomial of one piece.
    pub(super) fn piece(&self, piece: usize, x: f64) -> f64 {
        let rows = self.table.chunks_exact(self.shape.lanes());
        rows.fold(0.0, |value, row| value * x + row[piece])
    }

    /// Computes $`1 / \hat\phi(k)`$ for k < `count` on a circle of n points, of the polynomials themselves:
    ///
    /// ```math
    /// \hat\phi(k) = \tfrac w2 \int_{-1}^1 \phi(x) \cos(\pi w k x / n) \, dx .
    /// ```
    pub(super) fn corrections(&self, count: usize, points: usize) -> Vec<f64> {
        let width = self.shape.width as f64;
        let factor = |k: usize| {
            let scale = PI * width * k as f64 / points as f64;
            let sum: f64 = self
                .nodes
                .iter()
                .map(|[x, value]| value * (scale * x).cos())
                .sum();
            2.0 / (width * sum)
        };
        (0..count).map(factor).collect()
    }
}

/// Coefficients of the interpolating polynomial at Chebyshev nodes, lowest power first.
fn fit(degree: usize, f: impl Fn(f64) -> f64) -> Vec<f64> {
    let count = degree + 1;
    let angle = |j: usize| PI * (j as f64 + 0.5) / count as f64;
    let values: Vec<f64> = (0..count).map(|j| f(angle(j).cos())).collect();
    let mut power = vec![0.0; count];
    // T_k in powers, by T_{k+1} = 2 x T_k − T_{k−1}.
    let (mut before, mut here) = (vec![0.0; count], vec![0.0; count]);
    here[0] = 1.0;
    for k in 0..count {
        let sum: f64 = values
            .iter()
            .enumerate()
            .map(|(j, value)| value * (k as f64 * angle(j)).cos())
            .sum();
        let coefficient = if k == 0 { 1.0 } else { 2.0 } / count as f64 * sum;
        for (out, t) in power.iter_mut().zip(&here) {
            *out += coefficient * t;
        }
        let factor = if k == 0 { 1.0 } else { 2.0 };
        let mut next = vec![0.0; count];
        for i in 0..count {
            next[i] = -before[i];
            if i > 0 {
                next[i] += factor * here[i - 1];
            }
        }
        (before, here) = (here, next);
    }
    power
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tol;

    /// The largest error of $`e^{ikx}`$ by interpolation on a circle, over frequencies up to the limit and offsets within a step.
    fn measured(kernel: &Kernel) -> f64 {
        let shape = kernel.shape;
        let limit = 200;
        let points = (shape.refinement * (2 * limit + 1) as f64).round() as usize;
        let corrections = kernel.corrections(limit + 1, points);
        let mut largest = 0.0_f64;
        for (k, correction) in corrections.iter().enumerate().step_by(3) {
            for offset in 0..33 {
                let t = f64::from(offset) / 33.0;
                // The point is at w/2 − t from the first grid point of its support.
                let at = shape.width as f64 / 2.0 - t;
                let (mut re, mut im) = (0.0, 0.0);
                for piece in 0..shape.width {
                    let value = kernel.piece(piece, 2.0 * t - 1.0) * correction;
                    let angle = 2.0 * PI * k as f64 / points as f64 * (piece as f64 - at);
                    re += value * angle.cos();
                    im += value * angle.sin();
                }
                largest = largest.max((re - 1.0).hypot(im));
            }
        }
        largest
    }

    #[test]
    fn single_exponentials_have_the_errors_of_the_table() {
        for shape in SHAPES {
            let error = measured(&Kernel::new(shape));
            let bound = tol::KERNEL_TABLE * shape.error + tol::KERNEL_ROUNDING;
            assert!(error <= bound, "{shape:?}: {error:e}");
            // Neither is the table pessimistic.
            assert!(error >= 0.3 * shape.error, "{shape:?}: {error:e}");
        }
    }

    #[test]
    fn the_polynomials_are_even() {
        for shape in SHAPES {
            let kernel = Kernel::new(shape);
            for piece in 0..shape.width {
                for x in [-1.0, -0.3, 0.0, 0.8, 1.0] {
                    let mirror = kernel.piece(shape.width - 1 - piece, -x);
                    let value = kernel.piece(piece, x);
                    assert!((value - mirror).abs() <= tol::ROOT_OF_SQUARE);
                }
            }
        }
    }
}
