//! Distilled data sets in `.npz` files, from which a distillation resumes.

use std::path::Path;

use ndarray::{Array1, ArrayD, ArrayViewD, Dimension};

use super::adam::Adam;
use super::distillation::{Distillation, halves};
use super::distilled::Distilled;
use crate::data::arrays::{Numbers, read_npz_numbers, read_npz_real, write_npz};
use crate::kernel::{OwnedSignals, Signals};
use crate::{Error, Result};

/// The arrays of the method of Adam.
const MOMENTS: [&str; 4] = ["x_mean", "x_square", "y_mean", "y_square"];

impl Distillation {
    /// Writes a distilled data set and the state of its distillation, from which [`read`](Self::read) resumes.
    ///
    /// The file holds the inputs as `x`, the targets as `y`, and the losses as `losses`; further keys belong to the method. It is resumed with
    /// the examples of its first step alone. An existing file is replaced by the whole new file, or stays as it is.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written.
    ///
    /// # Examples
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("distilled.npz");
    /// use haarmonic::distill::{Distillation, Distilled};
    /// use haarmonic::kernel::Kernel;
    /// use haarmonic::network::{Init, Network};
    /// use ndarray::array;
    ///
    /// let network = Network::vector(1).dense(Init::default()).build()?;
    /// let distillation = Distillation::new(Kernel::new(&network)?).steps(3);
    /// let begun = Distilled::new(array![[1.0]].view(), array![[0.5]].view())?;
    /// distillation.write(&path, &begun)?;
    /// assert_eq!(distillation.read(&path)?, begun);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn write(&self, path: impl AsRef<Path>, state: &Distilled) -> Result<()> {
        let moments = [&state.of_signals, &state.of_targets]
            .into_iter()
            .flat_map(|adam| [&adam.means, &adam.squares]);
        let array = |values: &[f64]| Numbers::from(Array1::from(values.to_vec()));
        let signals = match &state.signals {
            OwnedSignals::Vectors(array) => Numbers::from(array.clone()),
            OwnedSignals::Grid(array) => Numbers::from(array.clone()),
            OwnedSignals::Points(array) => Numbers::from(array.clone()),
            OwnedSignals::Coefficients(array) => Numbers::from(array.clone()),
            OwnedSignals::Graphs(_) | OwnedSignals::Atoms(_) => {
                unreachable!("no graphs are distilled")
            }
        };
        let mut arrays = vec![
            ("x", signals),
            ("y", Numbers::from(state.targets.clone())),
            ("losses", array(&state.losses)),
            ("options", array(&self.options())),
            ("examples", array(&halves(state.examples))),
        ];
        arrays.extend(MOMENTS.into_iter().zip(moments.map(|values| array(values))));
        // An array without entries is no array of a file.
        arrays.retain(|(_, numbers)| numbers.shape() != [0]);
        write_npz(path, &arrays)
    }

    /// Reads a distilled data set that [`write`](Self::write) wrote. Its next step is that of a run without an interruption.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read; [`Error::InFile`] around the error of an array, or around [`Error::InvalidValue`] if the
    /// file belongs to a distillation with other options. The number of steps may differ.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Distilled> {
        let path = path.as_ref();
        let options = read_npz_real(path, "options")?;
        if options.iter().ne(&self.options()) {
            return Err(Error::invalid(
                "state of a distillation",
                "another network or other options",
                "the network and the options of this distillation",
            )
            .in_file(path));
        }
        let x = read_npz_numbers(path, "x")?;
        let y = read_npz_real(path, "y")?;
        let in_file = |error: Error| error.in_file(path);
        let y = rank(&y, "y").map_err(in_file)?;
        let signals = match &x {
            Numbers::Complex(x) => rank(x, "x").map(Signals::Coefficients),
            Numbers::Real(x) if x.ndim() == 2 => rank(x, "x").map(Signals::Vectors),
            Numbers::Real(x) if x.ndim() == 3 => rank(x, "x").map(Signals::Points),
            Numbers::Real(x) => rank(x, "x").map(Signals::Grid),
        };
        let mut state = Distilled::new(signals.map_err(in_file)?, y).map_err(in_file)?;
        let keys = crate::data::arrays::npz_keys(path)?;
        if keys.iter().any(|key| key == "losses") {
            state.losses = read_npz_real(path, "losses")?.into_iter().collect();
        }
        let of = |key: &str, len: usize| -> Result<Vec<f64>> {
            let array = read_npz_real(path, key)?;
            crate::check::shape(key, array.shape(), &[len]).map_err(in_file)?;
            Ok(array.into_iter().collect())
        };
        let parts = of("examples", 2)?;
        state.examples = ((parts[0] as u64) << 32) | parts[1] as u64;
        for (adam, [means, squares]) in [
            (&mut state.of_signals, ["x_mean", "x_square"]),
            (&mut state.of_targets, ["y_mean", "y_square"]),
        ] {
            let len = adam.means.len();
            *adam = Adam {
                means: of(means, len)?,
                squares: of(squares, len)?,
            };
        }
        Ok(state)
    }
}

/// A view with a fixed rank.
fn rank<'a, A, D: Dimension>(
    array: &'a ArrayD<A>,
    key: &str,
) -> Result<ndarray::ArrayView<'a, A, D>> {
    let view: ArrayViewD<'a, A> = array.view();
    let shape = array.shape().to_vec();
    view.into_dimensionality()
        .map_err(|_| Error::shape(key, "inputs [n, …] and targets [n, outputs]", shape))
}
