//! The work of a plan: which axes arrays have, and calls of the crate without the interpreter lock.

use super::{Analysis, GradientPlan, Grid, Plan, Sht, Synthesis, each_plan};
use crate::arguments::replace_axes;
use crate::arrays::{complex, output, zeros};
use crate::errors::{OrRaise, exception};
use crate::layout::{self, Layout};
use crate::samples::{SampleType, Samples, each_samples, each_type};
use crate::threads::{Stock, Threads};
use haarmonic::sphere::{
    Gradient, Ring, RingAnalysis, RingGradient, Rings, Sample, ShtScratch, iterated_analysis_into,
    least_squares_analysis,
};
use numpy::ndarray::{ArrayViewD, ArrayViewMutD};
use numpy::{Complex64, Element, PyArrayDyn};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::sync::{Arc, Mutex, PoisonError};

impl Sht {
    pub(super) fn with(grid: Grid, spin: i32, plan: Plan, threads: Threads) -> Self {
        Sht {
            grid,
            spin,
            plan,
            gradient: Mutex::new(None),
            threads,
            scratch: Stock::new(),
        }
    }

    /// L.
    pub(super) fn limit(&self) -> usize {
        each_plan!(&self.plan, plan => plan.band_limit())
    }

    /// L and N.
    pub(super) fn limits(&self) -> [usize; 2] {
        each_plan!(&self.plan, plan => [plan.band_limit(), plan.order_limit()])
    }

    /// The rings of a plan on rings; none on grids.
    pub(super) fn rings(&self) -> &[Ring] {
        self.all_rings().map_or(&[], Rings::rings)
    }

    fn all_rings(&self) -> Option<&Rings> {
        match &self.plan {
            Plan::Rings(plan) => Some(plan.rings()),
            Plan::SpinRings(plan) => Some(plan.rings()),
            Plan::Product(_) | Plan::Spin(_) => None,
        }
    }

    /// The axes of one signal.
    pub(super) fn signal_axes(&self, real: bool) -> Vec<usize> {
        match &self.plan {
            Plan::Product(plan) => plan.signal_shape().to_vec(),
            Plan::Rings(plan) => vec![plan.rings().samples()],
            Plan::Spin(plan) => {
                let [rings, longitudes] = plan.signal_shape();
                let axes = [2, rings, longitudes];
                axes[usize::from(!real)..].to_vec()
            }
            Plan::SpinRings(plan) => [2, plan.rings().samples()][usize::from(!real)..].to_vec(),
        }
    }

    /// The axes of the coefficients of one signal.
    pub(super) fn coefficient_axes(&self, layout: Layout) -> Vec<usize> {
        let [limit, orders] = self.limits();
        let mut axes = layout.axes_of(limit, orders);
        if layout == Layout::Half && self.spin != 0 {
            axes.insert(0, 2);
        }
        axes
    }

    /// With spin, two real planes have modes E and B, and complex fields have all orders.
    pub(super) fn check_layout(&self, layout: Layout, real: bool) -> PyResult<()> {
        let (found, expected) = match (layout, real) {
            (Layout::Half, false) => ("half", "\"full\" for complex samples"),
            (Layout::Full, true) if self.spin != 0 => {
                ("full", "\"half\" for real samples with spin")
            }
            _ => return Ok(()),
        };
        Err(PyValueError::new_err(format!(
            "layout: found {found:?}, expected {expected}"
        )))
    }

    /// Works with scratch on the threads of the plan.
    pub(super) fn call<R: Send>(
        &self,
        work: impl FnOnce(&mut ShtScratch) -> haarmonic::Result<R> + Send,
    ) -> PyResult<R> {
        let make = || {
            each_plan!(&self.plan, plan => match self.threads.many() {
                true => plan.make_parallel_scratch(),
                false => plan.make_scratch(),
            })
        };
        let result = self.threads.run(|| self.scratch.with(make, work))?;
        result.or_raise()
    }

