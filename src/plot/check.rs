//! Checks of the numbers of a picture.

use ndarray::{ArrayView, Dimension};

pub(super) use crate::check::{not_empty as filled, shape};
use crate::{Error, Result};

/// Refuses NaN, infinities, and numbers so large that their range would overflow.
pub(super) fn finite<D: Dimension>(what: &str, values: ArrayView<'_, f64, D>) -> Result<()> {
    /// The differences of numbers up to this size are finite.
    const LARGEST: f64 = 1e300;
    crate::check::finite(what, values.view())?;
    match values.iter().find(|v| v.abs() > LARGEST) {
        None => Ok(()),
        Some(value) => Err(Error::invalid(
            what,
            format!("{value:e}"),
            format!("numbers of at most {LARGEST:e} in size"),
        )),
    }
}

/// Refuses numbers below `least`, and with `exclusive` also `least`.
pub(super) fn at_least(what: &str, values: &[f64], least: f64, exclusive: bool) -> Result<()> {
    let bad = |value: &&f64| **value < least || (exclusive && **value == least);
    match values.iter().find(bad) {
        None => Ok(()),
        Some(value) => Err(Error::invalid(
            what,
            format!("{value:?}"),
            format!(
                "numbers {} {least}",
                if exclusive { "above" } else { "from" }
            ),
        )),
    }
}

/// Refuses numbers that are not strictly increasing.
pub(super) fn increasing(what: &str, values: &[f64]) -> Result<()> {
    match values.windows(2).find(|pair| pair[0] >= pair[1]) {
        None => Ok(()),
        Some(pair) => Err(Error::invalid(
            what,
            format!("{:?} after {:?}", pair[1], pair[0]),
            format!("{what} that increase"),
        )),
    }
}
