//! Reading arrays of integers, booleans and strings from `.npz` files.

use std::io::Read;
use std::path::Path;

use ndarray::ArrayD;

use super::arrays::with_entry;
use super::npy::{not_npy, read_header, read_integers};
use crate::files::reading::one_line;
use crate::{Error, Result};

/// Reads one array of integers or booleans from a `.npz` file.
///
/// # Arguments
/// * `path` — a `.npz` file, stored or deflated
/// * `key` — the name of the array: int8 to int64, uint8 to uint64, or bool (as 0 and 1); any rank
///
/// # Errors
/// As [`read_npz_real`](super::arrays::read_npz_real); [`Error::InvalidValue`] also for an integer above 2⁶³ − 1.
pub fn read_npz_integers(path: impl AsRef<Path>, key: &str) -> Result<ArrayD<i64>> {
    with_entry(path.as_ref(), key, |reader, len, what| {
        let header = read_header(reader, len, what)?;
        read_integers(reader, &header, what)
    })
}

/// Reads one array of strings from a `.npz` file.
///
/// # Arguments
/// * `path` — a `.npz` file, stored or deflated
/// * `key` — the name of the array, of any rank: strings (`<U2`, as NumPy writes a list of strings) or bytes of UTF-8 (`|S2`)
///
/// Returns the strings in C order, without the zero characters that NumPy pads them with.
///
/// # Errors
/// As [`read_npz_real`](super::arrays::read_npz_real); [`Error::InvalidValue`] for an entry that is not Unicode,
/// [`Error::Syntax`] for several axes in Fortran order.
pub fn read_npz_texts(path: impl AsRef<Path>, key: &str) -> Result<Vec<String>> {
    with_entry(path.as_ref(), key, |reader, len, what| {
        parse_texts(reader, len, what)
    })
}

fn parse_texts(reader: &mut dyn Read, len: u64, what: &str) -> Result<Vec<String>> {
    let header = read_header(reader, len, what)?;
    let refuse = || header.wrong_type(what, "texts (<U) or bytes (|S)");
    // A type code is a kind and a number of characters: `U2` is two characters of four bytes each, `S2` two bytes.
    let (unit, characters) = match header.type_code().split_at_checked(1) {
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
    let count = header.count(size, what)?;
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
    if header.fortran && header.shape.len() > 1 {
        return Err(not_npy(what, "texts in Fortran order, expected C order"));
    }
    let texts = bytes.chunks_exact(size).map(|text| match unit {
        1 => std::str::from_utf8(text).ok().map(str::to_owned),
        _ => text
            .as_chunks::<4>()
            .0
            .iter()
            .map(|&code| {
                char::from_u32(if header.big_endian() {
                    u32::from_be_bytes(code)
                } else {
                    u32::from_le_bytes(code)
                })
            })
            .collect::<Option<String>>(),
    });
    texts
        .enumerate()
        .map(|(index, text)| match text {
            Some(text) => Ok(text.trim_end_matches('\0').to_owned()),
            None => Err(Error::invalid(
                format!("{what} at index {index}"),
                "bytes that are not Unicode",
                "a text",
            )),
        })
        .collect()
}
