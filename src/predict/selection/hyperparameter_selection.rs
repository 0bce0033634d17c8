//! The search for the hyperparameters and the noise of the least cost.

use ndarray::{Array2, ArrayView2};

use super::hyperparameter_derivative::HyperparameterDerivative;
use super::lbfgs::{Objective, Stop, minimise};
use crate::kernel::KernelMatrices;
use crate::network::{Hyperparameter, Network};
use crate::numeric::powers::{exponent, times_power};
use crate::predict::criterion::{Criterion, checked_cost};
use crate::predict::evidence::Evidence;
use crate::predict::kernels::KernelKind;
use crate::predict::solvers::ridge::Ridge;

use crate::{Error, Result};

/// Standard deviations stay between their first values divided by this number and times this number.
const STD_RANGE: f64 = 1e2;
/// The noise stays between its first value divided by this number and times this number.
const NOISE_RANGE: f64 = 1e4;
/// The change of the cost per target below which the search ends.
const TOLERANCE: f64 = 1e-8;
/// The norm of the gradient of the cost per target below which the search ends.
const GRADIENT: f64 = 1e-6;

/// A search for the weight and bias standard deviations of a network, and for the noise, of the least cost by a criterion.
///
/// The search is L-BFGS in the logarithms of the standard deviations, with derivatives from [`HyperparameterDerivative`] and from
/// [`Evidence`]. It finds a local minimum near the first network. Some directions do not change the cost: with homogeneous activations
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
    criterion: Criterion,
    kind: KernelKind,
    parameters: Option<Vec<Hyperparameter>>,
    noise: f64,
    fixed_noise: bool,
    iterations: u64,
}

