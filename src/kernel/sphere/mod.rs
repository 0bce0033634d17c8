//! The common parts of the geometries of the sphere: signals, rotated copies, and readouts.

mod copies;
mod cotangent;
mod readout;
mod signal;

pub(super) use copies::{Centre, Copies};
pub(super) use cotangent::{
    add_rotated_back, channel_len, cotangent_len, places, write_coefficients,
};
pub(super) use readout::SphereReadout;
pub(super) use signal::FieldSignal;
