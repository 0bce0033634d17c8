//! Writing files atomically: the final name holds either the whole file or the earlier one.

use std::fmt::Display;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::FileOperation;
use crate::files::reading::{io_error, irregular};
use crate::{Error, Result};

pub use crate::files::reading::read_text;

/// The largest number of symbolic links that are followed from one path, as on Linux.
const MOST_LINKS: usize = 40;

/// Writes a file through a temporary file in the same folder.
///
/// The temporary file takes the final name when it is complete and on disk. If a step fails, the temporary file is removed and an
/// existing file stays unchanged.
///
/// If the path is a symbolic link, the link stays and its target is written. An existing file keeps its mode, and also its owner
/// and group where the system allows it. Other hard links to an existing file keep the old content.
///
/// # Arguments
/// * `path` — the final name; replaced if it exists; its folder must exist
/// * `write` — writes the content
///
/// # Errors
/// [`Error::Io`] with the final name: the errors of [`check_target`], a full disk, or the error of `write`.
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
    let target = Target::of(path)?;
    let temporary = target.filled(path, write)?;
    temporary
        .persist(&target.path)
        .map_err(|err| io_error(path, FileOperation::Create, err.error))?;
    target.settle();
    Ok(())
}

#[cfg(feature = "store")]
/// Writes a file as [`write_atomically`] does, unless the name is taken.
///
/// # Returns
/// Whether this call wrote the file. If several processes try at the same time, exactly one of them writes it.
pub(crate) fn write_new<F>(path: &Path, write: F) -> Result<bool>
where
    F: FnOnce(&mut dyn Write) -> io::Result<()>,
{
    let target = Target::of(path)?;
    if target.existing.is_some() {
        return Ok(false);
    }
    let temporary = target.filled(path, write)?;
    match temporary.persist_noclobber(&target.path) {
        Ok(_) => {
            target.settle();
            Ok(true)
        }
        Err(err) if err.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(err) => Err(io_error(path, FileOperation::Create, err.error)),
    }
}

/// Checks that a file can be written, before the computation of its content.
///
/// The check creates a temporary file in the same folder and removes it. The temporary file has no name on systems with unnamed
/// files.
///
/// # Errors
/// [`Error::Io`] if the folder does not exist or is not writable, if the name is too long, if the path ends in a slash or names a
/// folder, a device, a pipe or a socket, or if the file exists and is write-protected.
pub fn check_target(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    let target = Target::of(path)?;
    // A program that is killed at this point leaves no file, because an unnamed file ends with its process.
    tempfile::tempfile_in(&target.folder)
        .map(drop)
        .map_err(|err| target.cannot_create(path, err))
}

/// The place of a file to write.
struct Target {
    /// The path after all symbolic links are followed.
    path: PathBuf,
    /// The folder of `path`.
    folder: PathBuf,
    /// The metadata of the existing file, if there is one.
    existing: Option<Metadata>,
}

impl Target {
    /// Follows symbolic links from `given` to a file that can be written, or to a name that is free.
    fn of(given: &Path) -> Result<Target> {
        let refuse = |message: String| Err(Error::io(given, FileOperation::Create, message));
        let mut path = given.to_path_buf();
        for _ in 0..MOST_LINKS {
            let folder = folder_of(&path);
            if path.is_dir() {
                return refuse("found a folder, expected a file name".into());
            }
            if !ends_in_its_name(&path) {
                return refuse("no file name at the end, expected one after the folder".into());
            }
            if !folder.is_dir() {
                let found = match folder.exists() {
                    true => "is a file",
                    false => "does not exist",
                };
                return refuse(format!("the folder {} {found}", folder.display()));
            }
            let existing = match path.symlink_metadata() {
                Ok(data) => Some(data),
                Err(err) if err.kind() == io::ErrorKind::NotFound => None,
                Err(err) => return Err(io_error(given, FileOperation::Create, err)),
            };
            if existing.as_ref().is_some_and(Metadata::is_symlink) {
                // /dev/stdout and similar links lead to a file that a process holds open. Replacing its name would not change the
                // file that the process sees.
                if folder
                    .canonicalize()
                    .is_ok_and(|folder| folder.starts_with("/proc"))
                {
                    return refuse("found an open file of a process, expected a file name".into());
                }
                let link = path
                    .read_link()
                    .map_err(|err| io_error(given, FileOperation::Create, err))?;
                path = folder.join(link);
                continue;
            }
            if let Some(kind) = existing.as_ref().and_then(irregular) {
                return refuse(format!("found {kind}, expected a file or a new name"));
            }
            if existing.is_some() {
                // Opening the file for writing does not change it, and takes all rules of the system into account; its mode alone
                // does not decide.
                OpenOptions::new()
                    .write(true)
                    .open(&path)
                    .map_err(|err| io_error(given, FileOperation::Write, err))?;
            }
            return Ok(Target {
                path,
                folder,
                existing,
            });
        }
        refuse("found symbolic links that go round in a circle, expected a file".into())
    }

