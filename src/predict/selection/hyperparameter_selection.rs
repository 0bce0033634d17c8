//! The search for the hyperparameters of a network and the noise of the least cost.

use ndarray::{Array2, ArrayView2};

use super::hyperparameter_derivative::HyperparameterDerivative;
use super::search::{Family, Search};
use crate::kernel::KernelMatrices;
use crate::network::{Hyperparameter, Network};
use crate::predict::criterion::Criterion;
use crate::predict::kernels::KernelKind;

use crate::{Error, Result};

/// A search for the weight and bias standard deviations of a network, and for the noise, of the least cost by a criterion.
///
/// The search is L-BFGS in the logarithms of the standard deviations, with derivatives from [`HyperparameterDerivative`] and from
/// [`Evidence`](crate::predict::Evidence). It finds a local minimum near the first network. Some directions do not change the cost: with homogeneous activations
/// (ReLU without biases) the kernel depends only on the product of the standard deviations. The search does not move along such
/// directions.
///
/// # Examples
/// ```
/// use haarmonic::activation::Activation;
/// use haarmonic::kernel::Kernel;
/// use haarmonic::network::{Network, Init};
/// use haarmonic::predict::selection::HyperparameterSelection;
/// use haarmonic::predict::{Criterion, KernelKind};
/// use ndarray::Array2;
///
/// let network = Network::vector(1)
///     .dense(Init::new(1.0, 0.5))
///     .activation(Activation::Erf)
///     .dense(Init::default())
///     .build()?;
/// let x = Array2::from_shape_fn((12, 1), |(i, _)| i as f64 / 3.0);
/// let y = x.map(|x: &f64| x.sin());
/// let kernels = |network: &Network| Kernel::new(network)?.gram(x.view());
/// let selected = HyperparameterSelection::new(Criterion::MarginalLikelihood, KernelKind::Nngp)
///     .noise(1e-3)
///     .fit(&network, y.view(), kernels)?;
/// assert!(selected.cost < selected.first_cost);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// RW06, sections 5.4.1 and 5.4.2, for the criteria and their derivatives.
#[derive(Debug, Clone)]
#[must_use = "call fit()"]
pub struct HyperparameterSelection {
    search: Search,
    kind: KernelKind,
    parameters: Option<Vec<Hyperparameter>>,
}

/// The result of a search.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SelectedHyperparameters {
    /// The network with the selected standard deviations.
    pub network: Network,
    /// The noise as a multiple of the mean diagonal entry of the kernel, for
    /// [`Ridge::Relative`](crate::predict::Ridge::Relative).
    pub noise: f64,
    /// The cost by the criterion.
    pub cost: f64,
    /// The cost at the start of the search.
    pub first_cost: f64,
    /// Number of steps of the search.
    pub iterations: u64,
    /// Whether cost or gradient became stationary; otherwise the steps were used up, or rounding hid a further decrease.
    pub converged: bool,
}

impl HyperparameterSelection {
    /// Returns a search over all σw, all σb that are not zero, and the noise.
    ///
    /// # Arguments
    /// * `criterion` — the cost to minimise
    /// * `kind` — the kernel that predicts: the NNGP kernel, which gives the evidence of infinitely wide Bayesian networks, or the NTK
    pub fn new(criterion: Criterion, kind: KernelKind) -> Self {
        HyperparameterSelection {
            search: Search::new(criterion),
            kind,
            parameters: None,
        }
    }

    /// Restricts the search to some hyperparameters; the noise is still selected.
    pub fn parameters(mut self, parameters: &[Hyperparameter]) -> Self {
        self.parameters = Some(parameters.to_vec());
        self
    }

    /// Sets the first noise, as a multiple of the mean diagonal entry of the kernel; positive, 0.01 by default.
    pub fn noise(mut self, noise: f64) -> Self {
        self.search.noise = noise;
        self
    }

    /// Keeps the noise, as a multiple of the mean diagonal entry, at its first value.
    pub fn fixed_noise(mut self) -> Self {
        self.search.fixed_noise = true;
        self
    }

    /// Sets the largest number of steps; 50 by default.
    pub fn iterations(mut self, iterations: u64) -> Self {
        self.search.iterations = iterations;
        self
    }

