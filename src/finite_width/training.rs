//! [`Trainer`]: gradient descent on a network of finite width.

use candle_core::Tensor;
use ndarray::ArrayView2;

use crate::check;
use crate::network::InputSpace;
use crate::{Error, Result};

use super::FiniteNetwork;
use super::augmentation::Augmentation;
use super::backend::Backend;
use super::batches::Batches;
use super::loss::{Targets, number};
use super::optimiser::Optimiser;

/// Trains a network in place.
///
/// The kind of the targets decides the loss:
///
/// ```math
/// \text{values: } \; \frac{1}{2 n C} \sum_{i, j} \bigl( f_j(x_i) - y_{ij} \bigr)^2 , \qquad
/// \text{labels: } \; \frac 1 n \sum_i \Bigl( \log \sum_j e^{f_j(x_i)} - f_{y_i}(x_i) \Bigr) ,
/// ```
/// for n rows of outputs in a batch and C channels. The factors are the conventions of
/// [`GradientFlow`](crate::predict::GradientFlow): with full batches of values and [`Optimiser::Sgd`], the mean of an ensemble of
/// wide networks after k steps of learning rate η is the prediction of the flow for [`Time::Steps(k)`](crate::predict::Time::Steps).
///
/// # Mini-batches
/// Each epoch visits every item once, in an order that depends on the seed and the number of the epoch alone. The last batch of an
/// epoch may be smaller. Full batches keep the order of the inputs.
///
/// # Examples
/// ```
/// use haarmonic::finite_width::{FiniteNetwork, Trainer, Width, candle_core::DType};
/// use haarmonic::network::{Network, Init};
/// use ndarray::array;
///
/// // f(x) = w x, at x = 1: a step with learning rate 1/2 halves the error.
/// let network = Network::vector(1).dense(Init::default()).build()?;
/// let network = FiniteNetwork::new(&network, Width::new(1, 1), 0, DType::F64)?;
/// let inputs = network.prepare(array![[1.0]].view())?;
/// let mut trainer = Trainer::regression(&network, &inputs, array![[3.0]].view())
///     .learning_rate(0.5)
///     .build()?;
/// let before = trainer.loss()?;
/// trainer.run(10)?;
/// assert!((trainer.loss()? / before - 0.25_f64.powi(10)).abs() < 1e-12);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug)]
pub struct Trainer {
    pub(super) network: FiniteNetwork,
    inputs: Tensor,
    pub(super) targets: Targets,
    /// The targets in the shape of the outputs.
    target_tensor: Tensor,
    pub(super) augmentation: Option<Augmentation>,
    pub(super) batches: Batches,
    /// The number of the current epoch, and its items.
    epoch: (u64, Vec<[usize; 2]>),
    pub(super) optimiser: Optimiser,
    pub(super) moments: Vec<[Tensor; 2]>,
    pub(super) learning_rate: f64,
    pub(super) steps: u64,
}

/// Options of a [`Trainer`], checked in [`build`](TrainerBuilder::build).
#[derive(Debug, Clone)]
#[must_use = "call build()"]
pub struct TrainerBuilder {
    pub(super) network: FiniteNetwork,
    inputs: Tensor,
    targets: Targets,
    learning_rate: f64,
    optimiser: Optimiser,
    batch_size: Option<usize>,
    pub(super) seed: u64,
    augmentation: Option<Augmentation>,
}

impl TrainerBuilder {
    fn new(network: &FiniteNetwork, inputs: &Tensor, targets: Targets) -> Self {
        TrainerBuilder {
            network: network.clone(),
            inputs: inputs.clone(),
            targets,
            learning_rate: 1.0,
            optimiser: Optimiser::Sgd,
            batch_size: None,
            seed: 0,
            augmentation: None,
        }
    }

    /// Sets the learning rate η > 0; 1 by default.
    pub fn learning_rate(mut self, learning_rate: f64) -> Self {
        self.learning_rate = learning_rate;
        self
    }

    /// Sets the optimiser; [`Optimiser::Sgd`] by default.
    pub fn optimiser(mut self, optimiser: Optimiser) -> Self {
        self.optimiser = optimiser;
        self
    }

    /// Sets the number of items in a batch, at least 1; all items by default.
    ///
    /// A batch never has more than all items. Each copy that an augmentation makes is an item.
    pub fn batch_size(mut self, items: usize) -> Self {
        self.batch_size = Some(items);
        self
    }

    /// Sets the seed of the order of items and of the transformations drawn; 0 by default.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets transformations of the inputs; none by default.
    pub fn augmentation(mut self, augmentation: Augmentation) -> Self {
        self.augmentation = Some(augmentation);
        self
    }

