//! One molecule in the raw extended xyz format of QM9.

use super::molecule::{Element, Molecule};
use super::qm9_text::{at, excerpt, molecule, parse_number};
use crate::error::{Error, Result};

/// Entries of the second line: `gdb`, the number of the molecule, 15 properties.
const PROPERTIES: usize = 17;
/// Place of U0 among them.
const U0: usize = 12;

/// Reads the text of one file.
///
/// Line 1: the number of atoms n. Line 2: `gdb`, number, A, B, C, μ, α, homo, lumo, gap, r², zpve, U0, U, H, G, Cv.
/// Then n lines: element, x, y, z, charge. Then the frequencies, SMILES and InChI, which must be there (else
/// the file was cut off) and are not used.
pub(super) fn parse(text: &str) -> Result<Molecule> {
    let lines: Vec<&str> = text.lines().collect();
    let line = |number: usize| -> Result<&str> {
        lines.get(number - 1).copied().ok_or_else(|| {
            syntax(
                lines.len(),
                format!("file ends here, expected line {number}"),
            )
        })
    };
    let first = line(1)?.trim();
    let count: usize = first
        .parse()
        .ok()
        .filter(|count| *count > 0)
        .ok_or_else(|| value("line 1, number of atoms", first, "a positive integer"))?;

    let properties: Vec<&str> = line(2)?.split_whitespace().collect();
    if properties.len() != PROPERTIES || properties[0] != "gdb" {
        return Err(syntax(
            2,
            format!(
                "found {} entries starting with {:?}, expected {PROPERTIES} starting with \"gdb\"",
                properties.len(),
                excerpt(properties.first().copied().unwrap_or_default()),
            ),
        ));
    }
    let id = properties[1]
        .parse()
        .map_err(|_| value("line 2, gdb number", properties[1], "an integer"))?;
    let energy = parse_number(properties[U0])
        .ok_or_else(|| value("line 2, U0", properties[U0], "a finite number"))?;

    let mut elements = Vec::new();
    let mut positions = Vec::new();
    for atom in 0..count {
        let number = atom + 3;
        let entries: Vec<&str> = line(number)?.split_whitespace().collect();
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
    // The number of frequencies, 3n − 6 or 3n − 5, tells a wrong count of atoms from a right one.
    let last = count + 3;
    let frequencies: Vec<&str> = line(last)?.split_whitespace().collect();
    if let Some(text) = frequencies.iter().find(|text| parse_number(text).is_none()) {
        return Err(value(
            &format!("line {last}, frequencies after {count} atoms"),
            text,
            "a finite number",
        ));
    }
    line(last + 1)?;
    line(last + 2)?;
    molecule(id, elements, positions, energy).map_err(|e| at("atoms from line 3 on", e))
}

fn syntax(line: usize, message: String) -> Error {
    Error::Syntax {
        format: "QM9 xyz".into(),
        line: Some(line),
        message,
    }
}

fn value(what: &str, found: &str, expected: &str) -> Error {
    Error::InvalidValue {
        what: what.into(),
        found: format!("{:?}", excerpt(found)),
        expected: expected.into(),
    }
}
