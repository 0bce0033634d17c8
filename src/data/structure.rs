//! Atoms in space with their properties, of any elements, as the common files of chemistry hold them: xyz, extended xyz, SDF.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::Array2;

use super::molecule::{Element, Molecule};
use super::structure_sdf::parse_sdf;
use super::structure_xyz::parse_xyz;
use crate::atoms::{self, Atoms};
use crate::error::{Error, Result};
use crate::files::reading::read_text;
use crate::graph::Graph;

/// Bytes that a file of structures may have.
const LARGEST: u64 = 1 << 30;

/// The type of a chemical bond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BondOrder {
    /// A single bond.
    Single,
    /// A double bond.
    Double,
    /// A triple bond.
    Triple,
    /// An aromatic bond.
    Aromatic,
}

impl BondOrder {
    /// All types, in the order of the relations of [`Structure::graph`].
    pub const ALL: [BondOrder; 4] = [
        BondOrder::Single,
        BondOrder::Double,
        BondOrder::Triple,
        BondOrder::Aromatic,
    ];
}

/// Atoms in space, with bonds and properties if the file has them.
///
/// # Examples
/// ```
/// use haarmonic::data::structure::read_structures;
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("water.xyz");
/// let text = "3\nenergy=-76.4 Properties=species:S:1:pos:R:3\nO 0 0 0.117\nH 0 0.757 -0.469\nH 0 -0.757 -0.469\n";
/// std::fs::write(&path, text).unwrap();
/// let file = read_structures(&path)?;
/// let water = &file.structures[0];
/// assert_eq!(water.atomic_numbers(), [8, 1, 1]);
/// assert_eq!(water.properties()["energy"], -76.4);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Structure {
    pub(super) atomic_numbers: Vec<u8>,
    pub(super) positions: Vec<[f64; 3]>,
    pub(super) bonds: Vec<([usize; 2], BondOrder)>,
    pub(super) properties: BTreeMap<String, f64>,
    pub(super) forces: Option<Vec<[f64; 3]>>,
}

/// The structures of a file, and what was passed over in it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Structures {
    /// One structure per frame or record.
    pub structures: Vec<Structure>,
    /// One line per kind of content that was ignored, such as a lattice.
    pub notices: Vec<String>,
}

impl Structures {
    /// Adds a notice unless it is there.
    pub(super) fn note(&mut self, notice: &str) {
        if !self.notices.iter().any(|known| known == notice) {
            self.notices.push(notice.to_owned());
        }
    }
}

/// The atomic number of a chemical symbol, or of a number written out.
pub(super) fn atomic_number(text: &str) -> Option<u8> {
    let number = atoms::atomic_number(text).or_else(|| text.parse().ok())?;
    atoms::symbol(number).map(|_| number)
}

/// Reads structures from an xyz, extended xyz or SDF file.
///
/// The ending `.sdf`, `.sd` or `.mol` means SDF (V2000), every other ending xyz.
///
/// * **xyz**: frames one after the other. The second line of a frame may have the form of extended xyz: `key=value` pairs, of which numbers become
///   properties, and `Properties=species:S:1:pos:R:3:forces:R:3`, which names the columns. A lattice is ignored, with a notice: structures are
///   molecules without periodic images.
/// * **SDF**: atoms, bonds, and those data items that are numbers.
///
/// # Errors
/// Inside [`Error::InFile`]: [`Error::Syntax`] with the line for a file that is not of its format, [`Error::Empty`] for a file without
/// structures; [`Error::Io`] if the file cannot be read.
///
/// # Examples
/// An example is at [`Structure`].
pub fn read_structures(path: impl AsRef<Path>) -> Result<Structures> {
    let path = path.as_ref();
    let ending = path.extension().and_then(|ending| ending.to_str());
    let sdf = ending.is_some_and(|e| ["sdf", "sd", "mol"].contains(&e.to_lowercase().as_str()));
    let format = if sdf { "SDF" } else { "xyz" };
    let text = read_text(path, format, LARGEST)?;
    let parsed = if sdf {
        parse_sdf(&text)
    } else {
        parse_xyz(&text)
    };
    let parsed = parsed.and_then(|found| match found.structures.is_empty() {
        true => Err(Error::empty("structures")),
        false => Ok(found),
    });
    parsed.map_err(|error| error.in_file(path))
}

