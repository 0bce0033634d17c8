//! Synthesis and its adjoint for a set of rings: Legendre stage, passage between rings, Fourier stage.

use super::cells::{CellLayout, ORDERS};
use super::chains::Chains;
use super::engine::Engine;
use super::extension::{Extension, Passage, Symmetry};
use super::fourier_stage::{FourierScratch, FourierStage, grow};
use super::legendre_stage::{Analysis, Synthesis, workspace_len};
use super::legendre_values::{LegendreValues, TableAnalysis, TableSynthesis};
use super::packed::{order_groups, packed_len};
use super::ring_pairs::{LANES, RingPairs};
use super::sample::Sample;
use super::workspace::PointWorkspace;
use crate::simd::aligned::Aligned;
use crate::sphere::grid::Circle;
use crate::sphere::limits::Limits;
use crate::sphere::rings::Rings;

use num_complex::Complex64;
use pulp::Arch;
use rayon::prelude::*;
use rustfft::FftPlanner;

/// The transform between m-major coefficients and the samples on rings.
pub(in crate::sphere) struct RingTransform<K> {
    pub limits: Limits,
    pub tables: K,
    pub fourier: FourierStage,
    /// The passage between the rings of the samples and the rings of the Legendre stage, where these differ.
    extension: Option<Extension>,
    arch: Arch,
}

/// Working memory of a [`RingTransform`]; it fits itself to any transform it is used with.
#[derive(Debug, Clone, Default)]
pub(in crate::sphere) struct RingScratch {
    /// Whether the work is shared by the threads of the pool; each then makes buffers of its own.
    pub parallel: bool,
    /// The data between the Legendre stage and the next one.
    pub cells: Aligned,
    /// Cells on the rings of the samples, if there is an extension.
    outer: Aligned,
    chain: Aligned,
    column: Vec<Complex64>,
    fourier: FourierScratch,
    /// The working memory of transforms at points.
    pub points: PointWorkspace,
}

impl<K: Chains> RingTransform<K> {
    /// Plans the transform of rings, whose mirror images share the work, or which lie on a circle and pass through symmetric rings;
    /// `tables` makes the functions for pairs of rings.
    pub(in crate::sphere) fn new(
        limits: Limits,
        rings: Rings,
        circle: Option<Circle>,
        planner: &mut FftPlanner<f64>,
        tables: impl FnOnce(&RingPairs) -> K,
    ) -> Self {
        let extension = circle.map(|circle| Extension::new(limits.degrees, circle, planner));
        let (tables, pairs) = match &extension {
            None => {
                let pairs = RingPairs::of(&rings);
                (tables(&pairs), pairs)
            }
            Some(extension) => (
                tables(&RingPairs::new(&extension.midpoints())),
                RingPairs::neighbours(rings.rings().len()),
            ),
        };
        RingTransform {
            limits,
            tables,
            fourier: FourierStage::new(rings, pairs, limits, planner),
            extension,
            arch: Arch::new(),
        }
    }

    /// The weight of every ring in an analysis with an extension, longitude left out.
    pub(super) fn extension_weight(&self) -> Option<f64> {
        self.extension.as_ref().map(Extension::midpoint_weight)
    }

    fn inner_layout<T: Sample>(&self, synthesis: bool) -> CellLayout {
        let blocks = self.tables.blocks();
        if synthesis {
            CellLayout::by_orders(2 * T::ROWS, self.limits.orders, blocks)
        } else {
            CellLayout::by_blocks(2 * T::ROWS, self.limits.orders, blocks)
        }
    }

    fn outer_layout<T: Sample>(&self) -> CellLayout {
        CellLayout::by_blocks(2 * T::ROWS, self.limits.orders, self.fourier.pairs.blocks())
    }

    /// The Legendre stage alone: leaves the columns of all orders in the cells, whose layout it returns.
    ///
    /// A block has the orders below its entry of [`Chains::orders`]; the cells of others are not written.
    pub(in crate::sphere) fn expand_columns<T: Sample>(
        &self,
        packed: &[f64],
        scratch: &mut RingScratch,
    ) -> CellLayout {
        self.fit::<T>(scratch);
        if T::ROWS == 1 {
            self.expand::<T, 2, 4>(packed, scratch);
        } else {
            self.expand::<T, 4, 8>(packed, scratch);
        }
        self.inner_layout::<T>(true)
    }

    /// The layout of the cells that [`RingTransform::project_columns`] reads.
    pub(in crate::sphere) fn columns_layout<T: Sample>(&self) -> CellLayout {
        self.inner_layout::<T>(false)
    }

