//! The module `haarmonic._haarmonic`: what the crate offers, for arrays of NumPy.
//!
//! Every file holds the classes and functions of one part. Conversions of arrays are in `arrays`, of errors in `errors`.

// `#[pyfunction]` turns results as they come from functions of this crate.
#![allow(clippy::useless_conversion)]

mod arrays;
mod axes;
mod errors;
mod kernel;
mod metrics;
mod molecules;
mod network;
mod pickle;
mod predict;
mod results;
mod sets;
mod signals;
mod store;
mod threads;
mod watch;

use pyo3::prelude::*;

#[pymodule]
fn _haarmonic(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    network::register(module)?;
    kernel::register(module)?;
    predict::register(module)?;
    metrics::register(module)?;
    store::register(module)?;
    sets::register(module)?;
    molecules::register(module)?;
    Ok(())
}
