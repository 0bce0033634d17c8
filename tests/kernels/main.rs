//! Activations, networks, their kernels, and predictions from these.

mod accuracy;
mod activation;
#[path = "../common/mod.rs"]
mod common;
mod corrections;
mod covariance;
mod distill;
mod group;
mod kernel;
mod network;
mod predict;
#[cfg(feature = "serde")]
mod serialised;
mod spectral;
