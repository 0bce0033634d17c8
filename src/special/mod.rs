//! Pure functions: Gauss–Legendre nodes and the normalised associated Legendre recursion.

pub mod gauss_legendre;
pub mod legendre;
pub(crate) mod legendre_chains;

pub use gauss_legendre::GaussLegendre;
pub use legendre::{legendre_polynomials, normalised_legendre};
