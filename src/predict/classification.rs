//! Targets of a classifier, probabilities of its classes, and measures of its scores.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, Zip};

use crate::check::finite as check_finite;
use crate::numeric::gauss_hermite::GaussHermite;
use crate::{Error, Result};

/// Number of quadrature nodes: the product of distribution functions is smooth on the scale of the normal density.
const NODES: usize = 128;
/// Negative variances up to this fraction of the square of the largest score count as rounding. Setting them to zero changes a probability
/// only if two scores differ by less than the root of this fraction.
const NEGATIVE: f64 = 1e-9;

/// Returns targets of a regression on classes: 1 − 1/C for the class, −1/C for the others, so that a row sums to zero.
///
/// # Arguments
/// * `labels` — below `classes`
///
/// The result has shape `[n, classes]`.
///
/// # Errors
/// [`Error::Empty`] without labels, [`Error::InvalidValue`] for fewer than two classes or a label beyond them.
///
/// # Examples
/// ```
/// use haarmonic::predict::classification::centred_one_hot;
/// use ndarray::array;
///
/// assert_eq!(centred_one_hot(&[1, 0], 2)?, array![[-0.5, 0.5], [0.5, -0.5]]);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn centred_one_hot(labels: &[usize], classes: usize) -> Result<Array2<f64>> {
    check_labels(labels, classes)?;
    let rest = 1.0 / classes as f64;
    Ok(Array2::from_shape_fn((labels.len(), classes), |(i, c)| {
        if labels[i] == c { 1.0 - rest } else { -rest }
    }))
}

/// Returns the class of the largest score of each row, and the first of several equal scores.
///
/// # Errors
/// [`Error::Empty`] or [`Error::NotFinite`] for bad input.
pub fn predicted_classes(scores: ArrayView2<'_, f64>) -> Result<Vec<usize>> {
    if scores.is_empty() {
        return Err(Error::empty("scores"));
    }
    check_finite("scores", scores)?;
    let best = |row: ArrayView1<'_, f64>| {
        let mut best = 0;
        for (class, score) in row.iter().enumerate() {
            if *score > row[best] {
                best = class;
            }
        }
        best
    };
    Ok(scores.outer_iter().map(best).collect())
}

/// Returns the fraction of rows whose largest score belongs to the label.
///
/// # Arguments
/// * `scores` — `[n, classes]`
///
/// # Errors
/// [`Error::Empty`], [`Error::NotFinite`], [`Error::ShapeMismatch`] or [`Error::InvalidValue`] for bad input.
///
/// # Examples
/// ```
/// use haarmonic::predict::classification::accuracy;
/// use ndarray::array;
///
/// let scores = array![[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]];
/// assert_eq!(accuracy(scores.view(), &[0, 1, 1, 1])?, 0.75);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn accuracy(scores: ArrayView2<'_, f64>, labels: &[usize]) -> Result<f64> {
    let confusion = confusion(scores, labels)?;
    let right: usize = confusion.diag().iter().sum();
    Ok(right as f64 / labels.len() as f64)
}

/// Returns the confusion matrix, shape `[classes, classes]`: the number of rows of each class (row) that were predicted as each class
/// (column).
///
/// # Errors
/// As [`accuracy`].
pub fn confusion(scores: ArrayView2<'_, f64>, labels: &[usize]) -> Result<Array2<usize>> {
    let classes = scores.ncols();
    check_rows(&scores, labels)?;
    let mut counts = Array2::zeros((classes, classes));
    for (&label, predicted) in labels.iter().zip(predicted_classes(scores)?) {
        counts[[label, predicted]] += 1;
    }
    Ok(counts)
}

/// Predicted probabilities against frequencies.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Calibration {
    /// Mean probability of the predicted classes in each bin; zero in empty bins.
    pub confidence: Array1<f64>,
    /// Fraction of correct predictions in each bin; zero in empty bins.
    pub accuracy: Array1<f64>,
    /// Number of rows in each bin.
    pub counts: Array1<usize>,
    /// Mean of |confidence − accuracy| over the rows.
    pub expected_error: f64,
}

