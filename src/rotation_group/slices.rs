//! The two stages of the Wigner transform: classes of orders ↔ Fourier coefficients at each β, and those ↔ samples.
//!
//! A *slice* holds the Fourier coefficients `[n + L − 1, m + L − 1]` at one β, or, for real signals, at two:
//! `first + i second`, taken apart again by the symmetry of the spectrum of a real function.

use super::kernel::{WignerNodes, expand, project};
use crate::special::scaled::Lanes;
use num_complex::Complex64;
use rustfft::{Fft, FftDirection, FftPlanner};
use std::f64::consts::PI;
use std::sync::Arc;

/// Work space of the class stage.
#[derive(Debug, Clone, Default)]
pub(crate) struct ClassScratch {
    lanes: Lanes,
    table: Vec<f64>,
    packed: Vec<f64>,
    values: Vec<f64>,
    resampled: Vec<f64>,
}

impl ClassScratch {
    /// Makes room; never shrinks.
    pub(crate) fn fit(&mut self, band_limit: usize, nodes: usize) {
        let grow = |buffer: &mut Vec<f64>, len: usize| {
            if buffer.len() < len {
                buffer.resize(len, 0.0);
            }
        };
        grow(&mut self.table, band_limit * nodes);
        grow(&mut self.packed, band_limit * 16);
        grow(&mut self.values, nodes * 16);
        grow(&mut self.resampled, nodes * 16);
    }
}

/// The classes that share the Wigner functions of (m, n), m ≥ |n|.
///
/// Members 0 to 3 have $`\pm d_{mn}(\beta)`$; members 4 to 7 have $`\pm d_{m,-n}(\beta) = \pm (-1)^{\ell+m} d_{mn}(\pi-\beta)`$
/// and need nodes that are symmetric about the equator. A member with odd index is the conjugate partner of the one
/// before. Each entry is (order m, order n, whether its sign is $`(-1)^{m-n}`$).
#[inline(always)]
fn members(m: i64, n: i64) -> [(i64, i64, bool); 8] {
    [
        (m, n, false),
        (-m, -n, true),
        (n, m, true),
        (-n, -m, false),
        (m, -n, false),
        (-m, n, true),
        (-n, m, true),
        (n, -m, false),
    ]
}

/// Which members a transform carries: all of them, or for a real signal one of each conjugate pair.
#[derive(Debug, Clone, Copy)]
struct Layout {
    orders: usize,
    shift: i64,
    stride: usize,
    odd: bool,
    members: [(i64, i64, bool); 8],
}

impl Layout {
    #[inline(always)]
    fn new<const REAL: bool>(band_limit: usize, m: usize, n: i64) -> Self {
        Layout {
            orders: 2 * band_limit - 1,
            shift: band_limit as i64 - 1,
            stride: if REAL { 2 } else { 1 },
            odd: (m as i64 - n) % 2 != 0,
            members: members(m as i64, n),
        }
    }

    /// Position in a slice of member `index`.
    #[inline(always)]
    fn position(&self, index: usize) -> usize {
        let (m, n, _) = self.members[index];
        (n + self.shift) as usize * self.orders + (m + self.shift) as usize
    }

    /// Sign of carried column `k` in row `i` of a class (degree m + i), and whether the column is mirrored in β.
    #[inline(always)]
    fn sign(&self, k: usize, i: usize) -> f64 {
        let index = k * self.stride;
        let flip = (self.members[index].2 && self.odd) != (index >= 4 && i % 2 == 1);
        if flip { -1.0 } else { 1.0 }
    }
}

/// Computes the slices at all nodes from the coefficients `fetch(l, m, n)`.
///
/// `K` is twice the number of members carried: 16 or 8 (mirrored, or not) for complex, 8 or 4 for real signals.
#[inline(always)]
pub(crate) fn synthesise<const K: usize, const REAL: bool>(
    nodes: &WignerNodes,
    band_limit: usize,
    fetch: &impl Fn(usize, i64, i64) -> Complex64,
    scratch: &mut ClassScratch,
    slices: &mut [Complex64],
) {
    let mirrored = K == if REAL { 8 } else { 16 };
    let count = nodes.len();
    for m in 0..band_limit {
        for n in if mirrored { 0 } else { -(m as i64) }..=m as i64 {
            let layout = Layout::new::<REAL>(band_limit, m, n);
            nodes.fill(m, n, &mut scratch.lanes, &mut scratch.table);
            let packed = &mut scratch.packed.as_chunks_mut::<K>().0[..band_limit - m];
            for (i, row) in packed.iter_mut().enumerate() {
                let norm = (2 * (m + i) + 1) as f64 / (8.0 * PI * PI);
                for k in 0..K / 2 {
                    let (order_m, order_n, _) = layout.members[k * layout.stride];
                    let value = fetch(m + i, order_m, order_n) * (norm * layout.sign(k, i));
                    row[2 * k] = value.re;
                    row[2 * k + 1] = if REAL && m == 0 { 0.0 } else { value.im };
                }
            }
            let values = &mut scratch.values.as_chunks_mut::<K>().0[..count];
            expand(&scratch.table, packed, values);
            scatter::<K, REAL>(&layout, values, slices);
        }
    }
}

