//! How good predictions are, and how sure one can be of that.

use ndarray::{ArrayView, ArrayView2, Dimension};

use super::check::check_finite;
use crate::{Error, Result};

/// Computes the mean absolute error over all entries.
///
/// ```math
/// \mathrm{MAE} = \frac 1 N \sum_i |p_i - y_i|
/// ```
///
/// # Errors
/// [`Error::ShapeMismatch`], [`Error::Empty`] or [`Error::NotFinite`] for bad input.
///
/// # Examples
/// ```
/// use haarmonic::predict::metrics::mae;
/// use ndarray::array;
///
/// assert_eq!(mae(array![1.0, 2.0].view(), array![4.0, 1.0].view())?, 2.0);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn mae<D: Dimension>(
    predictions: ArrayView<'_, f64, D>,
    targets: ArrayView<'_, f64, D>,
) -> Result<f64> {
    check_pair(&predictions, &targets)?;
    let n = predictions.len() as f64;
    let sum: f64 = predictions
        .iter()
        .zip(targets.iter())
        .map(|(p, y)| (p - y).abs())
        .sum();
    Ok(sum / n)
}

/// Computes the root mean square error over all entries.
///
/// ```math
/// \mathrm{RMSE} = \Bigl( \frac 1 N \sum_i (p_i - y_i)^2 \Bigr)^{1/2}
/// ```
///
/// # Errors
/// [`Error::ShapeMismatch`], [`Error::Empty`] or [`Error::NotFinite`] for bad input.
///
/// # Examples
/// ```
/// use haarmonic::predict::metrics::rmse;
/// use ndarray::array;
///
/// assert_eq!(rmse(array![1.0, 2.0].view(), array![2.0, 9.0].view())?, 5.0);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn rmse<D: Dimension>(
    predictions: ArrayView<'_, f64, D>,
    targets: ArrayView<'_, f64, D>,
) -> Result<f64> {
    check_pair(&predictions, &targets)?;
    let n = predictions.len() as f64;
    let sum: f64 = predictions
        .iter()
        .zip(targets.iter())
        .map(|(p, y)| (p - y) * (p - y))
        .sum();
    Ok((sum / n).sqrt())
}

/// Computes the share of the targets' variance that is explained, $`R^2`$: 1 for perfect predictions, 0 for the mean of the targets.
///
/// ```math
/// R^2 = 1 - \frac{\sum_{ic} (p_{ic} - y_{ic})^2}{\sum_{ic} (y_{ic} - \bar y_c)^2}
/// ```
/// # Arguments
/// * `predictions`, `targets` — shape `[n, outputs]`
///
/// # Errors
/// [`Error::ShapeMismatch`], [`Error::Empty`] or [`Error::NotFinite`] for bad input, [`Error::InvalidValue`] for targets
/// without variance.
///
/// # Examples
/// ```
/// use haarmonic::predict::metrics::r_squared;
/// use ndarray::array;
///
/// let targets = array![[0.0], [2.0], [4.0]];
/// assert_eq!(r_squared(array![[0.0], [2.0], [2.0]].view(), targets.view())?, 0.5);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn r_squared(predictions: ArrayView2<'_, f64>, targets: ArrayView2<'_, f64>) -> Result<f64> {
    check_pair(&predictions, &targets)?;
    let n = targets.nrows() as f64;
    let mut variance = 0.0;
    for output in targets.columns() {
        let mean = output.sum() / n;
        variance += output.iter().map(|y| (y - mean).powi(2)).sum::<f64>();
    }
    let largest = targets.iter().fold(0.0_f64, |m, y| m.max(y.abs()));
    // Below the rounding of the means there is none.
    if variance.sqrt() <= n * f64::EPSILON * largest {
        return Err(Error::InvalidValue {
            what: "targets".into(),
            found: "no variance".into(),
            expected: "targets that differ".into(),
        });
    }
    let residual: f64 = predictions
        .iter()
        .zip(targets.iter())
        .map(|(p, y)| (p - y).powi(2))
        .sum();
    Ok(1.0 - residual / variance)
}

/// Computes the mean over repeats (splits, seeds).
///
/// # Errors
/// [`Error::Empty`] or [`Error::NotFinite`] for bad input.
pub fn mean(repeats: &[f64]) -> Result<f64> {
    if repeats.is_empty() {
        return Err(Error::Empty {
            what: "repeats".into(),
        });
    }
    check_finite("repeats", ArrayView::from(repeats))?;
    Ok(repeats.iter().sum::<f64>() / repeats.len() as f64)
}

/// Computes the standard error of the mean over repeats (splits, seeds).
///
/// ```math
/// \mathrm{SE} = \Bigl( \frac{1}{N (N - 1)} \sum_i (x_i - \bar x)^2 \Bigr)^{1/2}
/// ```
///
/// # Errors
/// [`Error::Empty`] or [`Error::NotFinite`] for bad input, [`Error::InvalidValue`] for a single repeat, which
/// says nothing of the spread.
///
/// # Examples
/// ```
/// use haarmonic::predict::metrics::standard_error;
///
/// assert_eq!(standard_error(&[1.0, 3.0])?, 1.0);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn standard_error(repeats: &[f64]) -> Result<f64> {
    let center = mean(repeats)?;
    let n = repeats.len();
    if n == 1 {
        return Err(Error::InvalidValue {
            what: "number of repeats".into(),
            found: "1".into(),
            expected: "at least 2 for a standard error".into(),
        });
    }
    let squares: f64 = repeats.iter().map(|x| (x - center) * (x - center)).sum();
    Ok((squares / (n as f64 * (n - 1) as f64)).sqrt())
}

fn check_pair<D: Dimension>(
    predictions: &ArrayView<'_, f64, D>,
    targets: &ArrayView<'_, f64, D>,
) -> Result<()> {
    if predictions.shape() != targets.shape() {
        return Err(Error::ShapeMismatch {
            what: "predictions".into(),
            expected: format!("{:?}, that of the targets", targets.shape()),
            found: predictions.shape().to_vec(),
        });
    }
    if targets.is_empty() {
        return Err(Error::Empty {
            what: "targets".into(),
        });
    }
    check_finite("predictions", predictions.view())?;
    check_finite("targets", targets.view())
}
