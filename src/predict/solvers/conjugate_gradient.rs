//! Kernel ridge regression by conjugate gradients, which need products with the kernel but no factor of it.

use faer::Mat;
use ndarray::ArrayView2;

use super::check;
use super::kernel_ridge::KernelRidge;
use super::kernel_rows::{KernelRows, diagonal_of, kernel_product};
use super::lanczos::Tridiagonal;
use super::linalg::{ScaledColumns, column_product};
use super::pivoted_cholesky::Preconditioner;
use super::ridge::Ridge;
use crate::numeric::powers::{exponent, times_power};

use crate::{Error, Result};

/// Solves (K + ε) a = y by preconditioned conjugate gradients, for all targets at once.
///
/// Each target has its own search direction, and each step takes one product of K with all directions. Converged targets drop out. A
/// solution is accepted if its residual, computed from the solution itself and not from the recursion, is small:
///
/// ```math
/// \| y - (K + \varepsilon) \, a \|_2 \le \mathrm{tolerance} \cdot \| y \|_2 \quad \text{for each target}
/// ```
///
/// # Examples
/// ```
/// use haarmonic::predict::{ConjugateGradient, KernelMatrix, KernelRidge, Ridge};
/// use ndarray::array;
///
/// let (kernel, targets) = (array![[2.0, 1.0], [1.0, 3.0]], array![[1.0], [-1.0]]);
/// let rows = KernelMatrix::new(kernel.view())?;
/// let solver = ConjugateGradient { tolerance: 1e-12, max_iterations: 10 };
/// let solved = solver.fit(&rows, targets.view(), Ridge::NONE, None)?;
/// assert_eq!(solved.iterations, 2);
/// let dense = KernelRidge::fit(kernel.view(), targets.view(), Ridge::NONE)?;
/// let change = (solved.model.coefficients() - dense.coefficients()).mapv(f64::abs).sum();
/// assert!(change < 1e-14);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// GV13, Algorithm 11.5.1 and Section 11.3.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConjugateGradient {
    /// Largest relative residual of a target, between 0 and 1; 1e-8 by default.
    pub tolerance: f64,
    /// Largest number of steps; 1000 by default.
    pub max_iterations: usize,
}

impl Default for ConjugateGradient {
    fn default() -> Self {
        ConjugateGradient {
            tolerance: 1e-8,
            max_iterations: 1000,
        }
    }
}

/// A regression that was solved by conjugate gradients.
#[derive(Debug, Clone)]
pub struct Solved {
    /// The coefficients, and predictions from them.
    pub model: KernelRidge,
    /// Number of steps; each step takes one product with K.
    pub iterations: usize,
    /// Largest relative residual of a target, computed from the coefficients.
    pub residual: f64,
    /// The condition number of the preconditioned matrix, or of K + ε without a preconditioner.
    ///
    /// It is the largest over the smallest eigenvalue in the subspaces of the steps, and so an estimate from below. It is 1 if no step was
    /// taken.
    pub condition: f64,
}

