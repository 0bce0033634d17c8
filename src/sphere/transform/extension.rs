//! McEwen–Wiaux rings: the exact passage between them and symmetric rings, by periodic extension in colatitude.
//!
//! A function of order m, $`F_m(\theta) = \sum_\ell \hat f_{\ell m} \bar P_{\ell m}(\theta)`$, continues to a trigonometric polynomial
//! on the circle, $`F_m(2\pi - \theta) = (-1)^m F_m(\theta)`$, of band limit L: its `2L − 1` extended samples determine it.
//! For the analysis it is multiplied by $`|\sin\theta|`$ and cut to the band limit, which leaves its integrals against every
//! $`\bar P_{\ell m}`$ unchanged and makes `L` rings at the midpoints $`(2t+1)\pi/(2L)`$ with equal weights exact. (MW11, section III.)

use num_complex::Complex64;
use rustfft::{Fft, FftPlanner};
use std::f64::consts::PI;
use std::sync::Arc;

/// Plans and tables of the extension for one band limit.
pub(super) struct Extension {
    band_limit: usize,
    /// Forward and inverse on the `2L − 1` extended McEwen–Wiaux rings.
    rings: [Arc<dyn Fft<f64>>; 2],
    /// Forward and inverse on the `2L` extended midpoints.
    midpoints: [Arc<dyn Fft<f64>>; 2],
    /// Forward and inverse on `4L` points, enough for the product with |sin θ|.
    product: [Arc<dyn Fft<f64>>; 2],
    /// $`e^{ik\pi/(2L-1)}`$, $`0 \le k < L`$.
    ring_phases: Vec<Complex64>,
    /// $`e^{ik\pi/(2L)}`$.
    midpoint_phases: Vec<Complex64>,
    /// |sin θ| cut at frequency `2L − 2`, on the `4L` points, with the normalisation of both transforms.
    kernel: Vec<f64>,
}

/// A linear map between the rings and the midpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passage {
    /// Samples on the rings to samples of `F |sin θ|`, cut to the band limit, at the midpoints.
    RingsToMidpoints,
    /// Samples of `F` at the midpoints to samples on the rings.
    MidpointsToRings,
    /// The transpose of the first.
    RingsToMidpointsTransposed,
    /// The transpose of the second.
    MidpointsToRingsTransposed,
}

impl Extension {
    pub(super) fn new(band_limit: usize, planner: &mut FftPlanner<f64>) -> Self {
        let mut pair = |n: usize| [planner.plan_fft_forward(n), planner.plan_fft_inverse(n)];
        let (odd, even, wide) = (2 * band_limit - 1, 2 * band_limit, 4 * band_limit);
        let (rings, midpoints, product) = (pair(odd), pair(even), pair(wide));
        let phases = |n: usize| {
            (0..band_limit)
                .map(|k| Complex64::cis(k as f64 * PI / n as f64))
                .collect()
        };
        let cosines: Vec<f64> = (0..wide)
            .map(|i| (2.0 * PI * i as f64 / wide as f64).cos())
            .collect();
        let kernel = (0..wide)
            .map(|i| {
                let sum: f64 = (2..odd)
                    .step_by(2)
                    .rev()
                    .map(|k| 2.0 * cosines[k * i % wide] / (1.0 - (k as f64) * (k as f64)))
                    .sum();
                2.0 / PI * (1.0 + sum) / (wide * odd) as f64
            })
            .collect();
        Extension {
            band_limit,
            rings,
            midpoints,
            product,
            ring_phases: phases(odd),
            midpoint_phases: phases(even),
            kernel,
        }
    }

    /// Numbers that the two maps need as scratch.
    pub(super) fn scratch_len(&self) -> usize {
        let inner = [&self.rings, &self.midpoints, &self.product]
            .into_iter()
            .flatten()
            .map(|plan| plan.get_inplace_scratch_len())
            .max()
            .unwrap_or(0);
        6 * self.band_limit + inner
    }

    /// The weight that makes a sum over the midpoints after [`Extension::rings_to_midpoints`] the integral over sin θ dθ.
    pub(super) fn midpoint_weight(&self) -> f64 {
        PI / self.band_limit as f64
    }

    /// The colatitudes of the midpoints.
    pub(super) fn midpoints(&self) -> Vec<f64> {
        (0..self.band_limit)
            .map(|t| (2 * t + 1) as f64 * PI / (2 * self.band_limit) as f64)
            .collect()
    }

