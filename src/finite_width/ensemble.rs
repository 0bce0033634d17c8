//! Ensembles: networks of one architecture, each trained from its own initialisation.

use std::ops::Range;

use candle_core::Tensor;
use ndarray::{Array2, Array3, ArrayView2, Axis};

use crate::check::first_not_finite;
use crate::parallel::try_map;
use crate::{Error, Result};

use super::backend::matrix;
use super::{Trainer, TrainerBuilder};

/// Outputs of all members of an ensemble at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct EnsembleOutputs {
    /// The number of steps made before the outputs were taken.
    pub steps: u64,
    /// Shape `[members, rows, channels]`, in the order of the seeds.
    pub outputs: Array3<f64>,
}

impl EnsembleOutputs {
    /// Returns the mean over the members, `[rows, channels]`.
    pub fn mean(&self) -> Array2<f64> {
        self.outputs
            .mean_axis(Axis(0))
            .expect("an ensemble has members")
    }

    /// Returns the standard deviation over the members, `[rows, channels]`, with n − 1 in the denominator.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a single member.
    pub fn standard_deviation(&self) -> Result<Array2<f64>> {
        let members = self.outputs.len_of(Axis(0));
        if members < 2 {
            return Err(Error::invalid(
                "members of an ensemble",
                members,
                "at least 2, for a standard deviation",
            ));
        }
        Ok(self.outputs.std_axis(Axis(0), 1.0))
    }

    /// Returns the standard error of the mean, `[rows, channels]`.
    ///
    /// # Errors
    /// As [`standard_deviation`](Self::standard_deviation).
    pub fn standard_error(&self) -> Result<Array2<f64>> {
        let members = self.outputs.len_of(Axis(0)) as f64;
        Ok(self.standard_deviation()? / members.sqrt())
    }
}

impl TrainerBuilder {
    /// Trains an ensemble, its members in parallel on all threads, and calls a function for each member at some steps.
    ///
    /// Returns, for each member, one value per number of steps.
    ///
    /// # Arguments
    /// * `seeds` — one seed per member, for its initialisation. The seed of the order of items is the sum of this seed and the seed of
    ///   the builder. The parameters of the network itself do not matter and stay as they are
    /// * `steps` — numbers of steps, not decreasing
    /// * `measure` — called for each member after each number of steps
    ///
    /// # Errors
    /// As [`build`](Self::build) and [`Trainer::step`]; [`Error::Empty`] without seeds, [`Error::InvalidValue`] if `steps` decrease.
    pub fn ensemble<T: Send>(
        &self,
        seeds: Range<u64>,
        steps: &[u64],
        measure: impl Fn(&Trainer) -> Result<T> + Sync,
    ) -> Result<Vec<Vec<T>>> {
        if seeds.is_empty() {
            return Err(Error::empty("seeds of an ensemble"));
        }
        if !steps.is_sorted() {
            return Err(Error::invalid(
                "steps at which an ensemble is looked at",
                format!("{steps:?}"),
                "increasing numbers",
            ));
        }
        try_map((seeds.end - seeds.start) as usize, |i| {
            let seed = seeds.start + i as u64;
            let mut member = self.clone();
            member.network = self.network.reinitialised(seed)?;
            member.seed = self.seed.wrapping_add(seed);
            let mut trainer = member.build()?;
            let mut values = Vec::with_capacity(steps.len());
            for &step in steps {
                trainer.run(step - trainer.steps())?;
                values.push(measure(&trainer)?);
            }
            Ok(values)
        })
    }

    /// Trains an ensemble and evaluates it at some steps.
    ///
    /// Returns the outputs after each number of steps.
    ///
    /// # Arguments
    /// * `seeds`, `steps` — as for [`ensemble`](Self::ensemble)
    /// * `inputs` — of [`FiniteNetwork::prepare`](super::FiniteNetwork::prepare); the training inputs, or others
    ///
    /// # Errors
    /// As [`ensemble`](Self::ensemble), and [`Error::NotFinite`] if an output is not finite.
    pub fn ensemble_outputs(
        &self,
        seeds: Range<u64>,
        steps: &[u64],
        inputs: &Tensor,
    ) -> Result<Vec<EnsembleOutputs>> {
        let members = self.ensemble(seeds, steps, |trainer| outputs(trainer, inputs))?;
        (0..steps.len())
            .map(|time| {
                let views: Vec<ArrayView2<'_, f64>> =
                    members.iter().map(|member| member[time].view()).collect();
                Ok(EnsembleOutputs {
                    steps: steps[time],
                    outputs: ndarray::stack(Axis(0), &views)
                        .expect("all members have the same outputs"),
                })
            })
            .collect()
    }
}

/// The outputs of a member, `[rows, channels]`, all finite.
fn outputs(trainer: &Trainer, inputs: &Tensor) -> Result<Array2<f64>> {
    let values = matrix(&trainer.network().forward(inputs)?)?;
    match first_not_finite(&values.view()) {
        None => Ok(values),
        Some(index) => Err(Error::not_finite(
            format!(
                "outputs of the network of seed {} after {} steps",
                trainer.network().seed(),
                trainer.steps()
            ),
            index,
        )),
    }
}
