//! The engine: it refines the mean over the group for pairs of signals, and carries blocks of pooled kernels through the layers after
//! the mean.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock};

use crate::activation::{PointVariance, VarianceField};
use crate::kernel::evaluator::{Accuracy, Block, Control, Estimate, KernelBlock, SignalsOf};
use crate::kernel::recursion::{
    FibreBuffers, Geometry, PolynomialKernels, Recursion, SelfCovariance,
};
use crate::kernel::values::KernelPair;
use crate::network::{Network, Quadrature};
use crate::numeric::{geometric_mean, larger};
use crate::parallel::try_map_init;
use crate::{Error, Result};

use super::index_set::{IndexSet, Refined};
use super::products::{ProductBuffers, pooled_products};
use super::refinement::{Exact, LevelIndex, Refinement};

/// Errors are relative to the value, or to this fraction of the kernels at r = e if the value is smaller: the mean over the group may
/// vanish by symmetry.
const FLOOR: f64 = 0.1;
/// Relative excess of a pooled covariance over its bound that is allowed for a fixed quadrature.
const FIXED_SLACK: f64 = 0.1;
/// Relative excess of a covariance over its bound that is allowed without a quadrature, for rounding.
const EXACT_SLACK: f64 = 1e-12;

type Signal<R> = <<R as Refinement>::Level as Geometry>::Signal;
type Workspace<R> = <<R as Refinement>::Level as Geometry>::Workspace;
type Scalar<R> = <<R as Refinement>::Level as Geometry>::Scalar;
/// A signal with itself on one level.
type Own<R> = Arc<SelfCovariance<Scalar<R>>>;

/// A signal with its variances before each activation, if these are numbers. Variances that are functions are not stored: each pair
/// computes them again.
pub(crate) struct Prepared<G: Geometry> {
    pub signal: G::Signal,
    pub(super) own: SelfCovariance<G::Scalar>,
    /// The numbers of the signal in kernels that are polynomials.
    pub(super) numbers: Vec<f64>,
    /// The variances on finer levels, where they depend on the level; found when first needed.
    finer: Mutex<BTreeMap<LevelIndex, Arc<SelfCovariance<G::Scalar>>>>,
    /// The signal with itself after the pooling, for the accuracy that was asked for first; found when first needed. Every matrix, tile
    /// and row of these signals needs it.
    pooled: OnceLock<PooledSelf>,
}

impl<G: Geometry> Prepared<G> {
    /// The variances on a level other than the first one.
    fn own_at(
        &self,
        level: LevelIndex,
        compute: impl FnOnce() -> Result<SelfCovariance<G::Scalar>>,
    ) -> Result<Arc<SelfCovariance<G::Scalar>>> {
        let table = || {
            self.finer
                .lock()
                .expect("no thread panics while it looks up")
        };
        let known = table().get(&level).map(Arc::clone);
        match known {
            Some(known) => Ok(known),
            None => {
                let found = Arc::new(compute()?);
                table().insert(level, Arc::clone(&found));
                Ok(found)
            }
        }
    }
}

/// A signal with itself after the pooling.
struct PooledSelf {
    accuracy: Accuracy,
    /// The kernels after the last layer.
    end: Estimate,
    /// The variance before each activation after the pooling.
    fine: Box<[PointVariance]>,
    /// The variances by the coarser quadrature; empty without an error estimate.
    coarse: Box<[PointVariance]>,
}

/// Variances before the activations after pooling: one field per activation, with one point per signal.
#[derive(Debug, Clone, Default)]
pub(super) struct PooledVariances {
    pub(super) fine: Vec<VarianceField>,
    coarse: Vec<VarianceField>,
}

/// Prepared signals with their variances for the layers after pooling.
pub(super) struct PreparedSet<G: Geometry> {
    pub(super) signals: SignalsOf<Prepared<G>>,
    /// Whether the signals are completed for the layers after pooling.
    completed: bool,
    /// The signals with themselves, if those that the signals keep have another accuracy; else empty.
    own: Vec<PooledSelf>,
    /// Kernel of each signal with itself after the last layer; empty if not needed.
    pub diagonal: Vec<Estimate>,
}

