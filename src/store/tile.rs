//! One tile of a kernel matrix as a file: a header and two or four matrices, each with its own checksum.
//!
//! All numbers are little-endian. The header names the network and the signals, so a tile cannot be mistaken for another tile. The
//! checksum of a matrix includes the checksum of the header and the place of the matrix, so a matrix cannot be mistaken for
//! another matrix. One matrix can be read without the others.

use crate::error::FileOperation;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use ndarray::Array2;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::Result;
use crate::data::atomic::write_atomically;
use crate::files::reading::io_error;
use crate::kernel::{KernelError, KernelMatrices, KernelPair};
use crate::predict::KernelKind;

use super::fingerprint::Fingerprint;

/// The first bytes of a tile.
const MAGIC: &[u8; 8] = b"haargram";
/// The version of the format.
const VERSION: u64 = 2;
/// The number of bytes of a header: magic, version, three fingerprints, rows, columns, kind of error, two errors, number of pairs.
const HEADER: usize = 8 + 8 + 3 * 16 + 3 * 8 + 3 * 8;
/// The number of bytes of a checksum.
const CHECKSUM: usize = 8;

/// The network, the signals and the shape of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TileKey {
    pub network: Fingerprint,
    pub rows: Fingerprint,
    pub columns: Fingerprint,
    pub shape: [usize; 2],
}

/// The number of bytes of a matrix with its checksum; `None` on overflow.
fn matrix_len(shape: [usize; 2]) -> Option<usize> {
    let numbers = shape[0].checked_mul(shape[1])?;
    numbers.checked_mul(8)?.checked_add(CHECKSUM)
}

/// The number of bytes from the start of a file to the end of the given number of matrices; `None` on overflow.
fn file_len(shape: [usize; 2], matrices: usize) -> Option<usize> {
    let matrices = matrix_len(shape)?.checked_mul(matrices)?;
    matrices.checked_add(HEADER + CHECKSUM)
}

/// The checksum of the matrix at a place of a file, which depends on the place and on the checksum `header` of the header.
fn matrix_checksum(bytes: &[u8], header: u64, place: usize) -> u64 {
    xxh3_64_with_seed(bytes, header.wrapping_add(place as u64))
}

/// Converts values between the byte order of this machine and little-endian order, in place.
fn little_endian(values: &mut [f64]) {
    if cfg!(target_endian = "big") {
        for value in values {
            *value = f64::from_bits(value.to_bits().swap_bytes());
        }
    }
}

/// Writes a tile. Its file receives its name when it is complete.
///
/// The matrices are written without a copy on little-endian machines if they have standard layout.
pub(super) fn write(path: &Path, key: &TileKey, gram: &KernelMatrices) -> Result<()> {
    let (kind, largest, pairs) = match &gram.error {
        KernelError::Exact => (0, KernelPair::default(), 0),
        KernelError::Entries { .. } => (1, KernelPair::default(), 0),
        KernelError::Sampled { largest, pairs } => (2, *largest, *pairs),
    };
    let mut header = Vec::with_capacity(HEADER);
    header.extend_from_slice(MAGIC);
    header.extend(VERSION.to_le_bytes());
    for fingerprint in [key.network, key.rows, key.columns] {
        header.extend(fingerprint.0.to_le_bytes());
    }
    for number in [key.shape[0] as u64, key.shape[1] as u64, kind] {
        header.extend(number.to_le_bytes());
    }
    header.extend(largest.nngp.to_le_bytes());
    header.extend(largest.ntk.to_le_bytes());
    header.extend((pairs as u64).to_le_bytes());
    let mut matrices = vec![&gram.nngp, &gram.ntk];
    if let KernelError::Entries { nngp, ntk } = &gram.error {
        matrices.extend([nngp, ntk]);
    }
    let checksum = xxh3_64(&header);
    write_atomically(path, |out| {
        out.write_all(&header)?;
        out.write_all(&checksum.to_le_bytes())?;
        for (place, matrix) in matrices.iter().enumerate() {
            write_matrix(out, matrix, checksum, place)?;
        }
        Ok(())
    })
}

