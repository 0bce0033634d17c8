//! The state of conjugate gradients in a file, from which an interrupted run resumes.

use std::path::{Path, PathBuf};

use ndarray::Array1;

use crate::data::arrays::{Numbers, npz_keys, read_npz_real, write_npz};
use crate::kernel::{Kernel, Signals};
use crate::predict::{ConjugateGradientSteps, KernelKind};
use crate::{Error, Result};

use super::fingerprint::Fingerprint;

/// The array that holds the fingerprint.
const FINGERPRINT: &str = "fingerprint";

/// A file with the state of conjugate gradients, from which a run that was killed resumes; the run loses the step in progress.
///
/// The file is replaced in one step when the new state is complete and on disk. It belongs to one network, one kernel and one set of
/// signals, and to the targets, the ridges, the tolerance and the rank of the preconditioner; other ones are refused. The number of processes
/// and the largest number of steps may differ.
///
/// # Examples
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("state.npz");
/// use haarmonic::kernel::Kernel;
/// use haarmonic::network::{Init, Network};
/// use haarmonic::predict::{ComputedRows, ConjugateGradient, ConjugateGradientSteps, KernelKind, KernelRows, Ridge};
/// use haarmonic::store::SolverCheckpoint;
/// use ndarray::array;
///
/// let kernel = Kernel::new(&Network::vector(1).dense(Init::new(1.0, 1.0)).build()?)?;
/// let (x, y) = (array![[1.0], [2.0], [4.0]], array![[1.0], [0.0], [3.0]]);
/// let rows = ComputedRows::new(&kernel, kernel.prepare(x.view())?, KernelKind::Ntk)?;
/// let checkpoint = SolverCheckpoint::new(&path, &kernel, x.view(), KernelKind::Ntk)?;
/// let solver = ConjugateGradient::default();
/// let mut steps = ConjugateGradientSteps::new(solver, rows.diagonal()?, y.view(), &[Ridge::Absolute(0.1)], None)?;
/// let resumed = checkpoint.read(&mut steps)?; // true if the command was interrupted before
/// while let Some(wanted) = steps.wanted() {
///     steps.advance(rows.product(wanted.view())?.view())?;
///     checkpoint.write(&steps)?;
/// }
/// assert!(!resumed && checkpoint.read(&mut steps)?);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SolverCheckpoint {
    path: PathBuf,
    fingerprint: Array1<f64>,
}

impl SolverCheckpoint {
    /// Names the file, and the kernel that it belongs to.
    ///
    /// # Arguments
    /// * `path` — a `.npz` file; it need not exist
    /// * `kernel`, `signals`, `kind` — the matrix of the system
    ///
    /// # Errors
    /// [`Error::InvalidNetwork`] for a network that cannot be written to a file.
    pub fn new<'a>(
        path: impl AsRef<Path>,
        kernel: &Kernel,
        signals: impl Into<Signals<'a>>,
        kind: KernelKind,
    ) -> Result<Self> {
        let network = Fingerprint::of_text(&format!("{kind:?} {}", kernel.network().to_toml()?));
        let signals = Fingerprint::of_signals(&signals.into());
        // Quarters of 32 bits are exact as numbers of a file.
        let quarters = [network.0, signals.0]
            .into_iter()
            .flat_map(|print| [96, 64, 32, 0].map(|shift| f64::from((print >> shift) as u32)));
        Ok(SolverCheckpoint {
            path: path.as_ref().to_path_buf(),
            fingerprint: quarters.collect(),
        })
    }

    /// Restores the state of the file, and returns whether there is one.
    ///
    /// # Errors
    /// [`Error::InFile`] around the errors of [`ConjugateGradientSteps::restore`] or around [`Error::InvalidValue`] for the file of another
    /// kernel; [`Error::Io`] if the file cannot be read.
    pub fn read(&self, steps: &mut ConjugateGradientSteps<'_>) -> Result<bool> {
        if !self.path.exists() {
            return Ok(false);
        }
        let in_file = |error: Error| error.in_file(&self.path);
        let mut state = Vec::new();
        for key in npz_keys(&self.path)? {
            let array = read_npz_real(&self.path, &key)?;
            state.push((key, array));
        }
        let own = |(key, array): &(String, _)| {
            key == FINGERPRINT && *array == self.fingerprint.view().into_dyn()
        };
        if !state.iter().any(own) {
            return Err(in_file(Error::invalid(
                "state of conjugate gradients",
                "another network, another kernel or other signals",
                "those of this run",
            )));
        }
        steps.restore(&state).map_err(in_file)?;
        Ok(true)
    }

    /// Writes the state.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written; an existing file is then unchanged.
    pub fn write(&self, steps: &ConjugateGradientSteps<'_>) -> Result<()> {
        let mut arrays = vec![(
            FINGERPRINT,
            Numbers::Real(self.fingerprint.clone().into_dyn()),
        )];
        let state = steps.state().into_iter();
        arrays.extend(state.map(|(name, array)| (name, Numbers::Real(array))));
        write_npz(&self.path, &arrays)
    }
}
