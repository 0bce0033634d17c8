//! [`Network`]: a list of layers that has been checked.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::check::check;
use super::types::{InputSpace, Layer, Quadrature, SphereSampling};
use super::{Outputs, Support, builder, file, file_write};
use crate::Result;
use crate::group::FiniteAction;

/// An infinitely wide network: the space of its inputs, its layers, and the quadrature of the mean
/// over the group.
///
/// A value of this type is well formed: the layers fit one behind the other, every activation acts
/// on Gaussian features, and the outputs are numbers, for which kernels exist: the pooled features,
/// or those at the places of [`Outputs`]. A filter that covers the whole sphere by its parameters is
/// kept as [`Support::Global`].
///
/// # Examples
/// ```
/// use haarmonic::activation::Activation;
/// use haarmonic::network::{Network, Scale};
///
/// let network = Network::vector(7)
///     .dense(Scale::new(1.3, 0.2))
///     .activation(Activation::Erf)
///     .dense(Scale::default())
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
        Network::reading(input, quadrature, layers, Outputs::Pooled)
    }

    /// Checks the parts and makes them a network whose features are read at given places.
    ///
    /// # Arguments
    /// * `outputs` — rotations for a network on the sphere whose last features are over SO(3), points
    ///   behind a partial pooling, [`Outputs::Pooled`] for all others
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`Error::InvalidNetwork`](crate::Error::InvalidNetwork) if the outputs do not fit the last layer.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::network::{
    ///     GroupName, InputSpace, Layer, Network, Outputs, Quadrature, Scale, SphereSampling, Support,
    /// };
    /// let input = InputSpace::Sphere {
    ///     band_limit: 4,
    ///     sampling: SphereSampling::Coefficients,
    ///     channels: 1,
    /// };
    /// let lifting = Layer::Lifting {
    ///     group: GroupName::So3,
    ///     support: Support::cap(0.9),
    ///     scale: Scale::default(),
    /// };
    /// let outputs = Outputs::rotations(&[[0.0, 0.5, 0.0]]);
    /// let network = Network::reading(input, Quadrature::default(), vec![lifting], outputs)?;
    /// assert_eq!(network.outputs().count(), 1);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn reading(
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

    /// Begins a network on vectors: a multilayer perceptron.
    pub fn vector(dimension: usize) -> builder::NetworkBuilder<builder::Vectors, builder::Start> {
        builder::NetworkBuilder::new(InputSpace::Vector { dimension })
    }

    /// Begins a network on signals on the sphere.
    ///
    /// # Arguments
    /// * `band_limit` — `L`, exclusive
    /// * `sampling` — how the signals are stored
    /// * `channels` — real signals per input
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::network::{Network, Scale, SphereSampling};
    ///
    /// let scale = Scale::new(1.3, 0.2);
    /// let network = Network::sphere(6, SphereSampling::Coefficients, 2)
    ///     .lifting(scale)
    ///     .activation(Activation::Erf)
    ///     .group_convolution(scale)
    ///     .activation(Activation::Erf)
    ///     .group_pooling()
    ///     .dense(scale)
    ///     .build()?;
    /// assert_eq!(network.layers().len(), 6);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn sphere(
        band_limit: usize,
        sampling: SphereSampling,
        channels: usize,
    ) -> builder::NetworkBuilder<builder::OnSphere, builder::Start> {
        builder::NetworkBuilder::new(InputSpace::Sphere {
            band_limit,
            sampling,
            channels,
        })
    }

    /// Begins a network on images: a CNN, or a group-convolutional network.
    ///
    /// # Arguments
    /// * `height`, `width` — of an image, in pixels
    /// * `channels` — values of one pixel
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::group::PointGroup;
    /// use haarmonic::network::{Network, Padding, Scale, Support};
    ///
    /// let filter = || Support::window(3, Padding::Valid);
    /// let network = Network::plane(28, 28, 1)
    ///     .lifting(PointGroup::C4, filter(), Scale::default())
    ///     .activation(Activation::Relu)
    ///     .group_convolution(filter(), Scale::default())
    ///     .activation(Activation::Relu)
    ///     .group_pooling()
    ///     .dense(Scale::default())
    ///     .build()?;
    /// assert_eq!(network.layers().len(), 6);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn plane(
        height: usize,
        width: usize,
        channels: usize,
    ) -> builder::NetworkBuilder<builder::OnPlane, builder::Start> {
        builder::NetworkBuilder::new(InputSpace::Plane {
            height,
            width,
            channels,
        })
    }

    /// Begins a network on functions on a finite set on which a finite group acts.
    ///
    /// # Arguments
    /// * `action` — the group and the set
    /// * `channels` — values at one point
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::group::FiniteAction;
    /// use haarmonic::network::{Network, Scale, Support};
    ///
    /// // Filters on one vertex of an icosahedron, then on the whole rotation group.
    /// let network = Network::finite(FiniteAction::icosahedral(), 1)
    ///     .lifting(Support::subset(&[0]), Scale::default())
    ///     .activation(Activation::Erf)
    ///     .group_convolution(Support::Global, Scale::default())
    ///     .activation(Activation::Erf)
    ///     .group_pooling()
    ///     .build()?;
    /// assert_eq!(network.layers().len(), 5);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn finite(
        action: impl Into<Arc<FiniteAction>>,
        channels: usize,
    ) -> builder::NetworkBuilder<builder::OnFiniteSet, builder::Start> {
        builder::NetworkBuilder::new(InputSpace::Finite {
            action: action.into(),
            channels,
        })
    }

    /// Reads a network from the text of a network file (`docs/network-file.md`).
    ///
    /// # Errors
    /// [`Error::Syntax`](crate::Error::Syntax) if the text is not TOML, [`Error::Missing`](crate::Error::Missing) or [`Error::InvalidValue`](crate::Error::InvalidValue) for
    /// a key that is absent, unknown or of the wrong type, with its line; otherwise as
    /// [`Network::new`].
    ///
    /// # Examples
    /// ```
    /// use haarmonic::network::Network;
    /// let error = Network::from_toml("[input]\nspace = \"vector\"\nsize = 7").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "key `size` in [input] (line 3): found an unknown key, expected one of space, dimension"
    /// );
    /// ```
    pub fn from_toml(text: &str) -> Result<Network> {
        file::parse(text)
    }

    /// Reads a network file.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) if the file cannot be read or is no regular file, otherwise the errors of [`Network::from_toml`]
    /// inside [`Error::InFile`](crate::Error::InFile), with [`Error::InvalidValue`](crate::Error::InvalidValue) for a file above 16 MiB.
    pub fn read(path: impl AsRef<Path>) -> Result<Network> {
        let path = path.as_ref();
        let text = crate::files::reading::read_text(path, "TOML", file::LARGEST)?;
        Network::from_toml(&text).map_err(|err| err.in_file(path))
    }

    /// Writes the network in the form of a network file; [`Network::from_toml`] gives it back.
    ///
    /// # Errors
    /// [`Error::InvalidNetwork`](crate::Error::InvalidNetwork) if an activation has no name in the file format (an elementwise
    /// function given as Rust code).
    pub fn to_toml(&self) -> Result<String> {
        file_write::write(self)
    }

    /// The space of the inputs.
    pub fn input(&self) -> &InputSpace {
        &self.input
    }

    /// The quadrature of the mean over the group.
    pub fn quadrature(&self) -> Quadrature {
        self.quadrature
    }

    /// The layers, from input to output; at least one.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The same network with another quadrature.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) or [`Error::InvalidNetwork`](crate::Error::InvalidNetwork) if the quadrature does not fit the input.
    pub fn with_quadrature(self, quadrature: Quadrature) -> Result<Network> {
        Network::reading(self.input, quadrature, self.layers, self.outputs)
    }

    /// What the outputs are.
    pub fn outputs(&self) -> &Outputs {
        &self.outputs
    }

    /// The same network read at other places.
    ///
    /// # Errors
    /// [`Error::InvalidNetwork`](crate::Error::InvalidNetwork) if the outputs do not fit the last layer, [`Error::InvalidValue`](crate::Error::InvalidValue) for
    /// angles out of range.
    pub fn with_outputs(self, outputs: Outputs) -> Result<Network> {
        Network::reading(self.input, self.quadrature, self.layers, outputs)
    }
}

/// Makes global filters [`Support::Global`] by name, so that equal networks are equal values.
fn name_global_filters(layers: &mut [Layer]) {
    for layer in layers {
        match layer {
            Layer::Lifting { support, .. } | Layer::GroupConvolution { support, .. } => {
                if support.is_global() {
                    *support = Support::Global;
                }
            }
            Layer::Residual { branch, shortcut } => {
                name_global_filters(branch);
                name_global_filters(shortcut);
            }
            Layer::Activation(_)
            | Layer::GroupPooling
            | Layer::PartialPooling
            | Layer::Flatten
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
