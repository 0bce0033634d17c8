//! Building a network in Rust. The type says what the layers so far hand on, so that a layer that
//! does not fit does not compile.

use std::marker::PhantomData;

use super::Network;
use super::types::{GroupName, InputSpace, Layer, Quadrature, Scale, Support};
use crate::Result;
use crate::activation::Activation;

/// Features that are vectors.
#[derive(Debug, Clone, Copy)]
pub enum Vectors {}
/// Signals on the sphere, before the lifting.
#[derive(Debug, Clone, Copy)]
pub enum OnSphere {}
/// Features that are functions on the group.
#[derive(Debug, Clone, Copy)]
pub enum OverGroup {}

/// No layer yet.
#[derive(Debug, Clone, Copy)]
pub enum Start {}
/// Gaussian features: an activation may follow.
#[derive(Debug, Clone, Copy)]
pub enum Gaussian {}
/// Features behind an activation: a layer with weights comes before the next one.
#[derive(Debug, Clone, Copy)]
pub enum Activated {}

mod sealed {
    pub trait Domain {}
    pub trait Stage {}
    impl Domain for super::Vectors {}
    impl Domain for super::OverGroup {}
    impl Stage for super::Gaussian {}
    impl Stage for super::Activated {}
}

/// A network under construction, from [`Network::vector`] or [`Network::sphere`].
///
/// The features live on `Domain` and are at `Stage`. Two activations in a row do not compile:
/// ```compile_fail
/// use haarmonic::activation::Activation;
/// use haarmonic::network::{Network, Scale};
/// let network = Network::vector(7)
///     .dense(Scale::default())
///     .activation(Activation::Relu)
///     .activation(Activation::Erf)      // no method `activation` on activated features
///     .build();
/// ```
/// nor does a network on the sphere without pooling:
/// ```compile_fail
/// use haarmonic::activation::Activation;
/// use haarmonic::network::{Network, Scale, SphereSampling};
/// let network = Network::sphere(6, SphereSampling::Coefficients, 1)
///     .lifting(Scale::default())
///     .activation(Activation::Relu)
///     .build();                         // no method `build` on features over the group
/// ```
///
/// # Examples
/// ```
/// use haarmonic::activation::Activation;
/// use haarmonic::network::{Network, Scale};
/// let network = Network::vector(7)
///     .dense(Scale::default())
///     .activation(Activation::Relu)
///     .dense(Scale::default())
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
    marker: PhantomData<(Domain, Stage)>,
}

impl<D, S> NetworkBuilder<D, S> {
    pub(super) fn new(input: InputSpace) -> Self {
        NetworkBuilder {
            input,
            quadrature: Quadrature::default(),
            layers: Vec::new(),
            marker: PhantomData,
        }
    }

    fn push<D2, S2>(mut self, layer: Layer) -> NetworkBuilder<D2, S2> {
        self.layers.push(layer);
        NetworkBuilder {
            input: self.input,
            quadrature: self.quadrature,
            layers: self.layers,
            marker: PhantomData,
        }
    }
}

impl NetworkBuilder<Vectors, Start> {
    /// Adds the first dense layer.
    pub fn dense(self, scale: Scale) -> NetworkBuilder<Vectors, Gaussian> {
        self.push(Layer::Dense(scale))
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
    pub fn lifting(self, scale: Scale) -> NetworkBuilder<OverGroup, Gaussian> {
        self.push(Layer::Lifting {
            group: GroupName::So3,
            support: Support::Global,
            scale,
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
    /// Adds a dense layer; over the group, the same map at every element.
    pub fn dense(self, scale: Scale) -> NetworkBuilder<D, Gaussian> {
        self.push(Layer::Dense(scale))
    }
}

impl<S: sealed::Stage> NetworkBuilder<OverGroup, S> {
    /// Adds a group convolution with filters on the whole group.
    pub fn group_convolution(self, scale: Scale) -> NetworkBuilder<OverGroup, Gaussian> {
        self.push(Layer::GroupConvolution {
            support: Support::Global,
            scale,
        })
    }

    /// Adds the mean over the group. The mean of activated features is not Gaussian: they stay at
    /// their stage.
    pub fn group_pooling(self) -> NetworkBuilder<Vectors, S> {
        self.push(Layer::GroupPooling)
    }
}

impl<S: sealed::Stage> NetworkBuilder<Vectors, S> {
    /// Checks the values and makes the network.
    ///
    /// # Errors
    /// [`Error::InvalidNetwork`](crate::Error::InvalidNetwork) or
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) for a size, a standard deviation, a
    /// tolerance or a parameter of an activation outside its range.
    pub fn build(self) -> Result<Network> {
        Network::new(self.input, self.quadrature, self.layers)
    }
}
