//! The closed forms of the activation functions as formulas, to be shown.

use crate::expression::{Expression, Symbol};

/// A line of a formula: a symbol, what it stands for, and a remark.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) left: Symbol,
    pub(crate) right: Expression,
    pub(crate) remark: Option<Symbol>,
}

impl Line {
    pub(crate) fn new(left: Symbol, right: impl Into<Expression>) -> Self {
        Line {
            left,
            right: right.into(),
            remark: None,
        }
    }

    pub(crate) fn with_remark(self, remark: Symbol) -> Self {
        Line {
            remark: Some(remark),
            ..self
        }
    }
}

/// An activation function σ and its Gaussian expectations, in the variances q, q' and the covariance k of its arguments.
#[derive(Debug, Clone)]
pub(crate) struct ClosedForm {
    /// σ(u); none if it is known as code only.
    pub(crate) function: Option<Expression>,
    /// Abbreviations, each in those before it.
    pub(crate) lines: Vec<Line>,
    /// $`E[\sigma(u)\sigma(v)]`$
    pub(crate) value: Expression,
    /// $`E[\sigma'(u)\sigma'(v)]`$
    pub(crate) derivative: Expression,
}

impl ClosedForm {
    /// A function whose expectations are named and not written out.
    pub(super) fn expectations(function: Option<Expression>) -> ClosedForm {
        let [value, derivative] = [
            ("σ(u) σ(v)", r"\sigma(u) \, \sigma(v)"),
            ("σ'(u) σ'(v)", r"\sigma'(u) \, \sigma'(v)"),
        ]
        .map(|(text, latex)| {
            Expression::symbol(
                &format!("E[{text}]"),
                &format!(r"\operatorname{{E}}[{latex}]"),
            )
        });
        ClosedForm {
            function,
            lines: Vec::new(),
            value,
            derivative,
        }
    }
}

/// The variance of the first argument.
pub(super) fn q() -> Expression {
    "q".into()
}

/// The variance of the second argument.
pub(super) fn q2() -> Expression {
    "q'".into()
}

/// The covariance.
pub(super) fn k() -> Expression {
    "k".into()
}

/// The argument of σ.
pub(super) fn u() -> Expression {
    "u".into()
}

pub(super) fn pi() -> Expression {
    Expression::symbol("π", r"\pi")
}

/// The angle ψ of half turns.
pub(super) fn psi() -> Expression {
    Expression::symbol("ψ", r"\psi")
}

pub(super) fn define(name: &str, right: Expression) -> Line {
    Line::new(Symbol::plain(name), right)
}

/// The correlation c.
pub(super) fn correlation() -> Line {
    let remark = Symbol::new("(0 if q q' = 0)", r"(0 \text{ if } q \, q' = 0)");
    define("c", k() / (q() * q2()).root()).with_remark(remark)
}

/// ψ by its sine.
pub(super) fn half_turn(sine: Expression) -> Line {
    let right = pi() / 2.0 + Expression::call("asin", [sine]);
    Line::new(Symbol::new("ψ", r"\psi"), right)
}

/// $`\sqrt{q q' - k^2}`$
pub(super) fn sine_side() -> Expression {
    (q() * q2() - k().power(2)).root()
}
