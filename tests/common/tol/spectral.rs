//! Spectra, relative to the largest eigenvalue.

/// Quadrature is refined until nothing changes by more than 32 ε; the kernel itself has some ε.
pub const SPECTRUM: f64 = 64.0 * f64::EPSILON;

/// Eigenvalues of a Gram matrix of some hundred points: backward error of the decomposition.
pub const GRAM: f64 = 4096.0 * f64::EPSILON;

/// The stored learning curves were computed to ten digits.
pub const CURVE: f64 = 1e-10;

/// Exponents from degrees near 256 and 128: corrections of relative size 1/l², times the logarithm of 2.
pub const POWER: f64 = 1e-3;

/// Spectra on SO(3): two Wigner transforms, or the decomposition of a matrix of 75 rotations.
pub const ROTATIONS: f64 = 512.0 * f64::EPSILON;

/// Numbers of a kernel matrix of some tens of points, by the decomposition and by their definition.
pub const MATRIX: f64 = 1024.0 * f64::EPSILON;
