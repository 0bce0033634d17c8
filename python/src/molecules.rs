//! Molecules as signals on spheres around their atoms.

use std::f64::consts::FRAC_PI_4;
use std::ops::ControlFlow;
use std::path::PathBuf;

use haarmonic::data::molecule::{Element, Molecule};
use haarmonic::data::qm9::Qm9Source;
use haarmonic::data::radial::{RadialChannel, RadialCutoff, RadialFunction};
use haarmonic::data::spherical_features::SphericalFeatures;
use haarmonic::group::{EulerZyz, Rotation};
use haarmonic::ndarray::{Array2, ArrayView2, Axis, concatenate};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::arrays;
use crate::axes::with_axes;
use crate::errors::OrRaise;
use crate::results;

/// A molecule in a fixed geometry, of the elements H, C, N, O and F.
///
/// Parameters
/// ----------
/// elements : list of str
///     Chemical symbols, one per atom.
/// positions : array_like
///     `[atoms, 3]`, in ångström.
/// internal_energy : float
///     At 0 K, in hartree.
///
/// Examples
/// --------
/// >>> from haarmonic.molecules import Molecule
/// >>> fluoride = Molecule(["H", "F"], [[0.0, 0.0, 0.0], [0.0, 0.0, 0.917]], -100.46)
/// >>> len(fluoride), fluoride.atomic_numbers
/// (2, [1, 9])
#[pyclass(frozen, name = "Molecule", module = "haarmonic.molecules")]
pub(crate) struct PyMolecule(pub(crate) Molecule);

#[pymethods]
impl PyMolecule {
    #[new]
    #[pyo3(signature = (elements, positions, internal_energy=0.0))]
    fn new(
        elements: Vec<String>,
        positions: &Bound<'_, PyAny>,
        internal_energy: f64,
    ) -> PyResult<Self> {
        let elements = elements
            .iter()
            .map(|symbol| symbol.parse::<Element>())
            .collect::<haarmonic::Result<_>>()
            .or_raise()?;
        let positions = arrays::real(positions, "positions")?;
        let positions: ArrayView2<'_, f64> =
            with_axes(positions.view(), "positions", "[atoms, 3]")?;
        if positions.ncols() != 3 {
            let found = positions.shape();
            return Err(PyValueError::new_err(format!(
                "positions: expected shape [atoms, 3], found {found:?}"
            )));
        }
        let positions = positions.outer_iter().map(|row| [row[0], row[1], row[2]]);
        Molecule::new(0, elements, positions.collect(), internal_energy)
            .or_raise()
            .map(PyMolecule)
    }

    /// Chemical symbols.
    #[getter]
    fn elements(&self) -> Vec<&'static str> {
        self.0.elements().iter().map(|e| e.symbol()).collect()
    }

    /// Atomic numbers, which serve as the labels of the atoms in a `SetKernel`.
    #[getter]
    fn atomic_numbers(&self) -> Vec<u32> {
        let elements = self.0.elements().iter();
        elements.map(|e| u32::from(e.atomic_number())).collect()
    }

    /// `[atoms, 3]`, in ångström.
    #[getter]
    fn positions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let positions = self.0.positions();
        let positions = Array2::from_shape_fn((positions.len(), 3), |(i, k)| positions[i][k]);
        results::array(py, positions)
    }

    /// Internal energy at 0 K, in hartree.
    #[getter]
    fn internal_energy(&self) -> f64 {
        self.0.internal_energy_0k()
    }

    /// Energy of atomisation at 0 K, in meV.
    #[getter]
    fn atomisation_energy(&self) -> f64 {
        self.0.atomisation_energy_mev()
    }

    /// Numbers of H, C, N, O and F.
    #[getter]
    fn element_counts(&self) -> [usize; 5] {
        self.0.element_counts()
    }

    /// The molecule after a rotation by ZYZ angles in radians.
    fn rotated(&self, alpha: f64, beta: f64, gamma: f64) -> PyResult<Self> {
        EulerZyz::new(alpha, beta, gamma)
            .and_then(|angles| self.0.rotated(&Rotation::from(angles)))
            .or_raise()
            .map(PyMolecule)
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __repr__(&self) -> String {
        format!(
            "<haarmonic.molecules.Molecule {}>",
            self.elements().concat()
        )
    }
}

/// Read molecules of QM9.
///
/// Parameters
/// ----------
/// path : str or os.PathLike
///     The data set in any of the forms described in `docs/data.md`, or a sample of it.
/// count : int, optional
///     Only so many molecules, from the first on.
///
/// Returns
/// -------
/// list of Molecule
#[pyfunction]
#[pyo3(signature = (path, count=None))]
fn read_qm9(py: Python<'_>, path: PathBuf, count: Option<usize>) -> PyResult<Vec<PyMolecule>> {
    let wanted = count.unwrap_or(usize::MAX);
    py.detach(|| {
        let mut found = Vec::new();
        Qm9Source::open(path)?.for_each(
            |_| true,
            |record| {
                if found.len() < wanted {
                    found.push(PyMolecule(record.molecule));
                    return Ok(ControlFlow::Continue(()));
                }
                Ok(ControlFlow::Break(()))
            },
            |_| (),
        )?;
        Ok(found)
    })
    .or_raise()
}

