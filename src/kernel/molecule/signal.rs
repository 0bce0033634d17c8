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
    pub(super) distance: f64,
    /// The power of the product of the charges.
    pub(super) charge: f64,
    /// The cutoff, the power of the distance and the charges.
    pub(super) weight: f64,
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
    /// The factors of the features of each atom; empty for networks without features.
    pub(super) factors: Vec<f64>,
}

impl MoleculeSignal {
    pub(super) fn new(atoms: &Atoms, messages: &[Message]) -> Self {
        MoleculeSignal {
            labels: atoms.atomic_numbers().to_vec(),
            messages: messages
                .iter()
                .map(|message| Neighbourhoods::new(atoms, message))
                .collect(),
            factors: Vec::new(),
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
                let charge = charge.powf(message.charge_exponent);
                let [weight, _] = edge_weight(message, d, charge);
                found.edges.push(Edge {
                    to: k,
                    direction: std::array::from_fn(|b| (y[b] - x[b]) / d),
                    distance: d,
                    charge,
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

/// The factor of an edge of length d, and its derivative in d.
///
/// # Arguments
/// * `charge` — the power of the product of the charges
pub(super) fn edge_weight(message: &Message, d: f64, charge: f64) -> [f64; 2] {
    let (start, radius) = (message.fade, message.cutoff);
    let scale = (message.unit / d).powf(message.power) * charge;
    let [fade, slope] = match d <= start {
        true => [1.0, 0.0],
        false => {
            let angle = PI * (d - start) / (radius - start);
            let slope = -0.5 * PI / (radius - start) * angle.sin();
            [0.5 * (1.0 + angle.cos()), slope]
        }
    };
    [fade * scale, (slope - message.power / d * fade) * scale]
}
