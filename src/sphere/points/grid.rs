//! Synthesis at points through the fine grid, and its transpose: the steps one after the other, on one thread or on all.

use super::colatitudes::{Cells, Colatitudes, PAIR, Reduce, Refine, Store};
use super::kernel::{Kernel, Shape};
use super::lattice::Lattice;
use super::longitudes::{Collect, Expand, Longitudes, Sharing, add_poles, fill_poles};
use super::pass::{Interpolate, Spread};
use super::records::Records;
use crate::simd::aligned::Aligned;
use crate::sphere::Sample;
use crate::sphere::transform::workspace::{PointWorkspace, ThreadWorkspace};
use crate::{Result, memory};
use ndarray::ArrayView2;
use pulp::Arch;
use rayon::prelude::*;
use std::sync::Arc;

/// The fine grid with its points.
pub(super) struct PointGrid {
    kernel: Kernel,
    lattice: Lattice,
    records: Arc<Records>,
    colatitudes: Colatitudes,
    longitudes: Longitudes,
    odd_spin: bool,
    arch: Arch,
}

impl PointGrid {
    pub(super) fn new(
        band_limit: usize,
        odd_spin: bool,
        shape: Shape,
        points: ArrayView2<'_, f64>,
        records: Option<Arc<Records>>,
    ) -> Result<Self> {
        let lattice = Lattice::new(shape, band_limit);
        let what = format!("a fine grid for band limit {band_limit}");
        let bytes = 4 * memory::bytes(1, &[lattice.plane()]);
        memory::check(&what, bytes, "use a smaller band limit")?;
        let kernel = Kernel::new(shape);
        Ok(PointGrid {
            records: match records {
                Some(records) => records,
                None => Arc::new(Records::new(points, &lattice)?),
            },
            colatitudes: Colatitudes::new(band_limit, odd_spin, lattice.theta, &kernel),
            longitudes: Longitudes::new(band_limit, lattice, &kernel),
            kernel,
            lattice,
            odd_spin,
            arch: Arch::new(),
        })
    }

    /// The shape of the kernel.
    pub(super) fn shape(&self) -> Shape {
        self.kernel.shape
    }

    /// The sorted points.
    pub(super) fn records(&self) -> Arc<Records> {
        Arc::clone(&self.records)
    }

    fn points(&self) -> usize {
        self.records.records.len()
    }

    /// Makes room for one kind of samples.
    pub(super) fn fit<T: Sample>(&self, work: &mut PointWorkspace) {
        let columns = T::ROWS * self.colatitudes.bundles() * self.lattice.rows() * PAIR;
        work.columns.grow(columns);
        work.planes.grow(T::ROWS * self.lattice.plane());
        if T::doubles(&[]).is_none() {
            work.samples.resize(T::ROWS * self.points(), 0.0);
        }
    }

