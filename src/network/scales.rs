//! The scales of a network's weights and biases as a list, to read, change and vary them.

use super::definition::Network;
use super::types::{Layer, Scale};
use crate::Result;

/// One number among the scales of a network.
///
/// Layers with weights are counted from the input on, those of a residual block's branch before those of its shortcut: the order of
/// [`Network::scales`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ScaleParameter {
    /// σw of a layer.
    Weight(usize),
    /// σb of a layer.
    Bias(usize),
}

impl ScaleParameter {
    /// The number of the layer among those with weights.
    pub fn layer(self) -> usize {
        match self {
            ScaleParameter::Weight(layer) | ScaleParameter::Bias(layer) => layer,
        }
    }

    /// The number itself.
    ///
    /// # Panics
    /// If there is no such layer.
    pub fn of(self, scales: &[Scale]) -> f64 {
        match self {
            ScaleParameter::Weight(layer) => scales[layer].weight_std,
            ScaleParameter::Bias(layer) => scales[layer].bias_std,
        }
    }

    /// Puts another number in its place.
    ///
    /// # Panics
    /// If there is no such layer.
    pub fn set(self, scales: &mut [Scale], value: f64) {
        match self {
            ScaleParameter::Weight(layer) => scales[layer].weight_std = value,
            ScaleParameter::Bias(layer) => scales[layer].bias_std = value,
        }
    }
}

impl Network {
    /// The scales of all layers with weights, in the order of [`ScaleParameter`].
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::network::{Network, Scale};
    ///
    /// let network = Network::vector(3)
    ///     .dense(Scale::new(1.5, 0.2))
    ///     .activation(Activation::Relu)
    ///     .dense(Scale::default())
    ///     .build()?;
    /// let mut scales = network.scales();
    /// assert_eq!(scales, [Scale::new(1.5, 0.2), Scale::new(1.0, 0.0)]);
    /// scales[1].bias_std = 0.1;
    /// assert_eq!(network.with_scales(&scales)?.scales(), scales);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn scales(&self) -> Vec<Scale> {
        let mut scales = Vec::new();
        Layer::visit_all(self.layers(), &mut |layer| scales.extend(layer.scale()));
        scales
    }

    /// The same network with other scales.
    ///
    /// # Arguments
    /// * `scales` — as many as [`scales`](Self::scales) gives, in its order
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) for another number of scales,
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) for a weight scale that is not positive or a bias scale that is negative.
    pub fn with_scales(&self, scales: &[Scale]) -> Result<Network> {
        let expected = self.scales().len();
        if scales.len() != expected {
            return Err(crate::Error::shape(
                "scales of a network",
                format!("[{expected}], one for each layer with weights"),
                vec![scales.len()],
            ));
        }
        let mut layers = self.layers().to_vec();
        replace(&mut layers, &mut scales.iter().copied());
        Network::reading(
            self.input().clone(),
            self.quadrature(),
            layers,
            self.outputs().clone(),
        )
    }
}

impl Layer {
    /// The scale of a layer with weights of its own.
    fn scale(&self) -> Option<Scale> {
        match self {
            Layer::Lifting { scale, .. }
            | Layer::GroupConvolution { scale, .. }
            | Layer::Dense(scale) => Some(*scale),
            Layer::Activation(_)
            | Layer::GroupPooling
            | Layer::PartialPooling
            | Layer::Flatten
            | Layer::Residual { .. } => None,
        }
    }
}

fn replace(layers: &mut [Layer], scales: &mut impl Iterator<Item = Scale>) {
    for layer in layers {
        match layer {
            Layer::Lifting { scale, .. }
            | Layer::GroupConvolution { scale, .. }
            | Layer::Dense(scale) => *scale = scales.next().expect("as many as there are layers"),
            Layer::Residual { branch, shortcut } => {
                replace(branch, scales);
                replace(shortcut, scales);
            }
            Layer::Activation(_) | Layer::GroupPooling | Layer::PartialPooling | Layer::Flatten => {
            }
        }
    }
}
