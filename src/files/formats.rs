//! Recognising well-known formats by their first bytes, so that an error names the kind of file found.

/// The number of bytes at the start of a file that show its format; the header of a tar archive is the longest.
pub(crate) const HEAD_LEN: u64 = 512;

/// The first bytes of a gzip file.
pub(crate) const GZIP: &[u8] = b"\x1f\x8b";
/// The first bytes of a zip archive with entries, and of an empty one.
pub(crate) const ZIP: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];
/// The first bytes of a `.npy` file.
pub(crate) const NPY: &[u8] = b"\x93NUMPY";
/// The first bytes of a PNG file.
pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
/// The first bytes of a JPEG file.
pub(crate) const JPEG: &[u8] = b"\xff\xd8\xff";
/// The first bytes of a TIFF file in either byte order.
pub(crate) const TIFF: [&[u8]; 2] = [b"II\x2a\0", b"MM\0\x2a"];
/// The offset of the mark of a tar archive, and the mark.
const TAR: (usize, &[u8]) = (257, b"ustar");

/// The offset of the mark of each format, the mark, and the name of the format in errors.
const FORMATS: [(usize, &[u8], &str); 43] = [
    (0, NPY, "a NumPy .npy file"),
    (0, ZIP[0], "a zip archive (.npz and others)"),
    (0, ZIP[1], "an empty zip archive"),
    (0, GZIP, "a gzip file"),
    (0, b"BZh", "a bzip2 file"),
    (0, b"\xfd7zXZ\0", "an xz file"),
    (0, b"\x28\xb5\x2f\xfd", "a zstd file"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"Rar!\x1a\x07", "a RAR archive"),
    (TAR.0, TAR.1, "a tar archive"),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (0, b"MATLAB 7.3 MAT-file", "a MATLAB 7.3 file (HDF5)"),
    (0, b"MATLAB 5.0 MAT-file", "a MATLAB file"),
    (0, b"CDF\x01", "a netCDF file"),
    (0, b"CDF\x02", "a netCDF file"),
    (0, b"SIMPLE  =", "a FITS file"),
    (0, b"\x80\x02", "a Python pickle"),
    (0, b"\x80\x03", "a Python pickle"),
    (0, b"\x80\x04", "a Python pickle"),
    (0, b"\x80\x05", "a Python pickle"),
    (0, b"PAR1", "a Parquet file"),
    (0, b"ARROW1", "an Arrow file"),
    (0, b"SQLite format 3\0", "an SQLite database"),
    (0, PNG, "a PNG image"),
    (0, JPEG, "a JPEG image"),
    (0, TIFF[0], "a TIFF image"),
    (0, TIFF[1], "a TIFF image"),
    (0, b"II\x2b\0", "a BigTIFF image"),
    (0, b"MM\0\x2b", "a BigTIFF image"),
    (0, b"GIF8", "a GIF image"),
    (8, b"WEBP", "a WebP image"),
    (8, b"WAVE", "a WAV file"),
    (0, b"%PDF", "a PDF file"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ\x90\0", "a program"),
    (0, &[0, 0, 8, 3], "an IDX file of images"),
    (0, &[0, 0, 8, 1], "an IDX file of labels"),
    (8, b"{\"", "a safetensors file"),
    (0, b"\xff\xfe\0\0", "text in UTF-32"),
    (0, b"\0\0\xfe\xff", "text in UTF-32"),
    (0, b"\xff\xfe", "text in UTF-16"),
    (0, b"\xfe\xff", "text in UTF-16"),
    (0, b"\xef\xbb\xbf", "text in UTF-8"),
];

/// The name of the format of a file, if it is a well-known one; `None` for text without a byte order mark.
pub(crate) fn known_format(head: &[u8]) -> Option<&'static str> {
    FORMATS
        .iter()
        .find(|(at, mark, _)| head.get(*at..).is_some_and(|rest| rest.starts_with(mark)))
        .map(|(_, _, name)| *name)
}

/// Whether the first bytes of a file are the header of a tar archive.
pub(crate) fn is_tar(head: &[u8]) -> bool {
    head.get(TAR.0..)
        .is_some_and(|rest| rest.starts_with(TAR.1))
}

/// Describes a file for errors: by a well-known format, by the beginning of its text, or by its first bytes.
///
/// # Arguments
/// * `head` — the first [`HEAD_LEN`] bytes, or all of a shorter file
pub(crate) fn describe(head: &[u8]) -> String {
    /// The number of characters of a text that are shown.
    const SHOWN: usize = 40;
    if let Some(name) = known_format(head) {
        return name.into();
    }
    if head.is_empty() {
        return "an empty file".into();
    }
    // The head may end within a character, which is then left out.
    let text = match std::str::from_utf8(head) {
        Ok(text) => Some(text),
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).ok()
        }
        Err(_) => None,
    };
    let is_control = |c: char| c.is_control() && !c.is_whitespace();
    match text.filter(|text| !text.is_empty() && !text.contains(is_control)) {
        Some(text) => {
            let line: String = text.trim_start().chars().take(SHOWN).collect();
            let line = line.lines().next().unwrap_or_default().trim_end();
            format!("text that starts with {line:?}")
        }
        None => format!(
            "a file that begins with the bytes {:?}",
            &head[..head.len().min(4)]
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_called_by_their_names() {
        for (head, name) in [
            (&b"\x1f\x8b\x08\0"[..], "a gzip file"),
            (b"PK\x03\x04\x14\0", "a zip archive (.npz and others)"),
            (b"\x80\x04\x95abc", "a Python pickle"),
            (b"RIFF\x10\0\0\0WEBPVP8 ", "a WebP image"),
            (b"\xff\xfea\0", "text in UTF-16"),
            (b"", "an empty file"),
            (b"1.0,2.0\r\n3,4", "text that starts with \"1.0,2.0\""),
            (b"\0\x01\x02", "a file that begins with the bytes [0, 1, 2]"),
            (
                "12 Å\u{212b}".as_bytes().split_last().unwrap().1,
                "text that starts with \"12 Å\"",
            ),
        ] {
            assert_eq!(describe(head), name);
        }
        let mut tar = vec![b'a'; 512];
        tar[257..262].copy_from_slice(b"ustar");
        assert_eq!(describe(&tar), "a tar archive");
    }
}
