//! Coefficients from values at arbitrary points, by least squares.

use super::lsmr::{Limits, Operator, StopReason, lsmr};
use super::plan::{PointGradient, PointPlan, PointSpinPlan};
use crate::check;
use crate::sphere::axes::{half_index, half_len};
use crate::sphere::coefficients::sign;
use crate::sphere::transform::Sample;
use crate::sphere::transform::ShtScratch;
use crate::{Error, Result};
use bytemuck::{cast_slice, cast_slice_mut};
use ndarray::{
    Array, Array1, ArrayD, ArrayView, ArrayViewD, ArrayViewMut, ArrayViewMutD, Dimension, IxDyn,
    aview1,
};
use num_complex::Complex64;
use std::f64::consts::{PI, SQRT_2};

/// The least-squares fit of coefficients to values at the points of a plan, by the iteration LSMR.
///
/// ```math
/// \min_{\hat f} \; \sum_j w_j \, \bigl| y_j - f(\theta_j, \varphi_j) \bigr|^2 + \lambda^2 \int |f|^2 \, d\Omega
/// ```
/// Where the points determine the coefficients, as 4 L² points at random do, some ten to hundred iterations find them. Where they do not
/// (a hole wider than π/L, less than L² points), the iteration stops at the limit of the condition number or of the iterations, with
/// coefficients of small norm; a damping λ chooses them by the formula above.
///
/// Without weights the fit is the maximum-likelihood estimate for values with equal, independent errors. Weights of equal noise
/// reduce the iterations if the points are clustered ([`PointPlan::density_weights`]), and make the estimate noisier.
///
/// # Cost and accuracy
/// A synthesis and an adjoint per iteration, and one of both at the end for the norms of the report. The tolerance of the plan bounds what
/// the fit can reach: a tenth of the tolerance of the fit is enough.
///
/// # Examples
/// ```
/// use haarmonic::sphere::{LeastSquares, PointPlan, StopReason, coefficients};
/// use ndarray::{Array1, Array2};
/// let golden = 2.399963229728653;                                 // Fibonacci's spiral
/// let points = Array2::from_shape_fn((200, 2), |(i, k)| match k {
///     0 => (1.0 - (2 * i + 1) as f64 / 200.0).acos(),
///     _ => golden * i as f64,
/// });
/// let plan = PointPlan::new(points.view(), 8)?;
/// let values = points.column(0).mapv(f64::cos);
/// let mut coeffs = plan.make_coeffs();
/// let report = LeastSquares::new().solve_into(&plan, values.view(), coeffs.view_mut(), &mut plan.make_scratch())?;
/// assert!((coeffs[[1, 7]].re - (4.0 * std::f64::consts::PI / 3.0).sqrt()).abs() < 1e-9);
/// assert!(report.iterations < 20 && report.reason == StopReason::Residual);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// FS11.
#[derive(Debug, Clone, PartialEq)]
pub struct LeastSquares {
    tolerance: f64,
    iterations: usize,
    damping: f64,
    condition: f64,
    weights: Option<Vec<f64>>,
}

/// How a fit went.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct FitReport {
    /// The number of iterations.
    pub iterations: usize,
    /// Why they ended.
    pub reason: StopReason,
    /// $`\sqrt{\sum_j w_j |r_j|^2}`$ of the residuals r, values minus fit, computed from the coefficients.
    pub residual_norm: f64,
    /// The norm of $`A^T r`$, with weights and damping, which is zero at the minimum.
    pub gradient_norm: f64,
    /// An estimate of the condition number of the problem, from below.
    pub condition: f64,
}

impl Default for LeastSquares {
    fn default() -> Self {
        Self::new()
    }
}

impl LeastSquares {
    /// A fit to a tolerance of 1e-10 in at most 1000 iterations, without weights and damping.
    pub fn new() -> Self {
        LeastSquares {
            tolerance: 1e-10,
            iterations: 1000,
            damping: 0.0,
            condition: 1e12,
            weights: None,
        }
    }

    /// Sets the tolerance of [`StopReason::Residual`] and [`StopReason::Gradient`].
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Sets the largest number of iterations.
    pub fn iterations(mut self, iterations: usize) -> Self {
        self.iterations = iterations;
        self
    }

    /// Sets λ.
    pub fn damping(mut self, damping: f64) -> Self {
        self.damping = damping;
        self
    }

    /// Sets the condition number at which the iteration stops, 1e12 otherwise.
    pub fn condition_limit(mut self, limit: f64) -> Self {
        self.condition = limit;
        self
    }

