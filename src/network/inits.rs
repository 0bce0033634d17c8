//! The weight and bias standard deviations of a network as a list, to read, change and vary them.

use super::definition::Network;
use super::types::{Init, Layer};
use crate::Result;

/// One weight or bias standard deviation of a network.
///
/// Layers with weights are counted from the input on; within a residual block, layers of the branch come before layers of the shortcut.
/// [`Network::inits`] has the order of this count. Examples: [`Network::inits`], `predict::HyperparameterSelection`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Hyperparameter {
    /// σw of a layer.
    Weight(usize),
    /// σb of a layer.
    Bias(usize),
}

impl Hyperparameter {
    /// Returns the number of the layer, counted among the layers with weights from 0.
    pub fn layer(self) -> usize {
        match self {
            Hyperparameter::Weight(layer) | Hyperparameter::Bias(layer) => layer,
        }
    }

    /// Returns the standard deviation from the list of all layers.
    ///
    /// # Panics
    /// If there is no such layer.
    pub fn of(self, inits: &[Init]) -> f64 {
        match self {
            Hyperparameter::Weight(layer) => inits[layer].weight_std,
            Hyperparameter::Bias(layer) => inits[layer].bias_std,
        }
    }

    /// Sets the standard deviation in the list of all layers.
    ///
    /// # Panics
    /// If there is no such layer.
    pub fn set(self, inits: &mut [Init], value: f64) {
        match self {
            Hyperparameter::Weight(layer) => inits[layer].weight_std = value,
            Hyperparameter::Bias(layer) => inits[layer].bias_std = value,
        }
    }
}

impl Network {
    /// Returns the weight and bias standard deviations of all layers with weights, in the order of [`Hyperparameter`].
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::network::{Network, Init};
    ///
    /// let network = Network::vector(3)
    ///     .dense(Init::new(1.5, 0.2))
    ///     .activation(Activation::Relu)
    ///     .dense(Init::default())
    ///     .build()?;
    /// let mut inits = network.inits();
    /// assert_eq!(inits, [Init::new(1.5, 0.2), Init::new(1.0, 0.0)]);
    /// inits[1].bias_std = 0.1;
    /// assert_eq!(network.with_inits(&inits)?.inits(), inits);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn inits(&self) -> Vec<Init> {
        let mut inits = Vec::new();
        Layer::visit_all(self.layers(), &mut |layer| inits.extend(layer.init()));
        inits
    }

    /// Returns this network with other weight and bias standard deviations.
    ///
    /// # Arguments
    /// * `inits` — one per layer with weights, in the order of [`inits`](Self::inits)
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) for another number of entries,
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) for a weight standard deviation that is not
    /// positive or a bias standard deviation that is negative.
    pub fn with_inits(&self, inits: &[Init]) -> Result<Network> {
        let expected = self.inits().len();
        if inits.len() != expected {
            return Err(crate::Error::shape(
                "initialisations of a network",
                format!("[{expected}], one for each layer with weights"),
                vec![inits.len()],
            ));
        }
        let mut layers = self.layers().to_vec();
        replace(&mut layers, &mut inits.iter().copied());
        Network::new_with_outputs(
            self.input().clone(),
            self.quadrature(),
            layers,
            self.outputs().clone(),
        )
    }
}

impl Layer {
    /// Returns the initialisation of a layer with weights of its own.
    fn init(&self) -> Option<Init> {
        match self {
            Layer::Lifting { init, .. }
            | Layer::GroupConvolution { init, .. }
            | Layer::Message { init, .. }
            | Layer::Dense(init) => Some(*init),
            Layer::Activation(_)
            | Layer::AveragePooling(_)
            | Layer::GroupPooling
            | Layer::PartialPooling
            | Layer::Flatten
            | Layer::Normalisation
            | Layer::Aggregation(_)
            | Layer::JumpingKnowledge { .. }
            | Layer::NodePooling(_)
            | Layer::Residual { .. } => None,
        }
    }
}

fn replace(layers: &mut [Layer], inits: &mut impl Iterator<Item = Init>) {
    for layer in layers {
        match layer {
            Layer::Lifting { init, .. }
            | Layer::GroupConvolution { init, .. }
            | Layer::Message { init, .. }
            | Layer::Dense(init) => *init = inits.next().expect("as many as there are layers"),
            Layer::Residual { branch, shortcut } => {
                replace(branch, inits);
                replace(shortcut, inits);
            }
            Layer::JumpingKnowledge { blocks } => {
                for block in blocks {
                    replace(block, inits);
                }
            }
            Layer::Activation(_)
            | Layer::AveragePooling(_)
            | Layer::GroupPooling
            | Layer::PartialPooling
            | Layer::Flatten
            | Layer::Normalisation
            | Layer::Aggregation(_)
            | Layer::NodePooling(_) => {}
        }
    }
}
