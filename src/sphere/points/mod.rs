//! Values at arbitrary points by a Fourier transform on the doubled sphere, which is a torus.
//!
//! For each order m, $`F_m(\theta)`$ continues to a trigonometric polynomial on the circle, so that a function of band limit L is a
//! trigonometric polynomial in (θ, φ), smooth at the poles. The Legendre stage computes $`F_m`$ on equispaced rings; the colatitude stage
//! refines the columns, the longitude stage makes the rows of a fine grid, and the pass over the points interpolates with a
//! kernel of compact support. The adjoint is the transpose, step by step.

mod choice;
mod colatitudes;
mod grid;
mod kernel;
mod lattice;
mod least_squares;
mod longitudes;
mod lsmr;
mod pass;
mod plan;
mod records;
mod transform;

pub use least_squares::{FitReport, LeastSquares, PointTransform};
pub use lsmr::StopReason;
pub use plan::{DEFAULT_TOLERANCE, PointGradient, PointPlan, PointSpinPlan};
