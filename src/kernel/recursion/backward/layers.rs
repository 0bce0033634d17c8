//! The layers of a network, last to first: after the mean over the group, the fibres of a pair, and a signal with itself.

use crate::activation::{Real, VarianceField};
use crate::kernel::recursion::layers::{FibreBuffers, Recursion};
use crate::kernel::recursion::orientations::{Oriented, Visitor};
use crate::kernel::recursion::place::{Fibres, Gathered, PairPlace, RowPlace, SelfPlace};
use crate::kernel::recursion::steps::{Map, Step, linear, run};
use crate::kernel::recursion::sweep::Buffers;
use crate::kernel::recursion::{Adjoint, Geometry, Side};
use crate::kernel::values::KernelPair;
use crate::{Error, Result};

use super::places::{PairBack, PooledSelfBack, RowBack, Scratch, SelfBack};
use super::tape::{Recording, Tape};
use super::walk::{Pull, back, first_adjoint};

/// Buffers of one thread.
pub(crate) struct PullBuffers<G: Geometry> {
    forwards: FibreBuffers<G::Scalar>,
    backwards: BackBuffers<G>,
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
    tape: Tape<G::Region>,
    pull: Pull,
    scratch: Scratch,
    values: [Vec<G::Scalar>; 2],
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
    fn clear(&mut self, len: usize, activations: usize) {
        self.signal.clear();
        self.signal.resize(len, 0.0);
        self.variances.resize_with(activations, Vec::new);
        self.variances.iter_mut().for_each(Vec::clear);
    }

    /// Gives the arrays of the variances their lengths.
    fn fit<T: Real>(&mut self, variances: &[VarianceField<T>]) {
        self.variances.resize_with(variances.len(), Vec::new);
        for (to, field) in self.variances.iter_mut().zip(variances) {
            to.resize(field.variance().len(), 0.0);
        }
    }
}

/// Adds a multiple of an array; an empty sum stands for zeros.
fn add(sums: &mut Vec<f64>, factor: f64, terms: &[f64]) {
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
    /// [`Error::InvalidNetwork`] for average poolings; [`Error::InLayer`] for an activation that jumps.
    pub(crate) fn check_slopes(&self) -> Result<()> {
        if self.before.len() > 1 {
            return Err(Error::network(
                None,
                "average poolings between layers have no derivatives here",
                "a convolution with a stride",
            ));
        }
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

    /// Carries the cotangents of the variances of one signal before the mean over the group back to the signal.
    ///
    /// # Arguments
    /// * `collected` — one array per activation
    /// * `cotangent` — of the signal; added to
    pub(crate) fn pull_own<G: Geometry>(
        &self,
        plane: (&G, &dyn Adjoint<G>),
        signal: &G::Signal,
        collected: &[Vec<f64>],
        (workspace, buffers): (&mut G::Workspace, &mut PullBuffers<G>),
        cotangent: &mut [f64],
    ) -> Result<()> {
        let PullBuffers {
            forwards,
            backwards,
            ..
        } = buffers;
        let buffers = (&mut forwards.fibres, backwards);
        self.pull_own_with(plane, signal, collected, (workspace, buffers), cotangent)
    }

    fn pull_own_with<G: Geometry>(
        &self,
        (geometry, adjoint): (&G, &dyn Adjoint<G>),
        signal: &G::Signal,
        collected: &[Vec<f64>],
        (workspace, (fibres, buffers)): OwnScratch<'_, G>,
        cotangent: &mut [f64],
    ) -> Result<()> {
        if collected.iter().flatten().all(|entry| *entry == 0.0) {
            return Ok(());
        }
        let (init, filter) = &self.first;
        let steps = &self.before[0].steps;
        let BackBuffers {
            tape,
            pull,
            scratch,
            ..
        } = buffers;
        let mut variances = Vec::new();
        let lifted = geometry.lift_self(filter, signal, workspace, &mut fibres.nngp);
        fibres.ntk.clear();
        fibres.ntk.resize(fibres.nngp.len(), G::Scalar::of(0.0));
        linear(*init, &mut fibres.nngp, &mut fibres.ntk, true);
        tape.clear();
        let place = SelfPlace {
            geometry,
            workspace: &mut *workspace,
            region: lifted,
            variances: &mut variances,
            met: 0,
        };
        let mut recording = Recording {
            place,
            tape: &mut *tape,
        };
        run(steps, &mut recording, fibres)?;
        for zeros in [&mut pull.nngp, &mut pull.ntk] {
            zeros.clear();
            zeros.resize(fibres.nngp.len(), 0.0);
        }
        let mut place = SelfBack {
            adjoint,
            workspace: &mut *workspace,
            tape: &mut *tape,
            collected,
            scratch,
        };
        back(steps, &mut place, pull)?;
        first_adjoint(*init, pull);
        adjoint.lift_self_adjoint(filter, signal, lifted, workspace, &mut pull.nngp, cotangent);
        Ok(())
    }
}

/// Scratch for a signal with itself.
type OwnScratch<'a, G> = (
    &'a mut <G as Geometry>::Workspace,
    (
        &'a mut Fibres<<G as Geometry>::Scalar>,
        &'a mut BackBuffers<G>,
    ),
);

