//! Harmonic analysis on the sphere S² and the rotation group SO(3), and the kernels of
//! infinitely wide group-convolutional networks built on it.

pub mod activation;
pub mod conventions;
pub mod data;
pub mod error;
pub mod group;
pub mod kernel;
pub mod network;
pub mod predict;
pub mod rotation_group;
pub mod special;
pub mod sphere;

pub use error::{Error, Result};
