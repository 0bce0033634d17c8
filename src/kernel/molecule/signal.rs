//! A molecule with the neighbours of its atoms.

use std::f64::consts::PI;

use crate::atoms::{Atoms, distance};
use crate::network::{Message, RadialKernel};

/// Exponents beyond this one are neglected: exp(−46) is 1e-20.
const LARGEST_EXPONENT: f64 = 46.0;

/// A neighbour of an atom.
#[derive(Debug, Clone)]
pub(super) struct Edge {
    /// The number of the neighbour.
    pub(super) to: usize,
    /// The unit vector to the neighbour.
    pub(super) direction: [f64; 3],
    distance: f64,
    /// The cutoff, the power of the distance and the charges.
    weight: f64,
}

/// The neighbours of all atoms, as one message sees them.
#[derive(Debug, Clone, Default)]
pub(super) struct Neighbourhoods {
    /// The first edge of each atom, and the number of edges.
    pub(super) starts: Vec<usize>,
    pub(super) edges: Vec<Edge>,
    /// The values of all shells for each edge; empty for the smooth kernel.
    shells: Vec<f64>,
}

/// A molecule as a network sees it.
#[derive(Debug, Clone)]
pub(super) struct MoleculeSignal {
    /// The element of each atom.
    pub(super) labels: Vec<u8>,
    /// One entry per message of the network.
    pub(super) messages: Vec<Neighbourhoods>,
}

impl MoleculeSignal {
    pub(super) fn new(atoms: &Atoms, messages: &[Message]) -> Self {
        MoleculeSignal {
            labels: atoms.atomic_numbers().to_vec(),
            messages: messages
                .iter()
                .map(|message| Neighbourhoods::new(atoms, message))
                .collect(),
        }
    }
}

impl Neighbourhoods {
    fn new(atoms: &Atoms, message: &Message) -> Self {
        let mut found = Neighbourhoods {
            starts: vec![0],
            ..Neighbourhoods::default()
        };
        let (positions, charges) = (atoms.positions(), atoms.atomic_numbers());
        for (i, x) in positions.iter().enumerate() {
            for (k, y) in positions.iter().enumerate() {
                let d = distance(x, y);
                if k == i || d >= message.cutoff {
                    continue;
                }
                let charge = f64::from(charges[i]) * f64::from(charges[k]);
                let weight = cutoff(message, d)
                    * (message.unit / d).powf(message.power)
                    * charge.powf(message.charge_exponent);
                found.edges.push(Edge {
                    to: k,
                    direction: std::array::from_fn(|b| (y[b] - x[b]) / d),
                    distance: d,
                    weight,
                });
                if let RadialKernel::Shells(shells) = &message.radial {
                    let value = |[centre, width]: &[f64; 2]| {
                        let u = (d - centre) / width;
                        weight * (-0.5 * u * u).exp()
                    };
                    found.shells.extend(shells.iter().map(value));
                }
            }
            found.starts.push(found.edges.len());
        }
        found
    }

    /// The radial part of the covariance of two edges.
    pub(super) fn radial(
        &self,
        edge: usize,
        (other, far): (&Self, usize),
        kernel: &RadialKernel,
    ) -> f64 {
        match kernel {
            RadialKernel::Gaussian { width } => {
                let (e, f) = (&self.edges[edge], &other.edges[far]);
                let u = (e.distance - f.distance) / (2.0 * width);
                match u * u < LARGEST_EXPONENT {
                    true => e.weight * f.weight * (-u * u).exp(),
                    false => 0.0,
                }
            }
            RadialKernel::Shells(shells) => {
                let values = |of: &Self, edge: usize| {
                    let start = edge * shells.len();
                    start..start + of.shells.len().min(shells.len())
                };
                let (a, b) = (
                    &self.shells[values(self, edge)],
                    &other.shells[values(other, far)],
                );
                a.iter().zip(b).map(|(x, y)| x * y).sum()
            }
        }
    }
}

/// The factor of an edge that fades from one to zero at the cutoff.
fn cutoff(message: &Message, d: f64) -> f64 {
    let (start, radius) = (message.fade, message.cutoff);
    match d <= start {
        true => 1.0,
        false => 0.5 * (1.0 + (PI * (d - start) / (radius - start)).cos()),
    }
}
