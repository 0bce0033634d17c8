//! The recursion of NNGP and NTK through the layers, written once for all geometries.

use crate::activation::Real;
use crate::activation::{Activation, VarianceField};
use crate::error::number;
use crate::kernel::values::KernelPair;
use crate::network::{Filter, Init, InputSpace, Layer, Network};
use crate::{Error, Result};

use super::close_pair::ClosePair;
use super::geometry::Geometry;
use super::place::{
    ClosePlace, Fibres, Gathered, PairPlace, Place, PooledSelfPlace, RowPlace, SelfPlace,
};
use super::polynomial::{Polynomial, PolynomialKernels, PolynomialPlace};
use super::value::Value;

/// One step of the recursion.
#[derive(Debug, Clone)]
struct Step {
    /// Index of the layer in the network, for messages.
    layer: usize,
    map: Map,
}

/// The action of a layer on the kernels.
#[derive(Debug, Clone)]
enum Map {
    /// A linear layer: $`K' = \sigma_w^2 A_S K + \sigma_b^2,\ \Theta' = K' + \sigma_w^2 A_S \Theta`$, with the
    /// mean $`A_S`$ over the filter of a convolution.
    Linear(Init, Option<Filter>),
    /// $`K' = E[\sigma(u)\sigma(v)],\ \Theta' = E[\sigma'(u)\sigma'(v)]\,\Theta`$.
    Activation(Activation),
    /// The sum over the neighbours of a node, $`K' = \sum_a A_a K A_a'^\top`$ and Θ likewise.
    Aggregation(Filter),
    /// The sum of two independent branches, whose kernels add.
    Sum([Vec<Step>; 2]),
    /// Blocks one after the other, whose features stand side by side: the kernels after all blocks add.
    Jumping(Vec<Vec<Step>>),
}

/// The layers of a network as maps of covariances, before and after the mean over the group.
///
/// # References
/// Misof25 for group convolutions and pooling, Jacot18 and Lee19 for the other layers.
#[derive(Debug, Clone)]
pub(crate) struct Recursion {
    /// The steps before the first layer with weights, where Θ is zero.
    input: Vec<Step>,
    /// The index of the first layer with weights.
    first_index: usize,
    /// The first layer: $`K = \sigma_w^2 A_S p + \sigma_b^2,\ \Theta = K`$, counted once.
    first: (Init, Filter),
    /// The steps between the first layer and the mean over the group.
    before: Vec<Step>,
    /// The steps after the mean over the group.
    after: Vec<Step>,
}

/// The kernels of one signal with itself at the identity of the group.
#[derive(Debug, Clone, Default)]
pub(crate) struct SelfCovariance<T: Real> {
    /// The variance before each activation that precedes the pooling, in the order of the recursion; empty if variances are functions.
    pub variances: Vec<VarianceField<T>>,
    /// The kernels at r = e after the last layer before pooling, averaged over g; they bound the kernel at every other r.
    pub at_identity: KernelPair,
}

/// Buffers of one thread: the fibres of a batch, and the variances at their points.
#[derive(Debug, Clone, Default)]
pub(crate) struct FibreBuffers<T: Real> {
    fibres: Fibres<T>,
    /// The variance fields of both signals, one per activation.
    variances: [Vec<VarianceField<T>>; 2],
    /// The values of both variance fields for the current family of batches, one entry per activation.
    gathered: Vec<Gathered<T>>,
}

/// Carries both kernels through `steps`.
///
/// A residual sum runs both branches from copies of the kernels, and adds the results.
fn run<V: Value, P: Place<V>>(steps: &[Step], place: &mut P, fibres: &mut Fibres<V>) -> Result<()> {
    for Step { layer, map } in steps {
        match map {
            Map::Linear(init, filter) => {
                if let Some(filter) = filter {
                    place.average(filter, fibres);
                }
                linear(*init, &mut fibres.nngp, &mut fibres.ntk, false);
                place.scaled(*init);
            }
            Map::Activation(activation) => place
                .activate(activation, fibres)
                .map_err(|error| out_of_range(error).in_layer(*layer))?,
            Map::Aggregation(filter) => place.average(filter, fibres),
            Map::Jumping(blocks) => {
                let mut sums = fibres.waiting.pop().unwrap_or_default();
                for (index, block) in blocks.iter().enumerate() {
                    run(block, place, fibres)?;
                    let [nngp, ntk] = &mut sums;
                    if index == 0 {
                        nngp.clone_from(&fibres.nngp);
                        ntk.clone_from(&fibres.ntk);
                    } else {
                        add(&fibres.nngp, nngp);
                        add(&fibres.ntk, ntk);
                    }
                }
                std::mem::swap(&mut sums[0], &mut fibres.nngp);
                std::mem::swap(&mut sums[1], &mut fibres.ntk);
                fibres.waiting.push(sums);
            }
            Map::Sum([first, second]) => {
                // `other` keeps the kernels before the sum, then the result of the first branch. Its memory returns to `waiting` for the
                // next batch.
                let start = place.region();
                let mut other = fibres.waiting.pop().unwrap_or_default();
                other[0].clone_from(&fibres.nngp);
                other[1].clone_from(&fibres.ntk);
                run(first, place, fibres)?;
                std::mem::swap(&mut other[0], &mut fibres.nngp);
                std::mem::swap(&mut other[1], &mut fibres.ntk);
                let end = place.region();
                place.return_to(start);
                run(second, place, fibres)?;
                place.summed(end);
                add(&other[0], &mut fibres.nngp);
                add(&other[1], &mut fibres.ntk);
                fibres.waiting.push(other);
            }
        }
    }
    Ok(())
}

