//! Branch-free elementary functions that compilers turn into SIMD code.
//!
//! Every function here is straight-line arithmetic on one number: no branch, no table, no call.
//! A loop over a slice that calls them vectorises, at whatever width the surrounding dispatch
//! (`pulp::Arch`) enables. They rely on fused multiply-add, which every vector level provides;
//! without one `f64::mul_add` is correct but slow.

use std::f64::consts::{FRAC_PI_2, LOG2_E, PI};

/// Coefficients of $`(\arcsin\sqrt z/\sqrt z - 1)/z`$ on $`[0, 1/2]`$, relative error 6.2e-16,
/// from interpolation at Chebyshev nodes with 60 digits.
const ARCSINE: [f64; 18] = [
    0.1666666666666666,
    0.07500000000008983,
    0.04464285712358507,
    0.030381946078030974,
    0.02237208630338445,
    0.01735473067676707,
    0.013929824170098248,
    0.011985560569973889,
    0.005891949464188712,
    0.0338240571430164,
    -0.11747877891108137,
    0.4658118580660412,
    -1.258684466023488,
    2.5735139443281962,
    -3.7416070599989237,
    3.7316543687733263,
    -2.277994173933347,
    0.6629484523693957,
];

/// Coefficients of $`(1 - \sqrt{1-z}\,\arcsin\sqrt z/\sqrt z)/z`$ on $`[0, 1/2]`$, relative
/// error 1.2e-16, from interpolation at Chebyshev nodes with 60 digits.
const ARCSINE_DEFECT: [f64; 19] = [
    0.33333333333333337,
    0.13333333333330816,
    0.07619047619649884,
    0.05079365022372843,
    0.03694086534687861,
    0.028415167646122695,
    0.022750083807313675,
    0.018479261875704648,
    0.01822174243307222,
    -0.005013933014173278,
    0.11713180105977294,
    -0.4454379476629591,
    1.5100609683790045,
    -3.731910081402311,
    6.9530425360077945,
    -9.329505112135656,
    8.621337967732353,
    -4.908254501910593,
    1.3303911043478882,
];

/// Evaluates $`\sum_i c_i x^i`$ by two interleaved Horner chains (even and odd powers).
#[inline(always)]
pub(crate) fn polynomial<const N: usize>(coefficients: &[f64; N], x: f64) -> f64 {
    let square = x * x;
    let (mut even, mut odd) = (0.0, 0.0);
    let mut i = N;
    while i > 0 {
        i -= 1;
        if i & 1 == 0 {
            even = f64::mul_add(even, square, coefficients[i]);
        } else {
            odd = f64::mul_add(odd, square, coefficients[i]);
        }
    }
    f64::mul_add(odd, x, even)
}

/// The arc sine of `sine` ∈ [−1, 1], given also `cosine` $`= \sqrt{1-\mathrm{sine}^2} \ge 0`$.
///
/// With the cosine known to full relative accuracy the result is accurate to a few ulp also
/// where the arc sine alone loses half the digits, near ±1.
#[inline(always)]
pub fn asin_of_pair(sine: f64, cosine: f64) -> f64 {
    let a = sine.abs();
    let steep = a > cosine;
    let t = if steep { cosine } else { a };
    let z = t * t;
    let small = f64::mul_add(t * z, polynomial(&ARCSINE, z), t);
    let angle = if steep { FRAC_PI_2 - small } else { small };
    angle.copysign(sine)
}

/// The angle ψ = π/2 + arcsin c ∈ [0, π] with what is needed near its zero, from [`half_turn`].
#[derive(Clone, Copy, Debug)]
pub struct HalfTurn {
    /// ψ, accurate relative to itself also near c = −1.
    pub angle: f64,
    /// $`(1 - \sqrt{1-z}\,\arcsin\sqrt z/\sqrt z)/z`$ at z = min(c², 1 − c²).
    pub defect: f64,
    /// Whether c < −√½, where ψ < π/4 and z = 1 − c².
    pub near_zero: bool,
}

