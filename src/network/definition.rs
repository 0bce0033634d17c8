//! [`Network`]: a list of layers that has been checked.

use std::fmt;

use super::check::check;
use super::filter::Filter;
use super::outputs::Outputs;
use super::types::{InputSpace, Layer, Quadrature};
use crate::Result;

/// An infinitely wide network: the space of its inputs, its layers, and the quadrature of the mean
/// over the group.
///
/// A value of this type is well formed: each layer fits the layer before it, every activation acts
/// on Gaussian features, and the outputs are numbers with kernels: the pooled features,
/// or the features at the places of [`Outputs`]. A filter that covers the whole sphere by its parameters is
/// kept as [`Filter::Global`].
///
/// # Examples
/// ```
/// use haarmonic::activation::Activation;
/// use haarmonic::network::{Network, Init};
///
/// let network = Network::vector(7)
///     .dense(Init::new(1.3, 0.2))
///     .activation(Activation::Erf)
///     .dense(Init::default())
///     .build()?;
/// assert_eq!(network.layers().len(), 3);
/// assert_eq!(Network::from_toml(&network.to_toml()?)?, network);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    input: InputSpace,
    quadrature: Quadrature,
    layers: Vec<Layer>,
    outputs: Outputs,
}

impl Network {
    /// Checks the parts and makes them a network whose outputs are pooled.
    ///
    /// # Arguments
    /// * `input` — the space of the inputs
    /// * `quadrature` — of the mean over the group; the default for vectors
    /// * `layers` — from input to output
    ///
    /// # Errors
    /// [`Error::InvalidNetwork`](crate::Error::InvalidNetwork) if the layers do not fit, with what to add or change;
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) for a size or tolerance outside its range.
    pub fn new(input: InputSpace, quadrature: Quadrature, layers: Vec<Layer>) -> Result<Network> {
        Network::new_with_outputs(input, quadrature, layers, Outputs::Pooled)
    }

    /// Checks the parts and makes them a network whose features are read at given places.
    ///
    /// # Arguments
    /// * `outputs` — rotations for a network on the sphere whose last features are over SO(3), points
    ///   after a partial pooling, [`Outputs::Pooled`] for all others
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`Error::InvalidNetwork`](crate::Error::InvalidNetwork) if the outputs do not fit the last layer.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::network::{
    ///     GroupName, InputSpace, Layer, Network, Outputs, Quadrature, Init, SphereSampling, Filter,
    /// };
    /// let input = InputSpace::Sphere {
    ///     band_limit: 4,
    ///     sampling: SphereSampling::Coefficients,
    ///     channels: 1,
    /// };
    /// let lifting = Layer::Lifting {
    ///     group: GroupName::So3,
    ///     filter: Filter::cap(0.9),
    ///     init: Init::default(),
    /// };
    /// let outputs = Outputs::rotations(&[[0.0, 0.5, 0.0]]);
    /// let network = Network::new_with_outputs(input, Quadrature::default(), vec![lifting], outputs)?;
    /// assert_eq!(network.outputs().count(), 1);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn new_with_outputs(
        input: InputSpace,
        quadrature: Quadrature,
        mut layers: Vec<Layer>,
        outputs: Outputs,
    ) -> Result<Network> {
        check(&input, &quadrature, &layers, &outputs)?;
        name_global_filters(&mut layers);
        Ok(Network {
            input,
            quadrature,
            layers,
            outputs,
        })
    }

    /// Returns the space of the inputs.
    pub fn input(&self) -> &InputSpace {
        &self.input
    }

    /// Returns the quadrature of the mean over the group.
    pub fn quadrature(&self) -> Quadrature {
        self.quadrature
    }

    /// Returns the layers, from input to output; at least one.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Returns this network with another quadrature.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) or [`Error::InvalidNetwork`](crate::Error::InvalidNetwork) if the quadrature does not fit the input.
    pub fn with_quadrature(self, quadrature: Quadrature) -> Result<Network> {
        Network::new_with_outputs(self.input, quadrature, self.layers, self.outputs)
    }

    /// Returns the outputs.
    pub fn outputs(&self) -> &Outputs {
        &self.outputs
    }

    /// Returns this network with other outputs.
    ///
    /// # Errors
    /// [`Error::InvalidNetwork`](crate::Error::InvalidNetwork) if the outputs do not fit the last layer, [`Error::InvalidValue`](crate::Error::InvalidValue) for
    /// angles out of range.
    pub fn with_outputs(self, outputs: Outputs) -> Result<Network> {
        Network::new_with_outputs(self.input, self.quadrature, self.layers, outputs)
    }
}

/// Makes global filters [`Filter::Global`] by name, so that equal networks are equal values.
fn name_global_filters(layers: &mut [Layer]) {
    for layer in layers {
        match layer {
            Layer::Lifting { filter, .. } | Layer::GroupConvolution { filter, .. } => {
                if filter.is_global() {
                    *filter = Filter::Global;
                }
            }
            Layer::Residual { branch, shortcut } => {
                name_global_filters(branch);
                name_global_filters(shortcut);
            }
            Layer::Activation(_)
            | Layer::AveragePooling(_)
            | Layer::GroupPooling
            | Layer::PartialPooling
            | Layer::Flatten
            | Layer::Normalisation
            | Layer::Aggregation(_)
            | Layer::JumpingKnowledge { .. }
            | Layer::NodePooling(_)
            | Layer::Message { .. }
            | Layer::Dense(_) => {}
        }
    }
}

/// One line: the input and the layers, for messages and logs.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |channels: usize| if channels == 1 { "" } else { "s" };
        match &self.input {
            InputSpace::Vector { dimension } => write!(f, "vector of {dimension}")?,
            InputSpace::Sphere {
                band_limit,
                sampling,
                channels,
            } => write!(
                f,
                "sphere, bandlimit {band_limit}, {sampling}, {channels} channel{}",
                plural(*channels)
            )?,
            InputSpace::Plane {
                height,
                width,
                channels,
            } => write!(
                f,
                "plane, {height} × {width}, {channels} channel{}",
                plural(*channels)
            )?,
            InputSpace::Finite { action, channels } => write!(
                f,
                "{} points under a group of order {}, {channels} channel{}",
                action.points(),
                action.order(),
                plural(*channels)
            )?,
            InputSpace::Graph {
                channels,
                relations,
            } => write!(
                f,
                "graph, {channels} channel{}, {relations} relation{}",
                plural(*channels),
                plural(*relations)
            )?,
            InputSpace::Molecule { elements, improper } => {
                let symbols = elements.iter().filter_map(|&z| crate::atoms::symbol(z));
                write!(f, "molecule of {}", symbols.collect::<Vec<_>>().join(", "))?;
                if *improper {
                    f.write_str(", with reflections")?;
                }
            }
        }
        for layer in &self.layers {
            write!(f, " → {layer}")?;
        }
        if self.outputs != Outputs::Pooled {
            write!(f, " → {}", self.outputs)?;
        }
        Ok(())
    }
}
