//! Double-double arithmetic: a number is the unevaluated sum of two `f64`, 106 bits.
//!
//! Sums and products are those of Dekker and Knuth: the error of a sum is a sum, the error of a product one fused
//! multiply-add. Results are within some units of 2⁻¹⁰⁴ of the exact ones.

use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// The unit in which relative errors are counted: 2⁻¹⁰⁴ = 4.9e-32.
pub const UNIT: f64 = f64::EPSILON * f64::EPSILON;

/// `hi + lo`, with `lo` at most half a unit in the last place of `hi`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Dd {
    pub hi: f64,
    pub lo: f64,
}

/// π in three parts.
const PI_PARTS: [f64; 3] = [
    std::f64::consts::PI,
    1.224_646_799_147_353_2e-16,
    -2.994_769_809_718_339_7e-33,
];

/// π.
pub const PI: Dd = Dd {
    hi: PI_PARTS[0],
    lo: PI_PARTS[1],
};

/// a + b exactly.
fn two_sum(a: f64, b: f64) -> Dd {
    let hi = a + b;
    let part = hi - a;
    let lo = (a - (hi - part)) + (b - part);
    Dd { hi, lo }
}

/// a + b exactly, for |a| ≥ |b|.
fn quick_two_sum(a: f64, b: f64) -> Dd {
    let hi = a + b;
    Dd {
        hi,
        lo: b - (hi - a),
    }
}

/// a b exactly.
fn two_product(a: f64, b: f64) -> Dd {
    let hi = a * b;
    Dd {
        hi,
        lo: a.mul_add(b, -hi),
    }
}

impl Dd {
    pub const ZERO: Dd = Dd { hi: 0.0, lo: 0.0 };
    pub const ONE: Dd = Dd { hi: 1.0, lo: 0.0 };

    /// The nearest `f64`.
    pub fn round(self) -> f64 {
        self.hi + self.lo
    }

    /// Times a power of two, exactly.
    pub fn times_power(self, factor: f64) -> Dd {
        Dd {
            hi: self.hi * factor,
            lo: self.lo * factor,
        }
    }

    pub fn sqrt(self) -> Dd {
        if self.hi == 0.0 {
            return Dd::ZERO;
        }
        // One step of Newton from the root in f64; its correction needs half of the digits.
        let root = self.hi.sqrt();
        let rest = self - two_product(root, root);
        quick_two_sum(root, rest.hi / (2.0 * root))
    }

    /// Sine and cosine, for angles of some turns.
    pub fn sin_cos(self) -> (Dd, Dd) {
        let quarters = (self.hi / PI_PARTS[0] * 2.0).round();
        // The products with the parts of π/2 are exact in two numbers each.
        let mut rest = self;
        for part in PI_PARTS {
            rest = rest - two_product(quarters, 0.5 * part);
        }
        let (sin, cos) = taylor(rest);
        match (quarters as i64).rem_euclid(4) {
            0 => (sin, cos),
            1 => (cos, -sin),
            2 => (-sin, -cos),
            _ => (-cos, sin),
        }
    }
}

/// Sine and cosine for |x| ≤ π/4, by their series from the smallest term: x²⁸/28! is below 2⁻¹⁰⁶.
fn taylor(x: Dd) -> (Dd, Dd) {
    let square = x * x;
    let (mut sin, mut cos) = (Dd::ONE, Dd::ONE);
    let mut k = 28.0;
    while k > 0.0 {
        sin = Dd::ONE - square * sin / (k * (k + 1.0));
        cos = Dd::ONE - square * cos / (k * (k - 1.0));
        k -= 2.0;
    }
    (x * sin, cos)
}

impl From<f64> for Dd {
    fn from(value: f64) -> Dd {
        Dd { hi: value, lo: 0.0 }
    }
}

impl Neg for Dd {
    type Output = Dd;
    fn neg(self) -> Dd {
        Dd {
            hi: -self.hi,
            lo: -self.lo,
        }
    }
}

impl Add for Dd {
    type Output = Dd;
    fn add(self, other: Dd) -> Dd {
        let (high, low) = (two_sum(self.hi, other.hi), two_sum(self.lo, other.lo));
        let sum = quick_two_sum(high.hi, high.lo + low.hi);
        quick_two_sum(sum.hi, sum.lo + low.lo)
    }
}

impl AddAssign for Dd {
    fn add_assign(&mut self, other: Dd) {
        *self = *self + other;
    }
}

impl Sub for Dd {
    type Output = Dd;
    fn sub(self, other: Dd) -> Dd {
        self + -other
    }
}

impl Mul for Dd {
    type Output = Dd;
    fn mul(self, other: Dd) -> Dd {
        let product = two_product(self.hi, other.hi);
        let cross = self.hi.mul_add(other.lo, self.lo * other.hi);
        quick_two_sum(product.hi, product.lo + cross)
    }
}

impl Mul<f64> for Dd {
    type Output = Dd;
    fn mul(self, other: f64) -> Dd {
        let product = two_product(self.hi, other);
        quick_two_sum(product.hi, self.lo.mul_add(other, product.lo))
    }
}

impl Div for Dd {
    type Output = Dd;
    fn div(self, other: Dd) -> Dd {
        let first = self.hi / other.hi;
        let rest = self - other * first;
        let second = rest.hi / other.hi;
        let rest = rest - other * second;
        quick_two_sum(first, second) + Dd::from(rest.hi / other.hi)
    }
}

impl Div<f64> for Dd {
    type Output = Dd;
    fn div(self, other: f64) -> Dd {
        self / Dd::from(other)
    }
}
