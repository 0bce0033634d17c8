//! A progress bar for work that lasts, on a terminal only; and Ctrl-C, which ends such work.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use haarmonic::progress::Progress;
use haarmonic::{Error, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work that is done sooner shows no bar.
const PATIENCE: Duration = Duration::from_secs(2);

/// Exit code of a program that Ctrl-C ended: 128 and the number of the signal.
pub const INTERRUPTED: u8 = 130;

/// Whether kernels are being computed, which end by themselves when they are told to.
static ENDS_ITSELF: AtomicBool = AtomicBool::new(false);
/// Whether they were told to.
static TOLD: AtomicBool = AtomicBool::new(false);

/// Makes Ctrl-C end a computation of kernels block by block, so that finished tiles stay; a second one, and one at any other time,
/// ends the program at once.
pub fn heed_interrupts() -> Result<()> {
    ctrlc::set_handler(|| {
        if !ENDS_ITSELF.load(Ordering::SeqCst) || TOLD.swap(true, Ordering::SeqCst) {
            std::process::exit(INTERRUPTED.into());
        }
    })
    .map_err(|error| Error::backend("ctrlc", error))
}

/// A computation of kernels: what it reports to, until this is dropped.
pub struct Watched {
    bar: ProgressBar,
}

impl Watched {
    /// Shows how many pairs of inputs are done.
    pub fn with_bar() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        let style = "{bar:40} {pos}/{len} pairs, {per_sec}, {eta} left";
        bar.set_style(ProgressStyle::with_template(style).expect("a valid template"));
        ENDS_ITSELF.store(true, Ordering::SeqCst);
        Watched { bar }
    }

    /// The listener.
    ///
    /// # Arguments
    /// * `shown` — whether the bar may appear
    pub fn progress(&self, shown: bool) -> Progress {
        let (start, bar) = (Instant::now(), self.bar.clone());
        Arc::new(move |done, total| {
            if shown && bar.is_hidden() && start.elapsed() > PATIENCE {
                // The standard-error target stays silent when it is not a terminal.
                bar.set_draw_target(ProgressDrawTarget::stderr());
            }
            bar.set_length(total as u64);
            bar.set_position(done as u64);
            match TOLD.load(Ordering::SeqCst) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        ENDS_ITSELF.store(false, Ordering::SeqCst);
        self.bar.finish_and_clear();
    }
}
