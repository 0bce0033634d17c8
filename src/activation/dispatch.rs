//! From the name of an activation function to its expectation.

use super::blocks::{diagonal_blocks, sweep_blocks};
use super::error_function::{Erf, Gaussian, Gelu, SigmoidLike};
use super::exponential::{Cos, Exp, Sin};
use super::function::Activation;
use super::polynomial::{Hermite, Monomial};
use super::rectified_monomial::RectifiedMonomial;
use super::rectifier::{Abs, LeakyRelu, Relu, Sign};
use super::sweep::{Moment, diagonal, sweep};
use super::variance::Variance;
use crate::error::Result;
use crate::special::Real;

impl Activation {
    /// Replaces covariances, and a tangent kernel, by those after the activation.
    ///
    /// ```math
    /// k_i \leftarrow E[\sigma(u)\sigma(v)], \qquad \theta_i \leftarrow E[\sigma'(u)\sigma'(v)]\,\theta_i, \qquad
    /// (u, v) \sim N\!\left(0, \begin{pmatrix} q_1 & k_i \\ k_i & q_2 \end{pmatrix}\right)
    /// ```
    ///
    /// # Arguments
    /// * `q1`, `q2` — variances of u and v, from 0 to [`LARGEST_VARIANCE`](super::LARGEST_VARIANCE); below 2.3e-308
    ///   they count as zero where only the correlation matters
    /// * `nngp` — the covariances k; overwritten
    /// * `ntk` — the tangent kernel θ, as long as `nngp`; overwritten
    ///
    /// # Cost and accuracy
    /// One pass, no allocation, vectorised; fastest with two constant variances. Closed forms are within
    /// some ε of the value, also for k → ±√(q₁q₂), except where the expectation itself crosses zero.
    ///
    /// # Errors
    /// * [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) — a slice is not as long as `nngp`
    /// * [`Error::NotFinite`](crate::Error::NotFinite) — NaN or infinity in the input, or a result too large for
    ///   an `f64` (exp, polynomials)
    /// * [`Error::InvalidValue`](crate::Error::InvalidValue) — a variance or a parameter out of range
    /// * [`Error::NotACovariance`](crate::Error::NotACovariance) — |k| exceeds √(q₁q₂) by more than
    ///   [`COVARIANCE_GUARD`](super::COVARIANCE_GUARD)
    ///
    /// On an error in the input nothing is changed; after an overflow the slices are to be discarded.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::{Activation, Variance};
    /// # fn main() -> haarmonic::Result<()> {
    /// let mut nngp = [0.5_f64];
    /// let mut ntk = [2.0_f64];
    /// Activation::Erf.apply(Variance::Constant(0.5), Variance::Field(&[0.5]), &mut nngp, Some(&mut ntk))?;
    /// // (2/π) arcsin(2 · 0.5 / 2) and (4/π) / sqrt(4 − 1)
    /// assert!((nngp[0] - 1.0 / 3.0).abs() < 1e-15);
    /// assert!((ntk[0] - 8.0 / (std::f64::consts::PI * 3f64.sqrt())).abs() < 1e-14);
    /// # Ok(())
    /// # }
    /// ```
    pub fn apply<T: Real>(
        &self,
        q1: Variance<T>,
        q2: Variance<T>,
        nngp: &mut [T],
        ntk: Option<&mut [T]>,
    ) -> Result<()> {
        self.apply_rounded(q1, q2, nngp, ntk, 0.0)
    }

    /// [`Activation::apply`] for covariances that are sums with rounding errors.
    ///
    /// Where $`q_1 q_2 - k^2`$ is less than $`q_1 q_2`$ times `noise`, the two arguments count as collinear: functions that are not
    /// smooth would turn a rounding error of ε in the correlation into one of √ε in an angle.
    pub(crate) fn apply_rounded<T: Real>(
        &self,
        q1: Variance<T>,
        q2: Variance<T>,
        nngp: &mut [T],
        ntk: Option<&mut [T]>,
        noise: f64,
    ) -> Result<()> {
        self.validate()?;
        T::apply_general(self, q1, q2, nngp, ntk, noise)
    }

