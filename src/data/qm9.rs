//! Streaming QM9 from each of the forms in which it is distributed.
//!
//! | form | path | rows |
//! |------|------|------|
//! | [`Qm9Form::Xyz`] | a raw extended `.xyz` file of one molecule or several in sequence | in file order |
//! | [`Qm9Form::XyzFolder`] | a folder of raw extended `.xyz` files | in order of the file names, and within a file in file order |
//! | [`Qm9Form::Wheel`] | the wheel of the Python package `qm9pack` | in file order, part 1 to 3 |
//! | [`Qm9Form::CsvParts`] | the files `qm9_part*.csv` of `qm9pack`: one file, or the folder that holds them | in file order |
//! | [`Qm9Form::Sample`] | the crate's own compact sample, see [`super::qm9_sample`] | as recorded in the file |
//!
//! Compressed tar archives are not read; unpack them into a folder first. Hidden files (`._*`, `.DS_Store`) and files that operating
//! systems add (`Thumbs.db`, `__MACOSX`) are skipped. Text may have a byte order mark and any line ends.

use crate::error::FileOperation;
use std::collections::HashMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::arrays::{not_zip, open_zip};
use super::molecule::Molecule;
use super::qm9_reading::Reading;
use super::qm9_recognise::{WHEEL, file_len, recognise_file, recognise_folder};
use super::{qm9_csv, qm9_sample, qm9_xyz};
use crate::error::{Error, Result};
use crate::files::reading::{io_error, open, read_bytes};
use crate::files::text::decode;

pub use super::qm9_reading::{Qm9Form, Qm9Progress, Qm9Record};

/// Number of molecules in the `qm9pack` 1.0.3 wheel: the 133,885 molecules of QM9 without the 3,054 that failed the
/// consistency check of the authors of QM9.
pub const QM9PACK_ROWS: usize = 130_831;

/// A source of QM9 molecules on disk, with its recognised form.
///
/// # Examples
/// ```
/// use haarmonic::data::qm9::{Qm9Form, Qm9Source};
/// let source = Qm9Source::open("examples/data/qm9_sample.csv")?;
/// assert_eq!(source.form(), Qm9Form::Sample);
/// let records = source.read_all()?;
/// assert!(records.iter().all(|record| record.molecule.atomisation_energy() < 0.0));
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Qm9Source {
    path: PathBuf,
    form: Qm9Form,
    /// The files to read, in order; for a wheel, their names in the archive.
    parts: Vec<PathBuf>,
}

impl Qm9Source {
    /// Opens a file or folder and recognises its form by content, without reading molecules.
    ///
    /// # Arguments
    /// * `path` — a file or folder in one of the forms of the [module](self)
    ///
    /// # Errors
    /// [`Error::Io`] if the path cannot be read, [`Error::Missing`] if a folder or archive holds no part of
    /// QM9, [`Error::InvalidValue`] if a file has none of the forms.
    pub fn open(path: impl AsRef<Path>) -> Result<Qm9Source> {
        let path = path.as_ref();
        let metadata = fs::metadata(path).map_err(|e| io_error(path, FileOperation::Read, e))?;
        let (form, parts) = if metadata.is_dir() {
            recognise_folder(path)?
        } else {
            recognise_file(path)?
        };
        Ok(Qm9Source {
            path: path.to_owned(),
            form,
            parts,
        })
    }

    /// Returns the recognised form.
    pub fn form(&self) -> Qm9Form {
        self.form
    }

    /// Returns the path that was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Streams the selected molecules to `visit`, in the order of the source.
    ///
    /// The forms with `.xyz` files and samples are held in memory one file at a time, and the forms with CSV parts one line at a time.
    /// Rows that are not selected are not parsed.
    ///
    /// # Arguments
    /// * `select` — returns whether a zero-based row is wanted; called once per row, in source order
    /// * `visit` — takes a molecule; `ControlFlow::Break(())` ends the reading
    /// * `progress` — called at intervals with the progress, and once at the end
    ///
    /// # Cost and accuracy
    /// Linear in the size of the source up to the last row visited. Numbers are rounded once, to the nearest `f64`.
    ///
    /// # Errors
    /// The first error of the source, with file, line and column: [`Error::Io`], [`Error::Syntax`],
    /// [`Error::Missing`], [`Error::InvalidValue`], or an error of [`Molecule::new`]. An error of `visit` is returned unchanged.
    pub fn for_each(
        &self,
        mut select: impl FnMut(usize) -> bool,
        mut visit: impl FnMut(Qm9Record) -> Result<ControlFlow<()>>,
        mut progress: impl FnMut(Qm9Progress),
    ) -> Result<()> {
        let mut reading = Reading::new(&mut select, &mut visit, &mut progress);
        match self.form {
            Qm9Form::Xyz | Qm9Form::XyzFolder => self.read_xyz(&mut reading)?,
            Qm9Form::CsvParts => self.read_csv(&mut reading)?,
            Qm9Form::Wheel => self.read_wheel(&mut reading)?,
            Qm9Form::Sample => {
                reading.total = file_len(&self.path)?;
                qm9_sample::stream(&self.path, &mut reading)?;
            }
        }
        reading.report();
        Ok(())
    }

