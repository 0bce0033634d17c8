//! Reusable plans of the spherical-harmonic transform.

use super::batch::BatchScratch;
use super::chains::Chains;
use super::fourier_stage::grow;
use super::grid_transform::GridTransform;
use super::legendre_tables::LegendreTables;
use super::ring_transform::{RingScratch, RingTransform};
use super::rings::Rings;
use super::sample::Sample;
use super::sampling::{Sampling, check_band_limit};
use crate::{Error, Result};
use ndarray::{Array2, ArrayView2};
use num_complex::Complex64;
use rustfft::FftPlanner;
use std::fmt;

/// An immutable plan of the spherical-harmonic transform for one band limit, sampling and number of longitudes.
///
/// ```math
/// \hat f_{\ell m} = \int_{S^2} f \, \overline{Y_{\ell m}} \, d\Omega , \qquad
/// f(\theta, \varphi) = \sum_{\ell < L} \sum_{|m| \le \ell} \hat f_{\ell m} Y_{\ell m}(\theta, \varphi)
/// ```
/// Signals have shape `[rings, longitudes]` ([`ShtPlan::signal_shape`]), coefficients `[L, 2L − 1]`
/// ([`coefficients`](super::coefficients)). For signals of band limit L the two directions are inverse to each other on
/// every sampling. Signals may be real (half the cost) or complex, in double or single precision ([`Sample`]).
///
/// Conventions: see [`crate::conventions`].
///
/// # Cost and accuracy
/// A transform takes O(L³) time. A plan holds O(L²) numbers: about L² for the steps of the Legendre recursion and 0.7 L² for
/// its start values, in all 35 MB at L = 1024 on Gauss–Legendre rings. The relative error grows about like L ε
/// (`docs/accuracy.md`).
pub struct ShtPlan {
    pub(super) grid: GridTransform<LegendreTables>,
}

/// Working memory of an [`ShtPlan`]; its content never affects results, and it grows to fit any plan it is used with.
#[derive(Debug, Clone, Default)]
pub struct ShtScratch {
    pub(super) ring: RingScratch,
    pub(super) packed: Vec<f64>,
    pub(super) batch: BatchScratch,
}

impl ShtScratch {
    /// Makes room for one transform and kind of samples; never shrinks.
    pub(super) fn fit<T: Sample, K: Chains>(&mut self, core: &RingTransform<K>) {
        core.fit::<T>(&mut self.ring);
        grow(&mut self.packed, core.packed_len::<T>(), 0.0);
    }
}

impl ShtPlan {
    pub(super) fn build(
        band_limit: usize,
        sampling: Sampling,
        longitudes: usize,
        fft: &mut FftPlanner<f64>,
    ) -> Result<Self> {
        check_band_limit(band_limit)?;
        check_longitudes(band_limit, longitudes)?;
        let rings = Rings::product(sampling, band_limit, longitudes)?;
        let extended = sampling == Sampling::McEwenWiaux;
        let core = RingTransform::scalar(band_limit, rings, extended, fft);
        Ok(ShtPlan {
            grid: GridTransform::new(core, sampling)?,
        })
    }

    /// Returns the band limit L (exclusive).
    pub fn band_limit(&self) -> usize {
        self.grid.band_limit
    }

    /// Returns the sampling.
    pub fn sampling(&self) -> Sampling {
        self.grid.sampling
    }

    /// Returns the shape of a signal, `[rings, longitudes]`.
    pub fn signal_shape(&self) -> [usize; 2] {
        self.grid.shape
    }

    /// Returns the shape of the coefficients, `[L, 2L − 1]`.
    pub fn coeffs_shape(&self) -> [usize; 2] {
        self.grid.coeffs_shape()
    }

    /// Returns the number of coefficients that are not zero by definition, `L * L`.
    pub fn coeff_len(&self) -> usize {
        self.band_limit() * self.band_limit()
    }

    /// Returns the number of coefficients with m ≥ 0, `L (L + 1) / 2`.
    pub fn half_len(&self) -> usize {
        self.band_limit() * (self.band_limit() + 1) / 2
    }

    /// Makes an array of coefficients, all zero.
    pub fn make_coeffs(&self) -> Array2<Complex64> {
        Array2::zeros(self.coeffs_shape())
    }

    /// Makes an array for a signal, all zero.
    pub fn make_signal<T: Sample>(&self) -> Array2<T> {
        Array2::from_elem(self.signal_shape(), T::default())
    }

    /// Makes the working memory of the `*_into` methods, with room for real signals; it grows once for complex ones.
    ///
    /// About 3 L² numbers on `L` rings: 25 MB at L = 1024. Every call with it uses one thread.
    pub fn make_scratch(&self) -> ShtScratch {
        let mut scratch = ShtScratch::default();
        scratch.fit::<f64, _>(&self.grid.core);
        scratch
    }

    /// Makes working memory with which calls share the work among the threads of the current `rayon` pool.
    ///
    /// Results do not depend on the number of threads. Worth it from about L = 128 on. Each call then allocates some buffers
    /// of O(L) numbers a thread.
    pub fn make_parallel_scratch(&self) -> ShtScratch {
        let mut scratch = self.make_scratch();
        scratch.ring.parallel = true;
        scratch
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
}

/// The largest number of longitudes of a plan.
pub(super) const MAX_LONGITUDES: usize = 1 << 17;

pub(super) fn check_longitudes(band_limit: usize, longitudes: usize) -> Result<()> {
    let least = 2 * band_limit - 1;
    if (least..=MAX_LONGITUDES).contains(&longitudes) {
        return Ok(());
    }
    Err(Error::invalid(
        "number of longitudes",
        longitudes,
        format!("{least} (twice the band limit, less one) to {MAX_LONGITUDES}"),
    ))
}

impl fmt::Debug for ShtPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShtPlan")
            .field("band_limit", &self.band_limit())
            .field("sampling", &self.sampling())
            .field("longitudes", &self.signal_shape()[1])
            .finish_non_exhaustive()
    }
}
