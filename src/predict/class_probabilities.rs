//! Probabilities of classes from a regression on them: how often each score is the largest.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis, Zip};

use super::check::check_finite;
use crate::numeric::gauss_hermite::GaussHermite;
use crate::{Error, Result};

/// The product of distribution functions is smooth on the scale of the density it is integrated against.
const NODES: usize = 128;
/// Negative variances of this part of the scores' squares are put down to rounding: they change no probability by more than the root of it,
/// and only where two scores are that close.
const ROUNDING: f64 = 1e-9;

/// The probability that each class has the largest score, for independent normal scores of equal variance.
///
/// Regression on one-hot targets predicts each score with a mean and a variance that is the same for all classes of a point
/// ([`Prediction`](crate::predict::Prediction)). With Φ the normal distribution function,
///
/// ```math
/// p_c = \int \frac{e^{-z^2/2}}{\sqrt{2\pi}} \prod_{d \ne c} \Phi\Bigl(z + \frac{\mu_c - \mu_d}{\sigma}\Bigr) \, dz .
/// ```
///
/// # Arguments
/// * `mean` — μ, shape `[n, classes]`
/// * `variance` — σ² of the scores of each point, the diagonal of the covariance; noise may be added. Zero leaves the largest
///   score certain, or equally probable ones. Rounding is relative to the prior variance, which is not known here: variances that are
///   negative by up to 10⁻⁹ of the largest variance or of the square of the largest score are taken for zero
///
/// # Cost and accuracy
/// 128 evaluations of Φ for each pair of classes and point; errors below 10⁻⁹. Rows sum to one to rounding.
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
/// // The difference of two scores is one, with variance two: Φ(1 / √2).
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
    // As standard deviations, since squares of scores overflow.
    let of_scores = mean.iter().fold(0.0_f64, |m, score| m.max(score.abs()));
    let of_variances = variance.iter().fold(0.0_f64, |m, v| m.max(v.abs())).sqrt();
    let rounding = ROUNDING.sqrt() * of_scores.max(of_variances);
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
