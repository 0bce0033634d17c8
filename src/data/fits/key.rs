//! Values of keys in headers, and which keys this crate writes itself.

use std::fmt;

use fitsio_pure::header::Card;
use fitsio_pure::value::Value;

use crate::{Error, Result};

/// The value of a key in the header of a FITS file.
///
/// # Examples
/// ```
/// use haarmonic::data::fits::{KeyValue, Map};
/// let mut map = Map::new(ndarray::Array2::zeros((1, 12)))?;
/// map.header.push(("FREQ".into(), KeyValue::Real(143.0)));
/// assert_eq!(map.header[0].1.to_string(), "143");
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum KeyValue {
    /// `T` or `F`.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// A real number.
    Real(f64),
    /// A text, in printable ASCII.
    Text(String),
}

impl fmt::Display for KeyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyValue::Flag(true) => f.write_str("T"),
            KeyValue::Flag(false) => f.write_str("F"),
            KeyValue::Integer(number) => write!(f, "{number}"),
            KeyValue::Real(number) => write!(f, "{}", crate::error::number(*number)),
            KeyValue::Text(text) => write!(f, "{text:?}"),
        }
    }
}

impl KeyValue {
    /// The value of a card; `None` for complex numbers and absent values.
    pub(super) fn of(value: &Value) -> Option<KeyValue> {
        match value {
            Value::Logical(flag) => Some(KeyValue::Flag(*flag)),
            Value::Integer(number) => Some(KeyValue::Integer(*number)),
            Value::Float(number) => Some(KeyValue::Real(*number)),
            Value::String(text) => Some(KeyValue::Text(text.clone())),
            Value::ComplexInt(..) | Value::ComplexFloat(..) | Value::Undefined => None,
        }
    }
}

/// Keys that describe the table or the pixels: they follow from the data, so that those of another file are not copied.
const WRITTEN: [&str; 23] = [
    "SIMPLE", "XTENSION", "BITPIX", "NAXIS", "EXTEND", "PCOUNT", "GCOUNT", "TFIELDS", "THEAP",
    "END", "CHECKSUM", "DATASUM", "PIXTYPE", "ORDERING", "COORDSYS", "NSIDE", "FIRSTPIX",
    "LASTPIX", "INDXSCHM", "OBJECT", "BAD_DATA", "MAX-LPOL", "MAX-MPOL",
];

/// Beginnings of such keys, before the number of a column or an axis.
const NUMBERED: [&str; 10] = [
    "NAXIS", "TTYPE", "TFORM", "TUNIT", "TSCAL", "TZERO", "TNULL", "TDIM", "TDISP", "TBCOL",
];

/// Whether a key is written by this crate itself.
pub(super) fn is_written(key: &str) -> bool {
    let numbered = |start: &str| {
        key.strip_prefix(start)
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    WRITTEN.contains(&key) || NUMBERED.iter().any(|start| numbered(start))
}

/// A card, or an error that names the key.
pub(super) fn card(key: &str, value: &KeyValue, comment: &str) -> Result<Card> {
    let what = || format!("key {key:?}");
    let value = match value {
        KeyValue::Flag(flag) => Value::Logical(*flag),
        KeyValue::Integer(number) => Value::Integer(*number),
        KeyValue::Real(number) => {
            crate::check::finite_number(&what(), *number)?;
            Value::Float(*number)
        }
        KeyValue::Text(text) => {
            printable(&what(), text)?;
            Value::String(text.clone())
        }
    };
    let mut card = Card::new(key, value).map_err(|_| {
        Error::invalid(
            "key of the header",
            format!("{key:?}"),
            "1 to 8 characters of A to Z, 0 to 9, - and _",
        )
    })?;
    if !comment.is_empty() {
        card.comment = Some(comment.into());
    }
    Ok(card)
}

/// Refuses characters that a header cannot hold.
pub(super) fn printable(what: &str, text: &str) -> Result<()> {
    match text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        true => Ok(()),
        false => Err(Error::invalid(
            what,
            format!("{text:?}"),
            "printable ASCII, which is all that FITS headers hold",
        )),
    }
}