impl ConjugateGradient {
    /// Fits a regression to all targets.
    ///
    /// # Arguments
    /// * `kernel` — K, n points
    /// * `targets` — y, shape `[n, outputs]`
    /// * `ridge` — added to the diagonal
    /// * `preconditioner` — from a partial factor of this kernel; it needs a ridge above zero
    ///
    /// # Cost and accuracy
    /// One product with K per step, and one or more for the residual, O(n² outputs) each, on all threads; a preconditioner of rank k adds
    /// O(n k outputs). Memory for a few vectors per target and one block of rows per thread. The number of steps grows as the root of the
    /// condition number. Rounding limits the relative residual to about 2e-16 |K + ε| |a| / |y|.
    ///
    /// # Errors
    /// * [`Error::ShapeMismatch`], [`Error::Empty`], [`Error::NotFinite`] or [`Error::InvalidValue`] — bad input
    /// * [`Error::NotPositiveDefinite`] — a direction shows that K + ε is singular to working precision
    /// * [`Error::NotConverged`] — the steps do not suffice, or rounding stops the decrease of the residual
    pub fn fit(
        &self,
        kernel: &impl KernelRows,
        targets: ArrayView2<'_, f64>,
        ridge: Ridge,
        preconditioner: Option<&Preconditioner>,
    ) -> Result<Solved> {
        if !(self.tolerance > 0.0 && self.tolerance < 1.0) {
            return Err(Error::invalid(
                "tolerance of the residual",
                self.tolerance,
                "a number between 0 and 1",
            ));
        }
        let n = kernel.points();
        let diagonal = diagonal_of(kernel)?;
        let targets = ScaledColumns::new(&check::targets(targets, n)?);
        let epsilon = ridge.to_absolute(diagonal.iter().map(|d| d / n as f64).sum())?;
        check_preconditioner(preconditioner, n, epsilon)?;
        let largest = diagonal.fold(0.0_f64, |m, d| m.max(*d)) + epsilon;
        let system = System {
            kernel,
            epsilon,
            exponent: exponent([largest]),
            preconditioner,
            guard: n as f64 * f64::EPSILON * largest,
        };
        let right = &targets.scaled;
        let norms: Vec<f64> = (0..right.ncols()).map(|c| right.col(c).norm_l2()).collect();
        let mut run = Run {
            system,
            tolerance: self.tolerance,
            solution: Mat::zeros(n, right.ncols()),
            norms,
            iterations: 0,
            condition: 1.0,
        };
        // The residual of the recursion drifts from the true residual by rounding. Each round runs the recursion until it reports
        // convergence, and then computes the true residual; a round that does not halve it has met the limit of rounding.
        let mut residual = right.clone();
        let mut before = f64::INFINITY;
        loop {
            let reached = run.largest_relative(&residual);
            if reached <= self.tolerance {
                // (K + ε) a = 2ᵗ y' from (K + ε) 2⁻ᵏ a' = y'.
                let power = run.system.exponent;
                let exponents = targets.exponents.iter().map(|e| e - power).collect();
                let solution = ScaledColumns {
                    scaled: run.solution,
                    exponents,
                };
                return Ok(Solved {
                    model: KernelRidge::from_solution(solution)?,
                    iterations: run.iterations,
                    residual: reached,
                    condition: run.condition,
                });
            }
            let limit = if run.iterations >= self.max_iterations {
                Some(format!("{} iterations", self.max_iterations))
            } else if reached.is_nan() || reached > 0.5 * before {
                Some("rounding: K with its ridge is too ill-conditioned".into())
            } else {
                None
            };
            if let Some(limit) = limit {
                return Err(Error::not_converged(
                    "relative residual of conjugate gradients",
                    reached,
                    self.tolerance,
                    limit,
                ));
            }
            before = reached;
            run.descend(residual, self.max_iterations)?;
            residual = right - run.system.product(&run.solution)?;
        }
    }
}

fn check_preconditioner(
    preconditioner: Option<&Preconditioner>,
    n: usize,
    epsilon: f64,
) -> Result<()> {
    let Some(preconditioner) = preconditioner else {
        return Ok(());
    };
    if preconditioner.points() != n {
        return Err(Error::shape(
            "factor of the preconditioner",
            format!("[{n}, rank]"),
            vec![preconditioner.points(), preconditioner.rank()],
        ));
    }
    if epsilon == 0.0 {
        return Err(Error::invalid(
            "ridge",
            epsilon,
            "a number above 0 with a preconditioner of low rank",
        ));
    }
    Ok(())
}

/// The matrix K + ε, divided by a power of two so that its entries are near one and squares of products do not overflow.
struct System<'a, K> {
    kernel: &'a K,
    epsilon: f64,
    /// The exponent k of the power 2ᵏ.
    exponent: i32,
    preconditioner: Option<&'a Preconditioner>,
    /// Rayleigh quotients of K + ε below this number are rounding errors.
    guard: f64,
}

impl<K: KernelRows> System<'_, K> {
    /// (K + ε) 2⁻ᵏ x.
    fn product(&self, x: &Mat<f64>) -> Result<Mat<f64>> {
        let product = kernel_product(self.kernel, x)?;
        Ok(Mat::from_fn(x.nrows(), x.ncols(), |i, j| {
            times_power(product[(i, j)] + self.epsilon * x[(i, j)], -self.exponent)
        }))
    }

    /// M⁻¹ r, with the preconditioner M = (L Lᵀ + ε) 2⁻ᵏ or M = 1.
    fn precondition(&self, residual: &Mat<f64>) -> Mat<f64> {
        match self.preconditioner {
            Some(preconditioner) => {
                let applied = preconditioner.apply(residual, self.epsilon);
                Mat::from_fn(applied.nrows(), applied.ncols(), |i, j| {
                    times_power(applied[(i, j)], self.exponent)
                })
            }
            None => residual.clone(),
        }
    }
}

/// The numbers of the recursion for one target.
#[derive(Default)]
struct Memory {
    /// The column of the target.
    target: usize,
    /// rᵀ M⁻¹ r.
    square: f64,
    /// The length of the last step.
    step: f64,
    /// The weight of the last direction in the current direction.
    weight: f64,
    /// The Lanczos matrix of the steps.
    lanczos: Tridiagonal,
}

/// The state of a solution.
struct Run<'a, K> {
    system: System<'a, K>,
    tolerance: f64,
    solution: Mat<f64>,
    /// The norm of each target.
    norms: Vec<f64>,
    iterations: usize,
    condition: f64,
}

