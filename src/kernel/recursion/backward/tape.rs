//! What the walk backwards needs of the walk forwards: both kernels before each activation, and the regions around each filter.

use crate::Result;
use crate::activation::{Activation, Real};
use crate::kernel::recursion::place::{Fibres, Place};
use crate::network::{Filter, Init};

/// Both kernels before one activation, and the region on which they are known.
#[derive(Debug, Clone)]
pub(super) struct Moment<R> {
    pub(super) nngp: Vec<f64>,
    pub(super) ntk: Vec<f64>,
    pub(super) region: R,
}

/// The record of one walk forwards, which is read from its end.
#[derive(Debug, Clone)]
pub(in crate::kernel::recursion) struct Tape<R> {
    moments: Vec<Moment<R>>,
    /// The number of moments in use; the others keep their memory for the next record.
    used: usize,
    /// The regions before and after each filter.
    averages: Vec<[R; 2]>,
}

impl<R> Default for Tape<R> {
    fn default() -> Self {
        Tape {
            moments: Vec::new(),
            used: 0,
            averages: Vec::new(),
        }
    }
}

impl<R: Copy> Tape<R> {
    /// Begins a new record.
    pub(super) fn clear(&mut self) {
        self.used = 0;
        self.averages.clear();
    }

    fn push<T: Real>(&mut self, fibres: &Fibres<T>, region: R) {
        if self.used == self.moments.len() {
            self.moments.push(Moment {
                nngp: Vec::new(),
                ntk: Vec::new(),
                region,
            });
        }
        let moment = &mut self.moments[self.used];
        self.used += 1;
        moment.region = region;
        let sides = [
            (&mut moment.nngp, &fibres.nngp),
            (&mut moment.ntk, &fibres.ntk),
        ];
        for (to, from) in sides {
            to.clear();
            to.extend(from.iter().map(|value| value.wide()));
        }
    }

    /// The number of the last activation of the record, and both kernels before it; removes it.
    pub(super) fn pop(&mut self) -> (usize, &Moment<R>) {
        self.used -= 1;
        (self.used, &self.moments[self.used])
    }

    /// The regions before and after the last filter of the record; removes it.
    pub(super) fn pop_average(&mut self) -> [R; 2] {
        self.averages.pop().expect("one pair of regions per filter")
    }
}

/// The walk of one batch through the steps of one stage.
#[derive(Debug, Clone)]
pub(in crate::kernel::recursion) struct Record<R> {
    /// The region before the first step and after the last one.
    pub(in crate::kernel::recursion) regions: [R; 2],
    /// The number of points after the last step.
    pub(in crate::kernel::recursion) len: usize,
    pub(in crate::kernel::recursion) tape: Tape<R>,
}

/// A place that records what it does.
pub(in crate::kernel::recursion) struct Recording<'t, P, R> {
    pub(in crate::kernel::recursion) place: P,
    pub(in crate::kernel::recursion) tape: &'t mut Tape<R>,
}

impl<T: Real, P: Place<T>> Place<T> for Recording<'_, P, P::Region> {
    type Region = P::Region;

    fn region(&self) -> P::Region {
        self.place.region()
    }

    fn return_to(&mut self, region: P::Region) {
        self.place.return_to(region);
    }

    fn average(&mut self, filter: &Filter, fibres: &mut Fibres<T>) {
        let before = self.place.region();
        self.place.average(filter, fibres);
        self.tape.averages.push([before, self.place.region()]);
    }

    fn activate(&mut self, activation: &Activation, fibres: &mut Fibres<T>) -> Result<()> {
        self.tape.push(fibres, self.place.region());
        self.place.activate(activation, fibres)
    }

    fn scaled(&mut self, init: Init) {
        self.place.scaled(init);
    }

    fn summed(&mut self, first: P::Region) {
        self.place.summed(first);
    }
}
