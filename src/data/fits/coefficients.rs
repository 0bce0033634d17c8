//! Coefficients of spherical harmonics: one table for each function, with a row for each coefficient.

use std::path::Path;

use ndarray::{Array2, ArrayView, Axis, Dimension};
use num_complex::Complex64;

use super::column::ColumnType;
use super::file::FitsFile;
use super::key::KeyValue;
use super::seen::Seen;
use super::table::Table;
use super::writing::{OutColumn, OutTable, write_tables};
use crate::{Error, Result};

/// The largest degree that is read: its index l² + l + m + 1 fits into double precision.
const LARGEST_DEGREE: u64 = 1 << 26;
/// Lists with fewer rows than degrees may have degrees below this limit, unless the header states the largest degree.
const LIKELY: usize = 1024;
/// From this degree on, indices need 64 bits.
const LARGE: usize = 46_340;

/// Coefficients of one or several real functions, as they stand in a FITS file.
#[derive(Debug, Clone, PartialEq)]
pub struct Coefficients {
    /// The band limit L: degrees are below L.
    pub band_limit: usize,
    /// Orders are below this limit, which is at most L; coefficients above it are 0.
    pub order_limit: usize,
    /// Shape `[n, L (L + 1) / 2]`, orders m ≥ 0 one after the other: entry m (2 L − 1 − m) / 2 + l.
    pub values: Array2<Complex64>,
}

/// Reads the coefficients of all tables of a FITS file, such as T, E and B, as `healpy.read_alm` reads one of them.
///
/// # Arguments
/// * `path` — a FITS file, plain or compressed with gzip. Each table has three columns: the index l² + l + m + 1, the real part and
///   the imaginary part; further columns are ignored. Rows may have any order. Coefficients without a row are 0.
///
/// # Returns
/// The half layout of healpy. The band limit follows from the largest degree of all tables, or from the key `MAX-LPOL` if that is
/// larger; the limit of the orders follows likewise. Without this key, a degree above 1023 needs as many rows.
///
/// # Errors
/// [`Error::Io`] if the file cannot be read; otherwise [`Error::InFile`] around [`Error::Syntax`] (no FITS file, or one cut short),
/// [`Error::InvalidValue`] (an index without a degree and an order m ≥ 0, or one that occurs twice), [`Error::Missing`] (no table),
/// [`Error::NotFinite`] or [`Error::OutOfMemory`].
///
/// # Examples
/// ```
/// use haarmonic::data::fits::read_coefficients;
/// let teb = read_coefficients("tests/data/fits/alm_teb.fits")?;
/// assert_eq!((teb.band_limit, teb.values.dim()), (4, (3, 10)));
/// assert_eq!(teb.values[[0, 4]].im, 1.5);                          // l = 1, m = 1 of T
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn read_coefficients(path: impl AsRef<Path>) -> Result<Coefficients> {
    let path = path.as_ref();
    let mut file = FitsFile::open(path)?;
    let mut read = || {
        let mut parts = Vec::new();
        while let Some(header) = file.next()? {
            if header.hdu > 0 {
                parts.push(Part::read(&Table::parse(header)?, &mut file)?);
            }
        }
        if parts.is_empty() {
            return Err(Error::missing("a table of coefficients", "the file"));
        }
        join(&parts)
    };
    read().map_err(|err| err.in_file(path))
}

/// Reads the coefficients of chosen tables; otherwise as [`read_coefficients`].
///
/// # Arguments
/// * `hdus` — the HDUs, counted from 0 for the primary one, in the order of the result
///
/// # Errors
/// As [`read_coefficients`].
pub fn read_coefficients_of(path: impl AsRef<Path>, hdus: &[usize]) -> Result<Coefficients> {
    crate::check::not_empty("HDUs to read", hdus.len())?;
    let path = path.as_ref();
    let mut file = FitsFile::open(path)?;
    let mut order: Vec<usize> = (0..hdus.len()).collect();
    // The file is read forwards, and each table once.
    order.sort_by_key(|&at| hdus[at]);
    let read = || {
        let mut parts: Vec<Option<Part>> = vec![None; hdus.len()];
        let mut last: Option<(usize, usize)> = None;
        for at in order {
            let part = match last {
                Some((hdu, before)) if hdu == hdus[at] => parts[before].clone(),
                _ => {
                    let header = file.go_to(hdus[at])?;
                    Some(Part::read(&Table::parse(header)?, &mut file)?)
                }
            };
            parts[at] = part;
            last = Some((hdus[at], at));
        }
        file.finish()?;
        join(&parts.into_iter().flatten().collect::<Vec<_>>())
    };
    read().map_err(|err| err.in_file(path))
}

/// The coefficients of one table, row by row.
#[derive(Debug, Clone)]
struct Part {
    /// Degree, order and value.
    rows: Vec<(u32, u32, Complex64)>,
    band_limit: usize,
    order_limit: usize,
    what: String,
}

