//! Selection of weight and bias standard deviations and of the noise from training points: derivatives of kernels, and the search.
//!
//! [`HyperparameterDerivative`] holds the derivative of kernels by the standard deviation of the weights or biases of one layer;
//! [`HyperparameterSelection`] follows these derivatives to the hyperparameters and the noise of the least cost, by a
//! [`Criterion`](crate::predict::Criterion).

mod hyperparameter_derivative;
mod hyperparameter_selection;
mod lbfgs;

pub use hyperparameter_derivative::HyperparameterDerivative;
pub use hyperparameter_selection::{HyperparameterSelection, SelectedHyperparameters};
