//! The outcome of a match: rotation, scores, and how sharp the maximum is.

use crate::group::Rotation;
use crate::numeric::small::SymmetricEigen;
use crate::{Error, Result, check};
use ndarray::aview2;

/// Curvatures below this part of the largest one are rounding.
const LEAST_CURVATURE: f64 = 1e-12;

/// The outcome of [`best_rotation`](super::best_rotation()).
#[derive(Debug, Clone, Copy)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BestRotation {
    /// The rotation R at which $`\langle f, R g\rangle`$ is largest.
    pub rotation: Rotation,
    /// The largest value, $`\sum_c \int f_c(x)\, g_c(R^{-1}x)\, d\Omega`$; infinite or zero if it exceeds the range of `f64`. The score
    /// is always within this range.
    pub value: f64,
    /// The value divided by the norms of f and g; it is 1 only if the rotated g is a positive multiple of f. The mean values of f and g
    /// enter the score, and large means dominate it: subtract them to compare shapes alone.
    pub score: f64,
    /// The score of the next lower local maximum among the refined ones, if there is another one.
    pub runner_up: Option<f64>,
    /// Newton steps from the grid point to the rotation.
    pub steps: usize,
    /// Minus the second derivatives of $`\langle f, e^{\omega} R g\rangle`$ in the rotation vector ω about the axes x, y, z, in the unit of the value; they
    /// may leave the range of `f64` as the value does.
    pub curvature: [[f64; 3]; 3],
}

impl BestRotation {
    /// Computes the covariance matrix of the rotation vector ω, in radians², where f is the rotated g with noise: $`f = e^{\omega} R g + \text{noise}`$.
    ///
    /// It is $`\sigma^2 H^{-1}`$ with the curvature H, the bound of Cramér and Rao, which the best rotation reaches for little noise: standard deviations
    /// below about 1/L.
    ///
    /// # Arguments
    /// * `noise` — σ², the variance of the coefficients of the noise in the real orthonormal harmonics (the spectrum $`C_\ell`$ of white noise)
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for negative noise, [`Error::NotFinite`], [`Error::NotPositiveDefinite`] if the signals do not determine the rotation: a
    /// signal with a symmetry axis.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::so3::best_rotation;
    /// use haarmonic::num_complex::Complex64;
    /// use ndarray::Array3;
    /// // f = g = x² − y² + z in some unit: rotations about z turn degree 2 alone.
    /// let mut f = Array3::<Complex64>::zeros((1, 3, 5));
    /// (f[[0, 1, 2]], f[[0, 2, 4]], f[[0, 2, 0]]) = (1.0.into(), 1.0.into(), 1.0.into());
    /// let covariance = best_rotation(f.view(), f.view())?.covariance(1e-4)?;
    /// assert!((covariance[2][2] - 1e-4 / 8.0).abs() < 1e-12);          // 2 · 2² for m = ±2
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn covariance(&self, noise: f64) -> Result<[[f64; 3]; 3]> {
        check::not_negative("variance of the noise", noise)?;
        check::finite("curvature of the match", aview2(&self.curvature))?;
        let eigen = SymmetricEigen::new(self.curvature);
        let [mut least, mut largest] = [f64::INFINITY, 0.0_f64];
        for value in eigen.values {
            (least, largest) = (least.min(value), largest.max(value.abs()));
        }
        if least <= LEAST_CURVATURE * largest {
            return Err(Error::not_positive_definite(
                "curvature of the match",
                format!("smallest eigenvalue {least:.1e}, largest {largest:.1e}"),
                "signals without a symmetry axis, or more channels",
            ));
        }
        Ok([0, 1, 2].map(|a| {
            [0, 1, 2].map(|b| {
                let terms = eigen.values.iter().zip(&eigen.vectors);
                terms
                    .map(|(value, vector)| noise * vector[a] * vector[b] / value)
                    .sum()
            })
        }))
    }
}
