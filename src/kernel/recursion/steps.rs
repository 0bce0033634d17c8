//! The steps of the recursion: what each layer does to both kernels.

use crate::activation::Activation;
use crate::activation::Real;
use crate::error::number;
use crate::network::{Filter, Init, Layer, Message};
use crate::{Error, Result};

use super::place::{Fibres, Place};
use super::value::Value;

/// One step of the recursion.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// Index of the layer in the network, for messages.
    pub(super) layer: usize,
    pub(super) map: Map,
}

/// The action of a layer on the kernels.
#[derive(Debug, Clone)]
pub(super) enum Map {
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

/// Carries both kernels through `steps`.
///
/// A residual sum runs both branches from copies of the kernels, and adds the results.
pub(super) fn run<V: Value, P: Place<V>>(
    steps: &[Step],
    place: &mut P,
    fibres: &mut Fibres<V>,
) -> Result<()> {
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
pub(super) fn run_own<T: Real, P: Place<T>>(
    steps: &[Step],
    place: &mut P,
    fibres: &mut Fibres<T>,
) -> Result<()> {
    for step in steps {
        let before = largest(&fibres.nngp);
        run(std::slice::from_ref(step), place, fibres)?;
        // A user's activation function may be zero everywhere: a kernel of zeros is then valid.
        let may_vanish = match &step.map {
            Map::Activation(Activation::Elementwise(_)) => true,
            // So is the message to atoms without neighbours.
            map => has_messages(map),
        };
        if !(may_vanish && largest(&fibres.nngp) == T::zero()) {
            check_range(before, fibres, step.layer)?;
        }
    }
    Ok(())
}

/// Whether a map is a message, or a sum with one.
fn has_messages(map: &Map) -> bool {
    match map {
        Map::Aggregation(filter) => matches!(filter, Filter::Message(_)),
        Map::Sum(branches) => branches
            .iter()
            .flatten()
            .any(|step| has_messages(&step.map)),
        _ => false,
    }
}

/// The largest of zero and some values; NaN counts as larger than all numbers.
pub(super) fn largest<T: Real>(values: &[T]) -> T {
    // Eight at a time without branches: a chain of comparisons would wait for each.
    let (chunks, rest) = values.as_chunks::<8>();
    let mut found = [T::zero(); 8];
    let mut bad = false;
    for chunk in chunks {
        for (found, &value) in found.iter_mut().zip(chunk) {
            *found = if value > *found { value } else { *found };
            bad |= value.is_nan();
        }
    }
    if bad || rest.iter().any(|value| value.is_nan()) {
        return T::nan();
    }
    let all = found.iter().chain(rest);
    all.fold(T::zero(), |largest, &value| largest.max(value))
}

/// Refuses kernels that are not finite, and kernels whose largest value fell below the normal numbers in this step.
pub(super) fn check_range<T: Real>(before: T, fibres: &Fibres<T>, layer: usize) -> Result<()> {
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
pub(super) fn linear<V: Value>(init: Init, nngp: &mut [V], ntk: &mut [V], first: bool) {
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
pub(super) fn add<V: Value>(terms: &[V], sums: &mut [V]) {
    assert_eq!(terms.len(), sums.len(), "branches know the same points");
    for (sum, term) in sums.iter_mut().zip(terms) {
        *sum = sum.plus(term);
    }
}

/// The steps of consecutive layers, which come with their numbers in the network; readouts have no step.
pub(super) fn steps<'a>(layers: &mut dyn Iterator<Item = (usize, &'a Layer)>) -> Vec<Step> {
    layers
        .flat_map(|(index, layer)| {
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
                    let block = |layers: &'a Vec<Layer>| steps(&mut numbered(index, layers));
                    Map::Jumping(blocks.iter().map(block).collect())
                }
                Layer::Residual { branch, shortcut } => {
                    let branches = [branch, shortcut];
                    Map::Sum(branches.map(|layers| steps(&mut numbered(index, layers))))
                }
                Layer::AveragePooling(_) => unreachable!("a pooling ends a stage"),
                Layer::Message { message, init } => {
                    let mut steps = sums_over_neighbours(index, message);
                    let map = Map::Linear(*init, None);
                    steps.push(Step { layer: index, map });
                    return steps;
                }
                // On molecules, the only space with steps after it, the mean over the group at each pair of atoms.
                Layer::GroupPooling => Map::Aggregation(Filter::Global),
                Layer::PartialPooling | Layer::Flatten | Layer::NodePooling(_) => {
                    return Vec::new();
                }
            };
            vec![Step { layer: index, map }]
        })
        .collect()
}

/// The steps of a message before its weights.
pub(super) fn sums_over_neighbours(layer: usize, message: &Message) -> Vec<Step> {
    let sum = |message: &Message| Step {
        layer,
        map: Map::Aggregation(Filter::Message(message.clone())),
    };
    if !message.normalise {
        return vec![sum(message)];
    }
    // The neighbours, divided by their root mean square, and the share of the atom itself.
    let [neighbours, own] = message.parts();
    let divided = Step {
        layer,
        map: Map::Activation(Activation::Normalisation),
    };
    let branches = [vec![sum(&neighbours), divided], vec![sum(&own)]];
    vec![Step {
        layer,
        map: Map::Sum(branches),
    }]
}

/// The layers inside of a layer: errors name them by the layer that they belong to.
fn numbered(index: usize, layers: &[Layer]) -> impl Iterator<Item = (usize, &Layer)> {
    layers.iter().map(move |layer| (index, layer))
}

/// Number of activations in steps, those of branches too.
pub(super) fn count_activations(steps: &[Step]) -> usize {
    let count = |step: &Step| match &step.map {
        Map::Activation(_) => 1,
        Map::Sum(branches) => branches
            .iter()
            .map(|branch| count_activations(branch))
            .sum(),
        Map::Jumping(blocks) => blocks.iter().map(|block| count_activations(block)).sum(),
        Map::Linear(..) | Map::Aggregation(_) => 0,
    };
    steps.iter().map(count).sum()
}