#[inline(always)]
fn scatter<const K: usize, const REAL: bool>(
    layout: &Layout,
    values: &[[f64; K]],
    slices: &mut [Complex64],
) {
    let (count, size) = (values.len(), layout.orders * layout.orders);
    for (p, slice) in slices.chunks_exact_mut(size).enumerate() {
        for k in 0..K / 2 {
            let index = k * layout.stride;
            let at = |j: usize| {
                let row = &values[if index < 4 { j } else { count - 1 - j }];
                Complex64::new(row[2 * k], row[2 * k + 1])
            };
            if REAL {
                let first = at(2 * p);
                let second = if 2 * p + 1 < count {
                    at(2 * p + 1)
                } else {
                    Complex64::ZERO
                };
                slice[layout.position(index)] =
                    Complex64::new(first.re - second.im, first.im + second.re);
                slice[layout.position(index + 1)] =
                    Complex64::new(first.re + second.im, second.re - first.im);
            } else {
                slice[layout.position(index)] = at(p);
            }
        }
    }
}

/// How slices at the grid become coefficients: optional resampling in β, then a quadrature at symmetric nodes.
#[derive(Debug, Clone)]
pub(crate) struct Analysis {
    /// The quadrature nodes.
    pub(crate) nodes: WignerNodes,
    /// Weights that include the measure $`8\pi^2`$ of SO(3) and the normalisation of the Fourier transforms.
    pub(crate) weights: Vec<f64>,
    /// For even and odd m − n, the matrix from grid to quadrature nodes, entry `grid * nodes + node`.
    pub(crate) resampling: Option<[Vec<f64>; 2]>,
}

