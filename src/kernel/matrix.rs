//! Kernel matrices by tiles, in parallel; a Gram matrix needs one triangle only.

use std::ops::Range;
use std::sync::Mutex;

use ndarray::{Array2, Ix2};

use crate::numeric::{geometric_mean, larger};
use crate::parallel::try_map;
use crate::progress::{Counter, Patience, Progress};
use crate::{Error, Result, memory};

use super::evaluator::{Accuracy, AnySignals, Block, Control, Estimate, Evaluator};
use super::refine::sample;
use super::set_products;
use super::values::{KernelError, KernelMatrices, KernelPair};

/// Largest numbers of rows and columns of a tile, the unit of parallel work. Rows of vectors go through the layers as a whole, so that wide
/// tiles cost less per pair.
const LARGEST_TILE: [usize; 2] = [32, 256];
/// The advice in errors about matrices that do not fit into memory.
const BY_TILES: &str =
    "compute them by tiles in a folder (`store::KernelStore`), or of fewer signals at a time";
/// The intended number of tiles per thread: with several tiles each, threads finish at nearly one time.
const TILES_PER_THREAD: usize = 8;
/// The factor of the next tolerance of the pooled kernels, if the layers after pooling amplified their error beyond the tolerance.
const TIGHTER: f64 = 0.1;

/// Computes the kernels of all rows with all columns, or of the rows with each other, one triangle of which is computed.
///
/// # Arguments
/// * `samples` — whether an error without estimates of the entries is sampled; otherwise it is zero, of no pairs
///
/// # Errors
/// * [`Error::Cancelled`] — the listener ended the computation
/// * [`Error::NotConverged`] — the tolerance cannot be met
/// * [`Error::OutOfMemory`] — the matrices do not fit into memory
pub(super) fn matrix(
    evaluator: &dyn Evaluator,
    rows: &AnySignals,
    columns: Option<&AnySignals>,
    progress: Option<&Progress>,
    samples: bool,
) -> Result<KernelMatrices> {
    let with_errors = matches!(evaluator.control(), Control::Tolerance(_));
    let shape = (rows.len(), columns.map_or(rows.len(), AnySignals::len));
    Matrices::check(shape, with_errors)?;
    let features = evaluator
        .features()
        .filter(|f| f.preferred() && f.made_once());
    if let Some(features) = features {
        return set_products::matrices(features, rows, columns, progress);
    }
    let mirrored = columns.is_none();
    let matrices = until_accurate(evaluator.control(), |accuracy| {
        let pairs = evaluator.pairs(rows, columns, accuracy, false)?;
        let tiles = tiles(shape, mirrored);
        let total = tiles.iter().map(|(r, c)| r.len() * c.len()).sum();
        let counter = Counter::new(total, progress);
        let matrices = Mutex::new(Matrices::zeros(shape, with_errors)?);
        try_map(tiles.len(), |t| {
            let (r, c) = tiles[t].clone();
            // A tile on the diagonal of a Gram matrix needs its upper triangle only. A long pair asks the listener from time to time.
            let cut = mirrored && c.start < r.end;
            let patience = counter.patience();
            let wanted = |i: usize, j: usize| {
                let above = !cut || c.start + j >= r.start + i;
                above && patience.as_ref().is_none_or(Patience::goes_on)
            };
            let all = !cut && patience.is_none();
            let wanted = (!all).then_some(&wanted as &dyn Fn(usize, usize) -> bool);
            let block = pairs.block(r.clone(), c.clone(), wanted);
            patience.as_ref().map_or(Ok(()), Patience::check)?;
            let block = block?;
            let mut matrices = matrices.lock().expect("no thread panics while writing");
            matrices.place(&r, &c, &block, mirrored);
            drop(matrices);
            counter.add(r.len() * c.len())
        })?;
        let matrices = matrices.into_inner().expect("no thread panicked");
        let achieved = matrices.relative_error(pairs.diagonals());
        Ok((matrices, achieved))
    })?;
    let [nngp, ntk] = matrices.fine;
    let error = match (matrices.coarse, evaluator.control()) {
        (Some(coarse), _) => KernelError::Entries {
            nngp: (&nngp - &coarse[0]).abs(),
            ntk: (&ntk - &coarse[1]).abs(),
        },
        (None, Control::Exact) => KernelError::Exact,
        (None, _) if !samples => KernelError::Sampled {
            largest: KernelPair::default(),
            pairs: 0,
        },
        (None, _) => sample(shape, |i, j| {
            let (row, column) = (rows.part(i..i + 1), columns.unwrap_or(rows).part(j..j + 1));
            let pair = evaluator.reference(&row, &column, false)?;
            let reference = pair.block(0..1, 0..1, None)?.fine.get(0);
            Ok(KernelPair {
                nngp: reference.nngp - nngp[[i, j]],
                ntk: reference.ntk - ntk[[i, j]],
            })
        })?,
    };
    Ok(KernelMatrices { nngp, ntk, error })
}

