//! Spherical harmonics at single points, and values of a signal at arbitrary points.

use super::coefficients::{self, sign};
use super::limits::check_band_limit;
use crate::check;
use crate::numeric::legendre::{Sectoral, check_colatitude};
use crate::numeric::legendre_chains::LegendreChains;
use crate::{Error, Result};
use ndarray::{Array1, ArrayView2, ArrayViewMut2};
use num_complex::Complex64;
use std::f64::consts::SQRT_2;

/// Evaluates all spherical harmonics below a band limit at a point; the tables are built once and serve any point.
///
/// Conventions: see [`crate::conventions`].
///
/// # Examples
/// ```
/// use haarmonic::sphere::SphericalHarmonics;
/// use num_complex::Complex64;
/// let harmonics = SphericalHarmonics::new(2)?;
/// let mut y = [Complex64::ZERO; 4];
/// harmonics.write([1.0, 0.0, 0.0], &mut y)?;                    // θ = π/2, φ = 0
/// let exact = (3.0 / (8.0 * std::f64::consts::PI)).sqrt();
/// assert!((y[3].re + exact).abs() < 4.0 * f64::EPSILON);         // Y_11 = −sqrt(3/8π) sin θ e^{iφ}
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SphericalHarmonics {
    chains: LegendreChains,
}

/// A point on the sphere.
#[derive(Debug, Clone, Copy)]
struct Point {
    sine: f64,
    cosine: f64,
    phase: Complex64,
}

impl Point {
    fn from_direction([x, y, z]: [f64; 3]) -> Result<Self> {
        if let Some(index) = [x, y, z].iter().position(|v| !v.is_finite()) {
            return Err(Error::not_finite("direction", vec![index]));
        }
        // Scaled first, so that neither huge nor tiny vectors leave the range.
        let largest = x.abs().max(y.abs()).max(z.abs());
        if largest == 0.0 {
            return Err(Error::invalid(
                "direction",
                "the zero vector",
                "a vector of positive length",
            ));
        }
        let [x, y, z] = [x / largest, y / largest, z / largest];
        let across = x.hypot(y);
        let length = across.hypot(z);
        let phase = if across > 0.0 {
            Complex64::new(x / across, y / across)
        } else {
            Complex64::ONE
        };
        Ok(Point {
            sine: across / length,
            cosine: z / length,
            phase,
        })
    }

    fn from_angles(colatitude: f64, longitude: f64) -> Result<Self> {
        check_colatitude(colatitude)?;
        check::angle("longitude", longitude)?;
        let (sine, cosine) = colatitude.sin_cos();
        Ok(Point {
            sine,
            cosine,
            phase: Complex64::cis(longitude),
        })
    }
}

impl SphericalHarmonics {
    /// Builds the tables for a band limit L (exclusive), in O(L²) time and memory.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `band_limit` is 0 or too large.
    pub fn new(band_limit: usize) -> Result<Self> {
        check_band_limit(band_limit)?;
        Ok(SphericalHarmonics {
            chains: LegendreChains::new(band_limit),
        })
    }

    /// Returns the band limit L (exclusive).
    pub fn band_limit(&self) -> usize {
        self.chains.band_limit()
    }

    /// Calls `visit(l, m, P_lm, e^{imφ})` for all m ≥ 0 whose value matters.
    #[inline]
    fn visit(&self, point: Point, mut visit: impl FnMut(usize, usize, f64, Complex64)) {
        let mut start = Sectoral::new(point.sine, point.cosine);
        let mut phase = Complex64::ONE;
        for m in 0..self.band_limit() {
            self.chains
                .visit(&start, point.sine, point.cosine, |l, value| {
                    visit(l, m, value, phase);
                });
            start.advance();
            phase *= point.phase;
        }
    }

    /// Writes $`Y_{\ell m}`$ at a direction.
    ///
    /// # Arguments
    /// * `direction` — a vector of any positive length
    /// * `out` — shape `[L * L]`, entry `l * l + l + m`; overwritten
    ///
    /// # Cost and accuracy
    /// O(L²) time, no allocation.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for the zero vector, [`Error::NotFinite`], [`Error::ShapeMismatch`].
    pub fn write(&self, direction: [f64; 3], out: &mut [Complex64]) -> Result<()> {
        self.write_point(Point::from_direction(direction)?, out)
    }

    /// Writes $`Y_{\ell m}(\theta, \varphi)`$ into the flat layout, as [`SphericalHarmonics::write`] does for a direction.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if θ is outside $`[0, \pi]`$ or φ is not finite, [`Error::ShapeMismatch`].
    pub fn write_at(&self, colatitude: f64, longitude: f64, out: &mut [Complex64]) -> Result<()> {
        self.write_point(Point::from_angles(colatitude, longitude)?, out)
    }

    fn write_point(&self, point: Point, out: &mut [Complex64]) -> Result<()> {
        self.check_flat(out.len())?;
        out.fill(Complex64::ZERO);
        self.visit(point, |l, m, value, phase| {
            let y = value * phase;
            out[l * l + l - m] = sign(m) * y.conj();
            out[l * l + l + m] = y;
        });
        Ok(())
    }

