//! One pass over the points for every closed form: whole registers, in either precision.
//!
//! A register that fails a check (no covariance, a variance near the ends of the range of the numbers, a result that is not
//! finite) goes point by point through [`alone`], which scales by powers of two and finds the error if there is one.

use super::pair::{Formula, Moments, Points};
use super::real::Real;
use super::variance::{PreparedVariance, Source, check, check_finite};
use crate::error::Result;
use crate::simd::pack::Pack;
use pulp::bytemuck::cast_slice_mut;
use pulp::{Arch, Simd, WithSimd};
use std::ops::Range;

/// Variances, covariances and a tangent kernel that wait for an activation.
pub(super) struct Job<'a, T: Real> {
    pub(super) variances: [Source<'a, T>; 2],
    pub(super) nngp: &'a mut [T],
    pub(super) ntk: Option<&'a mut [T]>,
    /// As [`Points::noise`].
    pub(super) noise: f64,
}

impl<'a, T: Real> Job<'a, T> {
    /// The same job where `U` is another name of the type `T`.
    pub(super) fn cast<U: Real>(self) -> Job<'a, U> {
        Job {
            variances: self.variances.map(Source::cast),
            nngp: cast_slice_mut(self.nngp),
            ntk: self.ntk.map(cast_slice_mut),
            noise: self.noise,
        }
    }

    /// Some of the points.
    pub(super) fn part(&mut self, range: Range<usize>) -> Job<'_, T> {
        Job {
            variances: self.variances.map(|source| source.part(range.clone())),
            nngp: &mut self.nngp[range.clone()],
            ntk: self.ntk.as_deref_mut().map(|ntk| &mut ntk[range]),
            noise: self.noise,
        }
    }

    /// The check of [`Activation::apply`](super::Activation::apply): everything is finite, and k within its bound.
    pub(super) fn check(&self) -> Result<()> {
        let [q1, q2] = self.variances.map(Source::variance);
        check(q1, q2, self.nngp, self.ntk.as_deref())
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
fn alone<T: Real, F: Formula<f64>>(
    formula: F,
    gain: Option<f64>,
    mut job: Job<'_, T>,
) -> Result<()> {
    job.check()?;
    let [q1, q2] = job.variances.map(|source| source.variance().at(0).wide());
    let k = job.nngp[0].wide();
    let Moments {
        value, derivative, ..
    } = formula.at(Points::scaled(gain, [q1, q2], k, job.noise));
    job.nngp[0] = T::of(value.register);
    check_finite("expectation of the activation", job.nngp)?;
    if let Some(ntk) = &mut job.ntk {
        ntk[0] = T::of(derivative.register * ntk[0].wide());
        check_finite("tangent kernel", ntk)?;
    }
    Ok(())
}

/// The variances of one signal and their factors, register by register. The pass is compiled for each kind: a choice in its loop
/// would send the registers through memory.
trait Side<S: Simd, T: Real>: Copy {
    /// Cuts the arrays to the number of registers of the loop, which then needs no check of their bounds.
    fn cut(self, registers: usize) -> Self;

    /// Variances and factors of a register.
    fn at(&self, simd: S, i: usize) -> (Pack<S, T>, Pack<S, T>);

    /// The values of the last points, which do not fill a register.
    fn rest(&self, simd: S) -> (Pack<S, T>, Pack<S, T>);
}

#[derive(Clone, Copy)]
struct Constant<S: Simd, T: Real>(Pack<S, T>, Pack<S, T>);

impl<S: Simd, T: Real> Side<S, T> for Constant<S, T> {
    #[inline(always)]
    fn cut(self, _: usize) -> Self {
        self
    }

    #[inline(always)]
    fn at(&self, _: S, _: usize) -> (Pack<S, T>, Pack<S, T>) {
        (self.0, self.1)
    }

    #[inline(always)]
    fn rest(&self, _: S) -> (Pack<S, T>, Pack<S, T>) {
        (self.0, self.1)
    }
}

#[derive(Clone, Copy)]
struct Field<'a, S: Simd, T: Real> {
    whole: [&'a [T::Register<S>]; 2],
    rest: [&'a [T]; 2],
}

impl<'a, S: Simd, T: Real> Field<'a, S, T> {
    #[inline(always)]
    fn new(field: PreparedVariance<'a, T>) -> Self {
        let (q, q_rest) = T::split::<S>(field.variance);
        let (factor, factor_rest) = T::split::<S>(field.factor);
        Field {
            whole: [q, factor],
            rest: [q_rest, factor_rest],
        }
    }
}

impl<S: Simd, T: Real> Side<S, T> for Field<'_, S, T> {
    #[inline(always)]
    fn cut(mut self, registers: usize) -> Self {
        self.whole = self.whole.map(|values| &values[..registers]);
        self
    }

    #[inline(always)]
    fn at(&self, simd: S, i: usize) -> (Pack<S, T>, Pack<S, T>) {
        let [q, factor] = self.whole;
        (Pack::new(simd, q[i]), Pack::new(simd, factor[i]))
    }

    #[inline(always)]
    fn rest(&self, simd: S) -> (Pack<S, T>, Pack<S, T>) {
        let [q, factor] = self.rest;
        (Pack::load_part(simd, q), Pack::load_part(simd, factor))
    }
}

struct Sweep<'a, T: Real, F> {
    formula: F,
    job: Job<'a, T>,
}

