//! What the geometries of the sphere share: signals, rotated copies, and how features are read.

mod copies;
mod readout;
mod signal;

pub(super) use copies::{Centre, Copies};
pub(super) use readout::SphereReadout;
pub(super) use signal::SphereSignal;