    /// Writes the real spherical harmonics at a direction.
    ///
    /// ```math
    /// S_{\ell 0} = Y_{\ell 0} , \qquad S_{\ell m} = \sqrt2 \, (-1)^m \, \mathrm{Re}\, Y_{\ell m} , \qquad
    /// S_{\ell,-m} = \sqrt2 \, (-1)^m \, \mathrm{Im}\, Y_{\ell m} , \qquad m > 0
    /// ```
    /// They are orthonormal; degree one is $`\sqrt{3/4\pi}\,(y, z, x)`$.
    ///
    /// # Arguments
    /// * `direction` — a vector of any positive length
    /// * `out` — shape `[L * L]`, entry `l * l + l + m`; overwritten
    ///
    /// # Errors
    /// As [`SphericalHarmonics::write`].
    pub fn write_real(&self, direction: [f64; 3], out: &mut [f64]) -> Result<()> {
        self.check_flat(out.len())?;
        let point = Point::from_direction(direction)?;
        out.fill(0.0);
        self.visit(point, |l, m, value, phase| {
            if m == 0 {
                out[l * l + l] = value;
            } else {
                let y = SQRT_2 * sign(m) * value * phase;
                out[l * l + l + m] = y.re;
                out[l * l + l - m] = y.im;
            }
        });
        Ok(())
    }

    /// Adds $`w \lambda_\ell \overline{Y_{\ell m}(x)}`$ to coefficients of shape `[L, 2L − 1]`, only for m ≥ 0.
    pub(super) fn add_zonal(
        &self,
        direction: [f64; 3],
        weight: f64,
        multipliers: &[f64],
        coeffs: &mut ArrayViewMut2<'_, Complex64>,
    ) -> Result<()> {
        let limit = self.band_limit();
        self.visit(Point::from_direction(direction)?, |l, m, value, phase| {
            coeffs[[l, limit - 1 + m]] += weight * multipliers[l] * value * phase.conj();
        });
        Ok(())
    }

    /// Computes the values of a complex signal at arbitrary points.
    ///
    /// # Arguments
    /// * `coeffs` — shape `[L, 2L − 1]`; entries with $`|m| > \ell`$ are not used
    /// * `points` — shape `[points, 2]`, rows (θ, φ) in radians
    ///
    /// # Cost and accuracy
    /// O(L²) time for each point.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::NotFinite`], [`Error::InvalidValue`] for an angle out of range.
    pub fn evaluate(
        &self,
        coeffs: ArrayView2<'_, Complex64>,
        points: ArrayView2<'_, f64>,
    ) -> Result<Array1<Complex64>> {
        let limit = self.check_coeffs(coeffs)?;
        self.at_points(points, |point| {
            let mut sum = Complex64::ZERO;
            self.visit(point, |l, m, value, phase| {
                sum += coeffs[[l, limit - 1 + m]] * (value * phase);
                if m > 0 {
                    sum += coeffs[[l, limit - 1 - m]] * (sign(m) * value * phase.conj());
                }
            });
            sum
        })
    }

    /// Computes the values of a real signal at arbitrary points; only the coefficients with m ≥ 0 are used.
    ///
    /// # Errors
    /// As [`SphericalHarmonics::evaluate`].
    pub fn evaluate_real(
        &self,
        coeffs: ArrayView2<'_, Complex64>,
        points: ArrayView2<'_, f64>,
    ) -> Result<Array1<f64>> {
        let limit = self.check_coeffs(coeffs)?;
        self.at_points(points, |point| {
            let mut sum = 0.0;
            self.visit(point, |l, m, value, phase| {
                let twice = if m == 0 { 1.0 } else { 2.0 };
                let c = coeffs[[l, limit - 1 + m]];
                sum += twice * value * (c.re * phase.re - c.im * phase.im);
            });
            sum
        })
    }

    fn at_points<T>(
        &self,
        points: ArrayView2<'_, f64>,
        value: impl Fn(Point) -> T,
    ) -> Result<Array1<T>> {
        if points.ncols() != 2 {
            return Err(Error::shape(
                "points on the sphere",
                "[points, 2], rows (theta, phi)",
                points.shape().to_vec(),
            ));
        }
        points
            .rows()
            .into_iter()
            .map(|row| Ok(value(Point::from_angles(row[0], row[1])?)))
            .collect()
    }

    fn check_coeffs(&self, coeffs: ArrayView2<'_, Complex64>) -> Result<usize> {
        let limit = coefficients::band_limit(coeffs)?;
        if limit != self.band_limit() {
            return Err(Error::shape(
                format!("coefficients of band limit {}", self.band_limit()),
                format!("[{}, {}]", self.band_limit(), 2 * self.band_limit() - 1),
                coeffs.shape().to_vec(),
            ));
        }
        check::finite("coefficients", coeffs)?;
        Ok(limit)
    }

    fn check_flat(&self, found: usize) -> Result<()> {
        let what = format!("spherical harmonics of band limit {}", self.band_limit());
        check::shape(&what, &[found], &[self.band_limit() * self.band_limit()])
    }
}

/// Computes the values of a complex signal at arbitrary points, building the tables for this one call.
///
/// # Arguments
/// * `coeffs` — shape `[L, 2L − 1]`
/// * `points` — shape `[points, 2]`, rows (θ, φ) in radians
///
/// # Errors
/// As [`SphericalHarmonics::evaluate`].
pub fn evaluate(
    coeffs: ArrayView2<'_, Complex64>,
    points: ArrayView2<'_, f64>,
) -> Result<Array1<Complex64>> {
    SphericalHarmonics::new(coefficients::band_limit(coeffs)?)?.evaluate(coeffs, points)
}
