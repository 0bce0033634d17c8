//! The end of a tar archive, which shows that the archive is whole.

use std::io::{self, Read};

/// A reader of an archive that counts bytes and zeros.
pub(super) struct Zeros {
    reader: Box<dyn Read>,
    /// The number of bytes read.
    total: usize,
    /// The number of zero bytes after the last byte that is not zero.
    count: usize,
}

impl Zeros {
    pub(super) fn new(reader: Box<dyn Read>) -> Zeros {
        Zeros {
            reader,
            total: 0,
            count: 0,
        }
    }
}

impl Read for Zeros {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.reader.read(buffer)?;
        self.total += len;
        match buffer[..len].iter().rposition(|&byte| byte != 0) {
            Some(last) => self.count = len - 1 - last,
            None => self.count += len,
        }
        Ok(len)
    }
}

/// Reads an archive to the end, so that gzip compares its check sum, and checks that it ends in two blocks of zeros.
pub(super) fn check_end(mut rest: Zeros) -> io::Result<()> {
    const BLOCK: usize = 512;
    let before = rest.count;
    let len = io::copy(&mut rest, &mut io::sink())?;
    if (rest.count as u64) < before as u64 + len {
        return Err(io::Error::other(
            "found more data after the end of the archive",
        ));
    }
    // The zeros that fill up the last file are less than one block, so two blocks show that the end is present.
    if rest.count < 2 * BLOCK || !rest.total.is_multiple_of(BLOCK) {
        return Err(io::Error::other(
            "cut short: the end of the archive is missing",
        ));
    }
    Ok(())
}
