//! Errors of kernel matrices from a sample of their entries.

use crate::Result;
use crate::kernel::values::{KernelError, KernelPair};

/// Pairs that are computed more accurately, too.
const SAMPLED_PAIRS: usize = 8;

/// The largest of a sample of differences, spread over the rows of a matrix and, along them, from the diagonal outwards.
pub(crate) fn sample(
    (rows, columns): (usize, usize),
    mut difference: impl FnMut(usize, usize) -> Result<KernelPair>,
) -> Result<KernelError> {
    let pairs = SAMPLED_PAIRS.min(rows * columns);
    let mut largest = KernelPair::default();
    for k in 0..pairs {
        let i = k * rows / pairs;
        let KernelPair { nngp, ntk } = difference(i, (i + k / 2) % columns)?;
        largest = largest.max(KernelPair {
            nngp: nngp.abs(),
            ntk: ntk.abs(),
        });
    }
    Ok(KernelError::Sampled { largest, pairs })
}