impl<G: Geometry> PreparedSet<G> {
    /// A signal with itself, in a completed set.
    fn own(&self, i: usize) -> &PooledSelf {
        self.own
            .get(i)
            .or_else(|| self.signals[i].pooled.get())
            .expect("a completed set")
    }

    /// The variances of some of the signals; empty if the set is not completed.
    pub(super) fn pooled(&self, range: Range<usize>) -> PooledVariances {
        let mut pooled = PooledVariances::default();
        if !self.completed {
            return pooled;
        }
        for i in range {
            let own = self.own(i);
            for (fields, points) in [
                (&mut pooled.fine, &own.fine),
                (&mut pooled.coarse, &own.coarse),
            ] {
                fields.resize_with(points.len(), VarianceField::default);
                fields
                    .iter_mut()
                    .zip(points)
                    .for_each(|(field, point)| field.append(*point));
            }
        }
        pooled
    }
}

/// Scratch of one thread: one workspace per level, allocated when first used.
pub(super) struct Workspaces<R: Refinement> {
    levels: BTreeMap<LevelIndex, Workspace<R>>,
    buffers: FibreBuffers<Scalar<R>>,
    products: ProductBuffers,
}

/// A network over a geometry.
pub(crate) struct Engine<R: Refinement> {
    pub(super) refinement: R,
    pub(super) recursion: Recursion,
    pub(super) control: Control,
    /// Both kernels as polynomials, if the geometry has features of their powers.
    pub(super) polynomials: Option<PolynomialKernels>,
}

impl<G: Geometry> Engine<Exact<G>> {
    /// Makes an engine without a quadrature.
    pub(crate) fn exact(geometry: G, network: &Network) -> Self {
        let recursion = Recursion::new(network);
        Engine {
            polynomials: geometry.polynomials(&recursion),
            refinement: Exact(geometry),
            recursion,
            control: Control::Exact,
        }
    }
}

impl<R: Refinement> Engine<R> {
    /// Makes an engine with the quadrature of the network.
    pub(crate) fn refined(refinement: R, network: &Network) -> Self {
        Engine {
            refinement,
            recursion: Recursion::new(network),
            control: match network.quadrature() {
                Quadrature::BandLimit(_) => Control::Fixed,
                Quadrature::Tolerance(tolerance) => Control::Tolerance(tolerance),
            },
            polynomials: None,
        }
    }

    /// The geometry of the first level; signals have one form on all levels.
    pub(super) fn first_level(&self) -> Result<&R::Level> {
        self.refinement.level([0, 0])
    }

    /// Makes scratch for one thread.
    pub(super) fn make_workspace(&self) -> Workspaces<R> {
        Workspaces {
            levels: BTreeMap::new(),
            buffers: FibreBuffers::default(),
            products: ProductBuffers::default(),
        }
    }

    /// Computes the variances of a signal.
    ///
    /// # Errors
    /// [`Error::InLayer`] if the kernel of the signal with itself overflows or underflows.
    pub(crate) fn prepared(&self, signal: Signal<R>) -> Result<Prepared<R::Level>> {
        let geometry = self.first_level()?;
        // Variances that are functions are not kept, but computing them here refuses signals whose kernels leave the range of numbers.
        let own =
            self.recursion
                .self_covariance(geometry, &signal, &mut geometry.make_workspace())?;
        // The kernel at r = e is the largest of all r, and equals the pooled kernel if there is one fibre. Without activations after the
        // pooling, its values in the following layers bound the values of the pooled kernel. Both cases check the range here.
        let one_fibre = self.control == Control::Exact && !R::Level::FIELDS;
        if one_fibre || !self.recursion.activates_after_pooling() {
            self.recursion
                .pooled_variances(&mut own.at_identity.clone(), &mut Vec::new())?;
        }
        let numbers = self
            .polynomials
            .as_ref()
            .map_or_else(Vec::new, |kernels| kernels.numbers(&own.variances));
        Ok(Prepared {
            signal,
            own,
            numbers,
            finer: Mutex::default(),
            pooled: OnceLock::new(),
        })
    }

