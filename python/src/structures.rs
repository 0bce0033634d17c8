//! Structures from xyz and SDF files.

use std::collections::BTreeMap;
use std::path::PathBuf;

use haarmonic::data::structure::{Structure, read_structures};
use haarmonic::ndarray::Array2;
use pyo3::exceptions::PyUserWarning;
use pyo3::prelude::*;

use crate::errors::OrRaise;
use crate::graphs::PyGraph;
use crate::molecules::PyMolecule;
use crate::results;

/// Atoms in space with their properties, from `read_structures`.
///
/// Examples
/// --------
/// >>> import pathlib, tempfile
/// >>> from haarmonic.molecules import read_structures
/// >>> path = pathlib.Path(tempfile.mkdtemp()) / "frames.xyz"
/// >>> _ = path.write_text("2\nenergy=-5.5\nNa 0 0 0\nCl 0 0 2.4\n")
/// >>> structure, = read_structures(path)
/// >>> structure.symbols, structure.properties
/// (['Na', 'Cl'], {'energy': -5.5})
#[pyclass(frozen, name = "Structure", module = "haarmonic.molecules")]
pub(crate) struct PyStructure(pub(crate) Structure);

fn rows(rows: &[[f64; 3]]) -> Array2<f64> {
    Array2::from_shape_fn((rows.len(), 3), |(i, k)| rows[i][k])
}

#[pymethods]
impl PyStructure {
    /// Chemical symbols.
    #[getter]
    fn symbols(&self) -> Vec<&'static str> {
        self.0.symbols()
    }

    /// Atomic numbers.
    #[getter]
    fn atomic_numbers(&self) -> Vec<u32> {
        self.0
            .atomic_numbers()
            .iter()
            .map(|&z| u32::from(z))
            .collect()
    }

    /// `[atoms, 3]`, in the unit of the file.
    #[getter]
    fn positions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        results::array(py, rows(self.0.positions()))
    }

    /// Forces `[atoms, 3]`, or `None`.
    #[getter]
    fn forces<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.0
            .forces()
            .map(|forces| results::array(py, rows(forces)))
            .transpose()
    }

    /// The properties that are numbers, by their names in the file.
    #[getter]
    fn properties(&self) -> BTreeMap<String, f64> {
        self.0.properties().clone()
    }

    /// The molecule with an energy in hartree; of the elements H, C, N, O and F.
    #[pyo3(signature = (internal_energy=0.0))]
    fn molecule(&self, internal_energy: f64) -> PyResult<PyMolecule> {
        self.0.molecule(internal_energy).or_raise().map(PyMolecule)
    }

    /// The graph of the bonds of an SDF file: one relation for single, double, triple and aromatic bonds each.
    ///
    /// Parameters
    /// ----------
    /// elements : list of int
    ///     The atomic numbers of the features, which are one for the element of a node and zero for the others.
    fn graph(&self, elements: Vec<u8>) -> PyResult<PyGraph> {
        self.0.graph(&elements).or_raise().map(PyGraph)
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __repr__(&self) -> String {
        let symbols = self.0.symbols();
        format!("<haarmonic.molecules.Structure {}>", symbols.concat())
    }
}

/// Read structures from an xyz, extended xyz or SDF file.
///
/// The ending `.sdf`, `.sd` or `.mol` means SDF, every other ending xyz. A lattice and other content that is ignored lead to a warning.
///
/// Parameters
/// ----------
/// path : str or os.PathLike
///
/// Returns
/// -------
/// list of Structure
///
/// Examples
/// --------
/// >>> import pathlib, tempfile
/// >>> from haarmonic.molecules import read_structures
/// >>> path = pathlib.Path(tempfile.mkdtemp()) / "hf.xyz"
/// >>> _ = path.write_text("2\n\nH 0 0 0\nF 0 0 0.917\n")
/// >>> read_structures(path)
/// [<haarmonic.molecules.Structure HF>]
#[pyfunction]
#[pyo3(name = "read_structures")]
fn read(py: Python<'_>, path: PathBuf) -> PyResult<Vec<PyStructure>> {
    let found = py.detach(|| read_structures(path)).or_raise()?;
    for notice in found.notices {
        let category = py.get_type::<PyUserWarning>();
        let message = std::ffi::CString::new(notice).expect("notices have no zeros");
        PyErr::warn(py, &category, &message, 1)?;
    }
    Ok(found.structures.into_iter().map(PyStructure).collect())
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyStructure>()?;
    module.add_function(wrap_pyfunction!(read, module)?)
}
