//! Kernel matrices by tiles: in parallel, and one triangle only.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::{Array2, Ix2};
use rayon::prelude::*;

use crate::numeric::geometric_mean;
use crate::{Result, memory};

use super::engine::{Accuracy, Block, Engine, Estimate, Prepared, PreparedSet};
use super::evaluate::Progress;
use super::geometry::Refinement;
use super::gram::{Gram, KernelError};
use super::samples::sampled_error;

/// Largest number of rows and columns of a tile, the unit of parallel work.
const LARGEST_TILE: usize = 32;
/// What to do about matrices that do not fit into memory.
const BY_TILES: &str =
    "compute them by tiles in a folder (`store::GramStore`), or of fewer signals at a time";
/// Tiles per thread aimed at, so that threads finish together.
const TILES_PER_THREAD: usize = 8;

/// The kernels of all rows with all columns, or of the rows with each other, of which one triangle is computed.
pub(super) fn matrix<'a, R: Refinement>(
    counter: impl Fn(usize) -> Counter<'a> + Sync,
    engine: &Engine<R>,
    rows: &[Prepared<R::Level>],
    columns: Option<&[Prepared<R::Level>]>,
) -> Result<Gram> {
    let shape = (rows.len(), columns.map_or(rows.len(), <[_]>::len));
    Matrices::check(shape, engine.estimates_errors())?;
    let gram = engine.until_accurate(|accuracy| {
        let row_set = complete(engine, rows, accuracy)?;
        let column_set = columns
            .map(|columns| complete(engine, columns, accuracy))
            .transpose()?;
        let column_set = column_set.as_ref().unwrap_or(&row_set);
        let tiles = tiles(shape, columns.is_none());
        let counter = counter(tiles.iter().map(|(r, c)| r.len() * c.len()).sum());
        let matrices = Mutex::new(Matrices::zeros(shape, engine.estimates_errors())?);
        tiles.into_par_iter().try_for_each_init(
            || engine.make_workspace(),
            |workspace, (r, c)| {
                let mirrored = columns.is_none();
                let wanted = |i: usize, j: usize| !mirrored || c.start + j >= r.start + i;
                let block = engine.block(
                    (&row_set, r.clone()),
                    (column_set, c.clone()),
                    wanted,
                    accuracy,
                    workspace,
                )?;
                counter.add(r.len() * c.len());
                let mut matrices = matrices.lock().expect("no thread panics while writing");
                matrices.place(&r, &c, &block, mirrored);
                Ok(())
            },
        )?;
        let matrices = matrices.into_inner().expect("no thread panicked");
        let achieved = if engine.recursion.activates_after_pooling() {
            matrices.relative_error(&row_set.diagonal, &column_set.diagonal)
        } else {
            0.0
        };
        Ok((matrices, achieved))
    })?;
    let error = match (gram.coarse, R::EXACT) {
        (Some([nngp, ntk]), _) => KernelError::Entries {
            nngp: (&gram.fine[0] - &nngp).abs(),
            ntk: (&gram.fine[1] - &ntk).abs(),
        },
        (None, true) => KernelError::Exact,
        (None, false) => sampled_error(engine, rows, columns.unwrap_or(rows), &gram.fine)?,
    };
    let [nngp, ntk] = gram.fine;
    Ok(Gram { nngp, ntk, error })
}

/// The pooled kernel of each signal with itself where the layers after pooling need it, in parallel.
pub(super) fn complete<'a, R: Refinement>(
    engine: &Engine<R>,
    signals: &'a [Prepared<R::Level>],
    accuracy: Accuracy,
) -> Result<PreparedSet<'a, R::Level>> {
    let need = engine.recursion.activates_after_pooling();
    complete_if(need, engine, signals, accuracy)
}

/// The pooled kernel of each signal with itself if it is `need`ed, in parallel.
pub(super) fn complete_if<'a, R: Refinement>(
    need: bool,
    engine: &Engine<R>,
    signals: &'a [Prepared<R::Level>],
    accuracy: Accuracy,
) -> Result<PreparedSet<'a, R::Level>> {
    let diagonal = if need {
        signals
            .par_iter()
            .map_init(
                || engine.make_workspace(),
                |workspace, signal| engine.pooled_pair(signal, signal, accuracy, workspace),
            )
            .collect::<Result<Vec<_>>>()?
    } else {
        Vec::new()
    };
    engine.complete(signals, diagonal)
}

/// Counts pairs and tells whoever listens.
pub(crate) struct Counter<'a> {
    done: AtomicUsize,
    total: usize,
    progress: Option<&'a Progress>,
}

impl<'a> Counter<'a> {
    pub(super) fn new(total: usize, progress: Option<&'a Progress>) -> Self {
        Counter {
            done: AtomicUsize::new(0),
            total,
            progress,
        }
    }

    pub(crate) fn add(&self, pairs: usize) {
        let done = self.done.fetch_add(pairs, Ordering::Relaxed) + pairs;
        if let Some(progress) = self.progress {
            progress(done, self.total);
        }
    }
}

/// Cuts a matrix into tiles; of a symmetric one, those that touch the upper triangle.
fn tiles((rows, columns): (usize, usize), symmetric: bool) -> Vec<(Range<usize>, Range<usize>)> {
    let tasks = (TILES_PER_THREAD * rayon::current_num_threads()) as f64;
    let side = ((rows * columns) as f64 / tasks).sqrt().ceil() as usize;
    let side = side.clamp(1, LARGEST_TILE);
    let cut = |len: usize| {
        (0..len)
            .step_by(side)
            .map(move |start| start..(start + side).min(len))
    };
    cut(rows)
        .flat_map(|r| cut(columns).map(move |c| (r.clone(), c)))
        .filter(|(r, c)| !symmetric || c.end > r.start)
        .collect()
}

/// Both kernels, and their coarser twins where errors are estimated.
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

    /// The largest error estimate relative to the geometric mean of the diagonal entries.
    fn relative_error(&self, rows: &[Estimate], columns: &[Estimate]) -> f64 {
        let Some(coarse) = &self.coarse else {
            return 0.0;
        };
        let of: [fn(&Estimate) -> f64; 2] = [|e| e.fine.nngp, |e| e.fine.ntk];
        let mut largest: f64 = 0.0;
        for ((fine, coarse), of) in self.fine.iter().zip(coarse).zip(of) {
            for ((i, j), value) in fine.indexed_iter() {
                let error = (value - coarse[[i, j]]).abs();
                if error > 0.0 {
                    largest = largest.max(error / geometric_mean(of(&rows[i]), of(&columns[j])));
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
        for (shape, symmetric) in [((7, 7), true), ((70, 70), true), ((5, 90), false)] {
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
