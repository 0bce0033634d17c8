//! Random orders that the seed determines to the bit, on every machine.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// ChaCha with 8 rounds, keyed with the seed (8 bytes, little endian) and 24 zero bytes.
pub(crate) fn generator(seed: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    ChaCha8Rng::from_seed(key)
}

/// Draws a number below `count`, which must be at least 1: `floor(w count / 2^64)` for a 64-bit word w.
pub(crate) fn below(rng: &mut ChaCha8Rng, count: usize) -> usize {
    ((u128::from(rng.next_u64()) * count as u128) >> 64) as usize
}

/// Shuffles items by the method of Fisher and Yates, from the front: entry i is exchanged with a random entry j ≥ i.
pub(crate) fn shuffle<T>(items: &mut [T], rng: &mut ChaCha8Rng) {
    for i in 0..items.len() {
        let other = i + below(rng, items.len() - i);
        items.swap(i, other);
    }
}
