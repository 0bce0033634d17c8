//! Haar quadratures of growing band limit, for global filters on the sphere.

use std::sync::{Arc, OnceLock};

use crate::Result;
use crate::kernel::refine::{LevelIndex, Refinement};
use crate::kernel::sphere::{Copies, SphereReadout};
use crate::network::{Network, Quadrature};
use crate::so3::RealCorrelator;

use super::geometry::SphereGeometry;

/// Growth of the band limit from one quadrature to the next.
const GROWTH: f64 = 1.5;
/// Refinement stops at this band limit of the quadrature, or at four times the band limit of the signals if that is larger.
const LARGEST_BAND_LIMIT: usize = 256;
/// The first step at which rotated copies take polar coordinates about their kink. The product grid of earlier steps is cheaper, and
/// accurate enough for coarse tolerances.
const POLAR_FROM: usize = 3;

/// The next band limit.
fn grown(nodes: usize) -> usize {
    (nodes as f64 * GROWTH).ceil() as usize
}

/// Haar quadratures of growing band limit, each built when it is first needed.
pub(super) struct SphereRefinement {
    /// L of the signals.
    band_limit: usize,
    readout: SphereReadout,
    copies: Arc<Copies>,
    /// The band limit of each quadrature.
    quadratures: Vec<usize>,
    levels: Vec<OnceLock<SphereGeometry>>,
}

impl SphereRefinement {
    /// Makes the quadratures of a network: one of a given band limit and one for its error, or a sequence that starts at the band limit
    /// of the signals. The first quadrature is built at once.
    ///
    /// # Errors
    /// As [`SphereGeometry::new`].
    pub(super) fn new(network: &Network, band_limit: usize) -> Result<Self> {
        let readout = SphereReadout::of(network);
        let quadratures: Vec<usize> = match network.quadrature() {
            _ if readout == SphereReadout::Rotation => vec![1],
            // The second quadrature only estimates the error of the first.
            Quadrature::BandLimit(nodes) => vec![nodes, grown(nodes)],
            Quadrature::Tolerance(_) => {
                let limit = LARGEST_BAND_LIMIT.max(4 * band_limit);
                std::iter::successors(Some(band_limit.max(2)), |&nodes| Some(grown(nodes)))
                    .take_while(|&nodes| nodes <= limit && RealCorrelator::fits(band_limit, nodes))
                    .collect()
            }
        };
        // If no quadrature fits into memory, building the smallest one returns the error.
        let quadratures = if quadratures.is_empty() {
            vec![band_limit]
        } else {
            quadratures
        };
        let refinement = SphereRefinement {
            band_limit,
            readout,
            copies: Arc::new(Copies::new(band_limit)),
            levels: quadratures.iter().map(|_| OnceLock::new()).collect(),
            quadratures,
        };
        refinement.level([0, 0])?;
        Ok(refinement)
    }
}

impl Refinement for SphereRefinement {
    type Level = SphereGeometry;

    fn steps(&self) -> [usize; 2] {
        [self.levels.len(), 1]
    }

    fn level(&self, [index, _]: LevelIndex) -> Result<&SphereGeometry> {
        match self.levels[index].get() {
            Some(level) => Ok(level),
            None => {
                let level = SphereGeometry::new(
                    self.band_limit,
                    self.quadratures[index],
                    self.readout,
                    index >= POLAR_FROM,
                    Arc::clone(&self.copies),
                )?;
                Ok(self.levels[index].get_or_init(|| level))
            }
        }
    }

    fn describe(&self, [index, _]: LevelIndex) -> String {
        format!("quadrature band limit {}", self.quadratures[index])
    }
}
