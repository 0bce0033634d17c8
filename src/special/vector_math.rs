//! Branch-free elementary functions that compilers turn into SIMD code.
//!
//! Every function here is straight-line arithmetic on one number: no branch, no table, no call.
//! A loop over a slice that calls them vectorises, at whatever width the surrounding dispatch
//! (`pulp::Arch`) enables. They rely on fused multiply-add, which every vector level provides;
//! without one `f64::mul_add` is correct but slow.

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
        if i % 2 == 0 {
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
    let angle = if steep {
        std::f64::consts::FRAC_PI_2 - small
    } else {
        small
    };
    angle.copysign(sine)
}

/// Quarter-turn data of an angle ψ ∈ [0, π] with $`\sin\psi`$ = `sine` ≥ 0 and $`\cos\psi`$ = −`c`.
#[derive(Clone, Copy, Debug)]
pub struct HalfTurn {
    /// ψ = π/2 + arcsin c, accurate relative to ψ also near 0.
    pub angle: f64,
    /// $`\sin\psi + c\,\psi`$, accurate relative to itself also near c = −1, where it is
    /// $`\sin^3\psi/3`$ to leading order.
    pub lift: f64,
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
    let base = if steep {
        if c > 0.0 { std::f64::consts::PI } else { 0.0 }
    } else {
        std::f64::consts::FRAC_PI_2
    };
    // ψ grows with c: from arcsin(sine) at c = −1 to π − arcsin(sine) at c = 1.
    let towards = if steep { -c } else { c };
    let angle = base + small.copysign(towards);
    let direct = f64::mul_add(c, angle, sine);
    let series = sine * z * defect;
    HalfTurn {
        angle,
        lift: if steep && c < 0.0 { series } else { direct },
    }
}
