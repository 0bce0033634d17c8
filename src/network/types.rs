//! The parts a network is made of: where its inputs live, its layers, and how the mean over the
//! group is taken. Plain data; [`Network`](super::Network) is what has been checked.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::{Aggregation, AveragePooling, Filter, Message, NodePooling};
use crate::activation::Activation;
use crate::group::{FiniteAction, PointGroup};
use crate::sphere::Sampling;
use crate::{Error, Result};

/// Where the inputs of a network live, with the shape of one input.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq)]
pub enum InputSpace {
    /// Vectors, `[n, dimension]`: a multilayer perceptron.
    Vector {
        /// Number of entries of one input.
        dimension: usize,
    },
    /// Band-limited signals on the sphere, `[n, θ, φ, channels]` or coefficients.
    Sphere {
        /// Band limit `L`, exclusive: degrees `ℓ < L`.
        band_limit: usize,
        /// How a signal is stored.
        sampling: SphereSampling,
        /// Number of real signals that make up one input.
        channels: usize,
    },
    /// Images, `[n, height, width, channels]`.
    Plane {
        /// Number of rows of pixels.
        height: usize,
        /// Number of columns of pixels.
        width: usize,
        /// Number of values of one pixel.
        channels: usize,
    },
    /// Functions on a finite set on which a finite group acts, `[n, points, channels]`.
    Finite {
        /// The group and the set.
        action: Arc<FiniteAction>,
        /// Number of values at one point.
        channels: usize,
    },
    /// Graphs, [`Graph`](crate::graph::Graph): nodes with features, and weighted edges of one or several relations.
    Graph {
        /// Number of features of one node.
        channels: usize,
        /// Number of relations, the types of edges.
        relations: usize,
    },
    /// Molecules, [`Atoms`](crate::atoms::Atoms): elements and positions of atoms.
    Molecule {
        /// The atomic numbers that occur.
        elements: Arc<[u8]>,
        /// Whether the mean over the group includes reflections, so that mirror images are equal.
        improper: bool,
    },
}

/// How a signal on the sphere is stored: the argument of [`Network::sphere`](super::Network::sphere), where an example is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SphereSampling {
    /// Values on a grid, `[n, θ, φ, channels]`.
    Grid(Sampling),
    /// Complex coefficients of a real signal, `[n, channels, L, 2L−1]`, entry `[l, m + L − 1]`.
    Coefficients,
}

/// How the mean over the group is computed.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Quadrature {
    /// One Haar quadrature of the given band limit.
    BandLimit(usize),
    /// Quadratures of growing band limit, until the kernels change by less than this, relatively.
    Tolerance(f64),
}

/// The tolerance of a network that states neither a band limit nor a tolerance.
pub const DEFAULT_TOLERANCE: f64 = 1e-6;

impl Default for Quadrature {
    fn default() -> Self {
        Quadrature::Tolerance(DEFAULT_TOLERANCE)
    }
}

/// One layer of a network.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq)]
pub enum Layer {
    /// From a signal on the space to features over the group.
    Lifting {
        /// The group the features are functions on.
        group: GroupName,
        /// The part of the space the filter covers.
        filter: Filter,
        /// Standard deviations of weights and biases.
        init: Init,
    },
    /// From features over the group to features over the group.
    GroupConvolution {
        /// The part of the group the filter covers.
        filter: Filter,
        /// Standard deviations of weights and biases.
        init: Init,
    },
    /// A function applied to every feature.
    Activation(Activation),
    /// Means of the features over windows of pixels, on the plane.
    AveragePooling(AveragePooling),
    /// Mean of the features over their domain: the group or, after a partial
    /// pooling, the sphere.
    GroupPooling,
    /// Mean over the rotations about the filter's own axis, on the sphere: features over SO(3)
    /// become features over the sphere, $`\psi(x) = \frac{1}{2\pi} \int \varphi(g_x R_z(\gamma)) \, d\gamma`$ for any
    /// rotation $`g_x`$ that takes the north pole to x.
    PartialPooling,
    /// All features side by side, in one vector; on the plane.
    Flatten,
    /// The sum of two independent branches.
    Residual {
        /// Ends in a layer with weights.
        branch: Vec<Layer>,
        /// Empty for the identity; otherwise it ends in a layer with weights, too.
        shortcut: Vec<Layer>,
    },
    /// Fully connected in the channels; over the group or over the nodes of a graph, one map for all of them.
    Dense(Init),
    /// The division of features by their root mean square over the channels, at each place by itself.
    Normalisation,
    /// The sum over the neighbours of each node of a graph.
    Aggregation(Aggregation),
    /// On graphs: blocks one after the other, whose features stand side by side at the end.
    JumpingKnowledge {
        /// The blocks, each with at least one layer.
        blocks: Vec<Vec<Layer>>,
    },
    /// The sum or mean of the features over the nodes of a graph, or over the atoms of a molecule.
    NodePooling(NodePooling),
    /// The sum over the neighbours of each atom of a molecule, equivariant under rotations.
    Message {
        /// The filter.
        message: Message,
        /// Standard deviations of weights and biases.
        init: Init,
    },
}

impl Layer {
    /// Whether features over the group end here.
    pub(crate) fn is_readout(&self) -> bool {
        matches!(
            self,
            Layer::GroupPooling | Layer::PartialPooling | Layer::Flatten | Layer::NodePooling(_)
        )
    }

    /// Visits all layers, those of branches too.
    pub(crate) fn visit_all<'a>(layers: &'a [Layer], visit: &mut impl FnMut(&'a Layer)) {
        for layer in layers {
            visit(layer);
            if let Layer::Residual { branch, shortcut } = layer {
                Layer::visit_all(branch, visit);
                Layer::visit_all(shortcut, visit);
            }
            if let Layer::JumpingKnowledge { blocks } = layer {
                for block in blocks {
                    Layer::visit_all(block, visit);
                }
            }
        }
    }

