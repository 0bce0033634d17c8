//! Fourier transforms of eight signals at once: one signal in each lane of a vector register.
//!
//! A *number* of such a bundle is sixteen `f64`: for each register of `F` lanes, the real parts of `F` signals and then
//! their imaginary parts. Every step of a transform is then arithmetic on whole registers, for any length.
//! The steps are those of the self-sorting (Stockham) scheme with radix 4, 2, 3, 5, 7, 11, 13, and any other prime.

use pulp::{Simd, WithSimd};
use std::f64::consts::TAU;
use std::ops::Deref;

/// Signals in a bundle.
pub(crate) const LANES: usize = 8;

/// `f64`s in a number of a bundle.
pub(crate) const NUMBER: usize = 2 * LANES;

/// Place of the real part of a lane in a number; the imaginary part is `F` places behind.
#[inline(always)]
pub(crate) fn lane_offset<S: Simd>(lane: usize) -> usize {
    lane / S::F64_LANES * 2 * S::F64_LANES + lane % S::F64_LANES
}

/// Radices up to this have butterflies that stay in registers: those of [`Step::run`].
const LARGEST_RADIX: usize = 13;

/// The sign in the exponent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// $`e^{-2\pi i jk/n}`$
    Forward,
    /// $`e^{+2\pi i jk/n}`$
    Inverse,
}

/// A transform of one length, in either direction; not normalised.
#[derive(Debug, Clone)]
pub(crate) struct LaneFft {
    len: usize,
    stages: Vec<Stage>,
    /// $`\cos, -\sin`$ of $`2\pi j p/n`$ for each stage, p = 0..n/r, j = 1..r.
    twiddles: Vec<[f64; 2]>,
    /// $`\cos, \sin`$ of $`2\pi k/r`$ for radices that need it.
    roots: Vec<[f64; 2]>,
}

#[derive(Debug, Clone, Copy)]
struct Stage {
    radix: usize,
    /// Butterflies with different twiddle factors.
    count: usize,
    /// Butterflies that share twiddle factors.
    stride: usize,
    twiddle: usize,
    root: usize,
}

/// Real and imaginary parts.
type Pair<S> = [<S as Simd>::f64s; 2];

impl LaneFft {
    /// Plans a length of at least 1.
    pub(crate) fn new(len: usize) -> Self {
        let (mut stages, mut twiddles, mut roots) = (Vec::new(), Vec::new(), Vec::new());
        let (mut rest, mut stride) = (len, 1);
        for radix in factors(len) {
            let count = rest / radix;
            let (twiddle, root) = (twiddles.len(), roots.len());
            for p in 0..count {
                for j in 1..radix {
                    let angle = TAU * ((j * p) % rest) as f64 / rest as f64;
                    twiddles.push([angle.cos(), -angle.sin()]);
                }
            }
            if radix != 2 && radix != 4 {
                roots.extend((0..radix).map(|k| {
                    let angle = TAU * k as f64 / radix as f64;
                    [angle.cos(), angle.sin()]
                }));
            }
            stages.push(Stage {
                radix,
                count,
                stride,
                twiddle,
                root,
            });
            rest = count;
            stride *= radix;
        }
        LaneFft {
            len,
            stages,
            twiddles,
            roots,
        }
    }

    /// Numbers of additional work space.
    pub(crate) fn extra(&self) -> usize {
        let longest = self.stages.iter().map(|stage| stage.radix).max();
        longest.filter(|radix| *radix > LARGEST_RADIX).unwrap_or(0)
    }

    /// Transforms the numbers in `a`; the result is left in `a`. `b` is as long as `a`, `extra` at least `self.extra()`.
    #[inline(always)]
    pub(crate) fn process<S: Simd>(
        &self,
        simd: S,
        direction: Direction,
        a: &mut [f64],
        b: &mut [f64],
        extra: &mut [f64],
    ) {
        simd.vectorize(Process {
            fft: self,
            direction,
            a: &mut a[..self.len * NUMBER],
            b: &mut b[..self.len * NUMBER],
            extra,
        });
    }
}

