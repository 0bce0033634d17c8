//! Kernel ridge regression: fit once, predict many rows; a whole path of ridges from one eigendecomposition.

use faer::Mat;
use ndarray::{Array2, ArrayView2};

use super::check;
use super::linalg::{
    Cholesky, SymmetricEigen, not_positive_definite, product, scale_rows, to_array,
};
use super::ridge::{Ridge, mean_diagonal};
use crate::Result;

const TRAIN_TRAIN: &str = "train-train kernel";
const TEST_TRAIN: &str = "test-train kernel";

/// A fitted kernel ridge regression, one coefficient per training point and output.
///
/// ```math
/// f(s) = K_{s x} \, a , \qquad a = (K_{x x} + \varepsilon)^{-1} \, y
/// ```
/// With Θ for K this is the mean of an ensemble of networks trained to convergence.
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
    solution: Mat<f64>,
}

impl KernelRidge {
    /// Fits by Cholesky.
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
    /// [`crate::Error::ShapeMismatch`], [`crate::Error::Empty`], [`crate::Error::NotFinite`] and
    /// [`crate::Error::InvalidValue`] (asymmetric kernel, negative ridge) for bad input,
    /// [`crate::Error::NotPositiveDefinite`] if the kernel with its ridge is singular to working precision; it names a ridge that
    /// suffices, which takes an eigendecomposition. Nothing is added to the diagonal but `ridge`.
    pub fn fit(
        train_train: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
        ridge: Ridge,
    ) -> Result<KernelRidge> {
        let mut kernel = check::symmetric(TRAIN_TRAIN, train_train)?;
        let targets = check::targets(targets, kernel.nrows())?;
        ridge.add_to(&mut kernel)?;
        KernelRidge::from_solution(Cholesky::new(TRAIN_TRAIN, &kernel)?.solve(targets))
    }

    pub(super) fn from_solution(solution: Mat<f64>) -> Result<KernelRidge> {
        Ok(KernelRidge {
            coefficients: to_array("coefficients of the regression", &solution)?,
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
        let kernel = check::rows(TEST_TRAIN, test_train, self.solution.nrows())?;
        to_array(
            "predictions",
            &product(kernel.as_ref(), self.solution.as_ref()),
        )
    }
}

/// Kernel ridge regression for any number of ridges, from one eigendecomposition.
///
/// ```math
/// K_{x x} = V \, \mathrm{diag}(\lambda) \, V^\top , \qquad f_\varepsilon(s) = K_{s x} V \, \mathrm{diag}(\lambda + \varepsilon)^{-1} \, V^\top y
/// ```
///
/// # Examples
/// ```
/// use haarmonic::predict::{Ridge, RidgePath};
/// use ndarray::array;
///
/// let path = RidgePath::new(array![[2.0]].view(), array![[6.0]].view())?;
/// let means = path.predict(array![[2.0]].view(), &[Ridge::NONE, Ridge::Absolute(1.0)])?;
/// assert!((means[0][[0, 0]] - 6.0).abs() < 1e-14);
/// assert!((means[1][[0, 0]] - 4.0).abs() < 1e-14);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RidgePath {
    eigen: SymmetricEigen,
    rotated_targets: Mat<f64>,
    mean_diagonal: f64,
}

impl RidgePath {
    /// Decomposes the kernel.
    ///
    /// # Arguments
    /// * `train_train` — symmetric, shape `[n, n]`
    /// * `targets` — shape `[n, outputs]`
    ///
    /// # Cost and accuracy
    /// O(n³) time, several times a Cholesky factorisation; each ridge then costs O(n (n + m) outputs).
    ///
    /// # Errors
    /// As [`KernelRidge::fit`]; a kernel that is only semi-definite is allowed here.
    pub fn new(
        train_train: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
    ) -> Result<RidgePath> {
        let kernel = check::symmetric(TRAIN_TRAIN, train_train)?;
        let targets = check::targets(targets, kernel.nrows())?;
        let eigen = SymmetricEigen::new(TRAIN_TRAIN, &kernel)?;
        Ok(RidgePath {
            rotated_targets: eigen.to_basis(&targets),
            mean_diagonal: mean_diagonal(&kernel),
            eigen,
        })
    }

    /// Returns the eigenvalues λ of the kernel, in no particular order; negative ones within rounding are given
    /// as zero, and larger ones are refused by [`RidgePath::new`].
    pub fn eigenvalues(&self) -> &[f64] {
        &self.eigen.values
    }

    /// Returns the condition number of the kernel with a ridge: the largest eigenvalue over the smallest, infinite for singular ones.
    ///
    /// # Errors
    /// [`crate::Error::InvalidValue`] for a negative ridge.
    pub fn condition(&self, ridge: Ridge) -> Result<f64> {
        let [smallest, largest] = self.extremes(ridge.to_absolute(self.mean_diagonal)?);
        Ok(if smallest > 0.0 {
            largest / smallest
        } else {
            f64::INFINITY
        })
    }

    /// Returns the model for one ridge.
    ///
    /// # Errors
    /// [`crate::Error::InvalidValue`] for a negative ridge, [`crate::Error::NotPositiveDefinite`] if the
    /// kernel with this ridge is singular to working precision.
    pub fn fit(&self, ridge: Ridge) -> Result<KernelRidge> {
        let in_basis = self.solution_in_basis(ridge)?;
        KernelRidge::from_solution(product(self.eigen.vectors.as_ref(), in_basis.as_ref()))
    }

    /// Predicts at test points with every ridge in turn.
    ///
    /// # Arguments
    /// * `test_train` — kernel between test and training points, shape `[m, n]`
    /// * `ridges` — any number, in any order
    ///
    /// The results have shape `[m, outputs]`, one for each ridge.
    ///
    /// # Errors
    /// As [`KernelRidge::predict`] and [`RidgePath::fit`].
    pub fn predict(
        &self,
        test_train: ArrayView2<'_, f64>,
        ridges: &[Ridge],
    ) -> Result<Vec<Array2<f64>>> {
        let kernel = check::rows(TEST_TRAIN, test_train, self.eigen.values.len())?;
        ridges
            .iter()
            .map(|&ridge| {
                let in_basis = self.solution_in_basis(ridge)?;
                let solution = product(self.eigen.vectors.as_ref(), in_basis.as_ref());
                to_array("predictions", &product(kernel.as_ref(), solution.as_ref()))
            })
            .collect()
    }

    /// Smallest and largest eigenvalue with the ridge.
    fn extremes(&self, epsilon: f64) -> [f64; 2] {
        let values = &self.eigen.values;
        let smallest = values.iter().fold(f64::INFINITY, |m, v| m.min(*v));
        let largest = values.iter().fold(0.0_f64, |m, v| m.max(*v));
        [smallest + epsilon, largest + epsilon]
    }

    /// diag(λ + ε)⁻¹ Vᵀ y.
    fn solution_in_basis(&self, ridge: Ridge) -> Result<Mat<f64>> {
        let epsilon = ridge.to_absolute(self.mean_diagonal)?;
        let values = &self.eigen.values;
        let [smallest, largest] = self.extremes(epsilon);
        if smallest <= values.len() as f64 * f64::EPSILON * largest {
            return Err(not_positive_definite(
                TRAIN_TRAIN,
                format!("smallest eigenvalue with the ridge {smallest:.1e}, largest {largest:.1e}"),
            ));
        }
        let inverse: Vec<f64> = values.iter().map(|value| 1.0 / (value + epsilon)).collect();
        Ok(scale_rows(&inverse, &self.rotated_targets))
    }
}
