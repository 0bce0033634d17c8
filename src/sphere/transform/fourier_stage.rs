//! The Fourier stage: samples of rings ↔ cells of the Legendre stage, block by block.
//!
//! For a pair of rings mirrored about the equator, the Legendre stage knows the even and the odd part of the order m in the
//! colatitude, $`E_m`$ and $`O_m`$; north and south have $`E_m \pm O_m`$. A ring with n longitudes from $`\varphi_0`$ on has the samples
//!
//! ```math
//! f_j = \sum_m e^{im\varphi_0} (E_m \pm O_m) \, e^{2\pi i jm/n} .
//! ```
//! Two real rings share one complex row, north + i south, so that `Sample::ROWS` rows hold a pair. If all rings have the same length and the same
//! first longitude and are long enough for every order, a whole block is scattered and transformed at once; otherwise
//! orders are added modulo n, ring by ring. A common first longitude is a phase of the bins.

use super::cells::CellLayout;
use super::ring_pairs::{LANES, RingPair, RingPairs};
use super::sample::{Load, RUN, Sample, Store};
use crate::sphere::limits::Limits;
use crate::sphere::rings::{Ring, Rings};
use num_complex::Complex64;
use pulp::{Arch, Simd, WithSimd};
use rustfft::{Fft, FftPlanner};
use std::collections::HashMap;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

/// Unnormalised transforms of one length: with $`e^{-im\varphi}`$, and with $`e^{im\varphi}`$.
pub(super) type Transforms = [Arc<dyn Fft<f64>>; 2];

/// Fourier transforms along rings, and where the rings lie.
pub(in crate::sphere) struct FourierStage {
    pub rings: Rings,
    pub pairs: RingPairs,
    /// The common number of longitudes, if nothing is aliased.
    uniform: Option<usize>,
    /// $`e^{im\varphi_0}`$ for the bins of a row of that length, if it does not start at longitude zero.
    shift: Vec<Complex64>,
    order_limit: usize,
    transforms: HashMap<usize, Transforms>,
    arch: Arch,
}

/// Working memory of one block.
#[derive(Debug, Clone, Default)]
pub(super) struct FourierScratch {
    rows: Vec<Complex64>,
    fft: Vec<Complex64>,
    phases: Vec<[Complex64; LANES]>,
}

/// A phase $`e^{im\varphi_0}`$ is the product of one entry for m mod 32 and one for m − m mod 32: two short tables instead of L sines.
const PHASE_STEP: usize = 32;

impl FourierStage {
    /// Plans the transforms of rings that go through the stage in the given pairs.
    pub(super) fn new(
        rings: Rings,
        pairs: RingPairs,
        limits: Limits,
        planner: &mut FftPlanner<f64>,
    ) -> Self {
        let uniform = rings.uniform();
        let uniform = uniform.filter(|(count, _)| *count >= limits.longitudes());
        let mut transforms = HashMap::new();
        for ring in rings.rings() {
            transforms.entry(ring.longitudes).or_insert_with(|| {
                [
                    planner.plan_fft_forward(ring.longitudes),
                    planner.plan_fft_inverse(ring.longitudes),
                ]
            });
        }
        FourierStage {
            uniform: uniform.map(|(count, _)| count),
            shift: match uniform {
                Some((count, first)) if first != 0.0 => shift(count, first, limits.orders),
                _ => Vec::new(),
            },
            order_limit: limits.orders,
            rings,
            pairs,
            transforms,
            arch: Arch::new(),
        }
    }

    /// The transforms of rings of one length.
    pub(super) fn transforms(&self, longitudes: usize) -> &Transforms {
        &self.transforms[&longitudes]
    }

    /// Multiplies the bins of rows of the common length by a function of $`e^{im\varphi_0}`$.
    pub(super) fn shift(&self, rows: &mut [Complex64], turn: impl Fn(Complex64) -> Complex64) {
        if self.shift.is_empty() {
            return;
        }
        for row in rows.chunks_exact_mut(self.shift.len()) {
            for (value, phase) in row.iter_mut().zip(&self.shift) {
                *value *= turn(*phase);
            }
        }
    }

