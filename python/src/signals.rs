//! Inputs of networks: graphs, molecules, and arrays in the form that the input space of a network has.

use haarmonic::atoms::Atoms;
use haarmonic::graph::Graph;
use haarmonic::kernel::Signals;
use haarmonic::ndarray::{Axis, Slice};
use haarmonic::network::{InputSpace, Network, SphereSampling};
use numpy::Complex64;
use pyo3::prelude::*;

use crate::arrays::{self, Input};
use crate::atoms::atoms_of;
use crate::axes::with_axes;
use crate::graphs::graphs_of;

/// Inputs: an array, kept alive while it is read, or graphs, or molecules.
pub(crate) enum Inputs<'py> {
    Real(Input<'py, f64>),
    Complex(Input<'py, Complex64>),
    Graphs(Vec<Graph>),
    Atoms(Vec<Atoms>),
}

impl<'py> Inputs<'py> {
    /// Takes an array for a network: complex where its inputs are coefficients, real otherwise.
    ///
    /// # Errors
    /// `TypeError` for other entries than numbers.
    pub(crate) fn of(value: &Bound<'py, PyAny>, network: &Network, what: &str) -> PyResult<Self> {
        match network.input() {
            InputSpace::Graph { .. } => graphs_of(value, what).map(Inputs::Graphs),
            InputSpace::Molecule { .. } => atoms_of(value, what).map(Inputs::Atoms),
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
        let expected = expected_shape(network);
        match (self, network.input()) {
            (Inputs::Graphs(graphs), _) => Ok(Signals::Graphs(graphs)),
            (Inputs::Atoms(atoms), _) => Ok(Signals::Atoms(atoms)),
            (Inputs::Complex(array), _) => {
                with_axes(array.view(), what, &expected).map(Signals::Coefficients)
            }
            (Inputs::Real(array), InputSpace::Vector { .. }) => {
                with_axes(array.view(), what, &expected).map(Signals::Vectors)
            }
            (Inputs::Real(array), InputSpace::Finite { .. }) => {
                with_axes(array.view(), what, &expected).map(Signals::Points)
            }
            (Inputs::Real(array), _) => with_axes(array.view(), what, &expected).map(Signals::Grid),
        }
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
        Signals::Graphs(graphs) => Signals::Graphs(&graphs[index..=index]),
        Signals::Atoms(atoms) => Signals::Atoms(&atoms[index..=index]),
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
