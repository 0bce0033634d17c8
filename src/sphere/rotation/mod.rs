//! Rotation of spherical-harmonic coefficients.

mod batch;
mod method;
mod once;
mod plan;
mod product;
mod signals;
mod stage;
mod tables;

pub use once::{rotate_coefficients, rotate_coefficients_into};
pub use plan::CoefficientRotation;
pub use signals::CoefficientRotationScratch;
