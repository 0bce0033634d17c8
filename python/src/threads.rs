//! Threads of transforms: the calling thread, or a pool that all plans share.

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// How many threads a call uses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Threads {
    asked: Option<usize>,
    count: usize,
}

impl Threads {
    /// One thread, several, or (`None`) one per processor.
    ///
    /// # Errors
    /// `ValueError` for zero and negative numbers.
    pub(crate) fn new(asked: Option<i64>) -> PyResult<Self> {
        let asked = match asked {
            None => None,
            Some(count) => match usize::try_from(count) {
                Ok(count) if count > 0 => Some(count),
                _ => {
                    return Err(PyValueError::new_err(format!(
                        "threads: found {count}, expected 1 or more, or None for all"
                    )));
                }
            },
        };
        let all = || std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Threads {
            asked,
            count: asked.unwrap_or_else(all),
        })
    }

    /// The argument itself, for other machines.
    pub(crate) fn asked(self) -> Option<usize> {
        self.asked
    }

    /// Whether there is more than one.
    pub(crate) fn many(self) -> bool {
        self.count > 1
    }

    /// The pool of so many threads, for work that the calling thread watches.
    ///
    /// # Errors
    /// `RuntimeError` if the system refuses threads.
    pub(crate) fn pool(self) -> PyResult<Arc<ThreadPool>> {
        pool(self.count)
    }

    /// Runs work on the calling thread, or in a pool.
    ///
    /// # Errors
    /// `RuntimeError` if the system refuses threads.
    pub(crate) fn run<R: Send>(self, work: impl FnOnce() -> R + Send) -> PyResult<R> {
        if self.many() {
            Ok(pool(self.count)?.install(work))
        } else {
            Ok(work())
        }
    }
}

/// As the argument is written in Python.
impl fmt::Display for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.asked {
            Some(count) => count.fmt(f),
            None => f.write_str("None"),
        }
    }
}

/// A pool with its process and its number of threads.
struct Pool {
    process: u32,
    count: usize,
    threads: Arc<ThreadPool>,
}

static POOLS: Mutex<Vec<Pool>> = Mutex::new(Vec::new());

/// The pool of this process with so many threads. A process that was forked from this one has the list, but not the threads.
fn pool(count: usize) -> PyResult<Arc<ThreadPool>> {
    let process = std::process::id();
    let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    let found = pools
        .iter()
        .find(|pool| pool.process == process && pool.count == count);
    if let Some(pool) = found {
        return Ok(pool.threads.clone());
    }
    let threads = ThreadPoolBuilder::new()
        .num_threads(count)
        .thread_name(|index| format!("haarmonic-{index}"))
        .build()
        .map_err(|error| PyRuntimeError::new_err(format!("{count} threads: {error}")))?;
    let threads = Arc::new(threads);
    pools.push(Pool {
        process,
        count,
        threads: threads.clone(),
    });
    Ok(threads)
}

/// Working memory that calls leave for later calls of any thread.
pub(crate) struct Stock<T>(Mutex<Vec<T>>);

impl<T> Stock<T> {
    /// Starts empty.
    pub(crate) fn new() -> Self {
        Stock(Mutex::new(Vec::new()))
    }

    /// Works with memory from the stock, or with new memory if it is empty.
    pub(crate) fn with<R>(&self, make: impl FnOnce() -> T, work: impl FnOnce(&mut T) -> R) -> R {
        let kept = self.lock().pop();
        let mut memory = kept.unwrap_or_else(make);
        let result = work(&mut memory);
        self.lock().push(memory);
        result
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
