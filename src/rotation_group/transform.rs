//! The Wigner transform: harmonic analysis of functions on SO(3).

use super::grid::{RotationGrid, check_band_limit, check_shape};
use super::kernel::WignerNodes;
use super::slices::{Analysis, ClassScratch, PlaneFft, PlaneScratch, analyse, synthesise};
use crate::special::GaussLegendre;
use crate::sphere::Sampling;
use crate::{Error, Result};
use ndarray::{Array3, ArrayView3, ArrayViewMut3};
use num_complex::Complex64;
use pulp::Arch;
use rustfft::{FftDirection, FftPlanner};
use std::collections::HashMap;
use std::f64::consts::{PI, TAU};
use std::fmt;
use std::sync::Arc;

/// Makes [`RotationPlan`]s and keeps them: asking twice gives the same plan.
///
/// # Examples
/// ```
/// use haarmonic::{rotation_group::RotationPlanner, sphere::Sampling};
/// use std::sync::Arc;
/// let mut planner = RotationPlanner::new();
/// let plan = planner.plan(5, Sampling::GaussLegendre)?;
/// assert!(Arc::ptr_eq(&plan, &planner.plan(5, Sampling::GaussLegendre)?));
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Default)]
pub struct RotationPlanner {
    fft: Option<FftPlanner<f64>>,
    plans: HashMap<(usize, Sampling, usize, [usize; 3]), Arc<RotationPlan>>,
}

impl RotationPlanner {
    /// Makes a planner that holds no plan yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Plans the transform of functions of degrees below `band_limit` on the smallest grid of that band limit.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `band_limit` is 0 or above [`MAX_BAND_LIMIT`](super::grid::MAX_BAND_LIMIT).
    pub fn plan(&mut self, band_limit: usize, sampling: Sampling) -> Result<Arc<RotationPlan>> {
        self.plan_on(band_limit, &RotationGrid::new(band_limit, sampling)?)
    }

    /// Plans the transform of functions of degrees below `band_limit` on a given grid, which may be finer.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `band_limit` is 0 or above that of the grid.
    pub fn plan_on(&mut self, band_limit: usize, grid: &RotationGrid) -> Result<Arc<RotationPlan>> {
        check_band_limit("band limit of the Wigner transform", band_limit)?;
        if band_limit > grid.band_limit() {
            return Err(Error::InvalidValue {
                what: "band limit of the Wigner transform".into(),
                found: band_limit.to_string(),
                expected: format!("at most {}, the band limit of the grid", grid.band_limit()),
            });
        }
        let key = (band_limit, grid.sampling(), grid.band_limit(), grid.shape());
        if let Some(plan) = self.plans.get(&key) {
            return Ok(plan.clone());
        }
        let fft = self.fft.get_or_insert_with(FftPlanner::new);
        let plan = Arc::new(RotationPlan::new(fft, band_limit, grid.clone())?);
        self.plans.insert(key, plan.clone());
        Ok(plan)
    }
}

impl fmt::Debug for RotationPlanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RotationPlanner")
            .field("plans", &self.plans.len())
            .finish()
    }
}