impl<K: KernelRows> Run<'_, K> {
    /// The norm of a residual relative to its target.
    fn relative(&self, target: usize, norm: f64) -> f64 {
        match self.norms[target] {
            // Zero targets are solved by zero.
            0.0 => 0.0,
            whole => norm / whole,
        }
    }

    /// The largest relative norm of a residual, or NaN if one of them is NaN.
    fn largest_relative(&self, residual: &Mat<f64>) -> f64 {
        (0..residual.ncols())
            .map(|c| self.relative(c, residual.col(c).norm_l2()))
            .fold(0.0, |m, r| if r > m || r.is_nan() { r } else { m })
    }

    /// Takes steps from the current solution until the recursion reports that every residual is small, or the steps are used up.
    ///
    /// The columns of all matrices are the targets that are not yet solved. With M the preconditioner, a step for the residual r and the
    /// direction p is
    ///
    /// ```text
    /// α = rᵀ M⁻¹ r / pᵀ A p,   a += α p,   r −= α A p,   p ← M⁻¹ r + β p,   β = (rᵀ M⁻¹ r)_new / (rᵀ M⁻¹ r)_old
    /// ```
    fn descend(&mut self, residual: Mat<f64>, max_iterations: usize) -> Result<()> {
        let open: Vec<usize> = (0..residual.ncols())
            .filter(|&c| self.relative(c, residual.col(c).norm_l2()) > self.tolerance)
            .collect();
        let mut residual = select(&residual, &open);
        let mut direction = self.system.precondition(&residual);
        let mut active: Vec<Memory> = open
            .iter()
            .enumerate()
            .map(|(c, &target)| Memory {
                target,
                square: column_product(&residual, &direction, c),
                ..Memory::default()
            })
            .collect();
        while !active.is_empty() && self.iterations < max_iterations {
            let image = self.system.product(&direction)?;
            self.iterations += 1;
            for (c, memory) in active.iter_mut().enumerate() {
                let curvature = column_product(&direction, &image, c);
                let quotient = times_power(
                    curvature / column_product(&direction, &direction, c),
                    self.system.exponent,
                );
                if quotient.is_nan() || quotient <= self.system.guard {
                    return Err(singular(quotient, self.system.guard));
                }
                let step = memory.square / curvature;
                // The entries of the Lanczos matrix follow from α and β (GV13, Section 11.3.6).
                let carried = if memory.step > 0.0 {
                    memory.weight / memory.step
                } else {
                    0.0
                };
                let beside = memory.weight.sqrt() / memory.step;
                memory.lanczos.push(beside, 1.0 / step + carried);
                memory.step = step;
                for i in 0..residual.nrows() {
                    self.solution[(i, memory.target)] += step * direction[(i, c)];
                    residual[(i, c)] -= step * image[(i, c)];
                }
            }
            let (going, done): (Vec<usize>, Vec<usize>) = (0..active.len()).partition(|&c| {
                let norm = residual.col(c).norm_l2();
                self.relative(active[c].target, norm) > self.tolerance
            });
            for &c in &done {
                self.note_condition(&active[c].lanczos);
            }
            if !done.is_empty() {
                residual = select(&residual, &going);
                direction = select(&direction, &going);
                let mut position = 0;
                active.retain(|_| {
                    position += 1;
                    going.contains(&(position - 1))
                });
            }
            let descent = self.system.precondition(&residual);
            for (c, memory) in active.iter_mut().enumerate() {
                let square = column_product(&residual, &descent, c);
                memory.weight = square / memory.square;
                memory.square = square;
                for i in 0..direction.nrows() {
                    direction[(i, c)] = descent[(i, c)] + memory.weight * direction[(i, c)];
                }
            }
        }
        for memory in &active {
            self.note_condition(&memory.lanczos);
        }
        Ok(())
    }

    /// Takes the condition number of a Lanczos matrix into account.
    fn note_condition(&mut self, lanczos: &Tridiagonal) {
        if let Some([low, high]) = lanczos.extremes()
            && low > 0.0
        {
            self.condition = self.condition.max(high / low);
        }
    }
}

fn singular(quotient: f64, guard: f64) -> Error {
    Error::not_positive_definite(
        "train-train kernel",
        format!("a direction with Rayleigh quotient {quotient:.1e}, rounding is {guard:.1e}"),
        format!("raise the ridge well above {guard:.1e}, or remove repeated training points"),
    )
}

/// Copies some columns of a matrix.
fn select(matrix: &Mat<f64>, columns: &[usize]) -> Mat<f64> {
    Mat::from_fn(matrix.nrows(), columns.len(), |i, c| {
        matrix[(i, columns[c])]
    })
}
