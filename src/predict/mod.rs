//! Prediction from kernels: regression at any training time, Gaussian processes, selection of ridge and network, metrics.
//!
//! Predictions need kernel matrices only, from any network and group. The rows and columns of a kernel matrix are points: its shape is
//! `[train, train]`, `[test, train]` or `[test, test]`. Targets have the shape `[train, outputs]`. Every method of regression has a function
//! `fit` that takes the training points, and a function `predict` that takes the kernels of test points.
//!
//! * [`Regression`]: one interface to the methods below for most uses, with options for the kernel, the ridge or the [`Criterion`] that
//!   selects it, and the training time
//! * [`GradientFlow`]: mean and covariance of an ensemble of infinitely wide networks after training for a
//!   time t, from the neural tangent kernel, or from the NNGP kernel (training the last layer only)
//! * [`LossFlow`]: the mean under gradient flow on another loss, with or without momentum
//! * [`GaussianProcess`]: exact Bayesian inference with any covariance as the prior, such as the NNGP kernel; samples of the posterior, and
//!   points that are added later
//! * [`KernelRidge`], [`RidgePath`]: the mean without covariance, for one ridge or for many ridges from one eigendecomposition
//! * [`FeatureRidge`], [`LinearModel`]: the mean of [`KernelRidge`] from finitely many features, whose points may come in pieces
//! * [`ConjugateGradient`]: the mean of [`KernelRidge`] by products with a kernel ([`KernelRows`]) that need not be in memory, with an optional
//!   [`Preconditioner`] from a few rows ([`PivotedCholesky`])
//! * [`ConjugateGradientSteps`], [`ComputedRows`], [`Processes`]: the steps of conjugate gradients for many points, with kernels that are
//!   computed in each step or kept, and with several processes that share each product
//! * [`Nystrom`]: regression on the kernels of a few training points, with a bound on the distance to the full regression
//! * [`Evidence`]: log marginal likelihood, leave-one-out and cross-validation in closed form; costs by a [`Criterion`] with their
//!   derivatives
//! * [`selection`]: the selection of the parameters of a kernel and of the noise; for networks, derivatives of kernels by weight and bias
//!   standard deviations
//! * [`gradients`]: derivatives of losses, predictions and the evidence by kernel matrices, for derivatives in the inputs
//! * [`acquisition`]: expected improvement and confidence bounds, for Bayesian optimisation
//! * [`ValidationCurve`]: early stopping
//! * [`classification`]: targets, accuracy, confusion and calibration of classifiers
//! * [`fields`]: targets and predictions that are functions, known at several places of each signal
//! * [`metrics`]: mean absolute error, root mean square error, standard error over repeats

pub mod acquisition;
pub mod classification;
mod criterion;
mod early_stopping;
mod evidence;
pub mod fields;
mod gaussian_process;
mod gradient_flow;
pub mod gradients;
mod kernels;
mod loss;
mod loss_flow;
pub mod metrics;
mod prediction;
mod regression;
mod ridge_path;
pub mod selection;
mod signal_features;
mod solver;
mod solvers;
mod spread;
mod time;

pub use criterion::Criterion;
pub use early_stopping::ValidationCurve;
pub use evidence::Evidence;
pub use gaussian_process::GaussianProcess;
pub use gradient_flow::GradientFlow;
pub use kernels::{KernelKind, Kernels};
pub use loss::Loss;
pub use loss_flow::LossFlow;
pub use prediction::{Marginals, Prediction};
pub use regression::{FittedRegression, Regression, RidgeRule};
pub use ridge_path::{RidgePath, SelectedRidge};
pub use signal_features::SignalFeatures;
pub use solver::{Cost, FittedSignals, Solver};
#[cfg(feature = "store")]
pub(crate) use solvers::tiled_product;
pub use solvers::{
    ComputedRows, ConjugateGradient, ConjugateGradientSteps, FeatureRidge, KernelFunction,
    KernelMatrix, KernelRidge, KernelRows, LinearModel, Nystrom, NystromError, OneProcess,
    PivotedCholesky, Preconditioner, Processes, Ridge, Solved,
};
pub(crate) use solvers::{check, linalg::SymmetricEigen};
pub use time::Time;
