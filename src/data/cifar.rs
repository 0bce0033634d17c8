//! CIFAR-10 and CIFAR-100 as distributed: the Python version and the binary version, as `.tar.gz` archive or unpacked folder.
//!
//! | version | files | an image |
//! |---------|-------|----------|
//! | CIFAR-10, binary | `data_batch_1.bin` …, `test_batch.bin`, `batches.meta.txt` | 1 byte label, 3 × 1024 bytes |
//! | CIFAR-100, binary | `train.bin`, `test.bin`, `fine_label_names.txt`, `coarse_label_names.txt` | coarse label, fine label, 3 × 1024 bytes |
//! | CIFAR-10, Python | `data_batch_1` …, `test_batch`, `batches.meta` | a row of 3 × 1024 bytes |
//! | CIFAR-100, Python | `train`, `test`, `meta` | a row of 3 × 1024 bytes |
//!
//! An image has 32 × 32 pixels: its red values row by row, then its green and its blue values.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;

use ndarray::Array4;
use tar::Archive;

use super::cifar_pickle::Pickle;
use super::gzip::open_plain;
use super::image_set::ImageSet;
use super::passed_over::is_passed_over;
use super::tar_end::{Zeros, check_end};
use crate::error::FileOperation;
use crate::files::reading::{io_error, one_line, read_bytes};
use crate::{Error, Result};

/// Rows, and columns, of an image.
const SIZE: usize = 32;
/// The bytes of an image.
const PIXELS: usize = 3 * SIZE * SIZE;
/// The largest file that is read; the largest of the data sets has about 155 million bytes.
const MAX_BYTES: u64 = 1 << 28;

/// Which labels of CIFAR-100 count. CIFAR-10 has one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CifarLabels {
    /// 100 classes; the classes of CIFAR-10.
    #[default]
    Fine,
    /// 20 superclasses of CIFAR-100.
    Coarse,
}

/// Reads CIFAR-10 or CIFAR-100 from a folder or an archive, in any of the versions of the [module](self).
///
/// Training images come first, in the order of the batches. The images of the test batch are marked as held out
/// ([`ImageSet::held_out_split`]). Pixels are divided by 255. A folder or archive may lack batches, but not the names of the classes.
///
/// # Arguments
/// * `path` — the folder that has the files, or the archive (`.tar.gz`, or unpacked `.tar`)
/// * `labels` — the kind of labels
///
/// # Cost
/// All 60,000 images take 1.5 GB, and about 0.2 GB more while they are read.
///
/// # Errors
/// [`Error::Io`] if a file cannot be read; otherwise [`Error::InFile`] around [`Error::Syntax`] (a damaged file), [`Error::Missing`] (no batch, no
/// names of the classes), [`Error::ShapeMismatch`] (not whole images, another number of labels) or [`Error::InvalidValue`] (a label without a
/// class, coarse labels of CIFAR-10, a file that occurs twice).
///
/// # Examples
/// ```
/// use haarmonic::data::cifar::{CifarLabels, read_cifar};
/// # let folder = tempfile::tempdir().unwrap();
/// # let write = |name: &str, bytes: Vec<u8>| std::fs::write(folder.path().join(name), bytes).unwrap();
/// write("batches.meta.txt", b"airplane\nautomobile\n".to_vec());
/// // Two images in a batch: a label and 3072 bytes each.
/// write("data_batch_1.bin", [vec![1; 3073], vec![0; 3073]].concat());
/// let set = read_cifar(folder.path(), CifarLabels::Fine)?;
/// assert_eq!(set.images().shape(), [2, 32, 32, 3]);
/// assert_eq!((set.labels(), &set.classes()[1][..]), (&[1, 0][..], "automobile"));
/// assert_eq!(set.images()[[0, 5, 7, 2]], 1.0 / 255.0);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn read_cifar(path: impl AsRef<Path>, labels: CifarLabels) -> Result<ImageSet> {
    let path = path.as_ref();
    let metadata =
        std::fs::metadata(path).map_err(|err| io_error(path, FileOperation::Read, err))?;
    let files = if metadata.is_dir() {
        from_folder(path)?
    } else {
        let (reader, _) = open_plain(path)?;
        from_archive(reader).map_err(|err| err.in_file(path))?
    };
    parse(&files, labels).map_err(|err| err.in_file(path))
}

/// Whether a folder has files of a CIFAR data set.
pub(super) fn is_cifar_folder(path: &Path) -> bool {
    let has = |name: &str| path.join(name).is_file();
    VERSIONS
        .iter()
        .any(|version| version.batches.iter().any(|(name, _)| has(name)))
}

