//! A network as steps on tensors `[n, places, channels]`.

use std::cell::RefCell;

use candle_core::{Result, Tensor, Var};

use crate::activation::Activation;
use crate::network::NodePooling;

use super::activation::activate;
use super::gather::Gather;
use super::message::MessageMap;
use super::molecule::MoleculeBatch;
use super::sphere_layers::{RotationPlaces, SphereConvolution, SphereLifting};

/// One step from input to output.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// A layer with weights.
    Linear(Linear),
    /// An activation function of every number.
    Activation(Activation),
    /// The division by the root mean square over the channels, at each place by itself; zeros stay zeros.
    Normalisation,
    /// The mean over the rotations at each atom of a molecule, with the weights `[1, rotations]`.
    RotationMean(Tensor),
    /// The sum or mean over the atoms of a molecule.
    Readout(NodePooling),
    /// Means over places with the weights `[places after, places]`.
    Mean(Tensor),
    /// The mean over each group of this many consecutive places.
    RingMean(usize),
    /// All places and channels side by side, at one place.
    Flatten,
    /// Only the places from this number on.
    Last(usize),
    /// The sum of two branches.
    Sum {
        branch: Vec<Step>,
        shortcut: Vec<Step>,
    },
}

/// A layer with weights.
#[derive(Debug, Clone)]
pub(super) struct Linear {
    pub map: Map,
    /// Number of the parameter with the weights.
    pub weights: usize,
    /// Number of the parameter with the biases, unless σb is zero.
    pub bias: Option<usize>,
    /// σw over the square root of the number of terms of an output.
    pub factor: f64,
    /// σb.
    pub bias_std: f64,
}

impl Linear {
    /// Whether the layer acts on each place by itself.
    pub(super) fn is_pointwise(&self) -> bool {
        matches!(self.map, Map::Pointwise)
    }
}

/// The linear map of a layer with weights.
#[derive(Debug, Clone)]
pub(super) enum Map {
    /// A product with the channels of each place.
    Pointwise,
    /// A filter on an image or a finite group.
    Gather(Gather),
    /// A lifting from the sphere to SO(3).
    SphereLifting(SphereLifting),
    /// A convolution on SO(3).
    SphereConvolution(SphereConvolution),
    /// A message between the atoms of a molecule.
    Message(MessageMap),
}

/// The data that all steps of an evaluation share.
pub(super) struct Context<'a> {
    pub parameters: &'a [Var],
    pub rotations: Option<&'a RotationPlaces>,
    /// The molecules of the evaluation.
    pub molecules: Option<MoleculeBatch>,
    /// If present, each layer with weights appends a tap, and the parameters count as constants.
    pub taps: Option<RefCell<Vec<Tap>>>,
}

/// The tensors that derivatives by the parameters of a layer need.
pub(super) struct Tap {
    pub linear: Linear,
    /// Features before the layer, `[n, places, channels]`; of a message, their sums over neighbours.
    pub input: Tensor,
    /// One for the kind of each place, `[n, places, kinds]`, if each kind has weights of its own.
    pub kinds: Option<Tensor>,
    /// Zeros that were added to the outputs of the map, before the bias: derivatives by them are derivatives by these outputs.
    pub shift: Var,
}

