//! Columns of tables: their types, and numbers from bytes.

use super::header::Header;
use crate::{Error, Result};

/// The type of the numbers of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// Truth values, `L`: read as 0 and 1.
    Bool,
    /// Integers of 8 bits without sign, `B`.
    U8,
    /// Integers of 16 bits, `I`.
    I16,
    /// Integers of 32 bits, `J`.
    I32,
    /// Integers of 64 bits, `K`.
    I64,
    /// Single precision, `E`.
    F32,
    /// Double precision, `D`.
    F64,
}

impl ColumnType {
    const ALL: [(ColumnType, u8); 7] = [
        (ColumnType::Bool, b'L'),
        (ColumnType::U8, b'B'),
        (ColumnType::I16, b'I'),
        (ColumnType::I32, b'J'),
        (ColumnType::I64, b'K'),
        (ColumnType::F32, b'E'),
        (ColumnType::F64, b'D'),
    ];

    /// The letter of the type in the key `TFORM`.
    pub(super) fn letter(self) -> char {
        let (_, letter) = ColumnType::ALL[self as usize];
        letter.into()
    }

    /// The number of bytes of a number.
    pub(super) fn size(self) -> usize {
        match self {
            ColumnType::Bool | ColumnType::U8 => 1,
            ColumnType::I16 => 2,
            ColumnType::I32 | ColumnType::F32 => 4,
            ColumnType::I64 | ColumnType::F64 => 8,
        }
    }

    /// The range of integers; `None` for other types.
    pub(super) fn range(self) -> Option<(i64, i64)> {
        match self {
            ColumnType::U8 => Some((0, u8::MAX.into())),
            ColumnType::I16 => Some((i16::MIN.into(), i16::MAX.into())),
            ColumnType::I32 => Some((i32::MIN.into(), i32::MAX.into())),
            ColumnType::I64 => Some((i64::MIN, i64::MAX)),
            ColumnType::Bool | ColumnType::F32 | ColumnType::F64 => None,
        }
    }
}

/// What the bytes of a column are.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Format {
    Numbers(ColumnType),
    /// A number as text, in a table of text.
    Text,
    /// Something else, which has this name in errors.
    Other(&'static str),
}

/// A column of a table.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// The name; empty without the key `TTYPE`.
    pub(super) name: String,
    /// The unit; empty without the key `TUNIT`.
    pub(super) unit: String,
    /// The name in errors.
    pub(super) what: String,
    /// The numbers of each row.
    pub(super) repeat: usize,
    /// The first byte within a row.
    pub(super) offset: usize,
    /// The bytes of each row.
    pub(super) len: usize,
    format: Format,
    scale: f64,
    zero: f64,
    null: Option<i64>,
    /// The text that stands for an undefined number in a table of text.
    null_text: Option<String>,
}

impl Column {
    /// Reads the keys of the column with a number, counted from 1.
    ///
    /// # Arguments
    /// * `offset` — the bytes of the columns before, in a binary table
    pub(super) fn parse(
        header: &Header,
        number: usize,
        text: bool,
        offset: usize,
    ) -> Result<Column> {
        let key = |start: &str| format!("{start}{number}");
        let of = |start: &str| {
            header
                .text(&key(start))
                .map(|t| t.unwrap_or("").to_string())
        };
        let name = of("TTYPE")?;
        let what = match name.as_str() {
            "" => format!("column {number} of HDU {}", header.hdu),
            name => format!("column {name:?} of HDU {}", header.hdu),
        };
        let Some(form) = header.text(&key("TFORM"))? else {
            let place = format!("the header of HDU {}", header.hdu);
            return Err(Error::missing(format!("key {}", key("TFORM")), place));
        };
        let refuse = |expected: &str| {
            let what = header.named(&key("TFORM"));
            Err(Error::invalid(what, format!("{form:?}"), expected))
        };
        let parsed = match text {
            true => text_form(form),
            false => binary_form(form),
        };
        let Some((repeat, format, len)) = parsed else {
            return refuse("the format of a column, such as 1024E or D");
        };
        let offset = match text {
            false => offset,
            true => match header.count(&key("TBCOL"))?.checked_sub(1) {
                Some(offset) => offset as usize,
                None => return refuse("TBCOL from 1 on"),
            },
        };
        let is_integer = matches!(format, Format::Numbers(kind) if kind.range().is_some());
        Ok(Column {
            unit: of("TUNIT")?,
            scale: header.real(&key("TSCAL"))?.unwrap_or(1.0),
            zero: header.real(&key("TZERO"))?.unwrap_or(0.0),
            // The key has no meaning for other types.
            null: match is_integer {
                true => header.integer(&key("TNULL"))?,
                false => None,
            },
            null_text: match text {
                true => header.text(&key("TNULL"))?.map(str::to_string),
                false => None,
            },
            name,
            what,
            repeat,
            offset,
            len,
            format,
        })
    }

