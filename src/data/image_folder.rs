//! Folders of images, one folder per class (feature `images`).
//!
//! ```text
//! tiles/stroma/a.png                tiles/train/stroma/a.png
//! tiles/stroma/b.tif      or        tiles/train/tumour/c.jpg
//! tiles/tumour/c.jpg                tiles/test/stroma/b.tif
//! ```

use crate::error::FileOperation;
use crate::files::formats::{HEAD_LEN, describe};
use crate::files::reading::{io_error, one_line, open, read_bytes};
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::{ColorType, ImageFormat, ImageReader, Limits};
use ndarray::{Array3, Array4, Axis};

use super::image_set::ImageSet;
use super::image_whole::check_whole;
use super::passed_over::is_passed_over;
use super::resize::{check_memory, check_size, resize};
use crate::{Error, Result};

/// The largest number of bytes that a decoder may take: 67 million pixels of four channels.
const MAX_DECODER_BYTES: u64 = 1 << 28;
/// The number of bytes that a decoder may take for any file.
const MIN_DECODER_BYTES: u64 = 4 << 20;
/// The number of bytes that a decoder may take in addition per byte of the file. Deflate expands by up to 1032, and one bit may
/// stand for a pixel of four channels, which is 32 times as large.
const DECODER_EXPANSION: u64 = 32 * 1032;
/// The largest number of bytes of a file that is read.
const MAX_FILE_BYTES: u64 = 1 << 30;
/// The largest number of rows or columns of an image.
const MAX_SIDE: u32 = 1 << 16;

/// Reads images from a folder that holds one folder per class.
///
/// * Classes are sorted by name, and images within a class by file name; names are compared as strings (`10` before `9`).
/// * If the only folders are `train` and `test`, each of them holds one folder per class. The images of `test` are the
///   held-out images. They come after the images of `train`, and their classes must occur in `train`.
/// * PNG, JPEG and TIFF are recognised by content. Samples of 8 or 16 bits are scaled to 0..1. Grey images have one channel and
///   colour images three; if both occur, grey is repeated in three channels. Transparency is dropped. The orientation that a
///   photograph records in its metadata is ignored.
/// * Hidden files and folders (names that begin with a dot), the files that systems add (`Thumbs.db`, `desktop.ini`, `__MACOSX`)
///   and files beside the class folders are skipped. Links are followed. Every other file in a class folder must be an image.
/// * Damaged files are refused: a PNG file with a wrong check sum, without its end or with bytes after it; a JPEG file whose coded
///   data does not give every block of the image in full; a TIFF file with strips beyond its end. Data that cameras append after
///   the end of a JPEG image is skipped. An animation or a second page in full size is refused.
///
/// # Arguments
/// * `path` — the folder
/// * `size` — height and width to which every image is brought, see [`ImageSet::resized`]; without it all images
///   must have one size
///
/// # Cost and accuracy
/// One image is decoded at a time and resized before the next. Decoding takes at most 256 MiB, and less for a short file; the
/// conversion to `f64` takes up to eight times as much.
///
/// # Errors
/// * [`Error::Io`] — a folder or file that cannot be read
/// * [`Error::Missing`] — no class folders
/// * [`Error::InvalidValue`] — a size of zero
/// * [`Error::InFile`] with the folder or image, around [`Error::Missing`] (a class of `test` that is not in `train`),
///   [`Error::Empty`] (no images in the folder), [`Error::Syntax`] (not an image, cut short, damaged, too large, several images),
///   [`Error::InvalidValue`] (a name that is not Unicode, a folder in a class folder, pixels of another type) or
///   [`Error::ShapeMismatch`] (another size than the first image)
pub fn read_image_folder(path: impl AsRef<Path>, size: Option<(usize, usize)>) -> Result<ImageSet> {
    let path = path.as_ref();
    if let Some((height, width)) = size {
        check_size(height, width)?;
    }
    let folders = folders(path)?;
    let names: Vec<&str> = folders.iter().map(|(name, _)| name.as_str()).collect();
    let (train, test) = match names.as_slice() {
        [] => return Err(no_classes(path)),
        ["test", "train"] => (class_folders(&folders[1].1)?, class_folders(&folders[0].1)?),
        _ => (folders, Vec::new()),
    };
    let classes: Vec<String> = train.iter().map(|(name, _)| name.clone()).collect();
    let mut files = Vec::new();
    let mut labels = Vec::new();
    let mut held_out = Vec::new();
    let parts = train
        .iter()
        .map(|folder| (folder, false))
        .chain(test.iter().map(|folder| (folder, true)));
    for ((name, folder), is_test) in parts {
        let label = classes.iter().position(|class| class == name);
        let label = label.ok_or_else(|| {
            Error::missing(format!("class {name:?} of `test`"), "`train`").in_file(path)
        })?;
        let images = image_files(folder)?;
        labels.resize(labels.len() + images.len(), label);
        held_out.resize(labels.len(), is_test);
        files.extend(images);
    }
    let set = ImageSet::new(read_files(&files, size)?, labels, classes)
        .map_err(|err| err.in_file(path))?;
    if test.is_empty() {
        Ok(set)
    } else {
        set.with_held_out(held_out)
    }
}

