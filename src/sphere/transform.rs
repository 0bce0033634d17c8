//! The transform itself: Fourier stage along φ, extension in θ for McEwen–Wiaux, Legendre stage.

use super::coefficients::sign;
use super::legendre_stage::{Analysis, Synthesis};
use super::plan::{PAIRS, ShtPlan, ShtScratch, check_finite};
use super::sample::{Sample, sealed};
#[cfg(doc)]
use crate::Error;
use crate::Result;
use ndarray::{ArrayView2, ArrayViewMut2};
use num_complex::Complex64;

impl ShtPlan {
    /// Computes the coefficients of a sampled signal.
    ///
    /// ```math
    /// \hat f_{\ell m} = \int_{S^2} f \, \overline{Y_{\ell m}} \, d\Omega
    /// ```
    /// # Arguments
    /// * `signal` — shape `[rings, 2L − 1]`, real or complex
    /// * `coeffs` — shape `[L, 2L − 1]`, entry `[l, m + L − 1]`; overwritten, zero where $`|m| > \ell`$
    /// * `scratch` — from [`ShtPlan::make_scratch`]
    ///
    /// # Cost and accuracy
    /// O(L³) time, O(L²) memory, no allocation.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] for arrays or scratch of another shape, [`Error::NotFinite`] for NaN or infinite samples.
    pub fn forward_into<T: Sample>(
        &self,
        signal: ArrayView2<'_, T>,
        mut coeffs: ArrayViewMut2<'_, Complex64>,
        scratch: &mut ShtScratch,
    ) -> Result<()> {
        self.check("signal", signal.dim(), self.shape)?;
        self.check("coefficients", coeffs.dim(), self.coeffs_shape())?;
        self.check_scratch(scratch)?;
        check_finite("signal", signal, <T as sealed::Sample>::is_finite)?;
        coeffs.fill(Complex64::ZERO);

        let limit = self.band_limit;
        let half = self.weights.len();
        let row_len = T::ROWS * self.shape[1];
        for first in (0..half).step_by(PAIRS) {
            let count = PAIRS.min(half - first);
            let rows = &mut scratch.rows[..count * row_len];
            for (i, rows) in rows.chunks_exact_mut(row_len).enumerate() {
                let (a, b) = self.pair(first + i);
                let a = signal.row(a);
                match b.map(|b| signal.row(b)) {
                    Some(b) => {
                        for (p, (a, b)) in a.iter().zip(b.iter()).enumerate() {
                            T::load([*a, *b], p, rows);
                        }
                    }
                    None => {
                        for (p, a) in a.iter().enumerate() {
                            T::load([*a, T::default()], p, rows);
                        }
                    }
                }
            }
            self.phi[0].process_with_scratch(rows, &mut scratch.fft);
            for m in 0..limit {
                for (i, rows) in rows.chunks_exact(row_len).enumerate() {
                    let orders = T::orders(rows, m);
                    for (o, [a, b]) in orders.into_iter().enumerate().take(T::ORDERS) {
                        if self.extension.is_some() {
                            let column =
                                &mut scratch.columns[(m * T::ORDERS + o) * limit..][..limit];
                            let (first_ring, second_ring) = self.pair(first + i);
                            column[first_ring] = a;
                            if let Some(second_ring) = second_ring {
                                column[second_ring] = b;
                            }
                        } else {
                            let group = self.group::<T>(&mut scratch.planar, m);
                            self.fold::<T>(group, o, first + i, a, b);
                        }
                    }
                }
            }
        }
        if let Some(extension) = &self.extension {
            for m in 0..limit {
                for o in 0..T::ORDERS {
                    let column = &mut scratch.columns[(m * T::ORDERS + o) * limit..][..limit];
                    let parity = sign(m);
                    extension.rings_to_midpoints(parity, column, &mut scratch.fft);
                    let group = self.group::<T>(&mut scratch.planar, m);
                    for r in 0..half {
                        let south = limit - 1 - r;
                        let b = if south == r {
                            Complex64::ZERO
                        } else {
                            column[south]
                        };
                        self.fold::<T>(group, o, r, column[r], b);
                    }
                }
            }
        }
        let planar = &mut scratch.planar[..2 * 2 * T::ORDERS * limit * self.tables.padded_rings];
        for row in planar.chunks_exact_mut(self.tables.padded_rings) {
            row[half..].fill(0.0);
        }
        let (tables, sums) = (&self.tables, &mut scratch.sums[..]);
        if T::ORDERS == 1 {
            self.arch.dispatch(Analysis::<2> {
                tables,
                planar,
                sums,
                coeffs,
            });
        } else {
            self.arch.dispatch(Analysis::<4> {
                tables,
                planar,
                sums,
                coeffs,
            });
        }
        Ok(())
    }

