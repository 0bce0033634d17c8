//! Networks: the space their inputs live in, their layers, and the quadrature of the mean over the
//! group. A network states the layers, not the method of evaluation.
//!
//! [`Network::vector`], [`Network::sphere`], [`Network::plane`], [`Network::finite`], [`Network::graph`] and [`Network::molecule`] build one in Rust, where layers that do not fit do not
//! compile; [`Network::read`] reads a network file, where they are errors that say what to change.

mod aggregation;
mod check;
mod check_filter;
mod check_molecule;
mod check_plane;
mod check_state;
mod check_values;
mod definition;
mod file;
mod file_filter;
mod file_graph;
mod file_molecule;
mod file_write;
mod filter;
mod formula;
mod inits;
mod message;
mod outputs;
mod pooling;
mod presets;
mod slide;
mod stages;
mod table;
mod types;
mod zonal_profile;

pub mod builder;

pub use aggregation::{Aggregation, EdgeScaling, NodePooling};
pub use builder::NetworkBuilder;
pub(crate) use check_values::MAX_MOLECULE_BAND_LIMIT;
pub use definition::Network;
pub use filter::{Filter, Padding};
pub use formula::Formula;
pub use inits::Hyperparameter;
pub use message::{EdgeLabels, MAX_MESSAGE_DEGREES, Message, RadialKernel};
pub use outputs::Outputs;
pub use pooling::AveragePooling;
pub(crate) use slide::Slide;
pub(crate) use stages::{Link, common_stride, stages};
pub use types::{
    DEFAULT_TOLERANCE, GroupName, Init, InputSpace, Layer, Quadrature, SphereSampling,
};
pub use zonal_profile::ZonalProfile;
