//! Few equispaced rings: the exact passage between them and symmetric rings, by periodic extension in colatitude.
//!
//! A function of order m and spin s, $`F_m(\theta) = \sum_\ell \hat f_{\ell m} \, {}_sY_{\ell m}(\theta, 0)`$, continues to a
//! trigonometric polynomial on the circle, $`F_m(2\pi - \theta) = (-1)^{m+s} F_m(\theta)`$, of degree L − 1: its samples at M ≥ 2L − 1
//! equispaced points of the circle determine it. Half of these points are the rings of the grid, the others their mirror images.
//! For the analysis it is multiplied by $`|\sin\theta|`$ and cut to the band limit, which leaves its integrals against every
//! $`{}_sY_{\ell m}`$ unchanged and makes `L` rings at the midpoints $`(2t+1)\pi/(2L)`$ with equal weights exact. (MW11, section III.)
//!
//! Some grids leave a pole of the circle out. There only one order is not zero, m = −s at the north and m = s at the south pole,
//! and its value follows from the band limit: the largest frequencies of the circle vanish.

use crate::sphere::grid::Circle;
use num_complex::Complex64;
use rustfft::{Fft, FftPlanner};
use std::f64::consts::PI;
use std::sync::Arc;

/// Plans and tables of the extension for one band limit.
pub(super) struct Extension {
    band_limit: usize,
    circle: Circle,
    /// Forward and inverse on the M points of the circle.
    rings: [Arc<dyn Fft<f64>>; 2],
    /// Forward and inverse on the `2L` extended midpoints.
    midpoints: [Arc<dyn Fft<f64>>; 2],
    /// Forward and inverse on enough points for the product with |sin θ|.
    product: [Arc<dyn Fft<f64>>; 2],
    /// $`e^{2\pi ik\tau/M}`$, k up to the largest frequency of the rings.
    ring_phases: Vec<Complex64>,
    /// $`e^{ik\pi/(2L)}`$.
    midpoint_phases: Vec<Complex64>,
    /// |sin θ|, cut at the largest frequency that matters, on the points of the product, with the normalisation of both transforms.
    kernel: Vec<f64>,
    /// The value at the north and at the south pole from the rings, where the pole is no ring.
    poles: [Option<Pole>; 2],
}

/// A pole that is no ring.
struct Pole {
    /// Its point of the circle.
    point: usize,
    /// The factors of the rings.
    factors: Vec<f64>,
}

/// What the extension has to know of an order and a spin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Symmetry {
    /// $`(-1)^{m+s}`$.
    sign: f64,
    /// Whether functions of the order need not vanish at the north and at the south pole.
    poles: [bool; 2],
}

impl Symmetry {
    pub(super) fn new(order: i64, spin: i64) -> Self {
        Symmetry {
            sign: if (order + spin) % 2 == 0 { 1.0 } else { -1.0 },
            poles: [order == -spin, order == spin],
        }
    }
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
    pub(super) fn new(band_limit: usize, circle: Circle, planner: &mut FftPlanner<f64>) -> Self {
        let mut pair = |n: usize| [planner.plan_fft_forward(n), planner.plan_fft_inverse(n)];
        let (count, even) = (circle.points, 2 * band_limit);
        // All frequencies of the circle but the highest of an even number, whose sine is invisible. The product with |sin θ| has to be
        // exact below L: frequencies of the rings up to K meet those of the kernel up to K + L − 1.
        let frequencies = count.div_ceil(2);
        let cut = frequencies + band_limit - 1;
        let wide = 2 * (frequencies + band_limit);
        let (rings, midpoints, product) = (pair(count), pair(even), pair(wide));
        let phases = |frequencies: usize, n: usize| {
            (0..frequencies)
                .map(|k| Complex64::cis(k as f64 * PI / n as f64))
                .collect()
        };
        let cosines: Vec<f64> = (0..wide)
            .map(|i| (2.0 * PI * i as f64 / wide as f64).cos())
            .collect();
        let kernel = (0..wide)
            .map(|i| {
                let sum: f64 = (2..cut)
                    .step_by(2)
                    .rev()
                    .map(|k| 2.0 * cosines[k * i % wide] / (1.0 - (k as f64) * (k as f64)))
                    .sum();
                2.0 / PI * (1.0 + sum) / (wide * count) as f64
            })
            .collect();
        Extension {
            band_limit,
            circle,
            rings,
            midpoints,
            product,
            ring_phases: if circle.half_step {
                phases(frequencies, count)
            } else {
                vec![Complex64::ONE; frequencies]
            },
            midpoint_phases: phases(band_limit, even),
            kernel,
            poles: poles(circle),
        }
    }

    /// Numbers of the longest column.
    pub(super) fn column_len(&self) -> usize {
        self.band_limit.max(self.circle.rings)
    }

    /// Numbers that the maps need as scratch.
    pub(super) fn scratch_len(&self) -> usize {
        let inner = [&self.rings, &self.midpoints, &self.product]
            .into_iter()
            .flatten()
            .map(|plan| plan.get_inplace_scratch_len())
            .max()
            .unwrap_or(0);
        self.circle.points + 2 * self.band_limit + self.kernel.len() + inner
    }

