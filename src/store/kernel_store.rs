//! A kernel matrix in a folder, tile by tile.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ndarray::{Array2, ArrayView2, Axis, Ix2, Slice};

use crate::data::array_writing::write_npz_strips;
use crate::data::atomic::check_target;
use crate::kernel::{Kernel, KernelError, KernelMatrices, KernelPair, Precision, Signals};
use crate::network::Outputs;
use crate::predict::KernelKind;
use crate::progress::Progress;
use crate::{Error, Result, memory};

use super::fingerprint::Fingerprint;
use super::manifest::{Block, Manifest};
use super::opening::{check_same, extend, make_folder, remove_stale};
use super::options::{StoreOptions, side, signal_len, tile_memory};
use super::share::Share;
use super::tile::{self, Found, TileKey};

/// The result of [`KernelStore::complete`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Number of tiles found in the folder.
    pub found: usize,
    /// Number of tiles computed.
    pub computed: usize,
    /// Files that are not valid tiles of this store, each with the reason; these tiles were computed again.
    pub damaged: Vec<(PathBuf, String)>,
}

/// A kernel matrix in a folder: a manifest, and one file per tile.
///
/// Opening the folder again with equal network and signals resumes after the last finished tile; an interrupted run loses only the tile
/// in progress. Every tile has a checksum and names its network and signals. Damaged tiles, and tiles of other data, are computed
/// again. Appending signals adds tiles and leaves the existing tiles unchanged. Values do not depend on the tiles, with one
/// exception: a network with activations after the pooling and a tolerance refines all pairs of a tile together, so its values
/// depend on the tile within the tolerance.
///
/// Several processes may compute tiles of one folder at a time ([`Share`]), but only one process at a time may add signals. If several
/// processes create one folder at a time, the first one determines its network and signals; a process with others is refused.
///
/// # Memory
/// [`complete`](Self::complete) needs at most [`StoreOptions::memory`], for any number of signals.
/// [`write_npz`](Self::write_npz) needs the memory of one row of tiles.
///
/// # Examples
/// ```
/// use haarmonic::activation::Activation;
/// use haarmonic::kernel::Kernel;
/// use haarmonic::network::{Network, Init};
/// use haarmonic::store::{KernelStore, StoreOptions};
/// use ndarray::Array2;
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("kernels");
/// let network = Network::vector(3)
///     .dense(Init::default())
///     .activation(Activation::Relu)
///     .dense(Init::default())
///     .build()?;
/// let kernel = Kernel::new(&network)?;
/// let x = Array2::from_shape_fn((10, 3), |(i, j)| (1 + i * j) as f64);
/// let options = StoreOptions { side: Some(4), ..StoreOptions::default() };
/// let store = KernelStore::open(&path, &kernel, x.view(), options)?;
/// assert_eq!(store.complete(None)?.computed, 6);
/// assert_eq!(store.read()?.ntk, kernel.gram(x.view())?.ntk);
/// // All tiles are in the folder now.
/// assert_eq!(store.complete(None)?.found, 6);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub struct KernelStore<'a> {
    folder: PathBuf,
    kernel: &'a Kernel,
    rows: Signals<'a>,
    /// `None` if the columns are the rows.
    columns: Option<Signals<'a>>,
    manifest: Manifest,
    /// The fingerprint of the manifest, which every tile carries.
    network: Fingerprint,
    /// The number of rows or columns of the matrix per signal.
    outputs: usize,
}

impl<'a> KernelStore<'a> {
    /// Opens or creates the store of the Gram matrix of a set of signals.
    ///
    /// # Arguments
    /// * `folder` — created if it does not exist; its parent folder must exist
    /// * `signals` — all signals of the store, in their order; new signals may follow
    /// * `options` — memory and size of new tiles
    ///
    /// # Errors
    /// * [`Error::Empty`] — no signals
    /// * [`Error::InFile`] around [`Error::InvalidValue`] — a folder with kernels of another network or of other signals, too little
    ///   memory for its tiles, a damaged manifest
    /// * [`Error::InvalidValue`] — too little memory for a tile, tiles of no signals
    /// * [`Error::InvalidNetwork`] — a network that cannot be written to a file
    /// * [`Error::Io`] — a folder that cannot be read or written
    /// * the errors of [`Kernel::prepare`] for signals that do not suit the network
    pub fn open(
        folder: impl AsRef<Path>,
        kernel: &'a Kernel,
        signals: impl Into<Signals<'a>>,
        options: StoreOptions,
    ) -> Result<Self> {
        Self::with_sides(folder.as_ref(), kernel, signals.into(), None, options)
    }