/// Carries the kernels of a signal with itself through `steps`.
///
/// # Errors
/// [`Error::InLayer`] if a kernel overflows, or if its largest value underflows.
fn run_own<T: Real, P: Place<T>>(
    steps: &[Step],
    place: &mut P,
    fibres: &mut Fibres<T>,
) -> Result<()> {
    for step in steps {
        let before = largest(&fibres.nngp);
        run(std::slice::from_ref(step), place, fibres)?;
        // A user's activation function may be zero everywhere: a kernel of zeros is then valid.
        let may_vanish = matches!(step.map, Map::Activation(Activation::Elementwise(_)));
        if !(may_vanish && largest(&fibres.nngp) == T::zero()) {
            check_range(before, fibres, step.layer)?;
        }
    }
    Ok(())
}

/// The largest of zero and some values; NaN counts as larger than all numbers.
fn largest<T: Real>(values: &[T]) -> T {
    values.iter().fold(T::zero(), |largest, &value| {
        if value > largest || value.is_nan() {
            value
        } else {
            largest
        }
    })
}

/// Refuses kernels that are not finite, and kernels whose largest value fell below the normal numbers in this step.
fn check_range<T: Real>(before: T, fibres: &Fibres<T>, layer: usize) -> Result<()> {
    let (nngp, ntk) = (largest(&fibres.nngp), largest(&fibres.ntk));
    let (found, expected) = if !nngp.is_finite() || !ntk.is_finite() {
        (
            format!("above {:.1e}", T::max_value().wide()),
            "smaller inputs, or a smaller weight_std or bias_std here or before",
        )
    } else if before > T::zero() && nngp < T::min_positive_value() {
        (
            format!(
                "{}, below {:.1e}, where digits are lost",
                number(nngp.wide()),
                T::min_positive_value().wide()
            ),
            "larger inputs, or a larger weight_std here or before",
        )
    } else {
        return Ok(());
    };
    Err(Error::invalid("kernel of an input with itself", found, expected).in_layer(layer))
}

/// Replaces the error about a number that is not finite: inputs are finite, so the number has become too large in the layers.
fn out_of_range(error: Error) -> Error {
    match error {
        Error::NotFinite { what, .. } => Error::invalid(
            what,
            format!("above {:.1e}", f64::MAX),
            "smaller inputs, or a smaller weight_std or bias_std before",
        ),
        other => other,
    }
}

/// Applies a linear layer to fibres after the mean over its filter; `first` stands for the first layer, whose Θ is K.
fn linear<V: Value>(init: Init, nngp: &mut [V], ntk: &mut [V], first: bool) {
    pulp::Arch::new().dispatch(Linear {
        weight: V::number(init.weight_std * init.weight_std),
        bias: V::number(init.bias_std * init.bias_std),
        first,
        nngp,
        ntk,
    });
}

/// The loop of [`linear`]: K ← w K + b and Θ ← K + w Θ, with w = σw² and b = σb².
///
/// Each kernel of a batch is one contiguous array over points and fibres. One pass over both arrays uses the new K while it is in a
/// register. Points are independent, so the compiler vectorises the loop for the instruction set that `pulp` selects.
struct Linear<'a, V: Value> {
    weight: V::Number,
    bias: V::Number,
    /// Whether Θ is replaced by K alone.
    first: bool,
    nngp: &'a mut [V],
    ntk: &'a mut [V],
}

impl<V: Value> pulp::WithSimd for Linear<'_, V> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        let (weight, bias) = (self.weight, self.bias);
        for (k, t) in self.nngp.iter_mut().zip(self.ntk) {
            *k = k.affine(weight, bias);
            *t = if self.first {
                k.clone()
            } else {
                k.plus_scaled(weight, t)
            };
        }
    }
}

