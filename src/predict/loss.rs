//! Losses of outputs and targets, with their gradients.

use ndarray::{Array2, ArrayView2, Zip};

use crate::{Error, Result, check};

/// Largest deviation of the sum of the probabilities of a point from 1.
const GUARD: f64 = 1e-9;

/// A loss, which is a mean over points.
///
/// # Examples
/// ```
/// use haarmonic::predict::Loss;
/// use ndarray::array;
/// // Without any output two classes are equally likely.
/// let (outputs, targets) = (array![[0.0, 0.0]], array![[1.0, 0.0]]);
/// let loss = Loss::CrossEntropy;
/// assert!((loss.value(outputs.view(), targets.view())? - 2.0_f64.ln()).abs() < 1e-15);
/// assert_eq!(loss.gradient(outputs.view(), targets.view())?, array![[-0.5, 0.5]]);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Loss {
    /// $`\frac{1}{2nC} \sum_{ic} (f_{ic} - y_{ic})^2`$ for n points and C outputs, as [`GradientFlow`](super::GradientFlow) has it.
    Square,
    /// $`-\frac1n \sum_{ic} y_{ic} \ln p_{ic}`$ with the softmax $`p_{ic} = e^{f_{ic}}/\sum_d e^{f_{id}}`$; targets are probabilities of the classes.
    CrossEntropy,
    /// $`\frac{1}{nC} \sum_{ic} \bigl(\ln(1 + e^{f_{ic}}) - y_{ic} f_{ic}\bigr)`$, the cross-entropy of each output by itself with the probability
    /// $`1/(1 + e^{-f})`$; targets are 0, 1 or between.
    Logistic,
}

impl Loss {
    /// Returns the loss.
    ///
    /// # Arguments
    /// * `outputs`, `targets` — f and y, shape `[n, C]`
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::ShapeMismatch`] or [`Error::NotFinite`] for empty, different or infinite arrays, [`Error::InvalidValue`] for targets that are no probabilities.
    pub fn value(self, outputs: ArrayView2<'_, f64>, targets: ArrayView2<'_, f64>) -> Result<f64> {
        self.check(outputs, targets)?;
        let (points, entries) = (outputs.nrows() as f64, outputs.len() as f64);
        let pairs = || outputs.iter().zip(targets.iter());
        Ok(match self {
            Loss::Square => pairs().map(|(f, y)| (f - y) * (f - y)).sum::<f64>() / (2.0 * entries),
            Loss::CrossEntropy => {
                let rows = outputs.outer_iter().zip(targets.outer_iter());
                let loss = rows.map(|(f, y)| {
                    let largest = f.fold(f64::NEG_INFINITY, |m, f| m.max(*f));
                    let sum: f64 = f.iter().map(|f| (f - largest).exp()).sum();
                    let log = f.iter().zip(y).map(|(f, y)| y * (f - largest));
                    sum.ln() - log.sum::<f64>()
                });
                loss.sum::<f64>() / points
            }
            Loss::Logistic => {
                let term = |(&f, &y): (&f64, &f64)| f.max(0.0) - y * f + (-f.abs()).exp().ln_1p();
                pairs().map(term).sum::<f64>() / entries
            }
        })
    }

    /// Returns the gradient of the loss with respect to the outputs, shape `[n, C]`.
    ///
    /// # Errors
    /// As [`value`](Self::value).
    pub fn gradient(
        self,
        outputs: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
    ) -> Result<Array2<f64>> {
        self.check(outputs, targets)?;
        Ok(self.gradient_of_checked(outputs, targets))
    }

    pub(super) fn gradient_of_checked(
        self,
        outputs: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
    ) -> Array2<f64> {
        let (points, entries) = (outputs.nrows() as f64, outputs.len() as f64);
        let mut gradient = outputs.to_owned();
        match self {
            Loss::Square => Zip::from(&mut gradient)
                .and(targets)
                .for_each(|f, y| *f = (*f - y) / entries),
            Loss::CrossEntropy => {
                for (mut f, y) in gradient.outer_iter_mut().zip(targets.outer_iter()) {
                    let largest = f.fold(f64::NEG_INFINITY, |m, f| m.max(*f));
                    f.mapv_inplace(|f| (f - largest).exp());
                    let sum = f.sum();
                    Zip::from(&mut f)
                        .and(y)
                        .for_each(|f, y| *f = (*f / sum - y) / points);
                }
            }
            Loss::Logistic => Zip::from(&mut gradient)
                .and(targets)
                .for_each(|f, y| *f = (1.0 / (1.0 + (-*f).exp()) - y) / entries),
        }
        gradient
    }

    /// The largest second derivative times n: with the largest eigenvalue of Θ it bounds the rates of the flow.
    pub(super) fn curvature(self, outputs: usize) -> f64 {
        match self {
            Loss::Square => 1.0 / outputs as f64,
            Loss::CrossEntropy => 0.5,
            Loss::Logistic => 0.25 / outputs as f64,
        }
    }

    fn check(self, outputs: ArrayView2<'_, f64>, targets: ArrayView2<'_, f64>) -> Result<()> {
        check::not_empty("outputs", outputs.len())?;
        check::shape("targets", targets.shape(), outputs.shape())?;
        check::finite("outputs", outputs)?;
        self.check_targets(targets)
    }

    pub(super) fn check_targets(self, targets: ArrayView2<'_, f64>) -> Result<()> {
        check::finite("targets", targets)?;
        if self == Loss::Square {
            return Ok(());
        }
        if let Some(((i, c), y)) = targets
            .indexed_iter()
            .find(|(_, y)| !(0.0..=1.0).contains(*y))
        {
            return Err(Error::invalid(
                format!("target [{i}, {c}]"),
                *y,
                "a probability, from 0 to 1",
            ));
        }
        if self == Loss::CrossEntropy {
            for (i, row) in targets.outer_iter().enumerate() {
                let sum = row.sum();
                if (sum - 1.0).abs() > GUARD {
                    return Err(Error::invalid(
                        format!("sum of the targets of point {i}"),
                        sum,
                        "1, the sum of the probabilities of all classes",
                    ));
                }
            }
        }
        Ok(())
    }
}
