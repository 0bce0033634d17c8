//! A progress bar for work that lasts, on a terminal only; and Ctrl-C, which ends such work.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use haarmonic::progress::Progress;
use haarmonic::{Error, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use signal_hook::consts::SIGINT;
use signal_hook::flag;

/// Work that is done sooner shows no bar.
const PATIENCE: Duration = Duration::from_secs(2);

/// Exit code of a program that Ctrl-C ended: 128 and the number of the signal.
pub const INTERRUPTED: u8 = 130;

/// The one computation of kernels of a program. Ctrl-C ends it between two blocks of pairs, so that finished tiles stay; a second one,
/// and one after this is dropped, ends the program at once.
pub struct Watched {
    bar: ProgressBar,
    /// Whether Ctrl-C was pressed.
    told: Arc<AtomicBool>,
}

impl Watched {
    /// With a bar that shows how many pairs of inputs are done.
    pub fn new() -> Result<Self> {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        let style = "{bar:40} {pos}/{len} pairs, {per_sec}, {eta} left";
        bar.set_style(ProgressStyle::with_template(style).expect("a valid template"));
        let told = Arc::new(AtomicBool::new(false));
        // In this order: the first Ctrl-C does not end the program, and makes the second one do so.
        flag::register_conditional_shutdown(SIGINT, INTERRUPTED.into(), Arc::clone(&told))
            .and_then(|_| flag::register(SIGINT, Arc::clone(&told)))
            .map_err(|error| Error::backend("signal-hook", error))?;
        Ok(Watched { bar, told })
    }

    /// Returns the listener.
    ///
    /// # Arguments
    /// * `shown` — whether the bar may appear
    pub fn progress(&self, shown: bool) -> Progress {
        let (start, bar, told) = (Instant::now(), self.bar.clone(), Arc::clone(&self.told));
        Arc::new(move |done, total| {
            if shown && bar.is_hidden() && start.elapsed() > PATIENCE {
                // The standard-error target stays silent when it is not a terminal.
                bar.set_draw_target(ProgressDrawTarget::stderr());
            }
            bar.set_length(total as u64);
            bar.set_position(done as u64);
            match told.load(Ordering::SeqCst) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.told.store(true, Ordering::SeqCst);
        self.bar.finish_and_clear();
    }
}
