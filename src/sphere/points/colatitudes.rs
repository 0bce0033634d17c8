//! The colatitude stage: columns on the rings of the Legendre stage ↔ columns on the rows of the fine grid.
//!
//! A column is a trigonometric polynomial on the circle, $`F_m(-\theta) = (-1)^{m+s} F_m(\theta)`$. A Fourier transform on the circle of the
//! rings gives its frequencies |k| < L, which are divided by the transform of the kernel; a longer inverse transform gives the rows. An
//! order whose column is even and one whose column is odd share one complex transform, $`z = a + b`$, and are separated by
//! $`2a(\theta) = z(\theta) + z(-\theta)`$: the transforms take half the work. Eight such pairs, sixteen orders, lie in the lanes.

use super::kernel::Kernel;
use super::lattice::smooth_even;
use crate::simd::fft::{Direction, LaneFft, NUMBER, lane_offset};
use crate::sphere::transform::cells::CellLayout;
use crate::sphere::transform::ring_pairs::LANES;
use crate::sphere::transform::workspace::ThreadWorkspace;
use pulp::{Simd, WithSimd};
use std::f64::consts::PI;

/// Orders of a bundle.
pub(super) const BUNDLE: usize = 2 * LANES;

/// Numbers of a bundle at one colatitude: eight even orders as a number of the transform, then eight odd orders.
pub(super) const PAIR: usize = 2 * NUMBER;

/// Plans of the transforms along meridians.
#[derive(Debug, Clone)]
pub(super) struct Colatitudes {
    band_limit: usize,
    odd_spin: bool,
    /// Points on the circle of the rings, and on that of the rows; both even.
    circle: usize,
    fine: usize,
    fourier: [LaneFft; 2],
    /// For each frequency the correction of the kernel, the normalisation, and the half of `2a`.
    factors: Vec<f64>,
}

/// Rings of the Legendre stage for a band limit: both poles and equal steps in between.
pub(super) fn rings(band_limit: usize) -> Vec<f64> {
    let half = circle(band_limit) / 2;
    (0..=half).map(|t| PI * t as f64 / half as f64).collect()
}

fn circle(band_limit: usize) -> usize {
    smooth_even(2 * band_limit)
}

impl Colatitudes {
    pub(super) fn new(band_limit: usize, odd_spin: bool, fine: usize, kernel: &Kernel) -> Self {
        let circle = circle(band_limit);
        let mut factors = kernel.corrections(band_limit, fine);
        for factor in &mut factors {
            *factor *= 0.5 / circle as f64;
        }
        Colatitudes {
            band_limit,
            odd_spin,
            circle,
            fine,
            fourier: [LaneFft::new(circle), LaneFft::new(fine)],
            factors,
        }
    }

    /// Bundles of all orders.
    pub(super) fn bundles(&self) -> usize {
        self.band_limit.div_ceil(BUNDLE)
    }

    fn fit(&self, work: &mut ThreadWorkspace) {
        // The columns of both parities on the rings fit into the second array.
        let len = NUMBER * self.fine.max(self.circle + 2);
        for bundle in &mut work.bundles {
            bundle.grow(len);
        }
    }

    /// From frequencies on one circle to those on another, |k| < L, times the factors.
    #[inline(always)]
    fn move_frequencies(&self, numbers: &mut [f64], from: usize, to: usize) {
        let limit = self.band_limit;
        let mut one = |source: usize, target: usize, factor: f64| {
            for i in 0..NUMBER {
                numbers[target * NUMBER + i] = factor * numbers[source * NUMBER + i];
            }
        };
        for (k, factor) in self.factors.iter().enumerate() {
            one(k, k, *factor);
        }
        // In an order in which no number is overwritten before it has moved.
        if from < to {
            for k in 1..limit {
                one(from - k, to - k, self.factors[k]);
            }
        } else {
            for k in (1..limit).rev() {
                one(from - k, to - k, self.factors[k]);
            }
        }
        numbers[limit * NUMBER..(to + 1 - limit) * NUMBER].fill(0.0);
    }

