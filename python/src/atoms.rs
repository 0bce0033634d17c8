//! Atoms in space, the inputs of networks on molecules.

use haarmonic::atoms::{Atoms, atomic_number, symbol};
use haarmonic::ndarray::{Array2, Ix2};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::arrays;
use crate::axes::with_axes;
use crate::errors::OrRaise;
use crate::molecules::PyMolecule;
use crate::results;
use crate::structures::PyStructure;

/// Atoms of any elements in space: an input of a network with the space `"molecule"`.
///
/// Such a network also takes `Structure`, `Molecule`, and objects with the methods of `ase.Atoms`.
///
/// Parameters
/// ----------
/// symbols : list of str
///     Chemical symbols, one per atom.
/// positions : array_like
///     `[atoms, 3]`, in ångström.
///
/// Examples
/// --------
/// >>> from haarmonic import Kernel, Network
/// >>> from haarmonic.molecules import Atoms
/// >>> network = Network('''
/// ... [input]
/// ... space = "molecule"
/// ... labels = ["H", "O"]
/// ... [[layers]]
/// ... kind = "message"
/// ... cutoff = 3.0
/// ... radial = { kernel = "gaussian", width = 0.3 }
/// ... angular = { spectrum = [0.5, 0.5] }
/// ... [[layers]]
/// ... kind = "activation"
/// ... function = "hermite"
/// ... degree = 2
/// ... [[layers]]
/// ... kind = "group-pooling"
/// ... [[layers]]
/// ... kind = "node-sum"
/// ... ''')
/// >>> water = Atoms(["O", "H", "H"], [[0, 0, 0.1], [0, 0.8, -0.5], [0, -0.8, -0.5]])
/// >>> turned = Atoms(["H", "O", "H"], [[0.8, 0, -0.5], [0, 0, 0.1], [-0.8, 0, -0.5]])
/// >>> gram = Kernel(network).gram([water, turned]).ntk
/// >>> bool(abs(gram[0, 1] / gram[0, 0] - 1) < 1e-12)
/// True
#[pyclass(frozen, name = "Atoms", module = "haarmonic.molecules")]
pub(crate) struct PyAtoms(pub(crate) Atoms);

/// Atoms from symbols and an array of positions.
fn assemble(symbols: &[String], positions: &Bound<'_, PyAny>) -> PyResult<Atoms> {
    let numbers = symbols.iter().map(|text| {
        atomic_number(text).ok_or_else(|| {
            PyValueError::new_err(format!(
                "symbols: found {text:?}, expected a chemical symbol"
            ))
        })
    });
    let numbers = numbers.collect::<PyResult<_>>()?;
    let array = arrays::real(positions, "positions")?;
    let view = with_axes::<f64, Ix2>(array.view(), "positions", "[atoms, 3]")?;
    if view.ncols() != 3 {
        let found = view.shape();
        return Err(PyValueError::new_err(format!(
            "positions: expected shape [atoms, 3], found {found:?}"
        )));
    }
    let rows = view.outer_iter().map(|row| [row[0], row[1], row[2]]);
    Atoms::new(numbers, rows.collect()).or_raise()
}

#[pymethods]
impl PyAtoms {
    #[new]
    fn new(symbols: Vec<String>, positions: &Bound<'_, PyAny>) -> PyResult<Self> {
        assemble(&symbols, positions).map(PyAtoms)
    }

    /// Chemical symbols.
    #[getter]
    fn symbols(&self) -> Vec<&'static str> {
        let numbers = self.0.atomic_numbers().iter();
        numbers.filter_map(|&z| symbol(z)).collect()
    }

    /// `[atoms, 3]`, in ångström.
    #[getter]
    fn positions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let positions = self.0.positions();
        let array = Array2::from_shape_fn((positions.len(), 3), |(i, k)| positions[i][k]);
        results::array(py, array)
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __repr__(&self) -> String {
        format!("<haarmonic.molecules.Atoms {}>", self.symbols().concat())
    }
}

/// The molecules of a sequence: of this package, or with the methods of `ase.Atoms`.
///
/// # Errors
/// `TypeError` for other entries.
pub(crate) fn atoms_of(value: &Bound<'_, PyAny>, what: &str) -> PyResult<Vec<Atoms>> {
    let wrong = || {
        PyTypeError::new_err(format!(
            "{what}: expected a sequence of haarmonic.molecules.Atoms, Structure or Molecule, or of ase.Atoms"
        ))
    };
    let mut found = Vec::new();
    // One object with the methods of `ase.Atoms` is a sequence of atoms.
    if value.hasattr("get_chemical_symbols")? {
        return Err(wrong());
    }
    for entry in value.try_iter().map_err(|_| wrong())? {
        let entry = entry?;
        found.push(if let Ok(atoms) = entry.cast::<PyAtoms>() {
            atoms.get().0.clone()
        } else if let Ok(structure) = entry.cast::<PyStructure>() {
            structure.get().0.atoms().or_raise()?
        } else if let Ok(molecule) = entry.cast::<PyMolecule>() {
            molecule.get().0.atoms()
        } else if entry.hasattr("get_chemical_symbols")? && entry.hasattr("get_positions")? {
            let symbols: Vec<String> = entry.call_method0("get_chemical_symbols")?.extract()?;
            assemble(&symbols, &entry.call_method0("get_positions")?)?
        } else {
            return Err(wrong());
        });
    }
    Ok(found)
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyAtoms>()
}
