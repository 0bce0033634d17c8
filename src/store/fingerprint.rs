//! Fingerprints: hash values by which a store recognises its network and its signals.

use xxhash_rust::xxh3::Xxh3Default;

use crate::kernel::Signals;

/// A hash value of 128 bits. It detects accidental differences, and is not safe against forgery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fingerprint(pub(super) u128);

impl Fingerprint {
    /// The fingerprint of a text.
    pub(super) fn of_text(text: &str) -> Self {
        let mut hash = Xxh3Default::new();
        hash.update(text.as_bytes());
        Fingerprint(hash.digest128())
    }

    /// The fingerprint of the shape of signals and of all their values, in logical order.
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
            Signals::Atoms(atoms) => atoms.iter().for_each(|atoms| {
                real(atoms.len() as f64);
                atoms
                    .atomic_numbers()
                    .iter()
                    .for_each(|&z| real(f64::from(z)));
                atoms.positions().iter().flatten().for_each(|&x| real(x));
            }),
            Signals::Graphs(graphs) => graphs.iter().for_each(|graph| {
                real(graph.len() as f64);
                graph.features().iter().for_each(|&v| real(v));
                for relation in 0..graph.relation_count() {
                    for (node, neighbours) in graph.neighbours(relation).iter().enumerate() {
                        for &(other, weight) in neighbours {
                            let edge = [relation as f64, node as f64, other as f64, weight];
                            edge.into_iter().for_each(&mut real);
                        }
                    }
                }
            }),
        }
        Fingerprint(hash.digest128())
    }

    /// The fingerprint as 32 hexadecimal digits.
    pub(super) fn to_hex(self) -> String {
        format!("{:032x}", self.0)
    }

    /// Reads 32 hexadecimal digits; `None` for another text.
    pub(super) fn from_hex(text: &str) -> Option<Self> {
        (text.len() == 32)
            .then(|| u128::from_str_radix(text, 16).ok())
            .flatten()
            .map(Fingerprint)
    }
}