    /// Replaces one column of L numbers, of an order of the given parity, by its image.
    ///
    /// Each map is a chain of linear steps: extension to the circle, a Fourier transform, a shift of the sample points (phases on
    /// the frequencies |k| < L), and the inverse transform on the other points; the maps to the midpoints multiply by |sin θ| on the
    /// 4L points in between. A transposed map takes the transposes of the steps in reverse order.
    pub(super) fn pass(
        &self,
        passage: Passage,
        parity: f64,
        column: &mut [Complex64],
        scratch: &mut [Complex64],
    ) {
        let l = self.band_limit;
        let (narrow, rest) = scratch.split_at_mut(2 * l);
        let (wide, inner) = rest.split_at_mut(4 * l);
        let norm = 1.0 / (2 * l) as f64;
        match passage {
            Passage::RingsToMidpoints => {
                let samples = &mut narrow[..2 * l - 1];
                extend(parity, column, samples);
                self.rings[0].process_with_scratch(samples, inner);
                wide.fill(Complex64::ZERO);
                move_spectrum(l, samples, wide, |k| self.ring_phases[k].conj());
                self.multiply(wide, inner);
                narrow.fill(Complex64::ZERO);
                move_spectrum(l, wide, narrow, |k| self.midpoint_phases[k]);
                self.midpoints[1].process_with_scratch(narrow, inner);
                column.copy_from_slice(&narrow[..l]);
            }
            Passage::MidpointsToRings => {
                let samples = &mut wide[..2 * l - 1];
                extend(parity, column, narrow);
                self.midpoints[0].process_with_scratch(narrow, inner);
                move_spectrum(l, narrow, samples, |k| {
                    norm * self.midpoint_phases[k].conj() * self.ring_phases[k]
                });
                self.rings[1].process_with_scratch(samples, inner);
                column.copy_from_slice(&samples[..l]);
            }
            Passage::RingsToMidpointsTransposed => {
                restrict_transposed(column, narrow);
                self.midpoints[0].process_with_scratch(narrow, inner);
                wide.fill(Complex64::ZERO);
                move_spectrum(l, narrow, wide, |k| self.midpoint_phases[k].conj());
                self.multiply(wide, inner);
                let samples = &mut narrow[..2 * l - 1];
                move_spectrum(l, wide, samples, |k| self.ring_phases[k]);
                self.rings[1].process_with_scratch(samples, inner);
                extend_transposed(parity, samples, column);
            }
            Passage::MidpointsToRingsTransposed => {
                let samples = &mut wide[..2 * l - 1];
                restrict_transposed(column, samples);
                self.rings[0].process_with_scratch(samples, inner);
                narrow.fill(Complex64::ZERO);
                move_spectrum(l, samples, narrow, |k| {
                    norm * self.midpoint_phases[k] * self.ring_phases[k].conj()
                });
                self.midpoints[1].process_with_scratch(narrow, inner);
                extend_transposed(parity, narrow, column);
            }
        }
    }

    /// Multiplies by |sin θ| on the fine circle, from frequencies to frequencies.
    ///
    /// 4L points suffice: the product of frequencies below L and below 2L − 1 has none that alias into the frequencies below L.
    fn multiply(&self, wide: &mut [Complex64], inner: &mut [Complex64]) {
        self.product[1].process_with_scratch(wide, inner);
        for (value, factor) in wide.iter_mut().zip(&self.kernel) {
            *value *= *factor;
        }
        self.product[0].process_with_scratch(wide, inner);
    }
}

/// Extends a column by zeros; the transpose of keeping the first samples of the circle.
fn restrict_transposed(column: &[Complex64], circle: &mut [Complex64]) {
    circle[..column.len()].copy_from_slice(column);
    circle[column.len()..].fill(Complex64::ZERO);
}

/// Adds the mirror images on the circle to the column; the transpose of [`extend`].
fn extend_transposed(parity: f64, circle: &[Complex64], column: &mut [Complex64]) {
    let count = circle.len();
    column.copy_from_slice(&circle[..column.len()]);
    for (t, value) in circle.iter().enumerate().skip(column.len()) {
        column[count - 1 - t] += parity * *value;
    }
}

/// Continues samples on `(0, π]` to the circle, $`F(2\pi - \theta) = \pm F(\theta)`$.
fn extend(parity: f64, column: &[Complex64], circle: &mut [Complex64]) {
    let count = circle.len();
    circle[..column.len()].copy_from_slice(column);
    for (t, value) in circle.iter_mut().enumerate().skip(column.len()) {
        *value = parity * column[count - 1 - t];
    }
}

/// Copies the frequencies |k| < L with a phase whose value at −k is the conjugate.
fn move_spectrum(
    band_limit: usize,
    from: &[Complex64],
    to: &mut [Complex64],
    phase: impl Fn(usize) -> Complex64,
) {
    to[0] = from[0] * phase(0);
    for k in 1..band_limit {
        let factor = phase(k);
        let (a, b) = (from.len() - k, to.len() - k);
        (to[k], to[b]) = (from[k] * factor, from[a] * factor.conj());
    }
}
