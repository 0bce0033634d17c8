//! Plans of transforms at arbitrary points: scalars, functions of a spin weight, gradients.

use super::transform::{PointEngine, Request};
use crate::Result;
use crate::sphere::axes::replace_axes;
use crate::sphere::limits::Limits;
use crate::sphere::transform::Sample;
use crate::sphere::transform::gradient::check_gradient;
use crate::sphere::transform::legendre_tables::LegendreTables;
use crate::sphere::transform::plan_methods::sphere_verbs;
use crate::sphere::transform::spin::check_spin;
use crate::sphere::transform::spin_tables::SpinTables;
use crate::sphere::transform::verbs::{Form, Transform};
use ndarray::{Array, ArrayView, ArrayView2, Dimension, RemoveAxis};
use num_complex::{Complex, Complex64};
use std::fmt;

/// The tolerance of plans at points unless another one is asked for: two to three times the time of 1e-6, and little above rounding.
pub const DEFAULT_TOLERANCE: f64 = 1e-12;

/// An immutable plan of values at arbitrary points, for one band limit and tolerance.
///
/// ```math
/// f(\theta_j, \varphi_j) = \sum_{\ell < L} \sum_{|m| \le \ell} \hat f_{\ell m} Y_{\ell m}(\theta_j, \varphi_j) , \qquad j = 1, \dots, N
/// ```
/// [`PointPlan::inverse_into`] computes the values, and [`PointPlan::inverse_adjoint_into`] the sums over the points,
/// $`\sum_j f_j \overline{Y_{\ell m}(\theta_j, \varphi_j)}`$. Points may lie anywhere, at the poles and in clusters, too.
///
/// | array | axes |
/// |---|---|
/// | signal | `[.., N]`, in the order of the points |
/// | coefficients, full layout | `[.., L, 2L − 1]`, entry `[l, m + L − 1]` |
/// | coefficients m ≥ 0 of real signals, half layout | `[.., L (L + 1) / 2]`, entry `m (2L − 1 − m) / 2 + l` |
///
/// Leading axes are a batch. [`PointPlan::forward_into`] needs a weight of each point ([`PointPlan::with_weights`]).
/// [`LeastSquares`](super::LeastSquares) finds the coefficients that fit values best. Conventions: see [`crate::conventions`].
///
/// # Cost and accuracy
/// O(L³ + N |log ε|²) time for a tolerance ε, O(L² + N) memory, of which the plan keeps 24 bytes per point. A few points take
/// direct sums, O(L²) per point, which are exact to rounding; the plan chooses. The largest error of a value is below about 2 ε times the
/// root mean square of the signal, not of the value itself: a large mean costs digits of the rest (`docs/accuracy.md`). The
/// adjoint is the transpose of the synthesis to rounding.
///
/// # Examples
/// ```
/// use haarmonic::sphere::{PointPlan, coefficients};
/// use ndarray::{Array1, array};
/// let points = array![[0.0, 0.0], [1.0, 2.0], [3.0, -7.0]];       // rows (θ, φ)
/// let plan = PointPlan::new(points.view(), 8)?;
/// let mut coeffs = coefficients::zeros(8)?;
/// coeffs[[1, 7]] = (4.0 * std::f64::consts::PI / 3.0).sqrt().into(); // cos θ
/// let values: Array1<f64> = plan.inverse(coeffs.view())?;
/// assert!((values[1] - 1.0_f64.cos()).abs() < 1e-12);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// BMK19 (Fourier transforms at points), RBC23 (on the doubled sphere).
pub struct PointPlan {
    tolerance: f64,
    pub(super) transform: Transform<LegendreTables, PointEngine<LegendreTables>>,
}

