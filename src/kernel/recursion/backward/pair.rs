//! The fibres of a pair of signals in each orientation, forwards and backwards.

use crate::Result;
use crate::activation::{Real, VarianceField};
use crate::kernel::recursion::layers::Recursion;
use crate::kernel::recursion::orientations::{Oriented, Visitor};
use crate::kernel::recursion::place::{Gathered, POOLED_NOISE, PairPlace};
use crate::kernel::recursion::steps::{linear, run};
use crate::kernel::recursion::sweep::Buffers;
use crate::kernel::recursion::tape::Recording;
use crate::kernel::recursion::{Adjoint, Geometry, Side};
use crate::kernel::values::KernelPair;

use super::layers::{BackBuffers, SignalPull};
use super::own::Seed;
use super::places::PairBack;
use super::walk::{back, first_adjoint};

/// The fibres of each orientation, on their way forwards and backwards.
pub(super) struct Backwards<'a, 'o, G: Geometry> {
    pub(super) recursion: &'a Recursion,
    pub(super) geometry: &'a G,
    pub(super) adjoint: &'a dyn Adjoint<G>,
    /// The cotangents of both pooled kernels.
    pub(super) cotangent: KernelPair,
    pub(super) buffers: &'a mut BackBuffers<G>,
    /// The cotangents of transformed signals, which are transformed back when an orientation ends.
    pub(super) turned: &'a mut [SignalPull; 2],
    pub(super) unused: &'a mut [SignalPull; 2],
    pub(super) out: [Option<&'o mut SignalPull>; 2],
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
        if recursion.before.len() > 1 {
            let seed = Seed::Pooled(cotangent);
            let scratch = (workspace, ((fibres, gathered), &mut *self.buffers));
            let oriented = (pair, batches, variances);
            let out = ([left, right], wanted);
            return recursion.pull_stages((geometry, adjoint), oriented, &seed, out, scratch);
        }
        let (init, filter) = &recursion.first;
        let steps = &recursion.before[0].steps;
        let BackBuffers {
            tape,
            pull,
            scratch,
            values,
            ..
        } = &mut *self.buffers;
        gathered.resize_with(variances[0].len(), Gathered::default);
        for of_activation in gathered.iter_mut() {
            of_activation.family = None;
        }
        for batch in 0..batches {
            let lifted = geometry.lift(pair, filter, batch, workspace, &mut fibres.nngp);
            fibres.ntk.resize(fibres.nngp.len(), G::Scalar::of(0.0));
            tape.clear();
            let place = PairPlace {
                geometry,
                workspace: &mut *workspace,
                region: lifted,
                variances: variances.map(|of_signal| of_signal.iter()),
                gathered: gathered.iter_mut(),
                noise: POOLED_NOISE,
            };
            let mut recording = Recording {
                place,
                tape: &mut *tape,
            };
            if !recursion.input.is_empty() {
                fibres.ntk.fill(G::Scalar::of(0.0));
                run(&recursion.input, &mut recording, fibres)?;
            }
            linear(*init, &mut fibres.nngp, &mut fibres.ntk, true);
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
                first: 0,
                gathered: &mut *values,
            };
            back(steps, &mut place, pull)?;
            first_adjoint(*init, &recursion.input, &mut place, pull)?;
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
        fibres: Buffers<'_, G::Scalar>,
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
