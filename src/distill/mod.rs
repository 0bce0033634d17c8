//! Distilled data sets: a few inputs from which a kernel predicts a large data set as well as possible.
//!
//! Kernel inducing points (KIP21) are inputs x and targets y of a kernel regression. A [`Distillation`] moves them so that the regression
//! predicts given examples, by the derivatives of the kernels in their inputs ([`Kernel::gradient`](crate::kernel::Kernel::gradient)) and
//! the method of Adam. [`start`] has the inputs to begin with, which are also the baselines to compare with.
//!
//! # References
//! KIP21; KIP21b for convolutional kernels; KB15 for Adam.

mod adam;
mod augmentation;
#[cfg(feature = "data")]
mod checkpoint;
mod distillation;
mod distilled;
pub mod start;

pub use augmentation::augmentations;
pub use distillation::{Distillation, Labels};
pub use distilled::Distilled;
