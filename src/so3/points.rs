//! Values of band-limited functions on SO(3) at arbitrary rotations, by transforms at points of the sphere.
//!
//! The order n of a function is a function of spin weight s = −n on the sphere: with $`c_\ell = (-1)^n \sqrt{(2\ell+1)/4\pi}/2\pi`$,
//!
//! ```math
//! f(\alpha,\beta,\gamma) = \sum_n e^{in\gamma} F_n(\beta, \alpha) , \qquad
//! F_n = \sum_{\ell m} c_\ell \hat f^n_{\ell m} \, {}_{-n}Y_{\ell m} .
//! ```
//! Negative orders take the functions of positive ones: $`\overline{F_{-n}}`$ has the coefficients
//! $`(-1)^{m-n} c_\ell \overline{\hat f^{-n}_{\ell,-m}}`$ of order n, so that n ≥ 0 alone needs tables, and a real function n ≥ 0 alone.

use super::grid::{check_band_limit, check_order_limit};
use crate::check;
use crate::sphere::axes::{in_place, leading, replace_axes};
use crate::sphere::coefficients::{self, sign};
use crate::sphere::{DEFAULT_TOLERANCE, PointSpinPlan, Sample, ShtScratch};
use crate::{Error, Result};
use ndarray::{
    Array, Array2, Array3, ArrayView, ArrayView2, ArrayViewMut, ArrayViewMut2, Dimension,
    RemoveAxis, aview_mut1, aview1,
};
use num_complex::Complex64;
use std::f64::consts::{PI, TAU};
use std::fmt;

/// An immutable plan of values of functions on SO(3) at arbitrary rotations, for one band limit L, order limit N and tolerance.
///
/// ```math
/// f(\alpha,\beta,\gamma) = \sum_{\ell<L} \sum_{|m| \le \ell} \sum_{|n|<N} \frac{2\ell+1}{8\pi^2}\, \hat f^{n}_{\ell m}\;
/// d^\ell_{mn}(\beta)\, e^{i(m\alpha+n\gamma)}
/// ```
/// | array | axes |
/// |---|---|
/// | signal, real or complex | `[.., rotations]` |
/// | coefficients | `[.., 2N − 1, L, 2L − 1]`, entry `[n + N − 1, l, m + L − 1]` |
///
/// For real signals only n ≥ 0 is used. Leading axes are a batch. [`total_convolution`] makes the coefficients of the convolution of a sky
/// with a beam. Conventions: see [`crate::conventions`].
///
/// # Cost and accuracy
/// N transforms of a [`PointSpinPlan`], 2N − 1 for complex signals; errors as there, of each order. A few rotations take direct sums.
///
/// # Examples
/// ```
/// use haarmonic::so3::WignerPointPlan;
/// use ndarray::{Array1, Array3, array};
/// let plan = WignerPointPlan::new(array![[0.1, 0.7, 2.0]].view(), 4, 2)?;     // rows (α, β, γ)
/// let mut coeffs = Array3::zeros(plan.coeffs_shape());
/// coeffs[[1, 1, 3]] = (8.0 * std::f64::consts::PI.powi(2) / 3.0).into();      // f = cos β
/// let values: Array1<f64> = plan.inverse(coeffs.view())?;
/// assert!((values[0] - 0.7_f64.cos()).abs() < 1e-12);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub struct WignerPointPlan {
    band_limit: usize,
    order_limit: usize,
    /// Entry n is the plan of spin −n, for n ≥ 0.
    orders: Vec<PointSpinPlan>,
    /// $`e^{i\gamma}`$.
    phases: Vec<Complex64>,
}

/// Working memory of a [`WignerPointPlan`].
#[derive(Debug, Clone, Default)]
pub struct WignerPointScratch {
    sphere: ShtScratch,
    coeffs: Vec<Complex64>,
    values: Vec<Complex64>,
    sums: Vec<Complex64>,
}

impl WignerPointPlan {
    /// Plans values at rotations with the tolerance [`DEFAULT_TOLERANCE`].
    ///
    /// # Arguments
    /// * `rotations` — shape `[rotations, 3]`, rows (α, β, γ) in radians, any finite values
    /// * `band_limit` — L
    /// * `order_limit` — N from 1 to L: the orders n are below N in modulus
    ///
    /// # Errors
    /// As [`WignerPointPlan::with_tolerance`].
    pub fn new(
        rotations: ArrayView2<'_, f64>,
        band_limit: usize,
        order_limit: usize,
    ) -> Result<Self> {
        Self::with_tolerance(rotations, band_limit, order_limit, DEFAULT_TOLERANCE)
    }