impl Part {
    fn read(table: &Table, file: &mut FitsFile) -> Result<Part> {
        let hdu = table.header.hdu;
        if table.columns.len() < 3 {
            let what = format!("columns of HDU {hdu}");
            let expected = "three: index, real part, imaginary part";
            return Err(Error::invalid(what, table.columns.len(), expected));
        }
        let count = table.count(0)?;
        for column in 1..3 {
            let found = table.count(column)?;
            if found != count {
                let what = format!("numbers in {}", table.columns[column].what);
                let expected = format!("{count}, as many as indices");
                return Err(Error::invalid(what, found, expected));
            }
        }
        let values = table.read(file, &[0, 1, 2])?;
        let stated = |key: &str| -> Result<Option<u64>> {
            match table.header.count_or_none(key)? {
                Some(limit) if limit >= LARGEST_DEGREE => {
                    let expected = format!("below {LARGEST_DEGREE}");
                    Err(Error::invalid(table.header.named(key), limit, expected))
                }
                limit => Ok(limit),
            }
        };
        let stated = (stated("MAX-LPOL")?, stated("MAX-MPOL")?);
        let mut rows = Vec::with_capacity(count);
        let (mut degrees, mut orders) = (0, 0);
        let parts = values[1].iter().zip(&values[2]);
        for (row, (&index, (&re, &im))) in values[0].iter().zip(parts).enumerate() {
            let entry = |column: usize| format!("{}, entry {row}", table.columns[column].what);
            let Some((l, m)) = degree_and_order(index) else {
                let expected = "l^2 + l + m + 1 with 0 <= m <= l";
                return Err(Error::invalid(entry(0), index, expected));
            };
            crate::check::finite_number(&entry(1), re)?;
            crate::check::finite_number(&entry(2), im)?;
            degrees = degrees.max(l + 1);
            orders = orders.max(m + 1);
            rows.push((l, m, Complex64::new(re, im)));
        }
        let limit = |key: &str, stated: Option<u64>, found: u32| match stated {
            Some(stated) if stated + 1 < u64::from(found) => {
                let expected = format!("at least {}, which has a coefficient", found - 1);
                Err(Error::invalid(table.header.named(key), stated, expected))
            }
            Some(stated) => Ok(stated as usize + 1),
            None => Ok(found as usize),
        };
        // One damaged index must not ask for the places of a billion coefficients.
        let likely = LIKELY.max(count);
        if stated.0.is_none() && degrees as usize > likely {
            let what = format!("largest degree in {}", table.columns[0].what);
            let expected = format!("below {likely} for {count} rows, or the key MAX-LPOL");
            return Err(Error::invalid(what, degrees - 1, expected));
        }
        let band_limit = limit("MAX-LPOL", stated.0, degrees)?;
        Ok(Part {
            rows,
            band_limit,
            order_limit: limit("MAX-MPOL", stated.1, orders)?.min(band_limit),
            what: table.columns[0].what.clone(),
        })
    }
}

/// The degree and the order of an index l² + l + m + 1 with m ≥ 0.
fn degree_and_order(index: f64) -> Option<(u32, u32)> {
    let limit = (LARGEST_DEGREE * LARGEST_DEGREE) as f64;
    if !(index >= 1.0 && index <= limit && index.fract() == 0.0) {
        return None;
    }
    let rest = index as u64 - 1;
    let l = rest.isqrt();
    let m = (rest - l * l).checked_sub(l)?;
    Some((l as u32, m as u32))
}

/// Puts the coefficients of all tables in their places.
fn join(parts: &[Part]) -> Result<Coefficients> {
    let most = |limit: fn(&Part) -> usize| parts.iter().map(limit).max().unwrap_or(0);
    let (band_limit, order_limit) = (most(|part| part.band_limit), most(|part| part.order_limit));
    let len = band_limit * (band_limit + 1) / 2;
    let what = format!("coefficients below degree {band_limit}");
    let shape = ndarray::Ix2(parts.len(), len);
    let mut values = crate::memory::zeros(&what, shape, "read fewer tables")?;
    for (mut values, part) in values.axis_iter_mut(Axis(0)).zip(parts) {
        let mut seen = Seen::new(len);
        for (row, &(l, m, value)) in part.rows.iter().enumerate() {
            let place = place(band_limit, l as usize, m as usize);
            if !seen.add(place) {
                let what = format!("{}, entry {row}", part.what);
                let found = format!("degree {l} and order {m}");
                return Err(Error::invalid(what, found, "one row for each coefficient"));
            }
            values[place] = value;
        }
    }
    Ok(Coefficients {
        band_limit,
        order_limit,
        values,
    })
}

/// The entry of a degree and an order m ≥ 0 in the half layout.
fn place(band_limit: usize, l: usize, m: usize) -> usize {
    m * (2 * band_limit - 1 - m) / 2 + l
}