    /// Sets the weight of each point, not negative: the inverse variance of its value if errors differ.
    pub fn weights(mut self, weights: &[f64]) -> Self {
        self.weights = Some(weights.to_vec());
        self
    }

    /// Computes the coefficients that fit one signal.
    ///
    /// # Arguments
    /// * `plan` — [`PointPlan`], [`PointSpinPlan`] or [`PointGradient`]
    /// * `signal` — the values, of the axes of the plan without a batch
    /// * `coeffs` — the axes of a layout; overwritten. Entries that the plan does not use are zero.
    /// * `scratch` — of the plan
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a tolerance, damping, limit or weight out of range, [`Error::ShapeMismatch`],
    /// [`Error::NotFinite`].
    pub fn solve_into<P: PointTransform, T: Sample, D: Dimension, E: Dimension>(
        &self,
        plan: &P,
        signal: ArrayView<'_, T, D>,
        coeffs: ArrayViewMut<'_, Complex64, E>,
        scratch: &mut ShtScratch,
    ) -> Result<FitReport> {
        let (signal, coeffs) = (signal.into_dyn(), coeffs.into_dyn());
        let roots = self.check(plan.count())?;
        check::finite("signal", signal.view())?;
        let parts = |part: usize| signal.mapv(|value| value.part(part));
        if T::ROWS == 1 {
            self.solve_real(plan, &parts(0), coeffs, &roots, scratch)
        } else {
            let [re, im] = [parts(0), parts(1)];
            let values = ndarray::Zip::from(&re)
                .and(&im)
                .map_collect(|re, im| Complex64::new(*re, *im));
            let mut coeffs = coeffs;
            check::shape("coefficients", coeffs.shape(), &plan.full_shape())?;
            self.run(plan, &values, &mut coeffs, &[], &roots, scratch)
        }
    }

    /// Solves for the coefficients m ≥ 0 of a real signal.
    fn solve_real(
        &self,
        plan: &impl PointTransform,
        signal: &ArrayD<f64>,
        mut coeffs: ArrayViewMutD<'_, Complex64>,
        roots: &[f64],
        scratch: &mut ShtScratch,
    ) -> Result<FitReport> {
        let (limit, shape) = (plan.limit(), plan.half_shape());
        let full = coeffs.shape() == plan.full_shape() && shape.len() == 1;
        if !full {
            check::shape("coefficients m >= 0", coeffs.shape(), &shape)?;
        }
        // In this metric the norm of the coefficients is that of the signal: orders m > 0 stand for −m, too.
        let metric: Vec<f64> = (0..half_len(limit))
            .map(|index| if index < limit { 1.0 } else { SQRT_2 })
            .collect();
        let mut half = ArrayD::zeros(IxDyn(&shape));
        let report = self.run(plan, signal, &mut half.view_mut(), &metric, roots, scratch)?;
        if full {
            coeffs.fill(Complex64::ZERO);
            for m in 0..limit {
                for l in m..limit {
                    let value = half[[half_index(limit, l, m)]];
                    coeffs[[l, limit - 1 - m]] = sign(m) * value.conj();
                    coeffs[[l, limit - 1 + m]] = value;
                }
            }
        } else {
            coeffs.assign(&half);
        }
        Ok(report)
    }

    /// Checks the options and returns the roots of the weights, none without weights.
    fn check(&self, points: usize) -> Result<Vec<f64>> {
        check::positive("tolerance of a fit", self.tolerance)?;
        check::not_negative("damping of a fit", self.damping)?;
        check::positive("limit of the condition number", self.condition)?;
        let Some(weights) = &self.weights else {
            return Ok(Vec::new());
        };
        check::shape("weights of points", &[weights.len()], &[points])?;
        check::finite("weights of points", aview1(weights))?;
        match weights.iter().position(|weight| *weight < 0.0) {
            Some(point) => Err(Error::invalid(
                format!("weight of point {point}"),
                weights[point],
                "0 or above",
            )),
            None => Ok(weights.iter().map(|weight| weight.sqrt()).collect()),
        }
    }