/// Whether an archive has files of a CIFAR data set; reads it up to the first of them.
pub(super) fn is_cifar_archive(reader: Box<dyn Read>) -> bool {
    let mut archive = Archive::new(reader);
    let Ok(entries) = archive.entries() else {
        return false;
    };
    entries.map_while(io::Result::ok).any(|entry| {
        entry.header().entry_type().is_file() && name_of(&entry.path_bytes()).is_some()
    })
}

/// The files of a version of a data set.
struct Version {
    /// Names of the batches, and whether their images are held out.
    batches: &'static [(&'static str, bool)],
    /// The file of the names of classes, for fine and for coarse labels; none if the data set has no such labels.
    names: [Option<&'static str>; 2],
    /// The number of labels before an image of a binary version; none for the Python version.
    binary: Option<usize>,
}

const VERSIONS: [Version; 4] = [
    Version {
        batches: &[
            ("data_batch_1.bin", false),
            ("data_batch_2.bin", false),
            ("data_batch_3.bin", false),
            ("data_batch_4.bin", false),
            ("data_batch_5.bin", false),
            ("test_batch.bin", true),
        ],
        names: [Some("batches.meta.txt"), None],
        binary: Some(1),
    },
    Version {
        batches: &[("train.bin", false), ("test.bin", true)],
        names: [Some("fine_label_names.txt"), Some("coarse_label_names.txt")],
        binary: Some(2),
    },
    Version {
        batches: &[
            ("data_batch_1", false),
            ("data_batch_2", false),
            ("data_batch_3", false),
            ("data_batch_4", false),
            ("data_batch_5", false),
            ("test_batch", true),
        ],
        names: [Some("batches.meta"), None],
        binary: None,
    },
    Version {
        batches: &[("train", false), ("test", true)],
        names: [Some("meta"), Some("meta")],
        binary: None,
    },
];

/// The names of all files that are read.
fn names() -> impl Iterator<Item = &'static str> {
    VERSIONS.iter().flat_map(|version| {
        let batches = version.batches.iter().map(|(name, _)| *name);
        batches.chain(version.names.into_iter().flatten())
    })
}

/// The name of a file of a data set, from its path in an archive.
fn name_of(path: &[u8]) -> Option<&'static str> {
    let path = String::from_utf8_lossy(path);
    let name = path.rsplit('/').next()?;
    let inside = path.rsplit('/').count() <= 2 || path.starts_with("./");
    names().find(|known| *known == name && inside && !is_passed_over(&path))
}

type Files = BTreeMap<&'static str, Vec<u8>>;

fn from_folder(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    for name in names() {
        let path = folder.join(name);
        if path.is_file() && !files.contains_key(name) {
            files.insert(name, read_bytes(&path)?);
        }
    }
    Ok(files)
}

fn from_archive(reader: Box<dyn Read>) -> Result<Files> {
    let not_tar = |err: io::Error| Error::syntax("tar archive", None, one_line(&err));
    let mut files = Files::new();
    let mut archive = Archive::new(Zeros::new(reader));
    for entry in archive.entries().map_err(not_tar)? {
        let entry = entry.map_err(not_tar)?;
        let name = name_of(&entry.path_bytes()).filter(|_| entry.header().entry_type().is_file());
        let Some(name) = name else {
            continue;
        };
        let mut bytes = Vec::new();
        entry
            .take(MAX_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(not_tar)?;
        if bytes.len() as u64 > MAX_BYTES {
            let len = format!("more than {MAX_BYTES} bytes");
            return Err(Error::invalid(
                format!("{name} in the archive"),
                len,
                "a batch of images",
            ));
        }
        if files.insert(name, bytes).is_some() {
            return Err(Error::invalid(
                format!("{name} in the archive"),
                "a second file of this name",
                "one",
            ));
        }
    }
    check_end(archive.into_inner()).map_err(not_tar)?;
    Ok(files)
}

/// A batch: its labels, and its images as rows of bytes.
struct Batch<'a> {
    labels: Vec<i64>,
    rows: Vec<std::borrow::Cow<'a, [u8]>>,
}

