//! Reusable plans of the spherical-harmonic transform.

use super::extension::Extension;
use super::legendre_stage::{Analysis, Synthesis};
use super::legendre_tables::{LegendreTables, RING_BLOCK};
use super::sample::{Sample, sealed};
use super::sampling::{Sampling, check_band_limit};
use crate::{Error, Result};
use ndarray::{Array2, ArrayView2, ArrayViewMut2};
use num_complex::Complex64;
use pulp::Arch;
use rustfft::{Fft, FftPlanner};
use std::collections::HashMap;
use std::f64::consts::PI;
use std::fmt;
use std::sync::Arc;

/// Makes plans and keeps them: asking twice gives the same `Arc`.
///
/// # Examples
/// ```
/// use haarmonic::sphere::{Sampling, ShtPlanner};
/// use ndarray::Array2;
/// let mut planner = ShtPlanner::new();
/// let plan = planner.plan(4, Sampling::GaussLegendre)?;
/// let one = Array2::from_elem(plan.signal_shape(), 1.0);
/// let coeffs = plan.forward(one.view())?;
/// // 1 = sqrt(4 pi) Y_00
/// assert!((coeffs[[0, 3]].re - (4.0 * std::f64::consts::PI).sqrt()).abs() < 8.0 * f64::EPSILON);
/// let back: Array2<f64> = plan.inverse(coeffs.view())?;
/// assert!((&back - &one).iter().all(|e| e.abs() < 8.0 * f64::EPSILON));
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Default)]
pub struct ShtPlanner {
    plans: HashMap<(usize, Sampling), Arc<ShtPlan>>,
    fft: Option<FftPlanner<f64>>,
}

impl ShtPlanner {
    /// Makes a planner without plans.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the plan for a band limit and a sampling.
    ///
    /// # Cost and accuracy
    /// The first time O(L²) time and memory; later a look-up.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `band_limit` is 0 or too large.
    pub fn plan(&mut self, band_limit: usize, sampling: Sampling) -> Result<Arc<ShtPlan>> {
        if let Some(plan) = self.plans.get(&(band_limit, sampling)) {
            return Ok(Arc::clone(plan));
        }
        let fft = self.fft.get_or_insert_with(FftPlanner::new);
        let plan = Arc::new(ShtPlan::build(band_limit, sampling, fft)?);
        self.plans.insert((band_limit, sampling), Arc::clone(&plan));
        Ok(plan)
    }
}

impl fmt::Debug for ShtPlanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShtPlanner")
            .field("plans", &self.plans.keys())
            .finish_non_exhaustive()
    }
}

/// An immutable plan of the spherical-harmonic transform for one band limit and one sampling.
///
/// ```math
/// \hat f_{\ell m} = \int_{S^2} f \, \overline{Y_{\ell m}} \, d\Omega , \qquad
/// f(\theta, \varphi) = \sum_{\ell < L} \sum_{|m| \le \ell} \hat f_{\ell m} Y_{\ell m}(\theta, \varphi)
/// ```
/// Signals have shape `[rings, 2L − 1]` ([`Sampling::shape`]), coefficients `[L, 2L − 1]`
/// ([`coefficients`](super::coefficients)). For signals of band limit L the two directions are inverse to each other on
/// every sampling. Signals may be real (half the cost) or complex.
///
/// Conventions: see [`crate::conventions`].
pub struct ShtPlan {
    band_limit: usize,
    sampling: Sampling,
    shape: [usize; 2],
    tables: LegendreTables,
    /// Quadrature weights of the northern rings of the Legendre stage, longitude included.
    weights: Vec<f64>,
    phi: [Arc<dyn Fft<f64>>; 2],
    extension: Option<Extension>,
    arch: Arch,
}

/// Working memory of one [`ShtPlan`]; its content never affects results.
pub struct ShtScratch {
    planar: Vec<f64>,
    sums: Vec<f64>,
    rows: Vec<Complex64>,
    columns: Vec<Complex64>,
    fft: Vec<Complex64>,
}

/// Pairs of rings that go through the FFTs together.
const PAIRS: usize = RING_BLOCK;

impl ShtPlan {
    fn build(band_limit: usize, sampling: Sampling, fft: &mut FftPlanner<f64>) -> Result<Self> {
        check_band_limit(band_limit)?;
        let shape = sampling.shape(band_limit)?;
        let [rings, longitudes] = shape;
        let extension = match sampling {
            Sampling::McEwenWiaux => Some(Extension::new(band_limit, fft)),
            _ => None,
        };
        let (colatitudes, mut weights) = match &extension {
            None => (
                sampling.colatitudes(band_limit)?,
                sampling.colatitude_weights(band_limit)?,
            ),
            Some(extension) => (
                (0..rings)
                    .map(|t| (2 * t + 1) as f64 * PI / (2 * rings) as f64)
                    .collect(),
                vec![extension.midpoint_weight(); rings],
            ),
        };
        weights.truncate(rings.div_ceil(2));
        for weight in &mut weights {
            *weight *= 2.0 * PI / longitudes as f64;
        }
        Ok(ShtPlan {
            band_limit,
            sampling,
            shape,
            tables: LegendreTables::new(band_limit, rings, &colatitudes),
            weights,
            phi: [
                fft.plan_fft_forward(longitudes),
                fft.plan_fft_inverse(longitudes),
            ],
            extension,
            arch: Arch::new(),
        })
    }

