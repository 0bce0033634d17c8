//! Error estimates of kernel matrices from a sample of their entries.

use crate::Result;
use crate::kernel::values::{KernelError, KernelPair};

/// Number of pairs that are computed again more accurately.
const SAMPLED_PAIRS: usize = 8;

/// Returns the largest modulus in a sample of differences, spread over the rows and from the diagonal outwards.
///
/// # Arguments
/// * `difference` — the difference between the accurate and the given value of an entry (row, column)
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
