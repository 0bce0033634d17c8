//! Building a network in Rust. The type of the builder holds the kind of features so far, so a layer that does not fit
//! does not compile.

mod graph;
mod molecule;

use std::marker::PhantomData;
use std::sync::Arc;

use super::definition::Network;
use super::types::{GroupName, Init, InputSpace, Layer, Quadrature, SphereSampling};
use super::{AveragePooling, Filter, Outputs};
use crate::Result;
use crate::activation::Activation;
use crate::group::{FiniteAction, PointGroup};

/// Features that are vectors.
#[derive(Debug, Clone, Copy)]
pub enum Vectors {}
/// Signals on the sphere, before the lifting.
#[derive(Debug, Clone, Copy)]
pub enum OnSphere {}
/// Images, before the lifting.
#[derive(Debug, Clone, Copy)]
pub enum OnPlane {}
/// Functions on a finite set, before the lifting.
#[derive(Debug, Clone, Copy)]
pub enum OnFiniteSet {}
/// Features that are functions on SO(3).
#[derive(Debug, Clone, Copy)]
pub enum OverGroup {}
/// Features that are functions on the sphere, after a partial pooling.
#[derive(Debug, Clone, Copy)]
pub enum OverSphere {}
/// Features on the sphere or on SO(3) that are read at given places.
#[derive(Debug, Clone, Copy)]
pub enum Read {}
/// Features that are functions on translations of the plane and a point group.
#[derive(Debug, Clone, Copy)]
pub enum OverPlane {}
/// Features that are functions on a finite group.
#[derive(Debug, Clone, Copy)]
pub enum OverFiniteGroup {}

/// Graphs, before the first dense layer.
#[derive(Debug, Clone, Copy)]
pub enum OnGraph {}
/// Features over the nodes of a graph.
#[derive(Debug, Clone, Copy)]
pub enum OverNodes {}

/// Molecules, before the first message.
#[derive(Debug, Clone, Copy)]
pub enum OnMolecule {}
/// Features that are functions on the atoms of a molecule and on SO(3).
#[derive(Debug, Clone, Copy)]
pub enum OverMolecule {}
/// Features over the atoms of a molecule, after the mean over the group.
#[derive(Debug, Clone, Copy)]
pub enum OverAtoms {}

/// No layer yet.
#[derive(Debug, Clone, Copy)]
pub enum Start {}
/// Gaussian features: an activation may follow.
#[derive(Debug, Clone, Copy)]
pub enum Gaussian {}
/// Features after an activation: a layer with weights comes before the next one.
#[derive(Debug, Clone, Copy)]
pub enum Activated {}

mod sealed {
    pub trait Domain {}
    /// Where there is something to average over.
    pub trait Pooled: Domain {}
    /// Features on the sphere or on SO(3).
    pub trait Readable: Domain {}
    /// Features of which finitely many numbers are left.
    pub trait Finished {}
    pub trait Stage {}
    impl Domain for super::Vectors {}
    impl Domain for super::OverGroup {}
    impl Domain for super::OverPlane {}
    impl Domain for super::OverFiniteGroup {}
    impl Domain for super::OverSphere {}
    impl Domain for super::OverNodes {}
    impl Domain for super::OverMolecule {}
    impl Domain for super::OverAtoms {}
    impl Pooled for super::OverGroup {}
    impl Pooled for super::OverSphere {}
    impl Pooled for super::OverPlane {}
    impl Pooled for super::OverFiniteGroup {}
    impl Readable for super::OverGroup {}
    impl Readable for super::OverSphere {}
    impl Finished for super::Vectors {}
    impl Finished for super::Read {}
    impl Stage for super::Gaussian {}
    impl Stage for super::Activated {}
}