/// An immutable plan of values of functions of one spin weight s at arbitrary points; see [`PointPlan`] and
/// [`SpinPlan`](crate::sphere::SpinPlan).
///
/// ```math
/// {}_sf(\theta_j, \varphi_j) = \sum_{\ell = |s|}^{L-1} \sum_{|m| \le \ell} \hat f_{\ell m} \, {}_sY_{\ell m}(\theta_j, \varphi_j)
/// ```
/// | samples | signal | coefficients |
/// |---|---|---|
/// | complex | `[.., N]` | full layout: `[.., L, 2L − 1]`, entry `[l, m + L − 1]` |
/// | real | `[.., 2, N]`: real and imaginary part, Q and U of polarisation | half layout: `[.., 2, L (L + 1) / 2]`, gradient and curl modes E and B, entries `m (2L − 1 − m) / 2 + l` |
///
/// Values belong to the frame of the θ and φ that are given, at the poles, too: a pole with another φ has another frame.
///
/// # Cost and accuracy
/// As of [`PointPlan`]; about 1.5 times its time.
///
/// # Examples
/// ```
/// use haarmonic::sphere::PointSpinPlan;
/// use ndarray::{Array1, array};
/// use num_complex::Complex64;
/// let plan = PointSpinPlan::new(array![[0.7, 1.0]].view(), 4, 1)?;
/// let mut coeffs = plan.make_coeffs();
/// coeffs[[1, 3]] = 1.0.into();                                    // ₁Y₁₀ = √(3/8π) sin θ
/// let values: Array1<Complex64> = plan.inverse(coeffs.view())?;
/// let exact = (3.0 / (8.0 * std::f64::consts::PI)).sqrt() * 0.7_f64.sin();
/// assert!((values[0] - exact).norm() < 1e-12);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub struct PointSpinPlan {
    spin: i32,
    tolerance: f64,
    pub(super) transform: Transform<SpinTables, PointEngine<SpinTables>>,
}

/// An immutable plan of gradients of scalar signals at arbitrary points; see [`PointPlan`] and [`Gradient`](crate::sphere::Gradient).
///
/// ```math
/// (\hat f_{\ell m}) \mapsto \bigl(\partial_\theta f, \; \tfrac{1}{\sin\theta} \partial_\varphi f\bigr)(\theta_j, \varphi_j)
/// ```
/// | array | axes |
/// |---|---|
/// | vector field, real or complex | `[.., 2, N]`, components along θ and φ |
/// | coefficients of the scalar, full layout | `[.., L, 2L − 1]`, entry `[l, m + L − 1]` |
/// | coefficients m ≥ 0 of a real scalar, half layout | `[.., L (L + 1) / 2]`, entry `m (2L − 1 − m) / 2 + l` |
///
/// At a pole the components are the limits along the meridian φ.
///
/// # Cost and accuracy
/// A transform of a [`PointSpinPlan`], two of them for complex fields.
///
/// # Examples
/// ```
/// use haarmonic::sphere::{PointGradient, coefficients};
/// use ndarray::{Array2, array};
/// let gradient = PointGradient::new(array![[0.7, 1.0], [0.0, 0.5]].view(), 8)?;
/// let mut f = coefficients::zeros(8)?;
/// f[[1, 7]] = (4.0 * std::f64::consts::PI / 3.0).sqrt().into();   // cos θ
/// let field: Array2<f64> = gradient.inverse(f.view())?;
/// assert!((field[[0, 0]] + 0.7_f64.sin()).abs() < 1e-12 && field[[1, 0]].abs() < 1e-12);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub struct PointGradient {
    tolerance: f64,
    pub(super) transform: Transform<SpinTables, PointEngine<SpinTables>>,
}

sphere_verbs!(PointPlan, f64);
sphere_verbs!(PointSpinPlan, ::num_complex::Complex64);
sphere_verbs!(PointGradient, f64);

/// The methods that all plans at points have.
macro_rules! point_methods {
    ($($plan:ident)*) => {$(
        impl $plan {
            /// Sets the weight of each point in the analysis ([`forward_into`](Self::forward_into)): of a quadrature, or of anything else.
            ///
            /// # Errors
            /// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) unless there is one weight for each point,
            /// [`Error::NotFinite`](crate::Error::NotFinite) if one is NaN or infinite.
            pub fn with_weights(mut self, weights: &[f64]) -> Result<Self> {
                self.transform.set_point_weights(weights)?;
                Ok(self)
            }

            /// Returns the number of points N.
            pub fn points(&self) -> usize {
                self.transform.component()[0]
            }

            /// Returns the tolerance.
            pub fn tolerance(&self) -> f64 {
                self.tolerance
            }

            /// Returns how much finer the grid of the plan is than the coarsest one, and the grid points in the support of its kernel; `None`
            /// if the plan takes direct sums.
            pub fn refinement_and_width(&self) -> Option<(f64, usize)> {
                self.transform.core.refinement_and_width()
            }
        }
    )*};
}

