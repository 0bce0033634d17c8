//! Many signals of a small band limit: the Legendre stage as matrix products, eight signals to a vector.

use super::batch_products::{Expand, Project};
use super::cells::CellLayout;
use super::fourier_stage::{FourierStage, Gather, Scatter, grow};
use super::legendre_values::LegendreValues;
use super::ring_pairs::{LANES, RingPair};
use super::sample::{Load, Sample, Store};
use crate::check::Finite;
use crate::simd::aligned::Aligned;
use crate::sphere::axes::Layout;
use crate::sphere::coefficients::sign;
use crate::sphere::limits::Limits;
use num_complex::Complex64;
use pulp::Arch;
use rayon::prelude::*;

/// Working memory of eight signals.
#[derive(Debug, Clone, Default)]
pub(super) struct BatchScratch {
    cells: Aligned,
    /// `[degree][component][signal]` of one order and parity.
    chain: Aligned,
    rows: Vec<Complex64>,
    fft: Vec<Complex64>,
}

/// The transform of many scalar signals on rings of equal length and first longitude.
pub(super) struct BatchStage<'a> {
    pub limits: Limits,
    pub values: &'a LegendreValues,
    pub fourier: &'a FourierStage,
    /// Weights of the rings.
    pub weights: Option<&'a [f64]>,
    pub layout: Layout,
}

