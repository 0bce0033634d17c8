//! Fourier transforms of eight signals at once: one signal in each lane of a vector register.
//!
//! A *number* of such a bundle is sixteen `f64`: for each register of `F` lanes, the real parts of `F` signals and then
//! their imaginary parts. Every step of a transform is then arithmetic on whole registers, for any length.
//! The steps are those of the self-sorting (Stockham) scheme with radix 4, 2, 3, 5, 7, 11, 13, and any other prime.

use super::fft_steps::{LARGEST_RADIX, Step, pairs_mut};
use pulp::{Simd, WithSimd};
use std::f64::consts::TAU;

/// Signals in a bundle.
pub(crate) const LANES: usize = 8;

/// `f64`s in a number of a bundle.
pub(crate) const NUMBER: usize = 2 * LANES;

/// Returns the place of the real part of a lane in a number; the imaginary part follows `F` places later.
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

    /// Transforms the numbers in `a` and leaves the result in `a`; `b` is as long as `a`, `extra` holds at least `self.extra()` numbers.
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

/// The work of [`LaneFft::process`] as a function of its own: the compiler then generates its code once per instruction set.
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
        // F⁻¹(x) = swap(F(swap(x))), where swap exchanges real and imaginary parts: one set of twiddle factors serves both directions.
        let part = match self.direction {
            Direction::Forward => 0,
            Direction::Inverse => 1,
        };
        // Stockham's scheme: stage after stage from one array to the other, the numbers in order at the end without bit reversal.
        for (i, stage) in fft.stages.iter().enumerate() {
            // The result belongs into the first array. For an odd number of stages the last one would leave it in the second, so
            // this stage works in place.
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

/// Returns the radices in the order of the steps: large ones first. Inner loops grow from stage to stage, so later stages are the
/// efficient ones, and small radices occur most often.
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