    pub(super) fn analyse<'py>(
        &self,
        py: Python<'py>,
        samples: &Bound<'py, PyAny>,
        layout: Option<&str>,
        verb: Analysis,
    ) -> PyResult<Bound<'py, PyArrayDyn<Complex64>>> {
        let samples = Samples::read(samples, "samples")?;
        let is_real = samples.is_real();
        let usual = if is_real { Layout::Half } else { Layout::Full };
        let layout = Layout::parse(layout)?.unwrap_or(usual);
        self.check_layout(layout, is_real)?;
        let shape = replace_axes(
            "samples",
            &samples.shape(),
            &self.signal_axes(is_real),
            &self.coefficient_axes(layout),
        )?;
        each_samples!(samples, samples => self.coefficients_of(py, samples.view(), &shape, verb))
    }

    pub(super) fn coefficients_of<'py, T: Sample>(
        &self,
        py: Python<'py>,
        samples: ArrayViewD<'_, T>,
        shape: &[usize],
        verb: Analysis,
    ) -> PyResult<Bound<'py, PyArrayDyn<Complex64>>> {
        let coeffs = py.detach(|| {
            self.call(|scratch| {
                let mut coeffs = zeros(shape)?;
                let out = coeffs.view_mut();
                match (verb, &self.plan) {
                    (Analysis::Quadrature { iterations: 1.. }, Plan::Rings(plan)) => {
                        improved(&**plan, samples, out, verb, scratch)?;
                    }
                    (Analysis::Quadrature { iterations: 1.. }, Plan::SpinRings(plan)) => {
                        improved(&**plan, samples, out, verb, scratch)?;
                    }
                    (Analysis::LeastSquares { .. }, Plan::Rings(plan)) => {
                        improved(&**plan, samples, out, verb, scratch)?;
                    }
                    (Analysis::LeastSquares { .. }, Plan::SpinRings(plan)) => {
                        improved(&**plan, samples, out, verb, scratch)?;
                    }
                    (Analysis::Quadrature { .. } | Analysis::LeastSquares { .. }, plan) => {
                        each_plan!(plan, plan => plan.forward_into(samples, out, scratch))?;
                    }
                    (Analysis::Adjoint, plan) => {
                        each_plan!(plan, plan => plan.inverse_adjoint_into(samples, out, scratch))?;
                    }
                }
                Ok(coeffs)
            })
        })?;
        Ok(output(py, coeffs))
    }

    pub(super) fn synthesise<'py>(
        &self,
        py: Python<'py>,
        coefficients: &Bound<'py, PyAny>,
        dtype: Option<&Bound<'py, PyAny>>,
        layout: Option<&str>,
        verb: Synthesis,
    ) -> PyResult<Bound<'py, PyAny>> {
        let coefficients = complex(coefficients, "coefficients")?;
        let coeffs = coefficients.view();
        let reading = layout::read(coeffs.shape(), Layout::parse(layout)?, Some(self.limits()))?;
        let kind = match (dtype, reading.layout) {
            (Some(dtype), _) => SampleType::read(dtype)?,
            (None, Layout::Half) => SampleType::Float64,
            (None, Layout::Full) => SampleType::Complex128,
        };
        self.check_layout(reading.layout, kind.is_real())?;
        let mut axes = self.signal_axes(kind.is_real());
        if let Synthesis::Gradient = verb {
            axes.insert(0, 2);
        }
        let one = self.coefficient_axes(reading.layout);
        let shape = replace_axes("coefficients", coeffs.shape(), &one, &axes)?;
        each_type!(kind, T => self.samples_of::<T>(py, coeffs, &shape, verb))
    }

    pub(super) fn samples_of<'py, T: Sample + Element>(
        &self,
        py: Python<'py>,
        coeffs: ArrayViewD<'_, Complex64>,
        shape: &[usize],
        verb: Synthesis,
    ) -> PyResult<Bound<'py, PyAny>> {
        let samples = py.detach(|| {
            let gradient = match verb {
                Synthesis::Gradient => Some(self.gradient_plan()?),
                Synthesis::Sum | Synthesis::Adjoint => None,
            };
            self.call(|scratch| {
                let mut samples = zeros::<T>(shape)?;
                let out = samples.view_mut();
                match (gradient.as_deref(), verb) {
                    (Some(GradientPlan::Product(plan)), _) => plan.inverse_into(coeffs, out, scratch),
                    (Some(GradientPlan::Rings(plan)), _) => plan.inverse_into(coeffs, out, scratch),
                    (None, Synthesis::Adjoint) => {
                        each_plan!(&self.plan, plan => plan.forward_adjoint_into(coeffs, out, scratch))
                    }
                    (None, _) => {
                        each_plan!(&self.plan, plan => plan.inverse_into(coeffs, out, scratch))
                    }
                }?;
                Ok(samples)
            })
        })?;
        Ok(output(py, samples).into_any())
    }

    pub(super) fn gradient_plan(&self) -> PyResult<Arc<GradientPlan>> {
        let mut gradient = self.gradient.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = &*gradient {
            return Ok(plan.clone());
        }
        let [limit, orders] = self.limits();
        let plan = match (&self.grid, self.all_rings()) {
            (Grid::Product { grid, .. }, _) => {
                Gradient::with_orders(limit, orders, grid).map(GradientPlan::Product)
            }
            (_, Some(rings)) => {
                RingGradient::with_orders(rings.clone(), limit, orders).map(GradientPlan::Rings)
            }
            (_, None) => unreachable!("these plans are on grids"),
        };
        let plan = Arc::new(plan.map_err(exception)?);
        *gradient = Some(plan.clone());
        Ok(plan)
    }
}

/// The most iterations of an analysis to a tolerance.
const MOST_ITERATIONS: usize = 1000;

/// Analysis by iterations, or to a tolerance.
fn improved<P: RingAnalysis, T: Sample>(
    plan: &P,
    samples: ArrayViewD<'_, T>,
    coeffs: ArrayViewMutD<'_, Complex64>,
    verb: Analysis,
    scratch: &mut ShtScratch,
) -> haarmonic::Result<()> {
    match verb {
        Analysis::Quadrature { iterations } => {
            iterated_analysis_into(plan, samples, coeffs, iterations, scratch).map(drop)
        }
        Analysis::LeastSquares { tolerance } => {
            let most = MOST_ITERATIONS;
            least_squares_analysis(plan, samples, coeffs, tolerance, most, scratch).map(drop)
        }
        Analysis::Adjoint => unreachable!("the adjoint has no iterations"),
    }
}
