//! The layers of a network, last to first: after the mean over the group, the fibres of a pair, and a signal with itself.

use crate::activation::{Real, VarianceField};
use crate::kernel::recursion::layers::Recursion;
use crate::kernel::recursion::place::{Fibres, Gathered, PairPlace, RowPlace, SelfPlace};
use crate::kernel::recursion::steps::{Map, Step, linear, run};
use crate::kernel::recursion::{Adjoint, Geometry};
use crate::kernel::values::KernelPair;
use crate::{Error, Result};

use super::places::{PairBack, PooledSelfBack, RowBack, Scratch, SelfBack};
use super::tape::{Recording, Tape};
use super::walk::{Pull, back, first_adjoint};

/// Buffers of one thread.
pub(crate) struct PullBuffers<G: Geometry> {
    fibres: Fibres<G::Scalar>,
    gathered: Vec<Gathered<G::Scalar>>,
    /// The variances of both signals, if they are functions.
    variances: [Vec<VarianceField<G::Scalar>>; 2],
    tape: Tape<G::Region>,
    pull: Pull,
    scratch: Scratch,
    values: [Vec<G::Scalar>; 2],
    /// The cotangents of a transformed signal.
    turned: SignalPull,
    rows: Fibres<f64>,
    row_tape: Tape<()>,
}

impl<G: Geometry> Default for PullBuffers<G> {
    fn default() -> Self {
        PullBuffers {
            fibres: Fibres::default(),
            gathered: Vec::new(),
            variances: [Vec::new(), Vec::new()],
            tape: Tape::default(),
            pull: Pull::default(),
            scratch: Scratch::default(),
            values: [Vec::new(), Vec::new()],
            turned: SignalPull::default(),
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
        add(&mut self.signal, &other.signal);
        if self.variances.len() < other.variances.len() {
            self.variances.resize_with(other.variances.len(), Vec::new);
        }
        for (sums, terms) in self.variances.iter_mut().zip(&other.variances) {
            add(sums, terms);
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

/// Adds arrays; an empty one stands for zeros.
fn add(sums: &mut Vec<f64>, terms: &[f64]) {
    if sums.is_empty() {
        sums.extend_from_slice(terms);
    } else {
        for (sum, term) in sums.iter_mut().zip(terms) {
            *sum += term;
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
        let PullBuffers {
            rows,
            row_tape,
            pull,
            scratch,
            ..
        } = buffers;
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
        let PullBuffers { pull, scratch, .. } = buffers;
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
        [a, b]: [&G::Signal; 2],
        own: [&[VarianceField<G::Scalar>]; 2],
        cotangent: KernelPair,
        (workspace, buffers): (&mut G::Workspace, &mut PullBuffers<G>),
        mut out: [Option<&mut SignalPull>; 2],
    ) -> Result<()> {
        let (init, filter) = &self.first;
        let steps = &self.before[0].steps;
        let pair = [a, b];
        let mut turned = [None, None];
        let mut unused = [SignalPull::default(), SignalPull::default()];
        for orientation in 0..geometry.orientation_count(pair, workspace)? {
            let changed = geometry.turn(pair, orientation, &mut turned, workspace)?;
            let [turned_a, turned_b] = &turned;
            let pair = [
                turned_a.as_ref().unwrap_or(a),
                turned_b.as_ref().unwrap_or(b),
            ];
            let is_stored: [bool; 2] = std::array::from_fn(|side| {
                G::STORED || (turned[side].is_none() && !own[side].is_empty())
            });
            for side in [0, 1] {
                if changed[side] && !is_stored[side] {
                    let PullBuffers {
                        fibres,
                        gathered,
                        variances,
                        ..
                    } = buffers;
                    let variances = &mut variances[side];
                    self.own(
                        geometry,
                        pair[side],
                        workspace,
                        (fibres, gathered),
                        variances,
                    )?;
                }
            }
            let batches = geometry.begin(pair, orientation, workspace);
            let PullBuffers {
                fibres,
                gathered,
                variances: computed,
                tape,
                pull,
                scratch,
                values,
                turned: of_turned,
                ..
            } = &mut *buffers;
            let variances: [&[VarianceField<G::Scalar>]; 2] =
                std::array::from_fn(|side| match is_stored[side] {
                    true => own[side],
                    false => &computed[side][..],
                });
            // A transformed signal has cotangents of its own, which are transformed back after its last batch.
            let is_turned = [turned_a.is_some(), turned_b.is_some()];
            assert!(!is_turned[0], "only second signals are transformed");
            if is_turned[1] {
                of_turned.clear(adjoint.cotangent_len(b), variances[1].len());
            }
            let [first, second] = &mut out;
            let [no_first, no_second] = &mut unused;
            let wanted = [first.is_some(), second.is_some()];
            let mut sides = [
                first.as_deref_mut().unwrap_or(no_first),
                match is_turned[1] {
                    true => &mut *of_turned,
                    false => second.as_deref_mut().unwrap_or(no_second),
                },
            ];
            for (pulled, variances) in sides.iter_mut().zip(variances) {
                pulled.fit(variances);
            }
            gathered.resize_with(variances[0].len(), Gathered::default);
            for of_activation in gathered.iter_mut() {
                of_activation.family = None;
            }
            for batch in 0..batches {
                let region = geometry.lift(pair, filter, batch, workspace, &mut fibres.nngp);
                let lifted = region;
                fibres.ntk.resize(fibres.nngp.len(), G::Scalar::of(0.0));
                linear(*init, &mut fibres.nngp, &mut fibres.ntk, true);
                tape.clear();
                let place = PairPlace {
                    geometry,
                    workspace: &mut *workspace,
                    region,
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
                let [left, right] = &mut sides;
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
            if is_turned[1] && wanted[1] {
                let mut of_turned = std::mem::take(&mut buffers.turned);
                let SignalPull { signal, variances } = &mut of_turned;
                self.pull_own(
                    (geometry, adjoint),
                    pair[1],
                    variances,
                    workspace,
                    buffers,
                    signal,
                )?;
                if let Some(second) = &mut out[1] {
                    adjoint.turn_back(orientation, signal, &mut second.signal);
                }
                buffers.turned = of_turned;
            }
        }
        Ok(())
    }

    /// Carries the cotangents of the variances of one signal before the mean over the group back to the signal.
    ///
    /// # Arguments
    /// * `collected` — one array per activation
    /// * `cotangent` — of the signal; added to
    pub(crate) fn pull_own<G: Geometry>(
        &self,
        (geometry, adjoint): (&G, &dyn Adjoint<G>),
        signal: &G::Signal,
        collected: &[Vec<f64>],
        workspace: &mut G::Workspace,
        buffers: &mut PullBuffers<G>,
        cotangent: &mut [f64],
    ) -> Result<()> {
        if collected.iter().flatten().all(|entry| *entry == 0.0) {
            return Ok(());
        }
        let (init, filter) = &self.first;
        let steps = &self.before[0].steps;
        let PullBuffers {
            fibres,
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
