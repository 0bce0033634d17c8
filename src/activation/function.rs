//! The activation functions and their names.

use super::elementwise::Elementwise;
use crate::error::{Error, Result};
use std::fmt;
use std::str::FromStr;

/// The largest degree of the polynomial activation functions.
pub const MAX_DEGREE: u32 = 128;

/// The names accepted by [`Activation::from_name`].
pub const NAMES: [&str; 14] = [
    "relu",
    "leaky-relu",
    "abs",
    "erf",
    "gelu",
    "sin",
    "cos",
    "exp",
    "gaussian",
    "sign",
    "sigmoid-like",
    "monomial",
    "rectified-monomial",
    "hermite",
];

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
    /// $`\max(x, 0)`$
    Relu,
    /// $`x`$ for positive x, $`a x`$ for negative x.
    LeakyRelu {
        /// The slope a of the negative half.
        slope: f64,
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
        degree: u32,
    },
    /// $`\max(x, 0)^n`$; for n = 0 the step function, whose derivative counts as zero.
    RectifiedMonomial {
        /// The degree n, at most [`MAX_DEGREE`].
        degree: u32,
    },
    /// $`He_n(x)/\sqrt{n!}`$, the normalised probabilists' Hermite polynomial.
    Hermite {
        /// The degree n, at most [`MAX_DEGREE`].
        degree: u32,
    },
    /// Any function with its derivative, by Gauss–Hermite quadrature.
    Elementwise(Elementwise),
}

impl Activation {
    /// Returns whether the kernels have a kink, or a jump, where the two arguments coincide: those of functions that are not
    /// smooth. Functions given as Rust code count as such.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// assert!(Activation::Relu.is_kinked() && !Activation::Erf.is_kinked());
    /// ```
    pub fn is_kinked(&self) -> bool {
        matches!(
            self,
            Self::Relu
                | Self::LeakyRelu { .. }
                | Self::Abs
                | Self::Sign
                | Self::RectifiedMonomial { .. }
                | Self::Elementwise(_)
        )
    }

    /// Finds an activation function by its name and parameters.
    ///
    /// # Arguments
    /// * `name` — one of [`NAMES`]
    /// * `slope` — for `leaky-relu`, and for no other
    /// * `degree` — for `monomial`, `rectified-monomial`, `hermite`, and for no other
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for an unknown name, a parameter out of range or one that the
    /// function does not have, [`Error::Missing`] for a parameter that is absent.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// let cubic = Activation::from_name("monomial", None, Some(3));
    /// assert_eq!(cubic, Ok(Activation::Monomial { degree: 3 }));
    /// assert!(Activation::from_name("monomial", None, None).is_err());
    /// ```
    pub fn from_name(name: &str, slope: Option<f64>, degree: Option<u32>) -> Result<Self> {
        let missing = |key: &str| {
            Error::missing(
                key,
                format!("activation {name}, which has no default for it"),
            )
        };
        let activation = match name {
            "relu" => Self::Relu,
            "leaky-relu" => Self::LeakyRelu {
                slope: slope.ok_or_else(|| missing("slope"))?,
            },
            "abs" => Self::Abs,
            "erf" => Self::Erf,
            "gelu" => Self::Gelu,
            "sin" => Self::Sin,
            "cos" => Self::Cos,
            "exp" => Self::Exp,
            "gaussian" => Self::Gaussian,
            "sign" => Self::Sign,
            "sigmoid-like" => Self::SigmoidLike,
            "monomial" => Self::Monomial {
                degree: degree.ok_or_else(|| missing("degree"))?,
            },
            "rectified-monomial" => Self::RectifiedMonomial {
                degree: degree.ok_or_else(|| missing("degree"))?,
            },
            "hermite" => Self::Hermite {
                degree: degree.ok_or_else(|| missing("degree"))?,
            },
            _ => {
                return Err(Error::invalid(
                    "activation function",
                    format!("{name:?}"),
                    format!("one of {}", NAMES.join(", ")),
                ));
            }
        };
        let superfluous = |key: &str, value: String| {
            Err(Error::invalid(
                format!("{key} of the activation {name}"),
                value,
                "none, it has no such parameter",
            ))
        };
        match (slope, degree) {
            (Some(slope), _) if activation.slope().is_none() => {
                superfluous("slope", slope.to_string())
            }
            (_, Some(degree)) if activation.degree().is_none() => {
                superfluous("degree", degree.to_string())
            }
            _ => activation.validate().map(|()| activation),
        }
    }

    /// Returns the name, without parameters; that of an [`Elementwise`] is its own.
    pub fn name(&self) -> &str {
        match self {
            Self::Relu => "relu",
            Self::LeakyRelu { .. } => "leaky-relu",
            Self::Abs => "abs",
            Self::Erf => "erf",
            Self::Gelu => "gelu",
            Self::Sin => "sin",
            Self::Cos => "cos",
            Self::Exp => "exp",
            Self::Gaussian => "gaussian",
            Self::Sign => "sign",
            Self::SigmoidLike => "sigmoid-like",
            Self::Monomial { .. } => "monomial",
            Self::RectifiedMonomial { .. } => "rectified-monomial",
            Self::Hermite { .. } => "hermite",
            Self::Elementwise(elementwise) => elementwise.name(),
        }
    }

    /// Returns the slope of the negative half, for the function that has it as a parameter.
    pub fn slope(&self) -> Option<f64> {
        match self {
            Self::LeakyRelu { slope } => Some(*slope),
            _ => None,
        }
    }

    /// Returns the degree, for the functions that have one.
    pub fn degree(&self) -> Option<u32> {
        match self {
            Self::Monomial { degree }
            | Self::RectifiedMonomial { degree }
            | Self::Hermite { degree } => Some(*degree),
            _ => None,
        }
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`Error::NotFinite`] for a slope that is not a number, [`Error::InvalidValue`] for a degree
    /// above [`MAX_DEGREE`].
    pub fn validate(&self) -> Result<()> {
        if self.slope().is_some_and(|slope| !slope.is_finite()) {
            return Err(Error::not_finite(
                format!("slope of the activation {}", self.name()),
                Vec::new(),
            ));
        }
        match self.degree() {
            Some(degree) if degree > MAX_DEGREE => Err(Error::invalid(
                format!("degree of the activation {}", self.name()),
                degree,
                format!("at most {MAX_DEGREE}"),
            )),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Activation {
    /// Writes the name, with a parameter in parentheses: `relu`, `leaky-relu(0.1)`, `hermite(4)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        if let Some(slope) = self.slope() {
            write!(f, "({slope})")?;
        }
        if let Some(degree) = self.degree() {
            write!(f, "({degree})")?;
        }
        Ok(())
    }
}

impl FromStr for Activation {
    type Err = Error;

    /// Reads what [`Display`](fmt::Display) writes.
    fn from_str(text: &str) -> Result<Self> {
        let invalid =
            |expected: &str| Error::invalid("activation function", format!("{text:?}"), expected);
        let Some((name, rest)) = text.split_once('(') else {
            return Self::from_name(text, None, None);
        };
        let parameter = rest
            .strip_suffix(')')
            .ok_or_else(|| invalid("a closing parenthesis"))?;
        if name == "leaky-relu" {
            let slope = parameter
                .parse()
                .map_err(|_| invalid("a number as slope"))?;
            Self::from_name(name, Some(slope), None)
        } else {
            let degree = parameter
                .parse()
                .map_err(|_| invalid("a whole number as degree"))?;
            Self::from_name(name, None, Some(degree))
        }
    }
}
