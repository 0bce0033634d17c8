//! Kernel matrices in folders.

use std::path::{Path, PathBuf};

use haarmonic::Result;
use haarmonic::kernel::{Kernel, Signals};
use haarmonic::network::Network;
use haarmonic::store::{KernelStore, Share, StoreOptions};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors::OrRaise;
use crate::kernel::PyKernel;
use crate::pickle::{Reduced, reduced};
use crate::results::{self, Class};
use crate::signals::Inputs;
use crate::watch;

/// A kernel matrix in a folder, tile by tile: it resumes, and processes share it.
///
/// Making a store with the same folder, kernel and signals again resumes after the last finished tile. A folder of another kernel or of
/// other signals is refused. Signals added at the end add tiles. The folder holds the same files, bit for bit, however many processes
/// computed them.
///
/// Parameters
/// ----------
/// folder : str or os.PathLike
///     Made if it does not exist; the folder around it must exist.
/// kernel : Kernel
///     The kernel.
/// x1 : array_like
///     Signals, `[n1, ...]`, as in `Kernel.gram`. They must not change while the store is in use.
/// x2 : array_like, optional
///     Signals of the columns, `[n2, ...]`; without them, the columns are the rows, and one triangle is computed.
/// memory : int, optional
///     Bytes that a tile may take while it is computed; 512 MiB unless stated.
/// side : int, optional
///     Signals along each side of a tile.
///
/// Examples
/// --------
/// >>> import tempfile, numpy as np
/// >>> from haarmonic import GramStore, Kernel, stax
/// >>> kernel = Kernel(stax.network((3,), stax.Dense(512), stax.Relu(), stax.Dense(1)))
/// >>> x = np.arange(30.0).reshape(10, 3)
/// >>> with tempfile.TemporaryDirectory() as folder:
/// ...     store = GramStore(folder + "/kernels", kernel, x, side=4)
/// ...     first = store.complete(share=(0, 2))    # the first of two shares
/// ...     rest = store.complete()                 # all that is missing
/// ...     gram = store.read()
/// >>> first.computed, rest.computed, rest.found
/// (3, 3, 3)
/// >>> bool((gram.ntk == kernel.gram(x).ntk).all())
/// True
#[pyclass(frozen, name = "GramStore", module = "haarmonic")]
pub(crate) struct PyGramStore {
    folder: PathBuf,
    kernel: Py<PyKernel>,
    x1: Py<PyAny>,
    x2: Option<Py<PyAny>>,
    options: StoreOptions,
}

#[pymethods]
impl PyGramStore {
    #[new]
    #[pyo3(signature = (folder, kernel, x1, x2=None, *, memory=None, side=None))]
    fn new(
        py: Python<'_>,
        folder: PathBuf,
        kernel: Bound<'_, PyKernel>,
        x1: Py<PyAny>,
        x2: Option<Py<PyAny>>,
        memory: Option<usize>,
        side: Option<usize>,
    ) -> PyResult<Self> {
        let mut options = StoreOptions::default();
        options.memory = memory.unwrap_or(options.memory);
        options.side = side;
        let store = PyGramStore {
            folder,
            kernel: kernel.unbind(),
            x1,
            x2,
            options,
        };
        store.with_store(py, |_| Ok(()))?;
        Ok(store)
    }

