//! The transform of spin-weighted functions, and gradients.

use super::coefficients::{self, sign};
use super::grid_transform::GridTransform;
use super::plan::{ShtScratch, check_longitudes};
use super::ring_transform::RingTransform;
use super::rings::Rings;
use super::sample::Sample;
use super::sampling::{Sampling, check_band_limit};
use super::spin_tables::SpinTables;
use crate::{Error, Result};
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Zip};
use num_complex::{Complex, Complex64};
use rustfft::FftPlanner;
use std::fmt;

/// An immutable plan of the transform of functions of one spin weight s, for one band limit, sampling and number of longitudes.
///
/// ```math
/// {}_sY_{\ell m}(\theta, \varphi) = (-1)^s \sqrt{\tfrac{2\ell+1}{4\pi}} \; d^\ell_{m,-s}(\theta) \, e^{im\varphi} , \qquad
/// {}_sf = \sum_{\ell = |s|}^{L-1} \sum_{|m| \le \ell} \hat f_{\ell m} \, {}_sY_{\ell m}
/// ```
/// The functions are orthonormal for each s, $`{}_0Y_{\ell m} = Y_{\ell m}`$, and the operator
/// $`\eth f = -\sin^s\theta \, (\partial_\theta + \tfrac{i}{\sin\theta} \partial_\varphi) \, (\sin^{-s}\theta \, f)`$ raises the spin,
/// $`\eth \, {}_sY_{\ell m} = \sqrt{(\ell-s)(\ell+s+1)} \; {}_{s+1}Y_{\ell m}`$.
///
/// Signals are complex, of shape `[rings, longitudes]`; coefficients have shape `[L, 2L − 1]`, entry `[l, m + L − 1]`, zero below
/// degree |s|. Conventions: see [`crate::conventions`].
///
/// # Cost and accuracy
/// O(L³) time, O(L²) memory; about four times a real scalar transform.
///
/// # Examples
/// ```
/// use haarmonic::sphere::{Sampling, SpinPlan};
/// use ndarray::Array2;
/// use num_complex::Complex64;
/// let plan = SpinPlan::new(4, 1, Sampling::GaussLegendre)?;
/// let mut coeffs = plan.make_coeffs();
/// coeffs[[1, 3]] = 1.0.into();                                    // ₁Y₁₀ = √(3/8π) sin θ
/// let signal: Array2<Complex64> = plan.inverse(coeffs.view())?;
/// let theta = Sampling::GaussLegendre.colatitudes(4)?[1];
/// let exact = (3.0 / (8.0 * std::f64::consts::PI)).sqrt() * theta.sin();
/// assert!((signal[[1, 2]] - exact).norm() < 4.0 * f64::EPSILON);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// Goldberg67, Eqs. (2.5), (3.1); MW11.
pub struct SpinPlan {
    grid: GridTransform<SpinTables>,
    spin: i32,
}

/// The largest spin.
pub const MAX_SPIN: u32 = 1 << 10;

impl SpinPlan {
    /// Plans the transform on the grid of a sampling with `2L − 1` longitudes.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if the band limit is 0 or too large, or the spin is not below it or above [`MAX_SPIN`].
    pub fn new(band_limit: usize, spin: i32, sampling: Sampling) -> Result<Self> {
        check_band_limit(band_limit)?;
        Self::with_longitudes(band_limit, spin, sampling, 2 * band_limit - 1)
    }

    /// Plans the transform with a given number of longitudes, at least `2L − 1`.
    ///
    /// # Errors
    /// As [`SpinPlan::new`], and for a number of longitudes out of range.
    pub fn with_longitudes(
        band_limit: usize,
        spin: i32,
        sampling: Sampling,
        longitudes: usize,
    ) -> Result<Self> {
        check_band_limit(band_limit)?;
        check_longitudes(band_limit, longitudes)?;
        if spin.unsigned_abs() > MAX_SPIN || spin.unsigned_abs() as usize >= band_limit {
            return Err(Error::invalid(
                "spin",
                spin,
                format!("of modulus below the band limit, {band_limit}, and at most {MAX_SPIN}"),
            ));
        }
        let rings = Rings::product(sampling, band_limit, longitudes)?;
        let extended = sampling == Sampling::McEwenWiaux;
        let mut planner = FftPlanner::new();
        let core = RingTransform::new(band_limit, rings, extended, &mut planner, |pairs| {
            SpinTables::new(band_limit, i64::from(spin), &pairs.colatitude)
        });
        Ok(SpinPlan {
            grid: GridTransform::new(core, sampling)?,
            spin,
        })
    }

