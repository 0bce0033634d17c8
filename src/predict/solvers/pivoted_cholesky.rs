//! Partial Cholesky factorisation with pivots: an approximation of low rank from a few rows of a kernel, and its inverse with a ridge.

use std::ops::Range;

use faer::{Mat, MatRef};
use ndarray::{Array1, ArrayView1, ArrayView2, ArrayViewMut2, ShapeBuilder};

use super::kernel_rows::{KernelRows, diagonal_of, row_of};
use super::linalg::{add_product, product};
use crate::{Error, Result};

/// A factor L with K ≈ L Lᵀ from k rows of K. Each pivot is the point with the largest diagonal entry of the remainder of the pivots
/// before it.
///
/// ```math
/// K = L L^\top + S , \qquad 0 \le \|S\|_2 \le \mathrm{tr}\, S , \qquad S_{ij} = 0 \text{ in the rows of the pivots}
/// ```
/// S is positive semi-definite, so its trace bounds its norm. L Lᵀ equals the Nyström approximation of K from the pivots.
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
    /// L, column by column.
    factor: Vec<f64>,
    /// The diagonal of S.
    remainder: Array1<f64>,
}

impl PivotedCholesky {
    /// Factorises, row by row, until a limit is reached.
    ///
    /// The factorisation also stops if every diagonal entry of S is at most n ε times the largest entry of K: the rank of the kernel to
    /// working precision is then reached.
    ///
    /// # Arguments
    /// * `max_rank` — the largest number of rows, at least 1
    /// * `relative_trace` — the value of tr S / tr K at which the factorisation stops, from 0 to below 1
    ///
    /// # Cost and accuracy
    /// Computation of the diagonal and of k rows, and O(n k²) time; memory for n k numbers. The trace of S is accurate to n ε tr K.
    ///
    /// # Errors
    /// * [`Error::InvalidValue`] — a limit is out of range
    /// * [`Error::NotFinite`] — bad rows
    /// * [`Error::NotPositiveDefinite`] — an entry of the diagonal of S is negative beyond rounding
    pub fn new(kernel: &impl KernelRows, max_rank: usize, relative_trace: f64) -> Result<Self> {
        if max_rank == 0 {
            return Err(Error::invalid("largest rank", max_rank, "at least 1"));
        }
        if !(0.0..1.0).contains(&relative_trace) {
            return Err(Error::invalid(
                "relative trace",
                relative_trace,
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

    /// Factorises on given points, from the kernels of all points with them: a matrix of n × m numbers in place of the whole kernel.
    ///
    /// The points are taken in the order of the largest remainders. Points that the others explain to rounding are left out, so the pivots
    /// may be fewer than the points.
    ///
    /// # Arguments
    /// * `points` — m numbers of points among the n
    /// * `columns` — kernels of all points with them, shape `[n, m]`; from a store (`store::KernelStore`) of two sets of signals, for
    ///   example
    /// * `diagonal` — k(x, x) of all points, shape `[n]`
    ///
    /// # Cost and accuracy
    /// O(n m²) time, and memory for n m further numbers; accuracy as [`new`](Self::new).
    ///
    /// # Errors
    /// * [`Error::ShapeMismatch`], [`Error::Empty`] or [`Error::NotFinite`] — bad columns or a bad diagonal
    /// * [`Error::InvalidValue`] — a point beyond the n, or one that occurs twice
    /// * [`Error::NotPositiveDefinite`] — as [`new`](Self::new)
    ///
    /// # Examples
    /// ```
    /// use haarmonic::predict::{Nystrom, PivotedCholesky, Ridge};
    /// use ndarray::array;
    ///
    /// // k(x, x') = x x' at x = 1, 2, 3 has rank one: the kernels with the point 2 are enough.
    /// let (columns, diagonal) = (array![[2.0], [4.0], [6.0]], array![1.0, 4.0, 9.0]);
    /// let factor = PivotedCholesky::at(&[1], columns.view(), diagonal.view())?;
    /// assert_eq!((factor.pivots(), factor.remainder_trace()), (&[1][..], 0.0));
    /// let model = Nystrom::fit(&factor, array![[1.0], [2.0], [3.0]].view(), Ridge::Absolute(14.0))?;
    /// assert!((model.predict(array![[4.0]].view())?[[0, 0]] - 1.0).abs() < 1e-15); // at 2: half of 2
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn at(
        points: &[usize],
        columns: ArrayView2<'_, f64>,
        diagonal: ArrayView1<'_, f64>,
    ) -> Result<Self> {
        let known = Columns {
            points,
            columns,
            diagonal,
        };
        known.check()?;
        let diagonal = diagonal_of(&known)?;
        let largest = diagonal.fold(0.0_f64, |m, d| m.max(*d));
        let rounding = diagonal.len() as f64 * f64::EPSILON * largest;
        let mut found = PivotedCholesky {
            pivots: Vec::new(),
            factor: Vec::new(),
            remainder: diagonal,
        };
        let mut open = points.to_vec();
        while !open.is_empty() {
            let left = open.iter().map(|&point| found.remainder[point]).collect();
            let pivot = open.swap_remove(argmax(Array1::from_vec(left).view()));
            if found.remainder[pivot] <= rounding {
                break;
            }
            found.take(&known, pivot, rounding)?;
        }
        Ok(found)
    }

    /// Adds the column of one pivot p: the row p of S, divided by √S_pp.
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
        // S vanishes in the rows of earlier pivots; the computed entries there are rounding errors.
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

    /// Returns the points whose rows were taken, in the order of the factorisation.
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

    fn as_faer(&self) -> MatRef<'_, f64> {
        MatRef::from_column_major_slice(&self.factor, self.remainder.len(), self.rank())
    }
}

/// The rows of some points of a kernel, with its diagonal.
struct Columns<'a> {
    points: &'a [usize],
    columns: ArrayView2<'a, f64>,
    diagonal: ArrayView1<'a, f64>,
}

impl Columns<'_> {
    fn check(&self) -> Result<()> {
        let (n, m) = (self.diagonal.len(), self.points.len());
        if n == 0 || m == 0 {
            return Err(Error::empty("points of a partial factor"));
        }
        if self.columns.dim() != (n, m) {
            return Err(Error::shape(
                "kernels of all points with some points",
                format!("[{n}, {m}]"),
                self.columns.shape().to_vec(),
            ));
        }
        let mut taken = vec![false; n];
        for &point in self.points {
            if point >= n || std::mem::replace(&mut taken[point], true) {
                return Err(Error::invalid(
                    "points of a partial factor",
                    point,
                    format!("different numbers below {n}"),
                ));
            }
        }
        Ok(())
    }
}

impl KernelRows for Columns<'_> {
    fn points(&self) -> usize {
        self.diagonal.len()
    }

