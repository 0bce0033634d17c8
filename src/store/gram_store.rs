//! A kernel matrix in a folder, tile by tile.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ndarray::{Array2, ArrayView2, Axis, Slice};

use crate::data::array_writing::write_npz_strips;
use crate::kernel::{Gram, Kernel, KernelError, KernelPair, Precision, Progress, Signals};
use crate::{Error, Result};

use super::fingerprint::Fingerprint;
use super::manifest::{Block, Manifest};
use super::options::{StoreOptions, memory, side, signal_len};
use super::tile::{self, Found, TileKey};

/// Temporary files older than this were left by a program that was killed.
const STALE: Duration = Duration::from_secs(600);

/// What [`GramStore::complete`] found and did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Tiles that were there.
    pub found: usize,
    /// Tiles that were computed.
    pub computed: usize,
    /// Files that were no tiles of this store, damaged for instance, and what was wrong; they were computed again.
    pub damaged: Vec<(PathBuf, String)>,
}

/// A kernel matrix in a folder: a manifest, and one file for each tile.
///
/// A program that is killed loses the tile at hand; whoever opens the folder again with the same network and
/// signals goes on where it ended. Every tile has a checksum and names the network and the signals it belongs to: a
/// damaged or foreign one is computed again. Signals that are added behind the others add tiles and change none.
/// A value does not depend on the tiles, with one exception: a network with activations behind the pooling and a tolerance
/// refines all pairs of a tile alike, and its values depend on them within the tolerance.
///
/// One program at a time may write to a folder.
///
/// # Memory
/// Of [`complete`](Self::complete) what [`StoreOptions::memory`] says, whatever the number of signals; of
/// [`write_npz`](Self::write_npz) one row of tiles.
///
/// # Examples
/// ```
/// use haarmonic::activation::Activation;
/// use haarmonic::kernel::Kernel;
/// use haarmonic::network::{Network, Scale};
/// use haarmonic::store::{GramStore, StoreOptions};
/// use ndarray::Array2;
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("kernels");
/// let network = Network::vector(3)
///     .dense(Scale::default())
///     .activation(Activation::Relu)
///     .dense(Scale::default())
///     .build()?;
/// let kernel = Kernel::new(&network)?;
/// let x = Array2::from_shape_fn((10, 3), |(i, j)| (1 + i * j) as f64);
/// let options = StoreOptions { side: Some(4), ..StoreOptions::default() };
/// let store = GramStore::open(&path, &kernel, x.view(), options)?;
/// assert_eq!(store.complete(None)?.computed, 6);
/// assert_eq!(store.read()?.ntk, kernel.gram(x.view())?.ntk);
/// // Nothing is left to do.
/// assert_eq!(store.complete(None)?.found, 6);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub struct GramStore<'a> {
    folder: PathBuf,
    kernel: &'a Kernel,
    rows: Signals<'a>,
    /// Nothing where the columns are the rows.
    columns: Option<Signals<'a>>,
    manifest: Manifest,
    /// That of the manifest.
    network: Fingerprint,
    /// Entries of the matrix for each signal.
    outputs: usize,
}

impl<'a> GramStore<'a> {
    /// Opens or makes the store of the kernels of all signals with each other.
    ///
    /// # Arguments
    /// * `folder` — made if it does not exist; the folder around it must
    /// * `signals` — all of the store's, in the same order; others may follow
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if the folder holds kernels of another network or of other signals, or the memory does not suffice
    /// for its tiles, [`Error::InvalidNetwork`] if the network has no file, [`Error::Io`],
    /// [`Error::InFile`] if the manifest is damaged.
    pub fn open(
        folder: impl AsRef<Path>,
        kernel: &'a Kernel,
        signals: impl Into<Signals<'a>>,
        options: StoreOptions,
    ) -> Result<Self> {
        Self::with_sides(folder.as_ref(), kernel, signals.into(), None, options)
    }

