//! IDX files, the format of MNIST, Fashion-MNIST and EMNIST: plain or compressed with gzip.
//!
//! A file holds, in this order: two bytes 0, the element type (8 for bytes), the rank, each length as four bytes in big-endian
//! order, and the elements. Its first bytes show whether a file is compressed; its name is ignored. A reader takes memory as
//! bytes arrive, so a false length in a header cannot make it take more.

use std::io::{Read, Write};
use std::path::Path;

use flate2::{Compression, GzBuilder};
use ndarray::{Array3, ArrayView3, Axis};

use super::atomic::write_atomically;
use super::gzip::open_plain;
use super::image_npz::numbered_classes;
use super::image_set::ImageSet;
use crate::files::formats::{HEAD_LEN, describe};
use crate::files::reading::one_line;
use crate::{Error, Result};

/// The first bytes of a file of images: bytes, rank 3.
pub(super) const IMAGES: [u8; 4] = [0, 0, 8, 3];
/// The first bytes of a file of labels: bytes, rank 1.
pub(super) const LABELS: [u8; 4] = [0, 0, 8, 1];

/// Reads the images of an IDX file, as bytes of shape `[n, height, width]`.
///
/// # Errors
/// [`Error::Io`] if the file cannot be read; otherwise [`Error::InFile`] around [`Error::Syntax`] (another kind of
/// file, fewer or more bytes than announced) or [`Error::Empty`].
pub fn read_idx_images(path: impl AsRef<Path>) -> Result<Array3<u8>> {
    let (shape, bytes) = read(path.as_ref(), IMAGES)?;
    Ok(
        Array3::from_shape_vec((shape[0], shape[1], shape[2]), bytes)
            .expect("the number of bytes is the product of the lengths"),
    )
}

/// Reads the labels of an IDX file, one byte per image.
///
/// # Errors
/// As [`read_idx_images`].
pub fn read_idx_labels(path: impl AsRef<Path>) -> Result<Vec<u8>> {
    Ok(read(path.as_ref(), LABELS)?.1)
}

/// Reads images and their labels from two IDX files: MNIST, Fashion-MNIST, EMNIST.
///
/// Pixels are divided by 255. The classes are named `0`, `1`, … up to the largest label; a number that does not
/// occur (0 in the letters of EMNIST) is a class without images. EMNIST stores images with rows and columns
/// exchanged, and this function returns them so.
///
/// # Arguments
/// * `images` — a file such as `train-images-idx3-ubyte.gz`
/// * `labels` — a file such as `train-labels-idx1-ubyte.gz`
///
/// # Errors
/// As [`read_idx_images`]; [`Error::InFile`] around [`Error::ShapeMismatch`] if the numbers of labels and images
/// differ.
///
/// # Examples
/// ```
/// use haarmonic::data::idx::read_mnist;
/// let digits = read_mnist(
///     "examples/data/mnist_sample-images-idx3-ubyte.gz",
///     "examples/data/mnist_sample-labels-idx1-ubyte.gz",
/// )?;
/// assert_eq!(digits.images().shape(), [1000, 28, 28, 1]);
/// assert_eq!(digits.class_counts(), [100; 10]);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn read_mnist(images: impl AsRef<Path>, labels: impl AsRef<Path>) -> Result<ImageSet> {
    let bytes = read_idx_images(images)?;
    let digits = read_idx_labels(labels.as_ref())?;
    let build = || {
        if digits.len() != bytes.dim().0 {
            return Err(Error::shape(
                "labels",
                format!("[{}], one for each image", bytes.dim().0),
                vec![digits.len()],
            ));
        }
        let digits: Vec<usize> = digits.iter().map(|&digit| digit.into()).collect();
        let classes = numbered_classes("labels", &digits)?;
        from_bytes(&bytes, digits, classes)
    };
    build().map_err(|err| err.in_file(labels.as_ref()))
}

/// Makes a set of grey images from bytes of shape `[n, height, width]`, divided by 255.
pub(super) fn from_bytes(
    bytes: &Array3<u8>,
    labels: Vec<usize>,
    classes: Vec<String>,
) -> Result<ImageSet> {
    let images = bytes.mapv(|byte| f64::from(byte) / 255.0);
    ImageSet::new(images.insert_axis(Axis(3)), labels, classes)
}

