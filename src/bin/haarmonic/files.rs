//! Checks of the output file, before the work whose result it holds.

use std::path::Path;

use haarmonic::data::atomic::check_target;
use haarmonic::{Error, Result};

/// Refuses an output that cannot be written, or that is one of the inputs, also under another name.
pub fn check_output<'a>(out: &Path, inputs: impl IntoIterator<Item = &'a Path>) -> Result<()> {
    check_target(out)?;
    match inputs.into_iter().find(|input| is_same(out, input)) {
        None => Ok(()),
        Some(input) => Err(Error::invalid(
            "--out",
            format!("{}, which is the input {}", out.display(), input.display()),
            "another file",
        )),
    }
}

/// Whether two paths name one file; a file that does not exist differs from every other.
#[cfg(unix)]
fn is_same(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |path: &Path| path.metadata().map(|data| (data.dev(), data.ino())).ok();
    place(a).is_some_and(|a| place(b) == Some(a))
}

#[cfg(not(unix))]
fn is_same(a: &Path, b: &Path) -> bool {
    let place = |path: &Path| path.canonicalize().ok();
    place(a).is_some_and(|a| place(b) == Some(a))
}
