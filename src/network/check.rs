//! Checks that a list of layers is a network, with errors that name the layer to add or change.

use super::check_filter::{check_filter, check_group};
use super::check_molecule::check_on_molecule;
use super::check_plane::{check_windows, same_edges};
use super::check_state::{Features, State};
use super::check_values::{
    check_activation, check_aggregation, check_init, check_input, check_quadrature, layer_error,
    network_error,
};
use super::types::{GroupName, InputSpace, Layer, Quadrature};
use super::{NodePooling, Outputs};
use crate::Result;

/// Checks a network as a whole.
pub(super) fn check(
    input: &InputSpace,
    quadrature: &Quadrature,
    layers: &[Layer],
    outputs: &Outputs,
) -> Result<()> {
    check_input(input)?;
    check_quadrature(input, quadrature)?;
    if layers.is_empty() {
        return Err(network_error(
            "no layers",
            match input {
                InputSpace::Vector { .. } => "add a `dense` layer",
                InputSpace::Graph { .. } => {
                    "add an `aggregation`, a `dense` and a `node-sum` layer"
                }
                InputSpace::Molecule { .. } => {
                    "add a `message`, an `activation`, a `group-pooling` and a `node-sum` layer"
                }
                _ => "add a `lifting`, an `activation` and a `group-pooling` layer",
            },
        ));
    }
    let state = check_layers(input, layers, State::new(input, layers))?;
    check_outputs(input, state.features, outputs)
}

/// Checks all layers from a state before the first one.
pub(super) fn check_layers<'a>(
    input: &InputSpace,
    layers: &[Layer],
    mut state: State<'a>,
) -> Result<State<'a>> {
    for (index, layer) in layers.iter().enumerate() {
        state = check_layer(input, index, layer, state)?;
        check_follower(index, layer, layers.get(index + 1))?;
        if matches!(layer, Layer::Flatten)
            && let Some(next) = layers.get(index + 1)
            && !matches!(next, Layer::Dense(_))
        {
            return Err(layer_error(
                index + 1,
                &format!("a `{}` directly after `flatten`", next.kind()),
                "put a `dense` layer between them",
            ));
        }
    }
    Ok(state)
}

/// Checks that what the last layer hands on can be read as stated.
fn check_outputs(input: &InputSpace, features: Features, outputs: &Outputs) -> Result<()> {
    let wrong = |problem: &str, change: &str| Err(network_error(problem, change));
    let sphere = matches!(input, InputSpace::Sphere { .. });
    let molecule = matches!(input, InputSpace::Molecule { .. });
    match (features, outputs) {
        (Features::OverGroup, Outputs::Nodes) if molecule => Ok(()),
        (Features::OverGroup, Outputs::Pooled) if molecule => wrong(
            "the outputs are functions on the atoms and on the group, a kernel needs numbers",
            "add a `group-pooling` and a `node-sum` layer, or outputs at the nodes",
        ),
        (Features::OverNodes, Outputs::Nodes) => Ok(()),
        (Features::OverNodes, _) => wrong(
            "the outputs are functions on the nodes, a kernel of graphs needs numbers",
            "add a `node-sum` or a `node-mean` layer, or outputs at the nodes",
        ),
        (_, Outputs::Nodes) => wrong(
            "outputs at the nodes of features that are not on the nodes of a graph",
            "remove the outputs, or the pooling of nodes",
        ),
        (_, Outputs::Rotations(_) | Outputs::Points(_)) if !sphere => wrong(
            "outputs at given places, which are for signals on the sphere",
            "remove the outputs",
        ),
        (Features::OverGroup, Outputs::Rotations(_))
        | (Features::OverSphere, Outputs::Points(_)) => outputs.validate(),
        (Features::OverGroup, Outputs::Pooled) => wrong(
            "the outputs are functions on the group, a kernel needs numbers",
            match input {
                InputSpace::Plane { .. } => "add a `group-pooling` or a `flatten` layer",
                InputSpace::Sphere { .. } => {
                    "add a `group-pooling` layer, or outputs at given rotations"
                }
                _ => "add a `group-pooling` layer",
            },
        ),
        (Features::OverSphere, Outputs::Pooled) => wrong(
            "the outputs are functions on the sphere, a kernel needs numbers",
            "add a `group-pooling` layer, or outputs at given points",
        ),
        (Features::OverGroup, Outputs::Points(_)) => wrong(
            "outputs at points of the sphere of features that are functions on the group",
            "add a `partial-pooling` layer, or give rotations",
        ),
        (Features::OverSphere, Outputs::Rotations(_)) => wrong(
            "outputs at rotations of features that are functions on the sphere",
            "give points, or remove the `partial-pooling` layer",
        ),
        (Features::Vector | Features::Input, Outputs::Pooled) => Ok(()),
        (Features::Vector | Features::Input, _) => wrong(
            "outputs at given places of features that are pooled",
            "remove the outputs, or the `group-pooling` layer",
        ),
    }
}