impl Structure {
    /// Returns the number of atoms.
    #[expect(clippy::len_without_is_empty, reason = "a structure has atoms")]
    pub fn len(&self) -> usize {
        self.atomic_numbers.len()
    }

    /// Returns the atomic number of each atom.
    pub fn atomic_numbers(&self) -> &[u8] {
        &self.atomic_numbers
    }

    /// Returns the chemical symbol of each atom.
    pub fn symbols(&self) -> Vec<&'static str> {
        let numbers = self.atomic_numbers.iter();
        numbers.filter_map(|&z| atoms::symbol(z)).collect()
    }

    /// Returns the position of each atom, in the unit of the file (ångström in these formats).
    pub fn positions(&self) -> &[[f64; 3]] {
        &self.positions
    }

    /// Returns the bonds: two atoms, and the type.
    pub fn bonds(&self) -> &[([usize; 2], BondOrder)] {
        &self.bonds
    }

    /// Returns the properties of the structure that are numbers, such as `energy`, by their names in the file.
    pub fn properties(&self) -> &BTreeMap<String, f64> {
        &self.properties
    }

    /// Returns the force on each atom, if the file has forces.
    pub fn forces(&self) -> Option<&[[f64; 3]]> {
        self.forces.as_deref()
    }

    /// Makes a molecule of the elements of QM9.
    ///
    /// # Arguments
    /// * `energy` — its internal energy in hartree
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for other elements than H, C, N, O and F, otherwise as [`Molecule::new`].
    ///
    /// # Examples
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("hf.xyz");
    /// std::fs::write(&path, "2\n\nH 0 0 0\nF 0 0 0.917\n").unwrap();
    /// let file = haarmonic::data::structure::read_structures(&path)?;
    /// assert_eq!(file.structures[0].molecule(-100.46)?.len(), 2);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn molecule(&self, energy: f64) -> Result<Molecule> {
        let elements: Result<Vec<Element>> = self.symbols().iter().map(|s| s.parse()).collect();
        Molecule::new(0, elements?, self.positions.clone(), energy)
    }

    /// Makes the atoms that a network on molecules takes.
    ///
    /// # Errors
    /// As [`Atoms::new`].
    ///
    /// # Examples
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("salt.xyz");
    /// std::fs::write(&path, "2\n\nNa 0 0 0\nCl 0 0 2.4\n").unwrap();
    /// let file = haarmonic::data::structure::read_structures(&path)?;
    /// assert_eq!(file.structures[0].atoms()?.atomic_numbers(), [11, 17]);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn atoms(&self) -> Result<Atoms> {
        Atoms::new(self.atomic_numbers.clone(), self.positions.clone())
    }

    /// Makes a graph of the bonds: one node per atom whose features are one for its element and zero for the others, and one relation per
    /// [`BondOrder`] with edges of weight one.
    ///
    /// # Arguments
    /// * `elements` — the atomic numbers of the features
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for an atom of another element.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::data::structure::Structure;
    /// let text = "\n\n\n  2  1  0  0  0  0            999 V2000\n    0.0       0.0       0.0    C  \n    0.0       0.0       1.1    O  \n  1  2  3\nM  END\n";
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("co.mol");
    /// std::fs::write(&path, text).unwrap();
    /// let file = haarmonic::data::structure::read_structures(&path)?;
    /// let graph = file.structures[0].graph(&[6, 7, 8])?;
    /// assert_eq!((graph.len(), graph.channels(), graph.relation_count(), graph.edge_count()), (2, 3, 4, 2));
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn graph(&self, elements: &[u8]) -> Result<Graph> {
        let mut features = Array2::zeros((self.len(), elements.len()));
        for (atom, number) in self.atomic_numbers.iter().enumerate() {
            let channel = elements.iter().position(|element| element == number);
            let channel = channel.ok_or_else(|| {
                let words: Vec<String> = elements.iter().map(ToString::to_string).collect();
                Error::invalid(
                    format!("atomic number of atom {atom}"),
                    usize::from(*number),
                    format!("one of {}", words.join(", ")),
                )
            })?;
            features[[atom, channel]] = 1.0;
        }
        let relations = BondOrder::ALL.map(|order| {
            let bonds = self.bonds.iter().filter(|(_, of)| *of == order);
            bonds
                .flat_map(|&([i, k], _)| [(i, k, 1.0), (k, i, 1.0)])
                .collect()
        });
        Graph::new(features, &relations)
    }
}
