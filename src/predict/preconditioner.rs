//! The inverse of a kernel of low rank with its ridge.

use faer::Mat;

use super::linalg::{add_product, product, scale_rows};
use super::pivoted_cholesky::PivotedCholesky;
use crate::{Error, Result};

/// (L Lᵀ + ε)⁻¹ for any ridge ε, from the singular values of L.
///
/// ```math
/// L = U \, \mathrm{diag}(\sigma) \, V^\top , \qquad (L L^\top + \varepsilon)^{-1} = U \, \mathrm{diag}\Bigl(\frac{1}{\sigma^2 + \varepsilon}\Bigr) U^\top + \frac{1}{\varepsilon} (1 - U U^\top)
/// ```
/// With K = L Lᵀ + S the matrix $`(L L^\top + \varepsilon)^{-1} (K + \varepsilon)`$ has eigenvalues between 1 and 1 + tr S / ε: its condition number
/// is known before the first iteration.
///
/// # Examples
/// ```
/// use haarmonic::predict::{ConjugateGradient, KernelMatrix, PivotedCholesky, Preconditioner, Ridge};
/// use ndarray::array;
///
/// // Of rank one, so that one step is enough.
/// let (kernel, targets) = (array![[1.0, 2.0], [2.0, 4.0]], array![[3.0], [1.0]]);
/// let kernel = KernelMatrix::new(kernel.view())?;
/// let preconditioner = Preconditioner::new(&PivotedCholesky::new(&kernel, 1, 0.0)?)?;
/// let solver = ConjugateGradient::default();
/// let solved = solver.solve(&kernel, targets.view(), Ridge::Absolute(1e-3), Some(&preconditioner))?;
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
    /// O(n k²) time, n k numbers; O(n k) for each target whenever it is applied.
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

    /// (L Lᵀ + ε)⁻¹ b for ε > 0.
    pub(super) fn apply(&self, b: &Mat<f64>, epsilon: f64) -> Mat<f64> {
        let inside = product(self.vectors.transpose(), b.as_ref());
        let mut outside = b.clone();
        add_product(&mut outside, -1.0, self.vectors.as_ref(), inside.as_ref());
        let factors: Vec<f64> = self
            .singular_values
            .iter()
            .map(|sigma| 1.0 / (sigma * sigma + epsilon))
            .collect();
        let inside = product(
            self.vectors.as_ref(),
            scale_rows(&factors, &inside).as_ref(),
        );
        Mat::from_fn(b.nrows(), b.ncols(), |i, j| {
            inside[(i, j)] + outside[(i, j)] / epsilon
        })
    }
}
