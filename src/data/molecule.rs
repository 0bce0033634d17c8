//! Molecules with elements, positions and an energy; their rotation and their atomisation energy.

use std::fmt;
use std::str::FromStr;

use crate::atoms::{Atoms, distance};
use crate::error::{Error, Result};
use crate::group::Rotation;

/// One hartree in milli-electronvolt (CODATA 2018).
///
/// # Examples
/// ```
/// use haarmonic::data::molecule::HARTREE_IN_MEV;
/// assert_eq!(HARTREE_IN_MEV / 1000.0, 27.211386245988); // electronvolt
/// ```
pub const HARTREE_IN_MEV: f64 = 27_211.386_245_988;

/// A chemical element that occurs in QM9.
///
/// The order of the variants is the order of the columns of element counts and of feature channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Element {
    /// Hydrogen, Z = 1.
    H,
    /// Carbon, Z = 6.
    C,
    /// Nitrogen, Z = 7.
    N,
    /// Oxygen, Z = 8.
    O,
    /// Fluorine, Z = 9.
    F,
}

impl Element {
    /// Every element, in order of the atomic number: H, C, N, O, F.
    pub const ALL: [Element; 5] = [Element::H, Element::C, Element::N, Element::O, Element::F];

    /// Returns the position of the element in [`Element::ALL`].
    ///
    /// # Examples
    /// ```
    /// use haarmonic::data::molecule::Element;
    /// assert_eq!(Element::N.index(), 2);
    /// assert_eq!(Element::ALL[Element::N.index()], Element::N);
    /// ```
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Returns the chemical symbol.
    pub const fn symbol(self) -> &'static str {
        match self {
            Element::H => "H",
            Element::C => "C",
            Element::N => "N",
            Element::O => "O",
            Element::F => "F",
        }
    }

    /// Returns the atomic number Z.
    pub const fn atomic_number(self) -> u8 {
        match self {
            Element::H => 1,
            Element::C => 6,
            Element::N => 7,
            Element::O => 8,
            Element::F => 9,
        }
    }

    /// Returns the internal energy at 0 K of the free atom, in hartree, at the level of theory of QM9
    /// (B3LYP/6-31G(2df,p)).
    ///
    /// # References
    /// QM9, the file of atomic reference energies that is distributed with the data.
    pub const fn free_atom_energy(self) -> f64 {
        match self {
            Element::H => -0.500273,
            Element::C => -37.846772,
            Element::N => -54.583861,
            Element::O => -75.064579,
            Element::F => -99.718730,
        }
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol())
    }
}

impl FromStr for Element {
    type Err = Error;

    /// Reads a chemical symbol, for example `"C"`; the case of the letter matters.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for every text except H, C, N, O, F.
    fn from_str(text: &str) -> Result<Element> {
        Element::ALL
            .into_iter()
            .find(|element| element.symbol() == text)
            .ok_or_else(|| Error::invalid("element", format!("{text:?}"), "one of H, C, N, O, F"))
    }
}

/// A molecule in a fixed geometry, with its internal energy.
///
/// A molecule has at least one atom. Its coordinates are finite, and no two atoms stand in one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Molecule {
    id: u32,
    elements: Vec<Element>,
    positions: Vec<[f64; 3]>,
    internal_energy_0k: f64,
}

impl Molecule {
    /// Checks and assembles a molecule.
    ///
    /// # Arguments
    /// * `id` — number of the molecule in its data set (`gdb` number in QM9)
    /// * `elements` — one element per atom
    /// * `positions` — one position per atom, in ångström
    /// * `internal_energy_0k` — U0 in hartree
    ///
    /// # Errors
    /// [`Error::Empty`] without atoms, [`Error::ShapeMismatch`] if the two lists differ in length,
    /// [`Error::NotFinite`] for a NaN or an infinity, [`Error::InvalidValue`] if two atoms coincide or are
    /// farther apart than the largest `f64`.
    ///
    /// # Cost and accuracy
    /// O(n²) time for n atoms, because the distance of each pair is checked.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::data::molecule::{Element, Molecule};
    /// let hydrogen = Molecule::new(1, vec![Element::H; 2], vec![[0.0; 3], [0.0, 0.0, 0.74]], -1.17)?;
    /// assert_eq!(hydrogen.len(), 2);
    /// assert!(Molecule::new(2, vec![Element::H; 2], vec![[0.0; 3]; 2], -1.17).is_err());
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn new(
        id: u32,
        elements: Vec<Element>,
        positions: Vec<[f64; 3]>,
        internal_energy_0k: f64,
    ) -> Result<Molecule> {
        if elements.is_empty() {
            return Err(Error::empty("elements"));
        }
        if positions.len() != elements.len() {
            return Err(Error::shape(
                "positions",
                format!("[{}, 3], one position for each element", elements.len()),
                vec![positions.len(), 3],
            ));
        }
        for (atom, position) in positions.iter().enumerate() {
            if let Some(axis) = position.iter().position(|x| !x.is_finite()) {
                return Err(Error::not_finite("positions", vec![atom, axis]));
            }
        }
        if !internal_energy_0k.is_finite() {
            return Err(Error::not_finite("internal energy", Vec::new()));
        }
        for (j, b) in positions.iter().enumerate() {
            for (i, a) in positions[..j].iter().enumerate() {
                let separation = distance(a, b);
                if !(separation > 0.0 && separation.is_finite()) {
                    return Err(Error::invalid(
                        format!("distance of atoms {i} and {j}"),
                        separation,
                        "a positive finite distance",
                    ));
                }
            }
        }
        Ok(Molecule {
            id,
            elements,
            positions,
            internal_energy_0k,
        })
    }

