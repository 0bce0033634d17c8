//! Evaluates pairs of signals: refines the mean over the group, and carries blocks of pooled
//! kernels through the layers behind it.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::network::Quadrature;
use crate::numeric::geometric_mean;
use crate::{Error, Result};

use super::geometry::{Geometry, LevelIndex, Refinement};
use super::index_set::IndexSet;
use super::recursion::{FibreBuffers, KernelPair, Recursion, SelfCovariance};

/// Errors are relative to the value, but not to less than this fraction of the kernels at r = e: the
/// mean over the group may vanish by symmetry.
const FLOOR: f64 = 0.1;
/// Relative excess of a pooled covariance over its bound that a fixed, unrefined quadrature may show.
const FIXED_SLACK: f64 = 0.1;
/// The same for kernels without a quadrature: rounding only.
const EXACT_SLACK: f64 = 1e-12;
/// Each time the layers after pooling amplify the error beyond the tolerance, the pooled kernels
/// are asked for with a tolerance smaller by this factor.
const TIGHTER: f64 = 0.1;

type Signal<R> = <<R as Refinement>::Level as Geometry>::Signal;
type Workspace<R> = <<R as Refinement>::Level as Geometry>::Workspace;
type Scalar<R> = <<R as Refinement>::Level as Geometry>::Scalar;

/// A signal with what its network needs of it: where variances are numbers, they are kept; where
/// they are functions, nothing is, and they are computed for each pair anew.
pub(crate) struct Prepared<G: Geometry> {
    pub signal: G::Signal,
    own: SelfCovariance<G::Scalar>,
}

/// One value twice: as accurate as it was made, and from the quadrature before that.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Estimate {
    pub fine: KernelPair,
    pub coarse: KernelPair,
}

impl Estimate {
    /// A value with an error, on the side from which it came.
    fn with_error(fine: KernelPair, error: KernelPair, coarse: KernelPair) -> Self {
        Estimate {
            fine,
            coarse: KernelPair {
                nngp: fine.nngp + error.nngp.copysign(coarse.nngp - fine.nngp),
                ntk: fine.ntk + error.ntk.copysign(coarse.ntk - fine.ntk),
            },
        }
    }
}

/// Variances before each activation after pooling; outer index the activation, inner the signal.
#[derive(Debug, Clone, Default)]
pub(crate) struct PooledVariances {
    fine: Vec<Vec<f64>>,
    coarse: Vec<Vec<f64>>,
}

impl PooledVariances {
    fn row(&self, signal: usize) -> [Vec<f64>; 2] {
        [&self.fine, &self.coarse].map(|side| side.iter().map(|q| q[signal]).collect())
    }

    fn select(&self, range: Range<usize>) -> PooledVariances {
        let pick = |side: &[Vec<f64>]| side.iter().map(|q| q[range.clone()].to_vec()).collect();
        PooledVariances {
            fine: pick(&self.fine),
            coarse: pick(&self.coarse),
        }
    }
}

/// Prepared signals with their pooled variances.
pub(crate) struct PreparedSet<'a, G: Geometry> {
    pub signals: &'a [Prepared<G>],
    pooled: PooledVariances,
    /// Kernel of each signal with itself behind the last layer; empty where nobody asked for it.
    pub diagonal: Vec<Estimate>,
}

/// Both kernels of a block of pairs, row by row.
#[derive(Debug, Clone)]
pub(crate) struct KernelBlock {
    pub nngp: Vec<f64>,
    pub ntk: Vec<f64>,
}

impl KernelBlock {
    fn zeros(len: usize) -> Self {
        KernelBlock {
            nngp: vec![0.0; len],
            ntk: vec![0.0; len],
        }
    }

    fn set(&mut self, index: usize, pair: KernelPair) {
        self.nngp[index] = pair.nngp;
        self.ntk[index] = pair.ntk;
    }
}

/// A block of kernels, and the same from coarser quadratures where errors are estimated.
pub(crate) struct Block {
    pub fine: KernelBlock,
    pub coarse: Option<KernelBlock>,
}

/// Scratch of one thread: one workspace per level, allocated when first used.
pub(crate) struct EngineWorkspace<R: Refinement> {
    levels: BTreeMap<LevelIndex, Workspace<R>>,
    buffers: FibreBuffers<Scalar<R>>,
}

/// How accurately one pair is pooled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Accuracy {
    /// On one level, whatever its error.
    Level(LevelIndex),
    /// Levels are added until the error estimate is below this, relative to the kernels.
    Tolerance(f64),
}

/// How the mean over the group is controlled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Control {
    /// There is nothing to approximate.
    Exact,
    /// The first level, whatever its error.
    Fixed,
    /// As many levels as the tolerance asks for.
    Tolerance(f64),
}

/// A network over a geometry.
pub(crate) struct Engine<R: Refinement> {
    pub refinement: R,
    pub recursion: Recursion,
    pub control: Control,
}

