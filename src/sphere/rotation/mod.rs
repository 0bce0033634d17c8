//! Rotation of spherical-harmonic coefficients.

mod batch;
mod product;
mod signals;
mod stage;
mod tables;

use super::sampling::check_band_limit;
use crate::group::EulerZyz;
use crate::special::wigner_d::check_angles;
use crate::{Error, Result};
use batch::{FEWEST, Order, Passenger, rotate_all};
use ndarray::{Array2, Array3, ArrayView2, ArrayView3, ArrayViewMut2, ArrayViewMut3, Axis};
use num_complex::Complex64;
use signals::{Kind, Tilt, Turn, rotate_group};
use tables::RotationTables;

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
    tables: RotationTables,
}

/// The working memory of [`CoefficientRotation`]; its content never affects results.
#[derive(Debug, Clone, Default)]
pub struct CoefficientRotationScratch {
    work: stage::Workspace,
    phases: Vec<Complex64>,
    row: Vec<Complex64>,
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
        mut rotated: ArrayViewMut2<'_, Complex64>,
        scratch: &mut CoefficientRotationScratch,
    ) -> Result<()> {
        self.check(Kind::Complex, &coeffs, rotated.shape(), &[])?;
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
        let out = &mut rotated;
        rotate_group::<2>(
            &self.tables,
            Kind::Complex,
            &tilt,
            &[turn],
            &mut [out.view_mut()],
            scratch,
        );
        scratch.phases = phases;
        Ok(())
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
        mut rotated: ArrayViewMut2<'_, Complex64>,
        scratch: &mut CoefficientRotationScratch,
    ) -> Result<()> {
        self.check(Kind::Real, &coeffs, rotated.shape(), &[])?;
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
        let out = &mut rotated;
        rotate_group::<1>(
            &self.tables,
            Kind::Real,
            &tilt,
            &[turn],
            &mut [out.view_mut()],
            scratch,
        );
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

    /// Rotates many complex signals actively by one rotation, on the threads of the current pool.
    ///
    /// # Arguments
    /// * `coeffs` — shape `[signals, L, 2L − 1]`
    /// * `rotated` — the same shape; overwritten
    ///
    /// # Cost and accuracy
    /// The rotation is prepared once. Working memory is allocated for each thread.
    ///
    /// # Errors
    /// As [`CoefficientRotation::rotate_into`].
    pub fn rotate_batch_into(
        &self,
        coeffs: ArrayView3<'_, Complex64>,
        euler: &EulerZyz,
        rotated: ArrayViewMut3<'_, Complex64>,
    ) -> Result<()> {
        self.rotate_batch(Kind::Complex, &coeffs, euler, rotated)
    }

    /// Rotates many real signals actively by one rotation, on the threads of the current pool.
    ///
    /// # Arguments
    /// * `coeffs` — shape `[signals, L, 2L − 1]`, read as by [`CoefficientRotation::rotate_real_into`]
    /// * `rotated` — the same shape; overwritten
    ///
    /// # Cost and accuracy
    /// From three signals on those of a thread share each Wigner function. Working memory is allocated for each thread.
    ///
    /// # Errors
    /// As [`CoefficientRotation::rotate_real_into`].
    ///
    /// # Examples
    /// ```
    /// use haarmonic::group::EulerZyz;
    /// use haarmonic::sphere::CoefficientRotation;
    /// use ndarray::Array3;
    /// use num_complex::Complex64;
    /// let mut z = Array3::<Complex64>::zeros((5, 2, 3));
    /// for i in 0..5 {
    ///     z[[i, 1, 1]] = (i as f64).into();                          // multiples of Y₁₀
    /// }
    /// let mut turned = z.clone();
    /// CoefficientRotation::new(2)?.rotate_real_batch_into(z.view(), &EulerZyz::new(0.1, 1.0, 0.2)?, turned.view_mut())?;
    /// assert!((turned[[4, 1, 1]].re - 4.0 * 1.0_f64.cos()).abs() < 8.0 * f64::EPSILON);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn rotate_real_batch_into(
        &self,
        coeffs: ArrayView3<'_, Complex64>,
        euler: &EulerZyz,
        rotated: ArrayViewMut3<'_, Complex64>,
    ) -> Result<()> {
        self.rotate_batch(Kind::Real, &coeffs, euler, rotated)
    }

    /// Rotates one real signal by several rotations that share β, on the threads of the current pool.
    ///
    /// # Arguments
    /// * `coeffs` — shape `[L, 2L − 1]`, read as by [`CoefficientRotation::rotate_real_into`]
    /// * `beta` — in radians
    /// * `turns` — α and γ of each rotation, in radians
    /// * `rotated` — shape `[turns, L, 2L − 1]`; overwritten
    ///
    /// # Cost and accuracy
    /// From three rotations on those of a thread share each Wigner function. Working memory is allocated for each thread.
    ///
    /// # Errors
    /// As [`CoefficientRotation::rotate_real_into`], and [`Error::NotFinite`] if an angle is NaN or infinite.
    pub fn rotate_real_by_each_into(
        &self,
        coeffs: ArrayView2<'_, Complex64>,
        beta: f64,
        turns: &[[f64; 2]],
        rotated: ArrayViewMut3<'_, Complex64>,
    ) -> Result<()> {
        check_angles(&[beta])?;
        check_angles(turns.as_flattened())?;
        self.check_count(turns.len(), rotated.shape())?;
        self.check(Kind::Real, &coeffs, &rotated.shape()[1..], &[])?;
        let tilt = Tilt::new(beta, self.band_limit());
        let phases: Vec<_> = turns
            .iter()
            .map(|&[alpha, gamma]| tilt.phases(alpha, gamma, Vec::new()))
            .collect();
        let turns = phases.iter().map(|phases| Turn { coeffs, phases });
        self.rotate_turns(Kind::Real, &tilt, &turns.collect::<Vec<_>>(), rotated);
        Ok(())
    }

    /// Rotates many real signals, as their coefficients m ≥ 0, actively by one rotation, on the threads of the current pool.
    ///
    /// These are a quarter of the numbers of [`CoefficientRotation::rotate_real_batch_into`].
    ///
    /// # Arguments
    /// * `coeffs` — shape `[signals, L (L + 1) / 2]`, m-major, entry `m (2L − 1 − m) / 2 + l`, as healpy and ducc0 have it; of those
    ///   with m = 0 only the real parts are read
    /// * `rotated` — the same shape; overwritten, after an error with unspecified content
    ///
    /// # Errors
    /// As [`CoefficientRotation::rotate_real_batch_into`].
    ///
    /// # Examples
    /// ```
    /// use haarmonic::group::EulerZyz;
    /// use haarmonic::sphere::CoefficientRotation;
    /// use ndarray::array;
    /// use num_complex::Complex64;
    /// let (o, i) = (Complex64::ZERO, Complex64::ONE);
    /// let z = array![[o, i, o], [o, -i, o]];                        // Y₁₀ and −Y₁₀: f_00, f_10, f_11
    /// let mut turned = z.clone();
    /// CoefficientRotation::new(2)?.rotate_half_batch_into(z.view(), &EulerZyz::new(0.1, 1.0, 0.2)?, turned.view_mut())?;
    /// assert!((turned[[1, 1]].re + 1.0_f64.cos()).abs() < 4.0 * f64::EPSILON);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn rotate_half_batch_into(
        &self,
        coeffs: ArrayView2<'_, Complex64>,
        euler: &EulerZyz,
        mut rotated: ArrayViewMut2<'_, Complex64>,
    ) -> Result<()> {
        let limit = self.band_limit();
        let expected = [coeffs.nrows(), limit * (limit + 1) / 2];
        for (what, found) in [
            ("spherical-harmonic coefficients", coeffs.shape()),
            ("rotated spherical-harmonic coefficients", rotated.shape()),
        ] {
            if found != expected {
                return Err(Error::ShapeMismatch {
                    what: what.into(),
                    expected: format!("[{}, {}]", expected[0], expected[1]),
                    found: found.to_vec(),
                });
            }
        }
        let tilt = Tilt::new(euler.beta(), limit);
        let phases = tilt.phases(euler.alpha(), euler.gamma(), Vec::new());
        let from = coeffs.as_standard_layout();
        let mut copy = Array2::zeros(if rotated.is_standard_layout() {
            (0, 0)
        } else {
            rotated.dim()
        });
        let to = match rotated.as_slice_mut() {
            Some(to) => to,
            None => copy.as_slice_mut().expect("an owned array is contiguous"),
        };
        let length = expected[1];
        let from = from.as_slice().expect("the layout is standard");
        let mut signals: Vec<_> = from
            .chunks_exact(length)
            .zip(to.chunks_exact_mut(length))
            .map(|(coeffs, rotated)| Passenger {
                coeffs,
                phases: &phases,
                rotated,
            })
            .collect();
        if !rotate_all(limit, Kind::Real, Order::Half, &tilt, &mut signals) {
            let bad = |((_, at), value): &((usize, usize), &Complex64)| {
                !value.re.is_finite() || (*at >= limit && !value.im.is_finite())
            };
            let place = coeffs.indexed_iter().find(bad);
            let ((signal, at), _) = place.expect("a number was not finite");
            return Err(Error::NotFinite {
                what: "spherical-harmonic coefficients".into(),
                index: vec![signal, at],
            });
        }
        if !copy.is_empty() {
            rotated.assign(&copy);
        }
        Ok(())
    }

    fn rotate_batch(
        &self,
        kind: Kind,
        coeffs: &ArrayView3<'_, Complex64>,
        euler: &EulerZyz,
        rotated: ArrayViewMut3<'_, Complex64>,
    ) -> Result<()> {
        let count = coeffs.shape()[0];
        self.check_count(count, rotated.shape())?;
        let tilt = Tilt::new(euler.beta(), self.band_limit());
        let phases = tilt.phases(euler.alpha(), euler.gamma(), Vec::new());
        let standard = coeffs.as_standard_layout();
        let mut turns = Vec::with_capacity(count);
        for i in 0..count {
            let coeffs = standard.index_axis(Axis(0), i);
            self.check(kind, &coeffs, &rotated.shape()[1..], &[i])?;
            turns.push(Turn {
                coeffs,
                phases: &phases,
            });
        }
        self.rotate_turns(kind, &tilt, &turns, rotated);
        Ok(())
    }

    /// Together if there are some, one by one otherwise.
    fn rotate_turns(
        &self,
        kind: Kind,
        tilt: &Tilt,
        turns: &[Turn<'_>],
        mut rotated: ArrayViewMut3<'_, Complex64>,
    ) {
        let columns = if kind == Kind::Real { 1 } else { 2 } * turns.len();
        if columns < FEWEST {
            let mut scratch = CoefficientRotationScratch::default();
            let mut outputs: Vec<_> = rotated.outer_iter_mut().collect();
            match columns {
                0 => {}
                1 => rotate_group::<1>(&self.tables, kind, tilt, turns, &mut outputs, &mut scratch),
                _ => rotate_group::<2>(&self.tables, kind, tilt, turns, &mut outputs, &mut scratch),
            }
            return;
        }
        let Some(to) = rotated.as_slice_mut() else {
            let mut copy = Array3::zeros(rotated.dim());
            self.rotate_turns(kind, tilt, turns, copy.view_mut());
            rotated.assign(&copy);
            return;
        };
        let length = to.len() / turns.len();
        let copies: Vec<_> = turns
            .iter()
            .map(|t| t.coeffs.as_standard_layout())
            .collect();
        let mut signals: Vec<_> = turns
            .iter()
            .zip(&copies)
            .zip(to.chunks_exact_mut(length))
            .map(|((turn, coeffs), rotated)| Passenger {
                coeffs: coeffs.as_slice().expect("the layout is standard"),
                phases: turn.phases,
                rotated,
            })
            .collect();
        rotate_all(self.band_limit(), kind, Order::Square, tilt, &mut signals);
    }

    fn check_count(&self, count: usize, rotated: &[usize]) -> Result<()> {
        let orders = 2 * self.band_limit() - 1;
        if rotated != [count, self.band_limit(), orders] {
            return Err(Error::ShapeMismatch {
                what: "rotated spherical-harmonic coefficients".into(),
                expected: format!("[{count}, {}, {orders}]", self.band_limit()),
                found: rotated.to_vec(),
            });
        }
        Ok(())
    }

    fn check(
        &self,
        kind: Kind,
        coeffs: &ArrayView2<'_, Complex64>,
        rotated: &[usize],
        prefix: &[usize],
    ) -> Result<()> {
        let band_limit = self.band_limit();
        let orders = 2 * band_limit - 1;
        for (what, shape) in [
            ("spherical-harmonic coefficients", coeffs.shape()),
            ("rotated spherical-harmonic coefficients", rotated),
        ] {
            if shape != [band_limit, orders] {
                return Err(Error::ShapeMismatch {
                    what: what.into(),
                    expected: format!("[{band_limit}, {orders}]"),
                    found: shape.to_vec(),
                });
            }
        }
        match signals::first_not_finite(kind, coeffs) {
            Some(index) => Err(Error::NotFinite {
                what: "spherical-harmonic coefficients".into(),
                index: [prefix, &index].concat(),
            }),
            None => Ok(()),
        }
    }
}
