//! Labelled images in NumPy's `.npz` format.

use std::io::Read;
use std::path::Path;

use ndarray::{Array4, ArrayD, Ix4};

use super::array_elements::{read_npz_integers, read_npz_texts};
use super::arrays::{npz_keys, with_entry};
use super::image_set::ImageSet;
use super::npy::{Kind, REAL, read_header, read_real};
use crate::{Error, Result};

/// The largest number of classes that are named by number; a larger label is refused as an error of the file.
const MAX_NUMBERED: usize = 65_536;

/// Reads labelled images from a `.npz` file.
///
/// # Arguments
/// * `path` — a `.npz` file with these arrays:
///
/// | name | shape | elements |
/// |------|-------|----------|
/// | `x` | `[n, height, width, channels]`, or `[n, height, width]` with one channel | uint8, divided by 255; uint16, divided by 65535; other real numbers, taken as they are |
/// | `y` | `[n]` or `[n, 1]` | integers from 0 |
/// | `classes` (optional) | `[k]` | strings; without it the classes are `0`, `1`, … up to the largest label |
/// | `is_test` (optional) | `[n]` or `[n, 1]` | bool or integers 0 and 1; 1 marks a held-out image |
///
/// Other arrays are ignored.
///
/// # Errors
/// [`Error::Io`] if the file cannot be read; otherwise [`Error::InFile`] around [`Error::Missing`] (no `x` or `y`),
/// [`Error::ShapeMismatch`], [`Error::InvalidValue`] (another element type, a label without a class),
/// [`Error::NotFinite`], [`Error::Empty`], or [`Error::Syntax`] (not `.npz`, cut short).
pub fn read_image_npz(path: impl AsRef<Path>) -> Result<ImageSet> {
    let path = path.as_ref();
    let keys = npz_keys(path)?;
    let has = |key: &str| keys.iter().any(|k| k == key);
    let pixels = with_entry(path, "x", |reader, len, what| {
        parse_pixels(reader, len, what)
    })?;
    let labels = read_npz_integers(path, "y")?;
    let classes = if has("classes") {
        Some(read_npz_texts(path, "classes")?)
    } else {
        None
    };
    let is_test = if has("is_test") {
        Some(read_npz_integers(path, "is_test")?)
    } else {
        None
    };
    assemble(pixels, &labels, classes, is_test).map_err(|err| err.in_file(path))
}

/// Checks the arrays of a file and makes a set of them.
fn assemble(
    pixels: ArrayD<f64>,
    labels: &ArrayD<i64>,
    classes: Option<Vec<String>>,
    is_test: Option<ArrayD<i64>>,
) -> Result<ImageSet> {
    let images = four_axes(pixels)?;
    let count = images.dim().0;
    check_vector("array `y`", labels, count)?;
    let labels = labels
        .iter()
        .enumerate()
        .map(|(index, &label)| {
            usize::try_from(label).map_err(|_| {
                Error::invalid(
                    format!("array `y` at index {index}"),
                    label,
                    "a label from 0",
                )
            })
        })
        .collect::<Result<Vec<usize>>>()?;
    let classes = match classes {
        Some(classes) => classes,
        None => numbered_classes("array `y`", &labels)?,
    };
    let set = ImageSet::new(images, labels, classes)?;
    let Some(is_test) = is_test else {
        return Ok(set);
    };
    check_vector("array `is_test`", &is_test, count)?;
    let held_out = is_test
        .iter()
        .enumerate()
        .map(|(index, &mark)| match mark {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Error::invalid(
                format!("array `is_test` at index {index}"),
                mark,
                "0 or 1",
            )),
        })
        .collect::<Result<Vec<bool>>>()?;
    set.with_held_out(held_out)
}

/// The names `0`, `1`, … up to the largest label.
pub(super) fn numbered_classes(what: &str, labels: &[usize]) -> Result<Vec<String>> {
    let largest = labels.iter().copied().max().unwrap_or(0);
    if largest >= MAX_NUMBERED {
        return Err(Error::invalid(
            what,
            format!("label {largest}"),
            format!("labels below {MAX_NUMBERED}"),
        ));
    }
    Ok((0..=largest).map(|label| label.to_string()).collect())
}

/// Checks that an array has shape `[count]` or `[count, 1]`.
fn check_vector(what: &str, array: &ArrayD<i64>, count: usize) -> Result<()> {
    if array.shape() != [count] && array.shape() != [count, 1] {
        return Err(Error::shape(
            what,
            format!("[{count}], one entry for each image"),
            array.shape().to_vec(),
        ));
    }
    Ok(())
}

/// Adds the axis of channels to images without one; an error for other ranks than 3 and 4.
fn four_axes(pixels: ArrayD<f64>) -> Result<Array4<f64>> {
    let mut shape = pixels.shape().to_vec();
    if shape.len() == 3 {
        shape.push(1);
    }
    let refuse = || {
        Error::shape(
            "array `x`",
            "[n, height, width, channels]",
            pixels.shape().to_vec(),
        )
    };
    if shape.len() != 4 {
        return Err(refuse());
    }
    let shape = Ix4(shape[0], shape[1], shape[2], shape[3]);
    Ok(pixels
        .into_shape_with_order(shape)
        .expect("a last axis of length 1 leaves the number of entries as it is"))
}

/// Reads pixels; bytes are divided by 255 and 16-bit integers by 65535.
fn parse_pixels(reader: &mut dyn Read, len: u64, what: &str) -> Result<ArrayD<f64>> {
    let header = read_header(reader, len, what)?;
    let Some(kind) = header.kind() else {
        return Err(header.wrong_type(what, REAL));
    };
    let pixels = read_real(reader, &header, kind, what)?;
    Ok(match kind {
        Kind::Uint8 => pixels.mapv_into(|x| x / 255.0),
        Kind::Uint16 => pixels.mapv_into(|x| x / 65535.0),
        _ => pixels,
    })
}
