//! Options for the size of tiles.

use crate::atoms::Atoms;
use crate::graph::Graph;
use crate::kernel::{Kernel, Signals};
use crate::network::InputSpace;
use crate::{Error, Result};

/// The default memory of a tile in bytes.
const MEMORY: usize = 512 << 20;
/// The default number of signals along each side of a tile: for perceptrons, whose pairs take nanoseconds, and for all other
/// networks.
const SIDES: [usize; 2] = [1024, 64];
/// The number of values held at a time per entry of a tile: six for both kernels, their coarser values and their errors, and six for
/// intermediate results.
const NUMBERS: usize = 12;
/// The number of values held per value of a prepared signal.
const PREPARED: usize = 8;

/// Options for the tiles of a new store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreOptions {
    /// The number of bytes that a tile may take while it is computed; default 512 MiB. The signals of the caller do not count.
    pub memory: usize,
    /// The number of signals along each side of a tile; `None` for 1024 (networks on vectors) or 64 (all others), or fewer if the
    /// memory requires it.
    pub side: Option<usize>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        StoreOptions {
            memory: MEMORY,
            side: None,
        }
    }
}

/// The number of real values of a signal.
pub(super) fn signal_len(signals: &Signals<'_>) -> usize {
    if let Signals::Graphs(graphs) = signals {
        // The fibre of the largest graph with itself is the largest array of a pair.
        let largest = graphs.iter().map(Graph::len).max().unwrap_or(0);
        return largest.saturating_mul(largest);
    }
    if let Signals::Atoms(atoms) = signals {
        let largest = atoms.iter().map(Atoms::len).max().unwrap_or(0);
        return largest.saturating_mul(largest);
    }
    let numbers = signals.shape()[1..].iter().product::<usize>();
    match signals {
        Signals::Coefficients(_) => 2 * numbers,
        _ => numbers,
    }
}

/// An estimate of the bytes that a tile takes while it is computed.
///
/// # Arguments
/// * `signal` — the number of real values of a signal
/// * `outputs` — the number of rows or columns of the matrix per signal
pub(super) fn tile_memory([rows, columns]: [usize; 2], signal: usize, outputs: usize) -> usize {
    let entries = (rows * outputs).saturating_mul(columns * outputs);
    let prepared = (rows + columns).saturating_mul(signal * outputs);
    let numbers = entries
        .saturating_mul(NUMBERS)
        .saturating_add(prepared.saturating_mul(PREPARED));
    numbers.saturating_mul(size_of::<f64>())
}

/// The number of signals along each side of a new tile.
///
/// # Errors
/// [`Error::InvalidValue`] for a side of 0, or if the memory does not suffice for a tile.
pub(super) fn side(
    kernel: &Kernel,
    signals: &Signals<'_>,
    outputs: usize,
    options: StoreOptions,
) -> Result<usize> {
    let fits = |side: usize| tile_memory([side; 2], signal_len(signals), outputs) <= options.memory;
    let most = match kernel.network().input() {
        InputSpace::Vector { .. } => SIDES[0],
        _ => SIDES[1],
    };
    let refused = |found: String, expected: String| {
        Err(Error::invalid(
            "memory for a tile of a kernel matrix",
            found,
            expected,
        ))
    };
    match options.side {
        Some(0) => refused("0 signals".into(), "at least 1".into()),
        Some(side) if !fits(side) => refused(
            format!(
                "{} bytes for {side} signals along each side",
                options.memory
            ),
            format!(
                "at least {} bytes",
                tile_memory([side; 2], signal_len(signals), outputs)
            ),
        ),
        Some(side) => Ok(side),
        None => match (1..=most).rev().find(|&side| fits(side)) {
            Some(side) => Ok(side),
            None => refused(
                format!("{} bytes", options.memory),
                format!(
                    "at least {} bytes",
                    tile_memory([1; 2], signal_len(signals), outputs)
                ),
            ),
        },
    }
}
