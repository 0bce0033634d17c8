//! Reading maps: pixels in order, or listed with their numbers.

use std::path::Path;

use ndarray::{Array2, ArrayViewMut2, Axis, Ix2};

use super::file::FitsFile;
use super::header::Header;
use super::map::{LARGEST_NSIDE, Map, nside_of};
use super::seen::Seen;
use super::table::Table;
use crate::sphere::PixelOrder;
use crate::sphere::UNSEEN;
use crate::{Error, Result};

/// The largest relative distance from a mark of undefined pixels at which a number counts as the mark; the tolerance of healpy.
const TOLERANCE: f64 = 1e-5;

/// A column of a table, by place or by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnChoice {
    /// The place, counted from 0 and without the column of pixel numbers.
    Index(usize),
    /// The name, in letters of either case.
    Name(String),
}

/// What to read of a file of maps. The default is what [`read_map`] reads.
///
/// # Examples
/// ```
/// use haarmonic::data::fits::{ColumnChoice, MapChoice, read_map_with};
/// let polarisation = MapChoice {
///     columns: Some(vec![ColumnChoice::Index(1), ColumnChoice::Name("U_POLARISATION".into())]),
///     ..MapChoice::default()
/// };
/// let map = read_map_with("tests/data/fits/iqu_nside2.fits", &polarisation)?;
/// assert_eq!(map.names, ["Q_POLARISATION", "U_POLARISATION"]);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct MapChoice {
    /// The HDU, counted from 0 for the primary one; 1 is the default.
    pub hdu: usize,
    /// The columns in this order; all unless given.
    pub columns: Option<Vec<ColumnChoice>>,
    /// Whether the first column has the numbers of the pixels if the header does not say so.
    pub explicit: bool,
    /// The order into which the pixels are brought; that of the file unless given.
    pub ordering: Option<PixelOrder>,
}

impl Default for MapChoice {
    fn default() -> MapChoice {
        MapChoice {
            hdu: 1,
            columns: None,
            explicit: false,
            ordering: None,
        }
    }
}

/// Reads all maps of the first table of a FITS file, as `healpy.read_map` with `field=None` and `nest=None`.
///
/// # Arguments
/// * `path` — a FITS file, plain or compressed with gzip
///
/// # Returns
/// The columns in double precision, in the order of pixels of the file. In files of a part of the sky (`INDXSCHM = 'EXPLICIT'` or
/// `OBJECT = 'PARTIAL'`), pixels that are not listed are [`UNSEEN`]. Undefined pixels are [`UNSEEN`], too: NaN, integers equal to
/// `TNULL`, truth values that are neither `T` nor `F`, and numbers within 1e-5 of [`UNSEEN`] or of the key `BAD_DATA`. Scales
/// (`TSCAL`, `TZERO`) are applied.
///
/// Without `NSIDE` the resolution follows from the number of pixels, and without `ORDERING` the order is RING, as in healpy.
///
/// # Errors
/// [`Error::Io`] if the file cannot be read; otherwise [`Error::InFile`] around [`Error::Syntax`] (no FITS file, or one cut short),
/// [`Error::InvalidValue`] (a key or a column with an unexpected value, a pixel listed twice or outside the sphere, an integer that
/// no `f64` equals), [`Error::Missing`] (an absent HDU, key or column), [`Error::NotFinite`] (infinite pixels) or
/// [`Error::OutOfMemory`].
///
/// # Cost
/// One pass over the file; eight bytes of memory for each pixel of the result.
///
/// # Examples
/// ```
/// use haarmonic::data::fits::{PixelOrder, read_map};
/// let map = read_map("tests/data/fits/iqu_nside2.fits")?;
/// assert_eq!((map.nside, map.ordering), (2, PixelOrder::Ring));
/// assert_eq!((map.columns.dim(), map.columns[[0, 5]]), ((3, 48), 0.625));
/// assert_eq!((map.units[0].as_str(), map.coordinates.as_deref()), ("K", Some("G")));
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// FITS40, §7.3; Gorski05 for the grid.
pub fn read_map(path: impl AsRef<Path>) -> Result<Map> {
    read_map_with(path, &MapChoice::default())
}

/// Reads chosen maps of a FITS file; otherwise as [`read_map`].
///
/// # Errors
/// As [`read_map`]; [`Error::InvalidValue`] if the pixels have another order than the chosen one.
pub fn read_map_with(path: impl AsRef<Path>, choice: &MapChoice) -> Result<Map> {
    let path = path.as_ref();
    let file = FitsFile::open(path)?;
    read(file, choice).map_err(|err| err.in_file(path))
}

