//! The list of activation functions; each function has its own file.

mod abs;
mod cos;
mod elementwise;
mod elu;
mod erf;
mod exp;
mod gaussian;
mod gelu;
mod hermite;
mod leaky_relu;
mod logistic;
mod monomial;
mod normalisation;
mod rectified_monomial;
mod relu;
mod sigmoid;
mod sigmoid_like;
mod sign;
mod silu;
mod sin;
mod softplus;
mod tanh;

use std::f64::consts::FRAC_1_SQRT_2;

use super::closed_form::ClosedForm;
use super::formula::{Function, Kink, run};
use super::pass::Job;
use super::pull::{PullJob, pull};
use super::real::Real;

use crate::error::{Error, Result};
use abs::Abs;
use cos::Cos;
pub use elementwise::Elementwise;
use elu::Elu;
use erf::Erf;
use exp::Exp;
use gaussian::Gaussian;
use gelu::Gelu;
use hermite::Hermite;
use leaky_relu::LeakyRelu;
use monomial::Monomial;
use normalisation::Normalisation;
use rectified_monomial::RectifiedMonomial;
use relu::Relu;
use sigmoid::Sigmoid;
use sigmoid_like::SigmoidLike;
use sign::Sign;
use silu::Silu;
use sin::Sin;
use softplus::Softplus;
use tanh::Tanh;

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
            /// The division by the root mean square, which is the layer `normalisation` and no activation of a network.
            #[doc(hidden)]
            Normalisation,
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
                    Self::Elementwise(_) | Self::Normalisation => Parameters::default(),
                }
            }

            /// Returns the name without parameters; an [`Elementwise`] has its own name.
            pub fn name(&self) -> &str {
                match self {
                    $(Self::$name { .. } => $name::NAME,)*
                    Self::Elementwise(function) => function.name(),
                    Self::Normalisation => Normalisation::NAME,
                }
            }

            /// The gain, [`Function::GAIN`].
            pub(super) fn gain(&self) -> Option<f64> {
                match self {
                    $(Self::$name { .. } => $name::GAIN,)*
                    Self::Elementwise(_) => None,
                    Self::Normalisation => Normalisation::GAIN,
                }
            }

            /// The kind of kink or jump; none for a smooth function.
            pub(crate) fn kink(&self) -> Option<Kink> {
                match self {
                    $(Self::$name $({ $field })? => $name $({ $field: *$field })?.kink(),)*
                    Self::Elementwise(function) => function.kink(),
                    Self::Normalisation => Normalisation.kink(),
                }
            }

            /// The function and its expectations as formulas, to be shown.
            pub(crate) fn closed_form(&self) -> ClosedForm {
                match self {
                    $(Self::$name $({ $field })? => $name $({ $field: *$field })?.closed_form(),)*
                    Self::Elementwise(function) => function.closed_form(),
                    Self::Normalisation => Normalisation.closed_form(),
                }
            }

            /// Returns σ(x).
            pub fn value(&self, x: f64) -> f64 {
                match self {
                    $(Self::$name $({ $field })? => $name $({ $field: *$field })?.value(x),)*
                    Self::Elementwise(function) => function.value(x),
                    Self::Normalisation => Normalisation.value(x),
                }
            }

            /// Returns σ'(x), and the mean of its one-sided values where it jumps.
            pub fn derivative(&self, x: f64) -> f64 {
                match self {
                    $(Self::$name $({ $field })? => $name $({ $field: *$field })?.derivative(x),)*
                    Self::Elementwise(function) => function.derivative(x),
                    Self::Normalisation => Normalisation.derivative(x),
                }
            }

            /// The coefficients $`c_0, c_1, c_2`$ of a function $`c_0 + c_1 x + c_2 x^2`$; none for other functions.
            pub(crate) fn quadratic(&self) -> Option<[f64; 3]> {
                match *self {
                    Self::Monomial { degree: 0 } | Self::Hermite { degree: 0 } => Some([1.0, 0.0, 0.0]),
                    Self::Monomial { degree: 1 } | Self::Hermite { degree: 1 } => Some([0.0, 1.0, 0.0]),
                    Self::Monomial { degree: 2 } => Some([0.0, 0.0, 1.0]),
                    Self::Hermite { degree: 2 } => Some([-FRAC_1_SQRT_2, 0.0, FRAC_1_SQRT_2]),
                    _ => None,
                }
            }

            /// Pulls cotangents back.
            pub(super) fn pull(&self, job: PullJob<'_>) {
                match self {
                    $(Self::$name $({ $field })? => pull($name $({ $field: *$field })?, job),)*
                    Self::Elementwise(function) => pull(function, job),
                    Self::Normalisation => pull(Normalisation, job),
                }
            }

            /// Whether the derivatives need [`Activation::further`].
            pub(super) fn has_further(&self) -> bool {
                match self {
                    $(Self::$name $({ $field })? => $name $({ $field: *$field })?.has_further(),)*
                    Self::Elementwise(_) | Self::Normalisation => false,
                }
            }

            /// Computes the two expectations that the derivatives need besides E and D.
            pub(super) fn further(&self, job: Job<'_, f64>) -> Result<()> {
                match self {
                    $(Self::$name $({ $field })? => $name $({ $field: *$field })?.further(job),)*
                    Self::Elementwise(_) | Self::Normalisation => Ok(()),
                }
            }

            /// Computes the expectations of a job.
            pub(super) fn run<T: Real>(&self, job: Job<'_, T>) -> Result<()> {
                match self {
                    $(Self::$name $({ $field })? => run($name $({ $field: *$field })?, job),)*
                    Self::Elementwise(function) => run(function, job),
                    Self::Normalisation => run(Normalisation, job),
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
    /// The logistic function $`1/(1+e^{-x})`$, as a mixture of normal distribution functions: error 1.2e-11 (`f32`: 5e-8).
    Sigmoid,
    /// $`\tanh x`$, as [`Sigmoid`](Self::Sigmoid): error 2.4e-11 (`f32`: 1.1e-7).
    Tanh,
    /// $`\ln(1+e^x)`$, as [`Sigmoid`](Self::Sigmoid).
    Softplus,
    /// $`x/(1+e^{-x})`$, also named swish, as [`Sigmoid`](Self::Sigmoid).
    Silu,
    /// $`x`$ for positive x, $`a\,(e^x - 1)`$ for negative x.
    Elu {
        /// The factor a of the negative half, its slope at 0.
        slope: f64
    },
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
