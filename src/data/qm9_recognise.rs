//! Tells by its content which form of QM9 a file or folder holds, and opens it.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use super::qm9::Qm9Form;
use super::qm9_text::excerpt;
use super::{qm9_csv, qm9_sample};
use crate::error::{Error, Result};

/// How many bytes at the start of a file decide which form it has.
const HEAD_LEN: u64 = 4096;

pub(super) fn recognise_folder(path: &Path) -> Result<(Qm9Form, Vec<PathBuf>)> {
    let mut xyz = Vec::new();
    let mut csv = Vec::new();
    for entry in fs::read_dir(path).map_err(|e| io_error(path, &e))? {
        let entry = entry.map_err(|e| io_error(path, &e))?.path();
        let name = entry.file_name().unwrap_or_default().to_string_lossy();
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
        Err(Error::Missing {
            what: "files *.xyz or qm9_part*.csv".into(),
            place: format!("folder {}", path.display()),
        })
    }
}

pub(super) fn recognise_file(path: &Path) -> Result<(Qm9Form, Vec<PathBuf>)> {
    let mut head = Vec::new();
    open(path)?
        .take(HEAD_LEN)
        .read_to_end(&mut head)
        .map_err(|e| io_error(path, &e))?;
    if head.starts_with(b"PK\x03\x04") {
        return recognise_archive(path);
    }
    let text = String::from_utf8_lossy(&head);
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let header = lines.next().unwrap_or_default();
    let columns: Vec<&str> = header.split(',').map(str::trim).collect();
    if columns == qm9_sample::COLUMNS {
        Ok((Qm9Form::Sample, vec![path.to_owned()]))
    } else if columns.contains(&qm9_csv::ELEMENTS) && columns.contains(&qm9_csv::POSITIONS) {
        Ok((Qm9Form::CsvParts, vec![path.to_owned()]))
    } else if header.trim().parse::<u64>().is_ok() {
        Ok((Qm9Form::Xyz, vec![path.to_owned()]))
    } else {
        let found = if head.is_empty() {
            "an empty file".into()
        } else if head.starts_with(b"BZh") || head.starts_with(b"\x1f\x8b") {
            "a compressed archive (unpack it into a folder and pass the folder)".into()
        } else {
            format!("a file that starts with {:?}", excerpt(header))
        };
        Err(Error::InvalidValue {
            what: "QM9 data".into(),
            found,
            expected: "raw .xyz, a folder of them, the qm9pack wheel, its CSV parts, or a sample"
                .into(),
        }
        .in_file(path))
    }
}

fn recognise_archive(path: &Path) -> Result<(Qm9Form, Vec<PathBuf>)> {
    let archive = zip_archive(path)?;
    let mut parts: Vec<PathBuf> = archive
        .file_names()
        .filter_map(|name| name.ok()) // a name that is not text is no part
        .filter(|name| is_part(name.rsplit('/').next().unwrap_or_default()))
        .map(|name| PathBuf::from(name.into_owned()))
        .collect();
    parts.sort();
    if parts.is_empty() {
        return Err(Error::Missing {
            what: "files qm9_part*.csv".into(),
            place: format!("archive {} ({} files)", path.display(), archive.len()),
        });
    }
    Ok((Qm9Form::Wheel, parts))
}

fn is_part(name: &str) -> bool {
    name.strip_prefix("qm9_part")
        .and_then(|rest| rest.strip_suffix(".csv"))
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

pub(super) fn io_error(path: &Path, error: &std::io::Error) -> Error {
    Error::Io {
        path: path.to_owned(),
        operation: "read",
        message: error.to_string(),
    }
}

pub(super) fn zip_error(path: &Path, error: &zip::result::ZipError) -> Error {
    Error::Syntax {
        format: "zip archive".into(),
        line: None,
        message: error.to_string(),
    }
    .in_file(path)
}

pub(super) fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|e| io_error(path, &e))
}

pub(super) fn file_len(path: &Path) -> Result<u64> {
    Ok(fs::metadata(path).map_err(|e| io_error(path, &e))?.len())
}

pub(super) fn zip_archive(path: &Path) -> Result<zip::ZipArchive<BufReader<File>>> {
    zip::ZipArchive::new(BufReader::new(open(path)?)).map_err(|e| zip_error(path, &e))
}