/// A function of its own, so that its code is there once.
struct Process<'a> {
    fft: &'a LaneFft,
    direction: Direction,
    a: &'a mut [f64],
    b: &'a mut [f64],
    extra: &'a mut [f64],
}

impl WithSimd for Process<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let fft = self.fft;
        let mut a = pairs_mut::<S>(self.a);
        let mut b = pairs_mut::<S>(self.b);
        let extra = pairs_mut::<S>(self.extra);
        // Exchanging real and imaginary parts turns one direction into the other.
        let part = match self.direction {
            Direction::Forward => 0,
            Direction::Inverse => 1,
        };
        for (i, stage) in fft.stages.iter().enumerate() {
            // The result belongs where the input was: after an even number of stages the last one stays there.
            let in_place = i + 1 == fft.stages.len() && i.is_multiple_of(2);
            fft.step(simd, part, stage).run(a, b, extra, in_place);
            (a, b) = (b, a);
        }
    }
}

impl LaneFft {
    #[inline(always)]
    fn step<S: Simd>(&self, simd: S, part: usize, stage: &Stage) -> Step<'_, S> {
        Step {
            simd,
            part,
            batch: stage.stride * (LANES / S::F64_LANES),
            twiddles: &self.twiddles[stage.twiddle..][..stage.count * (stage.radix - 1)],
            roots: &self.roots[stage.root..],
            radix: stage.radix,
        }
    }
}

/// The numbers of a bundle as pairs of registers.
#[inline(always)]
fn pairs_mut<S: Simd>(numbers: &mut [f64]) -> &mut [Pair<S>] {
    S::as_mut_simd_f64s(numbers).0.as_chunks_mut::<2>().0
}

/// Radices in the order of the steps: the large ones first, since later steps have longer inner loops.
pub(crate) fn factors(mut len: usize) -> Vec<usize> {
    let mut factors = Vec::new();
    for radix in [4, 2, 3, 5] {
        while len.is_multiple_of(radix) {
            factors.push(radix);
            len /= radix;
        }
    }
    let mut prime = 7;
    while len > 1 {
        while len.is_multiple_of(prime) {
            factors.push(prime);
            len /= prime;
        }
        prime += 2;
    }
    factors.sort_by(|a, b| b.cmp(a));
    factors
}

/// Whether all prime factors are at most 5.
pub(crate) fn is_smooth(len: usize) -> bool {
    factors(len).iter().all(|factor| *factor <= 5)
}

/// `x · w` with w = (cos, −sin).
#[inline(always)]
fn times<S: Simd>(simd: S, x: Pair<S>, w: [f64; 2]) -> Pair<S> {
    let (c, s) = (simd.splat_f64s(w[0]), simd.splat_f64s(w[1]));
    [
        simd.negate_mul_add_f64s(x[1], s, simd.mul_f64s(x[0], c)),
        simd.mul_add_f64s(x[1], c, simd.mul_f64s(x[0], s)),
    ]
}

#[inline(always)]
fn sum<S: Simd>(simd: S, x: Pair<S>, y: Pair<S>) -> Pair<S> {
    [simd.add_f64s(x[0], y[0]), simd.add_f64s(x[1], y[1])]
}

#[inline(always)]
fn difference<S: Simd>(simd: S, x: Pair<S>, y: Pair<S>) -> Pair<S> {
    [simd.sub_f64s(x[0], y[0]), simd.sub_f64s(x[1], y[1])]
}

/// `x − i y` and `x + i y`.
#[inline(always)]
fn turned<S: Simd>(simd: S, x: Pair<S>, y: Pair<S>) -> [Pair<S>; 2] {
    [
        [simd.add_f64s(x[0], y[1]), simd.sub_f64s(x[1], y[0])],
        [simd.sub_f64s(x[0], y[1]), simd.add_f64s(x[1], y[0])],
    ]
}