    /// Makes room; never shrinks.
    pub(super) fn fit<T: Sample>(&self, scratch: &mut FourierScratch) {
        let rows = T::ROWS * LANES * self.rings.most_longitudes();
        let fft = self.transforms.values().flatten();
        let fft = fft.map(|fft| fft.get_inplace_scratch_len()).max();
        grow(&mut scratch.rows, rows, Complex64::ZERO);
        grow(&mut scratch.fft, fft.unwrap_or(0), Complex64::ZERO);
        if self.uniform.is_none() {
            let phases = PHASE_STEP + self.order_limit.div_ceil(PHASE_STEP);
            grow(&mut scratch.phases, phases, [Complex64::ZERO; LANES]);
        }
    }

    fn ring(&self, pair: &RingPair) -> &Ring {
        let index = pair.north.or(pair.south).expect("a pair has a ring");
        &self.rings.rings()[index]
    }

    /// Computes the samples of one block's rings, times weights, from the cells of the first `seen` orders.
    ///
    /// `samples` are the places of the rings, `[north, south]` pair after pair, empty where there is none.
    pub(super) fn synthesise<T: Sample>(
        &self,
        block: usize,
        seen: usize,
        (layout, cells): (CellLayout, &[f64]),
        weights: Option<&[f64]>,
        scratch: &mut FourierScratch,
        samples: [&mut [T]; 2 * LANES],
    ) {
        let pairs = self.pairs.block(block);
        let FourierScratch { rows, fft, phases } = scratch;
        if let Some(n) = self.uniform {
            // Bins 0..seen hold the orders m, n + 1 − seen..n the orders −m: the scatter writes both, and only the gap is cleared.
            let rows = &mut rows[..T::ROWS * pairs.len() * n];
            for row in rows.chunks_exact_mut(n) {
                row[seen..n + 1 - seen].fill(Complex64::ZERO);
            }
            self.arch
                .dispatch(Scatter::<T>::new(layout, cells, block, seen, n, rows));
            self.shift(rows, |phase| phase);
            self.transforms[&n][1].process_with_scratch(rows, fft);
        } else {
            // Rings of any length: several orders may fall into one bin (aliasing), so rows start at zero and orders are added. The
            // outer loop is over orders, since the cell of an order holds all rings of the block in its lanes.
            rows.fill(Complex64::ZERO);
            self.fill_phases(pairs, phases, seen);
            for m in 0..seen {
                let cell = &cells[layout.position(m, block)..][..layout.cell()];
                let phase = phase(phases, m);
                let mut at = 0;
                for (i, pair) in pairs.iter().enumerate() {
                    let n = self.ring(pair).longitudes;
                    let row = &mut rows[at..at + T::ROWS * n];
                    at += row.len();
                    let mut values = [[Complex64::ZERO; 2]; 2];
                    for (o, value) in values.iter_mut().enumerate().take(T::ROWS) {
                        let part = |parity: usize, c: usize| {
                            cell[(2 * T::ROWS * parity + 2 * o + c) * LANES + i]
                        };
                        let even = Complex64::new(part(0, 0), part(0, 1));
                        let odd = Complex64::new(part(1, 0), part(1, 1));
                        // The second value is the order −m of a complex signal: its phase is the conjugate.
                        let turn = if o == 0 { phase[i] } else { phase[i].conj() };
                        *value = [turn * (even + odd), turn * (even - odd)];
                    }
                    T::add_orders(row, m, values);
                }
            }
            let mut at = 0;
            for pair in pairs {
                let n = self.ring(pair).longitudes;
                let row = &mut rows[at..at + T::ROWS * n];
                at += row.len();
                self.transforms[&n][1].process_with_scratch(row, fft);
            }
        }
        // Rows to rings: north and south are separated, weighted, and converted to the type of the samples.
        let mut at = 0;
        let mut samples = samples.into_iter();
        for pair in pairs {
            let n = self.ring(pair).longitudes;
            let row = &rows[at..at + T::ROWS * n];
            at += row.len();
            let factor = |ring: Option<usize>| self.weight(weights, ring);
            let [north, south] = [samples.next(), samples.next()];
            self.arch.dispatch(Store {
                row,
                weights: [factor(pair.north), factor(pair.south)],
                rings: [north, south].map(|ring| ring.filter(|ring| !ring.is_empty())),
            });
        }
    }

