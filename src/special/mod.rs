//! Pure functions: Gauss–Legendre nodes and the normalised associated Legendre recursion.

pub mod gauss_legendre;
pub(crate) mod scaled;
pub mod wigner_d;

pub use gauss_legendre::GaussLegendre;
//! (under construction)

pub mod vector_math;
pub use wigner_d::{WignerDRecursion, wigner_d, wigner_d_matrix};
