//! Regression on a few training points' kernels, fitted to the targets of all.

use faer::Mat;
use faer::get_global_parallelism;
use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_upper_triangular_in_place,
};
use ndarray::{Array2, ArrayView1, ArrayView2};

use super::check;
use super::linalg::{product, scale_columns, scale_rows, to_array};
use super::pivoted_cholesky::PivotedCholesky;
use super::preconditioner::Preconditioner;
use super::ridge::Ridge;
use crate::{Error, Result};

const TEST_PIVOTS: &str = "kernel between test points and pivots";

/// Kernel ridge regression with the kernels of k pivots P in place of those of all n training points (Nyström, subset of
/// regressors).
///
/// ```math
/// \tilde f(s) = K_{s P} \, c , \qquad \text{the least of} \quad \| y - K_{x P} \, c \|^2 + \varepsilon \, c^\top K_{P P} \, c
/// ```
/// With $`K_{xx} = L L^\top + S`$ ([`PivotedCholesky`]), $`\tilde\alpha = (L L^\top + \varepsilon)^{-1} y`$, d the diagonal of S and
/// $`d_s`$ what the pivots leave of the variance of a test point, the full regression f differs by at most
///
/// ```math
/// | f(s) - \tilde f(s) | \le \Bigl( \sqrt{d_s} + \sqrt{k(s, s) \min(1, \mathrm{tr}\, S / \varepsilon)} \Bigr) \sum_i \sqrt{d_i} \, | \tilde\alpha_i | .
/// ```
/// Both parts follow from $`f - \tilde f = (k_s - \tilde k_s)^\top \tilde\alpha - k_s^\top (K + \varepsilon)^{-1} S \tilde\alpha`$ and the inequality of Cauchy and Schwarz
/// for the positive semi-definite S, continued to the test point.
///
/// # Examples
/// ```
/// use haarmonic::predict::{KernelMatrix, Nystrom, PivotedCholesky, Ridge};
/// use ndarray::array;
///
/// // k(x, x') = x x' at x = 1, 2 has rank one: the point 2 says it all, and the bound knows.
/// let kernel = array![[1.0, 2.0], [2.0, 4.0]];
/// let factor = PivotedCholesky::new(&KernelMatrix::new(kernel.view())?, 1, 0.0)?;
/// assert_eq!(factor.pivots(), [1]);
/// let model = Nystrom::fit(&factor, array![[1.0], [2.0]].view(), Ridge::Absolute(5.0))?;
/// let (at_three, variance) = (array![[6.0]], array![9.0]);
/// assert!((model.predict(at_three.view())?[[0, 0]] - 1.5).abs() < 1e-15);
/// assert!(model.error_bound(at_three.view(), variance.view())?[[0, 0]] < 1e-7);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// RW06, Section 8.3.1.
#[derive(Debug, Clone)]
pub struct Nystrom {
    /// c, `[k, outputs]`.
    coefficients: Array2<f64>,
    solution: Mat<f64>,
    /// The rows of L at the pivots, lower triangular.
    pivot_factor: Mat<f64>,
    /// Σ √d |α̃|, `[outputs]`; nothing without a ridge.
    slack: Option<Vec<f64>>,
    /// min(1, tr S / ε).
    shrinkage: f64,
}

