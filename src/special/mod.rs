//! Pure functions: Gauss–Legendre and Gauss–Hermite nodes, vectorised elementary functions.

pub mod gauss_hermite;
pub mod gauss_legendre;
pub mod vector_math;

pub use gauss_legendre::GaussLegendre;
