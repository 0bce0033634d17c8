//! Arrays into NumPy's `.npy` and `.npz` formats, whole or not at all.

use std::io::{self, Write};
use std::path::Path;

use ndarray::{Array2, ArrayBase, Data, Dimension};
use num_complex::Complex;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::atomic::write_atomically;
use super::npy_writing::{NpyElement, write_elements, write_header};
use super::numbers::Numbers;
use crate::{Error, Result};

/// Entries of an archive as `numpy.savez` makes them.
fn stored() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .large_file(true)
}

/// Writes an array as `.npy`, in C order, whole or not at all.
///
/// # Arguments
/// * `path` — the final name, replaced if it exists
/// * `array` — float64, float32, complex128, complex64 or integers; any rank and layout
///
/// # Errors
/// [`Error::Io`] if writing fails; what was there before stays as it was.
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

/// Writes arrays as `.npz` (not compressed, as `numpy.savez` does), whole or not at all.
///
/// # Arguments
/// * `path` — the final name, replaced if it exists
/// * `arrays` — names, each once, and arrays
///
/// # Errors
/// [`Error::Empty`] without arrays, [`Error::InvalidValue`] for a name that is empty or comes
/// twice, [`Error::Io`] if writing fails; what was there before stays as it was.
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

/// Writes several real matrices of one shape, some rows at a time.
///
/// # Arguments
/// * `keys` — the names, each once
/// * `strip` — from the number of a matrix and of a strip to the next of its rows; called in order
#[cfg_attr(not(feature = "store"), allow(dead_code))]
pub(crate) fn write_npz_strips(
    path: &Path,
    keys: &[&str],
    [rows, columns]: [usize; 2],
    mut strip: impl FnMut(usize, usize) -> Result<Array2<f64>>,
) -> Result<()> {
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
