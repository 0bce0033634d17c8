//! Which method a rotation of coefficients uses.

use crate::sphere::axes::Layout;

/// The method of rotating signals by one β.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// One or two real signals: order by order, with sums in registers.
    Few,
    /// Degree by degree, with Wigner functions that are computed once for all.
    Together,
}

/// Real signals from which on they go together.
const FEWEST: usize = 3;

/// The method for signals that count as so many real ones.
pub(super) fn method(layout: Layout, real_signals: usize) -> Method {
    if layout == Layout::Full && real_signals < FEWEST {
        Method::Few
    } else {
        Method::Together
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_real_signals_go_together() {
        for (layout, real_signals, want) in [
            (Layout::Full, 0, Method::Few),
            (Layout::Full, 2, Method::Few),
            (Layout::Full, 3, Method::Together),
            (Layout::Half, 1, Method::Together),
        ] {
            assert_eq!(method(layout, real_signals), want);
        }
    }
}
