//! Measures of the error of predictions, and the uncertainty of these measures.

use ndarray::{Array2, ArrayView, ArrayView2, Dimension};

use crate::check::finite as check_finite;
use crate::numeric::powers::{SquareSum, exponent, times_power};

use crate::{Error, Result};

/// Measures of the distance between predictions and targets, over all entries.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Score {
    /// Mean absolute error, [`mae`].
    pub mae: f64,
    /// Root mean square error, [`rmse`].
    pub rmse: f64,
    /// Fraction of the variance that is explained, [`r_squared`], with one row per entry of the first axis; `None` for targets without
    /// variance.
    pub r_squared: Option<f64>,
}

impl Score {
    /// Compares predictions with targets of equal shape.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::Empty`] or [`Error::NotFinite`] for bad input.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::predict::metrics::Score;
    /// use ndarray::array;
    ///
    /// let score = Score::of(array![[0.0], [2.0], [2.0]].view(), array![[0.0], [2.0], [4.0]].view())?;
    /// assert_eq!((score.mae, score.r_squared), (2.0 / 3.0, Some(0.5)));
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn of<D: Dimension>(
        predictions: ArrayView<'_, f64, D>,
        targets: ArrayView<'_, f64, D>,
    ) -> Result<Score> {
        let rows = |array: &ArrayView<'_, f64, D>| {
            let n = array.shape().first().copied().unwrap_or(1).max(1);
            let values = array.iter().copied().collect();
            Array2::from_shape_vec((n, array.len() / n), values).expect("rows times their width")
        };
        Ok(Score {
            mae: mae(predictions.view(), targets.view())?,
            rmse: rmse(predictions.view(), targets.view())?,
            r_squared: match r_squared(rows(&predictions).view(), rows(&targets).view()) {
                Err(Error::InvalidValue { .. }) => None,
                found => Some(found?),
            },
        })
    }
}

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
    let power = safe_power(&predictions, &targets);
    let sum: f64 = differences(&predictions, &targets, power)
        .map(f64::abs)
        .sum();
    in_range("mean absolute error", times_power(sum / n, power))
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
    let power = safe_power(&predictions, &targets);
    let squares = SquareSum::of(differences(&predictions, &targets, power));
    let scaled = squares.root_over(n);
    in_range("root mean square error", times_power(scaled, power))
}

/// Computes the fraction of the targets' variance that is explained, $`R^2`$: 1 for perfect predictions, 0 for the mean of the targets.
///
/// ```math
/// R^2 = 1 - \frac{\sum_{ic} (p_{ic} - y_{ic})^2}{\sum_{ic} (y_{ic} - \bar y_c)^2}
/// ```
/// # Arguments
/// * `predictions`, `targets` — shape `[n, outputs]`
///
/// # Cost and accuracy
/// O(n · outputs) time. Sums of squares are scaled by powers of two, so that they neither overflow nor underflow.
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
    let power = safe_power(&predictions, &targets);
    let mut deviations = Vec::with_capacity(targets.len());
    for output in targets.columns() {
        let scaled = output.mapv(|y| times_power(y, -power));
        let mean = scaled.sum() / n;
        deviations.extend(scaled.iter().map(|y| y - mean));
    }
    let variance = SquareSum::of(deviations.iter().copied());
    let largest = targets.iter().fold(0.0_f64, |m, y| m.max(y.abs()));
    // A variance below the rounding of the means counts as zero.
    if variance.root_over(1.0) <= n * f64::EPSILON * times_power(largest, -power) {
        return Err(Error::invalid(
            "targets",
            "no variance",
            "targets that differ",
        ));
    }
    let residual = SquareSum::of(differences(&predictions, &targets, power));
    in_range("r squared", 1.0 - residual.over(variance))
}

/// Computes the mean over repeats (splits, seeds).
///
/// # Errors
/// [`Error::Empty`] or [`Error::NotFinite`] for bad input.
pub fn mean(repeats: &[f64]) -> Result<f64> {
    if repeats.is_empty() {
        return Err(Error::empty("repeats"));
    }
    check_finite("repeats", ArrayView::from(repeats))?;
    let power = exponent(repeats.iter().copied());
    let sum: f64 = repeats.iter().map(|x| times_power(*x, -power)).sum();
    Ok(times_power(sum / repeats.len() as f64, power))
}

/// Computes the standard error of the mean over repeats (splits, seeds).
///
/// ```math
/// \mathrm{SE} = \Bigl( \frac{1}{N (N - 1)} \sum_i (x_i - \bar x)^2 \Bigr)^{1/2}
/// ```
///
/// # Errors
/// [`Error::Empty`] or [`Error::NotFinite`] for bad input, [`Error::InvalidValue`] for a single repeat, which
/// does not determine a spread.
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
        return Err(Error::invalid(
            "number of repeats",
            n,
            "at least 2 for a standard error",
        ));
    }
    // The division by a power of two keeps differences of the largest numbers finite.
    let power = exponent(repeats.iter().copied());
    let scaled = |x: f64| times_power(x, -power);
    let squares = SquareSum::of(repeats.iter().map(|x| scaled(*x) - scaled(center)));
    let error = squares.root_over(n as f64 * (n - 1) as f64);
    in_range("standard error", times_power(error, power))
}

/// The exponent of a power of two; numbers divided by this power have finite sums of differences. It is 0 unless a number is huge.
fn safe_power<D: Dimension>(
    predictions: &ArrayView<'_, f64, D>,
    targets: &ArrayView<'_, f64, D>,
) -> i32 {
    /// Leaves a factor of 2¹²³ for the number of terms.
    const SAFE: i32 = 900;
    (exponent(predictions.iter().chain(targets).copied()) - SAFE).max(0)
}

/// p − y, divided by a power of two.
fn differences<D: Dimension>(
    predictions: &ArrayView<'_, f64, D>,
    targets: &ArrayView<'_, f64, D>,
    power: i32,
) -> impl Iterator<Item = f64> + Clone {
    let scaled = move |x: f64| times_power(x, -power);
    let pairs = predictions.iter().zip(targets);
    pairs.map(move |(p, y)| scaled(*p) - scaled(*y))
}

/// Returns a number; refuses one that overflowed.
fn in_range(what: &str, value: f64) -> Result<f64> {
    check_finite(what, ndarray::aview0(&value))?;
    Ok(value)
}

fn check_pair<D: Dimension>(
    predictions: &ArrayView<'_, f64, D>,
    targets: &ArrayView<'_, f64, D>,
) -> Result<()> {
    if predictions.shape() != targets.shape() {
        return Err(Error::shape(
            "predictions",
            format!("{:?}, that of the targets", targets.shape()),
            predictions.shape().to_vec(),
        ));
    }
    if targets.is_empty() {
        return Err(Error::empty("targets"));
    }
    check_finite("predictions", predictions.view())?;
    check_finite("targets", targets.view())
}
