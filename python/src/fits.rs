//! FITS files of HEALPix: maps, coefficients, spectra. The names and arguments of healpy are in `haarmonic.healpix`.

use std::path::PathBuf;

use haarmonic::data::fits::{
    CoefficientFormat, ColumnChoice, ColumnType, KeyValue, Map, MapChoice, MapFormat, PixelOrder,
    Spectra, read_coefficients_of, read_map_with, read_spectra, write_coefficients, write_map_with,
    write_spectra,
};
use haarmonic::{Error, Result};
use numpy::ndarray::Array2;
use numpy::{Complex64, PyArrayDyn};
use pyo3::prelude::*;

use crate::arrays::{complex, output, real};
use crate::errors::OrRaise;

/// Registers the functions of this file.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(fits_read_map, module)?)?;
    module.add_function(wrap_pyfunction!(fits_write_map, module)?)?;
    module.add_function(wrap_pyfunction!(fits_read_alm, module)?)?;
    module.add_function(wrap_pyfunction!(fits_write_alm, module)?)?;
    module.add_function(wrap_pyfunction!(fits_read_cl, module)?)?;
    module.add_function(wrap_pyfunction!(fits_write_cl, module)?)
}

/// A column by place or by name.
#[derive(FromPyObject)]
enum Field {
    Index(usize),
    Name(String),
}

/// The value of a key. A truth value is a whole number in Python, so that it is tried first.
#[derive(FromPyObject, IntoPyObject)]
enum Key {
    Flag(bool),
    Integer(i64),
    Real(f64),
    Text(String),
}

type Header = Vec<(String, Key)>;
type Floats<'py> = Bound<'py, PyArrayDyn<f64>>;

fn to_python(header: Vec<(String, KeyValue)>) -> Header {
    let value = |value| match value {
        KeyValue::Flag(flag) => Key::Flag(flag),
        KeyValue::Integer(number) => Key::Integer(number),
        KeyValue::Real(number) => Key::Real(number),
        KeyValue::Text(text) => Key::Text(text),
    };
    header.into_iter().map(|(key, v)| (key, value(v))).collect()
}

fn from_python(header: Header) -> Vec<(String, KeyValue)> {
    let value = |value| match value {
        Key::Flag(flag) => KeyValue::Flag(flag),
        Key::Integer(number) => KeyValue::Integer(number),
        Key::Real(number) => KeyValue::Real(number),
        Key::Text(text) => KeyValue::Text(text),
    };
    header.into_iter().map(|(key, v)| (key, value(v))).collect()
}

/// The types of columns with their names in NumPy.
const TYPES: [(ColumnType, &str); 7] = [
    (ColumnType::Bool, "bool"),
    (ColumnType::U8, "uint8"),
    (ColumnType::I16, "int16"),
    (ColumnType::I32, "int32"),
    (ColumnType::I64, "int64"),
    (ColumnType::F32, "float32"),
    (ColumnType::F64, "float64"),
];

fn names(types: &[ColumnType]) -> Vec<&'static str> {
    let name = |kind: &ColumnType| TYPES.iter().find(|(known, _)| known == kind);
    types
        .iter()
        .filter_map(name)
        .map(|(_, name)| *name)
        .collect()
}

fn types(names: &[String]) -> Result<Vec<ColumnType>> {
    let kind = |name: &String| match TYPES.iter().find(|(_, known)| known == name) {
        Some((kind, _)) => Ok(*kind),
        None => Err(Error::invalid(
            "dtype",
            name.clone(),
            "bool, uint8, int16, int32, int64, float32 or float64",
        )),
    };
    names.iter().map(kind).collect()
}

fn matrix(values: &Bound<'_, PyAny>, what: &str) -> PyResult<Array2<f64>> {
    let values = real(values, what)?;
    let view = values.view();
    let found = view.shape().to_vec();
    let array = view.into_dimensionality::<numpy::ndarray::Ix2>();
    array
        .map(|array| array.to_owned())
        .map_err(|_| Error::shape(what, "two axes", found))
        .or_raise()
}

