//! Activation functions and their Gaussian expectations.

mod dispatch;
mod error_function;
mod function;
mod pair;
mod rectifier;
mod sweep;
mod variance;

pub use function::Activation;
pub use variance::{COVARIANCE_GUARD, Variance};
