//! Kernels on the sphere with local filters.

mod definition;
mod errors;
mod filters;
mod golden;
