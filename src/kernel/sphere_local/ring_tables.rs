//! Tables over the rings of a grid, for fields of one band limit and any number of longitudes.

use crate::Result;
use crate::network::Filter;
use crate::sphere::field_grid::{FieldGrid, FieldSynthesis};
use crate::sphere::zonal_average::ZonalAverage;

/// Legendre functions and the matrices of the local filters, shared by all Haar quadratures.
#[derive(Debug)]
pub(super) struct RingTables {
    pub(super) synthesis: FieldSynthesis,
    averages: Vec<(Filter, ZonalAverage)>,
}

impl RingTables {
    /// Computes the tables.
    ///
    /// # Arguments
    /// * `band_limit` — L of the signals
    /// * `field` — M of the fields, at least L
    /// * `pole` — whether the north pole is a node
    /// * `filters` — the filters of the network; only local filters need a table
    pub(super) fn new(
        band_limit: usize,
        field: usize,
        pole: bool,
        filters: &[Filter],
    ) -> Result<Self> {
        // The tables do not depend on the number of longitudes; the grid here has the smallest one.
        let grid = FieldGrid::new(field, 2 * field - 1, pole)?;
        let mut averages: Vec<(Filter, ZonalAverage)> = Vec::new();
        for filter in filters {
            if let Filter::Zonal(profile) = filter {
                let average = ZonalAverage::new(&grid, &profile.multipliers(field)?)?;
                averages.push((filter.clone(), average));
            }
        }
        Ok(RingTables {
            synthesis: FieldSynthesis::new(&grid, band_limit)?,
            averages,
        })
    }

    /// Number of bytes of the tables of some filters.
    pub(super) fn bytes(field: usize, filters: usize) -> usize {
        size_of::<f64>() * field * field * (field + 1).next_multiple_of(8) * filters
    }

    /// The average over a local filter; none for a global filter.
    pub(super) fn average(&self, filter: &Filter) -> Option<&ZonalAverage> {
        let known = self.averages.iter().find(|(known, _)| known == filter)?;
        Some(&known.1)
    }
}
