//! The readout: the map from features over the sphere to numbers.

use crate::network::{Layer, Network, Outputs};

/// The readout of features over the sphere or SO(3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SphereReadout {
    /// The mean over the group.
    Pooling {
        /// Whether an activation of the network has a kink.
        kinked: bool,
    },
    /// The features at one rotation.
    Rotation,
    /// The mean over rotations about the axis of the filter, at one point.
    Point {
        /// Whether an activation of the network has a kink.
        kinked: bool,
    },
}

impl SphereReadout {
    /// The readout of a network.
    pub(crate) fn of(network: &Network) -> Self {
        let mut kinked = false;
        // Only kinks before the readout disturb the mean over the group.
        let end = network.layers().iter().position(Layer::is_readout);
        let layers = &network.layers()[..end.unwrap_or(network.layers().len())];
        Layer::visit_all(layers, &mut |layer| {
            if let Layer::Activation(activation) = layer {
                kinked |= activation.is_kinked();
            }
        });
        match network.outputs() {
            Outputs::Pooled | Outputs::Nodes => SphereReadout::Pooling { kinked },
            Outputs::Rotations(_) => SphereReadout::Rotation,
            Outputs::Points(_) => SphereReadout::Point { kinked },
        }
    }

    /// Whether fields are read at the north pole.
    pub(crate) fn at_pole(self) -> bool {
        !matches!(self, SphereReadout::Pooling { .. })
    }
}