/// The forward and inverse Wigner transform for one band limit and grid.
///
/// ```math
/// f(\alpha,\beta,\gamma) = \sum_{\ell<L} \sum_{m,n} \frac{2\ell+1}{8\pi^2}\, \hat f^{n}_{\ell m}\; d^\ell_{mn}(\beta)\, e^{i(m\alpha+n\gamma)} ,
/// \qquad
/// \hat f^{n}_{\ell m} = \int_0^{2\pi}\!\! d\alpha \int_0^\pi\!\! \sin\beta\, d\beta \int_0^{2\pi}\!\! d\gamma\; f\; d^\ell_{mn}(\beta)\, e^{-i(m\alpha+n\gamma)}
/// ```
/// Conventions: see [`crate::conventions`]. Coefficients have shape `[2L − 1, L, 2L − 1]`, entry
/// `[n + L − 1, l, m + L − 1]`; samples have shape `[γ, β, α]`. The function is real exactly if
/// $`\hat f^{-n}_{\ell,-m} = (-1)^{m-n} \overline{\hat f^n_{\ell m}}`$.
///
/// Plans are immutable and may be shared between threads; every call uses one thread.
///
/// # Cost and accuracy
/// O(L⁴) time and O(L³) memory; the Wigner functions are computed on the fly, one recursion for up to eight pairs of
/// orders. Real signals cost half of complex ones.
///
/// # Examples
/// ```
/// use haarmonic::{rotation_group::RotationPlanner, sphere::Sampling};
/// use ndarray::Array3;
/// let plan = RotationPlanner::new().plan(2, Sampling::DriscollHealy)?;
/// // f = cos β is d¹₀₀: one coefficient, 8π²/3.
/// let betas = plan.grid().betas().to_vec();
/// let samples = Array3::from_shape_fn(plan.signal_shape(), |(_, b, _)| betas[b].cos());
/// let coeffs = plan.forward_real(samples.view())?;
/// let want = 8.0 * std::f64::consts::PI.powi(2) / 3.0;
/// assert!((coeffs[[1, 1, 1]].re - want).abs() < 64.0 * f64::EPSILON * want);
/// let back = plan.inverse_real(coeffs.view())?;
/// assert!((&back - &samples).iter().all(|error| error.abs() < 64.0 * f64::EPSILON));
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// KR08, Sect. 2; MBLPM15, Sect. 3.
pub struct RotationPlan {
    band_limit: usize,
    grid: RotationGrid,
    synthesis: WignerNodes,
    analysis: Analysis,
    inverse_fft: PlaneFft,
    forward_fft: PlaneFft,
}

/// Work space of a [`RotationPlan`]; its content never affects results, and it grows to fit any plan it is used with.
#[derive(Debug, Clone, Default)]
pub struct RotationScratch {
    slices: Vec<Complex64>,
    classes: ClassScratch,
    plane: PlaneScratch,
}

impl RotationPlan {
    fn new(fft: &mut FftPlanner<f64>, band_limit: usize, grid: RotationGrid) -> Result<Self> {
        let [n_gamma, _, n_alpha] = grid.shape();
        let synthesis = WignerNodes::new(band_limit, grid.betas());
        let measure = 8.0 * PI * PI;
        let analysis = if grid.sampling().is_symmetric() {
            Analysis {
                nodes: synthesis.clone(),
                weights: grid.point_weights().iter().map(|w| measure * w).collect(),
                resampling: None,
            }
        } else {
            // The periodic extension in β is a trigonometric polynomial: evaluate it at Gauss–Legendre nodes.
            let rule = GaussLegendre::new(grid.band_limit())?;
            let points = (n_alpha * n_gamma) as f64;
            Analysis {
                nodes: WignerNodes::new(band_limit, &rule.colatitudes),
                weights: rule
                    .weights
                    .iter()
                    .map(|w| 0.5 * measure * w / points)
                    .collect(),
                resampling: Some(
                    [1.0, -1.0].map(|parity| resampling(grid.betas(), &rule.colatitudes, parity)),
                ),
            }
        };
        let mut plane = |direction| PlaneFft::new(fft, direction, band_limit, n_alpha, n_gamma);
        Ok(RotationPlan {
            band_limit,
            synthesis,
            analysis,
            inverse_fft: plane(FftDirection::Inverse),
            forward_fft: plane(FftDirection::Forward),
            grid,
        })
    }

    /// Returns the band limit L: degrees are below it.
    pub fn band_limit(&self) -> usize {
        self.band_limit
    }

    /// Returns the grid.
    pub fn grid(&self) -> &RotationGrid {
        &self.grid
    }

    /// Returns the shape `[γ, β, α]` of samples.
    pub fn signal_shape(&self) -> [usize; 3] {
        self.grid.shape()
    }

    /// Returns the shape `[n, l, m]` of coefficients, `[2L − 1, L, 2L − 1]`.
    pub fn coeff_shape(&self) -> [usize; 3] {
        let orders = 2 * self.band_limit - 1;
        [orders, self.band_limit, orders]
    }

    /// Makes an array of zero coefficients.
    pub fn make_coeffs(&self) -> Array3<Complex64> {
        Array3::zeros(self.coeff_shape())
    }

    /// Makes work space of the right size.
    pub fn make_scratch(&self) -> RotationScratch {
        let mut scratch = RotationScratch::default();
        self.fit(&mut scratch, self.grid.betas().len());
        scratch
    }

    fn fit(&self, scratch: &mut RotationScratch, slices: usize) {
        let orders = 2 * self.band_limit - 1;
        let len = slices * orders * orders;
        if scratch.slices.len() < len {
            scratch.slices.resize(len, Complex64::ZERO);
        }
        scratch
            .classes
            .fit(self.band_limit, self.grid.betas().len());
        self.inverse_fft.fit(&mut scratch.plane);
    }

