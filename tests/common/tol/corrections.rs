//! Bias and spread at finite width, relative to the largest entry.

/// The stored values were computed to 1e-10 or better.
pub const GOLDEN: f64 = 1e-9;

/// The stored values of tanh have an error of 1.5e-10, and Hermite series an error of 1e-9 for its third derivatives.
pub const TRAPEZOID: f64 = 1e-8;

/// Two computations with closed forms: differences of products of order one, in three layers.
pub const ROUNDING: f64 = 1e4 * f64::EPSILON;

/// Hermite series against closed forms, for erf at variances near one.
pub const SERIES: f64 = 1e-10;

/// The trapezoidal rule in four variables with step ½ against closed forms, for erf.
pub const GRID: f64 = 1e-6;

/// Biases of nearly collinear inputs, extrapolated from angles of some hundredths, relative to the bias.
pub const EXTRAPOLATED: f64 = 1e-5;

/// Biases of augmented and of equivariant networks differ at least by this part.
pub const BIASES_DIFFER: f64 = 0.05;

/// Standard errors of an estimate from samples.
pub const DEVIATIONS: f64 = 5.0;

/// The standard error of a variance from 40,000 samples per layer, relative to the variance.
pub const FUNCTIONAL: f64 = 0.02;

/// A standard deviation from 2000 samples per layer: some per cent.
pub const SAMPLED: f64 = 0.15;

/// Rectifiers at nearly equal samples: moments on orthants by 48 nodes, multiplied by second derivatives.
pub const RECTIFIED: f64 = 1e-8;

/// What erf makes of signals of degree 1 beyond degree 3, the exactness of the quadrature for variances on SO(3).
pub const ICOSAHEDRON: f64 = 0.01;

/// What relu makes of signals of degree 1 beyond degree 3, the exactness of the octahedron.
pub const OCTAHEDRON: f64 = 0.05;

/// A change of a quadrature on SO(3) in its error estimates, which are changes themselves.
pub const ESTIMATES: f64 = 3.0;

/// Kernels on the sphere by a quadrature of degree 2, relative to the largest: what erf makes beyond.
pub const QUADRATURE: f64 = 0.02;
