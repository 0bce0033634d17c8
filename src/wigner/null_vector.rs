//! The vector that a symmetric tridiagonal matrix maps to zero: Wigner symbols as functions of one of their quantum numbers.
//!
//! ```math
//! a_{i+1} f_{i+1} + b_i f_i + a_i f_{i-1} = 0 , \qquad 0 \le i < n , \qquad a_0 = a_n = 0
//! ```
//! Near both ends the wanted solution may grow inwards by many orders of magnitude, and the recursion is stable inwards only. There the
//! ratios of neighbours are computed, as long as they are below one: their products outwards underflow without harm. Between the two
//! ends the solution oscillates; two recursions of three terms start at the ends and meet in the middle.

use pulp::{Arch, Simd, WithSimd};

/// Sums that do not wait for each other.
const SUMS: usize = 8;
/// So many values before the middle may be the place where the two recursions meet.
const WINDOW: usize = 16;

/// The coefficients of one family, and the weights of its sum rule.
pub(super) trait Recursion: Copy {
    /// $`a_i`$, 0 ≤ i ≤ n; above zero for 0 < i < n.
    fn off_diagonal(&self, i: f64) -> f64;
    /// $`b_i`$, 0 ≤ i < n.
    fn diagonal(&self, i: f64) -> f64;
    /// The weights w of $`\sum_i w_i f_i^2 = 1`$.
    fn weight(&self, i: f64) -> f64;
}

/// The coefficients of all indices.
#[derive(Debug, Clone, Default)]
pub(super) struct Scratch {
    off_diagonal: Vec<f64>,
    diagonal: Vec<f64>,
    /// $`1/a_i`$; the entries of both ends are not used.
    inverse: Vec<f64>,
}

/// Writes the `len` values of a family, normalised by its sum rule; `negative` is the sign of the last one.
pub(super) fn solve<R: Recursion>(
    recursion: R,
    len: usize,
    negative: bool,
    scratch: &mut Scratch,
    values: &mut Vec<f64>,
) {
    for (buffer, len) in [
        (&mut scratch.off_diagonal, len + 1),
        (&mut scratch.inverse, len + 1),
        (&mut scratch.diagonal, len),
        (&mut *values, len),
    ] {
        buffer.resize(len, 0.0);
    }
    Arch::new().dispatch(Solve {
        recursion,
        negative,
        scratch,
        values,
    });
}

struct Solve<'a, R> {
    recursion: R,
    negative: bool,
    scratch: &'a mut Scratch,
    values: &'a mut [f64],
}

impl<R: Recursion> WithSimd for Solve<'_, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let n = self.values.len();
        let a = &mut self.scratch.off_diagonal[..n + 1];
        let b = &mut self.scratch.diagonal[..n];
        let inverse = &mut self.scratch.inverse[..n + 1];
        // Square roots and divisions of all indices first: neighbours do not depend on each other, and the compiler vectorises over them.
        // The index goes through 32 bits, whose conversion has a vector instruction.
        for (i, (a, inverse)) in a.iter_mut().zip(inverse.iter_mut()).enumerate() {
            *a = self.recursion.off_diagonal(f64::from(i as i32));
            *inverse = 1.0 / *a;
        }
        for (i, b) in b.iter_mut().enumerate() {
            *b = self.recursion.diagonal(f64::from(i as i32));
        }
        let tails = ratios(a, b, self.values);
        oscillate(a, b, inverse, self.values, tails);
        let negative = multiply_outwards(self.values, tails);
        normalise(&self.recursion, self.values, negative != self.negative);
    }
}

/// Below `low` and above `high` the values are ratios; `inward` has the ratios next to both.
#[derive(Clone, Copy)]
struct Tails {
    low: usize,
    high: usize,
    inward: [f64; 2],
}

