//! Sweeps over the fibres of a pair of signals, and the variances of a signal, from stage to stage.

use crate::Result;
use crate::activation::{Precision, Real, VarianceField};

use super::geometry::Geometry;
use super::layers::Recursion;
use super::place::{Fibres, Gathered, POOLED_NOISE, PairPlace, SelfPlace};
use super::steps::{add, check_range, largest, linear, run, run_own};
use super::tape::{Record, Recording, Tape};

/// Buffers of a sweep: the fibres of a batch, and the variances for the current families, one entry per activation.
pub(super) type Buffers<'a, T> = (&'a mut Fibres<T>, &'a mut Vec<Gathered<T>>);

/// One pass over the fibres of a pair.
pub(super) struct Sweep<'a, G: Geometry> {
    geometry: &'a G,
    workspace: &'a mut G::Workspace,
    fibres: &'a mut Fibres<G::Scalar>,
    gathered: &'a mut [Gathered<G::Scalar>],
    /// The variances of both signals before each activation of the stages of the sweep.
    variances: [&'a [VarianceField<G::Scalar>]; 2],
    /// The sweep ends before this stage.
    end: usize,
    /// Takes each batch after the last stage.
    visit: &'a mut Visit<'a, G>,
    /// Records of all batches, stage by stage, if the way backwards needs them.
    records: Option<&'a mut [Vec<Record<G::Region>>]>,
}

/// What becomes of the batches after the last layer before the mean over the group.
pub(super) type Visit<'a, G> =
    dyn FnMut(<G as Geometry>::Region, &Fibres<<G as Geometry>::Scalar>) + 'a;

impl<'a, G: Geometry> Sweep<'a, G> {
    /// Makes a sweep through all stages.
    pub(super) fn new(
        geometry: &'a G,
        workspace: &'a mut G::Workspace,
        (fibres, gathered): Buffers<'a, G::Scalar>,
        variances: [&'a [VarianceField<G::Scalar>]; 2],
        visit: &'a mut Visit<'a, G>,
    ) -> Self {
        gathered.resize_with(variances[0].len(), Gathered::default);
        for of_activation in gathered.iter_mut() {
            of_activation.family = None;
        }
        Sweep {
            geometry,
            workspace,
            fibres,
            gathered,
            variances,
            end: usize::MAX,
            visit,
            records: None,
        }
    }

    /// Records all batches of the stages before `end`.
    pub(super) fn recorded(
        mut self,
        end: usize,
        records: &'a mut [Vec<Record<G::Region>>],
    ) -> Self {
        (self.end, self.records) = (end, Some(records));
        self
    }
}

/// A signal with itself, as far as the stages before a stage.
struct Before<'a, T: Real> {
    /// The variances before each activation.
    variances: &'a [VarianceField<T>],
    /// Both kernels at r = e after the last step of each stage.
    ends: &'a [[Vec<T>; 2]],
}

impl Recursion {
    /// Lifts all batches of fibres of a pair and carries them through the stages of the sweep.
    ///
    /// # Arguments
    /// * `batches` — the number of batches of the first stage
    pub(super) fn sweep<G: Geometry>(
        &self,
        pair: [&G::Signal; 2],
        batches: usize,
        sweep: &mut Sweep<'_, G>,
    ) -> Result<()> {
        let (init, filter) = &self.first;
        for batch in 0..batches {
            let Fibres { nngp, ntk, .. } = &mut *sweep.fibres;
            let region = sweep
                .geometry
                .lift(pair, filter, batch, sweep.workspace, nngp);
            // The first linear layer overwrites the tangent kernel.
            ntk.resize(nngp.len(), G::Scalar::of(0.0));
            if !self.input.is_empty() {
                ntk.fill(G::Scalar::of(0.0));
                let mut place = PairPlace {
                    geometry: sweep.geometry,
                    workspace: &mut *sweep.workspace,
                    region,
                    variances: sweep
                        .variances
                        .map(|of_signal| of_signal[..self.input_activations].iter()),
                    gathered: sweep.gathered[..self.input_activations].iter_mut(),
                    noise: G::Scalar::NOISE,
                };
                run(&self.input, &mut place, sweep.fibres)?;
            }
            let Fibres { nngp, ntk, .. } = &mut *sweep.fibres;
            linear(*init, nngp, ntk, true);
            self.advance(0, region, sweep)?;
        }
        Ok(())
    }