impl HalfTurn {
    /// $`\sin\psi + c\,\psi`$, accurate relative to itself also near c = −1, where it is
    /// $`\sin^3\psi/3`$ to leading order.
    #[inline(always)]
    pub fn lift(&self, c: f64, sine: f64) -> f64 {
        let direct = f64::mul_add(c, self.angle, sine);
        let series = sine * (sine * sine) * self.defect;
        if self.near_zero { series } else { direct }
    }
}

/// Evaluates [`HalfTurn`] for `c` ∈ [−1, 1] and `sine` $`= \sqrt{1-c^2}`$.
#[inline(always)]
pub fn half_turn(c: f64, sine: f64) -> HalfTurn {
    let a = c.abs();
    let steep = a > sine;
    let t = if steep { sine } else { a };
    let m = if steep { a } else { sine };
    let z = t * t;
    let defect = polynomial(&ARCSINE_DEFECT, z);
    // arcsin t = t (1 − z defect) / sqrt(1 − z), and sqrt(1 − z) is m.
    let small = t * f64::mul_add(-z, defect, 1.0) / m;
    let near_zero = steep & (c < 0.0);
    // ψ grows with c: from arcsin(sine) at c = −1 to π − arcsin(sine) at c = 1.
    let far = if near_zero { 0.0 } else { PI };
    let base = if steep { far } else { FRAC_PI_2 };
    let towards = if steep { -c } else { c };
    HalfTurn {
        angle: base + small.copysign(towards),
        defect,
        near_zero,
    }
}

/// $`1.5 \cdot 2^{52}`$: adding it rounds to a whole number, which the low bits then hold.
const ROUNDING: f64 = 6755399441055744.0;
/// ln 2 rounded to 32 bits, so that its multiples up to 2²⁰ are exact, and the rest.
const LN_2_HIGH: f64 = 0.6931471803691238;
const LN_2_LOW: f64 = 1.9082149292705877e-10;

/// Coefficients of $`(e^r - 1 - r)/r^2`$ on |r| ≤ ln 2/2, relative error 4.9e-18, from
/// interpolation at Chebyshev nodes with 60 digits.
const EXPONENTIAL: [f64; 11] = [
    0.5,
    0.1666666666666667,
    0.04166666666666667,
    0.008333333333326136,
    0.0013888888888883748,
    0.00019841269874820627,
    2.4801587325547743e-05,
    2.7557255400206422e-06,
    2.75572736431103e-07,
    2.5105217004720745e-08,
    2.0914686968086876e-09,
];

/// $`2^n`$ for a whole number |n| ≤ 1022.
#[inline(always)]
fn power_of_two(n: f64) -> f64 {
    let bits = (n + (ROUNDING + 1023.0)).to_bits();
    f64::from_bits(bits << 52)
}

/// Splits x into n ln 2 + r and returns n and $`e^r - 1`$.
#[inline(always)]
fn reduce(x: f64) -> (f64, f64) {
    let n = f64::mul_add(x, LOG2_E, ROUNDING) - ROUNDING;
    let r = f64::mul_add(n, -LN_2_HIGH, x);
    let r = f64::mul_add(n, -LN_2_LOW, r);
    (n, f64::mul_add(r * r, polynomial(&EXPONENTIAL, r), r))
}

/// The exponential function; infinity above 709.78, gradual underflow below −708.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    let (n, fraction) = reduce(x.clamp(-750.0, 750.0));
    // Two factors: n may be beyond the exponents of normal numbers.
    let half = f64::mul_add(n, 0.5, ROUNDING) - ROUNDING;
    let first = power_of_two(half);
    f64::mul_add(first, fraction, first) * power_of_two(n - half)
}

/// $`e^x - 1`$ for x ≤ 0, accurate relative to itself also near 0.
#[inline(always)]
pub fn exp_m1(x: f64) -> f64 {
    let (n, fraction) = reduce(x.clamp(-60.0, 0.0));
    let power = power_of_two(n);
    f64::mul_add(power, fraction, power - 1.0)
}
