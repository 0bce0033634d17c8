//! The xyz format and its extended form.

use super::qm9_text::{excerpt, parse_number};
use super::structure::{Structure, Structures, atomic_number};
use crate::error::{Error, Result};

/// The columns of the atoms of a frame.
struct Columns {
    species: usize,
    position: usize,
    forces: Option<usize>,
    count: usize,
}

impl Default for Columns {
    fn default() -> Self {
        Columns {
            species: 0,
            position: 1,
            forces: None,
            count: 4,
        }
    }
}

fn wrong(line: usize, message: String) -> Error {
    Error::syntax("xyz", Some(line), message)
}

/// Parses all frames of a text.
pub(super) fn parse_xyz(text: &str) -> Result<Structures> {
    let mut found = Structures::default();
    let mut lines = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line));
    while let Some((line, first)) = lines.next() {
        if first.trim().is_empty() {
            continue;
        }
        let count: usize = first
            .trim()
            .parse()
            .ok()
            .filter(|&n| n > 0)
            .ok_or_else(|| {
                wrong(
                    line,
                    format!("found {:?}, expected the number of atoms", excerpt(first)),
                )
            })?;
        let Some((comment_line, comment)) = lines.next() else {
            return Err(wrong(line + 1, "the file ends before the comment".into()));
        };
        let mut structure = Structure::default();
        let columns = parse_comment(comment, comment_line, &mut structure, &mut found)?;
        // Not allocated by `count`, which may be a mistake.
        let mut forces = Vec::new();
        for atom in 0..count {
            let Some((line, text)) = lines.next() else {
                let message = format!("the file ends after {atom} of {count} atoms");
                return Err(wrong(comment_line + atom + 1, message));
            };
            let entries: Vec<&str> = text.split_whitespace().collect();
            if entries.len() < columns.count {
                let message = format!(
                    "found {} entries, expected {}",
                    entries.len(),
                    columns.count
                );
                return Err(wrong(line, message));
            }
            if entries.len() > columns.count {
                found.note("columns after the positions that have no name are ignored");
            }
            let species = entries[columns.species];
            let number = atomic_number(species)
                .ok_or_else(|| wrong(line, format!("found element {:?}", excerpt(species))))?;
            let vector = |start: usize| -> Result<[f64; 3]> {
                let mut vector = [0.0; 3];
                for (value, text) in vector.iter_mut().zip(&entries[start..]) {
                    *value = parse_number(text).ok_or_else(|| {
                        wrong(
                            line,
                            format!("found {:?}, expected a number", excerpt(text)),
                        )
                    })?;
                }
                Ok(vector)
            };
            structure.atomic_numbers.push(number);
            structure.positions.push(vector(columns.position)?);
            if let Some(start) = columns.forces {
                forces.push(vector(start)?);
            }
        }
        structure.forces = columns.forces.map(|_| forces);
        found.structures.push(structure);
    }
    Ok(found)
}

/// Parses the second line of a frame: pairs `key=value`, or free text.
fn parse_comment(
    comment: &str,
    line: usize,
    structure: &mut Structure,
    found: &mut Structures,
) -> Result<Columns> {
    let mut columns = Columns::default();
    for (key, value) in pairs(comment) {
        match key.to_lowercase().as_str() {
            "lattice" => found.note("a lattice is ignored: atoms have no periodic images"),
            "properties" => columns = parse_columns(value, line, found)?,
            _ => {
                if let Some(number) = parse_number(value) {
                    structure.properties.insert(key.to_owned(), number);
                }
            }
        }
    }
    Ok(columns)
}

/// The pairs of a comment; values may stand in quotes or braces.
fn pairs(comment: &str) -> Vec<(&str, &str)> {
    let mut pairs = Vec::new();
    let mut rest = comment;
    while let Some(equals) = rest.find('=') {
        let (before, after) = (&rest[..equals], rest[equals + 1..].trim_start());
        let key = before.split_whitespace().next_back().unwrap_or("");
        let (value, end) = match after.chars().next() {
            Some(quote @ ('"' | '{' | '\'')) => {
                let close = if quote == '{' { '}' } else { quote };
                let length = after[1..].find(close).unwrap_or(after.len() - 1);
                (&after[1..=length], (length + 2).min(after.len()))
            }
            _ => {
                let end = after.find(char::is_whitespace).unwrap_or(after.len());
                (&after[..end], end)
            }
        };
        let key = key.trim_matches(['"', '\'']);
        if !key.is_empty() {
            pairs.push((key, value));
        }
        rest = &after[end..];
    }
    pairs
}

/// Parses `species:S:1:pos:R:3:…`.
fn parse_columns(text: &str, line: usize, found: &mut Structures) -> Result<Columns> {
    let (mut species, mut position, mut forces) = (None, None, None);
    let mut start = 0_usize;
    let parts: Vec<&str> = text.split(':').collect();
    for part in parts.chunks(3) {
        let &[name, kind, count] = part else {
            return Err(wrong(
                line,
                "Properties needs names, types and numbers".into(),
            ));
        };
        // Far more columns than a line can have.
        let count: usize = count
            .parse()
            .ok()
            .filter(|count| (1..=1000).contains(count))
            .ok_or_else(|| wrong(line, format!("found {:?} columns", excerpt(count))))?;
        match (name.to_lowercase().as_str(), kind, count) {
            ("species" | "element" | "z", _, 1) => species = Some(start),
            ("pos" | "positions", "R", 3) => position = Some(start),
            ("forces" | "force", "R", 3) => forces = Some(start),
            _ => found.note("columns beside species, positions and forces are ignored"),
        }
        start += count;
    }
    match (species, position) {
        (Some(species), Some(position)) => Ok(Columns {
            species,
            position,
            forces,
            count: start,
        }),
        _ => Err(wrong(
            line,
            "Properties has no species:S:1 and pos:R:3".into(),
        )),
    }
}
