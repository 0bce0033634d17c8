//! Derivatives of kernels in their inputs: the walk backwards through the layers, written once for all geometries.
//!
//! Let a and b be the cotangents of K and Θ at some layer: the derivatives of a sum of kernels, times given factors, by both kernels there.
//! A linear layer takes $`a \leftarrow \sigma_w^2 A^\top (a + b)`$ and $`b \leftarrow \sigma_w^2 A^\top b`$, an activation
//! $`a \leftarrow a D + b\Theta D_k`$ and $`b \leftarrow D b`$, and it adds $`a E_q + b\Theta D_q`$ to the cotangent of each variance. The
//! cotangents of the variances run down the fibre of a signal with itself.

mod layers;
mod own;
mod pair;
mod places;
mod walk;

pub(crate) use layers::{PullBuffers, SignalPull, TailPull};
