//! Random samples of QM9: the procedure that draws a sample, and the compact file that holds it.
//!
//! The rows whose number is divisible by ten form the *design pool*. Features, depth, activation and ridge were
//! chosen by trial on molecules of the design pool. Samples are drawn from the other rows, so reported results use
//! no molecule on which a choice was made.

use std::io::Write;
use std::path::Path;

use csv::{ReaderBuilder, StringRecord};

use super::molecule::{Element, Molecule};
use super::qm9_csv::csv_error;
use super::qm9_reading::{Qm9Record, Reading};
use super::qm9_text::{self, at, excerpt, parse_number};
use super::shuffle;
use crate::error::{Error, Result};
use crate::files::reading::read_bytes;
use crate::files::text::decode;

/// Rows divisible by this number belong to the design pool.
pub const DESIGN_POOL_STRIDE: usize = 10;

/// Seed of the sample that ships with the crate.
pub const SAMPLE_SEED: u64 = 9;

/// Number of molecules in the sample that ships with the crate.
pub const SAMPLE_LEN: usize = 1340;

/// The comment at the head of the sample that ships with the crate, with its origin, draw, units and citations.
pub const SAMPLE_COMMENT: &str = "\
A random sample of QM9, from the files qm9_part1.csv to qm9_part3.csv of the Python package qm9pack 1.0.3
Draw: seed 9, rows not divisible by 10, in the order drawn (docs/data.md)
Units: positions in angstrom, u0 (internal energy at 0 K, B3LYP/6-31G(2df,p)) in hartree
Cite: R. Ramakrishnan, P. O. Dral, M. Rupp, O. A. von Lilienfeld, Sci. Data 1, 140022 (2014)
Cite: L. Ruddigkeit, R. van Deursen, L. C. Blum, J.-L. Reymond, J. Chem. Inf. Model. 52, 2864 (2012)";

/// The columns of a sample file.
pub(super) const COLUMNS: [&str; 5] = [
    "row",
    "index",
    "elements",
    "positions_angstrom",
    "u0_hartree",
];

/// The beginning of the comment that states the number of molecules.
const COUNT_KEY: &str = "# molecules: ";

/// Draws rows outside the design pool at random, without repetition.
///
/// The procedure is fixed to the bit:
///
/// 1. List the rows `r < total_rows` with `r % 10 != 0` in ascending order as `c[0..n]`.
/// 2. For `i = 0, 1, …, count − 1` draw a 64-bit word `w` and exchange `c[i]` with `c[i + ⌊w (n − i) / 2⁶⁴⌋]`.
/// 3. The sample is `c[0..count]` in this order.
///
/// The words come from ChaCha with 8 rounds, stream 0, whose key is the seed (8 bytes, little endian) followed by 24
/// zero bytes. With equal seeds, a smaller sample is the beginning of a larger one.
///
/// # Arguments
/// * `total_rows` — number of rows to draw from, [`super::qm9::QM9PACK_ROWS`] for the `qm9pack` wheel
/// * `count` — number of rows to draw
/// * `seed` — any number
///
/// # Cost and accuracy
/// O(`total_rows`) time and memory. The bias of the draw is below `total_rows` / 2⁶⁴.
///
/// # Errors
/// [`Error::InvalidValue`] if fewer than `count` rows lie outside the design pool.
///
/// # Examples
/// ```
/// use haarmonic::data::qm9_sample::sample_rows;
/// let mut rows = sample_rows(20, 18, 1)?;
/// assert_eq!(sample_rows(20, 5, 1)?, rows[..5]);
/// rows.sort();
/// assert_eq!(rows[..9], [1, 2, 3, 4, 5, 6, 7, 8, 9]); // neither 0 nor 10
/// assert!(sample_rows(20, 19, 1).is_err());
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn sample_rows(total_rows: usize, count: usize, seed: u64) -> Result<Vec<usize>> {
    let mut rows: Vec<usize> = (0..total_rows)
        .filter(|row| row % DESIGN_POOL_STRIDE != 0)
        .collect();
    if count > rows.len() {
        return Err(Error::invalid(
            "size of the sample",
            count,
            format!("at most {}, the rows outside the design pool", rows.len()),
        ));
    }
    let mut words = shuffle::generator(seed);
    for i in 0..count {
        let other = i + shuffle::below(&mut words, rows.len() - i);
        rows.swap(i, other);
    }
    rows.truncate(count);
    Ok(rows)
}

