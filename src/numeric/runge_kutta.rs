//! Ordinary differential equations by an embedded Runge–Kutta pair, for smooth systems that are not stiff.

use std::ops::Range;

use crate::{Error, Result};

/// Slopes per step; the last one is the first of the next step.
const STAGES: usize = 7;
/// The pair of orders 5 and 4 of Dormand and Prince: row i has the shares of the slopes before stage i + 1; the last row is the step.
const SHARES: [[f64; 6]; 6] = [
    [1.0 / 5.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [3.0 / 40.0, 9.0 / 40.0, 0.0, 0.0, 0.0, 0.0],
    [44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0, 0.0, 0.0, 0.0],
    [
        19372.0 / 6561.0,
        -25360.0 / 2187.0,
        64448.0 / 6561.0,
        -212.0 / 729.0,
        0.0,
        0.0,
    ],
    [
        9017.0 / 3168.0,
        -355.0 / 33.0,
        46732.0 / 5247.0,
        49.0 / 176.0,
        -5103.0 / 18656.0,
        0.0,
    ],
    [
        35.0 / 384.0,
        0.0,
        500.0 / 1113.0,
        125.0 / 192.0,
        -2187.0 / 6784.0,
        11.0 / 84.0,
    ],
];
/// The step of order 5 less the one of order 4.
const ERROR: [f64; STAGES] = [
    71.0 / 57600.0,
    0.0,
    -71.0 / 16695.0,
    71.0 / 1920.0,
    -17253.0 / 339200.0,
    22.0 / 525.0,
    -1.0 / 40.0,
];
/// Exponents of the present and of the last error in the next step: proportional-integral control, which does not oscillate where stability limits the step.
const PRESENT: f64 = 0.17;
const LAST: f64 = 0.04;
const SAFETY: f64 = 0.9;
const MOST_STEPS: usize = 100_000;

/// An autonomous system y' = s(y) from time 0 on.
pub(crate) struct Flow<S> {
    /// What is computed, for errors.
    pub(crate) what: &'static str,
    /// Writes s(y).
    pub(crate) slope: S,
    /// Entries of y of one kind: the error of each is judged by the largest entry that the kind had so far.
    pub(crate) kinds: Vec<Range<usize>>,
    /// The error of one step, relative to the largest entry.
    pub(crate) tolerance: f64,
    /// The step to try first.
    pub(crate) first_step: f64,
}

impl<S: FnMut(&[f64], &mut [f64]) -> Result<()>> Flow<S> {
    /// Integrates over given times, in increasing order, and returns y at each.
    ///
    /// The step of order 5 is taken; steps end exactly at the given times.
    ///
    /// # Errors
    /// [`Error::NotConverged`] after 100 000 steps, or where no step is small enough.
    ///
    /// # References
    /// HNW93, Sects. II.4 and II.5.
    pub(crate) fn states(&mut self, start: Vec<f64>, times: &[f64]) -> Result<Vec<Vec<f64>>> {
        let mut y = start;
        let mut slopes: [Vec<f64>; STAGES] = std::array::from_fn(|_| vec![0.0; y.len()]);
        let mut next = y.clone();
        let mut sizes: Vec<f64> = self
            .kinds
            .iter()
            .map(|kind| largest(&y[kind.clone()]))
            .collect();
        (self.slope)(&y, &mut slopes[0])?;
        let (mut t, mut step, mut last_error, mut steps) = (0.0, self.first_step, 1e-4_f64, 0);
        let mut found = Vec::with_capacity(times.len());
        for &end in times {
            while t < end {
                let left = end - t;
                // No step is cut to less than half of what is allowed.
                let taken = match step {
                    step if step >= left => left,
                    step if 2.0 * step > left => 0.5 * left,
                    step => step,
                };
                if steps == MOST_STEPS || t + taken <= t {
                    return Err(self.stuck(t, steps));
                }
                steps += 1;
                self.stages(&y, &mut next, &mut slopes, taken)?;
                let (error, reached) = self.error(&next, &slopes, taken, &sizes);
                let factor = SAFETY * error.powf(-PRESENT) * last_error.powf(LAST);
                if error <= 1.0 {
                    t = if taken == left { end } else { t + taken };
                    std::mem::swap(&mut y, &mut next);
                    slopes.swap(0, STAGES - 1);
                    sizes = reached;
                    last_error = error.max(1e-4);
                    let proposal = taken * factor.clamp(0.2, 5.0);
                    // A step that ends at a given time says nothing against longer ones.
                    step = if taken < step {
                        step.max(proposal)
                    } else {
                        proposal
                    };
                } else {
                    // Also where the error is no number.
                    step = taken * if factor > 0.2 { factor.min(0.9) } else { 0.2 };
                }
            }
            found.push(y.clone());
        }
        Ok(found)
    }

    /// Writes all slopes but the first, and the state after the step.
    fn stages(
        &mut self,
        y: &[f64],
        next: &mut [f64],
        slopes: &mut [Vec<f64>; STAGES],
        step: f64,
    ) -> Result<()> {
        for (stage, shares) in SHARES.iter().enumerate() {
            let (known, new) = slopes.split_at_mut(stage + 1);
            next.copy_from_slice(y);
            for (slope, share) in known.iter().zip(shares) {
                next.iter_mut()
                    .zip(slope)
                    .for_each(|(next, slope)| *next += step * share * slope);
            }
            (self.slope)(next, &mut new[0])?;
        }
        Ok(())
    }

    /// The error relative to what is allowed, and the largest entries so far; NaN if some entry is.
    fn error(
        &self,
        next: &[f64],
        slopes: &[Vec<f64>; STAGES],
        step: f64,
        sizes: &[f64],
    ) -> (f64, Vec<f64>) {
        let (mut most, mut reached) = (0.0, Vec::with_capacity(sizes.len()));
        for (kind, size) in self.kinds.iter().zip(sizes) {
            let size = size.max(largest(&next[kind.clone()]));
            reached.push(size);
            let error = kind.clone().fold(0.0, |most, i| {
                let terms = slopes.iter().zip(&ERROR);
                let error: f64 = terms.map(|(slope, share)| share * slope[i]).sum();
                super::larger((step * error).abs(), most)
            });
            if error != 0.0 {
                most = super::larger(error / (self.tolerance * size), most);
            }
        }
        (most, reached)
    }

    fn stuck(&self, t: f64, steps: usize) -> Error {
        Error::not_converged(
            self.what,
            f64::INFINITY,
            self.tolerance,
            format!("{steps} steps, up to time {t:.3e}"),
        )
    }
}

fn largest(values: &[f64]) -> f64 {
    values
        .iter()
        .fold(0.0, |most, value| super::larger(value.abs(), most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tol;

    /// The pendulum without friction turns for ever: its energy, and a period from Gauss' arithmetic-geometric mean.
    #[test]
    fn a_pendulum_comes_back() {
        let start = vec![1.0, 0.0];
        let (mut a, mut b) = (1.0_f64, 0.5_f64.cos());
        for _ in 0..6 {
            (a, b) = (0.5 * (a + b), (a * b).sqrt());
        }
        let period = std::f64::consts::TAU / a;
        for tolerance in [1e-6, 1e-9, 1e-12] {
            let mut flow = Flow {
                what: "pendulum",
                slope: |y: &[f64], slope: &mut [f64]| {
                    (slope[0], slope[1]) = (y[1], -y[0].sin());
                    Ok(())
                },
                kinds: vec![0..1, 1..2],
                tolerance,
                first_step: 1.0,
            };
            let times = [0.0, 0.25 * period, period];
            let found = flow.states(start.clone(), &times).unwrap();
            assert_eq!(found[0], start);
            let bound = tol::STEPS * tolerance;
            assert!(found[1][0].abs() < bound, "{:e}", found[1][0]);
            assert!((found[2][0] - 1.0).abs() < bound && found[2][1].abs() < bound);
        }
    }

    #[test]
    fn systems_that_blow_up_end_with_an_error() {
        let mut flow = Flow {
            what: "explosion",
            slope: |y: &[f64], slope: &mut [f64]| {
                slope[0] = y[0] * y[0];
                Ok(())
            },
            kinds: std::iter::once(0..1).collect(),
            tolerance: 1e-6,
            first_step: 0.1,
        };
        assert!((flow.states(vec![1.0], &[0.5]).unwrap()[0][0] - 2.0).abs() < 1e-4);
        let error = flow.states(vec![1.0], &[2.0]).unwrap_err();
        assert!(matches!(error, Error::NotConverged { .. }), "{error}");
    }
}
