//! The geometry of molecules under rotations and permutations of their atoms.
//!
//! Features are functions on the atoms and on SO(3). The kernels of two molecules at a relative rotation r are matrices over pairs of atoms, and r is
//! a spectator of all layers up to the mean over the group: a fibre is a matrix, and all relative rotations of the quadrature run along registers.
//! A message sums over pairs of edges,
//! ```math
//! K_{ij}(r) \leftarrow \sum_{k \in N(i)} \sum_{l \in N(j)} \rho\big(d_{ik}, d'_{jl}; (r \hat u_{ik}) \cdot \hat u'_{jl}\big) K_{kl}(r) + s^2 K_{ij}(r) .
//! ```
//! Variances are the kernels of an atom with itself at r = e, and after the mean over the group the means of these kernels.

use std::sync::Arc;

use pulp::{Arch, Simd, WithSimd};

use crate::Result;
use crate::activation::Real;
use crate::atoms::Atoms;
use crate::kernel::recursion::{Geometry, PolynomialKernels, Recursion, Runs, Side};
use crate::kernel::signals::Inputs;
use crate::network::{EdgeLabels, Filter, Layer, Message, Network, NodePooling, Outputs};

use super::edge_pairs::EdgePairs;
use super::features::MoleculeFeatures;
use super::harmonics::Harmonics;
use super::moments::{self, Moments};
use super::rotations::Rotations;
use super::signal::MoleculeSignal;
use super::sums::{MessageSums, SumScratch, polynomial};

/// Marks a pair of atoms that is not computed.
const NONE: u32 = u32::MAX;

/// Features over atoms and rotations.
///
/// # Cost
/// Per pair and message E E′ N for the E and E′ edges of both molecules (of one element) and N relative rotations, or a number per moment for each
/// pair of atoms and relative rotation. Memory: two numbers per pair of atoms and relative rotation.
#[derive(Debug, Clone)]
pub(super) struct MoleculeGeometry<T: Real> {
    /// The different messages of the network, each with its angular part as a polynomial in the cosine.
    messages: Vec<Message>,
    polynomials: Vec<Vec<f64>>,
    /// The relative rotations of a pair, and of a molecule with itself, whose first one is the identity.
    rotations: [Rotations<T>; 2],
    /// The functions of directions and the tables for the moments of the first message, for either set of rotations.
    functions: Option<Harmonics>,
    moments: [Option<Moments<T>>; 2],
    /// Whether pairs of atoms of different elements are needed, before and after the mean over the group.
    all_pairs: [bool; 2],
    /// The readout; none if features are read at the atoms.
    pooling: Option<NodePooling>,
    /// Whether activations follow the mean over the group.
    activates_after: bool,
    /// The finite feature map of the network, if it has one.
    features: Option<MoleculeFeatures>,
}

/// The pairs of atoms of two molecules, and the relative rotations of a fibre.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct MoleculeRegion {
    rows: usize,
    columns: usize,
    /// Numbers per pair of atoms.
    rotations: usize,
}

/// Scratch of one thread.
#[derive(Debug, Clone, Default)]
pub(super) struct MoleculeWorkspace<T> {
    /// The molecules of the current pair.
    pair: Option<[Arc<MoleculeSignal>; 2]>,
    /// Whether the pair is a molecule with itself, at the relative rotations for this purpose.
    own: bool,
    /// Whether the kernels are those of the labels, before the first message.
    from_labels: bool,
    /// The pairs of atoms that are computed.
    pairs: Vec<[usize; 2]>,
    /// The number of each pair of atoms among these, row by row.
    numbers: Vec<u32>,
    edge_pairs: EdgePairs,
    moments: Vec<T>,
    scratch: SumScratch<T>,
    /// Both kernels after a message.
    sums: [Vec<T>; 2],
}