    /// The type of the numbers.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if the column has something else than real numbers.
    pub(super) fn numbers(&self) -> Result<ColumnType> {
        match self.format {
            Format::Numbers(kind) if self.scale == 1.0 && self.zero == 0.0 => Ok(kind),
            Format::Numbers(_) | Format::Text => Ok(ColumnType::F64),
            Format::Other(found) => Err(Error::invalid(&self.what, found, "real numbers")),
        }
    }

    /// Reads the numbers of some rows. An undefined number becomes NaN.
    ///
    /// # Arguments
    /// * `rows` — whole rows of `row_len` bytes
    /// * `first` — the number of rows before, for errors
    pub(super) fn convert(
        &self,
        rows: &[u8],
        row_len: usize,
        first: usize,
        values: &mut [f64],
    ) -> Result<()> {
        let place = |index: usize| {
            let (row, entry) = (first + index / self.repeat, index % self.repeat);
            match self.repeat {
                1 => format!("{} at row {row}", self.what),
                _ => format!("{} at row {row}, entry {entry}", self.what),
            }
        };
        let kind = match self.format {
            Format::Numbers(kind) => kind,
            Format::Text => {
                return self.texts(rows, row_len, values).map_err(|(index, found)| {
                    Error::invalid(place(index), format!("{found:?}"), "a number")
                });
            }
            Format::Other(found) => {
                return Err(Error::invalid(&self.what, found, "real numbers"));
            }
        };
        let null = self.null;
        let whole = |number: i64| match Some(number) == null {
            true => f64::NAN,
            false => number as f64,
        };
        let mut cells = Cells {
            rows,
            row_len,
            offset: self.offset,
            len: self.len,
            repeat: self.repeat,
            values,
        };
        match kind {
            ColumnType::F64 => cells.fill(f64::from_be_bytes),
            ColumnType::F32 => cells.fill(|bytes| f32::from_be_bytes(bytes).into()),
            ColumnType::U8 => cells.fill(|[byte]: [u8; 1]| whole(byte.into())),
            ColumnType::I16 => cells.fill(|bytes| whole(i16::from_be_bytes(bytes).into())),
            ColumnType::I32 => cells.fill(|bytes| whole(i32::from_be_bytes(bytes).into())),
            ColumnType::Bool => {
                let mut wrong = None;
                let mut index = 0;
                cells.fill(|[byte]: [u8; 1]| {
                    if ![b'T', b'F', 0].contains(&byte) {
                        wrong.get_or_insert((index, byte));
                    }
                    index += 1;
                    match byte {
                        b'T' => 1.0,
                        b'F' => 0.0,
                        _ => f64::NAN,
                    }
                });
                if let Some((index, byte)) = wrong {
                    let expected = "a truth value, T or F";
                    return Err(Error::invalid(
                        place(index),
                        format!("the byte {byte}"),
                        expected,
                    ));
                }
            }
            ColumnType::I64 => return self.longs(cells, place),
        }
        if self.scale != 1.0 || self.zero != 0.0 {
            for value in values {
                *value = self.zero + self.scale * *value;
            }
        }
        Ok(())
    }

    /// Integers of 64 bits. A whole offset is added exactly, since it makes integers without sign of integers with sign.
    fn longs(&self, mut cells: Cells<'_>, place: impl Fn(usize) -> String) -> Result<()> {
        /// The largest offset that is added exactly.
        const LARGEST: f64 = 18_446_744_073_709_551_616.0;
        let exact = self.scale == 1.0 && self.zero.fract() == 0.0 && self.zero.abs() <= LARGEST;
        let zero = if exact { self.zero as i128 } else { 0 };
        let (mut wrong, mut index) = (None, 0);
        cells.fill(|bytes| {
            let number = i64::from_be_bytes(bytes);
            let value = i128::from(number) + zero;
            index += 1;
            match (Some(number) == self.null, exact) {
                (true, _) => f64::NAN,
                (false, false) => self.zero + self.scale * number as f64,
                (false, true) => {
                    if value as f64 as i128 != value {
                        wrong.get_or_insert((index - 1, value));
                    }
                    value as f64
                }
            }
        });
        match wrong {
            None => Ok(()),
            Some((index, value)) => Err(Error::invalid(
                place(index),
                value.to_string(),
                "an integer that double precision holds exactly, such as any up to 2^53",
            )),
        }
    }

