//! Slepian functions: band-limited functions that are concentrated in a region, and spectra with them as tapers.

use super::coefficients::{self, sign};
use super::limits::check_band_limit;
use super::product::product;
use super::rotation::CoefficientRotation;
use super::spectra::{SpectrumNorm, power};
use crate::group::{EulerZyz, SpherePoint};
use crate::numeric::GaussLegendre;
use crate::wigner::WignerDRecursion;
use crate::{Error, Result, memory};
use faer::{Mat, Side};
use ndarray::{Array2, Array3, ArrayView2, ArrayView3};
use num_complex::Complex64;
use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// Real functions of one band limit, orthonormal over the sphere and orthogonal over a region, the most concentrated first.
///
/// The concentration of a function g of a region with the mask w is
/// $`\lambda = \int w \, g^2 \, d\Omega \, / \int g^2 \, d\Omega`$; it is the eigenvalue of the matrix of w among the functions of the band limit. About
/// $`L^2 \int w \, d\Omega / 4\pi`$ functions have a concentration near one.
///
/// # Examples
/// ```
/// use haarmonic::sphere::SlepianFunctions;
/// let tapers = SlepianFunctions::of_cap(10, 0.7, 4)?;
/// let lambda = tapers.concentrations();
/// assert!(lambda[0] > 0.9998 && lambda[1] == lambda[2] && lambda[2] >= lambda[3]);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// SDW06; GLP82 (the tridiagonal matrix).
#[derive(Debug, Clone, PartialEq)]
pub struct SlepianFunctions {
    concentrations: Vec<f64>,
    /// `[functions, L, 2L − 1]`
    coefficients: Array3<Complex64>,
}

impl SlepianFunctions {
    /// Computes the most concentrated functions of a cap about the north pole.
    ///
    /// For each order m a tridiagonal matrix (Grünbaum's) has the same eigenvectors as the matrix of the cap, whose own eigenvalues crowd at 0 and 1. The
    /// concentrations are integrals of squares over the cap. Each m > 0 has two functions, with cos mφ first and sin mφ second.
    ///
    /// # Arguments
    /// * `band_limit` — L
    /// * `angle` — opening angle from the axis to the rim, radians in (0, π)
    /// * `count` — number of functions, 1 to L²
    ///
    /// # Cost and accuracy
    /// O(L⁴) time for the eigenvectors of all orders. Concentrations have errors of some ε, absolute.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for an argument out of range, [`Error::OutOfMemory`].
    pub fn of_cap(band_limit: usize, angle: f64, count: usize) -> Result<Self> {
        check_count(band_limit, count)?;
        if !(angle > 0.0 && angle < PI) {
            return Err(Error::invalid(
                "opening angle of a cap",
                angle,
                "radians above 0 and below pi",
            ));
        }
        let mut found = Vec::new();
        for m in 0..band_limit {
            for (concentration, vector) in cap_order(band_limit, angle, m)? {
                let phases: &[bool] = if m == 0 { &[false] } else { &[false, true] };
                for sine in phases {
                    found.push((concentration, m, *sine, vector.clone()));
                }
            }
            // Only the best are kept; the sort is stable, so that pairs stay together.
            found.sort_by(|a, b| b.0.total_cmp(&a.0));
            found.truncate(count);
        }
        let mut coefficients = Self::zeros(count, band_limit)?;
        for ((_, m, sine, vector), mut out) in found.iter().zip(coefficients.outer_iter_mut()) {
            for (l, value) in (*m..).zip(vector) {
                write_real(&mut out, [l, *m], *sine, *value);
            }
        }
        Ok(SlepianFunctions {
            concentrations: found.iter().map(|(value, ..)| *value).collect(),
            coefficients,
        })
    }

