//! Many signals of a small band limit: the Legendre stage as matrix products, eight signals to a vector.

use super::cells::CellLayout;
use super::coefficients::sign;
use super::fourier_stage::{Gather, Scatter, grow};
use super::legendre_values::LegendreValues;
use super::plan::{ShtPlan, ShtScratch};
use super::ring_pairs::LANES;
use super::sample::Sample;
use crate::special::aligned::Aligned;
use crate::{Error, Result};
use ndarray::{Array3, ArrayView3, ArrayViewMut3, Axis};
use num_complex::Complex64;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// From here on a signal alone fills the vectors, and tables would leave the cache.
pub(super) const MAX_TABLE_BAND_LIMIT: usize = 96;

/// Degrees, or rings, that share one pass over the other index.
const TILE: usize = 4;

/// Working memory of eight signals.
#[derive(Debug, Clone, Default)]
pub(super) struct BatchScratch {
    cells: Aligned,
    /// `[degree][component][signal]` of one order and parity.
    chain: Aligned,
    rows: Vec<Complex64>,
    fft: Vec<Complex64>,
}

impl ShtPlan {
    /// Computes the coefficients of many signals.
    ///
    /// # Arguments
    /// * `signals` — shape `[signals, rings, longitudes]`, real or complex
    /// * `coeffs` — shape `[signals, L, 2L − 1]`; overwritten
    /// * `scratch` — from [`ShtPlan::make_scratch`], or [`ShtPlan::make_parallel_scratch`] for all threads
    ///
    /// # Cost and accuracy
    /// Up to L = 96 eight signals fill a vector and the Legendre functions come from a table of L³/4 numbers, made at the
    /// first call and kept in the plan; beyond, and for McEwen–Wiaux rings, the signals are taken one by one.
    ///
    /// # Errors
    /// As [`ShtPlan::forward_into`]; then the coefficients of some signals may have been overwritten.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::sphere::{Sampling, ShtPlanner};
    /// use ndarray::Array3;
    /// use num_complex::Complex64;
    /// let plan = ShtPlanner::new().plan(4, Sampling::GaussLegendre)?;
    /// let signals = Array3::from_shape_fn((3, 4, 7), |(s, _, _)| s as f64);
    /// let mut coeffs = Array3::zeros((3, 4, 7));
    /// plan.forward_batch_into(signals.view(), coeffs.view_mut(), &mut plan.make_scratch())?;
    /// let y00: Complex64 = coeffs[[2, 0, 3]];                        // the constant 2
    /// assert!((y00.re - 2.0 * (4.0 * std::f64::consts::PI).sqrt()).abs() < 1e-14);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn forward_batch_into<T: Sample>(
        &self,
        signals: ArrayView3<'_, T>,
        mut coeffs: ArrayViewMut3<'_, Complex64>,
        scratch: &mut ShtScratch,
    ) -> Result<()> {
        self.check_batch(signals.shape(), coeffs.shape())?;
        if !self.uses_tables() {
            for (signal, coeffs) in signals.outer_iter().zip(coeffs.outer_iter_mut()) {
                self.forward_into(signal, coeffs, scratch)?;
            }
            return Ok(());
        }
        let standard = signals.as_standard_layout();
        if coeffs.as_slice().is_none() {
            let mut copy = Array3::zeros(coeffs.dim());
            self.forward_batch_into(standard.view(), copy.view_mut(), scratch)?;
            coeffs.assign(&copy);
            return Ok(());
        }
        let groups = standard
            .axis_chunks_iter(Axis(0), LANES)
            .into_par_iter()
            .zip(coeffs.axis_chunks_iter_mut(Axis(0), LANES));
        let finite = if scratch.ring.parallel {
            groups
                .map_init(BatchScratch::default, |scratch, (signals, coeffs)| {
                    self.analyse_group(signals, coeffs, scratch)
                })
                .reduce(|| true, |a, b| a && b)
        } else {
            standard
                .axis_chunks_iter(Axis(0), LANES)
                .zip(coeffs.axis_chunks_iter_mut(Axis(0), LANES))
                .all(|(signals, coeffs)| self.analyse_group(signals, coeffs, &mut scratch.batch))
        };
        if finite {
            Ok(())
        } else {
            check_finite("signals", signals, |sample: &T| {
                <T as super::sample::sealed::Sample>::is_finite(*sample)
            })
        }
    }

    /// Computes the samples of many signals from their coefficients; see [`ShtPlan::forward_batch_into`].
    ///
    /// # Errors
    /// As [`ShtPlan::inverse_into`].
    pub fn inverse_batch_into<T: Sample>(
        &self,
        coeffs: ArrayView3<'_, Complex64>,
        mut signals: ArrayViewMut3<'_, T>,
        scratch: &mut ShtScratch,
    ) -> Result<()> {
        self.check_batch(signals.shape(), coeffs.shape())?;
        if !self.uses_tables() {
            for (coeffs, signal) in coeffs.outer_iter().zip(signals.outer_iter_mut()) {
                self.inverse_into(coeffs, signal, scratch)?;
            }
            return Ok(());
        }
        check_finite("coefficients", coeffs, |c: &Complex64| c.is_finite())?;
        let standard = coeffs.as_standard_layout();
        if signals.as_slice().is_none() {
            let mut copy = Array3::from_elem(signals.dim(), T::default());
            self.inverse_batch_into(standard.view(), copy.view_mut(), scratch)?;
            signals.assign(&copy);
            return Ok(());
        }
        if scratch.ring.parallel {
            standard
                .axis_chunks_iter(Axis(0), LANES)
                .into_par_iter()
                .zip(signals.axis_chunks_iter_mut(Axis(0), LANES))
                .for_each_init(BatchScratch::default, |scratch, (coeffs, signals)| {
                    self.synthesise_group(coeffs, signals, scratch);
                });
        } else {
            for (coeffs, signals) in standard
                .axis_chunks_iter(Axis(0), LANES)
                .zip(signals.axis_chunks_iter_mut(Axis(0), LANES))
            {
                self.synthesise_group(coeffs, signals, &mut scratch.batch);
            }
        }
        Ok(())
    }

    fn uses_tables(&self) -> bool {
        self.band_limit() <= MAX_TABLE_BAND_LIMIT && self.grid.core.extension_weight().is_none()
    }

    fn check_batch(&self, signals: &[usize], coeffs: &[usize]) -> Result<()> {
        let mismatch = |what: &str, shape: [usize; 2], found: &[usize]| Error::ShapeMismatch {
            what: format!("{what} of band limit {}", self.band_limit()),
            expected: format!("[{}, {}, {}]", signals[0], shape[0], shape[1]),
            found: found.to_vec(),
        };
        if signals[1..] != self.signal_shape() {
            return Err(mismatch("signals", self.signal_shape(), signals));
        }
        if coeffs[0] != signals[0] || coeffs[1..] != self.coeffs_shape() {
            return Err(mismatch("coefficients", self.coeffs_shape(), coeffs));
        }
        Ok(())
    }

    fn batch_layout<T: Sample>(&self, tables: &LegendreValues) -> CellLayout {
        CellLayout::by_blocks(2 * T::ROWS, self.band_limit(), tables.pairs)
    }

    fn fit_batch<T: Sample>(&self, layout: CellLayout, scratch: &mut BatchScratch) {
        let [_, n] = self.signal_shape();
        let fft = self.grid.core.fourier.transforms(n);
        scratch.cells.grow(layout.len);
        let chain = self.band_limit().div_ceil(2) * layout.components * LANES;
        scratch.chain.grow(chain);
        grow(&mut scratch.rows, T::ROWS * LANES * n, Complex64::ZERO);
        let inner = fft.iter().map(|fft| fft.get_inplace_scratch_len()).max();
        grow(&mut scratch.fft, inner.unwrap_or(0), Complex64::ZERO);
    }

    /// Up to eight signals; says whether all samples are finite.
    fn analyse_group<T: Sample>(
        &self,
        signals: ArrayView3<'_, T>,
        mut coeffs: ArrayViewMut3<'_, Complex64>,
        scratch: &mut BatchScratch,
    ) -> bool {
        let tables = self.grid.core.tables.values();
        let layout = self.batch_layout::<T>(tables);
        self.fit_batch::<T>(layout, scratch);
        let [_, n] = self.signal_shape();
        let stage = &self.grid.core.fourier;
        let (limit, arch) = (self.band_limit(), Arch::new());
        let samples = signals.as_slice().expect("the layout is standard");
        let count = signals.shape()[0];
        let size = samples.len() / count;
        let rows = &mut scratch.rows[..T::ROWS * n * count];
        for (r, pair) in stage.pairs.pairs.iter().enumerate() {
            for (signal, row) in samples
                .chunks_exact(size)
                .zip(rows.chunks_exact_mut(T::ROWS * n))
            {
                let ring = |ring: usize| &signal[ring * n..(ring + 1) * n];
                let weight = |ring: Option<usize>| ring.map_or(0.0, |ring| self.grid.weights[ring]);
                let rings = [pair.north.map(ring), pair.south.map(ring)];
                if !T::load(rings, [weight(pair.north), weight(pair.south)], row) {
                    return false;
                }
            }
            stage.transforms(n)[0].process_with_scratch(rows, &mut scratch.fft);
            let cells = &mut scratch.cells[layout.position(0, r)..][..limit * layout.cell()];
            arch.dispatch(Gather::<T>::new(rows, n, cells));
        }
        let out = coeffs.as_slice_mut().expect("the layout is standard");
        let size = out.len() / count;
        for m in 0..limit {
            for parity in 0..2 {
                let matrix = tables.by_degree(m, parity);
                let degrees = matrix.len() / tables.pairs;
                let chain = &mut scratch.chain[..degrees * layout.components * LANES];
                if T::ROWS == 1 {
                    arch.dispatch(Project::<2>::new(
                        tables,
                        stage.pairs.pairs.len(),
                        m,
                        parity,
                        layout,
                        &scratch.cells,
                        chain,
                    ));
                } else {
                    arch.dispatch(Project::<4>::new(
                        tables,
                        stage.pairs.pairs.len(),
                        m,
                        parity,
                        layout,
                        &scratch.cells,
                        chain,
                    ));
                }
                for (j, values) in chain.chunks_exact(layout.components * LANES).enumerate() {
                    let l = m + parity + 2 * j;
                    for (s, out) in out.chunks_exact_mut(size).enumerate() {
                        let value = |c: usize| {
                            Complex64::new(values[c * LANES + s], values[(c + 1) * LANES + s])
                        };
                        let plus = value(0);
                        let minus = if T::ROWS == 1 { plus.conj() } else { value(2) };
                        let row = &mut out[l * (2 * limit - 1)..][..2 * limit - 1];
                        row[limit - 1 - m] = sign(m) * minus;
                        row[limit - 1 + m] = plus;
                    }
                }
            }
        }
        for out in out.chunks_exact_mut(size) {
            for (l, row) in out.chunks_exact_mut(2 * limit - 1).enumerate() {
                row[..limit - 1 - l].fill(Complex64::ZERO);
                row[limit + l..].fill(Complex64::ZERO);
            }
        }
        true
    }

    fn synthesise_group<T: Sample>(
        &self,
        coeffs: ArrayView3<'_, Complex64>,
        mut signals: ArrayViewMut3<'_, T>,
        scratch: &mut BatchScratch,
    ) {
        let tables = self.grid.core.tables.values();
        let layout = self.batch_layout::<T>(tables);
        self.fit_batch::<T>(layout, scratch);
        let [_, n] = self.signal_shape();
        let stage = &self.grid.core.fourier;
        let (limit, arch) = (self.band_limit(), Arch::new());
        let coeffs_slice = coeffs.as_slice().expect("the layout is standard");
        let count = coeffs.shape()[0];
        let size = coeffs_slice.len() / count;
        for m in 0..limit {
            for parity in 0..2 {
                let matrix = tables.by_degree(m, parity);
                let degrees = matrix.len() / tables.pairs;
                let chain = &mut scratch.chain[..degrees * layout.components * LANES];
                for (j, values) in chain
                    .chunks_exact_mut(layout.components * LANES)
                    .enumerate()
                {
                    let l = m + parity + 2 * j;
                    for (s, coeffs) in coeffs_slice.chunks_exact(size).enumerate() {
                        let row = &coeffs[l * (2 * limit - 1)..][..2 * limit - 1];
                        let plus = row[limit - 1 + m];
                        values[s] = plus.re;
                        values[LANES + s] = plus.im;
                        if T::ROWS == 2 {
                            let minus = sign(m) * row[limit - 1 - m];
                            values[2 * LANES + s] = minus.re;
                            values[3 * LANES + s] = minus.im;
                        }
                    }
                }
                if T::ROWS == 1 {
                    arch.dispatch(Expand::<2>::new(
                        tables,
                        stage.pairs.pairs.len(),
                        m,
                        parity,
                        layout,
                        chain,
                        &mut scratch.cells,
                    ));
                } else {
                    arch.dispatch(Expand::<4>::new(
                        tables,
                        stage.pairs.pairs.len(),
                        m,
                        parity,
                        layout,
                        chain,
                        &mut scratch.cells,
                    ));
                }
            }
        }
        let samples = signals.as_slice_mut().expect("the layout is standard");
        let size = samples.len() / count;
        let rows = &mut scratch.rows[..T::ROWS * n * count];
        for (r, pair) in stage.pairs.pairs.iter().enumerate() {
            for row in rows.chunks_exact_mut(n) {
                row[limit..n + 1 - limit].fill(Complex64::ZERO);
            }
            arch.dispatch(Scatter::<T>::new(layout, &scratch.cells, r, limit, n, rows));
            stage.transforms(n)[1].process_with_scratch(rows, &mut scratch.fft);
            for (signal, row) in samples
                .chunks_exact_mut(size)
                .zip(rows.chunks_exact(T::ROWS * n))
            {
                let range =
                    |ring: Option<usize>| ring.map_or(0..0, |ring| ring * n..(ring + 1) * n);
                let rings = signal
                    .get_disjoint_mut([range(pair.north), range(pair.south)])
                    .expect("rings do not overlap");
                T::store(
                    row,
                    [1.0; 2],
                    rings.map(|ring| (!ring.is_empty()).then_some(ring)),
                );
            }
        }
    }
}

