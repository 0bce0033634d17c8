//! Rotations of many signals by one rotation, and of one signal by many.

use super::batch::{FEWEST, Order, Passenger, rotate_all};
use super::plan::{CoefficientRotation, CoefficientRotationScratch, check_finite};
use super::signals::{Kind, Tilt, Turn, first_not_finite, rotate_group};
use crate::group::EulerZyz;
use crate::wigner::seeds::check_angles;
use crate::{Error, Result};
use ndarray::{Array2, Array3, ArrayView2, ArrayView3, ArrayViewMut2, ArrayViewMut3};
use num_complex::Complex64;

impl CoefficientRotation {
    /// Rotates many complex signals actively by one rotation, on the threads of the current pool.
    ///
    /// # Arguments
    /// * `coeffs` — shape `[signals, L, 2L − 1]`
    /// * `rotated` — the same shape; overwritten, after an error with unspecified content
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
    /// * `rotated` — the same shape; overwritten, after an error with unspecified content
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
                return Err(Error::shape(
                    what,
                    format!("[{}, {}]", expected[0], expected[1]),
                    found.to_vec(),
                ));
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
            return Err(Error::not_finite(
                "spherical-harmonic coefficients",
                vec![signal, at],
            ));
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
        for coeffs in standard.outer_iter() {
            self.check_shapes(coeffs.shape(), &rotated.shape()[1..])?;
            turns.push(Turn {
                coeffs,
                phases: &phases,
            });
        }
        if self.rotate_turns(kind, &tilt, &turns, rotated) {
            return Ok(());
        }
        // Only now one by one: at L = 256 a pass before would take a tenth of the time, on one thread.
        (turns.iter().enumerate()).try_for_each(|(i, turn)| check_finite(kind, &turn.coeffs, &[i]))
    }

    /// Together if there are some, one by one otherwise; the result is whether all coefficients that were read are finite.
    fn rotate_turns(
        &self,
        kind: Kind,
        tilt: &Tilt,
        turns: &[Turn<'_>],
        mut rotated: ArrayViewMut3<'_, Complex64>,
    ) -> bool {
        let columns = if kind == Kind::Real { 1 } else { 2 } * turns.len();
        if columns < FEWEST {
            if turns
                .iter()
                .any(|turn| first_not_finite(kind, &turn.coeffs).is_some())
            {
                return false;
            }
            let mut scratch = CoefficientRotationScratch::default();
            let mut outputs: Vec<_> = rotated.outer_iter_mut().collect();
            match columns {
                0 => {}
                1 => rotate_group::<1>(&self.tables, kind, tilt, turns, &mut outputs, &mut scratch),
                _ => rotate_group::<2>(&self.tables, kind, tilt, turns, &mut outputs, &mut scratch),
            }
            return true;
        }
        let Some(to) = rotated.as_slice_mut() else {
            let mut copy = Array3::zeros(rotated.dim());
            let finite = self.rotate_turns(kind, tilt, turns, copy.view_mut());
            rotated.assign(&copy);
            return finite;
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
        rotate_all(self.band_limit(), kind, Order::Square, tilt, &mut signals)
    }

    fn check_count(&self, count: usize, rotated: &[usize]) -> Result<()> {
        let orders = 2 * self.band_limit() - 1;
        if rotated != [count, self.band_limit(), orders] {
            return Err(Error::shape(
                "rotated spherical-harmonic coefficients",
                format!("[{count}, {}, {orders}]", self.band_limit()),
                rotated.to_vec(),
            ));
        }
        Ok(())
    }
}
