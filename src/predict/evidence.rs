//! Model selection from the training points: evidence, leave-one-out and cross-validation in closed form.

use faer::Mat;
use ndarray::{Array1, ArrayView2};

use super::criterion::{Criterion, checked_cost, left_out_cost};
use super::prediction::Marginals;
use super::solvers::check;
use super::solvers::linalg::{Cholesky, ScaledColumns, column_product, product, to_array};
use super::solvers::ridge::Ridge;
use crate::numeric::powers::{SquareSum, times_power};

use crate::{Error, Result};

const TRAIN: &str = "train-train kernel";

/// A Gaussian process on its training points, for the selection of kernels and of noise.
///
/// `Evidence` factorises the training kernel once and derives the log marginal likelihood and the leave-one-out predictions from it.
///
/// With $`A = K_{xx} + \varepsilon`$, $`\alpha = A^{-1} y`$ and C independent outputs, the log marginal likelihood is
///
/// ```math
/// \log p(y) = -\tfrac12 \mathrm{tr}(y^\top \alpha) - \tfrac C2 \log\det A - \tfrac{nC}{2} \log 2\pi .
/// ```
/// Predictions of points left out of the training follow from the inverse of A on all points:
/// $`\mu_i = y_i - \alpha_i / (A^{-1})_{ii}`$ with variance $`1 / (A^{-1})_{ii}`$, noise included.
///
/// # Examples
/// ```
/// use haarmonic::predict::{Evidence, Ridge};
/// use ndarray::array;
///
/// let kernel = array![[1.0, 0.5], [0.5, 1.0]];
/// let targets = array![[1.0], [2.0]];
/// let evidence = Evidence::fit(kernel.view(), targets.view(), Ridge::Absolute(1.0))?;
/// let loo = evidence.leave_one_out()?;
/// // From the second point alone: 0.5 / (1 + 1) times 2, and 2 − 0.25 / 2.
/// assert!((loo.mean[[0, 0]] - 0.5).abs() < 1e-15);
/// assert!((loo.variance[0] - 1.875).abs() < 1e-15);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// RW06, Eqs. (2.30), (5.9), (5.10) to (5.12).
#[derive(Debug)]
pub struct Evidence {
    cholesky: Cholesky,
    targets: ScaledColumns,
    /// A⁻¹ y
    weights: ScaledColumns,
    /// A⁻¹
    inverse: Mat<f64>,
    ridge: f64,
}

impl Evidence {
    /// Factors the kernel and forms its inverse.
    ///
    /// # Arguments
    /// * `train_train` — K, symmetric, shape `[n, n]`
    /// * `targets` — y, shape `[n, outputs]`; outputs are independent
    /// * `noise` — the noise variance ε
    ///
    /// # Cost and accuracy
    /// O(n³) time and two more n × n matrices. Relative errors are rounding (2e-16) times the condition number of A.
    ///
    /// # Errors
    /// * [`Error::ShapeMismatch`], [`Error::Empty`], [`Error::NotFinite`] or [`Error::InvalidValue`] — bad input
    /// * [`Error::InvalidValue`] — a cost overflows, since it grows with the squares of the targets (from about 10¹⁵⁴ on)
    /// * [`Error::NotPositiveDefinite`] — A is singular to working precision
    pub fn fit(
        train_train: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
        noise: Ridge,
    ) -> Result<Self> {
        let mut kernel = check::symmetric(TRAIN, train_train)?;
        let n = kernel.nrows();
        let targets = ScaledColumns::new(&check::targets(targets, n)?);
        let ridge = noise.add_to(&mut kernel)?;
        let cholesky = Cholesky::new(TRAIN, &kernel)?;
        let evidence = Evidence {
            weights: targets.with(cholesky.solve(targets.scaled.clone())),
            inverse: cholesky.inverse(),
            cholesky,
            targets,
            ridge,
        };
        for criterion in [
            Criterion::MarginalLikelihood,
            Criterion::LeaveOneOutProbability,
            Criterion::LeaveOneOutError,
        ] {
            checked_cost(criterion, evidence.cost(criterion))?;
        }
        Ok(evidence)
    }

    fn len(&self) -> usize {
        self.inverse.nrows()
    }

    fn outputs(&self) -> usize {
        self.targets.exponents.len()
    }

    /// Returns the noise variance ε.
    pub fn ridge(&self) -> f64 {
        self.ridge
    }

