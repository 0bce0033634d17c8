//! The layers of a network, last to first: after the mean over the group, and the entry to those before it.

use crate::Result;
use crate::activation::{Real, VarianceField};
use crate::kernel::recursion::layers::{FibreBuffers, Recursion};
use crate::kernel::recursion::place::{Fibres, RowPlace};
use crate::kernel::recursion::steps::{Map, Step, run};
use crate::kernel::recursion::tape::{Recording, Tape};
use crate::kernel::recursion::{Adjoint, Geometry};
use crate::kernel::values::KernelPair;

use super::pair::Backwards;
use super::places::{PooledSelfBack, RowBack, Scratch};
use super::walk::{Pull, back};

/// Buffers of one thread.
pub(crate) struct PullBuffers<G: Geometry> {
    pub(super) forwards: FibreBuffers<G::Scalar>,
    pub(super) backwards: BackBuffers<G>,
    /// The cotangents of transformed signals.
    turned: [SignalPull; 2],
    /// The cotangents of signals that nobody asked for.
    unused: [SignalPull; 2],
}

impl<G: Geometry> Default for PullBuffers<G> {
    fn default() -> Self {
        PullBuffers {
            forwards: FibreBuffers::default(),
            backwards: BackBuffers::default(),
            turned: [SignalPull::default(), SignalPull::default()],
            unused: [SignalPull::default(), SignalPull::default()],
        }
    }
}

/// Buffers of the way backwards.
pub(super) struct BackBuffers<G: Geometry> {
    pub(super) tape: Tape<G::Region>,
    pub(super) pull: Pull,
    pub(super) scratch: Scratch,
    pub(super) values: [Vec<G::Scalar>; 2],
    rows: Fibres<f64>,
    row_tape: Tape<()>,
}

impl<G: Geometry> Default for BackBuffers<G> {
    fn default() -> Self {
        BackBuffers {
            tape: Tape::default(),
            pull: Pull::default(),
            scratch: Scratch::default(),
            values: [Vec::new(), Vec::new()],
            rows: Fibres::default(),
            row_tape: Tape::default(),
        }
    }
}

/// The cotangents of one signal and of its variances before the mean over the group.
#[derive(Debug, Clone, Default)]
pub(crate) struct SignalPull {
    pub(crate) signal: Vec<f64>,
    /// One array per activation.
    pub(crate) variances: Vec<Vec<f64>>,
}

impl SignalPull {
    /// Adds the cotangents of other pairs of the same signal.
    pub(crate) fn add(&mut self, other: &SignalPull) {
        self.add_scaled(1.0, other);
    }

    /// Adds a multiple of the cotangents of other pairs of the same signal.
    pub(crate) fn add_scaled(&mut self, factor: f64, other: &SignalPull) {
        add(&mut self.signal, factor, &other.signal);
        if self.variances.len() < other.variances.len() {
            self.variances.resize_with(other.variances.len(), Vec::new);
        }
        for (sums, terms) in self.variances.iter_mut().zip(&other.variances) {
            add(sums, factor, terms);
        }
    }

    /// Cotangents that are zero, of the same signal.
    pub(crate) fn zeroed(&self) -> SignalPull {
        SignalPull {
            signal: vec![0.0; self.signal.len()],
            variances: Vec::new(),
        }
    }

    /// Sets all cotangents to zero.
    pub(super) fn clear(&mut self, len: usize, activations: usize) {
        self.signal.clear();
        self.signal.resize(len, 0.0);
        self.variances.resize_with(activations, Vec::new);
        self.variances.iter_mut().for_each(Vec::clear);
    }

    /// Gives the arrays of the variances their lengths.
    pub(super) fn fit<T: Real>(&mut self, variances: &[VarianceField<T>]) {
        self.variances.resize_with(variances.len(), Vec::new);
        for (to, field) in self.variances.iter_mut().zip(variances) {
            to.resize(field.variance().len(), 0.0);
        }
    }
}

/// Adds a multiple of an array; an empty sum stands for zeros.
pub(super) fn add(sums: &mut Vec<f64>, factor: f64, terms: &[f64]) {
    if sums.is_empty() {
        sums.extend(terms.iter().map(|term| factor * term));
    } else {
        for (sum, term) in sums.iter_mut().zip(terms) {
            *sum += factor * term;
        }
    }
}

/// The cotangents of the variances after the pooling that a row of pairs leaves.
pub(crate) struct TailPull<'a> {
    /// One number per activation.
    pub(crate) row: &'a mut [f64],
    /// One array per activation.
    pub(crate) columns: &'a mut [Vec<f64>],
}

impl Recursion {
    /// Refuses layers without derivatives.
    ///
    /// # Errors
    /// [`Error::InLayer`](crate::Error::InLayer) for an activation that jumps.
    pub(crate) fn check_slopes(&self) -> Result<()> {
        let stages = self.before.iter().map(|stage| &stage.steps);
        for steps in stages.chain([&self.input, &self.after]) {
            check_steps(steps)?;
        }
        Ok(())
    }

