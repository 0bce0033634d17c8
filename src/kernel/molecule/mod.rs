//! Molecules: features over atoms and rotations, whose kernels are matrices over pairs of atoms at each relative rotation.

#[cfg(feature = "finite-width")]
pub(crate) mod bank;
mod features;
mod forces;
mod geometry;
mod harmonics;
mod radial;
mod refinement;
mod rotations;
mod signal;
mod sums;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::Result;
use crate::network::{Layer, Network, Quadrature};

use super::evaluator::Evaluator;
use super::refine::Engine;
use geometry::MoleculeGeometry;
use refinement::{MoleculeRefinement, degree};
use rotations::Rotations;

/// Kernels that are polynomials in the entries of the relative rotation take the quadrature that is exact for them up to this band limit; others
/// are refined, which is cheaper for high degrees.
const LARGEST_EXACT: usize = 12;

/// The evaluator of a network on molecules.
///
/// # Errors
/// The errors of the construction of a quadrature.
pub(super) fn evaluator(network: &Network, improper: bool) -> Result<Arc<dyn Evaluator>> {
    let pooled = network
        .layers()
        .iter()
        .any(|layer| matches!(layer, Layer::GroupPooling));
    if !pooled {
        let geometry = MoleculeGeometry::new(network, Rotations::identity());
        return Ok(Arc::new(Engine::exact(geometry, network)));
    }
    if let Some(geometry) = MoleculeGeometry::of_features(network) {
        return Ok(Arc::new(Engine::exact(geometry, network)));
    }
    // The Gauss–Legendre rule with M rings is exact up to degree 2M − 2.
    let needed = degree(network.layers()).map(|degree| degree.div_ceil(2) + 1);
    let exact = match (network.quadrature(), needed) {
        (Quadrature::BandLimit(limit), Some(needed)) if limit >= needed => Some(limit),
        (Quadrature::Tolerance(_), Some(needed)) if needed <= LARGEST_EXACT => Some(needed),
        _ => None,
    };
    if let Some(limit) = exact {
        let geometry = MoleculeGeometry::new(network, Rotations::haar(limit, improper)?);
        return Ok(Arc::new(Engine::exact(geometry, network)));
    }
    let refinement = MoleculeRefinement::new(network, improper)?;
    Ok(Arc::new(Engine::refined(refinement, network)))
}
