//! Writing tables: headers, and rows of numbers in big-endian order.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;

use fitsio_pure::header::{Card, serialize_header};
use flate2::{Compression, GzBuilder};

use super::column::ColumnType;
use super::file::BLOCK;
use super::key::{KeyValue, card, is_written, printable};
use crate::data::atomic::write_atomically;
use crate::sphere::UNSEEN;
use crate::{Error, Result};

/// The number of bytes that are written at once, or one row if that is longer.
const PART: usize = 1 << 16;

/// A column to write.
pub(super) struct OutColumn<'a> {
    pub(super) name: &'a str,
    pub(super) unit: &'a str,
    pub(super) kind: ColumnType,
    /// The numbers of each row.
    pub(super) repeat: usize,
    /// All numbers, row by row.
    pub(super) values: Cow<'a, [f64]>,
}

/// A table to write.
pub(super) struct OutTable<'a> {
    pub(super) columns: Vec<OutColumn<'a>>,
    /// Keys with comments.
    pub(super) keys: Vec<(&'static str, KeyValue, &'static str)>,
    /// Keys of a caller. Those that describe a table are left out.
    pub(super) more: &'a [(String, KeyValue)],
}

impl OutColumn<'_> {
    /// Refuses numbers that the type does not hold.
    ///
    /// # Returns
    /// The integer that stands for undefined numbers, if there are any in a column of integers.
    fn check(&self) -> Result<Option<i64>> {
        let what = format!("column {:?} to write", self.name);
        printable(&what, self.name)?;
        printable(&format!("unit of {what}"), self.unit)?;
        let refuse = |index: usize, expected: String| {
            let found = self.values[index];
            Err(Error::invalid(
                format!("{what}, entry {index}"),
                found,
                expected,
            ))
        };
        let first = |wrong: &dyn Fn(f64) -> bool| self.values.iter().position(|&x| wrong(x));
        if let Some(index) = first(&|x| !x.is_finite()) {
            return Err(Error::not_finite(what, [index]));
        }
        let Some((least, most)) = self.kind.range() else {
            let wrong = match self.kind {
                ColumnType::F32 => first(&|x| (x as f32).is_infinite()),
                ColumnType::Bool => first(&|x| ![0.0, 1.0, UNSEEN].contains(&x)),
                _ => None,
            };
            return match (wrong, self.kind) {
                (None, _) => Ok(None),
                (Some(index), ColumnType::Bool) => refuse(index, "0 or 1".into()),
                (Some(index), _) => refuse(index, "a number of single precision".into()),
            };
        };
        // 2^63 rounds up in double precision, so that the upper bound is exclusive.
        let (low, end) = (least as f64, most as f64 + 1.0);
        let wrong = |x: f64| x != UNSEEN && !(x >= low && x < end && x.fract() == 0.0);
        if let Some(index) = first(&wrong) {
            return refuse(index, format!("a whole number from {least} to {most}"));
        }
        if first(&|x| x == UNSEEN).is_none() {
            return Ok(None);
        }
        // The most remote number, unless the column has it.
        let null = if least < 0 { least } else { most };
        match first(&|x| x == null as f64) {
            None => Ok(Some(null)),
            Some(index) => refuse(index, format!("another number, since {null} marks UNSEEN")),
        }
    }

    fn len(&self) -> usize {
        self.repeat * self.kind.size()
    }

    /// Writes the numbers of some rows into their places.
    fn fill(&self, rows: &mut [u8], row_len: usize, offset: usize, first: usize, null: i64) {
        let values = &self.values[first * self.repeat..];
        let whole = |x: f64| if x == UNSEEN { null } else { x as i64 };
        let mut cells = Cells {
            rows,
            row_len,
            place: offset..offset + self.len(),
            repeat: self.repeat,
            values,
        };
        match self.kind {
            ColumnType::F64 => cells.fill(f64::to_be_bytes),
            ColumnType::F32 => cells.fill(|x| (x as f32).to_be_bytes()),
            ColumnType::I64 => cells.fill(|x| whole(x).to_be_bytes()),
            ColumnType::I32 => cells.fill(|x| (whole(x) as i32).to_be_bytes()),
            ColumnType::I16 => cells.fill(|x| (whole(x) as i16).to_be_bytes()),
            ColumnType::U8 => cells.fill(|x| [whole(x) as u8]),
            ColumnType::Bool => cells.fill(|x| match x {
                UNSEEN => [0],
                0.0 => *b"F",
                _ => *b"T",
            }),
        }
    }
}

/// The places of the numbers of one column in some rows.
struct Cells<'a> {
    rows: &'a mut [u8],
    row_len: usize,
    place: std::ops::Range<usize>,
    repeat: usize,
    values: &'a [f64],
}

