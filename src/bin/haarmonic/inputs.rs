//! Inputs of a network from array files.

use std::path::Path;

use haarmonic::data::arrays::{Numbers, read_numbers};
use haarmonic::kernel::{Kernel, PreparedSignals, Signals};
use haarmonic::{Error, Result};
use ndarray::{ArrayD, ArrayViewD, Dimension, Ix2, Ix3, Ix4};

/// Reads one file and prepares what it holds for the network of `kernel`.
pub fn read(kernel: &Kernel, path: &Path) -> Result<PreparedSignals> {
    let numbers = read_numbers(path)?;
    signals(&numbers)
        .and_then(|signals| kernel.prepare(signals))
        .map_err(|error| error.in_file(path))
}

/// The form in which a network takes an array, by its rank and its type.
pub fn signals(numbers: &Numbers) -> Result<Signals<'_>> {
    Ok(match numbers {
        Numbers::Real(array) if array.ndim() == 2 => Signals::Vectors(view::<_, Ix2>(array)?),
        Numbers::Real(array) if array.ndim() == 3 => Signals::Points(view::<_, Ix3>(array)?),
        Numbers::Real(array) => Signals::Grid(view::<_, Ix4>(array)?),
        Numbers::Complex(array) => Signals::Coefficients(view::<_, Ix4>(array)?),
    })
}

fn view<T, D: Dimension>(array: &ArrayD<T>) -> Result<ndarray::ArrayView<'_, T, D>> {
    let view: ArrayViewD<'_, T> = array.view();
    view.into_dimensionality::<D>()
        .map_err(|_| Error::ShapeMismatch {
            what: "signals".into(),
            expected: "[n, dimension], [n, height, width, channels], [n, θ, φ, channels], \
                       [n, points, channels], or complex [n, channels, L, 2L-1]"
                .into(),
            found: array.shape().to_vec(),
        })
}
