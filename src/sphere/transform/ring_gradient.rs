//! Gradients of scalar signals on arbitrary rings.

use super::gradient::check_gradient;
use super::plan_methods::sphere_verbs;
use super::sample::Sample;
use super::spin_tables::SpinTables;
use super::verbs::{Form, Transform};
use crate::Result;
use crate::sphere::axes::replace_axes;
use crate::sphere::limits::Limits;
use crate::sphere::rings::Rings;
use ndarray::{Array, ArrayView, Dimension};
use num_complex::Complex64;
use std::fmt;

/// An immutable plan of gradients of scalar signals on arbitrary [`Rings`]; on a grid see [`Gradient`](super::Gradient).
///
/// ```math
/// (\hat f_{\ell m}) \mapsto \bigl(\partial_\theta f, \; \tfrac{1}{\sin\theta} \partial_\varphi f\bigr)
/// ```
/// | array | axes |
/// |---|---|
/// | vector field, real or complex | `[.., 2, samples]`, components along θ and φ, ring after ring |
/// | coefficients of the scalar, full layout | `[.., L, 2L − 1]`, entry `[l, m + L − 1]` |
/// | coefficients m ≥ 0 of a real scalar, half layout | `[.., L (L + 1) / 2]`, entry `m (2L − 1 − m) / 2 + l` |
///
/// Leading axes are a batch. [`RingGradient::forward_into`] needs the weights of a quadrature ([`RingGradient::with_weights`]).
/// Conventions: see [`crate::conventions`].
///
/// # Cost and accuracy
/// O(R L²) time for R rings.
///
/// # Examples
/// ```
/// use haarmonic::sphere::{RingGradient, Rings, coefficients};
/// use ndarray::Array2;
/// let gradient = RingGradient::new(Rings::healpix(4)?, 8)?;
/// let mut f = coefficients::zeros(8)?;
/// f[[1, 7]] = 1.0.into();                                         // Y₁₀ = √(3/4π) cos θ
/// let field: Array2<f64> = gradient.inverse(f.view())?;
/// let theta = gradient.rings().rings()[0].colatitude;
/// let exact = -(3.0 / (4.0 * std::f64::consts::PI)).sqrt() * theta.sin();
/// assert!((field[[0, 2]] - exact).abs() < 4.0 * f64::EPSILON && field[[1, 2]].abs() < 4.0 * f64::EPSILON);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub struct RingGradient {
    pub(super) transform: Transform<SpinTables>,
}

sphere_verbs!(RingGradient, f64);

impl RingGradient {
    /// Plans gradients of signals of a band limit on rings.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) if the band limit is below 2 (a constant has no gradient) or too large.
    pub fn new(rings: Rings, band_limit: usize) -> Result<Self> {
        Self::with_orders(rings, band_limit, band_limit)
    }

    /// Plans gradients of signals with orders |m| < N ≤ L on rings; the coefficients have shape `[.., L, 2N − 1]` or
    /// `[.., N (2L + 1 − N) / 2]`.
    ///
    /// # Errors
    /// As [`RingGradient::new`], and for an order limit that is 0 or above the band limit.
    pub fn with_orders(rings: Rings, band_limit: usize, order_limit: usize) -> Result<Self> {
        check_gradient(band_limit)?;
        let limits = Limits::new(band_limit, order_limit)?;
        let transform = Transform::on_rings(Form::Gradient, limits, rings, |pairs| {
            SpinTables::new(limits, 1, &pairs.colatitude)
        });
        Ok(RingGradient { transform })
    }

    /// Sets the quadrature of [`RingGradient::forward_into`]: the solid angle of a sample for each ring.
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

    /// Computes gradients from the coefficients of scalars in the full layout, allocating the result.
    ///
    /// # Errors
    /// As [`RingGradient::inverse_into`].
    pub fn inverse<T: Sample, D: Dimension>(
        &self,
        coeffs: ArrayView<'_, Complex64, D>,
    ) -> Result<Array<T, D>> {
        let field = [2, self.rings().samples()];
        let shape: D = replace_axes("coefficients", coeffs.shape(), 2, &field)?;
        let mut signal = Array::from_elem(shape, T::default());
        self.inverse_into(coeffs, signal.view_mut(), &mut self.make_scratch())?;
        Ok(signal)
    }
}

impl fmt::Debug for RingGradient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RingGradient")
            .field("band_limit", &self.band_limit())
            .field("rings", &self.rings().rings().len())
            .finish_non_exhaustive()
    }
}
