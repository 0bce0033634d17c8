//! Bias and spread of kernels at finite width.

mod errors;
mod global;
mod golden;
mod group;
mod motion;
mod pairs;

use ndarray::{Array, Dimension};
use ndarray_npy::{NpzReader, ReadableElement};
use std::fs::File;

/// An array of the stored values; `tests/data/finite_width.npz` has what `name` says for cases that the test names.
fn read<T: ReadableElement, D: Dimension>(name: &str) -> Array<T, D> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/finite_width.npz");
    let mut arrays = NpzReader::new(File::open(path).unwrap()).unwrap();
    arrays.by_name(name).unwrap()
}