    /// Returns the word for this layer in a network file.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::network::{Layer, Init};
    /// assert_eq!(Layer::Dense(Init::default()).kind(), "dense");
    /// ```
    pub fn kind(&self) -> &'static str {
        match self {
            Layer::Lifting { .. } => "lifting",
            Layer::GroupConvolution { .. } => "group-convolution",
            Layer::Activation(_) => "activation",
            Layer::AveragePooling(_) => "average-pooling",
            Layer::GroupPooling => "group-pooling",
            Layer::PartialPooling => "partial-pooling",
            Layer::Flatten => "flatten",
            Layer::Residual { .. } => "residual",
            Layer::Dense(_) => "dense",
            Layer::Normalisation => "normalisation",
            Layer::Aggregation(_) => "aggregation",
            Layer::JumpingKnowledge { .. } => "jumping-knowledge",
            Layer::NodePooling(NodePooling::Sum | NodePooling::LabelSum) => "node-sum",
            Layer::Message { .. } => "message",
            Layer::NodePooling(NodePooling::Mean) => "node-mean",
        }
    }
}

fn write_branch(f: &mut fmt::Formatter<'_>, layers: &[Layer]) -> fmt::Result {
    for (index, layer) in layers.iter().enumerate() {
        write!(f, "{}{layer}", if index == 0 { "" } else { " → " })?;
    }
    if layers.is_empty() {
        f.write_str("identity")?;
    }
    Ok(())
}

/// A few words, for messages and logs.
impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Layer::Lifting {
                group,
                filter,
                init,
            } => write!(f, "lifting to {group}{filter} {init}"),
            Layer::GroupConvolution { filter, init } => {
                write!(f, "group-convolution{filter} {init}")
            }
            Layer::Dense(init) => write!(f, "dense {init}"),
            Layer::Activation(activation) => write!(f, "{activation}"),
            Layer::AveragePooling(pooling) => write!(f, "average-pooling{pooling}"),
            Layer::GroupPooling | Layer::PartialPooling | Layer::Flatten | Layer::Normalisation => {
                f.write_str(self.kind())
            }
            Layer::NodePooling(pooling) => {
                f.write_str(self.kind())?;
                match pooling {
                    NodePooling::LabelSum => f.write_str(" of each element"),
                    NodePooling::Sum | NodePooling::Mean => Ok(()),
                }
            }
            Layer::Message { message, init } => write!(f, "{message} {init}"),
            Layer::Aggregation(aggregation) => write!(f, "{aggregation}"),
            Layer::JumpingKnowledge { blocks } => {
                f.write_str("jumping-knowledge [")?;
                for (index, block) in blocks.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { " | " })?;
                    write_branch(f, block)?;
                }
                f.write_str("]")
            }
            Layer::Residual { branch, shortcut } => {
                f.write_str("residual [")?;
                write_branch(f, branch)?;
                f.write_str(" | ")?;
                write_branch(f, shortcut)?;
                f.write_str("]")
            }
        }
    }
}

/// The initialisation of a layer: weight and bias standard deviations in the NTK parametrisation.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Init {
    /// σw; positive.
    pub weight_std: f64,
    /// σb; zero means no bias.
    pub bias_std: f64,
}

impl Init {
    /// Makes the initialisation of a layer from its weight and bias standard deviations.
    ///
    /// # Arguments
    /// * `weight_std` — σw, positive
    /// * `bias_std` — σb, zero or positive
    ///
    /// The values are checked when the network is built.
    pub fn new(weight_std: f64, bias_std: f64) -> Self {
        Init {
            weight_std,
            bias_std,
        }
    }
}

impl Default for Init {
    /// σw = 1, σb = 0.
    fn default() -> Self {
        Init::new(1.0, 0.0)
    }
}

impl fmt::Display for Init {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(σw {}, σb {})", self.weight_std, self.bias_std)
    }
}

/// The group a lifting layer lifts to.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupName {
    /// Rotations of three-dimensional space, acting on the sphere.
    So3,
    /// Translations of the plane by pixels together with a point group.
    Plane(PointGroup),
    /// The finite group that acts on the inputs' finite set.
    Finite,
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GroupName::So3 => f.write_str("SO3"),
            GroupName::Plane(group) => write!(f, "{group}"),
            GroupName::Finite => f.write_str("finite"),
        }
    }
}

impl FromStr for GroupName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "SO3" => Ok(GroupName::So3),
            "finite" => Ok(GroupName::Finite),
            _ => text.parse().map(GroupName::Plane).map_err(|_| {
                Error::invalid(
                    "group",
                    format!("{text:?}"),
                    "\"SO3\" on the sphere, one of \"C1\", \"C2\", \"C4\", \"D1\", \
                               \"D2\", \"D4\" on the plane",
                )
            }),
        }
    }
}

impl fmt::Display for SphereSampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SphereSampling::Grid(sampling) => write!(f, "{sampling}"),
            SphereSampling::Coefficients => f.write_str("coefficients"),
        }
    }
}

impl FromStr for SphereSampling {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text == "coefficients" {
            return Ok(SphereSampling::Coefficients);
        }
        match text.parse() {
            Ok(sampling) => Ok(SphereSampling::Grid(sampling)),
            Err(_) => Err(Error::invalid(
                "sampling",
                format!("{text:?}"),
                "one of \"driscoll-healy\", \"gauss-legendre\", \"mcewen-wiaux\", \
                           \"clenshaw-curtis\", \"coefficients\"",
            )),
        }
    }
}