    fn weight(&self, weights: Option<&[f64]>, ring: Option<usize>) -> f64 {
        match (weights, ring) {
            (Some(weights), Some(ring)) => weights[ring],
            _ => 1.0,
        }
    }

    /// Where the samples of a block lie, `[north, south]` pair after pair, empty where there is no ring.
    pub(super) fn ranges(&self, block: usize) -> [Range<usize>; 2 * LANES] {
        self.pairs
            .of_block(block)
            .map(|ring| ring.map_or(0..0, |ring| self.rings.range(ring)))
    }

    /// Computes the cells of the first `seen` orders of one block from samples times weights; says whether all samples are finite.
    pub(super) fn analyse<T: Sample>(
        &self,
        block: usize,
        seen: usize,
        samples: &[T],
        weights: Option<&[f64]>,
        scratch: &mut FourierScratch,
        cells: &mut [f64],
    ) -> bool {
        let pairs = self.pairs.block(block);
        let FourierScratch { rows, fft, phases } = scratch;
        let mut finite = true;
        let mut at = 0;
        for pair in pairs {
            let n = self.ring(pair).longitudes;
            let row = &mut rows[at..at + T::ROWS * n];
            at += row.len();
            let ring = |index: Option<usize>| index.map(|ring| &samples[self.rings.range(ring)]);
            let factor = |ring: Option<usize>| self.weight(weights, ring);
            finite &= self.arch.dispatch(Load {
                rings: [ring(pair.north), ring(pair.south)],
                weights: [factor(pair.north), factor(pair.south)],
                row,
            });
        }
        if let Some(n) = self.uniform {
            let rows = &mut rows[..T::ROWS * pairs.len() * n];
            self.transforms[&n][0].process_with_scratch(rows, fft);
            self.shift(rows, |phase| phase.conj());
            let cells = &mut cells[..seen * cell_len::<T>()];
            self.arch.dispatch(Gather::<T>::new(rows, n, cells));
            return finite;
        }
        let mut at = 0;
        for pair in pairs {
            let n = self.ring(pair).longitudes;
            let row = &mut rows[at..at + T::ROWS * n];
            at += row.len();
            self.transforms[&n][0].process_with_scratch(row, fft);
        }
        self.fill_phases(pairs, phases, seen);
        for (m, cell) in cells
            .chunks_exact_mut(cell_len::<T>())
            .enumerate()
            .take(seen)
        {
            cell.fill(0.0);
            let phase = phase(phases, m);
            let mut at = 0;
            for (i, pair) in pairs.iter().enumerate() {
                let n = self.ring(pair).longitudes;
                let row = &rows[at..at + T::ROWS * n];
                at += row.len();
                let orders = T::orders(row, m);
                for (o, [north, south]) in orders.into_iter().enumerate().take(T::ROWS) {
                    let turn = if o == 0 { phase[i].conj() } else { phase[i] };
                    for (parity, value) in [turn * (north + south), turn * (north - south)]
                        .into_iter()
                        .enumerate()
                    {
                        let at = (2 * T::ROWS * parity + 2 * o) * LANES + i;
                        cell[at] = value.re;
                        cell[at + LANES] = value.im;
                    }
                }
            }
        }
        finite
    }

