//! The finite feature map of networks with one message and activations that are polynomials of degree 2 at most.
//!
//! With the functions $`R_n`$ of the radial kernel ([`RadialFunctions`]) and the functions $`Y_{lm}`$ of the angular part ([`Harmonics`]), what atom i
//! sees of its neighbours is
//! ```math
//! a_{zn,lm} = \sum_{k \in N(i),\, z_k = z} a(d_{ik})\, R_n(d_{ik})\, Y_{lm}(\hat u_{ik}) ,
//! ```
//! and the correlation of two atoms is $`\kappa(r) = \sum a_{c,lm} D^l_{mm'}(r)\, b_{c,lm'}`$ over the channels c = (z, n). Its first two means over the
//! group are inner products, of $`a_{c,00}`$ and of power spectra, as for signals on the sphere. Reflections change the sign of odd degrees, which no power
//! spectrum sees. The share of an atom itself is a channel of degree zero. Molecules have the sums of the features of their atoms; atoms of different
//! elements have features of their own, where their kernels are not summed or vanish.

use std::ops::Range;

use crate::kernel::power_spectrum::add_power_spectrum;
use crate::kernel::recursion::{AtomPolynomials, PolynomialKernels, Recursion, Term};
use crate::network::{EdgeLabels, InputSpace, Layer, Message, Network, NodePooling, Outputs};

use super::harmonics::{HarmonicTables, Harmonics};
use super::radial::RadialFunctions;
use super::signal::{MoleculeSignal, Neighbourhoods};

/// The largest degree of the kernels as polynomials in the correlation.
const LARGEST_DEGREE: usize = 2;
/// Products of more features than these take longer than the pairs of edges of two molecules.
const MANY_FEATURES: usize = 1 << 20;

/// A power of the features of molecules: the sum over some atoms of a term of the kernels of atoms.
#[derive(Debug, Clone, Copy)]
pub(super) struct Power {
    /// The number of the term; none for the constant of a molecule.
    pub(super) term: Option<usize>,
    /// The element of the atoms; none for all atoms.
    pub(super) element: Option<u8>,
}

/// The features of molecules.
#[derive(Debug, Clone)]
pub(super) struct MoleculeFeatures {
    /// The first message, and its number among the messages of the geometry.
    pub(super) message: Message,
    number: usize,
    /// The share of the atom itself, and whether the sum over neighbours is divided by its root mean square before it is added.
    pub(super) share: f64,
    pub(super) normalise: bool,
    elements: Vec<u8>,
    pub(super) radial: RadialFunctions,
    pub(super) harmonics: Harmonics,
    pub(super) atoms: AtomPolynomials,
    kernels: PolynomialKernels,
    pub(super) powers: Vec<Power>,
    panels: Vec<[usize; 2]>,
    /// Whether the sum over atoms is divided by their number.
    mean: bool,
}

/// Scratch for the features of an atom.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    tables: HarmonicTables,
    harmonics: Vec<f64>,
    radial: Vec<f64>,
}

impl MoleculeFeatures {
    /// The features of a network; none for networks without.
    ///
    /// # Arguments
    /// * `messages` — of the geometry
    pub(super) fn new(network: &Network, messages: &[Message]) -> Option<Self> {
        let InputSpace::Molecule { elements, .. } = network.input() else {
            return None;
        };
        if *network.outputs() != Outputs::Pooled {
            return None;
        }
        let Some(Layer::Message { message: whole, .. }) = network.layers().first() else {
            return None;
        };
        let readout = network.layers().iter().find_map(|layer| match layer {
            Layer::NodePooling(readout) => Some(*readout),
            _ => None,
        })?;
        let atoms = Recursion::new(network).atom_polynomials(LARGEST_DEGREE)?;
        let message = match whole.normalise {
            true => whole.parts()[0].clone(),
            false => whole.clone(),
        };
        let mut features = MoleculeFeatures {
            number: messages.iter().position(|known| *known == message)?,
            share: whole.self_share,
            normalise: whole.normalise,
            elements: elements.to_vec(),
            radial: RadialFunctions::new(&message)?,
            harmonics: Harmonics::new(&message.spectrum[..=message.degree()]),
            message,
            atoms,
            kernels: PolynomialKernels::of_terms(Vec::new(), None),
            powers: vec![Power {
                term: None,
                element: None,
            }],
            panels: vec![[1, 1]],
            mean: readout == NodePooling::Mean,
        };
        features.number_powers(readout == NodePooling::LabelSum);
        Some(features)
    }