/// Compares the probability of the predicted class with the fraction of correct predictions, in bins of equal width.
///
/// # Arguments
/// * `probabilities` — `[n, classes]`, between 0 and 1; rows sum to one
/// * `bins` — at least 1
///
/// # Errors
/// As [`accuracy`]; [`Error::InvalidValue`] for rows that are no probabilities.
///
/// # Examples
/// ```
/// use haarmonic::predict::classification::calibration;
/// use ndarray::array;
///
/// let probabilities = array![[0.75, 0.25], [0.75, 0.25], [0.25, 0.75], [0.25, 0.75]];
/// let found = calibration(probabilities.view(), &[0, 0, 1, 0], 10)?;
/// // Four predictions with a probability of three quarters, of which three are right.
/// assert_eq!((found.confidence[7], found.accuracy[7], found.counts[7]), (0.75, 0.75, 4));
/// assert_eq!(found.expected_error, 0.0);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn calibration(
    probabilities: ArrayView2<'_, f64>,
    labels: &[usize],
    bins: usize,
) -> Result<Calibration> {
    /// Allowed rounding of the sums of probabilities, which may come from single precision.
    const ROUNDING: f64 = 1e-5;
    check_rows(&probabilities, labels)?;
    if bins == 0 {
        return Err(Error::invalid("number of bins", bins, "at least 1"));
    }
    let predicted = predicted_classes(probabilities)?;
    for (index, row) in probabilities.outer_iter().enumerate() {
        if row.iter().any(|p| *p < 0.0) || (row.sum() - 1.0).abs() > ROUNDING {
            return Err(Error::invalid(
                format!("row {index} of the probabilities"),
                row.to_string(),
                "numbers from 0 on that sum to 1",
            ));
        }
    }
    let mut found = Calibration {
        confidence: Array1::zeros(bins),
        accuracy: Array1::zeros(bins),
        counts: Array1::zeros(bins),
        expected_error: 0.0,
    };
    for (i, (&class, &label)) in predicted.iter().zip(labels).enumerate() {
        let confidence = probabilities[[i, class]];
        let bin = ((confidence * bins as f64) as usize).min(bins - 1);
        found.confidence[bin] += confidence;
        found.accuracy[bin] += if class == label { 1.0 } else { 0.0 };
        found.counts[bin] += 1;
    }
    for bin in 0..bins {
        if found.counts[bin] > 0 {
            let difference = (found.confidence[bin] - found.accuracy[bin]).abs();
            found.expected_error += difference / labels.len() as f64;
            found.confidence[bin] /= found.counts[bin] as f64;
            found.accuracy[bin] /= found.counts[bin] as f64;
        }
    }
    Ok(found)
}

