//! Arrays in NumPy's `.npy` and `.npz` formats.
//!
//! Readers compare the size that a header announces with the size of the file before they take memory. Every value is checked to
//! be finite, and every error names the file. Files are written whole or not at all.
//!
//! Real numbers may have any of NumPy's types: float64, float32, float16, integers of any width, and bool as 0 and 1. The values
//! are not scaled; only the readers of labelled images, such as [`read_images`](super::image_source::read_images), divide bytes by
//! 255. An integer that no `f64` equals is refused.

use crate::error::FileOperation;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use ndarray::ArrayD;
use num_complex::Complex;
use zip::read::ZipArchive;

use super::gzip::MAX_EXPANSION;
use super::npy::{self, Kind, read_header};
use super::passed_over::is_passed_over;
use crate::files::formats::{HEAD_LEN, NPY, ZIP, describe};
use crate::files::reading::{io_error, one_line, open};
use crate::{Error, Result};

pub use super::array_writing::{write_npy, write_npz};
pub use super::npy_writing::NpyElement;
pub use super::numbers::Numbers;

/// The element types that a reader accepts.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Accept {
    Real,
    Complex,
    Both,
}

/// Reads a `.npy` file of real numbers.
///
/// # Arguments
/// * `path` — a `.npy` file of real numbers of any type ([module](self)), any rank, C or Fortran order, either byte order
///
/// Returns an array in standard layout, whatever the order in the file.
///
/// # Errors
/// [`Error::Io`] if the file cannot be read; otherwise [`Error::InFile`] around [`Error::Syntax`]
/// (not `.npy`, cut short, too long), [`Error::InvalidValue`] (another element type; an integer that no `f64` equals, with its
/// index), [`Error::Empty`] (no entries), [`Error::NotFinite`] with the index of the first NaN or infinity, or
/// [`Error::InvalidValue`] if the array does not fit into memory.
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
/// As [`read_real`]; an array of real numbers is [`Error::InvalidValue`].
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

/// Returns the names of the arrays in a `.npz` file, in the order of the file, without the ending `.npy`.
///
/// An entry without this ending counts as an array if its content begins as a `.npy` file. Hidden files and the folder
/// `__MACOSX` that macOS adds are skipped.
///
/// # Errors
/// [`Error::Io`] if the file cannot be read, [`Error::InFile`] around [`Error::Syntax`] if it is
/// not a `.npz` file.
pub fn npz_keys(path: impl AsRef<Path>) -> Result<Vec<String>> {
    let (mut archive, _) = open_zip(path.as_ref(), NPZ)?;
    Ok(keys_of(&mut archive))
}

/// Reads one array of real numbers from a `.npz` file.
///
/// # Arguments
/// * `path` — a `.npz` file, stored or deflated
/// * `key` — the name of the array
///
/// # Errors
/// As [`read_real`]; [`Error::InFile`] around [`Error::Missing`] if there is no array of this name; the message lists
/// the names in the file.
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
    with_entry(path, key, |reader, len, what| {
        parse_npy(reader, len, what, accept)
    })
}

/// Opens one array of a `.npz` file and parses it.
///
/// # Arguments
/// * `parse` — is given the bytes of the array, their announced number, and the name of the array for errors
///
/// # Errors
/// [`Error::Io`] if the file cannot be read; otherwise [`Error::InFile`] around [`Error::Missing`] (no such array),
/// [`Error::Syntax`] (a damaged archive, an announced size that the file cannot hold), or the error of `parse`.
pub(super) fn with_entry<T>(
    path: &Path,
    key: &str,
    parse: impl FnOnce(&mut dyn Read, u64, &str) -> Result<T>,
) -> Result<T> {
    let (mut archive, file_len) = open_zip(path, NPZ)?;
    // NumPy writes the array `x` as the entry `x.npy`, and looks for both names when it reads.
    let index = archive
        .index_for_name(&format!("{key}.npy"))
        .or_else(|| archive.index_for_name(key));
    let Some(index) = index else {
        return Err(Error::missing(
            format!("array `{key}`"),
            match keys_of(&mut archive).as_slice() {
                [] => "the file, which holds no arrays".into(),
                keys => format!("the file, which holds {}", keys.join(", ")),
            },
        )
        .in_file(path));
    };
    let what = format!("array `{key}`");
    let mut entry = archive
        .by_index(index)
        .map_err(|err| not_zip(NPZ, &err).in_file(path))?;
    let len = entry.size();
    let largest = entry
        .compressed_size()
        .min(file_len)
        .saturating_mul(MAX_EXPANSION);
    if len > largest {
        return Err(Error::syntax(
            "npz",
            None,
            format!("{what}: {len} bytes announced, the file can hold at most {largest}"),
        )
        .in_file(path));
    }
    // The reader offers one byte more than announced: the archive compares its check sum only at the end of an entry.
    let mut reader = BufReader::new(entry.by_ref().take(len.saturating_add(1)));
    parse(&mut reader, len, &what).map_err(|err| place(err, path))
}