/// Computes the kernels between all points of all signals: one row per point, signal after signal.
///
/// # Errors
/// As [`matrix`].
pub(super) fn between_points(
    evaluator: &dyn Evaluator,
    rows: &AnySignals,
    columns: Option<&AnySignals>,
    progress: Option<&Progress>,
) -> Result<KernelMatrices> {
    let mirrored = columns.is_none();
    let columns = columns.unwrap_or(rows);
    // The first row or column of each signal, and the number of all.
    let starts = |signals: &AnySignals| -> Result<Vec<usize>> {
        let mut starts = vec![0];
        for count in evaluator.point_counts(signals)? {
            starts.push(starts[starts.len() - 1] + count);
        }
        Ok(starts)
    };
    let (row_starts, column_starts) = (starts(rows)?, starts(columns)?);
    let shape = (row_starts[rows.len()], column_starts[columns.len()]);
    let control = evaluator.control();
    let with_errors = matches!(control, Control::Tolerance(_));
    Matrices::check(shape, with_errors)?;
    let pairs: Vec<(usize, usize)> = (0..rows.len())
        .flat_map(|i| (0..columns.len()).map(move |j| (i, j)))
        .filter(|&(i, j)| !mirrored || j >= i)
        .collect();
    let counter = Counter::new(pairs.len(), progress);
    let matrices = Mutex::new(Matrices::zeros(shape, with_errors)?);
    try_map(pairs.len(), |p| {
        let (i, j) = pairs[p];
        let block = evaluator.between_points((rows, i), (columns, j), control.accuracy())?;
        let (r, c) = (
            row_starts[i]..row_starts[i + 1],
            column_starts[j]..column_starts[j + 1],
        );
        let mut matrices = matrices.lock().expect("no thread panics while writing");
        matrices.place(&r, &c, &block, mirrored);
        drop(matrices);
        counter.add(1)
    })?;
    let matrices = matrices.into_inner().expect("no thread panicked");
    let [nngp, ntk] = matrices.fine;
    let error = match (matrices.coarse, control) {
        (Some([k, t]), _) => KernelError::Entries {
            nngp: (&nngp - &k).abs(),
            ntk: (&ntk - &t).abs(),
        },
        (None, Control::Exact) => KernelError::Exact,
        // The largest change of an entry of some pairs of signals with a finer quadrature.
        (None, _) => sample((rows.len(), columns.len()), |i, j| {
            let finer = evaluator.between_points((rows, i), (columns, j), Accuracy::Step(1))?;
            let (r, c) = (row_starts[i], column_starts[j]);
            let width = column_starts[j + 1] - c;
            let largest = |values: &[f64], matrix: &Array2<f64>| {
                let entries = values.iter().enumerate();
                entries.fold(0.0, |m: f64, (n, value)| {
                    m.max((value - matrix[[r + n / width, c + n % width]]).abs())
                })
            };
            Ok(KernelPair {
                nngp: largest(&finer.fine.nngp, &nngp),
                ntk: largest(&finer.fine.ntk, &ntk),
            })
        })?,
    };
    Ok(KernelMatrices { nngp, ntk, error })
}

/// Runs `compute` with smaller and smaller tolerances for the pooled kernels until the relative error that it returns meets the
/// requested tolerance.
fn until_accurate<T>(
    control: Control,
    compute: impl Fn(Accuracy) -> Result<(T, f64)>,
) -> Result<T> {
    let Control::Tolerance(requested) = control else {
        return compute(control.accuracy()).map(|(value, _)| value);
    };
    let mut tolerance = requested;
    loop {
        let (value, achieved) = compute(Accuracy::Tolerance(tolerance))?;
        if achieved <= requested {
            return Ok(value);
        }
        tolerance *= TIGHTER;
        if tolerance < f64::EPSILON {
            return Err(Error::not_converged(
                "kernel after the layers that follow the pooling",
                achieved,
                requested,
                "rounding",
            ));
        }
    }
}

