//! The Fourier stage of the Wigner transform: planes of Fourier coefficients ↔ samples at eight β.
//!
//! A plane holds $`X_{mn}(\beta)`$ of eight β in the lanes of each number, `[m][n]`. Synthesis computes
//! $`\sum_{mn} X_{mn} e^{im\alpha} e^{in\gamma}`$: first along the rows (orders n to angles γ, in place), then per γ along a column
//! (orders m to angles α) in a short line, whose lanes are written to the rows of the eight rings. Eight transforms run at once
//! without a shuffle, and no transposed copy of the plane is needed.

use super::classes::Layout;
use crate::simd::fft::{Direction, LANES, LaneFft, NUMBER, lane_offset};
use crate::sphere::Sample;

use ndarray::{ArrayView1, ArrayView3, ArrayViewMut1, ArrayViewMut3, Axis};
use pulp::{Simd, WithSimd};

/// The rings of the grid in the lanes of a plane.
pub(super) type Rings = [Option<usize>; LANES];

/// Returns the number of rows of samples that share a transform: two real rows are the real and imaginary part of one complex row.
pub(super) const fn rows_of<T: Sample>() -> usize {
    3 - T::ROWS
}

/// The value among real and imaginary parts; a real value is one of them.
#[inline(always)]
fn take<T: Sample>(re: f64, im: f64, row: usize) -> T {
    let mut sample = T::default();
    if T::ROWS == 1 {
        sample.set_part(0, if row == 0 { re } else { im });
    } else {
        sample.set_part(0, re);
        sample.set_part(1, im);
    }
    sample
}

/// The inverse of [`take`].
#[inline(always)]
fn put<T: Sample>(sample: T, row: usize, re: &mut f64, im: &mut f64) {
    if T::ROWS == 1 {
        *(if row == 0 { re } else { im }) = sample.part(0);
    } else {
        (*re, *im) = (sample.part(0), sample.part(1));
    }
}

/// The two-dimensional transforms of planes of one layout.
#[derive(Debug, Clone)]
pub(super) struct PlaneFft {
    layout: Layout,
    n_alpha: usize,
    alpha: LaneFft,
    gamma: LaneFft,
}

/// Work space of this stage, aligned to registers.
pub(super) struct PlaneScratch<'a> {
    /// Each `PlaneFft::line_len` long.
    pub(super) lines: [&'a mut [f64]; 2],
    pub(super) extra: &'a mut [f64],
}

impl PlaneFft {
    pub(super) fn new(layout: Layout, n_alpha: usize) -> Self {
        PlaneFft {
            layout,
            n_alpha,
            alpha: LaneFft::new(n_alpha),
            gamma: LaneFft::new(layout.n_gamma),
        }
    }

    pub(super) fn layout(&self) -> Layout {
        self.layout
    }

    /// `f64`s of a line of work space.
    pub(super) fn line_len(&self) -> usize {
        self.n_alpha.max(self.layout.n_gamma) * NUMBER
    }

    /// `f64`s of additional work space.
    pub(super) fn extra_len(&self) -> usize {
        self.alpha.extra().max(self.gamma.extra()) * NUMBER
    }

    /// Transforms the rows of a plane, which are the orders of α.
    #[inline(always)]
    fn rows<S: Simd>(
        &self,
        simd: S,
        direction: Direction,
        plane: &mut [f64],
        scratch: &mut PlaneScratch<'_>,
    ) {
        for row in plane.chunks_exact_mut(self.layout.stride() * NUMBER) {
            self.gamma
                .process(simd, direction, row, scratch.lines[1], scratch.extra);
        }
    }

    /// Position in a line of an order of α.
    #[inline(always)]
    fn wrapped(&self, row: usize) -> usize {
        if row < self.layout.band_limit {
            row
        } else {
            self.n_alpha + row - self.layout.rows()
        }
    }
}

/// Samples from planes, which are overwritten.
pub(super) struct ToSamples<'a, 'b, T> {
    pub(super) fft: &'a PlaneFft,
    pub(super) planes: &'a mut [f64],
    pub(super) rings: &'a [Rings],
    pub(super) scratch: PlaneScratch<'a>,
    pub(super) samples: &'a mut ArrayViewMut3<'b, T>,
}

