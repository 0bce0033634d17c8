//! Writing maps: pixels in order, or listed with their numbers.

use std::borrow::Cow;
use std::path::Path;

use ndarray::Axis;

use super::column::ColumnType;
use super::key::KeyValue;
use super::map::Map;
use super::writing::{OutColumn, OutTable, write_tables};
use crate::sphere::PixelOrder;
use crate::sphere::UNSEEN;
use crate::{Error, Result};

/// The number of pixels of a row of a large map, as all programs of HEALPix write it.
const ROW: usize = 1024;

/// How maps are written. The default is what [`write_map`] does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MapFormat {
    /// Whether only the pixels with a value in some column are written, each with its number.
    pub explicit: bool,
    /// Whether maps of more than 1024 pixels are written in rows of 1024 pixels, if these divide the map.
    pub long_rows: bool,
}

impl Default for MapFormat {
    fn default() -> MapFormat {
        MapFormat {
            explicit: false,
            long_rows: true,
        }
    }
}

/// Writes maps of the full sky as a FITS file, as `healpy.write_map`: whole or not at all.
///
/// # Arguments
/// * `path` — the final name, replaced if it exists; compressed with gzip if it ends in `.gz`
/// * `map` — finite numbers that fit the types of their columns; pixels without a value are [`UNSEEN`], which columns of integers
///   store as `TNULL`
///
/// # Errors
/// [`Error::ShapeMismatch`] or [`Error::InvalidValue`] if the fields of `map` do not fit together, [`Error::NotFinite`],
/// [`Error::InvalidValue`] for a number outside the type of its column and for text that is not printable ASCII, [`Error::Io`] if
/// writing fails; an existing file then stays unchanged.
///
/// # Examples
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("map.fits");
/// use haarmonic::data::fits::{Map, read_map, write_map};
/// let mut map = Map::new(ndarray::Array2::from_shape_fn((1, 12), |(_, pixel)| pixel as f64))?;
/// map.units[0] = "K".into();
/// map.coordinates = Some("G".into());
/// write_map(&path, &map)?;
/// let read = read_map(&path)?;
/// assert_eq!((read.columns, read.units, read.coordinates), (map.columns, map.units, map.coordinates));
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn write_map(path: impl AsRef<Path>, map: &Map) -> Result<()> {
    write_map_with(path, map, MapFormat::default())
}

/// Writes maps as a FITS file in a chosen form; otherwise as [`write_map`].
///
/// # Errors
/// As [`write_map`]; [`Error::Empty`] for a part of the sky without pixels.
pub fn write_map_with(path: impl AsRef<Path>, map: &Map, format: MapFormat) -> Result<()> {
    let pixels = check(map)?;
    let columns = map.columns.as_standard_layout();
    let mut listed = Vec::new();
    if format.explicit {
        let seen = |pixel: &usize| {
            columns
                .index_axis(Axis(1), *pixel)
                .iter()
                .any(|&x| x != UNSEEN)
        };
        listed.extend((0..pixels).filter(seen));
        crate::check::not_empty("pixels with a value", listed.len())?;
    }
    let long = !format.explicit && format.long_rows && pixels > ROW && pixels.is_multiple_of(ROW);
    let mut out = Vec::new();
    if format.explicit {
        out.push(OutColumn {
            name: "PIXEL",
            unit: "",
            kind: match pixels <= i32::MAX as usize {
                true => ColumnType::I32,
                false => ColumnType::I64,
            },
            repeat: 1,
            values: listed.iter().map(|&pixel| pixel as f64).collect(),
        });
    }
    for (index, row) in columns.axis_iter(Axis(0)).enumerate() {
        let row = row.to_slice().expect("rows of an array in C order");
        out.push(OutColumn {
            name: &map.names[index],
            unit: &map.units[index],
            kind: map.types[index],
            repeat: if long { ROW } else { 1 },
            values: match format.explicit {
                false => Cow::Borrowed(row),
                true => listed.iter().map(|&pixel| row[pixel]).collect(),
            },
        });
    }
    write_tables(
        path.as_ref(),
        &[OutTable {
            columns: out,
            keys: keys(map, pixels, format.explicit),
            more: &map.header,
        }],
    )
}

/// Checks that the fields fit together, and returns the number of pixels.
fn check(map: &Map) -> Result<usize> {
    let (count, pixels) = map.columns.dim();
    crate::check::not_empty("columns of the map", count)?;
    if map.nside == 0 || map.nside.checked_pow(2).and_then(|n| n.checked_mul(12)) != Some(pixels) {
        let expected = format!("[n, 12 nside^2] with nside = {}", map.nside);
        return Err(Error::shape(
            "columns of the map",
            expected,
            [count, pixels],
        ));
    }
    if map.ordering == PixelOrder::Nested && !map.nside.is_power_of_two() {
        let expected = "a power of two, as the order is NESTED";
        return Err(Error::invalid("nside", map.nside, expected));
    }
    for (what, len) in [
        ("names of the columns", map.names.len()),
        ("units of the columns", map.units.len()),
        ("types of the columns", map.types.len()),
    ] {
        crate::check::shape(what, &[len], &[count])?;
    }
    Ok(pixels)
}

/// The keys of HEALPix.
fn keys(map: &Map, pixels: usize, explicit: bool) -> Vec<(&'static str, KeyValue, &'static str)> {
    let text = |text: &str| KeyValue::Text(text.into());
    let integer = |number: usize| KeyValue::Integer(number as i64);
    let mut keys = vec![
        ("EXTNAME", text("HEALPIX"), ""),
        ("PIXTYPE", text("HEALPIX"), "pixels of equal area"),
        (
            "ORDERING",
            text(&map.ordering.to_string()),
            "order of pixels, RING or NESTED",
        ),
        ("NSIDE", integer(map.nside), "resolution: 12 NSIDE^2 pixels"),
    ];
    if let Some(coordinates) = &map.coordinates {
        keys.push((
            "COORDSYS",
            text(coordinates),
            "G galactic, C celestial, E ecliptic",
        ));
    }
    match explicit {
        true => keys.extend([
            (
                "INDXSCHM",
                text("EXPLICIT"),
                "the first column has pixel numbers",
            ),
            ("OBJECT", text("PARTIAL"), "part of the sky"),
        ]),
        false => keys.extend([
            ("FIRSTPIX", integer(0), "first pixel"),
            ("LASTPIX", integer(pixels - 1), "last pixel"),
            ("INDXSCHM", text("IMPLICIT"), "all pixels in order"),
            ("OBJECT", text("FULLSKY"), ""),
        ]),
    }
    keys.push((
        "BAD_DATA",
        KeyValue::Real(UNSEEN),
        "value of pixels without data",
    ));
    keys
}