#[inline(always)]
fn load<S: Simd>(x: &Pair<S>, part: usize) -> Pair<S> {
    [x[part & 1], x[(part & 1) ^ 1]]
}

#[inline(always)]
fn store<S: Simd>(y: &mut Pair<S>, part: usize, value: Pair<S>) {
    y[part & 1] = value[0];
    y[(part & 1) ^ 1] = value[1];
}

/// The transform of `R` numbers; calls `put` for each of them.
#[inline(always)]
fn butterfly<S: Simd, const R: usize>(
    simd: S,
    roots: &[[f64; 2]],
    mut x: [Pair<S>; R],
    mut put: impl FnMut(usize, Pair<S>),
) {
    if R == 2 {
        put(0, sum(simd, x[0], x[1]));
        put(1, difference(simd, x[0], x[1]));
        return;
    }
    if R == 4 {
        let (even, even_minus) = (sum(simd, x[0], x[2]), difference(simd, x[0], x[2]));
        let (odd, odd_minus) = (sum(simd, x[1], x[3]), difference(simd, x[1], x[3]));
        let [plus, minus] = turned(simd, even_minus, odd_minus);
        put(0, sum(simd, even, odd));
        put(1, plus);
        put(2, difference(simd, even, odd));
        put(3, minus);
        return;
    }
    let zero = simd.splat_f64s(0.0);
    let roots: &[[f64; 2]; R] = roots.first_chunk().expect("a root for each term");
    let mut total = x[0];
    for k in 1..=R / 2 {
        let (u, v) = (x[k], x[R - k]);
        (x[k], x[R - k]) = (sum(simd, u, v), difference(simd, u, v));
        total = sum(simd, total, x[k]);
    }
    put(0, total);
    for j in 1..=R / 2 {
        let (mut even, mut odd) = (x[0], [zero; 2]);
        for k in 1..=R / 2 {
            let [c, s] = roots[j * k % R];
            let (c, s) = (simd.splat_f64s(c), simd.splat_f64s(s));
            for c_part in 0..2 {
                even[c_part] = simd.mul_add_f64s(c, x[k][c_part], even[c_part]);
                odd[c_part] = simd.mul_add_f64s(s, x[R - k][c_part], odd[c_part]);
            }
        }
        let [minus, plus] = turned(simd, even, odd);
        put(j, minus);
        put(R - j, plus);
    }
}

/// One stage at work.
struct Step<'a, S> {
    simd: S,
    /// The place of the real parts: 1 where they are exchanged with the imaginary ones.
    part: usize,
    /// Pairs of registers that share twiddle factors.
    batch: usize,
    twiddles: &'a [[f64; 2]],
    roots: &'a [[f64; 2]],
    radix: usize,
}

