//! Solvers of (K + ε) a = y: dense and iterative, exact and of low rank. The solvers depend neither on training times nor on networks.

pub(crate) mod check;
mod computed_rows;
mod conjugate_gradient;
mod conjugate_gradient_steps;
mod feature_ridge;
pub(super) mod kernel_ridge;
mod kernel_rows;
mod lanczos;
pub(super) mod linalg;
mod nystrom;
mod pivoted_cholesky;
mod processes;
pub(super) mod ridge;
pub(crate) mod tiled_product;

pub use computed_rows::ComputedRows;
pub use conjugate_gradient::{ConjugateGradient, Solved};
pub use conjugate_gradient_steps::ConjugateGradientSteps;
pub use feature_ridge::{FeatureRidge, LinearModel};
pub use kernel_ridge::KernelRidge;
pub use kernel_rows::{KernelFunction, KernelMatrix, KernelRows};
pub(super) use lanczos::largest_eigenvalue;
pub use nystrom::{Nystrom, NystromError};
pub use pivoted_cholesky::{PivotedCholesky, Preconditioner};
pub use processes::{OneProcess, Processes};
pub use ridge::Ridge;
