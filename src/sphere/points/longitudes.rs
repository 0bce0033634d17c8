//! The longitude stage: columns of all orders on the rows of the fine grid ↔ the samples of the rows.
//!
//! One complex transform makes two real rows. For real signals these are neighbours, $`z = g_i + i g_{i+1}`$ with
//! $`Z_m = A_m + i B_m`$ and $`Z_{-m} = \overline{A_m} + i \overline{B_m}`$; for complex signals they are the real and the imaginary part of one
//! row, in two planes, with the orders m and −m.

use super::colatitudes::{BUNDLE, PAIR};
use super::kernel::Kernel;
use super::lattice::Lattice;
use crate::simd::fft::{NUMBER, lane_offset};
use crate::sphere::transform::ring_pairs::LANES;
use crate::sphere::transform::workspace::ThreadWorkspace;
use num_complex::Complex64;
use pulp::{Simd, WithSimd};
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

/// Plans of the transforms along rows.
pub(super) struct Longitudes {
    band_limit: usize,
    lattice: Lattice,
    /// With $`e^{-im\varphi}`$ and with $`e^{im\varphi}`$.
    fourier: [Arc<dyn Fft<f64>>; 2],
    /// The correction of the kernel for each order.
    factors: Vec<f64>,
}

impl Longitudes {
    pub(super) fn new(band_limit: usize, lattice: Lattice, kernel: &Kernel) -> Self {
        let mut planner = FftPlanner::new();
        Longitudes {
            band_limit,
            lattice,
            fourier: [
                planner.plan_fft_forward(lattice.phi),
                planner.plan_fft_inverse(lattice.phi),
            ],
            factors: kernel.corrections(band_limit, lattice.phi),
        }
    }

    fn fit(&self, work: &mut ThreadWorkspace) {
        work.row.resize(self.lattice.phi, Complex64::ZERO);
        let lengths = self.fourier.iter().map(|fft| fft.get_inplace_scratch_len());
        let longest = lengths.max().unwrap_or(0);
        work.fourier
            .resize(longest.max(work.fourier.len()), Complex64::ZERO);
    }

    /// Calls `visit` with each order and the places of its real and imaginary part in the bundles of a row, steps of `stride` apart.
    #[inline(always)]
    fn orders<S: Simd>(&self, stride: usize, mut visit: impl FnMut(usize, [usize; 2])) {
        for first in (0..self.band_limit).step_by(BUNDLE) {
            let bundle = first / BUNDLE * stride;
            let mut one = |lane: usize, which: usize| {
                let m = first + 2 * lane + which;
                let re = bundle + which * NUMBER + lane_offset::<S>(lane);
                if m < self.band_limit {
                    visit(m, [re, re + S::F64_LANES]);
                }
            };
            for lane in 0..LANES {
                one(lane, 0);
                one(lane, 1);
            }
        }
    }
}

/// What shares a complex transform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sharing {
    /// Two rows of a real signal.
    Rows,
    /// The real and the imaginary part of a row of a complex signal.
    Parts,
}

/// Samples of two real rows from the columns.
pub(super) struct Expand<'a> {
    pub stage: &'a Longitudes,
    pub sharing: Sharing,
    /// All bundles, and the distance from bundle to bundle.
    pub columns: &'a [f64],
    pub stride: usize,
    /// Where the first bundle of both starts: of two rows, or of orders m and −m. A missing row is zero.
    pub starts: [Option<usize>; 2],
    pub work: &'a mut ThreadWorkspace,
    /// Both rows with their borders; the second is empty where it is missing.
    pub rows: [&'a mut [f64]; 2],
}

impl WithSimd for Expand<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Expand {
            stage,
            sharing,
            columns,
            stride,
            starts,
            work,
            rows,
        } = self;
        stage.fit(work);
        let (limit, n) = (stage.band_limit, stage.lattice.phi);
        let row = &mut work.row[..n];
        row[limit..n + 1 - limit].fill(Complex64::ZERO);
        let [first, second] = starts.map(|start| start.map(|start| &columns[start..]));
        let first = first.unwrap_or_default();
        stage.orders::<S>(stride, |m, [re, im]| {
            let factor = stage.factors[m];
            let a = factor * Complex64::new(first[re], first[im]);
            let b = match second {
                Some(second) => factor * Complex64::new(second[re], second[im]),
                None => Complex64::ZERO,
            };
            let (plus, minus) = match sharing {
                Sharing::Parts => (a, b),
                Sharing::Rows => (
                    Complex64::new(a.re - b.im, a.im + b.re),
                    Complex64::new(a.re + b.im, b.re - a.im),
                ),
            };
            if m > 0 {
                row[n - m] = minus;
                row[m] = plus;
            } else if sharing == Sharing::Parts {
                row[0] = plus;
            } else {
                // Order zero of a real signal is real.
                row[0] = Complex64::new(a.re, b.re);
            }
        });
        stage.fourier[1].process_with_scratch(row, &mut work.fourier);
        let left = stage.lattice.left;
        let [one, two] = rows;
        for (out, value) in one[left..left + n].iter_mut().zip(&*row) {
            *out = value.re;
        }
        fill_borders(&stage.lattice, one);
        if !two.is_empty() {
            for (out, value) in two[left..left + n].iter_mut().zip(&*row) {
                *out = value.im;
            }
            fill_borders(&stage.lattice, two);
        }
    }
}

