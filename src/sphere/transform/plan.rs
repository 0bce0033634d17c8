//! Plans of the spherical-harmonic transform on product grids.

use super::legendre_tables::LegendreTables;
use super::plan_methods::sphere_verbs;
use super::sample::Sample;
use super::verbs::{Form, Transform};
use crate::Result;
use crate::sphere::axes::replace_axes;
use crate::sphere::grid::Grid;
use crate::sphere::limits::Limits;
use crate::sphere::sampling::Sampling;
use ndarray::{Array, Array2, ArrayView, Dimension};
use num_complex::Complex64;
use rustfft::FftPlanner;
use std::fmt;

/// An immutable plan of the spherical-harmonic transform for one band limit and grid.
///
/// ```math
/// \hat f_{\ell m} = \int_{S^2} f \, \overline{Y_{\ell m}} \, d\Omega , \qquad
/// f(\theta, \varphi) = \sum_{\ell < L} \sum_{|m| \le \ell} \hat f_{\ell m} Y_{\ell m}(\theta, \varphi)
/// ```
/// For signals of band limit L the two directions are inverse to each other on every [`Grid`]. Signals may be real (half the cost)
/// or complex, in double or single precision ([`Sample`]).
///
/// | array | axes |
/// |---|---|
/// | signal | `[.., rings, longitudes]` ([`ShtPlan::signal_shape`]) |
/// | coefficients, full layout | `[.., L, 2L − 1]`, entry `[l, m + L − 1]`, zero where \|m\| > ℓ ([`coefficients`](crate::sphere::coefficients)) |
/// | coefficients m ≥ 0 of real signals, half layout | `[.., L (L + 1) / 2]`, entry `m (2L − 1 − m) / 2 + l`, the order of healpy and ducc0 |
///
/// Leading axes are a batch, and the number of axes tells the layout. A plan with fewer orders, |m| < N, has coefficients `[.., L, 2N − 1]`
/// or `[.., N (2L + 1 − N) / 2]`. Conventions: see [`crate::conventions`].
///
/// # Cost and accuracy
/// A transform takes O(L³) time. A plan holds O(L²) numbers: about L² for the steps of the Legendre recursion and 0.7 L² for
/// its start values, in all 35 MB at L = 1024 on Gauss–Legendre rings. The relative error grows about like L ε
/// (`docs/accuracy.md`). Up to L = 96 eight signals of a batch fill a vector, and the Legendre functions come from a table of L³/4
/// numbers, made at the first call and kept in the plan; beyond, and on grids whose rings are no quadrature, signals are taken one by
/// one.
///
/// # Examples
/// A batch, and the half layout:
/// ```
/// use haarmonic::sphere::{Sampling, ShtPlanner};
/// use ndarray::{Array1, Array3};
/// use num_complex::Complex64;
/// let plan = ShtPlanner::new().plan(4, Sampling::GaussLegendre)?;
/// let signals = Array3::from_shape_fn((3, 4, 7), |(s, _, _)| s as f64);
/// let coeffs = plan.forward(signals.view())?;
/// assert_eq!(coeffs.dim(), (3, 4, 7));
/// assert!((coeffs[[2, 0, 3]].re - 2.0 * (4.0 * std::f64::consts::PI).sqrt()).abs() < 1e-14); // the constant 2
///
/// let mut half = Array1::<Complex64>::zeros(plan.half_len());
/// plan.forward_into(signals.index_axis(ndarray::Axis(0), 2), half.view_mut(), &mut plan.make_scratch())?;
/// assert!((half[0] - coeffs[[2, 0, 3]]).norm() < 1e-14);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub struct ShtPlan {
    grid: Grid,
    pub(super) transform: Transform<LegendreTables>,
}

sphere_verbs!(ShtPlan, f64);

impl ShtPlan {
    pub(super) fn build(limits: Limits, grid: Grid, fft: &mut FftPlanner<f64>) -> Result<Self> {
        let transform = Transform::on_grid(Form::Scalar, limits, &grid, fft, |pairs| {
            LegendreTables::of(limits, pairs)
        })?;
        Ok(ShtPlan { grid, transform })
    }

    /// Returns the grid.
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// Returns the sampling whose rings the grid has, if there is one.
    pub fn sampling(&self) -> Option<Sampling> {
        Sampling::of(&self.grid, self.band_limit())
    }

    /// Returns the shape of one signal, `[rings, longitudes]`.
    pub fn signal_shape(&self) -> [usize; 2] {
        self.transform.grid_shape()
    }

    /// Returns the number of coefficients that are not zero by definition, `L * L` for all orders.
    pub fn coeff_len(&self) -> usize {
        2 * self.half_len() - self.band_limit()
    }

    /// Makes an array for one signal, all zero.
    pub fn make_signal<T: Sample>(&self) -> Array2<T> {
        Array2::from_elem(self.signal_shape(), T::default())
    }

    /// Computes the coefficients of sampled signals in the full layout, allocating the result.
    ///
    /// # Errors
    /// As [`ShtPlan::forward_into`].
    pub fn forward<T: Sample, D: Dimension>(
        &self,
        signal: ArrayView<'_, T, D>,
    ) -> Result<Array<Complex64, D>> {
        let shape: D = replace_axes("signal", signal.shape(), 2, &self.coeffs_shape())?;
        let mut coeffs = Array::zeros(shape);
        self.forward_into(signal, coeffs.view_mut(), &mut self.make_scratch())?;
        Ok(coeffs)
    }

    /// Computes the samples of signals from coefficients in the full layout, allocating the result.
    ///
    /// # Errors
    /// As [`ShtPlan::inverse_into`].
    pub fn inverse<T: Sample, D: Dimension>(
        &self,
        coeffs: ArrayView<'_, Complex64, D>,
    ) -> Result<Array<T, D>> {
        let shape: D = replace_axes("coefficients", coeffs.shape(), 2, &self.signal_shape())?;
        let mut signal = Array::from_elem(shape, T::default());
        self.inverse_into(coeffs, signal.view_mut(), &mut self.make_scratch())?;
        Ok(signal)
    }
}

impl fmt::Debug for ShtPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShtPlan")
            .field("band_limit", &self.band_limit())
            .field("grid", &self.grid)
            .finish_non_exhaustive()
    }
}