point_methods! { PointPlan PointSpinPlan PointGradient }

impl PointPlan {
    /// Plans values at points with the [`DEFAULT_TOLERANCE`].
    ///
    /// # Arguments
    /// * `points` — shape `[N, 2]`, rows (θ, φ) in radians, θ from 0 to π, φ any number
    /// * `band_limit` — L
    ///
    /// # Errors
    /// As [`PointPlan::with_tolerance`].
    pub fn new(points: ArrayView2<'_, f64>, band_limit: usize) -> Result<Self> {
        Self::with_tolerance(points, band_limit, DEFAULT_TOLERANCE)
    }

    /// Plans values at points with a tolerance from 1e-13 to 1e-2.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) if the band limit is 0 or too large, the tolerance out of range, or a
    /// colatitude outside $`[0, \pi]`$; [`Error::ShapeMismatch`](crate::Error::ShapeMismatch),
    /// [`Error::Empty`](crate::Error::Empty), [`Error::NotFinite`](crate::Error::NotFinite) for arrays that are no points;
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory).
    pub fn with_tolerance(
        points: ArrayView2<'_, f64>,
        band_limit: usize,
        tolerance: f64,
    ) -> Result<Self> {
        let request = Request {
            form: Form::Scalar,
            band_limit,
            spin: 0,
            points,
            tolerance,
            records: None,
        };
        let transform = Transform::at_points(&request, |pairs| {
            LegendreTables::of(Limits::all(band_limit), pairs)
        })?;
        Ok(PointPlan {
            tolerance,
            transform,
        })
    }

    /// Computes the values of signals from coefficients in the full layout, allocating the result.
    ///
    /// # Errors
    /// As [`PointPlan::inverse_into`].
    pub fn inverse<T: Sample, D: RemoveAxis>(
        &self,
        coeffs: ArrayView<'_, Complex64, D>,
    ) -> Result<Array<T, D::Smaller>> {
        let shape: D::Smaller = replace_axes("coefficients", coeffs.shape(), 2, &[self.points()])?;
        let mut signal = Array::from_elem(shape, T::default());
        self.inverse_into(coeffs, signal.view_mut(), &mut self.make_scratch())?;
        Ok(signal)
    }

    /// Computes the weighted sums over the points in the full layout, allocating the result.
    ///
    /// # Errors
    /// As [`PointPlan::forward_into`].
    pub fn forward<T: Sample, D: Dimension>(
        &self,
        signal: ArrayView<'_, T, D>,
    ) -> Result<Array<Complex64, D::Larger>> {
        let shape: D::Larger = replace_axes("signal", signal.shape(), 1, &self.coeffs_shape())?;
        let mut coeffs = Array::zeros(shape);
        self.forward_into(signal, coeffs.view_mut(), &mut self.make_scratch())?;
        Ok(coeffs)
    }
}

impl PointSpinPlan {
    /// Plans values of functions of spin weight `spin` with the [`DEFAULT_TOLERANCE`]; arguments as for [`PointPlan::new`].
    ///
    /// # Errors
    /// As [`PointSpinPlan::with_tolerance`].
    pub fn new(points: ArrayView2<'_, f64>, band_limit: usize, spin: i32) -> Result<Self> {
        Self::with_tolerance(points, band_limit, spin, DEFAULT_TOLERANCE)
    }

    /// Plans values of functions of spin weight `spin` with a tolerance from 1e-13 to 1e-2.
    ///
    /// # Errors
    /// As [`PointPlan::with_tolerance`], and [`Error::InvalidValue`](crate::Error::InvalidValue) if the spin is not below the band limit
    /// or above [`MAX_SPIN`](crate::sphere::MAX_SPIN).
    pub fn with_tolerance(
        points: ArrayView2<'_, f64>,
        band_limit: usize,
        spin: i32,
        tolerance: f64,
    ) -> Result<Self> {
        check_spin(band_limit, spin)?;
        let request = Request {
            form: Form::Spin,
            band_limit,
            spin,
            points,
            tolerance,
            records: None,
        };
        Ok(PointSpinPlan {
            spin,
            tolerance,
            transform: spin_transform(&request)?,
        })
    }