impl<T: Sample> WithSimd for ToSamples<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let layout = self.fft.layout;
        let planes = self.planes.chunks_exact_mut(layout.plane_len());
        for (plane, rings) in planes.zip(self.rings) {
            if rings.iter().all(Option::is_none) {
                continue;
            }
            self.fft
                .rows(simd, Direction::Inverse, plane, &mut self.scratch);
            let [line, other] = &mut self.scratch.lines;
            let line = &mut line[..self.fft.n_alpha * NUMBER];
            for gamma in (0..layout.n_gamma).step_by(rows_of::<T>()) {
                gather::<S, T>(simd, self.fft, plane, gamma, line);
                let extra = &mut *self.scratch.extra;
                self.fft
                    .alpha
                    .process(simd, Direction::Inverse, line, other, extra);
                for (lane, ring) in rings.iter().enumerate() {
                    let Some(ring) = *ring else { continue };
                    for row in 0..rows_of::<T>().min(layout.n_gamma - gamma) {
                        let mut plane = self.samples.index_axis_mut(Axis(0), gamma + row);
                        let out = plane.row_mut(ring);
                        emit::<S, T>(line, lane, row, out);
                    }
                }
            }
        }
    }
}

/// Brings a column of a plane, or two of real functions, into a line.
#[inline(always)]
fn gather<S: Simd, T: Sample>(
    simd: S,
    fft: &PlaneFft,
    plane: &[f64],
    gamma: usize,
    line: &mut [f64],
) {
    let layout = fft.layout;
    let band_limit = layout.band_limit;
    let stride = layout.stride();
    let number = |row: usize, gamma: usize| &plane[(row * stride + gamma) * NUMBER..][..NUMBER];
    if rows_of::<T>() == 1 {
        line[band_limit * NUMBER..(fft.n_alpha + 1 - band_limit) * NUMBER].fill(0.0);
        for row in 0..layout.rows() {
            let at = fft.wrapped(row) * NUMBER;
            line[at..at + NUMBER].copy_from_slice(number(row, gamma));
        }
        return;
    }
    // x + i y with the spectra X, Y of real functions: X + i Y, and conj X + i conj Y at the opposite order.
    let second = (gamma + 1).min(layout.n_gamma - 1);
    let (line, _) = S::as_mut_simd_f64s(line);
    let per_number = NUMBER / S::F64_LANES;
    line[band_limit * per_number..(fft.n_alpha + 1 - band_limit) * per_number]
        .fill(simd.splat_f64s(0.0));
    for row in 0..layout.rows() {
        let (x, _) = S::as_simd_f64s(number(row, gamma));
        let (y, _) = S::as_simd_f64s(number(row, second));
        let opposite = if row == 0 { 0 } else { fft.n_alpha - row };
        for part in (0..per_number).step_by(2) {
            let ([x_re, x_im], [y_re, y_im]) = ([x[part], x[part + 1]], [y[part], y[part + 1]]);
            let (plus, minus) = (row * per_number + part, opposite * per_number + part);
            if row == 0 {
                (line[plus], line[plus + 1]) = (x_re, y_re);
            } else {
                line[plus] = simd.sub_f64s(x_re, y_im);
                line[plus + 1] = simd.add_f64s(x_im, y_re);
                line[minus] = simd.add_f64s(x_re, y_im);
                line[minus + 1] = simd.sub_f64s(y_re, x_im);
            }
        }
    }
}

/// The inverse of `gather`, times the weights of the rings: X = (z_m + conj z_{−m})/2 and Y = (z_m − conj z_{−m})/2i for two real rows.
#[inline(always)]
fn scatter<S: Simd, T: Sample>(
    simd: S,
    fft: &PlaneFft,
    weights: &[f64],
    line: &[f64],
    gamma: usize,
    plane: &mut [f64],
) {
    let layout = fft.layout;
    let stride = layout.stride();
    let (line, _) = S::as_simd_f64s(line);
    let (plane, _) = S::as_mut_simd_f64s(plane);
    let (weights, _) = S::as_simd_f64s(weights);
    let per_number = NUMBER / S::F64_LANES;
    let half = simd.splat_f64s(0.5);
    for row in 0..layout.rows() {
        let from = fft.wrapped(row) * per_number;
        let to = (row * stride + gamma) * per_number;
        for part in (0..per_number).step_by(2) {
            let weight = weights[part / 2];
            if rows_of::<T>() == 1 {
                let number = &mut plane[to + part..to + part + 2];
                number[0] = simd.mul_f64s(weight, line[from + part]);
                number[1] = simd.mul_f64s(weight, line[from + part + 1]);
                continue;
            }
            let weight = simd.mul_f64s(weight, half);
            let opposite = (if row == 0 { 0 } else { fft.n_alpha - row }) * per_number + part;
            let (re, im) = (line[from + part], line[from + part + 1]);
            let (other_re, other_im) = (line[opposite], line[opposite + 1]);
            plane[to + part] = simd.mul_f64s(weight, simd.add_f64s(re, other_re));
            plane[to + part + 1] = simd.mul_f64s(weight, simd.sub_f64s(im, other_im));
            if gamma + 1 < layout.n_gamma {
                let next = to + per_number + part;
                plane[next] = simd.mul_f64s(weight, simd.add_f64s(im, other_im));
                plane[next + 1] = simd.mul_f64s(weight, simd.sub_f64s(other_re, re));
            }
        }
    }
}

