//! Arrays that start at a cache line: a register as wide as a line then touches one line per access, not two.

use std::ops::{Deref, DerefMut};

/// Numbers in a cache line.
const LINE: usize = 8;

/// A growable array of numbers whose first one is at the start of a cache line.
#[derive(Debug, Default)]
pub(crate) struct Aligned {
    storage: Vec<f64>,
    start: usize,
    len: usize,
}

impl Aligned {
    pub(crate) fn zeros(len: usize) -> Self {
        let mut array = Aligned::default();
        array.fit(len);
        array
    }

    /// Makes the length at least `len`; the contents are lost if the array grows.
    pub(crate) fn grow(&mut self, len: usize) {
        if self.len < len {
            self.fit(len);
        }
    }

    /// Makes the length `len`; the contents are lost if the storage grows.
    pub(crate) fn fit(&mut self, len: usize) {
        if len + LINE > self.storage.len() {
            self.storage = vec![0.0; len + LINE];
            let skip = self.storage.as_ptr().align_offset(8 * LINE);
            // If the offset is not known, the array starts anywhere: slower, and still correct.
            self.start = if skip < LINE { skip } else { 0 };
        }
        self.len = len;
    }
}

impl From<Vec<f64>> for Aligned {
    fn from(values: Vec<f64>) -> Self {
        let mut array = Aligned::zeros(values.len());
        array.copy_from_slice(&values);
        array
    }
}

impl Clone for Aligned {
    fn clone(&self) -> Self {
        let mut copy = Aligned::zeros(self.len);
        copy.copy_from_slice(self);
        copy
    }
}

impl Deref for Aligned {
    type Target = [f64];

    #[inline(always)]
    fn deref(&self) -> &[f64] {
        &self.storage[self.start..self.start + self.len]
    }
}

impl DerefMut for Aligned {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [f64] {
        &mut self.storage[self.start..self.start + self.len]
    }
}
