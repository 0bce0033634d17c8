//! Fingerprints: short numbers that differ for different data.

use xxhash_rust::xxh3::Xxh3Default;

use crate::kernel::Signals;

/// 128 bits of a hash that finds accidents, not forgeries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fingerprint(pub(super) u128);

impl Fingerprint {
    pub(super) fn of_text(text: &str) -> Self {
        let mut hash = Xxh3Default::new();
        hash.update(text.as_bytes());
        Fingerprint(hash.digest128())
    }

    /// Of the shape and of all values, in their logical order.
    pub(super) fn of_signals(signals: &Signals<'_>) -> Self {
        let mut hash = Xxh3Default::new();
        for &len in signals.shape() {
            hash.update(&(len as u64).to_le_bytes());
        }
        let mut real = |value: f64| hash.update(&value.to_le_bytes());
        match signals {
            Signals::Vectors(a) => a.iter().for_each(|&v| real(v)),
            Signals::Grid(a) => a.iter().for_each(|&v| real(v)),
            Signals::Points(a) => a.iter().for_each(|&v| real(v)),
            Signals::Coefficients(a) => a.iter().for_each(|v| {
                real(v.re);
                real(v.im);
            }),
        }
        Fingerprint(hash.digest128())
    }

    pub(super) fn to_hex(self) -> String {
        format!("{:032x}", self.0)
    }

    pub(super) fn from_hex(text: &str) -> Option<Self> {
        (text.len() == 32)
            .then(|| u128::from_str_radix(text, 16).ok())
            .flatten()
            .map(Fingerprint)
    }
}