/// The result of a search.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SelectedHyperparameters {
    /// The network with the selected standard deviations.
    pub network: Network,
    /// The noise as a multiple of the mean diagonal entry of the kernel, for [`Ridge::Relative`].
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
            criterion,
            kind,
            parameters: None,
            noise: 1e-2,
            fixed_noise: false,
            iterations: 50,
        }
    }

    /// Restricts the search to some hyperparameters; the noise is still selected.
    pub fn parameters(mut self, parameters: &[Hyperparameter]) -> Self {
        self.parameters = Some(parameters.to_vec());
        self
    }

    /// Sets the first noise, as a multiple of the mean diagonal entry of the kernel; positive, 0.01 by default.
    pub fn noise(mut self, noise: f64) -> Self {
        self.noise = noise;
        self
    }

    /// Keeps the noise, as a multiple of the mean diagonal entry, at its first value.
    pub fn fixed_noise(mut self) -> Self {
        self.fixed_noise = true;
        self
    }

    /// Sets the largest number of steps; 50 by default.
    pub fn iterations(mut self, iterations: u64) -> Self {
        self.iterations = iterations;
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
    /// * the errors of [`Evidence`] and of `kernels`
    pub fn fit(
        &self,
        network: &Network,
        targets: ArrayView2<'_, f64>,
        kernels: impl Fn(&Network) -> Result<KernelMatrices>,
    ) -> Result<SelectedHyperparameters> {
        if !(self.noise > 0.0 && self.noise.is_finite()) {
            return Err(Error::invalid(
                "noise to begin with",
                self.noise,
                "a positive number",
            ));
        }
        // The mean square error is quadratic in the targets; targets near one make its changes comparable with the tolerances.
        let power = match self.criterion {
            Criterion::LeaveOneOutError => exponent(targets.iter().copied()),
            _ => 0,
        };
        let scaled = targets.mapv(|y| times_power(y, -power));
        let cost = |cost: f64| checked_cost(self.criterion, times_power(cost, 2 * power));
        let problem = Problem {
            selection: self,
            parameters: self.checked_parameters(network)?,
            network,
            targets: scaled.view(),
            kernels,
        };
        let start = vec![0.0; problem.len()];
        let first_cost = problem.cost_at(&start)?;
        let stop = Stop {
            iterations: self.iterations,
            gradient: GRADIENT,
            value: TOLERANCE,
        };
        let found = minimise(&problem, start, &stop)?;
        let (network, noise) = problem.model(&found.x)?;
        Ok(SelectedHyperparameters {
            cost: cost(problem.cost_at(&found.x)?)?,
            network,
            noise,
            first_cost: cost(first_cost)?,
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
        if parameters.is_empty() && self.fixed_noise {
            return Err(refused("none, and a fixed noise".into(), "at least one"));
        }
        Ok(parameters)
    }
}

/// The cost as a function of free coordinates, one per standard deviation and a last one for the noise.
///
/// A coordinate is 0 at the first value. Near 0 it is the logarithm of the factor of a standard deviation; the factor is bounded, so that no
/// step of the search leaves its range.
struct Problem<'a, F> {
    selection: &'a HyperparameterSelection,
    parameters: Vec<Hyperparameter>,
    network: &'a Network,
    targets: ArrayView2<'a, f64>,
    kernels: F,
}

/// The factor of a coordinate, between 1 / range and the range, and the derivative of its logarithm.
fn factor(range: f64, coordinate: f64) -> [f64; 2] {
    let range = range.ln();
    let bounded = (coordinate / range).tanh();
    [(range * bounded).exp(), 1.0 - bounded * bounded]
}

impl<F: Fn(&Network) -> Result<KernelMatrices>> Problem<'_, F> {
    fn len(&self) -> usize {
        self.parameters.len() + usize::from(!self.selection.fixed_noise)
    }

    /// The network and the relative noise.
    fn model(&self, coordinates: &[f64]) -> Result<(Network, f64)> {
        let mut inits = self.network.inits();
        for (parameter, &coordinate) in self.parameters.iter().zip(coordinates) {
            let value = parameter.of(&inits);
            parameter.set(&mut inits, value * factor(STD_RANGE, coordinate)[0]);
        }
        let mut noise = self.selection.noise;
        if !self.selection.fixed_noise {
            noise *= factor(NOISE_RANGE, coordinates[self.parameters.len()])[0];
        }
        Ok((self.network.with_inits(&inits)?, noise))
    }

    fn matrix(&self, gram: KernelMatrices) -> Array2<f64> {
        match self.selection.kind {
            KernelKind::Nngp => gram.nngp,
            KernelKind::Ntk => gram.ntk,
        }
    }

    fn evidence(&self, kernel: &Array2<f64>, noise: f64) -> Result<Evidence> {
        Evidence::fit(kernel.view(), self.targets, Ridge::Relative(noise))
    }

    fn cost_at(&self, coordinates: &[f64]) -> Result<f64> {
        let (network, noise) = self.model(coordinates)?;
        let kernel = self.matrix((self.kernels)(&network)?);
        Ok(self
            .evidence(&kernel, noise)?
            .cost(self.selection.criterion))
    }

    /// The derivatives of the cost by the coordinates, by the chain rule over kernel, noise and the factor of a coordinate.
    fn gradient_at(&self, coordinates: &[f64]) -> Result<Vec<f64>> {
        let criterion = self.selection.criterion;
        let (network, noise) = self.model(coordinates)?;
        let kernel = self.matrix((self.kernels)(&network)?);
        let evidence = self.evidence(&kernel, noise)?;
        let by_ridge = evidence.cost_ridge_derivative(criterion);
        let inits = network.inits();
        let n = kernel.nrows() as f64;
        let mut gradient = Vec::with_capacity(self.len());
        for (parameter, &coordinate) in self.parameters.iter().zip(coordinates) {
            let derivative = HyperparameterDerivative::new(&network, *parameter, &self.kernels)?;
            let change = match self.selection.kind {
                KernelKind::Nngp => derivative.nngp,
                KernelKind::Ntk => derivative.ntk,
            };
            // The noise is a multiple of the mean diagonal entry of the kernel, and changes with the kernel.
            let of_noise = noise * change.diag().sum() / n * by_ridge;
            let by_deviation = evidence.cost_derivative(criterion, change.view())? + of_noise;
            gradient.push(by_deviation * parameter.of(&inits) * factor(STD_RANGE, coordinate)[1]);
        }
        if !self.selection.fixed_noise {
            let coordinate = coordinates[self.parameters.len()];
            gradient.push(by_ridge * evidence.ridge() * factor(NOISE_RANGE, coordinate)[1]);
        }
        Ok(gradient)
    }

    /// The factor that makes a cost a cost per target, so that the first steps have the size of the coordinates.
    fn per_target(&self) -> f64 {
        match self.selection.criterion {
            Criterion::LeaveOneOutError => 1.0,
            _ => 1.0 / self.targets.len() as f64,
        }
    }
}

impl<F: Fn(&Network) -> Result<KernelMatrices>> Objective for Problem<'_, F> {
    fn value(&self, coordinates: &[f64]) -> Result<f64> {
        Ok(self.cost_at(coordinates)? * self.per_target())
    }

    fn gradient(&self, coordinates: &[f64]) -> Result<Vec<f64>> {
        let gradient = self.gradient_at(coordinates)?;
        Ok(gradient.iter().map(|g| g * self.per_target()).collect())
    }
}