    /// Runs the search.
    ///
    /// # Arguments
    /// * `network` — the network with the first standard deviations
    /// * `targets` — of the training points, shape `[n, outputs]`
    /// * `kernels` — computes the kernels of a network between all training points
    ///
    /// # Cost and accuracy
    /// For p hyperparameters a step takes 6 p + 1 kernel matrices, and O((p + 2) n³) time for left-out points or O(n³ + p n²) time for the
    /// marginal likelihood. A rejected trial of the line search takes one matrix and one factorisation, or the time of a whole step.
    ///
    /// # Errors
    /// * [`Error::InvalidValue`] — the noise is not positive, there is no parameter, or a bias standard deviation among the parameters is
    ///   zero and has no logarithm
    /// * [`Error::NotPositiveDefinite`] — a kernel is singular in spite of the noise
    /// * the errors of [`Evidence`](crate::predict::Evidence) and of `kernels`
    pub fn fit(
        &self,
        network: &Network,
        targets: ArrayView2<'_, f64>,
        kernels: impl Fn(&Network) -> Result<KernelMatrices>,
    ) -> Result<SelectedHyperparameters> {
        self.search.check_noise()?;
        let family = NetworkFamily {
            parameters: self.checked_parameters(network)?,
            kind: self.kind,
            network,
            kernels,
        };
        let found = self.search.run(&family, targets)?;
        Ok(SelectedHyperparameters {
            network: family.network(&found.moves)?,
            noise: found.noise,
            cost: found.cost,
            first_cost: found.first_cost,
            iterations: found.iterations,
            converged: found.converged,
        })
    }

    /// The hyperparameters to select: the given ones, or all σw and all σb that are not zero.
    fn checked_parameters(&self, network: &Network) -> Result<Vec<Hyperparameter>> {
        let inits = network.inits();
        let refused = |found: String, expected: &str| {
            Error::invalid("hyperparameters to select", found, expected)
        };
        let parameters = match &self.parameters {
            Some(parameters) => parameters.clone(),
            None => (0..inits.len())
                .flat_map(|layer| [Hyperparameter::Weight(layer), Hyperparameter::Bias(layer)])
                .filter(|parameter| parameter.of(&inits) > 0.0)
                .collect(),
        };
        for parameter in &parameters {
            let layers = inits.len();
            if parameter.layer() >= layers {
                let expected = format!("one of the {layers} layers with weights, from 0");
                return Err(refused(format!("layer {}", parameter.layer()), &expected));
            }
            if parameter.of(&inits) == 0.0 {
                let found = format!("a bias of layer {} that is zero", parameter.layer());
                return Err(refused(
                    found,
                    "a positive standard deviation to begin with",
                ));
            }
        }
        if parameters.is_empty() && self.search.fixed_noise {
            return Err(refused("none, and a fixed noise".into(), "at least one"));
        }
        Ok(parameters)
    }
}

/// The kernels of a network whose standard deviations are multiplied by the exponentials of the moves.
struct NetworkFamily<'a, F> {
    parameters: Vec<Hyperparameter>,
    kind: KernelKind,
    network: &'a Network,
    kernels: F,
}

impl<F: Fn(&Network) -> Result<KernelMatrices>> NetworkFamily<'_, F> {
    fn network(&self, moves: &[f64]) -> Result<Network> {
        let mut inits = self.network.inits();
        for (parameter, step) in self.parameters.iter().zip(moves) {
            let value = parameter.of(&inits);
            parameter.set(&mut inits, value * step.exp());
        }
        self.network.with_inits(&inits)
    }
}

impl<F: Fn(&Network) -> Result<KernelMatrices>> Family for NetworkFamily<'_, F> {
    fn parameters(&self) -> usize {
        self.parameters.len()
    }

    fn kernel(&self, moves: &[f64]) -> Result<Array2<f64>> {
        let gram = (self.kernels)(&self.network(moves)?)?;
        Ok(match self.kind {
            KernelKind::Nngp => gram.nngp,
            KernelKind::Ntk => gram.ntk,
        })
    }

    fn derivative(&self, moves: &[f64], parameter: usize) -> Result<Array2<f64>> {
        let network = self.network(moves)?;
        let parameter = self.parameters[parameter];
        let derivative = HyperparameterDerivative::new(&network, parameter, &self.kernels)?;
        let change = match self.kind {
            KernelKind::Nngp => derivative.nngp,
            KernelKind::Ntk => derivative.ntk,
        };
        Ok(change * parameter.of(&network.inits()))
    }
}
