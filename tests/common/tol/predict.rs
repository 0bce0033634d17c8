//! Predictions, relative to the largest value.

/// Stored predictions: the other program solves the same systems with condition number up to 100 in a different
/// order, and takes `exp - 1` apart where little has been learned.
pub fn golden() -> f64 {
    4096.0 * f64::EPSILON
}

/// Two ways to solve one linear system: backward error a few ε, times the condition number.
pub fn solve(condition: f64) -> f64 {
    16.0 * f64::EPSILON * condition
}

/// Sums of a few products of size 1.
pub fn exact() -> f64 {
    16.0 * f64::EPSILON
}

/// Runge–Kutta of fourth order: truncation (λ h)⁴ of the stiffest mode, and rounding of every step.
pub fn runge_kutta(stiffest_step: f64, steps: usize) -> f64 {
    stiffest_step.powi(4) + f64::EPSILON * steps as f64
}

/// First order in a small time: the second order is of the size of the step itself.
pub fn first_order(step: f64) -> f64 {
    step + exact()
}

/// Predictions from kernels with a relative error: a few of their entries meet, amplified by the condition number.
pub fn from_kernels(error: f64, condition: f64) -> f64 {
    4.0 * error * condition
}

/// Two solutions of one system, one of them with a relative residual: amplified by the condition number at most, twice
/// for the norms of entries and vectors.
pub fn from_residual(residual: f64, condition: f64) -> f64 {
    2.0 * residual * condition + solve(condition)
}

/// Sums of n products in two orders, each of at most `largest`: n roundings of partial sums.
pub fn sum(n: usize, largest: f64) -> f64 {
    (n * n) as f64 * largest * f64::EPSILON
}

/// A residual that is computed twice: rounding of n products of the matrix and the solution, relative to the targets.
pub fn residual(n: usize, norms: f64) -> f64 {
    4.0 * n as f64 * f64::EPSILON * norms
}

/// A partial factorisation of n rows, relative to the largest diagonal entry.
pub fn factor(n: usize) -> f64 {
    8.0 * n as f64 * f64::EPSILON
}

/// Estimates of condition numbers by the method of Lanczos.
pub fn lanczos() -> f64 {
    0.01
}

/// Central differences of sixth order with steps of a two-hundredth: rounding of kernels, a few ε each, times 2 · 0.92 / 0.005, and the
/// derivatives of seventh order times 2 · 10⁻¹⁴ / 140.
pub fn differences() -> f64 {
    8.0 * 368.0 * f64::EPSILON
}

/// Their error estimate, the error of fourth order: derivatives of fifth order times 6 · 10⁻¹⁰ / 30.
pub fn difference_estimate() -> f64 {
    1e-9
}

/// Differences of costs of fourth order with h = 10⁻⁴: the fifth derivative times h⁴ / 30, with factors up to (1 / noise)⁴, and rounding ε / h
/// times the condition number.
pub fn cost_differences() -> f64 {
    1e-8
}

/// Central differences of the evidence with h = 10⁻⁵: the third derivative, at most (1 / noise)² times the first, times h² / 6, and
/// rounding ε / h times the condition number.
pub fn evidence_differences() -> f64 {
    1e-6
}

/// Bounds of the Nyström method when the rank is that of a hundred points: the root of what rounding leaves of the trace,
/// √(8 n ε), times the norm of the targets, at most √n, over the root of the ridge, and a factor of four for the sum of bounds.
pub fn nothing_left() -> f64 {
    1e-3
}

/// A minimum that is known within a hundredth: quadratic around it.
pub fn flat() -> f64 {
    1e-4
}

/// Probabilities of classes by 128 nodes of a Gauss–Hermite rule: a tenth of the bound that is documented.
pub fn class_probability() -> f64 {
    1e-10
}

/// Conjugate gradients that keep their orthogonality: a dozen steps.
pub const FEW_STEPS: f64 = 1e-4;

/// Logarithms of expected improvements at z: a few roundings, and that of z²/2 itself.
pub fn improvement(z: f64) -> f64 {
    f64::EPSILON * (32.0 + 4.0 * z * z)
}

/// Outputs after an integration of some tens to hundreds of steps, in units of the error that one step may make.
pub fn integrated(tolerance: f64) -> f64 {
    30.0 * tolerance
}