/// Writes one lane of a line, every sixteenth number, to a row of samples.
#[inline(always)]
fn emit<S: Simd, T: Sample>(line: &[f64], lane: usize, row: usize, mut out: ArrayViewMut1<'_, T>) {
    let (re, im) = (
        lane_offset::<S>(lane),
        lane_offset::<S>(lane) + S::F64_LANES,
    );
    let numbers = line.as_chunks::<NUMBER>().0;
    if let Some(out) = out.as_slice_mut() {
        for (out, number) in out.iter_mut().zip(numbers) {
            *out = take::<T>(number[re], number[im], row);
        }
    } else {
        for (out, number) in out.iter_mut().zip(numbers) {
            *out = take::<T>(number[re], number[im], row);
        }
    }
}

/// Puts a row of samples into one lane of a line; returns zero, unless some sample is NaN or infinite.
#[inline(always)]
fn absorb<S: Simd, T: Sample>(
    row_of_samples: ArrayView1<'_, T>,
    lane: usize,
    row: usize,
    line: &mut [f64],
) -> f64 {
    let (re, im) = (
        lane_offset::<S>(lane),
        lane_offset::<S>(lane) + S::F64_LANES,
    );
    let numbers = line.as_chunks_mut::<NUMBER>().0;
    let mut defect = 0.0;
    let mut put = |number: &mut [f64; NUMBER], sample: T| {
        let (mut x, mut y) = (number[re], number[im]);
        put(sample, row, &mut x, &mut y);
        (number[re], number[im]) = (x, y);
        defect += sample.defect();
    };
    match row_of_samples.as_slice() {
        Some(samples) => {
            for (number, sample) in numbers.iter_mut().zip(samples) {
                put(number, *sample);
            }
        }
        None => {
            for (number, sample) in numbers.iter_mut().zip(row_of_samples) {
                put(number, *sample);
            }
        }
    }
    defect
}

/// Weighted planes from samples; false if some sample is NaN or infinite.
pub(super) struct FromSamples<'a, 'b, T> {
    pub(super) fft: &'a PlaneFft,
    pub(super) planes: &'a mut [f64],
    pub(super) rings: &'a [Rings],
    /// One weight per lane of each plane, aligned to registers; zero for a lane without a ring.
    pub(super) weights: &'a [f64],
    pub(super) scratch: PlaneScratch<'a>,
    pub(super) samples: &'a ArrayView3<'b, T>,
}

impl<T: Sample> WithSimd for FromSamples<'_, '_, T> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) -> bool {
        let layout = self.fft.layout;
        let planes = self.planes.chunks_exact_mut(layout.plane_len());
        let mut defect = 0.0;
        for ((plane, rings), weights) in
            planes.zip(self.rings).zip(self.weights.chunks_exact(LANES))
        {
            let [line, other] = &mut self.scratch.lines;
            let line = &mut line[..self.fft.n_alpha * NUMBER];
            for gamma in (0..layout.n_gamma).step_by(rows_of::<T>()) {
                // Lanes without a ring, and a missing second row of real samples, are zero.
                let rows = rows_of::<T>().min(layout.n_gamma - gamma);
                if rows < rows_of::<T>() || rings.iter().any(Option::is_none) {
                    line.fill(0.0);
                }
                for (lane, ring) in rings.iter().enumerate() {
                    let Some(ring) = *ring else { continue };
                    for row in 0..rows {
                        let plane = self.samples.index_axis(Axis(0), gamma + row);
                        let samples = plane.row(ring);
                        defect += absorb::<S, T>(samples, lane, row, line);
                    }
                }
                let extra = &mut *self.scratch.extra;
                self.fft
                    .alpha
                    .process(simd, Direction::Forward, line, other, extra);
                scatter::<S, T>(simd, self.fft, weights, line, gamma, plane);
            }
            self.fft
                .rows(simd, Direction::Forward, plane, &mut self.scratch);
        }
        defect == 0.0
    }
}
