//! The kernel of prepared signals, computed when it is needed, by one process or several.

use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis, Slice};

use super::kernel_rows::KernelRows;
use super::processes::{OneProcess, Processes};
use super::tiled_product::{Tile, section, share_of, write_share, write_sum};
use crate::kernel::{Kernel, PreparedSignals};
use crate::network::{InputSpace, Outputs};
use crate::parallel::try_map;
use crate::predict::KernelKind;
use crate::progress::Progress;
use crate::{Error, Result};

/// The largest number of rows along each side of a tile: for perceptrons, whose pairs take nanoseconds, and for all other networks.
const SIDES: [usize; 2] = [512, 64];
/// The least number of tiles along each side of the matrix per process, so that the processes have nearly equal shares.
const TILES_PER_PROCESS: usize = 4;

/// The NTK or the NNGP of the training signals, computed in each product, or kept in memory as far as a budget allows.
///
/// The matrix consists of tiles on and above the diagonal. A product computes each tile, multiplies it and its transpose, and forgets it,
/// unless it is one of the tiles that are kept. Several processes ([`among`](Self::among)) take every N-th tile each, and add their products.
/// Values do not depend on what is kept.
///
/// # Examples
/// ```
/// use haarmonic::activation::Activation;
/// use haarmonic::kernel::Kernel;
/// use haarmonic::network::{Init, Network};
/// use haarmonic::predict::{ComputedRows, KernelKind, KernelRows};
/// use ndarray::Array2;
///
/// let network = Network::vector(2).dense(Init::default()).activation(Activation::Relu).build()?;
/// let kernel = Kernel::new(&network)?;
/// let x = Array2::from_shape_fn((10, 2), |(i, j)| ((3 * i + j) as f64).sin());
/// let rows = ComputedRows::new(&kernel, kernel.prepare(x.view())?, KernelKind::Ntk)?.keeping(1 << 20);
/// let product = rows.product(x.view())?;
/// let want = kernel.gram(x.view())?.ntk.dot(&x);
/// assert!((&product - &want).iter().all(|d| d.abs() < 1e-13));
/// // The same as the sum of the products of two shares.
/// let halves = [0, 1].map(|half| rows.product_of_share(x.view(), [half, 2]));
/// let [a, b] = halves;
/// assert!((a? + b? - want).iter().all(|d| d.abs() < 1e-13));
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Clone)]
pub struct ComputedRows {
    kernel: Kernel,
    signals: PreparedSignals,
    kind: KernelKind,
    progress: Option<Progress>,
    processes: Arc<dyn Processes>,
    memory: usize,
    tiles: Vec<Tile>,
    /// The first tiles of the share of this process, as many as are kept.
    kept: Arc<Vec<OnceLock<Arc<Array2<f64>>>>>,
}

impl ComputedRows {
    /// Makes the rows of one process, which keeps no tiles.
    ///
    /// # Arguments
    /// * `kernel` — its listener is not called
    /// * `signals` — prepared for this kernel
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a network with outputs at the nodes of graphs.
    pub fn new(kernel: &Kernel, signals: PreparedSignals, kind: KernelKind) -> Result<Self> {
        if *kernel.network().outputs() == Outputs::Nodes {
            return Err(Error::invalid(
                "outputs of the network",
                "features at the nodes of graphs, of which each graph has its own number",
                "one number of outputs per signal",
            ));
        }
        let mut rows = ComputedRows {
            kernel: kernel.without_progress(),
            signals,
            kind,
            progress: None,
            processes: Arc::new(OneProcess),
            memory: 0,
            tiles: Vec::new(),
            kept: Arc::default(),
        };
        rows.cut();
        Ok(rows)
    }

    /// Shares each product, and each row, among several processes.
    ///
    /// Every process then takes part in each call of [`KernelRows::write_product`], [`write_rows`](KernelRows::write_rows) and
    /// [`diagonal`](KernelRows::diagonal), with equal arguments and from one thread.
    pub fn among(mut self, processes: Arc<dyn Processes>) -> Self {
        self.processes = processes;
        self.cut();
        self
    }

    /// Keeps the tiles of the first product in memory, as many as fit.
    ///
    /// # Arguments
    /// * `memory` — bytes for the tiles of this process
    pub fn keeping(mut self, memory: usize) -> Self {
        self.memory = memory;
        self.cut();
        self
    }

