//! Networks of finite width to first order in 1/n: bias and spread of NNGP and NTK.
//!
//! The kernels of a network whose hidden layers have n channels fluctuate from one initialisation to the next, with standard deviations of
//! order $`1/\sqrt n`$, and their means differ from the kernels of infinite width by terms of order 1/n.
//! [`Kernel::at_width`](crate::kernel::Kernel::at_width) computes both, without a network being drawn. The recursion is in
//! `docs/theory.md`, the use in `docs/finite-width.md`.

mod at_width;
#[cfg(test)]
mod before_pooling;
mod dynamics;
mod ensemble;
mod functional;
mod layers;
mod means;
mod motion;
mod noise;
mod orbit;
mod pair;
mod sources;
mod state;
mod tensors;

pub use at_width::{KernelAtWidth, MatricesAtWidth};
pub use dynamics::{MotionTensors, NtkChange};
pub use noise::LayerVariance;
pub use tensors::Tensors;
