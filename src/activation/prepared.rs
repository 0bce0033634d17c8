//! Variances of one signal, prepared once for many pairs of signals.

use super::error_function::SigmoidLike;
use super::function::Activation;
use super::native;
use super::sweep::check_tangent;
use super::variance::{Variance, check_points, check_variances};
use crate::error::Result;
use crate::special::Real;

/// What an activation needs of the variances of one signal, computed once and used for many pairs.
///
/// Made by [`Activation::prepare`], for that activation only; used by [`Activation::apply_prepared`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VarianceField<T: Real = f64> {
    variance: Vec<T>,
    factor: Vec<T>,
    plain: bool,
}

impl<T: Real> VarianceField<T> {
    /// Returns the variances q.
    pub fn variance(&self) -> &[T] {
        &self.variance
    }

    /// Returns one number f(q) for each variance, whose products take the place of roots and divisions:
    /// $`1/\sqrt q`$ for relu, leaky-relu, abs, sign (0 for q = 0), $`1/\sqrt{1+gq}`$ for erf, gelu, gaussian,
    /// sigmoid-like, 0 for the others.
    pub fn factor(&self) -> &[T] {
        &self.factor
    }

    /// Returns whether every variance is zero or far from overflow and underflow, so that products need no care.
    pub fn plain(&self) -> bool {
        self.plain
    }

    /// Returns all of it, for [`Activation::apply_prepared`].
    pub fn view(&self) -> PreparedVariance<'_, T> {
        PreparedVariance {
            variance: &self.variance,
            factor: &self.factor,
            plain: self.plain,
        }
    }
}

/// A [`VarianceField`], or points gathered from one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PreparedVariance<'a, T: Real = f64> {
    /// [`VarianceField::variance`] at the points.
    pub variance: &'a [T],
    /// [`VarianceField::factor`] at the same points.
    pub factor: &'a [T],
    /// [`VarianceField::plain`] of the whole field.
    pub plain: bool,
}

impl<'a, T: Real> PreparedVariance<'a, T> {
    /// The points from `start` on.
    pub(super) fn from(self, start: usize) -> Self {
        Self {
            variance: &self.variance[start..],
            factor: &self.factor[start..],
            plain: self.plain,
        }
    }
}

impl Activation {
    /// Prepares the variances of one signal.
    ///
    /// # Errors
    /// [`Error::NotFinite`](crate::Error::NotFinite) and [`Error::InvalidValue`](crate::Error::InvalidValue) for
    /// what is not a variance, and for parameters out of range.
    pub fn prepare<T: Real>(&self, variances: &[T]) -> Result<VarianceField<T>> {
        let mut field = VarianceField::default();
        self.prepare_into(variances, &mut field)?;
        Ok(field)
    }

    /// Does the same as [`Activation::prepare`] in memory that is there; what `field` held is overwritten.
    ///
    /// # Errors
    /// As [`Activation::prepare`]; `field` is then as before.
    pub fn prepare_into<T: Real>(
        &self,
        variances: &[T],
        field: &mut VarianceField<T>,
    ) -> Result<()> {
        self.validate()?;
        check_variances("variance", variances)?;
        let (smallest, largest) = T::COMFORTABLE;
        let zero = T::zero();
        field.plain = variances.iter().fold(true, |plain, &q| {
            plain & ((q == zero) | ((smallest <= q) & (q <= largest)))
        });
        field.variance.clear();
        field.variance.extend_from_slice(variances);
        field.factor.clear();
        match self.gain() {
            Some(0.0) => field.factor.extend(
                variances
                    .iter()
                    .map(|&q| if q > zero { T::one() / q.sqrt() } else { zero }),
            ),
            Some(gain) => {
                let (gain, one) = (T::of(gain), T::one());
                let factor = |&q: &T| one / (gain * q + one).sqrt();
                field.factor.extend(variances.iter().map(factor));
            }
            None => field.factor.resize(variances.len(), zero),
        }
        Ok(())
    }

    /// Replaces covariances and a tangent kernel by those after the activation, as [`Activation::apply`], for
    /// variances that this activation prepared.
    ///
    /// # Arguments
    /// * `q1`, `q2` — from [`Activation::prepare`] of the same activation, gathered alike; as long as `nngp`
    /// * `nngp` — the covariances k; overwritten
    /// * `ntk` — the tangent kernel θ; overwritten
    ///
    /// # Cost and accuracy
    /// One pass, no allocation. Both results agree with those of [`Activation::apply`] to some ε.
    ///
    /// # Errors
    /// As [`Activation::apply`]; the slices then hold anything.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// # fn main() -> haarmonic::Result<()> {
    /// let field = Activation::Relu.prepare(&[0.5, 2.0])?;
    /// let (mut nngp, mut ntk) = ([0.5, -2.0], [1.0, 1.0]);
    /// Activation::Relu.apply_prepared(field.view(), field.view(), &mut nngp, &mut ntk)?;
    /// assert_eq!((nngp, ntk), ([0.25, 0.0], [0.5, 0.0]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn apply_prepared<T: Real>(
        &self,
        q1: PreparedVariance<'_, T>,
        q2: PreparedVariance<'_, T>,
        nngp: &mut [T],
        ntk: &mut [T],
    ) -> Result<()> {
        self.apply_prepared_rounded(q1, q2, nngp, ntk, 0.0)
    }

    /// [`Activation::apply_prepared`] for covariances that are sums with rounding errors; `noise` as for
    /// [`Activation::apply_rounded`].
    pub(crate) fn apply_prepared_rounded<T: Real>(
        &self,
        q1: PreparedVariance<'_, T>,
        q2: PreparedVariance<'_, T>,
        nngp: &mut [T],
        ntk: &mut [T],
        noise: f64,
    ) -> Result<()> {
        for (what, found) in [
            ("first variance", q1.variance.len()),
            ("first prepared variance", q1.factor.len()),
            ("second variance", q2.variance.len()),
            ("second prepared variance", q2.factor.len()),
        ] {
            check_points(what, found, nngp.len())?;
        }
        check_tangent(ntk.len(), nngp.len())?;
        self.validate()?;
        if q1.plain
            && q2.plain
            && let Some(outcome) = native::apply(self, q1, q2, nngp, ntk, noise)
        {
            return outcome;
        }
        let (q1, q2) = (Variance::Field(q1.variance), Variance::Field(q2.variance));
        T::apply_general(self, q1, q2, nngp, Some(ntk), noise)
    }

    /// The g of $`1/\sqrt{1+gq}`$, 0 for $`1/\sqrt q`$, `None` where nothing is prepared.
    fn gain(&self) -> Option<f64> {
        match self {
            Self::Relu | Self::LeakyRelu { .. } | Self::Abs | Self::Sign => Some(0.0),
            Self::Erf | Self::Gaussian => Some(2.0),
            Self::Gelu => Some(1.0),
            Self::SigmoidLike => Some(SigmoidLike::GAIN),
            _ => None,
        }
    }
}