    /// Carries a batch through the steps of a stage, and all batches that are then complete through later stages.
    fn advance<G: Geometry>(
        &self,
        number: usize,
        region: G::Region,
        sweep: &mut Sweep<'_, G>,
    ) -> Result<()> {
        let (stage, geometry) = (&self.before[number], sweep.geometry);
        let activations = stage.activations.clone();
        let mut place = PairPlace {
            geometry,
            workspace: &mut *sweep.workspace,
            region,
            variances: sweep
                .variances
                .map(|of_signal| of_signal[activations.clone()].iter()),
            gathered: sweep.gathered[activations].iter_mut(),
            // The way backwards treats copies so, and both ways must agree.
            noise: match sweep.records {
                Some(_) => POOLED_NOISE,
                None => G::Scalar::NOISE,
            },
        };
        let region = match &mut sweep.records {
            None => {
                run(&stage.steps, &mut place, sweep.fibres)?;
                place.region
            }
            Some(records) => {
                let mut tape = Tape::default();
                let mut recording = Recording {
                    place,
                    tape: &mut tape,
                };
                run(&stage.steps, &mut recording, sweep.fibres)?;
                let end = recording.place.region;
                records[number].push(Record {
                    regions: [region, end],
                    len: sweep.fibres.nngp.len(),
                    tape,
                });
                end
            }
        };
        if number + 1 == self.before.len() {
            (sweep.visit)(region, sweep.fibres);
            return Ok(());
        }
        let Fibres { nngp, ntk, .. } = &*sweep.fibres;
        geometry.pass_on(number, region, sweep.workspace, [nngp, ntk]);
        for next in number + 1..self.before.len().min(sweep.end) {
            loop {
                let Fibres { nngp, ntk, .. } = &mut *sweep.fibres;
                let Some(region) = geometry.resume(next, sweep.workspace, [nngp, ntk]) else {
                    break;
                };
                self.advance(next, region, sweep)?;
            }
        }
        Ok(())
    }

    /// Carries a signal with itself through the layers before the mean over the group, and writes its variances.
    ///
    /// Variances are found stage by stage: those at the start of a stage that follows a pooling need fibres of the signal with itself
    /// beside the fibre r = e, and these need the variances of the stages before.
    ///
    /// Poolings at the end are left out, since no activation needs the variances after them and their fibres are as many as those of a pair. The
    /// kernels before them are a bound: a mean of covariances is at most the mean of the variances.
    ///
    /// Returns the region on which the kernels are known.
    pub(super) fn own<G: Geometry>(
        &self,
        geometry: &G,
        signal: &G::Signal,
        workspace: &mut G::Workspace,
        buffers: Buffers<'_, G::Scalar>,
        variances: &mut Vec<VarianceField<G::Scalar>>,
    ) -> Result<G::Region> {
        self.own_recorded(geometry, signal, workspace, buffers, variances, None)
    }