    /// Returns the band limit L (exclusive).
    pub fn band_limit(&self) -> usize {
        self.grid.band_limit
    }

    /// Returns the spin s.
    pub fn spin(&self) -> i32 {
        self.spin
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

    /// Makes an array of coefficients, all zero.
    pub fn make_coeffs(&self) -> Array2<Complex64> {
        Array2::zeros(self.coeffs_shape())
    }

    /// Makes the working memory of the `*_into` methods.
    pub fn make_scratch(&self) -> ShtScratch {
        let mut scratch = ShtScratch::default();
        scratch.fit::<Complex64, _>(&self.grid.core);
        scratch
    }

    /// Makes working memory with which calls share the work among the threads of the current `rayon` pool.
    pub fn make_parallel_scratch(&self) -> ShtScratch {
        let mut scratch = self.make_scratch();
        scratch.ring.parallel = true;
        scratch
    }

    /// Computes the coefficients of a sampled signal, allocating the result.
    ///
    /// # Errors
    /// As [`SpinPlan::forward_into`].
    pub fn forward<T>(&self, signal: ArrayView2<'_, Complex<T>>) -> Result<Array2<Complex64>>
    where
        Complex<T>: Sample,
    {
        let mut coeffs = self.make_coeffs();
        self.forward_into(signal, coeffs.view_mut(), &mut self.make_scratch())?;
        Ok(coeffs)
    }

    /// Computes the samples of a signal from its coefficients, allocating the result.
    ///
    /// # Errors
    /// As [`SpinPlan::inverse_into`].
    pub fn inverse<T>(&self, coeffs: ArrayView2<'_, Complex64>) -> Result<Array2<Complex<T>>>
    where
        Complex<T>: Sample,
        T: Clone,
    {
        let mut signal = Array2::from_elem(self.signal_shape(), Complex::<T>::default());
        self.inverse_into(coeffs, signal.view_mut(), &mut self.make_scratch())?;
        Ok(signal)
    }

    /// Computes the coefficients of a sampled signal.
    ///
    /// ```math
    /// \hat f_{\ell m} = \int_{S^2} {}_sf \, \overline{{}_sY_{\ell m}} \, d\Omega
    /// ```
    /// Shapes as for [`ShtPlan::forward_into`](super::ShtPlan::forward_into).
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::NotFinite`].
    pub fn forward_into<T>(
        &self,
        signal: ArrayView2<'_, Complex<T>>,
        coeffs: ArrayViewMut2<'_, Complex64>,
        scratch: &mut ShtScratch,
    ) -> Result<()>
    where
        Complex<T>: Sample,
    {
        let weights = Some(&self.grid.weights[..]);
        self.grid.analyse(signal, false, weights, coeffs, scratch)
    }

    /// Computes the samples of a signal from its coefficients; entries with $`|m| > \ell`$ or $`\ell < |s|`$ are not used.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::NotFinite`].
    pub fn inverse_into<T>(
        &self,
        coeffs: ArrayView2<'_, Complex64>,
        signal: ArrayViewMut2<'_, Complex<T>>,
        scratch: &mut ShtScratch,
    ) -> Result<()>
    where
        Complex<T>: Sample,
    {
        self.grid.synthesise(coeffs, false, None, signal, scratch)
    }

    /// Applies the adjoint of [`SpinPlan::inverse_into`]: sums over the samples without weights.
    ///
    /// # Errors
    /// As [`SpinPlan::forward_into`].
    pub fn inverse_adjoint_into<T>(
        &self,
        signal: ArrayView2<'_, Complex<T>>,
        coeffs: ArrayViewMut2<'_, Complex64>,
        scratch: &mut ShtScratch,
    ) -> Result<()>
    where
        Complex<T>: Sample,
    {
        self.grid.analyse(signal, true, None, coeffs, scratch)
    }

    /// Applies the adjoint of [`SpinPlan::forward_into`]: synthesis, times the weights of the quadrature.
    ///
    /// # Errors
    /// As [`SpinPlan::inverse_into`].
    pub fn forward_adjoint_into<T>(
        &self,
        coeffs: ArrayView2<'_, Complex64>,
        signal: ArrayViewMut2<'_, Complex<T>>,
        scratch: &mut ShtScratch,
    ) -> Result<()>
    where
        Complex<T>: Sample,
    {
        let weights = Some(&self.grid.weights[..]);
        self.grid.synthesise(coeffs, true, weights, signal, scratch)
    }
}

impl fmt::Debug for SpinPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpinPlan")
            .field("band_limit", &self.band_limit())
            .field("spin", &self.spin)
            .field("sampling", &self.sampling())
            .finish_non_exhaustive()
    }
}

