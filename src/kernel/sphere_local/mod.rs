//! Signals on the sphere, local filters: a fibre is a function on the sphere.

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

/// Whether fibres of a network on the sphere are functions: where the first filter is global they are constant,
/// whatever follows.
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
/// What the tables of the first level may meet; [`Error::InvalidValue`](crate::Error::InvalidValue) if it is not within the limits.
pub(super) fn evaluator(
    network: &Network,
    band_limit: usize,
    limits: Limits,
) -> Result<Arc<dyn Evaluator>> {
    let refinement = FieldRefinement::new(network, band_limit, limits)?;
    Ok(Arc::new(Engine::refined(refinement, network)))
}
