//! Gauss–Hermite quadrature for the standard normal law.

use crate::error::{Error, Result};

/// The largest number of nodes of a [`GaussHermite`]: beyond it the outer weights underflow.
pub const MAX_NODES: usize = 256;

/// Nodes and weights for expectations over a standard normal variable.
///
/// ```math
/// E[f(z)] \approx \sum_i w_i f(x_i), \qquad z \sim N(0, 1), \qquad \sum_i w_i = 1
/// ```
/// The rule is exact for polynomials of degree below 2n. The nodes increase and are symmetric about 0.
///
/// # Examples
/// ```
/// use haarmonic::numeric::gauss_hermite::GaussHermite;
/// # fn main() -> haarmonic::Result<()> {
/// let rule = GaussHermite::new(8)?;
/// let fourth: f64 = rule.nodes().iter().zip(rule.weights()).map(|(x, w)| w * x.powi(4)).sum();
/// assert!((fourth - 3.0).abs() < 1e-13);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct GaussHermite {
    nodes: Vec<f64>,
    weights: Vec<f64>,
}

impl GaussHermite {
    /// Computes the rule with `n` nodes.
    ///
    /// # Cost and accuracy
    /// O(n²) time. The nodes are the roots of $`He_n`$, found by Newton steps between bounds from Sturm's count. Nodes and weights
    /// are accurate to a few ε times n.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] unless 1 ≤ n ≤ [`MAX_NODES`].
    pub fn new(n: usize) -> Result<Self> {
        if n == 0 || n > MAX_NODES {
            return Err(Error::invalid(
                "number of quadrature nodes",
                n,
                format!("1 to {MAX_NODES}"),
            ));
        }
        let mut nodes = vec![0.0; n];
        let mut weights = vec![0.0; n];
        for i in 0..n.div_ceil(2) {
            // The roots are symmetric, so half of them suffice; an odd rule has its middle node at 0 exactly.
            let x = if 2 * i + 1 == n { 0.0 } else { root(n, i) };
            // Christoffel's formula: 1/w = Σ_{j<n} He_j(x)²/j!, a sum of positive terms.
            let weight = 1.0 / christoffel_sum(n, x);
            nodes[i] = x;
            nodes[n - 1 - i] = -x;
            weights[i] = weight;
            weights[n - 1 - i] = weight;
        }
        Ok(Self { nodes, weights })
    }

    /// Returns the nodes, increasing.
    pub fn nodes(&self) -> &[f64] {
        &self.nodes
    }

    /// Returns the weights; their sum is 1.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }
}

/// Writes the normalised Hermite polynomials $`He_j(x)/\sqrt{j!}`$, j = 0, 1, …, to `values`.
pub(crate) fn normalised_hermite(x: f64, values: &mut [f64]) {
    // h_{j+1} = (x h_j − √j h_{j−1}) / √(j + 1)
    let (mut below, mut current) = (0.0, 1.0);
    for (j, value) in values.iter_mut().enumerate() {
        *value = current;
        let j = j as f64;
        let next = (x * current - j.sqrt() * below) / (j + 1.0).sqrt();
        below = current;
        current = next;
    }
}

/// The sum of the squares of the first n normalised polynomials.
fn christoffel_sum(n: usize, x: f64) -> f64 {
    let mut values = vec![0.0; n];
    normalised_hermite(x, &mut values);
    values.iter().map(|h| h * h).sum()
}

/// $`He_n(x)/He_n'(x)`$, and the number of roots below x by Sturm's sequence.
///
/// The normalised polynomials $`h_j`$ have the derivative $`h_n' = \sqrt n\, h_{n-1}`$.
fn newton_step_and_count(n: usize, x: f64) -> (f64, usize) {
    let (mut below, mut current, mut positive) = (0.0f64, 1.0f64, 0);
    for j in 0..n {
        let j = j as f64;
        let next = (x * current - j.sqrt() * below) / (j + 1.0).sqrt();
        // Each pair of neighbours h_j, h_{j+1} of one sign counts one root below x.
        if (next > 0.0) == (current > 0.0) && next != 0.0 {
            positive += 1;
        }
        below = current;
        current = next;
    }
    (current / ((n as f64).sqrt() * below), positive)
}

/// The root with `index` roots below it; it must be negative.
fn root(n: usize, index: usize) -> f64 {
    // All roots lie within ±sqrt(4n + 2); half of them, rounded down, are negative.
    let (mut low, mut high) = (-(4.0 * n as f64 + 2.0).sqrt(), 0.0);
    let (mut below_low, mut below_high) = (0, n / 2);
    let mut x = 0.5 * (low + high);
    loop {
        let (step, below) = newton_step_and_count(n, x);
        if below > index {
            (high, below_high) = (x, below);
        } else {
            (low, below_low) = (x, below);
        }
        let middle = 0.5 * (low + high);
        let newton = x - step;
        // Newton's step is taken if the bounds enclose one root only and the step stays between them; bisection otherwise.
        let alone = below_high - below_low == 1;
        let next = if alone && newton >= low && newton <= high {
            newton
        } else {
            middle
        };
        let resolved = alone && (next - x).abs() <= 2.0 * f64::EPSILON * x.abs();
        if resolved || middle <= low || middle >= high {
            return next;
        }
        x = next;
    }
}
