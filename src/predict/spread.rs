//! Predicted covariances: differences between the prior and the information in the data, and the rounding of these differences.

use faer::{Mat, MatRef};
use ndarray::{Array1, Array2};

use super::solvers::check::check_finite;
use super::solvers::linalg::{MORE_ACCURATE, add_product, product, to_symmetric_array};
use crate::{Error, Result};

const COVARIANCE: &str = "predicted covariance";
/// A variance below this multiple of n ε times the prior variance, for n training points, has no correct digit. It comes from sums of n
/// terms; at a training point the variances of f(s) and of its interpolation contribute four roundings of the prior variance.
const NO_DIGIT: f64 = 4.0;

/// The spread of the outputs at test points: the covariance of all points (a matrix), or the variance of each point (a vector).
pub(super) trait Spread: Clone {
    /// The type that the caller gets.
    type Found;

    /// self += scale a bᵀ.
    fn add(&mut self, scale: f64, a: MatRef<'_, f64>, b: MatRef<'_, f64>);

    /// The variance of each point.
    fn variances(&self) -> Vec<f64>;

    /// Converts to the type of the caller; refuses numbers that are not finite.
    fn found(&self) -> Result<Self::Found>;

    /// The variance of one point.
    fn variance(found: &Self::Found, point: usize) -> f64;

    /// Sets a variance to zero, together with the covariances of the point with all other points.
    fn clear(found: &mut Self::Found, point: usize);
}

impl Spread for Mat<f64> {
    type Found = Array2<f64>;

    fn add(&mut self, scale: f64, a: MatRef<'_, f64>, b: MatRef<'_, f64>) {
        add_product(self, scale, a, b.transpose());
    }

    fn variances(&self) -> Vec<f64> {
        (0..self.nrows()).map(|s| self[(s, s)]).collect()
    }

    fn found(&self) -> Result<Array2<f64>> {
        to_symmetric_array(COVARIANCE, self)
    }

    fn variance(found: &Array2<f64>, point: usize) -> f64 {
        found[[point, point]]
    }

    fn clear(found: &mut Array2<f64>, point: usize) {
        found.row_mut(point).fill(0.0);
        found.column_mut(point).fill(0.0);
    }
}

impl Spread for Vec<f64> {
    type Found = Array1<f64>;

    fn add(&mut self, scale: f64, a: MatRef<'_, f64>, b: MatRef<'_, f64>) {
        // variance_s += scale Σ_j a_sj b_sj. Matrices are stored column by column, so the columns j are the outer loop and the inner loop
        // runs over contiguous points s.
        for j in 0..a.ncols() {
            for (s, variance) in self.iter_mut().enumerate() {
                *variance += scale * a[(s, j)] * b[(s, j)];
            }
        }
    }

    fn variances(&self) -> Vec<f64> {
        self.clone()
    }

    fn found(&self) -> Result<Array1<f64>> {
        let variances = Array1::from_vec(self.clone());
        check_finite("predicted variance", variances.view())?;
        Ok(variances)
    }

    fn variance(found: &Array1<f64>, point: usize) -> f64 {
        found[point]
    }

    fn clear(found: &mut Array1<f64>, point: usize) {
        found[point] = 0.0;
    }
}

/// Computes K_ss − Z K_xs − K_sx Zᵀ + Z K_xx Zᵀ, or its diagonal.
///
/// # Arguments
/// * `prior` — K_ss
/// * `z` — Z, or Z in another orthonormal basis of the training points, `[m, n]`
/// * `nngp` — K_sx in that basis
/// * `train_prior` — K_xx in that basis
pub(super) fn sandwich<S: Spread>(
    prior: &S,
    z: MatRef<'_, f64>,
    nngp: MatRef<'_, f64>,
    train_prior: MatRef<'_, f64>,
) -> S {
    let middle = product(z, train_prior);
    let mut spread = prior.clone();
    spread.add(-1.0, z, nngp);
    spread.add(-1.0, nngp, z);
    spread.add(1.0, middle.as_ref(), z);
    spread
}

