//! Branch-free elementary functions that compilers turn into SIMD code.
//!
//! Every function here is straight-line arithmetic on one number: no branch, no table, no call.
//! A loop over a slice that calls them vectorises, at whatever width the surrounding dispatch
//! (`pulp::Arch`) enables. Choices are `select_unpredictable`: an `if` may be turned into two copies of all
//! that follows it. They rely on fused multiply-add, which every vector level provides;
//! without one `f64::mul_add` is correct but slow.

use std::f64::consts::{FRAC_PI_2, LOG2_E, PI};
use std::hint::select_unpredictable;

/// Coefficients of $`(\arcsin\sqrt z/\sqrt z - 1)/z`$ on $`[0, 1/2]`$, relative error 5.6e-17,
/// from interpolation at Chebyshev nodes with 60 digits.
const ARCSINE: [[f64; 4]; 5] = [
    [
        0.16666666666666666,
        0.0750000000000028,
        0.04464285714211393,
        0.030381944522502854,
    ],
    [
        0.022372154765499645,
        0.017352910486130396,
        0.013961569492944649,
        0.011603298912704027,
    ],
    [
        0.009171607684977686,
        0.013442410514310726,
        -0.025581439216566866,
        0.1710120034839723,
    ],
    [
        -0.6297157997132427,
        1.8963241783064606,
        -4.297598272984466,
        7.358637905456314,
    ],
    [
        -9.158617783511838,
        7.882960878954883,
        -4.201917583472641,
        1.0656675020983344,
    ],
];

/// Coefficients of $`(1 - \sqrt{1-z}\,\arcsin\sqrt z/\sqrt z)/z`$ on $`[0, 1/2]`$, relative
/// error 5.6e-17, from interpolation at Chebyshev nodes with 60 digits.
const ARCSINE_DEFECT: [[f64; 4]; 5] = [
    [
        0.3333333333333333,
        0.13333333333333777,
        0.07619047618929835,
        0.05079365091735723,
    ],
    [
        0.036940830085940485,
        0.028416259897111763,
        0.022727633660115622,
        0.01880276309338599,
    ],
    [
        0.01483012612568769,
        0.02151973827822344,
        -0.04038169832408138,
        0.27115443825157537,
    ],
    [
        -0.9979374311072929,
        3.005588849052317,
        -6.811406468205752,
        11.663363129534028,
    ],
    [
        -14.516646094887003,
        12.495232209839223,
        -6.660752146710119,
        1.6894297806868293,
    ],
];

/// Evaluates $`\sum_i c_i x^i`$ for coefficients in rows of four, by four Horner chains that run
/// side by side.
#[inline(always)]
pub(crate) fn polynomial<const ROWS: usize>(coefficients: &[[f64; 4]; ROWS], x: f64) -> f64 {
    let x2 = x * x;
    let x4 = x2 * x2;
    let [mut a, mut b, mut c, mut d] = coefficients[ROWS - 1];
    let mut row = ROWS - 1;
    while row > 0 {
        row -= 1;
        a = f64::mul_add(a, x4, coefficients[row][0]);
        b = f64::mul_add(b, x4, coefficients[row][1]);
        c = f64::mul_add(c, x4, coefficients[row][2]);
        d = f64::mul_add(d, x4, coefficients[row][3]);
    }
    f64::mul_add(f64::mul_add(d, x, c), x2, f64::mul_add(b, x, a))
}

/// The arc sine of `sine` ∈ [−1, 1], given also `cosine` $`= \sqrt{1-\mathrm{sine}^2} \ge 0`$.
///
/// With the cosine known to full relative accuracy the result is accurate to a few ulp also
/// where the arc sine alone loses half the digits, near ±1.
#[inline(always)]
pub fn asin_of_pair(sine: f64, cosine: f64) -> f64 {
    let a = sine.abs();
    let steep = a > cosine;
    let t = select_unpredictable(steep, cosine, a);
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
    /// $`1 - \sqrt{1-z}\,\arcsin\sqrt z/\sqrt z`$ at z = min(c², 1 − c²), accurate relative to itself.
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
        let series = sine * self.defect;
        select_unpredictable(self.near_zero, series, direct)
    }
}

/// Evaluates [`HalfTurn`] for `c` ∈ [−1, 1] and `sine` $`= \sqrt{1-c^2}`$.
#[inline(always)]
pub fn half_turn(c: f64, sine: f64) -> HalfTurn {
    let a = c.abs();
    let steep = a > sine;
    let t = select_unpredictable(steep, sine, a);
    let m = select_unpredictable(steep, a, sine);
    let z = t * t;
    let defect = z * polynomial(&ARCSINE_DEFECT, z);
    // arcsin t = t (1 − defect) / sqrt(1 − z), and sqrt(1 − z) is m.
    let tangent = t / m;
    let small = f64::mul_add(-tangent, defect, tangent);
    let near_zero = steep & (c < 0.0);
    // ψ grows with c: from arcsin(sine) at c = −1 to π − arcsin(sine) at c = 1.
    let far = select_unpredictable(near_zero, 0.0, PI);
    let base = select_unpredictable(steep, far, FRAC_PI_2);
    let towards = select_unpredictable(steep, -c, c);
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
