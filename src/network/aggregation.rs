//! Sums of features over the neighbours of a node.

use std::fmt;
use std::str::FromStr;

use crate::{Error, Result};

/// How the weights of the edges at a node are scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum EdgeScaling {
    /// Weights as they are: the sum over neighbours.
    #[default]
    Sum,
    /// $`w_{ik} / d_i`$ with $`d_i = \sum_k w_{ik}`$: the mean over neighbours.
    Mean,
    /// $`w_{ik} / \sqrt{d_i d_k}`$
    Symmetric,
}

impl fmt::Display for EdgeScaling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            EdgeScaling::Sum => "sum",
            EdgeScaling::Mean => "mean",
            EdgeScaling::Symmetric => "symmetric",
        })
    }
}

impl FromStr for EdgeScaling {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        [EdgeScaling::Sum, EdgeScaling::Mean, EdgeScaling::Symmetric]
            .into_iter()
            .find(|scaling| scaling.to_string() == text)
            .ok_or_else(|| {
                Error::invalid(
                    "normalisation",
                    format!("{text:?}"),
                    "one of \"sum\", \"mean\", \"symmetric\"",
                )
            })
    }
}

/// The sum of the features of the neighbours of each node, the layer `aggregation` on graphs.
///
/// ```math
/// \varphi_i \leftarrow \sum_k A_{ik} \varphi_k \quad\text{(shared)}, \qquad
/// \varphi_i \leftarrow \sum_a W_a \sum_k A^a_{ik} \varphi_k + W_0\, s\, \varphi_i \quad\text{(one weight matrix per relation)}
/// ```
/// The layer itself has no parameters: with shared weights they stand in a `dense` layer before or after it, and with one weight matrix per
/// relation in the `dense` layer that must follow. The matrices are $`A = \sum_a w^a + s \cdot 1`$ and $`A^a = w^a`$, with the weights w of the edges
/// scaled by [`EdgeScaling`] after the self loops were added.
///
/// # Examples
/// ```
/// use haarmonic::network::{Aggregation, EdgeScaling};
/// // The graph convolution of Kipf and Welling, and the sum of GIN with ε = 0.3.
/// let gcn = Aggregation::new().scaling(EdgeScaling::Symmetric).self_loops(1.0);
/// let gin = Aggregation::new().self_loops(1.3);
/// assert_ne!(gcn, gin);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Aggregation {
    /// How the weights of edges are scaled.
    pub scaling: EdgeScaling,
    /// The weight s of a node in its own sum.
    pub self_loops: f64,
    /// Whether each relation, and the node itself, has its own weight matrix.
    pub separate: bool,
}

impl Aggregation {
    /// Makes the plain sum over neighbours, without self loops, with weights that all relations share.
    pub fn new() -> Self {
        Aggregation::default()
    }

    /// Sets how the weights of edges are scaled.
    pub fn scaling(mut self, scaling: EdgeScaling) -> Self {
        self.scaling = scaling;
        self
    }

    /// Sets the weight of a node in its own sum, zero or positive.
    pub fn self_loops(mut self, weight: f64) -> Self {
        self.self_loops = weight;
        self
    }

    /// Gives each relation, and the node itself, its own weight matrix.
    pub fn separate(mut self) -> Self {
        self.separate = true;
        self
    }
}

impl fmt::Display for Aggregation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "aggregation {}", self.scaling)?;
        if self.self_loops != 0.0 {
            write!(f, ", self loops {}", self.self_loops)?;
        }
        if self.separate {
            f.write_str(", weights per relation")?;
        }
        Ok(())
    }
}

/// The readout of features over the nodes of a graph, or over the atoms of a molecule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum NodePooling {
    /// The sum over the nodes.
    Sum,
    /// On molecules: the sums over the atoms of each element, side by side. The kernel is the sum over the pairs of atoms of one element.
    LabelSum,
    /// The mean over the nodes.
    Mean,
}
