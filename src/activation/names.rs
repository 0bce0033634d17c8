//! Names and parameters of the activation functions.

use super::functions::{Activation, MAX_DEGREE, NAMES, Parameters};
use crate::error::{Error, Result};
use std::fmt;
use std::str::FromStr;

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
        self.kink().is_some()
    }

    /// Finds an activation function by its name and parameters.
    ///
    /// # Arguments
    /// * `name` — one of [`NAMES`]
    /// * `slope` — for `leaky-relu` and `elu`, and for no other
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
        let Some(activation) = Self::named(name, &Parameters { slope, degree })? else {
            return Err(Error::invalid(
                "activation function",
                format!("{name:?}"),
                format!("one of {}", NAMES.join(", ")),
            ));
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

    /// Returns the slope of the negative half, for the functions that have it as a parameter.
    pub fn slope(&self) -> Option<f64> {
        self.parameters().slope
    }

    /// Returns the degree, for the functions that have one.
    pub fn degree(&self) -> Option<u32> {
        self.parameters().degree
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
        if ["leaky-relu", "elu"].contains(&name) {
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
