//! Derivatives of kernel matrices in their signals: the layers after the pooling row by row, then the fibres of every pair, then every
//! signal with itself.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::Result;
use crate::activation::Real;
use crate::kernel::evaluator::{Accuracy, GradientRequest, no_derivatives};
use crate::kernel::recursion::{Adjoint, Geometry, PullBuffers, SignalPull, TailPull};
use crate::kernel::values::KernelPair;
use crate::parallel::{try_map, try_map_init};

use super::engine::{Engine, Prepared, PreparedSet, floors};
use super::index_set::Refined;
use super::refinement::{LevelIndex, Refinement};

/// The largest number of rows and columns of a tile, the unit of parallel work.
const LARGEST_TILE: usize = 32;

/// The intended number of tiles along either side. It does not depend on the number of threads, so that sums have one order.
const TILES: usize = 16;

/// Tiles whose results are in memory at once.
const AT_ONCE: usize = 64;

/// Cotangents of both kernels, row by row, with the number of columns.
struct Cotangents {
    nngp: Vec<f64>,
    ntk: Vec<f64>,
    columns: usize,
}

/// The rows of a part of a matrix, with their cotangents.
type RowPart<'a> = (usize, &'a mut [f64], &'a mut [f64]);

/// What a part of the rows leaves in the variances after the pooling: numbers of its rows, activation by activation, and of all columns.
type TailParts = (Vec<Vec<f64>>, Vec<Vec<f64>>);

impl<R: Refinement> Engine<R> {
    /// Pulls the cotangents of both kernel matrices back to the signals.
    ///
    /// # Errors
    /// [`Error::InvalidNetwork`](crate::Error::InvalidNetwork) without an adjoint; the errors of the kernels.
    pub(super) fn pull(&self, request: GradientRequest<'_>) -> Result<[Vec<Vec<f64>>; 2]> {
        let geometry = self.first_level()?;
        let adjoint = geometry.adjoint().ok_or_else(no_derivatives)?;
        self.recursion.check_slopes()?;
        let accuracy = self.control.accuracy();
        let rows = self.complete(request.rows.of()?, accuracy, false)?;
        let columns = match request.columns {
            Some(columns) => Some(self.complete(columns.of()?, accuracy, false)?),
            None => None,
        };
        let [nngp, ntk] = request.cotangents;
        let mut cotangents = Cotangents {
            nngp,
            ntk,
            columns: columns.as_ref().unwrap_or(&rows).signals.len(),
        };
        if columns.is_none() {
            cotangents.fold();
        }
        let own = self.pull_tail(&rows, columns.as_ref(), accuracy, &mut cotangents)?;
        let sides = [Some(&rows), columns.as_ref()];
        let mut wanted = request.wanted;
        if columns.is_none() {
            wanted = [true, false];
        }
        let mut pulled = self.pull_pairs(sides, &cotangents, accuracy, wanted, request.counter)?;
        self.pull_diagonals(sides, own, accuracy, &mut pulled)?;
        for ((pulled, side), wanted) in pulled.iter_mut().zip(sides).zip(wanted) {
            if let (Some(side), true) = (side, wanted) {
                self.pull_selves((geometry, adjoint), &side.signals, pulled)?;
            }
        }
        Ok(pulled.map(|side| side.into_iter().map(|pull| pull.signal).collect()))
    }

