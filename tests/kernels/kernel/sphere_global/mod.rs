//! Kernels on the sphere with global filters.

mod golden;
mod invariance;
mod outputs;