/// Checks one layer after others, and returns the kind of features after it. Layers inside a branch are reported
/// under the number of the layer that holds the branch.
pub(super) fn check_layer<'a>(
    input: &InputSpace,
    index: usize,
    layer: &Layer,
    before: State<'a>,
) -> Result<State<'a>> {
    let vector = matches!(input, InputSpace::Vector { .. });
    let State {
        features,
        activated,
        ..
    } = before;
    let wrong = |problem: &str, change: &str| Err(layer_error(index, problem, change));
    if let InputSpace::Molecule { .. } = input {
        return check_on_molecule(input, index, layer, before);
    }
    let graph = matches!(input, InputSpace::Graph { .. });
    match (layer, features) {
        (Layer::Message { .. } | Layer::NodePooling(NodePooling::LabelSum), _) => {
            return wrong(
                &format!("a `{layer}` takes features over the atoms of a molecule"),
                "remove it, or use the space \"molecule\"",
            );
        }
        (Layer::Aggregation(_) | Layer::JumpingKnowledge { .. } | Layer::NodePooling(_), _)
            if !graph =>
        {
            return wrong(
                &format!(
                    "a `{}` takes features over the nodes of a graph",
                    layer.kind()
                ),
                "remove it, or use the space \"graph\"",
            );
        }
        (
            Layer::Lifting { .. }
            | Layer::GroupConvolution { .. }
            | Layer::GroupPooling
            | Layer::PartialPooling
            | Layer::Flatten,
            _,
        ) if graph => {
            return wrong(
                &format!("a `{}` of features over the nodes of a graph", layer.kind()),
                "use `aggregation`, `dense`, `activation`, `normalisation`, `node-sum` and `node-mean`",
            );
        }
        (
            Layer::Aggregation(_) | Layer::JumpingKnowledge { .. } | Layer::NodePooling(_),
            Features::Vector,
        ) => {
            return wrong(
                &format!("a `{}` after the pooling of nodes", layer.kind()),
                "move it before the pooling, or remove it",
            );
        }
        (Layer::Dense(_) | Layer::Aggregation(_), Features::Input) if graph => {}
        (Layer::Lifting { .. }, _) if vector => {
            return wrong(
                "a `lifting` takes signals on the sphere or the plane, the inputs are vectors",
                "use `dense`, or another `space`",
            );
        }
        (
            Layer::GroupConvolution { .. }
            | Layer::AveragePooling(_)
            | Layer::GroupPooling
            | Layer::PartialPooling
            | Layer::Flatten,
            _,
        ) if vector => {
            return wrong(
                &format!(
                    "a `{}` takes features over a group, the inputs are vectors",
                    layer.kind()
                ),
                "use `dense` and `activation` only, or another `space`",
            );
        }
        (Layer::Lifting { .. }, Features::OverGroup | Features::OverSphere | Features::Vector) => {
            return wrong(
                "a second `lifting`, but only the first layer lifts",
                "use `group-convolution` before pooling, `dense` after it",
            );
        }
        (Layer::Dense(_), Features::Input) if vector => {}
        (Layer::Lifting { .. }, Features::Input) => {}
        (_, Features::Input) => {
            return wrong(
                &format!("the network starts with `{}`", layer.kind()),
                if vector || graph {
                    "put a `dense` layer before it"
                } else {
                    "put a `lifting` layer before it"
                },
            );
        }
        (Layer::GroupConvolution { .. }, Features::Vector) => {
            return wrong(
                "a `group-convolution` after the pooling, where no group is left",
                "move it before `group-pooling`, or use `dense`",
            );
        }
        (Layer::GroupConvolution { .. }, Features::OverSphere) => {
            return wrong(
                "a `group-convolution` after `partial-pooling`, where features are functions on the sphere",
                "move it before `partial-pooling`, or use `dense`",
            );
        }
        (Layer::PartialPooling, Features::OverSphere) => {
            return wrong("a second `partial-pooling`", "remove it");
        }
        (Layer::PartialPooling, Features::Vector) => {
            return wrong(
                "a `partial-pooling` of features that are pooled already",
                "remove it",
            );
        }
        (Layer::GroupPooling | Layer::Flatten, Features::Vector) => {
            return wrong(
                &format!("a second readout, `{}`", layer.kind()),
                "remove it",
            );
        }
        (Layer::AveragePooling(_), _) if !matches!(input, InputSpace::Plane { .. }) => {
            return wrong(
                "an `average-pooling` outside the plane",
                "use `group-pooling`",
            );
        }
        (Layer::AveragePooling(_), Features::Vector) => {
            return wrong(
                "an `average-pooling` after the readout, where no pixels are left",
                "move it before `group-pooling` or `flatten`",
            );
        }
        (Layer::Flatten, _) if !matches!(input, InputSpace::Plane { .. }) => {
            return wrong("a `flatten` outside the plane", "use `group-pooling`");
        }
        (Layer::PartialPooling, _) if !matches!(input, InputSpace::Sphere { .. }) => {
            return wrong(
                "a `partial-pooling` outside the sphere",
                "use `group-pooling`",
            );
        }
        (Layer::Activation(_), _) if activated => {
            return wrong(
                "two activations in a row",
                if features == Features::OverGroup {
                    "put a `group-convolution` or `dense` layer between them"
                } else {
                    "put a `dense` layer between them"
                },
            );
        }
        _ => {}
    }
    let mut after = before;
    match layer {
        Layer::Lifting {
            group,
            filter,
            init,
        } => {
            check_init(index, init)?;
            check_group(input, index, *group)?;
            if let GroupName::Plane(group) = group {
                after.group = Some(*group);
            }
            check_filter(input, index, filter, true, &mut after)?;
            after.features = Features::OverGroup;
            after.activated = false;
        }
        Layer::GroupConvolution { filter, init } => {
            check_init(index, init)?;
            check_filter(input, index, filter, false, &mut after)?;
            after.activated = false;
        }
        Layer::Dense(init) => {
            check_init(index, init)?;
            after.activated = false;
            if vector {
                after.features = Features::Vector;
            } else if features == Features::Input {
                after.features = Features::OverNodes;
            }
        }
        Layer::Activation(activation) => {
            check_activation(index, activation)?;
            after.activated = true;
        }
        // The mean of activated features is still not Gaussian: `activated` stays.
        Layer::AveragePooling(pooling) => {
            check_windows(index, "window", pooling.slides(), &mut after)?;
        }
        Layer::PartialPooling => after.features = Features::OverSphere,
        Layer::GroupPooling => after.features = Features::Vector,
        Layer::Flatten => after.features = Features::Vector,
        // Neither changes whether features are Gaussian.
        Layer::Normalisation => {}
        Layer::Aggregation(aggregation) => check_aggregation(index, aggregation)?,
        Layer::NodePooling(_) => after.features = Features::Vector,
        Layer::Message { .. } => unreachable!("messages are checked with the layers of molecules"),
        Layer::JumpingKnowledge { blocks } => {
            after = check_blocks(input, index, blocks, before)?;
        }
        Layer::Residual { branch, shortcut } => {
            after = check_residual(input, index, branch, shortcut, before)?;
        }
    }
    Ok(after)
}

