//! Vectors: a trivial group and one fibre.

mod geometry;

use std::sync::Arc;

use crate::Result;
use crate::network::Network;

use super::evaluator::Evaluator;
use super::refine::Engine;
use geometry::VectorGeometry;

/// The evaluator of a multilayer perceptron.
pub(super) fn evaluator(network: &Network) -> Result<Arc<dyn Evaluator>> {
    Ok(Arc::new(Engine::exact(VectorGeometry, network)))
}
