//! What the program prints. Results are written before: text that is lost loses nothing else.

use haarmonic::error::FileOperation;
use std::io::{self, Write};

use haarmonic::{Error, Result};

/// Prints lines to standard output.
///
/// Nobody reads a pipe to its end who has seen enough: a closed one is no error.
///
/// # Errors
/// [`Error::Io`] if the lines cannot be written for another reason, such as a full disk.
pub fn lines(lines: &[String]) -> Result<()> {
    text(
        &lines
            .iter()
            .map(|line| format!("{line}\n"))
            .collect::<String>(),
    )
}

/// Prints text to standard output; otherwise as [`lines`].
pub fn text(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Returns the outcome of writing to standard output.
pub fn written(result: io::Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::io(
            "standard output",
            FileOperation::Write,
            error.to_string(),
        )),
        _ => Ok(()),
    }
}

/// Says what went wrong, in one line; where even that is impossible, the exit code says it alone.
pub fn error(error: &Error) {
    let message = error.to_string();
    let words: Vec<&str> = message.split_whitespace().collect();
    let _ = writeln!(io::stderr(), "error: {}", words.join(" "));
}
