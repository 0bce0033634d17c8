//! The search for the parameters of any kernel.

use std::cell::{Ref, RefCell};

use ndarray::{Array2, ArrayView2};

use super::search::{Family, Search};
use crate::predict::criterion::Criterion;
use crate::{Error, Result, check};

/// A search for the parameters of a kernel, and for the noise, of the least cost by a criterion.
///
/// The kernel is any function of parameters θ that returns the kernel matrix K of the training points and its derivatives ∂K/∂θ. Positive
/// quantities, such as a length scale or a variance, are given by their logarithms: then all directions are of one size, and no step
/// makes a quantity negative. The search is L-BFGS; it stays within ln 100 of the first θ, and finds a local minimum.
/// [`HyperparameterSelection`](super::HyperparameterSelection) is this search for the standard deviations of a network.
///
/// # Examples
/// ```
/// use haarmonic::predict::Criterion;
/// use haarmonic::predict::selection::KernelSelection;
/// use ndarray::Array2;
///
/// // exp(−d²/2κ²) on a line, with θ = ln κ: ∂K/∂θ = K d²/κ².
/// let x: Vec<f64> = (0..20).map(|i| i as f64 / 3.0).collect();
/// let y = Array2::from_shape_fn((20, 1), |(i, _)| x[i].sin());
/// let squares = Array2::from_shape_fn((20, 20), |(i, j)| (x[i] - x[j]).powi(2));
/// let found = KernelSelection::new(Criterion::MarginalLikelihood)
///     .noise(1e-3)
///     .fit(&[0.1_f64.ln()], y.view(), |theta| {
///         let ratio = &squares * (-2.0 * theta[0]).exp();
///         let kernel = ratio.mapv(|r| (-0.5 * r).exp());
///         let derivative = &kernel * &ratio;
///         Ok((kernel, vec![derivative]))
///     })?;
/// assert!(found.converged && found.cost < found.first_cost);
/// let scale = found.parameters[0].exp();
/// assert!(scale > 1.0 && scale < 3.0);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// RW06, sections 5.4.1 and 5.4.2, for the criteria and their derivatives.
#[derive(Debug, Clone)]
#[must_use = "call fit()"]
pub struct KernelSelection {
    search: Search,
}

/// The result of a search.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SelectedParameters {
    /// The selected θ.
    pub parameters: Vec<f64>,
    /// The noise as a multiple of the mean diagonal entry of the kernel, for [`Ridge::Relative`](crate::predict::Ridge::Relative).
    pub noise: f64,
    /// The cost by the criterion.
    pub cost: f64,
    /// The cost at the start of the search.
    pub first_cost: f64,
    /// Steps of the search.
    pub iterations: u64,
    /// Whether cost or gradient became stationary; otherwise the steps were used up.
    pub converged: bool,
}

impl KernelSelection {
    /// Returns a search over all parameters and the noise.
    ///
    /// # Arguments
    /// * `criterion` — the cost to minimise
    pub fn new(criterion: Criterion) -> Self {
        KernelSelection {
            search: Search::new(criterion),
        }
    }

    /// Sets the noise to begin with, as a multiple of the mean diagonal entry of the kernel; positive, 0.01 by default.
    pub fn noise(mut self, noise: f64) -> Self {
        self.search.noise = noise;
        self
    }

    /// Keeps the noise, as a multiple of the mean diagonal entry, at its first value.
    pub fn fixed_noise(mut self) -> Self {
        self.search.fixed_noise = true;
        self
    }

    /// Sets the largest number of steps; 50 by default.
    pub fn iterations(mut self, iterations: u64) -> Self {
        self.search.iterations = iterations;
        self
    }

    /// Runs the search.
    ///
    /// # Arguments
    /// * `first` — the θ to begin with
    /// * `targets` — of the training points, shape `[n, outputs]`
    /// * `kernel` — K, shape `[n, n]`, and ∂K/∂θ, one matrix of that shape for each parameter, at a given θ
    ///
    /// # Cost and accuracy
    /// For p parameters each step takes a call of `kernel` and O(n³ + p n²) for the marginal likelihood, O((p + 2) n³) for left-out
    /// points; steps that the line search takes back cost a call and a factorisation more.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a noise that is not positive, or if nothing is to be selected; [`Error::NotFinite`] for θ;
    /// [`Error::ShapeMismatch`] for another number of derivatives; [`Error::NotPositiveDefinite`] if a kernel is singular in spite of the
    /// noise; errors of [`Evidence`](crate::predict::Evidence) and of `kernel`.
    pub fn fit(
        &self,
        first: &[f64],
        targets: ArrayView2<'_, f64>,
        kernel: impl Fn(&[f64]) -> Result<(Array2<f64>, Vec<Array2<f64>>)>,
    ) -> Result<SelectedParameters> {
        self.search.check_noise()?;
        check::finite("parameters to begin with", ndarray::aview1(first))?;
        if first.is_empty() && self.search.fixed_noise {
            return Err(Error::invalid(
                "parameters to select",
                "none, and a fixed noise",
                "at least one",
            ));
        }
        let family = KernelFamily {
            first,
            kernel,
            last: RefCell::new(None),
        };
        let found = self.search.run(&family, targets)?;
        Ok(SelectedParameters {
            parameters: family.parameters_at(&found.moves),
            noise: found.noise,
            cost: found.cost,
            first_cost: found.first_cost,
            iterations: found.iterations,
            converged: found.converged,
        })
    }
}

/// What the function returned, and where.
struct Evaluated {
    parameters: Vec<f64>,
    kernel: Array2<f64>,
    derivatives: Vec<Array2<f64>>,
}

/// A function that returns kernel and derivatives together; the last result is kept, since the search asks for the gradient where it has
/// asked for the value.
struct KernelFamily<'a, F> {
    first: &'a [f64],
    kernel: F,
    last: RefCell<Option<Evaluated>>,
}

impl<F> KernelFamily<'_, F>
where
    F: Fn(&[f64]) -> Result<(Array2<f64>, Vec<Array2<f64>>)>,
{
    fn parameters_at(&self, moves: &[f64]) -> Vec<f64> {
        self.first.iter().zip(moves).map(|(a, b)| a + b).collect()
    }

    fn at(&self, moves: &[f64]) -> Result<Ref<'_, Evaluated>> {
        let parameters = self.parameters_at(moves);
        let known = |last: &Evaluated| last.parameters == parameters;
        if !self.last.borrow().as_ref().is_some_and(known) {
            let (kernel, derivatives) = (self.kernel)(&parameters)?;
            let what = "derivatives of the kernel";
            check::shape(what, &[derivatives.len()], &[parameters.len()])?;
            *self.last.borrow_mut() = Some(Evaluated {
                parameters,
                kernel,
                derivatives,
            });
        }
        Ok(Ref::map(self.last.borrow(), |last| {
            last.as_ref().expect("was evaluated")
        }))
    }
}

impl<F> Family for KernelFamily<'_, F>
where
    F: Fn(&[f64]) -> Result<(Array2<f64>, Vec<Array2<f64>>)>,
{
    fn parameters(&self) -> usize {
        self.first.len()
    }

    fn kernel(&self, moves: &[f64]) -> Result<Array2<f64>> {
        Ok(self.at(moves)?.kernel.clone())
    }

    fn derivative(&self, moves: &[f64], parameter: usize) -> Result<Array2<f64>> {
        Ok(self.at(moves)?.derivatives[parameter].clone())
    }
}