    /// Computes complex samples from coefficients.
    ///
    /// # Arguments
    /// * `coeffs` — shape `[2L − 1, L, 2L − 1]`; entries with |m| > ℓ or |n| > ℓ are ignored
    /// * `samples` — shape `[γ, β, α]`; overwritten
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if an array has another shape, [`Error::NotFinite`] if a coefficient is NaN or infinite.
    pub fn inverse_into(
        &self,
        coeffs: ArrayView3<'_, Complex64>,
        mut samples: ArrayViewMut3<'_, Complex64>,
        scratch: &mut RotationScratch,
    ) -> Result<()> {
        self.check_coeffs(&coeffs)?;
        check_shape("samples on SO(3)", samples.shape(), &self.signal_shape())?;
        let shift = self.band_limit as i64 - 1;
        let fetch =
            |l: usize, m: i64, n: i64| coeffs[[(n + shift) as usize, l, (m + shift) as usize]];
        let count = self.grid.betas().len();
        self.fit(scratch, count);
        let RotationScratch {
            slices,
            classes,
            plane,
        } = scratch;
        let size = (2 * self.band_limit - 1).pow(2);
        let slices = &mut slices[..count * size];
        Arch::new().dispatch(|| {
            if self.grid.sampling().is_symmetric() {
                synthesise::<16, false>(&self.synthesis, self.band_limit, &fetch, classes, slices);
            } else {
                synthesise::<8, false>(&self.synthesis, self.band_limit, &fetch, classes, slices);
            }
        });
        for (j, slice) in slices.chunks_exact(size).enumerate() {
            self.inverse_fft.to_samples(slice, plane);
            let n_gamma = samples.shape()[0];
            for (g, mut plane_out) in samples.outer_iter_mut().enumerate() {
                let column = plane.samples[g..].iter().step_by(n_gamma);
                for (out, value) in plane_out.row_mut(j).iter_mut().zip(column) {
                    *out = *value;
                }
            }
        }
        Ok(())
    }

    /// Computes complex samples from coefficients; see [`RotationPlan::inverse_into`].
    ///
    /// # Errors
    /// As [`RotationPlan::inverse_into`].
    pub fn inverse(&self, coeffs: ArrayView3<'_, Complex64>) -> Result<Array3<Complex64>> {
        let mut samples = Array3::zeros(self.signal_shape());
        self.inverse_into(coeffs, samples.view_mut(), &mut self.make_scratch())?;
        Ok(samples)
    }

    /// Computes the samples of a real function from its coefficients, at half the cost of [`RotationPlan::inverse_into`].
    ///
    /// # Arguments
    /// * `coeffs` — shape `[2L − 1, L, 2L − 1]`, with the symmetry of a real function: one of each pair
    ///   $`\hat f^{n}_{\ell m}, \hat f^{-n}_{\ell,-m}`$ is read, the other one is implied
    /// * `samples` — shape `[γ, β, α]`; overwritten
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if an array has another shape, [`Error::NotFinite`] if a coefficient is NaN or infinite.
    pub fn inverse_real_into(
        &self,
        coeffs: ArrayView3<'_, Complex64>,
        samples: ArrayViewMut3<'_, f64>,
        scratch: &mut RotationScratch,
    ) -> Result<()> {
        self.check_coeffs(&coeffs)?;
        let shift = self.band_limit as i64 - 1;
        let fetch =
            |l: usize, m: i64, n: i64| coeffs[[(n + shift) as usize, l, (m + shift) as usize]];
        self.inverse_real_from(&fetch, samples, scratch)
    }

