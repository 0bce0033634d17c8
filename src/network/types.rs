//! The parts a network is made of: where its inputs live, its layers, and how the mean over the
//! group is taken. Plain data; [`Network`](super::Network) is what has been checked.

use std::fmt;
use std::str::FromStr;

use crate::activation::Activation;
use crate::sphere::Sampling;
use crate::{Error, Result};

/// Where the inputs of a network live, with the shape of one input.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputSpace {
    /// Vectors, `[n, dimension]`: a multilayer perceptron.
    Vector {
        /// Number of entries of one input.
        dimension: usize,
    },
    /// Band-limited signals on the sphere, `[n, θ, φ, channels]` or coefficients.
    Sphere {
        /// Band limit `L`, exclusive: degrees `ℓ < L`.
        band_limit: usize,
        /// How a signal is stored.
        sampling: SphereSampling,
        /// Number of real signals that make up one input.
        channels: usize,
    },
}

/// How a signal on the sphere is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SphereSampling {
    /// Values on a grid, `[n, θ, φ, channels]`.
    Grid(Sampling),
    /// Complex coefficients of a real signal, `[n, channels, L, 2L−1]`, entry `[l, m + L − 1]`.
    Coefficients,
}

/// How the mean over the group is computed.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Quadrature {
    /// One Haar quadrature of the given band limit.
    BandLimit(usize),
    /// Quadratures of growing band limit, until the kernels change by less than this, relatively.
    Tolerance(f64),
}

/// The tolerance of a network that states neither a band limit nor a tolerance.
pub const DEFAULT_TOLERANCE: f64 = 1e-6;

impl Default for Quadrature {
    fn default() -> Self {
        Quadrature::Tolerance(DEFAULT_TOLERANCE)
    }
}

/// One layer of a network.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq)]
pub enum Layer {
    /// From a signal on the space to features over the group.
    Lifting {
        /// The group the features are functions on.
        group: GroupName,
        /// The part of the space the filter covers.
        support: Support,
        /// Standard deviations of weights and biases.
        scale: Scale,
    },
    /// From features over the group to features over the group.
    GroupConvolution {
        /// The part of the group the filter covers.
        support: Support,
        /// Standard deviations of weights and biases.
        scale: Scale,
    },
    /// A function applied to every feature.
    Activation(Activation),
    /// Mean of the features over the group.
    GroupPooling,
    /// Fully connected in the channels; over the group, the same map at every element.
    Dense(Scale),
}

impl Layer {
    /// The word for this layer in a network file.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::network::{Layer, Scale};
    /// assert_eq!(Layer::Dense(Scale::default()).kind(), "dense");
    /// ```
    pub fn kind(&self) -> &'static str {
        match self {
            Layer::Lifting { .. } => "lifting",
            Layer::GroupConvolution { .. } => "group-convolution",
            Layer::Activation(_) => "activation",
            Layer::GroupPooling => "group-pooling",
            Layer::Dense(_) => "dense",
        }
    }
}

/// Standard deviations of the weights and biases of a layer, in the NTK parametrisation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// σw; positive.
    pub weight_std: f64,
    /// σb; zero means no bias.
    pub bias_std: f64,
}

impl Scale {
    /// Standard deviations of weights and biases.
    ///
    /// # Arguments
    /// * `weight_std` — σw, positive
    /// * `bias_std` — σb, zero or positive
    ///
    /// The values are checked when the network is built.
    pub fn new(weight_std: f64, bias_std: f64) -> Self {
        Scale {
            weight_std,
            bias_std,
        }
    }
}

impl Default for Scale {
    /// σw = 1, σb = 0.
    fn default() -> Self {
        Scale::new(1.0, 0.0)
    }
}

/// The part of the space or group that a filter covers.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Support {
    /// All of it.
    #[default]
    Global,
}

/// The group a lifting layer lifts to.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupName {
    /// Rotations of three-dimensional space, acting on the sphere.
    So3,
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GroupName::So3 => f.write_str("SO3"),
        }
    }
}

impl FromStr for GroupName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "SO3" => Ok(GroupName::So3),
            "C1" | "C2" | "C4" | "D1" | "D2" | "D4" => Err(Error::InvalidValue {
                what: "group".into(),
                found: format!("\"{text}\", a group of the plane"),
                expected: "\"SO3\" (the plane is not supported in this version)".into(),
            }),
            _ => Err(Error::InvalidValue {
                what: "group".into(),
                found: format!("{text:?}"),
                expected: "\"SO3\"".into(),
            }),
        }
    }
}

impl fmt::Display for SphereSampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SphereSampling::Grid(sampling) => write!(f, "{sampling}"),
            SphereSampling::Coefficients => f.write_str("coefficients"),
        }
    }
}

impl FromStr for SphereSampling {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text == "coefficients" {
            return Ok(SphereSampling::Coefficients);
        }
        match text.parse() {
            Ok(sampling) => Ok(SphereSampling::Grid(sampling)),
            Err(_) => Err(Error::InvalidValue {
                what: "sampling".into(),
                found: format!("{text:?}"),
                expected: "one of \"driscoll-healy\", \"gauss-legendre\", \"mcewen-wiaux\", \
                           \"coefficients\""
                    .into(),
            }),
        }
    }
}
