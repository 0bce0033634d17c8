//! Partial Cholesky factorisation with pivots: a kernel of low rank from a few of its rows, and what is left of it.

use faer::MatRef;
use ndarray::{Array1, ArrayView1, ArrayView2, ShapeBuilder};

use super::kernel_rows::{KernelRows, diagonal_of, row_of};
use super::linalg::product;
use crate::{Error, Result};

/// K ≈ L Lᵀ from k rows of K, those of the points that were the least explained by the ones before them.
///
/// ```math
/// K = L L^\top + S , \qquad 0 \le \|S\|_2 \le \mathrm{tr}\, S , \qquad S_{ij} = 0 \text{ in the rows of the pivots}
/// ```
/// S is positive semi-definite, so that its trace, which costs nothing, bounds its norm. L Lᵀ is at the same time the
/// Nyström approximation of K from the pivots.
///
/// # Examples
/// ```
/// use haarmonic::predict::{KernelMatrix, PivotedCholesky};
/// use ndarray::array;
///
/// let kernel = array![[1.0, 0.0, 0.5], [0.0, 4.0, 0.0], [0.5, 0.0, 1.0]];
/// let two = PivotedCholesky::new(&KernelMatrix::new(kernel.view())?, 2, 0.0)?;
/// assert_eq!(two.pivots(), [1, 0]);
/// assert_eq!(two.remainder_trace(), 0.75); // 1 − 0.5², of the last point
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// HPS12, Algorithm 1.
#[derive(Debug, Clone)]
pub struct PivotedCholesky {
    pivots: Vec<usize>,
    /// L, column after column.
    factor: Vec<f64>,
    /// The diagonal of S.
    remainder: Array1<f64>,
}

impl PivotedCholesky {
    /// Takes rows until there are enough.
    ///
    /// It stops also where what is left of each diagonal entry is rounding, n ε times the largest: the kernel has no higher rank
    /// to working precision.
    ///
    /// # Arguments
    /// * `max_rank` — rows at most, at least 1
    /// * `relative_trace` — tr S / tr K that is small enough, from 0 to below 1
    ///
    /// # Cost and accuracy
    /// The diagonal, k rows and O(n k²) time; n k numbers. The trace is that of S up to n ε tr K.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for limits out of range, [`Error::NotFinite`] for bad rows, [`Error::NotPositiveDefinite`] if
    /// an entry of the diagonal of S comes out negative beyond rounding.
    pub fn new(kernel: &impl KernelRows, max_rank: usize, relative_trace: f64) -> Result<Self> {
        if max_rank == 0 {
            return Err(Error::invalid("largest rank", "0", "at least 1"));
        }
        if !(0.0..1.0).contains(&relative_trace) {
            return Err(Error::invalid(
                "relative trace",
                format!("{relative_trace:?}"),
                "a number from 0 to below 1",
            ));
        }
        let n = kernel.points();
        let diagonal = diagonal_of(kernel)?;
        let largest = diagonal.fold(0.0_f64, |m, d| m.max(*d));
        let rounding = n as f64 * f64::EPSILON * largest;
        let enough = relative_trace * diagonal.sum();
        let mut found = PivotedCholesky {
            pivots: Vec::new(),
            factor: Vec::new(),
            remainder: diagonal,
        };
        while found.rank() < max_rank.min(n) && found.remainder_trace() > enough {
            let pivot = argmax(found.remainder.view());
            if found.remainder[pivot] <= rounding {
                break;
            }
            found.take(kernel, pivot, rounding)?;
        }
        Ok(found)
    }

    /// Adds the column of one pivot.
    fn take(&mut self, kernel: &impl KernelRows, pivot: usize, rounding: f64) -> Result<()> {
        let n = self.remainder.len();
        let mut column = row_of(kernel, pivot)?;
        if self.rank() > 0 {
            let known = self.as_faer();
            let explained = product(known, known.subrows(pivot, 1).transpose());
            for (entry, i) in column.iter_mut().zip(0..n) {
                *entry -= explained[(i, 0)];
            }
        }
        let root = self.remainder[pivot].sqrt();
        column /= root;
        // Rows of S at earlier pivots vanish.
        for &earlier in &self.pivots {
            column[[0, earlier]] = 0.0;
        }
        column[[0, pivot]] = root;
        for (j, (left, entry)) in self.remainder.iter_mut().zip(&column).enumerate() {
            *left -= entry * entry;
            if *left < -8.0 * rounding {
                return Err(Error::not_positive_definite(
                    "train-train kernel",
                    format!("{left:.1e} is left of the diagonal at {j}"),
                    "stop at a lower rank or a larger relative trace, or compute the kernel more accurately (raise quadrature.bandlimit or set quadrature.tolerance)",
                ));
            }
            *left = left.max(0.0);
        }
        self.remainder[pivot] = 0.0;
        self.pivots.push(pivot);
        self.factor.extend(&column);
        Ok(())
    }

    /// Returns k.
    pub fn rank(&self) -> usize {
        self.pivots.len()
    }

    /// Returns the points of which rows were taken, in their order.
    pub fn pivots(&self) -> &[usize] {
        &self.pivots
    }

    /// Returns L, shape `[n, k]`; its rows at the pivots, in their order, are a lower triangular matrix.
    pub fn factor(&self) -> ArrayView2<'_, f64> {
        let shape = (self.remainder.len(), self.rank());
        ArrayView2::from_shape(shape.f(), &self.factor).expect("column after column")
    }

    /// Returns the diagonal of S = K − L Lᵀ, shape `[n]`; no entry is negative.
    pub fn remainder_diagonal(&self) -> ArrayView1<'_, f64> {
        self.remainder.view()
    }

    /// Returns tr S, an upper bound of the spectral norm of K − L Lᵀ.
    pub fn remainder_trace(&self) -> f64 {
        self.remainder.sum()
    }

    pub(super) fn as_faer(&self) -> MatRef<'_, f64> {
        MatRef::from_column_major_slice(&self.factor, self.remainder.len(), self.rank())
    }
}

fn argmax(values: ArrayView1<'_, f64>) -> usize {
    let mut best = 0;
    for (i, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = i;
        }
    }
    best
}
