//! The real numbers of the kernels, in two precisions.

use super::precision::Precision;
use crate::simd::pack::Registers;
use num_traits::NumAssign;

/// A floating-point number: `f64`, or `f32` where speed matters more than digits.
///
/// Sealed: the accuracy of every function of this crate is known for these two.
pub trait Real:
    Registers
    + NumAssign
    + Default
    + std::fmt::Debug
    + Send
    + Sync
    + Precision
    + sealed::Sealed
    + 'static
{
    /// Rounds a number of the working precision.
    fn of(value: f64) -> Self;

    /// Returns the number in the working precision, exactly.
    fn wide(self) -> f64;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

impl Real for f64 {
    #[inline(always)]
    fn of(value: f64) -> f64 {
        value
    }

    #[inline(always)]
    fn wide(self) -> f64 {
        self
    }
}

impl Real for f32 {
    #[inline(always)]
    fn of(value: f64) -> f32 {
        value as f32
    }

    #[inline(always)]
    fn wide(self) -> f64 {
        f64::from(self)
    }
}
