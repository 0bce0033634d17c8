//! Writing arrays in NumPy's `.npy` and `.npz` formats. A file is written whole or not at all.

use std::io::{self, Write};
use std::path::Path;

use ndarray::{Array2, ArrayBase, Data, Dimension};
use num_complex::Complex;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::atomic::write_atomically;
use super::npy_writing::{NpyElement, write_elements, write_header};
use super::numbers::Numbers;
use crate::{Error, Result};

/// The options of an archive entry as `numpy.savez` writes it: not compressed, of any size.
fn stored() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .large_file(true)
}

/// Writes an array as a `.npy` file in C order, whole or not at all.
///
/// # Arguments
/// * `path` — the final name, replaced if it exists
/// * `array` — float64, float32, complex128, complex64 or integers; any rank and layout
///
/// # Errors
/// [`Error::Io`] if writing fails; an existing file then stays unchanged.
pub fn write_npy<A, S, D>(path: impl AsRef<Path>, array: &ArrayBase<S, D>) -> Result<()>
where
    A: NpyElement,
    S: Data<Elem = A>,
    D: Dimension,
{
    write_atomically(path, |out| {
        write_header::<A>(out, array.shape())?;
        write_elements(out, array.iter())
    })
}

/// Writes arrays as a `.npz` file, whole or not at all. The file is not compressed, as with `numpy.savez`.
///
/// # Arguments
/// * `path` — the final name, replaced if it exists
/// * `arrays` — pairs of a name and an array; each name occurs once
///
/// # Errors
/// [`Error::Empty`] without arrays, [`Error::InvalidValue`] for a name that is empty or occurs
/// twice, [`Error::Io`] if writing fails; an existing file then stays unchanged.
pub fn write_npz(path: impl AsRef<Path>, arrays: &[(&str, Numbers)]) -> Result<()> {
    if arrays.is_empty() {
        return Err(Error::empty("arrays to write"));
    }
    for (index, (key, _)) in arrays.iter().enumerate() {
        if key.is_empty() || arrays[..index].iter().any(|(other, _)| other == key) {
            return Err(Error::invalid(
                format!("name of array {}", index + 1),
                format!("{key:?}"),
                "a name that is not empty and not taken",
            ));
        }
    }
    write_atomically(path, |out| {
        let mut zip = ZipWriter::new_stream(out);
        for (key, numbers) in arrays {
            zip.start_file(format!("{key}.npy"), stored())?;
            match numbers {
                Numbers::Real(array) => {
                    write_header::<f64>(&mut zip, array.shape())?;
                    write_elements(&mut zip, array.iter())?;
                }
                Numbers::Complex(array) => {
                    write_header::<Complex<f64>>(&mut zip, array.shape())?;
                    write_elements(&mut zip, array.iter())?;
                }
            }
        }
        zip.finish()?.flush()
    })
}

/// Writes several real matrices of one shape as a `.npz` file, one strip of rows at a time.
///
/// # Arguments
/// * `keys` — the names of the matrices, each once
/// * `strip` — returns a strip of rows, shape `[any, columns]`, from the index of its matrix and its index within the matrix;
///   called matrix by matrix, from the first strip to the last
///
/// # Errors
/// The error of `strip`; [`Error::Io`] if writing fails. An existing file then stays unchanged.
#[cfg_attr(not(feature = "store"), allow(dead_code))]
pub(crate) fn write_npz_strips(
    path: &Path,
    keys: &[&str],
    [rows, columns]: [usize; 2],
    mut strip: impl FnMut(usize, usize) -> Result<Array2<f64>>,
) -> Result<()> {
    // The writer passes on I/O errors only, so the error of a strip is kept here and returned in its own form.
    let mut failed = None;
    let written = write_atomically(path, |out| {
        let mut zip = ZipWriter::new_stream(out);
        for (number, key) in keys.iter().enumerate() {
            zip.start_file(format!("{key}.npy"), stored())?;
            write_header::<f64>(&mut zip, &[rows, columns])?;
            let (mut done, mut count) = (0, 0);
            while done < rows {
                let part = strip(number, count).map_err(|err| {
                    let message = err.to_string();
                    failed = Some(err);
                    io::Error::other(message)
                })?;
                write_elements(&mut zip, part.iter())?;
                done += part.nrows();
                count += 1;
            }
        }
        zip.finish()?.flush()
    });
    match failed {
        Some(err) => Err(err),
        None => written,
    }
}
