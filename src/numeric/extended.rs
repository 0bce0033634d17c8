//! Numbers with an extended exponent range, and lanes of a linear recursion that carry them.
//!
//! Seeds such as $`\cos^{m+n}(\beta/2)\,\sin^{m-n}(\beta/2)`$ underflow, although the recursion that starts from them grows to
//! values of order one. A [`Scaled`] number is `value · 2^(512 · exponent)` with $`2^{-256} \le |value| < 2^{256}`$.
//! A [`Power`] has the smaller unit $`2^{-256}`$: it is a factor of numbers of order one, beside which numbers below
//! $`2^{-128}`$ do not matter.

use pulp::Simd;
use std::ops::Mul;

/// $`2^{256}`$: values stay below it.
pub(crate) const BIG: f64 = f64::from_bits((1023 + 256) << 52);
/// $`2^{512}`$: one unit of the exponent.
const STEP: f64 = f64::from_bits((1023 + 512) << 52);
/// $`2^{-512}`$.
pub(crate) const INVERSE_STEP: f64 = f64::from_bits((1023 - 512) << 52);

/// The number `value · 2^(512 · exponent)`; the exponent is integral.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scaled {
    value: f64,
    exponent: f64,
}

impl Scaled {
    /// One.
    pub(crate) const ONE: Scaled = Scaled {
        value: 1.0,
        exponent: 0.0,
    };

    /// Wraps a number of modulus below $`2^{512}`$ and, unless zero, above $`2^{-768}`$.
    #[inline(always)]
    pub(crate) fn new(value: f64) -> Scaled {
        Scaled {
            value,
            exponent: 0.0,
        }
        .normalised()
    }

    /// Value and exponent.
    pub(crate) fn parts(self) -> (f64, f64) {
        (self.value, self.exponent)
    }

    /// Moves one unit between value and exponent if the value is out of its range.
    #[inline(always)]
    fn normalised(self) -> Scaled {
        let size = self.value.abs();
        let (factor, shift) = if size >= BIG {
            (INVERSE_STEP, 1.0)
        } else if size < 1.0 / BIG && size > 0.0 {
            (STEP, -1.0)
        } else {
            (1.0, 0.0)
        };
        Scaled {
            value: self.value * factor,
            exponent: self.exponent + shift,
        }
    }

    /// The mantissa v and the scale s ≥ 0 of the number $`v \, 2^{-512 s}`$; the scale is zero if the exponent is not negative.
    pub(crate) fn mantissa_and_scale(self) -> (f64, f64) {
        if self.exponent >= 0.0 {
            (self.value * STEP.powi(self.exponent as i32), 0.0)
        } else {
            (self.value, -self.exponent)
        }
    }

    /// Computes the power by repeated squaring; relative error about `power` units in the last place.
    pub(crate) fn power(self, mut power: usize) -> Scaled {
        let (mut result, mut base) = (Scaled::ONE, self);
        while power > 0 {
            if power & 1 == 1 {
                result = result * base;
            }
            power >>= 1;
            if power > 0 {
                base = base * base;
            }
        }
        result
    }
}

impl Mul for Scaled {
    type Output = Scaled;

    #[inline(always)]
    fn mul(self, other: Scaled) -> Scaled {
        Scaled {
            value: self.value * other.value,
            exponent: self.exponent + other.exponent,
        }
        .normalised()
    }
}

