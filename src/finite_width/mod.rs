//! Networks of finite width: the layers of a [`Network`](crate::network::Network) with finitely many channels, their empirical kernels,
//! and their training.
//!
//! Tensors and derivatives come from `candle`, which is re-exported.

mod activation;
mod augmentation;
mod backend;
mod batches;
mod checkpoint;
mod derivatives;
mod empirical;
mod ensemble;
mod expectation;
mod gather;
mod loss;
mod message;
mod molecule;
mod network;
mod optimiser;
mod parameters;
mod plan;
mod planar;
mod random_features;
mod rotation_matrices;
mod sphere_filters;
mod sphere_layers;
mod steps;
mod training;
mod width;

pub use augmentation::Augmentation;
pub use candle_core;
pub use empirical::{EmpiricalKernel, EmpiricalMatrices, Estimate, KernelEstimate};
pub use ensemble::EnsembleOutputs;
pub use expectation::UnbiasedRms;
pub use network::FiniteNetwork;
pub use optimiser::Optimiser;
pub use random_features::{RandomFeatures, RandomFeaturesOf};
pub use training::{Trainer, TrainerBuilder};
pub use width::Width;