    /// Checks data and options, and returns the trainer.
    ///
    /// # Errors
    /// * [`Error::ShapeMismatch`] — inputs, targets and network do not fit each other, or the augmentation does not fit the inputs
    /// * [`Error::InvalidValue`] — an option or a label is out of range, an input is not finite, or the network has outputs at several
    ///   places, which an augmentation would have to move with the inputs, or takes molecules, which have no augmentation
    /// * [`Error::NotFinite`] — a target is not finite
    pub fn build(self) -> Result<Trainer> {
        let invalid =
            |what: &str, found: String, expected: &str| Err(Error::invalid(what, found, expected));
        check::positive("learning rate", self.learning_rate)?;
        self.optimiser.check()?;
        if self.batch_size == Some(0) {
            return invalid("batch size", "0".into(), "at least 1");
        }
        // An evaluation of the first input checks shape and data type of all.
        let first = match self.inputs.dims() {
            [n, ..] if *n > 0 => self.inputs.narrow(0, 0, 1).backend()?,
            _ => self.inputs.clone(),
        };
        self.network.forward(&first)?;
        let sum = self
            .inputs
            .abs()
            .and_then(|inputs| inputs.max_all())
            .backend()?;
        let (n, places, _) = self.inputs.dims3().backend()?;
        if !number(&sum)?.is_finite() {
            return invalid("training inputs", "NaN or infinity".into(), "finite values");
        }
        if let Some(augmentation) = &self.augmentation {
            if matches!(self.network.network().input(), InputSpace::Molecule { .. }) {
                return invalid(
                    "augmentation",
                    "one of molecules".into(),
                    "none: networks on molecules are equivariant by themselves",
                );
            }
            if augmentation.places() != places {
                return Err(Error::shape(
                    "training inputs",
                    format!(
                        "[n, {}, channels], for the augmentation",
                        augmentation.places()
                    ),
                    self.inputs.dims().to_vec(),
                ));
            }
            let [outputs, _] = self.network.output_shape();
            if outputs != 1 {
                let expected = "one: those at several places would have to move with the inputs";
                return invalid(
                    "output places with an augmentation",
                    outputs.to_string(),
                    expected,
                );
            }
            if u32::try_from(n * places).is_err() {
                return invalid(
                    "places of all inputs",
                    (n * places).to_string(),
                    "fewer than 2³²",
                );
            }
        }
        let copies = self.augmentation.as_ref().map_or(1, Augmentation::copies);
        let items = n * copies;
        let batches = Batches {
            items,
            copies,
            drawn_from: self
                .augmentation
                .as_ref()
                .map_or(1, Augmentation::drawn_from),
            size: self.batch_size.map_or(items, |size| size.min(items)),
            seed: self.seed,
        };
        Ok(Trainer {
            target_tensor: self.targets.tensor(&self.network, n)?,
            moments: self
                .optimiser
                .moments(self.network.parameters())
                .backend()?,
            epoch: (0, batches.epoch(0)),
            network: self.network,
            inputs: self.inputs,
            targets: self.targets,
            augmentation: self.augmentation,
            batches,
            optimiser: self.optimiser,
            learning_rate: self.learning_rate,
            steps: 0,
        })
    }
}

impl Trainer {
    /// Starts the options of a regression; the loss is half the square error, averaged over all entries.
    ///
    /// # Arguments
    /// * `network` — trained in place, together with all its clones
    /// * `inputs` — a tensor of [`FiniteNetwork::prepare`], shape `[n, places, channels]`
    /// * `targets` — in the shape of the outputs, `[n · output places, output channels]`
    pub fn regression(
        network: &FiniteNetwork,
        inputs: &Tensor,
        targets: ArrayView2<'_, f64>,
    ) -> TrainerBuilder {
        TrainerBuilder::new(network, inputs, Targets::Values(targets.to_owned()))
    }

    /// Starts the options of a classification; the loss is the cross-entropy of the softmax of the outputs, averaged over the rows.
    ///
    /// # Arguments
    /// * `network` — with one output channel per class; trained in place, together with all its clones
    /// * `inputs` — a tensor of [`FiniteNetwork::prepare`], shape `[n, places, channels]`
    /// * `labels` — one per row of the outputs, below the number of output channels
    pub fn classification(
        network: &FiniteNetwork,
        inputs: &Tensor,
        labels: &[usize],
    ) -> TrainerBuilder {
        TrainerBuilder::new(network, inputs, Targets::Labels(labels.to_vec()))
    }