    /// The number of activations after the mean over the group.
    pub(crate) fn tail_activations(&self) -> usize {
        crate::kernel::recursion::steps::count_activations(&self.after)
    }

    /// Whether any layer follows the mean over the group.
    pub(crate) fn has_tail(&self) -> bool {
        !self.after.is_empty()
    }

    /// Pulls the cotangents of a row of kernels back through the layers after the pooling.
    ///
    /// # Arguments
    /// * `variances` — the point of the row's signal in each field, its fields, and the fields of the columns
    /// * `slack` — as for [`Recursion::advance_row`]
    /// * `pooled` — both kernels after the pooling; not read if no activation follows
    /// * `cotangents` — of both kernels after the last layer; replaced by those of the pooled kernels
    pub(crate) fn pull_row<G: Geometry>(
        &self,
        ((row, row_variances), column_variances): ((usize, &[VarianceField]), &[VarianceField]),
        slack: f64,
        pooled: [&[f64]; 2],
        cotangents: [&mut [f64]; 2],
        out: TailPull<'_>,
        buffers: &mut PullBuffers<G>,
    ) -> Result<()> {
        let BackBuffers {
            rows,
            row_tape,
            pull,
            scratch,
            ..
        } = &mut buffers.backwards;
        row_tape.clear();
        if self.activates_after_pooling() {
            let mut close = vec![false; pooled[0].len()];
            for (to, from) in [&mut rows.nngp, &mut rows.ntk].into_iter().zip(pooled) {
                to.clear();
                to.extend_from_slice(from);
            }
            let place = RowPlace {
                row,
                row_variances: row_variances.iter(),
                column_variances: column_variances.iter(),
                slack,
                close: &mut close,
            };
            let mut recording = Recording {
                place,
                tape: &mut *row_tape,
            };
            run(&self.after, &mut recording, rows)?;
        }
        let [nngp, ntk] = cotangents;
        for (to, from) in [(&mut pull.nngp, &*nngp), (&mut pull.ntk, &*ntk)] {
            to.clear();
            to.extend_from_slice(from);
        }
        let mut place = RowBack {
            tape: row_tape,
            row,
            row_variances,
            column_variances,
            to_row: out.row,
            to_columns: out.columns,
            scratch,
        };
        back(&self.after, &mut place, pull)?;
        nngp.copy_from_slice(&pull.nngp);
        ntk.copy_from_slice(&pull.ntk);
        Ok(())
    }

    /// Carries the cotangents of the variances of one signal after the pooling back. Returns the cotangent of its pooled kernel with itself.
    ///
    /// # Arguments
    /// * `point`, `variances` — the point of the signal in the fields of the activations
    /// * `collected` — the cotangents of its variances
    pub(crate) fn pull_pooled_self<G: Geometry>(
        &self,
        (point, variances): (usize, &[VarianceField]),
        collected: &[f64],
        buffers: &mut PullBuffers<G>,
    ) -> Result<f64> {
        let BackBuffers { pull, scratch, .. } = &mut buffers.backwards;
        for zero in [&mut pull.nngp, &mut pull.ntk] {
            zero.clear();
            zero.push(0.0);
        }
        let mut place = PooledSelfBack {
            left: variances.len(),
            point,
            variances,
            collected,
            scratch,
        };
        back(&self.after, &mut place, pull)?;
        Ok(pull.nngp[0])
    }

    /// Pulls the cotangents of the pooled kernels of one pair back to both signals.
    ///
    /// # Arguments
    /// * `own` — the variances of both signals, if they are kept
    /// * `cotangent` — of both pooled kernels
    /// * `out` — adds to the cotangents of those of both signals that are given, and of their variances
    pub(crate) fn pull_pair<G: Geometry>(
        &self,
        (geometry, adjoint): (&G, &dyn Adjoint<G>),
        pair: [&G::Signal; 2],
        own: [&[VarianceField<G::Scalar>]; 2],
        cotangent: KernelPair,
        (workspace, buffers): (&mut G::Workspace, &mut PullBuffers<G>),
        out: [Option<&mut SignalPull>; 2],
    ) -> Result<()> {
        let PullBuffers {
            forwards,
            backwards,
            turned,
            unused,
        } = buffers;
        let mut visitor = Backwards {
            recursion: self,
            geometry,
            adjoint,
            cotangent,
            buffers: backwards,
            turned,
            unused,
            out,
        };
        self.visit_orientations((geometry, workspace), pair, own, forwards, &mut visitor)
    }
}

fn check_steps(steps: &[Step]) -> Result<()> {
    for Step { layer, map } in steps {
        match map {
            Map::Activation(activation) => activation
                .check_slopes()
                .map_err(|error| error.in_layer(*layer))?,
            Map::Sum(branches) => branches.iter().try_for_each(|branch| check_steps(branch))?,
            Map::Jumping(blocks) => blocks.iter().try_for_each(|block| check_steps(block))?,
            Map::Linear(..) | Map::Aggregation(_) => {}
        }
    }
    Ok(())
}