/// Returns the probability that each class has the largest score, for independent normal scores of equal variance.
///
/// Regression on one-hot targets predicts each score with a mean, and with a variance that is equal for all classes of a point
/// ([`Prediction`](crate::predict::Prediction)). With Φ the normal distribution function,
///
/// ```math
/// p_c = \int \frac{e^{-z^2/2}}{\sqrt{2\pi}} \prod_{d \ne c} \Phi\Bigl(z + \frac{\mu_c - \mu_d}{\sigma}\Bigr) \, dz .
/// ```
///
/// # Arguments
/// * `mean` — μ, shape `[n, classes]`
/// * `variance` — σ² of the scores of each point, shape `[n]`: the diagonal of the covariance, with or without noise. With variance zero the
///   class of the largest score has probability 1; equal largest scores share it. Variances that are negative by up to 10⁻⁹ of the largest
///   variance, or of the square of the largest score, count as zero
///
/// # Cost and accuracy
/// 128 evaluations of Φ per pair of classes and point; errors below 10⁻⁹. Rows sum to one up to rounding.
///
/// # Errors
/// [`Error::Empty`], [`Error::ShapeMismatch`], [`Error::NotFinite`] for bad input; [`Error::InvalidValue`] for fewer than two classes or a
/// negative variance.
///
/// # Examples
/// ```
/// use haarmonic::predict::classification::class_probabilities;
/// use ndarray::array;
///
/// // The difference of the two scores has mean one and variance two: the probability is Φ(1 / √2).
/// let found = class_probabilities(array![[1.0, 0.0]].view(), array![1.0].view())?;
/// assert!((found[[0, 0]] - 0.760249938906523).abs() < 1e-9);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn class_probabilities(
    mean: ArrayView2<'_, f64>,
    variance: ArrayView1<'_, f64>,
) -> Result<Array2<f64>> {
    if mean.is_empty() {
        return Err(Error::empty("scores"));
    }
    let (n, classes) = mean.dim();
    if classes < 2 {
        return Err(Error::invalid("number of classes", classes, "at least 2"));
    }
    if variance.len() != n {
        return Err(Error::shape(
            "variance of the scores",
            format!("[{n}], one for each row of scores"),
            variance.shape().to_vec(),
        ));
    }
    check_finite("scores", mean)?;
    check_finite("variance of the scores", variance)?;
    // Standard deviations are compared, since squares of scores may overflow.
    let of_scores = mean.iter().fold(0.0_f64, |m, score| m.max(score.abs()));
    let of_variances = variance.iter().fold(0.0_f64, |m, v| m.max(v.abs())).sqrt();
    let rounding = NEGATIVE.sqrt() * of_scores.max(of_variances);
    if let Some(i) = variance
        .iter()
        .position(|v| *v < 0.0 && (-v).sqrt() > rounding)
    {
        return Err(Error::invalid(
            format!("variance of the scores of point {i}"),
            format!("{:e}", variance[i]),
            "a number, at least 0",
        ));
    }
    let rule = GaussHermite::new(NODES)?;
    let mut probabilities = Array2::zeros((n, classes));
    Zip::from(probabilities.axis_iter_mut(Axis(0)))
        .and(mean.axis_iter(Axis(0)))
        .and(&variance)
        .for_each(|mut row, mean, variance| {
            for (c, probability) in row.iter_mut().enumerate() {
                *probability = largest_probability(&rule, mean, c, variance.max(0.0).sqrt());
            }
            let sum = row.sum();
            row /= sum;
        });
    Ok(probabilities)
}

/// The probability that a class has the largest score, before the normalisation of the row.
fn largest_probability(
    rule: &GaussHermite,
    mean: ArrayView1<'_, f64>,
    class: usize,
    deviation: f64,
) -> f64 {
    let ahead = |other: f64| mean[class] - other;
    let others = || mean.iter().enumerate().filter(|(d, _)| *d != class);
    if deviation == 0.0 {
        return f64::from(u8::from(others().all(|(_, other)| ahead(*other) >= 0.0)));
    }
    let terms = rule.nodes().iter().zip(rule.weights());
    terms
        .map(|(z, weight)| {
            let factors =
                others().map(|(_, other)| normal_distribution(z + ahead(*other) / deviation));
            weight * factors.product::<f64>()
        })
        .sum()
}

/// Φ.
fn normal_distribution(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

fn check_labels(labels: &[usize], classes: usize) -> Result<()> {
    if labels.is_empty() {
        return Err(Error::empty("labels"));
    }
    if classes < 2 {
        return Err(Error::invalid("number of classes", classes, "at least 2"));
    }
    match labels.iter().position(|label| *label >= classes) {
        None => Ok(()),
        Some(index) => Err(Error::invalid(
            format!("label {index}"),
            labels[index],
            format!("a number below {classes}"),
        )),
    }
}

fn check_rows(scores: &ArrayView2<'_, f64>, labels: &[usize]) -> Result<()> {
    check_labels(labels, scores.ncols())?;
    if scores.nrows() != labels.len() {
        return Err(Error::shape(
            "scores",
            format!("[{}, classes]", labels.len()),
            scores.shape().to_vec(),
        ));
    }
    Ok(())
}
