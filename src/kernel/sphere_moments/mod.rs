//! Signals on the sphere with global filters and activations that are polynomials of degree 2 at most: the mean over SO(3) is exact.

mod geometry;
mod signal;

use std::sync::Arc;

use crate::network::{Network, Outputs};

use super::evaluator::Evaluator;
use super::recursion::Recursion;
use super::refine::Engine;
use geometry::{LARGEST_DEGREE, MomentGeometry};

/// The evaluator of a network whose pooled kernels are polynomials of low degree in the correlation; none for other networks.
pub(super) fn evaluator(
    network: &Network,
    band_limit: usize,
    channels: usize,
) -> Option<Arc<dyn Evaluator>> {
    let pooled = *network.outputs() == Outputs::Pooled;
    if !pooled
        || Recursion::new(network)
            .polynomials(LARGEST_DEGREE)
            .is_none()
    {
        return None;
    }
    let geometry = MomentGeometry::new(band_limit, channels);
    Some(Arc::new(Engine::exact(geometry, network)))
}
