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
use std::slice::{from_mut, from_ref};

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
    #[inline]
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
            sweep(formula, job.part(done..points))
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

/// The variances of one signal and their factors, before the instruction set is known. The pass is compiled for each kind: a choice in
/// its loop would send the registers through memory.
trait Side<T: Real>: Copy {
    /// The side as its loop reads it.
    type Registers<S: Simd>: InRegisters<S, T>;

    /// Loads the points that do not fill a register, or all if they are the same.
    fn registers<S: Simd>(self, simd: S) -> Self::Registers<S>;
}

/// Variances and factors, register by register.
trait InRegisters<S: Simd, T: Real> {
    /// Arrays of the length of a loop, which then needs no check of their bounds.
    type Piece<'a>: Copy
    where
        Self: 'a;

    /// The whole registers, or the last one, of points that do not fill it.
    fn piece(&self, last: bool, registers: usize) -> Self::Piece<'_>;

    /// Variances and factors of a register.
    fn at<'a>(simd: S, piece: Self::Piece<'a>, i: usize) -> (Pack<S, T>, Pack<S, T>)
    where
        Self: 'a;
}

/// One variance for all points, and its factor.
#[derive(Clone, Copy)]
struct Constant<T>(T, T);

struct ConstantRegisters<S: Simd, T: Real>(Pack<S, T>, Pack<S, T>);

impl<T: Real> Side<T> for Constant<T> {
    type Registers<S: Simd> = ConstantRegisters<S, T>;

    #[inline(always)]
    fn registers<S: Simd>(self, simd: S) -> ConstantRegisters<S, T> {
        ConstantRegisters(Pack::splat(simd, self.0), Pack::splat(simd, self.1))
    }
}

impl<S: Simd, T: Real> InRegisters<S, T> for ConstantRegisters<S, T> {
    type Piece<'a>
        = (Pack<S, T>, Pack<S, T>)
    where
        Self: 'a;

    #[inline(always)]
    fn piece(&self, _: bool, _: usize) -> (Pack<S, T>, Pack<S, T>) {
        (self.0, self.1)
    }

    #[inline(always)]
    fn at<'a>(_: S, piece: (Pack<S, T>, Pack<S, T>), _: usize) -> (Pack<S, T>, Pack<S, T>)
    where
        Self: 'a,
    {
        piece
    }
}

struct FieldRegisters<'f, S: Simd, T: Real> {
    whole: [&'f [T::Register<S>]; 2],
    last: [T::Register<S>; 2],
}

impl<'f, T: Real> Side<T> for PreparedVariance<'f, T> {
    type Registers<S: Simd> = FieldRegisters<'f, S, T>;

    #[inline(always)]
    fn registers<S: Simd>(self, simd: S) -> FieldRegisters<'f, S, T> {
        let (q, q_rest) = T::split::<S>(self.variance);
        let (factor, factor_rest) = T::split::<S>(self.factor);
        FieldRegisters {
            whole: [q, factor],
            last: [T::load_part(simd, q_rest), T::load_part(simd, factor_rest)],
        }
    }
}

impl<S: Simd, T: Real> InRegisters<S, T> for FieldRegisters<'_, S, T> {
    type Piece<'a>
        = [&'a [T::Register<S>]; 2]
    where
        Self: 'a;

    #[inline(always)]
    fn piece(&self, last: bool, registers: usize) -> [&[T::Register<S>]; 2] {
        let [q, factor] = self.whole;
        let [last_q, last_factor] = &self.last;
        if last {
            [from_ref(last_q), from_ref(last_factor)]
        } else {
            [&q[..registers], &factor[..registers]]
        }
    }

    #[inline(always)]
    fn at<'a>(simd: S, [q, factor]: [&'a [T::Register<S>]; 2], i: usize) -> (Pack<S, T>, Pack<S, T>)
    where
        Self: 'a,
    {
        (Pack::new(simd, q[i]), Pack::new(simd, factor[i]))
    }
}

