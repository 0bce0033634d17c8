//! Products A diag(w) Aᵀ of tables over the northern nodes, where the parity of the degrees says which weights to take.

use ndarray::linalg::general_mat_mul;
use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayView2, Axis, Zip};

/// So many pieces of the rows of a block: enough for the threads, and half of a symmetric block is left out.
const PIECES: usize = 8;

/// A function of degree and node: rows of even degree, and rows of odd degree.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    parity: [Array2<f64>; 2],
}

impl Rows {
    /// Rows of zeros for degrees below the limit.
    pub(super) fn zeros(band_limit: usize, columns: usize) -> Self {
        let rows = |parity: usize| Array2::zeros(((band_limit + 1 - parity) / 2, columns));
        Rows {
            parity: [rows(0), rows(1)],
        }
    }

    /// Writes values of one degree, from column `first` on.
    pub(super) fn write(&mut self, degree: usize, first: usize, values: &[f64]) {
        let row = self.parity[degree % 2].row_mut(degree / 2);
        for (entry, value) in row.into_iter().skip(first).zip(values) {
            *entry = *value;
        }
    }

    /// Computes $`\sum_j w_j A_{aj} A_{bj}`$ with the weights `same` for degrees a, b of equal parity, otherwise with `different`, times
    /// `factor(b)`.
    pub(super) fn product(
        &self,
        same: &[f64],
        different: &[f64],
        factor: impl Fn(usize) -> f64,
    ) -> Array2<f64> {
        let [even, odd] = [&self.parity[0], &self.parity[1]];
        let limit = even.nrows() + odd.nrows();
        let mut out = Array2::zeros((limit, limit));
        for (parity, rows) in self.parity.iter().enumerate() {
            let block = symmetric_product(rows.view(), same);
            scatter(&block, &mut out, [parity; 2]);
        }
        let block = product(even.view(), odd.view(), different);
        scatter(&block, &mut out, [0, 1]);
        scatter(&block.t().to_owned(), &mut out, [1, 0]);
        for (b, column) in out.axis_iter_mut(Axis(1)).enumerate() {
            let factor = factor(b);
            column.into_iter().for_each(|entry| *entry *= factor);
        }
        out
    }
}

/// Writes a block to the rows and columns of its parities.
fn scatter(block: &Array2<f64>, out: &mut Array2<f64>, [rows, columns]: [usize; 2]) {
    for ((i, j), value) in block.indexed_iter() {
        out[[2 * i + rows, 2 * j + columns]] = *value;
    }
}

/// A diag(w)
fn weighted(a: ArrayView2<'_, f64>, weights: &[f64]) -> Array2<f64> {
    let mut scaled = a.to_owned();
    for row in scaled.rows_mut() {
        Zip::from(row)
            .and(weights)
            .for_each(|entry, weight| *entry *= weight);
    }
    scaled
}

fn piece(rows: usize) -> usize {
    rows.div_ceil(PIECES).max(1)
}

/// A diag(w) Bᵀ, pieces of rows on all threads.
fn product(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>, weights: &[f64]) -> Array2<f64> {
    let scaled = weighted(a, weights);
    let mut out = Array2::zeros((a.nrows(), b.nrows()));
    let len = piece(a.nrows());
    out.axis_chunks_iter_mut(Axis(0), len)
        .into_par_iter()
        .zip(scaled.axis_chunks_iter(Axis(0), len))
        .for_each(|(mut out, rows)| general_mat_mul(1.0, &rows, &b.t(), 0.0, &mut out));
    out
}

/// A diag(w) Aᵀ: each piece of rows with the columns from its own first row on, the rest by symmetry.
fn symmetric_product(a: ArrayView2<'_, f64>, weights: &[f64]) -> Array2<f64> {
    let scaled = weighted(a, weights);
    let mut out = Array2::zeros((a.nrows(), a.nrows()));
    let len = piece(a.nrows());
    out.axis_chunks_iter_mut(Axis(0), len)
        .into_par_iter()
        .zip(scaled.axis_chunks_iter(Axis(0), len))
        .enumerate()
        .for_each(|(i, (mut out, rows))| {
            let from = (i * len..).into();
            let columns = a.slice_axis(Axis(0), from);
            let mut out = out.slice_axis_mut(Axis(1), from);
            general_mat_mul(1.0, &rows, &columns.t(), 0.0, &mut out);
        });
    for i in 0..a.nrows() {
        for j in 0..i {
            out[[i, j]] = out[[j, i]];
        }
    }
    out
}