/// Adds the kernel of one branch to the kernel of the other, point by point.
fn add<V: Value>(terms: &[V], sums: &mut [V]) {
    assert_eq!(terms.len(), sums.len(), "branches know the same points");
    for (sum, term) in sums.iter_mut().zip(terms) {
        *sum = sum.plus(term);
    }
}

impl Recursion {
    /// Splits the layers of a network at the mean over the group.
    pub(crate) fn new(network: &Network) -> Self {
        let vector = matches!(network.input(), InputSpace::Vector { .. });
        let weighted = |layer: &Layer| matches!(layer, Layer::Lifting { .. } | Layer::Dense(_));
        let layers = network.layers();
        // A network on graphs may begin with sums over neighbours.
        let first_index = layers.iter().position(weighted).unwrap_or(layers.len());
        let (before, after) = layers.split_at(first_index);
        let (first, rest) = match after {
            [Layer::Lifting { filter, init, .. }, rest @ ..] => ((*init, filter.clone()), rest),
            [Layer::Dense(init), rest @ ..] => ((*init, Filter::Global), rest),
            _ => unreachable!("a network that was checked has a lifting or a dense layer"),
        };
        let next = first_index + 1;
        // The group of a vector is trivial: its only fibre is its own mean, and all layers from the second on come after the pooling.
        let pooled = if vector {
            0
        } else {
            // A network without a readout layer has outputs at rotations: all its layers come before.
            rest.iter()
                .position(Layer::is_readout)
                .unwrap_or(rest.len())
        };
        Recursion {
            input: steps(before, &mut (0..)),
            first_index,
            first,
            before: steps(&rest[..pooled], &mut (next..)),
            after: steps(&rest[pooled..], &mut (next + pooled..)),
        }
    }

    /// Whether an activation follows the pooling; only such an activation needs pooled variances.
    pub(crate) fn activates_after_pooling(&self) -> bool {
        fn activates(steps: &[Step]) -> bool {
            steps.iter().any(|step| match &step.map {
                Map::Activation(_) => true,
                Map::Sum(branches) => branches.iter().any(|branch| activates(branch)),
                Map::Jumping(blocks) => blocks.iter().any(|block| activates(block)),
                Map::Linear(..) | Map::Aggregation(_) => false,
            })
        }
        activates(&self.after)
    }