/// Coefficients of one order and parity from cells: a matrix product over the pairs of rings.
struct Project<'a, const C: usize> {
    matrix: &'a [f64],
    /// Length of a row of the matrix; pairs beyond `pairs` are padding.
    width: usize,
    pairs: usize,
    /// Position of the first pair's cell, and distance to the next.
    first: usize,
    stride: usize,
    cells: &'a [f64],
    chain: &'a mut [f64],
}

impl<'a, const C: usize> Project<'a, C> {
    fn new(
        tables: &'a LegendreValues,
        pairs: usize,
        order: usize,
        parity: usize,
        layout: CellLayout,
        cells: &'a [f64],
        chain: &'a mut [f64],
    ) -> Self {
        Project {
            matrix: tables.by_degree(order, parity),
            width: tables.pairs,
            pairs,
            first: layout.position(order, 0) + parity * C * LANES,
            stride: layout.block_stride,
            cells,
            chain,
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const T: usize>(&mut self, simd: S, degree: usize, part: usize) {
        let mut sums = [[simd.splat_f64s(0.0); C]; T];
        for pair in 0..self.pairs {
            let cell = &self.cells[self.first + pair * self.stride..][..C * LANES];
            let cell = S::as_simd_f64s(cell).0;
            for (t, sums) in sums.iter_mut().enumerate() {
                let value = simd.splat_f64s(self.matrix[(degree + t) * self.width + pair]);
                for c in 0..C {
                    let data = cell[c * (LANES / S::F64_LANES) + part];
                    sums[c] = simd.mul_add_f64s(value, data, sums[c]);
                }
            }
        }
        for (t, sums) in sums.iter().enumerate() {
            let out = &mut self.chain[(degree + t) * C * LANES..][..C * LANES];
            let out = S::as_mut_simd_f64s(out).0;
            for c in 0..C {
                out[c * (LANES / S::F64_LANES) + part] = sums[c];
            }
        }
    }
}

impl<const C: usize> WithSimd for Project<'_, C> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let degrees = self.matrix.len() / self.width;
        for part in 0..LANES / S::F64_LANES {
            let mut degree = 0;
            while degree + TILE <= degrees {
                self.tile::<S, TILE>(simd, degree, part);
                degree += TILE;
            }
            while degree < degrees {
                self.tile::<S, 1>(simd, degree, part);
                degree += 1;
            }
        }
    }
}

