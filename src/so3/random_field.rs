//! Random fields on SO(3) whose law no rotation changes, from their multipliers.

use super::grid::check_band_limit;
use crate::numeric::normal::{complex_normal, real_normal};
use crate::sphere::coefficients::sign;
use crate::{Result, check, memory};
use ndarray::{Array3, Ix3};
use num_complex::Complex64;
use rand::Rng;
use std::f64::consts::PI;

const MULTIPLIERS: &str = "multipliers of a random field on SO(3)";

/// A real Gaussian field on SO(3) whose law is the same after a rotation from either side.
///
/// ```math
/// \mathrm E \; f(R) \, f(S) = \sum_{\ell < L} (2\ell+1) \, \mu_\ell \, \chi_\ell(\omega) , \qquad
/// \mathrm E \; |\hat f^n_{\ell m}|^2 = \frac{(8\pi^2)^2 \, \mu_\ell}{2\ell+1}
/// ```
/// with the angle ω of $`R^{-1} S`$ and $`\chi_\ell(\omega) = \sin((\ell+\tfrac12)\omega)/\sin\tfrac\omega2`$. The mean is zero and the variance
/// $`\sum_\ell (2\ell+1)^2 \mu_\ell`$. The multipliers are the eigenvalues of the covariance for a Haar measure of mass 1. Samples are
/// coefficients that [`WignerPlan::inverse`](super::WignerPlan::inverse) and [`evaluate`](super::evaluate()) take.
///
/// # Cost and accuracy
/// O(L³) for a sample. The same generator gives the same coefficients of each degree for every L.
///
/// # Examples
/// ```
/// use haarmonic::ndarray::Array3;
/// use haarmonic::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
/// use haarmonic::so3::{RandomField, WignerPlanner};
/// use haarmonic::sphere::Sampling;
///
/// let field = RandomField::new(&[1.0, 0.1, 0.01])?;
/// let coeffs = field.sample(&mut Xoshiro256PlusPlus::seed_from_u64(1))?;
/// let values: Array3<f64> = WignerPlanner::new().plan(3, Sampling::GaussLegendre)?.inverse(coeffs.view())?;
/// assert_eq!(values.dim(), (5, 3, 5));
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RandomField {
    /// √E|f̂|² of each degree.
    deviations: Vec<f64>,
}

impl RandomField {
    /// Makes a field.
    ///
    /// # Arguments
    /// * `multipliers` — $`\mu_\ell`$ for ℓ < L, not negative
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) for a negative number or a length that is no band limit,
    /// [`Error::NotFinite`](crate::Error::NotFinite).
    pub fn new(multipliers: &[f64]) -> Result<Self> {
        check_band_limit("number of multipliers on SO(3)", multipliers.len())?;
        check::finite(MULTIPLIERS, ndarray::aview1(multipliers))?;
        let mut deviations = Vec::with_capacity(multipliers.len());
        for (degree, &multiplier) in multipliers.iter().enumerate() {
            check::not_negative(&format!("{MULTIPLIERS} at degree {degree}"), multiplier)?;
            deviations.push(8.0 * PI * PI * (multiplier / (2 * degree + 1) as f64).sqrt());
        }
        Ok(RandomField { deviations })
    }

    /// Returns the band limit L (exclusive).
    pub fn band_limit(&self) -> usize {
        self.deviations.len()
    }

    /// Draws coefficients, shape `[2L − 1, L, 2L − 1]`, entry `[n + L − 1, l, m + L − 1]`, zero where |m| > ℓ or |n| > ℓ.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory).
    pub fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> Result<Array3<Complex64>> {
        let limit = self.band_limit();
        let shape = Ix3(2 * limit - 1, limit, 2 * limit - 1);
        let mut coeffs = memory::zeros(
            "coefficients of a random field on SO(3)",
            shape,
            "use a lower band limit",
        )?;
        // Degree by degree: the numbers of a degree do not depend on L.
        for (l, deviation) in self.deviations.iter().enumerate() {
            for m in 0..=l {
                // Orders (m, n) with m > 0, or m = 0 and n ≥ 0, decide those of the opposite signs.
                let first = if m == 0 { 0 } else { -(l as isize) };
                for n in first..=l as isize {
                    let normal = match (m, n) {
                        (0, 0) => real_normal(rng).into(),
                        _ => complex_normal(rng),
                    };
                    let place = |n: isize| (n + limit as isize - 1) as usize;
                    let value = normal * *deviation;
                    let odd = sign(m + n.unsigned_abs());
                    coeffs[[place(-n), l, limit - 1 - m]] = odd * value.conj();
                    coeffs[[place(n), l, limit - 1 + m]] = value;
                }
            }
        }
        Ok(coeffs)
    }
}
