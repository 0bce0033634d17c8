//! Networks on images that publications compare: Myrtle networks, and convolutions with a global or a local mean.

use super::definition::Network;
use super::filter::{Filter, Padding};
use super::pooling::AveragePooling;
use super::types::{GroupName, Init, InputSpace, Layer, Quadrature};
use crate::activation::Activation;
use crate::group::PointGroup;
use crate::{Error, Result};

/// σw² = 2 keeps the variances of rectified features, and there are no biases.
const INIT: Init = Init {
    weight_std: std::f64::consts::SQRT_2,
    bias_std: 0.0,
};

/// Rows, columns and channels of the images.
const SIZE: [usize; 3] = [32, 32, 3];

/// Blocks of a 3 × 3 convolution with zeros beyond the edge and of a rectifier.
fn blocks(count: usize) -> Vec<Layer> {
    let block = || {
        let convolution = Layer::GroupConvolution {
            filter: Filter::window(3, Padding::Same),
            init: INIT,
        };
        [convolution, Layer::Activation(Activation::Relu)]
    };
    (0..count).flat_map(|_| block()).collect()
}

/// A network on images of 32 × 32 pixels in three colours, whose first convolution is the lifting.
fn network(mut layers: Vec<Layer>, readout: Layer) -> Result<Network> {
    let [height, width, channels] = SIZE;
    layers[0] = Layer::Lifting {
        group: GroupName::Plane(PointGroup::C1),
        filter: Filter::window(3, Padding::Same),
        init: INIT,
    };
    layers.extend([readout, Layer::Dense(INIT)]);
    let input = InputSpace::Plane {
        height,
        width,
        channels,
    };
    Network::new(input, Quadrature::default(), layers)
}

fn check_depth(depth: usize) -> Result<()> {
    match depth {
        0 => Err(Error::invalid("depth of a network", depth, "at least 1")),
        _ => Ok(()),
    }
}

impl Network {
    /// Returns a Myrtle network on images of 32 × 32 pixels in three colours.
    ///
    /// Three groups of 3 × 3 convolutions with rectifiers (2, 1 and 1 of them for depth 5; 2, 2 and 2 for 7; 3, 3 and 3 for 10) end in a
    /// 2 × 2 average pooling each. Two more poolings leave one pixel, and a dense layer follows. σw = √2, no biases.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) for a depth other than 5, 7 and 10.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::network::Network;
    /// let network = Network::myrtle(5)?;
    /// let poolings = network.layers().iter().filter(|layer| layer.kind() == "average-pooling");
    /// assert_eq!(poolings.count(), 5);
    /// assert!(Network::myrtle(6).is_err());
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    ///
    /// # References
    /// Shankar20.
    pub fn myrtle(depth: usize) -> Result<Network> {
        let counts = match depth {
            5 => [2, 1, 1],
            7 => [2, 2, 2],
            10 => [3, 3, 3],
            _ => {
                return Err(Error::invalid(
                    "depth of a Myrtle network",
                    depth,
                    "5, 7 or 10",
                ));
            }
        };
        let pooling = || Layer::AveragePooling(AveragePooling::new(2));
        let mut layers = Vec::new();
        for count in counts {
            layers.extend(blocks(count));
            layers.push(pooling());
        }
        layers.extend([pooling(), pooling()]);
        network(layers, Layer::Flatten)
    }

    /// Returns a network of 3 × 3 convolutions with rectifiers and the mean over all pixels, on images of 32 × 32 pixels in three colours.
    ///
    /// The convolutions have zeros beyond the edge; σw = √2, no biases.
    ///
    /// # Arguments
    /// * `depth` — number of convolutions, at least 1
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) for depth 0.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::network::Network;
    /// assert_eq!(Network::cnn_gap(3)?.layers().len(), 8);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    ///
    /// # References
    /// Li19.
    pub fn cnn_gap(depth: usize) -> Result<Network> {
        check_depth(depth)?;
        network(blocks(depth), Layer::GroupPooling)
    }

    /// Returns a network like [`cnn_gap`](Self::cnn_gap) with means over (2 c + 1) × (2 c + 1) pixels about every pixel in place of the
    /// mean over all pixels; the means are flattened.
    ///
    /// Only displacements up to 2 c matter: the kernel of a pair takes (4 c + 1)² of them.
    ///
    /// # Arguments
    /// * `depth` — number of convolutions, at least 1
    /// * `radius` — c, at most 15; 0 flattens without means
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) for depth 0 or a radius above 15.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::network::Network;
    /// let network = Network::cnn_lap(3, 4)?;
    /// assert_eq!(network.layers()[6].to_string(), "average-pooling 9×9 same, stride 1×1");
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    ///
    /// # References
    /// Li19.
    pub fn cnn_lap(depth: usize, radius: usize) -> Result<Network> {
        check_depth(depth)?;
        let largest = (SIZE[0] - 1) / 2;
        if radius > largest {
            let expected = format!("a radius of at most {largest} pixels");
            return Err(Error::invalid("radius of local means", radius, expected));
        }
        let window = AveragePooling::new(2 * radius + 1);
        let local = window.with_stride(1).with_padding(Padding::Same);
        let mut layers = blocks(depth);
        layers.push(Layer::AveragePooling(local));
        network(layers, Layer::Flatten)
    }
}
