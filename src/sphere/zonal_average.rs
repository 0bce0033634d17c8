//! Zonal averages of fields on the sphere: each degree times a number.
//!
//! ```math
//! (A \varphi)(y) = \sum_{lm} a_l \, \hat\varphi_{lm} Y_{lm}(y) , \qquad l < M
//! ```
//! On a grid this is a Fourier transform in longitude and, for each order m, one matrix between the rings,
//! $`\sum_l a_l \bar P_{lm}(\theta') \bar P_{lm}(\theta) w_\theta`$, equal for m and −m.

use super::field_grid::{FieldGrid, FieldScratch, SPHERE};
use crate::Result;
use crate::numeric::normalised_legendre;
use crate::numeric::powers::{exponent, times_power};
use crate::simd::aligned::Aligned;
use crate::simd::fft::{Direction, LANES, NUMBER, lane_offset};
use pulp::{Arch, Simd, WithSimd};

/// The matrices of one zonal average on the rings of a grid, for any number of longitudes: M² times the number of rings.
#[derive(Debug, Clone)]
pub(crate) struct ZonalAverage {
    /// Entry `[m][from][to]`, `to` padded.
    matrices: Aligned,
}

impl ZonalAverage {
    /// # Arguments
    /// * `multipliers` — a_l for l < M; degrees beyond their length are removed
    pub(crate) fn new(grid: &FieldGrid, multipliers: &[f64]) -> Result<Self> {
        let (band_limit, row) = (grid.band_limit(), grid.row());
        let degrees = multipliers.len().min(band_limit);
        let mut matrices = Aligned::zeros(band_limit * band_limit * row);
        let mut legendre = vec![0.0; row * band_limit];
        for (m, matrix) in matrices.chunks_exact_mut(band_limit * row).enumerate() {
            for (values, &colatitude) in legendre
                .chunks_exact_mut(band_limit)
                .zip(grid.colatitudes())
            {
                normalised_legendre(m, colatitude, values)?;
            }
            for (from, column) in matrix.chunks_exact_mut(row).enumerate() {
                let weight = SPHERE * grid.ring_weight(from);
                let source = &legendre[from * band_limit..][..band_limit];
                for (value, target) in column.iter_mut().zip(legendre.chunks_exact(band_limit)) {
                    let sum: f64 = (m..degrees)
                        .map(|l| multipliers[l] * target[l] * source[l])
                        .sum();
                    *value = weight * sum;
                }
            }
        }
        Ok(ZonalAverage { matrices })
    }

    /// Replaces one field, or two at once, by their averages. Each keeps its digits, however much larger the other one is.
    pub(crate) fn apply(
        &self,
        grid: &FieldGrid,
        first: &mut [f64],
        second: Option<&mut [f64]>,
        scratch: &mut FieldScratch,
    ) {
        self.run(grid, first, second, Way::Forwards, scratch);
    }

    /// Applies the transposed map: the adjoint of [`apply`](Self::apply) for sums over the nodes without weights.
    ///
    /// A cotangent of the average at any node, also at one without weight, becomes cotangents at the nodes that the average reads.
    pub(crate) fn apply_adjoint(
        &self,
        grid: &FieldGrid,
        first: &mut [f64],
        second: Option<&mut [f64]>,
        scratch: &mut FieldScratch,
    ) {
        self.run(grid, first, second, Way::Transposed, scratch);
    }

    fn run(
        &self,
        grid: &FieldGrid,
        first: &mut [f64],
        mut second: Option<&mut [f64]>,
        way: Way,
        scratch: &mut FieldScratch,
    ) {
        // Two go through one complex transform, whose rounding is relative to the larger one.
        let shift = match second.as_deref() {
            Some(second) => field_exponent(first) - field_exponent(second),
            None => 0,
        };
        let shift = if shift.abs() > SIMILAR { shift } else { 0 };
        if let Some(second) = second.as_deref_mut().filter(|_| shift != 0) {
            scale_by_power(second, shift);
        }
        self.run_alike(grid, first, second.as_deref_mut(), way, scratch);
        if let Some(second) = second.filter(|_| shift != 0) {
            scale_by_power(second, -shift);
        }
    }

