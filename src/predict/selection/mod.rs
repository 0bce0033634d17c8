//! Choice of a network's scales and of the noise from training points: derivatives of kernels, and the search.
//!
//! [`ScaleDerivative`] says how kernels change with the standard deviation of the weights or biases of one layer;
//! [`ScaleSelection`] follows these derivatives to the scales and the noise of the least cost, by a
//! [`Criterion`](crate::predict::Criterion).

mod lbfgs;
mod scale_derivative;
mod scale_selection;

pub use scale_derivative::ScaleDerivative;
pub use scale_selection::{ScaleSelection, SelectedScales};
