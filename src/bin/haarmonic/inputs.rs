//! Reading the inputs of a network from files of arrays, graphs or molecules.

use std::path::{Path, PathBuf};

use haarmonic::atoms::Atoms;
use haarmonic::data::arrays::{Numbers, read_numbers};
use haarmonic::data::graphs::read_tu;
use haarmonic::data::structure::{Structure, read_structures};
use haarmonic::error::FileOperation;
use haarmonic::graph::Graph;
use haarmonic::kernel::{Kernel, PreparedSignals, Signals};
use haarmonic::network::{InputSpace, Network, Outputs};
use haarmonic::{Error, Result};
use ndarray::{ArrayD, ArrayViewD, Dimension, Ix2, Ix3, Ix4};

/// The elements of the features of graphs from SDF files: H, C, N, O, F, P, S, Cl, Br, I.
const ELEMENTS: [u8; 10] = [1, 6, 7, 8, 9, 15, 16, 17, 35, 53];

/// The endings of files of molecules.
const MOLECULES: [&str; 5] = ["xyz", "extxyz", "sdf", "sd", "mol"];

/// The content of a file or folder of inputs.
enum Content {
    Numbers(Numbers),
    Graphs(Vec<Graph>),
    Atoms(Vec<Atoms>),
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
            InputSpace::Molecule { .. } => Content::Atoms(read_molecules(path)?),
            _ => Content::Numbers(read_numbers(path)?),
        };
        let checked = signals(&content).and_then(|signals| {
            signals.check(network.input())?;
            Ok(signals.len())
        });
        let mut rows = checked.map_err(|error| error.in_file(path))?;
        rows = match (&content, network.outputs()) {
            (Content::Graphs(graphs), Outputs::Nodes) => graphs.iter().map(Graph::len).sum(),
            (Content::Atoms(atoms), Outputs::Nodes) => atoms.iter().map(Atoms::len).sum(),
            _ => rows,
        };
        let path = path.into();
        Ok(Inputs {
            path,
            content,
            rows,
        })
    }

    /// Returns the number of inputs, or the number of nodes or atoms of all graphs or molecules if the outputs are read at the nodes.
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
    read_file(path, |structure| structure.graph(&ELEMENTS))
}

/// Reads molecules: an xyz, extended xyz or SDF file, or all such files of a folder in the order of their names.
fn read_molecules(path: &Path) -> Result<Vec<Atoms>> {
    if !path.is_dir() {
        return read_file(path, Structure::atoms);
    }
    let entries =
        std::fs::read_dir(path).map_err(|error| Error::io(path, FileOperation::Read, error))?;
    let ends = |file: &PathBuf| {
        let ending = file.extension().and_then(|ending| ending.to_str());
        ending.is_some_and(|ending| MOLECULES.contains(&ending.to_lowercase().as_str()))
    };
    let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut files: Vec<PathBuf> = files.filter(ends).collect();
    files.sort_unstable();
    if files.is_empty() {
        return Err(Error::missing(
            "file with the ending .xyz, .extxyz, .sdf, .sd or .mol",
            format!("the folder {}", path.display()),
        ));
    }
    let mut molecules = Vec::new();
    for file in files {
        molecules.extend(read_file(&file, Structure::atoms)?);
    }
    Ok(molecules)
}

/// Reads all structures of a file and converts them.
fn read_file<T>(path: &Path, convert: impl Fn(&Structure) -> Result<T>) -> Result<Vec<T>> {
    let file = read_structures(path)?;
    for notice in &file.notices {
        eprintln!("{}: {notice}", path.display());
    }
    let converted: Result<Vec<T>> = file.structures.iter().map(convert).collect();
    converted.map_err(|error| error.in_file(path))
}

/// The signals in an array, whose form follows from its rank and its type.
fn signals(content: &Content) -> Result<Signals<'_>> {
    let numbers = match content {
        Content::Graphs(graphs) => return Ok(Signals::Graphs(graphs)),
        Content::Atoms(atoms) => return Ok(Signals::Atoms(atoms)),
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
