//! Kernels between all points of two signals, whose mean over the group is refined.

use crate::kernel::evaluator::{Accuracy, Block, KernelBlock};
use crate::kernel::recursion::{FibreBuffers, Geometry};
use crate::{Error, Result};

use super::engine::{Engine, Prepared};
use super::refinement::{LevelIndex, Refinement};

/// No error estimate is smaller than this fraction of the last change but one: two values may agree by accident, and three rarely do.
const TRUST: f64 = 0.02;

impl<R: Refinement> Engine<R> {
    /// Computes the kernels of a pair between all points of both signals.
    ///
    /// With a tolerance, quadratures are refined until no entry changes by more than the tolerance times the largest entry of its kernel.
    pub(super) fn unpooled(
        &self,
        pair: [&Prepared<R::Level>; 2],
        accuracy: Accuracy,
    ) -> Result<Block> {
        let [steps, _] = self.refinement.steps();
        let tolerance = match accuracy {
            Accuracy::Step(step) => {
                return Ok(Block {
                    fine: self.points_at(pair, [step.min(steps - 1), 0])?,
                    coarse: None,
                });
            }
            Accuracy::Tolerance(tolerance) => tolerance,
        };
        let mut coarse = self.points_at(pair, [0, 0])?;
        let (mut last, mut error) = (f64::INFINITY, f64::INFINITY);
        for step in 1..steps {
            let fine = self.points_at(pair, [step, 0])?;
            let change = change(&fine.nngp, &coarse.nngp).max(change(&fine.ntk, &coarse.ntk));
            error = change.max(TRUST * last);
            if error <= tolerance {
                return Ok(Block {
                    fine,
                    coarse: Some(coarse),
                });
            }
            (last, coarse) = (change, fine);
        }
        Err(Error::not_converged(
            "mean over the group at pairs of points, relative error",
            error,
            tolerance,
            self.refinement.describe([steps - 1, 0]),
        ))
    }

    /// The kernels between all points on one level.
    fn points_at(
        &self,
        [a, b]: [&Prepared<R::Level>; 2],
        level: LevelIndex,
    ) -> Result<KernelBlock> {
        let geometry = self.refinement.level(level)?;
        let mut workspace = geometry.make_workspace();
        let [of_a, of_b] = self.finer([a, b], level, geometry, &mut workspace)?;
        let (_, [nngp, ntk]) = self.recursion.between_points(
            geometry,
            [&a.signal, &b.signal],
            [
                &of_a.as_deref().unwrap_or(&a.own).variances,
                &of_b.as_deref().unwrap_or(&b.own).variances,
            ],
            &mut workspace,
            &mut FibreBuffers::default(),
        )?;
        Ok(KernelBlock { nngp, ntk })
    }
}

/// The largest change of an entry, relative to the largest entry.
fn change(fine: &[f64], coarse: &[f64]) -> f64 {
    let largest = fine.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    let pairs = fine.iter().zip(coarse);
    let apart = pairs.fold(0.0, |m: f64, (x, y)| m.max((x - y).abs()));
    if apart == 0.0 { 0.0 } else { apart / largest }
}
