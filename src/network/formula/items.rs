//! What stands under the title of a layer, and the symbols of sets.

use std::fmt;

use crate::activation::Line;
use crate::expression::Symbol;
use crate::expression::latex::words;

/// A title and what stands under it.
#[derive(Debug, Clone)]
pub(super) struct Block {
    pub(super) title: String,
    pub(super) items: Vec<Item>,
}

/// A line under a title.
#[derive(Debug, Clone)]
pub(super) enum Item {
    /// A symbol and what it is equal to.
    Equation(Line),
    /// A symbol, if there is one, and words about it.
    Words(Option<Symbol>, Symbol),
}

impl Item {
    pub(super) fn to_latex(&self) -> String {
        match self {
            Item::Equation(line) => {
                let remark = line.remark.as_ref();
                let remark =
                    remark.map_or_else(String::new, |remark| format!(r" \quad {}", remark.latex));
                format!("{} = {}{remark}", line.left.latex, line.right.to_latex())
            }
            Item::Words(None, words) => words.latex.clone(),
            Item::Words(Some(left), words) => format!(r"{}\text{{: }}{}", left.latex, words.latex),
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Item::Equation(line) => {
                write!(f, "{} = {}", line.left.text, line.right)?;
                match &line.remark {
                    Some(remark) => write!(f, "  {}", remark.text),
                    None => Ok(()),
                }
            }
            Item::Words(None, words) => f.write_str(&words.text),
            Item::Words(Some(left), words) => write!(f, "{}: {}", left.text, words.text),
        }
    }
}

/// The names of the kernels.
pub(super) fn names() -> [Symbol; 2] {
    [Symbol::plain("K"), Symbol::new("Θ", r"\Theta")]
}

pub(super) fn plain(text: impl Into<String>, latex: impl Into<String>) -> Item {
    Item::Words(None, Symbol::new(text, latex))
}

/// A symbol, and words without formulas.
pub(super) fn explained(symbol: Symbol, text: &str) -> Item {
    Item::Words(Some(symbol), Symbol::new(text, words(text)))
}

pub(super) fn equal(left: Symbol, right: Symbol) -> Item {
    Item::Equation(Line::new(left, right))
}

/// `x ∈ S`
pub(super) fn member(variable: &str, set: &Symbol) -> Symbol {
    Symbol::new(
        format!("{variable} ∈ {}", set.text),
        format!(r"{variable} \in {}", set.latex),
    )
}

pub(super) fn times(first: &Symbol, second: &Symbol) -> Symbol {
    Symbol::new(
        format!("{} × {}", first.text, second.text),
        format!(r"{} \times {}", first.latex, second.latex),
    )
}

/// A set whose members have numbers.
pub(super) fn numbered(name: &str, count: usize, members: &str) -> Item {
    let said = format!("the {members}, by number");
    let remark = Symbol::new(said.clone(), words(&said));
    let set = numbers(0, count as i64 - 1);
    Item::Equation(Line::new(Symbol::plain(name), set).with_remark(remark))
}

/// Consecutive whole numbers.
pub(super) fn numbers(first: i64, last: i64) -> Symbol {
    spaced(
        2 * first,
        1,
        (last - first + 1).max(0).cast_unsigned() as usize,
    )
}

/// Numbers with equal distances; the first one is given by its double.
pub(super) fn spaced(twice_first: i64, spacing: i64, count: usize) -> Symbol {
    let number = |index: usize| {
        let twice = twice_first + 2 * spacing * index as i64;
        (twice as f64 / 2.0).to_string().replace('-', "−")
    };
    let (shown, last): (Vec<_>, _) = match count {
        ..=3 => ((0..count).map(number).collect(), None),
        // The second number shows the distance, unless numbers are consecutive whole ones.
        _ if spacing == 1 && twice_first % 2 == 0 => (vec![number(0)], Some(number(count - 1))),
        _ => (vec![number(0), number(1)], Some(number(count - 1))),
    };
    let written = |dots: &str| match &last {
        None => shown.join(", "),
        Some(last) => format!("{}, {dots}, {last}", shown.join(", ")),
    };
    let (text, latex) = (written("…"), written(r"\dots").replace('−', "-"));
    Symbol::new(format!("{{{text}}}"), format!(r"\{{{latex}\}}"))
}

pub(super) fn listed(numbers: &[usize]) -> Symbol {
    let numbers: Vec<_> = numbers.iter().map(usize::to_string).collect();
    let numbers = numbers.join(", ");
    Symbol::new(format!("{{{numbers}}}"), format!(r"\{{{numbers}\}}"))
}
