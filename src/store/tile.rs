//! One tile of a kernel matrix as a file: a header, numbers, a checksum.
//!
//! All numbers are little-endian. The header names the network and the signals, so that no tile is taken for another one.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use ndarray::Array2;
use xxhash_rust::xxh3::xxh3_64;

use crate::data::atomic::write_atomically;
use crate::kernel::{Gram, KernelError, KernelPair};
use crate::{Error, Result};

use super::fingerprint::Fingerprint;

const MAGIC: &[u8; 8] = b"haargram";
const VERSION: u64 = 1;
/// Magic, version, three fingerprints, rows, columns, kind of error, two errors, number of pairs.
const HEADER: usize = 8 + 8 + 3 * 16 + 3 * 8 + 3 * 8;
const CHECKSUM: usize = 8;

/// What a tile belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TileKey {
    pub network: Fingerprint,
    pub rows: Fingerprint,
    pub columns: Fingerprint,
    pub shape: [usize; 2],
}

/// Bytes of a file with two or four matrices.
fn file_len(shape: [usize; 2], matrices: usize) -> Option<usize> {
    let numbers = shape[0].checked_mul(shape[1])?.checked_mul(matrices)?;
    numbers.checked_mul(8)?.checked_add(HEADER + CHECKSUM)
}