    /// Does the work of [`own`](Self::own), and records the fibre r = e of each stage if asked for.
    pub(super) fn own_recorded<G: Geometry>(
        &self,
        geometry: &G,
        signal: &G::Signal,
        workspace: &mut G::Workspace,
        (fibres, gathered): Buffers<'_, G::Scalar>,
        variances: &mut Vec<VarianceField<G::Scalar>>,
        mut records: Option<&mut Vec<Record<G::Region>>>,
    ) -> Result<G::Region> {
        let (init, filter) = &self.first;
        let mut region = geometry.lift_self(filter, signal, workspace, &mut fibres.nngp);
        fibres.ntk.clear();
        fibres.ntk.resize(fibres.nngp.len(), G::Scalar::of(0.0));
        let mut place = SelfPlace {
            geometry,
            workspace: &mut *workspace,
            region,
            variances: &mut *variances,
            met: 0,
        };
        // The steps before the first weights are recorded on the tape of the first stage.
        let mut tape = Tape::default();
        if records.is_some() {
            let mut recording = Recording {
                place,
                tape: &mut tape,
            };
            run(&self.input, &mut recording, fibres)?;
            place = recording.place;
        } else {
            run(&self.input, &mut place, fibres)?;
        }
        let mut met = place.met;
        region = place.region;
        let before = largest(&fibres.nngp);
        linear(*init, &mut fibres.nngp, &mut fibres.ntk, true);
        check_range(before, fibres, self.first_index)?;
        // Both kernels at r = e after each stage so far.
        let mut ends: Vec<[Vec<G::Scalar>; 2]> = Vec::new();
        for (number, stage) in self.before[..self.own_stages()].iter().enumerate() {
            if number > 0 {
                ends.push([fibres.nngp.clone(), fibres.ntk.clone()]);
                let buffers = (&mut *fibres, &mut *gathered);
                let before = Before {
                    variances,
                    ends: &ends,
                };
                self.start_own(geometry, signal, workspace, buffers, (number, before))?;
                region = geometry.identity(number);
            }
            let mut place = SelfPlace {
                geometry,
                workspace: &mut *workspace,
                region,
                variances: &mut *variances,
                met,
            };
            if let Some(records) = &mut records {
                let mut tape = std::mem::take(&mut tape);
                let mut recording = Recording {
                    place,
                    tape: &mut tape,
                };
                run_own(&stage.steps, &mut recording, fibres)?;
                let place = recording.place;
                records.push(Record {
                    regions: [region, place.region],
                    len: fibres.nngp.len(),
                    tape,
                });
                (region, met) = (place.region, place.met);
            } else {
                run_own(&stage.steps, &mut place, fibres)?;
                (region, met) = (place.region, place.met);
            }
        }
        Ok(region)
    }

    /// The number of stages without those at the end that are poolings alone.
    fn own_stages(&self) -> usize {
        let is_pooling = |number: usize| {
            let stage = &self.before[number];
            let links = &stage.links;
            stage.steps.is_empty()
                && links.len() == 1
                && links[0].pooling.is_some()
                && links[0].from + 1 == number
        };
        let mut count = self.before.len();
        while count > 1 && is_pooling(count - 1) {
            count -= 1;
        }
        count
    }

    /// Writes both kernels of a signal with itself at r = e, before the first step of a stage after the first one.
    ///
    /// # Arguments
    /// * `number` — the stage
    fn start_own<G: Geometry>(
        &self,
        geometry: &G,
        signal: &G::Signal,
        workspace: &mut G::Workspace,
        (fibres, gathered): Buffers<'_, G::Scalar>,
        (number, before): (usize, Before<'_, G::Scalar>),
    ) -> Result<()> {
        let mut sums: Option<[Vec<G::Scalar>; 2]> = None;
        for (index, link) in self.before[number].links.iter().enumerate() {
            if link.pooling.is_some() {
                let batches = geometry.begin_own(signal, (number, index), workspace);
                let mut nothing = |_, _: &Fibres<G::Scalar>| {};
                let mut sweep = Sweep {
                    end: number,
                    ..Sweep::new(
                        geometry,
                        &mut *workspace,
                        (&mut *fibres, &mut *gathered),
                        [before.variances; 2],
                        &mut nothing,
                    )
                };
                self.sweep([signal, signal], batches, &mut sweep)?;
                let Fibres { nngp, ntk, .. } = &mut *fibres;
                geometry
                    .resume(number, workspace, [nngp, ntk])
                    .expect("the sweep has completed the fibre r = e");
            } else {
                fibres.nngp.clone_from(&before.ends[link.from][0]);
                fibres.ntk.clone_from(&before.ends[link.from][1]);
            }
            let kernels = [&mut fibres.nngp, &mut fibres.ntk];
            match &mut sums {
                None => sums = Some(kernels.map(|kernel| kernel.clone())),
                Some(sums) => {
                    for (sum, kernel) in sums.iter_mut().zip(kernels) {
                        add(kernel, sum);
                    }
                }
            }
        }
        let [nngp, ntk] = sums.expect("a stage after the first one has links");
        (fibres.nngp, fibres.ntk) = (nngp, ntk);
        Ok(())
    }
}
