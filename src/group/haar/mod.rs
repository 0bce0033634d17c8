//! Every rule for the invariant mean over a group, as nodes (elements) and weights.
//!
//! | group | rule | for |
//! |---|---|---|
//! | a finite group | the sum over its elements ([`HaarQuadrature::finite`]) | every function |
//! | SO(2), rotations about one axis | equal steps ([`uniform_circle`]) | trigonometric polynomials |
//! | | Gauss–Legendre nodes once around ([`CircleRule`]) | functions with a kink at a known angle |
//! | SO(3) | a product in Euler angles ([`ProductRule`]) | polynomials in the entries of the matrix |
//! | | polar coordinates about a rotation ([`PolarRule`]) | functions with a kink at a known rotation |
//!
//! Grids, transforms and kernels take their nodes and weights from here.

// Circles and polar coordinates serve kernels.
#[cfg_attr(not(feature = "kernels"), allow(dead_code))]
mod circle;
#[cfg(feature = "kernels")]
mod polar;
mod product;
mod quadrature;

#[cfg(feature = "kernels")]
pub(crate) use circle::{CircleRule, uniform_circle};
#[cfg(feature = "kernels")]
pub(crate) use polar::PolarRule;
pub use product::MAX_HAAR_DEGREE;
pub(crate) use product::ProductRule;
pub use quadrature::{Exactness, Haar, HaarQuadrature};
