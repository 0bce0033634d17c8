//! One pass over the points for every closed form: whole registers, in either precision.
//!
//! A register that fails a check (no covariance, a variance near the ends of the range of the numbers, a result that is not
//! finite) goes point by point through [`alone`], which scales by powers of two and finds the error if there is one.

use super::pair::{Formula, Moments, Points};
use super::real::Real;
use super::variance::{Source, check, check_finite};
use crate::error::Result;
use crate::simd::pack::Pack;
use pulp::bytemuck::cast_slice_mut;
use pulp::{Arch, Simd, WithSimd};
use std::ops::Range;

/// Variances, covariances and a tangent kernel that wait for an activation.
pub(super) struct Job<'a, T: Real> {
    pub(super) variances: [Source<'a, T>; 2],
    pub(super) nngp: &'a mut [T],
    pub(super) ntk: &'a mut [T],
    /// As [`Points::noise`].
    pub(super) noise: f64,
}

impl<'a, T: Real> Job<'a, T> {
    /// The same job where `U` is another name of the type `T`.
    pub(super) fn cast<U: Real>(self) -> Job<'a, U> {
        Job {
            variances: self.variances.map(Source::cast),
            nngp: cast_slice_mut(self.nngp),
            ntk: cast_slice_mut(self.ntk),
            noise: self.noise,
        }
    }

    /// Some of the points.
    pub(super) fn part(&mut self, range: Range<usize>) -> Job<'_, T> {
        Job {
            variances: self.variances.map(|source| source.part(range.clone())),
            nngp: &mut self.nngp[range.clone()],
            ntk: &mut self.ntk[range],
            noise: self.noise,
        }
    }

    /// The check of [`Activation::apply`](super::Activation::apply): everything is finite, and k within its bound.
    pub(super) fn check(&self) -> Result<()> {
        let [q1, q2] = self.variances.map(Source::variance);
        check(q1, q2, self.nngp, Some(self.ntk))
    }
}

/// Replaces covariances and tangent kernel by their values after an activation.
pub(super) fn pass<T: Real, F: Formula<T> + Formula<f64>>(
    formula: F,
    gain: Option<f64>,
    mut job: Job<'_, T>,
) -> Result<()> {
    let points = job.nngp.len();
    let comfortable = job.variances.iter().all(Source::plain);
    let mut done = 0;
    while done < points {
        let failed = if comfortable {
            Arch::new().dispatch(Sweep {
                formula,
                job: job.part(done..points),
            })
        } else {
            Some(0..points)
        };
        let Some(failed) = failed else {
            break;
        };
        for i in done + failed.start..done + failed.end {
            alone(formula, gain, job.part(i..i + 1)).map_err(|error| error.shifted(i))?;
        }
        done += failed.end;
    }
    Ok(())
}

/// One point that failed a check, in double precision and with variables of order one.
#[cold]
fn alone<T: Real, F: Formula<f64>>(formula: F, gain: Option<f64>, job: Job<'_, T>) -> Result<()> {
    job.check()?;
    let [q1, q2] = job.variances.map(|source| source.variance().at(0).wide());
    let k = job.nngp[0].wide();
    let Moments {
        value, derivative, ..
    } = formula.at(Points::scaled(gain, [q1, q2], k, job.noise));
    job.nngp[0] = T::of(value.register);
    check_finite("expectation of the activation", job.nngp)?;
    // Zero stays zero, also where the other factor is too large for a number: no tangent kernel may be asked for.
    if job.ntk[0] != T::zero() {
        job.ntk[0] = T::of(derivative.register * job.ntk[0].wide());
    }
    check_finite("tangent kernel", job.ntk)
}

/// The variances of one signal and their factors, register by register. The pass is compiled for each kind: a choice in its loop
/// would send the registers through memory.
trait Side<S: Simd, T: Real>: Copy {
    /// Variances and factors of a register.
    fn at(&self, simd: S, i: usize) -> (Pack<S, T>, Pack<S, T>);
}

