//! The variances of the two Gaussian arguments, and the checks of a covariance.

use crate::error::{Error, Result};
use crate::special::Real;

/// How far, relative to $`\sqrt{q_1 q_2}`$, a covariance may exceed the Cauchy–Schwarz bound
/// before it is refused: 1024 ε. A covariance and its variances come from different sums (a
/// correlation on a grid, a sum of squares), whose rounding differs by some tens of ε; a true
/// mistake exceeds the bound by far more. Inside the guard the covariance is clamped. In `f32` the guard
/// is as many `f32::EPSILON`.
pub const COVARIANCE_GUARD: f64 = 1024.0 * f64::EPSILON;

/// The largest variance that is accepted, a quarter of the largest `f64`, so that four times a variance is finite, too; in
/// `f32` every finite one is.
pub const LARGEST_VARIANCE: f64 = f64::MAX / 4.0;

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
pub enum Variance<'a, T: Real = f64> {
    /// The same variance at every point; the fast case.
    Constant(T),
    /// One variance for each point.
    Field(&'a [T]),
}

impl<T: Real> Variance<'_, T> {
    /// Returns the variance at point `index`.
    ///
    /// # Panics
    /// If a field has no such point.
    #[inline(always)]
    pub fn at(&self, index: usize) -> T {
        match self {
            Variance::Constant(q) => *q,
            Variance::Field(values) => values[index],
        }
    }

    /// Checks that every variance is in range and that a field has `points` entries.
    pub(crate) fn check(&self, what: &str, points: usize) -> Result<()> {
        match self {
            Variance::Constant(q) => check_variances(what, std::slice::from_ref(q)),
            Variance::Field(values) => {
                check_points(what, values.len(), points)?;
                check_variances(what, values)
            }
        }
    }
}

/// Checks that there is one variance, or number made of it, for each covariance.
pub(crate) fn check_points(what: &str, found: usize, points: usize) -> Result<()> {
    if found == points {
        return Ok(());
    }
    Err(Error::shape(
        what,
        format!("[{points}], one variance for each covariance"),
        vec![found],
    ))
}

/// Checks that every variance is in range.
pub(crate) fn check_variances<T: Real>(what: &str, values: &[T]) -> Result<()> {
    let range = T::zero()..=T::LARGEST_VARIANCE;
    // Without an early exit this vectorises.
    let good = values.iter().fold(true, |good, q| good & range.contains(q));
    if good {
        return Ok(());
    }
    for (index, &q) in values.iter().enumerate() {
        if !q.is_finite() {
            return Err(Error::not_finite(what, vec![index]));
        }
        if !range.contains(&q) {
            return Err(Error::invalid(
                format!("{what} at index {index}"),
                q.wide(),
                format!("a variance, from 0 to {:.1e}", T::LARGEST_VARIANCE.wide()),
            ));
        }
    }
    Ok(())
}

/// Checks that every entry is finite.
pub(crate) fn check_finite<T: Real>(what: &str, values: &[T]) -> Result<()> {
    let largest = T::max_value();
    if values.iter().fold(true, |ok, v| ok & (v.abs() <= largest)) {
        return Ok(());
    }
    match values.iter().position(|v| !v.is_finite()) {
        Some(index) => Err(Error::not_finite(what, vec![index])),
        None => Ok(()),
    }
}
