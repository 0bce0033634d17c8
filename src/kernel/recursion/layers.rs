//! The recursion of NNGP and NTK through the layers, written once for all geometries.

use std::ops::Range;

use crate::Result;
use crate::activation::{Real, VarianceField};
use crate::kernel::values::KernelPair;
use crate::network::{Filter, Init, InputSpace, Layer, Link, Network, stages};

use super::close_pair::ClosePair;
use super::geometry::Geometry;
use super::orientations::{Oriented, Visitor};
use super::place::{ClosePlace, Fibres, Gathered, PooledSelfPlace, RowPlace};
use super::polynomial::{AtomPolynomials, Polynomial, PolynomialKernels, PolynomialPlace};
use super::steps::{
    Map, Step, count_activations, linear, run, run_own, steps, sums_over_neighbours,
};
use super::sweep::{Buffers, Sweep};

/// The layers of a network as maps of covariances, before and after the mean over the group.
///
/// # References
/// Misof25 for group convolutions and pooling, Jacot18 and Lee19 for the other layers.
#[derive(Debug, Clone)]
pub(crate) struct Recursion {
    /// The steps before the first weights, where Θ is zero.
    pub(super) input: Vec<Step>,
    /// The number of activations among them: the division of a first message by its root mean square.
    pub(super) input_activations: usize,
    /// The index of the first layer with weights.
    pub(super) first_index: usize,
    /// The first layer: $`K = \sigma_w^2 A_S p + \sigma_b^2,\ \Theta = K`$, counted once.
    pub(super) first: (Init, Filter),
    /// The steps between the first layer and the mean over the group, in stages that end at average poolings.
    pub(super) before: Vec<StageSteps>,
    /// The steps after the mean over the group.
    pub(super) after: Vec<Step>,
}

/// The steps of one stage of layers before the mean over the group.
#[derive(Debug, Clone)]
pub(super) struct StageSteps {
    pub(super) steps: Vec<Step>,
    /// The numbers of its activations among all activations before the mean over the group.
    pub(super) activations: Range<usize>,
    /// Where its features come from.
    pub(super) links: Vec<Link>,
}

/// The kernels of one signal with itself at the identity of the group.
#[derive(Debug, Clone, Default)]
pub(crate) struct SelfCovariance<T: Real> {
    /// The variance before each activation that precedes the mean over the group, in the order of the recursion; empty if variances are functions
    /// and there are no average poolings.
    pub variances: Vec<VarianceField<T>>,
    /// The kernels at r = e after the last layer before pooling, averaged over g; they bound the kernel at every other r.
    pub at_identity: KernelPair,
}

/// Buffers of one thread: the fibres of a batch, and the variances at their points.
#[derive(Debug, Clone, Default)]
pub(crate) struct FibreBuffers<T: Real> {
    pub(super) fibres: Fibres<T>,
    /// The variance fields of both signals, one per activation.
    pub(super) variances: [Vec<VarianceField<T>>; 2],
    /// The values of both variance fields for the current family of batches, one entry per activation.
    pub(super) gathered: Vec<Gathered<T>>,
}

/// The fibres of each orientation, on their way forwards.
struct Forwards<'a, G, V> {
    recursion: &'a Recursion,
    geometry: &'a G,
    /// Takes each batch after the last layer before the mean over the group.
    visit: V,
}

impl<G: Geometry, V: FnMut(G::Region, &Fibres<G::Scalar>)> Visitor<G> for Forwards<'_, G, V> {
    fn visit(
        &mut self,
        oriented: Oriented<'_, G>,
        workspace: &mut G::Workspace,
        buffers: Buffers<'_, G::Scalar>,
    ) -> Result<()> {
        let variances = oriented.variances;
        let visit = &mut self.visit;
        let mut sweep = Sweep::new(self.geometry, workspace, buffers, variances, visit);
        self.recursion
            .sweep(oriented.pair, oriented.batches, &mut sweep)
    }
}

