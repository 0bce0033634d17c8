//! The adjoints of the operations of a geometry.

use crate::kernel::recursion::{Geometry, Side};
use crate::network::Filter;

/// The adjoints of the lifting, the filters and the mean of a geometry, in double precision.
///
/// Each method is the transpose of the linear map of the [`Geometry`] method that it names: $`\langle A x, y\rangle = \langle x, A^\top
/// y\rangle`$. The cotangent of a signal is an array of numbers in the order of the signal's own storage.
pub(crate) trait Adjoint<G: Geometry>: Sync {
    /// The number of entries of the cotangent of a signal.
    fn cotangent_len(&self, signal: &G::Signal) -> usize;

    /// The adjoint of [`Geometry::mean`]: writes the cotangents of the points of a batch.
    fn spread(&self, region: G::Region, cotangent: f64, fibres: &mut Vec<f64>);

    /// The adjoint of [`Geometry::average`].
    ///
    /// # Arguments
    /// * `regions` — before and after the mean over the filter
    fn average_adjoint(
        &self,
        filter: &Filter,
        regions: [G::Region; 2],
        workspace: &mut G::Workspace,
        fibres: &mut Vec<f64>,
    );

    /// The adjoint of [`Geometry::gather`] and [`Geometry::restrict`]: adds the values at the points of a batch to a function of one signal.
    fn scatter(&self, side: Side, region: G::Region, values: &[f64], field: &mut [f64]);

    /// The adjoint of [`Geometry::lift`]: adds to the cotangents of those of both signals that are given.
    ///
    /// [`Geometry::begin`] must have been called for the pair.
    ///
    /// # Arguments
    /// * `region` — as [`Geometry::lift`] returned it
    /// * `fibres` — the cotangents of the batch after the filter of the lifting; used up
    fn lift_adjoint(
        &self,
        pair: [&G::Signal; 2],
        filter: &Filter,
        region: G::Region,
        workspace: &mut G::Workspace,
        fibres: &mut Vec<f64>,
        cotangents: [Option<&mut [f64]>; 2],
    );

    /// The adjoint of [`Geometry::lift_self`].
    fn lift_self_adjoint(
        &self,
        filter: &Filter,
        signal: &G::Signal,
        region: G::Region,
        workspace: &mut G::Workspace,
        fibres: &mut Vec<f64>,
        cotangent: &mut [f64],
    );

    /// The adjoint of [`Geometry::turn`]: adds the cotangent of a transformed signal to the cotangent of the signal.
    fn turn_back(&self, orientation: usize, turned: &[f64], cotangent: &mut [f64]) {
        let _ = (orientation, turned, cotangent);
        unreachable!("only geometries with orientations transform signals")
    }
}
