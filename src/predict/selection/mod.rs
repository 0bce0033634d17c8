//! Selection of the parameters of a kernel and of the noise from training points: derivatives of kernels, and the search.
//!
//! [`KernelSelection`] takes any kernel as a function of its parameters, with its derivatives. For networks,
//! [`HyperparameterDerivative`] holds the derivative of kernels by the standard deviation of the weights or biases of one layer;
//! [`HyperparameterSelection`] follows these derivatives to the hyperparameters and the noise of the least cost, by a
//! [`Criterion`](crate::predict::Criterion).

mod hyperparameter_derivative;
mod hyperparameter_selection;
mod kernel_selection;
mod lbfgs;
mod search;

pub use hyperparameter_derivative::HyperparameterDerivative;
pub use hyperparameter_selection::{HyperparameterSelection, SelectedHyperparameters};
pub use kernel_selection::{KernelSelection, SelectedParameters};