/// Which coefficients are written, and how. The default writes all in double precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoefficientFormat {
    /// Degrees from this limit on are left out.
    pub band_limit: Option<usize>,
    /// Orders from this limit on are left out.
    pub order_limit: Option<usize>,
    /// The type of real and imaginary parts.
    pub precision: ColumnType,
}

impl Default for CoefficientFormat {
    fn default() -> CoefficientFormat {
        CoefficientFormat {
            band_limit: None,
            order_limit: None,
            precision: ColumnType::F64,
        }
    }
}

/// Writes coefficients as a FITS file, as `healpy.write_alm`: whole or not at all.
///
/// # Arguments
/// * `path` — the final name, replaced if it exists; compressed with gzip if it ends in `.gz`
/// * `coeffs` — shape `[L (L + 1) / 2]` or `[n, L (L + 1) / 2]`, the half layout of healpy; one table for each row
/// * `format` — which coefficients, and their precision
///
/// # Errors
/// [`Error::ShapeMismatch`] for another shape, [`Error::NotFinite`], [`Error::InvalidValue`] for limits of 0 or above L and for
/// numbers outside the precision, [`Error::Io`] if writing fails; an existing file then stays unchanged.
///
/// # Examples
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("alm.fits");
/// use haarmonic::data::fits::{CoefficientFormat, read_coefficients, write_coefficients};
/// use num_complex::Complex64;
/// let alm = ndarray::array![1.0, 2.0, 3.0].mapv(|x| Complex64::new(x, 0.0));
/// write_coefficients(&path, alm.view(), CoefficientFormat::default())?;
/// let read = read_coefficients(&path)?;
/// assert_eq!((read.band_limit, read.values.row(0)), (2, alm.view()));
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn write_coefficients<D: Dimension>(
    path: impl AsRef<Path>,
    coeffs: ArrayView<'_, Complex64, D>,
    format: CoefficientFormat,
) -> Result<()> {
    let what = "coefficients to write";
    let shape = coeffs.shape().to_vec();
    let len = shape.last().copied().unwrap_or(0);
    let limit = ((8 * len + 1).isqrt() - 1) / 2;
    if !(1..=2).contains(&shape.len()) || limit == 0 || limit * (limit + 1) / 2 != len {
        let expected = "[L (L + 1) / 2] or [n, L (L + 1) / 2] with L >= 1";
        return Err(Error::shape(what, expected, shape));
    }
    if shape[0] == 0 {
        return Err(Error::empty(what));
    }
    crate::check::finite(what, coeffs.view())?;
    let within = |name: &str, given: Option<usize>, most: usize| match given {
        None => Ok(most),
        Some(given) if (1..=most).contains(&given) => Ok(given),
        Some(given) => Err(Error::invalid(name, given, format!("from 1 to {most}"))),
    };
    let band_limit = within("limit of the degrees", format.band_limit, limit)?;
    let order_limit = within("limit of the orders", format.order_limit, band_limit)?;
    if !matches!(format.precision, ColumnType::F32 | ColumnType::F64) {
        let found = format!("{:?}", format.precision);
        return Err(Error::invalid(
            "precision of coefficients",
            found,
            "F32 or F64",
        ));
    }
    let rows = coeffs.as_standard_layout();
    let rows: Vec<&[Complex64]> = rows
        .as_slice()
        .expect("C order")
        .chunks_exact(len)
        .collect();
    // In the order of the half layout, as healpy.
    let places: Vec<(usize, usize)> = (0..order_limit)
        .flat_map(|m| (m..band_limit).map(move |l| (l, m)))
        .collect();
    let table = |values: &&[Complex64]| {
        let column = |name, kind, value: &dyn Fn(usize, usize) -> f64| OutColumn {
            name,
            unit: if name == "index" {
                "l*l+l+m+1"
            } else {
                "unknown"
            },
            kind,
            repeat: 1,
            values: places.iter().map(|&(l, m)| value(l, m)).collect(),
        };
        let integer = match band_limit <= LARGE {
            true => ColumnType::I32,
            false => ColumnType::I64,
        };
        let part = |l, m| values[place(limit, l, m)];
        OutTable {
            columns: vec![
                column("index", integer, &|l, m| (l * l + l + m + 1) as f64),
                column("real", format.precision, &|l, m| part(l, m).re),
                column("imag", format.precision, &|l, m| part(l, m).im),
            ],
            keys: vec![
                (
                    "MAX-LPOL",
                    KeyValue::Integer(band_limit as i64 - 1),
                    "largest degree l",
                ),
                (
                    "MAX-MPOL",
                    KeyValue::Integer(order_limit as i64 - 1),
                    "largest order m",
                ),
            ],
            more: &[],
        }
    };
    let tables: Vec<OutTable> = rows.iter().map(table).collect();
    write_tables(path.as_ref(), &tables)
}
