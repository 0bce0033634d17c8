//! Fourier transforms of eight signals at once: one signal in each lane of a vector register.
//!
//! A *number* of such a bundle is sixteen `f64`: for each register of `F` lanes, the real parts of `F` signals and then
//! their imaginary parts. Every step of a transform is then arithmetic on whole registers, for any length.
//! The steps are those of the self-sorting (Stockham) scheme with radix 4, 2, 3, 5, and any other prime.

use pulp::{Simd, WithSimd};
use std::f64::consts::TAU;

/// Signals in a bundle.
pub(crate) const LANES: usize = 8;

/// `f64`s in a number of a bundle.
pub(crate) const NUMBER: usize = 2 * LANES;

/// Place of the real part of a lane in a number; the imaginary part is `F` places behind.
#[inline(always)]
pub(crate) fn lane_offset<S: Simd>(lane: usize) -> usize {
    lane / S::F64_LANES * 2 * S::F64_LANES + lane % S::F64_LANES
}

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
        longest.filter(|radix| *radix > 5).unwrap_or(0)
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
        let per_number = LANES / S::F64_LANES;
        let mut a = pairs_mut::<S>(self.a);
        let mut b = pairs_mut::<S>(self.b);
        let extra = pairs_mut::<S>(self.extra);
        // Exchanging real and imaginary parts turns one direction into the other.
        let part = match self.direction {
            Direction::Forward => 0,
            Direction::Inverse => 1,
        };
        for stage in &fft.stages {
            let twiddles = &fft.twiddles[stage.twiddle..][..stage.count * (stage.radix - 1)];
            let roots = &fft.roots[stage.root..];
            let batch = stage.stride * per_number;
            match stage.radix {
                4 => four(simd, part, batch, twiddles, a, b),
                2 => two(simd, part, batch, twiddles, a, b),
                3 => odd::<S, 3>(simd, part, batch, twiddles, roots, a, b),
                5 => odd::<S, 5>(simd, part, batch, twiddles, roots, a, b),
                radix => any(
                    simd,
                    part,
                    batch,
                    twiddles,
                    &roots[..radix],
                    a,
                    b,
                    &mut extra[..radix],
                ),
            }
            (a, b) = (b, a);
        }
        if fft.stages.len() % 2 == 1 {
            b.copy_from_slice(a);
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

#[inline(always)]
fn two<S: Simd>(
    simd: S,
    part: usize,
    batch: usize,
    twiddles: &[[f64; 2]],
    a: &[Pair<S>],
    b: &mut [Pair<S>],
) {
    let (head, tail) = a.split_at(a.len() / 2);
    for (((w, x0), x1), y) in twiddles
        .iter()
        .zip(head.chunks_exact(batch))
        .zip(tail.chunks_exact(batch))
        .zip(b.chunks_exact_mut(2 * batch))
    {
        let (y0, y1) = y.split_at_mut(batch);
        for i in 0..batch {
            let (u, v) = (load::<S>(&x0[i], part), load::<S>(&x1[i], part));
            store::<S>(&mut y0[i], part, sum(simd, u, v));
            store::<S>(&mut y1[i], part, times(simd, difference(simd, u, v), *w));
        }
    }
}

#[inline(always)]
fn four<S: Simd>(
    simd: S,
    part: usize,
    batch: usize,
    twiddles: &[[f64; 2]],
    a: &[Pair<S>],
    b: &mut [Pair<S>],
) {
    let quarter = a.len() / 4;
    let (x0, rest) = a.split_at(quarter);
    let (x1, rest) = rest.split_at(quarter);
    let (x2, x3) = rest.split_at(quarter);
    for (((((w, x0), x1), x2), x3), y) in twiddles
        .as_chunks::<3>()
        .0
        .iter()
        .zip(x0.chunks_exact(batch))
        .zip(x1.chunks_exact(batch))
        .zip(x2.chunks_exact(batch))
        .zip(x3.chunks_exact(batch))
        .zip(b.chunks_exact_mut(4 * batch))
    {
        let (y0, rest) = y.split_at_mut(batch);
        let (y1, rest) = rest.split_at_mut(batch);
        let (y2, y3) = rest.split_at_mut(batch);
        for i in 0..batch {
            let (p, q) = (load::<S>(&x0[i], part), load::<S>(&x2[i], part));
            let (r, t) = (load::<S>(&x1[i], part), load::<S>(&x3[i], part));
            let (even, even_minus) = (sum(simd, p, q), difference(simd, p, q));
            let (odd, odd_minus) = (sum(simd, r, t), difference(simd, r, t));
            let [plus, minus] = turned(simd, even_minus, odd_minus);
            store::<S>(&mut y0[i], part, sum(simd, even, odd));
            store::<S>(&mut y1[i], part, times(simd, plus, w[0]));
            let opposite = difference(simd, even, odd);
            store::<S>(&mut y2[i], part, times(simd, opposite, w[1]));
            store::<S>(&mut y3[i], part, times(simd, minus, w[2]));
        }
    }
}

/// A small odd radix: everything stays in registers.
#[inline(always)]
fn odd<S: Simd, const R: usize>(
    simd: S,
    part: usize,
    batch: usize,
    twiddles: &[[f64; 2]],
    roots: &[[f64; 2]],
    a: &[Pair<S>],
    b: &mut [Pair<S>],
) {
    let count = a.len() / (R * batch);
    let zero = simd.splat_f64s(0.0);
    for p in 0..count {
        let w = &twiddles[p * (R - 1)..][..R - 1];
        let y = &mut b[p * R * batch..][..R * batch];
        for i in 0..batch {
            let mut x = [[zero; 2]; R];
            for (k, x) in x.iter_mut().enumerate() {
                *x = load::<S>(&a[(k * count + p) * batch + i], part);
            }
            let mut total = x[0];
            for k in 1..=R / 2 {
                let (u, v) = (x[k], x[R - k]);
                (x[k], x[R - k]) = (sum(simd, u, v), difference(simd, u, v));
                total = sum(simd, total, x[k]);
            }
            store::<S>(&mut y[i], part, total);
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
                let (first, last) = (
                    times(simd, minus, w[j - 1]),
                    times(simd, plus, w[R - j - 1]),
                );
                store::<S>(&mut y[j * batch + i], part, first);
                store::<S>(&mut y[(R - j) * batch + i], part, last);
            }
        }
    }
}

/// Any odd radix: sums over cosines and sines, four outputs at a time.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn any<S: Simd>(
    simd: S,
    part: usize,
    batch: usize,
    twiddles: &[[f64; 2]],
    roots: &[[f64; 2]],
    a: &[Pair<S>],
    b: &mut [Pair<S>],
    extra: &mut [Pair<S>],
) {
    let radix = roots.len();
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
                            odd[t][c_part] = simd.mul_add_f64s(s, terms[1][c_part], odd[t][c_part]);
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

#[cfg(test)]
mod tests {
    use super::*;
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
                            let tolerance = 8.0 * f64::EPSILON * len as f64;
                            assert!((found[k][lane][part] - want[part]).abs() < tolerance);
                            assert!((scalar[k][lane][part] - want[part]).abs() < tolerance);
                        }
                    }
                }
            }
        }
    }
}
