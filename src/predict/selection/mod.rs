//! Choice of a network's scales and of the noise from training points: derivatives of kernels, and the search.
//!
//! [`HyperparameterDerivative`] says how kernels change with the standard deviation of the weights or biases of one layer;
//! [`HyperparameterSelection`] follows these derivatives to the scales and the noise of the least cost, by a
//! [`Criterion`](crate::predict::Criterion).

mod hyperparameter_derivative;
mod hyperparameter_selection;
mod lbfgs;

pub use hyperparameter_derivative::HyperparameterDerivative;
pub use hyperparameter_selection::{HyperparameterSelection, SelectedHyperparameters};
