//! The module `haarmonic._haarmonic`: what the crate offers, for arrays of NumPy.
//!
//! Every file holds the classes and functions of one part. Conversions of arrays are in `arrays`, of errors in `errors`.

// `#[pyfunction]` turns results as they come from functions of this crate.
#![allow(clippy::useless_conversion)]

mod acquisition;
mod arguments;
mod arrays;
mod at_width;
mod atoms;
mod axes;
mod coupling;
mod covariance;
mod distill;
mod errors;
mod feature_ridge;
mod finite_width;
mod fits;
mod gaussian_process;
mod graphs;
mod harmonics;
mod healpix;
mod kernel;
mod kernel_selection;
mod layout;
mod layouts;
mod many_points;
mod matching;
mod metrics;
mod molecules;
mod network;
mod phases;
mod pickle;
mod predict;
mod random_fields;
mod results;
mod rotation;
mod samples;
mod sets;
mod sht;
mod signals;
mod so3;
mod spectral;
mod store;
mod structures;
mod symbols;
mod threads;
mod vector_fields;
mod watch;
mod wigner;

use pyo3::prelude::*;

#[pymodule]
fn _haarmonic(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    acquisition::register(module)?;
    feature_ridge::register(module)?;
    finite_width::register(module)?;
    fits::register(module)?;
    gaussian_process::register(module)?;
    coupling::register(module)?;
    graphs::register(module)?;
    structures::register(module)?;
    covariance::register(module)?;
    distill::register(module)?;
    harmonics::register(module)?;
    at_width::register(module)?;
    atoms::register(module)?;
    healpix::register(module)?;
    kernel::register(module)?;
    kernel_selection::register(module)?;
    layouts::register(module)?;
    many_points::register(module)?;
    matching::register(module)?;
    metrics::register(module)?;
    molecules::register(module)?;
    network::register(module)?;
    predict::register(module)?;
    random_fields::register(module)?;
    rotation::register(module)?;
    sets::register(module)?;
    sht::register(module)?;
    so3::register(module)?;
    phases::register(module)?;
    spectral::register(module)?;
    store::register(module)?;
    symbols::register(module)?;
    vector_fields::register(module)?;
    wigner::register(module)?;
    Ok(())
}
