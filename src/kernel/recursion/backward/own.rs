//! The stages of layers before the mean over the group, last to first: a signal with itself, and pairs of signals with average poolings between
//! the stages.

use crate::Result;
use crate::activation::VarianceField;
use crate::kernel::recursion::layers::Recursion;
use crate::kernel::recursion::place::Fibres;
use crate::kernel::recursion::sweep::{Buffers, Sweep};
use crate::kernel::recursion::{Adjoint, Geometry};
use crate::kernel::values::KernelPair;

use super::layers::{BackBuffers, PullBuffers, SignalPull, add};
use super::places::{PairBack, SelfBack};
use super::walk::{back, first_adjoint};

impl Recursion {
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
        let buffers = ((&mut forwards.fibres, &mut forwards.gathered), backwards);
        self.pull_own_with(plane, signal, collected, (workspace, buffers), cotangent)
    }

    /// The stages are left from the last to the first. The start of a stage after a pooling needs fibres of the signal with itself beside the
    /// fibre r = e; they add to the cotangents of the variances of the stages before.
    pub(super) fn pull_own_with<G: Geometry>(
        &self,
        (geometry, adjoint): (&G, &dyn Adjoint<G>),
        signal: &G::Signal,
        collected: &[Vec<f64>],
        (workspace, ((fibres, gathered), buffers)): OwnScratch<'_, G>,
        cotangent: &mut [f64],
    ) -> Result<()> {
        if collected.iter().flatten().all(|entry| *entry == 0.0) {
            return Ok(());
        }
        let (init, filter) = &self.first;
        let (mut variances, mut records) = (Vec::new(), Vec::new());
        self.own_recorded(
            geometry,
            signal,
            workspace,
            (&mut *fibres, &mut *gathered),
            &mut variances,
            Some(&mut records),
        )?;
        let mut collected = collected.to_vec();
        // The cotangents of the kernel at r = e after each stage.
        let mut ends: Vec<Vec<f64>> = records.iter().map(|record| vec![0.0; record.len]).collect();
        for (number, record) in records.iter_mut().enumerate().rev() {
            let stage = &self.before[number];
            let BackBuffers { pull, scratch, .. } = &mut *buffers;
            pull.nngp.clone_from(&ends[number]);
            pull.ntk.clear();
            pull.ntk.resize(record.len, 0.0);
            // The tape of the first stage has the steps before the first weights too.
            let of_tape = match number {
                0 => 0..stage.activations.end,
                _ => stage.activations.clone(),
            };
            let mut place = SelfBack {
                geometry,
                adjoint,
                workspace: &mut *workspace,
                tape: &mut record.tape,
                variances: &variances[of_tape.clone()],
                collected: &collected[of_tape],
                scratch,
            };
            back(&stage.steps, &mut place, pull)?;
            let start = record.regions[0];
            if number == 0 {
                first_adjoint(*init, &self.input, &mut place, pull)?;
                let fibres = &mut pull.nngp;
                adjoint.lift_self_adjoint(filter, signal, start, workspace, fibres, cotangent);
                continue;
            }
            let of_start = pull.nngp.clone();
            for link in stage.links.iter().filter(|link| link.pooling.is_none()) {
                add(&mut ends[link.from], 1.0, &of_start);
            }
            let seed = Seed::Start {
                stage: number,
                cotangent: of_start,
            };
            for (index, link) in stage.links.iter().enumerate() {
                if link.pooling.is_none() {
                    continue;
                }
                let batches = geometry.begin_own(signal, (number, index), workspace);
                let oriented = ([signal, signal], batches, [&variances[..], &variances[..]]);
                let mut sides = [SignalPull::default(), SignalPull::default()];
                for side in &mut sides {
                    side.clear(cotangent.len(), variances.len());
                    side.fit(&variances);
                }
                let [left, right] = &mut sides;
                self.pull_stages(
                    (geometry, adjoint),
                    oriented,
                    &seed,
                    ([left, right], [true; 2]),
                    (
                        &mut *workspace,
                        ((&mut *fibres, &mut *gathered), &mut *buffers),
                    ),
                )?;
                for side in sides {
                    for (sum, term) in cotangent.iter_mut().zip(&side.signal) {
                        *sum += term;
                    }
                    for (sums, terms) in collected.iter_mut().zip(&side.variances) {
                        add(sums, 1.0, terms);
                    }
                }
            }
        }
        Ok(())
    }

    /// Carries all fibres of a pair through several stages, and pulls cotangents back. The record of all fibres is kept until then, since a
    /// fibre of a stage adds to many of the next one.
    ///
    /// # Arguments
    /// * `oriented` — the pair, the number of its batches, and the variances of both signals
    /// * `seed` — the cotangents to begin with
    /// * `out` — the cotangents to which to add, and whether those of the signals themselves are wanted
    pub(super) fn pull_stages<G: Geometry>(
        &self,
        (geometry, adjoint): (&G, &dyn Adjoint<G>),
        (pair, batches, variances): OrientedPair<'_, G>,
        seed: &Seed,
        ([left, right], wanted): ([&mut SignalPull; 2], [bool; 2]),
        (workspace, (forwards, buffers)): OwnScratch<'_, G>,
    ) -> Result<()> {
        let (init, filter) = &self.first;
        let mut records: Vec<_> = self.before.iter().map(|_| Vec::new()).collect();
        let end = match seed {
            Seed::Pooled(_) => usize::MAX,
            Seed::Start { stage, .. } => *stage,
        };
        let mut nothing = |_, _: &Fibres<G::Scalar>| {};
        let sweep = Sweep::new(geometry, &mut *workspace, forwards, variances, &mut nothing);
        self.sweep(pair, batches, &mut sweep.recorded(end, &mut records))?;
        if let Seed::Start { stage, cotangent } = seed {
            let zeros = vec![0.0; cotangent.len()];
            let region = geometry.identity(*stage);
            adjoint.resume_adjoint(*stage, region, workspace, [cotangent, &zeros]);
        }
        let BackBuffers {
            pull,
            scratch,
            values,
            ..
        } = buffers;
        for (number, of_stage) in records.iter_mut().enumerate().rev() {
            let stage = &self.before[number];
            for record in of_stage.iter_mut().rev() {
                let [start, end] = record.regions;
                match seed {
                    Seed::Pooled(cotangent) if number + 1 == self.before.len() => {
                        adjoint.spread(end, cotangent.nngp, &mut pull.nngp);
                        adjoint.spread(end, cotangent.ntk, &mut pull.ntk);
                    }
                    _ => {
                        let fibres = [&mut pull.nngp, &mut pull.ntk];
                        adjoint.pass_on_adjoint(number, end, workspace, fibres);
                    }
                }
                let mut place = PairBack {
                    geometry,
                    adjoint,
                    workspace: &mut *workspace,
                    tape: &mut record.tape,
                    variances,
                    collected: [&mut left.variances, &mut right.variances],
                    scratch: &mut *scratch,
                    first: stage.activations.start,
                    gathered: &mut *values,
                };
                back(&stage.steps, &mut place, pull)?;
                if number > 0 {
                    let kernels = [&pull.nngp[..], &pull.ntk[..]];
                    adjoint.resume_adjoint(number, start, workspace, kernels);
                    continue;
                }
                first_adjoint(*init, &self.input, &mut place, pull)?;
                let cotangents = [
                    wanted[0].then_some(&mut left.signal[..]),
                    wanted[1].then_some(&mut right.signal[..]),
                ];
                let fibres = &mut pull.nngp;
                adjoint.lift_adjoint(pair, filter, start, workspace, fibres, cotangents);
            }
        }
        Ok(())
    }
}

/// The cotangents with which the way backwards through several stages begins.
pub(super) enum Seed {
    /// The cotangents of both pooled kernels.
    Pooled(KernelPair),
    /// The cotangents of the kernel of the fibre r = e at the start of a stage.
    Start { stage: usize, cotangent: Vec<f64> },
}

/// A pair of signals in one orientation, the number of its batches, and the variances of both signals.
pub(super) type OrientedPair<'a, G> = (
    [&'a <G as Geometry>::Signal; 2],
    usize,
    [&'a [VarianceField<<G as Geometry>::Scalar>]; 2],
);

/// Scratch for a signal with itself.
pub(super) type OwnScratch<'a, G> = (
    &'a mut <G as Geometry>::Workspace,
    (Buffers<'a, <G as Geometry>::Scalar>, &'a mut BackBuffers<G>),
);