impl Recursion {
    /// Splits the layers of a network at the mean over the group.
    pub(crate) fn new(network: &Network) -> Self {
        let vector = matches!(network.input(), InputSpace::Vector { .. });
        let molecule = matches!(network.input(), InputSpace::Molecule { .. });
        let weighted = |layer: &Layer| {
            matches!(
                layer,
                Layer::Lifting { .. } | Layer::Dense(_) | Layer::Message { .. }
            )
        };
        let layers = network.layers();
        // A network on graphs may begin with sums over neighbours.
        let first_index = layers.iter().position(weighted).unwrap_or(layers.len());
        let (input, layers) = layers.split_at(first_index);
        let (first, rest) = match layers {
            [Layer::Lifting { filter, init, .. }, rest @ ..] => ((*init, filter.clone()), rest),
            [Layer::Dense(init) | Layer::Message { init, .. }, rest @ ..] => {
                ((*init, Filter::Global), rest)
            }
            _ => unreachable!("a network that was checked has a lifting or a dense layer"),
        };
        // The group of a vector is trivial: its only fibre is its own mean, and all layers from the second on come after the pooling.
        let pooled = if vector {
            0
        } else {
            // A network without a readout layer has outputs at rotations: all its layers come before.
            // On molecules the mean over the group is a step, and the readout of the atoms comes after it.
            let ends = |layer: &Layer| match molecule {
                true => matches!(layer, Layer::NodePooling(_)),
                false => layer.is_readout(),
            };
            rest.iter().position(ends).unwrap_or(rest.len())
        };
        let (before, after) = layers.split_at(1 + pooled);
        let mut input = steps(&mut (0..).zip(input));
        // A first message acts on the labels before its weights.
        if let Some(Layer::Message { message, .. }) = before.first() {
            input.extend(sums_over_neighbours(first_index, message));
        }
        let input_activations = count_activations(&input);
        let mut met = input_activations;
        let before = stages(before)
            .into_iter()
            .enumerate()
            .map(|(number, stage)| {
                // The first layer is no step.
                let skipped = usize::from(number == 0);
                let layers = stage.layers.into_iter().skip(skipped);
                let steps = steps(&mut layers.map(|(index, layer)| (first_index + index, layer)));
                let start = met;
                met += count_activations(&steps);
                StageSteps {
                    steps,
                    activations: start..met,
                    links: stage.links,
                }
            });
        Recursion {
            input,
            input_activations,
            first_index,
            first,
            before: before.collect(),
            // Only molecules have a mean over the group as a step, and theirs comes before.
            after: steps(
                &mut (first_index + 1 + pooled..)
                    .zip(after)
                    .filter(|(_, layer)| !layer.is_readout()),
            ),
        }
    }

    /// Whether an activation follows the pooling; only such an activation needs pooled variances.
    pub(crate) fn activates_after_pooling(&self) -> bool {
        count_activations(&self.after) > 0
    }

    /// The kernels after the first layer as polynomials in the correlation of two signals, and the place that takes the steps after it.
    fn first_polynomials(&self, largest_degree: usize) -> (PolynomialPlace, Fibres<Polynomial>) {
        let place = PolynomialPlace {
            largest_degree,
            ..PolynomialPlace::default()
        };
        let mut fibres = Fibres {
            nngp: vec![Polynomial::correlation()],
            ntk: vec![Polynomial::default()],
            waiting: Vec::new(),
        };
        linear(self.first.0, &mut fibres.nngp, &mut fibres.ntk, true);
        (place, fibres)
    }

    /// The kernels as polynomials in the correlation of two signals, for a geometry whose fibres are numbers; none if they are no polynomials
    /// of the given degree.
    pub(crate) fn polynomials(&self, largest_degree: usize) -> Option<PolynomialKernels> {
        let (mut place, mut fibres) = self.first_polynomials(largest_degree);
        for stage in &self.before {
            run(&stage.steps, &mut place, &mut fibres).ok()?;
        }
        if place.failed {
            return None;
        }
        let both = |fibres: &Fibres<Polynomial>| [fibres.nngp[0].clone(), fibres.ntk[0].clone()];
        let pooled = both(&fibres);
        // A mean over the group commutes with linear layers only.
        let outputs = match self.activates_after_pooling() {
            true => None,
            false => {
                run(&self.after, &mut place, &mut fibres).ok()?;
                Some(both(&fibres))
            }
        };
        Some(PolynomialKernels::new(pooled, outputs, place.numbers))
    }

