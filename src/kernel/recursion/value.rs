//! The values that the recursion carries: numbers at the points of a fibre, or polynomials.

use crate::activation::Real;

/// A kernel value that linear layers act on.
pub(super) trait Value: Clone {
    /// A weight or bias variance.
    type Number: Copy;

    /// Rounds a variance to the precision of the value.
    fn number(value: f64) -> Self::Number;

    /// $`w K + b`$
    fn affine(&self, weight: Self::Number, bias: Self::Number) -> Self;

    /// $`K + w \Theta`$ with K = `self`
    fn plus_scaled(&self, weight: Self::Number, tangent: &Self) -> Self;

    /// The sum of two values.
    fn plus(&self, other: &Self) -> Self;
}

impl<T: Real> Value for T {
    type Number = T;

    #[inline(always)]
    fn number(value: f64) -> T {
        T::of(value)
    }

    #[inline(always)]
    fn affine(&self, weight: T, bias: T) -> T {
        weight * *self + bias
    }

    #[inline(always)]
    fn plus_scaled(&self, weight: T, tangent: &T) -> T {
        *self + weight * *tangent
    }

    #[inline(always)]
    fn plus(&self, other: &T) -> T {
        *self + *other
    }
}
