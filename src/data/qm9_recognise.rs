//! Recognising the form of QM9 in a file or folder by its content.

use crate::error::FileOperation;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::arrays::open_zip;
use super::passed_over::is_passed_over;
use super::qm9_reading::Qm9Form;
use super::{qm9_csv, qm9_sample};
use crate::error::{Error, Result};
use crate::files::formats::{HEAD_LEN as FORMAT_LEN, ZIP, describe, known_format};
use crate::files::reading::{io_error, open};
use crate::files::text::BYTE_ORDER_MARK;

/// The name of the wheel's format in errors.
pub(super) const WHEEL: &str = "zip archive";

/// The number of bytes at the start of a file that decide its form.
const HEAD_LEN: u64 = 4096;

/// Recognises a folder of xyz files or of CSV parts, and returns its files in the order of reading.
pub(super) fn recognise_folder(path: &Path) -> Result<(Qm9Form, Vec<PathBuf>)> {
    let mut xyz = Vec::new();
    let mut csv = Vec::new();
    for entry in fs::read_dir(path).map_err(|e| io_error(path, FileOperation::Read, e))? {
        let entry = entry
            .map_err(|e| io_error(path, FileOperation::Read, e))?
            .path();
        let name = entry.file_name().unwrap_or_default().to_string_lossy();
        if is_passed_over(&name) {
            continue;
        }
        if name.to_ascii_lowercase().ends_with(".xyz") {
            xyz.push(entry);
        } else if is_part(&name) {
            csv.push(entry);
        }
    }
    xyz.sort();
    csv.sort();
    if !xyz.is_empty() {
        Ok((Qm9Form::XyzFolder, xyz))
    } else if !csv.is_empty() {
        Ok((Qm9Form::CsvParts, csv))
    } else {
        Err(Error::missing(
            "files *.xyz or qm9_part*.csv",
            format!("folder {}", path.display()),
        ))
    }
}

/// Recognises the form of a file, and returns the files to read or their names in the archive.
pub(super) fn recognise_file(path: &Path) -> Result<(Qm9Form, Vec<PathBuf>)> {
    let mut head = Vec::new();
    let (file, _) = open(path)?;
    file.take(HEAD_LEN)
        .read_to_end(&mut head)
        .map_err(|e| io_error(path, FileOperation::Read, e))?;
    if head.starts_with(ZIP[0]) {
        return recognise_archive(path);
    }
    let text = String::from_utf8_lossy(&head);
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&text);
    let mut lines = text
        .split(['\n', '\r'])
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    let header = lines.next().unwrap_or_default();
    let columns: Vec<&str> = header.split(',').map(str::trim).collect();
    if columns == qm9_sample::COLUMNS {
        Ok((Qm9Form::Sample, vec![path.to_owned()]))
    } else if columns.contains(&qm9_csv::ELEMENTS) && columns.contains(&qm9_csv::POSITIONS) {
        Ok((Qm9Form::CsvParts, vec![path.to_owned()]))
    } else if header.trim().parse::<u64>().is_ok() {
        Ok((Qm9Form::Xyz, vec![path.to_owned()]))
    } else {
        let found = match known_format(&head) {
            Some(found) => format!("{found} (unpack archives into a folder and pass the folder)"),
            None => describe(&head[..head.len().min(FORMAT_LEN as usize)]),
        };
        Err(Error::invalid(
            "QM9 data",
            found,
            "raw .xyz, a folder of them, the qm9pack wheel, its CSV parts, or a sample",
        )
        .in_file(path))
    }
}

/// Lists the CSV parts in a wheel.
fn recognise_archive(path: &Path) -> Result<(Qm9Form, Vec<PathBuf>)> {
    let (archive, _) = open_zip(path, WHEEL)?;
    let mut parts: Vec<PathBuf> = archive
        .file_names()
        .filter_map(|name| name.ok()) // skips names that are not Unicode
        .filter(|name| {
            !is_passed_over(name) && is_part(name.rsplit('/').next().unwrap_or_default())
        })
        .map(|name| PathBuf::from(name.into_owned()))
        .collect();
    parts.sort();
    if parts.is_empty() {
        return Err(Error::missing(
            "files qm9_part*.csv",
            format!("archive {} ({} files)", path.display(), archive.len()),
        ));
    }
    Ok((Qm9Form::Wheel, parts))
}

/// Whether a file name is `qm9_part` and a number, with the ending `.csv`.
fn is_part(name: &str) -> bool {
    name.strip_prefix("qm9_part")
        .and_then(|rest| rest.strip_suffix(".csv"))
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

pub(super) fn file_len(path: &Path) -> Result<u64> {
    Ok(open(path)?.1)
}
