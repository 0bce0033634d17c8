//! Graphs, and their readers.

use std::path::PathBuf;

use haarmonic::data::graphs::{read_edges, read_tu};
use haarmonic::graph::Graph;
use haarmonic::ndarray::{Array1, Ix2};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::arrays;
use crate::axes::with_axes;
use crate::errors::OrRaise;
use crate::results;

/// A graph: nodes with features, and weighted edges of one or several relations.
///
/// Parameters
/// ----------
/// features : array_like
///     `[nodes, channels]`.
/// relations : list of list of tuple
///     For each relation, edges `(i, k, weight)`: features of node k enter the sum at node i with this weight. An undirected edge has an entry in
///     either direction.
///
/// Examples
/// --------
/// >>> from haarmonic import Kernel, Network
/// >>> from haarmonic.graphs import Graph
/// >>> path = Graph.undirected([[1.0], [2.0], [1.0]], [(0, 1), (1, 2)])
/// >>> path
/// <haarmonic.graphs.Graph of 3 nodes, 1 channel, 4 edges>
/// >>> network = Network('''
/// ... [input]
/// ... space = "graph"
/// ... channels = 1
/// ... [[layers]]
/// ... kind = "aggregation"
/// ... self_loops = 1
/// ... [[layers]]
/// ... kind = "dense"
/// ... [[layers]]
/// ... kind = "node-sum"
/// ... ''')
/// >>> Kernel(network).gram([path]).nngp
/// array([[100.]])
#[pyclass(frozen, name = "Graph", module = "haarmonic.graphs")]
pub(crate) struct PyGraph(pub(crate) Graph);

fn features(value: &Bound<'_, PyAny>) -> PyResult<haarmonic::ndarray::Array2<f64>> {
    let array = arrays::real(value, "features")?;
    let view = with_axes::<f64, Ix2>(array.view(), "features", "[nodes, channels]")?;
    Ok(view.to_owned())
}

#[pymethods]
impl PyGraph {
    #[new]
    fn new(
        features: &Bound<'_, PyAny>,
        relations: Vec<Vec<(usize, usize, f64)>>,
    ) -> PyResult<Self> {
        Graph::new(self::features(features)?, &relations)
            .or_raise()
            .map(PyGraph)
    }

    /// Make a graph of one relation from undirected edges of weight one.
    ///
    /// Parameters
    /// ----------
    /// features : array_like
    ///     `[nodes, channels]`.
    /// edges : list of tuple
    ///     Pairs of nodes.
    ///
    /// Examples
    /// --------
    /// >>> from haarmonic.graphs import Graph
    /// >>> len(Graph.undirected([[1.0], [2.0]], [(0, 1)]))
    /// 2
    #[staticmethod]
    fn undirected(features: &Bound<'_, PyAny>, edges: Vec<[usize; 2]>) -> PyResult<Self> {
        Graph::undirected(self::features(features)?, &edges)
            .or_raise()
            .map(PyGraph)
    }

    /// `[nodes, channels]`.
    #[getter]
    fn features<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        results::array(py, self.0.features().to_owned())
    }

    /// Number of relations.
    #[getter]
    fn relations(&self) -> usize {
        self.0.relation_count()
    }

    /// Number of directed edges of all relations.
    #[getter]
    fn edges(&self) -> usize {
        self.0.edge_count()
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __repr__(&self) -> String {
        let plural = |count: usize, word: &str| {
            format!("{count} {word}{}", if count == 1 { "" } else { "s" })
        };
        format!(
            "<haarmonic.graphs.Graph of {}, {}, {}>",
            plural(self.0.len(), "node"),
            plural(self.0.channels(), "channel"),
            plural(self.0.edge_count(), "edge")
        )
    }
}

/// The graphs of a sequence.
///
/// # Errors
/// `TypeError` for other entries.
pub(crate) fn graphs_of(value: &Bound<'_, PyAny>, what: &str) -> PyResult<Vec<Graph>> {
    let list: Vec<Bound<'_, PyGraph>> = value.extract().map_err(|_| {
        PyTypeError::new_err(format!(
            "{what}: expected a sequence of haarmonic.graphs.Graph"
        ))
    })?;
    Ok(list.iter().map(|graph| graph.get().0.clone()).collect())
}

/// Read a data set in the text format of the TU collection.
///
/// Features of a node are one for its label and zero for the others, followed by its attributes. Labels of edges are relations.
///
/// Parameters
/// ----------
/// folder : str or os.PathLike
///     With the files `NAME_A.txt`, `NAME_graph_indicator.txt` and others.
///
/// Returns
/// -------
/// graphs : list of Graph
/// labels : ndarray
///     One number per graph; empty if the data set has none.
///
/// Examples
/// --------
/// >>> import pathlib, tempfile
/// >>> from haarmonic.graphs import read_tu
/// >>> folder = pathlib.Path(tempfile.mkdtemp())
/// >>> for name, text in [("A", "1, 2"), ("graph_indicator", "1\n1"), ("graph_labels", "3")]:
/// ...     _ = (folder / f"SET_{name}.txt").write_text(text)
/// >>> graphs, labels = read_tu(folder)
/// >>> len(graphs[0]), labels
/// (2, array([3.]))
#[pyfunction]
#[pyo3(name = "read_tu")]
fn read_tu_set<'py>(
    py: Python<'py>,
    folder: PathBuf,
) -> PyResult<(Vec<PyGraph>, Bound<'py, PyAny>)> {
    let set = py.detach(|| read_tu(folder)).or_raise()?;
    let labels = results::array(py, Array1::from_vec(set.labels))?;
    Ok((set.graphs.into_iter().map(PyGraph).collect(), labels))
}

/// Read the edges of one graph: lines of two nodes counted from 0, then the weight and the relation, which may be left out.
///
/// Parameters
/// ----------
/// path : str or os.PathLike
/// features : array_like
///     `[nodes, channels]`.
/// relations : int
///     Number of relations.
///
/// Returns
/// -------
/// Graph
///
/// Examples
/// --------
/// >>> import pathlib, tempfile
/// >>> from haarmonic.graphs import read_edges
/// >>> path = pathlib.Path(tempfile.mkdtemp()) / "edges.txt"
/// >>> _ = path.write_text("0 1\n1 2 0.5\n")
/// >>> read_edges(path, [[1.0], [1.0], [1.0]])
/// <haarmonic.graphs.Graph of 3 nodes, 1 channel, 4 edges>
#[pyfunction]
#[pyo3(name = "read_edges", signature = (path, features, relations=1))]
fn read_edge_list(
    py: Python<'_>,
    path: PathBuf,
    features: &Bound<'_, PyAny>,
    relations: usize,
) -> PyResult<PyGraph> {
    let features = self::features(features)?;
    py.detach(|| read_edges(path, features, relations))
        .or_raise()
        .map(PyGraph)
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyGraph>()?;
    module.add_function(wrap_pyfunction!(read_tu_set, module)?)?;
    module.add_function(wrap_pyfunction!(read_edge_list, module)?)
}
