//! What the walk backwards needs of the walk forwards: both kernels before each activation, and the regions around each filter.

use crate::Result;
use crate::activation::{Activation, Real};
use crate::network::{Filter, Init};

use super::place::{Fibres, Place};

/// Both kernels before one activation, and the region on which they are known.
#[derive(Debug, Clone)]
pub(super) struct Moment<R> {
    pub(super) nngp: Vec<f64>,
    pub(super) ntk: Vec<f64>,
    pub(super) region: R,
    /// E and D of the activation.
    after: [Vec<f64>; 2],
    /// Whether both are known.
    is_known: bool,
}

/// A tangent kernel Θ below this size may lose digits of D in D Θ.
const SMALLEST: f64 = 1e-250;

impl<R> Moment<R> {
    /// Both expectations of the activation, if they are known.
    pub(super) fn known(&self) -> Option<[&[f64]; 2]> {
        let [value, derivative] = &self.after;
        self.is_known.then_some([value, derivative])
    }

    /// Takes both kernels after the activation, E and D Θ.
    fn complete<T: Real>(&mut self, fibres: &Fibres<T>) {
        let [value, derivative] = &mut self.after;
        value.clear();
        value.extend(fibres.nngp.iter().map(|value| value.wide()));
        derivative.clear();
        let ratios = fibres.ntk.iter().zip(&self.ntk);
        derivative.extend(ratios.map(|(after, before)| after.wide() / before));
        self.is_known = self.ntk.iter().all(|before| before.abs() > SMALLEST);
    }
}

/// The record of one walk forwards, which is read from its end.
#[derive(Debug, Clone)]
pub(super) struct Tape<R> {
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
                after: [Vec::new(), Vec::new()],
                is_known: false,
            });
        }
        let moment = &mut self.moments[self.used];
        self.used += 1;
        moment.region = region;
        moment.is_known = false;
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
pub(super) struct Record<R> {
    /// The region before the first step and after the last one.
    pub(super) regions: [R; 2],
    /// The number of points after the last step.
    pub(super) len: usize,
    pub(super) tape: Tape<R>,
}

/// A place that records what it does.
pub(super) struct Recording<'t, P, R> {
    pub(super) place: P,
    pub(super) tape: &'t mut Tape<R>,
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
        let number = self.tape.used - 1;
        self.place.activate(activation, fibres)?;
        self.tape.moments[number].complete(fibres);
        Ok(())
    }

    fn scaled(&mut self, init: Init) {
        self.place.scaled(init);
    }

    fn summed(&mut self, first: P::Region) {
        self.place.summed(first);
    }
}
