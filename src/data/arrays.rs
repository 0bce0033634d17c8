//! Arrays in NumPy's `.npy` and `.npz` formats.
//!
//! What a header claims is compared with the size of the file before memory is taken, every value
//! is checked to be finite, and errors carry the file. Files are written whole or not at all.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use ndarray::{ArrayD, Dimension, IxDyn, ShapeBuilder};
use ndarray_npy::npy::header::{Header, ReadHeaderError};
use ndarray_npy::{ReadDataError, ReadableElement};
use num_complex::Complex;
use zip::read::ZipArchive;

use super::atomic::io_error;
use crate::special::finite;
use crate::{Error, Result};

pub use super::array_writing::{write_npy, write_npz};

/// Longest header that is read, as in NumPy itself.
const MAX_HEADER_BYTES: usize = 10_000;
/// Most brackets in a header that are read: a plain array has four.
const MAX_HEADER_BRACKETS: usize = 16;
/// Highest rank that is read, as in NumPy itself.
const MAX_RANK: usize = 64;
/// Deflate cannot expand by more than this.
const MAX_EXPANSION: u64 = 1032;

/// An array of real or complex numbers, in standard layout.
#[derive(Debug, Clone, PartialEq)]
pub enum Numbers {
    /// Real, from float64 or float32.
    Real(ArrayD<f64>),
    /// Complex, from complex128 or complex64.
    Complex(ArrayD<Complex<f64>>),
}

impl Numbers {
    /// The shape of the array.
    pub fn shape(&self) -> &[usize] {
        match self {
            Numbers::Real(array) => array.shape(),
            Numbers::Complex(array) => array.shape(),
        }
    }
}

impl<D: Dimension> From<ndarray::Array<f64, D>> for Numbers {
    fn from(array: ndarray::Array<f64, D>) -> Self {
        Numbers::Real(array.into_dyn())
    }
}

impl<D: Dimension> From<ndarray::Array<Complex<f64>, D>> for Numbers {
    fn from(array: ndarray::Array<Complex<f64>, D>) -> Self {
        Numbers::Complex(array.into_dyn())
    }
}

/// Which element types a reader takes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Accept {
    Real,
    Complex,
    Both,
}

/// Reads a `.npy` file of real numbers.
///
/// # Arguments
/// * `path` — a `.npy` file of float64 or float32, any rank, C or Fortran order, either byte order
///
/// The result has standard layout whatever the order in the file.
///
/// # Errors
/// [`Error::Io`] if the file cannot be read; otherwise [`Error::InFile`] around [`Error::Syntax`]
/// (not `.npy`, cut short), [`Error::InvalidValue`] (another element type), [`Error::Empty`] (no
/// entries), or [`Error::NotFinite`] with the index of the first NaN or infinity.
///
/// # Examples
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("x.npy");
/// use haarmonic::data::arrays::{read_real, write_npy};
/// let x = ndarray::array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
/// write_npy(&path, &x)?;
/// assert_eq!(read_real(&path)?, x.into_dyn());
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn read_real(path: impl AsRef<Path>) -> Result<ArrayD<f64>> {
    read_file(path.as_ref(), Accept::Real).map(expect_real)
}

/// Reads a `.npy` file of complex numbers, complex128 or complex64; otherwise as [`read_real`].
///
/// # Errors
/// As [`read_real`]; real numbers are another element type.
pub fn read_complex(path: impl AsRef<Path>) -> Result<ArrayD<Complex<f64>>> {
    read_file(path.as_ref(), Accept::Complex).map(expect_complex)
}

/// Reads a `.npy` file of real or complex numbers; otherwise as [`read_real`].
///
/// # Errors
/// As [`read_real`].
pub fn read_numbers(path: impl AsRef<Path>) -> Result<Numbers> {
    read_file(path.as_ref(), Accept::Both)
}

/// The names of the arrays in a `.npz` file, in the order of the file.
///
/// # Errors
/// [`Error::Io`] if the file cannot be read, [`Error::InFile`] around [`Error::Syntax`] if it is
/// not a `.npz` file.
pub fn npz_keys(path: impl AsRef<Path>) -> Result<Vec<String>> {
    let path = path.as_ref();
    let (archive, _) = open_npz(path)?;
    Ok(keys_of(&archive))
}

