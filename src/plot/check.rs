//! What all pictures ask of their numbers.

use ndarray::{ArrayView, Dimension};

use crate::special::finite::check_finite;
use crate::{Error, Result};

/// Refuses NaN, infinities, and numbers so large that a range of them would overflow.
pub(super) fn finite<D: Dimension>(what: &str, values: ArrayView<'_, f64, D>) -> Result<()> {
    /// Differences of such numbers are finite.
    const LARGEST: f64 = 1e300;
    check_finite(what, values.view())?;
    match values.iter().find(|v| v.abs() > LARGEST) {
        None => Ok(()),
        Some(value) => Err(Error::InvalidValue {
            what: what.into(),
            found: format!("{value:e}"),
            expected: format!("numbers of at most {LARGEST:e} in size"),
        }),
    }
}

/// Refuses an empty argument.
pub(super) fn filled(what: &str, len: usize) -> Result<()> {
    match len {
        0 => Err(Error::Empty { what: what.into() }),
        _ => Ok(()),
    }
}

/// Refuses another shape than the expected one.
pub(super) fn shape(what: &str, found: &[usize], expected: &[usize]) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(Error::ShapeMismatch {
        what: what.into(),
        expected: format!("{expected:?}"),
        found: found.to_vec(),
    })
}

/// Refuses numbers below `least`; `exclusive` refuses that number, too.
pub(super) fn at_least(what: &str, values: &[f64], least: f64, exclusive: bool) -> Result<()> {
    let bad = |value: &&f64| **value < least || (exclusive && **value == least);
    match values.iter().find(bad) {
        None => Ok(()),
        Some(value) => Err(Error::InvalidValue {
            what: what.into(),
            found: format!("{value:?}"),
            expected: format!(
                "numbers {} {least}",
                if exclusive { "above" } else { "from" }
            ),
        }),
    }
}

/// Refuses numbers that do not increase.
pub(super) fn increasing(what: &str, values: &[f64]) -> Result<()> {
    match values.windows(2).find(|pair| pair[0] >= pair[1]) {
        None => Ok(()),
        Some(pair) => Err(Error::InvalidValue {
            what: what.into(),
            found: format!("{:?} after {:?}", pair[1], pair[0]),
            expected: format!("{what} that increase"),
        }),
    }
}