impl<S: Simd> Step<'_, S> {
    /// The stage from `a` to `b`, or within `a`, which only the last one can do.
    #[inline(always)]
    fn run(&self, a: &mut [Pair<S>], b: &mut [Pair<S>], extra: &mut [Pair<S>], in_place: bool) {
        macro_rules! for_radix {
            ($($radix:literal)*) => {
                match self.radix {
                    $($radix if in_place => self.finish::<$radix>(a),
                    $radix => self.pass::<$radix>(a, b),)*
                    _ => {
                        self.any(a, b, extra);
                        if in_place {
                            a.copy_from_slice(b);
                        }
                    }
                }
            };
        }
        for_radix! { 2 3 4 5 7 11 13 }
    }

    #[inline(always)]
    fn values<const R: usize>(
        &self,
        x: &[impl Deref<Target = [Pair<S>]>; R],
        i: usize,
    ) -> [Pair<S>; R] {
        let mut values = [[self.simd.splat_f64s(0.0); 2]; R];
        for (value, x) in values.iter_mut().zip(x) {
            *value = load::<S>(&x[i], self.part);
        }
        values
    }

    /// The stage from one array to the other.
    // Inside of the loops the index belongs to several rows.
    #[allow(clippy::needless_range_loop)]
    #[inline(always)]
    fn pass<const R: usize>(&self, a: &[Pair<S>], b: &mut [Pair<S>]) {
        let (simd, part, batch) = (self.simd, self.part, self.batch);
        let step = a.len() / R;
        let mut rest = a;
        let x: [&[Pair<S>]; R] = std::array::from_fn(|_| {
            let (first, tail) = rest.split_at(step);
            rest = tail;
            first
        });
        for (p, y) in b.chunks_exact_mut(R * batch).enumerate() {
            let x: [&[Pair<S>]; R] = std::array::from_fn(|k| &x[k][p * batch..][..batch]);
            let mut rest = y;
            let mut y: [&mut [Pair<S>]; R] =
                std::array::from_fn(|_| rest.split_off_mut(..batch).expect("R batches"));
            // The first factors are one; in the last stage there are no others.
            if p == 0 {
                for i in 0..batch {
                    let values = self.values(&x, i);
                    butterfly::<S, R>(
                        simd,
                        self.roots,
                        values,
                        #[inline(always)]
                        |j, value| store::<S>(&mut y[j][i], part, value),
                    );
                }
                continue;
            }
            let w = &self.twiddles[p * (R - 1)..][..R - 1];
            for i in 0..batch {
                let values = self.values(&x, i);
                butterfly::<S, R>(
                    simd,
                    self.roots,
                    values,
                    #[inline(always)]
                    |j, value| {
                        let value = if j == 0 {
                            value
                        } else {
                            times(simd, value, w[j - 1])
                        };
                        store::<S>(&mut y[j][i], part, value);
                    },
                );
            }
        }
    }

    /// The last stage, in place.
    #[inline(always)]
    fn finish<const R: usize>(&self, a: &mut [Pair<S>]) {
        let (simd, part, batch) = (self.simd, self.part, self.batch);
        let mut rest = a;
        let mut x: [&mut [Pair<S>]; R] =
            std::array::from_fn(|_| rest.split_off_mut(..batch).expect("R batches"));
        for i in 0..batch {
            let values = self.values(&x, i);
            butterfly::<S, R>(
                simd,
                self.roots,
                values,
                #[inline(always)]
                |j, value| store::<S>(&mut x[j][i], part, value),
            );
        }
    }

    /// Any odd radix: sums over cosines and sines, four outputs at a time.
    #[inline(always)]
    fn any(&self, a: &[Pair<S>], b: &mut [Pair<S>], extra: &mut [Pair<S>]) {
        let Step {
            simd,
            part,
            batch,
            radix,
            ..
        } = *self;
        let (twiddles, roots) = (self.twiddles, &self.roots[..radix]);
        let extra = &mut extra[..radix];
        let half = radix / 2;
        let count = a.len() / (radix * batch);
        let zero = simd.splat_f64s(0.0);
        for p in 0..count {
            let w = &twiddles[p * (radix - 1)..][..radix - 1];
            let y = &mut b[p * radix * batch..][..radix * batch];
            for i in 0..batch {
                let at = |k: usize| load::<S>(&a[(k * count + p) * batch + i], part);
                let first = at(0);
                let mut total = first;
                for k in 1..=half {
                    let (u, v) = (at(k), at(radix - k));
                    extra[2 * k - 2] = sum(simd, u, v);
                    extra[2 * k - 1] = difference(simd, u, v);
                    total = sum(simd, total, extra[2 * k - 2]);
                }
                store::<S>(&mut y[i], part, total);
                let mut j = 1;
                while j <= half {
                    const TILE: usize = 4;
                    let (mut even, mut odd) = ([first; TILE], [[zero; 2]; TILE]);
                    let mut index = [0; TILE];
                    for terms in extra[..2 * half].as_chunks::<2>().0 {
                        for t in 0..TILE {
                            index[t] += j + t;
                            if index[t] >= radix {
                                index[t] -= radix;
                            }
                            let [c, s] = roots[index[t]];
                            let (c, s) = (simd.splat_f64s(c), simd.splat_f64s(s));
                            for c_part in 0..2 {
                                even[t][c_part] =
                                    simd.mul_add_f64s(c, terms[0][c_part], even[t][c_part]);
                                odd[t][c_part] =
                                    simd.mul_add_f64s(s, terms[1][c_part], odd[t][c_part]);
                            }
                        }
                    }
                    for t in 0..TILE.min(half + 1 - j) {
                        let [minus, plus] = turned(simd, even[t], odd[t]);
                        let k = j + t;
                        let first = times(simd, minus, w[k - 1]);
                        let last = times(simd, plus, w[radix - k - 1]);
                        store::<S>(&mut y[k * batch + i], part, first);
                        store::<S>(&mut y[(radix - k) * batch + i], part, last);
                    }
                    j += TILE;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tol;
    use pulp::Arch;

    struct Run<'a> {
        fft: &'a LaneFft,
        direction: Direction,
        signals: &'a [[[f64; 2]; LANES]],
    }

    impl WithSimd for Run<'_> {
        type Output = Vec<[[f64; 2]; LANES]>;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
            let mut a = vec![0.0; self.signals.len() * NUMBER];
            let (mut b, mut extra) = (a.clone(), vec![0.0; self.fft.extra() * NUMBER]);
            for (number, values) in a.chunks_exact_mut(NUMBER).zip(self.signals) {
                for (lane, value) in values.iter().enumerate() {
                    number[lane_offset::<S>(lane)] = value[0];
                    number[lane_offset::<S>(lane) + S::F64_LANES] = value[1];
                }
            }
            self.fft
                .process(simd, self.direction, &mut a, &mut b, &mut extra);
            let read = |number: &[f64]| {
                std::array::from_fn(|lane| {
                    let at = lane_offset::<S>(lane);
                    [number[at], number[at + S::F64_LANES]]
                })
            };
            a.chunks_exact(NUMBER).map(read).collect()
        }
    }

    #[test]
    fn every_length_agrees_with_the_sum() {
        for len in (1..=40).chain([49, 63, 64, 77, 90, 121, 127, 128, 243, 256]) {
            let fft = LaneFft::new(len);
            let value = |j: usize, lane: usize| {
                let x = (j * j + 3 * lane) as f64;
                [x.sin(), (1.3 * x).cos()]
            };
            let signals: Vec<[[f64; 2]; LANES]> = (0..len)
                .map(|j| std::array::from_fn(|lane| value(j, lane)))
                .collect();
            for (direction, sign) in [(Direction::Forward, -1.0), (Direction::Inverse, 1.0)] {
                let (fft, signals) = (&fft, &signals[..]);
                let run = Run {
                    fft,
                    direction,
                    signals,
                };
                let found = Arch::new().dispatch(run);
                let scalar = pulp::Scalar::new().vectorize(Run {
                    fft,
                    direction,
                    signals,
                });
                for k in 0..len {
                    for lane in 0..LANES {
                        let mut want = [0.0; 2];
                        for j in 0..len {
                            let angle = sign * TAU * (j * k % len) as f64 / len as f64;
                            let (s, c) = angle.sin_cos();
                            let [re, im] = value(j, lane);
                            want[0] += re * c - im * s;
                            want[1] += re * s + im * c;
                        }
                        for part in 0..2 {
                            let tolerance = tol::fourier_sum(len);
                            assert!((found[k][lane][part] - want[part]).abs() < tolerance);
                            assert!((scalar[k][lane][part] - want[part]).abs() < tolerance);
                        }
                    }
                }
            }
        }
    }
}