    /// Plans values of another spin weight at the points of this plan, sharing what belongs to the points.
    pub(crate) fn of_spin(&self, points: ArrayView2<'_, f64>, spin: i32) -> Result<Self> {
        check_spin(self.band_limit(), spin)?;
        let request = Request {
            form: Form::Spin,
            band_limit: self.band_limit(),
            spin,
            points,
            tolerance: self.tolerance,
            records: self.transform.core.records(),
        };
        Ok(PointSpinPlan {
            spin,
            tolerance: self.tolerance,
            transform: spin_transform(&request)?,
        })
    }

    /// Returns the spin s.
    pub fn spin(&self) -> i32 {
        self.spin
    }

    /// Computes the values of complex signals from their coefficients, allocating the result.
    ///
    /// # Errors
    /// As [`PointSpinPlan::inverse_into`].
    pub fn inverse<T, D: RemoveAxis>(
        &self,
        coeffs: ArrayView<'_, Complex64, D>,
    ) -> Result<Array<Complex<T>, D::Smaller>>
    where
        Complex<T>: Sample,
    {
        let shape: D::Smaller = replace_axes("coefficients", coeffs.shape(), 2, &[self.points()])?;
        let mut signal = Array::from_elem(shape, Complex::<T>::default());
        self.inverse_into(coeffs, signal.view_mut(), &mut self.make_scratch())?;
        Ok(signal)
    }

    /// Computes the weighted sums over the points, allocating the result.
    ///
    /// # Errors
    /// As [`PointSpinPlan::forward_into`].
    pub fn forward<T, D: Dimension>(
        &self,
        signal: ArrayView<'_, Complex<T>, D>,
    ) -> Result<Array<Complex64, D::Larger>>
    where
        Complex<T>: Sample,
    {
        let shape: D::Larger = replace_axes("signal", signal.shape(), 1, &self.coeffs_shape())?;
        let mut coeffs = Array::zeros(shape);
        self.forward_into(signal, coeffs.view_mut(), &mut self.make_scratch())?;
        Ok(coeffs)
    }
}

impl PointGradient {
    /// Plans gradients at points with the [`DEFAULT_TOLERANCE`]; arguments as for [`PointPlan::new`].
    ///
    /// # Errors
    /// As [`PointGradient::with_tolerance`].
    pub fn new(points: ArrayView2<'_, f64>, band_limit: usize) -> Result<Self> {
        Self::with_tolerance(points, band_limit, DEFAULT_TOLERANCE)
    }

    /// Plans gradients at points with a tolerance from 1e-13 to 1e-2.
    ///
    /// # Errors
    /// As [`PointPlan::with_tolerance`], and for band limits below 2: a constant has no gradient.
    pub fn with_tolerance(
        points: ArrayView2<'_, f64>,
        band_limit: usize,
        tolerance: f64,
    ) -> Result<Self> {
        check_gradient(band_limit)?;
        let request = Request {
            form: Form::Gradient,
            band_limit,
            spin: 1,
            points,
            tolerance,
            records: None,
        };
        Ok(PointGradient {
            tolerance,
            transform: spin_transform(&request)?,
        })
    }

    /// Computes gradients from the coefficients of scalars in the full layout, allocating the result.
    ///
    /// # Errors
    /// As [`PointGradient::inverse_into`].
    pub fn inverse<T: Sample, D: Dimension>(
        &self,
        coeffs: ArrayView<'_, Complex64, D>,
    ) -> Result<Array<T, D>> {
        let field = [2, self.points()];
        let shape: D = replace_axes("coefficients", coeffs.shape(), 2, &field)?;
        let mut signal = Array::from_elem(shape, T::default());
        self.inverse_into(coeffs, signal.view_mut(), &mut self.make_scratch())?;
        Ok(signal)
    }
}

/// Plans the transform of one spin weight.
fn spin_transform(request: &Request<'_>) -> Result<Transform<SpinTables, PointEngine<SpinTables>>> {
    let (limits, spin) = (Limits::all(request.band_limit), i64::from(request.spin));
    Transform::at_points(request, |pairs| {
        SpinTables::new(limits, spin, &pairs.colatitude)
    })
}

macro_rules! debug {
    ($($plan:ident)*) => {$(
        impl fmt::Debug for $plan {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($plan))
                    .field("band_limit", &self.band_limit())
                    .field("points", &self.points())
                    .field("tolerance", &self.tolerance)
                    .finish_non_exhaustive()
            }
        }
    )*};
}

debug! { PointPlan PointSpinPlan PointGradient }
