//! The SDF format (V2000): atoms, bonds and data items.

use super::qm9_text::{excerpt, parse_number};
use super::structure::{BondOrder, Structure, Structures, atomic_number};
use crate::error::{Error, Result};

fn wrong(line: usize, message: String) -> Error {
    Error::syntax("SDF", Some(line), message)
}

/// A field of a line in fixed columns; empty beyond its end.
fn field(line: &str, start: usize, end: usize) -> &str {
    let end = end.min(line.len());
    line.get(start.min(end)..end).unwrap_or("").trim()
}

/// Parses all records of a text.
pub(super) fn parse_sdf(text: &str) -> Result<Structures> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Structures::default();
    let mut start = 0;
    while lines[start..].iter().any(|line| !line.trim().is_empty()) {
        let length = lines[start..]
            .iter()
            .position(|line| line.starts_with("$$$$"));
        let end = length.map_or(lines.len(), |length| start + length);
        let structure = parse_record(&lines[..end], start, &mut found)?;
        found.structures.push(structure);
        start = (end + 1).min(lines.len());
    }
    Ok(found)
}

/// Parses one record, which begins with three lines of header.
fn parse_record(lines: &[&str], start: usize, found: &mut Structures) -> Result<Structure> {
    let at = |index: usize| {
        lines
            .get(index)
            .copied()
            .ok_or_else(|| wrong(index + 1, "the record ends too early".into()))
    };
    let counts = at(start + 3)?;
    if counts.contains("V3000") {
        return Err(wrong(start + 4, "found V3000, expected V2000".into()));
    }
    let number = |text: &str, line: usize, what: &str| -> Result<usize> {
        text.parse()
            .map_err(|_| wrong(line, format!("found {:?}, expected {what}", excerpt(text))))
    };
    let atoms = number(field(counts, 0, 3), start + 4, "the number of atoms")?;
    let bonds = number(field(counts, 3, 6), start + 4, "the number of bonds")?;
    if atoms == 0 {
        return Err(wrong(start + 4, "a record without atoms".into()));
    }
    let mut structure = Structure::default();
    for index in start + 4..start + 4 + atoms {
        let line = at(index)?;
        let mut position = [0.0; 3];
        for (axis, value) in position.iter_mut().enumerate() {
            let text = field(line, 10 * axis, 10 * axis + 10);
            *value = parse_number(text).ok_or_else(|| {
                wrong(
                    index + 1,
                    format!("found {:?}, expected a coordinate", excerpt(text)),
                )
            })?;
        }
        let symbol = field(line, 31, 34);
        let symbol = if symbol == "D" { "H" } else { symbol };
        let element = atomic_number(symbol)
            .ok_or_else(|| wrong(index + 1, format!("found element {:?}", excerpt(symbol))))?;
        structure.positions.push(position);
        structure.atomic_numbers.push(element);
    }
    let first_bond = start + 4 + atoms;
    for index in first_bond..first_bond + bonds {
        let line = at(index)?;
        let mut ends = [0; 2];
        for (side, end) in ends.iter_mut().enumerate() {
            let atom = number(field(line, 3 * side, 3 * side + 3), index + 1, "an atom")?;
            if !(1..=atoms).contains(&atom) {
                return Err(wrong(index + 1, format!("found atom {atom} of {atoms}")));
            }
            *end = atom - 1;
        }
        let order = match number(field(line, 6, 9), index + 1, "a type of bond")? {
            1 => BondOrder::Single,
            2 => BondOrder::Double,
            3 => BondOrder::Triple,
            4 => BondOrder::Aromatic,
            other => {
                return Err(wrong(
                    index + 1,
                    format!("found a bond of type {other}, expected one from 1 to 4"),
                ));
            }
        };
        if ends[0] == ends[1] {
            return Err(wrong(index + 1, "a bond of an atom with itself".into()));
        }
        structure.bonds.push((ends, order));
    }
    parse_items(
        &lines[(first_bond + bonds).min(lines.len())..],
        &mut structure,
        found,
    );
    Ok(structure)
}

/// Takes those data items that are numbers.
fn parse_items(lines: &[&str], structure: &mut Structure, found: &mut Structures) {
    let mut lines = lines.iter();
    while let Some(line) = lines.next() {
        if line.starts_with("M  CHG") || line.starts_with("M  ISO") {
            found.note("charges and isotopes are ignored");
        }
        let Some(name) = line.strip_prefix('>').and_then(|rest| {
            let start = rest.find('<')? + 1;
            let end = rest[start..].find('>')? + start;
            Some(&rest[start..end])
        }) else {
            continue;
        };
        match lines.next().and_then(|value| parse_number(value)) {
            Some(value) => {
                structure.properties.insert(name.to_owned(), value);
            }
            None => found.note("data items that are no numbers are ignored"),
        }
    }
}
