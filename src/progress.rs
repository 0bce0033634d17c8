//! How far a long computation has come, and whether to go on.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::{Error, Result};

/// Called with the number of pairs done and the number of pairs in all; says whether to go on.
///
/// It is called from several threads, block of pairs by block of pairs, and within a block that takes longer than a tenth of a second (then
/// with the number of pairs that finished blocks have, which may be 0). After [`ControlFlow::Break`] no further block is begun and the
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

/// A listener is asked within a block after this time.
const PATIENCE: Duration = Duration::from_millis(100);
/// Pairs that take longer together are not counted before the clock is read again.
const SHORT: Duration = Duration::from_millis(1);

/// Asks the listener within one block of pairs, so that it can end a block of slow pairs. Fast pairs read the clock now and then only.
pub(crate) struct Patience<'c, 'p> {
    counter: &'c Counter<'p>,
    asked: Cell<Instant>,
    read: Cell<Instant>,
    /// Pairs between two looks at the clock, and how many of them are left.
    stride: Cell<u32>,
    left: Cell<u32>,
    ended: Cell<bool>,
}

impl<'p> Counter<'p> {
    /// For a block that begins now; nothing without a listener.
    pub(crate) fn patience(&self) -> Option<Patience<'_, 'p>> {
        self.progress?;
        let now = Instant::now();
        Some(Patience {
            counter: self,
            asked: Cell::new(now),
            read: Cell::new(now),
            stride: Cell::new(1),
            left: Cell::new(1),
            ended: Cell::new(false),
        })
    }
}

impl Patience<'_, '_> {
    /// Returns whether to compute the next pair.
    pub(crate) fn goes_on(&self) -> bool {
        if self.ended.get() || self.left.get() > 1 {
            self.left.set(self.left.get().saturating_sub(1));
            return !self.ended.get();
        }
        let now = Instant::now();
        let fast = now - self.read.replace(now) < SHORT;
        self.stride.set(if fast {
            self.stride.get().saturating_mul(2)
        } else {
            1
        });
        self.left.set(self.stride.get());
        if now - self.asked.get() >= PATIENCE {
            self.asked.set(now);
            self.ended.set(self.counter.add(0).is_err());
        }
        !self.ended.get()
    }

    /// # Errors
    /// [`Error::Cancelled`] if the listener ended the block.
    pub(crate) fn check(&self) -> Result<()> {
        match self.ended.get() {
            true => Err(Error::cancelled("kernel matrix")),
            false => Ok(()),
        }
    }
}
