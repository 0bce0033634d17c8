//! Ensembles of infinitely wide networks under gradient flow, at any training time.

use std::sync::OnceLock;

use faer::Mat;
use ndarray::{Array2, ArrayView2};

use super::check;
use super::elapsed::Elapsed;
use super::ensemble::{Ensemble, Prediction, TestKernels, Time};
use super::linalg::{
    Cholesky, SymmetricEigen, add_product, product, scale_columns, scale_rows, to_array,
    to_symmetric_array,
};
use super::ridge::Ridge;
use super::rounding::{Rounding, select_rows};
use super::scaled_columns::ScaledColumns;
use crate::{Error, Result};

const NTK_TRAIN: &str = "train-train NTK";
const NNGP_TRAIN: &str = "train-train NNGP";
const MEAN: &str = "predicted mean";
const COVARIANCE: &str = "predicted covariance";

/// Gradient flow on the quadratic loss for infinitely wide networks, starting at random initialisation.
///
/// The loss is half the square error, averaged over all entries of the targets (`n` points times `outputs`), and
/// η is the learning rate. With $`\tau = \eta t / (n \cdot \mathrm{outputs})`$ and
/// $`P_\tau = \Theta_{xx}^{-1} (1 - e^{-\tau \Theta_{xx}})`$:
///
/// ```math
/// \mathrm{mean} = Z y , \qquad \mathrm{cov} = K_{ss} - Z K_{xs} - K_{sx} Z^\top + Z K_{xx} Z^\top , \qquad Z = \Theta_{sx} P_\tau
/// ```
/// On the training points themselves $`\mathrm{mean} = (1 - e^{-\tau\Theta}) y`$ and
/// $`\mathrm{cov} = e^{-\tau\Theta} K e^{-\tau\Theta}`$. At t = 0 the mean is 0 and the covariance is K. For
/// [`Ensemble::Nngp`] Θ is K.
///
/// A ridge is added to $`\Theta_{xx}`$ wherever it stands, not to $`K_{xx}`$ of an NTK ensemble; for an NNGP ensemble
/// they are one matrix, and the covariance at t = ∞ is that of a Gaussian process with noise. These are the conventions of
/// the library neural-tangents (`diag_reg` is [`Ridge::Relative`]).
///
/// The eigendecomposition and the Cholesky factor are computed when first needed and kept; predictions at any
/// number of times and test sets share them.
///
/// # Examples
/// ```
/// use haarmonic::predict::{GradientFlow, TestKernels, Time};
/// use ndarray::array;
///
/// // One training point, Θ = 2, K = 1, y = 3.
/// let flow = GradientFlow::ntk(array![[2.0]].view(), array![[1.0]].view(), array![[3.0]].view()).build()?;
/// let halfway = flow.on_train(Time::Finite(0.5))?;
/// assert!((halfway.mean[[0, 0]] - 3.0 * (1.0 - (-1.0_f64).exp())).abs() < 1e-14);
/// assert!((halfway.covariance[[0, 0]] - (-2.0_f64).exp()).abs() < 1e-14);
///
/// // A test point with Θ_sx = 1, K_sx = 0.5, K_ss = 1.
/// let (ntk, nngp, prior) = (array![[1.0]], array![[0.5]], array![[1.0]]);
/// let test = TestKernels::ntk(ntk.view(), nngp.view(), prior.view());
/// let converged = flow.on_test(&test, Time::Infinite)?;
/// assert!((converged.mean[[0, 0]] - 1.5).abs() < 1e-14);
/// assert!((converged.covariance[[0, 0]] - 0.75).abs() < 1e-14);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// LXS19, Eqs. (10), (11), (16).
#[derive(Debug)]
pub struct GradientFlow {
    ensemble: Ensemble,
    /// Θ + ε
    evolution: Mat<f64>,
    /// K as it stands between Z and Zᵀ: without ridge for an NTK ensemble, `None` if it is `evolution`.
    prior: Option<Mat<f64>>,
    targets: Mat<f64>,
    /// The same, scaled: all means are computed from these.
    scaled: ScaledColumns,
    rate: f64,
    cholesky: OnceLock<Result<Cholesky>>,
    spectrum: OnceLock<Result<Spectrum>>,
}

/// What is known once Θ is diagonal.
#[derive(Debug)]
struct Spectrum {
    eigen: SymmetricEigen,
    /// Vᵀ y, of the scaled targets
    targets: Mat<f64>,
    /// Vᵀ K V; `None` where it is diag(λ).
    prior: Option<Mat<f64>>,
}

