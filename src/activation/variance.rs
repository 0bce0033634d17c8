//! The variances of the two Gaussian arguments, and the checks of a covariance.

use super::pair::factor;
use super::real::Real;
use crate::error::{Error, Result};
use pulp::bytemuck::{cast, cast_slice};
use pulp::{Arch, Simd, WithSimd};
use std::ops::Range;

/// Points whose variances are prepared on the way.
pub(super) const BLOCK: usize = 256;

/// The variances of one of the two Gaussian arguments over a slice of covariances.
///
/// # Examples
/// ```
/// use haarmonic::activation::Variance;
/// let field = [0.5, 2.0];
/// assert_eq!(Variance::Constant(3.0).at(1), 3.0);
/// assert_eq!(Variance::Field(&field).at(1), 2.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Variance<'a, T: Real = f64> {
    /// The same variance at every point; the fast case.
    Constant(T),
    /// One variance for each point.
    Field(&'a [T]),
}

impl<T: Real> Variance<'_, T> {
    /// Returns the variance at point `index`.
    ///
    /// # Panics
    /// If a field has no such point.
    #[inline(always)]
    pub fn at(&self, index: usize) -> T {
        match self {
            Variance::Constant(q) => *q,
            Variance::Field(values) => values[index],
        }
    }

    /// Some of the points, with the factors of a gain.
    ///
    /// # Arguments
    /// * `room` — for the factors of a field
    pub(super) fn prepared<'b>(
        &'b self,
        gain: Option<f64>,
        range: Range<usize>,
        room: &'b mut [T; BLOCK],
    ) -> Source<'b, T> {
        match self {
            Variance::Constant(q) => Source::constant(gain, *q),
            Variance::Field(values) => {
                let factor = &mut room[..range.len()];
                let variance = &values[range];
                Source::Field(PreparedVariance {
                    plain: prepare(gain, variance, factor),
                    variance,
                    factor,
                })
            }
        }
    }

    /// Checks that every variance is in range and that a field has `points` entries.
    pub(crate) fn check(&self, what: &str, points: usize) -> Result<()> {
        match self {
            Variance::Constant(q) => check_variances(what, std::slice::from_ref(q)),
            Variance::Field(values) => {
                check_points(what, values.len(), points)?;
                check_variances(what, values)
            }
        }
    }
}

/// Checks that there is one variance, or number made of it, for each covariance.
pub(crate) fn check_points(what: &str, found: usize, points: usize) -> Result<()> {
    if found == points {
        return Ok(());
    }
    Err(Error::shape(
        what,
        format!("[{points}], one variance for each covariance"),
        vec![found],
    ))
}

/// Checks that every variance is in range.
pub(crate) fn check_variances<T: Real>(what: &str, values: &[T]) -> Result<()> {
    let range = T::zero()..=T::LARGEST_VARIANCE;
    // Without an early exit this vectorises.
    let good = values.iter().fold(true, |good, q| good & range.contains(q));
    if good {
        return Ok(());
    }
    for (index, &q) in values.iter().enumerate() {
        if !q.is_finite() {
            return Err(Error::not_finite(what, vec![index]));
        }
        if !range.contains(&q) {
            return Err(Error::invalid(
                format!("{what} at index {index}"),
                q.wide(),
                format!("a variance, from 0 to {:.1e}", T::LARGEST_VARIANCE.wide()),
            ));
        }
    }
    Ok(())
}

/// Checks that every entry is finite.
pub(crate) fn check_finite<T: Real>(what: &str, values: &[T]) -> Result<()> {
    let largest = T::max_value();
    if values.iter().fold(true, |ok, v| ok & (v.abs() <= largest)) {
        return Ok(());
    }
    match values.iter().position(|v| !v.is_finite()) {
        Some(index) => Err(Error::not_finite(what, vec![index])),
        None => Ok(()),
    }
}