    /// Gives numbers to the sums of each term of the kernels of atoms over the atoms of each element, or over all atoms.
    ///
    /// # Arguments
    /// * `by_element` — whether only atoms of one element meet
    fn number_powers(&mut self, by_element: bool) {
        let channels = self.channels();
        let panel = [
            [1, 1],
            [1, channels],
            [
                self.harmonics.degrees(),
                channels.saturating_mul(channels + 1) / 2,
            ],
        ];
        // The numbers of the powers of each term.
        let mut numbers = Vec::new();
        for (index, term) in self.atoms.atoms.iter().enumerate() {
            // Atoms of different elements have different filters, so that their correlation vanishes.
            let apart = self.message.edge_labels == EdgeLabels::Separate && term.power > 0;
            let elements = match by_element || apart {
                true => self.elements.iter().map(|z| Some(*z)).collect(),
                false => vec![None],
            };
            let start = self.powers.len();
            for element in elements {
                self.powers.push(Power {
                    term: Some(index),
                    element,
                });
                self.panels.push(panel[term.power]);
            }
            numbers.push(start..self.powers.len());
        }
        let spread = |terms: &[Term]| {
            let mut found = Vec::new();
            for term in terms {
                let of = match term.power.checked_sub(1) {
                    None => 0..1,
                    Some(index) => Range::clone(&numbers[index]),
                };
                found.extend(of.map(|number| term.with_power(number)));
            }
            found
        };
        let molecules = &self.atoms.molecules;
        let outputs = molecules.outputs.as_deref().map(spread);
        self.kernels = PolynomialKernels::of_terms(spread(&molecules.pooled), outputs);
    }

    /// The channels of what an atom sees: element by element one per radial function, then those of the atom itself.
    pub(super) fn channels(&self) -> usize {
        let own = match (self.share > 0.0, self.message.edge_labels) {
            (false, _) => 0,
            (true, EdgeLabels::Separate) => 1,
            (true, EdgeLabels::Shared) => self.elements.len(),
        };
        self.elements.len() * self.radial.len() + own
    }

    pub(super) fn kernels(&self) -> &PolynomialKernels {
        &self.kernels
    }

    pub(super) fn panels(&self) -> &[[usize; 2]] {
        &self.panels
    }

    /// Whether products of features are cheaper than sums over pairs of edges.
    pub(super) fn preferred(&self) -> bool {
        let sizes = self
            .panels
            .iter()
            .map(|[count, len]| count.saturating_mul(*len));
        sizes.fold(0, usize::saturating_add) <= MANY_FEATURES
    }

    /// Computes, for each atom and each term of the kernels of atoms, the factor of the features.
    pub(super) fn factors(&self, signal: &MoleculeSignal) -> Vec<f64> {
        let mut scratch = Scratch::default();
        let mut rows = Vec::new();
        let mut factors = Vec::new();
        for atom in 0..signal.labels.len() {
            self.write_all(signal, atom, &mut scratch, &mut rows);
            let square = rows.iter().map(|a| a * a).sum();
            // The factor of the channels of the neighbours comes first.
            let scale = match self.normalise {
                true if square > 0.0 => f64::sqrt(square).recip(),
                _ => 1.0,
            };
            factors.push(scale);
            let numbers = self
                .atoms
                .numbers(scale * scale * square + self.share * self.share);
            let terms = self.atoms.atoms.iter();
            factors.extend(terms.map(|term| term.factor_with_slope(&numbers)[0]));
        }
        factors
    }