impl<T: Real> MoleculeGeometry<T> {
    /// Makes the geometry of a network on molecules.
    pub(super) fn new(network: &Network, rotations: Rotations<T>) -> Self {
        let mut messages: Vec<Message> = Vec::new();
        let mut pooling = None;
        let mut shared_later = false;
        let first = network.layers().first();
        Layer::visit_all(network.layers(), &mut |layer| match layer {
            Layer::Message { message, .. } => {
                let is_first = first.is_some_and(|first| std::ptr::eq(first, layer));
                shared_later |= message.edge_labels == EdgeLabels::Shared && !is_first;
                let parts = match message.normalise {
                    true => message.parts().to_vec(),
                    false => vec![message.clone()],
                };
                for part in parts {
                    if !messages.contains(&part) {
                        messages.push(part);
                    }
                }
            }
            Layer::NodePooling(readout) => pooling = Some(*readout),
            _ => {}
        });
        let read = pooling != Some(NodePooling::LabelSum) || *network.outputs() == Outputs::Nodes;
        let activates_after = activates_after_pooling(network.layers());
        let own = match activates_after {
            true => rotations.after_identity(),
            false => Rotations::identity(),
        };
        let features = MoleculeFeatures::new(network, &messages);
        let by_features = features.as_ref().is_some_and(MoleculeFeatures::preferred);
        let functions = match (by_features, messages.first()) {
            (false, Some(first)) => moments::functions(first),
            _ => None,
        };
        let rotations = [rotations, own];
        let angular = |m: &Message| polynomial(&m.spectrum[..=m.degree()]);
        MoleculeGeometry {
            polynomials: messages.iter().map(angular).collect(),
            moments: rotations.each_ref().map(|rotations| {
                let functions = functions.as_ref()?;
                Moments::new(functions.degrees(), rotations)
            }),
            functions,
            features,
            messages,
            rotations,
            all_pairs: [read || shared_later, read],
            pooling,
            activates_after,
        }
    }

    /// The geometry of a network whose kernels are products of features, which needs no rotations; none for other networks.
    pub(super) fn of_features(network: &Network) -> Option<Self> {
        let geometry = MoleculeGeometry::new(network, Rotations::identity());
        geometry.prefers_features().then_some(geometry)
    }

    /// A molecule without the factors of its features.
    pub(super) fn signal(&self, atoms: &Atoms) -> MoleculeSignal {
        MoleculeSignal::new(atoms, &self.messages, self.functions.as_ref())
    }

    /// Forgets the tables of moments; returns whether there were some.
    #[cfg(test)]
    pub(super) fn leave_moments(&mut self) -> bool {
        self.moments[0].take().is_some()
    }

    fn rotations(&self, own: bool) -> &Rotations<T> {
        &self.rotations[usize::from(own)]
    }

    /// The kernels of the labels: one for equal elements, and zero otherwise.
    fn lift_pair(
        &self,
        [a, b]: [&Arc<MoleculeSignal>; 2],
        own: bool,
        workspace: &mut MoleculeWorkspace<T>,
        fibres: &mut Vec<T>,
    ) -> MoleculeRegion {
        let (rows, columns) = (a.labels.len(), b.labels.len());
        let rotations = self.rotations(own).len();
        workspace.pairs.clear();
        workspace.numbers.clear();
        fibres.clear();
        for (i, z) in a.labels.iter().enumerate() {
            for (j, other) in b.labels.iter().enumerate() {
                if !self.all_pairs[0] && z != other {
                    workspace.numbers.push(NONE);
                    continue;
                }
                workspace.numbers.push(workspace.pairs.len() as u32);
                workspace.pairs.push([i, j]);
                let value = if z == other { 1.0 } else { 0.0 };
                fibres.resize(fibres.len() + rotations, T::of(value));
            }
        }
        workspace.pair = Some([Arc::clone(a), Arc::clone(b)]);
        workspace.own = own;
        workspace.from_labels = true;
        MoleculeRegion {
            rows,
            columns,
            rotations,
        }
    }

