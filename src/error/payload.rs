//! What errors carry: values and shapes that were found or expected, and how messages print numbers.

use std::borrow::Cow;
use std::fmt;

use num_complex::Complex;

/// A value that was found where another was expected.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Value {
    /// An integer: a count, a degree, a band limit.
    Integer(i128),
    /// A real number.
    Real(f64),
    /// A complex number.
    Complex(Complex<f64>),
    /// A name, or several values in words.
    Text(Cow<'static, str>),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Integer(value) => write!(f, "{value}"),
            Value::Real(value) => write!(f, "{}", number(*value)),
            Value::Complex(value) => write!(f, "{}", complex_number(*value)),
            Value::Text(text) => f.write_str(text),
        }
    }
}

macro_rules! integers {
    ($($integer:ty)*) => {$(
        impl From<$integer> for Value {
            fn from(value: $integer) -> Self {
                Value::Integer(value as i128)
            }
        }
    )*};
}

integers! { u8 u16 u32 u64 usize i32 i64 isize }

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Value::Real(value)
    }
}

impl From<Complex<f64>> for Value {
    fn from(value: Complex<f64>) -> Self {
        Value::Complex(value)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(text.into())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.to_owned().into())
    }
}

/// A shape that an array must have.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Shape {
    /// These lengths of its axes.
    Exact(Vec<usize>),
    /// A condition in words.
    Described(Cow<'static, str>),
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shape::Exact(lengths) => write!(f, "{lengths:?}"),
            Shape::Described(words) => f.write_str(words),
        }
    }
}

impl From<String> for Shape {
    fn from(words: String) -> Self {
        Shape::Described(words.into())
    }
}

impl From<&str> for Shape {
    fn from(words: &str) -> Self {
        Shape::Described(words.to_owned().into())
    }
}

impl From<&[usize]> for Shape {
    fn from(lengths: &[usize]) -> Self {
        Shape::Exact(lengths.to_vec())
    }
}

impl From<Vec<usize>> for Shape {
    fn from(lengths: Vec<usize>) -> Self {
        Shape::Exact(lengths)
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(lengths: [usize; N]) -> Self {
        Shape::Exact(lengths.to_vec())
    }
}

/// What was tried with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum FileOperation {
    /// Reading it.
    Read,
    /// Writing it.
    Write,
    /// Creating it, or its folder.
    Create,
}

impl fmt::Display for FileOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FileOperation::Read => "read",
            FileOperation::Write => "write",
            FileOperation::Create => "create",
        })
    }
}

/// Returns a number as messages print it: the fewest digits that read back as the same number, with an exponent where plain digits
/// would hide its size.
///
/// # Examples
/// ```
/// use haarmonic::error::number;
/// assert_eq!(number(0.25).to_string(), "0.25");
/// assert_eq!(number(-1e-17).to_string(), "-1e-17");
/// assert_eq!(number(f64::MAX).to_string(), "1.7976931348623157e308");
/// ```
pub fn number(value: f64) -> impl fmt::Display {
    Number(value)
}

/// A complex number as messages print it, each part as [`number`] does.
fn complex_number(value: Complex<f64>) -> impl fmt::Display {
    let sign = if value.im.is_sign_negative() {
        '-'
    } else {
        '+'
    };
    format!("{}{sign}{}i", number(value.re), number(value.im.abs()))
}

struct Number(f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = self.0 == 0.0 || (1e-3..1e6).contains(&self.0.abs());
        match plain {
            true => write!(f, "{}", self.0),
            false => write!(f, "{:e}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{complex_number, number};
    use crate::Error;
    use num_complex::Complex;

    #[test]
    fn numbers_are_short_and_read_back() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (0.001, "0.001"),
            (0.000999, "9.99e-4"),
            (999999.0, "999999"),
            (1e6, "1e6"),
            (-1.1102230246251565e-16, "-1.1102230246251565e-16"),
            (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(number(value).to_string(), text);
            assert_eq!(text.parse(), Ok(value));
        }
        assert_eq!(number(f64::NAN).to_string(), "NaN");
        let error = Error::NotACovariance {
            q1: 1e-300,
            q2: 2.0,
            k: -1e17,
        };
        assert!(
            error
                .to_string()
                .starts_with("covariance -1e17 of two variables with variances 1e-300 and 2:")
        );
        let complex = complex_number(Complex::new(-1e-300, -2.0));
        assert_eq!(complex.to_string(), "-1e-300-2i");
    }
}
