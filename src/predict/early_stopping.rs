//! Early stopping: the training time at which the error on validation points is least.

use std::fmt;

use ndarray::ArrayView2;

use super::gradient_flow::GradientFlow;
use super::metrics::rmse;
use super::time::Time;
use crate::{Error, Result};

/// The error on validation points against the training time.
///
/// # Examples
/// ```
/// use haarmonic::predict::{GradientFlow, Kernels, Ridge, Time, ValidationCurve};
/// use ndarray::array;
///
/// // Training drives the mean at the validation point from 0 to 3; its target is 2.
/// let (kernel, targets) = (array![[1.0]], array![[3.0]]);
/// let flow = GradientFlow::fit(Kernels::nngp(kernel.view()), targets.view(), Ridge::NONE)?;
/// let times: Vec<Time> = (0..100).map(|k| Time::Finite(0.05 * k as f64)).collect();
/// let curve = ValidationCurve::new(&flow, kernel.view(), array![[2.0]].view(), &times)?;
/// // 3 (1 - e^{-t}) = 2 at t = ln 3.
/// assert_eq!(curve.best_time(), Time::Finite(0.05 * 22.0));
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ValidationCurve {
    times: Vec<Time>,
    errors: Vec<f64>,
    best: usize,
}

impl ValidationCurve {
    /// Predicts the validation points at all times, from one eigendecomposition.
    ///
    /// # Arguments
    /// * `validation_train` — the driving kernel between validation and training points, shape `[m, n]`
    /// * `targets` — of the validation points, shape `[m, outputs]`
    /// * `times` — at least one, in any order
    ///
    /// # Cost and accuracy
    /// As [`GradientFlow::predict_mean_at`].
    ///
    /// # Errors
    /// [`Error::Empty`] without times, [`Error::ShapeMismatch`] for targets of another shape, and as [`GradientFlow::predict`].
    pub fn new(
        flow: &GradientFlow,
        validation_train: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
        times: &[Time],
    ) -> Result<Self> {
        let expected = [validation_train.nrows(), flow.outputs()];
        if targets.shape() != expected {
            return Err(Error::shape(
                "targets of the validation inputs",
                format!("{expected:?}, one row per validation input"),
                targets.shape().to_vec(),
            ));
        }
        let errors = flow
            .predict_mean_at(validation_train, times)?
            .iter()
            .map(|mean| rmse(mean.view(), targets))
            .collect::<Result<Vec<f64>>>()?;
        let best = (0..errors.len()).min_by(|&i, &j| errors[i].total_cmp(&errors[j]));
        Ok(ValidationCurve {
            times: times.to_vec(),
            best: best.ok_or(Error::empty("times"))?,
            errors,
        })
    }

    /// Returns the times, in the order in which they were given.
    pub fn times(&self) -> &[Time] {
        &self.times
    }

    /// Returns the root mean square errors at the times, in the order of [`times`](Self::times).
    pub fn errors(&self) -> &[f64] {
        &self.errors
    }

    /// Returns the index of the time with the least error, and the first of several equal errors.
    pub fn best(&self) -> usize {
        self.best
    }

    /// Returns the time of the least error.
    pub fn best_time(&self) -> Time {
        self.times[self.best]
    }

    /// Returns the least error.
    pub fn least_error(&self) -> f64 {
        self.errors[self.best]
    }
}

/// A table with one line per time, in which the least error is marked.
impl fmt::Display for ValidationCurve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>14} {:>14}", "time", "rmse")?;
        for (index, (time, error)) in self.times.iter().zip(&self.errors).enumerate() {
            let mark = if index == self.best { "  least" } else { "" };
            write!(f, "\n{time:>14} {error:>14.6e}{mark}")?;
        }
        Ok(())
    }
}