fn parse(files: &Files, labels: CifarLabels) -> Result<ImageSet> {
    let has_batches = |version: &&Version| {
        version
            .batches
            .iter()
            .any(|(name, _)| files.contains_key(name))
    };
    let version = VERSIONS.iter().find(has_batches).ok_or_else(|| {
        Error::missing(
            "a batch of images",
            "the folder or archive; expected the files of CIFAR-10 or CIFAR-100, such as data_batch_1 or train.bin",
        )
    })?;
    let classes = class_names(files, version, labels)?;
    let mut pixels = Vec::new();
    let mut all = Vec::new();
    let mut held_out = Vec::new();
    for &(name, is_test) in version.batches {
        let Some(bytes) = files.get(name) else {
            continue;
        };
        let Batch { labels, rows } = match version.binary {
            Some(count) => binary_batch(name, bytes, count, labels)?,
            None => pickled_batch(name, bytes, version, labels)?,
        };
        for (index, label) in labels.into_iter().enumerate() {
            let found = usize::try_from(label).ok().filter(|l| *l < classes.len());
            all.push(found.ok_or_else(|| {
                Error::invalid(
                    format!("label of image {index} in {name}"),
                    label,
                    format!("0 to {}, the numbers of the classes", classes.len() - 1),
                )
            })?);
            held_out.push(is_test);
        }
        for row in rows {
            // From planes of colours to colours of pixels.
            let plane = SIZE * SIZE;
            pixels.reserve(PIXELS);
            for pixel in 0..plane {
                for colour in 0..3 {
                    pixels.push(f64::from(row[colour * plane + pixel]) / 255.0);
                }
            }
        }
    }
    let images = Array4::from_shape_vec((all.len(), SIZE, SIZE, 3), pixels)
        .expect("every image has as many bytes");
    ImageSet::new(images, all, classes)?.with_held_out(held_out)
}

/// The names of the classes.
fn class_names(files: &Files, version: &Version, labels: CifarLabels) -> Result<Vec<String>> {
    let name = version.names[labels as usize].ok_or_else(|| {
        Error::invalid(
            "labels of CIFAR-10",
            "coarse",
            "fine, the only kind of this data set",
        )
    })?;
    let bytes = files.get(name).ok_or_else(|| {
        Error::missing(
            name,
            "the folder or archive; it has the names of the classes",
        )
    })?;
    if version.binary.is_none() {
        let key = match (version.names[1], labels) {
            (None, _) => "label_names",
            (_, CifarLabels::Fine) => "fine_label_names",
            (_, CifarLabels::Coarse) => "coarse_label_names",
        };
        return Pickle::read(bytes)
            .and_then(|pickle| pickle.strings(key))
            .map_err(|message| pickle_error(name, message));
    }
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    Ok(lines.map(String::from).collect())
}

fn pickle_error(name: &str, message: String) -> Error {
    Error::syntax("pickle", None, format!("{name}: {message}"))
}

fn binary_batch<'a>(
    name: &str,
    bytes: &'a [u8],
    count: usize,
    labels: CifarLabels,
) -> Result<Batch<'a>> {
    let record = count + PIXELS;
    if bytes.is_empty() || !bytes.len().is_multiple_of(record) {
        return Err(Error::shape(
            format!("bytes of {name}"),
            format!("[n * {record}], n images of {PIXELS} bytes with labels"),
            vec![bytes.len()],
        ));
    }
    // Of two labels the fine one is the second.
    let place = match labels {
        CifarLabels::Fine => count - 1,
        CifarLabels::Coarse => 0,
    };
    let records = bytes.chunks_exact(record);
    Ok(Batch {
        labels: records.clone().map(|record| record[place].into()).collect(),
        rows: records.map(|record| record[count..].into()).collect(),
    })
}

fn pickled_batch<'a>(
    name: &str,
    bytes: &[u8],
    version: &Version,
    labels: CifarLabels,
) -> Result<Batch<'a>> {
    let key = match (version.names[1], labels) {
        (None, _) => "labels",
        (_, CifarLabels::Fine) => "fine_labels",
        (_, CifarLabels::Coarse) => "coarse_labels",
    };
    let read = || -> std::result::Result<_, String> {
        let pickle = Pickle::read(bytes)?;
        Ok((pickle.integers(key)?, pickle.matrix("data")?))
    };
    let (labels, ([count, columns], data)) =
        read().map_err(|message| pickle_error(name, message))?;
    if columns != PIXELS || count != labels.len() {
        return Err(Error::shape(
            format!("images of {name}"),
            format!("[{}, {PIXELS}], one row for each label", labels.len()),
            vec![count, columns],
        ));
    }
    let rows = data.chunks_exact(PIXELS);
    Ok(Batch {
        labels,
        rows: rows.map(|row| row.to_vec().into()).collect(),
    })
}
