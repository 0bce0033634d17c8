//! A molecule with the neighbours of its atoms.

use std::f64::consts::PI;

use crate::atoms::{Atoms, distance};
use crate::network::{Message, RadialKernel};

use super::harmonics::{HarmonicTables, Harmonics};

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
    /// Atom by atom, those of an atom by the elements of the neighbours.
    pub(super) edges: Vec<Edge>,
    /// The values of all shells for each edge; empty for the smooth kernel.
    shells: Vec<f64>,
    /// The harmonics of the direction of each edge, if the message is summed by moments.
    pub(super) harmonics: Vec<f64>,
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
    /// Finds the neighbours.
    ///
    /// # Arguments
    /// * `harmonics` — those of the first message, if it is summed by moments
    pub(super) fn new(atoms: &Atoms, messages: &[Message], harmonics: Option<&Harmonics>) -> Self {
        let neighbours = |message| Neighbourhoods::new(atoms, message);
        let mut messages: Vec<_> = messages.iter().map(neighbours).collect();
        if let (Some(first), Some(harmonics)) = (messages.first_mut(), harmonics) {
            first.write_harmonics(harmonics);
        }
        MoleculeSignal {
            labels: atoms.atomic_numbers().to_vec(),
            messages,
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
        let mut by_element: Vec<usize> = (0..charges.len()).collect();
        by_element.sort_by_key(|&k| charges[k]);
        for (i, x) in positions.iter().enumerate() {
            for &k in &by_element {
                let y = &positions[k];
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

    fn write_harmonics(&mut self, harmonics: &Harmonics) {
        let (mut tables, mut values) = (HarmonicTables::default(), Vec::new());
        for edge in &self.edges {
            harmonics.write(edge.direction, &mut tables, &mut values);
            self.harmonics.extend_from_slice(&values);
        }
    }

    /// The sum over shells of the products of two edges.
    pub(super) fn shell_product(&self, edge: usize, other: &Self, far: usize) -> f64 {
        let of = |side: &'_ Self, edge: usize| {
            let count = side.shells.len() / side.edges.len();
            edge * count..(edge + 1) * count
        };
        let (a, b) = (&self.shells[of(self, edge)], &other.shells[of(other, far)]);
        a.iter().zip(b).map(|(x, y)| x * y).sum()
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