    /// Computes the samples, times weights, from the columns of the Legendre stage.
    pub(super) fn synthesise<T: Sample>(
        &self,
        (places, cells): (Cells<'_>, &[f64]),
        weights: Option<&[f64]>,
        samples: &mut [T],
        parallel: bool,
        work: &mut PointWorkspace,
    ) {
        self.fit::<T>(work);
        let rows = self.lattice.rows();
        // `[component][bundle][row]`: the colatitude stage writes the rows of a bundle one after the other.
        let bundles = self.colatitudes.bundles();
        let columns = &mut work.columns[..T::ROWS * bundles * rows * PAIR];
        let refine = |(index, rows): (usize, &mut [f64]), thread: &mut ThreadWorkspace| {
            self.arch.dispatch(Refine {
                stage: &self.colatitudes,
                cells,
                places: Cells {
                    component: index / bundles,
                    ..places
                },
                bundle: index % bundles,
                work: thread,
                rows,
            });
        };
        if parallel {
            let chunks = columns.par_chunks_exact_mut(rows * PAIR).enumerate();
            chunks.for_each_init(ThreadWorkspace::default, |thread, chunk| {
                refine(chunk, thread);
            });
        } else {
            let chunks = columns.chunks_exact_mut(rows * PAIR).enumerate();
            chunks.for_each(|chunk| refine(chunk, &mut work.thread));
        }
        let columns = &*columns;
        let (plane, stride, border) = (
            self.lattice.plane(),
            self.lattice.stride,
            self.lattice.border,
        );
        let inner = border * stride..(border + rows) * stride;
        let expand = |starts: [Option<usize>; 2],
                      sharing: Sharing,
                      rows_out: [&mut [f64]; 2],
                      work: &mut ThreadWorkspace| {
            self.arch.dispatch(Expand {
                stage: &self.longitudes,
                sharing,
                columns,
                stride: rows * PAIR,
                starts,
                work,
                rows: rows_out,
            });
        };
        let (first, second) = work.planes[..T::ROWS * plane].split_at_mut(plane);
        let single = T::doubles(samples).is_none();
        let numbers = match T::doubles_mut(samples) {
            Some(numbers) => numbers,
            None => &mut work.samples[..],
        };
        if T::ROWS == 1 {
            let pair = |(index, both): (usize, &mut [f64]), work: &mut ThreadWorkspace| {
                let next = (2 * index + 1 < rows).then_some((2 * index + 1) * PAIR);
                let (one, two) = both.split_at_mut(stride);
                expand(
                    [Some(2 * index * PAIR), next],
                    Sharing::Rows,
                    [one, two],
                    work,
                );
            };
            let inner = &mut first[inner];
            if parallel {
                let chunks = inner.par_chunks_mut(2 * stride).enumerate();
                chunks.for_each_init(ThreadWorkspace::default, |work, chunk| pair(chunk, work));
            } else {
                let chunks = inner.chunks_mut(2 * stride).enumerate();
                chunks.for_each(|chunk| pair(chunk, &mut work.thread));
            }
            fill_poles(&self.lattice, self.odd_spin, first);
            self.interpolate([&*first], weights, numbers, parallel);
        } else {
            let minus = bundles * rows * PAIR;
            let both = |(index, (one, two)): (usize, (&mut [f64], &mut [f64])),
                        work: &mut ThreadWorkspace| {
                let starts = [Some(index * PAIR), Some(minus + index * PAIR)];
                expand(starts, Sharing::Parts, [one, two], work);
            };
            let (one, two) = (&mut first[inner.clone()], &mut second[inner]);
            if parallel {
                let chunks = one.par_chunks_exact_mut(stride);
                let chunks = chunks.zip(two.par_chunks_exact_mut(stride)).enumerate();
                chunks.for_each_init(ThreadWorkspace::default, |work, chunk| both(chunk, work));
            } else {
                let chunks = one.chunks_exact_mut(stride);
                let chunks = chunks.zip(two.chunks_exact_mut(stride)).enumerate();
                chunks.for_each(|chunk| both(chunk, &mut work.thread));
            }
            fill_poles(&self.lattice, self.odd_spin, first);
            fill_poles(&self.lattice, self.odd_spin, second);
            self.interpolate([&*first, &*second], weights, numbers, parallel);
        }
        if single {
            for (sample, parts) in samples.iter_mut().zip(work.samples.chunks_exact(T::ROWS)) {
                for (part, value) in parts.iter().enumerate() {
                    sample.set_part(part, *value);
                }
            }
        }
    }

    /// Interpolates at all points. Threads own ranges of samples, each of which is computed by itself.
    fn interpolate<const P: usize>(
        &self,
        planes: [&[f64]; P],
        weights: Option<&[f64]>,
        samples: &mut [f64],
        parallel: bool,
    ) {
        let run = |first: usize, samples: &mut [f64]| {
            let numbers = first..first + samples.len() / P;
            for band in 0..self.records.bands() {
                let records = if numbers.len() == self.points() {
                    self.records.band(band)
                } else {
                    self.records.part(band, &numbers)
                };
                self.arch.dispatch(Interpolate {
                    kernel: &self.kernel,
                    stride: self.lattice.stride,
                    planes,
                    records,
                    weights,
                    first,
                    samples: &mut *samples,
                });
            }
        };
        if parallel {
            let size = self.points().div_ceil(rayon::current_num_threads()).max(1);
            let chunks = samples.par_chunks_mut(P * size).enumerate();
            chunks.for_each(|(index, samples)| run(index * size, samples));
        } else {
            run(0, samples);
        }
    }

    /// The transpose of [`PointGrid::synthesise`]: columns from samples times weights.
    ///
    /// The cells must be zero where a block has no ring.
    pub(super) fn analyse<T: Sample>(
        &self,
        samples: &[T],
        weights: Option<&[f64]>,
        (places, cells): (Cells<'_>, &mut [f64]),
        parallel: bool,
        work: &mut PointWorkspace,
    ) {
        self.fit::<T>(work);
        let (rows, stride) = (self.lattice.rows(), self.lattice.stride);
        let plane = self.lattice.plane();
        let planes = &mut work.planes[..T::ROWS * plane];
        planes.fill(0.0);
        let (first, second) = planes.split_at_mut(plane);
        let numbers = match T::doubles(samples) {
            Some(numbers) => numbers,
            None => {
                for (sample, parts) in samples.iter().zip(work.samples.chunks_exact_mut(T::ROWS)) {
                    for (part, value) in parts.iter_mut().enumerate() {
                        *value = sample.part(part);
                    }
                }
                &work.samples[..]
            }
        };
        if T::ROWS == 1 {
            self.spread([&mut *first], numbers, weights, parallel);
        } else {
            self.spread([&mut *first, &mut *second], numbers, weights, parallel);
            add_poles(&self.lattice, self.odd_spin, second);
        }
        add_poles(&self.lattice, self.odd_spin, first);

        // `[row][component][bundle]`: the longitude stage writes the bundles of a row one after the other.
        let bundles = self.colatitudes.bundles();
        let len = bundles * PAIR;
        let columns = &mut work.columns[..T::ROWS * len * rows];
        let (left, n) = (self.lattice.left, self.lattice.phi);
        let row = |plane: &'_ [f64], index: usize| -> std::ops::Range<usize> {
            let at = (self.lattice.border + index) * stride + left;
            debug_assert!(at + n <= plane.len());
            at..at + n
        };
        let (first, second) = (&*first, &*second);
        let collect = |(index, columns): (usize, &mut [f64]), work: &mut ThreadWorkspace| {
            let (one, two) = columns.split_at_mut(len);
            let (sharing, rows) = if T::ROWS == 1 {
                let next = if two.is_empty() {
                    &[][..]
                } else {
                    &first[row(first, 2 * index + 1)]
                };
                (Sharing::Rows, [&first[row(first, 2 * index)], next])
            } else {
                let range = row(first, index);
                (Sharing::Parts, [&first[range.clone()], &second[range]])
            };
            self.arch.dispatch(Collect {
                stage: &self.longitudes,
                sharing,
                rows,
                work,
                columns: [one, two],
            });
        };
        if parallel {
            let chunks = columns.par_chunks_mut(2 * len).enumerate();
            chunks.for_each_init(ThreadWorkspace::default, |work, chunk| collect(chunk, work));
        } else {
            let chunks = columns.chunks_mut(2 * len).enumerate();
            chunks.for_each(|chunk| collect(chunk, &mut work.thread));
        }

        let columns = &*columns;
        let reduce = |index: usize, work: &mut ThreadWorkspace| {
            self.arch.dispatch(Reduce {
                stage: &self.colatitudes,
                rows: &columns[index / bundles * len..],
                stride: T::ROWS * len,
                bundle: index % bundles,
                work,
            });
        };
        let mut store = |index: usize, columns: &[f64]| {
            self.arch.dispatch(Store {
                stage: &self.colatitudes,
                places: Cells {
                    component: index / bundles,
                    ..places
                },
                bundle: index % bundles,
                columns,
                cells: &mut *cells,
            });
        };
        let all = T::ROWS * bundles;
        if parallel {
            let reduced: Vec<Aligned> = (0..all)
                .into_par_iter()
                .map_init(ThreadWorkspace::default, |work, index| {
                    reduce(index, work);
                    work.bundles[0].clone()
                })
                .collect();
            for (index, columns) in reduced.iter().enumerate() {
                store(index, columns);
            }
        } else {
            for index in 0..all {
                reduce(index, &mut work.thread);
                store(index, &work.thread.bundles[0]);
            }
        }
    }

    /// Adds all points to the planes. A band writes to its own rows and to some of the next band: first all bands of even number do, then
    /// the others. The order of additions, and so the result, does not depend on the threads.
    fn spread<const P: usize>(
        &self,
        planes: [&mut [f64]; P],
        samples: &[f64],
        weights: Option<&[f64]>,
        parallel: bool,
    ) {
        let size = self.records.rows * self.lattice.stride;
        let mut planes = planes;
        for odd in 0..2 {
            let run = |band: usize, planes: [&mut [f64]; P]| {
                self.arch.dispatch(Spread {
                    kernel: &self.kernel,
                    stride: self.lattice.stride,
                    planes,
                    origin: band * size,
                    records: self.records.band(band),
                    weights,
                    samples,
                });
            };
            let skip = (odd * size).min(self.lattice.plane());
            // The pieces of all planes, band by band.
            let mut pieces: Vec<[&mut [f64]; P]> = Vec::new();
            let mut rests = planes.each_mut().map(|plane| &mut plane[skip..]);
            while !rests[0].is_empty() {
                let len = rests[0].len().min(2 * size);
                pieces.push(
                    rests
                        .each_mut()
                        .map(|rest| rest.split_off_mut(..len).expect("all planes are as long")),
                );
            }
            let pieces = pieces.into_iter().enumerate();
            if parallel {
                let pieces: Vec<_> = pieces.collect();
                pieces
                    .into_par_iter()
                    .for_each(|(index, planes)| run(2 * index + odd, planes));
            } else {
                pieces.for_each(|(index, planes)| run(2 * index + odd, planes));
            }
        }
    }
}
