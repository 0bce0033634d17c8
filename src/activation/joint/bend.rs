//! Functions with slope 1 above 0 and slope a below: relu (a = 0), leaky-relu, abs (a = −1).
//!
//! With $`s = \sqrt{q_a q_b - k^2}`$ and $`\psi = \pi - \operatorname{atan2}(s, k)`$, the expectations of the rectifier are
//! $`2\pi C = s + k\psi`$ and $`2\pi\dot C = \psi`$ (Cho and Saul 2009); a slope a gives $`(1-a)^2 C + a k`$ and $`(1-a)^2 \dot C + a`$.
//! Products of four factors of two variables are moments on quadrants, which follow from Stein's identity
//! $`E[z_i f] = \sum_j K_{ij} E[\partial_j f]`$ with a boundary term for the indicator.

use std::f64::consts::{FRAC_1_PI, PI, TAU};

use super::jet::{Jet, Own, Pair};
use super::orthant;
use super::powers::Powers;
use crate::simd::pack::difference_of_products;

pub(super) fn own(slope: f64, q: f64) -> Own {
    // E[w^m] for the slope w on a random side.
    let half = |power: i32| 0.5 * (1.0 + slope.powi(power));
    Own {
        q,
        value: [half(2) * q, half(2), 0.0],
        derivative: [half(2), 0.0, 0.0],
        fourth: [3.0 * q * q * half(4), q * half(4), half(4)],
        ..Own::default()
    }
}

/// Moments $`E[u^i v^j 1(u > 0) 1(v > 0)]`$.
struct Quadrant {
    m00: f64,
    m11: f64,
    m20: f64,
    m02: f64,
    m22: f64,
    m31: f64,
    m13: f64,
}

impl Quadrant {
    /// # Arguments
    /// * `s` — $`\sqrt{q_a q_b - k^2}`$
    fn new(a: f64, b: f64, k: f64, s: f64) -> Quadrant {
        // Of two variables that are zero, no quadrant is preferred.
        let psi = if s == 0.0 && k == 0.0 {
            0.5 * PI
        } else {
            PI - s.atan2(k)
        };
        let m00 = psi / TAU;
        let m11 = s / TAU + k * m00;
        let ratio = |q: f64| if q > 0.0 { s / q } else { 0.0 };
        let m20 = a * m00 + k * ratio(b) / TAU;
        let m02 = b * m00 + k * ratio(a) / TAU;
        Quadrant {
            m00,
            m11,
            m20,
            m02,
            m22: a * m02 + 2.0 * k * m11,
            m31: 2.0 * a * m11 + k * m20,
            m13: 2.0 * b * m11 + k * m02,
        }
    }
}

pub(super) fn pair(slope: f64, a: &Own, b: &Own, k: f64) -> Pair {
    let (qa, qb) = (a.q, b.q);
    let s = difference_of_products(qa, qb, k, k).max(0.0).sqrt();
    let above = Quadrant::new(qa, qb, k, s);
    let across = Quadrant::new(qa, qb, -k, s);
    // Both variables have factors; `n` of them are of b, and `odd` says whether the moment changes sign with b.
    let sum = |of: fn(&Quadrant) -> f64, n: i32, odd: bool| {
        let mixed = slope.powi(n) + slope.powi(4 - n);
        let sign = if odd { -1.0 } else { 1.0 };
        (1.0 + slope.powi(4)) * of(&above) + sign * mixed * of(&across)
    };
    let (value, derivative) = jets(qa, qb, k, s);
    let bend = (1.0 - slope) * (1.0 - slope);
    let (mut value, mut derivative) = (value.scaled(bend), derivative.scaled(bend));
    value.v += slope * k;
    value.k += slope;
    derivative.v += slope;
    Pair {
        value,
        derivative,
        values: [
            a.fourth[0],
            sum(|m| m.m31, 1, true),
            sum(|m| m.m22, 2, false),
            sum(|m| m.m13, 3, true),
            b.fourth[0],
        ],
        mixed: [
            [
                a.fourth[1],
                sum(|m| m.m20, 1, false),
                sum(|m| m.m20, 2, false),
            ],
            [
                sum(|m| m.m11, 1, true),
                sum(|m| m.m11, 2, true),
                sum(|m| m.m11, 3, true),
            ],
            [
                sum(|m| m.m02, 2, false),
                sum(|m| m.m02, 3, false),
                b.fourth[1],
            ],
        ],
        derivatives: [
            a.fourth[2],
            sum(|m| m.m00, 1, false),
            sum(|m| m.m00, 2, false),
            sum(|m| m.m00, 3, false),
            b.fourth[2],
        ],
    }
}

