//! The adjoints of products of the features of nodes, of sums over neighbours, and of reading variances at pairs of nodes.

use std::sync::Arc;

use crate::kernel::recursion::{Adjoint, Side};
use crate::network::{Filter, NodePooling};

use super::geometry::{GraphGeometry, GraphRegion, GraphWorkspace};
use super::signal::{GraphSignal, Sparse};

/// sum += Aᵀ C A', with the product Aᵀ C in `half`.
fn add_spread(
    [left, right]: [&Sparse; 2],
    GraphRegion { rows, columns }: GraphRegion,
    cotangents: &[f64],
    half: &mut Vec<f64>,
    sum: &mut [f64],
) {
    half.clear();
    half.resize(rows * columns, 0.0);
    // Rows are contiguous: a row adds to the rows of its neighbours.
    for (i, row) in cotangents.chunks_exact(columns).enumerate() {
        for &(k, weight) in left.row(i) {
            let out = &mut half[k * columns..(k + 1) * columns];
            for (out, value) in out.iter_mut().zip(row) {
                *out += weight * value;
            }
        }
    }
    let rows = sum
        .chunks_exact_mut(columns)
        .zip(half.chunks_exact(columns));
    for (out, row) in rows {
        for (j, value) in row.iter().enumerate() {
            for &(l, weight) in right.row(j) {
                out[l] += weight * value;
            }
        }
    }
}

/// Adds factor C y to the cotangent of x for the products x · y of all pairs of rows.
fn add_products(
    cotangent: &mut [f64],
    channels: usize,
    y: &[f64],
    entry: impl Fn(usize, usize) -> f64,
) {
    for (i, to) in cotangent.chunks_exact_mut(channels).enumerate() {
        for (j, y) in y.chunks_exact(channels).enumerate() {
            let factor = entry(i, j) / channels as f64;
            for (to, y) in to.iter_mut().zip(y) {
                *to += factor * y;
            }
        }
    }
}

impl Adjoint<GraphGeometry> for GraphGeometry {
    fn cotangent_len(&self, signal: &Arc<GraphSignal>) -> usize {
        signal.features.len()
    }

    fn spread(&self, region: GraphRegion, cotangent: f64, fibres: &mut Vec<f64>) {
        let pairs = region.rows * region.columns;
        let each = match self.pooling {
            Some(NodePooling::Mean) => cotangent / pairs as f64,
            _ => cotangent,
        };
        fibres.clear();
        fibres.resize(pairs, each);
    }

    fn average_adjoint(
        &self,
        filter: &Filter,
        [region, _]: [GraphRegion; 2],
        workspace: &mut GraphWorkspace,
        fibres: &mut Vec<f64>,
    ) {
        let Filter::Neighbours(aggregation) = filter else {
            return;
        };
        let index = self.aggregations.iter().position(|a| a == aggregation);
        let index = index.expect("collected from the network");
        let GraphWorkspace { pair, half, sum } = workspace;
        let [a, b] = pair.as_ref().expect("set when the pair was lifted");
        sum.clear();
        sum.resize(fibres.len(), 0.0);
        for (left, right) in a.matrices[index].iter().zip(&b.matrices[index]) {
            add_spread([left, right], region, fibres, half, sum);
        }
        std::mem::swap(sum, fibres);
    }

    fn scatter(&self, side: Side, region: GraphRegion, values: &[f64], field: &mut [f64]) {
        for (i, row) in values.chunks_exact(region.columns).enumerate() {
            match side {
                Side::Left => field[i] += row.iter().sum::<f64>(),
                Side::Right => field.iter_mut().zip(row).for_each(|(to, v)| *to += v),
            }
        }
    }

    fn own_variances_adjoint(&self, region: GraphRegion, field: &[f64], fibres: &mut [f64]) {
        let diagonal = fibres.iter_mut().step_by(region.columns + 1);
        for (to, value) in diagonal.zip(field) {
            *to += value;
        }
    }

    fn lift_adjoint(
        &self,
        [a, b]: [&Arc<GraphSignal>; 2],
        _: &Filter,
        region: GraphRegion,
        _: &mut GraphWorkspace,
        fibres: &mut Vec<f64>,
        [to_a, to_b]: [Option<&mut [f64]>; 2],
    ) {
        let columns = region.columns;
        if let Some(to) = to_a {
            add_products(to, a.channels, &b.features, |i, j| fibres[i * columns + j]);
        }
        if let Some(to) = to_b {
            add_products(to, a.channels, &a.features, |j, i| fibres[i * columns + j]);
        }
    }

    fn lift_self_adjoint(
        &self,
        _: &Filter,
        signal: &Arc<GraphSignal>,
        region: GraphRegion,
        _: &mut GraphWorkspace,
        fibres: &mut Vec<f64>,
        cotangent: &mut [f64],
    ) {
        let n = region.columns;
        let both = |i: usize, j: usize| fibres[i * n + j] + fibres[j * n + i];
        add_products(cotangent, signal.channels, &signal.features, both);
    }
}