/// Cuts a matrix into tiles; a symmetric matrix has only the tiles that touch the upper triangle.
fn tiles((rows, columns): (usize, usize), symmetric: bool) -> Vec<(Range<usize>, Range<usize>)> {
    let tasks = (TILES_PER_THREAD * rayon::current_num_threads()) as f64;
    let area = (rows * columns) as f64 / tasks;
    let height = (area.sqrt().ceil() as usize).clamp(1, LARGEST_TILE[0]);
    let width = match height < LARGEST_TILE[0] {
        true => height,
        false => ((area / height as f64) as usize).clamp(height, LARGEST_TILE[1]),
    };
    let cut = |len: usize, side: usize| {
        (0..len)
            .step_by(side)
            .map(move |start| start..(start + side).min(len))
    };
    cut(rows, height)
        .flat_map(|r| cut(columns, width).map(move |c| (r.clone(), c)))
        .filter(|(r, c)| !symmetric || c.end > r.start)
        .collect()
}

/// Both kernel matrices, and their values from the coarser quadrature if errors are estimated.
struct Matrices {
    fine: [Array2<f64>; 2],
    coarse: Option<[Array2<f64>; 2]>,
}

impl Matrices {
    /// Refuses matrices that do not fit into memory, before anything is computed.
    fn check((rows, columns): (usize, usize), with_errors: bool) -> Result<()> {
        let (count, words) = if with_errors { (4, "four") } else { (2, "two") };
        memory::check(
            &format!("{words} matrices of {rows} x {columns}"),
            memory::bytes(count, &[rows, columns]),
            BY_TILES,
        )
    }

    fn zeros((rows, columns): (usize, usize), with_errors: bool) -> Result<Self> {
        let what = format!("matrix of {rows} x {columns}");
        let zeros = || memory::zeros(&what, Ix2(rows, columns), BY_TILES);
        Ok(Matrices {
            fine: [zeros()?, zeros()?],
            coarse: match with_errors {
                true => Some([zeros()?, zeros()?]),
                false => None,
            },
        })
    }

    /// Copies a block to the rows r and columns c, and mirrors its part on and above the diagonal if asked to.
    fn place(&mut self, r: &Range<usize>, c: &Range<usize>, block: &Block, mirrored: bool) {
        let sides = [
            (Some(&mut self.fine), Some(&block.fine)),
            (self.coarse.as_mut(), block.coarse.as_ref()),
        ];
        for (matrices, block) in sides {
            let (Some([nngp, ntk]), Some(block)) = (matrices, block) else {
                continue;
            };
            for (matrix, values) in [(nngp, &block.nngp), (ntk, &block.ntk)] {
                for (i, row) in r.clone().zip(values.chunks_exact(c.len())) {
                    let from = if mirrored { i.max(c.start) } else { c.start };
                    for (j, &value) in c.clone().zip(row).skip(from - c.start) {
                        matrix[[i, j]] = value;
                        if mirrored {
                            matrix[[j, i]] = value;
                        }
                    }
                }
            }
        }
    }

    /// The largest error estimate relative to the geometric mean of the diagonal entries, or zero if these are not known.
    ///
    /// Only layers after pooling amplify errors, and these layers need the diagonal entries.
    fn relative_error(&self, [rows, columns]: [&[Estimate]; 2]) -> f64 {
        let coarse = match &self.coarse {
            Some(coarse) if !rows.is_empty() => coarse,
            _ => return 0.0,
        };
        let of: [fn(&Estimate) -> f64; 2] = [|e| e.fine.nngp, |e| e.fine.ntk];
        let mut largest: f64 = 0.0;
        for ((fine, coarse), of) in self.fine.iter().zip(coarse).zip(of) {
            for ((i, j), value) in fine.indexed_iter() {
                let error = (value - coarse[[i, j]]).abs();
                if error != 0.0 {
                    let relative = error / geometric_mean(of(&rows[i]), of(&columns[j]));
                    largest = larger(largest, relative);
                }
            }
        }
        largest
    }
}

#[cfg(test)]
mod tests {
    use super::tiles;

    #[test]
    fn tiles_cover_each_pair_once() {
        for (shape, symmetric) in [
            ((7, 7), true),
            ((70, 70), true),
            ((5, 90), false),
            ((700, 700), true),
        ] {
            let mut seen = vec![0; shape.0 * shape.1];
            for (r, c) in tiles(shape, symmetric) {
                for i in r.clone() {
                    for j in c.clone() {
                        seen[i * shape.1 + j] += 1;
                    }
                }
            }
            for i in 0..shape.0 {
                for j in 0..shape.1 {
                    if !symmetric || j >= i {
                        assert_eq!(seen[i * shape.1 + j], 1, "pair ({i}, {j})");
                    }
                }
            }
        }
    }
}
