//! Plans of the spherical-harmonic transform on any set of rings.

use super::legendre_tables::LegendreTables;
use super::plan_methods::sphere_verbs;
use super::sample::Sample;
use super::verbs::{Form, Transform};
use crate::Result;
use crate::sphere::axes::replace_axes;
use crate::sphere::limits::Limits;
use crate::sphere::rings::Rings;
use ndarray::{Array, ArrayView, Dimension, RemoveAxis};
use num_complex::Complex64;
use std::fmt;

/// An immutable plan of the spherical-harmonic transform on arbitrary [`Rings`], for one band limit.
///
/// Orders beyond a ring's number of longitudes are aliased there, exactly as the samples of the function are. Rings that are mirror
/// images about the equator share the work.
///
/// | array | axes |
/// |---|---|
/// | signal | `[.., samples]`, ring after ring ([`Rings::samples`]) |
/// | coefficients, full layout | `[.., L, 2L − 1]`, entry `[l, m + L − 1]` |
/// | coefficients m ≥ 0 of real signals, half layout | `[.., L (L + 1) / 2]`, entry `m (2L − 1 − m) / 2 + l` |
///
/// Leading axes are a batch. [`RingPlan::forward_into`] needs the weights of a quadrature ([`RingPlan::with_weights`]); where that is
/// not exact, as on the HEALPix grid, [`iterated_analysis`](super::iterated_analysis) improves its result. Directions that read a
/// signal refuse masked samples ([`UNSEEN`](crate::sphere::UNSEEN)) with [`Error::InvalidValue`](crate::Error::InvalidValue);
/// [`masked_to`](crate::sphere::masked_to) replaces these, and NaN. Conventions: see [`crate::conventions`].
///
/// # Cost and accuracy
/// O(R L²) time for R rings.
///
/// # Examples
/// A map on the HEALPix grid:
/// ```
/// use haarmonic::sphere::{RingPlan, Rings, iterated_analysis};
/// use ndarray::Array1;
/// let weights = vec![4.0 * std::f64::consts::PI / 768.0; 31];     // equal areas
/// let plan = RingPlan::new(Rings::healpix(8)?, 16)?.with_weights(&weights)?;
/// let mut coeffs = plan.make_coeffs();
/// coeffs[[3, 15]] = 1.0.into();                                  // Y_30
/// let map: Array1<f64> = plan.inverse(coeffs.view())?;
/// assert!((plan.forward(map.view())?[[3, 15]].re - 1.0).abs() < 1e-2);
/// let (back, change) = iterated_analysis(&plan, map.view(), 3)?;
/// assert!((back[[3, 15]].re - 1.0).abs() < 2e-5 && change < 1e-3);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub struct RingPlan {
    pub(super) transform: Transform<LegendreTables>,
}

sphere_verbs!(RingPlan, f64);

impl RingPlan {
    /// Plans the transform of signals of a band limit on rings.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) if the band limit is 0 or too large.
    pub fn new(rings: Rings, band_limit: usize) -> Result<Self> {
        Self::with_orders(rings, band_limit, band_limit)
    }

    /// Plans the transform of signals with orders |m| < N ≤ L on rings; the coefficients have shape `[.., L, 2N − 1]` or
    /// `[.., N (2L + 1 − N) / 2]`. (`mmax` of healpy and ducc0 is N − 1.)
    ///
    /// # Errors
    /// As [`RingPlan::new`], and for an order limit that is 0 or above the band limit.
    pub fn with_orders(rings: Rings, band_limit: usize, order_limit: usize) -> Result<Self> {
        let limits = Limits::new(band_limit, order_limit)?;
        let transform = Transform::on_rings(Form::Scalar, limits, rings, |pairs| {
            LegendreTables::of(limits, pairs)
        });
        Ok(RingPlan { transform })
    }

    /// Sets the quadrature of [`RingPlan::forward_into`]: the solid angle of a sample for each ring, $`4\pi/(12 nside^2)`$ on the
    /// HEALPix grid.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) unless there is one weight for each ring,
    /// [`Error::NotFinite`](crate::Error::NotFinite) if one is NaN or infinite.
    pub fn with_weights(mut self, weights: &[f64]) -> Result<Self> {
        self.transform.set_weights(weights)?;
        Ok(self)
    }

    /// Returns the rings.
    pub fn rings(&self) -> &Rings {
        &self.transform.core.fourier.rings
    }

    /// Computes the coefficients of sampled signals in the full layout, allocating the result.
    ///
    /// # Errors
    /// As [`RingPlan::forward_into`].
    pub fn forward<T: Sample, D: Dimension>(
        &self,
        signal: ArrayView<'_, T, D>,
    ) -> Result<Array<Complex64, D::Larger>> {
        let shape: D::Larger = replace_axes("signal", signal.shape(), 1, &self.coeffs_shape())?;
        let mut coeffs = Array::zeros(shape);
        self.forward_into(signal, coeffs.view_mut(), &mut self.make_scratch())?;
        Ok(coeffs)
    }

    /// Computes the samples of signals from coefficients in the full layout, allocating the result.
    ///
    /// # Errors
    /// As [`RingPlan::inverse_into`].
    pub fn inverse<T: Sample, D: RemoveAxis>(
        &self,
        coeffs: ArrayView<'_, Complex64, D>,
    ) -> Result<Array<T, D::Smaller>> {
        let samples = [self.rings().samples()];
        let shape: D::Smaller = replace_axes("coefficients", coeffs.shape(), 2, &samples)?;
        let mut signal = Array::from_elem(shape, T::default());
        self.inverse_into(coeffs, signal.view_mut(), &mut self.make_scratch())?;
        Ok(signal)
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
