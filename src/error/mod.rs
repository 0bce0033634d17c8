//! The one error type of the crate. Every variant carries what was found and what was expected.

#[cfg_attr(not(feature = "store"), allow(dead_code))]
mod constructors;
mod payload;

use std::fmt;
use std::path::PathBuf;

pub use payload::number;
pub use payload::{FileOperation, Shape, Value};

/// The result of every fallible operation of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, with the data a caller needs to mend it.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Error {
    /// An array does not have the shape the operation needs.
    ShapeMismatch {
        /// The argument, as a caller knows it.
        what: String,
        /// The shape that is needed.
        expected: Shape,
        /// The shape that was found.
        found: Vec<usize>,
    },
    /// An argument holds a NaN or an infinity.
    NotFinite {
        /// The argument, as a caller knows it.
        what: String,
        /// Index of the first offending entry.
        index: Vec<usize>,
    },
    /// An argument that must hold something is empty.
    Empty {
        /// The argument, as a caller knows it.
        what: String,
    },
    /// A value lies outside what is allowed: a band limit of zero, an unknown name, a negative width.
    InvalidValue {
        /// The argument, key or column.
        what: String,
        /// What was found.
        found: Value,
        /// What would have been accepted.
        expected: String,
    },
    /// A required key, column or array name is absent.
    Missing {
        /// The key, column or array.
        what: String,
        /// Where it was looked for, and what is there instead.
        place: String,
    },
    /// A network is not well formed; `change` says what to add or alter.
    InvalidNetwork {
        /// Zero-based index of the layer, `None` for the network as a whole.
        layer: Option<usize>,
        /// What is wrong.
        problem: String,
        /// What to add or change.
        change: String,
    },
    /// A text could not be parsed.
    Syntax {
        /// The format (TOML, CSV, xyz).
        format: &'static str,
        /// One-based line, where known.
        line: Option<usize>,
        /// What the parser reported.
        message: String,
    },
    /// Reading or writing failed.
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        operation: FileOperation,
        /// What the system reported.
        message: String,
    },
    /// An error that was met while a file was being read.
    InFile {
        /// The file.
        path: PathBuf,
        /// The error itself.
        source: Box<Error>,
    },
    /// An error that was met in one layer of a network.
    InLayer {
        /// Zero-based index of the layer.
        layer: usize,
        /// The error itself.
        source: Box<Error>,
    },
    /// An error that one of several inputs causes.
    InInput {
        /// Zero-based index of the input.
        input: usize,
        /// The error itself.
        source: Box<Error>,
    },
    /// `|k|` exceeds `sqrt(q q')` by more than rounding: not a covariance.
    NotACovariance {
        /// Variance of the first argument.
        q1: f64,
        /// Variance of the second argument.
        q2: f64,
        /// Their covariance.
        k: f64,
    },
    /// A matrix that must be positive definite is not.
    NotPositiveDefinite {
        /// The matrix, as a caller knows it.
        what: String,
        /// What was observed (smallest eigenvalue, or the pivot that failed).
        found: String,
        /// What to do about it.
        change: String,
    },
    /// A refinement stopped at its limit before it reached the requested accuracy.
    NotConverged {
        /// What was being computed.
        what: String,
        /// The error estimate that was reached.
        achieved: f64,
        /// The error that was asked for.
        requested: f64,
        /// The limit that stopped it.
        limit: String,
    },
    /// The listener to the progress of a computation ended it.
    Cancelled {
        /// What was being computed.
        what: String,
    },
    /// An array of known size is larger than the memory that is free, or the system refused the memory.
    OutOfMemory {
        /// What the memory is for.
        what: String,
        /// Bytes that are needed.
        needed: u64,
        /// Bytes that are free, where the system says so.
        available: Option<u64>,
        /// What to do about it.
        change: String,
    },
    /// A library that computes for this crate reported an error.
    Backend {
        /// Its name.
        library: &'static str,
        /// What it reported.
        message: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::ShapeMismatch {
                what,
                expected,
                found,
            } => write!(f, "{what}: expected shape {expected}, found {found:?}"),
            Error::NotFinite { what, index } => {
                write!(
                    f,
                    "{what}: NaN or infinity at index {index:?}, expected finite values"
                )
            }
            Error::Empty { what } => write!(f, "{what}: empty, expected at least one entry"),
            Error::InvalidValue {
                what,
                found,
                expected,
            } => write!(f, "{what}: found {found}, expected {expected}"),
            Error::Missing { what, place } => write!(f, "{what}: missing in {place}"),
            Error::InvalidNetwork {
                layer: Some(layer),
                problem,
                change,
            } => write!(f, "layer {}: {problem}; {change}", layer + 1),
            Error::InvalidNetwork {
                layer: None,
                problem,
                change,
            } => write!(f, "network: {problem}; {change}"),
            Error::Syntax {
                format,
                line: Some(line),
                message,
            } => write!(f, "not valid {format} (line {line}): {message}"),
            Error::Syntax {
                format,
                line: None,
                message,
            } => write!(f, "not valid {format}: {message}"),
            Error::Io {
                path,
                operation,
                message,
            } => write!(f, "{}: cannot {operation}: {message}", path.display()),
            Error::InFile { path, source } => write!(f, "{}: {source}", path.display()),
            Error::InLayer { layer, source } => write!(f, "layer {}: {source}", layer + 1),
            Error::InInput { input, source } => {
                write!(f, "input {input} (the first is 0): {source}")
            }
            Error::NotACovariance { q1, q2, k } => write!(
                f,
                "covariance {} of two variables with variances {} and {}: expected |k| <= sqrt(q1 q2)",
                number(*k),
                number(*q1),
                number(*q2)
            ),
            Error::NotPositiveDefinite {
                what,
                found,
                change,
            } => write!(f, "{what}: not positive definite ({found}); {change}"),
            Error::NotConverged {
                what,
                achieved,
                requested,
                limit,
            } => write!(
                f,
                "{what}: error estimate {achieved:.1e} at the limit ({limit}), expected at most {requested:.1e}"
            ),
            Error::Cancelled { what } => write!(f, "{what}: cancelled before it was complete"),
            Error::OutOfMemory {
                what,
                needed,
                available,
                change,
            } => {
                write!(f, "{what}: {} of memory needed, ", Bytes(*needed))?;
                match available {
                    Some(available) => write!(f, "found {}", Bytes(*available))?,
                    None => write!(f, "more than the system gives")?,
                }
                write!(f, "; {change}")
            }
            Error::Backend { library, message } => write!(f, "{library}: {message}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::InFile { source, .. }
            | Error::InLayer { source, .. }
            | Error::InInput { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// A number of bytes as messages print it: three digits and a unit, in powers of 1000.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
        if self.0 < 1000 {
            return write!(f, "{} bytes", self.0);
        }
        let (mut value, mut unit) = (self.0 as f64 / 1e3, 0);
        // 999.5 would be printed as 1000.
        while value >= 999.5 && unit + 1 < UNITS.len() {
            value /= 1e3;
            unit += 1;
        }
        let digits = match value {
            value if value >= 99.95 => 0,
            value if value >= 9.995 => 1,
            _ => 2,
        };
        let text = format!("{value:.digits$}");
        let text = match digits {
            0 => &text[..],
            _ => text.trim_end_matches('0').trim_end_matches('.'),
        };
        write!(f, "{text} {}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::Bytes;

    #[test]
    fn bytes_have_three_digits() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1000, "1 kB"),
            (1234, "1.23 kB"),
            (9_999, "10 kB"),
            (99_990, "100 kB"),
            (999_600, "1 MB"),
            (640_000_000_000, "640 GB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(Bytes(bytes).to_string(), text);
        }
    }
}