    /// Returns the number of the molecule in its data set.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Returns the number of atoms, at least one.
    #[allow(clippy::len_without_is_empty)] // never empty
    pub fn len(&self) -> usize {
        self.elements.len()
    }

    /// Returns the element of each atom.
    pub fn elements(&self) -> &[Element] {
        &self.elements
    }

    /// Returns the position of each atom, in ångström.
    pub fn positions(&self) -> &[[f64; 3]] {
        &self.positions
    }

    /// Returns the internal energy at 0 K, U0, in hartree.
    pub fn internal_energy_0k(&self) -> f64 {
        self.internal_energy_0k
    }

    /// Computes the atomisation energy at 0 K in hartree; negative for a bound molecule.
    ///
    /// ```math
    /// U_0 - \sum_i E_{\mathrm{atom}}(Z_i)
    /// ```
    ///
    /// # Examples
    /// ```
    /// use haarmonic::data::molecule::{Element, Molecule};
    /// let hydrogen = Molecule::new(1, vec![Element::H; 2], vec![[0.0; 3], [0.0, 0.0, 0.74]], -1.17)?;
    /// assert_eq!(hydrogen.atomisation_energy(), -1.17 + 2.0 * 0.500273);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn atomisation_energy(&self) -> f64 {
        // Summing by element makes the result independent of the order of the atoms.
        let atoms: f64 = Element::ALL
            .into_iter()
            .zip(self.element_counts())
            .map(|(element, count)| count as f64 * element.free_atom_energy())
            .sum();
        self.internal_energy_0k - atoms
    }

    /// Computes the atomisation energy at 0 K in milli-electronvolt; see [`Molecule::atomisation_energy`].
    pub fn atomisation_energy_mev(&self) -> f64 {
        self.atomisation_energy() * HARTREE_IN_MEV
    }

    /// Counts the atoms of each element, in the order of [`Element::ALL`].
    pub fn element_counts(&self) -> [usize; 5] {
        let mut counts = [0; 5];
        for element in &self.elements {
            counts[element.index()] += 1;
        }
        counts
    }

    /// Returns the molecule rotated about the origin: every position `x` becomes `R x`.
    ///
    /// # Errors
    /// As [`Molecule::new`], if two atoms coincide after rounding.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::data::molecule::{Element, Molecule};
    /// use haarmonic::group::Rotation;
    /// let hydrogen = Molecule::new(1, vec![Element::H; 2], vec![[0.0; 3], [0.0, 0.0, 0.74]], -1.17)?;
    /// let z_to_x = Rotation::about_y(std::f64::consts::FRAC_PI_2)?;
    /// assert!((hydrogen.rotated(&z_to_x)?.positions()[1][0] - 0.74).abs() < 1e-15);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn rotated(&self, rotation: &Rotation) -> Result<Molecule> {
        let positions = self.positions.iter().map(|x| rotation.apply(*x)).collect();
        Molecule::new(
            self.id,
            self.elements.clone(),
            positions,
            self.internal_energy_0k,
        )
    }

    /// Returns the atoms of the molecule, as a network on molecules takes them.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::data::molecule::{Element, Molecule};
    /// let hydrogen = Molecule::new(1, vec![Element::H; 2], vec![[0.0; 3], [0.0, 0.0, 0.74]], -1.17)?;
    /// assert_eq!(hydrogen.atoms().atomic_numbers(), [1, 1]);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn atoms(&self) -> Atoms {
        let numbers = self.elements.iter().map(|e| e.atomic_number()).collect();
        Atoms::new(numbers, self.positions.clone()).expect("a molecule was checked in the same way")
    }
}