/// Writes $`f_i/f_{i+1}`$ from the lower end and $`f_i/f_{i-1}`$ from the upper end, while they are below one.
#[inline(always)]
fn ratios(a: &[f64], b: &[f64], values: &mut [f64]) -> Tails {
    let (mut low, mut high) = (0, values.len() - 1);
    let [mut below, mut above] = [0.0_f64; 2];
    // Each chain waits for its own division; the two take turns, so that the divisions overlap.
    let [mut upwards, mut downwards] = [true; 2];
    while low < high && (upwards || downwards) {
        if downwards {
            let ratio = -a[high] / a[high + 1].mul_add(above, b[high]);
            // A denominator of zero gives an infinite ratio, which ends the chain.
            downwards = ratio.abs() < 1.0;
            if downwards {
                values[high] = ratio;
                above = ratio;
                high -= 1;
            }
        }
        if upwards && low < high {
            let ratio = -a[low + 1] / a[low].mul_add(below, b[low]);
            upwards = ratio.abs() < 1.0;
            if upwards {
                values[low] = ratio;
                below = ratio;
                low += 1;
            }
        }
    }
    Tails {
        low,
        high,
        inward: [below, above],
    }
}

/// From $`f_i`$ and $`f_{i-1}`$ to $`f_{i+1} = -(b_i f_i + a_i f_{i-1})/a_{i+1}`$ and $`f_i`$; only one fused multiplication waits for $`f_i`$.
#[inline(always)]
fn step_up([a, b, inverse]: [&[f64]; 3], i: usize, [here, before]: [f64; 2]) -> [f64; 2] {
    let next = (-b[i] * inverse[i + 1]).mul_add(here, -a[i] * inverse[i + 1] * before);
    [next, here]
}

/// From $`f_i`$ and $`f_{i+1}`$ to $`f_{i-1} = -(b_i f_i + a_{i+1} f_{i+1})/a_i`$ and $`f_i`$.
#[inline(always)]
fn step_down([a, b, inverse]: [&[f64]; 3], i: usize, [here, before]: [f64; 2]) -> [f64; 2] {
    let next = (-b[i] * inverse[i]).mul_add(here, -a[i + 1] * inverse[i] * before);
    [next, here]
}

/// Writes the values from `low` to `high`, with 1 at `low`.
#[inline(always)]
fn oscillate(a: &[f64], b: &[f64], inverse: &[f64], values: &mut [f64], tails: Tails) {
    let Tails { low, high, inward } = tails;
    values[low] = 1.0;
    if low == high {
        return;
    }
    // The recursions from both ends agree up to a factor, since each obeys one of the two boundary conditions. They take turns, so that their
    // steps overlap.
    let coefficients = [a, b, inverse];
    values[high] = 1.0;
    let middle = low + (high - low) / 2;
    let (mut lower, mut upper) = ([1.0, inward[0]], [1.0, inward[1]]);
    for k in 0..high - 1 - middle {
        lower = step_up(coefficients, low + k, lower);
        values[low + k + 1] = lower[0];
        upper = step_down(coefficients, high - k, upper);
        values[high - k - 1] = upper[0];
    }
    if (high - low).is_multiple_of(2) {
        values[middle] = step_up(coefficients, middle - 1, lower)[0];
    }
    // They meet where the lower one is largest of some places, not at a zero.
    let first = low.max(middle.saturating_sub(WINDOW));
    let mut meeting = first;
    for i in first..=middle {
        if values[i].abs() > values[meeting].abs() {
            meeting = i;
        }
    }
    for i in (meeting + 1..middle + 2).rev() {
        upper = step_down(coefficients, i, upper);
    }
    let factor = values[meeting] / upper[0];
    for value in &mut values[middle + 1..=high] {
        *value *= factor;
    }
}

/// Turns the ratios into values; returns whether the last value is negative, also if it is too small to be a number.
#[inline(always)]
fn multiply_outwards(values: &mut [f64], tails: Tails) -> bool {
    for i in (0..tails.low).rev() {
        values[i] *= values[i + 1];
    }
    let mut negative = values[tails.high] < 0.0;
    for i in tails.high + 1..values.len() {
        negative ^= values[i] < 0.0;
        values[i] *= values[i - 1];
    }
    negative
}

#[inline(always)]
fn normalise<R: Recursion>(recursion: &R, values: &mut [f64], change_sign: bool) {
    let mut sums = [0.0; SUMS];
    let mut first = 0;
    while first < values.len() {
        for (lane, value) in values[first..].iter().take(SUMS).enumerate() {
            let weight = recursion.weight(f64::from((first + lane) as i32));
            sums[lane] += weight * value * value;
        }
        first += SUMS;
    }
    let size = 1.0 / sums.iter().sum::<f64>().sqrt();
    let factor = if change_sign { -size } else { size };
    for value in values {
        *value *= factor;
    }
}
