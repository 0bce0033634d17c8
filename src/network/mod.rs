//! Networks: the space their inputs live in, their layers, and the quadrature of the mean over the
//! group. A network says what is computed, and nothing about how it is evaluated.

mod types;

pub use types::{
    DEFAULT_TOLERANCE, GroupName, InputSpace, Layer, Quadrature, Scale, SphereSampling, Support,
};
