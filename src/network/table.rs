//! Reading one table of a network file: keys with their lines, and errors that name them.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::Value;
use crate::{Error, Result};

/// Where the lines of a text end.
pub(super) struct Lines(Vec<usize>);

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        Lines(text.match_indices('\n').map(|(end, _)| end).collect())
    }

    /// One-based line of a byte, found without another pass through the text.
    pub(super) fn at(&self, byte: usize) -> usize {
        1 + self.0.partition_point(|&end| end < byte)
    }
}

/// One table, with the words by which errors call it.
pub(super) struct Table<'a> {
    lines: &'a Lines,
    table: &'a DeTable<'a>,
    place: String,
}

/// A value and its line.
pub(super) struct Found<T> {
    pub value: T,
    pub line: usize,
}

impl<'a> Table<'a> {
    pub(super) fn new(lines: &'a Lines, table: &'a DeTable<'a>, place: impl Into<String>) -> Self {
        Table {
            lines,
            table,
            place: place.into(),
        }
    }

    /// The keys that are there, for errors about one that is not.
    fn keys(&self) -> String {
        let mut keys: Vec<_> = self
            .table
            .keys()
            .map(|key| (key.span().start, short(key.get_ref())))
            .collect();
        keys.sort_unstable();
        let keys: Vec<_> = keys.into_iter().map(|(_, key)| key).take(12).collect();
        match keys.as_slice() {
            [] => "is empty".into(),
            keys => format!("has {}", keys.join(", ")),
        }
    }

    /// The error for a key that is needed and absent.
    pub(super) fn missing(&self, key: &str) -> Error {
        Error::missing(
            format!("key `{key}`"),
            format!("{}, which {}", self.place, self.keys()),
        )
    }

    /// The error for the value of a key.
    pub(super) fn wrong(
        &self,
        key: &str,
        line: usize,
        found: impl Into<Value>,
        expected: &str,
    ) -> Error {
        Error::invalid(self.name(key, line), found, expected)
    }

    fn name(&self, key: &str, line: usize) -> String {
        format!("key `{}` in {} (line {line})", short(key), self.place)
    }

    /// Refuses keys that are not accepted, the first in the file first.
    pub(super) fn accept(&self, accepted: &[&str]) -> Result<()> {
        self.accept_or(accepted, |_| None)
    }

    /// Refuses keys that are not accepted; `other` says more about some of them.
    pub(super) fn accept_or(
        &self,
        accepted: &[&str],
        other: impl Fn(&str) -> Option<&'static str>,
    ) -> Result<()> {
        let unknown = self
            .table
            .keys()
            .filter(|key| !accepted.contains(&key.get_ref().as_ref()))
            .min_by_key(|key| key.span().start);
        match unknown {
            None => Ok(()),
            Some(key) => Err(self.wrong(
                key.get_ref(),
                self.lines.at(key.span().start),
                other(key.get_ref()).unwrap_or("an unknown key"),
                &match accepted {
                    [only] => format!("only {only}"),
                    _ => format!("one of {}", accepted.join(", ")),
                },
            )),
        }
    }

    /// Refuses the second of several keys of which one says it all.
    pub(super) fn at_most_one(&self, keys: &[&str]) -> Result<()> {
        let mut found: Vec<_> = keys
            .iter()
            .filter_map(|key| self.value(key).map(|found| (found.line, key)))
            .collect();
        found.sort_unstable();
        match found[..] {
            [(_, first), (line, second), ..] => Err(self.wrong(
                second,
                line,
                format!("`{second}` beside `{first}`"),
                "one of the two",
            )),
            _ => Ok(()),
        }
    }

    /// The line of a key, if it is there.
    fn value(&self, key: &str) -> Option<Found<&'a Spanned<DeValue<'a>>>> {
        self.table
            .iter()
            .find(|(name, _)| name.get_ref() == key)
            .map(|(name, value)| Found {
                value,
                line: self.lines.at(name.span().start),
            })
    }

    fn read<T>(
        &self,
        key: &str,
        expected: &str,
        convert: impl Fn(&'a DeValue<'a>) -> Option<T>,
    ) -> Result<Option<Found<T>>> {
        match self.value(key) {
            None => Ok(None),
            Some(Found { value, line }) => match convert(value.get_ref()) {
                Some(value) => Ok(Some(Found { value, line })),
                None => Err(self.wrong(key, line, describe(value.get_ref()), expected)),
            },
        }
    }

