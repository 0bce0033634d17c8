//! Images, under translations by pixels and a point group.

mod adjoint;
mod batches;
mod fields;
mod geometry;
mod plan;
mod signal;
mod slides;
mod sums;
mod sums_adjoint;
mod windows;

use std::sync::Arc;

use crate::Result;
use crate::activation::Real;
use crate::network::{GroupName, Layer, Network};

use super::evaluator::Evaluator;
use super::refine::Engine;
use super::single::SinglePrecision;
use super::values::Precision;
use geometry::PlaneGeometry;

/// The evaluator of a network on images of one size.
pub(super) fn evaluator(
    network: &Network,
    size: [usize; 2],
    precision: Precision,
) -> Result<Arc<dyn Evaluator>> {
    let double = Engine::exact(geometry::<f64>(network, size), network);
    Ok(match precision {
        Precision::Double => Arc::new(double),
        Precision::Single => Arc::new(SinglePrecision {
            single: Engine::exact(geometry::<f32>(network, size), network),
            double,
        }),
    })
}

/// The geometry of a network, in one precision.
fn geometry<T: Real>(network: &Network, size: [usize; 2]) -> PlaneGeometry<T> {
    let Some(Layer::Lifting {
        group: GroupName::Plane(group),
        ..
    }) = network.layers().first()
    else {
        unreachable!("a network on the plane that was checked begins with a lifting to its group")
    };
    PlaneGeometry::new(size, *group, network.layers())
}