    /// The same for the kernels of the signals of one set with those of another.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_cross(
        folder: impl AsRef<Path>,
        kernel: &'a Kernel,
        rows: impl Into<Signals<'a>>,
        columns: impl Into<Signals<'a>>,
        options: StoreOptions,
    ) -> Result<Self> {
        Self::with_sides(
            folder.as_ref(),
            kernel,
            rows.into(),
            Some(columns.into()),
            options,
        )
    }

    fn with_sides(
        folder: &Path,
        kernel: &'a Kernel,
        rows: Signals<'a>,
        columns: Option<Signals<'a>>,
        options: StoreOptions,
    ) -> Result<Self> {
        // Signals that do not fit are refused before anything is written.
        for signals in [Some(rows), columns].into_iter().flatten() {
            if signals.is_empty() {
                return Err(Error::Empty {
                    what: "signals".into(),
                });
            }
            kernel.prepare(signals.range(0..1))?;
        }
        let outputs = kernel.network().outputs().count();
        let side = side(kernel, &rows, outputs, options)?;
        let network = kernel.network().to_toml()?;
        let precision = match kernel.precision() {
            Precision::Double => "f64",
            Precision::Single => "f32",
        };
        let fresh = Manifest {
            network,
            precision: precision.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            rows: Vec::new(),
            columns: columns.map(|_| Vec::new()),
        };
        let known = match folder.is_dir() {
            true => Manifest::read(folder)?,
            false => None,
        };
        let mut manifest = match &known {
            Some(known) => {
                check_same(known, &fresh).map_err(|err| err.in_file(folder))?;
                known.clone()
            }
            None => fresh,
        };
        extend("rows", &mut manifest.rows, &rows, side).map_err(|err| err.in_file(folder))?;
        if let (Some(blocks), Some(columns)) = (&mut manifest.columns, &columns) {
            extend("columns", blocks, columns, side).map_err(|err| err.in_file(folder))?;
        }
        let largest = |blocks: &[Block]| blocks.iter().map(|block| block.len).max().unwrap_or(1);
        let needed = memory(
            [largest(&manifest.rows), largest(manifest.columns())],
            signal_len(&rows),
            outputs,
        );
        if needed > options.memory {
            return Err(Error::InvalidValue {
                what: "memory for a tile of the store".into(),
                found: format!("{} bytes", options.memory),
                expected: format!("{needed} bytes, as the store was made for"),
            }
            .in_file(folder));
        }
        if known.is_none() {
            make_folder(folder)?;
        }
        remove_stale(folder);
        if known.as_ref() != Some(&manifest) {
            manifest.write(folder)?;
        }
        Ok(GramStore {
            folder: folder.to_path_buf(),
            kernel,
            rows,
            columns,
            network: manifest.fingerprint(),
            manifest,
            outputs,
        })
    }

    /// Number of rows and columns of the matrix.
    pub fn shape(&self) -> [usize; 2] {
        let len =
            |blocks: &[Block]| self.outputs * blocks.iter().map(|block| block.len).sum::<usize>();
        [len(&self.manifest.rows), len(self.manifest.columns())]
    }

    /// Number of tiles; of a symmetric matrix those of one triangle.
    pub fn tile_count(&self) -> usize {
        self.tiles().count()
    }

    /// Computes the tiles that are missing or damaged, on all threads, one tile after the other.
    ///
    /// # Arguments
    /// * `progress` — called with the number of pairs done and in all; pairs of tiles that were found count as done
    ///
    /// # Errors
    /// As [`Kernel::gram`]; [`Error::Io`] if a tile cannot be written. What was finished before stays.
    pub fn complete(&self, progress: Option<Progress>) -> Result<Report> {
        let mut report = Report::default();
        let total: usize = self.tiles().map(|tile| self.pairs(tile)).sum();
        let mut done = 0;
        for tile in self.tiles() {
            match self.look(tile)? {
                Found::Tile(_) => report.found += 1,
                found => {
                    let path = self.path(tile);
                    if let Found::Unusable(problem) = found {
                        report.damaged.push((path.clone(), problem));
                    }
                    let gram = self.compute(tile, done, total, progress.as_ref())?;
                    tile::write(&path, &self.key(tile), &gram)?;
                    report.computed += 1;
                }
            }
            done += self.pairs(tile);
            if let Some(progress) = &progress {
                progress(done, total);
            }
        }
        Ok(report)
    }

    /// Reads the whole matrix.
    ///
    /// # Memory
    /// Two matrices, four with a tolerance.
    ///
    /// # Errors
    /// [`Error::Missing`] if a tile is missing or damaged: [`complete`](Self::complete) computes it.
    pub fn read(&self) -> Result<Gram> {
        let [n, m] = self.shape();
        let mut nngp = Array2::zeros((n, m));
        let mut ntk = Array2::zeros((n, m));
        let mut errors = None;
        let mut sampled = Sampled::default();
        for tile in self.tiles() {
            let gram = self.tile(tile)?;
            let mut matrices = vec![(&mut nngp, &gram.nngp), (&mut ntk, &gram.ntk)];
            match &gram.error {
                KernelError::Exact => {}
                KernelError::Sampled { largest, pairs } => sampled.add(*largest, *pairs),
                KernelError::Entries { nngp, ntk } => {
                    let [a, b] = errors
                        .get_or_insert_with(|| [Array2::zeros((n, m)), Array2::zeros((n, m))]);
                    matrices.extend([(a, nngp), (b, ntk)]);
                }
            }
            let [rows, columns] = self.ranges(tile);
            for (matrix, part) in matrices {
                place(matrix, &rows, &columns, part.view());
                if self.columns.is_none() {
                    place(matrix, &columns, &rows, part.t());
                }
            }
        }
        let error = match errors {
            Some([nngp, ntk]) => KernelError::Entries { nngp, ntk },
            None => sampled.error(),
        };
        Ok(Gram { nngp, ntk, error })
    }

    /// Writes the matrices `nngp` and `ntk`, with a tolerance also `nngp_error` and `ntk_error`, to a `.npz`
    /// file, row of tiles by row of tiles. Returns the largest errors.
    ///
    /// # Errors
    /// As [`read`](Self::read), [`Error::Io`]; what was at `path` before stays as it was.
    pub fn write_npz(&self, path: impl AsRef<Path>) -> Result<KernelError> {
        let first = self.tile([0, 0])?;
        let with_errors = matches!(first.error, KernelError::Entries { .. });
        let keys = ["nngp", "ntk", "nngp_error", "ntk_error"];
        let keys = &keys[..if with_errors { 4 } else { 2 }];
        let mut sampled = Sampled::default();
        let mut largest = KernelPair::default();
        write_npz_strips(path.as_ref(), keys, self.shape(), |key, strip| {
            let [rows, _] = self.ranges([strip, 0]);
            let mut matrix = Array2::zeros((rows.len(), self.shape()[1]));
            for column in 0..self.manifest.columns().len() {
                // The other triangle holds the transpose.
                let mirrored = self.columns.is_none() && column < strip;
                let tile = if mirrored {
                    [column, strip]
                } else {
                    [strip, column]
                };
                let gram = self.tile(tile)?;
                match &gram.error {
                    KernelError::Sampled { largest, pairs } if key == 0 && !mirrored => {
                        sampled.add(*largest, *pairs);
                    }
                    KernelError::Entries { .. } if key == 0 => {
                        largest = largest.max(gram.error.largest());
                    }
                    _ => {}
                }
                let part = match (key, gram.error) {
                    (0, _) => gram.nngp,
                    (1, _) => gram.ntk,
                    (2, KernelError::Entries { nngp, .. }) => nngp,
                    (_, KernelError::Entries { ntk, .. }) => ntk,
                    _ => return Err(self.missing(tile, "a tile without errors")),
                };
                let [_, columns] = self.ranges([0, column]);
                let part = if mirrored { part.reversed_axes() } else { part };
                place(&mut matrix, &(0..rows.len()), &columns, part.view());
            }
            Ok(matrix)
        })?;
        Ok(match with_errors {
            // The matrices are in the file; the largest entries stand for them.
            true => KernelError::Entries {
                nngp: Array2::from_elem((1, 1), largest.nngp),
                ntk: Array2::from_elem((1, 1), largest.ntk),
            },
            false => sampled.error(),
        })
    }

    fn tiles(&self) -> impl Iterator<Item = [usize; 2]> + use<'_> {
        let symmetric = self.columns.is_none();
        let columns = self.manifest.columns().len();
        (0..self.manifest.rows.len())
            .flat_map(move |i| (if symmetric { i } else { 0 }..columns).map(move |j| [i, j]))
    }

    fn path(&self, [i, j]: [usize; 2]) -> PathBuf {
        self.folder.join(format!("tile-{i:05}-{j:05}"))
    }

    fn blocks(&self, [i, j]: [usize; 2]) -> [Block; 2] {
        [self.manifest.rows[i], self.manifest.columns()[j]]
    }

    fn pairs(&self, tile: [usize; 2]) -> usize {
        self.blocks(tile)
            .map(|block| block.len * self.outputs)
            .iter()
            .product()
    }

    fn key(&self, tile: [usize; 2]) -> TileKey {
        let [rows, columns] = self.blocks(tile);
        TileKey {
            network: self.network,
            rows: rows.fingerprint,
            columns: columns.fingerprint,
            shape: [rows.len, columns.len].map(|len| len * self.outputs),
        }
    }

    /// The rows and the columns of a tile within the matrix.
    fn ranges(&self, [i, j]: [usize; 2]) -> [Range<usize>; 2] {
        let range = |blocks: &[Block], at: usize| {
            let range = signals_of(blocks, at);
            range.start * self.outputs..range.end * self.outputs
        };
        [
            range(&self.manifest.rows, i),
            range(self.manifest.columns(), j),
        ]
    }

    fn look(&self, tile: [usize; 2]) -> Result<Found> {
        tile::read(&self.path(tile), &self.key(tile))
    }

    fn tile(&self, tile: [usize; 2]) -> Result<Gram> {
        match self.look(tile)? {
            Found::Tile(gram) => Ok(*gram),
            Found::Nothing => Err(self.missing(tile, "nothing")),
            Found::Unusable(problem) => Err(self.missing(tile, &problem)),
        }
    }

    fn missing(&self, tile: [usize; 2], found: &str) -> Error {
        Error::Missing {
            what: self.path(tile).display().to_string(),
            place: format!("found {found}; completing the store computes it"),
        }
    }

    fn compute(
        &self,
        [i, j]: [usize; 2],
        before: usize,
        total: usize,
        progress: Option<&Progress>,
    ) -> Result<Gram> {
        let mut kernel = self.kernel.clone();
        if let Some(progress) = progress {
            let progress = Arc::clone(progress);
            kernel = kernel.with_progress(Arc::new(move |done, _| progress(before + done, total)));
        }
        let rows = self.rows.range(signals_of(&self.manifest.rows, i));
        if self.columns.is_none() && i == j {
            return kernel.gram(rows);
        }
        let columns = self.columns.as_ref().unwrap_or(&self.rows);
        kernel.cross(rows, columns.range(signals_of(self.manifest.columns(), j)))
    }
}

