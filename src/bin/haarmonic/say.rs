//! Printing text. The results are in files before the first line is printed, so no result is lost if the text is.

use haarmonic::error::FileOperation;
use std::io::{self, Write};

use haarmonic::{Error, Result};

/// Prints lines to standard output.
///
/// A pipe that its reader has closed early is not an error.
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

/// Turns the result of writing to standard output into a result of the program.
///
/// # Errors
/// [`Error::Io`] except for a closed pipe.
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

/// Prints an error to standard error on one line. If this fails, only the exit code shows the error.
pub fn error(error: &Error) {
    let message = error.to_string();
    let words: Vec<&str> = message.split_whitespace().collect();
    let _ = writeln!(io::stderr(), "error: {}", words.join(" "));
}