/// Options of a [`GradientFlow`], checked in [`GradientFlowBuilder::build`].
#[derive(Debug, Clone)]
#[must_use = "call build()"]
pub struct GradientFlowBuilder<'a> {
    ensemble: Ensemble,
    evolution: ArrayView2<'a, f64>,
    nngp: ArrayView2<'a, f64>,
    targets: ArrayView2<'a, f64>,
    ridge: Ridge,
    learning_rate: f64,
}

impl GradientFlowBuilder<'_> {
    /// Sets the ridge added to the train-train Θ; none by default.
    pub fn ridge(mut self, ridge: Ridge) -> Self {
        self.ridge = ridge;
        self
    }

    /// Sets the learning rate η > 0, the unit of time; 1 by default.
    pub fn learning_rate(mut self, learning_rate: f64) -> Self {
        self.learning_rate = learning_rate;
        self
    }

    /// Checks kernels, targets and options.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::Empty`], [`Error::NotFinite`] or [`Error::InvalidValue`] (asymmetric
    /// kernel, negative ridge, learning rate that is not positive). Whether Θ is positive definite shows when it
    /// is first solved.
    pub fn build(self) -> Result<GradientFlow> {
        if !(self.learning_rate.is_finite() && self.learning_rate > 0.0) {
            return Err(Error::invalid(
                "learning rate",
                format!("{:?}", self.learning_rate),
                "a finite number above 0",
            ));
        }
        let (mut evolution, prior) = match self.ensemble {
            Ensemble::Nngp => (check::symmetric(NNGP_TRAIN, self.nngp)?, None),
            Ensemble::Ntk => {
                let evolution = check::symmetric(NTK_TRAIN, self.evolution)?;
                let n = evolution.nrows();
                let nngp = check::symmetric_of_size(NNGP_TRAIN, self.nngp, n)?;
                (evolution, Some(nngp))
            }
        };
        let targets = check::targets(self.targets, evolution.nrows())?;
        self.ridge.add_to(&mut evolution)?;
        Ok(GradientFlow {
            ensemble: self.ensemble,
            evolution,
            prior,
            rate: self.learning_rate / (targets.nrows() as f64 * targets.ncols() as f64),
            scaled: ScaledColumns::new(&targets),
            targets,
            cholesky: OnceLock::new(),
            spectrum: OnceLock::new(),
        })
    }
}

