//! Activation functions and their Gaussian expectations.
//!
//! After a layer of infinite width the features are Gaussian: at two points (u, v) with variances q₁, q₂ and
//! covariance k. A nonlinearity σ turns the covariance into $`E[\sigma(u)\sigma(v)]`$ and multiplies the tangent kernel
//! by $`E[\sigma'(u)\sigma'(v)]`$. [`Activation::apply`] does that in one pass over slices of covariances.
//!
//! Every closed form is arranged so that nothing cancels: with $`q_1 q_2 - k^2`$ from a determinant
//! of full relative accuracy it holds its digits for k → ±√(q₁q₂), q → 0 and q → ∞.

mod blocks;
mod dispatch;
mod elementwise;
mod error_function;
mod exponential;
mod function;
mod native;
mod native_kernels;
mod pair;
mod polynomial;
pub(crate) mod precision;
mod prepared;
mod rectified_monomial;
mod rectifier;
mod sweep;
mod variance;
mod widened;

pub use elementwise::Elementwise;
#[cfg(feature = "finite-width")]
pub(crate) use error_function::SIGMOID_WIDTH;
pub use function::{Activation, MAX_DEGREE, NAMES};
pub use prepared::{PreparedVariance, VarianceField};
pub use variance::{COVARIANCE_GUARD, LARGEST_VARIANCE, Variance};