    /// Opens or creates the store of the kernels of one set of signals (rows) with another set (columns).
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

    /// Opens or creates a store; without `columns` the matrix is symmetric.
    fn with_sides(
        folder: &Path,
        kernel: &'a Kernel,
        rows: Signals<'a>,
        columns: Option<Signals<'a>>,
        options: StoreOptions,
    ) -> Result<Self> {
        if *kernel.network().outputs() == Outputs::Nodes {
            return Err(Error::invalid(
                "outputs of the network",
                "features at the nodes of graphs, of which each graph has its own number",
                "one number of outputs per signal",
            ));
        }
        // Signals that do not fit are refused before anything is written.
        for signals in [Some(rows), columns].into_iter().flatten() {
            if signals.is_empty() {
                return Err(Error::empty("signals"));
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
        if let Some(known) = &known {
            check_same(known, &fresh).map_err(|err| err.in_file(folder))?;
        }
        let mut manifest = known.clone().unwrap_or(fresh);
        extend("rows", &mut manifest.rows, &rows, side).map_err(|err| err.in_file(folder))?;
        if let (Some(blocks), Some(columns)) = (&mut manifest.columns, &columns) {
            extend("columns", blocks, columns, side).map_err(|err| err.in_file(folder))?;
        }
        let largest = |blocks: &[Block]| blocks.iter().map(|block| block.len).max().unwrap_or(1);
        let needed = tile_memory(
            [largest(&manifest.rows), largest(manifest.columns())],
            signal_len(&rows),
            outputs,
        );
        if needed > options.memory {
            return Err(Error::invalid(
                "memory for a tile of the store",
                format!("{} bytes", options.memory),
                format!("{needed} bytes, as the store was made for"),
            )
            .in_file(folder));
        }
        if known.is_none() {
            make_folder(folder)?;
        }
        remove_stale(folder);
        match known {
            None if !manifest.write_first(folder)? => {
                // Another process has created the store since, possibly for other signals. Opening again compares them.
                return Self::with_sides(folder, kernel, rows, columns, options);
            }
            Some(known) if known != manifest => manifest.write(folder)?,
            _ => {}
        }
        Ok(KernelStore {
            folder: folder.to_path_buf(),
            kernel,
            rows,
            columns,
            network: manifest.fingerprint(),
            manifest,
            outputs,
        })
    }

    /// Returns the number of rows and columns of the matrix.
    pub fn shape(&self) -> [usize; 2] {
        let len =
            |blocks: &[Block]| self.outputs * blocks.iter().map(|block| block.len).sum::<usize>();
        [len(&self.manifest.rows), len(self.manifest.columns())]
    }

    /// Returns the number of tiles. A symmetric matrix stores one triangle of tiles only.
    pub fn tile_count(&self) -> usize {
        self.tiles().count()
    }

    /// Computes the missing and the damaged tiles one by one, each on all threads.
    ///
    /// # Arguments
    /// * `progress` — receives the number of pairs done and the number of all pairs; pairs of existing tiles count as done
    ///
    /// # Errors
    /// As [`Kernel::gram`]; [`Error::Io`] if a tile cannot be written. Finished tiles remain after an error, also after
    /// [`Error::Cancelled`].
    pub fn complete(&self, progress: Option<Progress>) -> Result<Report> {
        self.complete_share(Share::ALL, progress)
    }

    /// Computes the missing tiles of one share, so that several processes can complete one folder together.
    ///
    /// A tile does not depend on the process that computes it. Each file receives its name when it is complete, so shares that
    /// overlap cost time and do no harm.
    ///
    /// # Arguments
    /// * `progress` — counts the pairs of the share
    ///
    /// # Errors
    /// As [`complete`](Self::complete).
    pub fn complete_share(&self, share: Share, progress: Option<Progress>) -> Result<Report> {
        let mut report = Report::default();
        let tiles: Vec<[usize; 2]> = share.of(self.tiles()).collect();
        let total: usize = tiles.iter().map(|&tile| self.pairs(tile)).sum();
        let mut done = 0;
        for tile in tiles {
            match self.look(tile)? {
                Found::Tile(_) => report.found += 1,
                found => {
                    let path = self.path(tile);
                    if let Found::Unusable(problem) = found {
                        report.damaged.push((path.clone(), problem));
                    }
                    if report.computed == 0 {
                        // The check refuses a folder without permission before the first tile is computed.
                        check_target(&path)?;
                    }
                    let gram = self.compute(tile, done, total, progress.as_ref())?;
                    tile::write(&path, &self.key(tile), &gram)?;
                    report.computed += 1;
                }
            }
            done += self.pairs(tile);
            if progress
                .as_ref()
                .is_some_and(|progress| progress(done, total).is_break())
            {
                return Err(Error::cancelled("kernel matrix"));
            }
        }
        Ok(report)
    }

    /// Whether rows and columns are one set of signals.
    pub(super) fn is_symmetric(&self) -> bool {
        self.columns.is_none()
    }

    /// Reads the whole matrix.
    ///
    /// # Memory
    /// Two matrices and one tile; four matrices with a tolerance.
    ///
    /// # Errors
    /// [`Error::Missing`] if a tile is missing or damaged ([`complete`](Self::complete) computes it);
    /// [`Error::OutOfMemory`] if the matrices do not fit into memory; [`Error::Io`] if a tile cannot be read.
    pub fn read(&self) -> Result<KernelMatrices> {
        let [n, m] = self.shape();
        let what = format!("matrix of {n} x {m}");
        let zeros = || memory::zeros(&what, Ix2(n, m), "read the rows as they are needed");
        let (mut nngp, mut ntk) = (zeros()?, zeros()?);
        let mut errors = None;
        let mut sampled = Sampled::default();
        for tile in self.tiles() {
            let gram = self.tile(tile)?;
            let mut matrices = vec![(&mut nngp, &gram.nngp), (&mut ntk, &gram.ntk)];
            match &gram.error {
                KernelError::Exact => {}
                KernelError::Sampled { largest, pairs } => sampled.add(*largest, *pairs),
                KernelError::Entries { nngp, ntk } => {
                    if errors.is_none() {
                        errors = Some([zeros()?, zeros()?]);
                    }
                    let [a, b] = errors.as_mut().expect("made above");
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
        Ok(KernelMatrices { nngp, ntk, error })
    }

    /// Writes the matrices `nngp` and `ntk` to a `.npz` file, one row of tiles at a time. With a tolerance, the matrices
    /// `nngp_error` and `ntk_error` follow.
    ///
    /// Returns the largest errors of the matrices, in matrices of one entry.
    ///
    /// # Cost and accuracy
    /// For each matrix every tile is read once, and every tile off the diagonal of a symmetric matrix twice.
    ///
    /// # Errors
    /// As [`read`](Self::read); [`Error::Io`] if the file cannot be written. After an error, an existing file at `path` is unchanged.
    pub fn write_npz(&self, path: impl AsRef<Path>) -> Result<KernelError> {
        let first = self.tile([0, 0])?;
        let with_errors = matches!(first.error, KernelError::Entries { .. });
        let keys = ["nngp", "ntk", "nngp_error", "ntk_error"];
        let keys = &keys[..if with_errors { 4 } else { 2 }];
        // The file holds one matrix after the other, each row by row. A strip is one row of tiles of one matrix. Errors are collected
        // with the first matrix, and off the diagonal only from stored tiles, so that no pair counts twice.
        let mut sampled = Sampled::default();
        let mut largest = KernelPair::default();
        let mut ntk = Array2::zeros((0, 0));
        write_npz_strips(path.as_ref(), keys, self.shape(), |key, strip| {
            let [rows, _] = self.ranges([strip, 0]);
            let shape = Ix2(rows.len(), self.shape()[1]);
            let what = format!("{} rows of {} kernels", shape[0], shape[1]);
            let mut matrix = memory::zeros(&what, shape, "use a store of smaller tiles")?;
            for column in 0..self.manifest.columns().len() {
                // A symmetric matrix stores the tiles on and above the diagonal; a tile below is the transpose of a stored one.
                let mirrored = self.columns.is_none() && column < strip;
                let tile = if mirrored {
                    [column, strip]
                } else {
                    [strip, column]
                };
                let [_, columns] = self.ranges([0, column]);
                if key == 1 {
                    self.read_tile(tile, KernelKind::Ntk, &mut ntk)?;
                    let part = if mirrored { ntk.t() } else { ntk.view() };
                    place(&mut matrix, &(0..rows.len()), &columns, part);
                    continue;
                }
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
                    (2, KernelError::Entries { nngp, .. }) => nngp,
                    (_, KernelError::Entries { ntk, .. }) => ntk,
                    _ => return Err(self.missing(tile, "a tile without errors")),
                };
                let part = if mirrored { part.reversed_axes() } else { part };
                place(&mut matrix, &(0..rows.len()), &columns, part.view());
            }
            Ok(matrix)
        })?;
        Ok(match with_errors {
            // The error matrices are in the file, so only their largest entries are returned.
            true => KernelError::Entries {
                nngp: Array2::from_elem((1, 1), largest.nngp),
                ntk: Array2::from_elem((1, 1), largest.ntk),
            },
            false => sampled.error(),
        })
    }

    /// The indices of all stored tiles, row by row; for a symmetric matrix, of the tiles on and above the diagonal.
    pub(super) fn tiles(&self) -> impl Iterator<Item = [usize; 2]> + use<'_> {
        let symmetric = self.columns.is_none();
        let columns = self.manifest.columns().len();
        (0..self.manifest.rows.len())
            .flat_map(move |i| (if symmetric { i } else { 0 }..columns).map(move |j| [i, j]))
    }

    /// The path of a tile.
    fn path(&self, [i, j]: [usize; 2]) -> PathBuf {
        self.folder.join(format!("tile-{i:05}-{j:05}"))
    }

    /// The blocks of signals along the rows and the columns of a tile.
    fn blocks(&self, [i, j]: [usize; 2]) -> [Block; 2] {
        [self.manifest.rows[i], self.manifest.columns()[j]]
    }

    /// The number of entries of a tile.
    fn pairs(&self, tile: [usize; 2]) -> usize {
        self.blocks(tile)
            .map(|block| block.len * self.outputs)
            .iter()
            .product()
    }

    /// The key that the file of a tile must carry.
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
    pub(super) fn ranges(&self, [i, j]: [usize; 2]) -> [Range<usize>; 2] {
        let range = |blocks: &[Block], at: usize| {
            let range = signals_of(blocks, at);
            range.start * self.outputs..range.end * self.outputs
        };
        [
            range(&self.manifest.rows, i),
            range(self.manifest.columns(), j),
        ]
    }

    /// Reads a tile, or finds that it is missing or unusable.
    fn look(&self, tile: [usize; 2]) -> Result<Found<KernelMatrices>> {
        tile::read(&self.path(tile), &self.key(tile))
    }

    /// Reads a tile that must be present.
    fn tile(&self, tile: [usize; 2]) -> Result<KernelMatrices> {
        self.present(tile, self.look(tile)?)
    }

    /// Reads one kernel of a tile into `matrix`, which may have any content and size before.
    pub(super) fn read_tile(
        &self,
        tile: [usize; 2],
        ensemble: KernelKind,
        matrix: &mut Array2<f64>,
    ) -> Result<()> {
        let found = tile::read_one(&self.path(tile), &self.key(tile), ensemble, matrix)?;
        self.present(tile, found)
    }

    /// The content of a tile, or an error if it is missing or unusable.
    fn present<T>(&self, tile: [usize; 2], found: Found<T>) -> Result<T> {
        match found {
            Found::Tile(content) => Ok(content),
            Found::Nothing => Err(self.missing(tile, "nothing")),
            Found::Unusable(problem) => Err(self.missing(tile, &problem)),
        }
    }

    /// The error for a tile that is missing or unusable.
    fn missing(&self, tile: [usize; 2], found: &str) -> Error {
        let path = self.path(tile);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Error::missing(
            format!("tile {name}"),
            format!(
                "the folder {}, which holds {found} under this name; computing the matrix again makes it, if one network at \
                 a time uses the folder",
                self.folder.display()
            ),
        )
    }

    /// Computes a tile; progress counts `before` pairs as done, of `total`.
    fn compute(
        &self,
        [i, j]: [usize; 2],
        before: usize,
        total: usize,
        progress: Option<&Progress>,
    ) -> Result<KernelMatrices> {
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

/// The largest sampled error of several tiles, and the number of sampled pairs.
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

/// Copies `part` to the given rows and columns of a matrix.
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

/// The indices of the signals of a block.
fn signals_of(blocks: &[Block], at: usize) -> Range<usize> {
    let start = blocks[..at].iter().map(|block| block.len).sum();
    start..start + blocks[at].len
}