    /// Tables of $`e^{im\varphi_0}`$ for m < 32 and for multiples of 32.
    fn fill_phases(&self, pairs: &[RingPair], phases: &mut [[Complex64; LANES]], seen: usize) {
        for (i, pair) in pairs.iter().enumerate() {
            let angle = self.ring(pair).first_longitude;
            for (m, phase) in phases[..PHASE_STEP].iter_mut().enumerate() {
                phase[i] = Complex64::cis(m as f64 * angle);
            }
            for (k, phase) in phases[PHASE_STEP..]
                .iter_mut()
                .enumerate()
                .take(seen.div_ceil(PHASE_STEP))
            {
                phase[i] = Complex64::cis((k * PHASE_STEP) as f64 * angle);
            }
        }
    }
}

/// Returns $`e^{im\varphi_0}`$ for the bins of a row: m = 0, 1, …, and from the end m = −1, −2, …; one where there is no order.
fn shift(longitudes: usize, first: f64, orders: usize) -> Vec<Complex64> {
    let mut phases = vec![Complex64::ONE; longitudes];
    for m in 1..orders {
        let phase = Complex64::cis(m as f64 * first);
        phases[m] = phase;
        phases[longitudes - m] = phase.conj();
    }
    phases
}

/// Returns $`e^{im\varphi_0}`$ for the eight pairs of a block.
fn phase(phases: &[[Complex64; LANES]], m: usize) -> [Complex64; LANES] {
    let (low, high) = (phases[m % PHASE_STEP], phases[PHASE_STEP + m / PHASE_STEP]);
    std::array::from_fn(|i| low[i] * high[i])
}

/// Numbers of one cell.
const fn cell_len<T: Sample>() -> usize {
    4 * T::ROWS * LANES
}

/// Grows a buffer.
pub(in crate::sphere) fn grow<T: Clone>(buffer: &mut Vec<T>, len: usize, value: T) {
    if buffer.len() < len {
        buffer.resize(len, value);
    }
}

/// Writes all cells of a block into rows of equal length, `[pair][longitude]`: orders m and −m to their bins.
pub(super) struct Scatter<'a, T> {
    layout: CellLayout,
    cells: &'a [f64],
    block: usize,
    seen: usize,
    longitudes: usize,
    rows: &'a mut [Complex64],
    kind: PhantomData<T>,
}

impl<'a, T> Scatter<'a, T> {
    pub(super) fn new(
        layout: CellLayout,
        cells: &'a [f64],
        block: usize,
        seen: usize,
        longitudes: usize,
        rows: &'a mut [Complex64],
    ) -> Self {
        Scatter {
            layout,
            cells,
            block,
            seen,
            longitudes,
            rows,
            kind: PhantomData,
        }
    }
}

impl<T: Sample> WithSimd for Scatter<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // A run of orders at once: the lanes of a cell are rings, the rows are per ring, so cells of a run are transposed in
        // registers and each row receives contiguous orders.
        for m in (0..self.seen).step_by(RUN) {
            let len = RUN.min(self.seen - m) * self.layout.cell();
            let cells = &self.cells[self.layout.position(m, self.block)..][..len];
            T::scatter(simd, cells, m, self.longitudes, self.rows);
        }
    }
}

/// Reads all cells of a block from rows of equal length; the transpose of [`Scatter`].
pub(super) struct Gather<'a, T> {
    rows: &'a [Complex64],
    longitudes: usize,
    cells: &'a mut [f64],
    kind: PhantomData<T>,
}

impl<'a, T> Gather<'a, T> {
    pub(super) fn new(rows: &'a [Complex64], longitudes: usize, cells: &'a mut [f64]) -> Self {
        Gather {
            rows,
            longitudes,
            cells,
            kind: PhantomData,
        }
    }
}

impl<T: Sample> WithSimd for Gather<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for (m, cell) in self.cells.chunks_exact_mut(cell_len::<T>()).enumerate() {
            T::gather(simd, self.rows, self.longitudes, m, cell);
        }
    }
}
