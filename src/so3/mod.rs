//! Harmonic analysis on the rotation group SO(3): grids with Haar weights, the Wigner transform, values at arbitrary
//! rotations, and the cross-correlation of two signals on the sphere.
//!
//! Coefficients have shape `[2N − 1, L, 2L − 1]`, entry `[n + N − 1, l, m + L − 1]`, where the orders n are below N in
//! modulus, N = L unless stated otherwise; samples have shape `[γ, β, α]`.

mod best_rotation;
mod classes;
pub mod convolution;
pub mod correlation;
mod correlator_signal;
pub mod evaluate;
pub mod grid;
pub mod matching;
mod method;
mod passes;
mod planes;
pub mod planner;
mod point_shells;
mod points;
mod products;
mod random_field;
#[cfg(feature = "kernels")]
mod real_adjoint;
mod real_correlation;
mod real_correlator;
mod real_nodes;
mod real_synthesis;
pub mod transform;

pub use best_rotation::BestRotation;
pub use convolution::{convolve, convolve_signal};
pub use correlation::{correlate, correlate_real, correlate_real_into, correlation_coefficients};
pub use correlator_signal::CorrelatorSignal;
pub use evaluate::evaluate;
pub use grid::RotationGrid;
pub use matching::{RotationMatcher, best_rotation};
pub use planner::WignerPlanner;
pub use point_shells::PointShells;
pub use points::{WignerPointPlan, WignerPointScratch, total_convolution};
pub use random_field::RandomField;
pub use real_correlator::{CorrelatorWorkspace, RealCorrelator};
pub use transform::{WignerPlan, WignerScratch};
