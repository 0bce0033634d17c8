//! Opening a store: comparing an existing store with the network and the signals.

use crate::error::FileOperation;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::files::reading::io_error;
use crate::kernel::Signals;
use crate::{Error, Result};

use super::fingerprint::Fingerprint;
use super::manifest::{Block, Manifest};

/// The age beyond which a temporary file counts as left by a killed process.
const STALE: Duration = Duration::from_secs(600);

/// Checks that the blocks hold the first signals, and adds blocks of at most `side` signals for the others.
///
/// # Errors
/// [`Error::InvalidValue`] if there are fewer signals than in the store, or if a block has other signals.
pub(super) fn extend(
    what: &str,
    blocks: &mut Vec<Block>,
    signals: &Signals<'_>,
    side: usize,
) -> Result<()> {
    let mut start = 0;
    for (number, block) in blocks.iter().enumerate() {
        let end = start + block.len;
        if end > signals.len() {
            return Err(Error::invalid(
                format!("number of signals of the {what}"),
                signals.len(),
                format!("at least {end}, as in the store"),
            ));
        }
        if Fingerprint::of_signals(&signals.range(start..end)) != block.fingerprint {
            return Err(Error::invalid(
                format!("signals of the {what}"),
                format!("others between {start} and {end}"),
                format!("those of block {number} of the store"),
            ));
        }
        start = end;
    }
    while start < signals.len() {
        let end = (start + side).min(signals.len());
        blocks.push(Block {
            len: end - start,
            fingerprint: Fingerprint::of_signals(&signals.range(start..end)),
        });
        start = end;
    }
    Ok(())
}

/// Checks that an existing store has the version, precision, network and kind of the new one.
pub(super) fn check_same(known: &Manifest, fresh: &Manifest) -> Result<()> {
    let differing =
        |what: &str, found: &str, expected: &str| Err(Error::invalid(what, found, expected));
    if known.version != fresh.version {
        return differing("version of the store", &known.version, &fresh.version);
    }
    if known.precision != fresh.precision {
        return differing("precision of the store", &known.precision, &fresh.precision);
    }
    if known.network != fresh.network {
        return differing(
            "network of the store",
            "another network",
            "the same network",
        );
    }
    let kind = |columns: bool| {
        if columns {
            "two sets of signals"
        } else {
            "one set of signals"
        }
    };
    let [found, expected] = [known, fresh].map(|manifest| kind(manifest.columns.is_some()));
    if found != expected {
        return differing("kind of the store", found, expected);
    }
    Ok(())
}

/// Creates a folder unless it exists.
pub(super) fn make_folder(folder: &Path) -> Result<()> {
    match std::fs::create_dir(folder) {
        Err(err) if err.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(io_error(folder, FileOperation::Create, err))
        }
        Err(_) if !folder.is_dir() => Err(Error::io(
            folder,
            FileOperation::Create,
            "found a file, expected a folder or a new name",
        )),
        _ => Ok(()),
    }
}

/// Removes temporary files that killed processes have left. A failure is ignored, because the files are harmless.
pub(super) fn remove_stale(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let age = entry
            .metadata()
            .and_then(|data| data.modified())
            .ok()
            .and_then(|time| SystemTime::now().duration_since(time).ok());
        if name.starts_with(".haarmonic-")
            && name.ends_with(".part")
            && age.is_some_and(|age| age > STALE)
        {
            std::fs::remove_file(entry.path()).ok();
        }
    }
}