impl BatchStage<'_> {
    /// Computes the coefficients of signals that follow each other; says whether all samples are finite.
    pub(super) fn analyse<T: Sample>(
        &self,
        samples: &[T],
        coeffs: &mut [Complex64],
        parallel: bool,
        scratch: &mut BatchScratch,
    ) -> bool {
        let samples = samples.chunks(LANES * self.fourier.rings.samples());
        let coeffs = coeffs.chunks_mut(LANES * self.layout.len(self.limits));
        let mut groups = samples.zip(coeffs);
        if !parallel {
            return groups.all(|(samples, coeffs)| self.analyse_group(samples, coeffs, scratch));
        }
        let groups: Vec<_> = groups.collect();
        groups
            .into_par_iter()
            .map_init(BatchScratch::default, |scratch, (samples, coeffs)| {
                self.analyse_group(samples, coeffs, scratch)
            })
            .reduce(|| true, |a, b| a && b)
    }

    /// Computes the samples of signals that follow each other; says whether all coefficients that are used are finite.
    pub(super) fn synthesise<T: Sample>(
        &self,
        coeffs: &[Complex64],
        samples: &mut [T],
        parallel: bool,
        scratch: &mut BatchScratch,
    ) -> bool {
        let samples = samples.chunks_mut(LANES * self.fourier.rings.samples());
        let coeffs = coeffs.chunks(LANES * self.layout.len(self.limits));
        let mut groups = coeffs.zip(samples);
        if !parallel {
            return groups.all(|(coeffs, samples)| self.synthesise_group(coeffs, samples, scratch));
        }
        let groups: Vec<_> = groups.collect();
        groups
            .into_par_iter()
            .map_init(BatchScratch::default, |scratch, (coeffs, samples)| {
                self.synthesise_group(coeffs, samples, scratch)
            })
            .reduce(|| true, |a, b| a && b)
    }

    /// The numbers of rings and of longitudes.
    fn shape(&self) -> [usize; 2] {
        let rings = self.fourier.rings.rings();
        [rings.len(), rings[0].longitudes]
    }

    fn weights(&self, pair: &RingPair) -> [f64; 2] {
        [pair.north, pair.south].map(|ring| match (ring, self.weights) {
            (None, _) => 0.0,
            (Some(_), None) => 1.0,
            (Some(ring), Some(weights)) => weights[ring],
        })
    }

    fn cell_layout<T: Sample>(&self) -> CellLayout {
        CellLayout::by_blocks(2 * T::ROWS, self.limits.orders, self.values.pairs)
    }

    fn fit<T: Sample>(&self, layout: CellLayout, scratch: &mut BatchScratch) {
        let [_, n] = self.shape();
        let fft = self.fourier.transforms(n);
        scratch.cells.grow(layout.len);
        let chain = self.limits.degrees.div_ceil(2) * layout.components * LANES;
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
        scratch: &mut BatchScratch,
    ) -> bool {
        let (tables, stage) = (self.values, self.fourier);
        let layout = self.cell_layout::<T>();
        self.fit::<T>(layout, scratch);
        let [rings, n] = self.shape();
        let (orders, arch) = (self.limits.orders, Arch::new());
        let size = rings * n;
        let count = samples.len() / size;
        // Ring by ring: the rows of all signals are transformed at once, `[signal][longitude]`. A block of the Fourier stage holds the
        // signals of one pair of rings here, so the usual gather puts signals into the lanes.
        let rows = &mut scratch.rows[..T::ROWS * n * count];
        for (r, pair) in stage.pairs.pairs.iter().enumerate() {
            let weights = self.weights(pair);
            for (signal, row) in samples
                .chunks_exact(size)
                .zip(rows.chunks_exact_mut(T::ROWS * n))
            {
                let ring = |ring: usize| &signal[ring * n..(ring + 1) * n];
                let rings = [pair.north.map(ring), pair.south.map(ring)];
                if !arch.dispatch(Load {
                    rings,
                    weights,
                    row,
                }) {
                    return false;
                }
            }
            stage.transforms(n)[0].process_with_scratch(rows, &mut scratch.fft);
            stage.shift(rows, |phase| phase.conj());
            let cells = &mut scratch.cells[layout.position(0, r)..][..orders * layout.cell()];
            arch.dispatch(Gather::<T>::new(rows, n, cells));
        }
        // Order by order and parity by parity: one matrix product, then the lanes are written to their signals.
        let size = self.layout.len(self.limits);
        for m in 0..orders {
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
                let (start, stride) = self.layout.column(self.limits, m);
                for (j, values) in chain.chunks_exact(layout.components * LANES).enumerate() {
                    let at = start + (parity + 2 * j) * stride;
                    for (s, out) in out.chunks_exact_mut(size).enumerate() {
                        let value = |c: usize| {
                            Complex64::new(values[c * LANES + s], values[(c + 1) * LANES + s])
                        };
                        let plus = value(0);
                        if self.layout == Layout::Full {
                            let minus = if T::ROWS == 1 { plus.conj() } else { value(2) };
                            out[at - 2 * m] = sign(m) * minus;
                        }
                        out[at] = plus;
                    }
                }
            }
        }
        if self.layout == Layout::Half {
            return true;
        }
        for out in out.chunks_exact_mut(size) {
            let rows = out.chunks_exact_mut(2 * orders - 1);
            for (l, row) in rows.enumerate().take(orders - 1) {
                row[..orders - 1 - l].fill(Complex64::ZERO);
                row[orders + l..].fill(Complex64::ZERO);
            }
        }
        true
    }

    /// Up to eight signals; says whether all coefficients that are used are finite.
    fn synthesise_group<T: Sample>(
        &self,
        coeffs: &[Complex64],
        samples: &mut [T],
        scratch: &mut BatchScratch,
    ) -> bool {
        let (tables, stage) = (self.values, self.fourier);
        let layout = self.cell_layout::<T>();
        self.fit::<T>(layout, scratch);
        let [rings, n] = self.shape();
        let (orders, arch) = (self.limits.orders, Arch::new());
        let size = self.layout.len(self.limits);
        let count = coeffs.len() / size;
        // `defect` adds zeros for finite numbers and NaN otherwise: one test at the end instead of one per coefficient.
        let mut defect = 0.0;
        for m in 0..orders {
            for parity in 0..2 {
                let matrix = tables.by_degree(m, parity);
                let degrees = matrix.len() / tables.pairs;
                let chain = &mut scratch.chain[..degrees * layout.components * LANES];
                let (start, stride) = self.layout.column(self.limits, m);
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
                row[orders..n + 1 - orders].fill(Complex64::ZERO);
            }
            let scatter = Scatter::<T>::new(layout, &scratch.cells, r, orders, n, rows);
            arch.dispatch(scatter);
            stage.shift(rows, |phase| phase);
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
                    weights: self.weights(pair),
                    rings: rings.map(|ring| (!ring.is_empty()).then_some(ring)),
                });
            }
        }
        defect == 0.0
    }
}