/// Checks that weights follow where a layer leaves several weight matrices to them.
fn check_follower(index: usize, layer: &Layer, next: Option<&Layer>) -> Result<()> {
    let needs = match layer {
        Layer::Aggregation(aggregation) if aggregation.separate => "weights per relation",
        Layer::JumpingKnowledge { .. } => "the features of several blocks",
        Layer::NodePooling(NodePooling::LabelSum) => "a sum per element",
        _ => return Ok(()),
    };
    match next {
        Some(Layer::Dense(_)) => Ok(()),
        _ => Err(layer_error(
            index,
            &format!("a `{}` with {needs}, but no weights after it", layer.kind()),
            "put a `dense` layer after it",
        )),
    }
}

/// Checks the blocks of a `jumping-knowledge` layer, which follow each other.
fn check_blocks<'a>(
    input: &InputSpace,
    index: usize,
    blocks: &[Vec<Layer>],
    before: State<'a>,
) -> Result<State<'a>> {
    let wrong = |problem: &str, change: &str| Err(layer_error(index, problem, change));
    if before.features != Features::OverNodes {
        return wrong(
            "a `jumping-knowledge` of features that are not over the nodes of a graph",
            "put a `dense` layer before it",
        );
    }
    if blocks.is_empty() || blocks.iter().any(Vec::is_empty) {
        return wrong(
            "a `jumping-knowledge` without layers in a block",
            "give each block at least one layer",
        );
    }
    let mut state = before;
    let layers: Vec<&Layer> = blocks.iter().flatten().collect();
    for (position, &layer) in layers.iter().enumerate() {
        if layer.is_readout() {
            return wrong(
                &format!("a `{}` inside a `jumping-knowledge`", layer.kind()),
                "move it after the `jumping-knowledge`",
            );
        }
        state = check_layer(input, index, layer, state)?;
        if !matches!(layer, Layer::JumpingKnowledge { .. }) {
            check_follower(index, layer, layers.get(position + 1).copied())?;
        }
    }
    Ok(State {
        activated: true,
        ..state
    })
}

