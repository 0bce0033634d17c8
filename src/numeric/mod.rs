//! Pure functions: quadrature nodes, Legendre functions, numbers with an extended exponent.

pub(crate) mod extended;
pub mod gauss_hermite;
pub mod gauss_legendre;
pub mod legendre;
pub(crate) mod legendre_chains;
#[cfg_attr(not(feature = "kernels"), allow(dead_code))]
pub(crate) mod powers;
pub(crate) mod small;

pub use gauss_legendre::GaussLegendre;
pub use legendre::{legendre_polynomials, normalised_legendre};
#[cfg(feature = "kernels")]
pub(crate) use powers::geometric_mean;
