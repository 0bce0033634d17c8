//! Eigenvalues of covariances, and what truncated series leave out.

use std::f64::consts::PI;

use super::profile::Covariance;
use super::space::{Family, Space};
use crate::{Error, Result, memory};

/// Rounding of a sum of eigenvalues, relative to the variance.
const ROUNDING: f64 = 64.0 * f64::EPSILON;

impl Covariance {
    /// Returns the eigenvalues $`\lambda_\ell = \sigma^2 \Phi_\ell / Z`$ of the degrees below `degrees`, for the uniform law of mass 1.
    ///
    /// ```math
    /// k(\theta) = \sum_\ell (2\ell+1) \lambda_\ell P_\ell(\cos\theta) \;\text{ on } S^2 , \qquad
    /// k(\omega) = \sum_\ell (2\ell+1) \lambda_\ell \chi_\ell(\omega) \;\text{ on } SO(3)
    /// ```
    /// Each is the eigenvalue of [`Space::multiplicity`] functions, and the variance σ² is the sum of all.
    ///
    /// # Cost and accuracy
    /// O(degrees) time. The relative error is some ε, times $`\ln(\lambda_0/\lambda_\ell)`$ where that is large.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `degrees` is 0, [`Error::OutOfMemory`].
    ///
    /// # Examples
    /// ```
    /// use haarmonic::covariance::{Covariance, Family, Space};
    ///
    /// let covariance = Covariance::new(Space::Rotations, Family::Heat, 0.5)?;
    /// let eigenvalues = covariance.spectrum(24)?;
    /// let degrees = eigenvalues.iter().enumerate();
    /// let sum: f64 = degrees.map(|(l, value)| Space::Rotations.multiplicity(l) * value).sum();
    /// assert!((sum - 1.0).abs() < 1e-14);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn spectrum(&self, degrees: usize) -> Result<Vec<f64>> {
        check_degrees(degrees)?;
        memory::check(
            "eigenvalues",
            memory::bytes(1, &[degrees]),
            "ask for fewer degrees",
        )?;
        Ok((0..degrees).map(|l| self.eigenvalue(l)).collect())
    }

    /// Returns an upper bound of $`\max |k - k_L|`$, the error of the series over the degrees below `degrees`.
    ///
    /// The largest error is at angle 0, where all further terms add up. The bound is the smaller one of σ² minus the sum of the known terms,
    /// with 64 ε σ² for rounding, and of an integral over the further degrees.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if `degrees` is 0.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::covariance::{Covariance, Family, Space};
    ///
    /// // A hundred degrees of a rough kernel on S² leave out two per cent.
    /// let covariance = Covariance::new(Space::Sphere, Family::Matern { nu: 0.5 }, 0.5)?;
    /// assert!((covariance.tail(100)? - 0.0191).abs() < 1e-4);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn tail(&self, degrees: usize) -> Result<f64> {
        check_degrees(degrees)?;
        let terms = (0..degrees).map(|l| self.space.multiplicity(l) * self.eigenvalue(l));
        let known: f64 = terms.sum();
        let left = (self.variance - known).max(0.0) + ROUNDING * self.variance;
        Ok(left.min(self.variance * self.tail_integral(degrees as f64)))
    }

    fn eigenvalue(&self, degree: usize) -> f64 {
        let l = degree as f64;
        let laplace = l * (l + 1.0);
        let exponent = match self.family {
            Family::Heat => 0.5 * self.length_scale * self.length_scale * laplace,
            Family::Matern { nu } => self.exponent(nu) * (laplace / self.shift(nu)).ln_1p(),
        };
        self.variance / self.whole * (-exponent).exp()
    }

    /// s = ν + d/2
    fn exponent(&self, nu: f64) -> f64 {
        nu + 0.5 * self.space.dimension() as f64
    }

    /// a = 2ν/κ²
    fn shift(&self, nu: f64) -> f64 {
        2.0 * nu / (self.length_scale * self.length_scale)
    }

    /// An upper bound of the share of the degrees from L on; infinite where the terms do not fall convexly from L − ½ on, as the bound by an
    /// integral over x = ℓ + ½ needs.
    fn tail_integral(&self, limit: f64) -> f64 {
        let square = limit * limit;
        let bound = match self.family {
            Family::Heat => {
                let t = 0.5 * self.length_scale * self.length_scale;
                if square < 1.5 / t {
                    return f64::INFINITY;
                }
                let gauss = (0.25 * t - t * square).exp();
                match self.space {
                    Space::Sphere => gauss / t,
                    Space::Rotations => {
                        let error_function = libm::erfc(limit * t.sqrt()) * (0.25 * t).exp();
                        2.0 * limit * gauss / t + PI.sqrt() * t.powf(-1.5) * error_function
                    }
                }
            }
            Family::Matern { nu } => {
                let (s, a) = (self.exponent(nu), self.shift(nu));
                // (b + x²)^{−s} with b = a − ¼, times aˢ as the other terms
                let b = a - 0.25;
                if square * (2.0 * s - 1.0) < 3.0 * b {
                    return f64::INFINITY;
                }
                match self.space {
                    Space::Sphere => (s * a.ln() + (1.0 - s) * (b + square).ln()).exp() / (s - 1.0),
                    Space::Rotations => {
                        let below = if b < 0.0 { (b / square).ln_1p() } else { 0.0 };
                        let power = s * (a.ln() - below) + (3.0 - 2.0 * s) * limit.ln();
                        4.0 * power.exp() / (2.0 * s - 3.0)
                    }
                }
            }
        };
        bound / self.whole
    }
}

pub(super) fn check_degrees(degrees: usize) -> Result<()> {
    match degrees {
        0 => Err(Error::invalid("number of degrees", degrees, "at least 1")),
        _ => Ok(()),
    }
}
