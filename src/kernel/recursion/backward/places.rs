//! The places where the walk backwards acts: the fibres of a pair, the fibre of a signal with itself, and numbers after the pooling.

use crate::Result;
use crate::activation::{Activation, Before, PullScratch, Pulled, Real, Variance, VarianceField};
use crate::kernel::recursion::place::POOLED_NOISE;
use crate::kernel::recursion::tape::Tape;
use crate::kernel::recursion::{Adjoint, Geometry, Side};
use crate::network::Filter;

use super::walk::{BackPlace, Pull};

/// Buffers of the adjoint of an activation.
#[derive(Debug, Clone, Default)]
pub(super) struct Scratch {
    pull: PullScratch,
    /// The cotangents of both variances at the points.
    cotangents: [Vec<f64>; 2],
    /// The variances of both signals at the points.
    variances: [Vec<f64>; 2],
}

impl Scratch {
    /// Pulls cotangents back through an activation; the cotangents of the variances are then in `cotangents`.
    fn pull_back(
        &mut self,
        activation: &Activation,
        variances: [Variance<'_>; 2],
        before: Before<'_>,
        pull: &mut Pull,
    ) -> Result<()> {
        let Scratch {
            pull: scratch,
            cotangents,
            ..
        } = self;
        let n = before.nngp.len();
        for cotangents in &mut *cotangents {
            cotangents.clear();
            cotangents.resize(n, 0.0);
        }
        let [first, second] = cotangents;
        activation.pull_back(
            variances,
            before,
            Pulled {
                nngp: &mut pull.nngp,
                ntk: &mut pull.ntk,
                variances: [first, second],
            },
            scratch,
        )
    }
}

const SIDES: [Side; 2] = [Side::Left, Side::Right];

/// Writes a function of one signal at the points of a batch.
///
/// # Arguments
/// * `room` — buffers
fn at_points<G: Geometry>(
    geometry: &G,
    (side, field): (Side, &[G::Scalar]),
    region: G::Region,
    [everywhere, some]: &mut [Vec<G::Scalar>; 2],
    out: &mut Vec<f64>,
) {
    geometry.gather(side, field, region, everywhere);
    let values = geometry.restrict(side, everywhere, region, some);
    out.clear();
    out.extend(values.iter().map(|value| value.wide()));
}

/// The fibres of a pair of signals.
pub(super) struct PairBack<'a, G: Geometry> {
    pub(super) geometry: &'a G,
    pub(super) adjoint: &'a dyn Adjoint<G>,
    pub(super) workspace: &'a mut G::Workspace,
    pub(super) tape: &'a mut Tape<G::Region>,
    pub(super) variances: [&'a [VarianceField<G::Scalar>]; 2],
    /// The cotangents of the variances of both signals, one array per activation.
    pub(super) collected: [&'a mut [Vec<f64>]; 2],
    pub(super) scratch: &'a mut Scratch,
    /// The number of the first activation of the stage.
    pub(super) first: usize,
    /// A buffer in the precision of the fibres.
    pub(super) gathered: &'a mut [Vec<G::Scalar>; 2],
}

impl<G: Geometry> BackPlace for PairBack<'_, G> {
    fn average_adjoint(&mut self, filter: &Filter, pull: &mut Pull) {
        let regions = self.tape.pop_average();
        let fibres = [&mut pull.nngp, &mut pull.ntk];
        self.adjoint
            .average_both_adjoint(filter, regions, self.workspace, fibres);
    }

    fn activate_adjoint(&mut self, activation: &Activation, pull: &mut Pull) -> Result<()> {
        let (number, moment) = self.tape.pop();
        let number = self.first + number;
        let before = Before {
            nngp: &moment.nngp,
            ntk: &moment.ntk,
            noise: POOLED_NOISE,
            known: moment.known(),
        };
        let region = moment.region;
        let [a, b] = self.variances.map(|of_signal| of_signal[number].variance());
        if let (&[a], &[b]) = (a, b) {
            let variances = [a, b].map(|q| Variance::Constant(q.wide()));
            self.scratch
                .pull_back(activation, variances, before, pull)?;
            for (collected, cotangents) in self.collected.iter_mut().zip(&self.scratch.cotangents) {
                collected[number][0] += cotangents.iter().sum::<f64>();
            }
            return Ok(());
        }
        let mut variances = std::mem::take(&mut self.scratch.variances);
        for ((field, side), out) in [a, b].into_iter().zip(SIDES).zip(&mut variances) {
            at_points(self.geometry, (side, field), region, self.gathered, out);
        }
        let [a, b] = &variances;
        let fields = [Variance::Field(a), Variance::Field(b)];
        self.scratch.pull_back(activation, fields, before, pull)?;
        self.scratch.variances = variances;
        for ((side, collected), cotangents) in SIDES
            .into_iter()
            .zip(&mut self.collected)
            .zip(&self.scratch.cotangents)
        {
            self.adjoint
                .scatter(side, region, cotangents, &mut collected[number]);
        }
        Ok(())
    }
}

/// The fibre of a signal with itself, where the kernel is the variance.
pub(super) struct SelfBack<'a, G: Geometry> {
    pub(super) geometry: &'a G,
    pub(super) adjoint: &'a dyn Adjoint<G>,
    pub(super) workspace: &'a mut G::Workspace,
    pub(super) tape: &'a mut Tape<G::Region>,
    /// The variances before the activations of the stage.
    pub(super) variances: &'a [VarianceField<G::Scalar>],
    /// The cotangents of the variances, one array per activation of the stage.
    pub(super) collected: &'a [Vec<f64>],
    pub(super) scratch: &'a mut Scratch,
}