/// The largest of sampled errors.
#[derive(Default)]
struct Sampled {
    largest: KernelPair,
    pairs: usize,
}

impl Sampled {
    fn add(&mut self, largest: KernelPair, pairs: usize) {
        self.largest = self.largest.max(largest);
        self.pairs += pairs;
    }

    fn error(self) -> KernelError {
        match self.pairs {
            0 => KernelError::Exact,
            pairs => KernelError::Sampled {
                largest: self.largest,
                pairs,
            },
        }
    }
}

fn place(
    matrix: &mut Array2<f64>,
    rows: &Range<usize>,
    columns: &Range<usize>,
    part: ArrayView2<'_, f64>,
) {
    let mut rows = matrix.slice_axis_mut(Axis(0), Slice::from(rows.clone()));
    let mut place = rows.slice_axis_mut(Axis(1), Slice::from(columns.clone()));
    place.assign(&part);
}

/// The signals of a block.
fn signals_of(blocks: &[Block], at: usize) -> Range<usize> {
    let start = blocks[..at].iter().map(|block| block.len).sum();
    start..start + blocks[at].len
}

/// Checks that the blocks hold the first of the signals, and adds blocks for those behind them.
fn extend(what: &str, blocks: &mut Vec<Block>, signals: &Signals<'_>, side: usize) -> Result<()> {
    let mut start = 0;
    for (number, block) in blocks.iter().enumerate() {
        let end = start + block.len;
        if end > signals.len() {
            return Err(Error::InvalidValue {
                what: format!("number of signals of the {what}"),
                found: signals.len().to_string(),
                expected: format!("at least {end}, as in the store"),
            });
        }
        if Fingerprint::of_signals(&signals.range(start..end)) != block.fingerprint {
            return Err(Error::InvalidValue {
                what: format!("signals of the {what}"),
                found: format!("others between {start} and {end}"),
                expected: format!("those of block {number} of the store"),
            });
        }
        start = end;
    }
    while start < signals.len() {
        let end = (start + side).min(signals.len());
        blocks.push(Block {
            len: end - start,
            fingerprint: Fingerprint::of_signals(&signals.range(start..end)),
        });
        start = end;
    }
    Ok(())
}

