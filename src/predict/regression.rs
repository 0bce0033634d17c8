//! Regression with a kernel: one interface with options for the ridge and the training time.

use std::ops::RangeInclusive;

use ndarray::{Array2, ArrayView1, ArrayView2};

use super::classification::accuracy;
use super::criterion::Criterion;
use super::gradient_flow::GradientFlow;
use super::kernels::{Kernels, with_kernel_error};
use super::metrics::Score;
use super::prediction::{Marginals, Prediction};
use super::ridge_path::{RidgePath, SelectedRidge};
use super::solver::Solver;
use super::solvers::ridge::Ridge;
use super::time::Time;
use crate::Result;

/// The range of ridges for a selection, as multiples of the mean diagonal entry of the kernel.
const RANGE: RangeInclusive<f64> = 1e-10..=1e2;

/// The rule for the ridge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RidgeRule {
    /// A given ridge.
    Fixed(Ridge),
    /// The ridge of the least cost on the training points by this criterion, between 10⁻¹⁰ and 10² times the mean diagonal entry.
    Chosen(Criterion),
}

impl From<Ridge> for RidgeRule {
    fn from(ridge: Ridge) -> Self {
        RidgeRule::Fixed(ridge)
    }
}

impl From<Criterion> for RidgeRule {
    fn from(criterion: Criterion) -> Self {
        RidgeRule::Chosen(criterion)
    }
}

/// Regression with the NTK or the NNGP kernel: the predictions of an ensemble of infinitely wide networks after training.
///
/// `Regression` combines [`GradientFlow`] and [`RidgePath`]. The given [`Kernels`] decide between NTK and NNGP. For t = ∞, the default, the
/// kernel is factorised by Cholesky; for other times it is diagonalised. For many signals, [`fit_signals`](Self::fit_signals) takes the signals
/// themselves and a [`Solver`], and [`costs`](Self::costs) says what each solver would cost.
///
/// # Examples
/// ```
/// use haarmonic::activation::Activation;
/// use haarmonic::kernel::Kernel;
/// use haarmonic::network::{Network, Init};
/// use haarmonic::predict::{Criterion, KernelKind, Kernels, Regression};
/// use ndarray::Array2;
///
/// let scale = Init::new(1.5, 0.3);
/// let network = Network::vector(1).dense(scale).activation(Activation::Erf).dense(scale).build()?;
/// let kernel = Kernel::new(&network)?;
/// let points = |count, step| Array2::from_shape_fn((count, 1), |(i, _)| step * i as f64);
/// let (x, z) = (points(12, 0.5), points(5, 1.1));
/// let [y, truth] = [&x, &z].map(|points| points.mapv(f64::sin));
///
/// let (gram, cross) = (kernel.gram(x.view())?, kernel.cross(z.view(), x.view())?);
/// let model = Regression::new()
///     .ridge(Criterion::LeaveOneOutError)
///     .fit(Kernels::of(KernelKind::Ntk, &gram), y.view())?;
/// let score = model.score(cross.ntk.view(), truth.view())?;
/// assert!(score.rmse < 0.1);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use = "call fit()"]
pub struct Regression {
    ridge: RidgeRule,
    time: Time,
    learning_rate: f64,
    solver: Solver,
}

impl Default for Regression {
    fn default() -> Self {
        Regression {
            ridge: Ridge::NONE.into(),
            time: Time::Infinite,
            learning_rate: 1.0,
            solver: Solver::Cholesky,
        }
    }
}

impl Regression {
    /// Starts a regression without ridge, trained to convergence.
    pub fn new() -> Self {
        Regression::default()
    }

    /// Sets the ridge ([`Ridge`]), or the [`Criterion`] that selects it.
    pub fn ridge(mut self, rule: impl Into<RidgeRule>) -> Self {
        self.ridge = rule.into();
        self
    }

    /// Sets the training time.
    pub fn time(mut self, time: Time) -> Self {
        self.time = time;
        self
    }

    /// Sets the learning rate, which multiplies the time; 1 by default.
    pub fn learning_rate(mut self, learning_rate: f64) -> Self {
        self.learning_rate = learning_rate;
        self
    }

    /// Sets the solver of [`fit_signals`](Self::fit_signals); [`Solver::Cholesky`] by default.
    pub fn solver(mut self, solver: Solver) -> Self {
        self.solver = solver;
        self
    }

    pub(super) fn chosen_solver(&self) -> Solver {
        self.solver
    }

    pub(super) fn training_time(&self) -> Time {
        self.time
    }

    pub(super) fn ridge_rule(&self) -> RidgeRule {
        self.ridge
    }

