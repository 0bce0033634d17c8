//! Which method the Wigner transform uses, from its sizes alone, before anything is built.

/// Wigner functions are tabulated if they take at most so many bytes.
const TABLE_BYTES: usize = 1 << 20;

/// Rows of the tables of all classes (m, n), m ≥ n ≥ 0, n below the order limit.
fn rows(band_limit: usize, order_limit: usize) -> usize {
    (0..band_limit)
        .map(|m| (m + 1).min(order_limit) * (band_limit - m))
        .sum()
}

/// Whether the Wigner functions at pairs of nodes are tabulated; otherwise they are computed for each transform.
pub(super) fn tabulated(band_limit: usize, order_limit: usize, pairs: usize) -> bool {
    rows(band_limit, order_limit) * 2 * pairs * size_of::<f64>() <= TABLE_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs of Gauss–Legendre nodes come in eights.
    #[test]
    fn small_transforms_are_tabulated() {
        for (band_limit, order_limit, want) in [
            (1_usize, 1, true),
            (16, 16, true),
            (28, 28, true),
            (29, 29, false),
            (64, 64, false),
            (60, 1, true),
            (64, 3, false),
        ] {
            let pairs = band_limit.div_ceil(2).next_multiple_of(8);
            let found = tabulated(band_limit, order_limit, pairs);
            assert_eq!(found, want, "{band_limit} {order_limit}");
        }
    }
}