/// Read maps: values of shape [n, npix], the types of the columns, whether the order is NESTED, and the header.
#[pyfunction]
#[pyo3(signature = (path, fields, hdu, partial))]
fn fits_read_map<'py>(
    py: Python<'py>,
    path: PathBuf,
    fields: Option<Vec<Field>>,
    hdu: usize,
    partial: bool,
) -> PyResult<(Floats<'py>, Vec<&'static str>, bool, Header)> {
    let column = |field| match field {
        Field::Index(index) => ColumnChoice::Index(index),
        Field::Name(name) => ColumnChoice::Name(name),
    };
    let choice = MapChoice {
        hdu,
        columns: fields.map(|fields| fields.into_iter().map(column).collect()),
        explicit: partial,
        ordering: None,
    };
    let map = py.detach(|| read_map_with(path, &choice)).or_raise()?;
    Ok((
        output(py, map.columns.into_dyn()),
        names(&map.types),
        map.ordering == PixelOrder::Nested,
        to_python(map.header),
    ))
}

/// Write maps of shape [n, npix].
#[pyfunction]
#[pyo3(signature = (path, values, *, nested, dtypes, column_names, column_units, coord, header, partial, long_rows))]
#[allow(clippy::too_many_arguments)]
fn fits_write_map(
    py: Python<'_>,
    path: PathBuf,
    values: &Bound<'_, PyAny>,
    nested: bool,
    dtypes: Vec<String>,
    column_names: Option<Vec<String>>,
    column_units: Vec<String>,
    coord: Option<String>,
    header: Header,
    partial: bool,
    long_rows: bool,
) -> PyResult<()> {
    let mut map = Map::new(matrix(values, "maps")?).or_raise()?;
    map.types = types(&dtypes).or_raise()?;
    map.names = column_names.unwrap_or(map.names);
    map.units = column_units;
    map.coordinates = coord;
    map.header = from_python(header);
    if nested {
        map.ordering = PixelOrder::Nested;
    }
    let format = MapFormat {
        explicit: partial,
        long_rows,
    };
    py.detach(|| write_map_with(path, &map, format)).or_raise()
}

/// Read coefficients: values of shape [n, (lmax + 1) (lmax + 2) / 2], lmax and mmax.
#[pyfunction]
fn fits_read_alm<'py>(
    py: Python<'py>,
    path: PathBuf,
    hdus: Vec<usize>,
) -> PyResult<(Bound<'py, PyArrayDyn<Complex64>>, usize, usize)> {
    let found = py.detach(|| read_coefficients_of(path, &hdus)).or_raise()?;
    let (lmax, mmax) = (found.band_limit - 1, found.order_limit - 1);
    Ok((output(py, found.values.into_dyn()), lmax, mmax))
}

/// Write coefficients of shape [n, (lmax + 1) (lmax + 2) / 2], those up to the limits.
#[pyfunction]
fn fits_write_alm(
    py: Python<'_>,
    path: PathBuf,
    alm: &Bound<'_, PyAny>,
    lmax: usize,
    mmax: usize,
    dtype: String,
) -> PyResult<()> {
    let alm = complex(alm, "alms")?;
    let format = CoefficientFormat {
        band_limit: Some(lmax.saturating_add(1)),
        order_limit: Some(mmax.saturating_add(1)),
        precision: types(&[dtype]).or_raise()?[0],
    };
    let alm = alm.view();
    py.detach(|| write_coefficients(path, alm, format))
        .or_raise()
}

/// Read spectra: values of shape [n, lmax + 1] and the types of the columns.
#[pyfunction]
fn fits_read_cl<'py>(py: Python<'py>, path: PathBuf) -> PyResult<(Floats<'py>, Vec<&'static str>)> {
    let spectra = py.detach(|| read_spectra(path)).or_raise()?;
    let types = names(&spectra.types);
    Ok((output(py, spectra.values.into_dyn()), types))
}

/// Write spectra of shape [n, lmax + 1].
#[pyfunction]
#[pyo3(signature = (path, values, *, dtypes, column_names, column_units, header))]
fn fits_write_cl(
    py: Python<'_>,
    path: PathBuf,
    values: &Bound<'_, PyAny>,
    dtypes: Vec<String>,
    column_names: Option<Vec<String>>,
    column_units: Vec<String>,
    header: Header,
) -> PyResult<()> {
    let mut spectra = Spectra::new(matrix(values, "cl")?).or_raise()?;
    spectra.types = types(&dtypes).or_raise()?;
    spectra.names = column_names.unwrap_or(spectra.names);
    spectra.units = column_units;
    spectra.header = from_python(header);
    py.detach(|| write_spectra(path, &spectra)).or_raise()
}
