//! Molecules: features over atoms and rotations, whose kernels are matrices over pairs of atoms at each relative rotation.

#[cfg(feature = "finite-width")]
pub(crate) mod bank;
mod edge_pairs;
mod features;
mod forces;
mod geometry;
mod harmonics;
mod moments;
mod radial;
mod refinement;
mod rotations;
mod signal;
mod sums;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::activation::Real;
use crate::network::{Layer, Network, Quadrature};
use crate::{Error, Result};

use super::evaluator::Evaluator;
use super::refine::{Engine, Exact};
use super::single::SinglePrecision;
use super::values::Precision;
use geometry::MoleculeGeometry;
use refinement::{MoleculeRefinement, degree};
use rotations::Rotations;

/// Kernels that are polynomials in the entries of the relative rotation take the quadrature that is exact for them up to this band limit; others
/// are refined, which is cheaper for high degrees.
const LARGEST_EXACT: usize = 12;

/// The evaluator of a network on molecules.
///
/// Products of features are sums of many terms of both signs and cheaper than fibres: they stay in double precision.
///
/// # Errors
/// The errors of the construction of a quadrature, and [`Error::InvalidValue`] for single precision with a tolerance: changes from one quadrature
/// to the next would be those of its rounding.
pub(super) fn evaluator(
    network: &Network,
    improper: bool,
    precision: Precision,
) -> Result<Arc<dyn Evaluator>> {
    if !is_pooled(network) {
        return Ok(match precision {
            Precision::Double => Arc::new(at_identity::<f64>(network)),
            Precision::Single => Arc::new(SinglePrecision {
                single: at_identity::<f32>(network),
                double: at_identity::<f64>(network),
            }),
        });
    }
    if let Some(geometry) = MoleculeGeometry::<f64>::of_features(network) {
        return Ok(Arc::new(Engine::exact(geometry, network)));
    }
    // The Gauss–Legendre rule with M rings is exact up to degree 2M − 2.
    let needed = degree(network.layers()).map(|degree| degree.div_ceil(2) + 1);
    let exact = match (network.quadrature(), needed) {
        (Quadrature::BandLimit(limit), Some(needed)) if limit >= needed => Some(limit),
        (Quadrature::Tolerance(_), Some(needed)) if needed <= LARGEST_EXACT => Some(needed),
        _ => None,
    };
    Ok(match (exact, precision, network.quadrature()) {
        (Some(limit), Precision::Double, _) => Arc::new(fixed::<f64>(network, limit, improper)?),
        (Some(limit), Precision::Single, _) => Arc::new(SinglePrecision {
            single: fixed::<f32>(network, limit, improper)?,
            double: fixed::<f64>(network, limit, improper)?,
        }),
        (None, Precision::Double, _) => Arc::new(refined::<f64>(network, improper)?),
        (None, Precision::Single, Quadrature::BandLimit(_)) => Arc::new(SinglePrecision {
            single: refined::<f32>(network, improper)?,
            double: refined::<f64>(network, improper)?,
        }),
        (None, Precision::Single, Quadrature::Tolerance(_)) => {
            return Err(Error::invalid(
                "precision",
                "single precision for molecules with a quadrature that is refined to a tolerance",
                "double precision, or a quadrature of fixed band limit",
            ));
        }
    })
}

fn is_pooled(network: &Network) -> bool {
    let mut layers = network.layers().iter();
    layers.any(|layer| matches!(layer, Layer::GroupPooling))
}

/// Features at the identity of the group.
fn at_identity<T: Real>(network: &Network) -> Engine<Exact<MoleculeGeometry<T>>> {
    Engine::exact(
        MoleculeGeometry::new(network, Rotations::identity()),
        network,
    )
}

/// One quadrature, which is exact for the network.
fn fixed<T: Real>(
    network: &Network,
    limit: usize,
    improper: bool,
) -> Result<Engine<Exact<MoleculeGeometry<T>>>> {
    let geometry = MoleculeGeometry::new(network, Rotations::haar(limit, improper)?);
    Ok(Engine::exact(geometry, network))
}

/// The quadratures of the network.
fn refined<T: Real>(network: &Network, improper: bool) -> Result<Engine<MoleculeRefinement<T>>> {
    Ok(Engine::refined(
        MoleculeRefinement::new(network, improper)?,
        network,
    ))
}
