//! Kernel ridge regression: fit once, predict many rows.

use ndarray::{Array2, ArrayView2};

use super::check;
use super::linalg::{Cholesky, ScaledColumns, product, to_array};
use super::ridge::Ridge;
use crate::Result;

const TRAIN_TRAIN: &str = "train-train kernel";
const TEST_TRAIN: &str = "test-train kernel";

/// A fitted kernel ridge regression with one coefficient per training point and output.
///
/// ```math
/// f(s) = K_{s x} \, a , \qquad a = (K_{x x} + \varepsilon)^{-1} \, y
/// ```
/// If K is the NTK, f is the mean of an ensemble of infinitely wide networks trained to convergence.
///
/// # Examples
/// ```
/// use haarmonic::predict::{KernelRidge, Ridge};
/// use ndarray::array;
///
/// // k(x, x') = x x' at x = 1, 2: the regression line through the origin
/// let kernel = array![[1.0, 2.0], [2.0, 4.0]];
/// let targets = array![[1.0], [2.0]];
/// let model = KernelRidge::fit(kernel.view(), targets.view(), Ridge::Absolute(5.0))?;
/// let at_three = model.predict(array![[3.0, 6.0]].view())?;
/// assert!((at_three[[0, 0]] - 1.5).abs() < 1e-15); // slope Σxy / (Σx² + ε) = 1/2
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct KernelRidge {
    coefficients: Array2<f64>,
    solution: ScaledColumns,
}

impl KernelRidge {
    /// Fits by a Cholesky factorisation.
    ///
    /// # Arguments
    /// * `train_train` — symmetric, shape `[n, n]`
    /// * `targets` — shape `[n, outputs]`
    /// * `ridge` — added to the diagonal
    ///
    /// # Cost and accuracy
    /// O(n³/3 + n² outputs) time.
    ///
    /// # Errors
    /// * [`crate::Error::ShapeMismatch`], [`crate::Error::Empty`], [`crate::Error::NotFinite`] and [`crate::Error::InvalidValue`]
    ///   (asymmetric kernel, negative ridge) — bad input
    /// * [`crate::Error::NotPositiveDefinite`] — the kernel with its ridge is singular to working precision; the error states a sufficient
    ///   ridge, from an eigendecomposition
    pub fn fit(
        train_train: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
        ridge: Ridge,
    ) -> Result<KernelRidge> {
        let mut kernel = check::symmetric(TRAIN_TRAIN, train_train)?;
        let targets = check::targets(targets, kernel.nrows())?;
        ridge.add_to(&mut kernel)?;
        let targets = ScaledColumns::new(&targets);
        let solution = Cholesky::new(TRAIN_TRAIN, &kernel)?.solve(targets.scaled.clone());
        KernelRidge::from_solution(targets.with(solution))
    }

    pub(in crate::predict) fn from_solution(solution: ScaledColumns) -> Result<KernelRidge> {
        Ok(KernelRidge {
            coefficients: to_array("coefficients of the regression", &solution.restored())?,
            solution,
        })
    }

    /// Returns the coefficients a, shape `[n, outputs]`.
    pub fn coefficients(&self) -> &Array2<f64> {
        &self.coefficients
    }

    /// Predicts at test points.
    ///
    /// # Arguments
    /// * `test_train` — kernel between test and training points, shape `[m, n]`
    ///
    /// The result has shape `[m, outputs]`.
    ///
    /// # Errors
    /// [`crate::Error::ShapeMismatch`], [`crate::Error::Empty`] or [`crate::Error::NotFinite`] for bad input.
    pub fn predict(&self, test_train: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        let kernel = check::rows(TEST_TRAIN, test_train, self.coefficients.nrows())?;
        let scaled = product(kernel.as_ref(), self.solution.scaled.as_ref());
        to_array("predictions", &self.solution.restore(&scaled))
    }
}
