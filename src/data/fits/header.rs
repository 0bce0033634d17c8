//! The header of one part of a FITS file: cards of 80 bytes in blocks of 2880 bytes.
//!
//! The crate `fitsio-pure` parses and formats the cards. What the keys mean, and all sizes, are checked here.

use fitsio_pure::header::{Card, parse_card, parse_header_blocks};
use fitsio_pure::value::Value;

use super::file::not_fits;
use super::key::KeyValue;
use crate::{Error, Result};

/// The number of bytes of a card.
const CARD: usize = 80;
/// The largest number of axes, by the FITS standard.
const MOST_AXES: i64 = 999;

/// The header of the HDU with a number, counted from 0 for the primary one.
#[derive(Debug, Clone)]
pub(super) struct Header {
    pub(super) hdu: usize,
    cards: Vec<Card>,
}

impl Header {
    /// Parses whole blocks, of which the last has the card `END`.
    pub(super) fn parse(blocks: &[u8], hdu: usize) -> Result<Header> {
        match parse_header_blocks(blocks) {
            Ok(cards) => Ok(Header { hdu, cards }),
            Err(error) => {
                let bad = |card: &&[u8; CARD]| parse_card(card).is_err();
                let cards = blocks.as_chunks::<CARD>().0;
                Err(not_fits(match cards.iter().find(bad) {
                    Some(card) => format!(
                        "header of HDU {hdu}: found the card {:?}, expected printable ASCII",
                        String::from_utf8_lossy(card).trim_end()
                    ),
                    None => format!("header of HDU {hdu}: {error}"),
                }))
            }
        }
    }

    /// Whether the blocks of a header end with this one.
    pub(super) fn ends_in(block: &[u8]) -> bool {
        block
            .as_chunks::<CARD>()
            .0
            .iter()
            .any(|card| card.starts_with(b"END     "))
    }

    /// The name of a key in errors.
    pub(super) fn named(&self, key: &str) -> String {
        format!("{key} in HDU {}", self.hdu)
    }

    /// The first value of a key; `None` if the key is absent or has no value.
    fn value(&self, key: &str) -> Option<&Value> {
        let named = |card: &&Card| card.keyword_str() == key;
        let card = self.cards.iter().find(named)?;
        card.value
            .as_ref()
            .filter(|value| **value != Value::Undefined)
    }

    fn wrong(&self, key: &str, found: &Value, expected: &str) -> Error {
        let found = match KeyValue::of(found) {
            Some(value) => value.to_string(),
            None => "a complex number".into(),
        };
        Error::invalid(self.named(key), found, expected)
    }

    /// A whole number, which may be written with a decimal point.
    pub(super) fn integer(&self, key: &str) -> Result<Option<i64>> {
        /// Whole numbers of double precision are exact below.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        match self.value(key) {
            None => Ok(None),
            Some(Value::Integer(number)) => Ok(Some(*number)),
            Some(Value::Float(number)) if number.fract() == 0.0 && number.abs() < EXACT => {
                Ok(Some(*number as i64))
            }
            Some(found) => Err(self.wrong(key, found, "a whole number")),
        }
    }

    /// A finite number.
    pub(super) fn real(&self, key: &str) -> Result<Option<f64>> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Integer(number)) => Ok(Some(*number as f64)),
            Some(Value::Float(number)) if number.is_finite() => Ok(Some(*number)),
            Some(found) => Err(self.wrong(key, found, "a finite number")),
        }
    }

    /// A text without blanks at its ends.
    pub(super) fn text(&self, key: &str) -> Result<Option<&str>> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim())),
            Some(found) => Err(self.wrong(key, found, "text in quotes")),
        }
    }

    /// Whether a key has the value `T`.
    pub(super) fn is_true(&self, key: &str) -> bool {
        self.value(key) == Some(&Value::Logical(true))
    }

    /// A count that must be there.
    pub(super) fn count(&self, key: &str) -> Result<u64> {
        match self.count_or_none(key)? {
            Some(count) => Ok(count),
            None => Err(Error::missing(
                format!("key {key}"),
                format!("the header of HDU {}", self.hdu),
            )),
        }
    }

    /// A count that may be absent.
    pub(super) fn count_or_none(&self, key: &str) -> Result<Option<u64>> {
        match self.integer(key)? {
            None => Ok(None),
            Some(number) => u64::try_from(number)
                .map(Some)
                .map_err(|_| Error::invalid(self.named(key), number, "a whole number, at least 0")),
        }
    }

    /// All keys with a value, in the order of the file.
    pub(super) fn keys(&self) -> Vec<(String, KeyValue)> {
        self.cards
            .iter()
            .filter_map(|card| {
                let value = KeyValue::of(card.value.as_ref()?)?;
                Some((card.keyword_str().to_string(), value))
            })
            .collect()
    }

    /// The kind of an extension, such as `BINTABLE`; `None` for the primary HDU.
    pub(super) fn extension(&self) -> Result<Option<&str>> {
        match self.hdu {
            0 => Ok(None),
            _ => self.text("XTENSION"),
        }
    }

    /// The number of bytes of data after the header, without padding.
    ///
    /// FITS40, equations (1), (2) and (4): |BITPIX| / 8 · GCOUNT · (PCOUNT + NAXIS1 · NAXIS2 · …).
    pub(super) fn data_len(&self) -> Result<u64> {
        let bits = match self.integer("BITPIX")? {
            Some(bits) if [8, 16, 32, 64, -32, -64].contains(&bits) => bits.unsigned_abs(),
            Some(bits) => {
                let expected = "8, 16, 32, 64, -32 or -64";
                return Err(Error::invalid(self.named("BITPIX"), bits, expected));
            }
            None => self.count("BITPIX")?,
        };
        let axes = self.count("NAXIS")?;
        if axes > MOST_AXES as u64 {
            let expected = format!("at most {MOST_AXES}");
            return Err(Error::invalid(self.named("NAXIS"), axes, expected));
        }
        let lengths: Vec<u64> = (1..=axes)
            .map(|axis| self.count(&format!("NAXIS{axis}")))
            .collect::<Result<_>>()?;
        // Groups of arrays, an old form of the primary HDU, have a first axis of length 0 that does not count.
        let grouped = self.hdu == 0 && lengths.first() == Some(&0) && self.is_true("GROUPS");
        let counted = &lengths[usize::from(grouped)..];
        let (parameters, groups) = match self.hdu == 0 && !grouped {
            true => (0, 1),
            false => (
                self.count_or_none("PCOUNT")?.unwrap_or(0),
                self.count_or_none("GCOUNT")?.unwrap_or(1),
            ),
        };
        if axes == 0 {
            return Ok(0);
        }
        counted
            .iter()
            .try_fold(1_u64, |product, &len| product.checked_mul(len))
            .and_then(|product| product.checked_add(parameters))
            .and_then(|len| len.checked_mul(groups))
            .and_then(|len| len.checked_mul(bits / 8))
            .ok_or_else(|| {
                not_fits(format!(
                    "HDU {} of axes {lengths:?} is longer than any file",
                    self.hdu
                ))
            })
    }
}