/// Computes gradients of scalar signals on a grid: a transform of spin one.
///
/// # Examples
/// ```
/// use haarmonic::sphere::{Gradient, Sampling, coefficients};
/// let gradient = Gradient::new(2, Sampling::GaussLegendre)?;
/// let mut f = coefficients::zeros(2)?;
/// f[[1, 1]] = 1.0.into();                                         // Y₁₀ = √(3/4π) cos θ
/// let [along_theta, along_phi] = gradient.real(f.view())?;
/// let theta = Sampling::GaussLegendre.colatitudes(2)?[0];
/// let exact = -(3.0 / (4.0 * std::f64::consts::PI)).sqrt() * theta.sin();
/// assert!((along_theta[[0, 2]] - exact).abs() < 4.0 * f64::EPSILON && along_phi[[0, 2]].abs() < 4.0 * f64::EPSILON);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug)]
pub struct Gradient {
    plan: SpinPlan,
}

impl Gradient {
    /// Plans gradients on the grid of a sampling with `2L − 1` longitudes.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if the band limit is below 2 (a constant has no gradient) or too large.
    pub fn new(band_limit: usize, sampling: Sampling) -> Result<Self> {
        Ok(Gradient {
            plan: SpinPlan::new(band_limit, 1, sampling)?,
        })
    }

    /// Plans gradients with a given number of longitudes, at least `2L − 1`.
    ///
    /// # Errors
    /// As [`Gradient::new`], and for a number of longitudes out of range.
    pub fn with_longitudes(
        band_limit: usize,
        sampling: Sampling,
        longitudes: usize,
    ) -> Result<Self> {
        Ok(Gradient {
            plan: SpinPlan::with_longitudes(band_limit, 1, sampling, longitudes)?,
        })
    }

    /// Returns the plan of spin one.
    pub fn plan(&self) -> &SpinPlan {
        &self.plan
    }

    /// Computes $`[\partial_\theta f, \tfrac{1}{\sin\theta} \partial_\varphi f]`$ of a real signal at the samples.
    ///
    /// At a pole the second one is the limit along each meridian.
    ///
    /// # Arguments
    /// * `coeffs` — shape `[L, 2L − 1]`, those of a real signal, with both signs of m
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::NotFinite`].
    pub fn real(&self, coeffs: ArrayView2<'_, Complex64>) -> Result<[Array2<f64>; 2]> {
        let raised = self.raise(coeffs)?;
        Ok([
            raised.mapv(|value| -value.re),
            raised.mapv(|value| -value.im),
        ])
    }

    /// Computes $`[\partial_\theta f, \tfrac{1}{\sin\theta} \partial_\varphi f]`$ of a complex signal at the samples.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::NotFinite`].
    pub fn complex(&self, coeffs: ArrayView2<'_, Complex64>) -> Result<[Array2<Complex64>; 2]> {
        let limit = coefficients::band_limit(coeffs)?;
        // The conjugate signal has the coefficients (−1)^m conj f_{l,−m}.
        let conjugate = Array2::from_shape_fn(coeffs.dim(), |(l, k)| {
            sign(k + limit + 1) * coeffs[[l, 2 * limit - 2 - k]].conj()
        });
        let raised = self.raise(coeffs)?;
        let mut lowered = self.raise(conjugate.view())?;
        lowered.mapv_inplace(|value| value.conj());
        // ð = −(∂_θ + i/sin θ ∂_φ), and its conjugate
        let along_theta = Zip::from(&raised)
            .and(&lowered)
            .map_collect(|a, b| -0.5 * (a + b));
        let along_phi = Zip::from(&raised)
            .and(&lowered)
            .map_collect(|a, b| Complex64::new(0.0, 0.5) * (a - b));
        Ok([along_theta, along_phi])
    }

    /// $`\eth f`$ at the samples.
    fn raise(&self, coeffs: ArrayView2<'_, Complex64>) -> Result<Array2<Complex64>> {
        let mut raised = coeffs.to_owned();
        for (l, mut row) in raised.rows_mut().into_iter().enumerate() {
            let factor = ((l * (l + 1)) as f64).sqrt();
            row.mapv_inplace(|value| factor * value);
        }
        self.plan.inverse(raised.view())
    }
}
