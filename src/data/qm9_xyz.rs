//! Reading molecules in the raw extended xyz format of QM9.

use super::molecule::{Element, Molecule};
use super::qm9_text::{at, excerpt, molecule, parse_number};
use crate::error::{Error, Result};

/// The number of entries of the second line: `gdb`, the number of the molecule, and 15 properties.
const PROPERTIES: usize = 17;
/// The index of U0 among the entries of the second line.
const U0: usize = 12;

/// The number of lines of a molecule beside its atoms: number of atoms, properties, frequencies, SMILES, InChI.
const OTHER_LINES: usize = 5;

/// The lines of one molecule.
pub(super) struct Block<'a> {
    /// The lines, fewer than expected if the file ends within the molecule.
    lines: &'a [&'a str],
    /// The number of lines of the file before the molecule.
    before: usize,
}

/// Divides the lines of a file into molecules; blank lines may stand between and after molecules.
///
/// Only the numbers of atoms are parsed. The iterator ends after the first error.
pub(super) fn blocks<'a>(lines: &'a [&'a str]) -> impl Iterator<Item = Result<Block<'a>>> {
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let from = next?;
        // Blank lines before the first molecule are not skipped: it must begin on the first line.
        let before = match lines[from..]
            .iter()
            .position(|line| !line.trim().is_empty())
        {
            Some(blank) if from > 0 => from + blank,
            None if from > 0 => return None,
            _ => from,
        };
        let rest = &lines[before..];
        let count = match atom_count(rest.first().copied(), before) {
            Ok(count) => count,
            Err(error) => {
                next = None;
                return Some(Err(error));
            }
        };
        let len = count.saturating_add(OTHER_LINES).min(rest.len());
        next = Some(before + len);
        Some(Ok(Block {
            lines: &rest[..len],
            before,
        }))
    })
}

/// Refuses a last line without a line end, unless its two names are equal and so cannot have been cut.
///
/// The last line of a molecule holds two InChI names, which are equal for nearly all molecules.
pub(super) fn check_last(lines: &[&str]) -> Result<()> {
    let mut names = lines.last().map_or("", |line| line).split_whitespace();
    match (names.next(), names.next()) {
        (Some(first), Some(second)) if first == second => Ok(()),
        _ => Err(syntax(
            lines.len(),
            "file ends within a line, expected a complete line".into(),
        )),
    }
}

/// Reads the number of atoms with which a molecule begins.
fn atom_count(line: Option<&str>, before: usize) -> Result<usize> {
    let number = before + 1;
    let Some(line) = line else {
        return Err(syntax(
            before,
            format!("file ends here, expected line {number}"),
        ));
    };
    let count = line.trim().parse().ok().filter(|count| *count > 0);
    count.ok_or_else(|| {
        let expected = match before {
            0 => "a positive integer",
            _ => "a positive integer with which another molecule begins, or the end of the file",
        };
        value(
            &format!("line {number}, number of atoms"),
            line.trim(),
            expected,
        )
    })
}

impl Block<'_> {
    /// Parses the molecule.
    ///
    /// | lines | content |
    /// |-------|---------|
    /// | 1 | the number of atoms n |
    /// | 2 | `gdb`, number, A, B, C, μ, α, homo, lumo, gap, r², zpve, U0, U, H, G, Cv |
    /// | n | element, x, y, z, charge |
    /// | 3 | the frequencies, SMILES and InChI, which must be present and are not used |
    pub(super) fn parse(&self) -> Result<Molecule> {
        parse(self.lines, self.before)
    }
}

/// Parses the lines of a molecule; `before` lines of the file come before them.
fn parse(lines: &[&str], before: usize) -> Result<Molecule> {
    let line = |number: usize| -> Result<&str> {
        lines.get(number - 1).copied().ok_or_else(|| {
            syntax(
                before + lines.len(),
                format!("file ends here, expected line {}", before + number),
            )
        })
    };
    let count = atom_count(lines.first().copied(), before)?;
    let properties: Vec<&str> = line(2)?.split_whitespace().collect();
    if properties.len() != PROPERTIES || properties[0] != "gdb" {
        return Err(syntax(
            before + 2,
            format!(
                "found {} entries starting with {:?}, expected {PROPERTIES} starting with \"gdb\"",
                properties.len(),
                excerpt(properties.first().copied().unwrap_or_default()),
            ),
        ));
    }
    let second = before + 2;
    let id = properties[1].parse().map_err(|_| {
        let what = format!("line {second}, gdb number");
        value(&what, properties[1], "an integer")
    })?;
    let energy = parse_number(properties[U0]).ok_or_else(|| {
        let what = format!("line {second}, U0");
        value(&what, properties[U0], "a finite number")
    })?;

    let mut elements = Vec::new();
    let mut positions = Vec::new();
    for atom in 0..count {
        let entries: Vec<&str> = line(atom + 3)?.split_whitespace().collect();
        let number = before + atom + 3;
        if entries.len() != 5 {
            return Err(syntax(
                number,
                format!(
                    "found {} entries, expected element, x, y, z, charge of atom {} of {count}",
                    entries.len(),
                    atom + 1
                ),
            ));
        }
        let element: Element = entries[0]
            .parse()
            .map_err(|e| at(&format!("line {number}"), e))?;
        let mut numbers = [0.0; 4];
        for ((slot, text), name) in numbers
            .iter_mut()
            .zip(&entries[1..])
            .zip(["x", "y", "z", "charge"])
        {
            *slot = parse_number(text)
                .ok_or_else(|| value(&format!("line {number}, {name}"), text, "a finite number"))?;
        }
        elements.push(element);
        positions.push([numbers[0], numbers[1], numbers[2]]);
    }
    // If the stated number of atoms is too small, the line of an atom stands in place of the frequencies. It begins with a symbol,
    // which is not a number.
    let last = count + 3;
    let frequencies: Vec<&str> = line(last)?.split_whitespace().collect();
    if let Some(text) = frequencies.iter().find(|text| parse_number(text).is_none()) {
        return Err(value(
            &format!("line {}, frequencies after {count} atoms", before + last),
            text,
            "a finite number",
        ));
    }
    line(last + 1)?;
    line(last + 2)?;
    molecule(id, elements, positions, energy)
        .map_err(|e| at(&format!("atoms from line {} on", before + 3), e))
}

fn syntax(line: usize, message: String) -> Error {
    Error::syntax("QM9 xyz", Some(line), message)
}

fn value(what: &str, found: &str, expected: &str) -> Error {
    Error::invalid(what, format!("{:?}", excerpt(found)), expected)
}