/// A network under construction, from [`Network::vector`], [`Network::sphere`],
/// [`Network::plane`], [`Network::finite`], [`Network::graph`] or [`Network::molecule`].
///
/// The features live on `Domain` and are at `Stage`. Two activations in a row do not compile:
/// ```compile_fail
/// use haarmonic::activation::Activation;
/// use haarmonic::network::{Network, Init};
/// let network = Network::vector(7)
///     .dense(Init::default())
///     .activation(Activation::Relu)
///     .activation(Activation::Erf)      // no method `activation` on activated features
///     .build();
/// ```
/// nor does a network on the sphere without pooling or outputs:
/// ```compile_fail
/// use haarmonic::activation::Activation;
/// use haarmonic::network::{Network, Init, SphereSampling};
/// let network = Network::sphere(6, SphereSampling::Coefficients, 1)
///     .lifting(Init::default())
///     .activation(Activation::Relu)
///     .build();                         // no method `build` on features over the group
/// ```
///
/// # Examples
/// ```
/// use haarmonic::activation::Activation;
/// use haarmonic::network::{Network, Init};
/// let network = Network::vector(7)
///     .dense(Init::default())
///     .activation(Activation::Relu)
///     .dense(Init::default())
///     .activation(Activation::Erf)
///     .build()?;
/// assert_eq!(network.layers().len(), 4);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[must_use = "a network is made by `build`"]
#[derive(Debug, Clone)]
pub struct NetworkBuilder<Domain, Stage> {
    input: InputSpace,
    quadrature: Quadrature,
    layers: Vec<Layer>,
    outputs: Outputs,
    marker: PhantomData<(Domain, Stage)>,
}

impl<D, S> NetworkBuilder<D, S> {
    fn new(input: InputSpace) -> Self {
        NetworkBuilder {
            input,
            quadrature: Quadrature::default(),
            layers: Vec::new(),
            outputs: Outputs::Pooled,
            marker: PhantomData,
        }
    }

    fn push<D2, S2>(mut self, layer: Layer) -> NetworkBuilder<D2, S2> {
        self.layers.push(layer);
        self.retyped()
    }

    fn retyped<D2, S2>(self) -> NetworkBuilder<D2, S2> {
        NetworkBuilder {
            input: self.input,
            quadrature: self.quadrature,
            layers: self.layers,
            outputs: self.outputs,
            marker: PhantomData,
        }
    }
}

impl Network {
    /// Begins a network on vectors: a multilayer perceptron.
    pub fn vector(dimension: usize) -> NetworkBuilder<Vectors, Start> {
        NetworkBuilder::new(InputSpace::Vector { dimension })
    }

