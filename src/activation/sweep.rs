//! One pass over the points, written once for all closed forms.

use super::variance::{Variance, check_finite};
use crate::error::{Error, Result};
use crate::special::Real;
use pulp::{Arch, Simd, WithSimd};

/// The expectations of one activation function at one point.
pub(crate) trait Expectation: Copy {
    /// What depends on the variances only.
    type Pair: Copy;
    /// Whether finite arguments can give an infinite expectation.
    const UNBOUNDED: bool = false;

    fn pair(&self, q1: f64, q2: f64) -> Self::Pair;

    /// $`E[\sigma(u)\sigma(v)]`$ and $`E[\sigma'(u)\sigma'(v)]`$; what is not used is not computed.
    fn at(&self, pair: &Self::Pair, k: f64) -> (f64, f64);
}

/// Checks the input, then replaces it; on a failed check nothing is changed.
pub(crate) fn sweep<E: Expectation>(
    expectation: E,
    q1: Variance,
    q2: Variance,
    nngp: &mut [f64],
    mut ntk: Option<&mut [f64]>,
) -> Result<()> {
    check(q1, q2, nngp, ntk.as_deref())?;
    let finite = Arch::new().dispatch(Sweep {
        expectation,
        q1,
        q2,
        nngp: &mut *nngp,
        ntk: ntk.as_deref_mut(),
    });
    if !finite {
        check_finite("expectation of the activation", nngp)?;
        check_finite("tangent kernel", ntk.as_deref().unwrap_or(&[]))?;
    }
    Ok(())
}

/// What [`diagonal`] replaces the variances with.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Moment {
    /// $`E[\sigma(u)^2]`$
    Value,
    /// $`E[\sigma'(u)^2]`$
    Derivative,
}

/// Replaces each variance by a second moment.
pub(crate) fn diagonal<E: Expectation>(
    expectation: E,
    moment: Moment,
    q: &mut [f64],
) -> Result<()> {
    Variance::Field(q).check("variance", q.len())?;
    let finite = Arch::new().dispatch(Diagonal {
        expectation,
        moment,
        q: &mut *q,
    });
    if finite {
        Ok(())
    } else {
        check_finite("variance after the activation", q)
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

struct Sweep<'a, E> {
    expectation: E,
    q1: Variance<'a>,
    q2: Variance<'a>,
    nngp: &'a mut [f64],
    ntk: Option<&'a mut [f64]>,
}

impl<E: Expectation> WithSimd for Sweep<'_, E> {
    /// Whether every result is finite (not examined for bounded functions).
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> bool {
        let e = self.expectation;
        let (nngp, ntk) = (self.nngp, self.ntk);
        match (self.q1, self.q2) {
            (Variance::Constant(q1), Variance::Constant(q2)) => {
                let pair = e.pair(q1, q2);
                replace(e, std::iter::repeat(()), |()| pair, nngp, ntk)
            }
            // Every expectation is symmetric in its two arguments.
            (Variance::Constant(q), Variance::Field(field))
            | (Variance::Field(field), Variance::Constant(q)) => {
                replace(e, field.iter(), |&f| e.pair(q, f), nngp, ntk)
            }
            (Variance::Field(f1), Variance::Field(f2)) => {
                let fields = f1.iter().zip(f2);
                replace(e, fields, |(&f1, &f2)| e.pair(f1, f2), nngp, ntk)
            }
        }
    }
}

#[inline(always)]
fn replace<E: Expectation, Q>(
    e: E,
    variances: impl Iterator<Item = Q>,
    pair: impl Fn(Q) -> E::Pair,
    nngp: &mut [f64],
    ntk: Option<&mut [f64]>,
) -> bool {
    let mut finite = true;
    if let Some(ntk) = ntk {
        for ((k, t), q) in nngp.iter_mut().zip(ntk.iter_mut()).zip(variances) {
            let (value, derivative) = e.at(&pair(q), *k);
            let tangent = derivative * *t;
            if E::UNBOUNDED {
                finite &= (value.abs() <= f64::MAX) & (tangent.abs() <= f64::MAX);
            }
            *k = value;
            *t = tangent;
        }
    } else {
        for (k, q) in nngp.iter_mut().zip(variances) {
            let (value, _) = e.at(&pair(q), *k);
            if E::UNBOUNDED {
                finite &= value.abs() <= f64::MAX;
            }
            *k = value;
        }
    }
    finite
}

struct Diagonal<'a, E> {
    expectation: E,
    moment: Moment,
    q: &'a mut [f64],
}

impl<E: Expectation> WithSimd for Diagonal<'_, E> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> bool {
        let e = self.expectation;
        let mut finite = true;
        match self.moment {
            Moment::Value => {
                for q in self.q.iter_mut() {
                    *q = e.at(&e.pair(*q, *q), *q).0;
                    finite &= q.abs() <= f64::MAX;
                }
            }
            Moment::Derivative => {
                for q in self.q.iter_mut() {
                    *q = e.at(&e.pair(*q, *q), *q).1;
                    finite &= q.abs() <= f64::MAX;
                }
            }
        }
        finite
    }
}
