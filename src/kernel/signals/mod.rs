//! The signals of a caller: checks, and access to one signal at a time for the geometries.

mod check;
mod forms;
mod inputs;

pub use forms::{OwnedSignals, Signals};
pub(crate) use inputs::{Harmonics, Inputs, Places, Turn};