    /// Begins a network on signals on the sphere.
    ///
    /// # Arguments
    /// * `band_limit` — `L`, exclusive
    /// * `sampling` — the grid of the signals
    /// * `channels` — real signals per input
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::network::{Network, Init, SphereSampling};
    ///
    /// let init = Init::new(1.3, 0.2);
    /// let network = Network::sphere(6, SphereSampling::Coefficients, 2)
    ///     .lifting(init)
    ///     .activation(Activation::Erf)
    ///     .group_convolution(init)
    ///     .activation(Activation::Erf)
    ///     .group_pooling()
    ///     .dense(init)
    ///     .build()?;
    /// assert_eq!(network.layers().len(), 6);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn sphere(
        band_limit: usize,
        sampling: SphereSampling,
        channels: usize,
    ) -> NetworkBuilder<OnSphere, Start> {
        NetworkBuilder::new(InputSpace::Sphere {
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
    /// use haarmonic::network::{Network, Padding, Init, Filter};
    ///
    /// let filter = || Filter::window(3, Padding::Valid);
    /// let network = Network::plane(28, 28, 1)
    ///     .lifting(PointGroup::C4, filter(), Init::default())
    ///     .activation(Activation::Relu)
    ///     .group_convolution(filter(), Init::default())
    ///     .activation(Activation::Relu)
    ///     .group_pooling()
    ///     .dense(Init::default())
    ///     .build()?;
    /// assert_eq!(network.layers().len(), 6);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn plane(height: usize, width: usize, channels: usize) -> NetworkBuilder<OnPlane, Start> {
        NetworkBuilder::new(InputSpace::Plane {
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
    /// use haarmonic::network::{Network, Init, Filter};
    ///
    /// // Filters on one vertex of an icosahedron, then on the whole rotation group.
    /// let network = Network::finite(FiniteAction::icosahedral(), 1)
    ///     .lifting(Filter::subset(&[0]), Init::default())
    ///     .activation(Activation::Erf)
    ///     .group_convolution(Filter::Global, Init::default())
    ///     .activation(Activation::Erf)
    ///     .group_pooling()
    ///     .build()?;
    /// assert_eq!(network.layers().len(), 5);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn finite(
        action: impl Into<Arc<FiniteAction>>,
        channels: usize,
    ) -> NetworkBuilder<OnFiniteSet, Start> {
        NetworkBuilder::new(InputSpace::Finite {
            action: action.into(),
            channels,
        })
    }
}

impl NetworkBuilder<Vectors, Start> {
    /// Adds the first dense layer.
    pub fn dense(self, init: Init) -> NetworkBuilder<Vectors, Gaussian> {
        self.push(Layer::Dense(init))
    }
}

impl NetworkBuilder<OnSphere, Start> {
    /// Sets the quadrature of the mean over the group; by default a tolerance of
    /// [`DEFAULT_TOLERANCE`](super::DEFAULT_TOLERANCE).
    pub fn quadrature(mut self, quadrature: Quadrature) -> Self {
        self.quadrature = quadrature;
        self
    }

    /// Adds the lifting to SO(3), with filters on the whole sphere.
    pub fn lifting(self, init: Init) -> NetworkBuilder<OverGroup, Gaussian> {
        self.lifting_with(Filter::Global, init)
    }

    /// Adds the lifting to SO(3), with filters on a part of the sphere.
    ///
    /// # Arguments
    /// * `filter` — [`Filter::cap`], [`Filter::ring`], [`Filter::gaussian`], [`Filter::heat`],
    ///   [`Filter::legendre`], or [`Filter::Global`]
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::network::{Network, Init, SphereSampling, Filter};
    /// let network = Network::sphere(6, SphereSampling::Coefficients, 1)
    ///     .lifting_with(Filter::cap(0.9), Init::default())
    ///     .activation(Activation::Erf)
    ///     .group_convolution_with(Filter::gaussian(0.3), Init::default())
    ///     .activation(Activation::Erf)
    ///     .group_pooling()
    ///     .build()?;
    /// assert_eq!(network.layers().len(), 5);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn lifting_with(self, filter: Filter, init: Init) -> NetworkBuilder<OverGroup, Gaussian> {
        self.push(Layer::Lifting {
            group: GroupName::So3,
            filter,
            init,
        })
    }
}

impl<D: sealed::Domain> NetworkBuilder<D, Gaussian> {
    /// Adds an activation, which needs Gaussian features.
    pub fn activation(self, activation: Activation) -> NetworkBuilder<D, Activated> {
        self.push(Layer::Activation(activation))
    }
}

impl<D: sealed::Domain, S: sealed::Stage> NetworkBuilder<D, S> {
    /// Adds a dense layer; over the group, one map for all elements.
    pub fn dense(self, init: Init) -> NetworkBuilder<D, Gaussian> {
        self.push(Layer::Dense(init))
    }
}

impl<D: sealed::Domain, S: sealed::Stage> NetworkBuilder<D, S> {
    /// Adds the division of features by their root mean square over the channels, at each place by itself. In wide layers this divides both
    /// kernels by $`\sqrt{q\,q'}`$ with the variances of the two features. Features stay at their stage.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::kernel::Kernel;
    /// use haarmonic::network::{Init, Network};
    /// let network = Network::vector(2)
    ///     .dense(Init::new(1.0, 0.5))
    ///     .normalisation()
    ///     .activation(Activation::Hermite { degree: 2 })
    ///     .dense(Init::default())
    ///     .build()?;
    /// let gram = Kernel::new(&network)?.gram(ndarray::array![[3.0, 1.0], [-0.1, 2.0]].view())?;
    /// // Normalised features have variance one, and so have their normalised Hermite polynomials.
    /// assert!((gram.nngp[[0, 0]] - 1.0).abs() < 1e-14 && (gram.nngp[[1, 1]] - 1.0).abs() < 1e-14);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn normalisation(self) -> Self {
        self.push(Layer::Normalisation)
    }
}

impl NetworkBuilder<OnPlane, Start> {
    /// Adds the lifting from images to a point group with translations by pixels.
    ///
    /// # Arguments
    /// * `group` — C1 for a plain CNN
    /// * `filter` — a window, or [`Filter::Global`]
    pub fn lifting(
        self,
        group: PointGroup,
        filter: Filter,
        init: Init,
    ) -> NetworkBuilder<OverPlane, Gaussian> {
        self.push(Layer::Lifting {
            group: GroupName::Plane(group),
            filter,
            init,
        })
    }
}

impl NetworkBuilder<OnFiniteSet, Start> {
    /// Adds the lifting from a finite set to the group that acts on it.
    ///
    /// # Arguments
    /// * `filter` — the points that a filter covers, or [`Filter::Global`]
    pub fn lifting(self, filter: Filter, init: Init) -> NetworkBuilder<OverFiniteGroup, Gaussian> {
        self.push(Layer::Lifting {
            group: GroupName::Finite,
            filter,
            init,
        })
    }
}

impl<D: sealed::Domain, S: sealed::Stage> NetworkBuilder<D, S> {
    /// Adds a residual block: the sum of a branch of layers and of the unchanged features. The branch ends in a layer with weights.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::network::{Network, Init};
    /// let network = Network::vector(7)
    ///     .dense(Init::default())
    ///     .residual(|block| block.activation(Activation::Relu).dense(Init::default()))
    ///     .activation(Activation::Relu)
    ///     .dense(Init::default())
    ///     .build()?;
    /// assert_eq!(network.layers().len(), 4);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn residual(
        self,
        branch: impl FnOnce(NetworkBuilder<D, S>) -> NetworkBuilder<D, Gaussian>,
    ) -> NetworkBuilder<D, S> {
        let branch = branch(self.empty()).layers;
        self.push(Layer::Residual {
            branch,
            shortcut: Vec::new(),
        })
    }

    /// Adds the sum of two branches of layers, each of which ends in a layer with weights.
    pub fn sum(
        self,
        branch: impl FnOnce(NetworkBuilder<D, S>) -> NetworkBuilder<D, Gaussian>,
        shortcut: impl FnOnce(NetworkBuilder<D, S>) -> NetworkBuilder<D, Gaussian>,
    ) -> NetworkBuilder<D, Gaussian> {
        let branch = branch(self.empty()).layers;
        let shortcut = shortcut(self.empty()).layers;
        self.push(Layer::Residual { branch, shortcut })
    }

    fn empty(&self) -> Self {
        NetworkBuilder {
            input: self.input.clone(),
            quadrature: self.quadrature,
            layers: Vec::new(),
            outputs: Outputs::Pooled,
            marker: PhantomData,
        }
    }
}

