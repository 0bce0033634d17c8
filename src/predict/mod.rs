//! Prediction from kernels: gradient flow at any time, Gaussian processes, kernel ridge regression, metrics.
//!
//! This module sees only matrices; where they come from (which network, which group) does not matter.
//! Rows and columns are points: `[train, train]`, `[test, train]`, `[test, test]`; targets are `[train, outputs]`.
//!
//! * [`GradientFlow`]: mean and covariance of an ensemble of infinitely wide networks after training for a
//!   time t, from the neural tangent kernel, or from the NNGP kernel alone (training the last layer only)
//! * [`GaussianProcess`]: exact Bayesian inference with the NNGP kernel as the prior
//! * [`KernelRidge`], [`RidgePath`]: the mean alone; for one ridge, or for many from one eigendecomposition
//! * [`ConjugateGradient`]: the same mean by products with the kernel ([`KernelRows`]), which nobody has to hold; with a
//!   [`Preconditioner`] from a few rows ([`PivotedCholesky`])
//! * [`Nystrom`]: regression on the kernels of a few training points, with a bound of what that changes
//! * [`Evidence`]: log marginal likelihood, leave-one-out and cross-validation in closed form; costs by a [`Criterion`] with their
//!   derivatives, for the choice of kernels ([`crate::selection`])
//! * [`ValidationCurve`]: early stopping
//! * [`classification`]: targets, accuracy, confusion and calibration of classifiers
//! * [`fields`]: targets and predictions that are functions, known at several places of each signal
//! * [`metrics`]: mean absolute error, root mean square error, standard error over repeats

mod check;
mod class_probabilities;
pub mod classification;
mod conjugate_gradient;
mod criterion;
mod early_stopping;
mod elapsed;
mod ensemble;
mod evidence;
pub mod fields;
mod gaussian_process;
mod gradient_flow;
mod kernel_ridge;
mod kernel_rows;
mod lanczos;
mod linalg;
pub mod metrics;
mod nystrom;
mod pivoted_cholesky;
mod preconditioner;
mod ridge;
mod ridge_path;
mod rounding;
mod scaled_columns;

pub use conjugate_gradient::{ConjugateGradient, Solved};
pub use criterion::Criterion;
pub(crate) use criterion::checked_cost;
pub use early_stopping::ValidationCurve;
pub use ensemble::{Ensemble, Prediction, TestKernels, Time};
pub use evidence::{Evidence, LeftOut};
pub use gaussian_process::GaussianProcess;
pub use gradient_flow::{GradientFlow, GradientFlowBuilder};
pub use kernel_ridge::KernelRidge;
pub use kernel_rows::{KernelFunction, KernelMatrix, KernelRows};
pub use nystrom::{Nystrom, NystromError};
pub use pivoted_cholesky::PivotedCholesky;
pub use preconditioner::Preconditioner;
pub use ridge::Ridge;
pub use ridge_path::{RidgePath, SelectedRidge};
