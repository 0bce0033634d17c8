//! The list of activation functions; each function has its own file.

mod abs;
mod cos;
mod elementwise;
mod erf;
mod exp;
mod gaussian;
mod gelu;
mod hermite;
mod leaky_relu;
mod monomial;
mod rectified_monomial;
mod relu;
mod sigmoid_like;
mod sign;
mod sin;

use super::closed_form::ClosedForm;
use super::formula::{Function, Kink, run};
use super::pass::Job;
use super::real::Real;
use crate::error::{Error, Result};
use abs::Abs;
use cos::Cos;
pub use elementwise::Elementwise;
use erf::Erf;
use exp::Exp;
use gaussian::Gaussian;
use gelu::Gelu;
use hermite::Hermite;
use leaky_relu::LeakyRelu;
use monomial::Monomial;
use rectified_monomial::RectifiedMonomial;
use relu::Relu;
use sigmoid_like::SigmoidLike;
use sign::Sign;
use sin::Sin;

/// The largest degree of the polynomial activation functions.
pub const MAX_DEGREE: u32 = 128;

/// The parameters of activation functions; a function has one of them or none.
#[derive(Default)]
pub(super) struct Parameters {
    pub(super) slope: Option<f64>,
    pub(super) degree: Option<u32>,
}

/// Makes the type [`Activation`] and every match over its variants from the list at the end of this file.
macro_rules! activations {
    ($(
        $(#[$doc:meta])*
        $name:ident $({ $(#[$field_doc:meta])* $field:ident: $type:ty })?,
    )*) => {
        /// A nonlinearity that acts on each number by itself.
        ///
        /// Where a derivative jumps, at 0, it counts as the mean of its two one-sided values.
        ///
        /// # Examples
        /// ```
        /// use haarmonic::activation::{Activation, Variance};
        /// # fn main() -> haarmonic::Result<()> {
        /// // Fully correlated arguments: half of the variance passes a rectifier.
        /// let mut nngp = [1.0_f64, 0.0];
        /// let mut ntk = [1.0_f64, 1.0];
        /// let q = Variance::Constant(1.0);
        /// Activation::Relu.apply(q, q, &mut nngp, Some(&mut ntk))?;
        /// assert!((nngp[0] - 0.5).abs() < 1e-15 && (ntk[0] - 0.5).abs() < 1e-15);
        /// assert!((nngp[1] - 0.5 / std::f64::consts::PI).abs() < 1e-15 && ntk[1] == 0.25);
        /// # Ok(())
        /// # }
        /// ```
        #[non_exhaustive]
        #[derive(Clone, Debug, PartialEq)]
        pub enum Activation {
            $($(#[$doc])* $name $({ $(#[$field_doc])* $field: $type })?,)*
            /// Any function with its derivative, by Gauss–Hermite quadrature.
            Elementwise(Elementwise),
        }

        /// The names accepted by [`Activation::from_name`].
        pub const NAMES: [&str; [$($name::NAME),*].len()] = [$($name::NAME),*];

        impl Activation {
            /// The function of a name, with its parameters among the given ones; none for an unknown name.
            pub(super) fn named(name: &str, given: &Parameters) -> Result<Option<Self>> {
                let _ = given;
                Ok(match name {
                    $($name::NAME => Some(Self::$name $({
                        $field: given.$field.ok_or_else(|| missing(stringify!($field), name))?,
                    })?),)*
                    _ => None,
                })
            }

            /// The parameters of the function.
            pub(super) fn parameters(&self) -> Parameters {
                match self {
                    $(Self::$name $({ $field })? => Parameters {
                        $($field: Some(*$field),)?
                        ..Parameters::default()
                    },)*
                    Self::Elementwise(_) => Parameters::default(),
                }
            }

            /// Returns the name without parameters; an [`Elementwise`] has its own name.
            pub fn name(&self) -> &str {
                match self {
                    $(Self::$name { .. } => $name::NAME,)*
                    Self::Elementwise(function) => function.name(),
                }
            }

            /// The gain, [`Function::GAIN`].
            pub(super) fn gain(&self) -> Option<f64> {
                match self {
                    $(Self::$name { .. } => $name::GAIN,)*
                    Self::Elementwise(_) => None,
                }
            }

            /// The kind of kink or jump; none for a smooth function.
            pub(crate) fn kink(&self) -> Option<Kink> {
                match self {
                    $(Self::$name $({ $field })? => $name $({ $field: *$field })?.kink(),)*
                    Self::Elementwise(function) => function.kink(),
                }
            }

            /// The function and its expectations as formulas, to be shown.
            pub(crate) fn closed_form(&self) -> ClosedForm {
                match self {
                    $(Self::$name $({ $field })? => $name $({ $field: *$field })?.closed_form(),)*
                    Self::Elementwise(function) => function.closed_form(),
                }
            }

            /// Returns σ(x).
            pub fn value(&self, x: f64) -> f64 {
                match self {
                    $(Self::$name $({ $field })? => $name $({ $field: *$field })?.value(x),)*
                    Self::Elementwise(function) => function.value(x),
                }
            }

            /// Returns σ'(x), and the mean of its one-sided values where it jumps.
            pub fn derivative(&self, x: f64) -> f64 {
                match self {
                    $(Self::$name $({ $field })? => $name $({ $field: *$field })?.derivative(x),)*
                    Self::Elementwise(function) => function.derivative(x),
                }
            }

            /// Computes the expectations of a job.
            pub(super) fn run<T: Real>(&self, job: Job<'_, T>) -> Result<()> {
                match self {
                    $(Self::$name $({ $field })? => run($name $({ $field: *$field })?, job),)*
                    Self::Elementwise(function) => run(function, job),
                }
            }
        }
    };
}

fn missing(parameter: &str, name: &str) -> Error {
    Error::missing(
        parameter,
        format!("activation {name}, which has no default for it"),
    )
}

activations! {
    /// $`\max(x, 0)`$
    Relu,
    /// $`x`$ for positive x, $`a x`$ for negative x.
    LeakyRelu {
        /// The slope a of the negative half.
        slope: f64
    },
    /// $`|x|`$
    Abs,
    /// $`\operatorname{erf} x`$
    Erf,
    /// $`x\,\Phi(x)`$ with the distribution function Φ of the normal law.
    Gelu,
    /// $`\sin x`$
    Sin,
    /// $`\cos x`$
    Cos,
    /// $`e^x`$
    Exp,
    /// $`e^{-x^2}`$
    Gaussian,
    /// −1, 0 or 1; its derivative counts as zero.
    Sign,
    /// $`(1 + \operatorname{erf}(x/2.4020563531719796))/2`$, close to the logistic function.
    SigmoidLike,
    /// $`x^n`$
    Monomial {
        /// The degree n, at most [`MAX_DEGREE`].
        degree: u32
    },
    /// $`\max(x, 0)^n`$; for n = 0 the step function, whose derivative counts as zero.
    RectifiedMonomial {
        /// The degree n, at most [`MAX_DEGREE`].
        degree: u32
    },
    /// $`He_n(x)/\sqrt{n!}`$, the normalised probabilists' Hermite polynomial.
    Hermite {
        /// The degree n, at most [`MAX_DEGREE`].
        degree: u32
    },
}