impl<S: sealed::Stage> NetworkBuilder<OverGroup, S> {
    /// Adds a group convolution with filters on the whole group.
    pub fn group_convolution(self, init: Init) -> NetworkBuilder<OverGroup, Gaussian> {
        self.group_convolution_with(Filter::Global, init)
    }

    /// Adds a group convolution with filters on a part of the group.
    ///
    /// # Arguments
    /// * `filter` — weighs a rotation by the distance to which it takes the north pole; as in
    ///   [`lifting_with`](NetworkBuilder::lifting_with)
    pub fn group_convolution_with(
        self,
        filter: Filter,
        init: Init,
    ) -> NetworkBuilder<OverGroup, Gaussian> {
        self.push(Layer::GroupConvolution { filter, init })
    }

    /// Adds the mean over the rotations about the filter's own axis, from SO(3) to the sphere. As for
    /// [`group_pooling`](NetworkBuilder::group_pooling), features stay at their stage.
    pub fn partial_pooling(self) -> NetworkBuilder<OverSphere, S> {
        self.push(Layer::PartialPooling)
    }
}

impl<S: sealed::Stage> NetworkBuilder<OverPlane, S> {
    /// Adds a group convolution; its filters cover a window of pixels, or all, and the point group.
    pub fn group_convolution(
        self,
        filter: Filter,
        init: Init,
    ) -> NetworkBuilder<OverPlane, Gaussian> {
        self.push(Layer::GroupConvolution { filter, init })
    }

