//! Access to the kernel of a store for solvers that do not hold the matrix in memory.

use std::ops::Range;
use std::sync::Arc;

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis, Slice};

use crate::predict::tiled_product::{share_of, write_share, write_sum};
use crate::predict::{KernelKind, KernelRows, OneProcess, Processes};
use crate::{Error, Result};

use super::kernel_store::KernelStore;

/// The NTK or the NNGP of a complete store, read tile by tile from the disk.
///
/// This type serves [`ConjugateGradient`](crate::predict::ConjugateGradient),
/// [`PivotedCholesky`](crate::predict::PivotedCholesky) and [`Nystrom`](crate::predict::Nystrom). A product with the whole matrix
/// reads each tile once. A single row reads one row of tiles. Several processes ([`among`](Self::among)) read every N-th tile each, and add
/// their products.
///
/// # Memory
/// One tile of one kernel per thread, and the products of 64 tiles with the vectors.
///
/// # Examples
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("kernels");
/// use haarmonic::activation::Activation;
/// use haarmonic::kernel::Kernel;
/// use haarmonic::network::{Network, Init};
/// use haarmonic::predict::{ConjugateGradient, KernelKind, KernelRidge, Ridge};
/// use haarmonic::store::{KernelStore, StoreOptions};
/// use ndarray::Array2;
///
/// let network = Network::vector(2).dense(Init::default()).activation(Activation::Relu).build()?;
/// let kernel = Kernel::new(&network)?;
/// let x = Array2::from_shape_fn((10, 2), |(i, j)| ((3 * i + j) as f64).sin());
/// let y = x.map(|x| x * x);
/// let options = StoreOptions { side: Some(4), ..StoreOptions::default() };
/// let store = KernelStore::open(&path, &kernel, x.view(), options)?;
/// store.complete(None)?;
/// let ridge = Ridge::Relative(0.1);
/// let rows = store.rows(KernelKind::Ntk)?;
/// let solved = ConjugateGradient::default().fit(&rows, y.view(), ridge, None)?;
/// let direct = KernelRidge::fit(kernel.gram(x.view())?.ntk.view(), y.view(), ridge)?;
/// let difference = solved.model.coefficients() - direct.coefficients();
/// assert!(difference.iter().all(|d| d.abs() < 1e-7));
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Clone)]
pub struct StoredRows<'s, 'a> {
    store: &'s KernelStore<'a>,
    ensemble: KernelKind,
    processes: Arc<dyn Processes>,
}

impl<'a> KernelStore<'a> {
    /// Returns the rows of one kernel for solvers that do not hold the matrix in memory.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if the store belongs to two sets of signals. A missing tile is an error only when it is read.
    pub fn rows(&self, ensemble: KernelKind) -> Result<StoredRows<'_, 'a>> {
        if !self.is_symmetric() {
            return Err(Error::invalid(
                "kind of the store",
                "two sets of signals",
                "one set of signals, whose kernels with each other are symmetric",
            ));
        }
        Ok(StoredRows {
            store: self,
            ensemble,
            processes: Arc::new(OneProcess),
        })
    }
}

impl StoredRows<'_, '_> {
    /// Shares each product among several processes, which see the same folder.
    ///
    /// Every process takes part in each product, with equal vectors. Each process reads whole rows and the diagonal by itself.
    pub fn among(mut self, processes: Arc<dyn Processes>) -> Self {
        self.processes = processes;
        self
    }

    /// Reads the kernel of one tile into `matrix`, which may have any content and size before.
    fn read(&self, tile: [usize; 2], matrix: &mut Array2<f64>) -> Result<()> {
        self.store.read_tile(tile, self.ensemble, matrix)
    }
}

impl KernelRows for StoredRows<'_, '_> {
    fn points(&self) -> usize {
        self.store.shape()[0]
    }

    fn diagonal(&self) -> Result<Array1<f64>> {
        let mut diagonal = Array1::zeros(self.points());
        let mut values = Array2::zeros((0, 0));
        for [i, j] in self.store.tiles().filter(|[i, j]| i == j) {
            let [rows, _] = self.store.ranges([i, j]);
            let mut part = diagonal.slice_axis_mut(Axis(0), Slice::from(rows));
            self.read([i, j], &mut values)?;
            part.assign(&values.diag());
        }
        Ok(diagonal)
    }

    fn write_rows(&self, rows: Range<usize>, mut out: ArrayViewMut2<'_, f64>) -> Result<()> {
        // Only the tiles on and above the diagonal are stored. Tile (i, j) gives its wanted rows to block i of the result, and the
        // wanted rows of its transpose to block j.
        let mut values = Array2::zeros((0, 0));
        for tile in self.store.tiles() {
            let [i, j] = self.store.ranges(tile);
            let wanted = [overlap(&rows, &i), overlap(&rows, &j)];
            if wanted.iter().all(Range::is_empty) {
                continue;
            }
            self.read(tile, &mut values)?;
            let mut place = |own: &Range<usize>,
                             other: &Range<usize>,
                             wanted: &Range<usize>,
                             values: ArrayView2<'_, f64>| {
                if wanted.is_empty() {
                    return;
                }
                let from = wanted.start - own.start..wanted.end - own.start;
                let to = wanted.start - rows.start..wanted.end - rows.start;
                let mut part = out.slice_axis_mut(Axis(0), Slice::from(to));
                part.slice_axis_mut(Axis(1), Slice::from(other.clone()))
                    .assign(&values.slice_axis(Axis(0), Slice::from(from)));
            };
            place(&i, &j, &wanted[0], values.view());
            place(&j, &i, &wanted[1], values.t());
        }
        Ok(())
    }

    fn write_product(&self, x: ArrayView2<'_, f64>, out: ArrayViewMut2<'_, f64>) -> Result<bool> {
        let own: Vec<[usize; 2]> = share_of(self.store.tiles(), self.processes.place()).collect();
        let ranges: Vec<_> = own.iter().map(|&tile| self.store.ranges(tile)).collect();
        write_sum(&*self.processes, out, |out| {
            write_share(&ranges, x, out, |t, values| {
                self.read(own[t], values)?;
                Ok(None)
            })
        })?;
        Ok(true)
    }
}

/// The intersection of two ranges.
fn overlap(a: &Range<usize>, b: &Range<usize>) -> Range<usize> {
    let start = a.start.max(b.start);
    start..a.end.min(b.end).max(start)
}
