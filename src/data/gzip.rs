//! Files that may be compressed with gzip: their first bytes show it, and their names are ignored.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::Result;
use crate::error::FileOperation;
use crate::files::formats::GZIP;
use crate::files::reading::{io_error, open};

/// The largest factor by which Deflate can expand its input.
pub(super) const MAX_EXPANSION: u64 = 1032;

/// Opens a file, through gzip if it is compressed, and returns the largest number of bytes that can be read from it.
pub(super) fn open_plain(path: &Path) -> Result<(Box<dyn Read>, u64)> {
    let (mut file, len) = open(path)?;
    let mut head = Vec::new();
    let rewound = (&mut file)
        .take(2)
        .read_to_end(&mut head)
        .and_then(|_| file.seek(SeekFrom::Start(0)));
    rewound.map_err(|err| io_error(path, FileOperation::Read, err))?;
    let file: BufReader<File> = BufReader::new(file);
    Ok(if head == GZIP {
        let most = len.saturating_mul(MAX_EXPANSION);
        (Box::new(BufReader::new(MultiGzDecoder::new(file))), most)
    } else {
        (Box::new(file), len)
    })
}