    /// Carries cotangents through the layers after the pooling, and replaces them by the cotangents of the pooled kernels. Returns the
    /// cotangents of the pooled kernels of the signals with themselves, for rows and columns; empty without activations there.
    fn pull_tail(
        &self,
        rows: &PreparedSet<R::Level>,
        columns: Option<&PreparedSet<R::Level>>,
        accuracy: Accuracy,
        cotangents: &mut Cotangents,
    ) -> Result<[Vec<f64>; 2]> {
        if !self.recursion.has_tail() {
            return Ok([Vec::new(), Vec::new()]);
        }
        let (count, across) = (rows.signals.len(), cotangents.columns);
        let activations = self.recursion.tail_activations();
        let side = tile_side(count);
        let parts: Vec<RowPart<'_>> = (0..)
            .step_by(side)
            .zip(cotangents.nngp.chunks_mut(side * across))
            .zip(cotangents.ntk.chunks_mut(side * across))
            .map(|((start, nngp), ntk)| (start, nngp, ntk))
            .collect();
        let parts: Vec<_> = parts.into_iter().map(std::sync::Mutex::new).collect();
        let found: Vec<TailParts> = try_map(parts.len(), |part| {
            let mut part = parts[part].lock().expect("each part has one thread");
            let (start, nngp, ntk) = &mut *part;
            let symmetric = columns.is_none();
            self.pull_tail_part(
                (rows, *start),
                (columns.unwrap_or(rows), symmetric),
                accuracy,
                [nngp, ntk],
                activations,
            )
        })?;
        if activations == 0 {
            return Ok([Vec::new(), Vec::new()]);
        }
        // The cotangents of the variances, one array per signal.
        let mut of_rows = vec![vec![0.0; activations]; count];
        let mut of_columns = vec![vec![0.0; activations]; across];
        let mut row = 0;
        for (part_rows, part_columns) in found {
            for numbers in part_rows {
                of_rows[row].copy_from_slice(&numbers);
                row += 1;
            }
            for (activation, array) in part_columns.iter().enumerate() {
                for (of_column, term) in of_columns.iter_mut().zip(array) {
                    of_column[activation] += term;
                }
            }
        }
        let selves = |set: &PreparedSet<R::Level>, collected: &[Vec<f64>]| {
            let mut buffers = PullBuffers::<R::Level>::default();
            let pooled = set.pooled(0..collected.len());
            let pulled = (0..collected.len()).map(|i| {
                let point = (i, &pooled.fine[..]);
                self.recursion
                    .pull_pooled_self(point, &collected[i], &mut buffers)
            });
            pulled.collect::<Result<Vec<f64>>>()
        };
        match columns {
            Some(columns) => Ok([selves(rows, &of_rows)?, selves(columns, &of_columns)?]),
            None => {
                for (row, column) in of_rows.iter_mut().zip(&of_columns) {
                    row.iter_mut()
                        .zip(column)
                        .for_each(|(sum, term)| *sum += term);
                }
                Ok([selves(rows, &of_rows)?, Vec::new()])
            }
        }
    }

    /// Does the work of [`pull_tail`](Self::pull_tail) for some rows.
    fn pull_tail_part(
        &self,
        (rows, start): (&PreparedSet<R::Level>, usize),
        (columns, symmetric): (&PreparedSet<R::Level>, bool),
        accuracy: Accuracy,
        [nngp, ntk]: [&mut [f64]; 2],
        activations: usize,
    ) -> Result<TailParts> {
        let across = columns.signals.len();
        let own = rows.pooled(start..start + nngp.len() / across);
        let others = columns.pooled(0..across);
        let mut workspace = self.make_workspace();
        let mut buffers = PullBuffers::<R::Level>::default();
        let mut of_rows = Vec::new();
        let mut of_columns = vec![vec![0.0; across]; activations];
        let [mut values, mut tangents] = [vec![0.0; across], vec![0.0; across]];
        let lines = nngp
            .chunks_exact_mut(across)
            .zip(ntk.chunks_exact_mut(across));
        for (i, (nngp, ntk)) in (start..).zip(lines) {
            if activations > 0 {
                // A pair below the diagonal of a symmetric matrix has no cotangent.
                let first = if symmetric { i } else { 0 };
                for j in first..across {
                    let (a, b) = (&rows.signals[i], &columns.signals[j]);
                    let KernelPair { nngp, ntk } =
                        self.pooled_pair(a, b, accuracy, &mut workspace)?.fine;
                    (values[j], tangents[j]) = (nngp, ntk);
                }
                values[..first].fill(0.0);
                tangents[..first].fill(0.0);
            }
            let mut of_row = vec![0.0; activations];
            self.recursion.pull_row(
                ((i - start, &own.fine), &others.fine),
                self.slack(),
                [&values, &tangents],
                [nngp, ntk],
                TailPull {
                    row: &mut of_row,
                    columns: &mut of_columns,
                },
                &mut buffers,
            )?;
            of_rows.push(of_row);
        }
        Ok((of_rows, of_columns))
    }

