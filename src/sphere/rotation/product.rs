//! The product of a symmetric matrix, stored as a triangle of squares, with the coefficients of many signals.

use crate::wigner::triangle::{EDGE, row_len, row_start};
use pulp::Simd;

/// Signals in the lanes of a block.
pub(super) const LANES: usize = 8;

/// One factor and the result: for each block of eight signals `width` orders, `[block][order][signal]`.
pub(super) struct Product<'a> {
    /// Rows as in [`crate::wigner::triangle`], the squares on the diagonal complete.
    pub matrix: &'a [f64],
    /// Rows and columns that are not zero, rounded up to whole squares.
    pub size: usize,
    pub width: usize,
    pub input: &'a [f64],
    pub output: &'a mut [f64],
}

impl Product<'_> {
    #[inline(always)]
    pub(super) fn run<S: Simd>(&mut self, simd: S) {
        let per_block = LANES / S::F64_LANES;
        let registers = self.input.len() / (self.width * LANES) * per_block;
        for first in (0..self.size).step_by(EDGE) {
            let mut at = 0;
            while at < registers {
                let left = registers - at;
                // Sums, factors and one number of the matrix fill the registers: 32 of eight lanes, 16 of four.
                at += if S::F64_LANES == 8 && left >= 3 {
                    self.tile::<S, 8, 3>(simd, first, at)
                } else if S::F64_LANES == 8 && left == 2 {
                    self.tile::<S, 8, 2>(simd, first, at)
                } else if S::F64_LANES == 8 {
                    self.tile::<S, 8, 1>(simd, first, at)
                } else if left >= 2 {
                    self.tile::<S, 4, 2>(simd, first, at);
                    self.tile::<S, 4, 2>(simd, first + 4, at)
                } else {
                    self.tile::<S, 4, 1>(simd, first, at);
                    self.tile::<S, 4, 1>(simd, first + 4, at)
                };
            }
        }
    }

    /// Computes `output[i] = Σ_j matrix[i][j] · input[j]` for `ROWS` orders i from `first` on and `R` registers of signals from `at` on;
    /// returns R.
    ///
    /// Lanes are signals: entries of the matrix are broadcast, and ROWS · R sums stay in registers along all orders j.
    #[inline(always)]
    fn tile<S: Simd, const ROWS: usize, const R: usize>(
        &mut self,
        simd: S,
        first: usize,
        at: usize,
    ) -> usize {
        let per_block = LANES / S::F64_LANES;
        let length = self.width * LANES;
        let mut factors: [&[S::f64s]; R] = [&[]; R];
        for (r, factors) in factors.iter_mut().enumerate() {
            let block = (at + r) / per_block;
            let input = &self.input[block * length..block * length + self.size * LANES];
            // Register `at + r` of the first order, from there on every `per_block`-th.
            *factors = &S::as_simd_f64s(input).0[(at + r) % per_block..];
        }
        let squares = self.matrix.as_chunks::<EDGE>().0;
        let (square, part) = (first / EDGE, first % EDGE);
        let mut sums = [[simd.splat_f64s(0.0); R]; ROWS];
        // Columns up to the diagonal square: along the rows.
        let (start, len) = (row_start(first) / EDGE, row_len(first) / EDGE);
        for column in 0..=square {
            let mut rows = [&[0.0; EDGE]; ROWS];
            for (i, row) in rows.iter_mut().enumerate() {
                *row = &squares[start + i * len + column];
            }
            let at = column * EDGE * per_block;
            for k in 0..EDGE {
                let values = rows.map(|row| row[k]);
                accumulate(simd, &values, &factors, at + k * per_block, &mut sums);
            }
        }
        // Beyond: by symmetry along the columns.
        for column in square + 1..self.size / EDGE {
            let (start, len) = (row_start(column * EDGE) / EDGE, column + 1);
            let at = column * EDGE * per_block;
            for k in 0..EDGE {
                let row = &squares[start + k * len + square];
                let mut values = [0.0; ROWS];
                values.copy_from_slice(&row[part..part + ROWS]);
                accumulate(simd, &values, &factors, at + k * per_block, &mut sums);
            }
        }
        for r in 0..R {
            let start = (at + r) / per_block * length + first * LANES;
            let output = &mut self.output[start..start + ROWS * LANES];
            let output = &mut S::as_mut_simd_f64s(output).0[(at + r) % per_block..];
            for (i, sums) in sums.iter().enumerate() {
                output[i * per_block] = sums[r];
            }
        }
        R
    }
}

#[inline(always)]
fn accumulate<S: Simd, const ROWS: usize, const R: usize>(
    simd: S,
    values: &[f64; ROWS],
    factors: &[&[S::f64s]; R],
    at: usize,
    sums: &mut [[S::f64s; R]; ROWS],
) {
    let mut factor = [simd.splat_f64s(0.0); R];
    for r in 0..R {
        factor[r] = factors[r][at];
    }
    for i in 0..ROWS {
        let value = simd.splat_f64s(values[i]);
        for r in 0..R {
            sums[i][r] = simd.mul_add_e_f64s(value, factor[r], sums[i][r]);
        }
    }
}
