//! Writing files so that the final name never holds a part of one.

use std::fmt::Display;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Writes a file through a temporary one in the same folder, which takes the final name only once
/// it is complete and on disk.
///
/// If anything fails, the temporary file is removed and what was there before stays as it was.
///
/// # Arguments
/// * `path` — the final name; replaced if it exists; its folder must exist
/// * `write` — writes the content; its error is the reason that is reported
///
/// # Errors
/// [`Error::Io`] with the final name: folder missing, no permission, name taken by a folder, disk
/// full, or the error of `write`.
///
/// # Examples
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("note.txt");
/// haarmonic::data::atomic::write_atomically(&path, |out| out.write_all(b"done\n"))?;
/// assert_eq!(std::fs::read(&path).unwrap(), b"done\n");
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn write_atomically<F>(path: impl AsRef<Path>, write: F) -> Result<()>
where
    F: FnOnce(&mut dyn Write) -> io::Result<()>,
{
    let path = path.as_ref();
    check_target(path)?;
    let folder = folder_of(path);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".haarmonic-").suffix(".part");
    #[cfg(unix)]
    {
        // The permissions any new file gets; the process mask applies.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let temporary = builder
        .tempfile_in(&folder)
        .map_err(|err| io_error(path, "create", err))?;
    let mut writer = BufWriter::with_capacity(1 << 16, temporary.as_file());
    write(&mut writer)
        .and_then(|()| writer.flush())
        .and_then(|()| temporary.as_file().sync_all())
        .map_err(|err| io_error(path, "write", err))?;
    drop(writer);
    temporary
        .persist(path)
        .map_err(|err| io_error(path, "create", err.error))?;
    // The new name itself reaches the disk with the folder. The content is complete either way, and
    // some systems cannot open folders, so a failure here is not one of the file.
    #[cfg(unix)]
    if let Ok(folder) = std::fs::File::open(&folder) {
        folder.sync_all().ok();
    }
    Ok(())
}

/// Checks that a file could be written, before the work whose result it is to hold.
///
/// # Errors
/// [`Error::Io`] if the folder does not exist or the name is that of a folder.
pub fn check_target(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    let refuse = |message: String| {
        Err(Error::Io {
            path: path.to_path_buf(),
            operation: "create",
            message,
        })
    };
    if path.is_dir() {
        return refuse("found a folder, expected a file name".into());
    }
    if path.file_name().is_none() {
        return refuse("no file name, expected one after the folder".into());
    }
    let folder = folder_of(path);
    if !folder.is_dir() {
        return refuse(format!("the folder {} does not exist", folder.display()));
    }
    Ok(())
}

/// Writes a table as CSV, with a header line.
///
/// Numbers keep every digit (the shortest form that reads back as the same number); text is quoted
/// where needed.
///
/// # Arguments
/// * `path` — written by [`write_atomically`]
/// * `header` — one name per column
/// * `rows` — as many entries in each as there are columns
///
/// # Errors
/// [`Error::Empty`] without columns, [`Error::ShapeMismatch`] if a row has another length than the
/// header, [`Error::Io`] if writing fails; no file is written then.
///
/// # Examples
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("table.csv");
/// haarmonic::data::atomic::write_csv(&path, &["n", "error"], [[10.0, 0.25], [30.0, 0.125]])?;
/// assert_eq!(std::fs::read_to_string(&path).unwrap(), "n,error\n10,0.25\n30,0.125\n");
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn write_csv<R>(
    path: impl AsRef<Path>,
    header: &[&str],
    rows: impl IntoIterator<Item = R>,
) -> Result<()>
where
    R: IntoIterator,
    R::Item: Display,
{
    if header.is_empty() {
        return Err(Error::Empty {
            what: "header of the table".into(),
        });
    }
    let mut table = Vec::new();
    for (index, row) in rows.into_iter().enumerate() {
        let row: Vec<String> = row.into_iter().map(|entry| entry.to_string()).collect();
        if row.len() != header.len() {
            return Err(Error::ShapeMismatch {
                what: format!("row {} of the table", index + 1),
                expected: format!("[{}]", header.len()),
                found: vec![row.len()],
            });
        }
        table.push(row);
    }
    write_atomically(path, |out| {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(header)?;
        for row in &table {
            writer.write_record(row)?;
        }
        writer.flush()
    })
}

/// The folder a file lies in; the current one for a bare name.
fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// An error of the system, with the file and what was being done.
pub(crate) fn io_error(path: &Path, operation: &'static str, err: io::Error) -> Error {
    Error::Io {
        path: path.to_path_buf(),
        operation,
        message: match err.kind() {
            io::ErrorKind::NotFound => "no such file or folder".into(),
            io::ErrorKind::PermissionDenied => "permission denied".into(),
            _ => err.to_string().replace('\n', " "),
        },
    }
}
