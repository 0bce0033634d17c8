//! Transforms on any set of rings: synthesis, its adjoint, and analysis by quadrature with iterations.

use super::masks::check_unmasked;
use super::packed::{pack_all, unpack_all};
use super::plan::ShtScratch;
use super::ring_transform::RingTransform;
use super::rings::Rings;
use super::sample::Sample;
use super::sampling::check_band_limit;
use crate::check::{self, first_not_finite};
use crate::numeric::powers::SquareSum;
use crate::{Error, Result};
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, aview1};
use num_complex::Complex64;
use rustfft::FftPlanner;
use std::fmt;

/// An immutable plan of the spherical-harmonic transform on arbitrary [`Rings`], for one band limit.
///
/// Samples lie in one flat array, ring after ring. Orders beyond a ring's number of longitudes are aliased there, exactly as the
/// samples of the function are. Rings that are mirror images about the equator share the work.
///
/// Conventions: see [`crate::conventions`].
///
/// # Cost and accuracy
/// O(R L²) time for R rings.
///
/// # Examples
/// A map on the HEALPix grid:
/// ```
/// use haarmonic::sphere::{RingPlan, Rings};
/// use ndarray::Array1;
/// let plan = RingPlan::new(Rings::healpix(8)?, 16)?;
/// let mut coeffs = plan.make_coeffs();
/// coeffs[[3, 15]] = 1.0.into();                                  // Y_30
/// let map: Array1<f64> = plan.synthesise(coeffs.view())?;
/// let weights = vec![4.0 * std::f64::consts::PI / 768.0; 31];     // equal areas
/// let (back, change) = plan.analyse(map.as_slice().unwrap(), &weights, 3)?;
/// assert!((back[[3, 15]].re - 1.0).abs() < 2e-5 && change < 1e-3);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub struct RingPlan {
    core: RingTransform,
}

impl RingPlan {
    /// Plans the transform of signals of a band limit on rings.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if the band limit is 0 or too large.
    pub fn new(rings: Rings, band_limit: usize) -> Result<Self> {
        check_band_limit(band_limit)?;
        Ok(RingPlan {
            core: RingTransform::scalar(band_limit, rings, false, &mut FftPlanner::new()),
        })
    }

    /// Returns the band limit L (exclusive).
    pub fn band_limit(&self) -> usize {
        self.core.band_limit
    }

    /// Returns the rings.
    pub fn rings(&self) -> &Rings {
        &self.core.fourier.rings
    }

    /// Makes an array of coefficients, all zero, of shape `[L, 2L − 1]`.
    pub fn make_coeffs(&self) -> Array2<Complex64> {
        Array2::zeros((self.band_limit(), 2 * self.band_limit() - 1))
    }

    /// Makes the working memory of the `*_into` methods, with room for real signals; it grows once for complex ones.
    pub fn make_scratch(&self) -> ShtScratch {
        let mut scratch = ShtScratch::default();
        scratch.fit::<f64, _>(&self.core);
        scratch
    }

    /// Makes working memory with which calls share the work among the threads of the current `rayon` pool.
    pub fn make_parallel_scratch(&self) -> ShtScratch {
        let mut scratch = self.make_scratch();
        scratch.ring.parallel = true;
        scratch
    }

    /// Computes the samples of a signal from its coefficients, allocating the result.
    ///
    /// # Errors
    /// As [`RingPlan::synthesise_into`].
    pub fn synthesise<T: Sample>(&self, coeffs: ArrayView2<'_, Complex64>) -> Result<Array1<T>> {
        let mut samples = vec![T::default(); self.rings().samples()];
        self.synthesise_into(coeffs, &mut samples, &mut self.make_scratch())?;
        Ok(Array1::from_vec(samples))
    }

