//! The checks of layers of networks on molecules.

use super::check::check_residual;
use super::check_state::{Features, State};
use super::check_values::{check_activation, check_init, check_message, layer_error};
use super::types::{InputSpace, Layer};
use crate::Result;

/// The layers that there are on molecules.
const LAYERS: &str = "use `message`, `activation`, `dense`, `normalisation`, `residual`, `group-pooling`, `node-sum` and `node-mean`";

/// Checks one layer after others, and returns the kind of features after it.
///
/// Features are functions on atoms and rotations ([`Features::OverGroup`]) up to the group pooling, functions on atoms
/// ([`Features::OverNodes`]) up to the pooling of atoms, and then vectors.
pub(super) fn check_on_molecule<'a>(
    input: &InputSpace,
    index: usize,
    layer: &Layer,
    before: State<'a>,
) -> Result<State<'a>> {
    let wrong = |problem: &str, change: &str| Err(layer_error(index, problem, change));
    let kind = layer.kind();
    let mut after = before;
    match (layer, before.features) {
        (
            Layer::Lifting { .. }
            | Layer::GroupConvolution { .. }
            | Layer::AveragePooling(_)
            | Layer::PartialPooling
            | Layer::Flatten
            | Layer::Aggregation(_)
            | Layer::JumpingKnowledge { .. },
            _,
        ) => return wrong(&format!("a `{kind}` in a network on molecules"), LAYERS),
        (Layer::Message { message, init }, Features::Input | Features::OverGroup) => {
            check_init(index, init)?;
            check_message(index, message)?;
            after.features = Features::OverGroup;
            after.activated = false;
        }
        (_, Features::Input) => {
            return wrong(
                &format!("the network starts with `{kind}`"),
                "put a `message` layer before it",
            );
        }
        (Layer::Message { .. }, _) => {
            return wrong(
                "a `message` after the pooling, where no directions are left",
                "move it before `group-pooling`",
            );
        }
        (Layer::GroupPooling, Features::OverGroup) => after.features = Features::OverNodes,
        (Layer::GroupPooling, _) => return wrong("a second `group-pooling`", "remove it"),
        (Layer::NodePooling(_), Features::OverNodes) => after.features = Features::Vector,
        (Layer::NodePooling(_), Features::OverGroup) => {
            return wrong(
                &format!("a `{kind}` of features that depend on a rotation"),
                "put a `group-pooling` layer before it",
            );
        }
        (Layer::NodePooling(_), _) => {
            return wrong(&format!("a second readout, `{kind}`"), "remove it");
        }
        (Layer::Activation(_), _) if before.activated => {
            return wrong(
                "two activations in a row",
                match before.features {
                    Features::OverGroup => "put a `message` or `dense` layer between them",
                    _ => "put a `dense` layer between them",
                },
            );
        }
        (Layer::Activation(activation), _) => {
            check_activation(index, activation)?;
            after.activated = true;
        }
        (Layer::Dense(init), _) => {
            check_init(index, init)?;
            after.activated = false;
        }
        // Features stay Gaussian, or not.
        (Layer::Normalisation, _) => {}
        (Layer::Residual { branch, shortcut }, _) => {
            after = check_residual(input, index, branch, shortcut, before)?;
        }
    }
    Ok(after)
}
