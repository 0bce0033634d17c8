//! Pure functions: Gauss–Legendre nodes and the normalised associated Legendre recursion.

pub mod gauss_legendre;
<<<<<<< HEAD
pub(crate) mod scaled;
pub mod wigner_d;

pub use gauss_legendre::GaussLegendre;
pub use wigner_d::{WignerDRecursion, wigner_d, wigner_d_matrix};
=======
pub mod legendre;
pub(crate) mod legendre_chains;

pub use gauss_legendre::GaussLegendre;
pub use legendre::{legendre_polynomials, normalised_legendre};
>>>>>>> 23c17d8fde34ec52fc7b11daae165712e3e60af1
