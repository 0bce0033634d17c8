//! Messages between the atoms of a molecule: sums over neighbours of products of features with the functions of an edge.
//!
//! With the functions $`b_f`$ of [`FilterBank`] and standard normal weights a message is
//! ```math
//! \varphi_i(g) \leftarrow \frac{\sigma_w}{\sqrt n} \Big( \sum_{k, f} b_f(d_{ik}, g^{-1} \hat u_{ik})\, W_{z_i z_k f}\, \varphi_k(g)
//!   + s\, W_{z_i} \varphi_i(g) \Big) + \sigma_b b .
//! ```
//! Each rotation g meets the features at g only. Filters that are white noise over all of SO(3) have the same kernels in the limit of large
//! width, because the relative rotation of two places passes through every layer.

use candle_core::{DType, Device, Tensor};

use crate::kernel::molecule::bank::{BankScratch, FilterBank};
use crate::network::{EdgeLabels, Message};
use crate::{Error, Result};

use super::backend::Backend;
use super::molecule::{Slot, neighbours, turned};

/// A message of a network.
#[derive(Debug, Clone)]
pub(super) struct MessageSum {
    bank: FilterBank,
    /// Number of elements of the network.
    elements: usize,
    /// Whether the features before are the elements themselves.
    first: bool,
    /// Whether each pair of elements has filters of its own.
    separate: bool,
    self_share: f64,
}

/// The map of a message: the sums over neighbours of one layer.
#[derive(Debug, Clone, Copy)]
pub(super) struct MessageMap {
    /// The number of the message in the plan.
    pub number: usize,
    /// 1 if all elements share the weights, otherwise the number of elements.
    pub kinds: usize,
}

/// The edges of one message in a batch.
#[derive(Debug, Clone)]
pub(super) enum Edges {
    /// The sums over neighbours of the elements themselves, `[n, places, functions]`.
    OfElements(Tensor),
    /// For the features of neighbours.
    OfFeatures {
        /// The functions of each edge, `[n · places, functions, neighbours]`; zero beyond the last neighbour.
        values: Tensor,
        /// The row of each neighbour in the features `[n · places, channels]`, or the number of all rows beyond the last neighbour.
        sources: Tensor,
        /// The share of the features of the atom itself.
        self_share: f64,
    },
}

impl MessageSum {
    /// Computes the functions of a message.
    ///
    /// # Arguments
    /// * `first` — whether the message acts on the elements
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a message that is normalised, or whose radial kernel has too many functions.
    pub(super) fn new(name: &str, message: &Message, elements: usize, first: bool) -> Result<Self> {
        if message.normalise {
            return Err(Error::invalid(
                format!("message of layer {name} of a finite network"),
                "one that is normalised",
                "a message without normalisation; a layer `normalisation` may follow",
            ));
        }
        let bank = FilterBank::new(message).ok_or_else(|| {
            Error::invalid(
                format!("radial kernel of layer {name} of a finite network"),
                "one narrow for its cutoff",
                "a wider one, or shells",
            )
        })?;
        Ok(MessageSum {
            bank,
            elements,
            first,
            separate: message.edge_labels == EdgeLabels::Separate,
            self_share: message.self_share,
        })
    }

    /// The number of matrices of weights: one per element of the atom, or one for all.
    pub(super) fn kinds(&self) -> usize {
        if self.separate { self.elements } else { 1 }
    }

    /// Whether functions are apart for each element of the neighbour. The elements themselves, as features, are so in any case.
    fn by_neighbour(&self) -> bool {
        self.separate || self.first
    }

    /// The number of functions of the edges of an atom.
    fn functions(&self) -> usize {
        let kinds = if self.by_neighbour() {
            self.elements
        } else {
            1
        };
        kinds * self.bank.len()
    }

    /// The number of blocks of features that meet in a product with the weights, each as wide as the features before; the elements count as one
    /// channel.
    pub(super) fn blocks(&self) -> usize {
        let own = match (self.self_share != 0.0, self.first && !self.separate) {
            (false, _) => 0,
            (true, false) => 1,
            // A share of the element, whose weights depend on it.
            (true, true) => self.elements,
        };
        self.functions() + own
    }

