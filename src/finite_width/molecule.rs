//! Features on molecules: their places, and the edges of a batch.
//!
//! The features of a molecule are values at R rotations g and A atoms, where A is the number of atoms of the largest molecule of the batch.
//! Place $`r A + i`$ is atom i at rotation r. After the mean over the rotations the places are the A atoms. The features of atoms that a
//! molecule does not have are never read: sums over neighbours and atoms pass over them.

use std::fmt::Debug;

use candle_core::{DType, Device, Tensor};

use crate::atoms::{Atoms, distance};
use crate::group::{Haar, RotationGroup};
use crate::kernel::molecule::bank::{BankScratch, FilterBank, exact_band_limit};
use crate::network::{InputSpace, MAX_MOLECULE_BAND_LIMIT, Network, Outputs, Quadrature};
use crate::{Error, Result};

use super::backend::Backend;
use super::message::MessageSum;

/// The numbers of one atom in an input: its atomic number and its position. The atomic number zero fills up molecules with fewer atoms.
pub(super) const COLUMNS: usize = 4;

type Matrix = [[f64; 3]; 3];

/// The rotations of a network on molecules, and its messages.
#[derive(Debug, Clone)]
pub(super) struct MoleculePlaces {
    elements: Vec<u8>,
    /// $`g^{-1}`$ for each rotation g, which are improper too if the network is.
    inverses: Vec<Matrix>,
    /// The weights of the mean over the group.
    weights: Vec<f64>,
    /// The filters of all messages, in the order of the plan.
    messages: Vec<MessageSum>,
    dtype: DType,
}

impl MoleculePlaces {
    /// Makes the quadrature of a network on molecules.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for outputs at atoms, and without a band limit of the quadrature, unless all activations are polynomials.
    pub(super) fn new(network: &Network, dtype: DType) -> Result<MoleculePlaces> {
        let InputSpace::Molecule { elements, improper } = network.input() else {
            unreachable!("asked for networks on molecules only")
        };
        if *network.outputs() == Outputs::Nodes {
            return Err(Error::invalid(
                "outputs of a finite network on molecules",
                "those of every atom",
                "a sum or a mean over the atoms",
            ));
        }
        let exact = exact_band_limit(network).filter(|limit| *limit <= MAX_MOLECULE_BAND_LIMIT);
        let band_limit = match (network.quadrature(), exact) {
            (Quadrature::BandLimit(limit), _) | (Quadrature::Tolerance(_), Some(limit)) => limit,
            (Quadrature::Tolerance(_), None) => {
                return Err(Error::invalid(
                    "quadrature of a finite network on molecules",
                    "a tolerance",
                    "a band limit, since the activations are no polynomials (of low degree)",
                ));
            }
        };
        let rule = RotationGroup.haar(2 * band_limit - 2)?;
        let signs: &[f64] = if *improper { &[1.0, -1.0] } else { &[1.0] };
        let nodes = || rule.nodes().iter().zip(rule.weights());
        let inverses = nodes().flat_map(|(node, _)| {
            let matrix = node.inverse().to_matrix();
            signs
                .iter()
                .map(move |sign| matrix.map(|row| row.map(|x| sign * x)))
        });
        let share = 1.0 / signs.len() as f64;
        let weights = nodes().flat_map(|(_, weight)| signs.iter().map(move |_| weight * share));
        Ok(MoleculePlaces {
            elements: elements.to_vec(),
            inverses: inverses.collect(),
            weights: weights.collect(),
            messages: Vec::new(),
            dtype,
        })
    }

    /// The number of elements of the network.
    pub(super) fn elements(&self) -> usize {
        self.elements.len()
    }

    /// Adds a message; its number is the number of messages before.
    pub(super) fn push(&mut self, message: MessageSum) -> usize {
        self.messages.push(message);
        self.messages.len() - 1
    }

    /// The weights of the mean over the rotations, `[1, rotations]`.
    pub(super) fn means(&self) -> Result<Tensor> {
        self.tensor(self.weights.clone(), (1, self.weights.len()))
    }

    fn tensor(&self, values: Vec<f64>, shape: impl Into<candle_core::Shape>) -> Result<Tensor> {
        Tensor::from_vec(values, shape.into(), &Device::Cpu)
            .and_then(|tensor| tensor.to_dtype(self.dtype))
            .backend()
    }

    /// The values of molecules, `[n, atoms, 4]`, and the number of atoms.
    pub(super) fn write(molecules: &[Atoms]) -> (Vec<f64>, usize) {
        let atoms = molecules.iter().map(Atoms::len).max().unwrap_or(0);
        let mut values = vec![0.0; molecules.len() * atoms * COLUMNS];
        for (molecule, rows) in molecules
            .iter()
            .zip(values.chunks_exact_mut(atoms * COLUMNS))
        {
            let known = molecule.atomic_numbers().iter().zip(molecule.positions());
            for ((number, position), row) in known.zip(rows.chunks_exact_mut(COLUMNS)) {
                row[0] = f64::from(*number);
                row[1..].copy_from_slice(position);
            }
        }
        (values, atoms)
    }

