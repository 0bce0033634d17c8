//! The search for the parameters of a kernel and the noise of the least cost.

use ndarray::{Array2, ArrayView2};

use super::lbfgs::{Objective, Stop, minimise};
use crate::numeric::powers::{exponent, times_power};
use crate::predict::criterion::{Criterion, checked_cost};
use crate::predict::evidence::Evidence;
use crate::predict::solvers::ridge::Ridge;
use crate::{Error, Result};

/// Parameters, mostly logarithms, are searched this far on either side of their first values: ln 100.
const RANGE: f64 = 2.0 * std::f64::consts::LN_10;
/// The logarithm of the noise this far on either side of the first one: ln 10⁴.
const NOISE_RANGE: f64 = 4.0 * std::f64::consts::LN_10;
/// Change of the cost, and norm of its gradient, per target, below which the search ends.
const TOLERANCE: f64 = 1e-8;
const GRADIENT: f64 = 1e-6;

/// A kernel matrix with free parameters. A move is the change of a parameter from its first value.
pub(super) trait Family {
    fn parameters(&self) -> usize;

    /// K.
    fn kernel(&self, moves: &[f64]) -> Result<Array2<f64>>;

    /// The derivative of K by one of the moves.
    fn derivative(&self, moves: &[f64], parameter: usize) -> Result<Array2<f64>>;
}

/// The options of a search.
#[derive(Debug, Clone)]
pub(super) struct Search {
    pub(super) criterion: Criterion,
    /// The first noise, as a multiple of the mean diagonal entry.
    pub(super) noise: f64,
    pub(super) fixed_noise: bool,
    pub(super) iterations: u64,
}

/// Where a search ended.
pub(super) struct Selected {
    pub(super) moves: Vec<f64>,
    pub(super) noise: f64,
    pub(super) cost: f64,
    pub(super) first_cost: f64,
    pub(super) iterations: u64,
    pub(super) converged: bool,
}

impl Search {
    pub(super) fn new(criterion: Criterion) -> Self {
        Search {
            criterion,
            noise: 1e-2,
            fixed_noise: false,
            iterations: 50,
        }
    }

    pub(super) fn check_noise(&self) -> Result<()> {
        match self.noise > 0.0 && self.noise.is_finite() {
            true => Ok(()),
            false => Err(Error::invalid(
                "noise to begin with",
                self.noise,
                "a positive number",
            )),
        }
    }

    pub(super) fn run(
        &self,
        family: &impl Family,
        targets: ArrayView2<'_, f64>,
    ) -> Result<Selected> {
        // The mean square error is quadratic in the targets: near one in size, its changes can be told from rounding.
        let power = match self.criterion {
            Criterion::LeaveOneOutError => exponent(targets.iter().copied()),
            _ => 0,
        };
        let scaled = targets.mapv(|y| times_power(y, -power));
        let cost = |cost: f64| checked_cost(self.criterion, times_power(cost, 2 * power));
        let problem = Problem {
            search: self,
            family,
            targets: scaled.view(),
        };
        let start = vec![0.0; family.parameters() + usize::from(!self.fixed_noise)];
        let first_cost = problem.cost_at(&start)?;
        let stop = Stop {
            iterations: self.iterations,
            gradient: GRADIENT,
            value: TOLERANCE,
        };
        let found = minimise(&problem, start, &stop)?;
        let (moves, noise) = problem.model(&found.x);
        Ok(Selected {
            cost: cost(problem.cost_at(&found.x)?)?,
            moves,
            noise,
            first_cost: cost(first_cost)?,
            iterations: found.iterations,
            converged: found.converged,
        })
    }
}

/// The cost as a function of free coordinates: 0 is the beginning, and each is a move of a parameter (the last one of the logarithm of the
/// noise) near it, but bounded, so that no step of the search leaves the range of sensible numbers.
struct Problem<'a, F> {
    search: &'a Search,
    family: &'a F,
    targets: ArrayView2<'a, f64>,
}

/// The move of a coordinate, within the range, and its derivative.
fn bounded(range: f64, coordinate: f64) -> [f64; 2] {
    let part = (coordinate / range).tanh();
    [range * part, 1.0 - part * part]
}

