//! The transforms of a plan, their adjoints, and the compact form of the coefficients of real signals.

use super::grid_transform::{in_place, not_finite};
use super::plan::{ShtPlan, ShtScratch};
use super::sample::{AllFinite, Sample};
use crate::{Error, Result};
use ndarray::{ArrayView2, ArrayViewMut2};
use num_complex::Complex64;
use pulp::Arch;
use pulp::bytemuck::{cast_slice, cast_slice_mut};

impl ShtPlan {
    /// Computes the coefficients of a sampled signal.
    ///
    /// ```math
    /// \hat f_{\ell m} = \int_{S^2} f \, \overline{Y_{\ell m}} \, d\Omega
    /// ```
    /// # Arguments
    /// * `signal` — shape `[rings, longitudes]`, real or complex
    /// * `coeffs` — shape `[L, 2L − 1]`, entry `[l, m + L − 1]`; overwritten, zero where $`|m| > \ell`$
    /// * `scratch` — from [`ShtPlan::make_scratch`]
    ///
    /// # Cost and accuracy
    /// O(L³) time, O(L²) memory. No allocation if the arrays are contiguous, copies otherwise.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] for arrays of another shape, [`Error::NotFinite`] for NaN or infinite samples.
    pub fn forward_into<T: Sample>(
        &self,
        signal: ArrayView2<'_, T>,
        coeffs: ArrayViewMut2<'_, Complex64>,
        scratch: &mut ShtScratch,
    ) -> Result<()> {
        self.grid
            .analyse(signal, false, Some(&self.grid.weights), coeffs, scratch)
    }

