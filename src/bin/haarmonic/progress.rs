//! A progress bar on a terminal for long computations, and Ctrl-C, which ends them.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use haarmonic::progress::Progress;
use haarmonic::{Error, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use signal_hook::consts::SIGINT;
use signal_hook::flag;

/// The time after which a computation shows a bar.
const PATIENCE: Duration = Duration::from_secs(2);

/// Exit code of a program that Ctrl-C ended: 128 plus the number of the signal.
pub const INTERRUPTED: u8 = 130;

/// The computation of kernels, of which a program has one.
///
/// The first Ctrl-C ends the computation between two blocks of pairs, so that finished tiles stay. A second Ctrl-C ends the program at
/// once, and so does the first one after this value is dropped.
pub struct Watched {
    bar: ProgressBar,
    /// Whether Ctrl-C was pressed.
    told: Arc<AtomicBool>,
}

impl Watched {
    /// Registers Ctrl-C, and makes a hidden bar that counts pairs of inputs.
    ///
    /// # Errors
    /// [`Error::Backend`] if the signal cannot be registered.
    pub fn new() -> Result<Self> {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        bar.set_style(style("pairs"));
        let told = Arc::new(AtomicBool::new(false));
        // The order matters: at the first Ctrl-C the shutdown still finds `told` false, and then the flag is set for the second one.
        flag::register_conditional_shutdown(SIGINT, INTERRUPTED.into(), Arc::clone(&told))
            .and_then(|_| flag::register(SIGINT, Arc::clone(&told)))
            .map_err(|error| Error::backend("signal-hook", error))?;
        Ok(Watched { bar, told })
    }

    /// Makes the bar count other things than pairs.
    pub fn counting(self, things: &str) -> Self {
        self.bar.set_style(style(things));
        self
    }

    /// Returns the listener for a kernel, which updates the bar and stops the computation after Ctrl-C.
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

/// The style of a bar that counts some things.
fn style(things: &str) -> ProgressStyle {
    let template = format!("{{bar:40}} {{pos}}/{{len}} {things}, {{per_sec}}, {{eta}} left");
    ProgressStyle::with_template(&template).expect("a valid template")
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.told.store(true, Ordering::SeqCst);
        self.bar.finish_and_clear();
    }
}
