//! Gradient flow of an infinitely wide network on any loss, with or without momentum.

use std::fmt;

use faer::{Mat, MatRef};
use ndarray::{Array2, ArrayView2};

use super::loss::Loss;
use super::solvers::check;
use super::solvers::linalg::product;
use crate::check::{not_empty, not_negative, positive};
use crate::numeric::runge_kutta::Flow;
use crate::{Error, Result};

const TRAIN: &str = "train-train NTK";
const CROSS: &str = "test-train NTK";
const OUTPUTS: &str = "outputs under gradient flow";

/// The gradient of a loss with respect to outputs `[n, outputs]`, from outputs and targets.
type Gradient = dyn Fn(ArrayView2<'_, f64>, ArrayView2<'_, f64>) -> Array2<f64> + Send + Sync;

/// Gradient flow on a loss for an infinitely wide network whose outputs start at zero.
///
/// With the loss ℒ, a mean over points, learning rate η, and the outputs f at training points x and test points s:
///
/// ```math
/// \dot f_x = -\eta \, \Theta_{xx} \nabla\mathcal{L}(f_x) , \qquad \dot f_s = -\eta \, \Theta_{sx} \nabla\mathcal{L}(f_x) , \qquad f(0) = 0
/// ```
/// and with the friction γ of momentum $`\ddot f + \gamma \dot f = -\eta \, \Theta \, \nabla\mathcal{L}`$ with $`\dot f(0) = 0`$. Gradient descent with steps of size h and
/// momentum m is this flow for small h, with $`\gamma = (1 - m)/\sqrt{h}`$ and η = 1, after k steps at $`t = k \sqrt h`$.
///
/// For [`Loss::Square`] without momentum this is the mean of an ensemble, and [`GradientFlow`](super::GradientFlow) has it in closed form, at any
/// time. For other losses it is one network of which the initial outputs were subtracted; the mean of an ensemble differs from it, as gradients are not linear. Cross-entropy
/// never converges where the classes can be told apart: outputs grow without end, like the logarithm of the time.
///
/// # Examples
/// ```
/// use haarmonic::predict::{Loss, LossFlow};
/// use ndarray::array;
/// // One point of class 0, Θ = 1: with d the difference of both outputs, ḋ = 2/(1 + e^d), so that d + e^d = 1 + 2t.
/// let flow = LossFlow::fit(array![[1.0]].view(), array![[1.0, 0.0]].view(), Loss::CrossEntropy)?;
/// let outputs = &flow.train_outputs_at(&[3.0])?[0];
/// let d = outputs[[0, 0]] - outputs[[0, 1]];
/// assert!((d + d.exp() - 7.0).abs() < 1e-6);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// LXS19, Sect. 2.2; HNW93, Sect. II.5.
pub struct LossFlow {
    kernel: Mat<f64>,
    targets: Array2<f64>,
    gradient: Box<Gradient>,
    /// What bounds the second derivative of the loss, times n.
    curvature: f64,
    learning_rate: f64,
    friction: Option<f64>,
    tolerance: f64,
}

