//! Gradients of scalar signals.

use super::plan_methods::sphere_verbs;
use super::sample::Sample;
use super::spin::spin_transform;
use super::spin_tables::SpinTables;
use super::verbs::{Form, Transform, sampling_grid};
use crate::sphere::axes::replace_axes;
use crate::sphere::grid::Grid;
use crate::sphere::limits::{Limits, check_band_limit};
use crate::sphere::sampling::Sampling;
use crate::{Error, Result};
use ndarray::{Array, ArrayView, Dimension, RemoveAxis};
use num_complex::Complex64;
use std::fmt;

/// An immutable plan of gradients of scalar signals on a grid, by a transform of spin one.
///
/// ```math
/// (\hat f_{\ell m}) \mapsto \bigl(\partial_\theta f, \; \tfrac{1}{\sin\theta} \partial_\varphi f\bigr)
/// ```
/// [`Gradient::inverse_into`] computes gradients from coefficients. [`Gradient::forward_into`] goes back: it computes the coefficients
/// of the scalar without mean whose gradient is the gradient part of a vector field. At a pole the second component is the limit along
/// each meridian.
///
/// | array | axes |
/// |---|---|
/// | vector field, real or complex | `[.., 2, rings, longitudes]`, components along θ and φ |
/// | coefficients of the scalar, full layout | `[.., L, 2L − 1]`, entry `[l, m + L − 1]` |
/// | coefficients m ≥ 0 of a real scalar, half layout | `[.., L (L + 1) / 2]`, entry `m (2L − 1 − m) / 2 + l` |
///
/// Leading axes are a batch. Conventions: see [`crate::conventions`].
///
/// # Cost and accuracy
/// A transform of a [`SpinPlan`](crate::sphere::SpinPlan), two of them for complex fields.
///
/// # Examples
/// ```
/// use haarmonic::sphere::{Gradient, Sampling, coefficients};
/// use ndarray::Array3;
/// let gradient = Gradient::new(2, Sampling::GaussLegendre)?;
/// let mut f = coefficients::zeros(2)?;
/// f[[1, 1]] = 1.0.into();                                         // Y₁₀ = √(3/4π) cos θ
/// let field: Array3<f64> = gradient.inverse(f.view())?;
/// let theta = Sampling::GaussLegendre.colatitudes(2)?[0];
/// let exact = -(3.0 / (4.0 * std::f64::consts::PI)).sqrt() * theta.sin();
/// assert!((field[[0, 0, 2]] - exact).abs() < 4.0 * f64::EPSILON && field[[1, 0, 2]].abs() < 4.0 * f64::EPSILON);
/// assert!((gradient.forward(field.view())?[[1, 1]] - f[[1, 1]]).norm() < 8.0 * f64::EPSILON);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub struct Gradient {
    grid: Grid,
    pub(super) transform: Transform<SpinTables>,
}

sphere_verbs!(Gradient, f64);

impl Gradient {
    /// Plans gradients on the grid of a sampling with `2L − 1` longitudes.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) if the band limit is below 2 (a constant has no gradient) or too large.
    pub fn new(band_limit: usize, sampling: Sampling) -> Result<Self> {
        check_band_limit(band_limit)?;
        Self::with_longitudes(band_limit, sampling, 2 * band_limit - 1)
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
        check_gradient(band_limit)?;
        Self::on_grid(
            band_limit,
            &sampling_grid(band_limit, sampling, longitudes)?,
        )
    }

    /// Plans gradients on a grid.
    ///
    /// # Errors
    /// As [`Gradient::new`], and if the band limit is above the [largest](Grid::max_band_limit) of the grid.
    pub fn on_grid(band_limit: usize, grid: &Grid) -> Result<Self> {
        Self::with_orders(band_limit, band_limit, grid)
    }

    /// Plans gradients of signals with orders |m| < N ≤ L on a grid, at least `2N − 1` longitudes; the coefficients have shape
    /// `[.., L, 2N − 1]` or `[.., N (2L + 1 − N) / 2]`.
    ///
    /// # Errors
    /// As [`Gradient::on_grid`], and for an order limit that is 0 or above the band limit.
    pub fn with_orders(band_limit: usize, order_limit: usize, grid: &Grid) -> Result<Self> {
        check_gradient(band_limit)?;
        let limits = Limits::new(band_limit, order_limit)?;
        Ok(Gradient {
            grid: *grid,
            transform: spin_transform(Form::Gradient, limits, 1, grid)?,
        })
    }

    /// Returns the grid.
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// Returns the sampling whose rings the grid has, if there is one.
    pub fn sampling(&self) -> Option<Sampling> {
        Sampling::of(&self.grid, self.band_limit())
    }

    /// Returns the shape of one vector field, `[2, rings, longitudes]`.
    pub fn signal_shape(&self) -> [usize; 3] {
        let [rings, longitudes] = self.transform.grid_shape();
        [2, rings, longitudes]
    }

    /// Computes the coefficients of the scalars whose gradients are sampled, in the full layout, allocating the result.
    ///
    /// # Errors
    /// As [`Gradient::forward_into`].
    pub fn forward<T: Sample, D: RemoveAxis>(
        &self,
        signal: ArrayView<'_, T, D>,
    ) -> Result<Array<Complex64, D::Smaller>> {
        let shape: D::Smaller = replace_axes("signal", signal.shape(), 3, &self.coeffs_shape())?;
        let mut coeffs = Array::zeros(shape);
        self.forward_into(signal, coeffs.view_mut(), &mut self.make_scratch())?;
        Ok(coeffs)
    }

    /// Computes gradients from the coefficients of scalars in the full layout, allocating the result.
    ///
    /// # Errors
    /// As [`Gradient::inverse_into`].
    pub fn inverse<T: Sample, D: Dimension>(
        &self,
        coeffs: ArrayView<'_, Complex64, D>,
    ) -> Result<Array<T, D::Larger>> {
        let shape: D::Larger =
            replace_axes("coefficients", coeffs.shape(), 2, &self.signal_shape())?;
        let mut signal = Array::from_elem(shape, T::default());
        self.inverse_into(coeffs, signal.view_mut(), &mut self.make_scratch())?;
        Ok(signal)
    }
}

/// Accepts the band limits of plans of gradients.
pub(in crate::sphere) fn check_gradient(band_limit: usize) -> Result<()> {
    check_band_limit(band_limit)?;
    if band_limit > 1 {
        return Ok(());
    }
    Err(Error::invalid(
        "band limit of a gradient",
        band_limit,
        "2 or more: a constant has no gradient",
    ))
}

impl fmt::Debug for Gradient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gradient")
            .field("band_limit", &self.band_limit())
            .field("grid", &self.grid)
            .finish()
    }
}
