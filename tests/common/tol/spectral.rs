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

/// Fixed points and critical points: values stored to 14 digits, and slopes of size 1 that move with them.
pub const PHASE: f64 = 1e-12;

/// The correlations of tanh in the same list were computed by a quadrature of eleven digits.
pub const TANH_CORRELATION: f64 = 1e-11;

/// A moment that is put in its own equation: some ε, times slopes up to 10².
pub const FIXED: f64 = 1024.0 * f64::EPSILON;

/// Central differences with a step of 10⁻⁴: its square, times third derivatives up to 10².
pub const DIFFERENCE: f64 = 1e-6;

/// A thousand blocks, each of which adds some ε, doubled where errors of correlations add up.
pub const THOUSAND_BLOCKS: f64 = 65536.0 * f64::EPSILON;

/// A thousand blocks with a kink: a correlation wrong by ε makes an angle θ, 0.01 at the end, wrong by ε/θ, and errors add up.
pub const THOUSAND_KINKS: f64 = 1e-9;

/// Limits of infinite depth at depths of thousands: corrections like 1/l, times a logarithm of l.
pub const DEEP: f64 = 0.02;

/// Rotations on 24 rings of axes: measured at 3e-6.
pub const CROWDED: f64 = 1e-5;

/// Rates of growth at depths of some tens, relative to the asymptotic one.
pub const RATE: f64 = 0.1;