    /// Pulls the cotangents of pooled kernels back to the signals of all pairs, and to their variances. A side that is not wanted has no
    /// cotangents.
    ///
    /// # Arguments
    /// * `sides` — rows and columns; no columns for the rows themselves, whose cotangents are then above the diagonal
    fn pull_pairs(
        &self,
        sides: [Option<&PreparedSet<R::Level>>; 2],
        cotangents: &Cotangents,
        accuracy: Accuracy,
        wanted: [bool; 2],
        counter: &crate::progress::Counter<'_>,
    ) -> Result<[Vec<SignalPull>; 2]> {
        let [rows, columns] = sides;
        let rows = &rows.expect("a matrix has rows").signals;
        let symmetric = columns.is_none();
        let columns = columns.map_or(rows, |columns| &columns.signals);
        // Columns that are the rows add to the cotangents of the rows.
        let kept = if symmetric { [true; 2] } else { wanted };
        let zeros = |kept: bool, signals: &[Prepared<R::Level>]| match kept {
            true => self.zero_pulls(signals),
            false => Ok(Vec::new()),
        };
        let mut pulled = [
            zeros(wanted[0], rows)?,
            zeros(wanted[1] && !symmetric, columns)?,
        ];
        let tiles = tiles([rows.len(), columns.len()], symmetric);
        for tiles in tiles.chunks(AT_ONCE) {
            let found = try_map_init(tiles.len(), Scratch::default, |scratch, t| {
                let (r, c) = &tiles[t];
                let mut of_rows = zeros(kept[0], &rows[r.clone()])?;
                let mut of_columns = zeros(kept[1], &columns[c.clone()])?;
                for i in r.clone() {
                    for j in c.clone() {
                        let cotangent = cotangents.at(i, j);
                        if cotangent != KernelPair::default() {
                            let out = [
                                of_rows.get_mut(i - r.start),
                                of_columns.get_mut(j - c.start),
                            ];
                            let pair = [&rows[i], &columns[j]];
                            self.pull_one(pair, cotangent, accuracy, scratch, out)?;
                        }
                    }
                }
                counter.add(r.len() * c.len())?;
                Ok((of_rows, of_columns))
            })?;
            for ((r, c), (of_rows, of_columns)) in tiles.iter().zip(found) {
                let side = usize::from(!symmetric);
                add(&mut pulled[0], r.start, &of_rows);
                add(&mut pulled[side], c.start, &of_columns);
            }
        }
        Ok(pulled)
    }

    /// Adds the pairs of signals with themselves that the layers after the pooling need.
    ///
    /// # Arguments
    /// * `own` — the cotangents of the pooled kernels of the signals with themselves; may be empty
    fn pull_diagonals(
        &self,
        sides: [Option<&PreparedSet<R::Level>>; 2],
        own: [Vec<f64>; 2],
        accuracy: Accuracy,
        pulled: &mut [Vec<SignalPull>; 2],
    ) -> Result<()> {
        for ((pulled, side), own) in pulled.iter_mut().zip(sides).zip(own) {
            let (Some(side), false) = (side, own.is_empty() || pulled.is_empty()) else {
                continue;
            };
            let found = try_map_init(own.len(), Scratch::default, |scratch, i| {
                let signal = &side.signals[i];
                let zero = || self.zero_pulls(std::slice::from_ref(signal));
                let (mut first, mut second) = (zero()?, zero()?);
                let cotangent = KernelPair {
                    nngp: own[i],
                    ntk: 0.0,
                };
                let out = [first.first_mut(), second.first_mut()];
                self.pull_one([signal, signal], cotangent, accuracy, scratch, out)?;
                first[0].add(&second[0]);
                Ok(first.remove(0))
            })?;
            add(pulled, 0, &found);
        }
        Ok(())
    }