    /// Numbers as text: the place and the text of the first that is none.
    fn texts(
        &self,
        rows: &[u8],
        row_len: usize,
        values: &mut [f64],
    ) -> std::result::Result<(), (usize, String)> {
        for (index, (row, value)) in rows.chunks_exact(row_len).zip(values).enumerate() {
            let cell = String::from_utf8_lossy(&row[self.offset..self.offset + self.len]);
            let text = cell.trim();
            if text.is_empty() || self.null_text.as_deref() == Some(text) {
                *value = f64::NAN;
                continue;
            }
            // Exponents may have the letter of Fortran. Rust also reads "inf" and "nan", which begin with letters.
            let plain = text.replace(['D', 'd'], "E");
            let number = plain.bytes().all(|byte| b"+-.Ee0123456789".contains(&byte));
            match plain.parse::<f64>() {
                Ok(parsed) if number => *value = self.zero + self.scale * parsed,
                _ => return Err((index, text.chars().take(40).collect())),
            }
        }
        Ok(())
    }
}

/// The numbers of one column in some rows, and where they go.
struct Cells<'a> {
    rows: &'a [u8],
    row_len: usize,
    offset: usize,
    len: usize,
    repeat: usize,
    values: &'a mut [f64],
}

impl Cells<'_> {
    /// Converts all numbers, row by row, in the order of the file.
    fn fill<const N: usize>(&mut self, mut convert: impl FnMut([u8; N]) -> f64) {
        let rows = self.rows.chunks_exact(self.row_len);
        for (row, values) in rows.zip(self.values.chunks_exact_mut(self.repeat)) {
            let cells = row[self.offset..self.offset + self.len].as_chunks::<N>().0;
            for (bytes, value) in cells.iter().zip(values) {
                *value = convert(*bytes);
            }
        }
    }
}

/// The numbers in each row, what they are, and the bytes of each row, from `TFORM` of a binary table: a count and a letter.
fn binary_form(form: &str) -> Option<(usize, Format, usize)> {
    let digits = form.bytes().take_while(u8::is_ascii_digit).count();
    let repeat: usize = match &form[..digits] {
        "" => 1,
        count => count.parse().ok()?,
    };
    let letter = *form.as_bytes().get(digits)?;
    let known = ColumnType::ALL.iter().find(|(_, code)| *code == letter);
    let (format, len) = match (known, letter) {
        (Some((kind, _)), _) => {
            // More text follows the letter of arrays of variable length only.
            if form.len() > digits + 1 {
                return None;
            }
            (Format::Numbers(*kind), repeat.checked_mul(kind.size())?)
        }
        (_, b'X') => (Format::Other("bits"), repeat.div_ceil(8)),
        (_, b'A') => (Format::Other("text"), repeat),
        (_, b'C') => (Format::Other("complex numbers"), repeat.checked_mul(8)?),
        (_, b'M') => (Format::Other("complex numbers"), repeat.checked_mul(16)?),
        (_, b'P') => (variable(), repeat.checked_mul(8)?),
        (_, b'Q') => (variable(), repeat.checked_mul(16)?),
        _ => return None,
    };
    Some((repeat, format, len))
}

fn variable() -> Format {
    Format::Other("arrays of variable length")
}

/// Reads `TFORM` of a table of text, a letter and a width such as `E15.7`; the result is that of a binary table.
fn text_form(form: &str) -> Option<(usize, Format, usize)> {
    let (letter, rest) = form.split_at_checked(1)?;
    let (width, decimals) = rest.split_once('.').unwrap_or((rest, "0"));
    decimals.parse::<usize>().ok()?;
    let width = width.parse().ok().filter(|&width| width > 0)?;
    let format = match letter {
        "I" | "F" | "E" | "D" => Format::Text,
        "A" => Format::Other("text"),
        _ => return None,
    };
    Some((1, format, width))
}
