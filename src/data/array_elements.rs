//! Arrays of integers, truth values and texts in `.npz` files.

use std::io::Read;
use std::path::Path;

use ndarray::ArrayD;
use ndarray_npy::ReadableElement;
use ndarray_npy::npy::header::Header;

use super::arrays::{
    check_len, first_index, not_npy, one_line, read_elements, read_header, type_name, with_entry,
};
use crate::{Error, Result};

/// Reads one array of integers or truth values from a `.npz` file.
///
/// # Arguments
/// * `path` — a `.npz` file, stored or deflated
/// * `key` — the name of the array: int8 to int64, uint8 to uint64, or bool (as 0 and 1); any rank
///
/// # Errors
/// As [`read_npz_real`](super::arrays::read_npz_real); [`Error::InvalidValue`] also for an integer above 2⁶³ − 1.
pub fn read_npz_integers(path: impl AsRef<Path>, key: &str) -> Result<ArrayD<i64>> {
    with_entry(path.as_ref(), key, |reader, len, what| {
        parse_integers(reader, len, what)
    })
}

/// Reads one array of texts from a `.npz` file, in C order, whatever its rank.
///
/// # Arguments
/// * `path` — a `.npz` file, stored or deflated
/// * `key` — the name of the array: texts (`<U2`, as NumPy writes a list of strings) or bytes of UTF-8 (`|S2`)
///
/// # Errors
/// As [`read_npz_real`](super::arrays::read_npz_real); [`Error::InvalidValue`] for what is not Unicode.
pub fn read_npz_texts(path: impl AsRef<Path>, key: &str) -> Result<Vec<String>> {
    with_entry(path.as_ref(), key, |reader, len, what| {
        parse_texts(reader, len, what)
    })
}

/// The descriptor of the element type, without quotes: `<f8`, `|u1`, `<U2`.
pub(super) fn descriptor(header: &Header) -> String {
    let text = header.type_descriptor.to_string();
    text.trim_matches('\'').to_string()
}

/// The error for an element type that a reader does not take.
pub(super) fn wrong_type(what: &str, descriptor: &str, expected: &str) -> Error {
    Error::InvalidValue {
        what: format!("element type of {what}"),
        found: type_name(descriptor),
        expected: expected.into(),
    }
}

fn parse_integers(mut reader: &mut dyn Read, len: u64, what: &str) -> Result<ArrayD<i64>> {
    let (header, header_len) = read_header(&mut reader, len, what)?;
    let reader = &mut reader;
    let descriptor = descriptor(&header);
    match descriptor.trim_start_matches(['<', '>', '|', '=']) {
        "i1" => integers::<i8>(reader, &header, header_len, len, what),
        "i2" => integers::<i16>(reader, &header, header_len, len, what),
        "i4" => integers::<i32>(reader, &header, header_len, len, what),
        "i8" => integers::<i64>(reader, &header, header_len, len, what),
        "u1" => integers::<u8>(reader, &header, header_len, len, what),
        "u2" => integers::<u16>(reader, &header, header_len, len, what),
        "u4" => integers::<u32>(reader, &header, header_len, len, what),
        "b1" => Ok(read_elements::<bool>(reader, &header, header_len, len, what)?.mapv(i64::from)),
        "u8" => {
            let array = read_elements::<u64>(reader, &header, header_len, len, what)?;
            match first_index(&array, |&x| i64::try_from(x).is_err()) {
                None => Ok(array.mapv(|x| x as i64)),
                Some(index) => Err(Error::InvalidValue {
                    what: format!("{what} at index {index:?}"),
                    found: array[index.as_slice()].to_string(),
                    expected: format!("at most {}", i64::MAX),
                }),
            }
        }
        _ => Err(wrong_type(what, &descriptor, "integers or bool")),
    }
}

fn integers<A: ReadableElement + Copy + Into<i64>>(
    reader: &mut impl Read,
    header: &Header,
    header_len: u64,
    len: u64,
    what: &str,
) -> Result<ArrayD<i64>> {
    Ok(read_elements::<A>(reader, header, header_len, len, what)?.mapv(Into::into))
}

fn parse_texts(mut reader: &mut dyn Read, len: u64, what: &str) -> Result<Vec<String>> {
    let (header, header_len) = read_header(&mut reader, len, what)?;
    let descriptor = descriptor(&header);
    let refuse = || wrong_type(what, &descriptor, "texts (<U) or bytes (|S)");
    // Order of bytes, kind, and number of characters.
    let (order, rest) = match descriptor.split_at_checked(1) {
        Some((order @ ("<" | ">" | "|" | "="), rest)) => (order, rest),
        _ => return Err(refuse()),
    };
    let (unit, characters) = match rest.split_at_checked(1) {
        Some(("U", characters)) => (4, characters),
        Some(("S", characters)) => (1, characters),
        _ => return Err(refuse()),
    };
    let size = characters
        .parse::<usize>()
        .ok()
        .and_then(|n| n.checked_mul(unit))
        .filter(|&size| size > 0)
        .ok_or_else(refuse)?;
    let count = check_len(&header, header_len, len, size, what)?;
    let mut bytes = Vec::new();
    reader
        .read_to_end(&mut bytes)
        .map_err(|err| not_npy(what, one_line(&err)))?;
    if bytes.len() != count * size {
        return Err(not_npy(
            what,
            format!(
                "found {} bytes of data, expected {}",
                bytes.len(),
                count * size
            ),
        ));
    }
    if header.layout.is_fortran() && header.shape.len() > 1 {
        return Err(not_npy(what, "texts in Fortran order, expected C order"));
    }
    let texts = bytes.chunks_exact(size).map(|text| match unit {
        1 => std::str::from_utf8(text).ok().map(str::to_owned),
        _ => text
            .as_chunks::<4>()
            .0
            .iter()
            .map(|&code| {
                char::from_u32(match order {
                    ">" => u32::from_be_bytes(code),
                    _ => u32::from_le_bytes(code),
                })
            })
            .collect::<Option<String>>(),
    });
    texts
        .enumerate()
        .map(|(index, text)| match text {
            Some(text) => Ok(text.trim_end_matches('\0').to_owned()),
            None => Err(Error::InvalidValue {
                what: format!("{what} at index {index}"),
                found: "bytes that are not Unicode".into(),
                expected: "a text".into(),
            }),
        })
        .collect()
}