fn check_same(known: &Manifest, fresh: &Manifest) -> Result<()> {
    let differing = |what: &str, found: &str, expected: &str| {
        Err(Error::InvalidValue {
            what: what.into(),
            found: found.into(),
            expected: expected.into(),
        })
    };
    if known.version != fresh.version {
        return differing("version of the store", &known.version, &fresh.version);
    }
    if known.precision != fresh.precision {
        return differing("precision of the store", &known.precision, &fresh.precision);
    }
    if known.network != fresh.network {
        return differing(
            "network of the store",
            "another network",
            "the same network",
        );
    }
    let kind = |columns: bool| {
        if columns {
            "two sets of signals"
        } else {
            "one set of signals"
        }
    };
    let [found, expected] = [known, fresh].map(|manifest| kind(manifest.columns.is_some()));
    if found != expected {
        return differing("kind of the store", found, expected);
    }
    Ok(())
}

fn make_folder(folder: &Path) -> Result<()> {
    match std::fs::create_dir(folder) {
        Err(err) if err.kind() != std::io::ErrorKind::AlreadyExists || !folder.is_dir() => {
            Err(Error::Io {
                path: folder.to_path_buf(),
                operation: "create",
                message: err.to_string(),
            })
        }
        _ => Ok(()),
    }
}

/// Removes what programs left that were killed while they wrote; failing to is harmless.
fn remove_stale(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let age = entry
            .metadata()
            .and_then(|data| data.modified())
            .ok()
            .and_then(|time| SystemTime::now().duration_since(time).ok());
        if name.starts_with(".haarmonic-")
            && name.ends_with(".part")
            && age.is_some_and(|age| age > STALE)
        {
            std::fs::remove_file(entry.path()).ok();
        }
    }
}
