//! The extreme eigenvalues of a tridiagonal matrix, and the largest eigenvalue of a symmetric operator by the method of Lanczos.

use faer::Mat;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A symmetric tridiagonal matrix that grows.
#[derive(Debug, Clone, Default)]
pub(super) struct Tridiagonal {
    diagonal: Vec<f64>,
    /// The entries beside the diagonal, one fewer.
    beside: Vec<f64>,
}

impl Tridiagonal {
    /// Appends a row: its diagonal entry, and the entry beside it that couples it to the row before. The first row has no such entry, and
    /// `beside` is ignored.
    pub(super) fn push(&mut self, beside: f64, diagonal: f64) {
        if !self.diagonal.is_empty() {
            self.beside.push(beside);
        }
        self.diagonal.push(diagonal);
    }

    /// The entries of the diagonal, then those beside it; [`from_entries`](Self::from_entries) reads them.
    pub(super) fn entries(&self) -> impl Iterator<Item = f64> + '_ {
        self.diagonal.iter().chain(&self.beside).copied()
    }

    /// The matrix with the given [`entries`](Self::entries), of which there are none or an odd number.
    pub(super) fn from_entries(entries: &[f64]) -> Tridiagonal {
        let (diagonal, beside) = entries.split_at(entries.len().div_ceil(2));
        Tridiagonal {
            diagonal: diagonal.to_vec(),
            beside: beside.to_vec(),
        }
    }

    /// The smallest and the largest eigenvalue by bisection, accurate to the rounding of the largest; none without rows.
    pub(super) fn extremes(&self) -> Option<[f64; 2]> {
        let n = self.diagonal.len();
        let reach = |i: usize| {
            let before = if i > 0 { self.beside[i - 1].abs() } else { 0.0 };
            before + self.beside.get(i).map_or(0.0, |b| b.abs())
        };
        // Gershgorin's circles bound all eigenvalues.
        let low = (0..n)
            .map(|i| self.diagonal[i] - reach(i))
            .reduce(f64::min)?;
        let high = (0..n)
            .map(|i| self.diagonal[i] + reach(i))
            .reduce(f64::max)?;
        if !(low.is_finite() && high.is_finite()) {
            return None;
        }
        Some([
            self.bisect(low, high, |below| below > 0),
            self.bisect(low, high, |below| below == n),
        ])
    }

    /// The smallest number x such that the count of eigenvalues below x satisfies the condition.
    fn bisect(&self, mut low: f64, mut high: f64, reached: impl Fn(usize) -> bool) -> f64 {
        loop {
            let middle = low + 0.5 * (high - low);
            if middle <= low || middle >= high {
                return high;
            }
            if reached(self.count_below(middle)) {
                high = middle;
            } else {
                low = middle;
            }
        }
    }

    /// The number of eigenvalues below x: the number of negative pivots of T − x, by Sylvester's law.
    fn count_below(&self, x: f64) -> usize {
        let mut count = 0;
        let mut pivot = 1.0;
        for (i, diagonal) in self.diagonal.iter().enumerate() {
            let beside = if i > 0 { self.beside[i - 1] } else { 0.0 };
            pivot = diagonal - x - beside * beside / pivot;
            if pivot == 0.0 {
                pivot = -f64::MIN_POSITIVE;
            }
            count += usize::from(pivot < 0.0);
        }
        count
    }
}

/// Estimates the largest eigenvalue of a symmetric positive definite operator on vectors of n numbers, from below.
///
/// The method starts from a random vector, takes at most `steps` steps, and keeps all vectors orthogonal. It stops when ten steps change
/// the estimate by at most a thousandth.
pub(in crate::predict) fn largest_eigenvalue(
    n: usize,
    steps: usize,
    apply: impl Fn(&Mat<f64>) -> Mat<f64>,
) -> f64 {
    const SETTLED: f64 = 1e-3;
    const EVERY: usize = 10;
    let mut rng = ChaCha8Rng::seed_from_u64(n as u64);
    let mut vector = Mat::from_fn(n, 1, |_, _| rng.random::<f64>() - 0.5);
    let norm = vector.norm_l2();
    vector = Mat::from_fn(n, 1, |i, _| vector[(i, 0)] / norm);
    let mut basis: Vec<Mat<f64>> = Vec::new();
    let mut tridiagonal = Tridiagonal::default();
    let (mut beside, mut settled) = (0.0, 0.0);
    for step in 1..=steps.min(n) {
        let mut next = apply(&vector);
        tridiagonal.push(beside, dot(&next, &vector));
        basis.push(vector);
        // Two passes of Gram–Schmidt make the new vector orthogonal to rounding.
        for _ in 0..2 {
            for known in &basis {
                let along = dot(&next, known);
                next = Mat::from_fn(n, 1, |i, _| next[(i, 0)] - along * known[(i, 0)]);
            }
        }
        beside = next.norm_l2();
        if step % EVERY == 0 || step == steps.min(n) || beside == 0.0 {
            let largest = tridiagonal
                .extremes()
                .map_or(f64::INFINITY, |[_, high]| high);
            if (largest - settled).abs() <= SETTLED * largest || beside == 0.0 {
                return largest;
            }
            settled = largest;
        }
        vector = Mat::from_fn(n, 1, |i, _| next[(i, 0)] / beside);
    }
    settled
}

fn dot(a: &Mat<f64>, b: &Mat<f64>) -> f64 {
    (0..a.nrows()).map(|i| a[(i, 0)] * b[(i, 0)]).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tol;

    /// The second difference matrix has the eigenvalues 2 − 2 cos(π k / (n + 1)).
    #[test]
    fn extremes_of_the_second_difference() {
        let mut matrix = Tridiagonal::default();
        assert_eq!(matrix.extremes(), None);
        for n in 1..40 {
            matrix.push(-1.0, 2.0);
            let eigenvalue =
                |k: usize| 2.0 - 2.0 * (std::f64::consts::PI * k as f64 / (n as f64 + 1.0)).cos();
            let [low, high] = matrix.extremes().unwrap();
            assert!((low - eigenvalue(1)).abs() <= tol::EIGENVALUE, "{n}: {low}");
            assert!(
                (high - eigenvalue(n)).abs() <= tol::EIGENVALUE,
                "{n}: {high}"
            );
        }
    }
}
