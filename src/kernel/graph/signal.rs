//! A graph with the matrices of the aggregations of a network.

use crate::graph::Graph;
use crate::network::{Aggregation, EdgeScaling};
use crate::{Error, Result};

/// A sparse matrix over the nodes: for each row its entries, row after row.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Sparse {
    /// The first entry of each row, and the number of entries.
    starts: Vec<usize>,
    entries: Vec<(usize, f64)>,
}

impl Sparse {
    fn new(rows: &[Vec<(usize, f64)>]) -> Self {
        let mut matrix = Sparse {
            starts: vec![0],
            entries: Vec::new(),
        };
        for row in rows {
            matrix.entries.extend_from_slice(row);
            matrix.starts.push(matrix.entries.len());
        }
        matrix
    }

    /// The entries of a row: columns and values.
    pub(super) fn row(&self, index: usize) -> &[(usize, f64)] {
        &self.entries[self.starts[index]..self.starts[index + 1]]
    }
}

/// A graph as a network sees it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GraphSignal {
    pub(super) nodes: usize,
    /// Features, `[nodes, channels]`.
    pub(super) features: Vec<f64>,
    pub(super) channels: usize,
    /// For each aggregation of the network, its matrices: one, or one per weight matrix.
    pub(super) matrices: Vec<Vec<Sparse>>,
}

impl GraphSignal {
    /// Prepares a graph for the aggregations of a network.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a node whose edges have a negative sum of weights where weights are divided by it.
    pub(super) fn new(graph: &Graph, aggregations: &[Aggregation]) -> Result<Self> {
        Ok(GraphSignal {
            nodes: graph.len(),
            features: graph.features().iter().copied().collect(),
            channels: graph.channels(),
            matrices: aggregations
                .iter()
                .map(|aggregation| matrices(graph, aggregation))
                .collect::<Result<_>>()?,
        })
    }
}

type Rows = Vec<Vec<(usize, f64)>>;

/// The matrices of one aggregation.
fn matrices(graph: &Graph, aggregation: &Aggregation) -> Result<Vec<Sparse>> {
    let nodes = graph.len();
    let own = aggregation.self_loops;
    let diagonal = |value: f64| -> Rows { (0..nodes).map(|i| vec![(i, value)]).collect() };
    let relations = (0..graph.relation_count()).map(|a| graph.neighbours(a));
    if aggregation.separate {
        let mut matrices = relations
            .map(|rows| Ok(Sparse::new(&scaled(rows.to_vec(), aggregation.scaling)?)))
            .collect::<Result<Vec<_>>>()?;
        // The node itself is a relation of its own.
        if own != 0.0 {
            matrices.push(Sparse::new(&diagonal(own)));
        }
        return Ok(matrices);
    }
    let mut sum: Rows = match own {
        0.0 => vec![Vec::new(); nodes],
        _ => diagonal(own),
    };
    for rows in relations {
        for (sum, row) in sum.iter_mut().zip(rows) {
            sum.extend_from_slice(row);
        }
    }
    for row in &mut sum {
        row.sort_by_key(|&(neighbour, _)| neighbour);
        row.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
    }
    Ok(vec![Sparse::new(&scaled(sum, aggregation.scaling)?)])
}

/// Divides weights by the sums of weights of their nodes; nodes without edges keep none.
fn scaled(mut rows: Rows, scaling: EdgeScaling) -> Result<Rows> {
    if scaling == EdgeScaling::Sum {
        return Ok(rows);
    }
    let degrees: Vec<f64> = rows
        .iter()
        .map(|row| row.iter().map(|(_, weight)| weight).sum())
        .collect();
    for (node, &degree) in degrees.iter().enumerate() {
        if degree < 0.0 || (degree == 0.0 && rows[node].iter().any(|&(_, w)| w != 0.0)) {
            return Err(Error::invalid(
                format!("sum of the weights at node {node}"),
                degree,
                "a positive number, by which weights are divided",
            ));
        }
    }
    for (node, row) in rows.iter_mut().enumerate() {
        row.retain(|&(_, weight)| weight != 0.0);
        for (neighbour, weight) in row {
            *weight /= match scaling {
                EdgeScaling::Symmetric => (degrees[node] * degrees[*neighbour]).sqrt(),
                _ => degrees[node],
            };
            // A neighbour without edges of its own, in a directed graph.
            if !weight.is_finite() {
                return Err(Error::invalid(
                    format!("sum of the weights at node {neighbour}"),
                    0.0,
                    "a positive number, by which weights are divided",
                ));
            }
        }
    }
    Ok(rows)
}
