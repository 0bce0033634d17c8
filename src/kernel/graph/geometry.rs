//! The geometry of graphs under permutations of their nodes.
//!
//! Weights are shared by all nodes, so the kernels of two graphs are matrices over pairs of nodes: one fibre, which a relabelling of the nodes
//! permutes. The sum over the neighbours multiplies this matrix by one sparse matrix of either graph from either side,
//! ```math
//! K \leftarrow \sum_a A_a K A_a'^{\,\top} ,
//! ```
//! with one term for shared weights, and one per weight matrix otherwise. An activation acts on each pair of nodes (i, j), with the variances
//! $`K_{ii}`$ and $`K'_{jj}`$ of the graphs with themselves.

use std::sync::Arc;

use crate::Result;
use crate::kernel::recursion::{Adjoint, Geometry, Side};
use crate::kernel::signals::Inputs;
use crate::network::{Aggregation, Filter, Layer, Network, NodePooling};
use crate::simd::products::add_row_products;

use super::signal::{GraphSignal, Sparse};

/// Features over the nodes of graphs.
///
/// # Cost
/// Per pair and layer N|E'| + N'|E| for an aggregation and N N' for an activation, with N nodes and |E| edges.
#[derive(Debug, Clone)]
pub(super) struct GraphGeometry {
    /// The different aggregations of the network.
    pub(super) aggregations: Vec<Aggregation>,
    /// The readout; none if features are read at the nodes.
    pub(super) pooling: Option<NodePooling>,
}

/// The pairs of nodes of two graphs: rows and columns of a fibre.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct GraphRegion {
    pub(super) rows: usize,
    pub(super) columns: usize,
}

/// Scratch of one thread.
#[derive(Debug, Clone, Default)]
pub(super) struct GraphWorkspace {
    /// The graphs of the current pair.
    pub(super) pair: Option<[Arc<GraphSignal>; 2]>,
    /// A fibre after the matrix of the first graph.
    pub(super) half: Vec<f64>,
    pub(super) sum: Vec<f64>,
}

impl GraphGeometry {
    /// Makes the geometry of a network on graphs.
    pub(super) fn new(network: &Network) -> Self {
        let mut aggregations = Vec::new();
        let mut pooling = None;
        Layer::visit_all(network.layers(), &mut |layer| match layer {
            Layer::Aggregation(aggregation) if !aggregations.contains(aggregation) => {
                aggregations.push(*aggregation);
            }
            Layer::NodePooling(readout) => pooling = Some(*readout),
            _ => {}
        });
        GraphGeometry {
            aggregations,
            pooling,
        }
    }

    fn lift_pair(
        &self,
        [a, b]: [&Arc<GraphSignal>; 2],
        workspace: &mut GraphWorkspace,
        fibres: &mut Vec<f64>,
    ) -> GraphRegion {
        fibres.clear();
        fibres.resize(a.nodes * b.nodes, 0.0);
        add_row_products(&a.features, &b.features, a.channels, fibres);
        let channels = a.channels as f64;
        fibres.iter_mut().for_each(|value| *value /= channels);
        workspace.pair = Some([Arc::clone(a), Arc::clone(b)]);
        GraphRegion {
            rows: a.nodes,
            columns: b.nodes,
        }
    }
}

/// sum += A K A'ᵀ, with the product A K in `half`.
fn add_aggregated(
    [left, right]: [&Sparse; 2],
    GraphRegion { rows, columns }: GraphRegion,
    fibre: &[f64],
    half: &mut Vec<f64>,
    sum: &mut [f64],
) {
    half.clear();
    half.resize(rows * columns, 0.0);
    // Rows of the fibre are contiguous: a neighbour adds its whole row.
    for (i, out) in half.chunks_exact_mut(columns).enumerate() {
        for &(k, weight) in left.row(i) {
            for (out, value) in out.iter_mut().zip(&fibre[k * columns..(k + 1) * columns]) {
                *out += weight * value;
            }
        }
    }
    for (out, row) in sum
        .chunks_exact_mut(columns)
        .zip(half.chunks_exact(columns))
    {
        for (j, out) in out.iter_mut().enumerate() {
            let terms = right.row(j).iter().map(|&(l, weight)| weight * row[l]);
            *out += terms.sum::<f64>();
        }
    }
}