/// What each atom of a molecule sees of the others: signals on the sphere around it.
///
/// There is one channel for each pair of an element and a radial function g. A neighbour at distance r adds g(r) times a spot of a given
/// width in its direction. Signals rotate with the molecule.
///
/// Parameters
/// ----------
/// band_limit : int
///     The band limit L of the coefficients.
/// powers : list of float
///     Radial functions r^-p. Distances are in ångström.
/// shells : list of float, optional
///     Radial functions r^-p exp(-(r - c)² / 2 s²) with these centres c, in place of powers.
/// shell_width, shell_power : float
///     s and p of the shells.
/// shell_unit : float
///     A shell has the factor shell_unit^p.
/// angular_width : float
///     In radians: at this angle a spot has 0.05 of its height.
/// charge_exponent : float
///     Spots have the product of both atomic numbers to this power as a factor.
/// centre : float
///     The weight of the atom itself.
/// cutoff : float, optional
///     Neighbours at this distance and beyond are not seen. Without it all are seen.
/// fade : float
///     The distance from which on neighbours fade to nothing at the cutoff.
///
/// Examples
/// --------
/// >>> from haarmonic.molecules import Molecule, SphericalFeatures
/// >>> fluoride = Molecule(["H", "F"], [[0.0, 0.0, 0.0], [0.0, 0.0, 0.917]])
/// >>> SphericalFeatures(6).coefficients([fluoride]).shape
/// (2, 10, 6, 11)
#[pyclass(frozen, name = "SphericalFeatures", module = "haarmonic.molecules")]
pub(crate) struct PySphericalFeatures(SphericalFeatures);

#[pymethods]
impl PySphericalFeatures {
    #[new]
    #[pyo3(signature = (band_limit, *, powers=vec![2.0, 6.0], shells=None, shell_width=0.3, shell_power=0.0, shell_unit=1.0, angular_width=FRAC_PI_4, charge_exponent=1.0, centre=0.0, cutoff=None, fade=0.0))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn new(
        band_limit: usize,
        powers: Vec<f64>,
        shells: Option<Vec<f64>>,
        shell_width: f64,
        shell_power: f64,
        shell_unit: f64,
        angular_width: f64,
        charge_exponent: f64,
        centre: f64,
        cutoff: Option<f64>,
        fade: f64,
    ) -> PyResult<Self> {
        let shell = |centre| {
            let (width, power) = (shell_width, shell_power);
            RadialChannel::new(RadialFunction::Gaussian {
                centre,
                width,
                power,
            })
            .with_scale(shell_unit.powf(power))
        };
        let power = |p| RadialChannel::new(RadialFunction::Power(p));
        let channels: Vec<RadialChannel> = match shells {
            Some(shells) => shells.into_iter().map(shell).collect(),
            None => powers.into_iter().map(power).collect(),
        };
        let channels = channels.into_iter().map(|channel| {
            channel
                .with_angular_width(angular_width)
                .with_charge_exponent(charge_exponent)
        });
        SphericalFeatures::builder(band_limit)
            .radial(channels.collect::<Vec<_>>())
            .centre(centre)
            .cutoff(
                cutoff.map_or(RadialCutoff::None, |radius| RadialCutoff::Fading {
                    start: fade,
                    radius,
                }),
            )
            .build()
            .or_raise()
            .map(PySphericalFeatures)
    }

    /// The number of channels.
    #[getter]
    fn channels(&self) -> usize {
        self.0.channel_count()
    }

    /// Signals of all atoms, molecule after molecule.
    ///
    /// Parameters
    /// ----------
    /// molecules : list of Molecule
    ///     Or of `ase.Atoms`, of which symbols and positions are taken.
    ///
    /// Returns
    /// -------
    /// ndarray
    ///     Complex, `[atoms, channels, L, 2 L - 1]`.
    fn coefficients<'py>(
        &self,
        py: Python<'py>,
        molecules: Vec<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if molecules.is_empty() {
            return Err(PyTypeError::new_err(
                "molecules: found none, expected at least one",
            ));
        }
        let molecules = molecules
            .iter()
            .map(molecule_of)
            .collect::<PyResult<Vec<_>>>()?;
        let signals = py
            .detach(|| {
                let each = molecules.iter().map(|m| self.0.coefficients(m));
                let each = each.collect::<haarmonic::Result<Vec<_>>>()?;
                let views: Vec<_> = each.iter().map(|signals| signals.view()).collect();
                Ok(concatenate(Axis(0), &views)
                    .expect("channels and degrees are those of the features"))
            })
            .or_raise()?;
        results::array(py, signals)
    }
}

/// A molecule, or the molecule of an object with the methods of `ase.Atoms`.
fn molecule_of(value: &Bound<'_, PyAny>) -> PyResult<Molecule> {
    if let Ok(molecule) = value.cast::<PyMolecule>() {
        return Ok(molecule.get().0.clone());
    }
    if !value.hasattr("get_chemical_symbols")? {
        return Err(PyTypeError::new_err(format!(
            "molecules: expected haarmonic.molecules.Molecule or ase.Atoms, found {}",
            value.get_type().name()?
        )));
    }
    let symbols = value.call_method0("get_chemical_symbols")?.extract()?;
    let positions = value.call_method0("get_positions")?;
    Ok(PyMolecule::new(symbols, &positions, 0.0)?.0)
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyMolecule>()?;
    module.add_class::<PySphericalFeatures>()?;
    module.add_function(wrap_pyfunction!(read_qm9, module)?)
}