/// A bound on the rounding error of predicted variances.
///
/// The predicted variance is the prior variance of $`f(s) - \sum_j z_j f(x_j)`$ with the weights z of the training points. It is computed
/// as a difference of sums of n terms, each of which is bounded by a product of standard deviations. The rounding error is at most
///
/// ```math
/// n \, \varepsilon \, \Bigl( \sqrt{k(s, s)} + \sum_j |z_j| \sqrt{k(x_j, x_j)} \Bigr)^2 .
/// ```
/// The variance itself may be far smaller than this bound.
pub(super) struct Rounding {
    /// Prior variances of the points of the prediction.
    pub(super) test_prior: Vec<f64>,
    /// Prior variances of the training points.
    pub(super) train_prior: Vec<f64>,
}

impl Rounding {
    /// Sets variances without a correct digit to zero, together with their covariances; refuses variances that are negative beyond
    /// rounding.
    ///
    /// # Arguments
    /// * `weights` — returns z for points given by their numbers, shape `[numbers, n]`; called only if a variance is in doubt
    pub(super) fn clear<S: Spread>(
        &self,
        found: &mut S::Found,
        weights: impl FnOnce(&[usize]) -> Mat<f64>,
    ) -> Result<()> {
        let least = NO_DIGIT * self.train_prior.len() as f64 * f64::EPSILON;
        self.clear_below::<S>(found, least, weights)
    }

    /// Sets negative variances to zero, for variances that are computed without a difference: small values of these have correct digits.
    /// Refuses variances that are negative beyond rounding.
    pub(super) fn clear_negative<S: Spread>(
        &self,
        found: &mut S::Found,
        weights: impl FnOnce(&[usize]) -> Mat<f64>,
    ) -> Result<()> {
        self.clear_below::<S>(found, 0.0, weights)
    }

    /// Sets variances below a limit to zero; refuses variances that are negative beyond rounding.
    ///
    /// # Arguments
    /// * `least` — the smallest variance that stays, relative to the prior variance
    fn clear_below<S: Spread>(
        &self,
        found: &mut S::Found,
        least: f64,
        weights: impl FnOnce(&[usize]) -> Mat<f64>,
    ) -> Result<()> {
        let doubtful: Vec<usize> = (0..self.test_prior.len())
            .filter(|&s| {
                let variance = S::variance(found, s);
                variance < 0.0 || variance < least * self.test_prior[s]
            })
            .collect();
        if doubtful.is_empty() {
            return Ok(());
        }
        let weights = weights(&doubtful);
        let n = self.train_prior.len();
        for (row, &s) in doubtful.iter().enumerate() {
            let deviation = |prior: f64| prior.max(0.0).sqrt();
            let of_weights: f64 = (0..n)
                .map(|j| weights[(row, j)].abs() * deviation(self.train_prior[j]))
                .sum();
            let deviation = deviation(self.test_prior[s]) + of_weights;
            let rounding = n as f64 * f64::EPSILON * deviation * deviation;
            let variance = S::variance(found, s);
            if variance < -rounding {
                return Err(beyond_rounding(s, variance, self.test_prior[s], rounding));
            }
            S::clear(found, s);
        }
        Ok(())
    }
}

/// The error of a variance that is more negative than rounding explains.
fn beyond_rounding(point: usize, variance: f64, prior: f64, rounding: f64) -> Error {
    Error::not_positive_definite(
        "kernels of test and training points together",
        format!(
            "predicted variance {variance:.1e} at point {point}, prior variance {prior:.1e}, rounding {rounding:.1e}"
        ),
        format!("raise the ridge, {MORE_ACCURATE}"),
    )
}

/// Copies some rows of a matrix.
pub(super) fn select_rows(matrix: &Mat<f64>, rows: &[usize]) -> Mat<f64> {
    Mat::from_fn(rows.len(), matrix.ncols(), |i, j| matrix[(rows[i], j)])
}
