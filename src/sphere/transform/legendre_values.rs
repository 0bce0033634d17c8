//! Tabulated Legendre functions for small band limits, and the Legendre stage of one signal as products with them.
//!
//! The table pays while it stays in the second-level cache: loading a value is then cheaper than a step of the recursion, the analysis
//! needs no sums across a vector (its vectors run over degrees), and the synthesis needs no copy of the coefficients.

use super::cells::CellLayout;
use super::ring_pairs::LANES;
use crate::simd::aligned::Aligned;
use crate::sphere::limits::Limits;
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// Legendre functions of all orders at the pairs of rings of a transform.
#[derive(Debug, Clone)]
pub(in crate::sphere) struct LegendreValues {
    band_limit: usize,
    /// `[m][parity][degree][pair]`, pairs padded to whole blocks.
    by_degree: Aligned,
    /// `[m][parity][pair][degree]`, degrees padded to whole vectors; empty if not asked for.
    by_pair: Aligned,
    /// Where each order and parity starts in `by_degree` and in `by_pair`, and its number of degrees.
    places: Vec<[usize; 3]>,
    /// Pairs, padded.
    pub pairs: usize,
}

impl LegendreValues {
    /// Computes the tables, L²/4 times the number of rings each; `visit(order, parity, pair, out)` calls `out(j, value)` with the
    /// functions of degree m + parity + 2j that are not negligible.
    pub(super) fn new(
        limits: Limits,
        pairs: usize,
        both: bool,
        visit: impl Fn(usize, usize, usize, &mut dyn FnMut(usize, f64)),
    ) -> Self {
        let band_limit = limits.degrees;
        let (mut by_degree, mut by_pair) = (Vec::new(), Vec::new());
        let mut places = Vec::new();
        for m in 0..limits.orders {
            for parity in 0..2 {
                let degrees = (band_limit - m).saturating_sub(parity).div_ceil(2);
                let (first, second) = (by_degree.len(), by_pair.len());
                let width = degrees.next_multiple_of(LANES);
                places.push([first, second, degrees]);
                by_degree.resize(first + degrees * pairs, 0.0);
                if both {
                    by_pair.resize(second + pairs * width, 0.0);
                }
                for pair in 0..pairs {
                    visit(m, parity, pair, &mut |j, value| {
                        by_degree[first + j * pairs + pair] = value;
                        if both {
                            by_pair[second + pair * width + j] = value;
                        }
                    });
                }
            }
        }
        LegendreValues {
            band_limit,
            by_degree: by_degree.into(),
            by_pair: by_pair.into(),
            places,
            pairs,
        }
    }

    /// The matrix `[degree][pair]` of one order and parity.
    #[inline(always)]
    pub(super) fn by_degree(&self, order: usize, parity: usize) -> &[f64] {
        let [first, _, degrees] = self.places[2 * order + parity];
        &self.by_degree[first..first + degrees * self.pairs]
    }

    /// The matrix `[pair][degree]` of one order and parity, its number of degrees, and that padded.
    #[inline(always)]
    fn by_pair(&self, order: usize, parity: usize) -> (&[f64], usize, usize) {
        let [_, first, degrees] = self.places[2 * order + parity];
        let width = degrees.next_multiple_of(LANES);
        (
            &self.by_pair[first..first + width * self.pairs],
            degrees,
            width,
        )
    }
}

/// Synthesis: the cells of one group of orders from its coefficients.
pub(super) struct TableSynthesis<'a, const C: usize> {
    pub values: &'a LegendreValues,
    /// Orders below this are seen by each block.
    pub seen: &'a [usize],
    pub orders: Range<usize>,
    /// The coefficients of these orders.
    pub packed: &'a [f64],
    pub layout: CellLayout,
    /// The cells of the group, by orders.
    pub cells: &'a mut [f64],
}

impl<const C: usize> TableSynthesis<'_, C> {
    /// Computes $`\sum_j a_{jc} P_j(r)`$ at `V` vectors of pairs r, for all components c, and writes it to the cells.
    ///
    /// A row of the matrix has the pairs of one degree side by side: vectors run over pairs, and the C V sums stay in registers
    /// along all degrees.
    #[inline(always)]
    fn tile<S: Simd, const V: usize>(
        &mut self,
        simd: S,
        matrix: &[f64],
        coeffs: &[[f64; C]],
        cell: usize,
        vector: usize,
    ) {
        let mut sums = [[simd.splat_f64s(0.0); V]; C];
        for (row, coeff) in matrix
            .chunks_exact(self.values.pairs)
            .zip(coeffs.iter().step_by(2))
        {
            let row: &[S::f64s; V] = S::as_simd_f64s(row).0[vector..]
                .first_chunk()
                .expect("a row has whole vectors");
            for (sums, coeff) in sums.iter_mut().zip(coeff) {
                let coeff = simd.splat_f64s(*coeff);
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum = simd.mul_add_f64s(coeff, *value, *sum);
                }
            }
        }
        let per_block = LANES / S::F64_LANES;
        for v in 0..V {
            let (block, part) = ((vector + v) / per_block, (vector + v) % per_block);
            let at = block * self.layout.block_stride + cell + part * S::F64_LANES;
            for (c, sums) in sums.iter().enumerate() {
                let out = &mut self.cells[at + c * LANES..at + c * LANES + S::F64_LANES];
                S::as_mut_simd_f64s(out).0[0] = sums[v];
            }
        }
    }
}