impl<F: Family> Problem<'_, F> {
    /// The moves of the parameters, and the relative noise.
    fn model(&self, coordinates: &[f64]) -> (Vec<f64>, f64) {
        let (parameters, noise) = coordinates.split_at(self.family.parameters());
        let moves = parameters.iter().map(|&c| bounded(RANGE, c)[0]).collect();
        let factor = noise.iter().map(|&c| bounded(NOISE_RANGE, c)[0].exp());
        (moves, self.search.noise * factor.product::<f64>())
    }

    fn evidence(&self, kernel: &Array2<f64>, noise: f64) -> Result<Evidence> {
        Evidence::fit(kernel.view(), self.targets, Ridge::Relative(noise))
    }

    fn cost_at(&self, coordinates: &[f64]) -> Result<f64> {
        let (moves, noise) = self.model(coordinates);
        let kernel = self.family.kernel(&moves)?;
        Ok(self.evidence(&kernel, noise)?.cost(self.search.criterion))
    }

    fn gradient_at(&self, coordinates: &[f64]) -> Result<Vec<f64>> {
        let criterion = self.search.criterion;
        let (moves, noise) = self.model(coordinates);
        let kernel = self.family.kernel(&moves)?;
        let evidence = self.evidence(&kernel, noise)?;
        let by_ridge = evidence.cost_ridge_derivative(criterion);
        let n = kernel.nrows() as f64;
        let mut gradient = Vec::with_capacity(coordinates.len());
        for (parameter, &coordinate) in coordinates.iter().enumerate() {
            if parameter == moves.len() {
                gradient.push(by_ridge * evidence.ridge() * bounded(NOISE_RANGE, coordinate)[1]);
                continue;
            }
            let change = self.family.derivative(&moves, parameter)?;
            // The noise is a multiple of the mean diagonal entry, and goes along.
            let of_noise = noise * change.diag().sum() / n * by_ridge;
            let by_move = evidence.cost_derivative(criterion, change.view())? + of_noise;
            gradient.push(by_move * bounded(RANGE, coordinate)[1]);
        }
        Ok(gradient)
    }

    /// Per target, so that first steps are of the size of the coordinates.
    fn per_target(&self) -> f64 {
        match self.search.criterion {
            Criterion::LeaveOneOutError => 1.0,
            _ => 1.0 / self.targets.len() as f64,
        }
    }
}

impl<F: Family> Objective for Problem<'_, F> {
    fn value(&self, coordinates: &[f64]) -> Result<f64> {
        Ok(self.cost_at(coordinates)? * self.per_target())
    }

    fn gradient(&self, coordinates: &[f64]) -> Result<Vec<f64>> {
        let gradient = self.gradient_at(coordinates)?;
        Ok(gradient.iter().map(|g| g * self.per_target()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tol;
    use ndarray::array;

    /// e^{2a} exp(−d²/2) with the move a, plus the square of another move times a matrix of ones: neither is alone on the diagonal.
    struct Squares;

    const X: [f64; 5] = [0.0, 0.7, 1.1, 2.0, 3.5];

    fn shape(i: usize, j: usize) -> f64 {
        (-0.5 * (X[i] - X[j]).powi(2)).exp()
    }

    impl Family for Squares {
        fn parameters(&self) -> usize {
            2
        }

        fn kernel(&self, moves: &[f64]) -> Result<Array2<f64>> {
            let (scale, shift) = ((2.0 * moves[0]).exp(), (1.0 + moves[1]).powi(2));
            Ok(Array2::from_shape_fn((5, 5), |(i, j)| {
                scale * shape(i, j) + shift
            }))
        }

        fn derivative(&self, moves: &[f64], parameter: usize) -> Result<Array2<f64>> {
            let scale = 2.0 * (2.0 * moves[0]).exp();
            Ok(Array2::from_shape_fn((5, 5), |(i, j)| match parameter {
                0 => scale * shape(i, j),
                _ => 2.0 * (1.0 + moves[1]),
            }))
        }
    }

    /// Gradients against central differences of fourth order, away from the start, where the bounded coordinates have a slope below one.
    #[test]
    fn gradients_are_those_of_the_cost() {
        let targets = array![[1.0, 0.2], [0.5, -0.3], [-0.2, 0.9], [1.5, 0.1], [0.3, 0.3]];
        for criterion in [
            Criterion::MarginalLikelihood,
            Criterion::LeaveOneOutProbability,
            Criterion::LeaveOneOutError,
        ] {
            for fixed_noise in [false, true] {
                let mut search = Search::new(criterion);
                (search.noise, search.fixed_noise) = (0.2, fixed_noise);
                let problem = Problem {
                    search: &search,
                    family: &Squares,
                    targets: targets.view(),
                };
                let start = &[0.8, -0.4, 1.3][..if fixed_noise { 2 } else { 3 }];
                let gradient = problem.gradient(start).unwrap();
                assert_eq!(gradient.len(), start.len());
                for (i, slope) in gradient.iter().enumerate() {
                    let at = |step: f64| {
                        let mut x = start.to_vec();
                        x[i] += step * tol::STEP;
                        problem.value(&x).unwrap()
                    };
                    let difference =
                        (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * tol::STEP);
                    let error = (slope - difference).abs();
                    assert!(
                        error < tol::DIFFERENCES,
                        "{criterion:?} {i}: {slope} {difference}"
                    );
                }
            }
        }
    }
}