    /// Plans values at rotations with a tolerance from 1e-13 to 1e-2.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if the band limit, the order limit or the tolerance is out of range; [`Error::ShapeMismatch`],
    /// [`Error::Empty`], [`Error::NotFinite`] for arrays that are no rotations; [`Error::OutOfMemory`].
    pub fn with_tolerance(
        rotations: ArrayView2<'_, f64>,
        band_limit: usize,
        order_limit: usize,
        tolerance: f64,
    ) -> Result<Self> {
        check_band_limit("band limit of values at rotations", band_limit)?;
        check_order_limit(order_limit, band_limit)?;
        if rotations.ncols() != 3 {
            return Err(Error::shape(
                "rotations",
                "[rotations, 3], rows (alpha, beta, gamma)",
                rotations.shape().to_vec(),
            ));
        }
        check::not_empty("rotations", rotations.nrows())?;
        check::finite("rotations", rotations)?;
        let mut points = Array2::zeros((rotations.nrows(), 2));
        let mut phases = Vec::with_capacity(rotations.nrows());
        for (angles, mut point) in rotations.rows().into_iter().zip(points.rows_mut()) {
            // f(α, −β, γ) = f(α + π, β, γ + π) takes β into [0, π].
            let beta = if (0.0..=PI).contains(&angles[1]) {
                angles[1]
            } else {
                angles[1].sin().atan2(angles[1].cos())
            };
            let (alpha, sign) = if beta < 0.0 {
                // A large angle would lose digits in a sum.
                let (sine, cosine) = angles[0].sin_cos();
                ((-sine).atan2(-cosine), -1.0)
            } else {
                (angles[0], 1.0)
            };
            (point[0], point[1]) = (beta.abs().min(PI), alpha);
            phases.push(sign * Complex64::cis(angles[2]));
        }
        let first = PointSpinPlan::with_tolerance(points.view(), band_limit, 0, tolerance)?;
        let mut orders = vec![first];
        for n in 1..order_limit {
            let plan = orders[0].of_spin(points.view(), -(n as i32))?;
            orders.push(plan);
        }
        Ok(WignerPointPlan {
            band_limit,
            order_limit,
            orders,
            phases,
        })
    }

    /// Returns the band limit L (exclusive).
    pub fn band_limit(&self) -> usize {
        self.band_limit
    }

    /// Returns the order limit N (exclusive).
    pub fn order_limit(&self) -> usize {
        self.order_limit
    }

    /// Returns the number of rotations.
    pub fn rotations(&self) -> usize {
        self.phases.len()
    }

    /// Returns the shape of the coefficients of one signal, `[2N − 1, L, 2L − 1]`.
    pub fn coeffs_shape(&self) -> [usize; 3] {
        [
            2 * self.order_limit - 1,
            self.band_limit,
            2 * self.band_limit - 1,
        ]
    }

    /// Makes working memory; calls with it use one thread.
    pub fn make_scratch(&self) -> WignerPointScratch {
        self.scratch(self.orders[0].make_scratch())
    }

    /// Makes working memory with which calls share the work among the threads of the current `rayon` pool; results are equal.
    pub fn make_parallel_scratch(&self) -> WignerPointScratch {
        self.scratch(self.orders[0].make_parallel_scratch())
    }

    fn scratch(&self, sphere: ShtScratch) -> WignerPointScratch {
        WignerPointScratch {
            sphere,
            ..WignerPointScratch::default()
        }
    }

    /// Computes values from coefficients, allocating the result.
    ///
    /// # Errors
    /// As [`WignerPointPlan::inverse_into`].
    pub fn inverse<T: Sample, D>(
        &self,
        coeffs: ArrayView<'_, Complex64, D>,
    ) -> Result<Array<T, <D::Smaller as Dimension>::Smaller>>
    where
        D: RemoveAxis<Smaller: RemoveAxis>,
    {
        let shape: <D::Smaller as Dimension>::Smaller =
            replace_axes("coefficients", coeffs.shape(), 3, &[self.rotations()])?;
        let mut signal = Array::from_elem(shape, T::default());
        self.inverse_into(coeffs, signal.view_mut(), &mut self.make_scratch())?;
        Ok(signal)
    }

