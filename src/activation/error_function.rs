//! The error function.

use super::pair::Product;
use super::sweep::Expectation;
use crate::special::vector_math::asin_of_pair;
use std::f64::consts::{FRAC_2_PI, PI};

/// $`\sigma(x) = \operatorname{erf} x`$.
#[derive(Clone, Copy)]
pub(crate) struct Erf;

#[derive(Clone, Copy)]
pub(crate) struct ErfPair {
    product: Product,
    /// $`1 + 2 q_1 + 2 q_2`$
    floor: f64,
    /// $`1/\sqrt{(1+2q_1)(1+2q_2)}`$
    inverse: f64,
}

impl Expectation for Erf {
    type Pair = ErfPair;

    #[inline(always)]
    fn pair(&self, q1: f64, q2: f64) -> ErfPair {
        ErfPair {
            product: Product::new(q1, q2),
            floor: 1.0 + 2.0 * (q1 + q2),
            inverse: 1.0 / ((1.0 + 2.0 * q1).sqrt() * (1.0 + 2.0 * q2).sqrt()),
        }
    }

    #[inline(always)]
    fn at(&self, pair: &ErfPair, k: f64) -> (f64, f64) {
        // (1 + 2 q1)(1 + 2 q2) − 4 k², a sum of positive terms.
        let determinant = f64::mul_add(4.0, pair.product.minus_square(k), pair.floor);
        let root = determinant.sqrt();
        let angle = asin_of_pair(2.0 * k * pair.inverse, root * pair.inverse);
        (FRAC_2_PI * angle, 4.0 / PI / root)
    }
}
