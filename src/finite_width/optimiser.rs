//! Optimisers: rules that compute new parameters from gradients.

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, Var};

use crate::Error;
use crate::check;

/// The rule by which a step changes the parameters θ, given the gradient g of the loss and the learning rate η.
///
/// A checkpoint holds the moments of Adam. The optimisers of `candle-nn` do not give access to their moments, so they are not used.
///
/// # References
/// KB15, Algorithm 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Optimiser {
    /// Gradient descent, $`\theta \leftarrow \theta - \eta g`$; with mini-batches it is stochastic.
    Sgd,
    /// Adam, with moments $`m \leftarrow \beta_1 m + (1 - \beta_1) g`$, $`v \leftarrow \beta_2 v + (1 - \beta_2) g^2`$ and
    ///
    /// ```math
    /// \theta \leftarrow \theta - \eta \, \frac{m / (1 - \beta_1^k)}{\sqrt{v / (1 - \beta_2^k)} + \epsilon} \qquad \text{in step } k = 1, 2, \dots
    /// ```
    Adam {
        /// Decay of the mean of gradients, at least 0 and below 1.
        beta1: f64,
        /// Decay of the mean of squared gradients, at least 0 and below 1.
        beta2: f64,
        /// The number ϵ > 0 added to the root.
        epsilon: f64,
    },
}

impl Optimiser {
    /// Adam with β₁ = 0.9, β₂ = 0.999, ϵ = 10⁻⁸.
    pub const ADAM: Optimiser = Optimiser::Adam {
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
    };

    /// Accepts options that are in range.
    pub(super) fn check(&self) -> crate::Result<()> {
        let Optimiser::Adam {
            beta1,
            beta2,
            epsilon,
        } = self
        else {
            return Ok(());
        };
        for (name, beta) in [("β1", beta1), ("β2", beta2)] {
            if !(0.0..1.0).contains(beta) {
                return Err(Error::invalid(
                    format!("{name} of Adam"),
                    *beta,
                    "at least 0 and below 1",
                ));
            }
        }
        check::positive("ϵ of Adam", *epsilon)?;
        Ok(())
    }

    /// The name of the optimiser, with its options, in a checkpoint.
    pub(super) fn describe(&self) -> String {
        match self {
            Optimiser::Sgd => "sgd".into(),
            Optimiser::Adam {
                beta1,
                beta2,
                epsilon,
            } => format!("adam {beta1} {beta2} {epsilon}"),
        }
    }

    /// The means of gradients and of squared gradients before the first step, one pair per parameter; empty for SGD.
    pub(super) fn moments(&self, parameters: &[Var]) -> Result<Vec<[Tensor; 2]>> {
        let zeros = |parameter: &Var| Ok([parameter.zeros_like()?, parameter.zeros_like()?]);
        match self {
            Optimiser::Sgd => Ok(Vec::new()),
            Optimiser::Adam { .. } => parameters.iter().map(zeros).collect(),
        }
    }

    /// Changes the parameters by one step.
    ///
    /// # Arguments
    /// * `moments` — of [`moments`](Self::moments); changed
    /// * `step` — the number of the step, from 1 on
    pub(super) fn step(
        &self,
        parameters: &[Var],
        gradients: &GradStore,
        moments: &mut [[Tensor; 2]],
        rate: f64,
        step: u64,
    ) -> Result<()> {
        for (number, parameter) in parameters.iter().enumerate() {
            // A parameter on which the loss does not depend has no gradient.
            let gradient = match gradients.get(parameter) {
                Some(gradient) => gradient.clone(),
                None => parameter.zeros_like()?,
            };
            let change = match *self {
                Optimiser::Sgd => (gradient * rate)?,
                Optimiser::Adam {
                    beta1,
                    beta2,
                    epsilon,
                } => {
                    let [mean, square] = &mut moments[number];
                    *mean = ((&*mean * beta1)? + (&gradient * (1.0 - beta1))?)?.detach();
                    *square = ((&*square * beta2)? + (gradient.sqr()? * (1.0 - beta2))?)?.detach();
                    let scale = |beta: f64| 1.0 / (1.0 - beta.powf(step as f64));
                    let root = (&*square * scale(beta2))?.sqrt()?;
                    ((&*mean * (scale(beta1) * rate))? / (root + epsilon)?)?
                }
            };
            parameter.set(&(parameter.as_detached_tensor() - change)?)?;
        }
        Ok(())
    }
}