/// Computes all coefficients from the slices and hands them to `store(l, m, n, value)`.
///
/// `K` is 16 for complex and 8 for real signals.
#[inline(always)]
pub(crate) fn analyse<const K: usize, const REAL: bool>(
    analysis: &Analysis,
    band_limit: usize,
    grid_count: usize,
    slices: &[Complex64],
    scratch: &mut ClassScratch,
    store: &mut impl FnMut(usize, i64, i64, Complex64),
) {
    let count = analysis.nodes.len();
    for m in 0..band_limit {
        for n in 0..=m as i64 {
            let layout = Layout::new::<REAL>(band_limit, m, n);
            let sampled = &mut scratch.values.as_chunks_mut::<K>().0[..grid_count];
            gather::<K, REAL>(&layout, slices, sampled);
            let values = match &analysis.resampling {
                Some(matrices) => {
                    let resampled = &mut scratch.resampled.as_chunks_mut::<K>().0[..count];
                    expand(&matrices[usize::from(layout.odd)], sampled, resampled);
                    resampled
                }
                None => sampled,
            };
            // Members from index 4 are mirrored: the second half of the columns.
            for j in 0..count / 2 {
                let (head, tail) = values.split_at_mut(count - 1 - j);
                head[j][K / 2..].swap_with_slice(&mut tail[0][K / 2..]);
            }
            for (row, weight) in values.iter_mut().zip(&analysis.weights) {
                row.iter_mut().for_each(|value| *value *= weight);
            }
            analysis
                .nodes
                .fill(m, n, &mut scratch.lanes, &mut scratch.table);
            let packed = &mut scratch.packed.as_chunks_mut::<K>().0[..band_limit - m];
            project(&scratch.table, values, packed);
            for (i, row) in packed.iter().enumerate() {
                for k in 0..K / 2 {
                    let (order_m, order_n, _) = layout.members[k * layout.stride];
                    let value = Complex64::new(row[2 * k], row[2 * k + 1]) * layout.sign(k, i);
                    store(m + i, order_m, order_n, value);
                    if REAL {
                        let partner = if layout.odd {
                            -value.conj()
                        } else {
                            value.conj()
                        };
                        store(m + i, -order_m, -order_n, partner);
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn gather<const K: usize, const REAL: bool>(
    layout: &Layout,
    slices: &[Complex64],
    values: &mut [[f64; K]],
) {
    let size = layout.orders * layout.orders;
    let per_slice = if REAL { 2 } else { 1 };
    for (rows, slice) in values.chunks_mut(per_slice).zip(slices.chunks_exact(size)) {
        for k in 0..K / 2 {
            let index = k * layout.stride;
            let value = slice[layout.position(index)];
            if REAL {
                let partner = slice[layout.position(index + 1)].conj();
                let (sum, difference) = (0.5 * (value + partner), 0.5 * (value - partner));
                (rows[0][2 * k], rows[0][2 * k + 1]) = (sum.re, sum.im);
                if let Some(second) = rows.get_mut(1) {
                    (second[2 * k], second[2 * k + 1]) = (difference.im, -difference.re);
                }
            } else {
                (rows[0][2 * k], rows[0][2 * k + 1]) = (value.re, value.im);
            }
        }
    }
}

/// The two-dimensional Fourier transforms of one slice, skipping the rows that are known to be zero.
#[derive(Clone)]
pub(crate) struct PlaneFft {
    orders: usize,
    n_alpha: usize,
    n_gamma: usize,
    alpha: Arc<dyn Fft<f64>>,
    gamma: Arc<dyn Fft<f64>>,
}

/// Work space of the Fourier stage.
#[derive(Debug, Clone, Default)]
pub(crate) struct PlaneScratch {
    rows: Vec<Complex64>,
    /// Samples of one slice, `[α, γ]`.
    pub(crate) samples: Vec<Complex64>,
    fft: Vec<Complex64>,
}

impl PlaneFft {
    /// Plans one direction; neither direction is normalised.
    pub(crate) fn new(
        planner: &mut FftPlanner<f64>,
        direction: FftDirection,
        band_limit: usize,
        n_alpha: usize,
        n_gamma: usize,
    ) -> Self {
        PlaneFft {
            orders: 2 * band_limit - 1,
            n_alpha,
            n_gamma,
            alpha: planner.plan_fft(n_alpha, direction),
            gamma: planner.plan_fft(n_gamma, direction),
        }
    }

    /// Makes room.
    pub(crate) fn fit(&self, scratch: &mut PlaneScratch) {
        scratch
            .rows
            .resize(self.orders * self.n_alpha, Complex64::ZERO);
        scratch
            .samples
            .resize(self.n_alpha * self.n_gamma, Complex64::ZERO);
        let fft = self
            .alpha
            .get_inplace_scratch_len()
            .max(self.gamma.get_inplace_scratch_len());
        scratch.fft.resize(fft, Complex64::ZERO);
    }

    /// Position of `order + L − 1` among `len` Fourier coefficients.
    #[inline(always)]
    fn wrapped(&self, index: usize, len: usize) -> usize {
        let shift = self.orders / 2;
        if index >= shift {
            index - shift
        } else {
            len + index - shift
        }
    }

    /// Computes `scratch.samples` from a slice.
    pub(crate) fn to_samples(&self, slice: &[Complex64], scratch: &mut PlaneScratch) {
        let PlaneScratch { rows, samples, fft } = scratch;
        let (orders, shift) = (self.orders, self.orders / 2);
        for (row, slice) in rows
            .chunks_exact_mut(self.n_alpha)
            .zip(slice.chunks_exact(orders))
        {
            row[..=shift].copy_from_slice(&slice[shift..]);
            row[shift + 1..self.n_alpha - shift].fill(Complex64::ZERO);
            row[self.n_alpha - shift..].copy_from_slice(&slice[..shift]);
        }
        self.alpha.process_with_scratch(rows, fft);
        for (a, column) in samples.chunks_exact_mut(self.n_gamma).enumerate() {
            column[shift + 1..self.n_gamma - shift].fill(Complex64::ZERO);
            for n in 0..orders {
                column[self.wrapped(n, self.n_gamma)] = rows[n * self.n_alpha + a];
            }
        }
        self.gamma.process_with_scratch(samples, fft);
    }

    /// Computes a slice from `scratch.samples`, which is overwritten.
    pub(crate) fn to_slice(&self, scratch: &mut PlaneScratch, slice: &mut [Complex64]) {
        let PlaneScratch { rows, samples, fft } = scratch;
        let (orders, shift) = (self.orders, self.orders / 2);
        self.gamma.process_with_scratch(samples, fft);
        for (a, column) in samples.chunks_exact(self.n_gamma).enumerate() {
            for n in 0..orders {
                rows[n * self.n_alpha + a] = column[self.wrapped(n, self.n_gamma)];
            }
        }
        self.alpha.process_with_scratch(rows, fft);
        for (row, slice) in rows
            .chunks_exact(self.n_alpha)
            .zip(slice.chunks_exact_mut(orders))
        {
            slice[shift..].copy_from_slice(&row[..=shift]);
            slice[..shift].copy_from_slice(&row[self.n_alpha - shift..]);
        }
    }
}