    /// Cotangents that are zero.
    fn zero_pulls(&self, signals: &[Prepared<R::Level>]) -> Result<Vec<SignalPull>> {
        let adjoint = self.first_level()?.adjoint().ok_or_else(no_derivatives)?;
        let zero = |signal: &Prepared<R::Level>| SignalPull {
            signal: vec![0.0; adjoint.cotangent_len(&signal.signal)],
            variances: Vec::new(),
        };
        Ok(signals.iter().map(zero).collect())
    }

    /// Pulls the cotangents of the pooled kernels of one pair back to both signals, with the quadrature that the accuracy of the
    /// derivatives needs.
    ///
    /// # Arguments
    /// * `out` — adds to the cotangents of those of both signals that are given, and of their variances
    fn pull_one(
        &self,
        pair: [&Prepared<R::Level>; 2],
        cotangent: KernelPair,
        accuracy: Accuracy,
        scratch: &mut Scratch<R>,
        out: [Option<&mut SignalPull>; 2],
    ) -> Result<()> {
        let tolerance = match accuracy {
            Accuracy::Step(step) => {
                let level = self.refinement.steps().map(|steps| step.min(steps - 1));
                return self.pull_at(pair, cotangent, level, scratch, out);
            }
            Accuracy::Tolerance(tolerance) => tolerance,
        };
        let adjoint = self.first_level()?.adjoint().ok_or_else(no_derivatives)?;
        let [a, b] = pair.map(|signal| adjoint.norm(&signal.signal));
        let wanted = out.each_ref().map(Option::is_some);
        let zero = |signal: &Prepared<R::Level>| -> Result<SignalPull> {
            Ok(self.zero_pulls(std::slice::from_ref(signal))?.remove(0))
        };
        let floor = floors(pair);
        let floor = cotangent.nngp.abs() * floor.nngp + cotangent.ntk.abs() * floor.ntk;
        let floors = KernelPair {
            nngp: floor,
            ntk: floor,
        };
        let what = "derivative of the mean over SO(3), relative error";
        let refined = self.refine_until(what, tolerance, floors, |level| {
            let mut sides = [zero(pair[0])?, zero(pair[1])?];
            let [first, second] = &mut sides;
            let out = [wanted[0].then_some(first), wanted[1].then_some(second)];
            self.pull_at(pair, cotangent, level, scratch, out)?;
            let numbers = |signal: &Prepared<R::Level>| {
                let fields = signal.own.variances.iter();
                fields.map(|field| field.variance()[0].wide()).collect()
            };
            Ok(PairPull {
                sides,
                norm: a.max(b),
                variances: pair.map(numbers),
            })
        })?;
        for (out, side) in out.into_iter().zip(&refined.fine.sides) {
            if let Some(out) = out {
                out.add(side);
            }
        }
        Ok(())
    }

    /// Does the work of [`pull_one`](Self::pull_one) with one quadrature.
    fn pull_at(
        &self,
        [a, b]: [&Prepared<R::Level>; 2],
        cotangent: KernelPair,
        level: LevelIndex,
        scratch: &mut Scratch<R>,
        out: [Option<&mut SignalPull>; 2],
    ) -> Result<()> {
        let geometry = self.refinement.level(level)?;
        let adjoint = geometry.adjoint().ok_or_else(no_derivatives)?;
        let make = || adjoint.gradient_workspace(geometry);
        let workspace = scratch.levels.entry(level).or_insert_with(make);
        self.recursion.pull_pair(
            (geometry, adjoint),
            [&a.signal, &b.signal],
            [&a.own.variances, &b.own.variances],
            cotangent,
            (workspace, &mut scratch.buffers),
            out,
        )
    }

