//! Ensembles of infinitely wide networks under gradient flow, at any training time.

use std::sync::OnceLock;

use faer::Mat;
use ndarray::{Array2, ArrayView1, ArrayView2};

use super::kernels::{KernelKind, Kernels, with_kernel_error};
use super::prediction::{Marginals, Prediction};
use super::solvers::check;
use super::solvers::linalg::{
    Cholesky, ScaledColumns, SymmetricEigen, product, scale_columns, scale_rows, to_array,
};
use super::solvers::ridge::Ridge;
use super::spread::{Rounding, Spread, sandwich, select_rows};
use super::time::{Elapsed, Time};
use crate::check::positive;
use crate::{Error, Result};

const MEAN: &str = "predicted mean";

/// Gradient flow on the quadratic loss for infinitely wide networks, starting at random initialisation.
///
/// The loss is half the square error, averaged over all entries of the targets (`n` points times `outputs`). With the learning rate η,
/// $`\tau = \eta t / (n \cdot \mathrm{outputs})`$ and $`P_\tau = \Theta_{xx}^{-1} (1 - e^{-\tau \Theta_{xx}})`$, the prediction is
///
/// ```math
/// \mathrm{mean} = Z y , \qquad \mathrm{cov} = K_{ss} - Z K_{xs} - K_{sx} Z^\top + Z K_{xx} Z^\top , \qquad Z = \Theta_{sx} P_\tau
/// ```
/// On the training points $`\mathrm{mean} = (1 - e^{-\tau\Theta}) y`$ and $`\mathrm{cov} = e^{-\tau\Theta} K e^{-\tau\Theta}`$. At t = 0 the
/// mean is 0 and the covariance is K. For [`KernelKind::Nngp`] Θ is K.
///
/// A ridge is added to $`\Theta_{xx}`$ everywhere in these formulas, but not to $`K_{xx}`$ of an NTK ensemble. For an NNGP ensemble the two
/// are one matrix, and the covariance at t = ∞ is the covariance of a Gaussian process with noise. The conventions agree with the library
/// neural-tangents, whose `diag_reg` is [`Ridge::Relative`].
///
/// The eigendecomposition and the Cholesky factor are computed when first needed and kept. Predictions at any number of times and test
/// sets share them.
///
/// # Examples
/// ```
/// use haarmonic::predict::{GradientFlow, Kernels, Ridge, Time};
/// use ndarray::array;
///
/// // One training point, Θ = 2, K = 1, y = 3.
/// let (ntk, nngp) = (array![[2.0]], array![[1.0]]);
/// let train = Kernels::ntk(ntk.view(), nngp.view());
/// let flow = GradientFlow::fit(train, array![[3.0]].view(), Ridge::NONE)?;
/// let halfway = flow.predict_train(Time::Finite(0.5))?;
/// assert!((halfway.mean[[0, 0]] - 3.0 * (1.0 - (-1.0_f64).exp())).abs() < 1e-14);
/// assert!((halfway.covariance[[0, 0]] - (-2.0_f64).exp()).abs() < 1e-14);
///
/// // A test point with Θ_sx = 1, K_sx = 0.5, K_ss = 1.
/// let (ntk, nngp, prior) = (array![[1.0]], array![[0.5]], array![[1.0]]);
/// let test = Kernels::ntk(ntk.view(), nngp.view());
/// let converged = flow.predict(test, prior.view(), Time::Infinite)?;
/// assert!((converged.mean[[0, 0]] - 1.5).abs() < 1e-14);
/// assert!((converged.covariance[[0, 0]] - 0.75).abs() < 1e-14);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// LXS19, Eqs. (10), (11), (16).
#[derive(Debug)]
pub struct GradientFlow {
    kind: KernelKind,
    /// ε
    ridge: f64,
    /// Θ + ε
    evolution: Mat<f64>,
    /// K without ridge for an NTK ensemble; `None` for an NNGP ensemble, where `evolution` stands for it.
    prior: Option<Mat<f64>>,
    targets: Mat<f64>,
    /// The targets scaled by powers of two, from which all means are computed.
    scaled: ScaledColumns,
    learning_rate: f64,
    /// The reported error of Θ.
    kernel_error: f64,
    cholesky: OnceLock<Result<Cholesky>>,
    spectrum: OnceLock<Result<Spectrum>>,
}