/// The fibres of each orientation, on their way forwards and backwards.
struct Backwards<'a, 'o, G: Geometry> {
    recursion: &'a Recursion,
    geometry: &'a G,
    adjoint: &'a dyn Adjoint<G>,
    /// Of both pooled kernels.
    cotangent: KernelPair,
    buffers: &'a mut BackBuffers<G>,
    /// The cotangents of transformed signals, which are transformed back when an orientation ends.
    turned: &'a mut [SignalPull; 2],
    unused: &'a mut [SignalPull; 2],
    out: [Option<&'o mut SignalPull>; 2],
}

/// One side of a pair in one orientation.
struct Chosen<'a, T: Real> {
    is_turned: bool,
    changes: bool,
    /// The length of the cotangent of the signal.
    len: usize,
    variances: &'a [VarianceField<T>],
}

impl<T: Real> Chosen<'_, T> {
    /// The cotangents to which the fibres of the orientation add.
    fn cotangents<'p>(
        &self,
        out: Option<&'p mut SignalPull>,
        turned: &'p mut SignalPull,
        unused: &'p mut SignalPull,
    ) -> &'p mut SignalPull {
        let pulled = match out {
            None => {
                unused.clear(0, self.variances.len());
                unused
            }
            Some(_) if self.is_turned => {
                if self.changes {
                    turned.clear(self.len, self.variances.len());
                }
                turned
            }
            Some(out) => out,
        };
        pulled.fit(self.variances);
        pulled
    }
}

impl<G: Geometry> Visitor<G> for Backwards<'_, '_, G> {
    fn visit(
        &mut self,
        oriented: Oriented<'_, G>,
        workspace: &mut G::Workspace,
        (fibres, gathered): Buffers<'_, G::Scalar>,
    ) -> Result<()> {
        let Backwards {
            recursion,
            geometry,
            adjoint,
            cotangent,
            ..
        } = *self;
        let Oriented {
            orientation,
            pair,
            is_turned,
            changes,
            variances,
            batches,
        } = oriented;
        let (init, filter) = &recursion.first;
        let steps = &recursion.before[0].steps;
        let BackBuffers {
            tape,
            pull,
            scratch,
            values,
            ..
        } = &mut *self.buffers;
        let wanted = self.out.each_ref().map(Option::is_some);
        let [out_a, out_b] = &mut self.out;
        let [turned_a, turned_b] = &mut *self.turned;
        let [unused_a, unused_b] = &mut *self.unused;
        let choose = |side: usize| Chosen {
            is_turned: is_turned[side],
            changes: changes[side],
            len: adjoint.cotangent_len(pair[side]),
            variances: variances[side],
        };
        let left = choose(0).cotangents(out_a.as_deref_mut(), turned_a, unused_a);
        let right = choose(1).cotangents(out_b.as_deref_mut(), turned_b, unused_b);
        gathered.resize_with(variances[0].len(), Gathered::default);
        for of_activation in gathered.iter_mut() {
            of_activation.family = None;
        }
        for batch in 0..batches {
            let lifted = geometry.lift(pair, filter, batch, workspace, &mut fibres.nngp);
            fibres.ntk.resize(fibres.nngp.len(), G::Scalar::of(0.0));
            linear(*init, &mut fibres.nngp, &mut fibres.ntk, true);
            tape.clear();
            let place = PairPlace {
                geometry,
                workspace: &mut *workspace,
                region: lifted,
                variances: variances.map(|of_signal| of_signal.iter()),
                gathered: gathered.iter_mut(),
            };
            let mut recording = Recording {
                place,
                tape: &mut *tape,
            };
            run(steps, &mut recording, fibres)?;
            let region = recording.place.region;
            adjoint.spread(region, cotangent.nngp, &mut pull.nngp);
            adjoint.spread(region, cotangent.ntk, &mut pull.ntk);
            let mut place = PairBack {
                geometry,
                adjoint,
                workspace: &mut *workspace,
                tape: &mut *tape,
                variances,
                collected: [&mut left.variances, &mut right.variances],
                scratch: &mut *scratch,
                gathered: &mut *values,
            };
            back(steps, &mut place, pull)?;
            first_adjoint(*init, pull);
            let cotangents = [
                wanted[0].then_some(&mut left.signal[..]),
                wanted[1].then_some(&mut right.signal[..]),
            ];
            let fibres = &mut pull.nngp;
            adjoint.lift_adjoint(pair, filter, lifted, workspace, fibres, cotangents);
        }
        let cotangents = [
            wanted[0].then_some(&mut left.signal[..]),
            wanted[1].then_some(&mut right.signal[..]),
        ];
        adjoint.begin_adjoint(pair, orientation, workspace, cotangents)
    }

    fn leave(
        &mut self,
        side: Side,
        orientation: usize,
        signal: &G::Signal,
        workspace: &mut G::Workspace,
        (fibres, _): Buffers<'_, G::Scalar>,
    ) -> Result<()> {
        let number = match side {
            Side::Left => 0,
            Side::Right => 1,
        };
        let Some(out) = &mut self.out[number] else {
            return Ok(());
        };
        let turned = &mut self.turned[number];
        let SignalPull {
            signal: cotangent,
            variances,
        } = turned;
        self.recursion.pull_own_with(
            (self.geometry, self.adjoint),
            signal,
            variances,
            (workspace, (fibres, self.buffers)),
            cotangent,
        )?;
        self.adjoint
            .turn_back(side, orientation, cotangent, workspace, &mut out.signal)
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
