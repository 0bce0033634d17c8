//! The transform of spin-weighted functions.

use super::plan_methods::sphere_verbs;
use super::sample::Sample;
use super::spin_tables::SpinTables;
use super::verbs::{Form, Transform, sampling_grid};
use crate::sphere::axes::replace_axes;
use crate::sphere::grid::Grid;
use crate::sphere::limits::{Limits, check_band_limit};
use crate::sphere::sampling::Sampling;
use crate::{Error, Result};
use ndarray::{Array, ArrayView, Dimension};
use num_complex::{Complex, Complex64};
use rustfft::FftPlanner;
use std::fmt;

/// An immutable plan of the transform of functions of one spin weight s, for one band limit and grid; on any rings see
/// [`SpinRingPlan`](super::SpinRingPlan).
///
/// ```math
/// {}_sY_{\ell m}(\theta, \varphi) = (-1)^s \sqrt{\tfrac{2\ell+1}{4\pi}} \; d^\ell_{m,-s}(\theta) \, e^{im\varphi} , \qquad
/// {}_sf = \sum_{\ell = |s|}^{L-1} \sum_{|m| \le \ell} \hat f_{\ell m} \, {}_sY_{\ell m}
/// ```
/// The functions are orthonormal for each s, $`{}_0Y_{\ell m} = Y_{\ell m}`$, and the operator
/// $`\eth f = -\sin^s\theta \, (\partial_\theta + \tfrac{i}{\sin\theta} \partial_\varphi) \, (\sin^{-s}\theta \, f)`$ raises the spin,
/// $`\eth \, {}_sY_{\ell m} = \sqrt{(\ell-s)(\ell+s+1)} \; {}_{s+1}Y_{\ell m}`$.
///
/// | samples | signal | coefficients |
/// |---|---|---|
/// | complex | `[.., rings, longitudes]` | full layout: `[.., L, 2L − 1]`, entry `[l, m + L − 1]` |
/// | real | `[.., 2, rings, longitudes]`: real and imaginary part, Q and U of polarisation | half layout: `[.., 2, L (L + 1) / 2]`, gradient and curl modes E and B, entries `m (2L − 1 − m) / 2 + l` |
///
/// ```math
/// {}_sf = Q + iU = -\sum_{\ell m} (E_{\ell m} + i B_{\ell m}) \, {}_sY_{\ell m} , \qquad
/// E_{\ell,-m} = (-1)^m \overline{E_{\ell m}} , \quad B_{\ell,-m} = (-1)^m \overline{B_{\ell m}}
/// ```
/// For s > 0 these are the modes of healpy and ducc0 (`alm2map_spin`). Leading axes are a batch; coefficients below degree |s| are
/// not used, or zero. Conventions: see [`crate::conventions`].
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
    spin: i32,
    grid: Grid,
    pub(super) transform: Transform<SpinTables>,
}

sphere_verbs!(SpinPlan, ::num_complex::Complex64);

/// The largest modulus of the spin of a [`SpinPlan`]; it must also be below the band limit.
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
        Self::on_grid(
            band_limit,
            spin,
            &sampling_grid(band_limit, sampling, longitudes)?,
        )
    }

    /// Plans the transform on a grid.
    ///
    /// # Errors
    /// As [`SpinPlan::new`], and if the band limit is above the [largest](Grid::max_band_limit) of the grid.
    pub fn on_grid(band_limit: usize, spin: i32, grid: &Grid) -> Result<Self> {
        Self::with_orders(band_limit, band_limit, spin, grid)
    }

    /// Plans the transform of signals with orders |m| < N ≤ L on a grid, at least `2N − 1` longitudes.
    ///
    /// Coefficients have shape `[.., L, 2N − 1]`, entry `[l, m + N − 1]`, or `[.., 2, N (2L + 1 − N) / 2]`, the first entries of the half layout.
    ///
    /// # Errors
    /// As [`SpinPlan::on_grid`], and for an order limit that is 0 or above the band limit.
    pub fn with_orders(
        band_limit: usize,
        order_limit: usize,
        spin: i32,
        grid: &Grid,
    ) -> Result<Self> {
        let limits = Limits::new(band_limit, order_limit)?;
        let transform = spin_transform(Form::Spin, limits, spin, grid)?;
        Ok(SpinPlan {
            spin,
            grid: *grid,
            transform,
        })
    }

    /// Returns the spin s.
    pub fn spin(&self) -> i32 {
        self.spin
    }

    /// Returns the grid.
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// Returns the sampling whose rings the grid has, if there is one.
    pub fn sampling(&self) -> Option<Sampling> {
        Sampling::of(&self.grid, self.band_limit())
    }

    /// Returns the shape of one complex signal, `[rings, longitudes]`.
    pub fn signal_shape(&self) -> [usize; 2] {
        self.transform.grid_shape()
    }

    /// Computes the coefficients of sampled complex signals, allocating the result.
    ///
    /// # Errors
    /// As [`SpinPlan::forward_into`].
    pub fn forward<T, D: Dimension>(
        &self,
        signal: ArrayView<'_, Complex<T>, D>,
    ) -> Result<Array<Complex64, D>>
    where
        Complex<T>: Sample,
    {
        let shape: D = replace_axes("signal", signal.shape(), 2, &self.coeffs_shape())?;
        let mut coeffs = Array::zeros(shape);
        self.forward_into(signal, coeffs.view_mut(), &mut self.make_scratch())?;
        Ok(coeffs)
    }

    /// Computes the samples of complex signals from their coefficients, allocating the result.
    ///
    /// # Errors
    /// As [`SpinPlan::inverse_into`].
    pub fn inverse<T, D: Dimension>(
        &self,
        coeffs: ArrayView<'_, Complex64, D>,
    ) -> Result<Array<Complex<T>, D>>
    where
        Complex<T>: Sample,
    {
        let shape: D = replace_axes("coefficients", coeffs.shape(), 2, &self.signal_shape())?;
        let mut signal = Array::from_elem(shape, Complex::<T>::default());
        self.inverse_into(coeffs, signal.view_mut(), &mut self.make_scratch())?;
        Ok(signal)
    }
}

/// Accepts the spins of plans of a band limit, which it accepts, too.
pub(in crate::sphere) fn check_spin(band_limit: usize, spin: i32) -> Result<()> {
    check_band_limit(band_limit)?;
    if spin.unsigned_abs() <= MAX_SPIN && (spin.unsigned_abs() as usize) < band_limit {
        return Ok(());
    }
    Err(Error::invalid(
        "spin",
        spin,
        format!("of modulus below the band limit, {band_limit}, and at most {MAX_SPIN}"),
    ))
}

/// Plans the transform of one spin weight.
pub(super) fn spin_transform(
    form: Form,
    limits: Limits,
    spin: i32,
    grid: &Grid,
) -> Result<Transform<SpinTables>> {
    check_spin(limits.degrees, spin)?;
    let mut fft = FftPlanner::new();
    Transform::on_grid(form, limits, grid, &mut fft, |pairs| {
        SpinTables::new(limits, i64::from(spin), &pairs.colatitude)
    })
}

impl fmt::Debug for SpinPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpinPlan")
            .field("band_limit", &self.band_limit())
            .field("spin", &self.spin)
            .field("grid", &self.grid)
            .finish()
    }
}