    /// Computes the samples of a signal from its coefficients.
    ///
    /// # Arguments
    /// * `coeffs` — shape `[L, 2L − 1]`, entry `[l, m + L − 1]`; for a real signal only the entries m ≥ 0 are used
    /// * `samples` — length [`Rings::samples`]; overwritten
    /// * `scratch` — from [`RingPlan::make_scratch`]
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] for arrays of another shape, [`Error::NotFinite`] if a coefficient that is used is NaN or infinite.
    pub fn synthesise_into<T: Sample>(
        &self,
        coeffs: ArrayView2<'_, Complex64>,
        samples: &mut [T],
        scratch: &mut ShtScratch,
    ) -> Result<()> {
        self.check_coeffs(coeffs.shape())?;
        self.check_samples(samples.len())?;
        scratch.fit::<T, _>(&self.core);
        let ShtScratch { ring, packed, .. } = scratch;
        if !pack_all::<T>(coeffs, packed, ring.parallel) {
            return check::finite("coefficients", coeffs);
        }
        self.core.synthesise(packed, false, None, samples, ring);
        Ok(())
    }

    /// Applies the adjoint of the synthesis, with a weight for the samples of each ring.
    ///
    /// ```math
    /// \hat y_{\ell m} = \sum_t w_t \sum_p y(\theta_t, \varphi_p) \, \overline{Y_{\ell m}(\theta_t, \varphi_p)}
    /// ```
    /// With weights of one this is the adjoint; with the solid angles of a quadrature it is an approximate, or exact, analysis.
    ///
    /// # Arguments
    /// * `samples` — length [`Rings::samples`]
    /// * `weights` — one for each ring
    /// * `coeffs` — shape `[L, 2L − 1]`; overwritten
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::NotFinite`], or [`Error::InvalidValue`] if samples are masked
    /// ([`UNSEEN`](super::UNSEEN)); [`masked_to`](super::masked_to) replaces these, and NaN.
    pub fn adjoint_into<T: Sample>(
        &self,
        samples: &[T],
        weights: &[f64],
        coeffs: ArrayViewMut2<'_, Complex64>,
        scratch: &mut ShtScratch,
    ) -> Result<()> {
        check_unmasked(samples)?;
        self.adjoint(samples, weights, coeffs, scratch)
    }

    /// As [`RingPlan::adjoint_into`], of samples without marks.
    fn adjoint<T: Sample>(
        &self,
        samples: &[T],
        weights: &[f64],
        coeffs: ArrayViewMut2<'_, Complex64>,
        scratch: &mut ShtScratch,
    ) -> Result<()> {
        self.check_coeffs(coeffs.shape())?;
        self.check_samples(samples.len())?;
        if weights.len() != self.rings().rings().len() {
            return Err(Error::shape(
                "weights of rings",
                format!("[{}], one for each ring", self.rings().rings().len()),
                vec![weights.len()],
            ));
        }
        check::finite("weights of rings", aview1(weights))?;
        scratch.fit::<T, _>(&self.core);
        let ShtScratch { ring, packed, .. } = scratch;
        if !self
            .core
            .analyse(samples, false, Some(weights), packed, ring)
        {
            return Err(Error::not_finite(
                "samples (where NaN marks masked pixels, `sphere::masked_to` replaces them)",
                first_not_finite(&aview1(samples)).unwrap_or_default(),
            ));
        }
        unpack_all::<T>(packed, coeffs, ring.parallel);
        Ok(())
    }

    /// Computes coefficients by quadrature, improved by iterations, where the quadrature is not exact.
    ///
    /// Each iteration synthesises the coefficients, and adds the analysis of what is missing (Jacobi iterations).
    ///
    /// # Arguments
    /// * `samples` — length [`Rings::samples`]
    /// * `weights` — the solid angle of a sample, for each ring; $`4\pi/(12 nside^2)`$ on the HEALPix grid
    /// * `iterations` — 0 for the bare quadrature; 3 is usual for HEALPix
    ///
    /// # Returns
    /// The coefficients, shape `[L, 2L − 1]`, and the norm of the last change relative to that of the coefficients: the size of the
    /// error before it. With 0 iterations it is the change that a first one would make, the size of the error of the bare quadrature.
    ///
    /// # Cost and accuracy
    /// A synthesis and an analysis for each iteration, and for 0 iterations as many as for one;
    /// [`adjoint_into`](RingPlan::adjoint_into) is the bare quadrature alone.
    ///
    /// # Errors
    /// As [`RingPlan::adjoint_into`].
    pub fn analyse<T: Sample>(
        &self,
        samples: &[T],
        weights: &[f64],
        iterations: usize,
    ) -> Result<(Array2<Complex64>, f64)> {
        let mut scratch = self.make_scratch();
        let mut coeffs = self.make_coeffs();
        self.adjoint_into(samples, weights, coeffs.view_mut(), &mut scratch)?;
        let square = |c: &Array2<Complex64>| {
            let parts: Vec<f64> = c.iter().flat_map(|c| [c.re, c.im]).collect();
            SquareSum::of(parts.iter().copied())
        };
        let mut change = 0.0;
        let mut correction = coeffs.clone();
        let mut residual = vec![T::default(); samples.len()];
        for _ in 0..iterations.max(1) {
            self.synthesise_into(coeffs.view(), &mut residual, &mut scratch)?;
            for (residual, sample) in residual.iter_mut().zip(samples) {
                *residual = sample.minus(*residual);
            }
            self.adjoint(&residual, weights, correction.view_mut(), &mut scratch)?;
            if iterations > 0 {
                coeffs += &correction;
            }
            let size = square(&coeffs);
            change = match size.sum {
                0.0 => 0.0,
                _ => square(&correction).over(size).sqrt(),
            };
        }
        Ok((coeffs, change))
    }

    fn check_coeffs(&self, found: &[usize]) -> Result<()> {
        let expected = [self.band_limit(), 2 * self.band_limit() - 1];
        let what = format!("coefficients of band limit {}", self.band_limit());
        check::shape(&what, found, &expected)
    }

    fn check_samples(&self, found: usize) -> Result<()> {
        check::shape("samples on rings", &[found], &[self.rings().samples()])
    }
}

impl fmt::Debug for RingPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RingPlan")
            .field("band_limit", &self.band_limit())
            .field("rings", &self.rings().rings().len())
            .finish_non_exhaustive()
    }
}
