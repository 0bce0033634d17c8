//! Signals on the sphere with global filters, for which a fibre is one number.

mod adjoint;
mod axial;
mod geometry;
mod refinement;
mod signal;

use std::sync::Arc;

use crate::Result;
use crate::network::Network;

use super::evaluator::Evaluator;
use super::refine::Engine;
use refinement::SphereRefinement;

/// The evaluator of a network on the sphere whose filters are global.
///
/// # Errors
/// The errors of the construction of the quadrature's tables.
pub(super) fn evaluator(network: &Network, band_limit: usize) -> Result<Arc<dyn Evaluator>> {
    let refinement = SphereRefinement::new(network, band_limit)?;
    Ok(Arc::new(Engine::refined(refinement, network)))
}