    fn run<P: PointTransform, W: Sample + bytemuck::Pod>(
        &self,
        plan: &P,
        signal: &ArrayD<W>,
        coeffs: &mut ArrayViewMutD<'_, Complex64>,
        metric: &[f64],
        roots: &[f64],
        scratch: &mut ShtScratch,
    ) -> Result<FitReport> {
        let zero = Array::from_elem(signal.raw_dim(), W::default());
        let mut system = System {
            plan,
            samples: zero,
            coeffs: Array::zeros(coeffs.raw_dim()),
            metric,
            roots,
            scratch,
            error: None,
        };
        // Refuses shapes that do not fit before any work.
        system
            .plan
            .adjoint(signal.view(), system.coeffs.view_mut(), system.scratch)?;
        let values = |array: &ArrayD<W>| -> Vec<f64> {
            let slice = array.as_standard_layout();
            cast_slice(slice.as_slice().expect("standard layout")).to_vec()
        };
        let mut right = values(signal);
        system.weigh(&mut right);
        let wanted = right.clone();
        let mut x = vec![0.0; 2 * coeffs.len()];
        let limits = Limits {
            tolerance: self.tolerance,
            iterations: self.iterations,
            damping: self.damping,
            condition: self.condition,
        };
        let outcome = lsmr(&mut system, &mut right, &mut x, limits);
        // The norms of the report are computed, not those of the recursion.
        system.apply(&x, &mut right);
        for (out, wanted) in right.iter_mut().zip(&wanted) {
            *out = wanted - *out;
        }
        let residual_norm = norm(&right);
        let mut gradient = vec![0.0; x.len()];
        system.apply_transposed(&right, &mut gradient);
        for (gradient, x) in gradient.iter_mut().zip(&x) {
            *gradient -= self.damping * self.damping * x;
        }
        let gradient_norm = norm(&gradient);
        if let Some(error) = system.error {
            return Err(error);
        }
        scale(&mut x, metric, |value, factor| value / factor);
        let found: &[Complex64] = cast_slice(&x);
        for (out, value) in coeffs.iter_mut().zip(found) {
            *out = *value;
        }
        Ok(FitReport {
            iterations: outcome.iterations,
            reason: outcome.reason,
            residual_norm,
            gradient_norm,
            condition: outcome.condition,
        })
    }
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

/// Applies the metric, which belongs to one half layout after the other, to complex numbers; order 0 keeps its real part alone.
fn scale(x: &mut [f64], metric: &[f64], apply: impl Fn(f64, f64) -> f64) {
    if metric.is_empty() {
        return;
    }
    for block in x.chunks_exact_mut(2 * metric.len()) {
        for (value, factor) in block.as_chunks_mut::<2>().0.iter_mut().zip(metric) {
            if *factor == 1.0 {
                value[1] = 0.0;
            } else {
                *value = value.map(|part| apply(part, *factor));
            }
        }
    }
}

/// √W A with the metric of the coefficients.
struct System<'a, P, W> {
    plan: &'a P,
    samples: ArrayD<W>,
    coeffs: ArrayD<Complex64>,
    metric: &'a [f64],
    roots: &'a [f64],
    scratch: &'a mut ShtScratch,
    error: Option<Error>,
}

impl<P, W> System<'_, P, W> {
    /// Multiplies samples by the roots of the weights; both planes, or both parts, of a signal have the weights of the points.
    fn weigh(&self, values: &mut [f64]) {
        if self.roots.is_empty() {
            return;
        }
        let parts = size_of::<W>() / size_of::<f64>();
        for plane in values.chunks_exact_mut(parts * self.roots.len()) {
            for (value, root) in plane.chunks_exact_mut(parts).zip(self.roots) {
                for part in value {
                    *part *= root;
                }
            }
        }
    }
}

impl<P: PointTransform, W: Sample + bytemuck::Pod> Operator for System<'_, P, W> {
    fn apply(&mut self, x: &[f64], y: &mut [f64]) {
        let coeffs = self.coeffs.as_slice_mut().expect("standard layout");
        let numbers: &mut [f64] = cast_slice_mut(coeffs);
        numbers.copy_from_slice(x);
        scale(numbers, self.metric, |value, factor| value / factor);
        let done = self
            .plan
            .synthesis(self.coeffs.view(), self.samples.view_mut(), self.scratch);
        self.error = self.error.take().or(done.err());
        y.copy_from_slice(cast_slice(
            self.samples.as_slice().expect("standard layout"),
        ));
        self.weigh(y);
    }

    fn apply_transposed(&mut self, y: &[f64], x: &mut [f64]) {
        let samples = self.samples.as_slice_mut().expect("standard layout");
        cast_slice_mut(samples).copy_from_slice(y);
        let mut weighted = std::mem::replace(
            &mut self.samples,
            Array::from_elem(IxDyn(&[0]), W::default()),
        );
        self.weigh(cast_slice_mut(
            weighted.as_slice_mut().expect("standard layout"),
        ));
        self.samples = weighted;
        let done = self
            .plan
            .adjoint(self.samples.view(), self.coeffs.view_mut(), self.scratch);
        self.error = self.error.take().or(done.err());
        x.copy_from_slice(cast_slice(self.coeffs.as_slice().expect("standard layout")));
        scale(x, self.metric, |value, factor| value * factor);
    }
}