/// The products of two registers of numbers `value · 2^(512 · exponent)`, normalised like [`Scaled`].
///
/// A number is a pair of registers, its values and its exponents. Each lane computes the product of the values and the sum of the
/// exponents; a product outside $`[2^{-256}, 2^{256})`$ moves one unit into its exponent. Masks select factor and shift, so that no
/// lane branches.
#[inline(always)]
pub(crate) fn product_of_registers<S: Simd>(
    simd: S,
    a: (S::f64s, S::f64s),
    b: (S::f64s, S::f64s),
) -> (S::f64s, S::f64s) {
    let value = simd.mul_f64s(a.0, b.0);
    let exponent = simd.add_f64s(a.1, b.1);
    let (zero, one) = (simd.splat_f64s(0.0), simd.splat_f64s(1.0));
    let size = simd.abs_f64s(value);
    let large = simd.less_than_or_equal_f64s(simd.splat_f64s(BIG), size);
    let small = simd.and_m64s(
        simd.less_than_f64s(size, simd.splat_f64s(1.0 / BIG)),
        simd.less_than_f64s(zero, size),
    );
    let factor = simd.select_f64s(small, simd.splat_f64s(STEP), one);
    let factor = simd.select_f64s(large, simd.splat_f64s(INVERSE_STEP), factor);
    let shift = simd.select_f64s(small, simd.splat_f64s(-1.0), zero);
    let shift = simd.select_f64s(large, one, shift);
    (simd.mul_f64s(value, factor), simd.add_f64s(exponent, shift))
}

/// The state of a linear recursion of second order, one lane for each abscissa: the current term and its increment.
///
/// The terms must be bounded by one in modulus, and must grow by less than $`2^{250}`$ in one step.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lanes {
    current: Vec<f64>,
    increments: Vec<f64>,
    exponents: Vec<f64>,
    in_range: bool,
}

impl Lanes {
    /// Starts `len` lanes: the current term is the seed, the increment is zero.
    #[inline(always)]
    pub(crate) fn start(&mut self, len: usize, seed: impl Fn(usize) -> Scaled) {
        self.increments.clear();
        self.increments.resize(len, 0.0);
        self.current.resize(len, 0.0);
        self.exponents.resize(len, 0.0);
        for (j, (value, exponent)) in self.current.iter_mut().zip(&mut self.exponents).enumerate() {
            let seed = seed(j);
            (*value, *exponent) = (seed.value, seed.exponent);
        }
        self.note_range();
    }

    /// Notes whether no lane has a negative exponent.
    #[inline(always)]
    fn note_range(&mut self) {
        let lowest = self.exponents.iter().fold(0.0_f64, |low, &e| low.min(e));
        self.in_range = lowest == 0.0;
    }

    /// Replaces term and increment by `next(lane, term, increment)`, a linear function of the two.
    #[inline(always)]
    pub(crate) fn advance(&mut self, next: impl Fn(usize, f64, f64) -> (f64, f64)) {
        // The lanes lie side by side, and slices of one length let the compiler vectorise over them without bounds checks.
        // Once no lane has a negative exponent, the terms stay below one and the exponents need no care. Until then, term and
        // increment of a lane shrink together by 2⁻⁵¹² as soon as one of them reaches 2²⁵⁶: the recursion is linear in both.
        let len = self.current.len();
        let (current, increments) = (&mut self.current[..len], &mut self.increments[..len]);
        if self.in_range {
            for j in 0..len {
                (current[j], increments[j]) = next(j, current[j], increments[j]);
            }
        } else {
            let exponents = &mut self.exponents[..len];
            for j in 0..len {
                let (term, increment) = next(j, current[j], increments[j]);
                let grown = term.abs().max(increment.abs()) >= BIG;
                let factor = if grown { INVERSE_STEP } else { 1.0 };
                current[j] = term * factor;
                increments[j] = increment * factor;
                exponents[j] += if grown { 1.0 } else { 0.0 };
            }
            self.note_range();
        }
    }

    /// Writes the current terms; terms below $`2^{-768}`$ become zero.
    #[inline(always)]
    pub(crate) fn write(&self, out: &mut [f64]) {
        if self.in_range {
            out.copy_from_slice(&self.current);
        } else {
            for ((out, &value), &exponent) in out.iter_mut().zip(&self.current).zip(&self.exponents)
            {
                let factor = if exponent == 0.0 {
                    1.0
                } else if exponent == -1.0 {
                    INVERSE_STEP
                } else {
                    0.0
                };
                *out = value * factor;
            }
        }
    }
}