    fn diagonal(&self) -> Result<Array1<f64>> {
        Ok(self.diagonal.to_owned())
    }

    /// Rows of the points only; the factorisation takes no others.
    fn write_rows(&self, rows: Range<usize>, mut out: ArrayViewMut2<'_, f64>) -> Result<()> {
        for (row, mut out) in rows.zip(out.outer_iter_mut()) {
            let at = self.points.iter().position(|&point| point == row);
            let at = at.expect("a row of one of the points");
            out.assign(&self.columns.column(at));
        }
        Ok(())
    }
}

/// (L Lᵀ + ε)⁻¹ for any ridge ε, from the singular values of L.
///
/// ```math
/// L = U \, \mathrm{diag}(\sigma) \, V^\top , \qquad (L L^\top + \varepsilon)^{-1} = U \, \mathrm{diag}\Bigl(\frac{1}{\sigma^2 + \varepsilon}\Bigr) U^\top + \frac{1}{\varepsilon} (1 - U U^\top)
/// ```
/// With K = L Lᵀ + S, the matrix $`(L L^\top + \varepsilon)^{-1} (K + \varepsilon)`$ has eigenvalues between 1 and 1 + tr S / ε. A bound of its
/// condition number is therefore known before the first iteration.
///
/// # Examples
/// ```
/// use haarmonic::predict::{ConjugateGradient, KernelMatrix, PivotedCholesky, Preconditioner, Ridge};
/// use ndarray::array;
///
/// // The kernel has rank one, so one step is enough.
/// let (kernel, targets) = (array![[1.0, 2.0], [2.0, 4.0]], array![[3.0], [1.0]]);
/// let kernel = KernelMatrix::new(kernel.view())?;
/// let preconditioner = Preconditioner::new(&PivotedCholesky::new(&kernel, 1, 0.0)?)?;
/// let solver = ConjugateGradient::default();
/// let solved = solver.fit(&kernel, targets.view(), Ridge::Absolute(1e-3), Some(&preconditioner))?;
/// assert_eq!(solved.iterations, 1);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Preconditioner {
    /// U, `[n, k]`.
    pub(super) vectors: Mat<f64>,
    /// σ, `[k]`.
    pub(super) singular_values: Vec<f64>,
    /// V, `[k, k]`.
    pub(super) right_vectors: Mat<f64>,
}

impl Preconditioner {
    /// Decomposes the factor.
    ///
    /// # Cost and accuracy
    /// O(n k²) time and n k numbers; each application takes O(n k) time per target.
    ///
    /// # Errors
    /// [`Error::NotConverged`] if the singular values do not converge.
    pub fn new(factor: &PivotedCholesky) -> Result<Self> {
        let (n, k) = factor.factor().dim();
        if k == 0 {
            return Ok(Preconditioner {
                vectors: Mat::zeros(n, 0),
                singular_values: Vec::new(),
                right_vectors: Mat::zeros(0, 0),
            });
        }
        let svd = factor.as_faer().thin_svd().map_err(|_| {
            Error::not_converged(
                "singular values of a partial Cholesky factor",
                f64::INFINITY,
                f64::EPSILON,
                "iterations of the solver",
            )
        })?;
        let singular_values = svd.S();
        Ok(Preconditioner {
            vectors: svd.U().to_owned(),
            singular_values: (0..k).map(|i| singular_values[i]).collect(),
            right_vectors: svd.V().to_owned(),
        })
    }

    /// Returns k.
    pub fn rank(&self) -> usize {
        self.singular_values.len()
    }

    pub(super) fn points(&self) -> usize {
        self.vectors.nrows()
    }

    /// (L Lᵀ + ε)⁻¹ b with one ε > 0 per column of b.
    pub(super) fn apply(&self, b: &Mat<f64>, epsilons: &[f64]) -> Mat<f64> {
        let inside = product(self.vectors.transpose(), b.as_ref());
        let mut outside = b.clone();
        add_product(&mut outside, -1.0, self.vectors.as_ref(), inside.as_ref());
        let filtered = Mat::from_fn(inside.nrows(), inside.ncols(), |k, j| {
            let sigma = self.singular_values[k];
            inside[(k, j)] * (1.0 / (sigma * sigma + epsilons[j]))
        });
        let inside = product(self.vectors.as_ref(), filtered.as_ref());
        Mat::from_fn(b.nrows(), b.ncols(), |i, j| {
            inside[(i, j)] + outside[(i, j)] / epsilons[j]
        })
    }
}

/// The index of the largest value, and the first of several equal values.
fn argmax(values: ArrayView1<'_, f64>) -> usize {
    let mut best = 0;
    for (i, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = i;
        }
    }
    best
}