    /// Sets a listener that receives the progress of each product, in pairs, and may end it.
    pub fn with_progress(mut self, progress: Progress) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Cuts the matrix into tiles, and chooses those that are kept.
    fn cut(&mut self) {
        let (n, place) = (self.signals.len(), self.processes.place());
        let side = match self.kernel.network().input() {
            InputSpace::Vector { .. } => SIDES[0],
            _ => SIDES[1],
        };
        let side = side.min(n.div_ceil(TILES_PER_PROCESS * place[1])).max(1);
        let blocks = n.div_ceil(side);
        let block = |k: usize| k * side..n.min((k + 1) * side);
        let tiles = (0..blocks).flat_map(|i| (i..blocks).map(move |j| [i, j]));
        self.tiles = tiles.map(|tile| tile.map(block)).collect();
        let mut left = self.memory;
        let fits = share_of(self.tiles.iter(), place).take_while(|[rows, columns]| {
            let bytes = rows.len() * columns.len() * size_of::<f64>();
            let fits = bytes <= left;
            left = left.saturating_sub(bytes);
            fits
        });
        let kept = fits.count();
        self.kept = Arc::new((0..kept).map(|_| OnceLock::new()).collect());
    }

    /// Returns the fraction of the tiles of this process that are kept.
    pub fn kept(&self) -> f64 {
        let share = share_of(self.tiles.iter(), self.processes.place()).count();
        match share {
            0 => 1.0,
            share => self.kept.len() as f64 / share as f64,
        }
    }

    /// Returns the training signals.
    pub fn signals(&self) -> &PreparedSignals {
        &self.signals
    }

    pub(in crate::predict) fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    pub(in crate::predict) fn kind(&self) -> KernelKind {
        self.kind
    }

    /// The number of processes.
    pub(in crate::predict) fn processes(&self) -> usize {
        self.processes.place()[1]
    }

    /// The kernels of some training rows with others, by this process alone.
    pub(in crate::predict) fn between(
        &self,
        rows: Range<usize>,
        columns: Range<usize>,
    ) -> Result<Array2<f64>> {
        self.tile(&[rows, columns])
    }

    /// Computes the kernels of test signals with some training points, shape `[m, points]`, by this process alone.
    ///
    /// # Arguments
    /// * `test` — prepared for this kernel, m rows
    /// * `points` — numbers of training points, such as the pivots of a partial factor
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a number that is not below n; errors of the computation of kernels.
    pub fn columns(&self, test: &PreparedSignals, points: &[usize]) -> Result<Array2<f64>> {
        let n = self.points();
        if let Some(&point) = points.iter().find(|&&point| point >= n) {
            return Err(Error::invalid(
                "training point",
                point,
                format!("numbers below {n}"),
            ));
        }
        let mut out = Array2::zeros((test.len(), points.len()));
        let columns = try_map(points.len(), |k| {
            let point = self.signals.part(points[k]..points[k] + 1);
            let gram = self.kernel.values(test, Some(&point))?;
            Ok(self.kind.of(&gram).to_owned())
        })?;
        for (k, column) in columns.iter().enumerate() {
            out.column_mut(k).assign(&column.column(0));
        }
        Ok(out)
    }

    /// Multiplies one share of the matrix with a few vectors; the sum over all shares is the product with the matrix.
    ///
    /// # Arguments
    /// * `x` — shape `[n, k]`
    /// * `share` — its index, from 0, and the number of shares. Tiles are kept for the share of this process only
    ///
    /// The result has shape `[n, k]`.
    ///
    /// # Errors
    /// * [`Error::ShapeMismatch`] or [`Error::NotFinite`] — bad vectors
    /// * [`Error::InvalidValue`] — an index that is not below the number of shares
    /// * [`Error::Cancelled`] — the listener ended the product
    /// * errors of the computation of kernels
    pub fn product_of_share(
        &self,
        x: ArrayView2<'_, f64>,
        share: [usize; 2],
    ) -> Result<Array2<f64>> {
        crate::check::shape("vectors", &x.shape()[..1], &[self.points()])?;
        crate::check::finite("vectors", x)?;
        if share[0] >= share[1] {
            return Err(Error::invalid(
                "share of the tiles",
                format!("{} of {}", share[0], share[1]),
                "a number from 0, below the number of shares",
            ));
        }
        let mut out = Array2::zeros(x.dim());
        self.write_share(x, &mut out.view_mut(), share)?;
        Ok(out)
    }

