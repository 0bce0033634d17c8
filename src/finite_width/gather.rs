//! Filters on finite groups: a table gathers the features under a filter, and one matrix product applies the weights.

use candle_core::{Device, Result, Tensor};

use crate::group::FiniteAction;
use crate::network::Filter;

/// For each element g and each place h of the filter, the number of the place g h before the layer; none in the zero padding.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table {
    /// The sources of all places of the filter, element after element.
    pub sources: Vec<Option<usize>>,
    /// Number of places of the filter.
    pub filter: usize,
    /// Number of places before the layer.
    pub slots: usize,
}

impl Table {
    /// The table of a filter on a finite set or group.
    ///
    /// # Arguments
    /// * `lifting` — whether the features before the layer are on the points of the set instead of the elements of the group
    pub(super) fn finite(action: &FiniteAction, filter: &Filter, lifting: bool) -> Table {
        let slots = if lifting {
            action.points()
        } else {
            action.order()
        };
        let filter = match filter {
            Filter::Subset(numbers) => numbers.to_vec(),
            _ => (0..slots).collect(),
        };
        let moved = |g, h| {
            if lifting {
                action.image(g, h)
            } else {
                action.group().product(g, h)
            }
        };
        Table {
            sources: (0..action.order())
                .flat_map(|g| filter.iter().map(move |&h| (g, h)))
                .map(|(g, h)| Some(moved(g, h)))
                .collect(),
            filter: filter.len(),
            slots,
        }
    }
}

/// A [`Table`] as a tensor of indices.
#[derive(Debug, Clone)]
pub(super) struct Gather {
    indices: Tensor,
    filter: usize,
    /// Number of places after the layer.
    places: usize,
    /// Whether some source is in the zero padding.
    padded: bool,
}

impl Gather {
    /// Converts a table.
    pub(super) fn new(table: &Table) -> Result<Gather> {
        let padded = table.sources.contains(&None);
        // The zeros of the padding are one more place after all others.
        let indices = table
            .sources
            .iter()
            .map(|source| source.unwrap_or(table.slots) as u32)
            .collect::<Vec<_>>();
        Ok(Gather {
            places: table.sources.len() / table.filter,
            indices: Tensor::from_vec(indices, table.sources.len(), &Device::Cpu)?,
            filter: table.filter,
            padded,
        })
    }

    /// Applies the filter, from `[n, places, channels]` to `[n, places after, channels after]`.
    ///
    /// # Arguments
    /// * `weights` — `[filter · channels, channels after]`
    pub(super) fn forward(&self, x: &Tensor, weights: &Tensor) -> Result<Tensor> {
        let n = x.dim(0)?;
        let gathered = self.gather(x)?;
        gathered
            .reshape((n * self.places, gathered.dim(2)?))?
            .matmul(weights)?
            .reshape((n, self.places, ()))
    }

    /// Gathers the features under the filter, `[n, places after, filter · channels]`.
    pub(super) fn gather(&self, x: &Tensor) -> Result<Tensor> {
        let (n, _, channels) = x.dims3()?;
        let x = if self.padded {
            x.pad_with_zeros(1, 0, 1)?
        } else {
            x.clone()
        };
        x.index_select(&self.indices, 1)?
            .reshape((n, self.places, self.filter * channels))
    }
}
