//! Power spectra: a table with a row for each degree and a column for each spectrum.

use std::borrow::Cow;
use std::path::Path;

use ndarray::{Array2, Axis};

use super::column::ColumnType;
use super::file::FitsFile;
use super::key::KeyValue;
use super::table::Table;
use super::writing::{OutColumn, OutTable, write_tables};
use crate::{Error, Result};

/// Power spectra, with the names that a FITS file gives them.
///
/// # Examples
/// ```
/// use haarmonic::data::fits::Spectra;
/// let spectra = Spectra::new(ndarray::Array2::zeros((4, 10)))?;
/// assert_eq!(spectra.names, ["TEMPERATURE", "GRADIENT", "CURL", "G-T"]);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Spectra {
    /// Shape `[n, L]`, degrees 0, 1, …
    pub values: Array2<f64>,
    /// The name of each spectrum, `TTYPE`.
    pub names: Vec<String>,
    /// The unit of each spectrum, `TUNIT`; empty for none.
    pub units: Vec<String>,
    /// The type of each spectrum in the file.
    pub types: Vec<ColumnType>,
    /// All keys of the header with a value. Writing leaves out those that follow from the other fields.
    pub header: Vec<(String, KeyValue)>,
}

impl Spectra {
    /// Spectra in double precision with the names of healpy, without units.
    ///
    /// # Errors
    /// [`Error::Empty`] without spectra or degrees.
    pub fn new(values: Array2<f64>) -> Result<Spectra> {
        const NAMES: [&str; 6] = ["TEMPERATURE", "GRADIENT", "CURL", "G-T", "C-T", "C-G"];
        crate::check::not_empty("spectra", values.len())?;
        let count = values.nrows();
        let name = |index: usize| match NAMES.get(index) {
            Some(name) => name.to_string(),
            None => format!("COLUMN_{}", index + 1),
        };
        Ok(Spectra {
            names: (0..count).map(name).collect(),
            units: vec![String::new(); count],
            types: vec![ColumnType::F64; count],
            header: Vec::new(),
            values,
        })
    }
}

/// Reads the power spectra of the first table of a FITS file, as `healpy.read_cl`.
///
/// # Arguments
/// * `path` — a FITS file, plain or compressed with gzip, with a binary table or a table of text (as IDL writes it); all its columns
///   have numbers, equally many
///
/// # Errors
/// [`Error::Io`] if the file cannot be read; otherwise [`Error::InFile`] around [`Error::Syntax`] (no FITS file, or one cut short),
/// [`Error::InvalidValue`] (a column with something else, or of another length), [`Error::Missing`] (no table),
/// [`Error::NotFinite`] or [`Error::OutOfMemory`].
///
/// # Examples
/// ```
/// use haarmonic::data::fits::read_spectra;
/// let spectra = read_spectra("tests/data/fits/cl.fits")?;
/// assert_eq!(spectra.values.dim(), (4, 6));
/// assert_eq!((spectra.names[3].as_str(), spectra.values[[3, 2]]), ("G-T", 3.25));
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn read_spectra(path: impl AsRef<Path>) -> Result<Spectra> {
    let path = path.as_ref();
    let file = FitsFile::open(path)?;
    read(file).map_err(|err| err.in_file(path))
}

fn read(mut file: FitsFile) -> Result<Spectra> {
    let table = Table::parse(file.go_to(1)?)?;
    let all: Vec<usize> = (0..table.columns.len()).collect();
    let hdu = table.header.hdu;
    crate::check::not_empty(&format!("columns of HDU {hdu}"), all.len())?;
    let count = table.count(0)?;
    for &column in &all {
        let found = table.count(column)?;
        if found != count {
            let what = format!("numbers in {}", table.columns[column].what);
            let expected = format!("{count}, as in the first column");
            return Err(Error::invalid(what, found, expected));
        }
    }
    let columns = table.read(&mut file, &all)?;
    for (column, values) in table.columns.iter().zip(&columns) {
        crate::check::finite(&column.what, ndarray::aview1(values))?;
    }
    let values = Array2::from_shape_vec((all.len(), count), columns.concat());
    let types = table.columns.iter().map(|column| column.numbers());
    let spectra = Spectra {
        values: values.expect("equally many numbers in all columns"),
        names: table.columns.iter().map(|c| c.name.clone()).collect(),
        units: table.columns.iter().map(|c| c.unit.clone()).collect(),
        types: types.collect::<Result<_>>()?,
        header: table.header.keys(),
    };
    file.finish()?;
    Ok(spectra)
}

/// Writes power spectra as a FITS file, as `healpy.write_cl`: whole or not at all.
///
/// # Arguments
/// * `path` — the final name, replaced if it exists; compressed with gzip if it ends in `.gz`
/// * `spectra` — finite numbers that fit the types of their columns
///
/// # Errors
/// [`Error::Empty`], [`Error::ShapeMismatch`] if names, units or types are not as many as the spectra, [`Error::NotFinite`],
/// [`Error::InvalidValue`] for a number outside the type of its column and for text that is not printable ASCII, [`Error::Io`] if
/// writing fails; an existing file then stays unchanged.
///
/// # Examples
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("cl.fits");
/// use haarmonic::data::fits::{Spectra, read_spectra, write_spectra};
/// let spectra = Spectra::new(ndarray::array![[0.0, 0.0, 1.5, 0.75]])?;
/// write_spectra(&path, &spectra)?;
/// assert_eq!(read_spectra(&path)?.values, spectra.values);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn write_spectra(path: impl AsRef<Path>, spectra: &Spectra) -> Result<()> {
    let (count, degrees) = spectra.values.dim();
    crate::check::not_empty("spectra", spectra.values.len())?;
    for (what, len) in [
        ("names of the spectra", spectra.names.len()),
        ("units of the spectra", spectra.units.len()),
        ("types of the spectra", spectra.types.len()),
    ] {
        crate::check::shape(what, &[len], &[count])?;
    }
    let values = spectra.values.as_standard_layout();
    let column = |(index, row): (usize, ndarray::ArrayView1<'_, f64>)| OutColumn {
        name: &spectra.names[index],
        unit: &spectra.units[index],
        kind: spectra.types[index],
        repeat: 1,
        values: Cow::Owned(row.to_vec()),
    };
    write_tables(
        path.as_ref(),
        &[OutTable {
            columns: values.axis_iter(Axis(0)).enumerate().map(column).collect(),
            keys: vec![
                (
                    "EXTNAME",
                    KeyValue::Text("COMPUTED POWER SPECTRUM".into()),
                    "",
                ),
                (
                    "MAX-LPOL",
                    KeyValue::Integer(degrees as i64 - 1),
                    "largest degree l",
                ),
            ],
            more: &spectra.header,
        }],
    )
}