impl Context<'_> {
    /// Applies some steps, from `[n, places, channels]` to `[n, places after, channels after]`.
    pub(super) fn run(&self, steps: &[Step], x: &Tensor) -> Result<Tensor> {
        let mut x = x.clone();
        for step in steps {
            x = self.step(step, &x)?;
        }
        Ok(x)
    }

    /// Applies one step. Sums over places are matrix products after a transposition to `[n · channels, places]`.
    fn step(&self, step: &Step, x: &Tensor) -> Result<Tensor> {
        match step {
            Step::Linear(linear) => self.linear(linear, x),
            Step::Activation(activation) => activate(activation, x),
            Step::Normalisation => {
                let squares = x.sqr()?.mean_keepdim(2)?;
                // One instead of zero.
                let zeros = squares.detach().eq(0.0)?.to_dtype(x.dtype())?;
                x.broadcast_div(&(squares + zeros)?.sqrt()?)
            }
            Step::RotationMean(weights) => self.molecules().mean(x, weights),
            Step::Readout(pooling) => self.readout(*pooling, x),
            Step::Mean(weights) => {
                let (n, places, channels) = x.dims3()?;
                x.transpose(1, 2)?
                    .contiguous()?
                    .reshape((n * channels, places))?
                    .matmul(&weights.t()?)?
                    .reshape((n, channels, weights.dim(0)?))?
                    .transpose(1, 2)?
                    .contiguous()
            }
            Step::RingMean(ring) => {
                let (n, places, channels) = x.dims3()?;
                x.reshape((n, places / ring, *ring, channels))?.mean(2)
            }
            Step::Flatten => {
                let (n, places, channels) = x.dims3()?;
                x.reshape((n, 1, places * channels))
            }
            Step::Last(first) => x.narrow(1, *first, x.dim(1)? - first)?.contiguous(),
            Step::Sum { branch, shortcut } => self.run(branch, x)? + self.run(shortcut, x)?,
        }
    }

    fn molecules(&self) -> &MoleculeBatch {
        self.molecules
            .as_ref()
            .expect("an evaluation on molecules has a batch")
    }

    /// Sums or means over the atoms, from `[n, atoms, channels]` to `[n, 1, channels after]`.
    fn readout(&self, pooling: NodePooling, x: &Tensor) -> Result<Tensor> {
        let (n, _, channels) = x.dims3()?;
        let sums = self.molecules().element_sums(x)?;
        let elements = sums.dim(1)?;
        match pooling {
            NodePooling::Sum => sums.sum_keepdim(1),
            NodePooling::Mean => sums
                .sum_keepdim(1)?
                .broadcast_div(&self.molecules().counts()?),
            // The mean over all channels side by side is to be the sum over the elements.
            NodePooling::LabelSum => {
                (sums * (elements as f64).sqrt())?.reshape((n, 1, elements * channels))
            }
        }
    }

    /// Applies a layer with weights: factor · (map of x) + σb · bias.
    ///
    /// With taps, the parameters are detached and zeros are added after the map, so that a backward pass gives the derivatives by the
    /// outputs of the map and not by the weights.
    fn linear(&self, linear: &Linear, x: &Tensor) -> Result<Tensor> {
        let value = |number: usize| match self.taps {
            None => self.parameters[number].as_tensor().clone(),
            Some(_) => self.parameters[number].as_detached_tensor(),
        };
        let weights = &value(linear.weights);
        let rotations = || {
            self.rotations
                .expect("a network on the sphere has rotations")
        };
        let (mut met, mut kinds) = (None, None);
        let y = match &linear.map {
            Map::Message(message) => {
                let batch = self.molecules();
                let sums = batch.sums[message.number].sums(x)?;
                let y = batch.product(&sums, weights)?;
                if self.taps.is_some() {
                    kinds = Some(batch.indicators(message.kinds)?);
                    met = Some(sums);
                }
                y
            }
            Map::Pointwise => {
                let (n, places, channels) = x.dims3()?;
                x.reshape((n * places, channels))?
                    .matmul(weights)?
                    .reshape((n, places, ()))?
            }
            Map::Gather(gather) => gather.forward(x, weights)?,
            Map::SphereLifting(lifting) => lifting.forward(x, weights, rotations())?,
            Map::SphereConvolution(filter) => filter.forward(x, weights, rotations())?,
        };
        let mut y = (y * linear.factor)?;
        if let Some(taps) = &self.taps {
            let shift = Var::zeros(y.dims(), y.dtype(), y.device())?;
            y = (y + shift.as_tensor())?;
            taps.borrow_mut().push(Tap {
                linear: linear.clone(),
                input: met.as_ref().unwrap_or(x).detach(),
                kinds,
                shift,
            });
        }
        match linear.bias {
            None => Ok(y),
            Some(bias) => y.broadcast_add(&(value(bias) * linear.bias_std)?),
        }
    }
}
