//! Graphs: features over the nodes of a graph, whose kernels are matrices over pairs of nodes.

mod adjoint;
mod geometry;
mod signal;

use std::sync::Arc;

use crate::Result;
use crate::network::Network;

use super::evaluator::Evaluator;
use super::refine::Engine;
use geometry::GraphGeometry;

/// The evaluator of a network on graphs.
pub(super) fn evaluator(network: &Network) -> Result<Arc<dyn Evaluator>> {
    Ok(Arc::new(Engine::exact(
        GraphGeometry::new(network),
        network,
    )))
}