    /// The transpose of [`RingTransform::expand_columns`]: packed coefficients from the sums (north + south) and differences
    /// (north − south) in the cells, which must be zero where a block has no ring.
    pub(in crate::sphere) fn project_columns<T: Sample>(
        &self,
        packed: &mut [f64],
        scratch: &mut RingScratch,
    ) {
        let layout = self.columns_layout::<T>();
        if K::MIXED {
            for (block, &seen) in self.tables.orders().iter().enumerate() {
                for m in 0..seen {
                    let at = layout.position(m, block);
                    self.tables
                        .split_parity(&mut scratch.cells[at..at + layout.cell()]);
                }
            }
        }
        if T::ROWS == 1 {
            self.project::<T, 2, 4>(packed, layout, scratch);
        } else {
            self.project::<T, 4, 8>(packed, layout, scratch);
        }
    }

    fn chain_len<T: Sample>(&self) -> usize {
        workspace_len(&self.tables, 2 * T::ROWS)
    }

    /// The symmetry of a column of order m, or of −m for the second column of a complex signal.
    fn symmetry(&self, m: usize, column: usize) -> Symmetry {
        let order = if column == 0 { m as i64 } else { -(m as i64) };
        Symmetry::new(order, self.tables.spin())
    }

    /// Orders that a block of the Fourier stage sees.
    fn seen(&self, block: usize) -> usize {
        match self.extension {
            None => self.tables.orders()[block],
            Some(_) => self.limits.orders,
        }
    }

    fn thread_scratch<T: Sample>(&self) -> FourierScratch {
        let mut scratch = FourierScratch::default();
        self.fourier.fit::<T>(&mut scratch);
        scratch
    }

    fn expand<T: Sample, const C: usize, const D: usize>(
        &self,
        packed: &[f64],
        scratch: &mut RingScratch,
    ) {
        let layout = self.inner_layout::<T>(true);
        let Limits {
            degrees: limit,
            orders: most,
        } = self.limits;
        let run = |group: usize, cells: &mut [f64], chain: &mut [f64]| {
            let orders = group * ORDERS..most.min((group + 1) * ORDERS);
            let packed = &packed[C * packed_len(limit, orders.start)..];
            if let Some(values) = self.tables.tabulated() {
                return self.arch.dispatch(TableSynthesis::<C> {
                    values,
                    seen: self.tables.orders(),
                    orders,
                    packed,
                    layout,
                    cells,
                });
            }
            self.arch.dispatch(Synthesis::<K, C, D> {
                tables: &self.tables,
                packed,
                orders,
                workspace: chain,
                layout,
                cells: &mut *cells,
            });
            if K::MIXED {
                for cell in cells.chunks_exact_mut(layout.cell()) {
                    self.tables.join_parity(cell);
                }
            }
        };
        // Groups of orders own disjoint parts of the cells, so threads share them without locks and results do not depend on the threads.
        let groups = scratch.cells[..layout.len].chunks_exact_mut(layout.group_stride);
        if scratch.parallel {
            groups.enumerate().par_bridge().for_each_init(
                || Aligned::zeros(self.chain_len::<T>()),
                |chain, (group, cells)| run(group, cells, chain),
            );
        } else {
            for (group, cells) in groups.enumerate() {
                run(group, cells, &mut scratch.chain);
            }
        }
    }

    fn analyse_block<T: Sample>(
        &self,
        block: usize,
        samples: &[T],
        weights: Option<&[f64]>,
        fourier: &mut FourierScratch,
        cells: &mut [f64],
    ) -> bool {
        let seen = self.seen(block);
        let finite = self
            .fourier
            .analyse(block, seen, samples, weights, fourier, cells);
        if K::MIXED && self.extension.is_none() {
            let len = 4 * T::ROWS * LANES;
            for cell in cells.chunks_exact_mut(len).take(seen) {
                self.tables.split_parity(cell);
            }
        }
        finite
    }

    fn project<T: Sample, const C: usize, const D: usize>(
        &self,
        packed: &mut [f64],
        layout: CellLayout,
        scratch: &mut RingScratch,
    ) {
        let Limits {
            degrees: limit,
            orders: most,
        } = self.limits;
        let (cells, sums) = (&scratch.cells[..layout.len], &mut scratch.chain);
        let run = |group: usize, packed: &mut [f64], sums: &mut [f64]| {
            let orders = group * ORDERS..most.min((group + 1) * ORDERS);
            if let Some(values) = self.tables.tabulated() {
                return self.arch.dispatch(TableAnalysis::<C> {
                    values,
                    seen: self.tables.orders(),
                    orders,
                    layout,
                    cells,
                    packed,
                });
            }
            self.arch.dispatch(Analysis::<K, C, D> {
                tables: &self.tables,
                orders,
                layout,
                cells,
                workspace: sums,
                packed,
            });
        };
        let mut rest = &mut packed[..self.packed_len::<T>()];
        let groups = order_groups(most).map(|orders| {
            let len = packed_len(limit, orders.end) - packed_len(limit, orders.start);
            rest.split_off_mut(..C * len).expect("all orders are there")
        });
        if scratch.parallel {
            let groups: Vec<&mut [f64]> = groups.collect();
            groups.into_par_iter().enumerate().for_each_init(
                || Aligned::zeros(self.chain_len::<T>()),
                |sums, (group, packed)| run(group, packed, sums),
            );
        } else {
            for (group, packed) in groups.enumerate() {
                run(group, packed, sums);
            }
        }
    }
}