/// The error for a folder without class folders.
fn no_classes(path: &Path) -> Error {
    Error::missing(
        "folders of images, one for each class",
        format!("folder {}", path.display()),
    )
}

/// The class folders in a folder, sorted by name; at least one.
fn class_folders(path: &Path) -> Result<Vec<(String, PathBuf)>> {
    let folders = folders(path)?;
    if folders.is_empty() {
        return Err(no_classes(path));
    }
    Ok(folders)
}

/// The entries of a folder that are not skipped, sorted by name, each with its path and whether it is a folder.
///
/// Links are followed. A loop of links is harmless, because folders are read to a fixed depth.
fn entries(path: &Path) -> Result<Vec<(String, PathBuf, bool)>> {
    let cannot_read = |err| io_error(path, FileOperation::Read, err);
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).map_err(cannot_read)? {
        let entry = entry.map_err(cannot_read)?;
        let name = entry.file_name();
        if is_passed_over(&name.to_string_lossy()) {
            continue;
        }
        let Some(name) = name.to_str() else {
            return Err(Error::invalid(
                "name in the folder",
                name.to_string_lossy().into_owned(),
                "a name in Unicode",
            )
            .in_file(path));
        };
        let metadata = fs::metadata(entry.path());
        let metadata = metadata.map_err(|err| io_error(&entry.path(), FileOperation::Read, err))?;
        entries.push((name.to_string(), entry.path(), metadata.is_dir()));
    }
    entries.sort();
    Ok(entries)
}

/// The folders in a folder, sorted by name.
fn folders(path: &Path) -> Result<Vec<(String, PathBuf)>> {
    Ok(entries(path)?
        .into_iter()
        .filter(|(_, _, is_folder)| *is_folder)
        .map(|(name, path, _)| (name, path))
        .collect())
}

/// The paths of the images of a class folder, sorted by name.
fn image_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = entries(folder)?;
    if let Some((name, ..)) = entries.iter().find(|(_, _, is_folder)| *is_folder) {
        return Err(Error::invalid(
            "folder of a class",
            format!("a folder {name:?} in it"),
            "images",
        )
        .in_file(folder));
    }
    if entries.is_empty() {
        return Err(Error::empty("images of the class").in_file(folder));
    }
    Ok(entries.into_iter().map(|(_, path, _)| path).collect())
}