    /// The kernels of a network on molecules whose only message is its first layer; none if they are no polynomials of the given degree in the
    /// correlation of two atoms, or if an activation stands between the mean over the group and the sum over atoms.
    pub(crate) fn atom_polynomials(&self, largest_degree: usize) -> Option<AtomPolynomials> {
        let [stage] = &self.before[..] else {
            return None;
        };
        let is_mean = |step: &Step| matches!(step.map, Map::Aggregation(Filter::Global));
        let mean = stage.steps.iter().position(is_mean)?;
        let (over_group, at_atoms) = stage.steps.split_at(mean);
        if count_activations(at_atoms) > 0 {
            return None;
        }
        let (mut place, mut fibres) = self.first_polynomials(largest_degree);
        for steps in [over_group, &at_atoms[1..]] {
            run(steps, &mut place, &mut fibres).ok()?;
        }
        if place.failed {
            return None;
        }
        let both = |fibres: &Fibres<Polynomial>| [fibres.nngp[0].clone(), fibres.ntk[0].clone()];
        let after = |[nngp, ntk]: [Polynomial; 2]| {
            if self.activates_after_pooling() {
                return None;
            }
            let mut fibres = Fibres {
                nngp: vec![nngp],
                ntk: vec![ntk],
                waiting: Vec::new(),
            };
            run(&self.after, &mut PolynomialPlace::default(), &mut fibres).ok()?;
            Some(both(&fibres))
        };
        Some(AtomPolynomials::new(both(&fibres), place, after))
    }

    /// Computes the kernels of a signal with itself at the identity of the group.
    pub(crate) fn self_covariance<G: Geometry>(
        &self,
        geometry: &G,
        signal: &G::Signal,
        workspace: &mut G::Workspace,
    ) -> Result<SelfCovariance<G::Scalar>> {
        let (mut fibres, mut gathered) = (Fibres::default(), Vec::new());
        let mut variances = Vec::new();
        let mut turned = [None, None];
        if !G::STORED {
            geometry.orientation_count([signal, signal], workspace)?;
            geometry.turn([signal, signal], 0, &mut turned, workspace)?;
        }
        let signal = turned[0].as_ref().unwrap_or(signal);
        let buffers = (&mut fibres, &mut gathered);
        let region = self.own(geometry, signal, workspace, buffers, &mut variances)?;
        // Variances that are functions need many fibres if there are poolings, and are then worth their memory.
        if !G::STORED && self.before.len() == 1 {
            variances.clear();
        }
        let at_identity = KernelPair {
            nngp: geometry.own_mean(region, &fibres.nngp),
            ntk: geometry.own_mean(region, &fibres.ntk),
        };
        Ok(SelfCovariance {
            variances,
            at_identity,
        })
    }

    /// Computes the kernels of one pair after the mean over the group.
    ///
    /// # Arguments
    /// * `own` — the variances of the two signals, if they are kept
    pub(crate) fn pooled<G: Geometry>(
        &self,
        geometry: &G,
        pair: [&G::Signal; 2],
        own: [&[VarianceField<G::Scalar>]; 2],
        workspace: &mut G::Workspace,
        buffers: &mut FibreBuffers<G::Scalar>,
    ) -> Result<KernelPair> {
        let mut mean = KernelPair::default();
        self.visit_fibres(geometry, pair, own, workspace, buffers, |region, fibres| {
            mean.nngp += geometry.mean(region, &fibres.nngp);
            mean.ntk += geometry.mean(region, &fibres.ntk);
        })?;
        Ok(mean)
    }

    /// Computes the kernels of one pair between all points of both signals, for a geometry with one fibre that is a matrix.
    ///
    /// Returns the numbers of points, and both matrices row by row.
    pub(crate) fn between_points<G: Geometry>(
        &self,
        geometry: &G,
        pair: [&G::Signal; 2],
        own: [&[VarianceField<G::Scalar>]; 2],
        workspace: &mut G::Workspace,
        buffers: &mut FibreBuffers<G::Scalar>,
    ) -> Result<([usize; 2], [Vec<f64>; 2])> {
        let mut found = ([0, 0], [Vec::new(), Vec::new()]);
        self.visit_fibres(geometry, pair, own, workspace, buffers, |region, fibres| {
            let wide = |values: &[G::Scalar]| values.iter().map(|v| v.wide()).collect();
            found = (
                geometry.points(region),
                [wide(&fibres.nngp), wide(&fibres.ntk)],
            );
        })?;
        Ok(found)
    }

