//! Many signals of a small band limit: the Legendre stage as matrix products, eight signals to a vector.

use super::batch_products::{Expand, Project};
use super::cells::CellLayout;
use super::coefficients::sign;
use super::fourier_stage::{Gather, Scatter, grow};
use super::legendre_values::LegendreValues;
use super::plan::{ShtPlan, ShtScratch};
use super::ring_pairs::LANES;
use super::sample::{Load, Sample, Store};
use crate::check::{self, Finite};
use crate::simd::aligned::Aligned;
use crate::{Error, Result};
use ndarray::{Array3, ArrayView2, ArrayView3, ArrayViewMut2, ArrayViewMut3};
use num_complex::Complex64;
use pulp::Arch;
use rayon::prelude::*;

/// From here on a signal alone fills the vectors, and tables would leave the cache.
pub(super) const MAX_TABLE_BAND_LIMIT: usize = 96;

/// Where the coefficients of one signal lie.
#[derive(Debug, Clone, Copy)]
enum Layout {
    /// `[l, m + L − 1]`.
    Dense,
    /// m-major, m ≥ 0.
    Half,
}

impl Layout {
    /// Coefficients of one signal.
    fn len(self, limit: usize) -> usize {
        match self {
            Layout::Dense => limit * (2 * limit - 1),
            Layout::Half => limit * (limit + 1) / 2,
        }
    }

