//! The orientations of a pair of signals: the ways in which both are transformed before they are multiplied.

use crate::Result;
use crate::activation::VarianceField;

use super::geometry::{Geometry, Side};
use super::layers::{FibreBuffers, Recursion};
use super::sweep::Buffers;

/// A pair of signals in one orientation.
pub(super) struct Oriented<'a, G: Geometry> {
    pub(super) orientation: usize,
    /// The signals, transformed.
    pub(super) pair: [&'a G::Signal; 2],
    /// Whether each of them is a transformed one.
    pub(super) is_turned: [bool; 2],
    /// Whether each of them differs from the one in the orientation before.
    pub(super) changes: [bool; 2],
    /// The variances of both before each activation.
    pub(super) variances: [&'a [VarianceField<G::Scalar>]; 2],
    /// The number of batches of fibres.
    pub(super) batches: usize,
}

/// The work on a pair in each of its orientations.
pub(super) trait Visitor<G: Geometry> {
    /// Does the work of one orientation.
    fn visit(
        &mut self,
        oriented: Oriented<'_, G>,
        workspace: &mut G::Workspace,
        buffers: Buffers<'_, G::Scalar>,
    ) -> Result<()>;

    /// Takes a transformed signal before it is transformed anew, and after the last orientation.
    ///
    /// # Arguments
    /// * `orientation` — one in which the signal was transformed so
    fn leave(
        &mut self,
        side: Side,
        orientation: usize,
        signal: &G::Signal,
        workspace: &mut G::Workspace,
        buffers: Buffers<'_, G::Scalar>,
    ) -> Result<()> {
        let _ = (side, orientation, signal, workspace, buffers);
        Ok(())
    }
}

impl Recursion {
    /// Visits a pair of signals in all its orientations.
    ///
    /// Variances that are functions are computed here unless they are stored: without poolings they cost as much as two fibres.
    ///
    /// # Arguments
    /// * `own` — the variances of the two signals, as [`self_covariance`](Self::self_covariance) returns them
    pub(super) fn visit_orientations<G: Geometry>(
        &self,
        (geometry, workspace): (&G, &mut G::Workspace),
        pair: [&G::Signal; 2],
        own: [&[VarianceField<G::Scalar>]; 2],
        buffers: &mut FibreBuffers<G::Scalar>,
        visitor: &mut impl Visitor<G>,
    ) -> Result<()> {
        let FibreBuffers {
            fibres,
            variances: computed,
            gathered,
        } = buffers;
        let mut turned = [None, None];
        let count = geometry.orientation_count(pair, workspace)?;
        for orientation in 0..=count {
            let changes = match orientation < count {
                true => geometry.changes(orientation, workspace),
                false => [true; 2],
            };
            for (side, number) in [(Side::Left, 0), (Side::Right, 1)] {
                if let (true, Some(signal)) = (changes[number], &turned[number]) {
                    let buffers = (&mut *fibres, &mut *gathered);
                    visitor.leave(side, orientation - 1, signal, workspace, buffers)?;
                }
            }
            if orientation == count {
                break;
            }
            geometry.turn(pair, orientation, &mut turned, workspace)?;
            let is_turned = turned.each_ref().map(Option::is_some);
            let pair: [&G::Signal; 2] =
                std::array::from_fn(|side| turned[side].as_ref().unwrap_or(pair[side]));
            // Stored variances are those of untransformed signals.
            let is_stored: [bool; 2] = std::array::from_fn(|side| {
                G::STORED || (!is_turned[side] && !own[side].is_empty())
            });
            for side in [0, 1] {
                if changes[side] && !is_stored[side] {
                    let buffers = (&mut *fibres, &mut *gathered);
                    self.own(
                        geometry,
                        pair[side],
                        workspace,
                        buffers,
                        &mut computed[side],
                    )?;
                }
            }
            let batches = geometry.begin(pair, orientation, workspace);
            let variances = std::array::from_fn(|side| match is_stored[side] {
                true => own[side],
                false => &computed[side][..],
            });
            let oriented = Oriented {
                orientation,
                pair,
                is_turned,
                changes,
                variances,
                batches,
            };
            visitor.visit(oriented, workspace, (&mut *fibres, &mut *gathered))?;
        }
        Ok(())
    }
}
