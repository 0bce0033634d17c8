//! The transform of spin-weighted functions on arbitrary rings.

use super::plan_methods::sphere_verbs;
use super::sample::Sample;
use super::spin::check_spin;
use super::spin_tables::SpinTables;
use super::verbs::{Form, Transform};
use crate::Result;
use crate::sphere::axes::replace_axes;
use crate::sphere::limits::Limits;
use crate::sphere::rings::Rings;
use ndarray::{Array, ArrayView, Dimension, RemoveAxis};
use num_complex::{Complex, Complex64};
use std::fmt;

/// An immutable plan of the transform of functions of one spin weight s on arbitrary [`Rings`]; on a grid see
/// [`SpinPlan`](super::SpinPlan), which defines the functions and the modes E and B.
///
/// Orders beyond a ring's number of longitudes are aliased there, exactly as the samples of the function are.
///
/// | samples | signal | coefficients |
/// |---|---|---|
/// | complex | `[.., samples]`, ring after ring | full layout: `[.., L, 2L − 1]`, entry `[l, m + L − 1]` |
/// | real | `[.., 2, samples]`: real and imaginary part, Q and U of polarisation | half layout: `[.., 2, L (L + 1) / 2]`, modes E and B, entries `m (2L − 1 − m) / 2 + l` |
///
/// On the HEALPix grid Q, U, E and B are those of healpy (`alm2map_spin`, the polarisation of `alm2map`): θ points south and φ east,
/// the convention COSMO. IAU has the other sign of U. Leading axes are a batch. [`SpinRingPlan::forward_into`] needs the weights of a
/// quadrature ([`SpinRingPlan::with_weights`]); where that is not exact, [`iterated_analysis`](super::iterated_analysis) and
/// [`least_squares_analysis`](super::least_squares_analysis) improve its result. Directions that read a signal refuse masked samples
/// ([`UNSEEN`](crate::sphere::UNSEEN)) with [`Error::InvalidValue`](crate::Error::InvalidValue).
/// Conventions: see [`crate::conventions`].
///
/// # Cost and accuracy
/// O(R L²) time for R rings; about four times a real scalar transform.
///
/// # Examples
/// ```
/// use haarmonic::sphere::{Rings, SpinRingPlan};
/// use ndarray::Array2;
/// let plan = SpinRingPlan::new(Rings::healpix(4)?, 8, 2)?;
/// let mut modes = Array2::zeros((2, plan.half_len()));
/// modes[[0, 2]] = 1.0.into();                                    // E₂₀
/// let mut map = Array2::<f64>::zeros((2, plan.rings().samples()));
/// plan.inverse_into(modes.view(), map.view_mut(), &mut plan.make_scratch())?;
/// let theta = plan.rings().rings()[0].colatitude;
/// let exact = -(15.0 / (32.0 * std::f64::consts::PI)).sqrt() * theta.sin().powi(2);
/// assert!((map[[0, 2]] - exact).abs() < 4.0 * f64::EPSILON && map[[1, 2]].abs() < 4.0 * f64::EPSILON);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// Goldberg67; Gorski05.
pub struct SpinRingPlan {
    spin: i32,
    pub(super) transform: Transform<SpinTables>,
}

sphere_verbs!(SpinRingPlan, ::num_complex::Complex64);

impl SpinRingPlan {
    /// Plans the transform of functions of a band limit and a spin on rings.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) if the band limit is 0 or too large, or the spin is not below it or above
    /// [`MAX_SPIN`](super::MAX_SPIN).
    pub fn new(rings: Rings, band_limit: usize, spin: i32) -> Result<Self> {
        Self::with_orders(rings, band_limit, band_limit, spin)
    }

    /// Plans the transform of functions with orders |m| < N ≤ L on rings; the coefficients have shape `[.., L, 2N − 1]` or
    /// `[.., 2, N (2L + 1 − N) / 2]`.
    ///
    /// # Errors
    /// As [`SpinRingPlan::new`], and for an order limit that is 0 or above the band limit.
    pub fn with_orders(
        rings: Rings,
        band_limit: usize,
        order_limit: usize,
        spin: i32,
    ) -> Result<Self> {
        let limits = Limits::new(band_limit, order_limit)?;
        check_spin(band_limit, spin)?;
        let transform = Transform::on_rings(Form::Spin, limits, rings, |pairs| {
            SpinTables::new(limits, i64::from(spin), &pairs.colatitude)
        });
        Ok(SpinRingPlan { spin, transform })
    }

    /// Sets the quadrature of [`SpinRingPlan::forward_into`]: the solid angle of a sample for each ring, $`4\pi/(12 nside^2)`$ on the
    /// HEALPix grid.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) unless there is one weight for each ring,
    /// [`Error::NotFinite`](crate::Error::NotFinite) if one is NaN or infinite.
    pub fn with_weights(mut self, weights: &[f64]) -> Result<Self> {
        self.transform.set_weights(weights)?;
        Ok(self)
    }

    /// Returns the spin s.
    pub fn spin(&self) -> i32 {
        self.spin
    }

    /// Returns the rings.
    pub fn rings(&self) -> &Rings {
        &self.transform.core.fourier.rings
    }

    /// Computes the coefficients of sampled complex signals, allocating the result.
    ///
    /// # Errors
    /// As [`SpinRingPlan::forward_into`].
    pub fn forward<T, D: Dimension>(
        &self,
        signal: ArrayView<'_, Complex<T>, D>,
    ) -> Result<Array<Complex64, D::Larger>>
    where
        Complex<T>: Sample,
    {
        let shape: D::Larger = replace_axes("signal", signal.shape(), 1, &self.coeffs_shape())?;
        let mut coeffs = Array::zeros(shape);
        self.forward_into(signal, coeffs.view_mut(), &mut self.make_scratch())?;
        Ok(coeffs)
    }

    /// Computes the samples of complex signals from their coefficients, allocating the result.
    ///
    /// # Errors
    /// As [`SpinRingPlan::inverse_into`].
    pub fn inverse<T, D: RemoveAxis>(
        &self,
        coeffs: ArrayView<'_, Complex64, D>,
    ) -> Result<Array<Complex<T>, D::Smaller>>
    where
        Complex<T>: Sample,
    {
        let samples = [self.rings().samples()];
        let shape: D::Smaller = replace_axes("coefficients", coeffs.shape(), 2, &samples)?;
        let mut signal = Array::from_elem(shape, Complex::<T>::default());
        self.inverse_into(coeffs, signal.view_mut(), &mut self.make_scratch())?;
        Ok(signal)
    }
}

impl fmt::Debug for SpinRingPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpinRingPlan")
            .field("band_limit", &self.band_limit())
            .field("spin", &self.spin)
            .field("rings", &self.rings().rings().len())
            .finish_non_exhaustive()
    }
}