pub(crate) fn check<T: Real>(
    q1: Variance<T>,
    q2: Variance<T>,
    nngp: &[T],
    ntk: Option<&[T]>,
) -> Result<()> {
    q1.check("first variance", nngp.len())?;
    q2.check("second variance", nngp.len())?;
    if let Some(ntk) = ntk {
        check_tangent(ntk.len(), nngp.len())?;
    }
    if Arch::new().dispatch(Valid { q1, q2, nngp, ntk }) {
        return Ok(());
    }
    check_finite("covariance", nngp)?;
    check_finite("tangent kernel", ntk.unwrap_or(&[]))?;
    for (i, &k) in nngp.iter().enumerate() {
        let (q1, q2) = (q1.at(i), q2.at(i));
        if k.abs() > bound(q1, q2) {
            return Err(Error::NotACovariance {
                q1: q1.wide(),
                q2: q2.wide(),
                k: k.wide(),
            });
        }
    }
    Ok(())
}

/// Checks that the tangent kernel is as long as the covariances.
pub(crate) fn check_tangent(found: usize, points: usize) -> Result<()> {
    if found == points {
        return Ok(());
    }
    Err(Error::shape(
        "tangent kernel",
        format!("[{points}], as the covariances"),
        vec![found],
    ))
}

/// The largest covariance that is accepted.
#[inline(always)]
fn bound<T: Real>(q1: T, q2: T) -> T {
    q1.sqrt() * q2.sqrt() * T::GUARDED
}

struct Valid<'a, T: Real> {
    q1: Variance<'a, T>,
    q2: Variance<'a, T>,
    nngp: &'a [T],
    ntk: Option<&'a [T]>,
}

impl<T: Real> WithSimd for Valid<'_, T> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> bool {
        let largest = T::max_value();
        let finite = self
            .ntk
            .unwrap_or(&[])
            .iter()
            .fold(true, |ok, t| ok & (t.abs() <= largest));
        let nngp = self.nngp;
        let bounded = match (self.q1, self.q2) {
            (Variance::Constant(q1), Variance::Constant(q2)) => {
                let bound = bound(q1, q2);
                nngp.iter().fold(true, |ok, k| ok & (k.abs() <= bound))
            }
            (Variance::Constant(q), Variance::Field(field))
            | (Variance::Field(field), Variance::Constant(q)) => nngp
                .iter()
                .zip(field)
                .fold(true, |ok, (k, &f)| ok & (k.abs() <= bound(q, f))),
            (Variance::Field(f1), Variance::Field(f2)) => nngp
                .iter()
                .zip(f1.iter().zip(f2))
                .fold(true, |ok, (k, (&f1, &f2))| ok & (k.abs() <= bound(f1, f2))),
        };
        finite & bounded
    }
}

/// What an activation needs of the variances of one signal, computed once and used for many pairs.
///
/// Made by [`Activation::prepare`](super::Activation::prepare), for that activation only; used by
/// [`Activation::apply_prepared`](super::Activation::apply_prepared).
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
    /// $`1/\sqrt q`$ for relu, leaky-relu, abs, elu, sign (0 for q = 0), $`1/\sqrt{1+gq}`$ for erf, gelu, gaussian, sigmoid-like, and for the
    /// functions made of the logistic function, 0 for the others.
    pub fn factor(&self) -> &[T] {
        &self.factor
    }

    /// Returns whether every variance is zero or far from overflow and underflow, so that products need no care.
    pub fn plain(&self) -> bool {
        self.plain
    }

    /// Returns all of it, for [`Activation::apply_prepared`](super::Activation::apply_prepared).
    pub fn view(&self) -> PreparedVariance<'_, T> {
        PreparedVariance {
            variance: &self.variance,
            factor: &self.factor,
            plain: self.plain,
        }
    }
}

/// One point of a [`VarianceField`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct PointVariance<T: Real = f64> {
    variance: T,
    factor: T,
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

impl<T: Real> VarianceField<T> {
    /// One of the points.
    pub(crate) fn point(&self, index: usize) -> PointVariance<T> {
        PointVariance {
            variance: self.variance[index],
            factor: self.factor[index],
        }
    }

    /// Adds a point of a field of the same activation.
    pub(crate) fn append(&mut self, point: PointVariance<T>) {
        self.plain = is_plain(point.variance) && (self.plain || self.variance.is_empty());
        self.variance.push(point.variance);
        self.factor.push(point.factor);
    }