/// Writes a matrix in C order, and its checksum.
fn write_matrix(
    out: &mut dyn Write,
    matrix: &Array2<f64>,
    header: u64,
    place: usize,
) -> std::io::Result<()> {
    let mut rows = matrix.as_standard_layout();
    if cfg!(target_endian = "big") {
        rows = rows.into_owned().into();
        little_endian(rows.as_slice_mut().expect("made in standard layout"));
    }
    let bytes: &[u8] = bytemuck::cast_slice(rows.as_slice().expect("made in standard layout"));
    out.write_all(bytes)?;
    out.write_all(&matrix_checksum(bytes, header, place).to_le_bytes())
}

/// The result of looking for a tile.
#[derive(Debug)]
pub(super) enum Found<T> {
    /// The content of the tile.
    Tile(T),
    /// No file has the name of the tile.
    Nothing,
    /// A file that is damaged, or belongs to other data.
    Unusable(String),
}

/// Reads a tile. The memory that it takes is bounded by the expected shape, even if the file is damaged.
///
/// # Errors
/// [`Error::Io`] if the operating system refuses to read the file.
pub(super) fn read(path: &Path, key: &TileKey) -> Result<Found<KernelMatrices>> {
    found(
        path,
        Reading::open(path, key).and_then(|mut tile| {
            let nngp = tile.matrix(0)?;
            let ntk = tile.matrix(1)?;
            let error = match tile.kind {
                KernelError::Entries { .. } => KernelError::Entries {
                    nngp: tile.matrix(2)?,
                    ntk: tile.matrix(3)?,
                },
                other => other,
            };
            Ok(KernelMatrices { nngp, ntk, error })
        }),
    )
}

/// Reads one kernel of a tile.
///
/// # Arguments
/// * `matrix` — overwritten; replaced by a matrix of the expected shape if it has another shape; undefined if no tile is found
///
/// # Errors
/// As [`read`].
pub(super) fn read_one(
    path: &Path,
    key: &TileKey,
    ensemble: KernelKind,
    matrix: &mut Array2<f64>,
) -> Result<Found<()>> {
    let place = match ensemble {
        KernelKind::Nngp => 0,
        KernelKind::Ntk => 1,
    };
    found(
        path,
        Reading::open(path, key).and_then(|mut tile| {
            if matrix.dim() != (key.shape[0], key.shape[1]) || !matrix.is_standard_layout() {
                *matrix = Array2::zeros((key.shape[0], key.shape[1]));
            }
            tile.matrix_into(place, matrix)
        }),
    )
}

/// The reason why a tile was not read.
enum Problem {
    Nothing,
    System(std::io::Error),
    Unusable(String),
}

impl From<std::io::Error> for Problem {
    fn from(err: std::io::Error) -> Self {
        match err.kind() {
            std::io::ErrorKind::NotFound => Problem::Nothing,
            std::io::ErrorKind::UnexpectedEof => Problem::unusable("a file cut short"),
            _ => Problem::System(err),
        }
    }
}

impl Problem {
    fn unusable(what: &str) -> Self {
        Problem::Unusable(what.into())
    }
}

/// Turns a missing or unusable tile into a result, and a problem of the operating system into an error.
fn found<T>(path: &Path, result: std::result::Result<T, Problem>) -> Result<Found<T>> {
    match result {
        Ok(tile) => Ok(Found::Tile(tile)),
        Err(Problem::Nothing) => Ok(Found::Nothing),
        Err(Problem::Unusable(problem)) => Ok(Found::Unusable(problem)),
        Err(Problem::System(err)) => Err(io_error(path, FileOperation::Read, err)),
    }
}

/// A file whose header belongs to the tile.
struct Reading {
    file: File,
    shape: [usize; 2],
    /// Checksum of the header.
    header: u64,
    /// The kind of errors, with empty matrices for errors that are not yet read.
    kind: KernelError,
}

