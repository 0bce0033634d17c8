//! Pure functions: quadrature nodes, Legendre functions, numbers with an extended exponent.

pub(crate) mod extended;
pub mod gauss_hermite;
pub mod gauss_legendre;
pub mod legendre;
pub(crate) mod legendre_chains;
pub(crate) mod normal;
#[cfg_attr(not(feature = "kernels"), allow(dead_code))]
pub(crate) mod powers;
#[cfg(feature = "kernels")]
pub(crate) mod runge_kutta;
pub(crate) mod small;

pub use gauss_legendre::GaussLegendre;
pub use legendre::{legendre_polynomials, normalised_legendre};
#[cfg(feature = "kernels")]
pub(crate) use powers::geometric_mean;

/// The larger of two numbers, or NaN if one of them is NaN.
///
/// `f64::max` would return the number beside a NaN, and so hide an error estimate that failed.
#[cfg(feature = "kernels")]
pub(crate) fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}