impl<const C: usize> WithSimd for TableSynthesis<'_, C> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let limit = self.values.band_limit;
        let values = self.values;
        let mut packed = self.packed;
        let per_block = LANES / S::F64_LANES;
        for (row, m) in self.orders.clone().enumerate() {
            let (coeffs, rest) = packed.split_at(C * (limit - m));
            packed = rest;
            let coeffs = coeffs.as_chunks::<C>().0;
            let first = self.seen.partition_point(|seen| *seen <= m);
            for parity in 0..2.min(limit - m) {
                let matrix = values.by_degree(m, parity);
                let cell = self.layout.position(row, 0) + parity * C * LANES;
                let coeffs = &coeffs[parity..];
                let (mut vector, end) = (first * per_block, values.pairs / S::F64_LANES);
                while vector < end {
                    if end - vector >= 4 && C == 2 {
                        self.tile::<S, 4>(simd, matrix, coeffs, cell, vector);
                        vector += 4;
                    } else if end - vector >= 2 {
                        self.tile::<S, 2>(simd, matrix, coeffs, cell, vector);
                        vector += 2;
                    } else {
                        self.tile::<S, 1>(simd, matrix, coeffs, cell, vector);
                        vector += 1;
                    }
                }
            }
            if m + 1 == limit {
                // No degree of odd parity: the odd parts vanish.
                for block in first..values.pairs / LANES {
                    let at = self.layout.position(row, block) + C * LANES;
                    self.cells[at..at + C * LANES].fill(0.0);
                }
            }
        }
    }
}

/// Analysis: the coefficients of one group of orders from the cells.
pub(super) struct TableAnalysis<'a, const C: usize> {
    pub values: &'a LegendreValues,
    /// Orders below this are seen by each block.
    pub seen: &'a [usize],
    pub orders: Range<usize>,
    pub layout: CellLayout,
    /// The cells of all orders, zero in the padding.
    pub cells: &'a [f64],
    /// The coefficients of these orders, overwritten.
    pub packed: &'a mut [f64],
}

impl<const C: usize> TableAnalysis<'_, C> {
    /// Sums over the pairs of all blocks from `first` on for `T` vectors of degrees.
    #[inline(always)]
    fn tile<S: Simd, const T: usize>(
        &self,
        simd: S,
        (matrix, width): (&[f64], usize),
        first: usize,
        cell: usize,
        vector: usize,
    ) -> [[S::f64s; T]; C] {
        // Two sets of sums, so that additions need not wait for each other.
        let mut sums = [[[simd.splat_f64s(0.0); T]; C]; 2];
        let rows = matrix[first * LANES * width..].chunks_exact(LANES * width);
        for (block, rows) in (first..).zip(rows) {
            let at = block * self.layout.block_stride + cell;
            let data = &self.cells[at..at + C * LANES];
            for lane in 0..LANES {
                let row: &[S::f64s; T] = S::as_simd_f64s(&rows[lane * width..(lane + 1) * width]).0
                    [vector..]
                    .first_chunk()
                    .expect("a row has whole vectors");
                for (c, sums) in sums[lane % 2].iter_mut().enumerate() {
                    let data = simd.splat_f64s(data[c * LANES + lane]);
                    for (sum, value) in sums.iter_mut().zip(row) {
                        *sum = simd.mul_add_f64s(data, *value, *sum);
                    }
                }
            }
        }
        let [mut total, other] = sums;
        for (total, other) in total.iter_mut().zip(other) {
            for (total, other) in total.iter_mut().zip(other) {
                *total = simd.add_f64s(*total, other);
            }
        }
        total
    }

    /// Writes the sums of `T` vectors of degrees to every second coefficient.
    #[inline(always)]
    fn store<S: Simd, const T: usize>(
        sums: &[[S::f64s; T]; C],
        coeffs: &mut [[f64; C]],
        first: usize,
    ) {
        for t in 0..T {
            let start = 2 * (first + t * S::F64_LANES);
            let Some(coeffs) = coeffs.get_mut(start..) else {
                return;
            };
            for (c, sums) in sums.iter().enumerate() {
                let lanes: &[f64] = pulp::bytemuck::cast_slice(std::slice::from_ref(&sums[t]));
                for (coeff, value) in coeffs.iter_mut().step_by(2).zip(lanes) {
                    coeff[c] = *value;
                }
            }
        }
    }
}

impl<const C: usize> WithSimd for TableAnalysis<'_, C> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let limit = self.values.band_limit;
        let values = self.values;
        let mut packed = std::mem::take(&mut self.packed);
        for m in self.orders.clone() {
            let (coeffs, rest) = packed.split_at_mut(C * (limit - m));
            packed = rest;
            let coeffs = coeffs.as_chunks_mut::<C>().0;
            let first = self.seen.partition_point(|seen| *seen <= m);
            for parity in 0..2.min(limit - m) {
                let (matrix, degrees, width) = values.by_pair(m, parity);
                let cell = self.layout.position(m, 0) + parity * C * LANES;
                let coeffs = &mut coeffs[parity..];
                let (mut vector, end) = (0, degrees.div_ceil(S::F64_LANES));
                while vector < end {
                    let at = vector * S::F64_LANES;
                    if end - vector >= 2 && C == 2 {
                        let sums = self.tile::<S, 2>(simd, (matrix, width), first, cell, vector);
                        Self::store::<S, 2>(&sums, coeffs, at);
                        vector += 2;
                    } else {
                        let sums = self.tile::<S, 1>(simd, (matrix, width), first, cell, vector);
                        Self::store::<S, 1>(&sums, coeffs, at);
                        vector += 1;
                    }
                }
            }
        }
    }
}
