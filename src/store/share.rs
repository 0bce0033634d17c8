//! The share of tiles that one of several processes computes.

use crate::{Error, Result};

/// One of N shares of the tiles: every N-th tile, from tile k on.
///
/// # Examples
/// ```
/// use haarmonic::store::Share;
/// assert_eq!(Share::new(1, 4)?, Share::new(1, 4)?);
/// assert!(Share::new(4, 4).is_err());
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    index: usize,
    count: usize,
}

impl Share {
    /// The only share of one process: all tiles.
    pub const ALL: Share = Share { index: 0, count: 1 };

    /// Returns the share `index` of `count`, counted from 0.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] unless the index is below the count.
    pub fn new(index: usize, count: usize) -> Result<Self> {
        if index < count {
            return Ok(Share { index, count });
        }
        Err(Error::invalid(
            "share of the tiles",
            format!("{index} of {count}"),
            "a number from 0, below the number of shares",
        ))
    }

    /// The tiles of this share in a sequence of all tiles.
    pub(super) fn of<T>(self, tiles: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
        tiles.skip(self.index).step_by(self.count)
    }
}