    /// Computes values from coefficients.
    ///
    /// # Arguments
    /// * `coeffs` — coefficients of one signal, or of more of them along leading axes
    /// * `signal` — the leading axes of `coeffs`, followed by the rotations; overwritten
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], or [`Error::NotFinite`] if a coefficient is NaN or infinite; then values may have been overwritten.
    pub fn inverse_into<T: Sample, D: Dimension, E: Dimension>(
        &self,
        coeffs: ArrayView<'_, Complex64, E>,
        signal: ArrayViewMut<'_, T, D>,
        scratch: &mut WignerPointScratch,
    ) -> Result<()> {
        let (coeffs, mut signal) = (coeffs.into_dyn(), signal.into_dyn());
        self.check_axes(signal.shape(), coeffs.shape())?;
        check::finite(COEFFICIENTS, coeffs.view())?;
        let standard = coeffs.as_standard_layout();
        let coeffs = standard.as_slice().expect("the layout is standard");
        let (size, count) = (self.coeffs_shape().iter().product(), self.rotations());
        let mut done = Ok(());
        in_place(&mut signal, |samples| {
            let pairs = coeffs.chunks_exact(size);
            done = pairs
                .zip(samples.chunks_exact_mut(count))
                .try_for_each(|(coeffs, samples)| self.synthesise(coeffs, samples, scratch));
            done.is_ok()
        });
        done
    }

    /// Applies the adjoint of [`WignerPointPlan::inverse_into`]: sums over the rotations.
    ///
    /// ```math
    /// \frac{2\ell+1}{8\pi^2} \sum_j y_j \, d^\ell_{mn}(\beta_j) \, e^{-i(m\alpha_j + n\gamma_j)}
    /// ```
    /// # Errors
    /// [`Error::ShapeMismatch`], or [`Error::NotFinite`] if a value is NaN or infinite.
    pub fn inverse_adjoint_into<T: Sample, D: Dimension, E: Dimension>(
        &self,
        signal: ArrayView<'_, T, D>,
        coeffs: ArrayViewMut<'_, Complex64, E>,
        scratch: &mut WignerPointScratch,
    ) -> Result<()> {
        let (signal, mut coeffs) = (signal.into_dyn(), coeffs.into_dyn());
        self.check_axes(signal.shape(), coeffs.shape())?;
        check::finite("signal at rotations", signal.view())?;
        let standard = signal.as_standard_layout();
        let samples = standard.as_slice().expect("the layout is standard");
        let (size, count) = (self.coeffs_shape().iter().product(), self.rotations());
        let mut done = Ok(());
        in_place(&mut coeffs, |coeffs| {
            let pairs = coeffs.chunks_exact_mut(size);
            done = pairs
                .zip(samples.chunks_exact(count))
                .try_for_each(|(coeffs, samples)| self.sum(samples, coeffs, scratch));
            done.is_ok()
        });
        done
    }

    fn check_axes(&self, signal: &[usize], coeffs: &[usize]) -> Result<()> {
        let batch = leading("signal at rotations", signal, &[self.rotations()])?;
        let expected = [batch, &self.coeffs_shape()].concat();
        check::shape(COEFFICIENTS, coeffs, &expected)
    }

    fn grow(&self, scratch: &mut WignerPointScratch) {
        let size = self.band_limit * (2 * self.band_limit - 1);
        scratch.coeffs.resize(size, Complex64::ZERO);
        for buffer in [&mut scratch.values, &mut scratch.sums] {
            buffer.resize(self.rotations(), Complex64::ZERO);
        }
    }

    /// $`c_\ell`$ of order n.
    fn factor(&self, n: usize, l: usize) -> f64 {
        sign(n) * ((2 * l + 1) as f64 / (4.0 * PI)).sqrt() / TAU
    }

    /// One signal.
    fn synthesise<T: Sample>(
        &self,
        coeffs: &[Complex64],
        samples: &mut [T],
        scratch: &mut WignerPointScratch,
    ) -> Result<()> {
        self.grow(scratch);
        samples.fill(T::default());
        let real = T::ROWS == 1;
        let plane = scratch.coeffs.len();
        // Σ_{n > 0} z^n F_n by Horner's scheme, z = e^{iγ}; then the sum of the negative orders, which is the conjugate of such a sum.
        for negative in [false, true] {
            if negative && real {
                break;
            }
            scratch.sums.fill(Complex64::ZERO);
            for n in (usize::from(negative)..self.order_limit).rev() {
                let index = self.order_limit - 1;
                let index = if negative { index - n } else { index + n };
                let source = &coeffs[index * plane..(index + 1) * plane];
                self.spin_coefficients(n, negative, source, &mut scratch.coeffs);
                self.order(n, &scratch.coeffs, &mut scratch.values, &mut scratch.sphere)?;
                let terms = scratch.sums.iter_mut().zip(&scratch.values);
                for ((sum, value), phase) in terms.zip(&self.phases) {
                    *sum = match n {
                        // A real function has F_{−n} = conj F_n.
                        0 if real => value + 2.0 * *sum,
                        0 => value + *sum,
                        _ => (value + *sum) * phase,
                    };
                }
            }
            for (sample, sum) in samples.iter_mut().zip(&scratch.sums) {
                if real {
                    sample.set_part(0, sum.re);
                } else if negative {
                    sample.set_part(0, sample.part(0) + sum.re);
                    sample.set_part(1, sample.part(1) - sum.im);
                } else {
                    sample.set_part(0, sum.re);
                    sample.set_part(1, sum.im);
                }
            }
        }
        Ok(())
    }

    /// The coefficients of $`F_n`$, or of $`\overline{F_{-n}}`$, as a function of spin −n.
    fn spin_coefficients(
        &self,
        n: usize,
        negative: bool,
        source: &[Complex64],
        out: &mut [Complex64],
    ) {
        let width = 2 * self.band_limit - 1;
        let rows = source.chunks_exact(width).zip(out.chunks_exact_mut(width));
        for (l, (source, out)) in rows.enumerate() {
            let factor = self.factor(n, l);
            if negative {
                for (k, (out, value)) in out.iter_mut().zip(source.iter().rev()).enumerate() {
                    *out = sign(k + self.band_limit - 1 + n) * factor * value.conj();
                }
            } else {
                for (out, value) in out.iter_mut().zip(source) {
                    *out = factor * value;
                }
            }
        }
    }

    fn order(
        &self,
        n: usize,
        coeffs: &[Complex64],
        values: &mut [Complex64],
        scratch: &mut ShtScratch,
    ) -> Result<()> {
        let shape = (self.band_limit, 2 * self.band_limit - 1);
        let coeffs = ArrayView2::from_shape(shape, coeffs).expect("one plane");
        self.orders[n].inverse_into(coeffs, aview_mut1(values), scratch)
    }

    /// The adjoint of [`WignerPointPlan::synthesise`].
    fn sum<T: Sample>(
        &self,
        samples: &[T],
        coeffs: &mut [Complex64],
        scratch: &mut WignerPointScratch,
    ) -> Result<()> {
        self.grow(scratch);
        let shape = (self.band_limit, 2 * self.band_limit - 1);
        let plane = scratch.coeffs.len();
        let last = self.order_limit - 1;
        for negative in [false, true] {
            let imaginary = match (T::ROWS, negative) {
                (1, _) => 0.0,
                (_, false) => 1.0,
                (_, true) => -1.0,
            };
            for (value, sample) in scratch.values.iter_mut().zip(samples) {
                let im = if T::ROWS == 1 { 0.0 } else { sample.part(1) };
                *value = Complex64::new(sample.part(0), imaginary * im);
            }
            if negative && T::ROWS == 1 {
                // The coefficients of a real function.
                for n in 1..self.order_limit {
                    let (front, back) = coeffs.split_at_mut((last + n) * plane);
                    let target = &mut front[(last - n) * plane..(last - n + 1) * plane];
                    self.mirror(n, &back[..plane], target);
                }
                break;
            }
            for n in 0..self.order_limit {
                if n > 0 {
                    for (value, phase) in scratch.values.iter_mut().zip(&self.phases) {
                        *value *= phase.conj();
                    }
                }
                if negative && n == 0 {
                    continue;
                }
                let out = ArrayViewMut2::from_shape(shape, &mut scratch.coeffs);
                self.orders[n].inverse_adjoint_into(
                    aview1(&scratch.values),
                    out.expect("one plane"),
                    &mut scratch.sphere,
                )?;
                let width = shape.1;
                for (l, row) in scratch.coeffs.chunks_exact_mut(width).enumerate() {
                    let factor = self.factor(n, l);
                    for value in row {
                        *value *= factor;
                    }
                }
                let index = if negative { last - n } else { last + n };
                let target = &mut coeffs[index * plane..(index + 1) * plane];
                if negative {
                    self.mirror(n, &scratch.coeffs, target);
                } else {
                    target.copy_from_slice(&scratch.coeffs);
                }
            }
        }
        Ok(())
    }

    /// $`(-1)^{m-n} \overline{g_{\ell,-m}}`$ for all m.
    fn mirror(&self, n: usize, source: &[Complex64], target: &mut [Complex64]) {
        let width = 2 * self.band_limit - 1;
        let rows = source
            .chunks_exact(width)
            .zip(target.chunks_exact_mut(width));
        for (source, target) in rows {
            for (k, (out, value)) in target.iter_mut().zip(source.iter().rev()).enumerate() {
                *out = sign(k + self.band_limit - 1 + n) * value.conj();
            }
        }
    }
}