/// Reads one array of real numbers from a `.npz` file.
///
/// # Arguments
/// * `path` — a `.npz` file, stored or deflated
/// * `key` — the name of the array
///
/// # Errors
/// As [`read_real`]; [`Error::InFile`] around [`Error::Missing`] if there is no such array, with
/// the names of those there are.
///
/// # Examples
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("k.npz");
/// use haarmonic::data::arrays::{read_npz_real, write_npz};
/// let k = ndarray::array![[1.0, 0.5], [0.5, 1.0]];
/// write_npz(&path, &[("nngp", k.clone().into()), ("ntk", (2.0 * &k).into())])?;
/// assert_eq!(read_npz_real(&path, "ntk")?, (2.0 * k).into_dyn());
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn read_npz_real(path: impl AsRef<Path>, key: &str) -> Result<ArrayD<f64>> {
    read_entry(path.as_ref(), key, Accept::Real).map(expect_real)
}

/// Reads one array of complex numbers from a `.npz` file; otherwise as [`read_npz_real`].
///
/// # Errors
/// As [`read_npz_real`].
pub fn read_npz_complex(path: impl AsRef<Path>, key: &str) -> Result<ArrayD<Complex<f64>>> {
    read_entry(path.as_ref(), key, Accept::Complex).map(expect_complex)
}

/// Reads one array of real or complex numbers from a `.npz` file; otherwise as [`read_npz_real`].
///
/// # Errors
/// As [`read_npz_real`].
pub fn read_npz_numbers(path: impl AsRef<Path>, key: &str) -> Result<Numbers> {
    read_entry(path.as_ref(), key, Accept::Both)
}

fn read_file(path: &Path, accept: Accept) -> Result<Numbers> {
    let (file, len) = open(path)?;
    parse_npy(&mut BufReader::new(file), len, "array", accept).map_err(|err| place(err, path))
}

fn read_entry(path: &Path, key: &str, accept: Accept) -> Result<Numbers> {
    with_entry(path, key, |mut reader, len, what| {
        parse_npy(&mut reader, len, what, accept)
    })
}

/// Opens one array of a `.npz` file; `parse` is given the bytes, how many are announced, and the
/// name for errors, to which the file is added.
pub(super) fn with_entry<T>(
    path: &Path,
    key: &str,
    parse: impl FnOnce(&mut dyn Read, u64, &str) -> Result<T>,
) -> Result<T> {
    let (mut archive, file_len) = open_npz(path)?;
    let entry_name = format!("{key}.npy");
    let Some(index) = archive.index_for_name(&entry_name) else {
        return Err(Error::Missing {
            what: format!("array `{key}`"),
            place: match keys_of(&archive).as_slice() {
                [] => "the file, which holds no arrays".into(),
                keys => format!("the file, which holds {}", keys.join(", ")),
            },
        }
        .in_file(path));
    };
    let what = format!("array `{key}`");
    let mut entry = archive
        .by_index(index)
        .map_err(|err| not_npz(&err).in_file(path))?;
    let len = entry.size();
    let largest = entry
        .compressed_size()
        .min(file_len)
        .saturating_mul(MAX_EXPANSION);
    if len > largest {
        return Err(Error::Syntax {
            format: "npz".into(),
            line: None,
            message: format!("{what}: {len} bytes announced, the file can hold at most {largest}"),
        }
        .in_file(path));
    }
    // One byte more than announced, so that the archive sees its end and checks the sum.
    let mut reader = BufReader::new(entry.by_ref().take(len.saturating_add(1)));
    parse(&mut reader, len, &what).map_err(|err| place(err, path))
}

/// Opens a file and returns its length.
pub(super) fn open(path: &Path) -> Result<(File, u64)> {
    let cannot_read = |err| io_error(path, "read", err);
    let metadata = std::fs::metadata(path).map_err(cannot_read)?;
    if !metadata.is_file() {
        return Err(Error::Io {
            path: path.to_path_buf(),
            operation: "read",
            message: "not a regular file".into(),
        });
    }
    Ok((File::open(path).map_err(cannot_read)?, metadata.len()))
}

fn open_npz(path: &Path) -> Result<(ZipArchive<BufReader<File>>, u64)> {
    let (file, len) = open(path)?;
    let archive =
        ZipArchive::new(BufReader::new(file)).map_err(|err| not_npz(&err).in_file(path))?;
    Ok((archive, len))
}

fn keys_of<R: Read + io::Seek>(archive: &ZipArchive<R>) -> Vec<String> {
    archive
        .file_names()
        .flatten()
        .filter_map(|name| name.strip_suffix(".npy").map(str::to_owned))
        .collect()
}

