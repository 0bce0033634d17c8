//! Products with a symmetric matrix whose tiles on and above the diagonal are read or computed one by one, by one process or several.

use std::ops::Range;
use std::sync::Arc;

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, Slice};

use super::processes::{Processes, sum_shares};
use crate::parallel::try_map_init;
use crate::{Error, Result};

/// The number of tiles whose products are held in memory before they are added.
const TILES_AT_A_TIME: usize = 64;

/// The rows and the columns of a tile within the matrix.
pub(crate) type Tile = [Range<usize>; 2];

/// The tiles of one of several processes: every N-th tile, as the shares of a store.
pub(crate) fn share_of<T>(
    tiles: impl Iterator<Item = T>,
    [index, count]: [usize; 2],
) -> impl Iterator<Item = T> {
    tiles.skip(index).step_by(count)
}

/// Writes the product of some tiles, and of their transposes below the diagonal, with x.
///
/// # Arguments
/// * `x` — shape `[n, k]`
/// * `out` — shape `[n, k]`; overwritten
/// * `read` — the entries of the tile with a number: kept ones, or none if it has written them to the buffer, which may have any content and
///   size before
pub(crate) fn write_share(
    tiles: &[Tile],
    x: ArrayView2<'_, f64>,
    out: &mut ArrayViewMut2<'_, f64>,
    read: impl Fn(usize, &mut Array2<f64>) -> Result<Option<Arc<Array2<f64>>>> + Sync,
) -> Result<()> {
    out.fill(0.0);
    // out_i = Σ_j K_ij x_j over tiles, where tile (i, j) also gives K_ijᵀ x_i to out_j. Threads compute the products of some
    // tiles, which are then added in the order of the tiles, so that sums do not depend on the number of threads.
    for first in (0..tiles.len()).step_by(TILES_AT_A_TIME) {
        let count = TILES_AT_A_TIME.min(tiles.len() - first);
        let parts = try_map_init(
            count,
            || Array2::zeros((0, 0)),
            |buffer, t| {
                let kept = read(first + t, buffer)?;
                let values = kept.as_deref().unwrap_or(buffer);
                let [rows, columns] = &tiles[first + t];
                let above = values.dot(&x.slice_axis(Axis(0), Slice::from(columns.clone())));
                let below = (rows != columns).then(|| {
                    values
                        .t()
                        .dot(&x.slice_axis(Axis(0), Slice::from(rows.clone())))
                });
                Ok((above, below))
            },
        )?;
        for ([rows, columns], (above, below)) in tiles[first..].iter().zip(parts) {
            let mut part = out.slice_axis_mut(Axis(0), Slice::from(rows.clone()));
            part += &above;
            if let Some(below) = below {
                let mut part = out.slice_axis_mut(Axis(0), Slice::from(columns.clone()));
                part += &below;
            }
        }
    }
    Ok(())
}

/// Writes the sum over all processes of their parts of an array.
///
/// # Arguments
/// * `out` — contiguous; overwritten
/// * `write` — writes the part of this process
pub(crate) fn write_sum(
    processes: &dyn Processes,
    mut out: ArrayViewMut2<'_, f64>,
    write: impl FnOnce(&mut ArrayViewMut2<'_, f64>) -> Result<()>,
) -> Result<()> {
    let part = write(&mut out);
    let shape = out.shape().to_vec();
    match out.as_slice_mut() {
        Some(values) => sum_shares(processes, part, values),
        None => Err(Error::shape(
            "product",
            "an array in standard layout",
            shape,
        )),
    }
}

/// The part of 0..n that one of several processes computes.
pub(crate) fn section(n: usize, [index, count]: [usize; 2]) -> Range<usize> {
    n * index / count..n * (index + 1) / count
}
