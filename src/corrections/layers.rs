//! The layers of a network as steps of the recursion of corrections.

use std::sync::Arc;

use crate::activation::joint::Joint;
use crate::group::FiniteAction;
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

/// The largest order of a finite group with global filters: a pair of signals takes the third power of it.
pub(super) const LARGEST_GROUP: usize = 256;

/// The largest number of elements for an activation whose expectations at four samples take milliseconds.
const LARGEST_WITHOUT_FORM: usize = 32;

/// The layers of a network for which corrections of order 1/n are known here.
#[derive(Debug, Clone)]
pub(super) struct Steps {
    /// The first layer, which fluctuates at no width.
    pub(super) first: (Init, Filter),
    pub(super) steps: Vec<Step>,
    /// The number of hidden layers: layers with weights but the last one.
    pub(super) hidden: usize,
    /// Whether all filters are global and one mean over the group stands between an activation and a dense layer.
    pub(super) is_global: bool,
    /// Whether the features are over SO(3).
    pub(super) on_sphere: bool,
    /// The group and the points on which it acts, for features over a finite group.
    pub(super) action: Option<Arc<FiniteAction>>,
}

impl Steps {
    /// Reads the layers of a network.
    ///
    /// # Errors
    /// [`Error::InvalidNetwork`] for a layer whose corrections are not known here, [`Error::InvalidValue`] for such an activation.
    pub(super) fn new(network: &Network) -> Result<Steps> {
        let (first, rest, group) = match network.layers() {
            [Layer::Dense(init), rest @ ..] => ((*init, Filter::Global), rest, None),
            [
                Layer::Lifting {
                    group,
                    filter,
                    init,
                },
                rest @ ..,
            ] => ((*init, filter.clone()), rest, Some(*group)),
            _ => return Err(uncovered(network, 0)),
        };
        let action = match (group, network.input()) {
            (Some(GroupName::Plane(group)), InputSpace::Plane { height, width, .. }) => {
                // Checked before the table of the group is made.
                if !all_global(network.layers()) {
                    return Err(local(network));
                }
                let order = height * width * group.order();
                if order > LARGEST_GROUP {
                    return Err(too_large(order));
                }
                Some(Arc::new(FiniteAction::torus(*height, *width, group)?))
            }
            (_, InputSpace::Finite { action, .. }) => Some(Arc::clone(action)),
            _ => None,
        };
        let on_sphere = group == Some(GroupName::So3);
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
                Layer::PartialPooling | Layer::AveragePooling(_) | Layer::Flatten
                    if group.is_some() =>
                {
                    return Err(uncovered(network, index));
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
        let is_global = group.is_some() && all_global(network.layers()) && is_pooled(&steps);
        let outputs_over_group = !steps.iter().any(|step| matches!(step, Step::Pool));
        let needs_global = matches!(group, Some(GroupName::So3 | GroupName::Plane(_)));
        if needs_global && !is_global {
            return Err(match all_global(network.layers()) && !outputs_over_group {
                true => uncovered(network, network.layers().len() - 1),
                false => local(network),
            });
        }
        Ok(Steps {
            first,
            steps,
            hidden,
            is_global,
            on_sphere,
            action,
        })
    }

    /// The number of steps up to the dense layer after the mean over the group, for global filters.
    fn over_group(&self) -> usize {
        let pool = self
            .steps
            .iter()
            .position(|step| matches!(step, Step::Pool));
        pool.map_or(self.steps.len(), |pool| pool + 2)
    }

    /// The layers up to the dense layer after the mean over the group, for global filters.
    pub(super) fn head(&self) -> Steps {
        let mut head = self.clone();
        head.steps.truncate(self.over_group());
        head
    }

    /// The steps after those of [`head`](Self::head).
    pub(super) fn tail(&self) -> &[Step] {
        &self.steps[self.over_group()..]
    }

    /// Checks that all activations have second derivatives.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] that names the activation.
    pub(super) fn check_smooth(&self) -> Result<()> {
        for step in &self.steps {
            if let Step::Activation { joint, layer, .. } = step
                && joint.is_bent()
            {
                let error = Error::invalid(
                    "activation",
                    "a function with a bend",
                    "a smooth function: the tangent kernel of this one moves by jumps of its slopes",
                );
                return Err(error.in_layer(*layer));
            }
        }
        Ok(())
    }

    /// Checks that four-point expectations of all activations are cheap enough for a number of pairs of elements.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] that names the activation.
    pub(super) fn check_closed(&self, elements: usize) -> Result<()> {
        for step in &self.steps {
            if let Step::Activation { joint, layer, .. } = step
                && !joint.is_closed()
                && elements > LARGEST_WITHOUT_FORM
            {
                let error = Error::invalid(
                    "group elements or quadrature nodes of a network at finite width",
                    elements,
                    format!(
                        "at most {LARGEST_WITHOUT_FORM} for an activation without closed form; erf, relu, leaky-relu and abs have one"
                    ),
                );
                return Err(error.in_layer(*layer));
            }
        }
        Ok(())
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

/// Whether every filter covers the whole group, and no layer acts on the features of one element alone.
fn all_global(layers: &[Layer]) -> bool {
    let over_group = layers
        .iter()
        .take_while(|layer| !matches!(layer, Layer::GroupPooling));
    let mut over_group = over_group.peekable();
    over_group.peek().is_some()
        && over_group.all(|layer| match layer {
            Layer::Lifting { filter, .. } | Layer::GroupConvolution { filter, .. } => {
                *filter == Filter::Global
            }
            Layer::Activation(_) => true,
            _ => false,
        })
}

/// Whether a mean over the group stands between an activation and a layer with weights, after which all layers are dense.
fn is_pooled(steps: &[Step]) -> bool {
    let mut parts = steps.split(|step| matches!(step, Step::Pool));
    let (Some([.., Step::Activation { .. }]), Some(after), None) =
        (parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    matches!(after, [Step::Linear(_, None), ..])
}

/// The refusal of a large group.
pub(super) fn too_large(order: usize) -> Error {
    Error::invalid(
        "order of the group",
        order,
        format!(
            "at most {LARGEST_GROUP}, for corrections of every pair of signals at finite width"
        ),
    )
}

/// The refusal of features that are not over a group.
fn uncovered(network: &Network, layer: usize) -> Error {
    Error::network(
        Some(layer),
        format!(
            "corrections at finite width of features over {}",
            space(network)
        ),
        "use a network on vectors, over a finite group, or with global filters and a pooling over the whole group after an activation",
    )
}

/// The refusal of local filters on large spaces.
fn local(network: &Network) -> Error {
    Error::network(
        None,
        format!(
            "corrections at finite width of local filters, or of dense layers before the pooling, over {}",
            space(network)
        ),
        "use global filters in the lifting and in all group convolutions, then an activation, a pooling and dense layers",
    )
}

fn space(network: &Network) -> &'static str {
    match network.input() {
        InputSpace::Sphere { .. } => "the sphere",
        InputSpace::Graph { .. } => "graphs",
        InputSpace::Molecule { .. } => "molecules",
        InputSpace::Plane { .. } => "the plane",
        InputSpace::Finite { .. } => "a finite group",
        InputSpace::Vector { .. } => "vectors",
    }
}