    fn write_share(
        &self,
        x: ArrayView2<'_, f64>,
        out: &mut ArrayViewMut2<'_, f64>,
        share: [usize; 2],
    ) -> Result<()> {
        let tiles: Vec<Tile> = share_of(self.tiles.iter().cloned(), share).collect();
        let pairs = |[rows, columns]: &Tile| rows.len() * columns.len();
        let total = tiles.iter().map(pairs).sum();
        let done = AtomicUsize::new(0);
        let keeps = share == self.processes.place();
        write_share(&tiles, x, out, |t, buffer| {
            let kept = self.kept.get(t).filter(|_| keeps);
            let values = match kept.and_then(OnceLock::get) {
                Some(values) => Some(Arc::clone(values)),
                None => {
                    *buffer = self.tile(&tiles[t])?;
                    // Another thread never computes this tile: each index is taken once.
                    kept.map(|kept| {
                        Arc::clone(kept.get_or_init(|| Arc::new(std::mem::take(buffer))))
                    })
                }
            };
            let pairs = pairs(&tiles[t]);
            let done = done.fetch_add(pairs, Ordering::Relaxed) + pairs;
            match self.progress.as_ref().map(|progress| progress(done, total)) {
                Some(ControlFlow::Break(())) => Err(Error::cancelled("product with the kernel")),
                _ => Ok(values),
            }
        })
    }

    /// The entries of one tile.
    fn tile(&self, [rows, columns]: &Tile) -> Result<Array2<f64>> {
        let part = self.signals.part(rows.clone());
        let gram = if rows == columns {
            self.kernel.values(&part, None)?
        } else {
            let columns = self.signals.part(columns.clone());
            self.kernel.values(&part, Some(&columns))?
        };
        Ok(match self.kind {
            KernelKind::Ntk => gram.ntk,
            KernelKind::Nngp => gram.nngp,
        })
    }

    /// Predicts test signals from coefficients of the training signals.
    ///
    /// # Arguments
    /// * `test` — prepared for this kernel, m rows
    /// * `coefficients` — shape `[n, k]`, such as those of a [`KernelRidge`](super::KernelRidge)
    ///
    /// The result K(test, train) a has shape `[m, k]`. With several processes, each computes a part, and all receive the result.
    ///
    /// # Errors
    /// As [`product_of_share`](Self::product_of_share).
    pub fn predict(
        &self,
        test: &PreparedSignals,
        coefficients: ArrayView2<'_, f64>,
    ) -> Result<Array2<f64>> {
        let (m, n) = (test.len(), self.points());
        crate::check::shape("coefficients", &coefficients.shape()[..1], &[n])?;
        let side = self.tiles[0][0].len();
        let mut out = Array2::zeros((m, coefficients.ncols()));
        let own = section(m, self.processes.place());
        write_sum(&*self.processes, out.view_mut(), |out| {
            let blocks = own.len().div_ceil(side);
            let block = |k: usize| own.start + k * side..own.end.min(own.start + (k + 1) * side);
            let parts = try_map(blocks, |k| {
                let rows = test.part(block(k));
                let mut sums = Array2::zeros((rows.len(), coefficients.ncols()));
                for start in (0..n).step_by(side) {
                    let columns = start..n.min(start + side);
                    let gram = self
                        .kernel
                        .values(&rows, Some(&self.signals.part(columns.clone())))?;
                    let along = coefficients.slice_axis(Axis(0), Slice::from(columns));
                    sums += &self.kind.of(&gram).dot(&along);
                }
                Ok(sums)
            })?;
            for (k, part) in parts.iter().enumerate() {
                out.slice_axis_mut(Axis(0), Slice::from(block(k)))
                    .assign(part);
            }
            Ok(())
        })?;
        Ok(out)
    }
}

impl KernelRows for ComputedRows {
    fn points(&self) -> usize {
        self.signals.len()
    }

    fn diagonal(&self) -> Result<Array1<f64>> {
        let n = self.points();
        let mut diagonal = Array2::zeros((n, 1));
        let own = section(n, self.processes.place());
        write_sum(&*self.processes, diagonal.view_mut(), |out| {
            let entries = try_map(own.len(), |k| {
                let point = own.start + k..own.start + k + 1;
                self.tile(&[point.clone(), point])
                    .map(|entry| entry[[0, 0]])
            })?;
            for (k, entry) in entries.into_iter().enumerate() {
                out[[own.start + k, 0]] = entry;
            }
            Ok(())
        })?;
        Ok(diagonal.remove_axis(Axis(1)))
    }

    fn write_rows(&self, rows: Range<usize>, out: ArrayViewMut2<'_, f64>) -> Result<()> {
        let own = section(self.points(), self.processes.place());
        write_sum(&*self.processes, out, |out| {
            out.fill(0.0);
            if own.is_empty() {
                return Ok(());
            }
            let gram = self.kernel.values(
                &self.signals.part(rows),
                Some(&self.signals.part(own.clone())),
            )?;
            out.slice_axis_mut(Axis(1), Slice::from(own))
                .assign(&self.kind.of(&gram));
            Ok(())
        })
    }

    fn write_product(&self, x: ArrayView2<'_, f64>, out: ArrayViewMut2<'_, f64>) -> Result<bool> {
        write_sum(&*self.processes, out, |out| {
            self.write_share(x, out, self.processes.place())
        })?;
        Ok(true)
    }
}