    /// Carries the cotangents of the variances of each signal back to the signal.
    fn pull_selves(
        &self,
        plane: (&R::Level, &dyn Adjoint<R::Level>),
        signals: &[Prepared<R::Level>],
        pulled: &mut [SignalPull],
    ) -> Result<()> {
        let (geometry, adjoint) = plane;
        let found = try_map_init(
            pulled.len(),
            || (adjoint.gradient_workspace(geometry), PullBuffers::default()),
            |(workspace, buffers), i| {
                let SignalPull { signal, variances } = &pulled[i];
                let mut cotangent = signal.clone();
                let signal = &signals[i].signal;
                self.recursion.pull_own(
                    (geometry, adjoint),
                    signal,
                    variances,
                    (workspace, buffers),
                    &mut cotangent,
                )?;
                Ok(cotangent)
            },
        )?;
        for (pulled, found) in pulled.iter_mut().zip(found) {
            pulled.signal = found;
        }
        Ok(())
    }
}

/// Scratch of one thread: one workspace per level, allocated when first used.
struct Scratch<R: Refinement> {
    levels: BTreeMap<LevelIndex, <R::Level as Geometry>::Workspace>,
    buffers: PullBuffers<R::Level>,
}

impl<R: Refinement> Default for Scratch<R> {
    fn default() -> Self {
        Scratch {
            levels: BTreeMap::new(),
            buffers: PullBuffers::default(),
        }
    }
}

/// The cotangents of both signals of a pair and of their variances.
struct PairPull {
    sides: [SignalPull; 2],
    /// The norm of the larger signal.
    norm: f64,
    /// The variances of both signals, one number per activation.
    variances: [Vec<f64>; 2],
}

impl Refined for PairPull {
    fn combination(terms: &[(f64, &Self)]) -> Self {
        let (_, first) = terms[0];
        let mut sum = PairPull {
            sides: first.sides.each_ref().map(SignalPull::zeroed),
            norm: first.norm,
            variances: first.variances.clone(),
        };
        for (coefficient, term) in terms {
            for (sum, side) in sum.sides.iter_mut().zip(&term.sides) {
                sum.add_scaled(*coefficient, side);
            }
        }
        sum
    }

    /// The change of a kernel, if the signals, or their variances, changed by as much as they are.
    fn size(&self) -> KernelPair {
        let signals = self.sides.iter().map(|side| &side.signal);
        let squares = signals.flatten().map(|entry| entry * entry);
        let numbers = self.variances.iter().flatten();
        let variances = self.sides.iter().flat_map(|side| &side.variances);
        let terms = variances.zip(numbers).map(|(collected, variance)| {
            collected.iter().map(|entry| entry.abs()).sum::<f64>() * variance
        });
        KernelPair {
            nngp: self.norm * squares.sum::<f64>().sqrt(),
            ntk: terms.sum(),
        }
    }
}

/// Adds the cotangents of a tile to those of its signals; a side that is not wanted has none.
fn add(sums: &mut [SignalPull], start: usize, terms: &[SignalPull]) {
    for (sum, term) in sums.iter_mut().skip(start).zip(terms) {
        sum.add(term);
    }
}

impl Cotangents {
    /// Adds the cotangent of each pair below the diagonal to the pair above it, whose kernel stands for both.
    fn fold(&mut self) {
        let n = self.columns;
        for kernel in [&mut self.nngp, &mut self.ntk] {
            for i in 0..n {
                for j in i + 1..n {
                    kernel[i * n + j] += std::mem::take(&mut kernel[j * n + i]);
                }
            }
        }
    }

    fn at(&self, i: usize, j: usize) -> KernelPair {
        let at = i * self.columns + j;
        KernelPair {
            nngp: self.nngp[at],
            ntk: self.ntk[at],
        }
    }
}

fn tile_side(len: usize) -> usize {
    len.div_ceil(TILES).clamp(1, LARGEST_TILE)
}

/// Cuts a matrix into tiles; a symmetric matrix has only the tiles that touch the upper triangle.
fn tiles(shape: [usize; 2], symmetric: bool) -> Vec<(Range<usize>, Range<usize>)> {
    let cut = |len: usize| {
        let side = tile_side(len);
        (0..len)
            .step_by(side)
            .map(move |start| start..(start + side).min(len))
    };
    cut(shape[0])
        .flat_map(|r| cut(shape[1]).map(move |c| (r.clone(), c)))
        .filter(|(r, c)| !symmetric || c.end > r.start)
        .collect()
}