/// $`2^{-256}`$, the unit of a scale: a value with a scale is the number `value · 2^(−256 scale)`.
pub(crate) const SHRINK: f64 = f64::from_bits((1023 - 256) << 52);
/// $`2^{256}`$, the inverse of the unit.
const GROW: f64 = f64::from_bits((1023 + 256) << 52);
/// $`2^{128}`$: a value at or above this loses one unit of a positive scale.
pub(crate) const LARGE: f64 = f64::from_bits((1023 + 128) << 52);
/// $`2^{-128}`$: a value below this gains one unit of scale, and a number with a positive scale is below it.
pub(crate) const SMALL: f64 = f64::from_bits((1023 - 128) << 52);

/// A number of modulus at most one as a value and a scale; the value is zero or between 2^−128 and 2^128.
pub(crate) fn scaled(mut value: f64) -> (f64, f64) {
    let mut scale = 0.0;
    while value.abs() < SMALL && value != 0.0 {
        value *= GROW;
        scale += 1.0;
    }
    (value, scale)
}

/// The product of two numbers, each a value and a scale.
fn product(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    let (value, scale) = (a.0 * b.0, a.1 + b.1);
    if value.abs() >= LARGE && scale > 0.0 {
        (value * SHRINK, scale - 1.0)
    } else if value.abs() < SMALL && value != 0.0 {
        (value * GROW, scale + 1.0)
    } else {
        (value, scale)
    }
}

/// The value and the scale of $`x^{2m}`$, for m = 0, 1, ….
#[derive(Debug, Clone, Copy)]
pub(crate) struct Power {
    /// Value and scale of $`x^2`$.
    square: (f64, f64),
    /// The value.
    pub(crate) value: f64,
    /// The scale, an integer at least zero.
    pub(crate) scale: f64,
}

impl Power {
    /// Starts at m = 0 with a base x of modulus at most one.
    pub(crate) fn new(base: f64) -> Self {
        let base = scaled(base);
        Power {
            square: product(base, base),
            value: 1.0,
            scale: 0.0,
        }
    }

    /// Goes from m to m + 1.
    pub(crate) fn advance(&mut self) {
        (self.value, self.scale) = product((self.value, self.scale), self.square);
    }
}

/// Moves one unit between values and scales, lane by lane, where a value is outside the range from 2^−128 to 2^128.
///
/// A large value shrinks only while its scale is positive. Masks select factor and shift, so that no lane branches.
#[inline(always)]
pub(crate) fn renormalised<S: Simd>(simd: S, value: S::f64s, scale: S::f64s) -> (S::f64s, S::f64s) {
    let (zero, one) = (simd.splat_f64s(0.0), simd.splat_f64s(1.0));
    let size = simd.abs_f64s(value);
    let small = simd.and_m64s(
        simd.less_than_f64s(size, simd.splat_f64s(SMALL)),
        simd.greater_than_f64s(size, zero),
    );
    let large = simd.and_m64s(
        simd.greater_than_or_equal_f64s(size, simd.splat_f64s(LARGE)),
        simd.greater_than_f64s(scale, zero),
    );
    let factor = simd.select_f64s(large, simd.splat_f64s(SHRINK), one);
    let factor = simd.select_f64s(small, simd.splat_f64s(GROW), factor);
    let shift = simd.select_f64s(large, simd.neg_f64s(one), zero);
    let shift = simd.select_f64s(small, one, shift);
    (simd.mul_f64s(value, factor), simd.add_f64s(scale, shift))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_keep_their_relative_accuracy_far_below_the_range_of_f64() {
        // (2^-10)^1000 · (2^9)^1100 = 2^-100: exact in binary.
        let tiny = Scaled::new(f64::from_bits((1023 - 10) << 52)).power(1000);
        let huge = Scaled::new(512.0).power(1100);
        let product = tiny * huge;
        let mut lanes = Lanes::default();
        lanes.start(1, |_| product);
        let mut out = [0.0];
        lanes.write(&mut out);
        assert_eq!(out[0], f64::from_bits((1023 - 100) << 52));
    }

    #[test]
    fn zero_stays_zero() {
        assert_eq!(Scaled::new(0.0).power(7), Scaled::new(0.0));
    }
}
