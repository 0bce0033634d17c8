//! Pure functions: quadrature nodes, Legendre and Wigner-d recursions, vectorised special functions.

pub(crate) mod aligned;
pub mod gauss_hermite;
pub mod gauss_legendre;
pub(crate) mod lane_fft;
mod lane_steps;
#[cfg(feature = "kernels")]
pub(crate) mod lanes;
pub mod legendre;
pub(crate) mod legendre_chains;
#[cfg_attr(not(feature = "kernels"), allow(dead_code))]
pub(crate) mod powers;
#[cfg(feature = "kernels")]
mod real;
pub(crate) mod scaled;
pub(crate) mod small;
#[cfg(feature = "kernels")]
pub mod vector_math;
#[cfg(test)]
pub(crate) mod widths;
pub mod wigner_d;
pub mod wigner_degrees;
pub(crate) mod wigner_steps;
pub(crate) mod wigner_triangle;

pub use gauss_legendre::GaussLegendre;
pub use legendre::{legendre_polynomials, normalised_legendre};
#[cfg(feature = "kernels")]
pub use real::Real;
#[cfg(feature = "kernels")]
pub(crate) use real::geometric_mean;
pub use wigner_d::{WignerDRecursion, wigner_d, wigner_d_matrix};
pub use wigner_degrees::{WignerDegree, WignerDegrees};
