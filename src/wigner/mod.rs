//! The Wigner functions $`d^\ell_{mn}(\beta)`$, by recursions in the degree.
//!
//! * [`wigner_d`], [`WignerDRecursion`] — one pair of orders at many angles, degree after degree
//! * [`wigner_d_matrix`], [`WignerDegrees`] — all pairs of orders at one angle, degree after degree

mod by_degree;
mod by_order;
pub(crate) mod seeds;
pub(crate) mod step;
pub(crate) mod table;
pub(crate) mod triangle;

pub use by_degree::{WignerDegree, WignerDegrees, wigner_d_matrix};
pub use by_order::{MAX_DEGREE, WignerDRecursion, wigner_d};
