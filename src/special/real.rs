//! The real numbers of the kernels, in two precisions.

use crate::activation::precision::Precision;
use crate::special::lanes::Registers;
use num_traits::{Float, NumAssign};

/// $`\sqrt{ab}`$ for two numbers that are not negative, whose product may overflow or underflow.
#[inline(always)]
pub(crate) fn geometric_mean(a: f64, b: f64) -> f64 {
    a.sqrt() * b.sqrt()
}

/// A floating-point number: `f64`, or `f32` where speed matters more than digits.
///
/// Sealed: the accuracy of every function of this crate is known for these two.
pub trait Real:
    Float
    + NumAssign
    + Default
    + std::fmt::Debug
    + Send
    + Sync
    + Precision
    + Registers
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
