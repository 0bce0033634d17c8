//! Derivatives of both expectations by variances and covariance.
//!
//! With $`E = E[\sigma(u)\sigma(v)]`$ and $`D = E[\sigma'(u)\sigma'(v)]`$, the derivative $`E_k`$ is D for every continuous σ. The other
//! derivatives are rational functions of variances, covariance, E, D and one square root; each function has them in its own file.

/// A pair of variables with its expectations.
#[derive(Clone, Copy)]
pub(super) struct At {
    /// The variances.
    pub(super) q: [f64; 2],
    /// The covariance.
    pub(super) k: f64,
    /// E
    pub(super) value: f64,
    /// D
    pub(super) derivative: f64,
    /// Two expectations that the function computes for its derivatives, [`Function::further`](super::formula::Function::further); 0 for others.
    pub(super) further: [f64; 2],
    /// As in [`Points::noise`](super::pair::Points::noise).
    pub(super) noise: f64,
}

/// The derivatives of E and D other than $`E_k = D`$.
#[derive(Clone, Copy, Default)]
pub(super) struct Slopes {
    /// $`E_q, E_{q'}`$
    pub(super) value: [f64; 2],
    /// $`D_q, D_{q'}`$
    pub(super) derivative: [f64; 2],
    /// $`D_k`$
    pub(super) bend: f64,
}

/// The reciprocal of a variance; 0 for a variance of zero, whose derivatives are not used: they multiply a signal of zeros.
#[inline(always)]
pub(super) fn reciprocal(q: f64) -> f64 {
    if q > 0.0 { 1.0 / q } else { 0.0 }
}
