//! Elementary functions of registers: straight-line arithmetic without a table.

use super::pack::Pack;
use pulp::Simd;
use std::f64::consts::LOG2_E;

/// $`1.5 \cdot 2^{52}`$: adding it rounds to a whole number, which the low bits then hold.
const ROUNDING: f64 = 6755399441055744.0;
/// ln 2 rounded to 32 bits, so that its multiples up to 2²⁰ are exact, and the rest.
const LN_2_HIGH: f64 = 0.6931471803691238;
const LN_2_LOW: f64 = 1.9082149292705877e-10;

/// Coefficients of $`(e^r - 1 - r)/r^2`$ on |r| ≤ ln 2/2, relative error 1e-19, from
/// interpolation at Chebyshev nodes with 60 digits.
const EXPONENTIAL: [[f64; 4]; 3] = [
    [
        0.5,
        0.16666666666666666,
        0.04166666666666668,
        0.008333333333333333,
    ],
    [
        0.0013888888888879073,
        0.00019841269841263298,
        2.4801587336442236e-05,
        2.755731924721873e-06,
    ],
    [
        2.75572632790885e-07,
        2.505207109429355e-08,
        2.0918137737642736e-09,
        1.608662795678037e-10,
    ],
];

/// Evaluates $`\sum_i c_i x^i`$ for coefficients in rows of four, `[row][i mod 4]`.
///
/// Four Horner chains in x⁴, one per column, run side by side: each of their multiplications waits for the one before, and four
/// independent chains hide this latency. The sum is (a + b x) + x² (c + d x) of their results.
#[inline(always)]
pub(crate) fn polynomial<S: Simd>(coefficients: &[[f64; 4]], x: Pack<S, f64>) -> Pack<S, f64> {
    let x2 = x * x;
    let x4 = x2 * x2;
    let mut row = coefficients.len() - 1;
    let mut chains = [x; 4];
    for i in 0..4 {
        chains[i] = x.constant(coefficients[row][i]);
    }
    while row > 0 {
        row -= 1;
        for i in 0..4 {
            chains[i] = chains[i].mul_add(x4, x.constant(coefficients[row][i]));
        }
    }
    let [a, b, c, d] = chains;
    d.mul_add(x, c).mul_add(x2, b.mul_add(x, a))
}

/// $`2^n`$ for a whole number |n| ≤ 1022.
#[inline(always)]
fn power_of_two<S: Simd>(n: Pack<S, f64>) -> Pack<S, f64> {
    // The sum has n + 1023 in its low bits; 52 places up they are the exponent of an f64 with mantissa 1.
    (n + n.constant(ROUNDING + 1023.0)).map(
        #[inline(always)]
        |n| f64::from_bits(n.to_bits() << 52),
    )
}

/// Returns `factor` · x rounded to a whole number, below 2⁵¹ in modulus.
#[inline(always)]
fn round<S: Simd>(x: Pack<S, f64>, factor: f64) -> Pack<S, f64> {
    let rounding = x.constant(ROUNDING);
    x.mul_add(x.constant(factor), rounding) - rounding
}

/// Splits x into n ln 2 + r, |r| ≤ ln 2/2, and returns n and $`e^r - 1`$.
///
/// n times the high part of ln 2 is exact, so r has the rounding of the low part alone (Cody and Waite).
#[inline(always)]
fn reduce<S: Simd>(x: Pack<S, f64>) -> [Pack<S, f64>; 2] {
    let n = round(x, LOG2_E);
    let r = n.negate_mul_add(x.constant(LN_2_HIGH), x);
    let r = n.negate_mul_add(x.constant(LN_2_LOW), r);
    [n, (r * r).mul_add(polynomial(&EXPONENTIAL, r), r)]
}

/// The exponential function of finite numbers; infinity above 709.78, gradual underflow below −708.
#[inline(always)]
pub(crate) fn exp<S: Simd>(x: Pack<S, f64>) -> Pack<S, f64> {
    let [n, fraction] = reduce(x.max(x.constant(-750.0)).min(x.constant(750.0)));
    // Two factors: n may be beyond the exponents of normal numbers.
    let half = round(n, 0.5);
    let first = power_of_two(half);
    first.mul_add(fraction, first) * power_of_two(n - half)
}

/// $`e^x - 1`$ for finite x ≤ 0, accurate relative to itself also near 0.
#[inline(always)]
pub(crate) fn exp_m1<S: Simd>(x: Pack<S, f64>) -> Pack<S, f64> {
    let [n, fraction] = reduce(x.max(x.constant(-60.0)).min(x.constant(0.0)));
    // e^x − 1 = 2ⁿ (e^r − 1) + (2ⁿ − 1): near 0, n is 0 and the second term vanishes exactly.
    let power = power_of_two(n);
    power.mul_add(fraction, power - power.constant(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tol;
    use pulp::{Arch, WithSimd};

    /// Both functions of a register that holds one number everywhere.
    struct Both(f64);

    impl WithSimd for Both {
        type Output = [f64; 2];

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> [f64; 2] {
            let x = Pack::splat(simd, self.0);
            [exp(x), exp_m1(x)].map(|y| simd.reduce_max_f64s(y.register))
        }
    }

    fn both(x: f64) -> [f64; 2] {
        let wide = Arch::new().dispatch(Both(x));
        assert_eq!(wide, pulp::Scalar::new().vectorize(Both(x)));
        wide
    }

    fn check(x: f64, got: f64, want: f64) {
        let error = (got - want).abs();
        assert!(
            error <= tol::ELEMENTARY * want.abs(),
            "{got:e} for {want:e} at {x:e}"
        );
    }

    #[test]
    fn exponentials() {
        const SAMPLES: i32 = 200_000;
        for i in -SAMPLES..=SAMPLES {
            let x = 708.0 * f64::from(i) / f64::from(SAMPLES);
            check(x, both(x)[0], x.exp());
            let x = -x.abs() / 708.0 * 50.0;
            check(x, both(x)[1], x.exp_m1());
        }
        for exponent in -300..2 {
            let x = -(10f64.powi(exponent));
            check(x, both(x)[0], x.exp());
            check(x, both(x)[1], x.exp_m1());
        }
        assert_eq!(both(0.0), [1.0, 0.0]);
        assert_eq!(both(-800.0), [0.0, -1.0]);
        assert_eq!(both(800.0)[0], f64::INFINITY);
        assert!((both(-740.0)[0] - (-740f64).exp()).abs() <= f64::from_bits(1));
    }
}