    /// As [`run`](Self::run), for fields of similar size.
    fn run_alike(
        &self,
        grid: &FieldGrid,
        first: &mut [f64],
        second: Option<&mut [f64]>,
        way: Way,
        scratch: &mut FieldScratch,
    ) {
        grid.fit(scratch);
        Arch::new().dispatch(Apply {
            average: self,
            grid,
            first,
            second,
            way,
            scratch,
        });
    }
}

/// The map of an average, or its transpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Forwards,
    Transposed,
}

/// Fields whose largest values differ by so many powers of two may share a transform as they are.
const SIMILAR: i32 = 4;

/// As [`exponent`] of all values, in comparisons that do not wait for each other.
fn field_exponent(values: &[f64]) -> i32 {
    const LANES: usize = 8;
    let mut largest = [0.0_f64; LANES];
    let (whole, rest) = values.as_chunks::<LANES>();
    for values in whole {
        for (largest, value) in largest.iter_mut().zip(values) {
            let size = value.abs();
            *largest = if size > *largest { size } else { *largest };
        }
    }
    exponent(largest.into_iter().chain(rest.iter().copied()))
}

/// Multiplies by 2ᵉ, in two factors: the power itself may be out of range.
fn scale_by_power(values: &mut [f64], exponent: i32) {
    let half = exponent / 2;
    let factors = [half, exponent - half].map(|e| times_power(1.0, e));
    for value in values {
        *value *= factors[0];
        *value *= factors[1];
    }
}

struct Apply<'a> {
    average: &'a ZonalAverage,
    grid: &'a FieldGrid,
    first: &'a mut [f64],
    second: Option<&'a mut [f64]>,
    way: Way,
    scratch: &'a mut FieldScratch,
}

/// Registers of the result at a time: with four sums for each they stay in registers.
const WIDE: usize = 4;

impl WithSimd for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Apply {
            average,
            grid,
            first,
            second,
            way,
            scratch,
        } = self;
        let other: &[f64] = match &second {
            Some(second) => second,
            None => &[],
        };
        let both = !other.is_empty();
        // Two real fields are real and imaginary part of one complex field. Forward transform along longitudes; then, per order m, one
        // matrix from rings to rings for both bins ±m (four real columns); then the inverse transform.
        grid.pack(simd, [first, other], both, &mut scratch.bundles);
        grid.transform(simd, Direction::Forward, scratch);
        let (band_limit, row, longitudes) = (grid.band_limit(), grid.row(), grid.longitudes());
        let bundle_len = grid.bundle_len();
        let per_node = 1.0 / longitudes as f64;
        for (m, matrix) in average.matrices.chunks_exact(band_limit * row).enumerate() {
            let bins = [m, (longitudes - m) % longitudes];
            if way == Way::Transposed {
                // The map is circulant in longitude with a symbol that is even in m, so that only the matrix is transposed. `column` is
                // `[re m, im m, re −m, im −m][ring]`.
                let column = &mut scratch.column[..4 * row];
                for ring in 0..row {
                    let bundle = &scratch.bundles[ring / LANES * bundle_len..][..bundle_len];
                    let offset = lane_offset::<S>(ring % LANES);
                    for (k, bin) in bins.into_iter().enumerate() {
                        let at = bin * NUMBER + offset;
                        column[2 * k * row + ring] = per_node * bundle[at];
                        column[(2 * k + 1) * row + ring] = per_node * bundle[at + S::F64_LANES];
                    }
                }
                multiply_transposed(simd, matrix, column, &mut scratch.product[..4 * row]);
            } else {
                // `column` is `[ring][re m, im m, re −m, im −m]`: one lane of a bundle per ring.
                let column = &mut scratch.column[..4 * band_limit];
                for (ring, values) in column.chunks_exact_mut(4).enumerate() {
                    let bundle = &scratch.bundles[ring / LANES * bundle_len..][..bundle_len];
                    let offset = lane_offset::<S>(ring % LANES);
                    for (pair, bin) in values.chunks_exact_mut(2).zip(bins) {
                        pair[0] = per_node * bundle[bin * NUMBER + offset];
                        pair[1] = per_node * bundle[bin * NUMBER + offset + S::F64_LANES];
                    }
                }
                multiply(simd, matrix, column, &mut scratch.product[..4 * row]);
            }
            let product = &scratch.product[..4 * row];
            let (product, _) = S::as_simd_f64s(product);
            let (bundles, _) = S::as_mut_simd_f64s(&mut scratch.bundles);
            let per_number = LANES / S::F64_LANES;
            let per_row = row / S::F64_LANES;
            for register in 0..per_row {
                let (v, h) = (register / per_number, register % per_number);
                for (k, bin) in bins.into_iter().enumerate() {
                    let to = (v * longitudes + bin) * 2 * per_number + 2 * h;
                    bundles[to] = product[2 * k * per_row + register];
                    bundles[to + 1] = product[(2 * k + 1) * per_row + register];
                }
            }
        }
        // The remainder has no degree below M.
        let len = row / LANES * bundle_len;
        for bundle in scratch.bundles[..len].chunks_exact_mut(bundle_len) {
            let beyond = band_limit * NUMBER..(longitudes + 1 - band_limit) * NUMBER;
            bundle[beyond].fill(0.0);
        }
        grid.transform(simd, Direction::Inverse, scratch);
        grid.unpack(simd, &scratch.bundles, first, second);
    }
}

