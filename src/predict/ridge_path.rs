//! Regressions for any number of ridges from one eigendecomposition, and the selection of a ridge.

use std::ops::RangeInclusive;

use faer::Mat;
use ndarray::{Array2, ArrayView2};

use super::criterion::{Criterion, checked_cost, left_out_cost};
use super::solvers::check;
use super::solvers::kernel_ridge::KernelRidge;
use super::solvers::linalg::{
    ScaledColumns, SymmetricEigen, column_product, not_positive_definite, product, scale_rows,
    to_array,
};
use super::solvers::ridge::{Ridge, mean_diagonal};
use crate::error::number;
use crate::{Error, Result};

const TRAIN_TRAIN: &str = "train-train kernel";
const TEST_TRAIN: &str = "test-train kernel";
/// Largest factor from one ridge of the grid to the next.
const STEP: f64 = 1.8;
/// Relative precision of a selected ridge.
const PRECISION: f64 = 0.01;

/// A selected ridge.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SelectedRidge {
    /// The ridge ε, for [`Ridge::Absolute`].
    pub ridge: f64,
    /// The ridge as a multiple of the mean diagonal entry, for [`Ridge::Relative`].
    pub relative: f64,
    /// The cost at this ridge.
    pub cost: f64,
    /// The condition number of the kernel with this ridge.
    pub condition: f64,
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
/// let path = RidgePath::fit(array![[2.0]].view(), array![[6.0]].view())?;
/// let means = path.predict(array![[2.0]].view(), &[Ridge::NONE, Ridge::Absolute(1.0)])?;
/// assert!((means[0][[0, 0]] - 6.0).abs() < 1e-14);
/// assert!((means[1][[0, 0]] - 4.0).abs() < 1e-14);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RidgePath {
    eigen: SymmetricEigen,
    /// Vᵀ y
    rotated_targets: ScaledColumns,
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
    /// O(n³) time, several times the time of a Cholesky factorisation. Each ridge then takes O(n (n + m) outputs) time for m test points.
    ///
    /// # Errors
    /// As [`KernelRidge::fit`], except that the kernel may be singular.
    pub fn fit(
        train_train: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
    ) -> Result<RidgePath> {
        let kernel = check::symmetric(TRAIN_TRAIN, train_train)?;
        let targets = ScaledColumns::new(&check::targets(targets, kernel.nrows())?);
        let eigen = SymmetricEigen::new(TRAIN_TRAIN, &kernel)?;
        Ok(RidgePath {
            rotated_targets: targets.with(eigen.to_basis(&targets.scaled)),
            mean_diagonal: mean_diagonal(&kernel),
            eigen,
        })
    }

    /// Returns the eigenvalues λ of the kernel, in no particular order.
    ///
    /// Eigenvalues that are negative by rounding are zero; [`RidgePath::fit`] refuses more negative ones.
    pub fn eigenvalues(&self) -> &[f64] {
        &self.eigen.values
    }

    /// Returns the condition number of the kernel with a ridge, the largest over the smallest eigenvalue; infinite for a singular kernel.
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
    pub fn at(&self, ridge: Ridge) -> Result<KernelRidge> {
        let in_basis = self.solution_in_basis(ridge)?;
        let solution = product(self.eigen.vectors.as_ref(), in_basis.as_ref());
        KernelRidge::from_solution(self.rotated_targets.with(solution))
    }

    /// Predicts at test points with each of the ridges.
    ///
    /// # Arguments
    /// * `test_train` — kernel between test and training points, shape `[m, n]`
    /// * `ridges` — any number, in any order
    ///
    /// Returns one array of shape `[m, outputs]` per ridge.
    ///
    /// # Errors
    /// As [`KernelRidge::predict`] and [`RidgePath::at`].
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
                let scaled = product(kernel.as_ref(), solution.as_ref());
                to_array("predictions", &self.rotated_targets.restore(&scaled))
            })
            .collect()
    }

    /// Returns the cost of a ridge by a criterion; smaller costs are better.
    ///
    /// # Cost and accuracy
    /// O(n · outputs) time for the marginal likelihood, O(n² outputs) time for left-out points. Relative errors are rounding (2e-16) times
    /// the [`condition`](Self::condition) number.
    ///
    /// # Errors
    /// * [`crate::Error::InvalidValue`] — the ridge is negative, or the cost overflows, since it grows with the squares of the targets
    /// * [`crate::Error::NotPositiveDefinite`] — the kernel with this ridge is singular to working precision
    pub fn cost(&self, criterion: Criterion, ridge: Ridge) -> Result<f64> {
        let in_basis = self.solution_in_basis(ridge)?;
        let epsilon = ridge.to_absolute(self.mean_diagonal)?;
        let targets = &self.rotated_targets;
        let (n, outputs) = (self.eigen.values.len(), targets.exponents.len());
        if criterion == Criterion::MarginalLikelihood {
            let fit = targets.quadratic(|c| column_product(&in_basis, &targets.scaled, c));
            let log_determinant: f64 = self
                .eigen
                .values
                .iter()
                .map(|value| (std::f64::consts::TAU * (value + epsilon)).ln())
                .sum();
            let cost = 0.5 * (fit + outputs as f64 * log_determinant);
            return checked_cost(criterion, cost);
        }
        let vectors = &self.eigen.vectors;
        let weights = targets.with(product(vectors.as_ref(), in_basis.as_ref()));
        // (A⁻¹)_ii = Σ_j V_ij² / (λ_j + ε). V is stored column by column, so the eigenvalues j are the outer loop and the inner loop runs over
        // contiguous points i.
        let mut inverse_diagonal = vec![0.0; n];
        for (j, value) in self.eigen.values.iter().enumerate() {
            let inverse = 1.0 / (value + epsilon);
            for (i, sum) in inverse_diagonal.iter_mut().enumerate() {
                *sum += inverse * vectors[(i, j)] * vectors[(i, j)];
            }
        }
        let cost = left_out_cost(criterion, &weights, &inverse_diagonal);
        checked_cost(criterion, cost)
    }

    /// Selects the ridge of the least cost.
    ///
    /// The search evaluates the cost on a logarithmic grid with about four ridges per power of ten. A golden-section search between the
    /// neighbours of the best grid point then determines the ridge to a relative precision of 0.01. A result at an end of the range suggests
    /// a wider range. Ridges whose kernel is singular or whose cost overflows are skipped.
    ///
    /// # Arguments
    /// * `range` — from the smallest to the largest ridge, as multiples of the mean diagonal entry; for example `1e-12..=1e2`
    ///
    /// # Cost and accuracy
    /// About 70 evaluations of [`cost`](Self::cost) for the range `1e-12..=1e2`.
    ///
    /// # Errors
    /// [`crate::Error::InvalidValue`] unless the range consists of positive numbers; the error of [`cost`](Self::cost) if no ridge of
    /// the range has a cost.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::predict::{Criterion, RidgePath};
    /// use ndarray::array;
    ///
    /// // Two independent targets of variance 1 + ε: the likeliest variance is their mean square, 3.
    /// let path = RidgePath::fit(array![[1.0, 0.0], [0.0, 1.0]].view(), array![[1.0], [5.0_f64.sqrt()]].view())?;
    /// let selected = path.select(Criterion::MarginalLikelihood, 1e-12..=1e2)?;
    /// assert!((selected.ridge / 2.0 - 1.0).abs() < 0.01);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn select(
        &self,
        criterion: Criterion,
        range: RangeInclusive<f64>,
    ) -> Result<SelectedRidge> {
        let (low, high) = (*range.start(), *range.end());
        if !(low > 0.0 && low <= high && high.is_finite()) {
            return Err(Error::invalid(
                "range of ridges",
                format!("{} to {}", number(low), number(high)),
                "two positive numbers, the smaller one first",
            ));
        }
        let mut refused = None;
        let mut cost = |log_ridge: f64| {
            let ridge = Ridge::Relative(log_ridge.exp().clamp(low, high));
            self.cost(criterion, ridge).unwrap_or_else(|error| {
                refused = Some(error);
                f64::INFINITY
            })
        };
        let [low_log, high_log] = [low, high].map(f64::ln);
        let steps = ((high_log - low_log) / STEP.ln()).ceil().max(1.0);
        let step = (high_log - low_log) / steps;
        let mut best = (low_log, cost(low_log));
        for k in 1..=steps as usize {
            let at = low_log + k as f64 * step;
            let here = cost(at);
            if here < best.1 {
                best = (at, here);
            }
        }
        let mut sides = [(best.0 - step).max(low_log), (best.0 + step).min(high_log)];
        // The golden section keeps one of two inner points as the interval shrinks.
        let golden = 0.5 * (5.0_f64.sqrt() - 1.0);
        let inner = |[a, b]: [f64; 2]| [b - golden * (b - a), a + golden * (b - a)];
        let mut at = inner(sides);
        let mut costs = [cost(at[0]), cost(at[1])];
        while sides[1] - sides[0] > PRECISION {
            if costs[0] < costs[1] {
                sides[1] = at[1];
                (at[1], costs[1]) = (at[0], costs[0]);
                at[0] = inner(sides)[0];
                costs[0] = cost(at[0]);
            } else {
                sides[0] = at[0];
                (at[0], costs[0]) = (at[1], costs[1]);
                at[1] = inner(sides)[1];
                costs[1] = cost(at[1]);
            }
        }
        for (at, cost) in at.into_iter().zip(costs) {
            if cost < best.1 {
                best = (at, cost);
            }
        }
        match refused {
            Some(error) if best.1 == f64::INFINITY => Err(error),
            _ => {
                let relative = best.0.exp().clamp(low, high);
                let ridge = relative * self.mean_diagonal;
                Ok(SelectedRidge {
                    ridge,
                    relative,
                    cost: best.1,
                    condition: self.condition(Ridge::Absolute(ridge))?,
                })
            }
        }
    }

    /// The smallest and the largest eigenvalue of the kernel with the ridge.
    fn extremes(&self, epsilon: f64) -> [f64; 2] {
        let values = &self.eigen.values;
        let smallest = values.iter().fold(f64::INFINITY, |m, v| m.min(*v));
        let largest = values.iter().fold(0.0_f64, |m, v| m.max(*v));
        [smallest + epsilon, largest + epsilon]
    }

    /// diag(λ + ε)⁻¹ Vᵀ y for the scaled targets.
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
        Ok(scale_rows(&inverse, &self.rotated_targets.scaled))
    }
}