impl Nystrom {
    /// Fits from a partial factor.
    ///
    /// # Arguments
    /// * `factor` — of the kernel of the training points
    /// * `targets` — shape `[n, outputs]`
    /// * `ridge` — as in the full regression; a relative one is relative to the mean diagonal of L Lᵀ + S
    ///
    /// # Cost and accuracy
    /// O(n k² + n k outputs) time, by the singular values of L; nothing is squared but they.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::Empty`], [`Error::NotFinite`] or [`Error::InvalidValue`] for bad input and for a
    /// factor of rank 0 (a kernel that is zero), [`Error::NotPositiveDefinite`] if L is of lower rank to working precision and the
    /// ridge is too small to matter.
    pub fn fit(
        factor: &PivotedCholesky,
        targets: ArrayView2<'_, f64>,
        ridge: Ridge,
    ) -> Result<Self> {
        let (n, k) = factor.factor().dim();
        let targets = check::targets(targets, n)?;
        if k == 0 {
            return Err(Error::InvalidValue {
                what: "rank of the partial factor".into(),
                found: "0".into(),
                expected: "a kernel that is not zero".into(),
            });
        }
        let squares = factor.factor().mapv(|l| l * l).sum();
        let epsilon = ridge.to_absolute((squares + factor.remainder_trace()) / n as f64)?;
        let low_rank = Preconditioner::new(factor)?;
        let sigma = &low_rank.singular_values;
        let largest = sigma.iter().fold(0.0_f64, |m, s| m.max(*s));
        let smallest = sigma.iter().fold(f64::INFINITY, |m, s| m.min(*s));
        // Singular values, not their squares, are known to rounding.
        let rounding = n as f64 * f64::EPSILON;
        if smallest <= rounding * largest && epsilon <= (rounding * largest).powi(2) {
            return Err(Error::NotPositiveDefinite {
                what: "kernel of the pivots".into(),
                found: format!(
                    "singular values of its factor from {smallest:.1e} to {largest:.1e}"
                ),
                change: "add a ridge, or stop at a lower rank".into(),
            });
        }
        // w = V diag(σ / (σ² + ε)) Uᵀ y, the regression on the columns of L.
        let filter: Vec<f64> = sigma.iter().map(|s| s / (s * s + epsilon)).collect();
        let rotated = product(low_rank.vectors.transpose(), targets.as_ref());
        let right = scale_columns(&low_rank.right_vectors, &filter);
        let mut solution = product(right.as_ref(), rotated.as_ref());
        let rows = factor.factor();
        let pivot_factor = Mat::from_fn(k, k, |i, j| rows[[factor.pivots()[i], j]]);
        let par = get_global_parallelism();
        solve_upper_triangular_in_place(pivot_factor.transpose(), solution.as_mut(), par);
        let slack = (epsilon > 0.0).then(|| {
            let alpha = low_rank.apply(&targets, epsilon);
            let roots: Vec<f64> = factor
                .remainder_diagonal()
                .iter()
                .map(|d| d.sqrt())
                .collect();
            let weighted = scale_rows(&roots, &alpha);
            (0..alpha.ncols())
                .map(|c| (0..n).map(|i| weighted[(i, c)].abs()).sum())
                .collect()
        });
        Ok(Nystrom {
            coefficients: to_array("coefficients of the regression", &solution)?,
            solution,
            pivot_factor,
            slack,
            shrinkage: (factor.remainder_trace() / epsilon).min(1.0),
        })
    }

    /// Returns the coefficients c, shape `[k, outputs]`, in the order of the pivots.
    pub fn coefficients(&self) -> &Array2<f64> {
        &self.coefficients
    }

    /// Predicts at test points.
    ///
    /// # Arguments
    /// * `test_pivots` — kernel between test points and pivots, in their order, shape `[m, k]`
    ///
    /// The result has shape `[m, outputs]`.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::Empty`] or [`Error::NotFinite`] for bad input.
    pub fn predict(&self, test_pivots: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        let kernel = check::rows(TEST_PIVOTS, test_pivots, self.solution.nrows())?;
        let predictions = product(kernel.as_ref(), self.solution.as_ref());
        to_array("predictions", &predictions)
    }

    /// Bounds the distance to the predictions of the full regression, up to rounding.
    ///
    /// # Arguments
    /// * `test_pivots` — as for [`predict`](Self::predict)
    /// * `test_diagonal` — k(s, s), shape `[m]`
    ///
    /// The result has shape `[m, outputs]`.
    ///
    /// # Errors
    /// As [`predict`](Self::predict); [`Error::InvalidValue`] if the ridge was zero: there is no bound then.
    pub fn error_bound(
        &self,
        test_pivots: ArrayView2<'_, f64>,
        test_diagonal: ArrayView1<'_, f64>,
    ) -> Result<Array2<f64>> {
        let kernel = check::rows(TEST_PIVOTS, test_pivots, self.solution.nrows())?;
        if test_diagonal.len() != kernel.nrows() {
            return Err(Error::ShapeMismatch {
                what: "test diagonal".into(),
                expected: format!("[{}]", kernel.nrows()),
                found: vec![test_diagonal.len()],
            });
        }
        check::check_finite("test diagonal", test_diagonal)?;
        let Some(slack) = &self.slack else {
            return Err(Error::InvalidValue {
                what: "ridge".into(),
                found: "0".into(),
                expected: "a number above 0 for a bound of the error".into(),
            });
        };
        // What the pivots explain of k(s, s): the square of L_PP⁻¹ k_Ps.
        let mut explained = kernel.transpose().to_owned();
        let par = get_global_parallelism();
        solve_lower_triangular_in_place(self.pivot_factor.as_ref(), explained.as_mut(), par);
        Ok(Array2::from_shape_fn(
            (kernel.nrows(), slack.len()),
            |(s, c)| {
                let left = test_diagonal[s] - explained.col(s).squared_norm_l2();
                let shrunk = test_diagonal[s].max(0.0) * self.shrinkage;
                (left.max(0.0).sqrt() + shrunk.sqrt()) * slack[c]
            },
        ))
    }
}
