//! Networks: the space their inputs live in, their layers, and the quadrature of the mean over the
//! group. A network says what is computed, and nothing about how it is evaluated.
//!
//! [`Network::vector`], [`Network::sphere`], [`Network::plane`] and [`Network::finite`] build one in Rust, where layers that do not fit do not
//! compile; [`Network::read`] reads a network file, where they are errors that say what to change.

mod check;
mod check_values;
mod definition;
mod file;
mod file_write;
mod outputs;
mod scales;
mod support;
mod table;
mod types;
mod zonal_profile;

pub mod builder;

pub use builder::NetworkBuilder;
pub use definition::Network;
pub use outputs::Outputs;
pub use scales::ScaleParameter;
pub use support::{Padding, Support};
pub use types::{
    DEFAULT_TOLERANCE, GroupName, InputSpace, Layer, Quadrature, Scale, SphereSampling,
};
pub use zonal_profile::ZonalProfile;
