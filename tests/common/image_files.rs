//! Files of the tests on images: made in a folder of their own.

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use ndarray::Array4;
use tempfile::{TempDir, tempdir};

/// The message without the path in front.
#[track_caller]
pub fn message<T: std::fmt::Debug>(path: &Path, result: haarmonic::Result<T>) -> String {
    let message = result.expect_err("an error").to_string();
    assert!(!message.contains('\n'), "{message}");
    let prefix = format!("{}: ", path.display());
    message
        .strip_prefix(&prefix)
        .unwrap_or_else(|| panic!("{message} does not begin with {prefix}"))
        .to_string()
}

/// A file in a folder of its own.
pub fn file(name: &str, bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Two images of 2 by 3 bytes.
pub const PIXELS: [u8; 12] = [0, 1, 2, 3, 4, 5, 51, 102, 153, 204, 254, 255];

pub fn expected_images() -> Array4<f64> {
    let pixels = PIXELS.iter().map(|&x| f64::from(x) / 255.0).collect();
    Array4::from_shape_vec((2, 2, 3, 1), pixels).unwrap()
}

/// A `.npy` file.
pub fn npy(descriptor: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header =
        format!("{{'descr': '{descriptor}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

pub fn npz(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in arrays {
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(format!("{name}.npy"), options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

pub fn utf32(text: &str) -> Vec<u8> {
    text.chars()
        .flat_map(|c| u32::from(c).to_le_bytes())
        .collect()
}

pub fn x() -> (&'static str, Vec<u8>) {
    ("x", npy("|u1", "(2, 2, 3, 1)", &PIXELS))
}

pub fn y() -> (&'static str, Vec<u8>) {
    ("y", npy("|u1", "(2,)", &[1, 0]))
}
