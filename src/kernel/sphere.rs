//! The geometry of signals on the sphere under SO(3), with global filters.

use std::sync::OnceLock;

use crate::Result;
use crate::network::{Quadrature, Support};
use crate::rotation_group::{CorrelatorWorkspace, RealCorrelator, RealHarmonics};

use super::geometry::{Geometry, LevelIndex, Refinement, Side};

/// Growth of the band limit from one quadrature to the next.
const GROWTH: f64 = 1.5;
/// Refinement stops at this band limit of the quadrature, or at four times that of the signals.
const LARGEST_BAND_LIMIT: usize = 256;

fn grown(nodes: usize) -> usize {
    (nodes as f64 * GROWTH).ceil() as usize
}

/// Signals on the sphere and one Haar quadrature. A fibre is a rotation r; its lifted value is the
/// cross-correlation of the two signals at r.
pub struct SphereGeometry {
    correlator: RealCorrelator,
}

impl SphereGeometry {
    /// Signals of band limit `band_limit`, Haar quadrature of band limit `quadrature`.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) if either is zero, or both are so large
    /// that the scratch of one thread would exceed 4 GiB.
    pub fn new(band_limit: usize, quadrature: usize) -> Result<Self> {
        Ok(SphereGeometry {
            correlator: RealCorrelator::new(band_limit, quadrature)?,
        })
    }
}

impl Geometry for SphereGeometry {
    type Scalar = f64;
    type Signal = RealHarmonics;
    type Workspace = CorrelatorWorkspace;
    /// The number of the piece of the quadrature that a batch is.
    type Region = usize;

    const FIELDS: bool = false;

    fn make_workspace(&self) -> CorrelatorWorkspace {
        self.correlator.make_workspace()
    }

    fn begin(
        &self,
        [a, b]: [&RealHarmonics; 2],
        _: usize,
        workspace: &mut CorrelatorWorkspace,
    ) -> usize {
        self.correlator.begin(a, b, workspace);
        self.correlator.piece_count()
    }

    fn lift(
        &self,
        _: [&RealHarmonics; 2],
        _: &Support,
        batch: usize,
        workspace: &mut CorrelatorWorkspace,
        fibres: &mut Vec<f64>,
    ) -> usize {
        self.correlator.piece_into(batch, workspace, fibres);
        batch
    }

    fn lift_self(
        &self,
        _: &Support,
        signal: &RealHarmonics,
        _: &mut CorrelatorWorkspace,
        fibres: &mut Vec<f64>,
    ) -> usize {
        fibres.clear();
        fibres.push(signal.mean_square());
        0
    }

    /// A global filter leaves a fibre, which is constant, as it is.
    fn average(
        &self,
        _: &Support,
        batch: usize,
        _: &mut CorrelatorWorkspace,
        _: &mut Vec<f64>,
    ) -> usize {
        batch
    }

    fn family(&self, _: usize) -> i64 {
        0
    }

    fn gather(&self, _: Side, field: &[f64], _: usize, out: &mut Vec<f64>) {
        out.clear();
        out.extend_from_slice(field);
    }

    fn mean(&self, batch: usize, fibres: &[f64]) -> f64 {
        self.correlator.piece_mean(batch, fibres)
    }
}

/// Haar quadratures of growing band limit, each built when it is first needed.
pub struct SphereRefinement {
    band_limit: usize,
    quadratures: Vec<usize>,
    levels: Vec<OnceLock<SphereGeometry>>,
}

impl SphereRefinement {
    /// The quadratures a network asks for: one of a given band limit, or a sequence that starts at
    /// the band limit of the signals. The first one is built at once.
    ///
    /// # Errors
    /// As [`SphereGeometry::new`].
    pub fn new(band_limit: usize, quadrature: Quadrature) -> Result<Self> {
        let quadratures: Vec<usize> = match quadrature {
            // The second serves to estimate the error of the first.
            Quadrature::BandLimit(nodes) => vec![nodes, grown(nodes)],
            Quadrature::Tolerance(_) => {
                let limit = LARGEST_BAND_LIMIT.max(4 * band_limit);
                std::iter::successors(Some(band_limit.max(2)), |&nodes| Some(grown(nodes)))
                    .take_while(|&nodes| nodes <= limit && RealCorrelator::fits(band_limit, nodes))
                    .collect()
            }
        };
        let first = *quadratures.first().unwrap_or(&band_limit);
        let levels: Vec<OnceLock<_>> = quadratures.iter().map(|_| OnceLock::new()).collect();
        let level = SphereGeometry::new(band_limit, first)?;
        if let Some(place) = levels.first() {
            place.get_or_init(|| level);
        }
        Ok(SphereRefinement {
            band_limit,
            quadratures,
            levels,
        })
    }
}

impl Refinement for SphereRefinement {
    type Level = SphereGeometry;
    const EXACT: bool = false;

    fn steps(&self) -> [usize; 2] {
        [self.levels.len(), 1]
    }

    fn level(&self, [index, _]: LevelIndex) -> Result<&SphereGeometry> {
        match self.levels[index].get() {
            Some(level) => Ok(level),
            None => {
                let level = SphereGeometry::new(self.band_limit, self.quadratures[index])?;
                Ok(self.levels[index].get_or_init(|| level))
            }
        }
    }

    fn describe(&self, [index, _]: LevelIndex) -> String {
        format!("quadrature band limit {}", self.quadratures[index])
    }
}