fn read(mut file: FitsFile, choice: &MapChoice) -> Result<Map> {
    let header = file.go_to(choice.hdu)?;
    let table = Table::parse(header)?;
    let header = &table.header;
    if let Some(kind) = header.text("PIXTYPE")?
        && kind != "HEALPIX"
    {
        return Err(Error::invalid(header.named("PIXTYPE"), kind, "HEALPIX"));
    }
    let explicit = is_explicit(header, choice.explicit)?;
    let chosen = columns(&table, choice.columns.as_deref(), explicit)?;
    let nside = nside(&table, explicit)?;
    let ordering = ordering(header, nside)?;
    let pixels = 12 * nside * nside;
    let what = format!("{} maps of nside {nside}", chosen.len());
    let shape = Ix2(chosen.len(), pixels);
    let mut values: Array2<f64> = crate::memory::zeros(&what, shape, "read fewer columns")?;
    match explicit {
        false => implicit(&table, &mut file, &chosen, values.view_mut())?,
        true => listed(&table, &mut file, &chosen, values.view_mut())?,
    }
    let bad = header.real("BAD_DATA")?;
    for (row, &column) in values.axis_iter_mut(Axis(0)).zip(&chosen) {
        let row = row.into_slice().expect("rows of an array in C order");
        if let Some(pixel) = mark_undefined(row, bad) {
            let what = table.columns[column].what.clone();
            return Err(Error::not_finite(what, [pixel]));
        }
    }
    let of = |field: fn(&super::column::Column) -> &String| -> Vec<String> {
        let column = |&column: &usize| field(&table.columns[column]).clone();
        chosen.iter().map(column).collect()
    };
    let types = chosen.iter().map(|&column| table.columns[column].numbers());
    let mut map = Map {
        nside,
        ordering,
        names: of(|column| &column.name),
        units: of(|column| &column.unit),
        types: types.collect::<Result<_>>()?,
        coordinates: header.text("COORDSYS")?.map(str::to_string),
        header: header.keys(),
        columns: values,
    };
    file.finish()?;
    if let Some(ordering) = choice.ordering {
        map.reorder(ordering)?;
    }
    Ok(map)
}

/// Whether the first column has the numbers of the pixels.
fn is_explicit(header: &Header, otherwise: bool) -> Result<bool> {
    let object = match header.text("OBJECT").unwrap_or(None) {
        Some("PARTIAL") => Some(true),
        Some("FULLSKY") => Some(false),
        // The name of any object of astronomy.
        _ => None,
    };
    let scheme = match header.text("INDXSCHM")? {
        Some("EXPLICIT") => Some(true),
        Some("IMPLICIT") => Some(false),
        None => None,
        Some(other) => {
            let expected = "IMPLICIT or EXPLICIT";
            return Err(Error::invalid(header.named("INDXSCHM"), other, expected));
        }
    };
    match (object, scheme) {
        (Some(true), Some(false)) => {
            let expected = "EXPLICIT, as OBJECT is PARTIAL";
            Err(Error::invalid(
                header.named("INDXSCHM"),
                "IMPLICIT",
                expected,
            ))
        }
        (Some(false), Some(true)) => {
            let expected = "IMPLICIT, as OBJECT is FULLSKY";
            Err(Error::invalid(
                header.named("INDXSCHM"),
                "EXPLICIT",
                expected,
            ))
        }
        (object, scheme) => Ok(scheme.or(object).unwrap_or(otherwise)),
    }
}

/// The places of the chosen columns in the table.
fn columns(table: &Table, chosen: Option<&[ColumnChoice]>, explicit: bool) -> Result<Vec<usize>> {
    let (first, all) = (usize::from(explicit), table.columns.len());
    let here = format!("columns of maps in HDU {}", table.header.hdu);
    if all <= first {
        return Err(Error::empty(here));
    }
    let Some(chosen) = chosen else {
        return Ok((first..all).collect());
    };
    crate::check::not_empty("chosen columns", chosen.len())?;
    let place = |choice: &ColumnChoice| match choice {
        ColumnChoice::Index(index) if *index < all - first => Ok(index + first),
        ColumnChoice::Index(index) => {
            let expected = format!(
                "at most {}: there are {} {here}",
                all - first - 1,
                all - first
            );
            Err(Error::invalid("chosen column", *index, expected))
        }
        ColumnChoice::Name(name) => table.named(name),
    };
    chosen.iter().map(place).collect()
}