pub(super) fn check_residual<'a>(
    input: &InputSpace,
    index: usize,
    branch: &[Layer],
    shortcut: &[Layer],
    before: State<'a>,
) -> Result<State<'a>> {
    let wrong = |problem: &str, change: &str| Err(layer_error(index, problem, change));
    // Only a shortcut may be the identity.
    let ends = [("branch", branch, false), ("shortcut", shortcut, true)];
    let mut states = [before; 2];
    for ((name, layers, optional), state) in ends.into_iter().zip(&mut states) {
        for layer in layers {
            if matches!(
                layer,
                Layer::GroupPooling
                    | Layer::PartialPooling
                    | Layer::Flatten
                    | Layer::NodePooling(_)
                    | Layer::JumpingKnowledge { .. }
            ) {
                return wrong(
                    &format!("a `{}` inside a `residual`", layer.kind()),
                    "move it after the `residual`",
                );
            }
            *state = check_layer(input, index, layer, *state)?;
        }
        for pair in layers.windows(2) {
            check_follower(index, &pair[0], Some(&pair[1]))?;
        }
        // A pooling keeps branches with weights independent, and a shortcut of poolings alone is as good as the identity.
        let last = layers
            .iter()
            .rfind(|layer| !matches!(layer, Layer::AveragePooling(_)));
        let weights = matches!(
            last,
            Some(Layer::GroupConvolution { .. } | Layer::Dense(_) | Layer::Message { .. })
        );
        let identity = optional && last.is_none();
        if !(weights || identity) {
            return wrong(
                &format!("the {name} of a `residual` does not end in a layer with weights"),
                "end it in `group-convolution` or `dense`: only then are the branches independent",
            );
        }
    }
    let [a, b] = states;
    if a.size != b.size {
        return wrong(
            &format!(
                "the branches of a `residual` end with {} × {} and {} × {} pixels",
                a.size[0], a.size[1], b.size[0], b.size[1]
            ),
            "use padding \"same\" or \"circular\" in them",
        );
    }
    same_edges(index, &a, &b)?;
    Ok(State {
        activated: b.activated,
        periodic: a.periodic.or(b.periodic),
        joined: a.joined && b.joined,
        ..a
    })
}
