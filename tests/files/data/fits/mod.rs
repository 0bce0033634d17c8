//! FITS files: those of healpy and astropy are read, ours are read by another reader, and damaged ones are refused.

mod coefficients;
mod forge;
mod maps;
mod refusals;
mod spectra;
mod writing;

use std::path::{Path, PathBuf};

use haarmonic::Error;

/// A file written by healpy or astropy (`tests/data/fits/README.md`).
fn stored(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/fits")
        .join(name)
}

/// The number that `make.py` gives a pixel of a column.
fn value(column: usize, pixel: usize) -> f64 {
    100.0 * column as f64 + pixel as f64 / 8.0
}

/// The message without the path in front.
#[track_caller]
fn message<T: std::fmt::Debug>(path: &Path, result: Result<T, Error>) -> String {
    let message = result.expect_err("an error").to_string();
    assert!(!message.contains('\n'), "{message}");
    let prefix = format!("{}: ", path.display());
    match message.strip_prefix(&prefix) {
        Some(rest) => rest.to_string(),
        None => panic!("{message} does not begin with the path"),
    }
}