fn not_npz(err: &zip::result::ZipError) -> Error {
    Error::Syntax {
        format: "npz".into(),
        line: None,
        message: one_line(err),
    }
}

/// Adds the file to an error, unless it has one.
fn place(err: Error, path: &Path) -> Error {
    match err {
        Error::Io {
            operation, message, ..
        } => Error::Io {
            path: path.to_path_buf(),
            operation,
            message,
        },
        other => other.in_file(path),
    }
}

pub(super) fn one_line(err: &dyn std::fmt::Display) -> String {
    err.to_string()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

pub(super) fn not_npy(what: &str, message: impl std::fmt::Display) -> Error {
    Error::Syntax {
        format: "npy".into(),
        line: None,
        message: format!("{what}: {message}"),
    }
}

/// Reads an array from `len` bytes. `what` names it in errors.
fn parse_npy(reader: &mut impl Read, len: u64, what: &str, accept: Accept) -> Result<Numbers> {
    let (header, header_len) = read_header(reader, len, what)?;
    let descriptor = header.type_descriptor.to_string();
    let descriptor = descriptor.trim_matches('\'');
    let numbers = match (descriptor, accept) {
        ("<f8" | ">f8", Accept::Real | Accept::Both) => Numbers::Real(read_elements::<f64>(
            reader, &header, header_len, len, what,
        )?),
        ("<f4" | ">f4", Accept::Real | Accept::Both) => Numbers::Real(
            read_elements::<f32>(reader, &header, header_len, len, what)?.mapv(f64::from),
        ),
        ("<c16" | ">c16", Accept::Complex | Accept::Both) => {
            Numbers::Complex(read_elements::<Complex<f64>>(
                reader, &header, header_len, len, what,
            )?)
        }
        ("<c8" | ">c8", Accept::Complex | Accept::Both) => Numbers::Complex(
            read_elements::<Complex<f32>>(reader, &header, header_len, len, what)?
                .mapv(|z| Complex::new(f64::from(z.re), f64::from(z.im))),
        ),
        _ => {
            return Err(Error::InvalidValue {
                what: format!("element type of {what}"),
                found: type_name(descriptor),
                expected: match accept {
                    Accept::Real => "float64 or float32",
                    Accept::Complex => "complex128 or complex64",
                    Accept::Both => "float64, float32, complex128 or complex64",
                }
                .into(),
            });
        }
    };
    check_finite(&numbers, what)?;
    Ok(numbers)
}

/// Reads the header and its length, and refuses what no plain array needs before it is parsed:
/// a length beyond the file, and nesting that a recursive parser would follow.
pub(super) fn read_header(reader: &mut impl Read, len: u64, what: &str) -> Result<(Header, u64)> {
    let cut_short = || not_npy(what, format!("cut short: {len} bytes, inside the header"));
    let read_error = |err: io::Error| match err.kind() {
        io::ErrorKind::UnexpectedEof => cut_short(),
        _ => not_npy(what, one_line(&err)),
    };
    let mut bytes = vec![0; 8];
    reader
        .read_exact(&mut bytes)
        .map_err(|err| match err.kind() {
            io::ErrorKind::UnexpectedEof => not_npy(what, "too short to be an array"),
            _ => read_error(err),
        })?;
    if &bytes[..6] != b"\x93NUMPY" {
        return Err(not_npy(what, "does not begin as an .npy file does"));
    }
    let size_bytes = if bytes[6] == 1 { 2 } else { 4 };
    bytes.resize(8 + size_bytes, 0);
    reader.read_exact(&mut bytes[8..]).map_err(read_error)?;
    let dictionary_len = bytes[8..]
        .iter()
        .rev()
        .fold(0, |value, &byte| value << 8 | usize::from(byte));
    if dictionary_len > MAX_HEADER_BYTES {
        return Err(not_npy(
            what,
            format!("header of {dictionary_len} bytes, expected at most {MAX_HEADER_BYTES}"),
        ));
    }
    let start = bytes.len();
    bytes.resize(start + dictionary_len, 0);
    reader.read_exact(&mut bytes[start..]).map_err(read_error)?;
    let brackets = bytes[start..]
        .iter()
        .filter(|byte| b"()[]{}".contains(byte))
        .count();
    if brackets > MAX_HEADER_BRACKETS {
        return Err(not_npy(
            what,
            "a header of nested structures, expected one of a plain array",
        ));
    }
    let header = Header::from_reader(&mut bytes.as_slice()).map_err(|err| match err {
        ReadHeaderError::Io(err) => read_error(err),
        ReadHeaderError::Parse(err) => not_npy(what, format!("header: {}", one_line(&err))),
    })?;
    if header.shape.len() > MAX_RANK {
        return Err(not_npy(
            what,
            format!(
                "an array of rank {}, expected at most {MAX_RANK}",
                header.shape.len()
            ),
        ));
    }
    Ok((header, bytes.len() as u64))
}

/// Compares the header's claim with the length of the data; returns the number of elements.
pub(super) fn check_len(
    header: &Header,
    header_len: u64,
    len: u64,
    element_size: usize,
    what: &str,
) -> Result<usize> {
    let shape = &header.shape;
    if shape.contains(&0) {
        return Err(Error::Empty {
            what: format!("{what} of shape {shape:?}"),
        });
    }
    let count = shape
        .iter()
        .try_fold(1usize, |product, &n| product.checked_mul(n));
    let bytes = count.and_then(|count| count.checked_mul(element_size));
    let available = len.saturating_sub(header_len);
    let (Some(count), Some(bytes)) = (count, bytes) else {
        return Err(not_npy(
            what,
            format!("shape {shape:?} is too large, the file holds {available} bytes of data"),
        ));
    };
    if bytes as u64 != available {
        let verdict = if (bytes as u64) > available {
            "cut short"
        } else {
            "too long"
        };
        return Err(not_npy(
            what,
            format!("{verdict}: shape {shape:?} needs {bytes} bytes of data, found {available}"),
        ));
    }
    Ok(count)
}

/// Reads the elements, once the header's claim has been compared with the length of the data.
pub(super) fn read_elements<A: ReadableElement + Clone>(
    reader: &mut impl Read,
    header: &Header,
    header_len: u64,
    len: u64,
    what: &str,
) -> Result<ArrayD<A>> {
    let count = check_len(header, header_len, len, size_of::<A>(), what)?;
    let (shape, bytes) = (&header.shape, count * size_of::<A>());
    let elements = A::read_to_end_exact_vec(reader, &header.type_descriptor, count).map_err(
        |err| match err {
            ReadDataError::MissingData => {
                not_npy(what, format!("cut short: fewer than {bytes} bytes of data"))
            }
            other => not_npy(what, one_line(&other)),
        },
    )?;
    let array = ArrayD::from_shape_vec(IxDyn(shape).set_f(header.layout.is_fortran()), elements)
        .map_err(|err| not_npy(what, format!("shape {shape:?}: {err}")))?;
    Ok(if array.is_standard_layout() {
        array
    } else {
        array.as_standard_layout().into_owned()
    })
}

fn check_finite(numbers: &Numbers, what: &str) -> Result<()> {
    match numbers {
        Numbers::Real(array) => finite::check_finite(what, array.view()),
        Numbers::Complex(array) => finite::check_finite(what, array.view()),
    }
}

pub(super) fn first_index<A>(array: &ArrayD<A>, found: impl Fn(&A) -> bool) -> Option<Vec<usize>> {
    let mut flat = array.iter().position(found)?;
    let mut index = vec![0; array.ndim()];
    for (entry, &n) in index.iter_mut().zip(array.shape()).rev() {
        *entry = flat % n;
        flat /= n;
    }
    Some(index)
}

/// NumPy's name of an element type, where it has a common one.
pub(super) fn type_name(descriptor: &str) -> String {
    let name = match descriptor.trim_start_matches(['<', '>', '|', '=']) {
        "f2" => "float16",
        "f4" => "float32",
        "f8" => "float64",
        "f16" => "float128",
        "c8" => "complex64",
        "c16" => "complex128",
        "i1" => "int8",
        "i2" => "int16",
        "i4" => "int32",
        "i8" => "int64",
        "u1" => "uint8",
        "u2" => "uint16",
        "u4" => "uint32",
        "u8" => "uint64",
        "b1" => "bool",
        "O" => "Python objects",
        _ => {
            let shown: String = descriptor.chars().take(60).collect();
            return format!("the type {shown}");
        }
    };
    name.into()
}

fn expect_real(numbers: Numbers) -> ArrayD<f64> {
    match numbers {
        Numbers::Real(array) => array,
        Numbers::Complex(_) => unreachable!("only real element types were accepted"),
    }
}

fn expect_complex(numbers: Numbers) -> ArrayD<Complex<f64>> {
    match numbers {
        Numbers::Complex(array) => array,
        Numbers::Real(_) => unreachable!("only complex element types were accepted"),
    }
}
