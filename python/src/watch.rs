//! Long computations: without the GIL, with progress, and ended by Ctrl-C.
//!
//! A job runs on threads of a pool while the thread of the caller waits. Every now and then the caller wakes, runs the handlers of signals
//! and the progress function of the user, and tells the job to end if one of them raised an exception. So Python code runs on the
//! thread of the caller only, and no worker waits for the GIL.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use haarmonic::progress::Progress;
use haarmonic::{Error, Result};
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;

use crate::errors::OrRaise;
use crate::threads::Threads;

/// The caller wakes this often.
const WAKE: Duration = Duration::from_millis(50);
/// So long an exception waits for the pairs of signals in progress.
const GRACE: Duration = Duration::from_millis(500);

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
    let watch = Watch::new(progress)?;
    let (sender, receiver) = sync_channel(1);
    let (pool, watching) = (threads.pool()?, &watch);
    let ended = py.detach(move || {
        pool.in_place_scope(|scope| {
            let listener = watching.shared.listener();
            // The receiver lives until the scope ends; a panic is passed on by the scope.
            scope.spawn(move |_| drop(sender.send(job(listener))));
            watching.wait(&receiver, None)
        })
    });
    watch.finish(py, ended)
}

/// As [`long`], for a job that borrows nothing: when an exception ends it, a pair of signals in progress is left to end by itself.
pub(crate) fn long_owned<T: Send + 'static>(
    py: Python<'_>,
    threads: Threads,
    progress: Option<&Bound<'_, PyAny>>,
    job: impl FnOnce(Progress) -> Result<T> + Send + 'static,
) -> PyResult<T> {
    let watch = Watch::new(progress)?;
    let (sender, receiver) = sync_channel(1);
    let (pool, watching) = (threads.pool()?, &watch);
    let ended = py.detach(move || {
        let listener = watching.shared.listener();
        // Nobody receives the result of a job that was left, and a panic must not end the process.
        pool.spawn(move || {
            drop(catch_unwind(AssertUnwindSafe(|| {
                sender.send(job(listener))
            })))
        });
        watching.wait(&receiver, Some(GRACE))
    });
    watch.finish(py, ended)
}

/// Runs a job without the GIL that asks a function of the user for values: the calling thread answers, and Ctrl-C ends the job at its next
/// question, as an exception of the function does.
///
/// # Arguments
/// * `answer` — called on the calling thread, with the GIL
/// * `job` — gets a function that asks
pub(crate) fn asking<T: Send, Q: Send, A: Send>(
    py: Python<'_>,
    threads: Threads,
    answer: impl Fn(Python<'_>, Q) -> PyResult<A> + Send,
    job: impl FnOnce(&dyn Fn(Q) -> Result<A>) -> Result<T> + Send,
) -> PyResult<T> {
    let watch = Watch::new(None)?;
    let (question_sender, questions) = sync_channel(1);
    let (answers, answer_receiver) = sync_channel(1);
    let (sender, receiver) = sync_channel(1);
    let (pool, watching) = (threads.pool()?, &watch);
    let ended = py.detach(move || {
        pool.in_place_scope(|scope| {
            scope.spawn(move |_| {
                let ask = |question| {
                    // Without somebody who answers, the job was ended.
                    let ended = || Error::cancelled("search");
                    question_sender.send(question).map_err(|_| ended())?;
                    answer_receiver.recv().map_err(|_| ended())
                };
                drop(sender.send(job(&ask)));
            });
            let raised = loop {
                let answered = match questions.recv_timeout(WAKE) {
                    Ok(question) => Python::attach(|py| answer(py, question))
                        .map(|answer| drop(answers.send(answer))),
                    Err(RecvTimeoutError::Timeout) => Python::attach(|py| watching.tick(py)),
                    Err(RecvTimeoutError::Disconnected) => break None,
                };
                if let Err(error) = answered {
                    break Some(error);
                }
            };
            drop((questions, answers));
            let result = receiver.recv().ok();
            Ended { result, raised }
        })
    });
    watch.finish(py, ended)
}

/// How a job ended: without a result if it panicked, or was left after an exception.
struct Ended<T> {
    result: Option<Result<T>>,
    raised: Option<PyErr>,
}

/// A job that the calling thread watches.
struct Watch {
    shared: Arc<Shared>,
    report: Option<Py<PyAny>>,
}

impl Watch {
    fn new(progress: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        Ok(Watch {
            shared: Arc::default(),
            report: progress.map(listener).transpose()?.flatten(),
        })
    }

    /// Waits for a result, and tells the job to end after an exception.
    ///
    /// # Arguments
    /// * `grace` — how long to wait after an exception; `None` until the job has ended
    fn wait<T>(&self, receiver: &Receiver<Result<T>>, grace: Option<Duration>) -> Ended<T> {
        let mut raised = None;
        let mut until = None;
        loop {
            let result = match receiver.recv_timeout(WAKE) {
                Ok(result) => Some(result),
                Err(RecvTimeoutError::Disconnected) => None,
                Err(RecvTimeoutError::Timeout) if raised.is_none() => {
                    raised = Python::attach(|py| self.tick(py)).err();
                    if raised.is_some() {
                        self.shared.ended.store(true, Ordering::Relaxed);
                        until = grace.map(|grace| Instant::now() + grace);
                    }
                    continue;
                }
                Err(_) if until.is_none_or(|until| Instant::now() <= until) => continue,
                Err(_) => None,
            };
            return Ended { result, raised };
        }
    }

    fn finish<T>(&self, py: Python<'_>, ended: Ended<T>) -> PyResult<T> {
        if let Some(error) = ended.raised {
            return Err(error);
        }
        let Some(result) = ended.result else {
            return Err(PyRuntimeError::new_err(
                "a thread of the computation panicked; this is an error of haarmonic",
            ));
        };
        let value = result.or_raise()?;
        self.tick(py)?;
        Ok(value)
    }

    /// Lets Python handle signals and see the progress.
    fn tick(&self, py: Python<'_>) -> PyResult<()> {
        py.check_signals()?;
        let total = self.shared.total.load(Ordering::Relaxed);
        if let (Some(report), true) = (&self.report, total > 0) {
            report.call1(py, (self.shared.done.load(Ordering::Relaxed), total))?;
        }
        Ok(())
    }
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