/// The name of the format in errors.
const NPZ: &str = "npz";

/// Opens a zip archive that fills its file, and returns the length of the file.
///
/// # Arguments
/// * `format` — the name of the format in errors
///
/// # Errors
/// [`Error::Io`] if the file cannot be read; otherwise [`Error::InFile`] around [`Error::Syntax`] (not an archive, bytes after its
/// end, an entry name that occurs twice).
pub(super) fn open_zip(
    path: &Path,
    format: &'static str,
) -> Result<(ZipArchive<BufReader<File>>, u64)> {
    /// Length in bytes of the last record of an archive, without its comment.
    const END_LEN: u64 = 22;
    let unreadable = |err| io_error(path, FileOperation::Read, err);
    let refuse = |message: String| {
        let (format, line) = (format, None);
        Err(Error::syntax(format, line, message).in_file(path))
    };
    let (mut file, len) = open(path)?;
    let mut head = Vec::new();
    let read = (&mut file).take(HEAD_LEN).read_to_end(&mut head);
    read.map_err(unreadable)?;
    if !ZIP.iter().any(|mark| head.starts_with(mark)) {
        return refuse(format!("found {}, expected a zip archive", describe(&head)));
    }
    let archive =
        ZipArchive::new(BufReader::new(file)).map_err(|err| not_zip(format, &err).in_file(path))?;
    // The archive is opened by the last end record in the file. Reading as many bytes from the end of the file as this record
    // and its comment are long shows whether the record stands there, or more bytes follow it.
    let mut tail = Vec::new();
    let end = (END_LEN + archive.comment().len() as u64).min(len);
    let mut file = File::open(path).map_err(unreadable)?;
    file.seek(SeekFrom::End(-(end as i64)))
        .and_then(|_| file.read_to_end(&mut tail))
        .map_err(unreadable)?;
    if !tail.starts_with(ZIP[1]) {
        return refuse("found more bytes after the end of the archive".into());
    }
    // The record holds the number of entries in 16 bits; 2^16 − 1 announces a number that does not fit.
    let announced = usize::from(u16::from_le_bytes([tail[10], tail[11]]));
    if announced != archive.len() && announced != usize::from(u16::MAX) {
        return refuse(format!(
            "found {} names for {announced} entries, expected each name once",
            archive.len()
        ));
    }
    Ok((archive, len))
}

/// The names of the arrays in an archive, each once, in the order of the file.
fn keys_of<R: Read + io::Seek>(archive: &mut ZipArchive<R>) -> Vec<String> {
    let names: Vec<String> = archive
        .file_names()
        .flatten()
        .map(|name| name.into_owned())
        .collect();
    let mut keys = Vec::new();
    for (index, name) in names.iter().enumerate() {
        if is_passed_over(name) {
            continue;
        }
        let key = match name.strip_suffix(".npy") {
            Some(key) => key,
            None => {
                let mut start = Vec::new();
                let is_array = archive.by_index(index).is_ok_and(|entry| {
                    entry.take(NPY.len() as u64).read_to_end(&mut start).is_ok() && start == NPY
                });
                if !is_array {
                    continue;
                }
                name
            }
        };
        if !keys.iter().any(|known| known == key) {
            keys.push(key.to_owned());
        }
    }
    keys
}

/// The error for an archive that cannot be read.
pub(super) fn not_zip(format: &'static str, err: &zip::result::ZipError) -> Error {
    Error::syntax(format, None, one_line(err))
}

/// Adds the file to an error; an I/O error gets this path in place of its own.
fn place(err: Error, path: &Path) -> Error {
    match err {
        Error::Io {
            operation, message, ..
        } => Error::io(path.to_path_buf(), operation, message),
        other => other.in_file(path),
    }
}

/// Reads an array in the `.npy` format.
///
/// # Arguments
/// * `len` — the number of bytes that the file or the archive announces
/// * `what` — the name of the array in errors
/// * `accept` — the element types that are read; others are [`Error::InvalidValue`]
fn parse_npy(reader: &mut dyn Read, len: u64, what: &str, accept: Accept) -> Result<Numbers> {
    let header = read_header(reader, len, what)?;
    match (header.kind(), accept) {
        (Some(kind @ (Kind::Complex64 | Kind::Complex128)), Accept::Complex | Accept::Both) => {
            npy::read_complex(reader, &header, kind, what).map(Numbers::Complex)
        }
        (Some(kind), Accept::Real | Accept::Both) => {
            npy::read_real(reader, &header, kind, what).map(Numbers::Real)
        }
        (_, Accept::Real) => Err(header.wrong_type(what, npy::REAL)),
        (_, Accept::Complex) => Err(header.wrong_type(what, npy::COMPLEX)),
        (_, Accept::Both) => Err(header.wrong_type(what, "real or complex numbers")),
    }
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