const COEFFICIENTS: &str = "coefficients on SO(3)";

impl fmt::Debug for WignerPointPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WignerPointPlan")
            .field("band_limit", &self.band_limit)
            .field("order_limit", &self.order_limit)
            .field("rotations", &self.rotations())
            .finish_non_exhaustive()
    }
}

/// Computes the coefficients of the total convolution of a sky with a beam, for [`WignerPointPlan`].
///
/// ```math
/// T(R) = \int_{S^2} \overline{b(R^{-1} x)} \; s(x) \, d\Omega , \qquad
/// \hat T^n_{\ell m} = \frac{8\pi^2}{2\ell+1} \; s_{\ell m} \, \overline{b_{\ell n}}
/// ```
/// The beam points along the z axis in its own frame, and the rotation $`R_z(\alpha) R_y(\beta) R_z(\gamma)`$ points it to colatitude β and
/// longitude α. T is 4π times the correlation of beam and sky
/// ([`correlation_coefficients`](super::correlation_coefficients)), with orders |n| < N alone: beams have few orders.
///
/// # Arguments
/// * `sky`, `beam` — shape `[L, 2L − 1]`, entry `[l, m + L − 1]`; entries with |m| > ℓ are ignored
/// * `order_limit` — N from 1 to L
///
/// # Errors
/// [`Error::ShapeMismatch`], [`Error::NotFinite`], [`Error::InvalidValue`] for an order limit out of range.
///
/// # Examples
/// ```
/// use haarmonic::so3::{WignerPointPlan, total_convolution};
/// use ndarray::{Array1, Array2, array};
/// use num_complex::Complex64;
/// // The sky is z, the beam z, too: T is (4π/3) cos β.
/// let mut z = Array2::<Complex64>::zeros((2, 3));
/// z[[1, 1]] = (4.0 * std::f64::consts::PI / 3.0).sqrt().into();
/// let coeffs = total_convolution(z.view(), z.view(), 1)?;
/// let plan = WignerPointPlan::new(array![[0.3, 0.5, 1.0]].view(), 2, 1)?;
/// let values: Array1<f64> = plan.inverse(coeffs.view())?;
/// assert!((values[0] - 4.0 * std::f64::consts::PI / 3.0 * 0.5_f64.cos()).abs() < 1e-11);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn total_convolution(
    sky: ArrayView2<'_, Complex64>,
    beam: ArrayView2<'_, Complex64>,
    order_limit: usize,
) -> Result<Array3<Complex64>> {
    let limit = coefficients::band_limit(sky)?;
    check::shape("beam of a convolution", beam.shape(), sky.shape())?;
    check_order_limit(order_limit, limit)?;
    check::finite("sky of a convolution", sky)?;
    check::finite("beam of a convolution", beam)?;
    let shape = (2 * order_limit - 1, limit, 2 * limit - 1);
    Ok(Array3::from_shape_fn(shape, |(i, l, k)| {
        let column = i + limit - order_limit;
        if column.abs_diff(limit - 1) > l || k.abs_diff(limit - 1) > l {
            return Complex64::ZERO;
        }
        8.0 * PI * PI / (2 * l + 1) as f64 * sky[[l, k]] * beam[[l, column]].conj()
    }))
}