    /// Computes the most concentrated functions of any mask.
    ///
    /// # Arguments
    /// * `band_limit` — L of the functions
    /// * `mask` — coefficients of a real mask w, any band limit; degrees above 2L − 2 have no effect
    /// * `count` — number of functions, 1 to L²
    ///
    /// # Cost and accuracy
    /// O(L⁵) time for the matrix and O(L⁶) for its eigenvectors, L⁴ numbers: for L up to some tens.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::NotFinite`]; [`Error::InvalidValue`] for a mask that is not real or an argument out of range; [`Error::OutOfMemory`].
    ///
    /// # Examples
    /// ```
    /// use haarmonic::sphere::{SlepianFunctions, coefficients};
    /// let mut mask = coefficients::zeros(2)?;                        // w = (1 + z) / 2
    /// let pi = std::f64::consts::PI;
    /// mask[[0, 1]] = pi.sqrt().into();
    /// mask[[1, 1]] = (pi / 3.0).sqrt().into();
    /// let functions = SlepianFunctions::of_mask(2, mask.view(), 4)?;
    /// // Among 1 and z the matrix is 1/2 on the diagonal and 1/√12 beside it; x and y have 1/2.
    /// let lambda = functions.concentrations();
    /// assert!((lambda[0] - 0.5 - 1.0 / 12.0_f64.sqrt()).abs() < 1e-14 && (lambda[1] - 0.5).abs() < 1e-14);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn of_mask(
        band_limit: usize,
        mask: ArrayView2<'_, Complex64>,
        count: usize,
    ) -> Result<Self> {
        check_count(band_limit, count)?;
        coefficients::check_real(mask, REALITY_GUARD)?;
        let size = band_limit * band_limit;
        let bytes = memory::bytes(4, &[size, size]);
        memory::check("matrix of a mask", bytes, "use a smaller band limit")?;
        let mut matrix = Mat::<f64>::zeros(size, size);
        let mut basis = coefficients::zeros(band_limit)?;
        for column in 0..size {
            let (degree, order, sine) = real_index(column);
            basis.fill(Complex64::ZERO);
            write_real(&mut basis.view_mut(), [degree, order], sine, 1.0);
            // The products have more degrees than the functions.
            let image = product(basis.view(), mask)?;
            for row in 0..size {
                let (degree, order, sine) = real_index(row);
                matrix[(row, column)] = read_real(image.view(), [degree, order], sine);
            }
        }
        let (values, vectors) = eigenvectors("matrix of a mask", &matrix)?;
        let mut coefficients = Self::zeros(count, band_limit)?;
        for (k, mut out) in coefficients.outer_iter_mut().enumerate() {
            for row in 0..size {
                let (degree, order, sine) = real_index(row);
                let value = vectors[(row, size - 1 - k)];
                write_real(&mut out, [degree, order], sine, value);
            }
        }
        let concentrations = values.into_iter().rev().take(count).collect();
        Ok(SlepianFunctions {
            concentrations,
            coefficients,
        })
    }

    /// Rotates the functions so that the north pole comes to a point: functions of a cap become those of a cap about this point.
    ///
    /// # Errors
    /// As [`CoefficientRotation::rotate_into`]. The functions of this type cause none.
    pub fn centred_at(&self, centre: SpherePoint) -> Result<Self> {
        let euler = EulerZyz::new(centre.longitude(), centre.colatitude(), 0.0)?;
        let rotation = CoefficientRotation::real(self.band_limit())?;
        let mut coefficients = self.coefficients.clone();
        rotation.rotate_into(
            self.coefficients.view(),
            &euler,
            coefficients.view_mut(),
            &mut rotation.make_parallel_scratch(),
        )?;
        Ok(SlepianFunctions {
            concentrations: self.concentrations.clone(),
            coefficients,
        })
    }

    /// Returns the band limit L (exclusive).
    pub fn band_limit(&self) -> usize {
        self.coefficients.dim().1
    }

    /// Returns the concentrations, in decreasing order.
    pub fn concentrations(&self) -> &[f64] {
        &self.concentrations
    }

    /// Returns the coefficients of the functions, shape `[functions, L, 2L − 1]`.
    pub fn coefficients(&self) -> ArrayView3<'_, Complex64> {
        self.coefficients.view()
    }

    /// Computes the spectrum W of all tapers together, the mean of their spectra weighted by their concentrations, times 4π.
    ///
    /// The mean of a [`multitaper`](Self::multitaper) spectrum is that of a mask with the spectrum W:
    /// [`ModeCoupling::scalar`](super::coupling::ModeCoupling::scalar) has the matrix.
    ///
    /// # Errors
    /// As [`power`]. The functions of this type cause none.
    pub fn mean_spectrum(&self) -> Result<Vec<f64>> {
        self.weighted_mean(self.band_limit(), |taper| Ok(taper.to_owned()))
    }

    /// Computes the multitaper spectrum of a signal: the spectra of its products with the tapers, weighted by their concentrations.
    ///
    /// The factor 4π makes the spectrum of a white field correct. The tapers average neighbouring degrees, some L on either side, and several independent
    /// tapers have a smaller variance than one mask.
    ///
    /// # Arguments
    /// * `coeffs` — shape `[L', 2L' − 1]` of a signal on the whole sphere, or of a signal that is known in the region only and is zero elsewhere
    ///
    /// # Returns
    /// The spectrum for degrees below L', with [`SpectrumNorm::Mean`].
    ///
    /// # Cost and accuracy
    /// One [`product`](super::product()) for each taper.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::NotFinite`], and [`Error::InvalidValue`] if L + L' − 1 is too large.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::sphere::{SlepianFunctions, coefficients};
    /// let mut one = coefficients::zeros(3)?;
    /// one[[0, 2]] = 1.0.into();                                      // C_0 = 1: the spectrum of the tapers themselves
    /// let tapers = SlepianFunctions::of_cap(3, 1.0, 2)?;
    /// let (found, want) = (tapers.multitaper(one.view())?, tapers.mean_spectrum()?);
    /// assert!(found.iter().zip(want).all(|(found, want)| (found - want / (4.0 * std::f64::consts::PI)).abs() < 1e-14));
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    ///
    /// # References
    /// WS07; DS08.
    pub fn multitaper(&self, coeffs: ArrayView2<'_, Complex64>) -> Result<Vec<f64>> {
        let limit = coefficients::band_limit(coeffs)?;
        self.weighted_mean(limit, |taper| product(taper, coeffs))
    }

    /// The mean of the spectra of some functions below a degree, times 4π.
    fn weighted_mean(
        &self,
        limit: usize,
        function: impl Fn(ArrayView2<'_, Complex64>) -> Result<Array2<Complex64>>,
    ) -> Result<Vec<f64>> {
        let total: f64 = self.concentrations.iter().sum();
        let mut mean = vec![0.0; limit];
        for (weight, taper) in self
            .concentrations
            .iter()
            .zip(self.coefficients.outer_iter())
        {
            let spectrum = power(function(taper)?.view(), SpectrumNorm::Mean)?;
            for (mean, power) in mean.iter_mut().zip(spectrum) {
                *mean += 4.0 * PI * weight / total * power;
            }
        }
        Ok(mean)
    }

    fn zeros(count: usize, band_limit: usize) -> Result<Array3<Complex64>> {
        let shape = ndarray::Ix3(count, band_limit, 2 * band_limit - 1);
        memory::zeros("Slepian functions", shape, "ask for fewer functions")
    }
}

