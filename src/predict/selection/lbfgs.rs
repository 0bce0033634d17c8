//! Minimisation by L-BFGS, for functions whose gradients cost much more than their values.

use crate::Result;

/// Number of pairs of steps and changes of the gradient that are kept.
const MEMORY: usize = 8;
/// An accepted step decreases the value by at least this fraction of the decrease along the tangent.
const DECREASE: f64 = 1e-4;
/// An accepted step leaves at most this fraction of the slope.
const CURVATURE: f64 = 0.9;
/// Largest number of trial steps along one direction.
const TRIALS: usize = 40;

/// A function to minimise.
pub(super) trait Objective {
    /// The value at x.
    fn value(&self, x: &[f64]) -> Result<f64>;
    /// The gradient at x.
    fn gradient(&self, x: &[f64]) -> Result<Vec<f64>>;
}

/// The conditions that end a search.
pub(super) struct Stop {
    /// Largest number of steps.
    pub(super) iterations: u64,
    /// The search has converged if the norm of the gradient is below this number.
    pub(super) gradient: f64,
    /// The search has converged if a step changes the value by less than this number.
    pub(super) value: f64,
}

/// The end of a search.
pub(super) struct Minimum {
    pub(super) x: Vec<f64>,
    pub(super) iterations: u64,
    pub(super) converged: bool,
}

/// Finds a local minimum near `x`.
///
/// The line search computes values only, and the gradient at a value that is low enough.
///
/// # References
/// NW06, algorithms 7.4 and 7.5; LO13 for the bisection with the weak Wolfe conditions.
pub(super) fn minimise(
    objective: &impl Objective,
    mut x: Vec<f64>,
    stop: &Stop,
) -> Result<Minimum> {
    let mut value = objective.value(&x)?;
    let mut gradient = objective.gradient(&x)?;
    let mut pairs: Vec<Pair> = Vec::with_capacity(MEMORY + 1);
    let mut iterations = 0;
    loop {
        let mut converged = norm(&gradient) < stop.gradient;
        if converged || iterations == stop.iterations {
            return Ok(Minimum {
                x,
                iterations,
                converged,
            });
        }
        let direction = descent(&pairs, &gradient);
        let line = Line {
            objective,
            x: &x,
            direction: &direction,
            value,
            slope: dot(&direction, &gradient),
        };
        let Some(next) = line.search()? else {
            // No trial is lower: rounding hides the remaining decrease.
            return Ok(Minimum {
                x,
                iterations,
                converged,
            });
        };
        iterations += 1;
        converged = (value - next.value).abs() < stop.value;
        pairs.extend(Pair::new(
            difference(&next.x, &x),
            difference(&next.gradient, &gradient),
        ));
        if pairs.len() > MEMORY {
            pairs.remove(0);
        }
        (x, value, gradient) = (next.x, next.value, next.gradient);
        if converged {
            return Ok(Minimum {
                x,
                iterations,
                converged,
            });
        }
    }
}

/// A step s and the change y of the gradient along it.
struct Pair {
    s: Vec<f64>,
    y: Vec<f64>,
    /// sᵀy, positive.
    product: f64,
}

impl Pair {
    /// Makes a pair; none if the function is not convex along the step.
    fn new(s: Vec<f64>, y: Vec<f64>) -> Option<Pair> {
        let product = dot(&s, &y);
        (product > f64::EPSILON * norm(&s) * norm(&y)).then_some(Pair { s, y, product })
    }
}

/// The direction −H g by the two-loop recursion over the kept pairs, from the newest to the oldest and back.
///
/// Without pairs it is the negative gradient, of length at most one.
fn descent(pairs: &[Pair], gradient: &[f64]) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut weights = Vec::with_capacity(pairs.len());
    for pair in pairs.iter().rev() {
        let weight = dot(&pair.s, &direction) / pair.product;
        add(&mut direction, -weight, &pair.y);
        weights.push(weight);
    }
    let scale = match pairs.last() {
        Some(newest) => newest.product / dot(&newest.y, &newest.y),
        None => 1.0 / norm(gradient).max(1.0),
    };
    direction.iter_mut().for_each(|d| *d *= scale);
    for (pair, weight) in pairs.iter().zip(weights.into_iter().rev()) {
        let other = dot(&pair.y, &direction) / pair.product;
        add(&mut direction, weight - other, &pair.s);
    }
    direction
}

