//! Signals as a caller has them, checked, and one at a time for the geometries.

mod check;
mod forms;
mod inputs;

pub use forms::{OwnedSignals, Signals};
pub(crate) use inputs::{Harmonics, Inputs, Places, Turn};