    /// The weight that makes a sum over the midpoints after [`Passage::RingsToMidpoints`] the integral over sin θ dθ.
    pub(super) fn midpoint_weight(&self) -> f64 {
        PI / self.band_limit as f64
    }

    /// The colatitudes of the midpoints.
    pub(super) fn midpoints(&self) -> Vec<f64> {
        (0..self.band_limit)
            .map(|t| (2 * t + 1) as f64 * PI / (2 * self.band_limit) as f64)
            .collect()
    }

    /// Replaces one column, of numbers at the rings or at the midpoints, by its image.
    ///
    /// Each map is a chain of linear steps: extension to the circle, a Fourier transform, a shift of the sample points (phases on
    /// the frequencies), and the inverse transform on the other points; the maps to the midpoints multiply by |sin θ| on a finer
    /// circle in between. A transposed map takes the transposes of the steps in reverse order.
    pub(super) fn pass(
        &self,
        passage: Passage,
        symmetry: Symmetry,
        column: &mut [Complex64],
        scratch: &mut [Complex64],
    ) {
        let l = self.band_limit;
        let (samples, rest) = scratch.split_at_mut(self.circle.points);
        let (narrow, rest) = rest.split_at_mut(2 * l);
        let (wide, inner) = rest.split_at_mut(self.kernel.len());
        let norm = 1.0 / (2 * l) as f64;
        let frequencies = self.ring_phases.len();
        match passage {
            Passage::RingsToMidpoints => {
                self.extend(symmetry, column, samples);
                self.rings[0].process_with_scratch(samples, inner);
                wide.fill(Complex64::ZERO);
                move_spectrum(frequencies, samples, wide, |k| self.ring_phases[k].conj());
                self.multiply(wide, inner);
                narrow.fill(Complex64::ZERO);
                move_spectrum(l, wide, narrow, |k| self.midpoint_phases[k]);
                self.midpoints[1].process_with_scratch(narrow, inner);
                column[..l].copy_from_slice(&narrow[..l]);
            }
            Passage::MidpointsToRings => {
                extend_midpoints(symmetry.sign, &column[..l], narrow);
                self.midpoints[0].process_with_scratch(narrow, inner);
                self.clear(samples);
                move_spectrum(l, narrow, samples, |k| {
                    norm * self.midpoint_phases[k].conj() * self.ring_phases[k]
                });
                self.rings[1].process_with_scratch(samples, inner);
                let Circle { first, rings, .. } = self.circle;
                column[..rings].copy_from_slice(&samples[first..first + rings]);
            }
            Passage::RingsToMidpointsTransposed => {
                narrow[..l].copy_from_slice(&column[..l]);
                narrow[l..].fill(Complex64::ZERO);
                self.midpoints[0].process_with_scratch(narrow, inner);
                wide.fill(Complex64::ZERO);
                move_spectrum(l, narrow, wide, |k| self.midpoint_phases[k].conj());
                self.multiply(wide, inner);
                self.clear(samples);
                move_spectrum(frequencies, wide, samples, |k| self.ring_phases[k]);
                self.rings[1].process_with_scratch(samples, inner);
                self.extend_transposed(symmetry, samples, column);
            }
            Passage::MidpointsToRingsTransposed => {
                let Circle { first, rings, .. } = self.circle;
                samples.fill(Complex64::ZERO);
                samples[first..first + rings].copy_from_slice(&column[..rings]);
                self.rings[0].process_with_scratch(samples, inner);
                narrow.fill(Complex64::ZERO);
                move_spectrum(l, samples, narrow, |k| {
                    norm * self.midpoint_phases[k] * self.ring_phases[k].conj()
                });
                self.midpoints[1].process_with_scratch(narrow, inner);
                extend_midpoints_transposed(symmetry.sign, narrow, &mut column[..l]);
            }
        }
    }

    /// Multiplies by |sin θ| on the fine circle, from frequencies to frequencies.
    fn multiply(&self, wide: &mut [Complex64], inner: &mut [Complex64]) {
        self.product[1].process_with_scratch(wide, inner);
        for (value, factor) in wide.iter_mut().zip(&self.kernel) {
            *value *= *factor;
        }
        self.product[0].process_with_scratch(wide, inner);
    }

    /// Clears the spectrum of the circle if some frequencies are left out.
    fn clear(&self, samples: &mut [Complex64]) {
        if samples.len() > 2 * self.band_limit - 1 {
            samples.fill(Complex64::ZERO);
        }
    }

