//! The layers of a network as steps of the recursion of corrections.

use std::sync::Arc;

use crate::activation::joint::Joint;
use crate::network::{Filter, GroupName, Init, InputSpace, Layer, Network};
use crate::{Error, Result};

/// One step between the first layer and the outputs.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// An activation of channels of a finite width, or the identity between two linear layers.
    Activation {
        joint: Arc<Joint>,
        /// Which hidden layer made the channels.
        hidden: usize,
        /// The index of the layer in the network, for messages.
        layer: usize,
    },
    /// A layer with weights; with the filter of a convolution.
    Linear(Init, Option<Filter>),
    /// The mean over the group.
    Pool,
}

/// The layers of a network for which corrections of order 1/n are known here.
#[derive(Debug, Clone)]
pub(super) struct Steps {
    /// The first layer, which fluctuates at no width.
    pub(super) first: (Init, Filter),
    pub(super) steps: Vec<Step>,
    /// The number of hidden layers: layers with weights but the last one.
    pub(super) hidden: usize,
}

impl Steps {
    /// Reads the layers of a network.
    ///
    /// # Errors
    /// [`Error::InvalidNetwork`] for a layer whose corrections are not known here, [`Error::InvalidValue`] for such an activation.
    pub(super) fn new(network: &Network) -> Result<Steps> {
        let (first, rest) = match network.layers() {
            [Layer::Dense(init), rest @ ..] => ((*init, Filter::Global), rest),
            [
                Layer::Lifting {
                    group: GroupName::Finite,
                    filter,
                    init,
                },
                rest @ ..,
            ] => ((*init, filter.clone()), rest),
            _ => {
                let space = match network.input() {
                    InputSpace::Sphere { .. } => "the sphere",
                    InputSpace::Graph { .. } => "graphs",
                    InputSpace::Molecule { .. } => "molecules",
                    _ => "the plane",
                };
                return Err(Error::network(
                    Some(0),
                    format!("corrections at finite width of features over {space}"),
                    "use a network on vectors or over a finite group",
                ));
            }
        };
        let (mut steps, mut hidden, mut activated) = (Vec::new(), 0, false);
        for (index, layer) in (1..).zip(rest) {
            let mut linear = |init: Init, filter: Option<Filter>| {
                if !activated {
                    steps.push(Step::Activation {
                        joint: Arc::new(Joint::identity()),
                        hidden,
                        layer: index,
                    });
                }
                steps.push(Step::Linear(init, filter));
                hidden += 1;
                activated = false;
            };
            match layer {
                Layer::Dense(init) => linear(*init, None),
                Layer::GroupConvolution { filter, init } => linear(*init, Some(filter.clone())),
                Layer::GroupPooling => steps.push(Step::Pool),
                Layer::Activation(activation) => {
                    let joint = Joint::new(activation).map_err(|error| error.in_layer(index))?;
                    steps.push(Step::Activation {
                        joint: Arc::new(joint),
                        hidden,
                        layer: index,
                    });
                    activated = true;
                }
                _ => {
                    return Err(Error::network(
                        Some(index),
                        format!(
                            "corrections at finite width after a `{}` layer: its channels are not independent given the layers before",
                            layer.kind()
                        ),
                        "use a network of dense layers, group convolutions, activations and a group pooling",
                    ));
                }
            }
        }
        if activated {
            return Err(Error::network(
                None,
                "the last layer is an activation, so that the outputs are not Gaussian given the layers before",
                "add a `dense` layer",
            ));
        }
        Ok(Steps {
            first,
            steps,
            hidden,
        })
    }

    /// Checks that there is one width per hidden layer.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] for another number, [`Error::InvalidValue`] for a width of zero.
    pub(super) fn check(&self, widths: &[usize]) -> Result<()> {
        if widths.len() != self.hidden {
            return Err(Error::shape(
                "widths",
                format!("[{}], one width per hidden layer", self.hidden),
                vec![widths.len()],
            ));
        }
        match widths.iter().position(|&width| width == 0) {
            None => Ok(()),
            Some(layer) => Err(Error::invalid(
                format!("width of hidden layer {}", layer + 1),
                0,
                "at least 1",
            )),
        }
    }
}
