//! Reading curves from the columns of a table.

use std::path::Path;

use haarmonic::data::atomic::read_text;
use haarmonic::{Error, Result};

/// The largest number of bytes of a table.
const LARGEST: u64 = 256 << 20;

/// A table with a header.
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// One curve of a table, with one entry per point.
pub struct Series {
    pub name: String,
    pub sizes: Vec<f64>,
    pub mean: Vec<f64>,
    pub error: Vec<f64>,
}

impl Table {
    /// Reads a CSV file whose first line is the header.
    pub fn read(path: &Path) -> Result<Table> {
        let text = read_text(path, "CSV", LARGEST)?;
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let wrong = |error: csv::Error| {
            Error::syntax(
                "CSV",
                error.position().map(|at| at.line() as usize),
                error.to_string(),
            )
            .in_file(path)
        };
        let cells = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect();
        let header = cells(reader.headers().map_err(wrong)?);
        let rows = reader
            .records()
            .map(|record| record.map(|record| cells(&record)))
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(wrong)?;
        Ok(Table { header, rows })
    }

    /// Returns the first of the given column names that the table has, or else the name of its first column.
    pub fn first_of(&self, names: &[&str]) -> String {
        let known = names
            .iter()
            .find(|name| self.header.iter().any(|own| own == *name));
        match (known, self.header.first()) {
            (Some(name), _) => (*name).to_owned(),
            (None, first) => first.cloned().unwrap_or_default(),
        }
    }

    /// Returns the curves in the order in which they first occur.
    ///
    /// # Arguments
    /// * `[x, y]`, `error` — columns of numbers; an empty error counts as 0
    /// * `by` — columns whose values distinguish curves
    /// * `only` — conditions `COLUMN=VALUE`, which a row must all satisfy
    ///
    /// # Errors
    /// [`Error::Missing`] for an unknown column, [`Error::InvalidValue`] for a condition without `=`, an entry that is not a finite
    /// number, or a place that occurs twice on a curve, [`Error::Empty`] if no row satisfies the conditions.
    pub fn series(
        &self,
        [x, y]: [&str; 2],
        error: Option<&str>,
        by: &[String],
        only: &[String],
    ) -> Result<Vec<Series>> {
        let [x, y] = [self.column(x)?, self.column(y)?];
        let error = error.map(|name| self.column(name)).transpose()?;
        let by = by
            .iter()
            .map(|name| self.column(name))
            .collect::<Result<Vec<_>>>()?;
        let only = only
            .iter()
            .map(|condition| {
                let Some((name, value)) = condition.split_once('=') else {
                    return Err(Error::invalid("--only", condition.clone(), "COLUMN=VALUE"));
                };
                Ok((self.column(name)?, value))
            })
            .collect::<Result<Vec<_>>>()?;
        let mut curves: Vec<Series> = Vec::new();
        for (index, row) in self.rows.iter().enumerate() {
            if only.iter().any(|(column, value)| row[*column] != *value) {
                continue;
            }
            let names: Vec<&str> = by.iter().map(|&column| row[column].as_str()).collect();
            let name = names.join(", ");
            let number = |column: usize| self.number(index, column);
            let point = [number(x)?, number(y)?];
            let error = match error {
                Some(column) if !row[column].is_empty() => number(column)?,
                _ => 0.0,
            };
            let place = curves.iter().position(|curve| curve.name == name);
            let place = place.unwrap_or_else(|| {
                curves.push(Series {
                    name,
                    sizes: Vec::new(),
                    mean: Vec::new(),
                    error: Vec::new(),
                });
                curves.len() - 1
            });
            let curve = &mut curves[place];
            if curve.sizes.contains(&point[0]) {
                return Err(Error::invalid(
                    format!("{} of row {}", self.header[x], index + 1),
                    format!(
                        "{} a second time on one curve",
                        haarmonic::error::number(point[0])
                    ),
                    format!(
                        "each once; columns for --by or --only: {}",
                        self.header.join(", ")
                    ),
                ));
            }
            curve.sizes.push(point[0]);
            curve.mean.push(point[1]);
            curve.error.push(error);
        }
        if curves.is_empty() {
            return Err(Error::empty("rows of the table that are asked for"));
        }
        Ok(curves)
    }

    /// The index of a column.
    fn column(&self, name: &str) -> Result<usize> {
        let found = self.header.iter().position(|own| own == name);
        found.ok_or_else(|| {
            Error::missing(
                format!("column `{name}`"),
                format!("the table, which has {}", self.header.join(", ")),
            )
        })
    }

    /// The finite number in an entry.
    fn number(&self, row: usize, column: usize) -> Result<f64> {
        let text = &self.rows[row][column];
        let number = text
            .trim()
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite());
        number.ok_or_else(|| {
            Error::invalid(
                format!("{} of row {}", self.header[column], row + 1),
                format!("{text:?}"),
                "a finite number",
            )
        })
    }
}
