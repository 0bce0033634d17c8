//! Where to measure next: acquisition functions of Bayesian optimisation.
//!
//! A function is known at a few points, and its largest or smallest value is wanted. A Gaussian process predicts mean and variance at
//! candidates ([`GaussianProcess::predict_marginals`](super::GaussianProcess::predict_marginals)); the next point is the candidate of the largest
//! [`log_expected_improvement`], or of the best [`confidence_bound`]. [`GaussianProcess::extend`](super::GaussianProcess::extend) adds what was
//! measured there.
//!
//! # Examples
//! ```
//! use haarmonic::predict::{Marginals, acquisition::{Goal, confidence_bound, expected_improvement}};
//! use ndarray::array;
//!
//! // Two candidates with the mean of the best value so far: the less certain one promises more, φ(0) times its deviation.
//! let found = Marginals { mean: array![[1.0], [1.0]], variance: array![0.01, 4.0] };
//! let improvement = expected_improvement(&found, 1.0, Goal::Maximum)?;
//! assert!((improvement[[1, 0]] - 2.0 / std::f64::consts::TAU.sqrt()).abs() < 1e-15);
//! assert!(improvement[[1, 0]] > improvement[[0, 0]]);
//! assert_eq!(confidence_bound(&found, 2.0, Goal::Maximum)?[[1, 0]], 5.0);
//! # Ok::<(), haarmonic::Error>(())
//! ```

use std::f64::consts::{FRAC_1_SQRT_2, TAU};

use ndarray::{Array2, Zip};

use super::prediction::Marginals;
use crate::{Result, check};

/// Beyond so many deviations the improvement comes from a continued fraction, as its two terms cancel.
const TAIL: f64 = 2.0;

/// What is sought of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Goal {
    /// Its largest value.
    Maximum,
    /// Its smallest value.
    Minimum,
}

impl Goal {
    /// By how much a value is better than another.
    fn gain(self, value: f64, best: f64) -> f64 {
        match self {
            Goal::Maximum => value - best,
            Goal::Minimum => best - value,
        }
    }
}

/// Computes the expected improvement at each point over the best value so far.
///
/// ```math
/// \mathrm{EI} = \mathrm E \max(f - b, 0) = s \, \bigl( \varphi(z) + z \, \Phi(z) \bigr) , \qquad z = \frac{\mu - b}{s}
/// ```
/// for the maximum, with mean μ, deviation s, best value b, and density φ and distribution function Φ of a standard normal number.
///
/// # Arguments
/// * `found` — predictions at the candidates, of the function without noise
/// * `best` — the best value so far
///
/// The result has the shape `[points, outputs]` of the mean.
///
/// # Cost and accuracy
/// O(1) per entry; relative error of some ε, times 1 + z² where z < 0, as the value itself is that sensitive to z. It underflows for
/// z < −38, where [`log_expected_improvement`] still tells candidates apart.
///
/// # Errors
/// [`Error::NotFinite`](crate::Error::NotFinite), [`Error::ShapeMismatch`](crate::Error::ShapeMismatch),
/// [`Error::InvalidValue`](crate::Error::InvalidValue) for a negative variance.
///
/// # References
/// JSW98, Eq. (15).
pub fn expected_improvement(found: &Marginals, best: f64, goal: Goal) -> Result<Array2<f64>> {
    each(found, best, |mean, deviation| {
        let gain = goal.gain(mean, best);
        if deviation == 0.0 {
            return gain.max(0.0);
        }
        let z = gain / deviation;
        match z < -TAIL {
            true => deviation * density(z) * tail(-z),
            false => bulk(gain, deviation),
        }
    })
}