    /// Adds the point of a variance, which was checked, with the factor of a gain.
    pub(super) fn push(&mut self, gain: Option<f64>, variance: T) {
        let factor = factor(gain, variance, T::one());
        self.append(PointVariance { variance, factor });
    }

    /// Takes other variances, which were checked, with the factors of a gain; see [`factor`].
    pub(super) fn refill(&mut self, gain: Option<f64>, variances: &[T]) {
        self.variance.clear();
        self.variance.extend_from_slice(variances);
        self.factor.resize(variances.len(), T::zero());
        self.plain = prepare(gain, variances, &mut self.factor);
    }
}

/// Writes the factors of a gain; returns whether the variances are plain, see [`VarianceField::plain`].
pub(super) fn prepare<T: Real>(gain: Option<f64>, variances: &[T], factors: &mut [T]) -> bool {
    Arch::new().dispatch(Prepare {
        gain,
        variances,
        factors,
    })
}

struct Prepare<'a, T> {
    gain: Option<f64>,
    variances: &'a [T],
    factors: &'a mut [T],
}

impl<T: Real> WithSimd for Prepare<'_, T> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> bool {
        for (out, &q) in self.factors.iter_mut().zip(self.variances) {
            *out = factor(self.gain, q, T::one());
        }
        self.variances
            .iter()
            .fold(true, |plain, &q| plain & is_plain(q))
    }
}

/// Whether a variance is zero or far from overflow and underflow.
#[inline(always)]
fn is_plain<T: Real>(q: T) -> bool {
    let (smallest, largest) = T::COMFORTABLE;
    (q == T::zero()) | ((smallest <= q) & (q <= largest))
}

/// The variances of one side, with their factors.
#[derive(Clone, Copy)]
pub(super) enum Source<'a, T: Real> {
    Constant { variance: T, factor: T },
    Field(PreparedVariance<'a, T>),
}

impl<'a, T: Real> Source<'a, T> {
    pub(super) fn constant(gain: Option<f64>, variance: T) -> Self {
        Source::Constant {
            variance,
            factor: factor(gain, variance, T::one()),
        }
    }

    pub(super) fn plain(&self) -> bool {
        match self {
            Source::Constant { variance, .. } => is_plain(*variance),
            Source::Field(field) => field.plain,
        }
    }

    pub(super) fn variance(self) -> Variance<'a, T> {
        match self {
            Source::Constant { variance, .. } => Variance::Constant(variance),
            Source::Field(field) => Variance::Field(field.variance),
        }
    }

    /// The same where `U` is another name of the type `T`.
    pub(super) fn cast<U: Real>(self) -> Source<'a, U> {
        match self {
            Source::Constant { variance, factor } => Source::Constant {
                variance: cast(variance),
                factor: cast(factor),
            },
            Source::Field(field) => Source::Field(PreparedVariance {
                variance: cast_slice(field.variance),
                factor: cast_slice(field.factor),
                plain: field.plain,
            }),
        }
    }

    pub(super) fn part(self, range: Range<usize>) -> Self {
        match self {
            Source::Field(field) => Source::Field(PreparedVariance {
                variance: &field.variance[range.clone()],
                factor: &field.factor[range],
                plain: field.plain,
            }),
            constant => constant,
        }
    }
}

impl Source<'_, f32> {
    /// The same in double precision, in which every variance is plain.
    pub(super) fn widen<'a>(
        self,
        gain: Option<f64>,
        [variances, factors]: [&'a mut [f64]; 2],
    ) -> Source<'a, f64> {
        match self {
            Source::Constant { variance, .. } => Source::constant(gain, f64::from(variance)),
            Source::Field(field) => {
                let points = field.variance.len();
                let (variance, factor) = (&mut variances[..points], &mut factors[..points]);
                for (wide, single) in variance.iter_mut().zip(field.variance) {
                    *wide = f64::from(*single);
                }
                prepare(gain, variance, factor);
                Source::Field(PreparedVariance {
                    variance,
                    factor,
                    plain: true,
                })
            }
        }
    }
}