/// Computes `product[k][to] = Σ_from matrix[from][to] column[from][k]` for k < 4.
///
/// Lanes are the rings `to`; a panel of up to [`WIDE`] registers of them keeps its 4 · WIDE sums in registers along all rings `from`, and each
/// entry of the matrix is loaded once for four columns.
#[inline(always)]
fn multiply<S: Simd>(simd: S, matrix: &[f64], column: &[f64], product: &mut [f64]) {
    let row = product.len() / 4;
    let (product, _) = S::as_mut_simd_f64s(product);
    let per_row = row / S::F64_LANES;
    let mut register = 0;
    while register < per_row {
        let left = per_row - register;
        let panel = Panel {
            matrix,
            column,
            per_row,
            register,
        };
        register += match left {
            WIDE.. => panel.multiply::<S, WIDE>(simd, product),
            3 => panel.multiply::<S, 3>(simd, product),
            2 => panel.multiply::<S, 2>(simd, product),
            _ => panel.multiply::<S, 1>(simd, product),
        };
    }
}

/// Computes `product[k][from] = Σ_to matrix[from][to] column[k][to]` for k < 4, and zeros beyond the last row of the matrix.
///
/// Lanes are the rings `to`; the four sums of a row stay in registers.
#[inline(always)]
fn multiply_transposed<S: Simd>(simd: S, matrix: &[f64], column: &[f64], product: &mut [f64]) {
    let row = product.len() / 4;
    product.fill(0.0);
    let (columns, _) = S::as_simd_f64s(column);
    let per_row = row / S::F64_LANES;
    for (from, entries) in matrix.chunks_exact(row).enumerate() {
        let (entries, _) = S::as_simd_f64s(entries);
        let mut sums = [simd.splat_f64s(0.0); 4];
        for (sum, column) in sums.iter_mut().zip(columns.chunks_exact(per_row)) {
            for (entry, value) in entries.iter().zip(column) {
                *sum = simd.mul_add_f64s(*entry, *value, *sum);
            }
        }
        for (k, sum) in sums.into_iter().enumerate() {
            product[k * row + from] = simd.reduce_sum_f64s(sum);
        }
    }
}

/// Some registers of the rows of a matrix.
struct Panel<'a> {
    matrix: &'a [f64],
    column: &'a [f64],
    per_row: usize,
    register: usize,
}

impl Panel<'_> {
    #[inline(always)]
    fn multiply<S: Simd, const N: usize>(&self, simd: S, product: &mut [S::f64s]) -> usize {
        let (matrix, _) = S::as_simd_f64s(self.matrix);
        let mut sums = [[simd.splat_f64s(0.0); N]; 4];
        for (row, values) in matrix
            .chunks_exact(self.per_row)
            .zip(self.column.as_chunks::<4>().0)
        {
            let row: &[S::f64s; N] = row[self.register..][..N]
                .try_into()
                .expect("the slice has this length");
            for (sums, &value) in sums.iter_mut().zip(values) {
                let value = simd.splat_f64s(value);
                for (sum, &entry) in sums.iter_mut().zip(row) {
                    *sum = simd.mul_add_f64s(entry, value, *sum);
                }
            }
        }
        for (k, sums) in sums.iter().enumerate() {
            product[k * self.per_row + self.register..][..N].copy_from_slice(sums);
        }
        N
    }
}
