//! Predictions from kernels.

mod acquisition;
mod errors;
mod evidence;
mod feature_ridge;
mod fields;
mod gaussian_process;
mod gradient_flow;
mod gradients;
mod kernel_selection;
mod loss_flow;
mod regression;
mod selection;
mod solvers;