    /// Adds means over windows of pixels. The mean of activated features is not Gaussian: they stay at their stage.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::group::PointGroup;
    /// use haarmonic::network::{AveragePooling, Filter, Init, Network, Padding};
    ///
    /// let filter = || Filter::window(3, Padding::Same);
    /// let network = Network::plane(32, 32, 3)
    ///     .lifting(PointGroup::C1, filter(), Init::default())
    ///     .activation(Activation::Relu)
    ///     .average_pooling(AveragePooling::new(2))
    ///     .group_convolution(filter(), Init::default())
    ///     .activation(Activation::Relu)
    ///     .group_pooling()
    ///     .dense(Init::default())
    ///     .build()?;
    /// assert_eq!(network.layers()[2].to_string(), "average-pooling 2×2 valid, stride 2×2");
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn average_pooling(self, pooling: AveragePooling) -> NetworkBuilder<OverPlane, S> {
        self.push(Layer::AveragePooling(pooling))
    }

    /// Concatenates all features to one vector. Only a dense layer may follow.
    pub fn flatten(self) -> NetworkBuilder<Vectors, Activated> {
        self.push(Layer::Flatten)
    }
}

impl<S: sealed::Stage> NetworkBuilder<OverFiniteGroup, S> {
    /// Adds a group convolution; its filters cover some elements of the group, or all.
    pub fn group_convolution(
        self,
        filter: Filter,
        init: Init,
    ) -> NetworkBuilder<OverFiniteGroup, Gaussian> {
        self.push(Layer::GroupConvolution { filter, init })
    }
}

impl<D: sealed::Pooled, S: sealed::Stage> NetworkBuilder<D, S> {
    /// Adds the mean over the group, or over the sphere after a partial pooling. The mean of activated features is not Gaussian: they stay at
    /// their stage.
    pub fn group_pooling(self) -> NetworkBuilder<Vectors, S> {
        self.push(Layer::GroupPooling)
    }
}

impl<D: sealed::Readable, S: sealed::Stage> NetworkBuilder<D, S> {
    /// Reads the features at given places, which ends the network.
    ///
    /// # Arguments
    /// * `outputs` — rotations, or points after a partial pooling
    ///
    /// # Examples
    /// ```
    /// use haarmonic::network::{Network, Outputs, Init, SphereSampling};
    /// let network = Network::sphere(6, SphereSampling::Coefficients, 1)
    ///     .lifting(Init::default())
    ///     .outputs(Outputs::rotations(&[[0.0, 0.0, 0.0], [0.3, 1.2, 0.5]]))
    ///     .build()?;
    /// assert_eq!(network.outputs().count(), 2);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn outputs(mut self, outputs: Outputs) -> NetworkBuilder<Read, S> {
        self.outputs = outputs;
        self.retyped()
    }
}

impl<D: sealed::Finished, S: sealed::Stage> NetworkBuilder<D, S> {
    /// Checks the values and makes the network.
    ///
    /// # Errors
    /// [`Error::InvalidNetwork`](crate::Error::InvalidNetwork) or
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) for a size, a standard deviation, a
    /// tolerance, a parameter of a filter or of an activation outside its range, or outputs that do
    /// not fit.
    pub fn build(self) -> Result<Network> {
        Network::new_with_outputs(self.input, self.quadrature, self.layers, self.outputs)
    }
}
