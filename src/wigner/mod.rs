//! The Wigner functions $`d^\ell_{mn}(\beta)`$, by recursions in the degree, and the symbols that couple them.
//!
//! * [`wigner_d`], [`WignerDRecursion`] — one pair of orders at many angles, degree after degree
//! * [`wigner_d_matrix`], [`WignerDegrees`] — all pairs of orders at one angle, degree after degree
//! * [`wigner_matrix`], [`real_wigner_matrix`] — a rotation among the harmonics of one degree, complex and real
//! * [`wigner_3j`], [`wigner_6j`], [`WignerFamily`] — 3j and 6j symbols, one or all of a family
//! * [`clebsch_gordan`], [`clebsch_gordan_tensor`], [`gaunt`] — products of harmonics, complex and real
#![cfg_attr(
    feature = "exact",
    doc = "* [`exact`] — 3j and 6j symbols and Clebsch–Gordan coefficients as roots of rational numbers"
)]

mod by_degree;
mod by_order;
#[cfg(feature = "exact")]
pub mod exact;
#[cfg(feature = "exact")]
mod factorials;
mod families;
mod matrices;
mod null_vector;
mod products;
pub(crate) mod seeds;
pub(crate) mod step;
mod symbols;
pub(crate) mod table;
pub(crate) mod triangle;

pub use by_degree::{WignerDegree, WignerDegrees, wigner_d_matrix};
pub use by_order::{MAX_DEGREE, WignerDRecursion, wigner_d};
pub use families::WignerFamily;
pub use matrices::{real_wigner_matrix, wigner_matrix};
pub use products::{HarmonicBasis, clebsch_gordan, clebsch_gordan_tensor, gaunt};
pub use symbols::{wigner_3j, wigner_6j};
