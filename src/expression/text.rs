//! Formulas as plain text: `2 asin(2 k/√P)/π`.

use std::fmt::{self, Write};

use super::{Binding, Expression};
use crate::error::number;

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expression::Number(value) => write!(f, "{}", number(*value)),
            Expression::Factorial(n) => write!(f, "{n}!"),
            Expression::Symbol(symbol) => f.write_str(&symbol.text),
            Expression::Negative(inner) => {
                f.write_char('−')?;
                inner.within(f, Binding::Mean)
            }
            Expression::Sum(terms) => {
                for (index, term) in terms.iter().enumerate() {
                    match term {
                        Expression::Negative(inner) if index > 0 => {
                            f.write_str(" − ")?;
                            inner.within(f, Binding::Mean)?;
                        }
                        _ if index > 0 => write!(f, " + {term}")?,
                        _ => write!(f, "{term}")?,
                    }
                }
                Ok(())
            }
            Expression::Product(factors) => {
                for (index, factor) in factors.iter().enumerate() {
                    if index > 0 {
                        f.write_char(' ')?;
                    }
                    // The last mean reaches to the end anyway.
                    let place = match factor {
                        Expression::Mean(..) if index + 1 == factors.len() => Binding::Mean,
                        _ => Binding::Power,
                    };
                    match index > 0 && factor.starts_with_digit() {
                        true => write!(f, "({factor})")?,
                        false => factor.within(f, place)?,
                    }
                }
                Ok(())
            }
            Expression::Quotient(numerator, denominator) => {
                numerator.within(f, Binding::Product)?;
                f.write_char('/')?;
                denominator.within(f, Binding::Power)
            }
            Expression::Power(base, exponent) => {
                // The exponent of 1e-7² would be read as part of the number.
                let long =
                    matches!(**base, Expression::Number(_)) && base.to_string().contains('e');
                match long || matches!(**base, Expression::Root(_)) {
                    true => write!(f, "({base})")?,
                    false => base.within(f, Binding::Atom)?,
                }
                f.write_str(&superscript(*exponent))
            }
            Expression::Root(inner) => match **inner {
                Expression::Symbol(_) => write!(f, "√{inner}"),
                _ => write!(f, "√({inner})"),
            },
            Expression::Call(name, arguments) => {
                write!(f, "{}(", name.text)?;
                for (index, argument) in arguments.iter().enumerate() {
                    write!(f, "{}{argument}", if index > 0 { ", " } else { "" })?;
                }
                f.write_char(')')
            }
            Expression::Mean(over, inner) => {
                write!(f, "mean[{}] ", over.text)?;
                inner.within(f, Binding::Mean)
            }
        }
    }
}

impl Expression {
    /// Writes an expression where it must hold together as tightly as said.
    fn within(&self, f: &mut fmt::Formatter<'_>, place: Binding) -> fmt::Result {
        match self.binding() < place {
            true => write!(f, "({self})"),
            false => write!(f, "{self}"),
        }
    }
}

fn superscript(exponent: u32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digits = exponent.to_string();
    digits
        .bytes()
        .map(|digit| DIGITS[usize::from(digit - b'0')])
        .collect()
}

/// Digits, minus and the indices i, j below the line; a point stays as it is.
pub(super) fn subscript(index: &str) -> String {
    let below = |character: char| match character {
        '0'..='9' => {
            char::from_u32('₀' as u32 + character as u32 - '0' as u32).unwrap_or(character)
        }
        '-' => '₋',
        'i' => 'ᵢ',
        'j' => 'ⱼ',
        _ => character,
    };
    index.chars().map(below).collect()
}