/// Computes the logarithm of the expected improvement, which does not underflow.
///
/// Gradients and comparisons of the improvement itself are lost where it is zero to rounding, far from the best value so far; its logarithm
/// has no such plateau. It is −∞ for a point without variance that is no better than `best`.
///
/// # Arguments
/// As for [`expected_improvement`].
///
/// # Cost and accuracy
/// O(1) per entry; error of some ε times 1 + z².
///
/// # Errors
/// As for [`expected_improvement`].
///
/// # Examples
/// ```
/// use haarmonic::predict::{Marginals, acquisition::{Goal, log_expected_improvement}};
/// use ndarray::array;
///
/// // A thousand deviations below: about −z²/2 − ln(√(2π) z²).
/// let found = Marginals { mean: array![[-1000.0]], variance: array![1.0] };
/// let log = log_expected_improvement(&found, 0.0, Goal::Maximum)?[[0, 0]];
/// assert!((log + 500_000.0 + (std::f64::consts::TAU.sqrt() * 1e6).ln()).abs() < 1e-5);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// Ament23, section 4.1.
pub fn log_expected_improvement(found: &Marginals, best: f64, goal: Goal) -> Result<Array2<f64>> {
    each(found, best, |mean, deviation| {
        let gain = goal.gain(mean, best);
        if deviation == 0.0 {
            return gain.max(0.0).ln();
        }
        let z = gain / deviation;
        match z < -TAIL {
            true => deviation.ln() - 0.5 * z * z - 0.5 * TAU.ln() + log_tail(-z),
            false => bulk(gain, deviation).ln(),
        }
    })
}

/// Computes the optimistic bound of the function at each point: mean plus some deviations for the maximum (the upper confidence bound), minus
/// as many for the minimum.
///
/// # Arguments
/// * `found` — predictions at the candidates, of the function without noise
/// * `deviations` — how many, not negative; more of them explore more
///
/// The result has the shape `[points, outputs]` of the mean.
///
/// # Errors
/// [`Error::NotFinite`](crate::Error::NotFinite), [`Error::ShapeMismatch`](crate::Error::ShapeMismatch),
/// [`Error::InvalidValue`](crate::Error::InvalidValue) for a negative variance or number of deviations.
///
/// # References
/// SKKS10, Eq. (6).
#[doc(alias = "upper_confidence_bound")]
pub fn confidence_bound(found: &Marginals, deviations: f64, goal: Goal) -> Result<Array2<f64>> {
    check::not_negative("number of deviations", deviations)?;
    let bound = each(found, 0.0, |mean, deviation| match goal {
        Goal::Maximum => mean + deviations * deviation,
        Goal::Minimum => mean - deviations * deviation,
    })?;
    check::finite("confidence bound", bound.view())?;
    Ok(bound)
}

/// A function of mean and deviation for each entry.
fn each(found: &Marginals, best: f64, value: impl Fn(f64, f64) -> f64) -> Result<Array2<f64>> {
    check::finite_number("best value so far", best)?;
    check::finite("predicted mean", found.mean.view())?;
    check::finite("predicted variance", found.variance.view())?;
    let points = found.mean.nrows();
    check::shape("predicted variance", found.variance.shape(), &[points])?;
    if let Some(&variance) = found.variance.iter().find(|&&variance| variance < 0.0) {
        check::not_negative("predicted variance", variance)?;
    }
    let mut values = found.mean.clone();
    Zip::from(values.rows_mut())
        .and(&found.variance)
        .for_each(|mut row, variance| {
            let deviation = variance.sqrt();
            row.mapv_inplace(|mean| value(mean, deviation));
        });
    Ok(values)
}

/// φ(z).
fn density(z: f64) -> f64 {
    (-0.5 * z * z).exp() / TAU.sqrt()
}

/// s φ(z) + s z Φ(z), where its terms do not cancel to speak of.
fn bulk(gain: f64, deviation: f64) -> f64 {
    let z = gain / deviation;
    deviation * density(z) + gain * 0.5 * libm::erfc(-z * FRAC_1_SQRT_2)
}

/// (φ(z) + z Φ(z))/φ(z) at z = −x: 1 − x M(x) with Mills' ratio M = Φ(−x)/φ(x), without the difference.
///
/// The continued fraction M = 1/(x + t), t = 1/(x + 2/(x + 3/(x + …))) gives t/(x + t).
fn tail(x: f64) -> f64 {
    let fraction = fraction(x);
    fraction / (x + fraction)
}

/// The logarithm of [`tail`], also where the square of x is beyond the range of numbers.
fn log_tail(x: f64) -> f64 {
    let fraction = fraction(x);
    fraction.ln() - (x + fraction).ln()
}

/// t of [`tail`].
fn fraction(x: f64) -> f64 {
    // Each term k takes a factor of about 1 − x/√k from the error, and n of them exp(−2x (√n − √2)).
    let terms = (2.5 + 19.0 / x).powi(2) as usize;
    let rest = (2..=terms).rev().fold(0.0, |rest, k| k as f64 / (x + rest));
    1.0 / (x + rest)
}
