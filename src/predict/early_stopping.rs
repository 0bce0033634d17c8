//! Early stopping: the training time at which the error on validation points is least.

use ndarray::ArrayView2;

use super::ensemble::Time;
use super::gradient_flow::GradientFlow;
use super::metrics::rmse;
use crate::{Error, Result};

/// The error on validation points against the training time.
///
/// # Examples
/// ```
/// use haarmonic::predict::{GradientFlow, Time, ValidationCurve};
/// use ndarray::array;
///
/// // Training drives the mean at the validation point from 0 to 3; its target is 2.
/// let (ntk, targets) = (array![[1.0]], array![[3.0]]);
/// let flow = GradientFlow::nngp(ntk.view(), targets.view()).build()?;
/// let times: Vec<Time> = (0..100).map(|k| Time::Finite(0.05 * k as f64)).collect();
/// let curve = ValidationCurve::new(&flow, ntk.view(), array![[2.0]].view(), &times)?;
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
    /// * `validation_train` — Θ (or K for an NNGP ensemble) between validation and training points, shape `[m, n]`
    /// * `targets` — of the validation points, shape `[m, outputs]`
    /// * `times` — at least one, in any order
    ///
    /// # Cost and accuracy
    /// As [`GradientFlow::means_on_test`].
    ///
    /// # Errors
    /// [`Error::Empty`] without times, [`Error::ShapeMismatch`] for targets of another shape, and as [`GradientFlow::on_test`].
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
            .means_on_test(validation_train, times)?
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

    /// The times, in the order in which they were given.
    pub fn times(&self) -> &[Time] {
        &self.times
    }

    /// Root mean square errors at the times.
    pub fn errors(&self) -> &[f64] {
        &self.errors
    }

    /// The place of the least error among the times; the first of equal ones.
    pub fn best(&self) -> usize {
        self.best
    }

    /// The time of the least error.
    pub fn best_time(&self) -> Time {
        self.times[self.best]
    }

    /// The least error.
    pub fn least_error(&self) -> f64 {
        self.errors[self.best]
    }
}