    /// Returns the band limit L (exclusive).
    pub fn band_limit(&self) -> usize {
        self.band_limit
    }

    /// Returns the sampling.
    pub fn sampling(&self) -> Sampling {
        self.sampling
    }

    /// Returns the shape of a signal, `[rings, 2L − 1]`.
    pub fn signal_shape(&self) -> [usize; 2] {
        self.shape
    }

    /// Returns the shape of the coefficients, `[L, 2L − 1]`.
    pub fn coeffs_shape(&self) -> [usize; 2] {
        [self.band_limit, 2 * self.band_limit - 1]
    }

    /// Returns the number of coefficients that are not zero by definition, `L * L`.
    pub fn coeff_len(&self) -> usize {
        self.band_limit * self.band_limit
    }

    /// Makes an array of coefficients, all zero.
    pub fn make_coeffs(&self) -> Array2<Complex64> {
        Array2::zeros(self.coeffs_shape())
    }

    /// Makes an array for a signal, all zero.
    pub fn make_signal<T: Sample>(&self) -> Array2<T> {
        Array2::from_elem(self.shape, T::default())
    }

    /// Makes the working memory of the `*_into` methods; it serves real and complex signals.
    pub fn make_scratch(&self) -> ShtScratch {
        let [planar, sums, rows, columns, fft] = self.scratch_lengths();
        ShtScratch {
            planar: vec![0.0; planar],
            sums: vec![0.0; sums],
            rows: vec![Complex64::ZERO; rows],
            columns: vec![Complex64::ZERO; columns],
            fft: vec![Complex64::ZERO; fft],
        }
    }

    /// Computes the coefficients of a sampled signal, allocating the result.
    ///
    /// # Errors
    /// As [`ShtPlan::forward_into`].
    pub fn forward<T: Sample>(&self, signal: ArrayView2<'_, T>) -> Result<Array2<Complex64>> {
        let mut coeffs = self.make_coeffs();
        self.forward_into(signal, coeffs.view_mut(), &mut self.make_scratch())?;
        Ok(coeffs)
    }

    /// Computes the samples of a signal from its coefficients, allocating the result.
    ///
    /// # Errors
    /// As [`ShtPlan::inverse_into`].
    pub fn inverse<T: Sample>(&self, coeffs: ArrayView2<'_, Complex64>) -> Result<Array2<T>> {
        let mut signal = self.make_signal();
        self.inverse_into(coeffs, signal.view_mut(), &mut self.make_scratch())?;
        Ok(signal)
    }

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
                    let parity = super::coefficients::sign(m);
                    extension.to_midpoints(parity, column, &mut scratch.fft);
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
                    let parity = super::coefficients::sign(m);
                    extension.from_midpoints(parity, column, &mut scratch.fft);
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

    fn check(&self, what: &str, found: (usize, usize), expected: [usize; 2]) -> Result<()> {
        if [found.0, found.1] == expected {
            return Ok(());
        }
        Err(Error::ShapeMismatch {
            what: format!(
                "{what} of band limit {} ({})",
                self.band_limit, self.sampling
            ),
            expected: format!("{expected:?}"),
            found: vec![found.0, found.1],
        })
    }

    fn check_scratch(&self, scratch: &ShtScratch) -> Result<()> {
        let found = scratch.lengths();
        let expected = self.scratch_lengths();
        if found.iter().zip(&expected).all(|(f, e)| f >= e) {
            return Ok(());
        }
        Err(Error::ShapeMismatch {
            what: "scratch of a spherical-harmonic plan".into(),
            expected: format!("{expected:?}, as from make_scratch of this plan"),
            found: found.to_vec(),
        })
    }

    fn scratch_lengths(&self) -> [usize; 5] {
        let limit = self.band_limit;
        let columns = match self.extension {
            Some(_) => 2 * limit * limit,
            None => 0,
        };
        let fft = self
            .phi
            .iter()
            .map(|plan| plan.get_inplace_scratch_len())
            .chain(self.extension.as_ref().map(Extension::scratch_len))
            .max()
            .unwrap_or(0);
        [
            8 * limit * self.tables.padded_rings,
            4 * RING_BLOCK * limit.div_ceil(2),
            2 * PAIRS * self.shape[1],
            columns,
            fft,
        ]
    }
}

impl ShtScratch {
    fn lengths(&self) -> [usize; 5] {
        [
            self.planar.len(),
            self.sums.len(),
            self.rows.len(),
            self.columns.len(),
            self.fft.len(),
        ]
    }
}

impl fmt::Debug for ShtPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShtPlan")
            .field("band_limit", &self.band_limit)
            .field("sampling", &self.sampling)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ShtScratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ShtScratch").field(&self.lengths()).finish()
    }
}

/// Refuses an array that holds a NaN or an infinity.
pub(super) fn check_finite<T: Copy>(
    what: &str,
    array: ArrayView2<'_, T>,
    is_finite: impl Fn(T) -> bool,
) -> Result<()> {
    if array.iter().all(|value| is_finite(*value)) {
        return Ok(());
    }
    let (index, _) = array
        .indexed_iter()
        .find(|(_, value)| !is_finite(**value))
        .expect("some value is not finite");
    Err(Error::NotFinite {
        what: what.into(),
        index: vec![index.0, index.1],
    })
}
