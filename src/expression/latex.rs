//! Formulas as LaTeX, with the commands of amsmath.

use super::{Binding, Expression};
use crate::error::number;

/// Functions that have a command of their own.
const COMMANDS: [&str; 7] = ["exp", "sin", "cos", "sinh", "cosh", "max", "min"];

/// The command for a function that has a name in text.
pub(super) fn function(name: &str) -> String {
    match name {
        "asin" => r"\arcsin".into(),
        "Φ" => r"\Phi".into(),
        _ if COMMANDS.contains(&name) => format!(r"\{name}"),
        _ => format!(r"\operatorname{{{name}}}"),
    }
}

/// Text within a formula: characters with a meaning in LaTeX are written so that they have none.
pub(crate) fn words(text: &str) -> String {
    let mut escaped = String::from(r"\text{");
    for character in text.chars() {
        match character {
            '\\' => escaped.push_str(r"\textbackslash{}"),
            '^' => escaped.push_str(r"\textasciicircum{}"),
            '~' => escaped.push_str(r"\textasciitilde{}"),
            '#' | '$' | '%' | '&' | '_' | '{' | '}' => escaped.extend(['\\', character]),
            _ if character.is_control() => escaped.push(' '),
            _ => escaped.push(character),
        }
    }
    escaped.push('}');
    escaped
}

fn parenthesised(inner: &str) -> String {
    format!(r"\left( {inner} \right)")
}

impl Expression {
    pub(crate) fn to_latex(&self) -> String {
        match self {
            Expression::Number(value) => decimal(*value),
            Expression::Factorial(n) => format!("{n}!"),
            Expression::Symbol(symbol) => symbol.latex.clone(),
            Expression::Negative(inner) => format!("-{}", inner.latex_within(Binding::Mean)),
            Expression::Sum(terms) => {
                let mut sum = String::new();
                for (index, term) in terms.iter().enumerate() {
                    match term {
                        Expression::Negative(inner) if index > 0 => {
                            sum.push_str(" - ");
                            sum.push_str(&inner.latex_within(Binding::Mean));
                        }
                        _ => {
                            sum.push_str(if index > 0 { " + " } else { "" });
                            sum.push_str(&term.to_latex());
                        }
                    }
                }
                sum
            }
            Expression::Product(factors) => {
                let place = |index: usize, factor: &Expression| match factor {
                    // The last mean reaches to the end anyway, and the bar of a fraction holds it together.
                    Expression::Mean(..) if index + 1 == factors.len() => Binding::Mean,
                    Expression::Quotient(..) => Binding::Quotient,
                    _ => Binding::Power,
                };
                let factors = factors.iter().enumerate();
                let written: Vec<_> = factors
                    .map(
                        |(index, factor)| match index > 0 && factor.starts_with_digit() {
                            true => parenthesised(&factor.to_latex()),
                            false => factor.latex_within(place(index, factor)),
                        },
                    )
                    .collect();
                written.join(r" \, ")
            }
            Expression::Quotient(numerator, denominator) => format!(
                r"\frac{{{}}}{{{}}}",
                numerator.to_latex(),
                denominator.to_latex()
            ),
            Expression::Power(base, exponent) => {
                let long =
                    matches!(**base, Expression::Number(value) if decimal(value).contains('^'));
                let written = match long {
                    true => parenthesised(&base.to_latex()),
                    false => base.latex_within(Binding::Atom),
                };
                format!("{written}^{{{exponent}}}")
            }
            Expression::Root(inner) => format!(r"\sqrt{{{}}}", inner.to_latex()),
            Expression::Call(name, arguments) => {
                let arguments: Vec<_> = arguments.iter().map(Expression::to_latex).collect();
                format!("{}{}", name.latex, parenthesised(&arguments.join(", ")))
            }
            Expression::Mean(over, inner) => format!(
                r"\operatorname*{{mean}}_{{{}}} {}",
                over.latex,
                inner.latex_within(Binding::Mean)
            ),
        }
    }

    /// An expression where it must hold together as tightly as said.
    fn latex_within(&self, place: Binding) -> String {
        let written = self.to_latex();
        match self.binding() < place {
            true => parenthesised(&written),
            false => written,
        }
    }
}

/// The shortest digits of a number, with a power of ten if it is large or small.
pub(crate) fn decimal(value: f64) -> String {
    let text = number(value).to_string();
    match text.split_once('e') {
        None => text,
        Some(("1", exponent)) => format!("10^{{{exponent}}}"),
        Some((digits, exponent)) => format!(r"{digits} \cdot 10^{{{exponent}}}"),
    }
}