    /// Which of the two numbers of a bundle has even columns, and which odd ones.
    #[inline(always)]
    fn parities(&self) -> [usize; 2] {
        if self.odd_spin { [1, 0] } else { [0, 1] }
    }
}

/// The cells of the Legendre stage, and the orders that each of its blocks sees.
#[derive(Clone, Copy)]
pub(super) struct Cells<'a> {
    pub layout: CellLayout,
    pub seen: &'a [usize],
    /// Order m, or order −m of a complex signal.
    pub component: usize,
}

impl Cells<'_> {
    /// Calls `visit` with the places of a number in a cell, `[parity][re, im]`, and the places of its north and south in a bundle.
    #[inline(always)]
    fn each<S: Simd>(
        &self,
        stage: &Colatitudes,
        bundle: usize,
        mut visit: impl FnMut([[usize; 2]; 2], [Option<usize>; 2]),
    ) {
        let half = stage.circle / 2;
        let orders = bundle * BUNDLE..stage.band_limit.min((bundle + 1) * BUNDLE);
        for m in orders {
            let (which, lane) = (m % 2, m % BUNDLE / 2);
            let slot = which * NUMBER + lane_offset::<S>(lane);
            let first = self.seen.partition_point(|seen| *seen <= m);
            for block in first..self.seen.len() {
                let at = self.layout.position(m, block) + 2 * self.component * LANES;
                for i in 0..LANES {
                    let north = block * LANES + i;
                    if 2 * north > half {
                        break;
                    }
                    let south = half - north;
                    let parts = [at + i, at + self.layout.components * LANES + i];
                    visit(
                        parts.map(|part| [part, part + LANES]),
                        [
                            Some(PAIR * north + slot),
                            (south != north).then_some(PAIR * south + slot),
                        ],
                    );
                }
            }
        }
    }
}

/// One bundle of columns from the rings to the rows.
pub(super) struct Refine<'a> {
    pub stage: &'a Colatitudes,
    pub cells: &'a [f64],
    pub places: Cells<'a>,
    pub bundle: usize,
    pub work: &'a mut ThreadWorkspace,
    /// The bundle on all rows, `[row][PAIR]`.
    pub rows: &'a mut [f64],
}

impl WithSimd for Refine<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Refine {
            stage,
            cells,
            places,
            bundle,
            work,
            rows,
        } = self;
        stage.fit(work);
        let [a, b] = &mut work.bundles;
        let (circle, fine) = (stage.circle, stage.fine);
        let half = circle / 2;
        // Columns from the lanes of cells to lanes of orders: north and south are the sum and the difference of both parities.
        let columns = &mut b[..PAIR * (half + 1)];
        columns.fill(0.0);
        places.each::<S>(stage, bundle, |[even, odd], [north, south]| {
            for part in 0..2 {
                let (e, o) = (cells[even[part]], cells[odd[part]]);
                let shift = part * S::F64_LANES;
                if let Some(at) = north {
                    columns[at + shift] = e + o;
                }
                if let Some(at) = south {
                    columns[at + shift] = e - o;
                }
            }
        });
        // Both columns of a lane on the circle: z = a + b at θ and a − b at −θ. At the poles b is zero.
        let [even, odd] = stage.parities().map(|which| which * NUMBER);
        for (t, pair) in columns.chunks_exact(PAIR).enumerate() {
            let (a_column, b_column) = (&pair[even..even + NUMBER], &pair[odd..odd + NUMBER]);
            if t == 0 || t == half {
                a[t * NUMBER..(t + 1) * NUMBER].copy_from_slice(a_column);
                continue;
            }
            let (front, back) = a.split_at_mut((circle - t) * NUMBER);
            let plus = &mut front[t * NUMBER..(t + 1) * NUMBER];
            let minus = &mut back[..NUMBER];
            for i in 0..NUMBER {
                plus[i] = a_column[i] + b_column[i];
                minus[i] = a_column[i] - b_column[i];
            }
        }
        stage.fourier[0].process(simd, Direction::Forward, a, b, &mut []);
        stage.move_frequencies(a, circle, fine);
        stage.fourier[1].process(simd, Direction::Inverse, a, b, &mut []);
        for (row, pair) in rows.chunks_exact_mut(PAIR).enumerate() {
            let plus = &a[row * NUMBER..(row + 1) * NUMBER];
            let mirror = if row == 0 { 0 } else { fine - row };
            let minus = &a[mirror * NUMBER..(mirror + 1) * NUMBER];
            for i in 0..NUMBER {
                pair[even + i] = plus[i] + minus[i];
                pair[odd + i] = plus[i] - minus[i];
            }
        }
    }
}

