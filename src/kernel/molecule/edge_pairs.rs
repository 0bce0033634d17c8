//! The pairs of edges of two molecules that meet in a message, with their radial weights.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use crate::network::{EdgeLabels, Message, RadialKernel};
use crate::simd::elementary::exp;
use crate::simd::pack::{Pack, Registers};

use super::signal::{MoleculeSignal, Neighbourhoods};

/// Exponents beyond this one are neglected: exp(−46) is 1e-20.
const LARGEST_EXPONENT: f64 = 46.0;

/// One pair of edges: from atom i to k in the first molecule, and from j to l in the second one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct EdgePair {
    /// The numbers of both edges.
    pub(super) edges: [u32; 2],
    /// The number of the pair (k, l) of atoms.
    pub(super) far: u32,
}

/// The pairs of edges of all pairs of atoms (i, j).
#[derive(Debug, Clone, Default)]
pub(super) struct EdgePairs {
    /// The first pair of edges of each pair of atoms, and the number of pairs of edges.
    pub(super) starts: Vec<usize>,
    /// Pairs of edges of one pair of atoms are neighbours, and follow the numbers of the first edge, then of the second one.
    pub(super) pairs: Vec<EdgePair>,
    /// For each pair of edges, the covariance of their filters without its angular part.
    pub(super) weights: Vec<f64>,
    /// For each pair of atoms, the share of its own kernel.
    pub(super) shares: Vec<f64>,
    /// Exponents of the weights.
    exponents: Vec<f64>,
    /// The different elements of the first molecule, and which of them each of its atoms is.
    elements: Vec<u8>,
    slots: Vec<usize>,
    /// For each of them and each atom of the second molecule, the edges to neighbours of this element.
    ranges: Vec<[usize; 2]>,
}

impl EdgePairs {
    /// Collects the pairs of edges of a message.
    ///
    /// # Arguments
    /// * `index` — of the message
    /// * `atoms` — the pairs of atoms
    /// * `numbers` — their numbers, row by row
    /// * `from_labels` — whether the features are those of the labels
    pub(super) fn collect(
        &mut self,
        (index, message): (usize, &Message),
        [a, b]: [&MoleculeSignal; 2],
        (atoms, numbers): (&[[usize; 2]], &[u32]),
        from_labels: bool,
    ) {
        let [near, far] = [&a.messages[index], &b.messages[index]];
        let separate = message.edge_labels == EdgeLabels::Separate;
        self.pairs.clear();
        self.weights.clear();
        self.exponents.clear();
        self.shares.clear();
        self.starts.clear();
        self.starts.push(0);
        // Neighbours of different elements have independent filters, or independent labels.
        self.find_ranges([a, b], far, separate || from_labels);
        let columns = b.labels.len();
        let share = message.self_share * message.self_share;
        for &[i, j] in atoms {
            let coupled = !separate || a.labels[i] == b.labels[j];
            self.shares.push(if coupled { share } else { 0.0 });
            let edges = match coupled {
                true => near.starts[i]..near.starts[i + 1],
                false => 0..0,
            };
            for e in edges {
                let to = near.edges[e].to;
                let [start, end] = self.ranges[self.slots[to] * columns + j];
                let numbers = &numbers[to * columns..(to + 1) * columns];
                match &message.radial {
                    RadialKernel::Gaussian { width } => {
                        self.push_smooth([near, far], (e, start..end), numbers, *width);
                    }
                    RadialKernel::Shells(_) => {
                        for f in start..end {
                            let weight = near.shell_product(e, far, f);
                            if weight != 0.0 {
                                self.weights.push(weight);
                                self.pairs.push(EdgePair {
                                    edges: [e as u32, f as u32],
                                    far: numbers[far.edges[f].to],
                                });
                            }
                        }
                    }
                }
            }
            self.starts.push(self.pairs.len());
        }
        Arch::new().dispatch(Decay {
            exponents: &self.exponents,
            weights: &mut self.weights,
        });
    }

    /// Finds the edges of each atom of the second molecule to neighbours of each element of the first one, or to all.
    fn find_ranges(
        &mut self,
        [a, b]: [&MoleculeSignal; 2],
        far: &Neighbourhoods,
        by_element: bool,
    ) {
        self.elements.clear();
        self.ranges.clear();
        self.slots.clear();
        if !by_element {
            self.slots.resize(a.labels.len(), 0);
            let whole = far.starts.windows(2).map(|ends| [ends[0], ends[1]]);
            self.ranges.extend(whole);
            return;
        }
        for &z in &a.labels {
            let known = self.elements.iter().position(|&known| known == z);
            self.slots.push(known.unwrap_or(self.elements.len()));
            if known.is_none() {
                self.elements.push(z);
            }
        }
        // The edges of an atom are sorted by the elements of the neighbours.
        for &z in &self.elements {
            for ends in far.starts.windows(2) {
                let edges = &far.edges[ends[0]..ends[1]];
                let start = edges.partition_point(|edge| b.labels[edge.to] < z);
                let end = edges.partition_point(|edge| b.labels[edge.to] <= z);
                self.ranges.push([ends[0] + start, ends[0] + end]);
            }
        }
    }

    /// Adds the pairs of one edge with some edges of the second molecule, with the smooth radial kernel; its exponentials follow for all
    /// pairs at once.
    fn push_smooth(
        &mut self,
        [near, far]: [&Neighbourhoods; 2],
        (e, range): (usize, Range<usize>),
        numbers: &[u32],
        width: f64,
    ) {
        let edge = &near.edges[e];
        let scale = (2.0 * width).recip();
        let (start, len) = (self.pairs.len(), range.len());
        self.pairs.resize(start + len, EdgePair::default());
        self.weights.resize(start + len, 0.0);
        self.exponents.resize(start + len, 0.0);
        let pairs = &mut self.pairs[start..];
        let weights = &mut self.weights[start..];
        let exponents = &mut self.exponents[start..];
        // Without branches: a negligible pair is overwritten by the next one.
        let mut count = 0;
        for (f, other) in range.clone().zip(&far.edges[range]) {
            let u = (edge.distance - other.distance) * scale;
            pairs[count] = EdgePair {
                edges: [e as u32, f as u32],
                far: numbers[other.to],
            };
            weights[count] = edge.weight * other.weight;
            exponents[count] = -u * u;
            count += usize::from(u * u < LARGEST_EXPONENT);
        }
        self.pairs.truncate(start + count);
        self.weights.truncate(start + count);
        self.exponents.truncate(start + count);
    }
}

/// The loop over the smooth radial kernels, $`w \leftarrow w\, e^x`$: exponents and weights are contiguous arrays over pairs of edges. Without
/// exponents nothing is done.
struct Decay<'a> {
    exponents: &'a [f64],
    weights: &'a mut [f64],
}

impl WithSimd for Decay<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let weights = &mut self.weights[..self.exponents.len()];
        let (exponents, last) = S::as_simd_f64s(self.exponents);
        let (weights, last_weights) = S::as_mut_simd_f64s(weights);
        for (weight, &x) in weights.iter_mut().zip(exponents) {
            let product = Pack::<S, f64>::new(simd, *weight) * exp(Pack::new(simd, x));
            *weight = product.register;
        }
        let weight = Pack::<S, f64>::new(simd, f64::load_part(simd, last_weights));
        let product = weight * exp(Pack::new(simd, f64::load_part(simd, last)));
        f64::store_part(simd, last_weights, product.register);
    }
}
