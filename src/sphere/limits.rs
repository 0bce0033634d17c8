//! Band limits: the degrees and orders of the coefficients of a signal.

use crate::{Error, Result};

/// The largest band limit for which grids and plans are made.
pub const MAX_BAND_LIMIT: usize = 1 << 15;

/// Accepts a band limit from 1 to [`MAX_BAND_LIMIT`].
pub(crate) fn check_band_limit(band_limit: usize) -> Result<()> {
    if band_limit == 0 || band_limit > MAX_BAND_LIMIT {
        return Err(Error::invalid(
            "band limit",
            band_limit,
            format!("1 to {MAX_BAND_LIMIT}"),
        ));
    }
    Ok(())
}

/// Degrees ℓ < L and orders |m| < N ≤ L.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Limits {
    /// L.
    pub degrees: usize,
    /// N.
    pub orders: usize,
}

impl Limits {
    /// Accepts a band limit and an order limit up to it.
    pub(crate) fn new(degrees: usize, orders: usize) -> Result<Self> {
        check_band_limit(degrees)?;
        if orders == 0 || orders > degrees {
            let expected = format!("1 to the band limit, {degrees}");
            return Err(Error::invalid("order limit", orders, expected));
        }
        Ok(Limits { degrees, orders })
    }

    /// All orders of a band limit that has been checked.
    pub(crate) fn all(band_limit: usize) -> Self {
        Limits {
            degrees: band_limit,
            orders: band_limit,
        }
    }

    /// Coefficients with m ≥ 0.
    pub(crate) fn half_len(self) -> usize {
        self.orders * (2 * self.degrees + 1 - self.orders) / 2
    }

    /// The shape of the full layout.
    pub(crate) fn full_shape(self) -> [usize; 2] {
        [self.degrees, 2 * self.orders - 1]
    }

    /// The fewest longitudes that keep the orders apart.
    pub(crate) fn longitudes(self) -> usize {
        2 * self.orders - 1
    }
}