    /// Creates the temporary file, with the owner and mode of the final one; errors name the path `given`.
    fn temporary(&self, given: &Path) -> Result<NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".haarmonic-").suffix(".part");
        #[cfg(unix)]
        if self.existing.is_none() {
            // A new file gets the permissions that the mask of the process leaves.
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let temporary = builder
            .tempfile_in(&self.folder)
            .map_err(|err| self.cannot_create(given, err))?;
        #[cfg(unix)]
        if let Some(existing) = &self.existing {
            keep_owner_and_mode(temporary.as_file(), existing)
                .map_err(|err| io_error(given, FileOperation::Create, err))?;
        }
        Ok(temporary)
    }

    /// The error for a file that cannot be created; a refused permission names the folder.
    fn cannot_create(&self, given: &Path, err: io::Error) -> Error {
        match err.kind() {
            io::ErrorKind::PermissionDenied => Error::io(
                given,
                FileOperation::Create,
                format!(
                    "no permission to write to the folder {}",
                    self.folder.display()
                ),
            ),
            _ => io_error(given, FileOperation::Create, err),
        }
    }

    /// Creates the temporary file, writes its content, and waits until it is on disk.
    fn filled<F>(&self, given: &Path, write: F) -> Result<NamedTempFile>
    where
        F: FnOnce(&mut dyn Write) -> io::Result<()>,
    {
        let temporary = self.temporary(given)?;
        let mut writer = BufWriter::with_capacity(1 << 16, temporary.as_file());
        write(&mut writer)
            .and_then(|()| writer.flush())
            .and_then(|()| temporary.as_file().sync_all())
            .map_err(|err| io_error(given, FileOperation::Write, err))?;
        drop(writer);
        Ok(temporary)
    }

    /// Writes the entry of the folder, and with it the new name, to disk.
    ///
    /// A failure is ignored: the content is on disk already, and some systems cannot open folders.
    fn settle(&self) {
        #[cfg(unix)]
        if let Ok(folder) = File::open(&self.folder) {
            folder.sync_all().ok();
        }
    }
}

/// Gives a new file the owner, the group and the mode of the file that it replaces.
///
/// An ordinary user cannot give a file to another owner. In this case the file belongs to the user, and it keeps the old group if
/// the user is a member of the group.
#[cfg(unix)]
fn keep_owner_and_mode(file: &File, existing: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let own = file.metadata()?;
    let mut mode = existing.mode() & 0o777;
    if own.gid() != existing.gid() && fchown(file, None, Some(existing.gid())).is_err() {
        // The rights of the old group are removed, because the new file belongs to another group.
        mode &= 0o707;
    }
    if own.uid() != existing.uid() {
        fchown(file, Some(existing.uid()), None).ok();
    }
    file.set_permissions(std::fs::Permissions::from_mode(mode))
}

/// Whether the text of a path ends in a file name, and not in a slash, a dot or a root.
fn ends_in_its_name(path: &Path) -> bool {
    let text = path.as_os_str().as_encoded_bytes();
    path.file_name()
        .is_some_and(|name| text.ends_with(name.as_encoded_bytes()))
}

/// Writes a table as CSV, with a header line.
///
/// Numbers are written in the shortest decimal form that reads back as the number itself. Text is quoted where needed.
///
/// # Arguments
/// * `path` — written by [`write_atomically`]
/// * `header` — one name per column
/// * `rows` — rows with one entry per column
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
        return Err(Error::empty("header of the table"));
    }
    let mut table = Vec::new();
    for (index, row) in rows.into_iter().enumerate() {
        let row: Vec<String> = row.into_iter().map(|entry| entry.to_string()).collect();
        if row.len() != header.len() {
            return Err(Error::shape(
                format!("row {} of the table", index + 1),
                format!("[{}]", header.len()),
                vec![row.len()],
            ));
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

/// The folder that contains a file; `.` for a name without a folder.
fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        _ => PathBuf::from("."),
    }
}