    /// Carries all fibres of a pair through the layers before the mean over the group.
    ///
    /// # Arguments
    /// * `own` — the variances of the two signals, as [`self_covariance`](Self::self_covariance) returns them
    /// * `visit` — takes each batch after the last of these layers
    fn visit_fibres<G: Geometry>(
        &self,
        geometry: &G,
        pair: [&G::Signal; 2],
        own: [&[VarianceField<G::Scalar>]; 2],
        workspace: &mut G::Workspace,
        buffers: &mut FibreBuffers<G::Scalar>,
        visit: impl FnMut(G::Region, &Fibres<G::Scalar>),
    ) -> Result<()> {
        let mut forwards = Forwards {
            recursion: self,
            geometry,
            visit,
        };
        self.visit_orientations((geometry, workspace), pair, own, buffers, &mut forwards)
    }

    /// Whether only the first layer precedes the mean over the group, so that a product of two signals is all that it needs.
    pub(crate) fn first_alone(&self) -> bool {
        let alone = |stage: &StageSteps| stage.steps.is_empty();
        self.input.is_empty() && matches!(&self.before[..], [stage] if alone(stage))
    }

    /// Carries a row of products of signals through the first layer.
    pub(crate) fn first_row(&self, nngp: &mut [f64], ntk: &mut [f64]) {
        linear(self.first.0, nngp, ntk, true);
    }

    /// Carries the pooled kernels of a signal with itself through the layers after pooling.
    ///
    /// # Arguments
    /// * `variances` — one field per activation after pooling; the variance of the signal is appended to each as one more point
    pub(crate) fn pooled_variances(
        &self,
        pair: &mut KernelPair,
        variances: &mut Vec<VarianceField>,
    ) -> Result<()> {
        let mut fibres = Fibres {
            nngp: vec![pair.nngp],
            ntk: vec![pair.ntk],
            waiting: Vec::new(),
        };
        let mut place = PooledSelfPlace { variances, met: 0 };
        run_own(&self.after, &mut place, &mut fibres)?;
        *pair = KernelPair {
            nngp: fibres.nngp[0],
            ntk: fibres.ntk[0],
        };
        Ok(())
    }

    /// Carries a row of pooled kernels through the layers after pooling.
    ///
    /// Returns for each column whether the pair met a kink at nearly full correlation; empty without such layers.
    ///
    /// # Arguments
    /// * `row`, `row_variances` — the point of the row's signal in each field, and one field per activation
    /// * `column_variances` — one field per activation, with one point per column
    /// * `slack` — the relative amount by which a covariance may exceed its bound through errors of the quadrature; such a covariance
    ///   is clamped to the bound
    /// * `nngp`, `ntk` — one entry per column; replaced
    pub(crate) fn advance_row(
        &self,
        (row, row_variances): (usize, &[VarianceField]),
        column_variances: &[VarianceField],
        slack: f64,
        nngp: &mut [f64],
        ntk: &mut [f64],
    ) -> Result<Vec<bool>> {
        if self.after.is_empty() {
            return Ok(Vec::new());
        }
        let mut close = vec![false; nngp.len()];
        let mut fibres = Fibres {
            nngp: nngp.to_vec(),
            ntk: ntk.to_vec(),
            waiting: Vec::new(),
        };
        let mut place = RowPlace {
            row,
            row_variances: row_variances.iter(),
            column_variances: column_variances.iter(),
            slack,
            close: &mut close,
        };
        run(&self.after, &mut place, &mut fibres)?;
        nngp.copy_from_slice(&fibres.nngp);
        ntk.copy_from_slice(&fibres.ntk);
        Ok(close)
    }

    /// Computes the kernels of a pair of nearly collinear vectors, with its angle carried through the layers.
    pub(crate) fn close(&self, pair: ClosePair) -> Result<KernelPair> {
        let mut place = ClosePlace::new(pair, self.first.0);
        let mut fibres = place.fibres();
        run(&self.after, &mut place, &mut fibres)?;
        Ok(KernelPair {
            nngp: fibres.nngp[0],
            ntk: fibres.ntk[0],
        })
    }
}
