//! The block of layers that a deep network repeats.

use super::fixed_points::{Phases, phases};
use crate::activation::Activation;
use crate::network::{Filter, Init, Layer, Network};
use crate::{Error, Result, check};

/// A block that a deep network repeats: an activation, then a layer with weights.
#[derive(Debug, Clone, PartialEq)]
pub struct RepeatedBlock {
    /// The activation.
    pub activation: Activation,
    /// σw and σb of the layer after it.
    pub init: Init,
    /// Whether the block is added to its input.
    pub residual: bool,
    /// The filter of the layer after the activation; global for dense layers.
    pub filter: Filter,
}

impl RepeatedBlock {
    /// Makes a block of an activation and a layer that covers all, without a shortcut.
    pub fn new(activation: Activation, init: Init) -> Self {
        RepeatedBlock {
            activation,
            init,
            residual: false,
            filter: Filter::Global,
        }
    }

    /// Adds the block to its input: x + dense(σ(x)).
    pub fn with_shortcut(mut self) -> Self {
        self.residual = true;
        self
    }

    /// Finds the block that a network repeats.
    ///
    /// Blocks are the activations with the layers between them and the next activation. A network with one activation repeats
    /// that with the layer after it. Pooling and flattening end the search; the first layer and the layers after the last activation may
    /// have other initialisations. A residual layer is a block if its branch is an activation and a layer with weights, and its
    /// shortcut is empty.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a network without an activation or with blocks that differ.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::network::{Init, Network};
    /// use haarmonic::spectral::RepeatedBlock;
    /// let init = Init::new(1.3, 0.2);
    /// let network = Network::vector(5)
    ///     .dense(Init::default()).activation(Activation::Erf)
    ///     .dense(init).activation(Activation::Erf)
    ///     .dense(init).activation(Activation::Erf)
    ///     .dense(Init::default()).build()?;
    /// assert_eq!(RepeatedBlock::of_network(&network)?, RepeatedBlock::new(Activation::Erf, init));
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn of_network(network: &Network) -> Result<Self> {
        let (mut blocks, mut last) = (Vec::new(), None);
        let mut layers = network.layers().iter().enumerate().peekable();
        while let Some((number, layer)) = layers.next() {
            match layer {
                Layer::Activation(activation) => {
                    let next = layers.peek().and_then(|(_, layer)| weights(layer));
                    let Some((filter, init)) = next else { break };
                    layers.next();
                    let block = RepeatedBlock {
                        activation: activation.clone(),
                        init,
                        residual: false,
                        filter,
                    };
                    match layers.peek() {
                        Some((_, Layer::Activation(_) | Layer::Residual { .. })) => {
                            blocks.push((number, block));
                        }
                        _ => last = Some((number, block)),
                    }
                }
                Layer::Residual { branch, shortcut } => {
                    let block = match &branch[..] {
                        [Layer::Activation(activation), layer] if shortcut.is_empty() => {
                            weights(layer).map(|(filter, init)| RepeatedBlock {
                                activation: activation.clone(),
                                init,
                                residual: true,
                                filter,
                            })
                        }
                        _ => None,
                    };
                    let block = block.ok_or_else(|| {
                        Error::invalid(
                            format!("layer {number} of a network with a phase"),
                            format!("{layer}"),
                            "a residual layer of an activation and a layer with weights, without layers in its shortcut",
                        )
                    })?;
                    blocks.push((number, block));
                }
                Layer::AveragePooling(_)
                | Layer::GroupPooling
                | Layer::PartialPooling
                | Layer::Flatten => break,
                Layer::Normalisation | Layer::Aggregation(_) | Layer::JumpingKnowledge { .. } => {
                    return Err(Error::invalid(
                        format!("layer {number} of a network with a phase"),
                        format!("{layer}"),
                        "activations, layers with weights and residual layers",
                    ));
                }
                _ => {}
            }
        }
        // A single residual block or activation, and what follows it, is the whole network.
        if blocks.is_empty() {
            blocks.extend(last);
        }
        let Some((first, block)) = blocks.first() else {
            return Err(Error::invalid(
                "network with a phase",
                "no activation with a layer with weights after it",
                "a block of an activation and a layer with weights",
            ));
        };
        match blocks.iter().find(|(_, other)| other != block) {
            None => Ok(block.clone()),
            Some((number, other)) => Err(Error::invalid(
                format!("block from layer {number} on"),
                format!("{other}"),
                format!("{block}, as from layer {first} on: a phase is of one repeated block"),
            )),
        }
    }

    /// Returns all fixed points and phases of the block without its shortcut; see [`phases`].
    ///
    /// # Errors
    /// As [`phases`], and [`Error::InvalidValue`] for a residual block: its variances grow without bound, and
    /// [`at_depths`](Self::at_depths) shows what becomes of its kernels.
    pub fn phases(&self) -> Result<Phases> {
        match self.residual {
            false => phases(&self.activation, self.init),
            true => Err(Error::invalid(
                "block with a phase",
                "a residual block",
                "a block without a shortcut: variances of residual networks have no fixed point",
            )),
        }
    }

    /// σw² and σb².
    pub(super) fn squares(&self) -> Result<[f64; 2]> {
        check::positive("weight standard deviation", self.init.weight_std)?;
        check::not_negative("bias standard deviation", self.init.bias_std)?;
        Ok([self.init.weight_std, self.init.bias_std].map(|std| std * std))
    }
}

/// An activation and a layer, in a few words.
impl std::fmt::Display for RepeatedBlock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let residual = if self.residual { "residual " } else { "" };
        let RepeatedBlock {
            activation,
            init,
            filter,
            ..
        } = self;
        write!(f, "{residual}{activation}{filter} {init}")
    }
}

/// The filter and the initialisation of a layer with weights.
fn weights(layer: &Layer) -> Option<(Filter, Init)> {
    match layer {
        Layer::GroupConvolution { filter, init } => Some((filter.clone(), *init)),
        Layer::Dense(init) => Some((Filter::Global, *init)),
        _ => None,
    }
}
