//! Rotation of spherical-harmonic coefficients.

mod batch;
mod many;
mod plan;
mod product;
mod signals;
mod stage;
mod tables;

pub use plan::{
    CoefficientRotation, CoefficientRotationScratch, rotate_coefficients, rotate_coefficients_into,
};