    fn pass_message(
        &self,
        message: &Message,
        workspace: &mut MoleculeWorkspace<T>,
        [nngp, ntk]: [&mut Vec<T>; 2],
    ) {
        let index = self.messages.iter().position(|known| known == message);
        let index = index.expect("collected from the network");
        let MoleculeWorkspace {
            pair,
            pairs,
            numbers,
            edge_pairs,
            moments,
            scratch,
            sums: [new_nngp, new_ntk],
            own,
            from_labels,
        } = workspace;
        let [a, b] = pair.as_ref().expect("set when the pair was lifted");
        let signals = [&**a, &**b];
        let atoms = (&pairs[..], &numbers[..]);
        edge_pairs.collect((index, message), signals, atoms, *from_labels);
        for new in [&mut *new_nngp, &mut *new_ntk] {
            new.resize(nngp.len(), T::of(0.0));
        }
        let tables = self.moments[usize::from(*own)].as_ref();
        match tables.filter(|tables| *from_labels && tables.pays(edge_pairs)) {
            Some(tables) => {
                tables.sum(edge_pairs, signals, nngp, moments, new_nngp);
                // Θ of the labels is zero, and remains so.
                new_ntk.fill(T::of(0.0));
            }
            None => MessageSums {
                pairs: edge_pairs,
                signals: (signals, index),
                rotations: self.rotations(*own),
                polynomial: &self.polynomials[index],
                from_labels: *from_labels,
                kernels: [nngp, ntk],
                sums: [new_nngp, new_ntk],
                scratch,
            }
            .run(),
        }
        std::mem::swap(nngp, new_nngp);
        std::mem::swap(ntk, new_ntk);
        *from_labels = false;
    }

    /// The mean over the group at each pair of atoms; pairs that are not needed later are left out.
    fn pool(
        &self,
        region: MoleculeRegion,
        workspace: &mut MoleculeWorkspace<T>,
        kernels: [&mut Vec<T>; 2],
    ) -> MoleculeRegion {
        let MoleculeWorkspace {
            pair, pairs, own, ..
        } = workspace;
        let [a, b] = pair.as_ref().expect("set when the pair was lifted");
        let needed = |&[i, j]: &[usize; 2]| self.all_pairs[1] || a.labels[i] == b.labels[j];
        let rotations = self.rotations(*own);
        for kernel in kernels {
            let rows = kernel.chunks_exact(region.rotations).zip(pairs.iter());
            let means = rows.filter(|(_, pair)| needed(pair));
            let means = means.map(|(row, _)| T::of(rotations.mean(row)));
            let means: Vec<T> = means.collect();
            *kernel = means;
        }
        pairs.retain(needed);
        MoleculeRegion {
            rotations: 1,
            ..region
        }
    }
}

/// The loop of [`Geometry::confine`], $`k \leftarrow \max(-b, \min(b, k))`$ over a contiguous array, which the compiler vectorises. NaN stays.
struct Confine<'a, T> {
    bound: T,
    fibres: &'a mut [T],
}

impl<T: Real> WithSimd for Confine<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let bound = self.bound;
        for k in self.fibres {
            let below = if *k > bound { bound } else { *k };
            *k = if below < -bound { -bound } else { below };
        }
    }
}

/// Whether activations or normalisations stand between the mean over the group and the readout of the atoms.
fn activates_after_pooling(layers: &[Layer]) -> bool {
    let mut found = false;
    let after = layers
        .iter()
        .skip_while(|layer| !matches!(layer, Layer::GroupPooling));
    for layer in after.take_while(|layer| !matches!(layer, Layer::NodePooling(_))) {
        Layer::visit_all(std::slice::from_ref(layer), &mut |layer| {
            found |= matches!(layer, Layer::Activation(_) | Layer::Normalisation);
        });
    }
    found
}

impl<T: Real> Geometry for MoleculeGeometry<T> {
    type Scalar = T;
    type Signal = Arc<MoleculeSignal>;
    type Workspace = MoleculeWorkspace<T>;
    type Region = MoleculeRegion;

    const FIELDS: bool = true;
    const STORED: bool = true;
    const COUPLED: bool = true;

    fn take(&self, inputs: &Inputs<'_>, row: usize) -> Result<Arc<MoleculeSignal>> {
        let mut signal = self.signal(inputs.atoms(row)?);
        if let Some(features) = &self.features {
            signal.factors = features.factors(&signal);
        }
        Ok(Arc::new(signal))
    }

    fn make_workspace(&self) -> MoleculeWorkspace<T> {
        MoleculeWorkspace::default()
    }

    fn begin(&self, _: [&Arc<MoleculeSignal>; 2], _: usize, _: &mut MoleculeWorkspace<T>) -> usize {
        1
    }

