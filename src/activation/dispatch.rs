//! From the name of an activation function to its closed form.

use super::error_function::Erf;
use super::function::Activation;
use super::rectifier::Relu;
use super::sweep::{Moment, diagonal, sweep};
use super::variance::Variance;
use crate::error::Result;

impl Activation {
    /// Replaces covariances by the expectations after the activation.
    ///
    /// # Errors
    /// [`crate::Error::NotFinite`], [`crate::Error::NotACovariance`], [`crate::Error::ShapeMismatch`].
    pub fn apply(
        &self,
        q1: Variance,
        q2: Variance,
        nngp: &mut [f64],
        ntk: Option<&mut [f64]>,
    ) -> Result<()> {
        match self {
            Activation::Relu => sweep(Relu, q1, q2, nngp, ntk),
            Activation::Erf => sweep(Erf, q1, q2, nngp, ntk),
        }
    }

    /// Replaces variances by the variances after the activation.
    ///
    /// # Errors
    /// [`crate::Error::NotFinite`] and [`crate::Error::InvalidValue`] for what is not a variance.
    pub fn variances_into(&self, q: &mut [f64]) -> Result<()> {
        self.moments(Moment::Value, q)
    }

    /// The second moment $`E[\sigma(u)^2]`$ for $`u \sim N(0, q)`$.
    ///
    /// # Errors
    /// As [`Activation::variances_into`].
    pub fn variance(&self, q: f64) -> Result<f64> {
        let mut value = [q];
        self.moments(Moment::Value, &mut value)?;
        Ok(value[0])
    }

    /// The second moment $`E[\sigma'(u)^2]`$ of the derivative for $`u \sim N(0, q)`$.
    ///
    /// # Errors
    /// As [`Activation::variances_into`].
    pub fn derivative_variance(&self, q: f64) -> Result<f64> {
        let mut value = [q];
        self.moments(Moment::Derivative, &mut value)?;
        Ok(value[0])
    }

    fn moments(&self, moment: Moment, q: &mut [f64]) -> Result<()> {
        match self {
            Activation::Relu => diagonal(Relu, moment, q),
            Activation::Erf => diagonal(Erf, moment, q),
        }
    }
}
