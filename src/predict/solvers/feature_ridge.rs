//! Ridge regression in finitely many features, from pieces of the training points.

use faer::Mat;
use ndarray::{Array2, ArrayView2};

use super::check;
use super::linalg::{Cholesky, add_product, product, to_array};
use super::ridge::Ridge;
use crate::{Result, memory};

const FEATURES: &str = "features";
const FEWER: &str = "use kernel matrices, or fewer features";

/// Ridge regression in features, whose normal equations are collected piece by piece.
///
/// ```math
/// f(s) = \phi(s)^\top w , \qquad w = (\Phi^\top \Phi + \varepsilon)^{-1} \Phi^\top y
/// ```
/// The prediction is that of [`KernelRidge`](super::KernelRidge) with the kernel matrix $`\Phi\Phi^\top`$, for features Φ with one row per training
/// point. With fewer features than points this form is cheaper: it keeps one square matrix of the size of the features, and the points may
/// come in pieces that are not kept. Features of kernels: [`Kernel::feature_map`](crate::kernel::Kernel::feature_map).
///
/// # Examples
/// ```
/// use haarmonic::predict::{FeatureRidge, Ridge};
/// use ndarray::array;
///
/// // The regression line through the origin, from two pieces: slope Σxy / (Σx² + ε) = 1/2.
/// let mut sums = FeatureRidge::new(1, 1)?;
/// sums.add(array![[1.0]].view(), array![[1.0]].view())?;
/// sums.add(array![[2.0]].view(), array![[2.0]].view())?;
/// let model = sums.solve(Ridge::Absolute(5.0))?;
/// assert!((model.predict(array![[3.0]].view())?[[0, 0]] - 1.5).abs() < 1e-15);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct FeatureRidge {
    /// ΦᵀΦ
    gram: Mat<f64>,
    /// Φᵀy
    moments: Mat<f64>,
    points: usize,
}

/// A linear function of features; from [`FeatureRidge`].
///
/// An example is at [`FeatureRidge`].
#[derive(Debug, Clone, PartialEq)]
pub struct LinearModel {
    weights: Array2<f64>,
}

impl FeatureRidge {
    /// Starts without points.
    ///
    /// # Arguments
    /// * `features` — number of features
    /// * `outputs` — number of targets per point
    ///
    /// # Errors
    /// [`Error::Empty`](crate::Error::Empty) without features or outputs, [`Error::OutOfMemory`](crate::Error::OutOfMemory) if the square matrix does
    /// not fit into memory.
    pub fn new(features: usize, outputs: usize) -> Result<FeatureRidge> {
        FeatureRidge::check(features, outputs)?;
        Ok(FeatureRidge {
            gram: Mat::zeros(features, features),
            moments: Mat::zeros(features, outputs),
            points: 0,
        })
    }

    /// Checks that the matrix fits into memory.
    pub(in crate::predict) fn check(features: usize, outputs: usize) -> Result<()> {
        crate::check::not_empty(FEATURES, features)?;
        crate::check::not_empty("targets", outputs)?;
        // The matrix, and its factor when it is solved.
        let bytes = memory::bytes(2, &[features, features]);
        memory::check("matrix of the features", bytes, FEWER)
    }

    /// Adds training points.
    ///
    /// # Arguments
    /// * `features` — shape `[n, features]`
    /// * `targets` — shape `[n, outputs]`
    ///
    /// # Cost
    /// O(n features²) time.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch), [`Error::Empty`](crate::Error::Empty) or
    /// [`Error::NotFinite`](crate::Error::NotFinite) for bad input.
    pub fn add(
        &mut self,
        features: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
    ) -> Result<()> {
        let phi = check::rows(FEATURES, features, self.gram.nrows())?;
        crate::check::shape("targets", &targets.shape()[1..], &[self.moments.ncols()])?;
        let y = check::targets(targets, phi.nrows())?;
        add_product(&mut self.gram, 1.0, phi.transpose(), phi.as_ref());
        add_product(&mut self.moments, 1.0, phi.transpose(), y.as_ref());
        self.points += phi.nrows();
        Ok(())
    }

