//! Plans of the Wigner transform, made once.

use super::grid::{RotationGrid, check_band_limit, check_order_limit};
use super::transform::WignerPlan;
use crate::sphere::Sampling;
use crate::{Error, Result};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// Makes [`WignerPlan`]s and caches them: a second request for equal parameters returns a clone of the first `Arc`.
///
/// # Examples
/// ```
/// use haarmonic::{so3::WignerPlanner, sphere::Sampling};
/// use std::sync::Arc;
/// let mut planner = WignerPlanner::new();
/// let plan = planner.plan(5, Sampling::GaussLegendre)?;
/// assert!(Arc::ptr_eq(&plan, &planner.plan(5, Sampling::GaussLegendre)?));
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Default)]
pub struct WignerPlanner {
    plans: HashMap<([usize; 3], Sampling, [usize; 3]), Arc<WignerPlan>>,
}

impl WignerPlanner {
    /// Makes a planner that holds no plan yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Plans the transform of functions of degrees below `band_limit` on the smallest grid of that band limit.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `band_limit` is 0 or above [`MAX_BAND_LIMIT`](super::grid::MAX_BAND_LIMIT).
    pub fn plan(&mut self, band_limit: usize, sampling: Sampling) -> Result<Arc<WignerPlan>> {
        self.plan_on(band_limit, &RotationGrid::new(band_limit, sampling)?)
    }

    /// Plans the transform of functions of degrees below `band_limit` on a given grid, which may be finer. The orders n
    /// are below the band limit and the order limit of the grid.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `band_limit` is 0 or above the band limit of the grid.
    pub fn plan_on(&mut self, band_limit: usize, grid: &RotationGrid) -> Result<Arc<WignerPlan>> {
        self.plan_orders(band_limit, band_limit.min(grid.order_limit()), grid)
    }

    /// Plans the transform of functions of degrees below L = `band_limit` and orders |n| < N = `order_limit` on a given
    /// grid, which may be finer. Time and memory are in proportion to N.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `band_limit` is 0 or above the band limit of the grid, or if `order_limit` is 0, above `band_limit`
    /// or above the order limit of the grid.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::so3::{RotationGrid, WignerPlanner};
    /// use haarmonic::sphere::Sampling;
    /// let grid = RotationGrid::fast(8, 2, Sampling::GaussLegendre)?;
    /// let plan = WignerPlanner::new().plan_orders(8, 2, &grid)?;
    /// assert_eq!(plan.coeffs_shape(), [3, 8, 15]);
    /// assert_eq!(plan.signal_shape(), [3, 8, 15]);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn plan_orders(
        &mut self,
        band_limit: usize,
        order_limit: usize,
        grid: &RotationGrid,
    ) -> Result<Arc<WignerPlan>> {
        check_band_limit("band limit of the Wigner transform", band_limit)?;
        if band_limit > grid.band_limit() {
            return Err(Error::invalid(
                "band limit of the Wigner transform",
                band_limit,
                format!("at most {}, the band limit of the grid", grid.band_limit()),
            ));
        }
        check_order_limit(order_limit, band_limit.min(grid.order_limit()))?;
        let limits = [band_limit, order_limit, grid.band_limit()];
        let key = (limits, grid.sampling(), grid.shape());
        if let Some(plan) = self.plans.get(&key) {
            return Ok(plan.clone());
        }
        let plan = Arc::new(WignerPlan::new(band_limit, order_limit, grid.clone())?);
        self.plans.insert(key, plan.clone());
        Ok(plan)
    }
}

impl fmt::Debug for WignerPlanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WignerPlanner")
            .field("plans", &self.plans.len())
            .finish()
    }
}