/// Writes molecules as a sample file.
///
/// The file begins with a comment that states the number of molecules. CSV follows, with the columns `row`, `index`,
/// `elements` (`CHHHH`), `positions_angstrom` (three numbers per atom, separated by blanks) and `u0_hartree`. Each
/// number has the fewest digits that read back as the `f64` itself, without a leading zero before the point.
///
/// # Arguments
/// * `out` — a buffered writer
/// * `records` — the molecules, in the order of the file
/// * `comment` — lines about the origin; each is written after a `#`
///
/// # Errors
/// [`std::io::Error`] of the writer.
///
/// # Examples
/// ```
/// use haarmonic::data::{molecule::{Element, Molecule}, qm9::Qm9Record, qm9_sample::write_sample};
/// let molecule = Molecule::new(7, vec![Element::H; 2], vec![[0.; 3], [0., -0.5, 1e-7]], -1.25)?;
/// let mut file = Vec::new();
/// write_sample(&mut file, &[Qm9Record { row: 3, molecule }], "two atoms")?;
/// let lines: Vec<_> = std::str::from_utf8(&file)?.lines().collect();
/// assert_eq!(lines[3], "3,7,HH,0 0 0 0 -.5 .0000001,-1.25");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_sample(
    mut out: impl Write,
    records: &[Qm9Record],
    comment: &str,
) -> std::io::Result<()> {
    for line in comment.lines() {
        writeln!(out, "# {line}")?;
    }
    writeln!(out, "{COUNT_KEY}{}", records.len())?;
    writeln!(out, "{}", COLUMNS.join(","))?;
    for Qm9Record { row, molecule } in records {
        let elements: String = molecule.elements().iter().map(|e| e.symbol()).collect();
        let positions: Vec<String> = molecule
            .positions()
            .iter()
            .flatten()
            .map(|x| compact(*x))
            .collect();
        writeln!(
            out,
            "{row},{},{elements},{},{}",
            molecule.id(),
            positions.join(" "),
            compact(molecule.internal_energy_0k())
        )?;
    }
    out.flush()
}

/// The shortest decimal form that reads back exactly, without the zero before the point.
fn compact(number: f64) -> String {
    let text = number.to_string();
    if let Some(rest) = text.strip_prefix("0.") {
        format!(".{rest}")
    } else if let Some(rest) = text.strip_prefix("-0.") {
        format!("-.{rest}")
    } else {
        text
    }
}

/// Streams a sample file.
pub(super) fn stream(path: &Path, reading: &mut Reading<'_>) -> Result<()> {
    let bytes = read_bytes(path)?;
    let content = decode(&bytes, "QM9 sample").map_err(|e| e.in_file(path))?;
    check_complete(&content).map_err(|e| e.in_file(path))?;
    let mut reader = ReaderBuilder::new()
        .comment(Some(b'#'))
        .from_reader(content.as_bytes());
    reader.headers().map_err(|e| csv_error(&e).in_file(path))?;
    let mut record = StringRecord::new();
    while reader
        .read_record(&mut record)
        .map_err(|e| csv_error(&e).in_file(path))?
    {
        reading.advance_to(reader.position().byte());
        let line = record.position().map_or(0, csv::Position::line);
        let row = integer(&record[0], line, COLUMNS[0]).map_err(|e| e.in_file(path))? as usize;
        if reading.selects(row) {
            let molecule = molecule(&record, line).map_err(|e| e.in_file(path))?;
            if reading.deliver(Qm9Record { row, molecule })?.is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Checks that the file holds the number of molecules that it states, and that its last line is complete.
fn check_complete(content: &str) -> Result<()> {
    let stated = content
        .lines()
        .take_while(|line| line.starts_with('#'))
        .find_map(|line| line.strip_prefix(COUNT_KEY))
        .ok_or_else(|| {
            Error::missing(
                format!("comment {:?}", format!("{COUNT_KEY}N")),
                "the first lines",
            )
        })?;
    let found = content
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .count()
        .saturating_sub(1);
    if stated.trim().parse() != Ok(found) || !content.ends_with('\n') {
        return Err(Error::syntax(
            "QM9 sample",
            Some(content.lines().count()),
            if content.ends_with('\n') {
                format!("found {found} molecules, expected {}", excerpt(stated))
            } else {
                "file ends within a line, expected a complete line".into()
            },
        ));
    }
    Ok(())
}

/// Makes a molecule of a line.
fn molecule(record: &StringRecord, line: u64) -> Result<Molecule> {
    let id = integer(&record[1], line, COLUMNS[1])?;
    let elements = record[2]
        .chars()
        .map(|symbol| {
            symbol
                .to_string()
                .parse()
                .map_err(|e| at(&format!("line {line}, column {}", COLUMNS[2]), e))
        })
        .collect::<Result<Vec<Element>>>()?;
    let coordinates = record[3]
        .split_whitespace()
        .map(|text| number(text, line, COLUMNS[3]))
        .collect::<Result<Vec<f64>>>()?;
    let (triples, rest) = coordinates.as_chunks::<3>();
    if !rest.is_empty() {
        return Err(Error::shape(
            format!("line {line}, column {}", COLUMNS[3]),
            format!("[{}, 3], three coordinates an atom", elements.len()),
            vec![coordinates.len()],
        ));
    }
    let energy = number(&record[4], line, COLUMNS[4])?;
    qm9_text::molecule(id, elements, triples.to_vec(), energy)
        .map_err(|e| at(&format!("line {line}"), e))
}

fn integer(text: &str, line: u64, column: &str) -> Result<u32> {
    text.parse().map_err(|_| {
        Error::invalid(
            format!("line {line}, column {column}"),
            format!("{:?}", excerpt(text)),
            "an integer",
        )
    })
}

fn number(text: &str, line: u64, column: &str) -> Result<f64> {
    parse_number(text).ok_or_else(|| {
        Error::invalid(
            format!("line {line}, column {column}"),
            format!("{:?}", excerpt(text)),
            "a finite number",
        )
    })
}
