//! Pure functions: Gauss–Legendre nodes and the normalised associated Legendre recursion.

pub mod gauss_legendre;

pub use gauss_legendre::GaussLegendre;
