//! Covariance functions on S² and SO(3): heat and Matérn kernels, exact for any smoothness and length scale.
//!
//! A [`Covariance`] has values at angles, eigenvalues, Gram matrices between points, rows for iterative solvers, derivatives by its parameters
//! for the selection of hyperparameters, and the functions of which its truncated form is the scalar product.
//!
//! A Matérn kernel is computed as a mean of heat kernels over times (`mixture`), these by short sums (`heat`), and both are kept as
//! polynomials on panels (`table`).

mod eigenvalues;
mod features;
mod heat;
mod matrices;
mod mixture;
mod profile;
mod space;
mod table;

pub use profile::Covariance;
pub use space::{Family, Parameter, Space};