    /// Computes the variances of each signal for the layers after pooling, in parallel, unless the signals have them.
    ///
    /// # Arguments
    /// * `diagonal` — whether the kernel of each signal with itself is needed in any case
    pub(super) fn complete(
        &self,
        signals: SignalsOf<Prepared<R::Level>>,
        accuracy: Accuracy,
        diagonal: bool,
    ) -> Result<PreparedSet<R::Level>> {
        let completed = diagonal || self.recursion.activates_after_pooling();
        let mut set = PreparedSet {
            signals,
            completed,
            own: Vec::new(),
            diagonal: Vec::new(),
        };
        if !completed {
            return Ok(set);
        }
        let signals = &set.signals;
        let all = |test: fn(Accuracy, Accuracy) -> bool| {
            let kept = signals.iter().map(|signal| signal.pooled.get());
            kept.into_iter()
                .all(|own| own.is_some_and(|own| test(own.accuracy, accuracy)))
        };
        let compute = |workspace: &mut Workspaces<R>, i: usize| {
            self.completed_self(&signals[i], accuracy, workspace)
        };
        if !all(|_, _| true) {
            try_map_init(
                signals.len(),
                || self.make_workspace(),
                |workspace, i| {
                    if signals[i].pooled.get().is_none() {
                        // Another thread may have been faster, with the same numbers.
                        let _ = signals[i].pooled.set(compute(workspace, i)?);
                    }
                    Ok(())
                },
            )?;
        }
        if !all(|kept, accuracy| kept == accuracy) {
            set.own = try_map_init(signals.len(), || self.make_workspace(), compute)?;
        }
        if diagonal || matches!(accuracy, Accuracy::Tolerance(_)) {
            set.diagonal = (0..set.signals.len()).map(|i| set.own(i).end).collect();
        }
        Ok(set)
    }

    /// Carries a signal with itself through all layers.
    fn completed_self(
        &self,
        signal: &Prepared<R::Level>,
        accuracy: Accuracy,
        workspace: &mut Workspaces<R>,
    ) -> Result<PooledSelf> {
        let mut end = self.pooled_self(signal, accuracy, workspace)?;
        let through = |pair: &mut KernelPair| {
            let mut fields = Vec::new();
            self.recursion.pooled_variances(pair, &mut fields)?;
            Ok::<_, Error>(fields.iter().map(|field| field.point(0)).collect())
        };
        let fine = through(&mut end.fine)?;
        let coarse = match accuracy {
            Accuracy::Step(_) => {
                end.coarse = end.fine;
                Box::default()
            }
            Accuracy::Tolerance(_) => through(&mut end.coarse)?,
        };
        Ok(PooledSelf {
            accuracy,
            end,
            fine,
            coarse,
        })
    }

    /// The polynomials, if blocks are computed as products of features.
    fn by_products(&self) -> Result<Option<&PolynomialKernels>> {
        Ok(match &self.polynomials {
            Some(kernels) if self.first_level()?.prefers_features() => Some(kernels),
            _ => None,
        })
    }

    /// Computes the pooled kernels of a signal with itself as a block computes them.
    fn pooled_self(
        &self,
        signal: &Prepared<R::Level>,
        accuracy: Accuracy,
        workspace: &mut Workspaces<R>,
    ) -> Result<Estimate> {
        let Some(kernels) = self.by_products()? else {
            return self.pooled_pair(signal, signal, accuracy, workspace);
        };
        let mut own = KernelBlock::zeros(1);
        let sides = [std::slice::from_ref(signal); 2];
        let geometry = self.first_level()?;
        pooled_products(geometry, kernels, sides, &mut workspace.products, &mut own);
        let fine = own.get(0);
        Ok(Estimate { fine, coarse: fine })
    }

    /// The variances of both signals on a level, where they differ from those of the first level.
    pub(super) fn finer(
        &self,
        pair: [&Prepared<R::Level>; 2],
        level: LevelIndex,
        geometry: &R::Level,
        workspace: &mut Workspace<R>,
    ) -> Result<[Option<Own<R>>; 2]> {
        let mut finer = [None, None];
        if level != [0, 0] && geometry.variances_by_level() {
            for (finer, signal) in finer.iter_mut().zip(pair) {
                let recursion = &self.recursion;
                *finer = Some(signal.own_at(level, || {
                    recursion.self_covariance(geometry, &signal.signal, workspace)
                })?);
            }
        }
        Ok(finer)
    }

