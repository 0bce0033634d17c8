//! The tolerances of all tests: `c · ε · growth`, with the reason for c.

pub mod activation;
pub mod corrections;
pub mod covariance;
pub mod data;
pub mod double_double;
pub mod finite_width;
pub mod formula;
pub mod gradient;
pub mod group;
pub mod kernel;
pub mod network;
pub mod plot;
pub mod points;
pub mod predict;
pub mod so3;
pub mod spectral;
pub mod sphere;
pub mod sphere_local;

/// How often a statistical comparison, with all values that it compares, would fail by chance if seeds were drawn anew. They are fixed: a
/// comparison that passes once passes always.
pub const FALSE_ALARM: f64 = 1e-3;

/// So many times what `docs/accuracy.md` records may be measured: machines round differently, and other seeds give other maxima.
pub const EXCESS: f64 = 4.0;

/// Golden Wigner functions and transforms: the accuracy that is promised for them, 4500 ε ≈ 1e-12.
pub const GOLDEN: f64 = 4500.0 * f64::EPSILON;

/// Closed forms of low degree: a few operations each.
pub const CLOSED_FORM: f64 = 16.0 * f64::EPSILON;
