//! The program `haarmonic` from the outside.

mod commands;
#[path = "../common/mod.rs"]
mod common;
mod files;
#[cfg(unix)]
mod interrupt;
#[cfg(feature = "mpi")]
mod mpi;
mod phase;
#[cfg(feature = "plot")]
mod plot;
mod predict;
mod score;
mod spectrum;
mod store;
