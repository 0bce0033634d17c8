//! Predicted covariances: what the data take from the prior, and the rounding of that difference.

use faer::{Mat, MatRef};
use ndarray::{Array1, Array2};

use super::solvers::check::check_finite;
use super::solvers::linalg::{MORE_ACCURATE, add_product, product, to_symmetric_array};
use crate::{Error, Result};

const COVARIANCE: &str = "predicted covariance";
/// Variances of this many n ε of the prior variance, for n training points, have no digit: the sums they come from have n terms, and
/// the variances of f(s) and of its interpolation are four roundings of the prior at a training point.
const NO_DIGIT: f64 = 4.0;

/// What is asked of the outputs at test points: the covariance of all of them (a matrix), or the variance of each (numbers).
pub(super) trait Spread: Clone {
    /// As it is given to the caller.
    type Found;

    /// self += scale a bᵀ.
    fn add(&mut self, scale: f64, a: MatRef<'_, f64>, b: MatRef<'_, f64>);

    /// The variances.
    fn variances(&self) -> Vec<f64>;

    /// Refuses numbers that are not finite.
    fn found(&self) -> Result<Self::Found>;

    /// One of the variances.
    fn variance(found: &Self::Found, point: usize) -> f64;

    /// Makes a variance zero, and what the point has in common with others: what does not vary does not vary with anything.
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

/// K_ss − Z K_xs − K_sx Zᵀ + Z K_xx Zᵀ, or its diagonal.
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

/// What the rounding of a predicted variance is measured by.
///
/// The predicted variance is the prior variance of $`f(s) - \sum_j z_j f(x_j)`$ with the weights z of the training points. It is computed as
/// a difference of sums of n terms, all of which are bounded by the product of the standard deviations:
///
/// ```math
/// n \, \varepsilon \, \Bigl( \sqrt{k(s, s)} + \sum_j |z_j| \sqrt{k(x_j, x_j)} \Bigr)^2
/// ```
/// bounds what rounding can do; the variance itself may be far smaller, and says nothing of it.
pub(super) struct Rounding {
    /// Prior variances of the points of the prediction.
    pub(super) test_prior: Vec<f64>,
    /// Prior variances of the training points.
    pub(super) train_prior: Vec<f64>,
}

impl Rounding {
    /// Makes variances without a correct digit zero, with their covariances; refuses those that are negative beyond rounding.
    ///
    /// # Arguments
    /// * `weights` — z of the points with these numbers, shape `[numbers, n]`; called only if a variance is in doubt
    pub(super) fn clear<S: Spread>(
        &self,
        found: &mut S::Found,
        weights: impl FnOnce(&[usize]) -> Mat<f64>,
    ) -> Result<()> {
        let least = NO_DIGIT * self.train_prior.len() as f64 * f64::EPSILON;
        self.clear_below::<S>(found, least, weights)
    }

    /// The same for variances that are computed without a difference, of which small ones have their digits: makes negative ones zero.
    pub(super) fn clear_negative<S: Spread>(
        &self,
        found: &mut S::Found,
        weights: impl FnOnce(&[usize]) -> Mat<f64>,
    ) -> Result<()> {
        self.clear_below::<S>(found, 0.0, weights)
    }

    /// # Arguments
    /// * `least` — the smallest variance that stays, relative to the prior
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

fn beyond_rounding(point: usize, variance: f64, prior: f64, rounding: f64) -> Error {
    Error::not_positive_definite(
        "kernels of test and training points together",
        format!(
            "predicted variance {variance:.1e} at point {point}, prior variance {prior:.1e}, rounding {rounding:.1e}"
        ),
        format!("raise the ridge, {MORE_ACCURATE}"),
    )
}

/// Some rows.
pub(super) fn select_rows(matrix: &Mat<f64>, rows: &[usize]) -> Mat<f64> {
    Mat::from_fn(rows.len(), matrix.ncols(), |i, j| matrix[(rows[i], j)])
}