    pub(super) fn string(&self, key: &str) -> Result<Option<Found<&'a str>>> {
        self.read(key, "a string in quotes", |value| value.as_str())
    }

    pub(super) fn strings(&self, key: &str) -> Result<Option<Found<Vec<&'a str>>>> {
        self.read(key, "a list of strings in quotes", |value| {
            let entries = value.as_array()?.iter();
            entries.map(|entry| entry.get_ref().as_str()).collect()
        })
    }

    pub(super) fn flag(&self, key: &str) -> Result<Option<Found<bool>>> {
        self.read(key, "true or false", DeValue::as_bool)
    }

    /// Whether a key is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// A table under a key of this one.
    pub(super) fn inner(&self, table: &'a DeTable<'a>, key: &str) -> Table<'a> {
        Table::new(self.lines, table, format!("{}, `{key}`", self.place))
    }

    pub(super) fn float(&self, key: &str) -> Result<Option<Found<f64>>> {
        self.read(key, "a number", float)
    }

    pub(super) fn count(&self, key: &str) -> Result<Option<Found<usize>>> {
        self.read(key, "a whole number, zero or more", count)
    }

    pub(super) fn counts(&self, key: &str) -> Result<Option<Found<Vec<usize>>>> {
        self.read(key, "a list of whole numbers, zero or more", |value| {
            list(value, count)
        })
    }

    pub(super) fn count_lists(&self, key: &str) -> Result<Option<Found<Vec<Vec<usize>>>>> {
        let expected = "a list of lists of whole numbers, zero or more";
        self.read(key, expected, |value| {
            list(value, |value| list(value, count))
        })
    }

    pub(super) fn floats(&self, key: &str) -> Result<Option<Found<Vec<f64>>>> {
        self.read(key, "a list of numbers", |value| list(value, float))
    }

    /// A list of lists of N numbers each.
    pub(super) fn float_lists<const N: usize>(
        &self,
        key: &str,
    ) -> Result<Option<Found<Vec<[f64; N]>>>> {
        self.read(key, &format!("a list of lists of {N} numbers"), |value| {
            list(value, |value| {
                list::<_, Vec<f64>>(value, float)?.try_into().ok()
            })
        })
    }

    pub(super) fn table(&self, key: &str) -> Result<Option<Found<&'a DeTable<'a>>>> {
        self.read(key, &format!("a table [{key}]"), |value| value.as_table())
    }

    /// A list of tables, `[[key]]`, each with its line.
    pub(super) fn tables(&self, key: &str) -> Result<Option<Vec<Found<&'a DeTable<'a>>>>> {
        let expected = format!("tables [[{key}]]");
        let Some(Found { value, line }) = self.value(key) else {
            return Ok(None);
        };
        let Some(array) = value.get_ref().as_array() else {
            return Err(self.wrong(key, line, describe(value.get_ref()), &expected));
        };
        let mut tables = Vec::with_capacity(array.len());
        for value in array.iter() {
            let line = self.lines.at(value.span().start);
            let Some(table) = value.get_ref().as_table() else {
                return Err(self.wrong(key, line, describe(value.get_ref()), &expected));
            };
            tables.push(Found { value: table, line });
        }
        Ok(Some(tables))
    }
}

fn integer(value: &DeValue<'_>) -> Option<i64> {
    value
        .as_integer()
        .and_then(|integer| i64::from_str_radix(integer.as_str(), integer.radix()).ok())
}

fn count(value: &DeValue<'_>) -> Option<usize> {
    integer(value).and_then(|value| usize::try_from(value).ok())
}

fn float(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Float(float) => float.as_str().parse().ok(),
        DeValue::Integer(_) => integer(value).map(|value| value as f64),
        _ => None,
    }
}

/// The entries of a list, if each is what it should be.
fn list<T, C: FromIterator<T>>(
    value: &DeValue<'_>,
    entry: impl Fn(&DeValue<'_>) -> Option<T>,
) -> Option<C> {
    let entries = value.as_array()?.iter();
    entries.map(|value| entry(value.get_ref())).collect()
}

/// A value as an error shows it.
fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the string {:?}", short(text)),
        DeValue::Integer(integer) => short(&integer.to_string()),
        DeValue::Float(float) => short(float.as_str()),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Datetime(_) => "a date".into(),
        DeValue::Array(_) => "a list".into(),
        DeValue::Table(_) => "a table".into(),
    }
}

/// The beginning of a text, on one line.
pub(super) fn short(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(40)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(40).is_some() {
        shown.push('…');
    }
    shown
}