/// Cells from the coefficients of one order and parity: a matrix product over the degrees.
struct Expand<'a, const C: usize> {
    matrix: &'a [f64],
    /// Length of a row of the matrix; pairs beyond `pairs` are padding.
    width: usize,
    pairs: usize,
    first: usize,
    stride: usize,
    chain: &'a [f64],
    cells: &'a mut [f64],
}

impl<'a, const C: usize> Expand<'a, C> {
    fn new(
        tables: &'a LegendreValues,
        pairs: usize,
        order: usize,
        parity: usize,
        layout: CellLayout,
        chain: &'a [f64],
        cells: &'a mut [f64],
    ) -> Self {
        Expand {
            matrix: tables.by_degree(order, parity),
            width: tables.pairs,
            pairs,
            first: layout.position(order, 0) + parity * C * LANES,
            stride: layout.block_stride,
            chain,
            cells,
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const T: usize>(&mut self, simd: S, pair: usize, part: usize) {
        let mut sums = [[simd.splat_f64s(0.0); C]; T];
        for (row, coeffs) in self
            .matrix
            .chunks_exact(self.width)
            .zip(self.chain.chunks_exact(C * LANES))
        {
            let coeffs = S::as_simd_f64s(coeffs).0;
            for (t, sums) in sums.iter_mut().enumerate() {
                let value = simd.splat_f64s(row[pair + t]);
                for c in 0..C {
                    let data = coeffs[c * (LANES / S::F64_LANES) + part];
                    sums[c] = simd.mul_add_f64s(value, data, sums[c]);
                }
            }
        }
        for (t, sums) in sums.iter().enumerate() {
            let cell = &mut self.cells[self.first + (pair + t) * self.stride..][..C * LANES];
            let cell = S::as_mut_simd_f64s(cell).0;
            for c in 0..C {
                cell[c * (LANES / S::F64_LANES) + part] = sums[c];
            }
        }
    }
}

impl<const C: usize> WithSimd for Expand<'_, C> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        for part in 0..LANES / S::F64_LANES {
            let mut pair = 0;
            while pair + TILE <= self.pairs {
                self.tile::<S, TILE>(simd, pair, part);
                pair += TILE;
            }
            while pair < self.pairs {
                self.tile::<S, 1>(simd, pair, part);
                pair += 1;
            }
        }
    }
}

fn check_finite<T>(
    what: &str,
    array: ArrayView3<'_, T>,
    is_finite: impl Fn(&T) -> bool,
) -> Result<()> {
    match array.indexed_iter().find(|(_, value)| !is_finite(value)) {
        None => Ok(()),
        Some(((i, j, k), _)) => Err(Error::NotFinite {
            what: what.into(),
            index: vec![i, j, k],
        }),
    }
}
