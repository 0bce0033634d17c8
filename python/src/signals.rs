//! Inputs of networks: arrays in the form that the input space of a network has.

use haarmonic::kernel::Signals;
use haarmonic::ndarray::{ArrayViewD, Axis, Ix2, Ix3, Ix4, Slice};
use haarmonic::network::{InputSpace, Network, SphereSampling};
use numpy::Complex64;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays::{self, Input};

/// An array of inputs, kept alive while it is read.
pub(crate) enum Inputs<'py> {
    Real(Input<'py, f64>),
    Complex(Input<'py, Complex64>),
}

impl<'py> Inputs<'py> {
    /// Takes an array for a network: complex where its inputs are coefficients, real otherwise.
    ///
    /// # Errors
    /// `TypeError` for other entries than numbers.
    pub(crate) fn of(value: &Bound<'py, PyAny>, network: &Network, what: &str) -> PyResult<Self> {
        match network.input() {
            InputSpace::Sphere {
                sampling: SphereSampling::Coefficients,
                ..
            } => arrays::complex(value, what).map(Inputs::Complex),
            _ => arrays::real(value, what).map(Inputs::Real),
        }
    }

    /// The inputs as signals of the network.
    ///
    /// # Errors
    /// `ValueError` for another number of axes; all else is checked by the crate.
    pub(crate) fn signals(&self, network: &Network, what: &str) -> PyResult<Signals<'_>> {
        match self {
            Inputs::Real(array) => real(array.view(), network),
            Inputs::Complex(array) => {
                let view = array.view();
                view.into_dimensionality::<Ix4>()
                    .ok()
                    .map(Signals::Coefficients)
            }
        }
        .ok_or_else(|| {
            let found = match self {
                Inputs::Real(array) => array.view().shape().to_vec(),
                Inputs::Complex(array) => array.view().shape().to_vec(),
            };
            let expected = expected_shape(network);
            PyValueError::new_err(format!(
                "{what}: expected shape {expected}, found {found:?}"
            ))
        })
    }
}

/// One of the signals.
pub(crate) fn one<'a>(signals: &'a Signals<'_>, index: usize) -> Signals<'a> {
    let range = Slice::from(index..index + 1);
    match signals {
        Signals::Vectors(array) => Signals::Vectors(array.slice_axis(Axis(0), range)),
        Signals::Grid(array) => Signals::Grid(array.slice_axis(Axis(0), range)),
        Signals::Points(array) => Signals::Points(array.slice_axis(Axis(0), range)),
        Signals::Coefficients(array) => Signals::Coefficients(array.slice_axis(Axis(0), range)),
    }
}

fn real<'a>(view: ArrayViewD<'a, f64>, network: &Network) -> Option<Signals<'a>> {
    match network.input() {
        InputSpace::Vector { .. } => view.into_dimensionality::<Ix2>().map(Signals::Vectors).ok(),
        InputSpace::Finite { .. } => view.into_dimensionality::<Ix3>().map(Signals::Points).ok(),
        _ => view.into_dimensionality::<Ix4>().map(Signals::Grid).ok(),
    }
}

fn expected_shape(network: &Network) -> String {
    match network.input() {
        InputSpace::Vector { dimension } => format!("[n, {dimension}]"),
        InputSpace::Plane {
            height,
            width,
            channels,
        } => format!("[n, {height}, {width}, {channels}]"),
        InputSpace::Finite { action, channels } => format!("[n, {}, {channels}]", action.points()),
        InputSpace::Sphere {
            band_limit,
            sampling: SphereSampling::Coefficients,
            channels,
        } => format!("[n, {channels}, {band_limit}, {}]", 2 * band_limit - 1),
        InputSpace::Sphere { channels, .. } => format!("[n, θ, φ, {channels}]"),
        _ => "that of the input space of the network".into(),
    }
}