/// The plans at points: [`PointPlan`], [`PointSpinPlan`], [`PointGradient`]. Sealed.
pub trait PointTransform: sealed::Plan {}

mod sealed {
    use super::*;

    /// What a fit needs of a plan.
    pub trait Plan {
        fn limit(&self) -> usize;
        fn count(&self) -> usize;
        /// The shape of the coefficients m ≥ 0 of real signals.
        fn half_shape(&self) -> Vec<usize>;
        fn full_shape(&self) -> [usize; 2];
        fn synthesis<T: Sample>(
            &self,
            coeffs: ArrayViewD<'_, Complex64>,
            signal: ArrayViewMutD<'_, T>,
            scratch: &mut ShtScratch,
        ) -> Result<()>;
        fn adjoint<T: Sample>(
            &self,
            signal: ArrayViewD<'_, T>,
            coeffs: ArrayViewMutD<'_, Complex64>,
            scratch: &mut ShtScratch,
        ) -> Result<()>;
    }
}

macro_rules! point_transform {
    ($plan:ident, $modes:literal) => {
        impl PointTransform for $plan {}

        impl sealed::Plan for $plan {
            fn limit(&self) -> usize {
                self.band_limit()
            }

            fn count(&self) -> usize {
                self.points()
            }

            fn half_shape(&self) -> Vec<usize> {
                let mut shape = vec![2; $modes - 1];
                shape.push(self.half_len());
                shape
            }

            fn full_shape(&self) -> [usize; 2] {
                self.coeffs_shape()
            }

            fn synthesis<T: Sample>(
                &self,
                coeffs: ArrayViewD<'_, Complex64>,
                signal: ArrayViewMutD<'_, T>,
                scratch: &mut ShtScratch,
            ) -> Result<()> {
                self.inverse_into(coeffs, signal, scratch)
            }

            fn adjoint<T: Sample>(
                &self,
                signal: ArrayViewD<'_, T>,
                coeffs: ArrayViewMutD<'_, Complex64>,
                scratch: &mut ShtScratch,
            ) -> Result<()> {
                self.inverse_adjoint_into(signal, coeffs, scratch)
            }
        }
    };
}

point_transform!(PointPlan, 1);
point_transform!(PointSpinPlan, 2);
point_transform!(PointGradient, 1);

/// Rounds of the iteration for density weights: more change little.
const ROUNDS: usize = 3;

impl PointPlan {
    /// Computes weights that are large where points are rare, for [`LeastSquares::weights`].
    ///
    /// Three rounds of $`w \leftarrow w / (A H A^T w)`$ from equal weights, with the smoothing $`H = e^{-2\ell(\ell+1)/L^2}`$; the sum of the
    /// weights is 4π. They cure clusters, but not holes.
    ///
    /// # Cost and accuracy
    /// Three syntheses and three adjoints.
    ///
    /// # Errors
    /// As [`PointPlan::inverse_into`]. Plans pass arguments that cause none.
    pub fn density_weights(&self) -> Result<Array1<f64>> {
        let (limit, count) = (self.band_limit(), self.points());
        let mut weights = Array1::from_elem(count, 4.0 * PI / count as f64);
        let mut density = Array1::<f64>::zeros(count);
        let mut coeffs = Array1::zeros(self.half_len());
        let scratch = &mut self.make_scratch();
        for _ in 0..ROUNDS {
            self.inverse_adjoint_into(weights.view(), coeffs.view_mut(), scratch)?;
            for m in 0..limit {
                for l in m..limit {
                    let exponent = 2.0 * (l * (l + 1)) as f64 / (limit * limit) as f64;
                    coeffs[half_index(limit, l, m)] *= (-exponent).exp();
                }
            }
            self.inverse_into(coeffs.view(), density.view_mut(), scratch)?;
            // A smoothed sum of positive numbers can be negative by the band limit alone, where it is small.
            let mean = density.iter().map(|d| d.abs()).sum::<f64>() / count as f64;
            let least = 1e-3 * mean;
            weights.zip_mut_with(&density, |weight, density| *weight /= density.max(least));
        }
        let sum = weights.sum();
        weights.mapv_inplace(|weight| weight * 4.0 * PI / sum);
        Ok(weights)
    }
}