    /// The kernels of a pair on one level.
    fn at_level(
        &self,
        a: &Prepared<R::Level>,
        b: &Prepared<R::Level>,
        level: LevelIndex,
        workspace: &mut Workspaces<R>,
    ) -> Result<KernelPair> {
        let geometry = self.refinement.level(level)?;
        let scratch = workspace
            .levels
            .entry(level)
            .or_insert_with(|| geometry.make_workspace());
        let finer = self.finer([a, b], level, geometry, scratch)?;
        let [of_a, of_b] = &finer;
        self.recursion.pooled(
            geometry,
            [&a.signal, &b.signal],
            [
                &of_a.as_deref().unwrap_or(&a.own).variances,
                &of_b.as_deref().unwrap_or(&b.own).variances,
            ],
            scratch,
            &mut workspace.buffers,
        )
    }

    /// Computes the pooled kernels of a pair, with an error estimate unless the accuracy is a given step.
    ///
    /// With a tolerance, levels are added until the error estimate meets it.
    pub(super) fn pooled_pair(
        &self,
        a: &Prepared<R::Level>,
        b: &Prepared<R::Level>,
        accuracy: Accuracy,
        workspace: &mut Workspaces<R>,
    ) -> Result<Estimate> {
        let tolerance = match accuracy {
            Accuracy::Step(step) => {
                let level = self.refinement.steps().map(|steps| step.min(steps - 1));
                let fine = self.at_level(a, b, level, workspace)?;
                return Ok(Estimate { fine, coarse: fine });
            }
            Accuracy::Tolerance(tolerance) => tolerance,
        };
        let what = "mean over SO(3), relative error";
        let refined = self.refine_until(what, tolerance, floors([a, b]), |level| {
            self.at_level(a, b, level, workspace)
        })?;
        Ok(Estimate::with_error(
            refined.fine,
            refined.error,
            refined.coarse,
        ))
    }

    /// Adds levels until the error estimate of a quantity, relative to its sizes, is below a tolerance.
    ///
    /// # Arguments
    /// * `floors` — errors are relative to the sizes or to these numbers, whichever are larger
    /// * `at_level` — computes the quantity on one level
    ///
    /// # Errors
    /// [`Error::NotConverged`] for `what` at the last level, and the errors of a level.
    pub(super) fn refine_until<V: Refined>(
        &self,
        what: &'static str,
        tolerance: f64,
        floors: KernelPair,
        mut at_level: impl FnMut(LevelIndex) -> Result<V>,
    ) -> Result<Refinements<V>> {
        let steps = self.refinement.steps();
        let mut levels = IndexSet::new(steps);
        levels.add([0, 0], at_level([0, 0])?);
        let mut coarse = levels.value();
        loop {
            let (fine, error) = (levels.value(), levels.error());
            let scale = fine.size().max(floors);
            let relative = |error: KernelPair| {
                larger(ratio(error.nngp, scale.nngp), ratio(error.ntk, scale.ntk))
            };
            let excess = relative(error);
            if excess <= tolerance {
                return Ok(Refinements {
                    fine,
                    error,
                    coarse,
                });
            }
            let next = levels.grow(relative, |level| {
                level.iter().zip(steps).all(|(step, steps)| *step < steps)
                    && self.refinement.admits(level)
            });
            let Some(next) = next else {
                let finest = self.refinement.describe(levels.finest());
                return Err(Error::not_converged(what, excess, tolerance, finest));
            };
            for level in next {
                levels.add(level, at_level(level)?);
            }
            coarse = fine;
        }
    }