impl Reading {
    /// Opens the file of a tile and compares its length and its header with the key.
    fn open(path: &Path, key: &TileKey) -> std::result::Result<Self, Problem> {
        // Opening a pipe would wait for its writer.
        if !path.metadata()?.is_file() {
            return Err(Problem::unusable("something that is no file"));
        }
        let mut file = File::open(path)?;
        let len = file.metadata()?.len();
        let of_len = |&matrices: &usize| {
            file_len(key.shape, matrices).is_some_and(|expected| expected as u64 == len)
        };
        let Some(matrices) = [2, 4].into_iter().find(of_len) else {
            return Err(Problem::Unusable(format!("a file of {len} bytes")));
        };
        let mut bytes = [0; HEADER + CHECKSUM];
        file.read_exact(&mut bytes)?;
        let word = |at: usize| -> [u8; 8] { std::array::from_fn(|k| bytes[at + k]) };
        let whole = |at: usize| u64::from_le_bytes(word(at));
        let real = |at: usize| f64::from_le_bytes(word(at));
        let long = |at: usize| u128::from_le_bytes(std::array::from_fn(|k| bytes[at + k]));
        if &bytes[..8] != MAGIC || whole(8) != VERSION {
            return Err(Problem::unusable("another format"));
        }
        let header = whole(HEADER);
        if xxh3_64(&bytes[..HEADER]) != header {
            return Err(Problem::unusable("a wrong checksum"));
        }
        let shape = [whole(64), whole(72)];
        if [16, 32, 48].map(long) != [key.network, key.rows, key.columns].map(|print| print.0)
            || shape != key.shape.map(|len| len as u64)
        {
            return Err(Problem::unusable("a tile of other data"));
        }
        let kind = match (whole(80), matrices) {
            (0, 2) => KernelError::Exact,
            (1, 4) => KernelError::Entries {
                nngp: Array2::zeros((0, 0)),
                ntk: Array2::zeros((0, 0)),
            },
            (2, 2) => KernelError::Sampled {
                largest: KernelPair {
                    nngp: real(88),
                    ntk: real(96),
                },
                pairs: whole(104) as usize,
            },
            _ => return Err(Problem::unusable("another kind of errors")),
        };
        Ok(Reading {
            file,
            shape: key.shape,
            header,
            kind,
        })
    }

    /// Reads the matrix at a place of the file.
    fn matrix(&mut self, place: usize) -> std::result::Result<Array2<f64>, Problem> {
        let mut matrix = Array2::zeros((self.shape[0], self.shape[1]));
        self.matrix_into(place, &mut matrix)?;
        Ok(matrix)
    }

    /// Reads the matrix at a place of the file into `matrix`, which must have its shape in standard layout.
    fn matrix_into(
        &mut self,
        place: usize,
        matrix: &mut Array2<f64>,
    ) -> std::result::Result<(), Problem> {
        let values = matrix.as_slice_mut().expect("made in standard layout");
        let before = file_len(self.shape, place).expect("as long as the file");
        self.file.seek(SeekFrom::Start(before as u64))?;
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(values);
        self.file.read_exact(bytes)?;
        let mut checksum = [0; CHECKSUM];
        self.file.read_exact(&mut checksum)?;
        if matrix_checksum(bytes, self.header, place) != u64::from_le_bytes(checksum) {
            return Err(Problem::unusable("a wrong checksum"));
        }
        little_endian(values);
        Ok(())
    }
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

    fn grams() -> [KernelMatrices; 3] {
        let nngp = array![[1.0, -0.0, 3.5], [4.0, f64::MIN_POSITIVE, 6.0]];
        let of = |error| KernelMatrices {
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
            assert_eq!(back, gram);
            for (ensemble, expected) in
                [(KernelKind::Nngp, &gram.nngp), (KernelKind::Ntk, &gram.ntk)]
            {
                let mut one = Array2::zeros((0, 0));
                let found = read_one(&path, &key(), ensemble, &mut one).unwrap();
                assert!(matches!(found, Found::Tile(())));
                assert_eq!(one, expected);
            }
            let bytes = std::fs::read(&path).unwrap();
            // A file with one changed bit, or with fewer bytes, is unusable.
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

    /// Each matrix is moved together with its checksum.
    #[test]
    fn matrices_in_the_place_of_each_other_are_damage() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tile");
        write(&path, &key(), &grams()[0]).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        let len = matrix_len(key().shape).unwrap();
        let (first, second) = bytes[HEADER + CHECKSUM..].split_at_mut(len);
        first.swap_with_slice(second);
        std::fs::write(&path, &bytes).unwrap();
        assert!(matches!(read(&path, &key()).unwrap(), Found::Unusable(_)));
        for ensemble in [KernelKind::Nngp, KernelKind::Ntk] {
            let found = read_one(&path, &key(), ensemble, &mut Array2::zeros((0, 0)));
            assert!(matches!(found.unwrap(), Found::Unusable(_)));
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