/// The transpose of [`Refine`]: one bundle of columns from the rows to the rings.
pub(super) struct Reduce<'a> {
    pub stage: &'a Colatitudes,
    /// The bundle on all rows, `[PAIR]` in steps of `stride`.
    pub rows: &'a [f64],
    pub stride: usize,
    pub bundle: usize,
    pub work: &'a mut ThreadWorkspace,
}

impl WithSimd for Reduce<'_> {
    type Output = ();

    /// Leaves the columns in the first array, `[ring][PAIR]`.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Reduce {
            stage,
            rows,
            stride,
            bundle,
            work,
        } = self;
        stage.fit(work);
        let [b, a] = &mut work.bundles;
        let (circle, fine) = (stage.circle, stage.fine);
        let half = fine / 2;
        let [even, odd] = stage.parities().map(|which| which * NUMBER);
        for row in 0..=half {
            let pair = &rows[row * stride + bundle * PAIR..][..PAIR];
            let (a_column, b_column) = (&pair[even..even + NUMBER], &pair[odd..odd + NUMBER]);
            if row == 0 || row == half {
                for (out, value) in a[row * NUMBER..].iter_mut().zip(a_column) {
                    *out = 2.0 * value;
                }
                continue;
            }
            let (front, back) = a.split_at_mut((fine - row) * NUMBER);
            let plus = &mut front[row * NUMBER..(row + 1) * NUMBER];
            let minus = &mut back[..NUMBER];
            for i in 0..NUMBER {
                plus[i] = a_column[i] + b_column[i];
                minus[i] = a_column[i] - b_column[i];
            }
        }
        stage.fourier[1].process(simd, Direction::Forward, a, b, &mut []);
        stage.move_frequencies(a, fine, circle);
        stage.fourier[0].process(simd, Direction::Inverse, a, b, &mut []);
        let half = circle / 2;
        for (t, pair) in b[..PAIR * (half + 1)].chunks_exact_mut(PAIR).enumerate() {
            let plus = &a[t * NUMBER..(t + 1) * NUMBER];
            if t == 0 || t == half {
                pair[even..even + NUMBER].copy_from_slice(plus);
                pair[odd..odd + NUMBER].fill(0.0);
                continue;
            }
            let minus = &a[(circle - t) * NUMBER..(circle - t + 1) * NUMBER];
            for i in 0..NUMBER {
                pair[even + i] = plus[i] + minus[i];
                pair[odd + i] = plus[i] - minus[i];
            }
        }
    }
}

/// Writes a bundle of columns, which [`Reduce`] left, into cells as sums and differences of north and south.
pub(super) struct Store<'a> {
    pub stage: &'a Colatitudes,
    pub places: Cells<'a>,
    pub bundle: usize,
    pub columns: &'a [f64],
    pub cells: &'a mut [f64],
}

impl WithSimd for Store<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Store {
            stage,
            places,
            bundle,
            columns,
            cells,
        } = self;
        places.each::<S>(stage, bundle, |[even, odd], [north, south]| {
            for part in 0..2 {
                let shift = part * S::F64_LANES;
                let [n, s] = [north, south].map(|at| at.map_or(0.0, |at| columns[at + shift]));
                cells[even[part]] = n + s;
                cells[odd[part]] = n - s;
            }
        });
    }
}
