//! Signals on the sphere with local filters, for which a fibre is a function on the sphere.

mod adjoint;
mod geometry;
mod loops;
mod refinement;
mod ring_tables;

use std::sync::Arc;

use crate::Result;
use crate::network::{Filter, Layer, Network};

use super::evaluator::Evaluator;
use super::refine::Engine;
use refinement::FieldRefinement;

pub use refinement::Limits;

/// Whether the fibres of a network on the sphere are functions. After a global first filter they are constant, and stay constant.
pub(super) fn is_local(network: &Network) -> bool {
    matches!(
        network.layers().first(),
        Some(Layer::Lifting {
            filter: Filter::Zonal(_),
            ..
        })
    )
}

/// The evaluator of a network on the sphere whose first filter is local.
///
/// # Errors
/// The errors of the tables of the first level; [`Error::InvalidValue`](crate::Error::InvalidValue) if the first level exceeds the limits.
pub(super) fn evaluator(
    network: &Network,
    band_limit: usize,
    limits: Limits,
) -> Result<Arc<dyn Evaluator>> {
    let refinement = FieldRefinement::new(network, band_limit, limits)?;
    Ok(Arc::new(Engine::refined(refinement, network)))
}
