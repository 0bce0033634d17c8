//! The pass over the points: interpolation on the fine grid, and its transpose.
//!
//! ```math
//! f_j = \sum_{a, b < w} \phi_a(\theta_j) \, \phi_b(\varphi_j) \, g[i_j + a, q_j + b]
//! ```
//! The lanes of a vector hold b. One sweep of Horner's scheme gives all $`\phi_b`$, another one all $`\phi_a`$, which multiply the rows of the
//! support one after the other. Beyond the support the polynomials are zero, so that whole vectors are read, without masks.

use super::kernel::Kernel;
use super::records::{Packed, Record};
use pulp::{Simd, WithSimd};

/// Interpolation at some points; `P` planes, the real and the imaginary part of complex signals.
pub(super) struct Interpolate<'a, const P: usize> {
    pub kernel: &'a Kernel,
    pub stride: usize,
    pub planes: [&'a [f64]; P],
    pub records: &'a [Packed],
    pub weights: Option<&'a [f64]>,
    /// The number of the first sample.
    pub first: usize,
    /// `P` numbers for each sample.
    pub samples: &'a mut [f64],
}

/// The transpose of [`Interpolate`]: adds points to rows of the planes.
pub(super) struct Spread<'a, const P: usize> {
    pub kernel: &'a Kernel,
    pub stride: usize,
    /// From the place `origin` on.
    pub planes: [&'a mut [f64]; P],
    pub origin: usize,
    pub records: &'a [Packed],
    pub weights: Option<&'a [f64]>,
    /// `P` numbers for each sample.
    pub samples: &'a [f64],
}

/// Calls a method for the number of registers in a row of the table.
macro_rules! by_registers {
    ($self:ident, $simd:ident, $method:ident) => {
        match $self.kernel.shape.lanes() / S::F64_LANES {
            1 => $self.$method::<S, 1>($simd),
            2 => $self.$method::<S, 2>($simd),
            4 => $self.$method::<S, 4>($simd),
            8 => $self.$method::<S, 8>($simd),
            _ => $self.$method::<S, 16>($simd),
        }
    };
}

impl<const P: usize> WithSimd for Interpolate<'_, P> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        by_registers!(self, simd, run);
    }
}

impl<const P: usize> WithSimd for Spread<'_, P> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        by_registers!(self, simd, run);
    }
}

/// The values of all pieces at two offsets.
#[inline(always)]
fn values<S: Simd, const R: usize>(
    simd: S,
    table: &[[S::f64s; R]],
    offsets: [f64; 2],
) -> [[S::f64s; R]; 2] {
    let x = offsets.map(|offset| simd.splat_f64s(offset));
    let zero = [simd.splat_f64s(0.0); R];
    let (first, rest) = table.split_first().unwrap_or((&zero, &[]));
    let mut values = [*first; 2];
    for row in rest {
        for (values, x) in values.iter_mut().zip(x) {
            for (value, coefficient) in values.iter_mut().zip(row) {
                *value = simd.mul_add_f64s(*value, x, *coefficient);
            }
        }
    }
    values
}

/// A row of registers as numbers.
#[inline(always)]
fn numbers<S: Simd, const R: usize>(values: [S::f64s; R]) -> [f64; super::kernel::MAX_WIDTH] {
    let mut numbers = [0.0; super::kernel::MAX_WIDTH];
    let registers = S::as_mut_simd_f64s(&mut numbers).0;
    for (register, value) in registers.iter_mut().zip(values) {
        *register = value;
    }
    numbers
}

impl<const P: usize> Interpolate<'_, P> {
    #[inline(always)]
    fn run<S: Simd, const R: usize>(self, simd: S) {
        let table = S::as_simd_f64s(&self.kernel.table).0.as_chunks::<R>().0;
        let width = self.kernel.shape.width;
        let lanes = R * S::F64_LANES;
        let zero = simd.splat_f64s(0.0);
        for record in self.records {
            let record = Record::unpack(*record);
            let [rows, columns] = values::<S, R>(simd, table, record.offsets);
            let rows = numbers::<S, R>(rows);
            let mut sums = [[zero; R]; P];
            let mut at = record.base as usize;
            for factor in &rows[..width] {
                let factor = simd.splat_f64s(*factor);
                for (sums, plane) in sums.iter_mut().zip(self.planes) {
                    let row = S::as_simd_f64s(&plane[at..at + lanes]).0;
                    for (sum, value) in sums.iter_mut().zip(row) {
                        *sum = simd.mul_add_f64s(factor, *value, *sum);
                    }
                }
                at += self.stride;
            }
            let index = record.index as usize;
            let weight = self.weights.map_or(1.0, |weights| weights[index]);
            let sample = &mut self.samples[P * (index - self.first)..][..P];
            for (part, sums) in sums.iter().enumerate() {
                let mut total = zero;
                for (sum, column) in sums.iter().zip(columns) {
                    total = simd.mul_add_f64s(*sum, column, total);
                }
                sample[part] = weight * simd.reduce_sum_f64s(total);
            }
        }
    }
}

impl<const P: usize> Spread<'_, P> {
    #[inline(always)]
    fn run<S: Simd, const R: usize>(self, simd: S) {
        let table = S::as_simd_f64s(&self.kernel.table).0.as_chunks::<R>().0;
        let width = self.kernel.shape.width;
        let lanes = R * S::F64_LANES;
        let mut planes = self.planes;
        for record in self.records {
            let record = Record::unpack(*record);
            let [rows, columns] = values::<S, R>(simd, table, record.offsets);
            let rows = numbers::<S, R>(rows);
            let index = record.index as usize;
            let weight = self.weights.map_or(1.0, |weights| weights[index]);
            let sample = &self.samples[P * index..][..P];
            let mut parts = [columns; P];
            for (columns, value) in parts.iter_mut().zip(sample) {
                let value = simd.splat_f64s(weight * value);
                for column in columns {
                    *column = simd.mul_f64s(*column, value);
                }
            }
            let mut at = record.base as usize - self.origin;
            for factor in &rows[..width] {
                let factor = simd.splat_f64s(*factor);
                for (plane, columns) in planes.iter_mut().zip(&parts) {
                    let row = S::as_mut_simd_f64s(&mut plane[at..at + lanes]).0;
                    for (value, column) in row.iter_mut().zip(columns) {
                        *value = simd.mul_add_f64s(factor, *column, *value);
                    }
                }
                at += self.stride;
            }
        }
    }
}
