//! Rotations of one signal, and the plan that those of many have, too.

use super::signals::{Kind, Tilt, Turn, first_not_finite, rotate_group};
use super::stage::Workspace;
use super::tables::RotationTables;
use crate::group::EulerZyz;
use crate::sphere::sampling::check_band_limit;
use crate::wigner::seeds::check_angles;
use crate::{Error, Result};
use ndarray::{Array2, ArrayView2, ArrayViewMut2};
use num_complex::Complex64;

/// Rotates a signal on the sphere actively, through its coefficients.
///
/// ```math
/// (R f)(x) = f(R^{-1} x) , \qquad R = R_z(\alpha) R_y(\beta) R_z(\gamma) , \qquad
/// (Rf)_{\ell m} = e^{-im\alpha} \sum_{n=-\ell}^{\ell} d^\ell_{mn}(\beta)\, e^{-in\gamma} f_{\ell n}
/// ```
/// A feature of f at the point x is found at R x afterwards. Rotating by h and then by g is rotating by the product g h.
/// For more than one rotation or signal, [`CoefficientRotation`] keeps the tables. Conventions: see [`crate::conventions`].
///
/// # Arguments
/// * `coeffs` — shape `[L, 2L − 1]`, entry `[l, m + L − 1]`; entries with |m| > ℓ are ignored
/// * `alpha`, `beta`, `gamma` — ZYZ angles in radians, any finite values
///
/// # Cost and accuracy
/// O(L³) time, O(L²) memory; errors as [`CoefficientRotation`].
///
/// # Errors
/// [`Error::InvalidValue`] if L is 0 or too large, [`Error::ShapeMismatch`] if the shape is not `[L, 2L − 1]`,
/// [`Error::NotFinite`] if a coefficient or an angle is NaN or infinite.
///
/// # Examples
/// ```
/// use haarmonic::sphere::rotate_coefficients;
/// use ndarray::array;
/// use num_complex::Complex64;
/// let (o, i) = (Complex64::ZERO, Complex64::ONE);
/// let north = array![[o, o, o], [o, i, o]];              // Y₁₀, largest at the north pole
/// let beta = 0.6_f64;
/// let rotated = rotate_coefficients(north.view(), 0.0, beta, 0.0)?;   // now largest at θ = 0.6, φ = 0
/// assert!((rotated[[1, 1]].re - beta.cos()).abs() < 4.0 * f64::EPSILON);
/// assert!((rotated[[1, 2]].re + beta.sin() / 2.0_f64.sqrt()).abs() < 4.0 * f64::EPSILON);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// VMK88, Eq. 4.1 (5).
pub fn rotate_coefficients(
    coeffs: ArrayView2<'_, Complex64>,
    alpha: f64,
    beta: f64,
    gamma: f64,
) -> Result<Array2<Complex64>> {
    let mut rotated = Array2::zeros(coeffs.raw_dim());
    rotate_coefficients_into(coeffs, alpha, beta, gamma, rotated.view_mut())?;
    Ok(rotated)
}

/// Rotates a signal on the sphere actively into a caller's array; see [`rotate_coefficients`].
///
/// # Arguments
/// * `rotated` — shape `[L, 2L − 1]`; overwritten, zero where |m| > ℓ
///
/// # Errors
/// As [`rotate_coefficients`], for both arrays.
pub fn rotate_coefficients_into(
    coeffs: ArrayView2<'_, Complex64>,
    alpha: f64,
    beta: f64,
    gamma: f64,
    rotated: ArrayViewMut2<'_, Complex64>,
) -> Result<()> {
    check_angles(&[alpha, beta, gamma])?;
    let rotation = CoefficientRotation::new(coeffs.nrows())?;
    let euler = EulerZyz::new(alpha, beta, gamma)?;
    rotation.rotate_into(coeffs, &euler, rotated, &mut rotation.make_scratch())
}