impl<G: Geometry> BackPlace for SelfBack<'_, G> {
    fn average_adjoint(&mut self, filter: &Filter, pull: &mut Pull) {
        let regions = self.tape.pop_average();
        // The cotangent of the tangent kernel is zero.
        self.adjoint
            .average_adjoint(filter, regions, self.workspace, &mut pull.nngp);
        pull.ntk.clear();
        pull.ntk.resize(pull.nngp.len(), 0.0);
    }

    fn activate_adjoint(&mut self, activation: &Activation, pull: &mut Pull) -> Result<()> {
        let (number, moment) = self.tape.pop();
        if G::COUPLED && moment.nngp.len() > 1 {
            let field = self.variances[number].variance();
            let mut room = Default::default();
            let mut variances = std::mem::take(&mut self.scratch.variances);
            for (side, out) in SIDES.into_iter().zip(&mut variances) {
                at_points(self.geometry, (side, field), moment.region, &mut room, out);
            }
            let before = Before {
                nngp: &moment.nngp,
                ntk: &moment.ntk,
                noise: POOLED_NOISE,
                known: None,
            };
            let [a, b] = &variances;
            let fields = [Variance::Field(a), Variance::Field(b)];
            self.scratch.pull_back(activation, fields, before, pull)?;
            self.scratch.variances = variances;
            let mut of_field = self.collected[number].clone();
            for (side, cotangents) in SIDES.into_iter().zip(&self.scratch.cotangents) {
                self.adjoint
                    .scatter(side, moment.region, cotangents, &mut of_field);
            }
            self.adjoint
                .own_variances_adjoint(moment.region, &of_field, &mut pull.nngp);
            return Ok(());
        }
        let variances = [Variance::Field(&moment.nngp); 2];
        let before = Before {
            nngp: &moment.nngp,
            ntk: &moment.ntk,
            noise: 0.0,
            known: None,
        };
        self.scratch
            .pull_back(activation, variances, before, pull)?;
        add_all(pull, &self.scratch.cotangents, &self.collected[number]);
        Ok(())
    }
}

/// Adds the cotangents of both variances, and those that the pairs of the signal left, to the cotangent of the kernel with itself.
fn add_all(pull: &mut Pull, [first, second]: &[Vec<f64>; 2], collected: &[f64]) {
    let terms = first.iter().zip(second).zip(collected);
    for (sum, ((first, second), collected)) in pull.nngp.iter_mut().zip(terms) {
        *sum += first + second + collected;
    }
}

/// One signal with a row of others, after the pooling.
pub(super) struct RowBack<'a> {
    pub(super) tape: &'a mut Tape<()>,
    /// The point of the row's signal in its fields.
    pub(super) row: usize,
    pub(super) row_variances: &'a [VarianceField],
    pub(super) column_variances: &'a [VarianceField],
    /// The cotangents of the row's variances, one number per activation.
    pub(super) to_row: &'a mut [f64],
    /// The cotangents of the columns' variances, one array per activation.
    pub(super) to_columns: &'a mut [Vec<f64>],
    pub(super) scratch: &'a mut Scratch,
}

impl BackPlace for RowBack<'_> {
    fn average_adjoint(&mut self, _: &Filter, _: &mut Pull) {
        unreachable!("no convolution follows the pooling in a network that was checked")
    }

    fn activate_adjoint(&mut self, activation: &Activation, pull: &mut Pull) -> Result<()> {
        let (number, moment) = self.tape.pop();
        let own = self.row_variances[number].variance()[self.row];
        let others = self.column_variances[number].variance();
        let before = Before {
            nngp: &moment.nngp,
            ntk: &moment.ntk,
            noise: POOLED_NOISE,
            known: None,
        };
        let variances = [Variance::Constant(own), Variance::Field(others)];
        self.scratch
            .pull_back(activation, variances, before, pull)?;
        let [to_row, to_columns] = &self.scratch.cotangents;
        self.to_row[number] += to_row.iter().sum::<f64>();
        for (sum, term) in self.to_columns[number].iter_mut().zip(to_columns) {
            *sum += term;
        }
        Ok(())
    }
}

/// A signal with itself, after the pooling.
pub(super) struct PooledSelfBack<'a> {
    /// The number of the next activation, plus one.
    pub(super) left: usize,
    /// The point of the signal in the fields.
    pub(super) point: usize,
    pub(super) variances: &'a [VarianceField],
    /// The cotangents of the variances, one number per activation.
    pub(super) collected: &'a [f64],
    pub(super) scratch: &'a mut Scratch,
}

impl BackPlace for PooledSelfBack<'_> {
    fn average_adjoint(&mut self, _: &Filter, _: &mut Pull) {
        unreachable!("no convolution follows the pooling in a network that was checked")
    }

    fn activate_adjoint(&mut self, activation: &Activation, pull: &mut Pull) -> Result<()> {
        self.left -= 1;
        let q = self.variances[self.left].variance()[self.point];
        let before = Before {
            nngp: &[q],
            ntk: &[0.0],
            noise: 0.0,
            known: None,
        };
        self.scratch
            .pull_back(activation, [Variance::Constant(q); 2], before, pull)?;
        let collected = &self.collected[self.left..=self.left];
        add_all(pull, &self.scratch.cotangents, collected);
        Ok(())
    }
}