/// The largest deviation of a mask from the symmetry of a real signal, as a fraction of the largest coefficient.
const REALITY_GUARD: f64 = 1e-9;

fn check_count(band_limit: usize, count: usize) -> Result<()> {
    check_band_limit(band_limit)?;
    let most = band_limit * band_limit;
    if count == 0 || count > most {
        return Err(Error::invalid(
            "number of Slepian functions",
            count,
            format!("1 to the square of the band limit, {most}"),
        ));
    }
    Ok(())
}

/// Concentrations and coefficients $`g_\ell`$, ℓ = m … L − 1, of the functions $`\sum_\ell g_\ell \bar P_{\ell m}`$ of one order.
fn cap_order(band_limit: usize, angle: f64, m: usize) -> Result<Vec<(f64, Vec<f64>)>> {
    let size = band_limit - m;
    let (cosine, end) = (angle.cos(), (band_limit * band_limit) as f64 - 1.0);
    let order = m as f64;
    let mut matrix = Mat::<f64>::zeros(size, size);
    for i in 0..size {
        let l = (m + i) as f64;
        matrix[(i, i)] = -l * (l + 1.0) * cosine;
        if i + 1 < size {
            let ratio =
                ((l + 1.0 - order) * (l + 1.0 + order)) / ((2.0 * l + 1.0) * (2.0 * l + 3.0));
            let beside = (l * (l + 2.0) - end) * ratio.sqrt();
            matrix[(i + 1, i)] = beside;
            matrix[(i, i + 1)] = beside;
        }
    }
    let (_, vectors) = eigenvectors("matrix of a cap", &matrix)?;
    // The squares are polynomials of degree 2L − 2 in x = cos θ, which L nodes between the rim and the pole integrate.
    let rule = GaussLegendre::new(band_limit)?;
    let depth = 2.0 * (0.5 * angle).sin().powi(2);
    let half_sines = rule
        .colatitudes
        .iter()
        .map(|t| (0.5 * depth).sqrt() * (0.5 * t).sin());
    let colatitudes: Vec<f64> = half_sines.map(|sine| 2.0 * sine.asin()).collect();
    let mut values = Mat::<f64>::zeros(band_limit, size);
    let mut functions = WignerDRecursion::new(m as i64, 0, &colatitudes)?;
    for i in 0..size {
        let norm = ((2 * (m + i) + 1) as f64 / 2.0).sqrt();
        for (j, value) in functions.values().iter().enumerate() {
            values[(j, i)] = norm * value;
        }
        functions.advance();
    }
    let samples = &values * &vectors;
    Ok((0..size)
        .map(|k| {
            let squares = (0..band_limit).map(|j| rule.weights[j] * samples[(j, k)].powi(2));
            let vector = (0..size).map(|i| vectors[(i, k)]).collect();
            (0.5 * depth * squares.sum::<f64>(), vector)
        })
        .collect())
}