    /// Fits the training points from their kernel matrices.
    ///
    /// # Arguments
    /// * `train` — kernels between training points, symmetric, shape `[n, n]`
    /// * `targets` — shape `[n, outputs]`
    ///
    /// # Cost and accuracy
    /// Selecting a ridge takes an eigendecomposition, O(n³). The factorisation for predictions is computed with the first prediction.
    ///
    /// # Errors
    /// As [`GradientFlow::fit`] and [`RidgePath::select`]; [`InvalidValue`](crate::Error::InvalidValue) for a learning rate that is not
    /// positive.
    pub fn fit(
        &self,
        train: Kernels<'_>,
        targets: ArrayView2<'_, f64>,
    ) -> Result<FittedRegression> {
        let selected = match self.ridge {
            RidgeRule::Fixed(_) => None,
            RidgeRule::Chosen(criterion) => Some(
                RidgePath::fit(train.driving(), targets)
                    .and_then(|path| path.select(criterion, RANGE))
                    .map_err(|error| with_kernel_error(error, train.error()))?,
            ),
        };
        let ridge = match (self.ridge, selected) {
            (RidgeRule::Fixed(ridge), _) => ridge,
            (_, chosen) => chosen.map_or(Ridge::NONE, |chosen| Ridge::Relative(chosen.relative)),
        };
        Ok(FittedRegression {
            flow: GradientFlow::fit(train, targets, ridge)?
                .with_learning_rate(self.learning_rate)?,
            time: self.time,
            selected,
        })
    }
}

/// A regression with its training points; from [`Regression::fit`].
#[derive(Debug)]
pub struct FittedRegression {
    flow: GradientFlow,
    time: Time,
    selected: Option<SelectedRidge>,
}

impl FittedRegression {
    /// Predicts mean and covariance at test points; [`Prediction::samples`] draws from them.
    ///
    /// # Arguments
    /// * `cross` — kernels between test and training points, shape `[m, n]`
    /// * `prior` — the NNGP between test points, symmetric, shape `[m, m]`
    ///
    /// # Errors
    /// As [`GradientFlow::predict`].
    pub fn predict(&self, cross: Kernels<'_>, prior: ArrayView2<'_, f64>) -> Result<Prediction> {
        self.flow.predict(cross, prior, self.time)
    }

    /// Predicts mean and variance of each test point by itself; [`Marginals::log_probability`] compares them with targets.
    ///
    /// # Arguments
    /// * `cross` — kernels between test and training points, shape `[m, n]`
    /// * `prior` — the NNGP of each test point with itself, shape `[m]`
    ///
    /// # Errors
    /// As [`GradientFlow::predict`].
    pub fn predict_marginals(
        &self,
        cross: Kernels<'_>,
        prior: ArrayView1<'_, f64>,
    ) -> Result<Marginals> {
        self.flow.predict_marginals(cross, prior, self.time)
    }

    /// Predicts the mean at test points.
    ///
    /// # Arguments
    /// * `test_train` — the driving kernel between test and training points, shape `[m, n]`
    ///
    /// The result has shape `[m, outputs]`.
    ///
    /// # Errors
    /// As [`GradientFlow::predict`].
    pub fn predict_mean(&self, test_train: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        self.flow.predict_mean(test_train, self.time)
    }

    /// Compares the mean at test points with their targets.
    ///
    /// # Arguments
    /// * `test_train` — the driving kernel between test and training points, shape `[m, n]`
    /// * `targets` — shape `[m, outputs]`
    ///
    /// # Errors
    /// As [`GradientFlow::predict`] and [`Score::of`].
    pub fn score(
        &self,
        test_train: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
    ) -> Result<Score> {
        Score::of(self.predict_mean(test_train)?.view(), targets)
    }

    /// Returns the fraction of test points whose largest mean is the output of their class.
    ///
    /// # Arguments
    /// * `test_train` — the driving kernel between test and training points, shape `[m, n]`
    /// * `labels` — shape `[m]`, the number of the output of each point's class
    ///
    /// # Errors
    /// As [`GradientFlow::predict`] and [`accuracy`].
    pub fn accuracy(&self, test_train: ArrayView2<'_, f64>, labels: &[usize]) -> Result<f64> {
        accuracy(self.predict_mean(test_train)?.view(), labels)
    }

    /// Returns the ridge ε that was added to the diagonal of the kernel: the variance of the noise of a Gaussian process.
    pub fn ridge(&self) -> f64 {
        self.flow.ridge()
    }

    /// Returns the result of the selection of the ridge; `None` for a given ridge.
    pub fn selected_ridge(&self) -> Option<SelectedRidge> {
        self.selected
    }

    /// Returns the gradient flow of this regression, for predictions at other times.
    pub fn flow(&self) -> &GradientFlow {
        &self.flow
    }
}