impl Geometry for GraphGeometry {
    type Scalar = f64;
    type Signal = Arc<GraphSignal>;
    type Workspace = GraphWorkspace;
    type Region = GraphRegion;

    const FIELDS: bool = true;
    const STORED: bool = true;
    const COUPLED: bool = true;

    fn take(&self, inputs: &Inputs<'_>, row: usize) -> Result<Arc<GraphSignal>> {
        GraphSignal::new(inputs.graph(row)?, &self.aggregations).map(Arc::new)
    }

    fn make_workspace(&self) -> GraphWorkspace {
        GraphWorkspace::default()
    }

    fn begin(&self, _: [&Arc<GraphSignal>; 2], _: usize, _: &mut GraphWorkspace) -> usize {
        1
    }

    fn lift(
        &self,
        pair: [&Arc<GraphSignal>; 2],
        _: &Filter,
        _: usize,
        workspace: &mut GraphWorkspace,
        fibres: &mut Vec<f64>,
    ) -> GraphRegion {
        self.lift_pair(pair, workspace, fibres)
    }

    fn lift_self(
        &self,
        _: &Filter,
        signal: &Arc<GraphSignal>,
        workspace: &mut GraphWorkspace,
        fibres: &mut Vec<f64>,
    ) -> GraphRegion {
        self.lift_pair([signal, signal], workspace, fibres)
    }

    fn average(
        &self,
        filter: &Filter,
        region: GraphRegion,
        workspace: &mut GraphWorkspace,
        fibres: &mut Vec<f64>,
    ) -> GraphRegion {
        let Filter::Neighbours(aggregation) = filter else {
            return region;
        };
        let index = self.aggregations.iter().position(|a| a == aggregation);
        let index = index.expect("collected from the network");
        let GraphWorkspace { pair, half, sum } = workspace;
        let [a, b] = pair.as_ref().expect("set when the pair was lifted");
        sum.clear();
        sum.resize(fibres.len(), 0.0);
        for sides in a.matrices[index].iter().zip(&b.matrices[index]) {
            add_aggregated([sides.0, sides.1], region, fibres, half, sum);
        }
        std::mem::swap(sum, fibres);
        region
    }

    fn family(&self, _: GraphRegion) -> i64 {
        0
    }

    fn gather(&self, side: Side, field: &[f64], region: GraphRegion, out: &mut Vec<f64>) {
        out.clear();
        match side {
            Side::Left => {
                for &value in field {
                    out.extend(std::iter::repeat_n(value, region.columns));
                }
            }
            Side::Right => {
                for _ in 0..region.rows {
                    out.extend_from_slice(field);
                }
            }
        }
    }

    fn adjoint(&self) -> Option<&dyn Adjoint<Self>> {
        self.pooling.is_some().then_some(self)
    }

    /// Sums over neighbours may exceed the bound by rounding.
    fn confine(&self, [left, right]: [&[f64]; 2], fibres: &mut [f64]) {
        for ((k, a), b) in fibres.iter_mut().zip(left).zip(right) {
            let bound = a.sqrt() * b.sqrt();
            if k.abs() > bound {
                *k = bound.copysign(*k);
            }
        }
    }

    fn own_variances<'f>(
        &self,
        region: GraphRegion,
        fibres: &'f [f64],
        out: &'f mut Vec<f64>,
    ) -> &'f [f64] {
        let diagonal = fibres.iter().step_by(region.columns + 1);
        out.clear();
        out.extend(diagonal.map(|q| q.max(0.0)));
        out
    }

    fn mean(&self, region: GraphRegion, fibres: &[f64]) -> f64 {
        let sum = fibres.iter().sum::<f64>();
        match self.pooling {
            Some(NodePooling::Mean) => sum / region.rows as f64 / region.columns as f64,
            Some(NodePooling::Sum | NodePooling::LabelSum) | None => sum,
        }
    }

    fn own_mean(&self, region: GraphRegion, fibres: &[f64]) -> f64 {
        self.mean(region, fibres)
    }

    fn point_count(&self, signal: &Arc<GraphSignal>) -> usize {
        signal.nodes
    }

    fn points(&self, region: GraphRegion) -> [usize; 2] {
        [region.rows, region.columns]
    }
}