    /// Returns the network that is trained.
    pub fn network(&self) -> &FiniteNetwork {
        &self.network
    }

    /// Returns the number of steps made so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Returns the number of steps of an epoch.
    pub fn steps_per_epoch(&self) -> u64 {
        self.batches.per_epoch()
    }

    /// Returns the learning rate.
    pub fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    /// Replaces the learning rate of the following steps.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] unless the learning rate is finite and above 0.
    pub fn set_learning_rate(&mut self, learning_rate: f64) -> Result<()> {
        check::positive("learning rate", learning_rate)?;
        self.learning_rate = learning_rate;
        Ok(())
    }

    /// Returns the loss over the training set.
    ///
    /// The training set includes all copies of an augmentation. If transformations are drawn, the inputs are taken without them.
    ///
    /// # Errors
    /// [`Error::NotFinite`] if the loss is not finite.
    pub fn loss(&self) -> Result<f64> {
        let Batches {
            items,
            copies,
            size,
            ..
        } = self.batches;
        let all: Vec<_> = (0..items)
            .map(|item| [item / copies, item % copies])
            .collect();
        let mut sum = 0.0;
        for items in all.chunks(size) {
            let (inputs, targets) = self.data(items, copies > 1)?;
            sum += items.len() as f64 * number(&self.loss_of(&inputs, &targets)?)?;
        }
        self.check_loss(sum / items as f64)
    }

    /// Makes one step and returns the loss over its batch before the step.
    ///
    /// # Errors
    /// [`Error::NotFinite`] if the loss is not finite, usually after too large a learning rate. The network is then unchanged.
    pub fn step(&mut self) -> Result<f64> {
        let epoch = self.steps / self.batches.per_epoch();
        if self.epoch.0 != epoch {
            self.epoch = (epoch, self.batches.epoch(epoch));
        }
        let items = &self.epoch.1[self.batches.range(self.steps)];
        let (inputs, targets) = self.data(items, self.augmentation.is_some())?;
        let loss = self.loss_of(&inputs, &targets)?;
        let value = self.check_loss(number(&loss)?)?;
        let gradients = loss.backward().backend()?;
        self.optimiser
            .step(
                self.network.parameters(),
                &gradients,
                &mut self.moments,
                self.learning_rate,
                self.steps + 1,
            )
            .backend()?;
        self.steps += 1;
        Ok(value)
    }

    /// Makes a number of steps.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub fn run(&mut self, steps: u64) -> Result<()> {
        (0..steps).try_for_each(|_| self.step().map(drop))
    }

    /// Makes the remaining steps of the current epoch.
    ///
    /// Returns the mean over the items of these steps of the loss before each step.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub fn epoch(&mut self) -> Result<f64> {
        let (mut sum, mut items) = (0.0, 0.0);
        loop {
            let count = self.batches.range(self.steps).len() as f64;
            sum += count * self.step()?;
            items += count;
            if self.steps.is_multiple_of(self.batches.per_epoch()) {
                return Ok(sum / items);
            }
        }
    }

    /// The loss of some inputs.
    fn loss_of(&self, inputs: &Tensor, targets: &Tensor) -> Result<Tensor> {
        let outputs = self.network.forward(inputs)?;
        self.targets.loss(&outputs, targets).backend()
    }

    /// Returns inputs and targets of some items, the inputs transformed if `moved`.
    fn data(&self, items: &[[usize; 2]], moved: bool) -> Result<(Tensor, Tensor)> {
        // A full batch without copies has all rows in their order, and needs no gather.
        let whole = items.len() == self.inputs.dims()[0] && self.batches.size == items.len();
        let [places, _] = self.network.output_shape();
        let select = |tensor: &Tensor, rows: usize| {
            if whole && self.batches.copies == 1 {
                return Ok(tensor.clone());
            }
            let rows = items
                .iter()
                .flat_map(|&[input, _]| (input * rows..(input + 1) * rows).map(|row| row as u32));
            tensor.index_select(&Tensor::from_iter(rows, tensor.device())?, 0)
        };
        let inputs = match &self.augmentation {
            Some(augmentation) if moved => augmentation.moved(&self.inputs, items),
            _ => select(&self.inputs, 1),
        };
        Ok((
            inputs.backend()?,
            select(&self.target_tensor, places).backend()?,
        ))
    }

    fn check_loss(&self, loss: f64) -> Result<f64> {
        if loss.is_finite() {
            return Ok(loss);
        }
        Err(Error::not_finite(
            format!(
                "loss after {} steps of learning rate {}",
                self.steps, self.learning_rate
            ),
            vec![],
        ))
    }
}
