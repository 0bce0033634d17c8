//! Checking that the file of an image is whole (feature `images`). Decoders fill missing parts without an error.

use flate2::Crc;

use super::jpeg_scan;
use crate::files::formats::{JPEG, PNG, TIFF};

/// The largest number of directories of a TIFF file that are followed.
const MAX_DIRECTORIES: usize = 1 << 12;

/// Checks that a PNG, JPEG or TIFF file holds exactly one whole image.
///
/// * PNG: every chunk has the right check sum, the end is present, no bytes follow it, and there is no animation
/// * JPEG: the coded data is complete to its last bit
/// * TIFF: every strip or tile lies within the file, and there is no second page in full size
///
/// # Arguments
/// * `most` — the largest number of bytes of memory that the check may take
///
/// # Errors
/// A message that names the missing or damaged part.
pub(super) fn check_whole(bytes: &[u8], most: u64) -> Result<(), String> {
    if bytes.starts_with(PNG) {
        check_png(&bytes[PNG.len()..])
    } else if bytes.starts_with(JPEG) {
        jpeg_scan::check_whole(&[], bytes, most)
    } else if TIFF.iter().any(|mark| bytes.starts_with(mark)) {
        check_tiff(bytes, most)
    } else {
        Ok(())
    }
}

/// Checks the chunks of a PNG file; `rest` begins after the signature.
fn check_png(mut rest: &[u8]) -> Result<(), String> {
    // A chunk is the length of its content, a name of four bytes, the content, and the check sum of name and content.
    loop {
        let cut = || "cut short: the end of the image is missing".to_string();
        let (len, after) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let len = u32::from_be_bytes(*len) as usize;
        let part = len.checked_add(4).and_then(|end| after.get(..end));
        let part = part.ok_or_else(cut)?;
        let (sum, after) = after[part.len()..]
            .split_first_chunk::<4>()
            .ok_or_else(cut)?;
        let (name, content) = part.split_at(4);
        let mut found = Crc::new();
        found.update(part);
        if found.sum() != u32::from_be_bytes(*sum) {
            let name = String::from_utf8_lossy(name);
            return Err(format!(
                "found damaged data: a wrong check sum of part {name:?}"
            ));
        }
        match name {
            b"IEND" if after.is_empty() => return Ok(()),
            b"IEND" => {
                return Err(format!(
                    "found {} bytes after the end of the image, expected none",
                    after.len()
                ));
            }
            b"acTL" => {
                if let Some(&frames) = content.first_chunk::<4>()
                    && u32::from_be_bytes(frames) > 1
                {
                    let frames = u32::from_be_bytes(frames);
                    return Err(format!(
                        "found an animation of {frames} frames, expected one image"
                    ));
                }
            }
            _ => {}
        }
        rest = after;
    }
}

/// Reads the numbers of a TIFF file in its byte order.
struct Numbers<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

impl Numbers<'_> {
    /// The unsigned number of `len` bytes at offset `place`; `None` if it lies beyond the end of the file.
    fn at(&self, place: usize, len: usize) -> Option<usize> {
        let bytes = self.bytes.get(place..place.checked_add(len)?)?;
        let next = |value: usize, &byte: &u8| value << 8 | usize::from(byte);
        Some(if self.big_endian {
            bytes.iter().fold(0, next)
        } else {
            bytes.iter().rev().fold(0, next)
        })
    }

    /// The numbers of a directory entry at offset `entry`; `None` if they lie beyond the end of the file.
    ///
    /// Entries of other types than bytes, 16-bit and 32-bit integers give an empty list.
    fn list(&self, entry: usize) -> Option<Vec<usize>> {
        // An entry is a tag (2 bytes), a type (2), a count (4) and four bytes, which hold the numbers or their offset.
        let len = match self.at(entry + 2, 2)? {
            1 | 7 => 1,
            3 => 2,
            4 => 4,
            _ => return Some(Vec::new()),
        };
        let count = self.at(entry + 4, 4)?;
        let start = if count.checked_mul(len)? <= 4 {
            entry + 8
        } else {
            self.at(entry + 8, 4)?
        };
        // This bounds the memory for a count that is announced falsely.
        self.bytes.get(start..start.checked_add(count * len)?)?;
        (0..count).map(|i| self.at(start + i * len, len)).collect()
    }
}

/// Checks the directories and strips of a TIFF file.
fn check_tiff(bytes: &[u8], most: u64) -> Result<(), String> {
    /// Length in bytes of the entry of a directory.
    const ENTRY: usize = 12;
    let numbers = Numbers {
        bytes,
        big_endian: bytes.starts_with(b"MM"),
    };
    let cut = || "cut short: a part of the image lies beyond the end of the file".to_string();
    let mut directory = numbers.at(4, 4).ok_or_else(cut)?;
    // A directory is the number of its entries, the entries, and the offset of the next directory, which is 0 for the last.
    for page in 0..MAX_DIRECTORIES {
        if directory == 0 {
            return Ok(());
        }
        let count = numbers.at(directory, 2).ok_or_else(cut)?;
        let entries = directory + 2;
        let tag = |wanted: usize| {
            (0..count)
                .map(|i| entries + i * ENTRY)
                .find(|&entry| numbers.at(entry, 2) == Some(wanted))
                .map_or(Some(Vec::new()), |entry| numbers.list(entry))
                .ok_or_else(cut)
        };
        // Bits 0 and 2 of tag 254 mark a smaller copy or a mask of another page.
        let beside = tag(254)?.first().is_some_and(|kind| kind & 0b101 != 0);
        if page > 0 && !beside {
            return Err("found several pages, expected one image".into());
        }
        if page == 0 {
            // Compression 7 is JPEG, whose tables of codes may stand apart in tag 347.
            let jpeg = tag(259)?.first() == Some(&7);
            let tables: Vec<u8> = match jpeg {
                true => tag(347)?.into_iter().map(|byte| byte as u8).collect(),
                false => Vec::new(),
            };
            // The tags of offsets and lengths, of strips and of tiles.
            for (offsets, lengths) in [(273, 279), (324, 325)] {
                for (offset, len) in tag(offsets)?.into_iter().zip(tag(lengths)?) {
                    let end = offset.checked_add(len).ok_or_else(cut)?;
                    let part = bytes.get(offset..end).ok_or_else(cut)?;
                    if jpeg {
                        jpeg_scan::check_whole(&tables, part, most)?;
                    }
                }
            }
        }
        directory = numbers.at(entries + count * ENTRY, 4).ok_or_else(cut)?;
    }
    Err("found damaged data: directories without end".into())
}
