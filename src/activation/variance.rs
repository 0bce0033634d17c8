//! The variances of the two Gaussian arguments, and the checks of a covariance.

use crate::error::{Error, Result};

/// How far, relative to $`\sqrt{q_1 q_2}`$, a covariance may exceed the Cauchy–Schwarz bound
/// before it is refused: 1024 ε. A covariance and its variances come from different sums (a
/// correlation on a grid, a sum of squares), whose rounding differs by some tens of ε; a true
/// mistake exceeds the bound by far more. Inside the guard the covariance is clamped.
pub const COVARIANCE_GUARD: f64 = 1024.0 * f64::EPSILON;

/// The largest variance that is accepted, so that twice a variance is finite too.
pub const LARGEST_VARIANCE: f64 = 1e300;

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

    /// Checks that every variance is in range and that a field has `points` entries.
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
        let good = values.iter().fold(true, |good, &q| {
            good & (0.0..=LARGEST_VARIANCE).contains(&q)
        });
        if good {
            return Ok(());
        }
        for (index, &q) in values.iter().enumerate() {
            if !q.is_finite() {
                return Err(Error::NotFinite {
                    what: what.to_owned(),
                    index: vec![index],
                });
            }
            if !(0.0..=LARGEST_VARIANCE).contains(&q) {
                return Err(Error::InvalidValue {
                    what: format!("{what} at index {index}"),
                    found: q.to_string(),
                    expected: format!("a variance, from 0 to {LARGEST_VARIANCE:e}"),
                });
            }
        }
        Ok(())
    }
}

/// Checks that every entry is finite.
pub(crate) fn check_finite(what: &str, values: &[f64]) -> Result<()> {
    // Without an early exit this vectorises.
    if values.iter().fold(true, |ok, v| ok & (v.abs() <= f64::MAX)) {
        return Ok(());
    }
    match values.iter().position(|v| !v.is_finite()) {
        Some(index) => Err(Error::NotFinite {
            what: what.to_owned(),
            index: vec![index],
        }),
        None => Ok(()),
    }
}
