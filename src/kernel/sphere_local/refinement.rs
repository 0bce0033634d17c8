//! Quadratures and grids for local filters on the sphere, from coarse to fine.

use std::sync::{Arc, OnceLock};

use crate::kernel::refine::{LevelIndex, Refinement};
use crate::kernel::sphere::{Copies, SphereReadout};
use crate::network::{Filter, Layer, Network, Quadrature};
use crate::{Error, Result};

use super::geometry::{Resolution, SphereFields};
use super::ring_tables::RingTables;

/// Growth of a band limit from one step to the next.
const GROWTH: f64 = 1.5;
/// Largest band limit of quadratures and of fields, whatever the limits on memory and time.
const LARGEST_BAND_LIMIT: usize = 512;
/// Number of rings that the loops over rings take at once.
const RINGS: usize = 8;

/// Limits on memory and time of the refinement for one pair of signals on the sphere with local filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest number of bytes of the tables of one level; 1 GiB by default.
    pub table_bytes: usize,
    /// Largest number of fibres of a pair times points of a fibre; 4 × 10⁹ by default, which take about a minute.
    pub points: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            table_bytes: 1 << 30,
            points: 4_000_000_000,
        }
    }
}

/// The geometries of growing band limits, each built when it is first needed.
///
/// One axis is the Haar quadrature, the other the band limit of fibres as fields on the sphere.
#[derive(Debug)]
pub(super) struct FieldRefinement {
    /// L of the signals.
    band_limit: usize,
    /// The different filters of the network.
    filters: Vec<Filter>,
    readout: SphereReadout,
    /// The band limits of the quadratures.
    haar: Vec<usize>,
    /// The band limits of the fields.
    field: Vec<usize>,
    limits: Limits,
    copies: Arc<Copies>,
    /// The tables of each step of the fields.
    tables: Vec<OnceLock<Arc<RingTables>>>,
    /// The geometries, `[haar][field]`.
    levels: Vec<OnceLock<Box<SphereFields>>>,
}

impl FieldRefinement {
    /// Makes the levels of a network. The first level is built at once.
    ///
    /// # Errors
    /// As [`SphereFields::new`]; [`Error::InvalidValue`](crate::Error::InvalidValue) if the first level exceeds the limits.
    pub(super) fn new(network: &Network, band_limit: usize, limits: Limits) -> Result<Self> {
        let mut filters = Vec::new();
        Layer::visit_all(network.layers(), &mut |layer| {
            if let Layer::Lifting { filter, .. } | Layer::GroupConvolution { filter, .. } = layer
                && !filters.contains(filter)
            {
                filters.push(filter.clone());
            }
        });
        let readout = SphereReadout::of(network);
        // Band limits are rounded up to fill whole groups of rings. The north pole, where it is a node, takes the place of a ring.
        let pole = usize::from(readout.at_pole());
        let padded = |rings: usize| (rings + pole).next_multiple_of(RINGS) - pole;
        let grown = |nodes: usize| (nodes as f64 * GROWTH).ceil() as usize;
        let products = 2 * band_limit - 1;
        let (haar, field) = match network.quadrature() {
            // The second step of each axis only estimates the error of the first.
            Quadrature::BandLimit(nodes) => {
                let field = padded(products.max(2 * nodes));
                (vec![nodes, grown(nodes)], vec![field, padded(grown(field))])
            }
            Quadrature::Tolerance(_) => {
                let steps = |first: usize, next: &dyn Fn(usize) -> usize| -> Vec<usize> {
                    std::iter::successors(Some(first), |&nodes| Some(next(nodes)))
                        .take_while(|&nodes| nodes <= LARGEST_BAND_LIMIT.max(first))
                        .collect()
                };
                (
                    steps(band_limit.div_ceil(2).max(2), &grown),
                    steps(padded(products), &|nodes| padded(grown(nodes))),
                )
            }
        };
        let haar = match readout {
            SphereReadout::Rotation => vec![1],
            _ => haar,
        };
        let refinement = FieldRefinement {
            band_limit,
            filters,
            readout,
            levels: (0..haar.len() * field.len())
                .map(|_| OnceLock::new())
                .collect(),
            haar,
            tables: field.iter().map(|_| OnceLock::new()).collect(),
            field,
            limits,
            copies: Arc::new(Copies::new(band_limit)),
        };
        if !refinement.admits([0, 0]) {
            return Err(Error::invalid(
                "limits of the refinement",
                format!(
                    "{} bytes of tables, {} points",
                    limits.table_bytes, limits.points
                ),
                format!("more, for {}", refinement.describe([0, 0])),
            ));
        }
        refinement.level([0, 0])?;
        Ok(refinement)
    }

    fn resolution(&self, [haar, field]: LevelIndex) -> Resolution {
        Resolution {
            haar: self.haar[haar],
            field: self.field[field],
        }
    }

    fn tables(&self, field: usize) -> Result<&Arc<RingTables>> {
        let place = &self.tables[field];
        match place.get() {
            Some(tables) => Ok(tables),
            None => {
                let tables = RingTables::new(
                    self.band_limit,
                    self.field[field],
                    self.readout.at_pole(),
                    &self.filters,
                )?;
                Ok(place.get_or_init(|| Arc::new(tables)))
            }
        }
    }
}

impl Refinement for FieldRefinement {
    type Level = SphereFields;

    fn steps(&self) -> [usize; 2] {
        [self.haar.len(), self.field.len()]
    }

    fn level(&self, level: LevelIndex) -> Result<&SphereFields> {
        let place = &self.levels[level[0] * self.field.len() + level[1]];
        match place.get() {
            Some(geometry) => Ok(geometry),
            None => {
                let tables = Arc::clone(self.tables(level[1])?);
                let resolution = self.resolution(level);
                let geometry = SphereFields::new(
                    self.band_limit,
                    resolution,
                    tables,
                    Arc::clone(&self.copies),
                    self.readout,
                )?;
                Ok(place.get_or_init(|| Box::new(geometry)))
            }
        }
    }

    fn admits(&self, level: LevelIndex) -> bool {
        let resolution = self.resolution(level);
        RingTables::bytes(resolution.field, self.filters.len()) <= self.limits.table_bytes
            && SphereFields::points(resolution, self.readout) <= self.limits.points
    }

    fn describe(&self, level: LevelIndex) -> String {
        let Resolution { haar, field } = self.resolution(level);
        format!(
            "quadrature band limit {haar}, field band limit {field}: {} MB of tables, {:.1e} points per pair of signals",
            RingTables::bytes(field, self.filters.len()) >> 20,
            SphereFields::points(self.resolution(level), self.readout) as f64,
        )
    }
}
