//! Reading the inputs of a network from array files.

use std::path::{Path, PathBuf};

use haarmonic::data::arrays::{Numbers, read_numbers};
use haarmonic::kernel::{Kernel, PreparedSignals, Signals};
use haarmonic::network::Network;
use haarmonic::{Error, Result};
use ndarray::{ArrayD, ArrayViewD, Dimension, Ix2, Ix3, Ix4};

/// Inputs that belong to the input space of a network.
pub struct Inputs {
    path: PathBuf,
    numbers: Numbers,
}

impl Inputs {
    /// Reads one file and compares it with the input space of the network, before a kernel is made.
    pub fn read(network: &Network, path: &Path) -> Result<Inputs> {
        let numbers = read_numbers(path)?;
        signals(&numbers)
            .and_then(|signals| signals.check(network.input()))
            .map_err(|error| error.in_file(path))?;
        let path = path.into();
        Ok(Inputs { path, numbers })
    }

    /// Returns the number of inputs.
    pub fn len(&self) -> usize {
        self.numbers.shape()[0]
    }

    /// Returns the inputs in the form that the library takes.
    pub fn signals(&self) -> Result<Signals<'_>> {
        signals(&self.numbers).map_err(|error| error.in_file(&self.path))
    }

    /// Prepares the inputs for the kernel; errors name the file.
    pub fn prepare(&self, kernel: &Kernel) -> Result<PreparedSignals> {
        kernel
            .prepare(self.signals()?)
            .map_err(|error| error.in_file(&self.path))
    }
}

/// The signals in an array, whose form follows from its rank and its type.
fn signals(numbers: &Numbers) -> Result<Signals<'_>> {
    Ok(match numbers {
        Numbers::Real(array) if array.ndim() == 2 => Signals::Vectors(view::<_, Ix2>(array)?),
        Numbers::Real(array) if array.ndim() == 3 => Signals::Points(view::<_, Ix3>(array)?),
        Numbers::Real(array) => Signals::Grid(view::<_, Ix4>(array)?),
        Numbers::Complex(array) => Signals::Coefficients(view::<_, Ix4>(array)?),
    })
}

/// A view of an array with a fixed rank, or an error if it has another rank.
fn view<T, D: Dimension>(array: &ArrayD<T>) -> Result<ndarray::ArrayView<'_, T, D>> {
    let view: ArrayViewD<'_, T> = array.view();
    view.into_dimensionality::<D>().map_err(|_| {
        Error::shape(
            "signals",
            "[n, dimension], [n, height, width, channels], [n, θ, φ, channels], \
                       [n, points, channels], or complex [n, channels, L, 2L-1]",
            array.shape().to_vec(),
        )
    })
}