/// Reads images into shape `[n, height, width, 1 or 3]`, resized if a size is given.
fn read_files(files: &[PathBuf], size: Option<(usize, usize)>) -> Result<Array4<f64>> {
    let mut images: Vec<Array3<f64>> = Vec::with_capacity(files.len());
    for file in files {
        let image = read_image(file)?;
        let image = match size {
            Some((height, width)) => resize(&image.insert_axis(Axis(0)), height, width)
                .map_err(|err| err.in_file(file))?
                .remove_axis(Axis(0)),
            None => image,
        };
        if let Some(first) = images.first() {
            let ((height, width, _), found) = (first.dim(), image.dim());
            if (height, width) != (found.0, found.1) {
                return Err(Error::shape(
                    "image",
                    format!(
                        "[{height}, {width}] as that of {} (or state a size for all)",
                        files[0].display()
                    ),
                    vec![found.0, found.1],
                )
                .in_file(file));
            }
        }
        images.push(image);
    }
    // If colour images occur, grey images are repeated in three channels.
    let channels = images.iter().map(|image| image.dim().2).max().unwrap_or(1);
    let (height, width) = images.first().map_or((0, 0), |image| {
        let (height, width, _) = image.dim();
        (height, width)
    });
    check_memory(&[images.len(), height, width, channels])?;
    let mut all = Array4::zeros((images.len(), height, width, channels));
    for (mut target, image) in all.outer_iter_mut().zip(images) {
        let image = image
            .broadcast(target.raw_dim())
            .expect("images have one channel or as many as all");
        target.assign(&image);
    }
    Ok(all)
}

/// Decodes an image to shape `[height, width, 1 or 3]`, with entries from 0 to 1.
fn read_image(path: &Path) -> Result<Array3<f64>> {
    let not_image = |message: String| Error::syntax("image", None, message).in_file(path);
    let (_, len) = open(path)?;
    if len > MAX_FILE_BYTES {
        return Err(not_image(format!(
            "found {len} bytes, expected at most {MAX_FILE_BYTES}"
        )));
    }
    let bytes = read_bytes(path)?;
    let mut reader = ImageReader::new(Cursor::new(&bytes))
        .with_guessed_format()
        .map_err(|err| io_error(path, FileOperation::Read, err))?;
    if !matches!(
        reader.format(),
        Some(ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::Tiff)
    ) {
        let head = &bytes[..bytes.len().min(HEAD_LEN as usize)];
        return Err(not_image(format!(
            "found {}, expected PNG, JPEG or TIFF",
            describe(head)
        )));
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    let most = (bytes.len() as u64).saturating_mul(DECODER_EXPANSION);
    let most = MIN_DECODER_BYTES
        .saturating_add(most)
        .min(MAX_DECODER_BYTES);
    limits.max_alloc = Some(most);
    reader.limits(limits);
    check_whole(&bytes, most).map_err(not_image)?;
    let image = reader.decode().map_err(|err| not_image(one_line(&err)))?;
    let (height, width) = (image.height() as usize, image.width() as usize);
    check_memory(&[height, width, 3]).map_err(|err| err.in_file(path))?;
    let bytes = |samples: Vec<u8>| samples.into_iter().map(|x| f64::from(x) / 255.0).collect();
    let words = |samples: Vec<u16>| {
        samples
            .into_iter()
            .map(|x| f64::from(x) / 65535.0)
            .collect()
    };
    let (channels, samples): (usize, Vec<f64>) = match image.color() {
        ColorType::L8 | ColorType::La8 => (1, bytes(image.into_luma8().into_raw())),
        ColorType::L16 | ColorType::La16 => (1, words(image.into_luma16().into_raw())),
        ColorType::Rgb8 | ColorType::Rgba8 => (3, bytes(image.into_rgb8().into_raw())),
        ColorType::Rgb16 | ColorType::Rgba16 => (3, words(image.into_rgb16().into_raw())),
        other => {
            return Err(Error::invalid(
                "pixels",
                format!("{other:?}"),
                "grey or colour, 8 or 16 bits",
            )
            .in_file(path));
        }
    };
    Ok(Array3::from_shape_vec((height, width, channels), samples)
        .expect("a decoded image has as many samples as its size says"))
}