/// The decomposition of Θ, and quantities in its basis.
#[derive(Debug)]
struct Spectrum {
    eigen: SymmetricEigen,
    /// Vᵀ y for the scaled targets.
    targets: Mat<f64>,
    /// Vᵀ K V, computed when a covariance first needs it.
    prior: OnceLock<Mat<f64>>,
}

/// Checked kernels with test points, whose columns are the training points or the eigenvectors of Θ.
struct Test<S> {
    /// Θ_sx.
    evolution: Mat<f64>,
    /// K_sx; `None` if it is `evolution`.
    nngp: Option<Mat<f64>>,
    /// K_ss, or its diagonal.
    prior: S,
}

impl GradientFlow {
    /// Takes the training points. Decompositions are computed when first needed.
    ///
    /// # Arguments
    /// * `train` — kernels between training points, symmetric, shape `[n, n]`
    /// * `targets` — y, shape `[n, outputs]`
    /// * `ridge` — added to the diagonal of Θ
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::Empty`], [`Error::NotFinite`] or [`Error::InvalidValue`] (asymmetric kernel, negative ridge) for
    /// bad input. The first prediction, not `fit`, reports that Θ is not positive definite.
    pub fn fit(
        train: Kernels<'_>,
        targets: ArrayView2<'_, f64>,
        ridge: Ridge,
    ) -> Result<GradientFlow> {
        let kind = train.kind();
        let mut evolution = check::symmetric(train_name(kind), train.driving())?;
        let n = evolution.nrows();
        let prior = train
            .prior()
            .map(|nngp| check::symmetric_of_size(train_name(KernelKind::Nngp), nngp, n))
            .transpose()?;
        let targets = check::targets(targets, n)?;
        let ridge = ridge.add_to(&mut evolution)?;
        Ok(GradientFlow {
            ridge,
            kind,
            evolution,
            prior,
            scaled: ScaledColumns::new(&targets),
            targets,
            learning_rate: 1.0,
            kernel_error: train.error(),
            cholesky: OnceLock::new(),
            spectrum: OnceLock::new(),
        })
    }

    /// Sets the learning rate η, which multiplies the time; 1 by default. Existing decompositions are kept.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] unless the learning rate is a finite number above 0.
    pub fn with_learning_rate(mut self, learning_rate: f64) -> Result<Self> {
        positive("learning rate", learning_rate)?;
        self.learning_rate = learning_rate;
        Ok(self)
    }

    /// Returns the kernel that drives the training.
    pub fn kind(&self) -> KernelKind {
        self.kind
    }

    /// Returns the ridge ε that was added to the diagonal of Θ.
    pub fn ridge(&self) -> f64 {
        self.ridge
    }

    /// Returns the number n of training points.
    pub fn train_len(&self) -> usize {
        self.targets.nrows()
    }

    /// Sets up a Gaussian process whose kernel with its ridge is factorised.
    pub(super) fn factorised(
        evolution: Mat<f64>,
        ridge: f64,
        targets: Mat<f64>,
        cholesky: Cholesky,
    ) -> GradientFlow {
        GradientFlow {
            ridge,
            kind: KernelKind::Nngp,
            evolution,
            prior: None,
            scaled: ScaledColumns::new(&targets),
            targets,
            learning_rate: 1.0,
            kernel_error: 0.0,
            cholesky: OnceLock::from(Ok(cholesky)),
            spectrum: OnceLock::new(),
        }
    }

    /// Θ with its ridge.
    pub(super) fn evolution(&self) -> &Mat<f64> {
        &self.evolution
    }

    pub(super) fn targets(&self) -> &Mat<f64> {
        &self.targets
    }

    pub(super) fn outputs(&self) -> usize {
        self.targets.ncols()
    }

    /// Returns the largest learning rate at which gradient descent does not diverge; infinite if Θ vanishes.
    ///
    /// It is $`2 n \cdot \mathrm{outputs} / \lambda`$ with the largest eigenvalue λ of Θ with its ridge.
    ///
    /// # Cost and accuracy
    /// One eigendecomposition, O(n³) time, at the first call.
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

    /// Predicts mean and covariance at test points.
    ///
    /// # Arguments
    /// * `cross` — kernels between test and training points, shape `[m, n]`, of the kind given to [`fit`](Self::fit)
    /// * `prior` — the NNGP between test points, symmetric, shape `[m, m]`
    ///
    /// # Cost and accuracy
    /// O(n³ + n² m + n m²) time for m test points. The term n³ is one decomposition for all times and test sets: an eigendecomposition for
    /// finite times, a Cholesky factorisation for t = ∞.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::Empty`], [`Error::NotFinite`] or [`Error::InvalidValue`] for bad input,
    /// [`Error::NotPositiveDefinite`] as in [`GradientFlow::predict_train`].
    pub fn predict(
        &self,
        cross: Kernels<'_>,
        prior: ArrayView2<'_, f64>,
        time: Time,
    ) -> Result<Prediction> {
        Ok(single(self.predict_at(cross, prior, &[time])?))
    }

    /// Predicts mean and covariance at test points for several times, in their order.
    ///
    /// # Errors
    /// As [`GradientFlow::predict`].
    pub fn predict_at(
        &self,
        cross: Kernels<'_>,
        prior: ArrayView2<'_, f64>,
        times: &[Time],
    ) -> Result<Vec<Prediction>> {
        let prior = |m| check::symmetric_of_size("test-test NNGP", prior, m);
        let found = self.at_times::<Mat<f64>>(self.check_test(cross, prior)?, times)?;
        let predictions = found.into_iter();
        Ok(predictions
            .map(|(mean, covariance)| Prediction { mean, covariance })
            .collect())
    }

    /// Predicts mean and variance of each test point by itself.
    ///
    /// # Arguments
    /// * `cross` — kernels between test and training points, shape `[m, n]`, of the kind given to [`fit`](Self::fit)
    /// * `prior` — the NNGP of each test point with itself, shape `[m]`
    ///
    /// # Cost and accuracy
    /// O(n³ + n² m) time as for [`GradientFlow::predict`]; memory for O(n² + m n) numbers.
    ///
    /// # Errors
    /// As [`GradientFlow::predict`].
    pub fn predict_marginals(
        &self,
        cross: Kernels<'_>,
        prior: ArrayView1<'_, f64>,
        time: Time,
    ) -> Result<Marginals> {
        Ok(single(self.predict_marginals_at(cross, prior, &[time])?))
    }

    /// Predicts mean and variance of each test point by itself for several times, in their order.
    ///
    /// # Errors
    /// As [`GradientFlow::predict`].
    pub fn predict_marginals_at(
        &self,
        cross: Kernels<'_>,
        prior: ArrayView1<'_, f64>,
        times: &[Time],
    ) -> Result<Vec<Marginals>> {
        let prior = |m| check::diagonal_of_size("test-test NNGP", prior, m);
        let found = self.at_times::<Vec<f64>>(self.check_test(cross, prior)?, times)?;
        let predictions = found.into_iter();
        Ok(predictions
            .map(|(mean, variance)| Marginals { mean, variance })
            .collect())
    }

    /// Predicts the mean alone at test points.
    ///
    /// # Arguments
    /// * `test_train` — the driving kernel between test and training points, shape `[m, n]`
    ///
    /// The result has shape `[m, outputs]`.
    ///
    /// # Errors
    /// As [`GradientFlow::predict`].
    pub fn predict_mean(&self, test_train: ArrayView2<'_, f64>, time: Time) -> Result<Array2<f64>> {
        Ok(single(self.predict_mean_at(test_train, &[time])?))
    }

    /// Predicts the mean alone at test points for several times, in their order.
    ///
    /// # Arguments
    /// * `test_train` — the driving kernel between test and training points, shape `[m, n]`
    ///
    /// # Cost and accuracy
    /// After the decomposition of the kernel, O(n² (m + outputs)) time, and O(n m outputs) time per training time.
    ///
    /// # Errors
    /// As [`GradientFlow::predict`].
    pub fn predict_mean_at(
        &self,
        test_train: ArrayView2<'_, f64>,
        times: &[Time],
    ) -> Result<Vec<Array2<f64>>> {
        let kernel = check::rows(cross_name(self.kind), test_train, self.train_len())?;
        let mut in_basis = None;
        let mut means = Vec::with_capacity(times.len());
        for &time in times {
            let mean = match Elapsed::new(time, self.rate())? {
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

    /// Predicts mean and covariance at the training points.
    ///
    /// At t = ∞ the mean equals the targets and the covariance is zero.
    ///
    /// # Cost and accuracy
    /// O(n³) time for the eigendecomposition at the first finite time, and O(n³) time per covariance.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a negative, infinite or NaN time, [`Error::NotPositiveDefinite`] if Θ has a
    /// negative eigenvalue or, at t = ∞, is singular.
    pub fn predict_train(&self, time: Time) -> Result<Prediction> {
        let Some(elapsed) = Elapsed::new(time, self.rate())? else {
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
        // The covariance e^{−τΘ} K e^{−τΘ} in the eigenbasis; without a separate prior K is Θ, and the factors are λ e^{−2τλ}.
        let right = match &self.prior {
            Some(prior) => product(
                scale_columns(&scale_rows(&left_over, spectrum.prior(prior)), &left_over).as_ref(),
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
        let mut covariance = product(vectors.as_ref(), right.as_ref()).found()?;
        if let Some(prior) = &self.prior {
            let rounding = Rounding {
                test_prior: prior.variances(),
                train_prior: prior.variances(),
            };
            let weights = |rows: &[usize]| {
                let rows = select_rows(vectors, rows);
                product(scale_columns(&rows, &learned).as_ref(), vectors.transpose())
            };
            rounding
                .clear_negative::<Mat<f64>>(&mut covariance, weights)
                .map_err(|error| with_kernel_error(error, self.kernel_error))?;
        }
        Ok(Prediction {
            mean: to_array(MEAN, &self.scaled.restore(&mean))?,
            covariance,
        })
    }

    /// Computes mean and spread at each of the times.
    fn at_times<S: Spread>(
        &self,
        test: Test<S>,
        times: &[Time],
    ) -> Result<Vec<(Array2<f64>, S::Found)>> {
        let elapsed = times
            .iter()
            .map(|&time| Elapsed::new(time, self.rate()))
            .collect::<Result<Vec<_>>>()?;
        let rotated = match elapsed.iter().any(Option::is_some) {
            true => Some(test.rotated(&self.spectrum()?.eigen.vectors)),
            false => None,
        };
        elapsed
            .into_iter()
            .map(|elapsed| match (elapsed, &rotated) {
                (Some(elapsed), Some(rotated)) => self.at_finite_time(rotated, elapsed),
                _ => self.converged(&test),
            })
            .collect()
    }

    /// Computes mean and spread at a finite time, from kernels in the eigenbasis.
    fn at_finite_time<S: Spread>(
        &self,
        test: &Test<S>,
        elapsed: Elapsed,
    ) -> Result<(Array2<f64>, S::Found)> {
        let spectrum = self.spectrum()?;
        let z = scale_columns(&test.evolution, &spectrum.gains(elapsed));
        let mean = product(z.as_ref(), spectrum.targets.as_ref());
        // For Θ = K the three terms after K_ss combine to −K_sx P_{2τ} K_xs, with the gains at twice the time.
        let (spread, weights) = match (&test.nngp, &self.prior) {
            (Some(nngp), Some(prior)) => {
                let prior = spectrum.prior(prior).as_ref();
                (sandwich(&test.prior, z.as_ref(), nngp.as_ref(), prior), z)
            }
            _ => {
                let doubled = scale_columns(&test.evolution, &spectrum.gains(elapsed.doubled()));
                let mut spread = test.prior.clone();
                spread.add(-1.0, doubled.as_ref(), test.evolution.as_ref());
                (spread, doubled)
            }
        };
        let vectors = spectrum.eigen.vectors.transpose();
        let weights = |rows: &[usize]| product(select_rows(&weights, rows).as_ref(), vectors);
        self.finished(mean, spread, &test.prior, weights)
    }

    /// Computes mean and spread at t = ∞ from the Cholesky factor: Z = Θ_sx Θ_xx⁻¹.
    fn converged<S: Spread>(&self, test: &Test<S>) -> Result<(Array2<f64>, S::Found)> {
        let cholesky = self.cholesky()?;
        let coefficients = cholesky.solve(self.scaled.scaled.clone());
        let mean = product(test.evolution.as_ref(), coefficients.as_ref());
        let right = test.evolution.transpose().to_owned();
        let spread = match (&test.nngp, &self.prior) {
            (Some(nngp), Some(prior)) => {
                let z = cholesky.solve(right).transpose().to_owned();
                sandwich(&test.prior, z.as_ref(), nngp.as_ref(), prior.as_ref())
            }
            _ => {
                let half = cholesky.solve_lower(right);
                let mut spread = test.prior.clone();
                spread.add(-1.0, half.transpose(), half.transpose());
                spread
            }
        };
        let weights = |rows: &[usize]| {
            let rows = select_rows(&test.evolution, rows);
            let solved = cholesky.solve(rows.transpose().to_owned());
            solved.transpose().to_owned()
        };
        self.finished(mean, spread, &test.prior, weights)
    }

    /// Removes the scaling of the mean, and the rounding errors of the variances.
    fn finished<S: Spread>(
        &self,
        mean: Mat<f64>,
        spread: S,
        test_prior: &S,
        weights: impl FnOnce(&[usize]) -> Mat<f64>,
    ) -> Result<(Array2<f64>, S::Found)> {
        let mut found = spread.found()?;
        let rounding = Rounding {
            test_prior: test_prior.variances(),
            train_prior: self.prior.as_ref().unwrap_or(&self.evolution).variances(),
        };
        rounding
            .clear::<S>(&mut found, weights)
            .map_err(|error| with_kernel_error(error, self.kernel_error))?;
        Ok((to_array(MEAN, &self.scaled.restore(&mean))?, found))
    }

    /// Checks kernels with test points; `prior` checks the kernel between m test points.
    fn check_test<S>(
        &self,
        cross: Kernels<'_>,
        prior: impl FnOnce(usize) -> Result<S>,
    ) -> Result<Test<S>> {
        if cross.kind() != self.kind {
            return Err(Error::invalid(
                "test kernels",
                format!("those for {:?}", cross.kind()),
                format!("{:?}, the kernel that drives the training", self.kind),
            ));
        }
        let n = self.train_len();
        let evolution = check::rows(cross_name(self.kind), cross.driving(), n)?;
        let m = evolution.nrows();
        let of_nngp = |nngp: ArrayView2<'_, f64>| {
            let what = cross_name(KernelKind::Nngp);
            if nngp.dim() != (m, n) {
                return Err(Error::shape(
                    what,
                    format!("[{m}, {n}], that of the NTK"),
                    nngp.shape(),
                ));
            }
            check::rows(what, nngp, n)
        };
        Ok(Test {
            evolution,
            nngp: cross.prior().map(of_nngp).transpose()?,
            prior: prior(m)?,
        })
    }

    /// η / (n · outputs).
    fn rate(&self) -> f64 {
        self.learning_rate / (self.targets.nrows() as f64 * self.targets.ncols() as f64)
    }

    pub(super) fn cholesky(&self) -> Result<&Cholesky> {
        self.cholesky
            .get_or_init(|| {
                Cholesky::new(train_name(self.kind), &self.evolution)
                    .map_err(|error| with_kernel_error(error, self.kernel_error))
            })
            .as_ref()
            .map_err(Clone::clone)
    }

    fn spectrum(&self) -> Result<&Spectrum> {
        self.spectrum
            .get_or_init(|| {
                let eigen = SymmetricEigen::new(train_name(self.kind), &self.evolution)
                    .map_err(|error| with_kernel_error(error, self.kernel_error))?;
                Ok(Spectrum {
                    targets: eigen.to_basis(&self.scaled.scaled),
                    eigen,
                    prior: OnceLock::new(),
                })
            })
            .as_ref()
            .map_err(Clone::clone)
    }
}

impl Spectrum {
    /// The eigenvalues of P_τ.
    fn gains(&self, elapsed: Elapsed) -> Vec<f64> {
        let values = self.eigen.values.iter();
        values.map(|&value| elapsed.gain(value)).collect()
    }

    /// Vᵀ K V.
    fn prior(&self, prior: &Mat<f64>) -> &Mat<f64> {
        self.prior.get_or_init(|| {
            product(
                self.eigen.to_basis(prior).as_ref(),
                self.eigen.vectors.as_ref(),
            )
        })
    }
}

impl<S: Spread> Test<S> {
    /// The kernels with columns in the basis of some orthonormal vectors.
    fn rotated(&self, vectors: &Mat<f64>) -> Test<S> {
        let rotate = |kernel: &Mat<f64>| product(kernel.as_ref(), vectors.as_ref());
        Test {
            evolution: rotate(&self.evolution),
            nngp: self.nngp.as_ref().map(rotate),
            prior: self.prior.clone(),
        }
    }
}

fn train_name(kind: KernelKind) -> &'static str {
    match kind {
        KernelKind::Ntk => "train-train NTK",
        KernelKind::Nngp => "train-train NNGP",
    }
}

fn cross_name(kind: KernelKind) -> &'static str {
    match kind {
        KernelKind::Ntk => "test-train NTK",
        KernelKind::Nngp => "test-train NNGP",
    }
}

/// The only prediction, for one time.
fn single<T>(mut all: Vec<T>) -> T {
    all.pop().expect("one prediction for one time")
}