/// Writes images as an IDX file, whole or not at all. The file is compressed if its name ends in `.gz`.
///
/// # Arguments
/// * `path` — the final name, replaced if it exists
/// * `images` — shape `[n, height, width]`
///
/// # Errors
/// [`Error::Empty`] without bytes, [`Error::ShapeMismatch`] if a length does not fit into 32 bits, [`Error::Io`] if
/// writing fails; an existing file then stays unchanged.
///
/// # Examples
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("images-idx3-ubyte.gz");
/// use haarmonic::data::idx::{read_idx_images, write_idx_images};
/// let images = ndarray::array![[[1, 2], [3, 4]], [[5, 6], [7, 255]]];
/// write_idx_images(&path, images.view())?;
/// assert_eq!(read_idx_images(&path)?, images);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn write_idx_images(path: impl AsRef<Path>, images: ArrayView3<'_, u8>) -> Result<()> {
    let bytes: Vec<u8> = images.iter().copied().collect();
    write(path.as_ref(), IMAGES, images.shape(), &bytes)
}

/// Writes labels as an IDX file; otherwise as [`write_idx_images`].
///
/// # Errors
/// As [`write_idx_images`].
pub fn write_idx_labels(path: impl AsRef<Path>, labels: &[u8]) -> Result<()> {
    write(path.as_ref(), LABELS, &[labels.len()], labels)
}

/// Writes an IDX file: the first bytes, the lengths, the elements.
fn write(path: &Path, magic: [u8; 4], shape: &[usize], bytes: &[u8]) -> Result<()> {
    if bytes.is_empty() {
        return Err(Error::empty(format!("bytes of shape {shape:?}")));
    }
    let mut head = magic.to_vec();
    for &len in shape {
        let len = u32::try_from(len)
            .map_err(|_| Error::shape("bytes to write", "lengths below 2^32", shape.to_vec()))?;
        head.extend(len.to_be_bytes());
    }
    let compress = path.extension().is_some_and(|end| end == "gz");
    write_atomically(path, |out| {
        if !compress {
            out.write_all(&head)?;
            return out.write_all(bytes);
        }
        let mut out = GzBuilder::new().write(out, Compression::best());
        out.write_all(&head)?;
        out.write_all(bytes)?;
        out.finish().map(drop)
    })
}

/// Reads the shape and the bytes of an IDX file of the wanted kind.
fn read(path: &Path, wanted: [u8; 4]) -> Result<(Vec<usize>, Vec<u8>)> {
    let (mut reader, most) = open_plain(path)?;
    parse(&mut reader, most, wanted).map_err(|err| err.in_file(path))
}

fn not_idx(message: impl ToString) -> Error {
    Error::syntax("IDX", None, message)
}

/// Reads the shape and the bytes of an IDX file whose first bytes are `wanted`; at most `most` bytes can be read.
fn parse(reader: &mut impl Read, most: u64, wanted: [u8; 4]) -> Result<(Vec<usize>, Vec<u8>)> {
    let unreadable = |err: std::io::Error| not_idx(one_line(&err));
    let rank = usize::from(wanted[3]);
    let mut head = Vec::new();
    reader
        .by_ref()
        .take(4)
        .read_to_end(&mut head)
        .map_err(unreadable)?;
    if head.len() == 4 && head != wanted {
        reader
            .by_ref()
            .take(HEAD_LEN - 4)
            .read_to_end(&mut head)
            .map_err(unreadable)?;
        let kind = |head: &[u8]| match head {
            head if head.starts_with(&IMAGES) => "images".to_string(),
            head if head.starts_with(&LABELS) => "labels".to_string(),
            head => describe(head),
        };
        return Err(not_idx(format!(
            "found {}, expected {} (bytes {wanted:?})",
            kind(&head),
            kind(&wanted)
        )));
    }
    reader
        .by_ref()
        .take(4 * rank as u64)
        .read_to_end(&mut head)
        .map_err(unreadable)?;
    if head.len() != 4 + 4 * rank {
        return Err(not_idx(format!(
            "cut short: {} bytes, expected a header of {}",
            head.len(),
            4 + 4 * rank
        )));
    }
    let shape: Vec<u64> = head[4..]
        .as_chunks::<4>()
        .0
        .iter()
        .map(|&len| u32::from_be_bytes(len).into())
        .collect();
    if shape.contains(&0) {
        return Err(Error::empty(format!("IDX file of shape {shape:?}")));
    }
    let announced = shape
        .iter()
        .try_fold(1u64, |product, &n| product.checked_mul(n))
        .filter(|&announced| announced <= most);
    let Some(announced) = announced else {
        return Err(not_idx(format!(
            "cut short: shape {shape:?} announced, the file can hold at most {most} bytes"
        )));
    };
    let mut bytes = Vec::new();
    // Reading one byte more than announced shows a file that is too long, and lets gzip reach its end and compare its check sum.
    reader
        .take(announced + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 != announced {
        return Err(not_idx(if (bytes.len() as u64) < announced {
            format!(
                "cut short: shape {shape:?} needs {announced} bytes, found {}",
                bytes.len()
            )
        } else {
            format!("too long: shape {shape:?} needs {announced} bytes, found more")
        }));
    }
    Ok((shape.iter().map(|&n| n as usize).collect(), bytes))
}
