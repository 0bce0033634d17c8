//! Activation functions and their Gaussian expectations.
//!
//! After a layer of infinite width the features are Gaussian: at two points (u, v) with variances q₁, q₂ and
//! covariance k. A nonlinearity σ replaces the covariance by $`E[\sigma(u)\sigma(v)]`$ and multiplies the tangent kernel
//! by $`E[\sigma'(u)\sigma'(v)]`$. [`Activation::apply`] does that in one pass over slices of covariances.
//!
//! Every closed form is arranged to avoid cancellation: with $`q_1 q_2 - k^2`$ from a determinant
//! of full relative accuracy it holds its digits for k → ±√(q₁q₂), q → 0 and q → ∞.

mod apply;
mod closed_form;
mod formula;
mod functions;
pub(crate) mod joint;
mod names;
mod pair;
mod pass;
mod precision;
mod pull;
mod pull_back;
mod real;
mod slopes;
mod variance;

pub(crate) use closed_form::Line;
pub(crate) use formula::Kink;
pub use functions::{Activation, Elementwise, MAX_DEGREE, NAMES};
pub(crate) use precision::Precision;
pub use precision::{COVARIANCE_GUARD, LARGEST_VARIANCE};
pub(crate) use pull::Pulled;
pub(crate) use pull_back::{Before, PullScratch};
pub use real::Real;
pub(crate) use variance::PointVariance;
pub use variance::{PreparedVariance, Variance, VarianceField};