/// C and Ċ.
pub(super) fn two(slope: f64, a: f64, b: f64, k: f64) -> [f64; 2] {
    let s = difference_of_products(a, b, k, k).max(0.0).sqrt();
    let Quadrant { m00, m11, .. } = Quadrant::new(a, b, k, s);
    let bend = (1.0 - slope) * (1.0 - slope);
    [bend * m11 + slope * k, bend * m00 + slope]
}

/// C and Ċ of the rectifier with their derivatives.
///
/// Where the variables are multiples of each other, derivatives that diverge are zero: there they multiply fluctuations that vanish faster.
fn jets(a: f64, b: f64, k: f64, s: f64) -> (Jet, Jet) {
    let inverse = |x: f64| if x > 0.0 { 1.0 / x } else { 0.0 };
    let (over, over_a, over_b) = (inverse(s), inverse(a), inverse(b));
    let over3 = over * over * over;
    let psi = Quadrant::new(a, b, k, s).m00 * TAU;
    let (half, quarter) = (0.5 * FRAC_1_PI, 0.25 * FRAC_1_PI);
    let value = Jet {
        v: half * (s + k * psi),
        k: half * psi,
        a: quarter * s * over_a,
        b: quarter * s * over_b,
        kk: half * over,
        ka: -quarter * k * over_a * over,
        kb: -quarter * k * over_b * over,
        aa: quarter * over_a * (0.5 * b * over - s * over_a),
        ab: 0.5 * quarter * over,
        bb: quarter * over_b * (0.5 * a * over - s * over_b),
    };
    let derivative = Jet {
        v: half * psi,
        k: half * over,
        a: value.ka,
        b: value.kb,
        kk: half * k * over3,
        ka: -quarter * b * over3,
        kb: -quarter * a * over3,
        aa: quarter * k * over_a * (over * over_a + 0.5 * b * over3),
        ab: 0.5 * quarter * k * over3,
        bb: quarter * k * over_b * (over * over_b + 0.5 * a * over3),
    };
    (value, derivative)
}

/// The mean of a product of four factors at d variables.
///
/// $`\sigma^s\sigma'^p = z^s\,(a^{s+p} + (1 - a^{s+p})\,1(z>0))`$ for each variable; the product is a sum over the sets of variables with an
/// indicator.
pub(super) fn product(slope: f64, d: usize, covariance: &[[f64; 4]; 4], powers: &Powers) -> f64 {
    let count = |i: usize| i32::from(powers.value[i] + powers.derivative[i]);
    let below: [f64; 4] = std::array::from_fn(|i| slope.powi(count(i)));
    let exponents = powers.value.map(usize::from);
    let mut sum = 0.0;
    for set in 0..1_usize << d {
        let indicator: [bool; 4] = std::array::from_fn(|i| set >> i & 1 == 1);
        let weights = (0..d).map(|i| match indicator[i] {
            true => 1.0 - below[i],
            false => below[i],
        });
        let weight: f64 = weights.product();
        if weight != 0.0 {
            sum += weight * orthant::moment(d, covariance, exponents, indicator);
        }
    }
    sum
}