    /// Solves for the weights with a ridge.
    ///
    /// A relative ridge is relative to the mean of the diagonal of the kernel matrix ΦΦᵀ, as for
    /// [`KernelRidge`](super::KernelRidge).
    ///
    /// # Cost and accuracy
    /// O(features³/3) time. The condition number is that of ΦᵀΦ + ε: without a ridge, digits are lost twice as fast as in a least-squares
    /// solution by an orthogonal factorisation.
    ///
    /// # Errors
    /// [`Error::Empty`](crate::Error::Empty) without points, [`Error::InvalidValue`](crate::Error::InvalidValue) for a negative ridge,
    /// [`Error::NotPositiveDefinite`](crate::Error::NotPositiveDefinite) if the matrix with its ridge is singular to working precision.
    pub fn solve(&self, ridge: Ridge) -> Result<LinearModel> {
        crate::check::not_empty("training points", self.points)?;
        let count = self.gram.nrows();
        let trace: f64 = (0..count).map(|i| self.gram[(i, i)]).sum();
        let epsilon = ridge.to_absolute(trace / self.points as f64)?;
        let mut matrix = self.gram.clone();
        for i in 0..count {
            matrix[(i, i)] += epsilon;
        }
        let solution = Cholesky::new("products of features", &matrix)?.solve(self.moments.clone());
        Ok(LinearModel {
            weights: to_array("weights of the features", &solution)?,
        })
    }
}

impl LinearModel {
    /// Fits training points in the cheaper of both forms: by features if they are fewer than the points, by the kernel matrix otherwise.
    ///
    /// # Arguments
    /// * `features` — shape `[n, features]`
    /// * `targets` — shape `[n, outputs]`
    /// * `ridge` — as for [`KernelRidge::fit`](super::KernelRidge::fit) with the kernel matrix ΦΦᵀ
    ///
    /// # Cost
    /// O(n d min(n, d)) time for d features.
    ///
    /// # Errors
    /// As [`FeatureRidge::add`] and [`FeatureRidge::solve`].
    ///
    /// # Examples
    /// ```
    /// use haarmonic::predict::{LinearModel, Ridge};
    /// use ndarray::array;
    /// // More features than points: the solution of least weights.
    /// let model = LinearModel::fit(array![[1.0, 1.0]].view(), array![[4.0]].view(), Ridge::NONE)?;
    /// assert!(model.weights().iter().all(|weight| (weight - 2.0).abs() < 8.0 * f64::EPSILON));
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn fit(
        features: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
        ridge: Ridge,
    ) -> Result<LinearModel> {
        let (points, count) = features.dim();
        if count < points {
            let mut sums = FeatureRidge::new(count, targets.ncols())?;
            sums.add(features, targets)?;
            return sums.solve(ridge);
        }
        let phi = check::rows(FEATURES, features, count)?;
        let y = check::targets(targets, points)?;
        let mut kernel = product(phi.as_ref(), phi.transpose());
        ridge.add_to(&mut kernel)?;
        let coefficients = Cholesky::new("products of features", &kernel)?.solve(y);
        let weights = product(phi.transpose(), coefficients.as_ref());
        Ok(LinearModel {
            weights: to_array("weights of the features", &weights)?,
        })
    }

    /// Returns the weights, shape `[features, outputs]`.
    pub fn weights(&self) -> ArrayView2<'_, f64> {
        self.weights.view()
    }

    /// Predicts at test points.
    ///
    /// # Arguments
    /// * `features` — shape `[m, features]`
    ///
    /// The result has shape `[m, outputs]`.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch), [`Error::Empty`](crate::Error::Empty) or
    /// [`Error::NotFinite`](crate::Error::NotFinite) for bad input.
    pub fn predict(&self, features: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        let phi = check::rows(FEATURES, features, self.weights.nrows())?;
        let weights = Mat::from_fn(self.weights.nrows(), self.weights.ncols(), |i, j| {
            self.weights[[i, j]]
        });
        to_array("predictions", &product(phi.as_ref(), weights.as_ref()))
    }
}
