//! Reading the CSV parts of the Python package `qm9pack`.

use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder};

use super::molecule::{Element, Molecule};
use super::qm9_reading::{Qm9Record, Reading};
use super::qm9_text::{at, excerpt, molecule, parse_number};
use crate::error::{Error, Result};

pub(super) const INDEX: &str = "Index";
pub(super) const ELEMENTS: &str = "Elements";
pub(super) const POSITIONS: &str = "XYZ_Ang";
pub(super) const ENERGY: &str = "InternalEnergy_0K_au";

/// Streams one part; errors of the part name `path`.
pub(super) fn stream(
    text: impl Read,
    path: &Path,
    reading: &mut Reading<'_>,
) -> Result<ControlFlow<()>> {
    stream_part(text, reading).map_err(|e| match e {
        Located::Here(e) => e.in_file(path),
        Located::Visitor(e) => e,
    })
}

/// An error with its source.
enum Located {
    /// An error of the file, to which its path is added.
    Here(Error),
    /// An error of the caller's visitor, which is returned unchanged.
    Visitor(Error),
}

/// Streams one part line by line.
fn stream_part(
    text: impl Read,
    reading: &mut Reading<'_>,
) -> std::result::Result<ControlFlow<()>, Located> {
    let start = reading.done();
    let mut reader = ReaderBuilder::new()
        .buffer_capacity(1 << 16)
        .from_reader(Ended { text, last: b'\n' });
    let columns = Columns::find(
        reader
            .byte_headers()
            .map_err(|e| Located::Here(csv_error(&e)))?,
    )
    .map_err(Located::Here)?;
    let mut record = ByteRecord::new();
    while reader
        .read_byte_record(&mut record)
        .map_err(|e| Located::Here(csv_error(&e)))?
    {
        reading.advance_to(start + reader.position().byte());
        if let Some(row) = reading.next_row() {
            let line = record.position().map_or(0, csv::Position::line);
            let molecule = columns.molecule(&record, line).map_err(Located::Here)?;
            let flow = reading
                .deliver(Qm9Record { row, molecule })
                .map_err(Located::Visitor)?;
            if flow.is_break() {
                return Ok(flow);
            }
        }
    }
    reading.advance_to(start + reader.position().byte());
    // Without a line end, a number in the last column may have been cut.
    if !matches!(reader.get_ref().last, b'\n' | b'\r') {
        return Err(Located::Here(Error::syntax(
            "CSV",
            Some(reader.position().line() as usize),
            "file ends within a line, expected a complete line",
        )));
    }
    Ok(ControlFlow::Continue(()))
}

/// A reader that remembers the last byte it has read.
struct Ended<R> {
    text: R,
    last: u8,
}

impl<R: Read> Read for Ended<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let len = self.text.read(buffer)?;
        if let Some(&last) = buffer[..len].last() {
            self.last = last;
        }
        Ok(len)
    }
}

/// The indices of the columns that are read.
struct Columns {
    index: usize,
    elements: usize,
    positions: usize,
    energy: usize,
}

impl Columns {
    /// Finds the columns by the names in the header.
    fn find(header: &ByteRecord) -> Result<Columns> {
        let find = |name: &str| {
            header
                .iter()
                .position(|column| column == name.as_bytes())
                .ok_or_else(|| {
                    Error::missing(
                        format!("column {name}"),
                        format!("the header (line 1, {} columns)", header.len()),
                    )
                })
        };
        Ok(Columns {
            index: find(INDEX)?,
            elements: find(ELEMENTS)?,
            positions: find(POSITIONS)?,
            energy: find(ENERGY)?,
        })
    }

    /// Makes a molecule of a line.
    fn molecule(&self, record: &ByteRecord, line: u64) -> Result<Molecule> {
        let field = |column: usize, name: &str| {
            std::str::from_utf8(&record[column])
                .map_err(|_| value(line, name, "bytes that are not UTF-8", "text"))
        };
        let index = field(self.index, INDEX)?;
        let id = index
            .trim()
            .parse()
            .map_err(|_| value(line, INDEX, index, "an integer"))?;
        let energy = field(self.energy, ENERGY)?;
        let energy =
            parse_number(energy).ok_or_else(|| value(line, ENERGY, energy, "a finite number"))?;
        let elements = parse_elements(field(self.elements, ELEMENTS)?, line)?;
        let positions = parse_positions(field(self.positions, POSITIONS)?, line)?;
        molecule(id, elements, positions, energy).map_err(|e| at(&format!("line {line}"), e))
    }
}

/// Reads a list of elements such as `['C','H']`.
fn parse_elements(text: &str, line: u64) -> Result<Vec<Element>> {
    let inner = text
        .trim()
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .ok_or_else(|| value(line, ELEMENTS, text, "a list such as ['C','H']"))?;
    if inner.trim().is_empty() {
        return Ok(Vec::new());
    }
    inner
        .split(',')
        .map(|entry| {
            entry
                .trim()
                .trim_matches(['\'', '"'])
                .parse()
                .map_err(|e| at(&format!("line {line}, column {ELEMENTS}"), e))
        })
        .collect()
}

/// Reads a list of positions such as `[[x,y,z],[x,y,z]]`.
fn parse_positions(text: &str, line: u64) -> Result<Vec<[f64; 3]>> {
    let malformed = || value(line, POSITIONS, text, "a list such as [[x,y,z],[x,y,z]]");
    let mut rest = text
        .trim()
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .ok_or_else(malformed)?
        .trim();
    let mut positions = Vec::new();
    while !rest.is_empty() {
        let (triple, tail) = rest
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'))
            .ok_or_else(malformed)?;
        let mut position = [0.0; 3];
        let mut entries = triple.split(',');
        for slot in &mut position {
            let entry = entries.next().ok_or_else(|| {
                value(line, POSITIONS, &format!("[{triple}]"), "three coordinates")
            })?;
            *slot = parse_number(entry).ok_or_else(|| {
                let name = format!("{POSITIONS}, atom {}", positions.len() + 1);
                value(line, &name, entry, "a finite number")
            })?;
        }
        if entries.next().is_some() {
            return Err(value(
                line,
                POSITIONS,
                &format!("[{triple}]"),
                "three coordinates",
            ));
        }
        positions.push(position);
        let tail = tail.trim_start();
        rest = match tail.strip_prefix(',') {
            Some(more) if more.trim_start().starts_with('[') => more.trim_start(),
            Some(_) => return Err(malformed()),
            None if tail.is_empty() => tail,
            None => return Err(malformed()),
        };
    }
    Ok(positions)
}

/// The error for a wrong value in a column.
fn value(line: u64, column: &str, found: &str, expected: &str) -> Error {
    Error::invalid(
        format!("line {line}, column {column}"),
        format!("{:?}", excerpt(found)),
        expected,
    )
}

/// The error for lines with a wrong number of columns, or for a stream that ends early.
pub(super) fn csv_error(error: &csv::Error) -> Error {
    let line = error.position().map(|p| p.line() as usize);
    let message = match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("found {len} columns, expected {expected_len}; is the file cut off?"),
        csv::ErrorKind::Io(e) => format!("cannot read on: {e}"),
        _ => error.to_string(),
    };
    Error::syntax("CSV", line, message)
}
