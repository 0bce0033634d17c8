//! Predictions from kernels.

mod errors;
mod evidence;
mod fields;
mod gradient_flow;
mod loss_flow;
mod regression;
mod selection;
mod solvers;
