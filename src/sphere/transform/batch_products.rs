//! The Legendre stage of eight signals at a time: products of a table of functions with cells or coefficients.
//!
//! The lanes of a vector are signals, so that a value of the table is broadcast and no sum runs across lanes. A cell is
//! `[component][signal]`, one per pair of rings and order; a chain is `[degree][component][signal]`. A tile of [`TILE`] rows of the
//! result shares each pass over the other index: TILE · C sums in registers, with one load per component for TILE
//! products.

use super::cells::CellLayout;
use super::legendre_values::LegendreValues;
use super::ring_pairs::LANES;
use pulp::{Simd, WithSimd};

/// Degrees, or rings, that share one pass over the other index.
const TILE: usize = 4;

/// Coefficients of one order and parity from cells: a matrix product over the pairs of rings.
pub(super) struct Project<'a, const C: usize> {
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
    pub(super) fn new(
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

    /// Computes chain[j] = Σ_pair matrix[j][pair] · cell[pair] for `T` degrees j from `degree` on, in register `part` of the signals.
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
pub(super) struct Expand<'a, const C: usize> {
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
    pub(super) fn new(
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

    /// Computes cell[r] = Σ_j matrix[j][r] · chain[j] for `T` pairs r from `pair` on, in register `part` of the signals.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::widths::Width;

    /// Small integers: sums are exact in any order.
    fn numbers(len: usize, seed: usize) -> Vec<f64> {
        (0..len)
            .map(|i| ((i * i + seed * i) % 41) as f64 - 20.0)
            .collect()
    }

    #[test]
    fn products_are_their_sums_with_vectors_of_every_width() {
        const C: usize = 2;
        let (width, stride) = (8, 3 * C * LANES);
        for (pairs, degrees) in [(1, 1), (3, 5), (5, 3), (8, 9)] {
            let matrix = numbers(degrees * width, 3);
            let cells = numbers(pairs * stride, 5);
            let coeffs = numbers(degrees * C * LANES, 7);
            // Component and signal make up a place of a cell.
            for place in 0..C * LANES {
                for &kind in Width::ALL {
                    let mut chain = vec![f64::NAN; degrees * C * LANES];
                    kind.run(Project::<C> {
                        matrix: &matrix,
                        width,
                        pairs,
                        first: C * LANES,
                        stride,
                        cells: &cells,
                        chain: &mut chain,
                    });
                    for degree in 0..degrees {
                        let terms = (0..pairs).map(|pair| {
                            matrix[degree * width + pair] * cells[pair * stride + C * LANES + place]
                        });
                        assert_eq!(
                            chain[degree * C * LANES + place],
                            terms.sum::<f64>(),
                            "{kind:?}"
                        );
                    }
                    let mut out = vec![f64::NAN; pairs * stride];
                    kind.run(Expand::<C> {
                        matrix: &matrix,
                        width,
                        pairs,
                        first: C * LANES,
                        stride,
                        chain: &coeffs,
                        cells: &mut out,
                    });
                    for pair in 0..pairs {
                        let terms = (0..degrees).map(|degree| {
                            matrix[degree * width + pair] * coeffs[degree * C * LANES + place]
                        });
                        let found = out[pair * stride + C * LANES + place];
                        assert_eq!(found, terms.sum::<f64>(), "{kind:?}");
                    }
                }
            }
        }
    }
}
