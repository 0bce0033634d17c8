//! Training times, and the progress of training along each eigenvector of the kernel.

use std::fmt;

use crate::error::number;
use crate::{Error, Result};

/// A training time.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Time {
    /// A finite time t ≥ 0 of gradient flow; solved by the eigendecomposition.
    Finite(f64),
    /// A number of steps of gradient descent, whose size is the learning rate; solved by the eigendecomposition. Gradient descent
    /// converges for learning rates below [`stable_learning_rate`](super::GradientFlow::stable_learning_rate).
    Steps(u64),
    /// The limit t = ∞; solved by Cholesky.
    Infinite,
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Time::Finite(t) => number(*t).to_string(),
            Time::Steps(steps) => format!("{steps} steps"),
            Time::Infinite => "converged".into(),
        };
        f.pad(&text)
    }
}

/// A finite training time in units of the loss. It determines the fraction of an error that is left along an eigenvector of Θ with
/// eigenvalue λ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Elapsed {
    /// Gradient flow for the time τ leaves the fraction $`e^{-\lambda\tau}`$.
    Flow(f64),
    /// Gradient descent with k steps h leaves the fraction $`(1 - \lambda h)^k`$.
    Descent { step: f64, steps: u64 },
}

impl Elapsed {
    /// Converts a training time; the result is none for t = ∞.
    ///
    /// # Arguments
    /// * `rate` — η / (n · outputs)
    pub(super) fn new(time: Time, rate: f64) -> Result<Option<Self>> {
        let t = match time {
            Time::Infinite => return Ok(None),
            Time::Steps(steps) => return Ok(Some(Elapsed::Descent { step: rate, steps })),
            Time::Finite(t) => t,
        };
        let tau = t * rate;
        // 2τ must be finite, too: `doubled` returns it.
        if t >= 0.0 && (2.0 * tau).is_finite() {
            return Ok(Some(Elapsed::Flow(tau)));
        }
        Err(Error::invalid(
            "training time",
            t,
            "a number of at least 0, or infinite",
        ))
    }

    /// Twice the time.
    pub(super) fn doubled(self) -> Self {
        match self {
            Elapsed::Flow(tau) => Elapsed::Flow(2.0 * tau),
            Elapsed::Descent { step, steps } => Elapsed::Descent {
                step,
                steps: steps.saturating_mul(2),
            },
        }
    }

    /// The fraction of an error that is left.
    pub(super) fn left_over(self, eigenvalue: f64) -> f64 {
        match self {
            Elapsed::Flow(tau) => (-eigenvalue * tau).exp(),
            Elapsed::Descent { step, steps } => {
                let x = eigenvalue * step;
                if x < 0.5 {
                    // (1 − x)^k as e^{k ln(1 − x)}: the power would multiply the rounding error of 1 − x by k.
                    return (steps as f64 * (-x).ln_1p()).exp();
                }
                // The sign of (1 − x)^k follows from the parity of k. The power has a real exponent, since k may exceed an i32.
                let size = (1.0 - x).abs().powf(steps as f64);
                if x > 1.0 && steps % 2 == 1 {
                    -size
                } else {
                    size
                }
            }
        }
    }

    /// 1 minus the fraction that is left, without cancellation for small λ.
    pub(super) fn learned(self, eigenvalue: f64) -> f64 {
        match self {
            Elapsed::Flow(tau) => -(-eigenvalue * tau).exp_m1(),
            Elapsed::Descent { step, steps } => {
                let x = eigenvalue * step;
                if x < 0.5 {
                    -(steps as f64 * (-x).ln_1p()).exp_m1()
                } else {
                    1.0 - self.left_over(eigenvalue)
                }
            }
        }
    }

    /// The learned fraction divided by λ, or its limit for λ = 0.
    pub(super) fn gain(self, eigenvalue: f64) -> f64 {
        let limit = match self {
            Elapsed::Flow(tau) => tau,
            Elapsed::Descent { step, steps } => step * steps as f64,
        };
        if eigenvalue * limit > 0.0 {
            self.learned(eigenvalue) / eigenvalue
        } else {
            limit
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tol;

    #[test]
    fn descent_is_its_own_recursion() {
        for x in [0.0, 1e-12, 0.3, 0.9, 1.0, 1.5, 1.99] {
            let (eigenvalue, step) = (4.0 * x, 0.25);
            let mut left = 1.0;
            let mut coefficient = 0.0;
            for steps in 0..40 {
                let elapsed = Elapsed::Descent { step, steps };
                assert!((elapsed.left_over(eigenvalue) - left).abs() <= tol::DESCENT);
                assert!((elapsed.learned(eigenvalue) - (1.0 - left)).abs() <= tol::DESCENT);
                let error = (elapsed.gain(eigenvalue) - coefficient).abs();
                assert!(error <= tol::DESCENT * coefficient.max(1.0), "{x} {steps}");
                // One step on ½ λ (c − 1/λ)².
                coefficient += step * (1.0 - eigenvalue * coefficient);
                left *= 1.0 - eigenvalue * step;
            }
        }
    }

    #[test]
    fn small_steps_are_the_flow() {
        let flow = Elapsed::Flow(3.0);
        let steps = 1 << 24;
        let descent = Elapsed::Descent {
            step: 3.0 / steps as f64,
            steps,
        };
        for eigenvalue in [0.0_f64, 1e-9, 0.2, 1.0, 5.0] {
            let bound = tol::flow_of_steps(3.0 * eigenvalue, steps as f64);
            assert!((flow.left_over(eigenvalue) - descent.left_over(eigenvalue)).abs() <= bound);
            assert!((flow.gain(eigenvalue) - descent.gain(eigenvalue)).abs() <= 3.0 * bound);
        }
    }
}