    /// Computes the samples of a signal from its coefficients.
    ///
    /// ```math
    /// f(\theta_t, \varphi_p) = \sum_{\ell < L} \sum_{|m| \le \ell} \hat f_{\ell m} Y_{\ell m}(\theta_t, \varphi_p)
    /// ```
    /// # Arguments
    /// * `coeffs` — shape `[L, 2L − 1]`, entry `[l, m + L − 1]`; entries with $`|m| > \ell`$ are not used. For a real signal only
    ///   the entries $`m \ge 0`$ are used, and the imaginary part of $`m = 0`$ is not; whether the others agree is for
    ///   [`check_real`](super::coefficients::check_real) to say
    /// * `signal` — shape `[rings, longitudes]`, real or complex; overwritten
    /// * `scratch` — from [`ShtPlan::make_scratch`]
    ///
    /// # Cost and accuracy
    /// As [`ShtPlan::forward_into`].
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] for arrays of another shape, [`Error::NotFinite`] if a coefficient that is used is NaN or infinite.
    pub fn inverse_into<T: Sample>(
        &self,
        coeffs: ArrayView2<'_, Complex64>,
        signal: ArrayViewMut2<'_, T>,
        scratch: &mut ShtScratch,
    ) -> Result<()> {
        self.grid.synthesise(coeffs, false, None, signal, scratch)
    }

    /// Applies the adjoint of [`ShtPlan::inverse_into`]: sums over the samples without weights.
    ///
    /// ```math
    /// \hat y_{\ell m} = \sum_{t,p} y(\theta_t, \varphi_p) \, \overline{Y_{\ell m}(\theta_t, \varphi_p)} , \qquad
    /// \sum_{t,p} \overline{(A x)_{tp}} \, y_{tp} = \sum_{\ell m} \overline{x_{\ell m}} \, (A^* y)_{\ell m}
    /// ```
    /// For real signals the coefficients x are those of a real signal, with both signs of m.
    ///
    /// # Errors
    /// As [`ShtPlan::forward_into`].
    ///
    /// # Examples
    /// ```
    /// use haarmonic::sphere::{Sampling, ShtPlanner};
    /// use ndarray::Array2;
    /// let plan = ShtPlanner::new().plan(3, Sampling::DriscollHealy)?;
    /// let one = Array2::from_elem(plan.signal_shape(), 1.0);
    /// let mut sums = plan.make_coeffs();
    /// plan.inverse_adjoint_into(one.view(), sums.view_mut(), &mut plan.make_scratch())?;
    /// // 30 samples times Y_00
    /// assert!((sums[[0, 2]].re - 30.0 / (4.0 * std::f64::consts::PI).sqrt()).abs() < 1e-13);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn inverse_adjoint_into<T: Sample>(
        &self,
        signal: ArrayView2<'_, T>,
        coeffs: ArrayViewMut2<'_, Complex64>,
        scratch: &mut ShtScratch,
    ) -> Result<()> {
        self.grid.analyse(signal, true, None, coeffs, scratch)
    }

    /// Applies the adjoint of [`ShtPlan::forward_into`]: synthesis, times the weights of the quadrature.
    ///
    /// # Errors
    /// As [`ShtPlan::inverse_into`].
    pub fn forward_adjoint_into<T: Sample>(
        &self,
        coeffs: ArrayView2<'_, Complex64>,
        signal: ArrayViewMut2<'_, T>,
        scratch: &mut ShtScratch,
    ) -> Result<()> {
        self.grid
            .synthesise(coeffs, true, Some(&self.grid.weights), signal, scratch)
    }

    /// Computes the coefficients m ≥ 0 of a sampled real signal, without the detour over the array of all orders.
    ///
    /// # Arguments
    /// * `signal` — shape `[rings, longitudes]`, real
    /// * `half` — length `L (L + 1) / 2`, m-major: entry `m (2L − 1 − m) / 2 + l`; overwritten. This is the order of healpy and ducc0
    /// * `scratch` — from [`ShtPlan::make_scratch`]
    ///
    /// # Errors
    /// As [`ShtPlan::forward_into`], and [`Error::InvalidValue`] for complex signals.
    pub fn forward_half_into<T: Sample>(
        &self,
        signal: ArrayView2<'_, T>,
        half: &mut [Complex64],
        scratch: &mut ShtScratch,
    ) -> Result<()> {
        self.grid
            .check("signal", signal.dim(), self.signal_shape())?;
        self.check_half::<T>(half.len())?;
        let samples = signal.as_standard_layout();
        let samples = samples.as_slice().expect("the layout is standard");
        let finite = self.grid.core.analyse(
            samples,
            false,
            Some(&self.grid.weights),
            cast_slice_mut(half),
            &mut scratch.ring,
        );
        if finite { Ok(()) } else { not_finite(signal) }
    }

    /// Computes the samples of a real signal from its coefficients m ≥ 0; see [`ShtPlan::forward_half_into`].
    ///
    /// The imaginary parts at m = 0 are not used.
    ///
    /// # Errors
    /// As [`ShtPlan::inverse_into`], and [`Error::InvalidValue`] for complex signals.
    pub fn inverse_half_into<T: Sample>(
        &self,
        half: &[Complex64],
        mut signal: ArrayViewMut2<'_, T>,
        scratch: &mut ShtScratch,
    ) -> Result<()> {
        self.grid
            .check("signal", signal.dim(), self.signal_shape())?;
        self.check_half::<T>(half.len())?;
        if !Arch::new().dispatch(AllFinite(half))
            && let Some(index) = half.iter().position(|c| !c.is_finite())
        {
            return Err(Error::not_finite("coefficients with m >= 0", vec![index]));
        }
        in_place(&mut signal, |samples| {
            self.grid
                .core
                .synthesise(cast_slice(half), false, None, samples, &mut scratch.ring);
        });
        Ok(())
    }

    pub(super) fn check_half<T: Sample>(&self, found: usize) -> Result<()> {
        if T::ROWS != 1 {
            return Err(Error::invalid(
                "samples of a transform of the orders m >= 0",
                "complex numbers",
                "real numbers",
            ));
        }
        if found != self.half_len() {
            return Err(Error::shape(
                format!("coefficients m >= 0 of band limit {}", self.band_limit()),
                format!("[{}]", self.half_len()),
                vec![found],
            ));
        }
        Ok(())
    }
}