#[derive(Clone, Copy)]
struct Constant<S: Simd, T: Real>(Pack<S, T>, Pack<S, T>);

impl<S: Simd, T: Real> Side<S, T> for Constant<S, T> {
    #[inline(always)]
    fn at(&self, _: S, _: usize) -> (Pack<S, T>, Pack<S, T>) {
        (self.0, self.1)
    }
}

#[derive(Clone, Copy)]
struct Field<'a, S: Simd, T: Real>([&'a [T::Register<S>]; 2]);

impl<S: Simd, T: Real> Side<S, T> for Field<'_, S, T> {
    #[inline(always)]
    fn at(&self, simd: S, i: usize) -> (Pack<S, T>, Pack<S, T>) {
        let [q, factor] = self.0;
        (Pack::new(simd, q[i]), Pack::new(simd, factor[i]))
    }
}

/// One signal's variances: the same number, or a register of them, at every register of points.
#[derive(Clone, Copy)]
enum Kind<'a, S: Simd, T: Real> {
    Constant(Constant<S, T>),
    Field(Field<'a, S, T>),
}

impl<'a, S: Simd, T: Real> Kind<'a, S, T> {
    /// The whole registers, and the points that do not fill one, with zeros behind them.
    #[inline(always)]
    fn split(simd: S, source: Source<'a, T>, last: &'a mut [[T::Register<S>; 1]; 2]) -> [Self; 2] {
        match source {
            Source::Constant { variance, factor } => {
                let pack = |x| Pack::splat(simd, x);
                [Kind::Constant(Constant(pack(variance), pack(factor))); 2]
            }
            Source::Field(field) => {
                let (q, q_rest) = T::split::<S>(field.variance);
                let (factor, factor_rest) = T::split::<S>(field.factor);
                *last = [q_rest, factor_rest].map(|rest| [T::load_part(simd, rest)]);
                [[q, factor], [&last[0], &last[1]]].map(|slices| Kind::Field(Field(slices)))
            }
        }
    }
}

struct Sweep<'a, T: Real, F> {
    formula: F,
    job: Job<'a, T>,
}

impl<T: Real, F: Formula<T>> WithSimd for Sweep<'_, T, F> {
    /// The points of the first register that failed a check, which is left as it was.
    type Output = Option<Range<usize>>;

    /// The points that do not fill a register are copied into one, whose other lanes hold zeros, which pass the checks. Whole registers
    /// and this one go through the same loop: it is the largest part of the crate's code, compiled for every function, kind of variances
    /// and instruction set.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Option<Range<usize>> {
        let Job {
            variances: [first, second],
            nngp,
            ntk,
            noise,
        } = self.job;
        let (formula, noise) = (self.formula, Pack::splat(simd, T::of(noise)));
        let (points, lanes) = (nngp.len(), size_of::<T::Register<S>>() / size_of::<T>());
        let (k, k_rest) = T::split_mut::<S>(nngp);
        let (t, t_rest) = T::split_mut::<S>(ntk);
        let whole = k.len();
        let mut last = [&*k_rest, &*t_rest].map(|rest| [T::load_part(simd, rest)]);
        let [k_last, t_last] = &mut last;
        let zeros = [[Pack::splat(simd, T::zero()).register]; 2];
        let (mut first_last, mut second_last) = (zeros, zeros);
        let [first, first_end] = Kind::split(simd, first, &mut first_last);
        let [second, second_end] = Kind::split(simd, second, &mut second_last);
        let rounds = [
            ([first, second], k, t),
            ([first_end, second_end], &mut k_last[..], &mut t_last[..]),
        ];
        let mut start = 0;
        for (sides, k, t) in rounds {
            // Every expectation is symmetric in its two arguments.
            let failed = match sides {
                [Kind::Constant(q1), Kind::Constant(q2)] => sweep(formula, noise, (q1, q2), k, t),
                [Kind::Field(q1), Kind::Field(q2)] => sweep(formula, noise, (q1, q2), k, t),
                [Kind::Constant(q), Kind::Field(field)]
                | [Kind::Field(field), Kind::Constant(q)] => {
                    sweep(formula, noise, (q, field), k, t)
                }
            };
            if let Some(register) = failed {
                let first = start + register * lanes;
                return Some(first..points.min(first + lanes));
            }
            start = whole * lanes;
            if k_rest.is_empty() {
                return None;
            }
        }
        let [[k_last], [t_last]] = last;
        T::store_part(simd, k_rest, k_last);
        T::store_part(simd, t_rest, t_last);
        None
    }
}