impl<R: Refinement> Engine<R> {
    pub(crate) fn new(refinement: R, recursion: Recursion, quadrature: Option<Quadrature>) -> Self {
        let control = match quadrature {
            None => Control::Exact,
            Some(Quadrature::BandLimit(_)) => Control::Fixed,
            Some(Quadrature::Tolerance(tolerance)) => Control::Tolerance(tolerance),
        };
        Engine {
            refinement,
            recursion,
            control,
        }
    }

    pub(crate) fn make_workspace(&self) -> EngineWorkspace<R> {
        EngineWorkspace {
            levels: BTreeMap::new(),
            buffers: FibreBuffers::default(),
        }
    }

    pub(crate) fn prepare(&self, signal: Signal<R>) -> Result<Prepared<R::Level>> {
        let geometry = self.refinement.level([0, 0])?;
        // Also where functions are computed for each pair anew: what leaves the range of the numbers is refused here.
        let own =
            self.recursion
                .self_covariance(geometry, &signal, &mut geometry.make_workspace())?;
        // The kernel at r = e is the largest: what it becomes without activations bounds the pooled kernel. With one fibre it
        // is the pooled kernel.
        let one_fibre = R::EXACT && !R::Level::FIELDS;
        if one_fibre || !self.recursion.activates_after_pooling() {
            self.recursion
                .pooled_variances(&mut own.at_identity.clone())?;
        }
        Ok(Prepared { signal, own })
    }

