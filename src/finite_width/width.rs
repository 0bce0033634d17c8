//! Numbers of channels.

use crate::{Error, Result};

/// Numbers of channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Width {
    /// Channels of every layer with weights but the last one.
    pub hidden: usize,
    /// Channels of the last layer with weights.
    pub outputs: usize,
}

impl Width {
    /// # Arguments
    /// * `hidden` — channels of every layer with weights but the last one, at least 1
    /// * `outputs` — channels of the last one, at least 1
    ///
    /// The values are checked when a network is made.
    pub fn new(hidden: usize, outputs: usize) -> Self {
        Width { hidden, outputs }
    }

    pub(super) fn check(self) -> Result<()> {
        for (what, number) in [("hidden", self.hidden), ("output", self.outputs)] {
            if number == 0 {
                return Err(Error::invalid(
                    format!("number of {what} channels"),
                    "0",
                    "at least 1",
                ));
            }
        }
        Ok(())
    }
}
