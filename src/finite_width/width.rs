//! [`Width`]: the numbers of channels of a finite network.

use crate::{Error, Result};

/// The numbers of channels of a finite network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Width {
    /// Channels of every layer with weights but the last one.
    pub hidden: usize,
    /// Channels of the last layer with weights.
    pub outputs: usize,
}

impl Width {
    /// Makes a pair of numbers of channels; [`FiniteNetwork::new`](super::FiniteNetwork::new) checks them.
    ///
    /// # Arguments
    /// * `hidden` — channels of every layer with weights but the last one, at least 1
    /// * `outputs` — channels of the last layer with weights, at least 1
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