    /// Computes the kernels of a block of pairs after the last layer.
    ///
    /// Kernels with a finite feature map are products of the features of all rows and columns. Otherwise, first each wanted pair is pooled;
    /// pairs of vectors are pooled row by row, wanted or not. Then whole rows go through the layers after pooling, so that activations run over contiguous
    /// arrays of columns. Pairs that met a kink at nearly full correlation are computed again with their angle, if the geometry can.
    ///
    /// # Arguments
    /// * `wanted` — whether a pair (row, column within the block) is needed; other pairs keep the pooled value zero at almost no cost
    pub(super) fn block(
        &self,
        (row_set, row_range): (&PreparedSet<R::Level>, Range<usize>),
        (column_set, column_range): (&PreparedSet<R::Level>, Range<usize>),
        wanted: Option<&dyn Fn(usize, usize) -> bool>,
        accuracy: Accuracy,
        workspace: &mut Workspaces<R>,
    ) -> Result<Block> {
        let wanted = |i: usize, j: usize| wanted.is_none_or(|wanted| wanted(i, j));
        let width = column_range.len();
        let len = row_range.len() * width;
        let mut fine = KernelBlock::zeros(len);
        let mut coarse =
            matches!(accuracy, Accuracy::Tolerance(_)).then(|| KernelBlock::zeros(len));
        let row_signals = &row_set.signals[row_range.clone()];
        let column_signals = &column_set.signals[column_range.clone()];
        let products = self.by_products()?;
        if let Some(kernels) = products {
            let sides = [row_signals, column_signals];
            let buffers = &mut workspace.products;
            pooled_products(self.first_level()?, kernels, sides, buffers, &mut fine);
        }
        // A row of products of vectors takes less time than the passes of single pairs.
        let by_rows = products.is_none() && coarse.is_none() && self.recursion.first_alone();
        for (i, a) in row_signals.iter().enumerate() {
            let at = i * width..(i + 1) * width;
            let (nngp, ntk) = (&mut fine.nngp[at.clone()], &mut fine.ntk[at]);
            let others = column_signals.iter().map(|b| &b.signal);
            if by_rows && self.first_level()?.write_products(&a.signal, others, nngp) {
                self.recursion.first_row(nngp, ntk);
                continue;
            }
            for (j, b) in column_signals.iter().enumerate() {
                if products.is_none() && wanted(i, j) {
                    let estimate = self.pooled_pair(a, b, accuracy, workspace)?;
                    fine.set(i * width + j, estimate.fine);
                    if let Some(coarse) = &mut coarse {
                        coarse.set(i * width + j, estimate.coarse);
                    }
                }
            }
        }
        let slack = self.slack();
        let own = row_set.pooled(row_range.clone());
        let columns = column_set.pooled(column_range);
        let geometry = self.first_level()?;
        for (i, row) in row_range.enumerate() {
            let at = i * width..(i + 1) * width;
            let mut close = Vec::new();
            let sides = [
                (Some(&mut fine), &own.fine, &columns.fine),
                (coarse.as_mut(), &own.coarse, &columns.coarse),
            ];
            for (side, own, others) in sides {
                if let Some(KernelBlock { nngp, ntk }) = side {
                    let (nngp, ntk) = (&mut nngp[at.clone()], &mut ntk[at.clone()]);
                    close = self
                        .recursion
                        .advance_row((i, own), others, slack, nngp, ntk)?;
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

    /// The relative amount by which a pooled covariance may exceed its bound.
    pub(super) fn slack(&self) -> f64 {
        match self.control {
            Control::Exact => EXACT_SLACK,
            Control::Fixed => FIXED_SLACK,
            // The bound compares three values, each with its own error. The tolerance is relative to the kernel at r = e, which may
            // exceed the pooled kernel.
            Control::Tolerance(tolerance) => (100.0 * tolerance).clamp(EXACT_SLACK, FIXED_SLACK),
        }
    }
}

/// A quantity at the end of its refinement, its error, and its value before the last step.
pub(super) struct Refinements<V> {
    pub(super) fine: V,
    pub(super) error: KernelPair,
    coarse: V,
}

/// The sizes below which kernels of a pair, or derivatives, are small.
pub(super) fn floors<G: Geometry>(pair: [&Prepared<G>; 2]) -> KernelPair {
    let [a, b] = pair.map(|signal| &signal.own.at_identity);
    KernelPair {
        nngp: FLOOR * geometric_mean(a.nngp, b.nngp),
        ntk: FLOOR * geometric_mean(a.ntk, b.ntk),
    }
}

/// The relative error; zero for an error of zero, whatever the scale.
fn ratio(error: f64, scale: f64) -> f64 {
    if error == 0.0 { 0.0 } else { error / scale }
}
