//! Entries of a list that each may occur once.

/// A set of indices, one bit each.
pub(super) struct Seen(Vec<u64>);

impl Seen {
    pub(super) fn new(len: usize) -> Seen {
        Seen(vec![0; len.div_ceil(64)])
    }

    /// Adds an index; returns whether it was absent.
    pub(super) fn add(&mut self, index: usize) -> bool {
        let (word, bit) = (&mut self.0[index / 64], 1 << (index % 64));
        let absent = *word & bit == 0;
        *word |= bit;
        absent
    }
}