/// All points up to the first register that fails a check, which is left as it was: its points are returned.
fn sweep<T: Real, F: Formula<T>>(formula: F, job: Job<'_, T>) -> Option<Range<usize>> {
    let Job {
        variances,
        nngp,
        ntk,
        noise,
    } = job;
    let noise = T::of(noise);
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
        ] => both(
            formula,
            noise,
            (Constant(q1, f1), Constant(q2, f2)),
            nngp,
            ntk,
        ),
        [Source::Field(first), Source::Field(second)] => {
            both(formula, noise, (first, second), nngp, ntk)
        }
        // Every expectation is symmetric in its two arguments.
        [Source::Constant { variance, factor }, Source::Field(field)]
        | [Source::Field(field), Source::Constant { variance, factor }] => both(
            formula,
            noise,
            (Constant(variance, factor), field),
            nngp,
            ntk,
        ),
    }
}

fn both<T: Real, F: Formula<T>, V: Side<T>, W: Side<T>>(
    formula: F,
    noise: T,
    sides: (V, W),
    nngp: &mut [T],
    ntk: Option<&mut [T]>,
) -> Option<Range<usize>> {
    match ntk {
        Some(ntk) => Arch::new().dispatch(Sweep::<_, _, _, _, true> {
            formula,
            noise,
            sides,
            nngp,
            ntk,
        }),
        None => Arch::new().dispatch(Sweep::<_, _, _, _, false> {
            formula,
            noise,
            sides,
            nngp,
            ntk: &mut [],
        }),
    }
}

/// Computes k ← E[σ(u) σ(v)] and, with `TANGENT`, θ ← E[σ'(u) σ'(v)] · θ, point by point.
///
/// Arrays are contiguous, one register of points at a time, in place. The loop stops at the first register that fails a check and
/// leaves it unchanged: the caller treats its points one by one and resumes after it. The points that do not fill a register are loaded
/// with zeros in the other lanes, which pass the checks.
struct Sweep<'a, T, F, V, W, const TANGENT: bool> {
    formula: F,
    noise: T,
    sides: (V, W),
    nngp: &'a mut [T],
    ntk: &'a mut [T],
}

impl<T: Real, F: Formula<T>, V: Side<T>, W: Side<T>, const TANGENT: bool> WithSimd
    for Sweep<'_, T, F, V, W, TANGENT>
{
    /// The points of the first register that failed a check, which is left as it was.
    type Output = Option<Range<usize>>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Option<Range<usize>> {
        let noise = Pack::splat(simd, self.noise);
        let sides = (self.sides.0.registers(simd), self.sides.1.registers(simd));
        let lanes = size_of::<T::Register<S>>() / size_of::<T>();
        let points = self.nngp.len();
        let (whole_k, k_rest) = T::split_mut::<S>(self.nngp);
        let (whole_t, t_rest) = T::split_mut::<S>(self.ntk);
        let mut last_k = T::load_part(simd, k_rest);
        let mut last_t = T::load_part(simd, t_rest);
        // The formula is long and stands in the code once, for whole registers and for the last one: it is compiled for many kinds of
        // registers and sides.
        for last in [false, true] {
            let (k, t) = if last {
                (from_mut(&mut last_k), from_mut(&mut last_t))
            } else {
                (&mut *whole_k, &mut *whole_t)
            };
            if last && k_rest.is_empty() {
                break;
            }
            let t = if TANGENT { &mut t[..k.len()] } else { t };
            let first = sides.0.piece(last, k.len());
            let second = sides.1.piece(last, k.len());
            for i in 0..k.len() {
                let (q1, f1) = V::Registers::at(simd, first, i);
                let (q2, f2) = W::Registers::at(simd, second, i);
                let points_here = Points::plain([q1, q2], [f1, f2], Pack::new(simd, k[i]), noise);
                let moments = self.formula.at(points_here);
                let tangent = if TANGENT {
                    moments.derivative * Pack::new(simd, t[i])
                } else {
                    moments.value
                };
                if !moments.good(tangent) {
                    let start = if last {
                        points - k_rest.len()
                    } else {
                        i * lanes
                    };
                    return Some(start..points.min(start + lanes));
                }
                k[i] = moments.value.register;
                if TANGENT {
                    t[i] = tangent.register;
                }
            }
        }
        T::store_part(simd, k_rest, last_k);
        T::store_part(simd, t_rest, last_t);
        None
    }
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
