//! The interface of an activation function.

use super::closed_form::ClosedForm;
use super::pass::{Job, widened};
use super::real::Real;
use super::slopes::{At, Slopes};
use crate::error::Result;

/// Where a function is not smooth, at 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kink {
    /// From one constant to another, 1: sign, step.
    Jump {
        /// The value on the negative half.
        below: f64,
    },
    /// x on the positive half, a multiple of x on the negative one.
    Bend {
        /// The slope of the negative half.
        slope: f64,
    },
    /// Some derivative jumps, or may do so.
    Other,
}

/// An activation function: its name, the function itself, and how its expectations are computed.
pub(super) trait Function: Copy {
    /// As in network files.
    const NAME: &'static str;

    /// The g of the factors $`1/\sqrt{1+gq}`$ that are prepared for each variance q, 0 for $`1/\sqrt q`$; none for functions
    /// that need no factor.
    const GAIN: Option<f64> = None;

    /// Where the function is not smooth.
    fn kink(self) -> Option<Kink> {
        None
    }

    /// σ(x)
    fn value(self, x: f64) -> f64;

    /// σ'(x), the mean of the one-sided values where it jumps.
    fn derivative(self, x: f64) -> f64;

    /// The function and its expectations as formulas, to be shown.
    fn closed_form(self) -> ClosedForm;

    /// The derivatives of both expectations by the variances, and of the second one by the covariance; not called for functions that jump.
    fn slopes(self, at: At) -> Slopes;

    /// Whether [`Function::slopes`] needs two more expectations, those of [`Function::further`].
    fn has_further(self) -> bool {
        false
    }

    /// Computes the two expectations of [`At::further`] as value and derivative of a job.
    fn further(self, _: Job<'_, f64>) -> Result<()> {
        Ok(())
    }

    /// The expectations in double precision.
    fn double(self, job: Job<'_, f64>) -> Result<()>;

    /// The expectations in single precision: in double precision and rounded, unless the formula holds in both.
    fn single(self, job: Job<'_, f32>) -> Result<()> {
        widened(Self::GAIN, job, |job| self.double(job))
    }
}

/// The expectations of a function in the precision of a job.
pub(super) fn run<T: Real, F: Function>(function: F, job: Job<'_, T>) -> Result<()> {
    if size_of::<T>() == size_of::<f64>() {
        function.double(job.cast())
    } else {
        function.single(job.cast())
    }
}

/// The methods of [`Function`] that compute expectations by a [`Formula`](super::pair::Formula), in one precision or in both.
macro_rules! by_formula {
    (both) => {
        by_formula!(double);

        fn single(self, job: $crate::activation::pass::Job<'_, f32>) -> $crate::Result<()> {
            $crate::activation::pass::pass(self, Self::GAIN, job)
        }
    };
    (double) => {
        fn double(self, job: $crate::activation::pass::Job<'_, f64>) -> $crate::Result<()> {
            $crate::activation::pass::pass(self, Self::GAIN, job)
        }
    };
}
pub(super) use by_formula;
