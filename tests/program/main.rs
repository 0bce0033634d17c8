//! The program `haarmonic` from the outside.

mod commands;
#[path = "../common/mod.rs"]
mod common;
mod covariance;
mod distill;
mod files;
mod graphs;
#[cfg(unix)]
mod interrupt;
mod learning_curve;
mod molecules;
#[cfg(feature = "mpi")]
mod mpi;
mod phase;
#[cfg(feature = "plot")]
mod plot;
mod predict;
mod sample;
mod score;
mod spectrum;
mod sphere;
mod store;
mod width;