    /// Computes the functions of all edges of a batch.
    ///
    /// # Arguments
    /// * `slots` — the atoms of all molecules, equally many per molecule
    /// * `inverses` — $`g^{-1}`$ for each rotation g
    ///
    /// # Errors
    /// As [`neighbours`].
    pub(super) fn edges(
        &self,
        slots: &[Option<Slot>],
        atoms: usize,
        inverses: &[[[f64; 3]; 3]],
        dtype: DType,
    ) -> Result<Edges> {
        let lists = neighbours(slots, atoms, &self.bank)?;
        let (n, rotations) = (slots.len() / atoms, inverses.len());
        let most = lists.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let (functions, blocks) = (self.functions(), self.blocks());
        let angular = self.bank.angular_len();
        // The values of a place: [function] for the elements, [function, neighbour] for features.
        let size = if self.first { blocks } else { functions * most };
        let rows = n * rotations * atoms;
        let mut values = vec![0.0; rows * size];
        let mut sources = vec![rows as u32; if self.first { 0 } else { rows * most }];
        let mut scratch = BankScratch::default();
        for (row, (slot, list)) in slots.iter().zip(&lists).enumerate() {
            let Some(slot) = slot else { continue };
            let place = |row: usize, r: usize| (row / atoms * rotations + r) * atoms + row % atoms;
            if self.first && self.self_share != 0.0 {
                let own = if self.separate { 0 } else { slot.element };
                for r in 0..rotations {
                    values[place(row, r) * size + functions + own] = self.self_share;
                }
            }
            for (number, far) in list.iter().enumerate() {
                let radial = self
                    .bank
                    .radial(far.distance, [slot.number, far.slot.number]);
                let harmonics = turned(&self.bank, far.direction, inverses, &mut scratch);
                let block = match self.by_neighbour() {
                    true => far.slot.element * self.bank.len(),
                    false => 0,
                };
                // Products of radial and angular functions; both loops run over consecutive functions.
                for (r, harmonics) in harmonics.chunks_exact(angular).enumerate() {
                    let at = place(row, r);
                    let of_place = &mut values[at * size..(at + 1) * size];
                    let products = radial
                        .iter()
                        .flat_map(|radial| harmonics.iter().map(move |y| radial * y));
                    if self.first {
                        let sums = &mut of_place[block..];
                        sums.iter_mut().zip(products).for_each(|(sum, v)| *sum += v);
                    } else {
                        sources[at * most + number] = place(far.row, r) as u32;
                        for (function, value) in products.enumerate() {
                            of_place[(block + function) * most + number] = value;
                        }
                    }
                }
            }
        }
        let tensor = |values: Vec<f64>, shape: (usize, usize, usize)| {
            Tensor::from_vec(values, shape, &Device::Cpu)
                .and_then(|tensor| tensor.to_dtype(dtype))
                .backend()
        };
        if self.first {
            let shape = (n, rotations * atoms, size);
            return Ok(Edges::OfElements(tensor(values, shape)?));
        }
        let count = sources.len();
        Ok(Edges::OfFeatures {
            values: tensor(values, (rows, functions, most))?,
            sources: Tensor::from_vec(sources, count, &Device::Cpu).backend()?,
            self_share: self.self_share,
        })
    }
}

impl Edges {
    /// The sums over neighbours, and the share of the atom itself, from `[n, places, channels]` to `[n, places, blocks · channels]`.
    pub(super) fn sums(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        match self {
            Edges::OfElements(sums) => Ok(sums.clone()),
            Edges::OfFeatures {
                values,
                sources,
                self_share,
            } => {
                let (n, places, channels) = x.dims3()?;
                let (rows, functions, most) = values.dims3()?;
                // One small product per place, [functions, neighbours] × [neighbours, channels].
                let far = x
                    .reshape((n * places, channels))?
                    .pad_with_zeros(0, 0, 1)?
                    .index_select(sources, 0)?
                    .reshape((rows, most, channels))?;
                let sums = values
                    .matmul(&far)?
                    .reshape((n, places, functions * channels))?;
                if *self_share == 0.0 {
                    return Ok(sums);
                }
                Tensor::cat(&[sums, (x * *self_share)?], 2)
            }
        }
    }
}