/// The resolution, from the header or from the number of pixels.
fn nside(table: &Table, explicit: bool) -> Result<usize> {
    let header = &table.header;
    if let Some(nside) = header.integer("NSIDE")? {
        return match usize::try_from(nside) {
            Ok(nside) if (1..=LARGEST_NSIDE).contains(&nside) => Ok(nside),
            _ => {
                let expected = format!("a whole number from 1 to {LARGEST_NSIDE}");
                Err(Error::invalid(header.named("NSIDE"), nside, expected))
            }
        };
    }
    if explicit {
        let place = format!(
            "the header of HDU {}, as a part of the sky needs it",
            header.hdu
        );
        return Err(Error::missing("key NSIDE", place));
    }
    let pixels = table.count(0)?;
    nside_of(pixels).ok_or_else(|| {
        let what = format!("numbers in {}", table.columns[0].what);
        Error::invalid(what, pixels, "12 nside^2, or the key NSIDE")
    })
}

/// The order of the pixels, from the header.
fn ordering(header: &Header, nside: usize) -> Result<PixelOrder> {
    let Some(text) = header.text("ORDERING")? else {
        return Ok(PixelOrder::Ring);
    };
    match text.to_ascii_uppercase().as_str() {
        "RING" => Ok(PixelOrder::Ring),
        "NESTED" | "NEST" if nside.is_power_of_two() => Ok(PixelOrder::Nested),
        "NESTED" | "NEST" => {
            let expected = "a power of two, as ORDERING is NESTED";
            Err(Error::invalid(header.named("NSIDE"), nside, expected))
        }
        _ => {
            let expected = "RING or NESTED";
            Err(Error::invalid(header.named("ORDERING"), text, expected))
        }
    }
}

/// Reads columns that hold all pixels in order.
fn implicit(
    table: &Table,
    file: &mut FitsFile,
    chosen: &[usize],
    mut maps: ArrayViewMut2<'_, f64>,
) -> Result<()> {
    for &column in chosen {
        check_count(table, column, maps.ncols(), "12 nside^2 pixels")?;
    }
    let rows = maps.axis_iter_mut(Axis(0));
    let mut outputs: Vec<(usize, &mut [f64])> = chosen
        .iter()
        .zip(rows)
        .map(|(&column, row)| (column, row.into_slice().expect("rows in C order")))
        .collect();
    table.read_into(file, &mut outputs)
}

/// Reads columns that hold the pixels whose numbers are in the first column.
fn listed(
    table: &Table,
    file: &mut FitsFile,
    chosen: &[usize],
    mut maps: ArrayViewMut2<'_, f64>,
) -> Result<()> {
    let count = table.count(0)?;
    let mut columns = vec![0];
    for &column in chosen {
        check_count(table, column, count, "as many as pixel numbers")?;
        columns.push(column);
    }
    let mut values = table.read(file, &columns)?;
    let pixels = maps.ncols();
    let mut seen = Seen::new(pixels);
    let numbers = values.remove(0);
    for (row, &number) in numbers.iter().enumerate() {
        let refuse = |expected: String| {
            let what = format!("{}, entry {row}", table.columns[0].what);
            Err(Error::invalid(what, number, expected))
        };
        // NaN and fractions are no pixels either.
        if !(number >= 0.0 && number < pixels as f64 && number.fract() == 0.0) {
            return refuse(format!("a pixel, from 0 to {}", pixels - 1));
        }
        if !seen.add(number as usize) {
            return refuse("a pixel that is not listed before".into());
        }
    }
    maps.fill(UNSEEN);
    for (mut map, values) in maps.axis_iter_mut(Axis(0)).zip(values) {
        for (&number, value) in numbers.iter().zip(values) {
            map[number as usize] = value;
        }
    }
    Ok(())
}

fn check_count(table: &Table, column: usize, expected: usize, why: &str) -> Result<()> {
    match table.count(column)? {
        count if count == expected => Ok(()),
        count => {
            let what = format!("numbers in {}", table.columns[column].what);
            Err(Error::invalid(what, count, format!("{expected}, {why}")))
        }
    }
}

/// Replaces undefined values by the mark, and returns the place of the first infinity.
fn mark_undefined(values: &mut [f64], bad: Option<f64>) -> Option<usize> {
    let near = |value: f64, mark: f64| (value - mark).abs() <= TOLERANCE * mark.abs();
    let mut infinite = None;
    for (place, value) in values.iter_mut().enumerate() {
        let undefined =
            value.is_nan() || near(*value, UNSEEN) || bad.is_some_and(|bad| near(*value, bad));
        if undefined {
            *value = UNSEEN;
        } else if value.is_infinite() && infinite.is_none() {
            infinite = Some(place);
        }
    }
    infinite
}