    /// Computes the edges of some molecules.
    ///
    /// # Arguments
    /// * `inputs` — `[n, atoms, 4]`
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for atoms that are none of the network's elements, or that coincide; [`Error::NotFinite`].
    pub(super) fn batch(&self, inputs: &Tensor) -> Result<MoleculeBatch> {
        let (n, atoms, _) = inputs.dims3().backend()?;
        let rows = inputs
            .to_dtype(DType::F64)
            .and_then(|inputs| inputs.flatten_all()?.to_vec1::<f64>())
            .backend()?;
        let mut slots = Vec::with_capacity(n * atoms);
        for (row, values) in rows.chunks_exact(COLUMNS).enumerate() {
            slots.push(self.slot(values, [row / atoms, row % atoms])?);
        }
        // The number of an element's atoms is the same at all rotations: the rows of element z are those of the features [n, r, atom].
        let (kinds, rotations) = (self.elements.len(), self.inverses.len());
        let mut of_element = vec![Vec::new(); kinds];
        let mut indicators = vec![0.0; n * atoms * kinds];
        for (row, slot) in slots.iter().enumerate() {
            let Some(slot) = slot else { continue };
            indicators[row * kinds + slot.element] = 1.0;
            let (molecule, atom) = (row / atoms, row % atoms);
            let places = (0..rotations).map(|r| ((molecule * rotations + r) * atoms + atom) as u32);
            of_element[slot.element].extend(places);
        }
        // Where each place stands in the list of the atoms of all elements; the last row of the list is zero.
        let count: usize = of_element.iter().map(Vec::len).sum();
        let mut order = vec![count as u32; n * rotations * atoms];
        for (number, &place) in of_element.iter().flatten().enumerate() {
            order[place as usize] = number as u32;
        }
        let mut sums = Vec::new();
        for message in &self.messages {
            sums.push(message.edges(&slots, atoms, &self.inverses, self.dtype)?);
        }
        let places = order.len();
        let index = |values: Vec<u32>| {
            let count = values.len();
            Tensor::from_vec(values, count, &Device::Cpu).backend()
        };
        debug_assert_eq!(places, n * rotations * atoms);
        Ok(MoleculeBatch {
            rotations,
            of_element: of_element.into_iter().map(index).collect::<Result<_>>()?,
            order: index(order)?,
            indicators: self.tensor(indicators, (n, atoms, kinds))?,
            sums,
        })
    }

    /// One atom of an input, or none.
    fn slot(&self, values: &[f64], [molecule, atom]: [usize; 2]) -> Result<Option<Slot>> {
        if values[0] == 0.0 {
            return Ok(None);
        }
        let what = format!("atom {atom} of input {molecule}");
        let element = self
            .elements
            .iter()
            .position(|&z| f64::from(z) == values[0]);
        let element = element.ok_or_else(|| {
            Error::invalid(
                format!("atomic number of {what}"),
                values[0],
                format!("one of the network's elements, {:?}", self.elements),
            )
        })?;
        let position = [values[1], values[2], values[3]];
        if position.iter().any(|x| !x.is_finite()) {
            return Err(Error::not_finite(format!("position of {what}"), vec![]));
        }
        Ok(Some(Slot {
            element,
            number: self.elements[element],
            position,
        }))
    }
}

/// An atom of a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    /// The number of its element in the network.
    pub element: usize,
    /// Its atomic number.
    pub number: u8,
    pub position: [f64; 3],
}

/// A neighbour of an atom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Neighbour {
    /// The row of the neighbour among all atoms of the batch.
    pub row: usize,
    pub slot: Slot,
    pub distance: f64,
    /// The unit vector to the neighbour.
    pub direction: [f64; 3],
}

/// The neighbours of each atom of a batch.
///
/// # Errors
/// [`Error::InvalidValue`] for two atoms of a molecule in one place, or too far apart for a distance.
pub(super) fn neighbours(
    slots: &[Option<Slot>],
    atoms: usize,
    bank: &FilterBank,
) -> Result<Vec<Vec<Neighbour>>> {
    let mut lists = Vec::with_capacity(slots.len());
    for (row, slot) in slots.iter().enumerate() {
        let mut list = Vec::new();
        let first = row / atoms * atoms;
        for (other, far) in slots[first..first + atoms].iter().enumerate() {
            let (Some(slot), Some(far)) = (slot, far) else {
                continue;
            };
            if first + other == row {
                continue;
            }
            let d = distance(&slot.position, &far.position);
            if !(d > 0.0 && d.is_finite()) {
                return Err(Error::invalid(
                    format!(
                        "distance of atoms {} and {other} of input {}",
                        row - first,
                        row / atoms
                    ),
                    d,
                    "a positive number",
                ));
            }
            if d < bank.cutoff() {
                list.push(Neighbour {
                    row: first + other,
                    slot: *far,
                    distance: d,
                    direction: std::array::from_fn(|b| (far.position[b] - slot.position[b]) / d),
                });
            }
        }
        lists.push(list);
    }
    Ok(lists)
}

