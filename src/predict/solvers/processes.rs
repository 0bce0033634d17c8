//! Several processes that solve one system together.

use crate::{Error, Result};

/// The processes that solve one system together, each with its share of every product with the kernel.
///
/// Every process runs the same solver on the same targets. A product with the kernel is a sum over the shares of all processes, and each
/// process then continues with equal numbers. The program implements this trait by MPI; [`OneProcess`] is the implementation for a process
/// that is alone.
///
/// # Examples
/// ```
/// use haarmonic::predict::{OneProcess, Processes};
/// let mut values = [1.0, 2.0];
/// OneProcess.sum(&mut values)?;
/// assert_eq!((OneProcess.place(), values), ([0, 1], [1.0, 2.0]));
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub trait Processes: Send + Sync {
    /// Returns the index of this process, from 0, and the number of processes.
    fn place(&self) -> [usize; 2];

    /// Replaces each value by its sum over all processes, and waits for all of them (an all-reduce).
    ///
    /// All processes receive the same numbers, to the bit. All processes call this function equally often, with equally many values, from one
    /// thread.
    ///
    /// # Errors
    /// Errors of the connection.
    fn sum(&self, values: &mut [f64]) -> Result<()>;
}

/// A process that is alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OneProcess;

impl Processes for OneProcess {
    fn place(&self) -> [usize; 2] {
        [0, 1]
    }

    fn sum(&self, _values: &mut [f64]) -> Result<()> {
        Ok(())
    }
}

/// Sums what each process has computed, or returns an error in all processes if one of them has failed.
///
/// # Arguments
/// * `part` — the result of this process; `values` holds its share
pub(super) fn sum_shares(
    processes: &dyn Processes,
    part: Result<()>,
    values: &mut [f64],
) -> Result<()> {
    if processes.place()[1] == 1 {
        return part;
    }
    // The last number counts the processes that failed, so that one sum serves both.
    let mut sent = Vec::with_capacity(values.len() + 1);
    match &part {
        Ok(()) => sent.extend_from_slice(values),
        Err(_) => sent.resize(values.len(), 0.0),
    }
    sent.push(if part.is_err() { 1.0 } else { 0.0 });
    processes.sum(&mut sent)?;
    part?;
    if sent[values.len()] > 0.0 {
        return Err(Error::invalid(
            "processes",
            "an error of another process",
            "all processes to succeed; it has said why",
        ));
    }
    values.copy_from_slice(&sent[..values.len()]);
    Ok(())
}