    /// Reads the molecules of the selected rows into memory, in the order of the source.
    ///
    /// # Arguments
    /// * `select`, `progress` — as for [`Qm9Source::for_each`]
    ///
    /// # Errors
    /// As for [`Qm9Source::for_each`].
    pub fn read_where(
        &self,
        select: impl FnMut(usize) -> bool,
        progress: impl FnMut(Qm9Progress),
    ) -> Result<Vec<Qm9Record>> {
        let mut records = Vec::new();
        self.for_each(
            select,
            |record| {
                records.push(record);
                Ok(ControlFlow::Continue(()))
            },
            progress,
        )?;
        Ok(records)
    }

    /// Reads all molecules into memory, in the order of the source.
    ///
    /// # Errors
    /// As for [`Qm9Source::for_each`].
    pub fn read_all(&self) -> Result<Vec<Qm9Record>> {
        self.read_where(|_| true, |_| ())
    }

    /// Reads the molecules of given rows, in the given order, and stops after the last of them.
    ///
    /// # Arguments
    /// * `rows` — distinct zero-based rows, in any order
    /// * `progress` — as for [`Qm9Source::for_each`]
    ///
    /// # Errors
    /// [`Error::Empty`] without rows, [`Error::InvalidValue`] if a row occurs twice, [`Error::Missing`] if the
    /// source does not hold a row, and the errors of [`Qm9Source::for_each`].
    ///
    /// # Examples
    /// ```
    /// use haarmonic::data::qm9::Qm9Source;
    /// let source = Qm9Source::open("examples/data/qm9_sample.csv")?;
    /// let first = source.read_all()?.swap_remove(0);
    /// assert_eq!(source.read_rows(&[first.row], |_| ())?, [first.molecule]);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn read_rows(
        &self,
        rows: &[usize],
        progress: impl FnMut(Qm9Progress),
    ) -> Result<Vec<Molecule>> {
        if rows.is_empty() {
            return Err(Error::empty("rows"));
        }
        // The source streams in its own order, so the place of each row among `rows` is looked up.
        let mut places = HashMap::with_capacity(rows.len());
        for (place, &row) in rows.iter().enumerate() {
            if places.insert(row, place).is_some() {
                return Err(Error::invalid(
                    "rows",
                    format!("row {row} twice"),
                    "distinct rows",
                ));
            }
        }
        let mut found: Vec<Option<Molecule>> = vec![None; rows.len()];
        let mut remaining = rows.len();
        self.for_each(
            |row| places.contains_key(&row),
            |record| {
                if let Some(&place) = places.get(&record.row) {
                    remaining -= usize::from(found[place].is_none());
                    found[place] = Some(record.molecule);
                }
                Ok(if remaining == 0 {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                })
            },
            progress,
        )?;
        found
            .into_iter()
            .zip(rows)
            .map(|(molecule, row)| {
                molecule.ok_or_else(|| {
                    Error::missing(format!("row {row}"), format!("{}", self.path.display()))
                })
            })
            .collect()
    }

    /// Counts the molecules. Every file is read, but molecules are not parsed.
    ///
    /// # Errors
    /// As for [`Qm9Source::for_each`].
    pub fn count(&self) -> Result<usize> {
        let mut count = 0;
        self.for_each(
            |_| {
                count += 1;
                false
            },
            |_| Ok(ControlFlow::Continue(())),
            |_| (),
        )?;
        Ok(count)
    }

    /// Reads one `.xyz` file or a folder of them; progress counts files.
    fn read_xyz(&self, reading: &mut Reading<'_>) -> Result<()> {
        reading.total = self.parts.len() as u64;
        for path in &self.parts {
            let bytes = read_bytes(path)?;
            let text = decode(&bytes, "QM9 xyz").map_err(|e| e.in_file(path))?;
            let lines: Vec<&str> = text.lines().collect();
            for block in qm9_xyz::blocks(&lines) {
                let block = block.map_err(|e| e.in_file(path))?;
                let Some(row) = reading.next_row() else {
                    continue;
                };
                let molecule = block.parse().map_err(|e| e.in_file(path))?;
                if reading.deliver(Qm9Record { row, molecule })?.is_break() {
                    return Ok(());
                }
            }
            if !text.ends_with('\n') {
                qm9_xyz::check_last(&lines).map_err(|e| e.in_file(path))?;
            }
            reading.advance_to(reading.done() + 1);
        }
        Ok(())
    }

    /// Reads CSV parts; progress counts bytes.
    fn read_csv(&self, reading: &mut Reading<'_>) -> Result<()> {
        for path in &self.parts {
            reading.total += file_len(path)?;
        }
        for path in &self.parts {
            let (file, _) = open(path)?;
            if qm9_csv::stream(file, path, reading)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Reads the CSV parts in a wheel; progress counts decompressed bytes.
    fn read_wheel(&self, reading: &mut Reading<'_>) -> Result<()> {
        let (mut archive, _) = open_zip(&self.path, WHEEL)?;
        let unreadable = |e| not_zip(WHEEL, &e).in_file(&self.path);
        for part in &self.parts {
            let name = part
                .to_str()
                .expect("the names were text when the archive was opened");
            let file = archive.by_name(name).map_err(unreadable)?;
            reading.total += file.size();
        }
        for part in &self.parts {
            let name = part
                .to_str()
                .expect("the names were text when the archive was opened");
            let file = archive.by_name(name).map_err(unreadable)?;
            if qm9_csv::stream(file, &self.path.join(part), reading)?.is_break() {
                break;
            }
        }
        Ok(())
    }
}