    /// The kernels as polynomials in the correlation of two signals, for a geometry whose fibres are numbers; none if they are no polynomials
    /// of the given degree.
    pub(crate) fn polynomials(&self, largest_degree: usize) -> Option<PolynomialKernels> {
        let mut place = PolynomialPlace {
            largest_degree,
            ..PolynomialPlace::default()
        };
        let mut fibres = Fibres {
            nngp: vec![Polynomial::correlation()],
            ntk: vec![Polynomial::default()],
            waiting: Vec::new(),
        };
        linear(self.first.0, &mut fibres.nngp, &mut fibres.ntk, true);
        run(&self.before, &mut place, &mut fibres).ok()?;
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

    /// Computes the kernels of a signal with itself at the identity of the group.
    pub(crate) fn self_covariance<G: Geometry>(
        &self,
        geometry: &G,
        signal: &G::Signal,
        workspace: &mut G::Workspace,
    ) -> Result<SelfCovariance<G::Scalar>> {
        let mut fibres = Fibres::default();
        let mut variances = Vec::new();
        let mut turned = [None, None];
        if !G::STORED {
            geometry.orientation_count([signal, signal], workspace)?;
            geometry.turn([signal, signal], 0, &mut turned, workspace)?;
        }
        let signal = turned[0].as_ref().unwrap_or(signal);
        let region = self.own(geometry, signal, workspace, &mut fibres, &mut variances)?;
        if !G::STORED {
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

    /// Carries a signal with itself through the layers before pooling, and writes its variances.
    ///
    /// Returns the region on which the kernels are known after the last of these layers.
    fn own<G: Geometry>(
        &self,
        geometry: &G,
        signal: &G::Signal,
        workspace: &mut G::Workspace,
        fibres: &mut Fibres<G::Scalar>,
        variances: &mut Vec<VarianceField<G::Scalar>>,
    ) -> Result<G::Region> {
        let (init, filter) = &self.first;
        let region = geometry.lift_self(filter, signal, workspace, &mut fibres.nngp);
        fibres.ntk.clear();
        fibres.ntk.resize(fibres.nngp.len(), G::Scalar::of(0.0));
        let mut place = SelfPlace {
            geometry,
            workspace,
            region,
            variances,
            met: 0,
        };
        run(&self.input, &mut place, fibres)?;
        let before = largest(&fibres.nngp);
        linear(*init, &mut fibres.nngp, &mut fibres.ntk, true);
        check_range(before, fibres, self.first_index)?;
        run_own(&self.before, &mut place, fibres)?;
        Ok(place.region)
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
    /// Each orientation, and each batch of fibres in it, is lifted, carried through the layers and added to the mean. Variances that
    /// are functions are computed here and not stored: they cost as much as two fibres.
    ///
    /// # Arguments
    /// * `own` — the variances of the two signals, if they are kept
    /// * `visit` — takes each batch after the last of these layers
    fn visit_fibres<G: Geometry>(
        &self,
        geometry: &G,
        [a, b]: [&G::Signal; 2],
        own: [&[VarianceField<G::Scalar>]; 2],
        workspace: &mut G::Workspace,
        buffers: &mut FibreBuffers<G::Scalar>,
        mut visit: impl FnMut(G::Region, &Fibres<G::Scalar>),
    ) -> Result<()> {
        let FibreBuffers {
            fibres,
            variances,
            gathered,
        } = buffers;
        let (init, filter) = &self.first;
        let [of_a, of_b] = variances;
        let pair = [a, b];
        let mut turned = [None, None];
        for orientation in 0..geometry.orientation_count(pair, workspace)? {
            let changed = geometry.turn(pair, orientation, &mut turned, workspace)?;
            let [turned_a, turned_b] = &turned;
            let pair = [
                turned_a.as_ref().unwrap_or(a),
                turned_b.as_ref().unwrap_or(b),
            ];
            if !G::STORED {
                let sides = pair.into_iter().zip([&mut *of_a, &mut *of_b]);
                for ((signal, variances), changed) in sides.zip(changed) {
                    if changed {
                        self.own(geometry, signal, workspace, fibres, variances)?;
                    }
                }
            }
            let variances = match G::STORED {
                true => own,
                false => [&of_a[..], &of_b[..]],
            };
            let activations = if G::FIELDS { variances[0].len() } else { 0 };
            gathered.resize_with(activations, Gathered::default);
            for of_activation in gathered.iter_mut() {
                of_activation.family = None;
            }
            for batch in 0..geometry.begin(pair, orientation, workspace) {
                let region = geometry.lift(pair, filter, batch, workspace, &mut fibres.nngp);
                // The first linear layer overwrites the tangent kernel.
                fibres.ntk.resize(fibres.nngp.len(), G::Scalar::of(0.0));
                let mut place = PairPlace {
                    geometry,
                    workspace: &mut *workspace,
                    region,
                    variances: variances.map(<[_]>::iter),
                    gathered: gathered.iter_mut(),
                };
                if !self.input.is_empty() {
                    fibres.ntk.fill(G::Scalar::of(0.0));
                    run(&self.input, &mut place, fibres)?;
                }
                linear(*init, &mut fibres.nngp, &mut fibres.ntk, true);
                run(&self.before, &mut place, fibres)?;
                visit(place.region, fibres);
            }
        }
        Ok(())
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

/// The steps of consecutive layers; pooling and flattening layers have no step.
///
/// # Arguments
/// * `indices` — the indices of the layers in the network
fn steps(layers: &[Layer], indices: &mut dyn Iterator<Item = usize>) -> Vec<Step> {
    layers
        .iter()
        .zip(indices)
        .filter_map(|(layer, index)| {
            let map = match layer {
                Layer::GroupConvolution { filter, init } => {
                    Map::Linear(*init, Some(filter.clone()))
                }
                Layer::Lifting { init, .. } | Layer::Dense(init) => Map::Linear(*init, None),
                Layer::Activation(activation) => Map::Activation(activation.clone()),
                Layer::Normalisation => Map::Activation(Activation::Normalisation),
                Layer::Aggregation(aggregation) => {
                    Map::Aggregation(Filter::Neighbours(*aggregation))
                }
                Layer::JumpingKnowledge { blocks } => {
                    let block = |layers: &Vec<Layer>| steps(layers, &mut std::iter::repeat(index));
                    Map::Jumping(blocks.iter().map(block).collect())
                }
                // Layers of a branch are named by the sum that they belong to.
                Layer::Residual { branch, shortcut } => {
                    let branch_steps = |layers| steps(layers, &mut std::iter::repeat(index));
                    Map::Sum([branch_steps(branch), branch_steps(shortcut)])
                }
                Layer::GroupPooling
                | Layer::PartialPooling
                | Layer::Flatten
                | Layer::NodePooling(_) => return None,
            };
            Some(Step { layer: index, map })
        })
        .collect()
}