    /// Continues samples on the rings to the circle, $`F(2\pi - \theta) = \pm F(\theta)`$.
    fn extend(&self, symmetry: Symmetry, column: &[Complex64], samples: &mut [Complex64]) {
        let Circle { first, rings, .. } = self.circle;
        let column = &column[..rings];
        for (pole, visible) in self.poles.iter().zip(symmetry.poles) {
            if let Some(pole) = pole {
                let terms = column.iter().zip(&pole.factors);
                samples[pole.point] = if visible {
                    terms.map(|(value, factor)| factor * value).sum()
                } else {
                    Complex64::ZERO
                };
            }
        }
        samples[first..first + rings].copy_from_slice(column);
        let (end, images) = self.images();
        for (value, image) in samples[images..].iter_mut().zip(column[..end].iter().rev()) {
            *value = symmetry.sign * image;
        }
    }

    /// The rings with an image, `end` of them from one that is its own image or the first on, and the point of the last one's image.
    ///
    /// The images follow each other in reverse order up to the end of the circle, less a first ring at the north pole.
    fn images(&self) -> (usize, usize) {
        let Circle {
            points,
            half_step,
            first,
            rings,
        } = self.circle;
        // The image of point j is M − 1 − j with a half step, otherwise M − j.
        let image = |point: usize| points - usize::from(half_step) - point;
        let last = first + rings - 1;
        // A last ring at the south pole is its own image.
        let end = if image(last) == last {
            rings - 1
        } else {
            rings
        };
        (end, image(first + end.max(1) - 1))
    }

    /// Adds the mirror images on the circle, and the poles, to the column; the transpose of [`Extension::extend`].
    fn extend_transposed(
        &self,
        symmetry: Symmetry,
        samples: &[Complex64],
        column: &mut [Complex64],
    ) {
        let Circle { first, rings, .. } = self.circle;
        let column = &mut column[..rings];
        column.copy_from_slice(&samples[first..first + rings]);
        let (end, images) = self.images();
        for (image, value) in samples[images..].iter().zip(column[..end].iter_mut().rev()) {
            *value += symmetry.sign * image;
        }
        for (pole, visible) in self.poles.iter().zip(symmetry.poles) {
            if let Some(pole) = pole.as_ref().filter(|_| visible) {
                for (value, factor) in column.iter_mut().zip(&pole.factors) {
                    *value += factor * samples[pole.point];
                }
            }
        }
    }
}

/// The values at the poles that are no rings, of functions that are even about them.
///
/// The coefficient of $`\cos(M\theta/2)`$ vanishes: $`F(0) + (-1)^{M/2} F(\pi) + 2 \sum_j (-1)^j F(\theta_j) = 0`$ over the points j between the
/// poles. With both poles missing the coefficient of the next lower frequency vanishes, too, which has the factors $`(-1)^j \cos\theta_j`$ in
/// the sum and the other sign at the south pole. For an order that is zero at one of the poles this gives the mean of both conditions.
fn poles(circle: Circle) -> [Option<Pole>; 2] {
    let Circle {
        points,
        half_step,
        first,
        rings,
    } = circle;
    if half_step || points % 2 == 1 {
        return [None, None];
    }
    let south = points / 2;
    let sign = |j: usize| if j.is_multiple_of(2) { 1.0 } else { -1.0 };
    let (no_north, no_south) = (first > 0, first + rings == south);
    let cosine = |j: usize| (2.0 * PI * j as f64 / points as f64).cos();
    let range = first..first + rings;
    let north = no_north.then(|| Pole {
        point: 0,
        factors: range
            .clone()
            .map(|j| -sign(j) * (1.0 + cosine(j)))
            .collect(),
    });
    let south = no_south.then(|| Pole {
        point: south,
        factors: range
            .map(|j| match (no_north, j) {
                (true, _) => -sign(south + j) * (1.0 - cosine(j)),
                (false, 0) => -sign(south),
                (false, _) => -2.0 * sign(south + j),
            })
            .collect(),
    });
    [north, south]
}

/// Continues samples at the midpoints to the circle, $`F(2\pi - \theta) = \pm F(\theta)`$.
fn extend_midpoints(sign: f64, column: &[Complex64], circle: &mut [Complex64]) {
    let (north, south) = circle.split_at_mut(column.len());
    north.copy_from_slice(column);
    for (value, image) in south.iter_mut().zip(column.iter().rev()) {
        *value = sign * image;
    }
}

/// Adds the mirror images on the circle to the column; the transpose of [`extend_midpoints`].
fn extend_midpoints_transposed(sign: f64, circle: &[Complex64], column: &mut [Complex64]) {
    let (north, south) = circle.split_at(column.len());
    column.copy_from_slice(north);
    for (value, image) in column.iter_mut().rev().zip(south) {
        *value += sign * image;
    }
}

/// Copies the frequencies |k| below a limit with a phase whose value at −k is the conjugate.
fn move_spectrum(
    limit: usize,
    from: &[Complex64],
    to: &mut [Complex64],
    phase: impl Fn(usize) -> Complex64,
) {
    to[0] = from[0] * phase(0);
    for k in 1..limit {
        let factor = phase(k);
        let (a, b) = (from.len() - k, to.len() - k);
        (to[k], to[b]) = (from[k] * factor, from[a] * factor.conj());
    }
}
