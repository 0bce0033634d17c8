//! Numbers in the notation of QM9, and parts of error messages, shared by the readers.

use super::molecule::{Element, Molecule};
use crate::error::{Error, Result};

/// The largest number of atoms of a molecule that is read, because the distance of each pair is checked. QM9 has up to 29 atoms.
const MAX_ATOMS: usize = 1000;

/// The first characters of a text, for an error message.
pub(super) fn excerpt(text: &str) -> String {
    const LEN: usize = 40;
    match text.char_indices().nth(LEN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Reads a number in the notation of QM9: `-1.5`, `0.`, `1.5E-6`, `1.5*^-6`. Returns `None` for another text or a number that is not
/// finite.
pub(super) fn parse_number(text: &str) -> Option<f64> {
    let text = text.trim();
    let number: f64 = if text.contains("*^") {
        text.replacen("*^", "e", 1).parse().ok()?
    } else {
        text.parse().ok()?
    };
    number.is_finite().then_some(number)
}

/// Makes a molecule from the values in a file, after checking the number of atoms.
pub(super) fn molecule(
    id: u32,
    elements: Vec<Element>,
    positions: Vec<[f64; 3]>,
    energy: f64,
) -> Result<Molecule> {
    if elements.len() > MAX_ATOMS {
        return Err(Error::invalid(
            "number of atoms",
            elements.len(),
            format!("at most {MAX_ATOMS}"),
        ));
    }
    Molecule::new(id, elements, positions, energy)
}

/// Adds a place in the file before the subject of an error.
pub(super) fn at(place: &str, error: Error) -> Error {
    error.renamed(|what| format!("{place}, {what}"))
}