/// Eigenvalues in increasing order, eigenvectors as columns.
fn eigenvectors(what: &str, matrix: &Mat<f64>) -> Result<(Vec<f64>, Mat<f64>)> {
    let decomposition = matrix.self_adjoint_eigen(Side::Lower).map_err(|_| {
        Error::not_converged(
            format!("eigenvectors of the {what}"),
            f64::INFINITY,
            f64::EPSILON,
            "iterations of the eigenvalue solver",
        )
    })?;
    let values = decomposition.S();
    let values = (0..matrix.nrows()).map(|i| values[i]).collect();
    Ok((values, decomposition.U().to_owned()))
}

/// Degree, order m ≥ 0, and whether the real harmonic has the sine of mφ, for the place ℓ² + ℓ ± m.
fn real_index(place: usize) -> (usize, usize, bool) {
    let degree = place.isqrt();
    let middle = degree * degree + degree;
    (degree, place.abs_diff(middle), place < middle)
}

/// Adds the real harmonic S_ℓm, or S_ℓ,−m with the sine, times a number to the coefficients of a real signal.
fn write_real(
    coeffs: &mut ndarray::ArrayViewMut2<'_, Complex64>,
    [l, m]: [usize; 2],
    sine: bool,
    value: f64,
) {
    let middle = coeffs.nrows() - 1;
    if m == 0 {
        coeffs[[l, middle]] += value;
        return;
    }
    // S_m = ((−1)^m Y_m + Y_{−m}) / √2, S_{−m} = −i ((−1)^m Y_m − Y_{−m}) / √2.
    let size = FRAC_1_SQRT_2 * value;
    let factor = if sine {
        Complex64::new(0.0, -size)
    } else {
        Complex64::new(size, 0.0)
    };
    coeffs[[l, middle + m]] += sign(m) * factor;
    coeffs[[l, middle - m]] += factor.conj();
}

/// The coefficient of a real harmonic in a real signal.
fn read_real(coeffs: ArrayView2<'_, Complex64>, [l, m]: [usize; 2], sine: bool) -> f64 {
    let value = coeffs[[l, coeffs.nrows() - 1 + m]];
    match (m, sine) {
        (0, _) => value.re,
        (_, false) => std::f64::consts::SQRT_2 * sign(m) * value.re,
        (_, true) => -std::f64::consts::SQRT_2 * sign(m) * value.im,
    }
}
