//! Reading the inputs of a network from files of arrays or graphs.

use std::path::{Path, PathBuf};

use haarmonic::data::arrays::{Numbers, read_numbers};
use haarmonic::data::graphs::read_tu;
use haarmonic::data::structure::read_structures;
use haarmonic::graph::Graph;
use haarmonic::kernel::{Kernel, PreparedSignals, Signals};
use haarmonic::network::{InputSpace, Network, Outputs};
use haarmonic::{Error, Result};
use ndarray::{ArrayD, ArrayViewD, Dimension, Ix2, Ix3, Ix4};

/// The elements of the features of graphs from SDF files: H, C, N, O, F, P, S, Cl, Br, I.
const ELEMENTS: [u8; 10] = [1, 6, 7, 8, 9, 15, 16, 17, 35, 53];

/// The content of a file or folder of inputs.
enum Content {
    Numbers(Numbers),
    Graphs(Vec<Graph>),
}

/// Inputs that belong to the input space of a network.
pub struct Inputs {
    path: PathBuf,
    content: Content,
    rows: usize,
}

impl Inputs {
    /// Reads one file and compares it with the input space of the network, before a kernel is made.
    pub fn read(network: &Network, path: &Path) -> Result<Inputs> {
        let content = match network.input() {
            InputSpace::Graph { .. } => Content::Graphs(read_graphs(path)?),
            _ => Content::Numbers(read_numbers(path)?),
        };
        let checked = signals(&content).and_then(|signals| {
            signals.check(network.input())?;
            Ok(signals.len())
        });
        let mut rows = checked.map_err(|error| error.in_file(path))?;
        if let (Content::Graphs(graphs), Outputs::Nodes) = (&content, network.outputs()) {
            rows = graphs.iter().map(Graph::len).sum();
        }
        let path = path.into();
        Ok(Inputs {
            path,
            content,
            rows,
        })
    }

    /// Returns the number of inputs, or the number of nodes of all graphs if the outputs are read at the nodes.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Returns the inputs in the form that the library takes.
    pub fn signals(&self) -> Result<Signals<'_>> {
        signals(&self.content).map_err(|error| error.in_file(&self.path))
    }

    /// Prepares the inputs for the kernel; errors name the file.
    pub fn prepare(&self, kernel: &Kernel) -> Result<PreparedSignals> {
        kernel
            .prepare(self.signals()?)
            .map_err(|error| error.in_file(&self.path))
    }
}

/// Reads graphs: a folder in the TU format, or the bonds of the molecules of an SDF file.
fn read_graphs(path: &Path) -> Result<Vec<Graph>> {
    if path.is_dir() {
        return Ok(read_tu(path)?.graphs);
    }
    let ending = path.extension().and_then(|ending| ending.to_str());
    if !ending.is_some_and(|ending| ["sdf", "sd", "mol"].contains(&ending)) {
        return Err(Error::invalid(
            "graphs",
            format!("{}", path.display()),
            "a folder in the TU format, or an SDF file (.sdf, .sd, .mol)",
        ));
    }
    let file = read_structures(path)?;
    for notice in &file.notices {
        eprintln!("{}: {notice}", path.display());
    }
    let graphs = file
        .structures
        .iter()
        .map(|structure| structure.graph(&ELEMENTS));
    let graphs: Result<Vec<Graph>> = graphs.collect();
    graphs.map_err(|error| error.in_file(path))
}

/// The signals in an array, whose form follows from its rank and its type.
fn signals(content: &Content) -> Result<Signals<'_>> {
    let numbers = match content {
        Content::Graphs(graphs) => return Ok(Signals::Graphs(graphs)),
        Content::Numbers(numbers) => numbers,
    };
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