/// Computes k ← E[σ(u) σ(v)] and θ ← E[σ'(u) σ'(v)] · θ, register by register, in place.
///
/// It stops at the first register that fails a check, leaves it unchanged and returns its number: the caller treats its points one
/// by one and resumes after it.
#[inline(always)]
fn sweep<S: Simd, T: Real, F: Formula<T>, V: Side<S, T>, W: Side<S, T>>(
    formula: F,
    noise: Pack<S, T>,
    sides: (V, W),
    nngp: &mut [T::Register<S>],
    ntk: &mut [T::Register<S>],
) -> Option<usize> {
    let simd = noise.simd();
    for (i, (k, t)) in nngp.iter_mut().zip(ntk).enumerate() {
        let (q1, f1) = sides.0.at(simd, i);
        let (q2, f2) = sides.1.at(simd, i);
        let moments = formula.at(Points::plain(
            [q1, q2],
            [f1, f2],
            Pack::new(simd, *k),
            noise,
        ));
        let tangent = moments.derivative * Pack::new(simd, *t);
        if !moments.good(tangent) {
            return Some(i);
        }
        *k = moments.value.register;
        *t = tangent.register;
    }
    None
}

/// Points in a block that is widened.
const BLOCK: usize = 128;

/// Computes single-precision points in double precision, block by block, and rounds the results.
pub(super) fn widened(
    gain: Option<f64>,
    mut job: Job<'_, f32>,
    double: impl Fn(Job<'_, f64>) -> Result<()>,
) -> Result<()> {
    job.check()?;
    let (mut wide, mut k, mut t) = ([[0.0; BLOCK]; 4], [0.0; BLOCK], [0.0; BLOCK]);
    for start in (0..job.nngp.len()).step_by(BLOCK) {
        let part = job.part(start..job.nngp.len().min(start + BLOCK));
        let points = part.nngp.len();
        let (k, t) = (&mut k[..points], &mut t[..points]);
        let [q1, f1, q2, f2] = &mut wide;
        let [first, second] = part.variances;
        let variances = [first.widen(gain, [q1, f1]), second.widen(gain, [q2, f2])];
        for (i, (k, single)) in k.iter_mut().zip(&*part.nngp).enumerate() {
            // The product of two single-precision numbers is exact: k = q₁ = q₂ stays as it is.
            let [q1, q2] = variances.map(|source| source.variance().at(i));
            let bound = (q1 * q2).sqrt();
            *k = f64::from(*single).clamp(-bound, bound);
        }
        for (t, single) in t.iter_mut().zip(&*part.ntk) {
            *t = f64::from(*single);
        }
        double(Job {
            variances,
            nngp: k,
            ntk: t,
            noise: part.noise,
        })
        .map_err(|error| error.shifted(start))?;
        for (single, k) in part.nngp.iter_mut().zip(k) {
            *single = *k as f32;
        }
        check_finite("expectation of the activation", part.nngp)?;
        for (single, t) in part.ntk.iter_mut().zip(t) {
            *single = *t as f32;
        }
        check_finite("tangent kernel", part.ntk)?;
    }
    Ok(())
}