/// Writes a tile so that its name never holds a part of one.
pub(super) fn write(path: &Path, key: &TileKey, gram: &Gram) -> Result<()> {
    let (kind, largest, pairs) = match &gram.error {
        KernelError::Exact => (0, KernelPair::default(), 0),
        KernelError::Entries { .. } => (1, KernelPair::default(), 0),
        KernelError::Sampled { largest, pairs } => (2, *largest, *pairs),
    };
    let mut bytes = Vec::with_capacity(file_len(key.shape, 4).unwrap_or(0));
    bytes.extend_from_slice(MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    for fingerprint in [key.network, key.rows, key.columns] {
        bytes.extend(fingerprint.0.to_le_bytes());
    }
    for number in [key.shape[0] as u64, key.shape[1] as u64, kind] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend(largest.nngp.to_le_bytes());
    bytes.extend(largest.ntk.to_le_bytes());
    bytes.extend((pairs as u64).to_le_bytes());
    let mut matrices = vec![&gram.nngp, &gram.ntk];
    if let KernelError::Entries { nngp, ntk } = &gram.error {
        matrices.extend([nngp, ntk]);
    }
    for matrix in matrices {
        bytes.extend(matrix.iter().flat_map(|value| value.to_le_bytes()));
    }
    let checksum = xxh3_64(&bytes);
    bytes.extend(checksum.to_le_bytes());
    write_atomically(path, |out| out.write_all(&bytes))
}

/// What is found under the name of a tile.
#[derive(Debug)]
pub(super) enum Found {
    Tile(Box<Gram>),
    Nothing,
    /// A file that is damaged, or belongs to other data.
    Unusable(String),
}

/// Reads a tile. Allocates no more than a tile of the expected shape needs, whatever the file says.
///
/// # Errors
/// [`Error::Io`] if the system does not let it be read.
pub(super) fn read(path: &Path, key: &TileKey) -> Result<Found> {
    let io = |err: std::io::Error| Error::Io {
        path: path.to_path_buf(),
        operation: "read",
        message: err.to_string(),
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(err) if err.kind() == std::io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(err) => return Err(io(err)),
    };
    let len = file.metadata().map_err(io)?.len();
    let matrices = [2, 4]
        .into_iter()
        .find(|&m| file_len(key.shape, m).is_some_and(|expected| expected as u64 == len));
    let Some(matrices) = matrices else {
        return Ok(Found::Unusable(format!("{len} bytes")));
    };
    let mut bytes = Vec::with_capacity(len as usize);
    file.take(len).read_to_end(&mut bytes).map_err(io)?;
    Ok(match parse(&bytes, key, matrices) {
        Ok(gram) => Found::Tile(Box::new(gram)),
        Err(problem) => Found::Unusable(problem.into()),
    })
}

fn parse(bytes: &[u8], key: &TileKey, matrices: usize) -> std::result::Result<Gram, &'static str> {
    let (content, checksum) = bytes
        .split_last_chunk::<CHECKSUM>()
        .filter(|(content, _)| content.len() >= HEADER)
        .ok_or("a file cut short")?;
    if xxh3_64(content) != u64::from_le_bytes(*checksum) {
        return Err("a wrong checksum");
    }
    let (header, numbers) = content.split_at(HEADER);
    let word = |at: usize| -> [u8; 8] { std::array::from_fn(|k| header[at + k]) };
    let whole = |at: usize| u64::from_le_bytes(word(at));
    let real = |at: usize| f64::from_le_bytes(word(at));
    let long = |at: usize| u128::from_le_bytes(std::array::from_fn(|k| header[at + k]));
    if &header[..8] != MAGIC || whole(8) != VERSION {
        return Err("another format");
    }
    let shape = [whole(64), whole(72)];
    if [16, 32, 48].map(long) != [key.network, key.rows, key.columns].map(|print| print.0)
        || shape != key.shape.map(|len| len as u64)
    {
        return Err("a tile of other data");
    }
    let values: Vec<f64> = numbers
        .as_chunks::<8>()
        .0
        .iter()
        .map(|&chunk| f64::from_le_bytes(chunk))
        .collect();
    let count = key.shape[0] * key.shape[1];
    let matrix = |k: usize| {
        let part = values
            .get(k * count..(k + 1) * count)
            .ok_or("a file cut short")?;
        Array2::from_shape_vec((key.shape[0], key.shape[1]), part.to_vec())
            .map_err(|_| "another shape")
    };
    let error = match (whole(80), matrices) {
        (0, 2) => KernelError::Exact,
        (1, 4) => KernelError::Entries {
            nngp: matrix(2)?,
            ntk: matrix(3)?,
        },
        (2, 2) => KernelError::Sampled {
            largest: KernelPair {
                nngp: real(88),
                ntk: real(96),
            },
            pairs: whole(104) as usize,
        },
        _ => return Err("another kind of errors"),
    };
    Ok(Gram {
        nngp: matrix(0)?,
        ntk: matrix(1)?,
        error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn key() -> TileKey {
        TileKey {
            network: Fingerprint(1),
            rows: Fingerprint(2),
            columns: Fingerprint(3),
            shape: [2, 3],
        }
    }

    fn grams() -> [Gram; 3] {
        let nngp = array![[1.0, -0.0, 3.5], [4.0, f64::MIN_POSITIVE, 6.0]];
        let of = |error| Gram {
            nngp: nngp.clone(),
            ntk: &nngp * 2.0,
            error,
        };
        [
            of(KernelError::Exact),
            of(KernelError::Entries {
                nngp: &nngp * 1e-9,
                ntk: &nngp * 1e-8,
            }),
            of(KernelError::Sampled {
                largest: KernelPair {
                    nngp: 1e-7,
                    ntk: 2e-7,
                },
                pairs: 5,
            }),
        ]
    }

    #[test]
    fn tiles_come_back_and_damage_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tile");
        for gram in grams() {
            write(&path, &key(), &gram).unwrap();
            let Found::Tile(back) = read(&path, &key()).unwrap() else {
                panic!("no tile");
            };
            assert_eq!(*back, gram);
            let bytes = std::fs::read(&path).unwrap();
            // Every bit counts, and so does every byte of the length.
            for bit in 0..8 * bytes.len() {
                let mut wrong = bytes.clone();
                wrong[bit / 8] ^= 1 << (bit % 8);
                std::fs::write(&path, &wrong).unwrap();
                assert!(
                    matches!(read(&path, &key()).unwrap(), Found::Unusable(_)),
                    "{bit}"
                );
            }
            for len in 0..bytes.len() {
                std::fs::write(&path, &bytes[..len]).unwrap();
                assert!(
                    matches!(read(&path, &key()).unwrap(), Found::Unusable(_)),
                    "{len}"
                );
            }
            std::fs::remove_file(&path).unwrap();
            assert!(matches!(read(&path, &key()).unwrap(), Found::Nothing));
        }
    }

    #[test]
    fn tiles_of_other_data_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tile");
        write(&path, &key(), &grams()[0]).unwrap();
        let others = [
            TileKey {
                network: Fingerprint(9),
                ..key()
            },
            TileKey {
                rows: Fingerprint(9),
                ..key()
            },
            TileKey {
                columns: Fingerprint(9),
                ..key()
            },
            TileKey {
                shape: [3, 2],
                ..key()
            },
        ];
        for other in others {
            assert!(matches!(read(&path, &other).unwrap(), Found::Unusable(_)));
        }
    }
}