    /// Adds what the layers after pooling need to know of each signal.
    ///
    /// # Arguments
    /// * `diagonal` — the pooled kernel of each signal with itself, or nothing if it is not needed
    pub(crate) fn complete<'a>(
        &self,
        signals: &'a [Prepared<R::Level>],
        mut diagonal: Vec<Estimate>,
    ) -> Result<PreparedSet<'a, R::Level>> {
        let mut pooled = PooledVariances::default();
        for estimate in &mut diagonal {
            for (side, pair) in [
                (&mut pooled.fine, &mut estimate.fine),
                (&mut pooled.coarse, &mut estimate.coarse),
            ] {
                let variances = self.recursion.pooled_variances(pair)?;
                side.resize(variances.len(), Vec::new());
                for (column, q) in side.iter_mut().zip(variances) {
                    column.push(q);
                }
            }
        }
        Ok(PreparedSet {
            signals,
            pooled,
            diagonal,
        })
    }

    /// The kernels of a pair on one level.
    fn at_level(
        &self,
        a: &Prepared<R::Level>,
        b: &Prepared<R::Level>,
        level: LevelIndex,
        workspace: &mut EngineWorkspace<R>,
    ) -> Result<KernelPair> {
        let geometry = self.refinement.level(level)?;
        let scratch = workspace
            .levels
            .entry(level)
            .or_insert_with(|| geometry.make_workspace());
        self.recursion.pooled(
            geometry,
            [&a.signal, &b.signal],
            [&a.own.variances, &b.own.variances],
            scratch,
            &mut workspace.buffers,
        )
    }

    /// The pooled kernels of a pair, with an error estimate unless the level is given.
    pub(crate) fn pooled_pair(
        &self,
        a: &Prepared<R::Level>,
        b: &Prepared<R::Level>,
        accuracy: Accuracy,
        workspace: &mut EngineWorkspace<R>,
    ) -> Result<Estimate> {
        let tolerance = match accuracy {
            Accuracy::Level(level) => {
                let fine = self.at_level(a, b, level, workspace)?;
                return Ok(Estimate { fine, coarse: fine });
            }
            Accuracy::Tolerance(tolerance) => tolerance,
        };
        let scale = |of: fn(&KernelPair) -> f64| {
            FLOOR * geometric_mean(of(&a.own.at_identity), of(&b.own.at_identity))
        };
        let floors = [scale(|p| p.nngp), scale(|p| p.ntk)];
        let steps = self.refinement.steps();
        let mut levels = IndexSet::new(steps);
        levels.add([0, 0], self.at_level(a, b, [0, 0], workspace)?);
        let mut coarse = levels.value();
        loop {
            let (fine, error) = (levels.value(), levels.error());
            let relative = |error: KernelPair| {
                ratio(error.nngp, fine.nngp.abs().max(floors[0]))
                    .max(ratio(error.ntk, fine.ntk.abs().max(floors[1])))
            };
            let excess = relative(error);
            if excess <= tolerance {
                return Ok(Estimate::with_error(fine, error, coarse));
            }
            let next = levels.grow(relative, |level| {
                level.iter().zip(steps).all(|(step, steps)| *step < steps)
                    && self.refinement.admits(level)
            });
            let Some(next) = next else {
                return Err(Error::not_converged(
                    "mean over SO(3), relative error",
                    excess,
                    tolerance,
                    self.refinement.describe(levels.finest()),
                ));
            };
            for level in next {
                levels.add(level, self.at_level(a, b, level, workspace)?);
            }
            coarse = fine;
        }
    }

    /// The kernels of a block of pairs behind the last layer.
    ///
    /// # Arguments
    /// * `wanted` — pairs (row, column within the block) for which it is false keep the pooled value
    ///   zero and cost next to nothing
    pub(crate) fn block(
        &self,
        (row_set, row_range): (&PreparedSet<'_, R::Level>, Range<usize>),
        (column_set, column_range): (&PreparedSet<'_, R::Level>, Range<usize>),
        wanted: impl Fn(usize, usize) -> bool,
        accuracy: Accuracy,
        workspace: &mut EngineWorkspace<R>,
    ) -> Result<Block> {
        let width = column_range.len();
        let len = row_range.len() * width;
        let mut fine = KernelBlock::zeros(len);
        let mut coarse =
            matches!(accuracy, Accuracy::Tolerance(_)).then(|| KernelBlock::zeros(len));
        for (i, a) in row_set.signals[row_range.clone()].iter().enumerate() {
            for (j, b) in column_set.signals[column_range.clone()].iter().enumerate() {
                if wanted(i, j) {
                    let estimate = self.pooled_pair(a, b, accuracy, workspace)?;
                    fine.set(i * width + j, estimate.fine);
                    if let Some(coarse) = &mut coarse {
                        coarse.set(i * width + j, estimate.coarse);
                    }
                }
            }
        }
        let slack = self.slack();
        let column_signals = &column_set.signals[column_range.clone()];
        let columns = column_set.pooled.select(column_range);
        let geometry = self.refinement.level([0, 0])?;
        for (i, row) in row_range.enumerate() {
            let [own_fine, own_coarse] = row_set.pooled.row(row);
            let at = i * width..(i + 1) * width;
            let mut close = Vec::new();
            let sides = [
                (Some(&mut fine), own_fine, &columns.fine),
                (coarse.as_mut(), own_coarse, &columns.coarse),
            ];
            for (side, own, others) in sides {
                if let Some(KernelBlock { nngp, ntk }) = side {
                    let (nngp, ntk) = (&mut nngp[at.clone()], &mut ntk[at.clone()]);
                    close = self.recursion.advance_row(&own, others, slack, nngp, ntk)?;
                }
            }
            for j in (0..close.len()).filter(|&j| close[j] && wanted(i, j)) {
                let (a, b) = (&row_set.signals[row], &column_signals[j]);
                if let Some(pair) = geometry.close_pair([&a.signal, &b.signal]) {
                    fine.set(i * width + j, self.recursion.close(pair)?);
                }
            }
        }
        Ok(Block { fine, coarse })
    }

    /// The level with which values of a fixed quadrature are compared.
    pub(crate) fn finer(&self) -> Accuracy {
        Accuracy::Level(self.refinement.steps().map(|steps| 1.min(steps - 1)))
    }

    /// What a pair is asked for in the first place.
    pub(crate) fn accuracy(&self) -> Accuracy {
        match self.control {
            Control::Exact | Control::Fixed => Accuracy::Level([0, 0]),
            Control::Tolerance(tolerance) => Accuracy::Tolerance(tolerance),
        }
    }

    /// Whether every value comes with an error estimate of its own.
    pub(crate) fn estimates_errors(&self) -> bool {
        matches!(self.control, Control::Tolerance(_))
    }

    fn slack(&self) -> f64 {
        match self.control {
            Control::Exact => EXACT_SLACK,
            Control::Fixed => FIXED_SLACK,
            // Three values enter, each with its own error; the kernel at r = e, to which the
            // tolerance is relative, may exceed the pooled kernel.
            Control::Tolerance(tolerance) => (100.0 * tolerance).clamp(EXACT_SLACK, FIXED_SLACK),
        }
    }

    /// Runs `compute` with a tolerance for the pooled kernels that is small enough for the errors it
    /// reports, relative to the kernels, to satisfy the tolerance asked for.
    pub(crate) fn until_accurate<T>(
        &self,
        compute: impl Fn(Accuracy) -> Result<(T, f64)>,
    ) -> Result<T> {
        let Control::Tolerance(requested) = self.control else {
            return compute(Accuracy::Level([0, 0])).map(|(value, _)| value);
        };
        let mut tolerance = requested;
        loop {
            let (value, achieved) = compute(Accuracy::Tolerance(tolerance))?;
            if achieved <= requested {
                return Ok(value);
            }
            tolerance *= TIGHTER;
            if tolerance < f64::EPSILON {
                return Err(Error::not_converged(
                    "kernel behind the layers after pooling",
                    achieved,
                    requested,
                    "rounding",
                ));
            }
        }
    }
}

fn ratio(error: f64, scale: f64) -> f64 {
    if error == 0.0 { 0.0 } else { error / scale }
}
