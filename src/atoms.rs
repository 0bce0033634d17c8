//! Atoms in space: the elements and positions of a molecule, or of any point cloud with labels.

use crate::check;
use crate::error::{Error, Result};
use crate::group::Rotation;

/// The symbols of the elements, in the order of atomic numbers from 1 on.
const SYMBOLS: [&str; 118] = [
    "H", "He", "Li", "Be", "B", "C", "N", "O", "F", "Ne", "Na", "Mg", "Al", "Si", "P", "S", "Cl",
    "Ar", "K", "Ca", "Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga", "Ge", "As",
    "Se", "Br", "Kr", "Rb", "Sr", "Y", "Zr", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd", "Ag", "Cd", "In",
    "Sn", "Sb", "Te", "I", "Xe", "Cs", "Ba", "La", "Ce", "Pr", "Nd", "Pm", "Sm", "Eu", "Gd", "Tb",
    "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Hf", "Ta", "W", "Re", "Os", "Ir", "Pt", "Au", "Hg", "Tl",
    "Pb", "Bi", "Po", "At", "Rn", "Fr", "Ra", "Ac", "Th", "Pa", "U", "Np", "Pu", "Am", "Cm", "Bk",
    "Cf", "Es", "Fm", "Md", "No", "Lr", "Rf", "Db", "Sg", "Bh", "Hs", "Mt", "Ds", "Rg", "Cn", "Nh",
    "Fl", "Mc", "Lv", "Ts", "Og",
];

/// Returns the atomic number of a chemical symbol; the case of letters matters.
///
/// # Examples
/// ```
/// assert_eq!(haarmonic::atoms::atomic_number("Cl"), Some(17));
/// assert_eq!(haarmonic::atoms::atomic_number("Xx"), None);
/// ```
pub fn atomic_number(symbol: &str) -> Option<u8> {
    let index = SYMBOLS.iter().position(|known| *known == symbol)?;
    u8::try_from(index + 1).ok()
}

/// Returns the chemical symbol of an atomic number.
///
/// # Examples
/// ```
/// assert_eq!(haarmonic::atoms::symbol(17), Some("Cl"));
/// assert_eq!(haarmonic::atoms::symbol(119), None);
/// ```
pub fn symbol(atomic_number: u8) -> Option<&'static str> {
    let index = usize::from(atomic_number).checked_sub(1)?;
    SYMBOLS.get(index).copied()
}

/// Atoms with their elements and positions: a molecule, as a network on molecules takes it.
///
/// There is at least one atom, coordinates are finite, and no two atoms stand in one place. A point cloud of other things takes elements as
/// the labels of its points.
///
/// # Examples
/// ```
/// use haarmonic::atoms::Atoms;
/// let water = Atoms::new(vec![8, 1, 1], vec![[0.0, 0.0, 0.1], [0.0, 0.8, -0.5], [0.0, -0.8, -0.5]])?;
/// assert_eq!((water.len(), water.atomic_numbers()), (3, &[8, 1, 1][..]));
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Atoms {
    atomic_numbers: Vec<u8>,
    positions: Vec<[f64; 3]>,
}

impl Atoms {
    /// Checks and assembles atoms.
    ///
    /// # Arguments
    /// * `atomic_numbers` — one per atom, from 1 to 118
    /// * `positions` — one per atom, in ångström
    ///
    /// # Cost
    /// O(n²) for n atoms, because the distance of each pair is checked.
    ///
    /// # Errors
    /// [`Error::Empty`] without atoms, [`Error::ShapeMismatch`] if the two lists differ in length, [`Error::NotFinite`] for a NaN or an infinity,
    /// [`Error::InvalidValue`] for an atomic number out of range, and if two atoms coincide or are farther apart than the largest `f64`.
    pub fn new(atomic_numbers: Vec<u8>, positions: Vec<[f64; 3]>) -> Result<Atoms> {
        check::not_empty("atoms", atomic_numbers.len())?;
        if positions.len() != atomic_numbers.len() {
            return Err(Error::shape(
                "positions",
                format!("[{}, 3], one position per atom", atomic_numbers.len()),
                vec![positions.len(), 3],
            ));
        }
        for (atom, &number) in atomic_numbers.iter().enumerate() {
            if symbol(number).is_none() {
                return Err(Error::invalid(
                    format!("atomic number of atom {atom}"),
                    usize::from(number),
                    format!("a number from 1 to {}", SYMBOLS.len()),
                ));
            }
        }
        for (atom, position) in positions.iter().enumerate() {
            if let Some(axis) = position.iter().position(|x| !x.is_finite()) {
                return Err(Error::not_finite("positions", vec![atom, axis]));
            }
        }
        for (j, b) in positions.iter().enumerate() {
            for (i, a) in positions[..j].iter().enumerate() {
                let apart = distance(a, b);
                if !(apart > 0.0 && apart.is_finite()) {
                    return Err(Error::invalid(
                        format!("distance of atoms {i} and {j}"),
                        apart,
                        "a positive number",
                    ));
                }
            }
        }
        Ok(Atoms {
            atomic_numbers,
            positions,
        })
    }

    /// Returns the number of atoms, at least one.
    #[expect(clippy::len_without_is_empty, reason = "there is at least one atom")]
    pub fn len(&self) -> usize {
        self.atomic_numbers.len()
    }

    /// Returns the atomic number of each atom.
    pub fn atomic_numbers(&self) -> &[u8] {
        &self.atomic_numbers
    }

    /// Returns the position of each atom.
    pub fn positions(&self) -> &[[f64; 3]] {
        &self.positions
    }

    /// Returns the atoms after a rotation about the origin.
    ///
    /// # Errors
    /// [`Error::NotFinite`] if coordinates overflow.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::{atoms::Atoms, group::Rotation};
    /// let atoms = Atoms::new(vec![1], vec![[1.0, 0.0, 0.0]])?;
    /// let turned = atoms.rotated(&Rotation::about_z(std::f64::consts::FRAC_PI_2)?)?;
    /// assert!((turned.positions()[0][1] - 1.0).abs() < 1e-15);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn rotated(&self, rotation: &Rotation) -> Result<Atoms> {
        let positions = self.positions.iter().map(|x| rotation.apply(*x));
        Atoms::new(self.atomic_numbers.clone(), positions.collect())
    }
}

/// Computes the Euclidean distance without intermediate overflow or underflow.
pub(crate) fn distance(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1]).hypot(a[2] - b[2])
}