    fn lift(
        &self,
        pair: [&Arc<MoleculeSignal>; 2],
        _: &Filter,
        _: usize,
        workspace: &mut MoleculeWorkspace<T>,
        fibres: &mut Vec<T>,
    ) -> MoleculeRegion {
        self.lift_pair(pair, false, workspace, fibres)
    }

    fn lift_self(
        &self,
        _: &Filter,
        signal: &Arc<MoleculeSignal>,
        workspace: &mut MoleculeWorkspace<T>,
        fibres: &mut Vec<T>,
    ) -> MoleculeRegion {
        self.lift_pair([signal, signal], true, workspace, fibres)
    }

    fn average(
        &self,
        _: &Filter,
        _: MoleculeRegion,
        _: &mut MoleculeWorkspace<T>,
        _: &mut Vec<T>,
    ) -> MoleculeRegion {
        unreachable!("both kernels of molecules are averaged at once")
    }

    fn average_both(
        &self,
        filter: &Filter,
        region: MoleculeRegion,
        workspace: &mut MoleculeWorkspace<T>,
        kernels: [&mut Vec<T>; 2],
    ) -> MoleculeRegion {
        match filter {
            Filter::Message(message) => {
                self.pass_message(message, workspace, kernels);
                region
            }
            _ => self.pool(region, workspace, kernels),
        }
    }

    fn family(&self, _: MoleculeRegion) -> i64 {
        0
    }

    fn gather(&self, _: Side, _: &[T], _: MoleculeRegion, _: &mut Vec<T>) {
        unreachable!("variances of atoms are constant over runs of rotations")
    }

    fn runs<'w>(
        &self,
        region: MoleculeRegion,
        workspace: &'w MoleculeWorkspace<T>,
    ) -> Option<Runs<'w>> {
        Some(Runs {
            len: region.rotations,
            points: &workspace.pairs,
        })
    }

    /// Sums over neighbours may exceed the bound by rounding.
    fn confine(&self, [left, right]: [&[T]; 2], fibres: &mut [T]) {
        let bound = left[0].sqrt() * right[0].sqrt();
        Arch::new().dispatch(Confine { bound, fibres });
    }

    fn mean(&self, region: MoleculeRegion, fibres: &[T]) -> f64 {
        let sum = fibres.iter().map(|value| value.wide()).sum::<f64>();
        match self.pooling {
            Some(NodePooling::Mean) => sum / region.rows as f64 / region.columns as f64,
            _ => sum,
        }
    }

    fn own_mean(&self, region: MoleculeRegion, fibres: &[T]) -> f64 {
        self.mean(region, fibres)
    }

    fn point_count(&self, signal: &Arc<MoleculeSignal>) -> usize {
        signal.labels.len()
    }

    fn points(&self, region: MoleculeRegion) -> [usize; 2] {
        [region.rows, region.columns]
    }

    fn variances_by_level(&self) -> bool {
        self.activates_after
    }

    fn power_panels(&self) -> &[[usize; 2]] {
        self.features.as_ref().map_or(&[], |f| f.panels())
    }

    fn polynomials(&self, _: &Recursion) -> Option<PolynomialKernels> {
        Some(self.features.as_ref()?.kernels().clone())
    }

    fn has_power(&self, signal: &Arc<MoleculeSignal>, power: usize) -> bool {
        let features = self.features.as_ref();
        features.is_some_and(|f| f.holds(signal, power))
    }

    fn write_power(
        &self,
        signal: &Arc<MoleculeSignal>,
        power: usize,
        panel: usize,
        out: &mut [f64],
    ) {
        if let Some(features) = &self.features {
            features.write(signal, power, panel, out);
        }
    }

    fn pull_features(
        &self,
        signal: &Arc<MoleculeSignal>,
        factors: &[(usize, Vec<f64>)],
    ) -> Option<Vec<f64>> {
        Some(self.features.as_ref()?.pull(signal, factors))
    }

    fn makes_features_once(&self) -> bool {
        true
    }

    fn prefers_features(&self) -> bool {
        self.features
            .as_ref()
            .is_some_and(MoleculeFeatures::preferred)
    }
}
