//! Nodes and weights of Gauss–Legendre quadrature, accurate to the last digits at every order.

use crate::{Error, Result};
use pulp::{Arch, Simd, WithSimd};
use std::f64::consts::{FRAC_PI_2, PI};

/// Number of nodes that go through the recursion together.
const LANES: usize = 8;

/// The largest number of nodes that [`GaussLegendre::new`] computes; the cost grows with its square.
pub const MAX_NODES: usize = 1 << 16;

/// Nodes and weights of the `n`-point Gauss–Legendre rule, from the north pole to the south pole.
///
/// ```math
/// \int_{-1}^{1} p(x) \, dx = \int_0^\pi p(\cos\theta) \sin\theta \, d\theta = \sum_{j<n} w_j \, p(x_j) , \qquad \deg p \le 2n - 1
/// ```
/// The rule is exactly symmetric about the equator: `nodes[n - 1 - j] == -nodes[j]`.
///
/// # Examples
/// ```
/// use haarmonic::numeric::GaussLegendre;
/// let rule = GaussLegendre::new(2)?;
/// assert!((rule.nodes[0] - 1.0 / 3.0_f64.sqrt()).abs() < 4.0 * f64::EPSILON);
/// assert!((rule.weights[0] - 1.0).abs() < 4.0 * f64::EPSILON);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct GaussLegendre {
    /// Nodes $`x_j = \cos\theta_j`$ in $`(-1, 1)`$, decreasing.
    pub nodes: Vec<f64>,
    /// Colatitudes $`\theta_j`$ in radians, increasing; near the poles more precise than `nodes`.
    pub colatitudes: Vec<f64>,
    /// Weights $`w_j > 0`$; their sum is 2.
    pub weights: Vec<f64>,
}

impl GaussLegendre {
    /// Computes the `n`-point rule.
    ///
    /// Newton's method in θ starts from an asymptotic guess. $`P_n`$ comes from the recursion for the differences
    /// $`k (P_k - P_{k-1})`$ in double-double arithmetic; this recursion keeps its relative precision at the poles.
    ///
    /// # Arguments
    /// * `n` — number of nodes, `1 ..= MAX_NODES`
    ///
    /// # Cost and accuracy
    /// O(n²) time. Up to n = 4096 the relative error of nodes, colatitudes and weights is a few ε; nodes near the equator have an
    /// absolute error of at most ε.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `n` is 0 or above [`MAX_NODES`].
    pub fn new(n: usize) -> Result<Self> {
        if n == 0 || n > MAX_NODES {
            return Err(Error::invalid(
                "number of Gauss-Legendre nodes",
                n,
                format!("1 to {MAX_NODES}"),
            ));
        }
        // Only the northern nodes are computed, from the pole on, in groups of lanes; the southern ones are their mirror images.
        // Lanes beyond the last node keep θ = 1 and are dropped.
        let half = n.div_ceil(2);
        let mut rule = GaussLegendre {
            nodes: vec![0.0; n],
            colatitudes: vec![FRAC_PI_2; n],
            weights: vec![0.0; n],
        };
        let arch = Arch::new();
        for first in (0..half).step_by(LANES) {
            let lanes = LANES.min(half - first);
            let mut theta = [1.0; LANES];
            for (lane, value) in theta.iter_mut().enumerate().take(lanes) {
                *value = initial_colatitude(n, first + lane + 1);
            }
            let slope = refine(arch, n, &mut theta);
            for lane in 0..lanes {
                let (north, south) = (first + lane, n - 1 - first - lane);
                if north != south {
                    rule.colatitudes[north] = theta[lane];
                    rule.colatitudes[south] = PI - theta[lane];
                    rule.nodes[north] = theta[lane].cos();
                    rule.nodes[south] = -rule.nodes[north];
                }
                // w = 2 / (dP_n/dθ)²
                let weight = 2.0 / (slope[lane] * slope[lane]);
                rule.weights[north] = weight;
                rule.weights[south] = weight;
            }
        }
        Ok(rule)
    }
}

