//! The module `haarmonic._haarmonic`: what the crate offers, for arrays of NumPy.
//!
//! Every file holds the classes and functions of one part. Conversions of arrays are in `arrays`, of errors in `errors`.

// `#[pyfunction]` turns results as they come from functions of this crate.
#![allow(clippy::useless_conversion)]

mod arguments;
mod arrays;
mod errors;
mod harmonics;
mod layout;
mod layouts;
mod matching;
mod pickle;
mod rotation;
mod samples;
mod sht;
mod so3;
mod threads;
mod wigner;

use pyo3::prelude::*;

#[pymodule]
fn _haarmonic(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    harmonics::register(module)?;
    layouts::register(module)?;
    matching::register(module)?;
    rotation::register(module)?;
    sht::register(module)?;
    so3::register(module)?;
    wigner::register(module)?;
    Ok(())
}