impl<K: Chains> Engine for RingTransform<K> {
    fn limits(&self) -> Limits {
        self.limits
    }

    fn fit<T: Sample>(&self, scratch: &mut RingScratch) {
        let layouts = [true, false].map(|synthesis| self.inner_layout::<T>(synthesis).len);
        scratch.cells.grow(layouts[0].max(layouts[1]));
        scratch.chain.grow(self.chain_len::<T>());
        if let Some(extension) = &self.extension {
            scratch.outer.grow(self.outer_layout::<T>().len);
            let column = extension.column_len() + extension.scratch_len();
            grow(&mut scratch.column, column, Complex64::ZERO);
        }
        self.fourier.fit::<T>(&mut scratch.fourier);
    }

    fn synthesise<T: Sample>(
        &self,
        packed: &[f64],
        transposed: bool,
        weights: Option<&[f64]>,
        samples: &mut [T],
        scratch: &mut RingScratch,
    ) {
        self.fit::<T>(scratch);
        if T::ROWS == 1 {
            self.expand::<T, 2, 4>(packed, scratch);
        } else {
            self.expand::<T, 4, 8>(packed, scratch);
        }
        let mut layout = self.inner_layout::<T>(true);
        if let Some(extension) = &self.extension {
            let inner = layout;
            layout = self.outer_layout::<T>();
            let passage = if transposed {
                Passage::RingsToMidpointsTransposed
            } else {
                Passage::MidpointsToRings
            };
            let RingScratch {
                cells,
                outer,
                column,
                ..
            } = scratch;
            let (column, inner_scratch) = column.split_at_mut(extension.column_len());
            let (midpoints, rings) = (self.limits.degrees, self.fourier.rings.rings().len());
            for m in 0..self.limits.orders {
                for o in 0..T::ROWS {
                    // A pair of mirror images is the sum and the difference of its parts.
                    let ends = &mut column[..midpoints];
                    read_midpoints((inner, cells), (m, o), 1.0, ends, self.tables.orders());
                    extension.pass(passage, self.symmetry(m, o), column, inner_scratch);
                    write_neighbours((layout, outer), (m, o), 0.5, &column[..rings]);
                }
            }
        }
        let RingScratch {
            parallel,
            cells,
            outer,
            fourier,
            ..
        } = scratch;
        let cells = if self.extension.is_some() {
            outer
        } else {
            cells
        };
        let stage = &self.fourier;
        if *parallel {
            let mut rings: Vec<&mut [T]> = Vec::with_capacity(stage.rings.rings().len());
            let mut rest = samples;
            for ring in stage.rings.rings() {
                let (first, others) = rest.split_at_mut(ring.longitudes);
                rings.push(first);
                rest = others;
            }
            let blocks: Vec<[&mut [T]; 2 * LANES]> = (0..stage.pairs.blocks())
                .map(|block| {
                    stage.pairs.of_block(block).map(|ring| {
                        ring.map_or_else(Default::default, |r| std::mem::take(&mut rings[r]))
                    })
                })
                .collect();
            blocks.into_par_iter().enumerate().for_each_init(
                || self.thread_scratch::<T>(),
                |fourier, (block, samples)| {
                    let seen = self.seen(block);
                    stage.synthesise(block, seen, (layout, cells), weights, fourier, samples);
                },
            );
        } else {
            for block in 0..stage.pairs.blocks() {
                let places = samples
                    .get_disjoint_mut(stage.ranges(block))
                    .expect("rings do not overlap");
                let seen = self.seen(block);
                stage.synthesise(block, seen, (layout, cells), weights, fourier, places);
            }
        }
    }

