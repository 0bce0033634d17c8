//! Derivatives of kernel matrices in their signals: the layers after the pooling row by row, then the fibres of every pair, then every
//! signal with itself.

use std::ops::Range;

use crate::Result;
use crate::kernel::evaluator::{Accuracy, GradientRequest, no_derivatives};
use crate::kernel::recursion::{Adjoint, Geometry, PullBuffers, SignalPull, TailPull};
use crate::kernel::values::KernelPair;
use crate::parallel::{try_map, try_map_init};

use super::engine::{Engine, Prepared, PreparedSet};
use super::refinement::Refinement;

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
        let adjoint = match (geometry.adjoint(), self.refinement.steps()) {
            (Some(adjoint), [1, 1]) => adjoint,
            _ => return Err(no_derivatives()),
        };
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
        let mut pulled = self.pull_pairs(
            (geometry, adjoint),
            sides,
            &cotangents,
            &own,
            wanted,
            request.counter,
        )?;
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
            let pulled = (0..collected.len()).map(|i| {
                let point = (i, &set.pooled.fine[..]);
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
                ((i, &rows.pooled.fine), &columns.pooled.fine),
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

    /// Pulls the cotangents of pooled kernels back to the signals of all pairs, and to their variances.
    ///
    /// # Arguments
    /// * `sides` — rows and columns; no columns for the rows themselves, whose cotangents are then above the diagonal
    /// * `own` — the cotangents of the pooled kernels of the signals with themselves; may be empty
    fn pull_pairs(
        &self,
        plane: (&R::Level, &dyn Adjoint<R::Level>),
        sides: [Option<&PreparedSet<R::Level>>; 2],
        cotangents: &Cotangents,
        own: &[Vec<f64>; 2],
        wanted: [bool; 2],
        counter: &crate::progress::Counter<'_>,
    ) -> Result<[Vec<SignalPull>; 2]> {
        let (geometry, adjoint) = plane;
        let [rows, columns] = sides;
        let rows = &rows.expect("a matrix has rows").signals;
        let symmetric = columns.is_none();
        let columns = columns.map_or(rows, |columns| &columns.signals);
        let zeros = |signals: &[Prepared<R::Level>]| -> Vec<SignalPull> {
            let zero = |signal: &Prepared<R::Level>| SignalPull {
                signal: vec![0.0; adjoint.cotangent_len(&signal.signal)],
                variances: Vec::new(),
            };
            signals.iter().map(zero).collect()
        };
        let mut pulled = [
            zeros(rows),
            if symmetric {
                Vec::new()
            } else {
                zeros(columns)
            },
        ];
        let tiles = tiles([rows.len(), columns.len()], symmetric);
        let pull_one = |pair: [&Prepared<R::Level>; 2],
                        cotangent: KernelPair,
                        scratch: &mut Scratch<R::Level>,
                        out: [Option<&mut SignalPull>; 2]| {
            let (workspace, buffers) = scratch;
            let [a, b] = pair;
            self.recursion.pull_pair(
                plane,
                [&a.signal, &b.signal],
                [&a.own.variances, &b.own.variances],
                cotangent,
                (workspace, buffers),
                out,
            )
        };
        let scratch = || (geometry.make_workspace(), PullBuffers::default());
        for tiles in tiles.chunks(AT_ONCE) {
            let found = try_map_init(tiles.len(), scratch, |scratch, t| {
                let (r, c) = &tiles[t];
                let mut of_rows = zeros(&rows[r.clone()]);
                let mut of_columns = zeros(&columns[c.clone()]);
                for (i, to_row) in r.clone().zip(&mut of_rows) {
                    for (j, to_column) in c.clone().zip(&mut of_columns) {
                        let cotangent = cotangents.at(i, j);
                        if cotangent != KernelPair::default() {
                            let want = if symmetric { [true; 2] } else { wanted };
                            let [row, column] = want;
                            let out = [
                                row.then_some(&mut *to_row),
                                column.then_some(&mut *to_column),
                            ];
                            pull_one([&rows[i], &columns[j]], cotangent, scratch, out)?;
                        }
                    }
                }
                counter.add(r.len() * c.len())?;
                Ok((of_rows, of_columns))
            })?;
            for ((r, c), (of_rows, of_columns)) in tiles.iter().zip(found) {
                let side = usize::from(!symmetric);
                add(&mut pulled[0][r.clone()], &of_rows);
                add(&mut pulled[side][c.clone()], &of_columns);
            }
        }
        // The pairs of signals with themselves that the layers after the pooling need.
        for ((pulled, signals), (own, wanted)) in pulled
            .iter_mut()
            .zip([rows, columns])
            .zip(own.iter().zip(wanted))
        {
            if !wanted || own.is_empty() {
                continue;
            }
            let found = try_map_init(own.len(), scratch, |scratch, i| {
                let signal = std::slice::from_ref(&signals[i]);
                let (mut first, mut second) = (zeros(signal), zeros(signal));
                let cotangent = KernelPair {
                    nngp: own[i],
                    ntk: 0.0,
                };
                let out = [Some(&mut first[0]), Some(&mut second[0])];
                pull_one([&signals[i], &signals[i]], cotangent, scratch, out)?;
                first[0].add(&second[0]);
                Ok(first.remove(0))
            })?;
            add(pulled, &found);
        }
        Ok(pulled)
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
            || (geometry.make_workspace(), PullBuffers::default()),
            |(workspace, buffers), i| {
                let SignalPull { signal, variances } = &pulled[i];
                let mut cotangent = signal.clone();
                let signal = &signals[i].signal;
                self.recursion.pull_own(
                    (geometry, adjoint),
                    signal,
                    variances,
                    workspace,
                    buffers,
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

/// Scratch of one thread.
type Scratch<G> = (<G as Geometry>::Workspace, PullBuffers<G>);

/// Adds the cotangents of a tile to those of its signals.
fn add(sums: &mut [SignalPull], terms: &[SignalPull]) {
    for (sum, term) in sums.iter_mut().zip(terms) {
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