/// The angular functions of a direction at all rotations, `[rotations, functions]`: those of $`g^{-1} \hat u`$.
pub(super) fn turned(
    bank: &FilterBank,
    direction: [f64; 3],
    inverses: &[Matrix],
    scratch: &mut BankScratch,
) -> Vec<f64> {
    let mut values = vec![0.0; inverses.len() * bank.angular_len()];
    for (matrix, out) in inverses
        .iter()
        .zip(values.chunks_exact_mut(bank.angular_len()))
    {
        let u = matrix.map(|row| row.iter().zip(direction).map(|(a, x)| a * x).sum());
        bank.angular(u, scratch, out);
    }
    values
}

/// Everything that the layers need to know of the molecules of an evaluation.
#[derive(Debug, Clone)]
pub(super) struct MoleculeBatch {
    /// Number of rotations.
    rotations: usize,
    /// For each element the rows of its atoms in features `[n · rotations · atoms, channels]`.
    of_element: Vec<Tensor>,
    /// The number of each row in the list of the rows of all elements, or the number of all for rows without an atom.
    order: Tensor,
    /// One for the element of each atom, `[n, atoms, elements]`.
    indicators: Tensor,
    /// The edges of each message.
    pub(super) sums: Vec<super::message::Edges>,
}

impl MoleculeBatch {
    /// Multiplies the features of each atom by the matrix of its element, from `[n, places, width]` to `[n, places, channels]`.
    ///
    /// # Arguments
    /// * `weights` — `[elements, width, channels]`, or `[1, width, channels]` for all elements
    pub(super) fn product(&self, x: &Tensor, weights: &Tensor) -> candle_core::Result<Tensor> {
        let (n, places, width) = x.dims3()?;
        let (kinds, _, channels) = weights.dims3()?;
        let x = x.reshape((n * places, width))?;
        if kinds == 1 {
            return x
                .matmul(&weights.squeeze(0)?)?
                .reshape((n, places, channels));
        }
        let mut parts = Vec::new();
        for (element, rows) in self.of_element.iter().enumerate() {
            if rows.elem_count() > 0 {
                parts.push(x.index_select(rows, 0)?.matmul(&weights.get(element)?)?);
            }
        }
        parts.push(Tensor::zeros((1, channels), x.dtype(), x.device())?);
        Tensor::cat(&parts, 0)?
            .index_select(&self.order, 0)?
            .reshape((n, places, channels))
    }

    /// One for the element of each place, `[n, places, elements]`; a single column of ones if all elements share their weights.
    pub(super) fn indicators(&self, kinds: usize) -> candle_core::Result<Tensor> {
        let (n, atoms, elements) = self.indicators.dims3()?;
        let places = self.rotations * atoms;
        if kinds == 1 {
            return Tensor::ones(
                (n, places, 1),
                self.indicators.dtype(),
                self.indicators.device(),
            );
        }
        self.indicators
            .unsqueeze(1)?
            .broadcast_as((n, self.rotations, atoms, elements))?
            .contiguous()?
            .reshape((n, places, elements))
    }

    /// The mean over the rotations, from `[n, rotations · atoms, channels]` to `[n, atoms, channels]`.
    pub(super) fn mean(&self, x: &Tensor, weights: &Tensor) -> candle_core::Result<Tensor> {
        let (n, places, channels) = x.dims3()?;
        let atoms = places / self.rotations;
        weights
            .unsqueeze(0)?
            .broadcast_as((n, 1, self.rotations))?
            .contiguous()?
            .matmul(&x.reshape((n, self.rotations, atoms * channels))?)?
            .reshape((n, atoms, channels))
    }

    /// Sums over the atoms of each element, from `[n, atoms, channels]` to `[n, elements, channels]`.
    pub(super) fn element_sums(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        self.indicators.transpose(1, 2)?.contiguous()?.matmul(x)
    }

    /// The number of atoms of each molecule, `[n, 1, 1]`.
    pub(super) fn counts(&self) -> candle_core::Result<Tensor> {
        self.indicators.sum_keepdim((1, 2))
    }
}