    /// [`Activation::apply_rounded`] in double precision.
    pub(super) fn apply_double(
        &self,
        q1: Variance,
        q2: Variance,
        nngp: &mut [f64],
        ntk: Option<&mut [f64]>,
        noise: f64,
    ) -> Result<()> {
        match self {
            Self::Relu => sweep(Relu { noise }, q1, q2, nngp, ntk),
            &Self::LeakyRelu { slope: -1.0 } => sweep(Abs { noise }, q1, q2, nngp, ntk),
            &Self::LeakyRelu { slope } => sweep(LeakyRelu { slope, noise }, q1, q2, nngp, ntk),
            Self::Abs => sweep(Abs { noise }, q1, q2, nngp, ntk),
            Self::Erf => sweep(Erf, q1, q2, nngp, ntk),
            Self::Gelu => sweep(Gelu, q1, q2, nngp, ntk),
            Self::Sin => sweep(Sin, q1, q2, nngp, ntk),
            Self::Cos => sweep(Cos, q1, q2, nngp, ntk),
            Self::Exp => sweep(Exp, q1, q2, nngp, ntk),
            Self::Gaussian => sweep(Gaussian, q1, q2, nngp, ntk),
            Self::Sign => sweep(Sign { noise }, q1, q2, nngp, ntk),
            Self::SigmoidLike => sweep(SigmoidLike, q1, q2, nngp, ntk),
            &Self::Monomial { degree } => sweep_blocks(Monomial::new(degree), q1, q2, nngp, ntk),
            &Self::RectifiedMonomial { degree } => {
                sweep_blocks(RectifiedMonomial::new(degree, noise), q1, q2, nngp, ntk)
            }
            &Self::Hermite { degree } => sweep_blocks(Hermite { degree }, q1, q2, nngp, ntk),
            Self::Elementwise(elementwise) => elementwise.apply(q1, q2, nngp, ntk),
        }
    }

    /// Computes the second moment after the activation.
    ///
    /// ```math
    /// E[\sigma(u)^2], \qquad u \sim N(0, q)
    /// ```
    ///
    /// # Errors
    /// As [`Activation::variances_into`].
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// assert_eq!(Activation::Abs.variance(3.0), Ok(3.0));
    /// ```
    pub fn variance(&self, q: f64) -> Result<f64> {
        let mut value = [q];
        self.moments(Moment::Value, &mut value)?;
        Ok(value[0])
    }

    /// Replaces each variance q by the second moment $`E[\sigma(u)^2]`$ after the activation.
    ///
    /// # Errors
    /// [`Error::NotFinite`](crate::Error::NotFinite) and [`Error::InvalidValue`](crate::Error::InvalidValue) for
    /// what is not a variance or has too large a moment, and for parameters out of range.
    pub fn variances_into(&self, q: &mut [f64]) -> Result<()> {
        self.moments(Moment::Value, q)
    }

    /// Computes the second moment $`E[\sigma'(u)^2]`$ of the derivative for $`u \sim N(0, q)`$.
    ///
    /// It is zero for the sign, whose derivative counts as zero; at q = 0 it is $`\sigma'(0)^2`$, with the
    /// mean of the one-sided derivatives (¼ for the rectifier, although the limit q → 0 is ½).
    ///
    /// # Errors
    /// As [`Activation::variances_into`].
    pub fn derivative_variance(&self, q: f64) -> Result<f64> {
        let mut value = [q];
        self.moments(Moment::Derivative, &mut value)?;
        Ok(value[0])
    }

    fn moments(&self, moment: Moment, q: &mut [f64]) -> Result<()> {
        self.validate()?;
        // A covariance that is the variance: nothing is rounded.
        let noise = 0.0;
        match self {
            Self::Relu => diagonal(Relu { noise }, moment, q),
            &Self::LeakyRelu { slope: -1.0 } => diagonal(Abs { noise }, moment, q),
            &Self::LeakyRelu { slope } => diagonal(LeakyRelu { slope, noise }, moment, q),
            Self::Abs => diagonal(Abs { noise }, moment, q),
            Self::Erf => diagonal(Erf, moment, q),
            Self::Gelu => diagonal(Gelu, moment, q),
            Self::Sin => diagonal(Sin, moment, q),
            Self::Cos => diagonal(Cos, moment, q),
            Self::Exp => diagonal(Exp, moment, q),
            Self::Gaussian => diagonal(Gaussian, moment, q),
            Self::Sign => diagonal(Sign { noise }, moment, q),
            Self::SigmoidLike => diagonal(SigmoidLike, moment, q),
            &Self::Monomial { degree } => diagonal_blocks(Monomial::new(degree), moment, q),
            &Self::RectifiedMonomial { degree } => {
                diagonal_blocks(RectifiedMonomial::new(degree, noise), moment, q)
            }
            &Self::Hermite { degree } => diagonal_blocks(Hermite { degree }, moment, q),
            Self::Elementwise(elementwise) => elementwise.moments(moment, q),
        }
    }
}
