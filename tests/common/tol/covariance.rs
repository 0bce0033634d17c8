//! Covariances, relative to their variance.

/// What is promised for values and derivatives: 1e-14. Measured are up to 3e-15.
pub const VALUE: f64 = 45.0 * f64::EPSILON;

/// Normalisers and eigenvalues: sums of a hundred positive terms, and powers with exponents up to 20.
pub const NORMALISER: f64 = 64.0 * f64::EPSILON;

/// Sums of series over some hundred degrees.
pub const SERIES: f64 = 256.0 * f64::EPSILON;

/// Values at angles of two roundings: between points and between their coordinates.
pub const ANGLE: f64 = 64.0 * f64::EPSILON;

/// Eigenvalues of a Gram matrix of a hundred points: backward error of the decomposition.
pub const GRAM: f64 = 1024.0 * f64::EPSILON;

/// Central differences of fourth order with a step of 1e-3.
pub const DIFFERENCE: f64 = 1e-9;