    /// The factors of one atom: of its neighbours' channels, then of each term.
    pub(super) fn factors_of<'a>(&self, signal: &'a MoleculeSignal, atom: usize) -> &'a [f64] {
        let count = self.atoms.atoms.len() + 1;
        &signal.factors[atom * count..(atom + 1) * count]
    }

    pub(super) fn neighbours<'a>(&self, signal: &'a MoleculeSignal) -> &'a Neighbourhoods {
        &signal.messages[self.number]
    }

    pub(super) fn element(&self, label: u8) -> usize {
        let found = self.elements.iter().position(|&known| known == label);
        found.expect("inputs have the elements of the network")
    }

    /// Writes what an atom sees of its neighbours, all degrees, one row of channels per order.
    pub(super) fn write_all(
        &self,
        signal: &MoleculeSignal,
        atom: usize,
        scratch: &mut Scratch,
        rows: &mut Vec<f64>,
    ) {
        let degrees = self.harmonics.degrees();
        self.write_rows(signal, atom, 0..degrees * degrees, scratch, rows);
    }

    /// Writes what an atom sees of its neighbours, without factors.
    ///
    /// # Arguments
    /// * `orders` — the functions of the direction, one row of channels each
    fn write_rows(
        &self,
        signal: &MoleculeSignal,
        atom: usize,
        orders: Range<usize>,
        scratch: &mut Scratch,
        rows: &mut Vec<f64>,
    ) {
        let neighbours = self.neighbours(signal);
        let (channels, count) = (self.channels(), self.radial.len());
        rows.clear();
        rows.resize(orders.len() * channels, 0.0);
        for e in neighbours.starts[atom]..neighbours.starts[atom + 1] {
            let edge = &neighbours.edges[e];
            let Scratch {
                tables,
                harmonics,
                radial,
            } = &mut *scratch;
            self.harmonics.write(edge.direction, tables, harmonics);
            radial.resize(count, 0.0);
            self.radial.write(edge.distance, radial, None);
            radial.iter_mut().for_each(|value| *value *= edge.weight);
            let first = self.element(signal.labels[edge.to]) * count;
            for (row, y) in rows
                .chunks_exact_mut(channels)
                .zip(&harmonics[orders.clone()])
            {
                for (a, value) in row[first..first + count].iter_mut().zip(&*radial) {
                    *a += y * value;
                }
            }
        }
    }

    /// Scales the channels of the neighbours, and adds those of the atom itself.
    pub(super) fn finish_rows(&self, label: u8, scale: f64, with_own: bool, rows: &mut [f64]) {
        rows.iter_mut().for_each(|a| *a *= scale);
        if with_own && self.share > 0.0 {
            rows[self.own_channel(label)] = self.share;
        }
    }

    /// The channel of an atom itself.
    fn own_channel(&self, label: u8) -> usize {
        let first = self.elements.len() * self.radial.len();
        match self.message.edge_labels {
            EdgeLabels::Separate => first,
            EdgeLabels::Shared => first + self.element(label),
        }
    }

    /// Whether an atom counts in a power.
    pub(super) fn counts(power: Power, label: u8) -> bool {
        power.element.is_none_or(|element| element == label)
    }

    /// Whether a molecule has atoms of a power.
    pub(super) fn holds(&self, signal: &MoleculeSignal, power: usize) -> bool {
        let power = self.powers[power];
        let mut labels = signal.labels.iter();
        labels.any(|&label| Self::counts(power, label))
    }

    /// The weight of each atom in the sum.
    pub(super) fn weight(&self, signal: &MoleculeSignal) -> f64 {
        match self.mean {
            true => (signal.labels.len() as f64).recip(),
            false => 1.0,
        }
    }

    /// Writes one panel of the features of a power.
    pub(super) fn write(
        &self,
        signal: &MoleculeSignal,
        number: usize,
        panel: usize,
        out: &mut [f64],
    ) {
        let power = self.powers[number];
        let Some(index) = power.term else {
            out.fill(1.0);
            return;
        };
        out.fill(0.0);
        let weight = self.weight(signal);
        let channels = self.channels();
        let (mut scratch, mut rows) = (Scratch::default(), Vec::new());
        for (atom, &label) in signal.labels.iter().enumerate() {
            if !Self::counts(power, label) {
                continue;
            }
            let factors = self.factors_of(signal, atom);
            let (scale, factor) = (factors[0], weight * factors[1 + index]);
            match self.atoms.atoms[index].power {
                0 => out[0] += factor,
                1 => {
                    self.write_rows(signal, atom, 0..1, &mut scratch, &mut rows);
                    self.finish_rows(label, scale, true, &mut rows);
                    for (sum, a) in out.iter_mut().zip(&rows) {
                        *sum += factor * a;
                    }
                }
                _ => {
                    let orders = panel * panel..(panel + 1) * (panel + 1);
                    let root = (orders.len() as f64).sqrt().recip();
                    self.write_rows(signal, atom, orders, &mut scratch, &mut rows);
                    self.finish_rows(label, scale, panel == 0, &mut rows);
                    add_power_spectrum(&rows, channels, factor * root, out);
                }
            }
        }
    }
}
