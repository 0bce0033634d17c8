//! Errors of kernel matrices from samples of their entries, where not every entry comes with its own.

use ndarray::Array2;

use crate::Result;

use super::engine::{Accuracy, Engine, Prepared};
use super::geometry::{Exact, Refinement};
use super::gram::KernelError;
use super::plane::PlaneGeometry;
use super::recursion::KernelPair;
use super::tiles::complete;

/// Pairs computed again with a finer quadrature where the quadrature is fixed.
const SAMPLED_PAIRS: usize = 8;

/// The largest of a sample of differences, spread over the rows of a matrix and, along them, from
/// the diagonal outwards.
pub(super) fn sample(
    (rows, columns): (usize, usize),
    mut difference: impl FnMut(usize, usize) -> Result<KernelPair>,
) -> Result<KernelError> {
    let pairs = SAMPLED_PAIRS.min(rows * columns);
    let mut largest = KernelPair::default();
    for k in 0..pairs {
        let i = k * rows / pairs;
        let KernelPair { nngp, ntk } = difference(i, (i + k / 2) % columns)?;
        largest.nngp = largest.nngp.max(nngp.abs());
        largest.ntk = largest.ntk.max(ntk.abs());
    }
    Ok(KernelError::Sampled { largest, pairs })
}

/// Computes a few entries again on the next level.
pub(super) fn sampled_error<R: Refinement>(
    engine: &Engine<R>,
    rows: &[Prepared<R::Level>],
    columns: &[Prepared<R::Level>],
    values: &[Array2<f64>; 2],
) -> Result<KernelError> {
    let mut workspace = engine.make_workspace();
    let finer = engine.finer();
    sample((rows.len(), columns.len()), |i, j| {
        let [row, column] = [&rows[i..=i], &columns[j..=j]].map(|s| complete(engine, s, finer));
        let (row, column) = ((&row?, 0..1), (&column?, 0..1));
        let finer = engine.block(row, column, |_, _| true, finer, &mut workspace)?;
        Ok(KernelPair {
            nngp: finer.fine.nngp[0] - values[0][[i, j]],
            ntk: finer.fine.ntk[0] - values[1][[i, j]],
        })
    })
}

/// Computes a few entries again in double precision.
pub(super) fn rounding_error(
    engine: &Engine<Exact<PlaneGeometry<f64>>>,
    rows: &[Prepared<PlaneGeometry<f32>>],
    columns: &[Prepared<PlaneGeometry<f32>>],
    values: [&Array2<f64>; 2],
) -> Result<KernelError> {
    let mut workspace = engine.make_workspace();
    sample((rows.len(), columns.len()), |i, j| {
        let row = [engine.prepare(rows[i].signal.clone())?];
        let column = [engine.prepare(columns[j].signal.clone())?];
        let row = complete(engine, &row, Accuracy::Level([0, 0]))?;
        let column = complete(engine, &column, Accuracy::Level([0, 0]))?;
        let pair = ((&row, 0..1), (&column, 0..1));
        let accuracy = Accuracy::Level([0, 0]);
        let exact = engine.block(pair.0, pair.1, |_, _| true, accuracy, &mut workspace)?;
        Ok(KernelPair {
            nngp: exact.fine.nngp[0] - values[0][[i, j]],
            ntk: exact.fine.ntk[0] - values[1][[i, j]],
        })
    })
}