impl GradientFlow {
    /// Starts an ensemble of which all parameters are trained.
    ///
    /// # Arguments
    /// * `ntk_train_train`, `nngp_train_train` — Θ and K, symmetric, shape `[n, n]`
    /// * `targets` — y, shape `[n, outputs]`
    pub fn ntk<'a>(
        ntk_train_train: ArrayView2<'a, f64>,
        nngp_train_train: ArrayView2<'a, f64>,
        targets: ArrayView2<'a, f64>,
    ) -> GradientFlowBuilder<'a> {
        GradientFlowBuilder {
            ensemble: Ensemble::Ntk,
            evolution: ntk_train_train,
            nngp: nngp_train_train,
            targets,
            ridge: Ridge::NONE,
            learning_rate: 1.0,
        }
    }

    /// Starts an ensemble of which the last layer is trained.
    ///
    /// # Arguments
    /// * `nngp_train_train` — K, symmetric, shape `[n, n]`
    /// * `targets` — y, shape `[n, outputs]`
    pub fn nngp<'a>(
        nngp_train_train: ArrayView2<'a, f64>,
        targets: ArrayView2<'a, f64>,
    ) -> GradientFlowBuilder<'a> {
        GradientFlowBuilder {
            ensemble: Ensemble::Nngp,
            ..GradientFlow::ntk(nngp_train_train, nngp_train_train, targets)
        }
    }

    /// Returns which parameters are trained.
    pub fn ensemble(&self) -> Ensemble {
        self.ensemble
    }

    /// Returns the number n of training points.
    pub fn train_len(&self) -> usize {
        self.targets.nrows()
    }

    pub(super) fn outputs(&self) -> usize {
        self.targets.ncols()
    }

    /// Predicts on the training points.
    ///
    /// At t = ∞ the mean is the targets and the covariance is zero.
    ///
    /// # Cost and accuracy
    /// O(n³) for the first finite time (eigendecomposition) and for each covariance.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a negative, infinite or NaN time, [`Error::NotPositiveDefinite`] if Θ has a
    /// negative eigenvalue or, at t = ∞, is singular.
    pub fn on_train(&self, time: Time) -> Result<Prediction> {
        let Some(elapsed) = Elapsed::new(time, self.rate)? else {
            self.cholesky()?;
            let n = self.train_len();
            return Ok(Prediction {
                mean: to_array(MEAN, &self.targets)?,
                covariance: Array2::zeros((n, n)),
            });
        };
        let spectrum = self.spectrum()?;
        let vectors = &spectrum.eigen.vectors;
        let values = &spectrum.eigen.values;
        let learned: Vec<f64> = values.iter().map(|&l| elapsed.learned(l)).collect();
        let left_over: Vec<f64> = values.iter().map(|&l| elapsed.left_over(l)).collect();
        let mean = product(
            vectors.as_ref(),
            scale_rows(&learned, &spectrum.targets).as_ref(),
        );
        // In the eigenbasis e^{-τλ} K e^{-τλ}.
        let right = match &spectrum.prior {
            Some(prior) => product(
                scale_columns(&scale_rows(&left_over, prior), &left_over).as_ref(),
                vectors.transpose(),
            ),
            None => {
                let weights: Vec<f64> = values
                    .iter()
                    .zip(&left_over)
                    .map(|(l, e)| l * e * e)
                    .collect();
                scale_rows(&weights, &vectors.transpose().to_owned())
            }
        };
        let mut covariance =
            to_symmetric_array(COVARIANCE, &product(vectors.as_ref(), right.as_ref()))?;
        if let Some(prior) = &self.prior {
            let rounding = Rounding {
                test_prior: prior,
                train_prior: prior,
            };
            let weights = |rows: &[usize]| {
                let rows = select_rows(vectors, rows);
                product(scale_columns(&rows, &learned).as_ref(), vectors.transpose())
            };
            rounding.clear_negative(&mut covariance, weights)?;
        }
        Ok(Prediction {
            mean: to_array(MEAN, &self.scaled.restore(&mean))?,
            covariance,
        })
    }

    /// Predicts on test points.
    ///
    /// # Cost and accuracy
    /// For m test points O(n³ + n² m + n m²); the n³ only once for all finite times and test sets, and a third of a
    /// multiplication (Cholesky) at t = ∞.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::Empty`], [`Error::NotFinite`] or [`Error::InvalidValue`] for bad input
    /// (kernels of the other ensemble, too), [`Error::NotPositiveDefinite`] as in [`GradientFlow::on_train`].
    pub fn on_test(&self, test: &TestKernels<'_>, time: Time) -> Result<Prediction> {
        let mut all = self.on_test_at(test, &[time])?;
        Ok(all.pop().expect("one prediction for one time"))
    }

    /// Predicts on test points at several times, in their order.
    ///
    /// # Errors
    /// As [`GradientFlow::on_test`].
    pub fn on_test_at(&self, test: &TestKernels<'_>, times: &[Time]) -> Result<Vec<Prediction>> {
        let checked = self.check_test(test)?;
        let all_elapsed = times
            .iter()
            .map(|&time| Elapsed::new(time, self.rate))
            .collect::<Result<Vec<_>>>()?;
        let rotated = if all_elapsed.iter().any(Option::is_some) {
            let vectors = self.spectrum()?.eigen.vectors.as_ref();
            Some(CheckedTest {
                evolution: product(checked.evolution.as_ref(), vectors),
                nngp: checked
                    .nngp
                    .as_ref()
                    .map(|nngp| product(nngp.as_ref(), vectors)),
                test_test: checked.test_test.clone(),
            })
        } else {
            None
        };
        all_elapsed
            .into_iter()
            .map(|elapsed| match (elapsed, &rotated) {
                (Some(elapsed), Some(rotated)) => self.at_finite_time(rotated, elapsed),
                _ => self.converged(&checked),
            })
            .collect()
    }

    /// Predicts the mean alone on test points.
    ///
    /// # Arguments
    /// * `test_train` — Θ (or K for an NNGP ensemble) between test and training points, shape `[m, n]`
    ///
    /// The result has shape `[m, outputs]`.
    ///
    /// # Errors
    /// As [`GradientFlow::on_test`].
    pub fn mean_on_test(&self, test_train: ArrayView2<'_, f64>, time: Time) -> Result<Array2<f64>> {
        let mut all = self.means_on_test(test_train, &[time])?;
        Ok(all.pop().expect("one mean for one time"))
    }

    /// Predicts the mean alone on test points at several times, in their order.
    ///
    /// # Arguments
    /// * `test_train` — Θ (or K for an NNGP ensemble) between test and training points, shape `[m, n]`
    ///
    /// # Cost and accuracy
    /// O(n² (m + outputs)) once the kernel is decomposed, then O(n m outputs) a time.
    ///
    /// # Errors
    /// As [`GradientFlow::on_test`].
    pub fn means_on_test(
        &self,
        test_train: ArrayView2<'_, f64>,
        times: &[Time],
    ) -> Result<Vec<Array2<f64>>> {
        let kernel = check::rows(self.evolution_name(), test_train, self.train_len())?;
        let mut in_basis = None;
        let mut means = Vec::with_capacity(times.len());
        for &time in times {
            let mean = match Elapsed::new(time, self.rate)? {
                None => {
                    let coefficients = self.cholesky()?.solve(self.scaled.scaled.clone());
                    product(kernel.as_ref(), coefficients.as_ref())
                }
                Some(elapsed) => {
                    let spectrum = self.spectrum()?;
                    let vectors = spectrum.eigen.vectors.as_ref();
                    let kernel = in_basis.get_or_insert_with(|| product(kernel.as_ref(), vectors));
                    let learned = scale_rows(&spectrum.gains(elapsed), &spectrum.targets);
                    product(kernel.as_ref(), learned.as_ref())
                }
            };
            means.push(to_array(MEAN, &self.scaled.restore(&mean))?);
        }
        Ok(means)
    }

    /// The kernels are in the eigenbasis.
    fn at_finite_time(&self, rotated: &CheckedTest, elapsed: Elapsed) -> Result<Prediction> {
        let spectrum = self.spectrum()?;
        let z = scale_columns(&rotated.evolution, &spectrum.gains(elapsed));
        let mean = product(z.as_ref(), spectrum.targets.as_ref());
        let covariance = match (&rotated.nngp, &spectrum.prior) {
            (Some(nngp), Some(prior)) => {
                let middle = product(z.as_ref(), prior.as_ref());
                sandwich(&rotated.test_test, &z, nngp, &middle)
            }
            _ => {
                // Θ = K: the three terms combine to K_sx P_{2τ} K_xs.
                let doubled = scale_columns(&rotated.evolution, &spectrum.gains(elapsed.doubled()));
                let mut covariance = rotated.test_test.clone();
                add_product(
                    &mut covariance,
                    -1.0,
                    doubled.as_ref(),
                    rotated.evolution.transpose(),
                );
                covariance
            }
        };
        let weights = |rows: &[usize]| {
            // Without a prior of its own the variance is that of the weights at twice the time.
            let z = match &rotated.nngp {
                Some(_) => &z,
                None => &scale_columns(&rotated.evolution, &spectrum.gains(elapsed.doubled())),
            };
            product(
                select_rows(z, rows).as_ref(),
                spectrum.eigen.vectors.transpose(),
            )
        };
        self.prediction(mean, covariance, &rotated.test_test, weights)
    }

    /// t = ∞.
    fn converged(&self, test: &CheckedTest) -> Result<Prediction> {
        let cholesky = self.cholesky()?;
        let coefficients = cholesky.solve(self.scaled.scaled.clone());
        let mean = product(test.evolution.as_ref(), coefficients.as_ref());
        let covariance = match (&test.nngp, &self.prior) {
            (Some(nngp), Some(prior)) => {
                let z_transposed = cholesky.solve(test.evolution.transpose().to_owned());
                let z = z_transposed.transpose().to_owned();
                let middle = product(z.as_ref(), prior.as_ref());
                sandwich(&test.test_test, &z, nngp, &middle)
            }
            _ => {
                let half = cholesky.solve_lower(test.evolution.transpose().to_owned());
                let mut covariance = test.test_test.clone();
                add_product(&mut covariance, -1.0, half.transpose(), half.as_ref());
                covariance
            }
        };
        let weights = |rows: &[usize]| {
            let rows = select_rows(&test.evolution, rows);
            cholesky
                .solve(rows.transpose().to_owned())
                .transpose()
                .to_owned()
        };
        self.prediction(mean, covariance, &test.test_test, weights)
    }

    /// Scales the mean back, and clears the rounding of the variances.
    fn prediction(
        &self,
        mean: Mat<f64>,
        covariance: Mat<f64>,
        test_prior: &Mat<f64>,
        weights: impl FnOnce(&[usize]) -> Mat<f64>,
    ) -> Result<Prediction> {
        let mut covariance = to_symmetric_array(COVARIANCE, &covariance)?;
        let rounding = Rounding {
            test_prior,
            train_prior: self.prior.as_ref().unwrap_or(&self.evolution),
        };
        rounding.clear(&mut covariance, weights)?;
        Ok(Prediction {
            mean: to_array(MEAN, &self.scaled.restore(&mean))?,
            covariance,
        })
    }

    /// The largest learning rate with which gradient descent does not diverge, 2 n · outputs / λ with the largest eigenvalue λ of
    /// Θ with its ridge; infinite if Θ vanishes.
    ///
    /// # Cost and accuracy
    /// That of the eigendecomposition, O(n³), once.
    ///
    /// # Errors
    /// [`Error::NotPositiveDefinite`] if Θ has a negative eigenvalue.
    pub fn stable_learning_rate(&self) -> Result<f64> {
        let values = &self.spectrum()?.eigen.values;
        let largest = values
            .iter()
            .fold(0.0_f64, |largest, value| largest.max(*value));
        let targets = self.targets.nrows() as f64 * self.targets.ncols() as f64;
        Ok(2.0 * targets / largest)
    }

    fn evolution_name(&self) -> &'static str {
        match self.ensemble {
            Ensemble::Ntk => "test-train NTK",
            Ensemble::Nngp => "test-train NNGP",
        }
    }

    fn check_test(&self, test: &TestKernels<'_>) -> Result<CheckedTest> {
        if test.ensemble != self.ensemble {
            return Err(Error::invalid(
                "test kernels",
                format!("{:?}", test.ensemble),
                format!("{:?}, the ensemble that is trained", self.ensemble),
            ));
        }
        let n = self.train_len();
        let evolution = check::rows(self.evolution_name(), test.evolution, n)?;
        let m = evolution.nrows();
        let nngp = match self.ensemble {
            Ensemble::Nngp => None,
            Ensemble::Ntk => {
                let what = "test-train NNGP";
                if test.nngp.dim() != (m, n) {
                    return Err(Error::shape(
                        what,
                        format!("[{m}, {n}], that of the NTK"),
                        test.nngp.shape().to_vec(),
                    ));
                }
                Some(check::rows(what, test.nngp, n)?)
            }
        };
        Ok(CheckedTest {
            evolution,
            nngp,
            test_test: check::symmetric_of_size("test-test NNGP", test.test_test, m)?,
        })
    }

    fn cholesky(&self) -> Result<&Cholesky> {
        self.cholesky
            .get_or_init(|| Cholesky::new(self.train_name(), &self.evolution))
            .as_ref()
            .map_err(Clone::clone)
    }

    fn spectrum(&self) -> Result<&Spectrum> {
        self.spectrum
            .get_or_init(|| {
                let eigen = SymmetricEigen::new(self.train_name(), &self.evolution)?;
                let targets = eigen.to_basis(&self.scaled.scaled);
                let prior = self
                    .prior
                    .as_ref()
                    .map(|prior| product(eigen.to_basis(prior).as_ref(), eigen.vectors.as_ref()));
                Ok(Spectrum {
                    eigen,
                    targets,
                    prior,
                })
            })
            .as_ref()
            .map_err(Clone::clone)
    }

    fn train_name(&self) -> &'static str {
        match self.ensemble {
            Ensemble::Ntk => NTK_TRAIN,
            Ensemble::Nngp => NNGP_TRAIN,
        }
    }
}

impl Spectrum {
    fn gains(&self, elapsed: Elapsed) -> Vec<f64> {
        let values = self.eigen.values.iter();
        values.map(|&value| elapsed.gain(value)).collect()
    }
}

/// Test kernels as matrices; `nngp` is `None` where it is `evolution`.
struct CheckedTest {
    evolution: Mat<f64>,
    nngp: Option<Mat<f64>>,
    test_test: Mat<f64>,
}

/// K_ss − Z K_xs − K_sx Zᵀ + (Z K_xx) Zᵀ.
fn sandwich(test_test: &Mat<f64>, z: &Mat<f64>, nngp: &Mat<f64>, middle: &Mat<f64>) -> Mat<f64> {
    let mut covariance = test_test.clone();
    add_product(&mut covariance, -1.0, z.as_ref(), nngp.transpose());
    add_product(&mut covariance, -1.0, nngp.as_ref(), z.transpose());
    add_product(&mut covariance, 1.0, middle.as_ref(), z.transpose());
    covariance
}
