//! Formulas as values, of which both written forms are made: plain text and LaTeX.
//!
//! A formula is made with the usual operators, `2.0 * k() / pi()`. It is written as it was made, apart from terms 0, factors 1 and signs.

pub(crate) mod latex;
mod text;

use std::ops::{Add, Div, Mul, Sub};

/// A symbol, or a few words, in both written forms.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Symbol {
    pub(crate) text: String,
    pub(crate) latex: String,
}

impl Symbol {
    pub(crate) fn new(text: impl Into<String>, latex: impl Into<String>) -> Self {
        Symbol {
            text: text.into(),
            latex: latex.into(),
        }
    }

    /// A symbol that is written equally in both forms.
    pub(crate) fn plain(name: &str) -> Self {
        Symbol::new(name, name)
    }

    /// A name with an index: digits, points, minus, `i`, `j`.
    pub(crate) fn indexed(name: &Symbol, index: &str) -> Self {
        Symbol::new(
            format!("{}{}", name.text, text::subscript(index)),
            format!("{}_{{{}}}", name.latex, index.replace('-', " - ")),
        )
    }
}

/// A formula.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    /// Finite, and not negative.
    Number(f64),
    /// n!
    Factorial(u32),
    Symbol(Symbol),
    Negative(Box<Expression>),
    Sum(Vec<Expression>),
    Product(Vec<Expression>),
    Quotient(Box<Expression>, Box<Expression>),
    Power(Box<Expression>, u32),
    Root(Box<Expression>),
    Call(Symbol, Vec<Expression>),
    /// The mean of an expression over what the symbol says.
    Mean(Symbol, Box<Expression>),
}

use Expression::{Call, Factorial, Mean, Negative, Number, Power, Product, Quotient, Root, Sum};

/// How tightly the parts of an expression hold together: what is looser than its place gets parentheses.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
enum Binding {
    Sum,
    /// A mean reaches to the end of its term.
    Mean,
    Quotient,
    Product,
    Power,
    Atom,
}

impl Expression {
    fn binding(&self) -> Binding {
        match self {
            Sum(_) | Negative(_) => Binding::Sum,
            Mean(..) => Binding::Mean,
            Quotient(..) => Binding::Quotient,
            Product(factors) => match factors.last() {
                Some(Mean(..)) => Binding::Mean,
                _ => Binding::Product,
            },
            Power(..) => Binding::Power,
            Root(_) | Call(..) | Number(_) | Factorial(_) | Expression::Symbol(_) => Binding::Atom,
        }
    }

    /// Whether a number before it would seem to go on.
    fn starts_with_digit(&self) -> bool {
        match self {
            Number(_) | Factorial(_) => true,
            Power(base, _) => base.starts_with_digit(),
            _ => false,
        }
    }

    pub(crate) fn symbol(text: &str, latex: &str) -> Self {
        Expression::Symbol(Symbol::new(text, latex))
    }

    pub(crate) fn power(self, exponent: u32) -> Self {
        match (self, exponent) {
            (_, 0) => Number(1.0),
            (base, 1) | (base @ Number(0.0 | 1.0), _) => base,
            (base, _) => Power(Box::new(base), exponent),
        }
    }

    pub(crate) fn root(self) -> Self {
        match self {
            Number(0.0 | 1.0) => self,
            _ => Root(Box::new(self)),
        }
    }

    /// The mean over what the symbol says.
    pub(crate) fn mean(self, over: Symbol) -> Self {
        Mean(over, Box::new(self))
    }

    /// A function of one or more arguments, by its name in text.
    pub(crate) fn call(name: &str, arguments: impl IntoIterator<Item = Expression>) -> Self {
        Call(
            Symbol::new(name, latex::function(name)),
            arguments.into_iter().collect(),
        )
    }

    fn negated(self) -> Self {
        match self {
            Number(0.0) => self,
            Negative(inner) => *inner,
            _ => Negative(Box::new(self)),
        }
    }
}

impl From<f64> for Expression {
    fn from(value: f64) -> Self {
        if value < 0.0 {
            Number(-value).negated()
        } else {
            Number(value)
        }
    }
}

impl From<Symbol> for Expression {
    fn from(symbol: Symbol) -> Self {
        Expression::Symbol(symbol)
    }
}

/// A symbol that is written equally in text and LaTeX.
impl From<&str> for Expression {
    fn from(name: &str) -> Self {
        Symbol::plain(name).into()
    }
}

impl<E: Into<Expression>> Add<E> for Expression {
    type Output = Expression;

    fn add(self, other: E) -> Expression {
        match (self, other.into()) {
            (Number(0.0), other) | (other, Number(0.0)) => other,
            (Sum(mut terms), other) => {
                terms.push(other);
                Sum(terms)
            }
            (first, second) => Sum(vec![first, second]),
        }
    }
}

impl<E: Into<Expression>> Sub<E> for Expression {
    type Output = Expression;

    // A difference is the sum with the negative, so that both have one normal form.
    #[allow(clippy::suspicious_arithmetic_impl)]
    fn sub(self, other: E) -> Expression {
        Add::add(self, other.into().negated())
    }
}

impl<E: Into<Expression>> Mul<E> for Expression {
    type Output = Expression;

    fn mul(self, other: E) -> Expression {
        match (self, other.into()) {
            (Number(0.0), _) | (_, Number(0.0)) => Number(0.0),
            (Number(1.0), other) | (other, Number(1.0)) => other,
            (Negative(first), second) => (*first * second).negated(),
            (first, Negative(second)) => (first * *second).negated(),
            (Product(mut first), Product(second)) => {
                first.extend(second);
                Product(first)
            }
            (Product(mut factors), other) => {
                factors.push(other);
                Product(factors)
            }
            (first, Product(mut factors)) => {
                factors.insert(0, first);
                Product(factors)
            }
            (first, second) => Product(vec![first, second]),
        }
    }
}

impl<E: Into<Expression>> Div<E> for Expression {
    type Output = Expression;

    fn div(self, other: E) -> Expression {
        match (self, other.into()) {
            (first, Number(1.0)) => first,
            (Number(0.0), _) => Number(0.0),
            (Negative(first), second) => (*first / second).negated(),
            (first, second) => Quotient(Box::new(first), Box::new(second)),
        }
    }
}

impl Add<Expression> for f64 {
    type Output = Expression;

    fn add(self, other: Expression) -> Expression {
        Expression::from(self) + other
    }
}

impl Sub<Expression> for f64 {
    type Output = Expression;

    fn sub(self, other: Expression) -> Expression {
        Expression::from(self) - other
    }
}

impl Mul<Expression> for f64 {
    type Output = Expression;

    fn mul(self, other: Expression) -> Expression {
        Expression::from(self) * other
    }
}

impl Div<Expression> for f64 {
    type Output = Expression;

    fn div(self, other: Expression) -> Expression {
        Expression::from(self) / other
    }
}