/// The `k`-th zero of $`P_n(\cos\theta)`$ to O(n⁻⁴), k from 1: McMahon's zero of $`J_0`$ with the first correction for finite n.
fn initial_colatitude(n: usize, k: usize) -> f64 {
    let b = (k as f64 - 0.25) * PI;
    let e = 1.0 / (8.0 * b);
    let bessel_zero = b + e * (1.0 - e * e * (124.0 / 3.0 - e * e * 120_928.0 / 15.0));
    let scale = n as f64 + 0.5;
    let psi = bessel_zero / scale;
    psi + (psi / psi.tan() - 1.0) / (8.0 * psi * scale * scale)
}

/// Newton's method on all lanes; returns $`dP_n/d\theta`$ at the zeros.
fn refine(arch: Arch, n: usize, theta: &mut [f64; LANES]) -> [f64; LANES] {
    // Each step squares the error: a last step with n |step| < 1e-9 leaves errors of about 1e-18 in zero and slope.
    const LAST_STEP: f64 = 1e-9;
    const MAX_STEPS: usize = 12;
    let mut slope = [0.0; LANES];
    for _ in 0..MAX_STEPS {
        // The recursion takes 1 − cos θ = 2 sin²(θ/2), which keeps its relative precision near the pole.
        let one_minus_x = theta.map(|t| 2.0 * (0.5 * t).sin().powi(2));
        let (value, difference) = arch.dispatch(Recursion { n, one_minus_x });
        // dP_n/dθ = n (P_n − P_{n−1} − (1 − x) P_n) / sin θ, and the slope at the zero adds the step times the second derivative, which
        // Legendre's equation gives: P'' = −cot θ P' − n (n + 1) P.
        let mut largest = 0.0_f64;
        for lane in 0..LANES {
            let (sine, cosine) = theta[lane].sin_cos();
            let derivative = (difference[lane] - n as f64 * one_minus_x[lane] * value[lane]) / sine;
            let step = -value[lane] / derivative;
            let second = -(cosine / sine) * derivative - (n * (n + 1)) as f64 * value[lane];
            theta[lane] += step;
            slope[lane] = derivative + step * second;
            largest = largest.max(n as f64 * step.abs());
        }
        if largest < LAST_STEP {
            break;
        }
    }
    slope
}

/// $`P_n`$ and $`n (P_n - P_{n-1})`$ at $`x = 1 - s`$, by $`D_{k+1} = D_k - (2k+1) s P_k`$, $`P_{k+1} = P_k + D_{k+1}/(k+1)`$.
struct Recursion {
    n: usize,
    one_minus_x: [f64; LANES],
}

impl WithSimd for Recursion {
    type Output = ([f64; LANES], [f64; LANES]);

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> Self::Output {
        // Each of the eight lanes is one node. P_k and D_k = k (P_k − P_{k−1}) are double-double numbers, high and low part in arrays
        // over the lanes; k runs outermost, so that the inner loop is over independent lanes and the compiler vectorises it.
        let s = self.one_minus_x;
        let (mut p, mut p_low) = ([1.0; LANES], [0.0; LANES]);
        let (mut d, mut d_low) = ([0.0; LANES], [0.0; LANES]);
        for k in 0..self.n {
            let odd = (2 * k + 1) as f64;
            let next = (k + 1) as f64;
            for i in 0..LANES {
                // a + a_low = (2k + 1) s, then t + t_low = −a P
                let a = odd * s[i];
                let a_low = odd.mul_add(s[i], -a);
                let t = -(a * p[i]);
                let t_low = -a.mul_add(p[i], t) - a.mul_add(p_low[i], a_low * p[i]);
                (d[i], d_low[i]) = add(d[i], d_low[i], t, t_low);
                // q + q_low = D_{k+1} / (k + 1)
                let q = d[i] / next;
                let q_low = ((-q).mul_add(next, d[i]) + d_low[i]) / next;
                (p[i], p_low[i]) = add(p[i], p_low[i], q, q_low);
            }
        }
        (p, d)
    }
}

/// Sum of two double-double numbers, by Knuth's two-sum of the high parts.
#[inline(always)]
fn add(a: f64, a_low: f64, b: f64, b_low: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    let error = (a - (sum - part)) + (b - part) + (a_low + b_low);
    let high = sum + error;
    (high, error - (high - sum))
}
