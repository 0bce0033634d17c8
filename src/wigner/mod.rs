//! The Wigner functions $`d^\ell_{mn}(\beta)`$, by recursions in the degree.
//!
//! * [`wigner_d`], [`WignerDRecursion`] — one pair of orders at many angles, degree after degree
//! * [`wigner_d_matrix`], [`WignerDegrees`] — all pairs of orders at one angle, degree after degree

pub(crate) mod by_degree;
pub(crate) mod by_order;
pub(crate) mod seeds;
pub(crate) mod step;
pub(crate) mod triangle;

pub use by_degree::{WignerDegree, WignerDegrees};
pub use by_order::{MAX_DEGREE, WignerDRecursion, wigner_d, wigner_d_matrix};
