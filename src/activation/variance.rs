//! The variances of the two Gaussian arguments, and the checks of a covariance.

use crate::error::{Error, Result};

/// How far, relative to $`\sqrt{q_1 q_2}`$, a covariance may exceed the Cauchy–Schwarz bound
/// before it is refused: 1024 ε. A covariance and its variances come from different sums (a
/// correlation on a grid, a sum of squares), whose rounding differs by some tens of ε; a true
/// mistake exceeds the bound by far more. Inside the guard the covariance is clamped.
pub const COVARIANCE_GUARD: f64 = 1024.0 * f64::EPSILON;

/// The variances of one of the two Gaussian arguments over a slice of covariances.
///
/// # Examples
/// ```
/// use haarmonic::activation::Variance;
/// let field = [0.5, 2.0];
/// assert_eq!(Variance::Constant(3.0).at(1), 3.0);
/// assert_eq!(Variance::Field(&field).at(1), 2.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Variance<'a> {
    /// The same variance at every point; the fast case.
    Constant(f64),
    /// One variance for each point.
    Field(&'a [f64]),
}

impl Variance<'_> {
    /// Returns the variance at point `index`.
    ///
    /// # Panics
    /// If a field has no such point.
    #[inline(always)]
    pub fn at(&self, index: usize) -> f64 {
        match self {
            Variance::Constant(q) => *q,
            Variance::Field(values) => values[index],
        }
    }

    /// Checks that every variance is finite and not negative and that a field has `points` entries.
    pub(crate) fn check(&self, what: &str, points: usize) -> Result<()> {
        let values = match self {
            Variance::Constant(q) => std::slice::from_ref(q),
            Variance::Field(values) => {
                if values.len() != points {
                    return Err(Error::ShapeMismatch {
                        what: what.to_owned(),
                        expected: format!("[{points}], one variance for each covariance"),
                        found: vec![values.len()],
                    });
                }
                values
            }
        };
        let bad = values
            .iter()
            .fold(false, |bad, &q| bad | !(0.0..=f64::MAX).contains(&q));
        if !bad {
            return Ok(());
        }
        for (index, &q) in values.iter().enumerate() {
            if !q.is_finite() {
                return Err(Error::NotFinite {
                    what: what.to_owned(),
                    index: vec![index],
                });
            }
            if q < 0.0 {
                return Err(Error::InvalidValue {
                    what: format!("{what} at index {index}"),
                    found: q.to_string(),
                    expected: "a variance, at least 0".to_owned(),
                });
            }
        }
        Ok(())
    }
}

/// Checks that every entry is finite.
pub(crate) fn check_finite(what: &str, values: &[f64]) -> Result<()> {
    let bad = values
        .iter()
        .fold(false, |bad, v| bad | !(v.abs() <= f64::MAX));
    match values.iter().position(|v| !v.is_finite()) {
        Some(index) if bad => Err(Error::NotFinite {
            what: what.to_owned(),
            index: vec![index],
        }),
        _ => Ok(()),
    }
}
