//! Reading regular files; every error names the path.

use std::borrow::Cow;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;

use super::text::decode;
use crate::error::FileOperation;
use crate::{Error, Result};

/// Opens a regular file and returns it with its length in bytes.
pub(crate) fn open(path: &Path) -> Result<(File, u64)> {
    let cannot_read = |err| io_error(path, FileOperation::Read, err);
    let metadata = std::fs::metadata(path).map_err(cannot_read)?;
    if !metadata.is_file() {
        return Err(Error::io(path, FileOperation::Read, "not a regular file"));
    }
    Ok((File::open(path).map_err(cannot_read)?, metadata.len()))
}

/// Reads a regular file to its end.
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut file, _) = open(path)?;
    match file.read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(err) => Err(io_error(path, FileOperation::Read, err)),
    }
}

/// Reads a small text file, such as a network or a table.
///
/// # Arguments
/// * `path` — a regular file, or a pipe that the shell made (`<(...)`, `/dev/stdin`)
/// * `format` — the name of the format in errors
/// * `limit` — the largest number of bytes that is accepted
///
/// # Errors
/// * [`Error::Io`] — a file that cannot be read; a device, a socket or a named pipe, which may have no end
/// * [`Error::InFile`] around [`Error::InvalidValue`] — a file longer than `limit`; at most one byte beyond the limit is read
/// * [`Error::InFile`] around [`Error::Syntax`] — a file that is not text
#[cfg_attr(not(feature = "data"), allow(unreachable_pub))]
pub fn read_text(path: impl AsRef<Path>, format: &'static str, limit: u64) -> Result<String> {
    let path = path.as_ref();
    let cannot_read = |err| io_error(path, FileOperation::Read, err);
    let data = path.metadata().map_err(cannot_read)?;
    // A pipe without a path of its own was made by the shell, so it has a writer and an end.
    if !(is_pipe(&data) && path.canonicalize().is_err()) {
        check_regular(path)?;
    }
    let too_long = |found: String| {
        Err(Error::invalid(
            format!("size of the {format} file"),
            found,
            format!("at most {limit} bytes"),
        )
        .in_file(path))
    };
    if data.len() > limit {
        return too_long(format!("{} bytes", data.len()));
    }
    let mut bytes = Vec::new();
    let mut file = File::open(path).map_err(cannot_read)?.take(limit + 1);
    file.read_to_end(&mut bytes).map_err(cannot_read)?;
    if bytes.len() as u64 > limit {
        return too_long("more bytes".into());
    }
    decode(&bytes, format)
        .map(Cow::into_owned)
        .map_err(|error| error.in_file(path))
}

/// Refuses paths that are not regular files and may have no end.
///
/// Callers check a path before they open it, because opening a pipe waits for its writer.
///
/// # Errors
/// [`Error::Io`] for a folder, a device, a pipe or a socket, and if there is no such file.
pub(crate) fn check_regular(path: &Path) -> Result<()> {
    let data = path
        .metadata()
        .map_err(|err| io_error(path, FileOperation::Read, err))?;
    match irregular(&data) {
        None => Ok(()),
        Some(kind) => Err(Error::io(
            path,
            FileOperation::Read,
            format!("found {kind}, expected a regular file"),
        )),
    }
}

/// The kind of a path that is not a regular file; `None` for a regular file.
pub(crate) fn irregular(data: &Metadata) -> Option<&'static str> {
    if data.is_file() {
        return None;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let kind = data.file_type();
        if kind.is_char_device() {
            return Some("a character device");
        }
        if kind.is_block_device() {
            return Some("a block device");
        }
        if is_pipe(data) {
            return Some("a pipe");
        }
        if kind.is_socket() {
            return Some("a socket");
        }
    }
    Some(if data.is_dir() {
        "a folder"
    } else {
        "something that is no file"
    })
}

/// Whether a path is a pipe.
fn is_pipe(data: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        data.file_type().is_fifo()
    }
    #[cfg(not(unix))]
    {
        let _ = data;
        false
    }
}

/// An error of the operating system, with the path and the operation.
pub(crate) fn io_error(path: &Path, operation: FileOperation, err: io::Error) -> Error {
    Error::io(
        path.to_path_buf(),
        operation,
        match err.kind() {
            io::ErrorKind::NotFound => "no such file or folder".into(),
            io::ErrorKind::PermissionDenied => "permission denied".into(),
            io::ErrorKind::StorageFull => "no space left".into(),
            io::ErrorKind::InvalidFilename => "the name is too long".into(),
            _ => err.to_string().replace('\n', " "),
        },
    )
}

/// The message of another library on one line.
pub(crate) fn one_line(err: &dyn std::fmt::Display) -> String {
    err.to_string()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}