    /// Computes the samples of a real function from its coefficients `fetch(l, m, n)`.
    pub(crate) fn inverse_real_from(
        &self,
        fetch: &impl Fn(usize, i64, i64) -> Complex64,
        mut samples: ArrayViewMut3<'_, f64>,
        scratch: &mut RotationScratch,
    ) -> Result<()> {
        check_shape("samples on SO(3)", samples.shape(), &self.signal_shape())?;
        let count = self.grid.betas().len();
        self.fit(scratch, count.div_ceil(2));
        let RotationScratch {
            slices,
            classes,
            plane,
        } = scratch;
        let size = (2 * self.band_limit - 1).pow(2);
        let slices = &mut slices[..count.div_ceil(2) * size];
        Arch::new().dispatch(|| {
            if self.grid.sampling().is_symmetric() {
                synthesise::<8, true>(&self.synthesis, self.band_limit, fetch, classes, slices);
            } else {
                synthesise::<4, true>(&self.synthesis, self.band_limit, fetch, classes, slices);
            }
        });
        for (p, slice) in slices.chunks_exact(size).enumerate() {
            self.inverse_fft.to_samples(slice, plane);
            let n_gamma = samples.shape()[0];
            for (g, mut plane_out) in samples.outer_iter_mut().enumerate() {
                let column = || plane.samples[g..].iter().step_by(n_gamma);
                for (out, value) in plane_out.row_mut(2 * p).iter_mut().zip(column()) {
                    *out = value.re;
                }
                if 2 * p + 1 < count {
                    for (out, value) in plane_out.row_mut(2 * p + 1).iter_mut().zip(column()) {
                        *out = value.im;
                    }
                }
            }
        }
        Ok(())
    }

    /// Computes the samples of a real function; see [`RotationPlan::inverse_real_into`].
    ///
    /// # Errors
    /// As [`RotationPlan::inverse_real_into`].
    pub fn inverse_real(&self, coeffs: ArrayView3<'_, Complex64>) -> Result<Array3<f64>> {
        let mut samples = Array3::zeros(self.signal_shape());
        self.inverse_real_into(coeffs, samples.view_mut(), &mut self.make_scratch())?;
        Ok(samples)
    }

    /// Computes the coefficients of a complex function from its samples.
    ///
    /// Exact (up to rounding) if the function has degrees below the band limit of the grid.
    ///
    /// # Arguments
    /// * `samples` — shape `[γ, β, α]`; unchanged
    /// * `coeffs` — shape `[2L − 1, L, 2L − 1]`; overwritten, zero where |m| > ℓ or |n| > ℓ
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if an array has another shape, [`Error::NotFinite`] if a sample is NaN or infinite.
    pub fn forward_into(
        &self,
        samples: ArrayView3<'_, Complex64>,
        coeffs: ArrayViewMut3<'_, Complex64>,
        scratch: &mut RotationScratch,
    ) -> Result<()> {
        check_shape("samples on SO(3)", samples.shape(), &self.signal_shape())?;
        check_finite("samples on SO(3)", &samples, |value| value.is_finite())?;
        let count = self.grid.betas().len();
        self.forward_from::<16, false>(count, coeffs, scratch, |j, plane| {
            let n_gamma = samples.shape()[0];
            for (g, plane_in) in samples.outer_iter().enumerate() {
                let column = plane[g..].iter_mut().step_by(n_gamma);
                for (out, value) in column.zip(plane_in.row(j)) {
                    *out = *value;
                }
            }
        })
    }

    /// Computes the coefficients of a complex function; see [`RotationPlan::forward_into`].
    ///
    /// # Errors
    /// As [`RotationPlan::forward_into`].
    pub fn forward(&self, samples: ArrayView3<'_, Complex64>) -> Result<Array3<Complex64>> {
        let mut coeffs = self.make_coeffs();
        self.forward_into(samples, coeffs.view_mut(), &mut self.make_scratch())?;
        Ok(coeffs)
    }

    /// Computes the coefficients of a real function from its samples, at half the cost of [`RotationPlan::forward_into`].
    ///
    /// # Arguments
    /// * `samples` — shape `[γ, β, α]`; unchanged
    /// * `coeffs` — shape `[2L − 1, L, 2L − 1]`; all of it overwritten
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if an array has another shape, [`Error::NotFinite`] if a sample is NaN or infinite.
    pub fn forward_real_into(
        &self,
        samples: ArrayView3<'_, f64>,
        coeffs: ArrayViewMut3<'_, Complex64>,
        scratch: &mut RotationScratch,
    ) -> Result<()> {
        check_shape("samples on SO(3)", samples.shape(), &self.signal_shape())?;
        check_finite("samples on SO(3)", &samples, |value| value.is_finite())?;
        let count = self.grid.betas().len();
        self.forward_from::<8, true>(count.div_ceil(2), coeffs, scratch, |p, plane| {
            let n_gamma = samples.shape()[0];
            for (g, plane_in) in samples.outer_iter().enumerate() {
                let column = plane[g..].iter_mut().step_by(n_gamma);
                let first = plane_in.row(2 * p);
                // Without a second ring the first one stands in; its half of the slice is not read.
                let second = plane_in.row((2 * p + 1).min(count - 1));
                for ((out, re), im) in column.zip(first).zip(second) {
                    *out = Complex64::new(*re, *im);
                }
            }
        })
    }

