//! Writing files so that the final name never holds a part of one.

use std::fmt::Display;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::FileOperation;
use crate::files::reading::{io_error, irregular};
use crate::{Error, Result};

pub use crate::files::reading::read_text;

/// As many links after each other as Linux follows.
const MOST_LINKS: usize = 40;

/// Writes a file through a temporary one in the same folder, which takes the final name only once
/// it is complete and on disk.
///
/// If anything fails, the temporary file is removed and what was there before stays as it was.
///
/// A symbolic link stays, and the file that it names is written. An existing file keeps its mode, and its owner and group where
/// the system allows that. Other hard links to it keep the old content.
///
/// # Arguments
/// * `path` — the final name; replaced if it exists; its folder must exist
/// * `write` — writes the content; its error is the reason that is reported
///
/// # Errors
/// [`Error::Io`] with the final name: as [`check_target`], disk full, or the error of `write`.
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
/// Whether the file was written; of several processes that try at the same time one writes it.
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

/// Checks that a file could be written, before the work whose result it is to hold: a temporary file is made in the same folder,
/// without a name where the system has such files, and removed again.
///
/// # Errors
/// [`Error::Io`] if the folder does not exist or may not be written to, if the name is too long, ends in a slash, or is that of
/// a folder, a device, a pipe or a socket, and if the file exists and is protected against writing.
pub fn check_target(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    let target = Target::of(path)?;
    // A program that is killed here leaves nothing behind.
    tempfile::tempfile_in(&target.folder)
        .map(drop)
        .map_err(|err| target.cannot_create(path, err))
}

/// Where a file is to be written.
struct Target {
    /// Behind all links.
    path: PathBuf,
    folder: PathBuf,
    /// The file that is there.
    existing: Option<Metadata>,
}

impl Target {
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
                // /dev/stdout and its like are of an open file, which would keep its old content under the new name.
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
                // Changes nothing, and asks the system instead of guessing from the mode.
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

    /// The temporary file; `given` is the name for errors.
    fn temporary(&self, given: &Path) -> Result<NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".haarmonic-").suffix(".part");
        #[cfg(unix)]
        if self.existing.is_none() {
            // The permissions any new file gets; the process mask applies.
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

    /// The temporary file with its content, on disk.
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

    /// Lets the new name itself reach the disk, with the folder. The content is complete either way, and some systems cannot
    /// open folders, so a failure here is not one of the file.
    fn settle(&self) {
        #[cfg(unix)]
        if let Ok(folder) = File::open(&self.folder) {
            folder.sync_all().ok();
        }
    }
}

/// Gives a new file the owner, the group and the mode of the one that it replaces. An ordinary user cannot give files away:
/// then the owner is the user, and the group what the user may give it.
#[cfg(unix)]
fn keep_owner_and_mode(file: &File, existing: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let own = file.metadata()?;
    let mut mode = existing.mode() & 0o777;
    if own.gid() != existing.gid() && fchown(file, None, Some(existing.gid())).is_err() {
        // What was granted to one group is not granted to another.
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

/// The folder a file lies in; the current one for a bare name.
fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        _ => PathBuf::from("."),
    }
}
