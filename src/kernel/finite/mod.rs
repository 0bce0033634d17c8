//! Functions on a finite set on which a finite group acts.

mod adjoint;
mod geometry;
mod signal;

use std::sync::Arc;

use crate::Result;
use crate::group::FiniteAction;
use crate::network::Network;

use super::evaluator::Evaluator;
use super::refine::Engine;
use geometry::FiniteGeometry;

/// The evaluator of a network of functions with several values at each point of the set.
pub(super) fn evaluator(
    network: &Network,
    action: &Arc<FiniteAction>,
    channels: usize,
) -> Result<Arc<dyn Evaluator>> {
    let geometry = FiniteGeometry::new(Arc::clone(action), channels);
    Ok(Arc::new(Engine::exact(geometry, network)))
}