/// The transpose of [`Expand`]: columns of two real rows, or of both parts of one row.
pub(super) struct Collect<'a> {
    pub stage: &'a Longitudes,
    pub sharing: Sharing,
    /// Both rows without borders, which have been added; the second is empty where it is missing.
    pub rows: [&'a [f64]; 2],
    pub work: &'a mut ThreadWorkspace,
    /// All bundles of the first row or of the orders m, and of the second row or of the orders −m.
    pub columns: [&'a mut [f64]; 2],
}

impl WithSimd for Collect<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Collect {
            stage,
            sharing,
            rows: [one, two],
            work,
            columns: [first, second],
        } = self;
        stage.fit(work);
        let n = stage.lattice.phi;
        let row = &mut work.row[..n];
        if two.is_empty() {
            for (out, a) in row.iter_mut().zip(one) {
                *out = Complex64::new(*a, 0.0);
            }
        } else {
            for ((out, a), b) in row.iter_mut().zip(one).zip(two) {
                *out = Complex64::new(*a, *b);
            }
        }
        stage.fourier[0].process_with_scratch(row, &mut work.fourier);
        stage.orders::<S>(PAIR, |m, [re, im]| {
            let (plus, minus) = (row[m], row[if m == 0 { 0 } else { n - m }]);
            let factor = stage.factors[m];
            let (a, b) = match sharing {
                Sharing::Parts => (factor * plus, factor * minus),
                Sharing::Rows => {
                    let half = 0.5 * factor;
                    (
                        half * Complex64::new(plus.re + minus.re, plus.im - minus.im),
                        half * Complex64::new(plus.im + minus.im, minus.re - plus.re),
                    )
                }
            };
            (first[re], first[im]) = (a.re, a.im);
            if !second.is_empty() {
                (second[re], second[im]) = (b.re, b.im);
            }
        });
        // Lanes beyond the band limit.
        let orders = stage.band_limit;
        for m in orders..orders.next_multiple_of(BUNDLE) {
            let re = m / BUNDLE * PAIR + m % 2 * NUMBER + lane_offset::<S>(m % BUNDLE / 2);
            for columns in [&mut *first, &mut *second] {
                if !columns.is_empty() {
                    (columns[re], columns[re + S::F64_LANES]) = (0.0, 0.0);
                }
            }
        }
    }
}

/// Continues a row periodically into its borders.
fn fill_borders(lattice: &Lattice, row: &mut [f64]) {
    let (left, n) = (lattice.left, lattice.phi);
    for column in left + n..row.len() {
        row[column] = row[column - n];
    }
    for column in 0..left {
        row[column] = row[column + n];
    }
}

/// Adds the borders of a row to the columns that they continue: the transpose of [`fill_borders`].
fn add_borders(lattice: &Lattice, row: &mut [f64]) {
    let (left, n) = (lattice.left, lattice.phi);
    for column in 0..left {
        row[column + n] += row[column];
    }
    for column in (left + n..row.len()).rev() {
        row[column - n] += row[column];
    }
}

/// Fills the rows beyond the poles, $`g_{-i}(\varphi) = (-1)^s g_i(\varphi + \pi)`$, after the rows between them.
pub(super) fn fill_poles(lattice: &Lattice, odd_spin: bool, plane: &mut [f64]) {
    let (left, half, stride) = (lattice.left, lattice.phi / 2, lattice.stride);
    each_border_row(lattice, |border, inner| {
        let (from, to) = (inner * stride + left, border * stride + left);
        plane.copy_within(from + half..from + 2 * half, to);
        plane.copy_within(from..from + half, to + half);
        let row = &mut plane[border * stride..(border + 1) * stride];
        if odd_spin {
            for value in &mut row[left..left + 2 * half] {
                *value = -*value;
            }
        }
        fill_borders(lattice, row);
    });
}

/// The transpose of [`fill_poles`] and of all borders in rows: first columns, then rows.
pub(super) fn add_poles(lattice: &Lattice, odd_spin: bool, plane: &mut [f64]) {
    let (left, half, stride) = (lattice.left, lattice.phi / 2, lattice.stride);
    for row in plane.chunks_exact_mut(stride) {
        add_borders(lattice, row);
    }
    let sign = if odd_spin { -1.0 } else { 1.0 };
    each_border_row(lattice, |border, inner| {
        let (first, second) = plane.split_at_mut(border.max(inner) * stride);
        let (first, second) = (
            &mut first[border.min(inner) * stride..][..stride],
            &mut second[..stride],
        );
        let (border, inner) = if border < inner {
            (first, second)
        } else {
            (second, first)
        };
        for q in 0..half {
            inner[left + half + q] += sign * border[left + q];
            inner[left + q] += sign * border[left + half + q];
        }
    });
}

/// Calls `visit` with each row beyond a pole and the row whose mirror image it is.
fn each_border_row(lattice: &Lattice, mut visit: impl FnMut(usize, usize)) {
    let (north, south) = (lattice.border, lattice.border + lattice.rows() - 1);
    for i in 1..=lattice.border {
        visit(north - i, north + i);
        visit(south + i, south - i);
    }
}
