//! Long computations: without the GIL, with progress, and ended by Ctrl-C.
//!
//! A job runs on threads of a pool while the thread of the caller waits. Every now and then the caller wakes, runs the handlers of signals
//! and the progress function of the user, and tells the job to end if one of them raised an exception. So Python code runs on the
//! thread of the caller only, and no worker waits for the GIL.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use haarmonic::Result;
use haarmonic::progress::Progress;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::errors::OrRaise;
use crate::threads::Threads;

/// The caller wakes this often.
const WAKE: Duration = Duration::from_millis(50);

/// What a job has reported, and whether it shall go on.
#[derive(Default)]
struct Shared {
    done: AtomicUsize,
    total: AtomicUsize,
    ended: AtomicBool,
}

impl Shared {
    fn listener(self: &Arc<Self>) -> Progress {
        let shared = Arc::clone(self);
        Arc::new(move |done, total| {
            shared.total.store(total, Ordering::Relaxed);
            shared.done.fetch_max(done, Ordering::Relaxed);
            match shared.ended.load(Ordering::Relaxed) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })
    }
}

/// Runs a job without the GIL. Ctrl-C takes effect after it.
pub(crate) fn short<T: Send>(
    py: Python<'_>,
    threads: Threads,
    job: impl FnOnce() -> Result<T> + Send,
) -> PyResult<T> {
    let pool = threads.pool()?;
    py.detach(|| pool.install(job)).or_raise()
}

/// Runs a job that reports its progress without the GIL; Ctrl-C ends it, and so does an exception of the progress function.
///
/// # Arguments
/// * `progress` — `None`, `True` for a bar, or a function of the numbers of pairs done and of pairs in all
pub(crate) fn long<T: Send>(
    py: Python<'_>,
    threads: Threads,
    progress: Option<&Bound<'_, PyAny>>,
    job: impl FnOnce(Progress) -> Result<T> + Send,
) -> PyResult<T> {
    let report = progress.map(listener).transpose()?.flatten();
    let shared = Arc::new(Shared::default());
    let listener = shared.listener();
    let (sender, receiver) = sync_channel(1);
    let (seen, to_tell) = (&shared, report.as_ref());
    let pool = threads.pool()?;
    let (result, raised) = py.detach(move || {
        pool.in_place_scope(|scope| {
            scope.spawn(move |_| {
                // The receiver lives until the scope ends.
                let _ = sender.send(job(listener));
            });
            let mut raised = None;
            loop {
                match receiver.recv_timeout(WAKE) {
                    Ok(result) => return (Some(result), raised),
                    // The job panicked; the scope passes it on.
                    Err(RecvTimeoutError::Disconnected) => return (None, raised),
                    Err(RecvTimeoutError::Timeout) if raised.is_none() => {
                        raised = Python::attach(|py| tick(py, to_tell, seen)).err();
                        seen.ended.store(raised.is_some(), Ordering::Relaxed);
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                }
            }
        })
    });
    if let Some(error) = raised {
        return Err(error);
    }
    let result = result
        .expect("a job that panicked has ended the scope")
        .or_raise()?;
    tick(py, report.as_ref(), &shared)?;
    Ok(result)
}

/// Lets Python handle signals and see the progress.
fn tick(py: Python<'_>, report: Option<&Py<PyAny>>, shared: &Shared) -> PyResult<()> {
    py.check_signals()?;
    let total = shared.total.load(Ordering::Relaxed);
    if let (Some(report), true) = (report, total > 0) {
        report.call1(py, (shared.done.load(Ordering::Relaxed), total))?;
    }
    Ok(())
}

/// The function that `progress` stands for.
fn listener(progress: &Bound<'_, PyAny>) -> PyResult<Option<Py<PyAny>>> {
    if let Ok(wanted) = progress.extract::<bool>() {
        return match wanted {
            false => Ok(None),
            true => Ok(Some(
                progress
                    .py()
                    .import("haarmonic._progress")?
                    .getattr("Bar")?
                    .call0()?
                    .unbind(),
            )),
        };
    }
    if progress.is_callable() {
        return Ok(Some(progress.clone().unbind()));
    }
    Err(PyTypeError::new_err(format!(
        "progress: found {}, expected None, True or a function of two numbers",
        progress.get_type().name()?
    )))
}