impl LossFlow {
    /// Sets up the training on the given points.
    ///
    /// # Arguments
    /// * `train` — Θ between training points, symmetric, shape `[n, n]`
    /// * `targets` — y, shape `[n, outputs]`; probabilities for [`Loss::CrossEntropy`] and [`Loss::Logistic`]
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::Empty`], [`Error::NotFinite`] or [`Error::InvalidValue`] for bad kernels, and for targets that the loss does not take.
    pub fn fit(
        train: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
        loss: Loss,
    ) -> Result<LossFlow> {
        let gradient =
            move |f: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>| loss.gradient_of_checked(f, y);
        let mut flow = LossFlow::fit_gradient(train, targets, gradient)?;
        loss.check_targets(targets)?;
        flow.curvature = loss.curvature(targets.ncols());
        Ok(flow)
    }

    /// Sets up the training with a loss of your own.
    ///
    /// # Arguments
    /// * `train`, `targets` — as for [`fit`](Self::fit)
    /// * `gradient` — returns the gradient of the loss with respect to the outputs, from the outputs and the targets, all of shape `[n, outputs]`; the
    ///   loss should be convex in the outputs, a mean over points, and smooth
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    ///
    /// # Examples
    /// ```
    /// use haarmonic::predict::LossFlow;
    /// use ndarray::array;
    /// // The loss ln cosh(f − y) is like the absolute error far from the target: the output moves with speed 1.
    /// let flow = LossFlow::fit_gradient(array![[1.0]].view(), array![[100.0]].view(), |f, y| (&f - &y).mapv(f64::tanh))?;
    /// assert!((flow.train_outputs_at(&[20.0])?[0][[0, 0]] - 20.0).abs() < 1e-6);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn fit_gradient(
        train: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
        gradient: impl Fn(ArrayView2<'_, f64>, ArrayView2<'_, f64>) -> Array2<f64>
        + Send
        + Sync
        + 'static,
    ) -> Result<LossFlow> {
        let kernel = check::symmetric(TRAIN, train)?;
        check::targets(targets, kernel.nrows())?;
        Ok(LossFlow {
            kernel,
            targets: targets.as_standard_layout().into_owned(),
            gradient: Box::new(gradient),
            curvature: 1.0,
            learning_rate: 1.0,
            friction: None,
            tolerance: 1e-8,
        })
    }

    /// Sets the learning rate η, the unit of time; 1 unless set.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] unless it is a finite number above 0.
    pub fn with_learning_rate(mut self, learning_rate: f64) -> Result<Self> {
        positive("learning rate", learning_rate)?;
        self.learning_rate = learning_rate;
        Ok(self)
    }

    /// Sets the friction γ of a flow with momentum; there is no momentum unless it is set.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a negative number.
    pub fn with_friction(mut self, friction: f64) -> Result<Self> {
        not_negative("friction", friction)?;
        self.friction = Some(friction);
        Ok(self)
    }

    /// Sets the error that one step of the integration may make, relative to the largest output; 1e-8 unless set.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] unless it is from 1e-14 to 0.01.
    pub fn with_tolerance(mut self, tolerance: f64) -> Result<Self> {
        if !(1e-14..=0.01).contains(&tolerance) {
            return Err(Error::invalid(
                "tolerance of a flow",
                tolerance,
                "a number from 1e-14 to 0.01",
            ));
        }
        self.tolerance = tolerance;
        Ok(self)
    }

    /// Returns the outputs at test points, shape `[m, outputs]`, for several times.
    ///
    /// # Arguments
    /// * `test_train` — Θ between test and training points, shape `[m, n]`
    /// * `times` — t ≥ 0, finite, in any order
    ///
    /// # Cost and accuracy
    /// An embedded Runge–Kutta pair of orders 5 and 4 whose error in one step, at training and at test points, is below the tolerance; errors of all steps add up, or die
    /// out where the flow converges. Each step is six products of Θ (`[n + m, n]`) with the gradient. The number of steps grows with the time, at least
    /// 0.3 ηt times the largest eigenvalue of Θ/n (times the largest second derivative of the loss).
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::Empty`], [`Error::NotFinite`] or [`Error::InvalidValue`] for bad kernels and times;
    /// [`Error::NotConverged`] if more than 100 000 steps are needed.
    pub fn outputs_at(
        &self,
        test_train: ArrayView2<'_, f64>,
        times: &[f64],
    ) -> Result<Vec<Array2<f64>>> {
        let n = self.kernel.nrows();
        let test = check::rows(CROSS, test_train, n)?;
        let all = Mat::from_fn(n + test.nrows(), n, |i, j| match i < n {
            true => self.kernel[(i, j)],
            false => test[(i - n, j)],
        });
        self.integrate(all.as_ref(), n, times)
    }

    /// Returns the outputs at the training points, shape `[n, outputs]`, for several times.
    ///
    /// # Arguments, cost, errors
    /// As [`outputs_at`](Self::outputs_at).
    pub fn train_outputs_at(&self, times: &[f64]) -> Result<Vec<Array2<f64>>> {
        self.integrate(self.kernel.as_ref(), 0, times)
    }

    /// The outputs from a row on, at all times.
    fn integrate(
        &self,
        kernel: MatRef<'_, f64>,
        first: usize,
        times: &[f64],
    ) -> Result<Vec<Array2<f64>>> {
        not_empty("times", times.len())?;
        for &time in times {
            not_negative("training time", time)?;
        }
        let (n, outputs) = self.targets.dim();
        let (rows, entries) = (kernel.nrows(), kernel.nrows() * outputs);
        // The state is f, point by point, and with momentum its derivative after it.
        let slope = |state: &[f64], slope: &mut [f64]| {
            let f = ArrayView2::from_shape((n, outputs), &state[..n * outputs])
                .expect("the state begins with the outputs at training points");
            let gradient = (self.gradient)(f, self.targets.view());
            crate::check::shape("gradient of the loss", gradient.shape(), &[n, outputs])?;
            let gradient = Mat::from_fn(n, outputs, |i, c| -self.learning_rate * gradient[[i, c]]);
            let force = product(kernel, gradient.as_ref());
            let force = |i: usize| force[(i / outputs, i % outputs)];
            match self.friction {
                None => (0..entries).for_each(|i| slope[i] = force(i)),
                Some(friction) => {
                    let velocity = &state[entries..];
                    slope[..entries].copy_from_slice(velocity);
                    for (i, velocity) in velocity.iter().enumerate() {
                        slope[entries + i] = force(i) - friction * velocity;
                    }
                }
            }
            Ok(())
        };
        let kinds = match self.friction {
            None => std::iter::once(0..entries).collect(),
            Some(_) => vec![0..entries, entries..2 * entries],
        };
        let mut order: Vec<usize> = (0..times.len()).collect();
        order.sort_by(|&i, &j| times[i].total_cmp(&times[j]));
        let increasing: Vec<f64> = order.iter().map(|&i| times[i]).collect();
        let states = Flow {
            what: OUTPUTS,
            slope,
            tolerance: self.tolerance,
            first_step: self.first_step(),
            kinds: kinds.clone(),
        }
        .states(vec![0.0; kinds.len() * entries], &increasing)?;
        let mut found = vec![Array2::zeros((0, 0)); times.len()];
        for (&i, state) in order.iter().zip(states) {
            let f = Array2::from_shape_fn((rows - first, outputs), |(point, c)| {
                state[(first + point) * outputs + c]
            });
            check::check_finite(OUTPUTS, f.view())?;
            found[i] = f;
        }
        Ok(found)
    }

    /// The inverse of a bound of all rates.
    fn first_step(&self) -> f64 {
        let n = self.kernel.nrows();
        let row = |i: usize| (0..n).map(|j| self.kernel[(i, j)].abs()).sum::<f64>();
        let largest = (0..n).map(row).fold(f64::MIN_POSITIVE, f64::max);
        let rate = self.learning_rate * largest * self.curvature / n as f64;
        let rate = match self.friction {
            None => rate,
            Some(friction) => rate.sqrt() + friction,
        };
        (1.0 / rate).min(f64::MAX)
    }
}

impl fmt::Debug for LossFlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LossFlow")
            .field("points", &self.targets.nrows())
            .field("learning_rate", &self.learning_rate)
            .field("friction", &self.friction)
            .field("tolerance", &self.tolerance)
            .finish_non_exhaustive()
    }
}