/// Rotates signals of one band limit: the tables are made once, then any rotations of single signals or batches.
///
/// ```math
/// (R f)(x) = f(R^{-1} x) , \qquad (Rf)_{\ell m} = \sum_n D^\ell_{mn}(\alpha, \beta, \gamma)\, f_{\ell n}
/// ```
/// Rotations are active, as in [`rotate_coefficients`]. The Wigner functions are never stored: a recursion in the degree
/// yields them, once for all signals of a batch. Immutable; may be shared between threads.
/// Conventions: see [`crate::conventions`].
///
/// # Cost and accuracy
/// O(L³) time for a signal, O(L²) memory for tables and scratch. Error of a coefficient relative to the norm of its degree: 4e-15
/// at L = 64, 6e-15 at L = 512 (`docs/accuracy.md`), at any angle.
///
/// # Examples
/// ```
/// use haarmonic::group::EulerZyz;
/// use haarmonic::sphere::{CoefficientRotation, coefficients};
/// let rotation = CoefficientRotation::new(2)?;
/// let mut z = coefficients::zeros(2)?;
/// z[[1, 1]] = 1.0.into();                                        // Y₁₀, proportional to z
/// let x = rotation.rotate_real(z.view(), &EulerZyz::new(0.0, std::f64::consts::FRAC_PI_2, 0.0)?)?;
/// assert!((x[[1, 2]].re + 0.5_f64.sqrt()).abs() < 4.0 * f64::EPSILON);     // (Y₁₋₁ − Y₁₁) / √2, proportional to x
/// assert!((x[[1, 0]].re - 0.5_f64.sqrt()).abs() < 4.0 * f64::EPSILON);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// VMK88, Eq. 4.1 (5); KR08, Sect. 3.
#[derive(Debug)]
pub struct CoefficientRotation {
    pub(super) tables: RotationTables,
}

/// The working memory of [`CoefficientRotation`]; its content never affects results.
#[derive(Debug, Clone, Default)]
pub struct CoefficientRotationScratch {
    pub(super) work: Workspace,
    pub(super) phases: Vec<Complex64>,
    pub(super) row: Vec<Complex64>,
}

impl CoefficientRotation {
    /// Makes the tables for a band limit.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `band_limit` is 0 or too large.
    pub fn new(band_limit: usize) -> Result<Self> {
        check_band_limit(band_limit)?;
        Ok(CoefficientRotation {
            tables: RotationTables::new(band_limit),
        })
    }

    /// Returns the band limit L.
    pub fn band_limit(&self) -> usize {
        self.tables.band_limit
    }

    /// Makes the working memory for one signal.
    pub fn make_scratch(&self) -> CoefficientRotationScratch {
        let mut scratch = CoefficientRotationScratch::default();
        scratch.prepare(&self.tables, 2);
        scratch
    }

    /// Rotates a complex signal actively into a caller's array.
    ///
    /// # Arguments
    /// * `coeffs` — shape `[L, 2L − 1]`, entry `[l, m + L − 1]`; entries with |m| > ℓ are ignored
    /// * `rotated` — the same shape; overwritten, zero where |m| > ℓ
    /// * `scratch` — from [`CoefficientRotation::make_scratch`]
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if an array has another shape, [`Error::NotFinite`] if a coefficient is NaN or infinite.
    pub fn rotate_into(
        &self,
        coeffs: ArrayView2<'_, Complex64>,
        euler: &EulerZyz,
        rotated: ArrayViewMut2<'_, Complex64>,
        scratch: &mut CoefficientRotationScratch,
    ) -> Result<()> {
        self.rotate_one::<2>(Kind::Complex, coeffs, euler, rotated, scratch)
    }

