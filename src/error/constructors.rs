//! Short constructors of errors, one per variant, and what wraps an error with the place where it was met.

use std::path::PathBuf;

use super::{Error, FileOperation, Shape, Value};

impl Error {
    /// [`Error::ShapeMismatch`]: `what` has the shape `found`.
    pub fn shape(
        what: impl Into<String>,
        expected: impl Into<Shape>,
        found: impl Into<Vec<usize>>,
    ) -> Error {
        Error::ShapeMismatch {
            what: what.into(),
            expected: expected.into(),
            found: found.into(),
        }
    }

    /// [`Error::NotFinite`]: `what` holds a NaN or an infinity at `index`.
    pub fn not_finite(what: impl Into<String>, index: impl Into<Vec<usize>>) -> Error {
        Error::NotFinite {
            what: what.into(),
            index: index.into(),
        }
    }

    /// [`Error::Empty`]: `what` holds nothing.
    pub fn empty(what: impl Into<String>) -> Error {
        Error::Empty { what: what.into() }
    }

    /// [`Error::InvalidValue`]: `what` has the value `found`.
    pub fn invalid(
        what: impl Into<String>,
        found: impl Into<Value>,
        expected: impl Into<String>,
    ) -> Error {
        Error::InvalidValue {
            what: what.into(),
            found: found.into(),
            expected: expected.into(),
        }
    }

    /// [`Error::Missing`]: `what` is not in `place`.
    pub fn missing(what: impl Into<String>, place: impl Into<String>) -> Error {
        Error::Missing {
            what: what.into(),
            place: place.into(),
        }
    }

    /// [`Error::InvalidNetwork`]: a layer (counted from zero) or the whole network is not well formed.
    pub(crate) fn network(
        layer: Option<usize>,
        problem: impl Into<String>,
        change: impl Into<String>,
    ) -> Error {
        Error::InvalidNetwork {
            layer,
            problem: problem.into(),
            change: change.into(),
        }
    }

    /// [`Error::Syntax`]: a text is not valid in `format`; lines are counted from one.
    pub fn syntax(format: &'static str, line: Option<usize>, message: impl ToString) -> Error {
        Error::Syntax {
            format,
            line,
            message: message.to_string(),
        }
    }

    /// [`Error::Io`]: `operation` failed with a file.
    pub fn io(path: impl Into<PathBuf>, operation: FileOperation, message: impl ToString) -> Error {
        Error::Io {
            path: path.into(),
            operation,
            message: message.to_string(),
        }
    }

    /// [`Error::NotPositiveDefinite`]: the matrix `what` is not positive definite.
    pub fn not_positive_definite(
        what: impl Into<String>,
        found: impl Into<String>,
        change: impl Into<String>,
    ) -> Error {
        Error::NotPositiveDefinite {
            what: what.into(),
            found: found.into(),
            change: change.into(),
        }
    }

    /// [`Error::NotConverged`]: the refinement of `what` met its limit.
    pub(crate) fn not_converged(
        what: impl Into<String>,
        achieved: f64,
        requested: f64,
        limit: impl Into<String>,
    ) -> Error {
        Error::NotConverged {
            what: what.into(),
            achieved,
            requested,
            limit: limit.into(),
        }
    }

    /// [`Error::Cancelled`]: the computation of `what` was ended by its listener.
    pub fn cancelled(what: impl Into<String>) -> Error {
        Error::Cancelled { what: what.into() }
    }

    /// [`Error::OutOfMemory`]: `needed` bytes are not there.
    pub fn out_of_memory(
        what: impl Into<String>,
        needed: u64,
        available: Option<u64>,
        change: impl Into<String>,
    ) -> Error {
        Error::OutOfMemory {
            what: what.into(),
            needed,
            available,
            change: change.into(),
        }
    }

    /// [`Error::Backend`]: a library reported an error.
    pub fn backend(library: &'static str, message: impl ToString) -> Error {
        Error::Backend {
            library,
            message: message.to_string(),
        }
    }

    /// The same error with another name of the argument: `rename` gets the name that it has.
    pub(crate) fn renamed(mut self, rename: impl FnOnce(&str) -> String) -> Error {
        match &mut self {
            Error::ShapeMismatch { what, .. }
            | Error::NotFinite { what, .. }
            | Error::Empty { what }
            | Error::InvalidValue { what, .. } => *what = rename(what),
            _ => {}
        }
        self
    }

    /// The same error at an index that is shifted in its first axis: for checks of a part of an array.
    pub(crate) fn shifted(mut self, start: usize) -> Error {
        if let Error::NotFinite { index, .. } = &mut self
            && let Some(first) = index.first_mut()
        {
            *first += start;
        }
        self
    }

    /// Wraps the error with the layer in which it was met.
    pub(crate) fn in_layer(self, layer: usize) -> Error {
        Error::InLayer {
            layer,
            source: Box::new(self),
        }
    }

    /// Wraps the error with the input that causes it.
    pub(crate) fn in_input(self, input: usize) -> Error {
        Error::InInput {
            input,
            source: Box::new(self),
        }
    }

    /// Wraps the error with the file in which it was met.
    pub fn in_file(self, path: impl Into<PathBuf>) -> Error {
        Error::InFile {
            path: path.into(),
            source: Box::new(self),
        }
    }
}