impl Cells<'_> {
    fn fill<const N: usize>(&mut self, bytes: impl Fn(f64) -> [u8; N]) {
        let values = self.values.chunks_exact(self.repeat);
        for (row, values) in self.rows.chunks_exact_mut(self.row_len).zip(values) {
            let cells = row[self.place.clone()].as_chunks_mut::<N>().0;
            for (cell, &value) in cells.iter_mut().zip(values) {
                *cell = bytes(value);
            }
        }
    }
}

/// A table whose numbers fit its columns, with its header.
struct Checked<'a> {
    table: &'a OutTable<'a>,
    header: Vec<u8>,
    nulls: Vec<i64>,
    rows: usize,
    row_len: usize,
}

impl<'a> Checked<'a> {
    fn new(table: &'a OutTable<'a>) -> Result<Checked<'a>> {
        let columns = &table.columns;
        let rows = columns[0].values.len() / columns[0].repeat;
        let row_len = columns.iter().map(OutColumn::len).sum();
        let mut nulls = Vec::new();
        let integer = |number: usize| KeyValue::Integer(number as i64);
        let text = |text: &str| KeyValue::Text(text.into());
        let mut cards = vec![
            card("XTENSION", &text("BINTABLE"), "binary table")?,
            card("BITPIX", &integer(8), "")?,
            card("NAXIS", &integer(2), "")?,
            card("NAXIS1", &integer(row_len), "bytes of a row")?,
            card("NAXIS2", &integer(rows), "number of rows")?,
            card("PCOUNT", &integer(0), "")?,
            card("GCOUNT", &integer(1), "")?,
            card("TFIELDS", &integer(columns.len()), "number of columns")?,
        ];
        for (number, column) in (1..).zip(columns) {
            debug_assert_eq!(column.values.len(), rows * column.repeat);
            let null = column.check()?;
            let mut push = |start: &str, value: KeyValue| -> Result<()> {
                cards.push(card(&format!("{start}{number}"), &value, "")?);
                Ok(())
            };
            push("TTYPE", text(column.name))?;
            let form = match column.repeat {
                1 => column.kind.letter().to_string(),
                repeat => format!("{repeat}{}", column.kind.letter()),
            };
            push("TFORM", KeyValue::Text(form))?;
            if !column.unit.is_empty() {
                push("TUNIT", text(column.unit))?;
            }
            if let Some(null) = null {
                push("TNULL", KeyValue::Integer(null))?;
            }
            nulls.push(null.unwrap_or(0));
        }
        for (key, value, comment) in &table.keys {
            cards.push(card(key, value, comment)?);
        }
        for (key, value) in table.more {
            let taken = table.keys.iter().any(|(own, ..)| own == key);
            if !is_written(key) && !taken {
                cards.push(card(key, value, "")?);
            }
        }
        Ok(Checked {
            table,
            header: header(&cards)?,
            nulls,
            rows,
            row_len,
        })
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&self.header)?;
        let at_once = (PART / self.row_len).clamp(1, self.rows.max(1));
        let mut part = vec![0; at_once * self.row_len];
        let mut first = 0;
        while first < self.rows {
            let rows = at_once.min(self.rows - first);
            let part = &mut part[..rows * self.row_len];
            let mut offset = 0;
            for (column, &null) in self.table.columns.iter().zip(&self.nulls) {
                column.fill(part, self.row_len, offset, first, null);
                offset += column.len();
            }
            out.write_all(part)?;
            first += rows;
        }
        let len = self.rows * self.row_len;
        out.write_all(&vec![0; len.next_multiple_of(BLOCK) - len])
    }
}

fn header(cards: &[Card]) -> Result<Vec<u8>> {
    serialize_header(cards).map_err(|error| Error::backend("fitsio-pure", error))
}

/// Writes a file of tables after a primary HDU without data, whole or not at all; compressed if the name ends in `.gz`.
pub(super) fn write_tables(path: &Path, tables: &[OutTable<'_>]) -> Result<()> {
    let flag = KeyValue::Flag(true);
    let primary = header(&[
        card("SIMPLE", &flag, "conforms to FITS")?,
        card("BITPIX", &KeyValue::Integer(8), "")?,
        card("NAXIS", &KeyValue::Integer(0), "no data here")?,
        card("EXTEND", &flag, "tables follow")?,
    ])?;
    let tables: Vec<Checked> = tables.iter().map(Checked::new).collect::<Result<_>>()?;
    let write = |out: &mut dyn Write| -> io::Result<()> {
        out.write_all(&primary)?;
        tables.iter().try_for_each(|table| table.write(out))
    };
    let compress = path.extension().is_some_and(|end| end == "gz");
    write_atomically(path, |out| match compress {
        false => write(out),
        true => {
            let mut out = GzBuilder::new().write(out, Compression::default());
            write(&mut out)?;
            out.finish().map(drop)
        }
    })
}