    /// Where order m ≥ 0 of degree m is, and the distance to the next degree.
    fn column(self, limit: usize, m: usize) -> (usize, usize) {
        match self {
            Layout::Dense => (m * (2 * limit - 1) + limit - 1 + m, 2 * limit - 1),
            Layout::Half => (m * (2 * limit + 1 - m) / 2, 1),
        }
    }
}

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
        let Some(out) = coeffs.as_slice_mut() else {
            let mut copy = Array3::zeros(coeffs.dim());
            self.forward_batch_into(signals, copy.view_mut(), scratch)?;
            coeffs.assign(&copy);
            return Ok(());
        };
        self.analyse_groups(signals, out, Layout::Dense, scratch)
    }

    /// Computes the coefficients m ≥ 0 of many real signals: less memory to move than with both signs of m.
    ///
    /// # Arguments
    /// * `signals` — shape `[signals, rings, longitudes]`, real
    /// * `half` — shape `[signals, L (L + 1) / 2]`, m-major as in [`ShtPlan::forward_half_into`]; overwritten, contiguous
    /// * `scratch` — as for [`ShtPlan::forward_batch_into`]
    ///
    /// # Errors
    /// As [`ShtPlan::forward_batch_into`], and [`Error::InvalidValue`] for complex signals or an array that is not contiguous.
    pub fn forward_half_batch_into<T: Sample>(
        &self,
        signals: ArrayView3<'_, T>,
        mut half: ArrayViewMut2<'_, Complex64>,
        scratch: &mut ShtScratch,
    ) -> Result<()> {
        self.check_half_batch::<T>(signals.shape(), half.shape())?;
        if !self.uses_tables() {
            for (signal, mut half) in signals.outer_iter().zip(half.outer_iter_mut()) {
                let half = half.as_slice_mut().ok_or_else(not_contiguous)?;
                self.forward_half_into(signal, half, scratch)?;
            }
            return Ok(());
        }
        let out = half.as_slice_mut().ok_or_else(not_contiguous)?;
        self.analyse_groups(signals, out, Layout::Half, scratch)
    }

    fn analyse_groups<T: Sample>(
        &self,
        signals: ArrayView3<'_, T>,
        coeffs: &mut [Complex64],
        layout: Layout,
        scratch: &mut ShtScratch,
    ) -> Result<()> {
        let standard = signals.as_standard_layout();
        let samples = standard.as_slice().expect("the layout is standard");
        let [rings, longitudes] = self.signal_shape();
        let samples = samples.chunks(LANES * rings * longitudes);
        let coeffs = coeffs.chunks_mut(LANES * layout.len(self.band_limit()));
        let finite = if scratch.ring.parallel {
            let groups: Vec<_> = samples.zip(coeffs).collect();
            groups
                .into_par_iter()
                .map_init(BatchScratch::default, |scratch, (samples, coeffs)| {
                    self.analyse_group(samples, coeffs, layout, scratch)
                })
                .reduce(|| true, |a, b| a && b)
        } else {
            let scratch = &mut scratch.batch;
            samples
                .zip(coeffs)
                .all(|(samples, coeffs)| self.analyse_group(samples, coeffs, layout, scratch))
        };
        if finite {
            return Ok(());
        }
        check::finite("signals", signals)
    }

    /// Computes the samples of many signals from their coefficients; see [`ShtPlan::forward_batch_into`].
    ///
    /// # Errors
    /// As [`ShtPlan::inverse_into`]; then the samples may have been overwritten.
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
        let standard = coeffs.as_standard_layout();
        let dense = standard.as_slice().expect("the layout is standard");
        let finite = match signals.as_slice_mut() {
            Some(out) => self.synthesise_groups(dense, Layout::Dense, out, scratch),
            None => {
                let mut copy = Array3::from_elem(signals.dim(), T::default());
                let out = copy.as_slice_mut().expect("a new array is contiguous");
                let finite = self.synthesise_groups(dense, Layout::Dense, out, scratch);
                signals.assign(&copy);
                finite
            }
        };
        if finite {
            return Ok(());
        }
        check::finite("coefficients", coeffs)
    }

    /// Computes the samples of many real signals from their coefficients m ≥ 0; see [`ShtPlan::forward_half_batch_into`].
    ///
    /// # Errors
    /// As [`ShtPlan::inverse_half_into`], and [`Error::InvalidValue`] for arrays that are not contiguous.
    pub fn inverse_half_batch_into<T: Sample>(
        &self,
        half: ArrayView2<'_, Complex64>,
        mut signals: ArrayViewMut3<'_, T>,
        scratch: &mut ShtScratch,
    ) -> Result<()> {
        self.check_half_batch::<T>(signals.shape(), half.shape())?;
        if !self.uses_tables() {
            for (half, signal) in half.outer_iter().zip(signals.outer_iter_mut()) {
                let half = half.as_slice().ok_or_else(not_contiguous)?;
                self.inverse_half_into(half, signal, scratch)?;
            }
            return Ok(());
        }
        let coeffs = half.as_slice().ok_or_else(not_contiguous)?;
        let out = signals.as_slice_mut().ok_or_else(not_contiguous)?;
        if self.synthesise_groups(coeffs, Layout::Half, out, scratch) {
            return Ok(());
        }
        check::finite("coefficients with m >= 0", half)
    }

    /// Says whether all coefficients that are used are finite.
    fn synthesise_groups<T: Sample>(
        &self,
        coeffs: &[Complex64],
        layout: Layout,
        signals: &mut [T],
        scratch: &mut ShtScratch,
    ) -> bool {
        let [rings, longitudes] = self.signal_shape();
        let signals = signals.chunks_mut(LANES * rings * longitudes);
        let groups = coeffs
            .chunks(LANES * layout.len(self.band_limit()))
            .zip(signals);
        if scratch.ring.parallel {
            let groups: Vec<_> = groups.collect();
            groups
                .into_par_iter()
                .map_init(BatchScratch::default, |scratch, (coeffs, signals)| {
                    self.synthesise_group(coeffs, layout, signals, scratch)
                })
                .reduce(|| true, |a, b| a && b)
        } else {
            let scratch = &mut scratch.batch;
            groups.fold(true, |finite, (coeffs, signals)| {
                self.synthesise_group(coeffs, layout, signals, scratch) && finite
            })
        }
    }

    fn check_half_batch<T: Sample>(&self, signals: &[usize], half: &[usize]) -> Result<()> {
        self.check_half::<T>(half[1])?;
        self.check_batch(
            signals,
            &[half[0], self.coeffs_shape()[0], self.coeffs_shape()[1]],
        )
    }

    fn uses_tables(&self) -> bool {
        self.band_limit() <= MAX_TABLE_BAND_LIMIT && self.grid.core.extension_weight().is_none()
    }

    fn check_batch(&self, signals: &[usize], coeffs: &[usize]) -> Result<()> {
        let mismatch = |what: &str, shape: [usize; 2], found: &[usize]| {
            Error::shape(
                format!("{what} of band limit {}", self.band_limit()),
                format!("[{}, {}, {}]", signals[0], shape[0], shape[1]),
                found.to_vec(),
            )
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
        samples: &[T],
        out: &mut [Complex64],
        target: Layout,
        scratch: &mut BatchScratch,
    ) -> bool {
        let tables = self.grid.core.tables.values();
        let layout = self.batch_layout::<T>(tables);
        self.fit_batch::<T>(layout, scratch);
        let [rings, n] = self.signal_shape();
        let stage = &self.grid.core.fourier;
        let (limit, arch) = (self.band_limit(), Arch::new());
        let size = rings * n;
        let count = samples.len() / size;
        let rows = &mut scratch.rows[..T::ROWS * n * count];
        for (r, pair) in stage.pairs.pairs.iter().enumerate() {
            for (signal, row) in samples
                .chunks_exact(size)
                .zip(rows.chunks_exact_mut(T::ROWS * n))
            {
                let ring = |ring: usize| &signal[ring * n..(ring + 1) * n];
                let weight = |ring: Option<usize>| ring.map_or(0.0, |ring| self.grid.weights[ring]);
                let rings = [pair.north.map(ring), pair.south.map(ring)];
                let weights = [weight(pair.north), weight(pair.south)];
                if !arch.dispatch(Load {
                    rings,
                    weights,
                    row,
                }) {
                    return false;
                }
            }
            stage.transforms(n)[0].process_with_scratch(rows, &mut scratch.fft);
            let cells = &mut scratch.cells[layout.position(0, r)..][..limit * layout.cell()];
            arch.dispatch(Gather::<T>::new(rows, n, cells));
        }
        let size = target.len(limit);
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
                let (start, stride) = target.column(limit, m);
                for (j, values) in chain.chunks_exact(layout.components * LANES).enumerate() {
                    let at = start + (parity + 2 * j) * stride;
                    for (s, out) in out.chunks_exact_mut(size).enumerate() {
                        let value = |c: usize| {
                            Complex64::new(values[c * LANES + s], values[(c + 1) * LANES + s])
                        };
                        let plus = value(0);
                        if let Layout::Dense = target {
                            let minus = if T::ROWS == 1 { plus.conj() } else { value(2) };
                            out[at - 2 * m] = sign(m) * minus;
                        }
                        out[at] = plus;
                    }
                }
            }
        }
        if let Layout::Half = target {
            return true;
        }
        for out in out.chunks_exact_mut(size) {
            for (l, row) in out.chunks_exact_mut(2 * limit - 1).enumerate() {
                row[..limit - 1 - l].fill(Complex64::ZERO);
                row[limit + l..].fill(Complex64::ZERO);
            }
        }
        true
    }

    /// Up to eight signals; says whether all coefficients that are used are finite.
    fn synthesise_group<T: Sample>(
        &self,
        coeffs: &[Complex64],
        source: Layout,
        samples: &mut [T],
        scratch: &mut BatchScratch,
    ) -> bool {
        let tables = self.grid.core.tables.values();
        let layout = self.batch_layout::<T>(tables);
        self.fit_batch::<T>(layout, scratch);
        let [rings, n] = self.signal_shape();
        let stage = &self.grid.core.fourier;
        let (limit, arch) = (self.band_limit(), Arch::new());
        let size = source.len(limit);
        let count = coeffs.len() / size;
        let mut defect = 0.0;
        for m in 0..limit {
            for parity in 0..2 {
                let matrix = tables.by_degree(m, parity);
                let degrees = matrix.len() / tables.pairs;
                let chain = &mut scratch.chain[..degrees * layout.components * LANES];
                let (start, stride) = source.column(limit, m);
                for (j, values) in chain
                    .chunks_exact_mut(layout.components * LANES)
                    .enumerate()
                {
                    let at = start + (parity + 2 * j) * stride;
                    for (s, coeffs) in coeffs.chunks_exact(size).enumerate() {
                        let plus = coeffs[at];
                        defect += plus.defect();
                        values[s] = plus.re;
                        values[LANES + s] = plus.im;
                        if T::ROWS == 2 {
                            let minus = sign(m) * coeffs[at - 2 * m];
                            defect += minus.defect();
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
        let size = rings * n;
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
                arch.dispatch(Store {
                    row,
                    weights: [1.0; 2],
                    rings: rings.map(|ring| (!ring.is_empty()).then_some(ring)),
                });
            }
        }
        defect == 0.0
    }
}

fn not_contiguous() -> Error {
    Error::invalid(
        "memory of a batch with m >= 0",
        "an array with gaps",
        "a contiguous array",
    )
}