/// A search along a direction.
struct Line<'a, F> {
    objective: &'a F,
    x: &'a [f64],
    direction: &'a [f64],
    value: f64,
    slope: f64,
}

/// A point that a line search found.
struct Found {
    x: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
}

impl<F: Objective> Line<'_, F> {
    /// Returns a point with enough decrease and little slope, or the last point with enough decrease once the trials are used up.
    fn search(&self) -> Result<Option<Found>> {
        let (mut low, mut high, mut step) = (0.0, f64::INFINITY, 1.0);
        let mut found = None;
        for _ in 0..TRIALS {
            let mut x = self.x.to_vec();
            add(&mut x, step, self.direction);
            let value = self.objective.value(&x)?;
            // A value that is NaN fails this test, and counts as no decrease.
            if value <= self.value + DECREASE * step * self.slope {
                let gradient = self.objective.gradient(&x)?;
                let steep = dot(&gradient, self.direction) < CURVATURE * self.slope;
                found = Some(Found { x, value, gradient });
                if !steep {
                    break;
                }
                low = step;
            } else {
                high = step;
            }
            step = match high.is_finite() {
                true => 0.5 * (low + high),
                false => 2.0 * low,
            };
        }
        Ok(found)
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// a += scale b.
fn add(a: &mut [f64], scale: f64, b: &[f64]) {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += scale * b);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rosenbrock's valley in four dimensions, with the minimum at (1, 1, 1, 1).
    struct Valley;

    impl Objective for Valley {
        fn value(&self, x: &[f64]) -> Result<f64> {
            let term = |p: &[f64]| 100.0 * (p[1] - p[0] * p[0]).powi(2) + (1.0 - p[0]).powi(2);
            Ok(x.windows(2).map(term).sum())
        }

        fn gradient(&self, x: &[f64]) -> Result<Vec<f64>> {
            let mut gradient = vec![0.0; x.len()];
            for i in 0..x.len() - 1 {
                let rest = x[i + 1] - x[i] * x[i];
                gradient[i] += -400.0 * x[i] * rest - 2.0 * (1.0 - x[i]);
                gradient[i + 1] += 200.0 * rest;
            }
            Ok(gradient)
        }
    }

    #[test]
    fn a_curved_valley_is_followed_to_its_end() {
        let stop = Stop {
            iterations: 200,
            gradient: f64::EPSILON.sqrt(),
            value: 0.0,
        };
        let found = minimise(&Valley, vec![-1.2, 1.0, -1.2, 1.0], &stop).unwrap();
        assert!(found.converged && found.iterations < 100);
        assert!(norm(&difference(&found.x, &[1.0; 4])) < stop.gradient);
        let short = Stop {
            iterations: 3,
            ..stop
        };
        let found = minimise(&Valley, vec![0.0; 4], &short).unwrap();
        assert!(!found.converged && found.iterations == 3);
    }

    /// −exp(−(x − 30)²/200) is concave around 0: there is no pair to remember, and the steps grow.
    #[test]
    fn a_concave_flank_is_left() {
        struct Well;
        impl Objective for Well {
            fn value(&self, x: &[f64]) -> Result<f64> {
                Ok(-(-(x[0] - 30.0).powi(2) / 200.0).exp())
            }

            fn gradient(&self, x: &[f64]) -> Result<Vec<f64>> {
                Ok(vec![(30.0 - x[0]) / 100.0 * self.value(x)?])
            }
        }
        let stop = Stop {
            iterations: 30,
            gradient: f64::EPSILON.sqrt(),
            value: 0.0,
        };
        let found = minimise(&Well, vec![0.0], &stop).unwrap();
        assert!(found.converged);
        assert!((found.x[0] - 30.0).abs() < 1e3 * stop.gradient);
    }
}
