//! A FITS file from its first byte on: headers, and the data after each.
//!
//! The file is read once, forwards, so that compressed files need neither a second copy nor memory for the whole.

use std::io::Read;
use std::path::Path;

use super::header::Header;
use crate::data::gzip::open_plain;
use crate::files::formats::{HEAD_LEN, describe};
use crate::files::reading::one_line;
use crate::{Error, Result};

/// The number of bytes of a block: headers and data are padded to whole blocks.
pub(super) const BLOCK: usize = 2880;
/// The largest number of blocks of a header that is read, 18,432 cards.
const MOST_BLOCKS: usize = 512;

/// The error for bytes that are not a valid FITS file.
pub(super) fn not_fits(message: impl ToString) -> Error {
    Error::syntax("FITS", None, message)
}

/// A file that is read forwards.
pub(super) struct FitsFile {
    reader: Box<dyn Read>,
    /// The number of HDUs whose header was read.
    headers: usize,
    /// The bytes of data and of padding of the present HDU that were not read yet.
    data_left: u64,
    padding_left: u64,
    /// The largest number of bytes that the file can still hold.
    most: u64,
}

impl FitsFile {
    /// Opens a file, through gzip if it is compressed.
    ///
    /// # Errors
    /// [`Error::Io`] with the path; later errors are without it.
    pub(super) fn open(path: &Path) -> Result<FitsFile> {
        let (reader, most) = open_plain(path)?;
        Ok(FitsFile {
            reader,
            headers: 0,
            data_left: 0,
            padding_left: 0,
            most,
        })
    }

    /// Reads the next header; `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Header>> {
        self.skip()?;
        let hdu = self.headers;
        let mut blocks = Vec::new();
        loop {
            let start = blocks.len();
            if self.append(&mut blocks, BLOCK as u64)? < BLOCK {
                if hdu > 0 && blocks.is_empty() {
                    return Ok(None);
                }
                check_start(&blocks, hdu)?;
                return Err(not_fits(format!(
                    "cut short: the file ends inside the header of HDU {hdu}"
                )));
            }
            if start == 0 {
                check_start(&blocks, hdu)?;
            }
            if Header::ends_in(&blocks[start..]) {
                break;
            }
            if blocks.len() == MOST_BLOCKS * BLOCK {
                return Err(not_fits(format!(
                    "header of HDU {hdu}: no END in {} bytes",
                    blocks.len()
                )));
            }
        }
        let header = Header::parse(&blocks, hdu)?;
        let len = header.data_len()?;
        if len > self.most {
            return Err(not_fits(format!(
                "cut short: HDU {hdu} announces {len} bytes of data, the file can hold at most {} more",
                self.most
            )));
        }
        self.headers += 1;
        self.data_left = len;
        self.padding_left = len.next_multiple_of(BLOCK as u64) - len;
        Ok(Some(header))
    }

    /// Reads headers up to the HDU with a number.
    pub(super) fn go_to(&mut self, hdu: usize) -> Result<Header> {
        while let Some(header) = self.next()? {
            if header.hdu == hdu {
                return Ok(header);
            }
        }
        Err(Error::missing(
            format!("HDU {hdu}"),
            format!("the file, whose last one is HDU {}", self.headers - 1),
        ))
    }

    /// The bytes of data of the present HDU that were not read yet.
    pub(super) fn data_left(&self) -> u64 {
        self.data_left
    }

    /// Reads data of the present HDU.
    pub(super) fn read(&mut self, bytes: &mut [u8]) -> Result<()> {
        debug_assert!(bytes.len() as u64 <= self.data_left);
        let hdu = self.headers - 1;
        self.reader.read_exact(bytes).map_err(|err| {
            let message = match err.kind() {
                std::io::ErrorKind::UnexpectedEof => {
                    format!("cut short: the file ends inside the data of HDU {hdu}")
                }
                _ => one_line(&err),
            };
            not_fits(message)
        })?;
        self.data_left -= bytes.len() as u64;
        self.most = self.most.saturating_sub(bytes.len() as u64);
        Ok(())
    }

    /// Reads the rest of the file, so that a compressed file compares its check sum.
    pub(super) fn finish(mut self) -> Result<()> {
        std::io::copy(&mut self.reader, &mut std::io::sink())
            .map(drop)
            .map_err(|err| not_fits(one_line(&err)))
    }

    /// Passes over what is left of the present HDU. Padding may be missing at the end of the file, as some programs leave it out.
    fn skip(&mut self) -> Result<()> {
        let (data, padding) = (self.data_left, self.padding_left);
        let len = data + padding;
        let skipped = std::io::copy(&mut self.reader.by_ref().take(len), &mut std::io::sink())
            .map_err(|err| not_fits(one_line(&err)))?;
        if skipped < data {
            return Err(not_fits(format!(
                "cut short: the file ends inside the data of HDU {}",
                self.headers - 1
            )));
        }
        (self.data_left, self.padding_left) = (0, 0);
        self.most = self.most.saturating_sub(skipped);
        Ok(())
    }

    /// Appends up to `most` bytes and returns how many.
    fn append(&mut self, bytes: &mut Vec<u8>, most: u64) -> Result<usize> {
        let read = self
            .reader
            .by_ref()
            .take(most)
            .read_to_end(bytes)
            .map_err(|err| not_fits(one_line(&err)))?;
        self.most = self.most.saturating_sub(read as u64);
        Ok(read)
    }
}

/// Refuses blocks that do not begin as a header does.
fn check_start(bytes: &[u8], hdu: usize) -> Result<()> {
    let expected: &[u8] = match hdu {
        0 => b"SIMPLE  =",
        _ => b"XTENSION=",
    };
    if bytes.starts_with(expected) {
        return Ok(());
    }
    let head = &bytes[..bytes.len().min(HEAD_LEN as usize)];
    Err(not_fits(match hdu {
        0 => format!("found {}, expected a FITS file", describe(head)),
        _ => format!(
            "found {} after HDU {}, expected the end of the file or another extension",
            describe(head),
            hdu - 1
        ),
    }))
}