    /// Returns the condition number of A, largest over smallest eigenvalue.
    ///
    /// The number is an estimate from below, by the method of Lanczos on A and on its inverse from random vectors. The relative errors of all
    /// results are about this number times rounding (2e-16).
    ///
    /// # Cost and accuracy
    /// O(n²) time for each of at most 200 steps; the relative error is usually below 0.01.
    pub fn condition(&self) -> f64 {
        self.cholesky.condition()
    }

    /// Returns the log marginal likelihood of all outputs together.
    pub fn log_marginal_likelihood(&self) -> f64 {
        let [y, alpha] = [&self.targets, &self.weights].map(|columns| &columns.scaled);
        let fit = self.targets.quadratic(|c| column_product(y, alpha, c));
        let constant = self.len() as f64 * std::f64::consts::TAU.ln();
        -0.5 * fit - 0.5 * self.outputs() as f64 * (self.cholesky.log_determinant() + constant)
    }

    /// Returns the derivative of the log marginal likelihood along a change of the kernel,
    /// $`\frac12 \mathrm{tr}\bigl((\alpha\alpha^\top - C A^{-1}) \dot K\bigr)`$.
    ///
    /// # Arguments
    /// * `change` — the derivative of K with respect to a parameter, symmetric, `[n, n]`
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::NotFinite`] or [`Error::InvalidValue`] for bad input, [`Error::NotFinite`] if the
    /// derivative overflows.
    pub fn derivative(&self, change: ArrayView2<'_, f64>) -> Result<f64> {
        let n = self.len();
        let change = check::symmetric_of_size("derivative of the kernel", change, n)?;
        let alpha = &self.weights.scaled;
        let moved = product(change.as_ref(), alpha.as_ref());
        let fit = self.weights.quadratic(|c| column_product(alpha, &moved, c));
        let trace: f64 = (0..n)
            .map(|c| column_product(&self.inverse, &change, c))
            .sum();
        checked_derivative(0.5 * (fit - self.outputs() as f64 * trace))
    }

    /// Returns the derivative of the log marginal likelihood with respect to the noise variance ε; infinite if it overflows.
    pub fn ridge_derivative(&self) -> f64 {
        let alpha = &self.weights.scaled;
        let columns = self.weights.exponents.iter().enumerate();
        let square: f64 = columns
            .map(|(c, exponent)| {
                let square = SquareSum::of((0..self.len()).map(|i| alpha[(i, c)]));
                times_power(square.sum, 2 * (square.exponent + exponent))
            })
            .sum();
        let trace: f64 = self.inverse_diagonal().iter().sum();
        0.5 * (square - self.outputs() as f64 * trace)
    }

    /// Returns the cost of this kernel and this noise by a criterion; smaller costs are better.
    pub fn cost(&self, criterion: Criterion) -> f64 {
        match criterion {
            Criterion::MarginalLikelihood => -self.log_marginal_likelihood(),
            _ => left_out_cost(criterion, &self.weights, &self.inverse_diagonal()),
        }
    }

    /// Returns the derivative of the cost along a change of the kernel.
    ///
    /// # Arguments
    /// * `change` — the derivative of K with respect to a parameter, symmetric, `[n, n]`
    ///
    /// # Cost and accuracy
    /// O(n²) time for the marginal likelihood; O(n³) time and one more matrix for the other criteria.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::NotFinite`] or [`Error::InvalidValue`] for bad input, [`Error::NotFinite`] if the
    /// derivative overflows.
    ///
    /// # References
    /// RW06, Eqs. (5.9), (5.13).
    pub fn cost_derivative(
        &self,
        criterion: Criterion,
        change: ArrayView2<'_, f64>,
    ) -> Result<f64> {
        if criterion == Criterion::MarginalLikelihood {
            return Ok(-self.derivative(change)?);
        }
        let change = check::symmetric_of_size("derivative of the kernel", change, self.len())?;
        let moved = product(change.as_ref(), self.inverse.as_ref());
        checked_derivative(self.left_out_derivative(criterion, &moved))
    }

    /// Returns the derivative of the cost with respect to the noise variance ε.
    ///
    /// It takes the time of [`cost_derivative`](Self::cost_derivative).
    pub fn cost_ridge_derivative(&self, criterion: Criterion) -> f64 {
        match criterion {
            Criterion::MarginalLikelihood => -self.ridge_derivative(),
            // The change of A is the identity.
            _ => self.left_out_derivative(criterion, &self.inverse),
        }
    }

    /// The derivative of the cost of left-out points along a change Ȧ of A.
    ///
    /// # Arguments
    /// * `moved` — Ȧ A⁻¹
    fn left_out_derivative(&self, criterion: Criterion, moved: &Mat<f64>) -> f64 {
        let n = self.len();
        let alpha = &self.weights.scaled;
        // The change of α is −A⁻¹ Ȧ α, and the change of A⁻¹ is −A⁻¹ Ȧ A⁻¹; only the diagonal of the latter is needed.
        let change_of_targets = product(moved.as_ref(), self.targets.scaled.as_ref());
        let weights_change = product(self.inverse.as_ref(), change_of_targets.as_ref());
        let inverse = self.inverse_diagonal();
        let inverse_change: Vec<f64> = (0..n)
            .map(|i| -column_product(&self.inverse, moved, i))
            .collect();
        let error = criterion == Criterion::LeaveOneOutError;
        let fit = self.weights.quadratic(|c| {
            let term = |i: usize| {
                let (weight, weight_change) = (alpha[(i, c)], -weights_change[(i, c)]);
                let residual = weight / inverse[i];
                let residual_change = (weight_change - residual * inverse_change[i]) / inverse[i];
                match error {
                    true => 2.0 * residual * residual_change,
                    false => 0.5 * (weight_change * residual + weight * residual_change),
                }
            };
            (0..n).map(term).sum()
        });
        if error {
            return fit / (n * self.outputs()) as f64;
        }
        let volume: f64 = (0..n).map(|i| inverse_change[i] / inverse[i]).sum();
        fit - 0.5 * self.outputs() as f64 * volume
    }

    fn inverse_diagonal(&self) -> Vec<f64> {
        let n = self.inverse.nrows();
        (0..n).map(|i| self.inverse[(i, i)]).collect()
    }

    /// Predicts each training point from all other points; variances include the noise.
    ///
    /// # Errors
    /// [`Error::NotFinite`] if a prediction overflows.
    pub fn leave_one_out(&self) -> Result<Marginals> {
        let inverse = self.inverse_diagonal();
        let [y, alpha] = [&self.targets, &self.weights].map(|columns| &columns.scaled);
        let mean = Mat::from_fn(self.len(), self.outputs(), |i, c| {
            y[(i, c)] - alpha[(i, c)] / inverse[i]
        });
        Ok(Marginals {
            mean: to_array("leave-one-out mean", &self.targets.restore(&mean))?,
            variance: inverse.iter().map(|inverse| 1.0 / inverse).collect(),
        })
    }

    /// Predicts the points of each fold from the points of all other folds; variances include the noise.
    ///
    /// # Arguments
    /// * `folds` — for each point, the number of its fold
    ///
    /// # Cost and accuracy
    /// O(Σ k³) time, with a sum over the folds and their numbers k of points.
    ///
    /// # Errors
    /// * [`Error::ShapeMismatch`] — not one fold number per point
    /// * [`Error::InvalidValue`] — all points are in one fold
    /// * [`Error::NotPositiveDefinite`] — a block of A⁻¹ is singular to working precision
    pub fn leave_fold_out(&self, folds: &[usize]) -> Result<Marginals> {
        let n = self.len();
        if folds.len() != n {
            return Err(Error::shape("folds", format!("[{n}]"), vec![folds.len()]));
        }
        if folds.iter().all(|fold| *fold == folds[0]) {
            return Err(Error::invalid(
                "folds",
                "all points in one",
                "at least two folds",
            ));
        }
        // For a fold F with the block B = (A⁻¹)_FF: the residuals y_F − μ_F are B⁻¹ α_F, and the covariance is B⁻¹.
        let outputs = self.outputs();
        let mut mean = self.targets.scaled.clone();
        let mut variance = Array1::zeros(n);
        let mut numbers = folds.to_vec();
        numbers.sort_unstable();
        numbers.dedup();
        for fold in numbers {
            let points: Vec<usize> = (0..n).filter(|&i| folds[i] == fold).collect();
            let k = points.len();
            let block = Mat::from_fn(k, k, |i, j| self.inverse[(points[i], points[j])]);
            let block = Cholesky::new("inverse kernel of a fold", &block)?;
            let weights = Mat::from_fn(k, outputs, |i, c| self.weights.scaled[(points[i], c)]);
            let residual = block.solve(weights);
            let covariance = block.inverse();
            for (i, &point) in points.iter().enumerate() {
                for c in 0..outputs {
                    mean[(point, c)] -= residual[(i, c)];
                }
                variance[point] = covariance[(i, i)];
            }
        }
        Ok(Marginals {
            mean: to_array("left-out mean", &self.targets.restore(&mean))?,
            variance,
        })
    }
}

fn checked_derivative(derivative: f64) -> Result<f64> {
    check::check_finite("derivative of the cost", ndarray::aview0(&derivative))?;
    Ok(derivative)
}
