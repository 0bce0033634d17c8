//! A progress bar for work that lasts, on a terminal only.

use std::sync::Arc;
use std::time::{Duration, Instant};

use haarmonic::kernel::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work that is done sooner shows no bar.
const PATIENCE: Duration = Duration::from_secs(2);

/// A bar that counts pairs of inputs.
pub fn pairs() -> (ProgressBar, Progress) {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    let style = "{bar:40} {pos}/{len} pairs, {per_sec}, {eta} left";
    bar.set_style(ProgressStyle::with_template(style).expect("a valid template"));
    let (start, shown) = (Instant::now(), bar.clone());
    let progress = move |done: usize, total: usize| {
        if shown.is_hidden() && start.elapsed() > PATIENCE {
            // The standard-error target stays silent when it is not a terminal.
            shown.set_draw_target(ProgressDrawTarget::stderr());
        }
        shown.set_length(total as u64);
        shown.set_position(done as u64);
    };
    (bar, Arc::new(progress))
}