    /// Compute the tiles that are missing or damaged.
    ///
    /// Ctrl-C ends it; finished tiles remain.
    ///
    /// Parameters
    /// ----------
    /// share : (int, int), optional
    ///     `(k, n)`: the k-th of n shares of the tiles, counted from 0, so that n processes complete one folder together. All tiles unless
    ///     stated.
    /// progress : callable or bool, optional
    ///     As in `Kernel.gram`; it counts the pairs of the share.
    ///
    /// Returns
    /// -------
    /// StoreReport
    ///     `found` and `computed`, numbers of tiles, and `damaged`, a list of files and of what was wrong with them.
    #[pyo3(signature = (*, share=None, progress=None))]
    fn complete<'py>(
        &self,
        py: Python<'py>,
        share: Option<(usize, usize)>,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        static CLASS: Class = Class::new("StoreReport");
        let share = match share {
            None => Share::ALL,
            Some((index, count)) => Share::new(index, count).or_raise()?,
        };
        let PyKernel {
            kernel, threads, ..
        } = self.kernel.get();
        let inputs = self.inputs(py)?;
        let signals = inputs.signals(kernel.network())?;
        let report = watch::long(py, *threads, progress, |progress| {
            let store = signals.open(&self.folder, kernel, self.options)?;
            store.complete_share(share, Some(progress))
        })?;
        CLASS.make(py, (report.found, report.computed, report.damaged))
    }

    /// Read the whole matrix.
    ///
    /// Returns
    /// -------
    /// KernelMatrices
    ///     As from `Kernel.gram` or `Kernel.between`.
    ///
    /// Raises
    /// ------
    /// ValueError
    ///     If a tile is missing or damaged; `complete` computes it.
    fn read<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let gram = self.with_store(py, |store| store.read())?;
        results::kernel_matrices(py, gram)
    }

    /// Write the matrices `nngp` and `ntk`, with a tolerance also `nngp_error` and `ntk_error`, to a file `.npz`, one row of tiles at a
    /// time.
    fn write_npz(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        self.with_store(py, |store| store.write_npz(path).map(drop))
    }

    /// Rows and columns of the matrix.
    #[getter]
    fn shape(&self, py: Python<'_>) -> PyResult<(usize, usize)> {
        let [rows, columns] = self.with_store(py, |store| Ok(store.shape()))?;
        Ok((rows, columns))
    }

    /// The number of tiles; of a symmetric matrix, of one triangle.
    #[getter]
    fn tile_count(&self, py: Python<'_>) -> PyResult<usize> {
        self.with_store(py, |store| Ok(store.tile_count()))
    }

    fn __repr__(&self) -> String {
        format!("<haarmonic.GramStore in {}>", self.folder.display())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        let options = PyDict::new(py);
        options.set_item("memory", self.options.memory)?;
        options.set_item("side", self.options.side)?;
        let arguments = (&self.folder, &self.kernel, &self.x1, &self.x2);
        reduced::<PyGramStore>(py, &options, arguments)
    }
}

impl PyGramStore {
    fn inputs<'py>(&self, py: Python<'py>) -> PyResult<Sides<Inputs<'py>>> {
        let network = self.kernel.get().kernel.network();
        let x2 = self.x2.as_ref().map(|x2| x2.bind(py));
        Ok(Sides {
            x1: Inputs::of(self.x1.bind(py), network, "x1")?,
            x2: x2.map(|x2| Inputs::of(x2, network, "x2")).transpose()?,
        })
    }

    /// Opens the store and does something with it, without the GIL.
    fn with_store<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&KernelStore<'_>) -> Result<T> + Send,
    ) -> PyResult<T> {
        let PyKernel {
            kernel, threads, ..
        } = self.kernel.get();
        let inputs = self.inputs(py)?;
        let signals = inputs.signals(kernel.network())?;
        watch::short(py, *threads, || {
            work(&signals.open(&self.folder, kernel, self.options)?)
        })
    }
}

/// The rows of a matrix, and its columns unless they are the rows.
struct Sides<T> {
    x1: T,
    x2: Option<T>,
}

impl Sides<Inputs<'_>> {
    fn signals(&self, network: &Network) -> PyResult<Sides<Signals<'_>>> {
        let x2 = self.x2.as_ref();
        Ok(Sides {
            x1: self.x1.signals(network, "x1")?,
            x2: x2.map(|x2| x2.signals(network, "x2")).transpose()?,
        })
    }
}

impl<'a> Sides<Signals<'a>> {
    fn open(
        &self,
        folder: &Path,
        kernel: &'a Kernel,
        options: StoreOptions,
    ) -> Result<KernelStore<'a>> {
        match self.x2 {
            None => KernelStore::open(folder, kernel, self.x1, options),
            Some(x2) => KernelStore::open_cross(folder, kernel, self.x1, x2, options),
        }
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyGramStore>()
}