    /// Computes the coefficients of a real function; see [`RotationPlan::forward_real_into`].
    ///
    /// # Errors
    /// As [`RotationPlan::forward_real_into`].
    pub fn forward_real(&self, samples: ArrayView3<'_, f64>) -> Result<Array3<Complex64>> {
        let mut coeffs = self.make_coeffs();
        self.forward_real_into(samples, coeffs.view_mut(), &mut self.make_scratch())?;
        Ok(coeffs)
    }

    fn forward_from<const K: usize, const REAL: bool>(
        &self,
        slice_count: usize,
        mut coeffs: ArrayViewMut3<'_, Complex64>,
        scratch: &mut RotationScratch,
        load: impl Fn(usize, &mut [Complex64]),
    ) -> Result<()> {
        check_shape("coefficients on SO(3)", coeffs.shape(), &self.coeff_shape())?;
        self.fit(scratch, slice_count);
        let RotationScratch {
            slices,
            classes,
            plane,
        } = scratch;
        let size = (2 * self.band_limit - 1).pow(2);
        let slices = &mut slices[..slice_count * size];
        for (j, slice) in slices.chunks_exact_mut(size).enumerate() {
            load(j, &mut plane.samples);
            self.forward_fft.to_slice(plane, slice);
        }
        coeffs.fill(Complex64::ZERO);
        let shift = self.band_limit as i64 - 1;
        let mut store = |l: usize, m: i64, n: i64, value: Complex64| {
            coeffs[[(n + shift) as usize, l, (m + shift) as usize]] = value;
        };
        Arch::new().dispatch(|| {
            analyse::<K, REAL>(
                &self.analysis,
                self.band_limit,
                self.grid.betas().len(),
                slices,
                classes,
                &mut store,
            );
        });
        Ok(())
    }

    fn check_coeffs(&self, coeffs: &ArrayView3<'_, Complex64>) -> Result<()> {
        check_shape("coefficients on SO(3)", coeffs.shape(), &self.coeff_shape())?;
        check_finite("coefficients on SO(3)", coeffs, |value| value.is_finite())
    }
}

impl fmt::Debug for RotationPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RotationPlan")
            .field("band_limit", &self.band_limit)
            .field("sampling", &self.grid.sampling())
            .field("signal_shape", &self.signal_shape())
            .finish()
    }
}

/// Reports the first entry that is not finite.
pub(crate) fn check_finite<T>(
    what: &str,
    array: &ArrayView3<'_, T>,
    is_finite: impl Fn(&T) -> bool,
) -> Result<()> {
    if array.iter().all(&is_finite) {
        return Ok(());
    }
    let index = array
        .indexed_iter()
        .find(|(_, value)| !is_finite(value))
        .map(|((i, j, k), _)| vec![i, j, k]);
    Err(Error::NotFinite {
        what: what.into(),
        index: index.unwrap_or_default(),
    })
}

/// The matrix `[ring, node]` that evaluates at `nodes` the periodic extension $`f(2\pi-\beta) = \pm f(\beta)`$ of samples
/// at the rings $`(2t+1)\pi/(2M-1)`$, t < M: sums of Dirichlet kernels.
fn resampling(rings: &[f64], nodes: &[f64], parity: f64) -> Vec<f64> {
    let count = (2 * rings.len() - 1) as f64;
    let dirichlet = |x: f64| {
        let half = (0.5 * x).sin();
        if half == 0.0 {
            1.0
        } else {
            (0.5 * count * x).sin() / (count * half)
        }
    };
    let mut matrix = Vec::with_capacity(rings.len() * nodes.len());
    for (t, ring) in rings.iter().enumerate() {
        for node in nodes {
            let (direct, image) = (dirichlet(node - ring), dirichlet(node + ring - TAU));
            matrix.push(if t + 1 < rings.len() {
                direct + parity * image
            } else {
                // The south pole is its own image; an odd extension vanishes there.
                0.5 * (1.0 + parity) * direct
            });
        }
    }
    matrix
}