    /// Rotates a real signal actively into a caller's array, in about half of the time of a complex one.
    ///
    /// # Arguments
    /// * `coeffs` — shape `[L, 2L − 1]`, entry `[l, m + L − 1]`, of a real signal: only the entries with 0 ≤ m ≤ ℓ are read, and of
    ///   those with m = 0 only the real parts
    /// * `rotated` — the same shape; overwritten for all orders, zero where |m| > ℓ
    /// * `scratch` — from [`CoefficientRotation::make_scratch`]
    ///
    /// # Errors
    /// As [`CoefficientRotation::rotate_into`]; entries of negative order are not looked at.
    pub fn rotate_real_into(
        &self,
        coeffs: ArrayView2<'_, Complex64>,
        euler: &EulerZyz,
        rotated: ArrayViewMut2<'_, Complex64>,
        scratch: &mut CoefficientRotationScratch,
    ) -> Result<()> {
        self.rotate_one::<1>(Kind::Real, coeffs, euler, rotated, scratch)
    }

    /// One signal, which counts as `B` real ones.
    fn rotate_one<const B: usize>(
        &self,
        kind: Kind,
        coeffs: ArrayView2<'_, Complex64>,
        euler: &EulerZyz,
        rotated: ArrayViewMut2<'_, Complex64>,
        scratch: &mut CoefficientRotationScratch,
    ) -> Result<()> {
        self.check(kind, &coeffs, rotated.shape(), &[])?;
        let tilt = Tilt::new(euler.beta(), self.band_limit());
        let phases = tilt.phases(
            euler.alpha(),
            euler.gamma(),
            std::mem::take(&mut scratch.phases),
        );
        let turn = Turn {
            coeffs,
            phases: &phases,
        };
        rotate_group::<B>(&self.tables, kind, &tilt, &[turn], &mut [rotated], scratch);
        scratch.phases = phases;
        Ok(())
    }

    /// Rotates a complex signal actively; see [`CoefficientRotation::rotate_into`].
    ///
    /// # Errors
    /// As [`CoefficientRotation::rotate_into`].
    pub fn rotate(
        &self,
        coeffs: ArrayView2<'_, Complex64>,
        euler: &EulerZyz,
    ) -> Result<Array2<Complex64>> {
        let mut rotated = Array2::zeros(coeffs.raw_dim());
        self.rotate_into(coeffs, euler, rotated.view_mut(), &mut self.make_scratch())?;
        Ok(rotated)
    }

    /// Rotates a real signal actively; see [`CoefficientRotation::rotate_real_into`].
    ///
    /// # Errors
    /// As [`CoefficientRotation::rotate_real_into`].
    pub fn rotate_real(
        &self,
        coeffs: ArrayView2<'_, Complex64>,
        euler: &EulerZyz,
    ) -> Result<Array2<Complex64>> {
        let mut rotated = Array2::zeros(coeffs.raw_dim());
        self.rotate_real_into(coeffs, euler, rotated.view_mut(), &mut self.make_scratch())?;
        Ok(rotated)
    }

    pub(super) fn check(
        &self,
        kind: Kind,
        coeffs: &ArrayView2<'_, Complex64>,
        rotated: &[usize],
        prefix: &[usize],
    ) -> Result<()> {
        self.check_shapes(coeffs.shape(), rotated)?;
        check_finite(kind, coeffs, prefix)
    }

    /// Checks the shapes of one signal and of its place.
    pub(super) fn check_shapes(&self, coeffs: &[usize], rotated: &[usize]) -> Result<()> {
        let band_limit = self.band_limit();
        let orders = 2 * band_limit - 1;
        for (what, shape) in [
            ("spherical-harmonic coefficients", coeffs),
            ("rotated spherical-harmonic coefficients", rotated),
        ] {
            if shape != [band_limit, orders] {
                return Err(Error::shape(
                    what,
                    format!("[{band_limit}, {orders}]"),
                    shape.to_vec(),
                ));
            }
        }
        Ok(())
    }
}

/// Refuses coefficients of which one that is read is NaN or infinite; `prefix` is where the signal stands among others.
pub(super) fn check_finite(
    kind: Kind,
    coeffs: &ArrayView2<'_, Complex64>,
    prefix: &[usize],
) -> Result<()> {
    match first_not_finite(kind, coeffs) {
        Some(index) => Err(Error::not_finite(
            "spherical-harmonic coefficients",
            [prefix, &index].concat(),
        )),
        None => Ok(()),
    }
}
