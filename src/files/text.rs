//! Decoding text files: byte order marks, UTF-16 and old line ends.

use std::borrow::Cow;

use super::formats::{HEAD_LEN, known_format};
use crate::{Error, Result};

/// The mark that some editors write before a text.
pub(crate) const BYTE_ORDER_MARK: char = '\u{feff}';

/// Decodes the bytes of a text file.
///
/// The text may be UTF-8 with or without a byte order mark, or UTF-16 with one. A text whose lines end in CR is returned with LF;
/// LF and CRLF are left as they are.
///
/// # Arguments
/// * `format` — the name of the format in errors, such as TOML, CSV or xyz
///
/// # Errors
/// [`Error::Syntax`] for bytes in another encoding; the message names the format of the file if it is well known.
pub(crate) fn decode<'a>(bytes: &'a [u8], format: &'static str) -> Result<Cow<'a, str>> {
    let refuse = |message: String| Error::syntax(format, None, message);
    let text: Cow<'a, str> = match bytes {
        [0xff, 0xfe, rest @ ..] if !rest.starts_with(&[0, 0]) => {
            utf16(rest, u16::from_le_bytes).map(Cow::Owned)
        }
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes).map(Cow::Owned),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => Some(Cow::Borrowed(
                text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text),
            )),
            Err(_) => {
                let head = &bytes[..bytes.len().min(HEAD_LEN as usize)];
                return Err(match known_format(head).filter(|name| *name != UTF8) {
                    Some(found) => refuse(format!("found {found}, expected text in UTF-8")),
                    None => refuse("not text in UTF-8".into()),
                });
            }
        },
    }
    .ok_or_else(|| refuse("found damaged text in UTF-16".into()))?;
    Ok(if text.contains('\r') && !text.contains('\n') {
        Cow::Owned(text.replace('\r', "\n"))
    } else {
        text
    })
}

/// The name of text in UTF-8 among the formats.
const UTF8: &str = "text in UTF-8";

/// Decodes UTF-16 whose units are read by `unit`; `None` if the text is damaged.
fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (units, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = units.iter().map(|&pair| unit(pair)).collect();
    String::from_utf16(&units).ok().filter(|_| rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_line_ends_are_no_part_of_the_text() {
        let text = "a = \"ä\"\nb = 1\n";
        let units: Vec<u16> = text.encode_utf16().collect();
        let wide = |bytes: fn(u16) -> [u8; 2], mark: u16| -> Vec<u8> {
            let marked = [&[mark], &units[..]].concat();
            marked.into_iter().flat_map(bytes).collect()
        };
        for bytes in [
            text.as_bytes().to_vec(),
            format!("\u{feff}{text}").into_bytes(),
            wide(u16::to_le_bytes, 0xfeff),
            wide(u16::to_be_bytes, 0xfeff),
            text.replace('\n', "\r").into_bytes(),
        ] {
            assert_eq!(decode(&bytes, "TOML").unwrap(), text);
        }
        let message = |bytes: &[u8]| decode(bytes, "TOML").unwrap_err().to_string();
        assert_eq!(
            message(b"\x1f\x8b\x08\0\xff"),
            "not valid TOML: found a gzip file, expected text in UTF-8"
        );
        assert_eq!(
            message(b"a = 1\nb = \"\xe4\"\n"),
            "not valid TOML: not text in UTF-8"
        );
        assert_eq!(
            message(b"\xff\xfea"),
            "not valid TOML: found damaged text in UTF-16"
        );
        // The mark of UTF-32 begins with the mark of UTF-16.
        assert_eq!(
            message(b"\xff\xfe\0\0a\0\0\0"),
            "not valid TOML: found text in UTF-32, expected text in UTF-8"
        );
    }
}
