//! The planner: makes plans of the spherical-harmonic transform and keeps them.

use super::plan::ShtPlan;
use super::verbs::sampling_grid;
use crate::Result;
use crate::sphere::grid::{Grid, GridFamily};
use crate::sphere::limits::{Limits, check_band_limit};
use crate::sphere::sampling::Sampling;
use rustfft::FftPlanner;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// Makes plans and caches them: a second request for equal parameters returns a clone of the first `Arc`.
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
    plans: HashMap<Key, Arc<ShtPlan>>,
    fft: Option<FftPlanner<f64>>,
}

/// Limits, and what distinguishes grids.
type Key = (Limits, (GridFamily, [usize; 2], u64));

impl ShtPlanner {
    /// Makes a planner without plans.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the plan for a band limit and a sampling, with `2L − 1` longitudes, the fewest.
    ///
    /// # Cost and accuracy
    /// The first time O(L² log L) time and O(L²) memory; later a look-up.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) if `band_limit` is 0 or too large.
    pub fn plan(&mut self, band_limit: usize, sampling: Sampling) -> Result<Arc<ShtPlan>> {
        check_band_limit(band_limit)?;
        self.plan_with_longitudes(band_limit, sampling, 2 * band_limit - 1)
    }

    /// Returns the plan for a band limit, a sampling and a number of longitudes, at least `2L − 1`.
    ///
    /// Fourier transforms are several times faster at products of small primes: see [`fast_longitudes`](crate::sphere::fast_longitudes).
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) if the band limit or the number of longitudes is out of range.
    pub fn plan_with_longitudes(
        &mut self,
        band_limit: usize,
        sampling: Sampling,
        longitudes: usize,
    ) -> Result<Arc<ShtPlan>> {
        self.plan_on(
            band_limit,
            &sampling_grid(band_limit, sampling, longitudes)?,
        )
    }

    /// Returns the plan for a band limit and a grid.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) if the band limit is out of range, or above the
    /// [largest](Grid::max_band_limit) of the grid.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::sphere::{Grid, GridFamily, ShtPlanner};
    /// use ndarray::Array2;
    /// // A map with both poles, 3 × 4 samples.
    /// let grid = Grid::new(GridFamily::ClenshawCurtis, 3, 4)?;
    /// let plan = ShtPlanner::new().plan_on(2, &grid)?;
    /// let z = Array2::from_shape_fn((3, 4), |(t, _)| 1.0 - t as f64);
    /// let coeffs = plan.forward(z.view())?;
    /// assert!((coeffs[[1, 1]].re - (4.0 * std::f64::consts::PI / 3.0).sqrt()).abs() < 1e-14);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn plan_on(&mut self, band_limit: usize, grid: &Grid) -> Result<Arc<ShtPlan>> {
        self.plan_with_orders(band_limit, band_limit, grid)
    }

    /// Returns the plan for a band limit L, an order limit N ≤ L and a grid, for signals with orders |m| < N.
    ///
    /// Coefficients have shape `[.., L, 2N − 1]`, entry `[l, m + N − 1]`, or `[.., N (2L + 1 − N) / 2]` for real signals, the first entries of the
    /// half layout. 2N − 1 longitudes suffice, and the cost is proportional to N. (`mmax` of healpy and ducc0 is N − 1.)
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) if a limit is out of range, or the grid has too few rings or longitudes.
    pub fn plan_with_orders(
        &mut self,
        band_limit: usize,
        order_limit: usize,
        grid: &Grid,
    ) -> Result<Arc<ShtPlan>> {
        let limits = Limits::new(band_limit, order_limit)?;
        let key = (limits, grid.key());
        if let Some(plan) = self.plans.get(&key) {
            return Ok(Arc::clone(plan));
        }
        let fft = self.fft.get_or_insert_with(FftPlanner::new);
        let plan = Arc::new(ShtPlan::build(limits, *grid, fft)?);
        self.plans.insert(key, Arc::clone(&plan));
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