    /// Computes the samples of a signal from its coefficients.
    ///
    /// ```math
    /// f(\theta_t, \varphi_p) = \sum_{\ell < L} \sum_{|m| \le \ell} \hat f_{\ell m} Y_{\ell m}(\theta_t, \varphi_p)
    /// ```
    /// # Arguments
    /// * `coeffs` — shape `[L, 2L − 1]`, entry `[l, m + L − 1]`; entries with $`|m| > \ell`$ are not used. For a real signal only
    ///   the entries $`m \ge 0`$ are used, and the imaginary part of $`m = 0`$ is not; whether the others agree is for
    ///   [`check_real`](super::coefficients::check_real) to say
    /// * `signal` — shape `[rings, 2L − 1]`, real or complex; overwritten
    /// * `scratch` — from [`ShtPlan::make_scratch`]
    ///
    /// # Cost and accuracy
    /// O(L³) time, O(L²) memory, no allocation.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] for arrays or scratch of another shape, [`Error::NotFinite`] for NaN or infinite coefficients.
    pub fn inverse_into<T: Sample>(
        &self,
        coeffs: ArrayView2<'_, Complex64>,
        mut signal: ArrayViewMut2<'_, T>,
        scratch: &mut ShtScratch,
    ) -> Result<()> {
        self.check("signal", signal.dim(), self.shape)?;
        self.check("coefficients", coeffs.dim(), self.coeffs_shape())?;
        self.check_scratch(scratch)?;
        check_finite("coefficients", coeffs, |c| c.is_finite())?;

        let limit = self.band_limit;
        let half = self.weights.len();
        let planar = &mut scratch.planar[..];
        let (tables, chain) = (&self.tables, &mut scratch.sums[..]);
        if T::ORDERS == 1 {
            self.arch.dispatch(Synthesis::<2> {
                tables,
                coeffs,
                chain,
                planar,
            });
        } else {
            self.arch.dispatch(Synthesis::<4> {
                tables,
                coeffs,
                chain,
                planar,
            });
        }
        if let Some(extension) = &self.extension {
            for m in 0..limit {
                for o in 0..T::ORDERS {
                    let column = &mut scratch.columns[(m * T::ORDERS + o) * limit..][..limit];
                    let group = self.group::<T>(&mut scratch.planar, m);
                    for r in 0..half {
                        let [a, b] = self.unfold::<T>(group, o, r);
                        column[limit - 1 - r] = b;
                        column[r] = a;
                    }
                    let parity = sign(m);
                    extension.midpoints_to_rings(parity, column, &mut scratch.fft);
                }
            }
        }
        let row_len = T::ROWS * self.shape[1];
        for first in (0..half).step_by(PAIRS) {
            let count = PAIRS.min(half - first);
            let rows = &mut scratch.rows[..count * row_len];
            for m in 0..limit {
                for (i, rows) in rows.chunks_exact_mut(row_len).enumerate() {
                    let mut orders = [[Complex64::ZERO; 2]; 2];
                    for (o, pair) in orders.iter_mut().enumerate().take(T::ORDERS) {
                        *pair = if self.extension.is_some() {
                            let column = &scratch.columns[(m * T::ORDERS + o) * limit..][..limit];
                            let (a, b) = self.pair(first + i);
                            [column[a], b.map_or(Complex64::ZERO, |b| column[b])]
                        } else {
                            let group = self.group::<T>(&mut scratch.planar, m);
                            self.unfold::<T>(group, o, first + i)
                        };
                    }
                    T::set_orders(rows, m, orders);
                }
            }
            self.phi[1].process_with_scratch(rows, &mut scratch.fft);
            for (i, rows) in rows.chunks_exact(row_len).enumerate() {
                let (a, b) = self.pair(first + i);
                for (p, slot) in signal.row_mut(a).iter_mut().enumerate() {
                    *slot = T::store(rows, p)[0];
                }
                if let Some(b) = b {
                    for (p, slot) in signal.row_mut(b).iter_mut().enumerate() {
                        *slot = T::store(rows, p)[1];
                    }
                }
            }
        }
        Ok(())
    }

    /// The rings that go through the FFT together: mirror images, or neighbours for McEwen–Wiaux.
    #[inline(always)]
    fn pair(&self, index: usize) -> (usize, Option<usize>) {
        let rings = self.shape[0];
        let (a, b) = match self.extension {
            None => (index, rings - 1 - index),
            Some(_) => (2 * index, 2 * index + 1),
        };
        (a, (b > a && b < rings).then_some(b))
    }

    /// The rows of one order in the planar buffer.
    #[inline(always)]
    fn group<'a, T: Sample>(&self, planar: &'a mut [f64], order: usize) -> &'a mut [f64] {
        let len = 4 * T::ORDERS * self.tables.padded_rings;
        &mut planar[order * len..(order + 1) * len]
    }

    /// Writes the weighted even and odd part of a pair of mirror rings.
    #[inline(always)]
    fn fold<T: Sample>(&self, group: &mut [f64], o: usize, r: usize, a: Complex64, b: Complex64) {
        let stride = self.tables.padded_rings;
        let weight = self.weights[r];
        for (parity, value) in [a + b, a - b].into_iter().enumerate() {
            let at = (2 * T::ORDERS * parity + 2 * o) * stride + r;
            group[at] = weight * value.re;
            group[at + stride] = weight * value.im;
        }
    }

    /// Reads a pair of mirror rings from their even and odd part.
    #[inline(always)]
    fn unfold<T: Sample>(&self, group: &[f64], o: usize, r: usize) -> [Complex64; 2] {
        let stride = self.tables.padded_rings;
        let [even, odd] = [0, 1].map(|parity| {
            let at = (2 * T::ORDERS * parity + 2 * o) * stride + r;
            Complex64::new(group[at], group[at + stride])
        });
        [even + odd, even - odd]
    }
}
