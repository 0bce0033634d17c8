//! The planner: makes plans of the spherical-harmonic transform and keeps them.

use super::plan::ShtPlan;
use crate::Result;
use crate::sphere::sampling::{Sampling, check_band_limit};
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
    plans: HashMap<(usize, Sampling, usize), Arc<ShtPlan>>,
    fft: Option<FftPlanner<f64>>,
}

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
        let key = (band_limit, sampling, longitudes);
        if let Some(plan) = self.plans.get(&key) {
            return Ok(Arc::clone(plan));
        }
        let fft = self.fft.get_or_insert_with(FftPlanner::new);
        let plan = Arc::new(ShtPlan::build(band_limit, sampling, longitudes, fft)?);
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
