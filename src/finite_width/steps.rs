//! A network as steps on tensors `[n, places, channels]`.

use std::cell::RefCell;

use candle_core::{Result, Tensor, Var};

use crate::activation::Activation;

use super::activation::activate;
use super::gather::Gather;
use super::sphere_layers::{RotationPlaces, SphereConvolution, SphereLifting};

/// One step from input to output.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Linear(Linear),
    Activation(Activation),
    /// Means over places with weights, `[1, places]`.
    Mean(Tensor),
    /// Means over as many consecutive places.
    RingMean(usize),
    /// The places and channels side by side, at one place.
    Flatten,
    /// The last places, from this one on.
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
    /// Number of the parameter.
    pub weights: usize,
    pub bias: Option<usize>,
    /// σw over the square root of the number of terms.
    pub factor: f64,
    pub bias_std: f64,
}

impl Linear {
    pub(super) fn is_pointwise(&self) -> bool {
        matches!(self.map, Map::Pointwise)
    }
}

/// What a filter meets.
#[derive(Debug, Clone)]
pub(super) enum Map {
    /// Its own place.
    Pointwise,
    Gather(Gather),
    SphereLifting(SphereLifting),
    SphereConvolution(SphereConvolution),
}

/// What all steps share.
pub(super) struct Context<'a> {
    pub parameters: &'a [Var],
    pub rotations: Option<&'a RotationPlaces>,
    /// If there is one, layers with weights leave here what their derivatives need, and the weights are constants.
    pub taps: Option<RefCell<Vec<Tap>>>,
}

/// What the derivatives by the parameters of a layer need.
pub(super) struct Tap {
    pub linear: Linear,
    /// `[n, places, channels]` before the layer.
    pub input: Tensor,
    /// Zeros that were added after it: derivatives by them are those by its outputs.
    pub shift: Var,
}

impl Context<'_> {
    pub(super) fn run(&self, steps: &[Step], x: &Tensor) -> Result<Tensor> {
        let mut x = x.clone();
        for step in steps {
            x = self.step(step, &x)?;
        }
        Ok(x)
    }

    fn step(&self, step: &Step, x: &Tensor) -> Result<Tensor> {
        match step {
            Step::Linear(linear) => self.linear(linear, x),
            Step::Activation(activation) => activate(activation, x),
            Step::Mean(weights) => {
                let (n, places, channels) = x.dims3()?;
                x.transpose(1, 2)?
                    .contiguous()?
                    .reshape((n * channels, places))?
                    .matmul(&weights.t()?)?
                    .reshape((n, 1, channels))
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
        let y = match &linear.map {
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
                input: x.detach(),
                shift,
            });
        }
        match linear.bias {
            None => Ok(y),
            Some(bias) => y.broadcast_add(&(value(bias) * linear.bias_std)?),
        }
    }
}
