//! Graphs: nodes with features, and weighted edges of one or several relations.

use ndarray::{Array2, ArrayView2};

use crate::error::{Error, Result};
use crate::{check, error::number};

/// An edge as a node sees it: the other node and the weight.
pub(crate) type Neighbour = (usize, f64);

/// A graph: nodes with features, and weighted edges of one or several relations (types of edges).
///
/// The weight $`w_{ik}`$ belongs to the edge from node i to its neighbour k: features of k enter the sum at node i with this weight. An undirected
/// edge has one entry in either direction.
///
/// # Examples
/// ```
/// use haarmonic::graph::Graph;
/// use ndarray::array;
/// // Three nodes in a row, with two features each.
/// let graph = Graph::undirected(array![[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], &[[0, 1], [1, 2]])?;
/// assert_eq!((graph.len(), graph.channels(), graph.edge_count()), (3, 2, 4));
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    features: Array2<f64>,
    /// For each relation, the neighbours of each node in the order of their numbers.
    relations: Vec<Vec<Vec<Neighbour>>>,
}

impl Graph {
    /// Makes a graph from weighted edges.
    ///
    /// # Arguments
    /// * `features` — one row per node, shape `[nodes, channels]`
    /// * `relations` — for each relation, edges (i, k, w): from node i to its neighbour k, with weight w. Weights of repeated edges add
    ///
    /// # Errors
    /// [`Error::Empty`] without nodes or channels, [`Error::NotFinite`] for a feature or weight that is not finite, [`Error::InvalidValue`] for
    /// a node that is not in the graph.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::graph::Graph;
    /// // Node 0 sees node 1, and node 1 sees nothing.
    /// let graph = Graph::new(ndarray::array![[1.0], [2.0]], &[vec![(0, 1, 0.5)]])?;
    /// assert_eq!(graph.edge_count(), 1);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn new(features: Array2<f64>, relations: &[Vec<(usize, usize, f64)>]) -> Result<Graph> {
        let nodes = features.nrows();
        check::not_empty("nodes of a graph", nodes)?;
        check::not_empty("features of a node", features.ncols())?;
        check::not_empty("relations of a graph", relations.len())?;
        check::finite("features of nodes", features.view())?;
        let mut tables = Vec::with_capacity(relations.len());
        for edges in relations {
            let mut table = vec![Vec::new(); nodes];
            for (index, &(node, neighbour, weight)) in edges.iter().enumerate() {
                if let Some(other) = [node, neighbour].into_iter().find(|&n| n >= nodes) {
                    return Err(Error::invalid(
                        format!("node of edge {index}"),
                        other,
                        format!("a number below {nodes}, the number of nodes"),
                    ));
                }
                if !weight.is_finite() {
                    return Err(Error::invalid(
                        format!("weight of edge {index}"),
                        number(weight).to_string(),
                        "a finite number",
                    ));
                }
                table[node].push((neighbour, weight));
            }
            for neighbours in &mut table {
                neighbours.sort_by_key(|&(neighbour, _)| neighbour);
                neighbours.dedup_by(|next, kept| {
                    let same = next.0 == kept.0;
                    if same {
                        kept.1 += next.1;
                    }
                    same
                });
            }
            tables.push(table);
        }
        Ok(Graph {
            features,
            relations: tables,
        })
    }

    /// Makes a graph of one relation from undirected edges of weight one.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn undirected(features: Array2<f64>, edges: &[[usize; 2]]) -> Result<Graph> {
        let both = |&[i, k]: &[usize; 2]| match i == k {
            true => vec![(i, k, 1.0)],
            false => vec![(i, k, 1.0), (k, i, 1.0)],
        };
        Graph::new(features, &[edges.iter().flat_map(both).collect()])
    }

    /// Makes a graph of one relation from the matrix of its weights.
    ///
    /// # Arguments
    /// * `weights` — shape `[nodes, nodes]`; entries that are zero are no edges
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`Error::ShapeMismatch`] for a matrix of another shape.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::graph::Graph;
    /// let weights = ndarray::array![[0.0, 2.0], [2.0, 0.0]];
    /// let graph = Graph::from_matrix(ndarray::array![[1.0], [1.0]], weights.view())?;
    /// assert_eq!(graph.edge_count(), 2);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn from_matrix(features: Array2<f64>, weights: ArrayView2<'_, f64>) -> Result<Graph> {
        let nodes = features.nrows();
        check::shape("weights of edges", weights.shape(), &[nodes, nodes])?;
        let edges = weights.indexed_iter().filter(|&(_, &weight)| weight != 0.0);
        let edges = edges.map(|((i, k), &weight)| (i, k, weight)).collect();
        Graph::new(features, &[edges])
    }

    /// Returns the number of nodes, at least one.
    #[expect(clippy::len_without_is_empty, reason = "a graph has nodes")]
    pub fn len(&self) -> usize {
        self.features.nrows()
    }

    /// Returns the number of features of a node.
    pub fn channels(&self) -> usize {
        self.features.ncols()
    }

    /// Returns the number of relations.
    pub fn relation_count(&self) -> usize {
        self.relations.len()
    }

    /// Returns the number of directed edges of all relations.
    pub fn edge_count(&self) -> usize {
        self.relations.iter().flatten().map(Vec::len).sum()
    }

    /// Returns the features, shape `[nodes, channels]`.
    pub fn features(&self) -> ArrayView2<'_, f64> {
        self.features.view()
    }

    /// The neighbours of each node in one relation, in the order of their numbers.
    #[cfg(feature = "kernels")]
    pub(crate) fn neighbours(&self, relation: usize) -> &[Vec<Neighbour>] {
        &self.relations[relation]
    }
}
