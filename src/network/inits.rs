//! The scales of a network's weights and biases as a list, to read, change and vary them.

use super::definition::Network;
use super::types::{Init, Layer};
use crate::Result;

/// One number among the scales of a network.
///
/// Layers with weights are counted from the input on, those of a residual block's branch before those of its shortcut: the order of
/// [`Network::inits`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Hyperparameter {
    /// σw of a layer.
    Weight(usize),
    /// σb of a layer.
    Bias(usize),
}

impl Hyperparameter {
    /// The number of the layer among those with weights.
    pub fn layer(self) -> usize {
        match self {
            Hyperparameter::Weight(layer) | Hyperparameter::Bias(layer) => layer,
        }
    }

    /// The number itself.
    ///
    /// # Panics
    /// If there is no such layer.
    pub fn of(self, scales: &[Init]) -> f64 {
        match self {
            Hyperparameter::Weight(layer) => scales[layer].weight_std,
            Hyperparameter::Bias(layer) => scales[layer].bias_std,
        }
    }

    /// Puts another number in its place.
    ///
    /// # Panics
    /// If there is no such layer.
    pub fn set(self, scales: &mut [Init], value: f64) {
        match self {
            Hyperparameter::Weight(layer) => scales[layer].weight_std = value,
            Hyperparameter::Bias(layer) => scales[layer].bias_std = value,
        }
    }
}

impl Network {
    /// The scales of all layers with weights, in the order of [`Hyperparameter`].
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
    /// let mut scales = network.inits();
    /// assert_eq!(scales, [Init::new(1.5, 0.2), Init::new(1.0, 0.0)]);
    /// scales[1].bias_std = 0.1;
    /// assert_eq!(network.with_inits(&scales)?.inits(), scales);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn inits(&self) -> Vec<Init> {
        let mut scales = Vec::new();
        Layer::visit_all(self.layers(), &mut |layer| scales.extend(layer.scale()));
        scales
    }

    /// The same network with other scales.
    ///
    /// # Arguments
    /// * `scales` — as many as [`scales`](Self::inits) gives, in its order
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) for another number of scales,
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) for a weight scale that is not positive or a bias scale that is negative.
    pub fn with_inits(&self, scales: &[Init]) -> Result<Network> {
        let expected = self.inits().len();
        if scales.len() != expected {
            return Err(crate::Error::shape(
                "scales of a network",
                format!("[{expected}], one for each layer with weights"),
                vec![scales.len()],
            ));
        }
        let mut layers = self.layers().to_vec();
        replace(&mut layers, &mut scales.iter().copied());
        Network::new_with_outputs(
            self.input().clone(),
            self.quadrature(),
            layers,
            self.outputs().clone(),
        )
    }
}

impl Layer {
    /// The scale of a layer with weights of its own.
    fn scale(&self) -> Option<Init> {
        match self {
            Layer::Lifting { init, .. }
            | Layer::GroupConvolution { init, .. }
            | Layer::Dense(init) => Some(*init),
            Layer::Activation(_)
            | Layer::GroupPooling
            | Layer::PartialPooling
            | Layer::Flatten
            | Layer::Residual { .. } => None,
        }
    }
}

fn replace(layers: &mut [Layer], scales: &mut impl Iterator<Item = Init>) {
    for layer in layers {
        match layer {
            Layer::Lifting { init, .. }
            | Layer::GroupConvolution { init, .. }
            | Layer::Dense(init) => *init = scales.next().expect("as many as there are layers"),
            Layer::Residual { branch, shortcut } => {
                replace(branch, scales);
                replace(shortcut, scales);
            }
            Layer::Activation(_) | Layer::GroupPooling | Layer::PartialPooling | Layer::Flatten => {
            }
        }
    }
}