    fn analyse<T: Sample>(
        &self,
        samples: &[T],
        transposed: bool,
        weights: Option<&[f64]>,
        packed: &mut [f64],
        scratch: &mut RingScratch,
    ) -> bool {
        self.fit::<T>(scratch);
        let inner = self.inner_layout::<T>(false);
        let (layout, target) = match self.extension {
            None => (inner, &mut scratch.cells),
            Some(_) => (self.outer_layout::<T>(), &mut scratch.outer),
        };
        let blocks = target[..layout.len].chunks_exact_mut(layout.block_stride);
        let finite = if scratch.parallel {
            blocks
                .enumerate()
                .par_bridge()
                .map_init(
                    || self.thread_scratch::<T>(),
                    |fourier, (block, cells)| {
                        self.analyse_block(block, samples, weights, fourier, cells)
                    },
                )
                .reduce(|| true, |a, b| a && b)
        } else {
            let fourier = &mut scratch.fourier;
            blocks
                .enumerate()
                .all(|(block, cells)| self.analyse_block(block, samples, weights, fourier, cells))
        };
        if !finite {
            return false;
        }
        if let Some(extension) = &self.extension {
            let passage = if transposed {
                Passage::MidpointsToRingsTransposed
            } else {
                Passage::RingsToMidpoints
            };
            let RingScratch {
                cells,
                outer,
                column,
                ..
            } = scratch;
            cells[..inner.len].fill(0.0);
            let (column, inner_scratch) = column.split_at_mut(extension.column_len());
            let (midpoints, rings) = (self.limits.degrees, self.fourier.rings.rings().len());
            for m in 0..self.limits.orders {
                for o in 0..T::ROWS {
                    read_neighbours((layout, outer), (m, o), 0.5, &mut column[..rings]);
                    extension.pass(passage, self.symmetry(m, o), column, inner_scratch);
                    write_midpoints((inner, cells), (m, o), 1.0, &column[..midpoints]);
                }
            }
            if K::MIXED {
                for block in 0..self.tables.blocks() {
                    for m in 0..self.limits.orders {
                        let at = inner.position(m, block);
                        self.tables.split_parity(&mut cells[at..at + inner.cell()]);
                    }
                }
            }
        }
        if T::ROWS == 1 {
            self.project::<T, 2, 4>(packed, inner, scratch);
        } else {
            self.project::<T, 4, 8>(packed, inner, scratch);
        }
        true
    }

    fn vectors(&self) -> Option<(&LegendreValues, &FourierStage)> {
        self.tables.values().map(|values| (values, &self.fourier))
    }
}

/// One component of a cell, all parities: `[even, odd]` of order m or −m at one lane.
fn parts(
    (layout, cells): (CellLayout, &[f64]),
    (m, o): (usize, usize),
    pair: usize,
) -> [Complex64; 2] {
    let at = layout.position(m, pair / LANES) + 2 * o * LANES + pair % LANES;
    [0, layout.components * LANES]
        .map(|parity| Complex64::new(cells[at + parity], cells[at + parity + LANES]))
}

fn set_parts(
    (layout, cells): (CellLayout, &mut [f64]),
    (m, o): (usize, usize),
    pair: usize,
    values: [Complex64; 2],
) {
    let at = layout.position(m, pair / LANES) + 2 * o * LANES + pair % LANES;
    for (parity, value) in [0, layout.components * LANES].into_iter().zip(values) {
        cells[at + parity] = value.re;
        cells[at + parity + LANES] = value.im;
    }
}

/// A column of midpoints from the pole to the pole; pair r is r and its mirror image.
fn read_midpoints(
    (layout, cells): (CellLayout, &[f64]),
    order: (usize, usize),
    factor: f64,
    column: &mut [Complex64],
    seen: &[usize],
) {
    let count = column.len();
    for pair in 0..count.div_ceil(2) {
        let [even, odd] = if order.0 < seen[pair / LANES] {
            parts((layout, cells), order, pair)
        } else {
            [Complex64::ZERO; 2]
        };
        column[count - 1 - pair] = factor * (even - odd);
        column[pair] = factor * (even + odd);
    }
}

fn write_midpoints(
    (layout, cells): (CellLayout, &mut [f64]),
    order: (usize, usize),
    factor: f64,
    column: &[Complex64],
) {
    let count = column.len();
    for pair in 0..count.div_ceil(2) {
        let south = count - 1 - pair;
        let (a, b) = if south == pair {
            (column[pair], Complex64::ZERO)
        } else {
            (column[pair], column[south])
        };
        set_parts(
            (layout, cells),
            order,
            pair,
            [factor * (a + b), factor * (a - b)],
        );
    }
}

/// A column of rings; a pair is two neighbours.
fn read_neighbours(
    (layout, cells): (CellLayout, &[f64]),
    order: (usize, usize),
    factor: f64,
    column: &mut [Complex64],
) {
    for (pair, rings) in column.chunks_mut(2).enumerate() {
        let [even, odd] = parts((layout, cells), order, pair);
        rings[0] = factor * (even + odd);
        if let Some(second) = rings.get_mut(1) {
            *second = factor * (even - odd);
        }
    }
}

fn write_neighbours(
    (layout, cells): (CellLayout, &mut [f64]),
    order: (usize, usize),
    factor: f64,
    column: &[Complex64],
) {
    for (pair, rings) in column.chunks(2).enumerate() {
        let (a, b) = (rings[0], rings.get(1).copied().unwrap_or_default());
        set_parts(
            (layout, cells),
            order,
            pair,
            [factor * (a + b), factor * (a - b)],
        );
    }
}