impl<T: Real, F: Formula<T>> WithSimd for Sweep<'_, T, F> {
    /// The points of the first register that failed a check, which is left as it was.
    type Output = Option<Range<usize>>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Option<Range<usize>> {
        let Job {
            variances,
            nngp,
            ntk,
            noise,
        } = self.job;
        let (formula, noise) = (self.formula, Pack::splat(simd, T::of(noise)));
        match variances {
            [
                Source::Constant {
                    variance: q1,
                    factor: f1,
                },
                Source::Constant {
                    variance: q2,
                    factor: f2,
                },
            ] => {
                let side = |q, f| Constant(Pack::splat(simd, q), Pack::splat(simd, f));
                sweep(formula, noise, (side(q1, f1), side(q2, f2)), nngp, ntk)
            }
            [Source::Field(first), Source::Field(second)] => {
                let sides = (Field::new(first), Field::new(second));
                sweep(formula, noise, sides, nngp, ntk)
            }
            // Every expectation is symmetric in its two arguments.
            [Source::Constant { variance, factor }, Source::Field(field)]
            | [Source::Field(field), Source::Constant { variance, factor }] => {
                let constant = Constant(Pack::splat(simd, variance), Pack::splat(simd, factor));
                sweep(formula, noise, (constant, Field::new(field)), nngp, ntk)
            }
        }
    }
}

#[inline(always)]
fn sweep<S: Simd, T: Real, F: Formula<T>, V: Side<S, T>, W: Side<S, T>>(
    formula: F,
    noise: Pack<S, T>,
    sides: (V, W),
    nngp: &mut [T],
    ntk: Option<&mut [T]>,
) -> Option<Range<usize>> {
    match ntk {
        Some(ntk) => both::<S, T, F, V, W, true>(formula, noise, sides, nngp, ntk),
        None => both::<S, T, F, V, W, false>(formula, noise, sides, nngp, &mut []),
    }
}

/// Computes k ← E[σ(u) σ(v)] and, with `TANGENT`, θ ← E[σ'(u) σ'(v)] · θ, point by point.
///
/// Arrays are contiguous, one register of points at a time, in place. The loop stops at the first register that fails a check and
/// leaves it unchanged: the caller treats its points one by one and resumes after it. The points that do not fill a register are loaded
/// with zeros in the other lanes, which pass the checks.
#[inline(always)]
fn both<S: Simd, T: Real, F: Formula<T>, V: Side<S, T>, W: Side<S, T>, const TANGENT: bool>(
    formula: F,
    noise: Pack<S, T>,
    sides: (V, W),
    nngp: &mut [T],
    ntk: &mut [T],
) -> Option<Range<usize>> {
    let simd = noise.simd();
    let lanes = size_of::<T::Register<S>>() / size_of::<T>();
    let points = nngp.len();
    let (k, k_rest) = T::split_mut::<S>(nngp);
    let (t, t_rest) = T::split_mut::<S>(ntk);
    let t = if TANGENT { &mut t[..k.len()] } else { t };
    let sides = (sides.0.cut(k.len()), sides.1.cut(k.len()));
    for i in 0..k.len() {
        let (q1, f1) = sides.0.at(simd, i);
        let (q2, f2) = sides.1.at(simd, i);
        let points = Points::plain([q1, q2], [f1, f2], Pack::new(simd, k[i]), noise);
        let moments = formula.at(points);
        let tangent = if TANGENT {
            moments.derivative * Pack::new(simd, t[i])
        } else {
            moments.value
        };
        if !moments.good(tangent) {
            return Some(i * lanes..(i + 1) * lanes);
        }
        k[i] = moments.value.register;
        if TANGENT {
            t[i] = tangent.register;
        }
    }
    if k_rest.is_empty() {
        return None;
    }
    let (q1, f1) = sides.0.rest(simd);
    let (q2, f2) = sides.1.rest(simd);
    let covariance = Pack::load_part(simd, k_rest);
    let moments = formula.at(Points::plain([q1, q2], [f1, f2], covariance, noise));
    let tangent = if TANGENT {
        moments.derivative * Pack::load_part(simd, t_rest)
    } else {
        moments.value
    };
    if !moments.good(tangent) {
        return Some(k.len() * lanes..points);
    }
    T::store_part(simd, k_rest, moments.value.register);
    if TANGENT {
        T::store_part(simd, t_rest, tangent.register);
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
        for (t, single) in t.iter_mut().zip(part.ntk.iter().flat_map(|ntk| ntk.iter())) {
            *t = f64::from(*single);
        }
        double(Job {
            variances,
            nngp: k,
            ntk: part.ntk.is_some().then_some(&mut *t),
            noise: part.noise,
        })
        .map_err(|error| error.shifted(start))?;
        for (single, k) in part.nngp.iter_mut().zip(k) {
            *single = *k as f32;
        }
        check_finite("expectation of the activation", part.nngp)?;
        if let Some(ntk) = part.ntk {
            for (single, t) in ntk.iter_mut().zip(t) {
                *single = *t as f32;
            }
            check_finite("tangent kernel", ntk)?;
        }
    }
    Ok(())
}
