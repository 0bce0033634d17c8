//! Tables: their columns, and the numbers of chosen columns row by row.

use super::column::Column;
use super::file::{FitsFile, not_fits};
use super::header::Header;
use crate::{Error, Result};

/// The largest number of columns, by the FITS standard.
const MOST_COLUMNS: u64 = 999;
/// The number of bytes that are read at once, or one row if that is longer.
const PART: usize = 1 << 18;

/// A table whose data are the next to be read from the file.
pub(super) struct Table {
    pub(super) header: Header,
    pub(super) columns: Vec<Column>,
    rows: usize,
    row_len: usize,
}

impl Table {
    /// Reads the description of a table from a header: a binary table, or one of text.
    pub(super) fn parse(header: Header) -> Result<Table> {
        let hdu = header.hdu;
        let kind = header.extension()?.unwrap_or("the primary HDU");
        let text = match kind {
            "BINTABLE" | "A3DTABLE" => false,
            "TABLE" => true,
            found => {
                let expected = "a table (BINTABLE or TABLE)";
                return Err(Error::invalid(format!("HDU {hdu}"), found, expected));
            }
        };
        for (key, what) in [
            ("ZIMAGE", "a compressed image"),
            ("ZTABLE", "a compressed table"),
        ] {
            if header.is_true(key) {
                let expected = "a plain table, as funpack writes it";
                return Err(Error::invalid(format!("HDU {hdu}"), what, expected));
            }
        }
        for (key, wanted) in [("BITPIX", 8), ("NAXIS", 2), ("GCOUNT", 1)] {
            match header.integer(key)? {
                Some(found) if found != wanted => {
                    let expected = format!("{wanted}, as every table has");
                    return Err(Error::invalid(header.named(key), found, expected));
                }
                _ => {}
            }
        }
        let (row_len, rows) = (header.count("NAXIS1")?, header.count("NAXIS2")?);
        let count = header.count("TFIELDS")?;
        if count > MOST_COLUMNS {
            let expected = format!("at most {MOST_COLUMNS}");
            return Err(Error::invalid(header.named("TFIELDS"), count, expected));
        }
        let size =
            |len: u64| usize::try_from(len).map_err(|_| not_fits(format!("HDU {hdu} is too long")));
        let (row_len, rows) = (size(row_len)?, size(rows)?);
        let mut columns: Vec<Column> = Vec::new();
        let mut offset = 0_usize;
        for number in 1..=count as usize {
            let column = Column::parse(&header, number, text, offset)?;
            let end = column.offset.checked_add(column.len);
            match end.filter(|&end| end <= row_len) {
                Some(end) => offset = end,
                None => {
                    let what = header.named("NAXIS1");
                    let expected = format!("the bytes of a row, more with {}", column.what);
                    return Err(Error::invalid(what, row_len, expected));
                }
            }
            columns.push(column);
        }
        if !text && offset != row_len {
            let expected = format!("{offset}, the bytes of all columns");
            return Err(Error::invalid(header.named("NAXIS1"), row_len, expected));
        }
        Ok(Table {
            header,
            columns,
            rows,
            row_len,
        })
    }

    /// The column with a name, whatever its letters' case, as a program that reads by name finds it.
    pub(super) fn named(&self, name: &str) -> Result<usize> {
        let found = self
            .columns
            .iter()
            .position(|column| column.name.eq_ignore_ascii_case(name.trim()));
        found.ok_or_else(|| {
            let names: Vec<&str> = self.columns.iter().map(|c| c.name.as_str()).collect();
            let place = format!("HDU {}, which has {}", self.header.hdu, names.join(", "));
            Error::missing(format!("column {name:?}"), place)
        })
    }

    /// How many numbers a column has in all rows.
    pub(super) fn count(&self, column: usize) -> Result<usize> {
        let column = &self.columns[column];
        column.numbers()?;
        match self.rows.checked_mul(column.repeat) {
            Some(0) => Err(Error::empty(&column.what)),
            Some(count) => Ok(count),
            None => Err(not_fits(format!("{} is too long", column.what))),
        }
    }

    /// Reads columns into slices that have [`count`](Table::count) entries each. Undefined numbers become NaN.
    pub(super) fn read_into(
        &self,
        file: &mut FitsFile,
        outputs: &mut [(usize, &mut [f64])],
    ) -> Result<()> {
        if self.rows == 0 || self.row_len == 0 {
            return Ok(());
        }
        debug_assert!((self.rows * self.row_len) as u64 <= file.data_left());
        let at_once = (PART / self.row_len).clamp(1, self.rows);
        let mut part = vec![0; at_once * self.row_len];
        let mut first = 0;
        while first < self.rows {
            let rows = at_once.min(self.rows - first);
            let part = &mut part[..rows * self.row_len];
            file.read(part)?;
            for (column, values) in &mut *outputs {
                let column = &self.columns[*column];
                let place = first * column.repeat..(first + rows) * column.repeat;
                column.convert(part, self.row_len, first, &mut values[place])?;
            }
            first += rows;
        }
        Ok(())
    }

    /// Reads whole columns; memory grows to eight bytes for each number.
    pub(super) fn read(&self, file: &mut FitsFile, columns: &[usize]) -> Result<Vec<Vec<f64>>> {
        let mut values = Vec::new();
        for &column in columns {
            values.push(zeros(&self.columns[column].what, self.count(column)?)?);
        }
        let mut outputs: Vec<(usize, &mut [f64])> = columns
            .iter()
            .zip(&mut values)
            .map(|(&column, values)| (column, values.as_mut_slice()))
            .collect();
        self.read_into(file, &mut outputs)?;
        Ok(values)
    }
}

/// Zeros, where there is memory for them.
pub(super) fn zeros(what: &str, len: usize) -> Result<Vec<f64>> {
    let array = crate::memory::zeros(what, ndarray::Ix1(len), "read fewer columns")?;
    Ok(array.into_raw_vec_and_offset().0)
}
