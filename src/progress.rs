//! How far a long computation has come, and whether to go on.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{Error, Result};

/// Called with the number of pairs done and the number of pairs in all; says whether to go on.
///
/// It is called from several threads, block of pairs by block of pairs. After [`ControlFlow::Break`] no further block is begun and the
/// computation returns [`Error::Cancelled`]; blocks that other threads have at hand may still be reported.
pub type Progress = Arc<dyn Fn(usize, usize) -> ControlFlow<()> + Send + Sync>;

/// Counts pairs, and reports them to the listener.
pub(crate) struct Counter<'a> {
    done: AtomicUsize,
    total: usize,
    progress: Option<&'a Progress>,
}

impl<'a> Counter<'a> {
    /// # Arguments
    /// * `total` — number of pairs in all
    pub(crate) fn new(total: usize, progress: Option<&'a Progress>) -> Self {
        Counter {
            done: AtomicUsize::new(0),
            total,
            progress,
        }
    }

    /// Counts some more pairs.
    ///
    /// # Errors
    /// [`Error::Cancelled`] if the listener says so.
    pub(crate) fn add(&self, pairs: usize) -> Result<()> {
        let done = self.done.fetch_add(pairs, Ordering::Relaxed) + pairs;
        match self.progress.map(|progress| progress(done, self.total)) {
            Some(ControlFlow::Break(())) => Err(Error::cancelled("kernel matrix")),
            _ => Ok(()),
        }
    }
}
