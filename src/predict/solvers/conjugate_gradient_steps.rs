//! Conjugate gradients step by step: the caller computes the products with the kernel, and may keep the state between two steps.

mod state;

use std::borrow::Cow;

use faer::Mat;
use ndarray::{Array1, Array2, ArrayView2};

use super::check;
use super::conjugate_gradient::{ConjugateGradient, Solved};
use super::kernel_ridge::KernelRidge;
use super::kernel_rows::check_diagonal;
use super::lanczos::Tridiagonal;
use super::linalg::{ScaledColumns, column_product};
use super::pivoted_cholesky::Preconditioner;
use super::ridge::Ridge;
use crate::numeric::powers::{exponent, times_power};
use crate::{Error, Result};

/// The steps of [`ConjugateGradient`], for products with the kernel that the caller computes.
///
/// A step takes the product of K with some vectors. The caller asks for them ([`wanted`](Self::wanted)), computes the product anywhere,
/// for example as a sum of the shares of several processes, and returns it ([`advance`](Self::advance)). Between two steps the
/// [`state`](Self::state) can be kept, and a later run continues from it to the bit ([`restore`](Self::restore)).
///
/// # Examples
/// ```
/// use haarmonic::predict::{ConjugateGradient, ConjugateGradientSteps, Ridge};
/// use ndarray::array;
///
/// let (kernel, targets) = (array![[2.0, 1.0], [1.0, 3.0]], array![[3.0], [4.0]]);
/// let solver = ConjugateGradient::default();
/// let begin = || ConjugateGradientSteps::new(solver, kernel.diag().to_owned(), targets.view(), &[Ridge::NONE], None);
/// let mut steps = begin()?;
/// let first = steps.wanted().expect("a direction");
/// steps.advance(kernel.dot(&first).view())?;
///
/// // Another run continues after the first step.
/// let mut later = begin()?;
/// later.restore(&steps.state())?;
/// while let Some(wanted) = later.wanted() {
///     later.advance(kernel.dot(&wanted).view())?;
/// }
/// let solved = later.finish()?.remove(0);
/// assert_eq!(solved.iterations, 2);
/// assert!((solved.model.coefficients() - &array![[1.0], [1.0]]).iter().all(|d| d.abs() < 1e-14));
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ConjugateGradientSteps<'p> {
    options: ConjugateGradient,
    diagonal: Array1<f64>,
    targets: ScaledColumns,
    preconditioner: Option<Cow<'p, Preconditioner>>,
    /// Every target with every ridge: the targets of the first ridge, then those of the second one.
    columns: Vec<Column>,
    solution: Mat<f64>,
    /// The steps so far, and the steps of each ridge.
    iterations: usize,
    of_ridges: Vec<usize>,
    /// The residual at the beginning of this round.
    before: f64,
    phase: Phase,
}

/// One target with one ridge: the system (K + ε) 2⁻ᵏ a = y, scaled so that its entries are near one and squares do not overflow.
#[derive(Debug, Clone)]
struct Column {
    epsilon: f64,
    /// The exponent k of the power 2ᵏ.
    exponent: i32,
    /// Rayleigh quotients of K + ε below this number are rounding errors.
    guard: f64,
    /// The norm of the target.
    norm: f64,
    /// The condition number in the subspace of the steps so far.
    condition: f64,
}

/// The product that is taken next.
///
/// The residual of the recursion drifts from the true residual by rounding. Each round runs the recursion until it reports convergence, and
/// then computes the true residual; a round that does not halve it has met the limit of rounding.
#[derive(Debug, Clone)]
enum Phase {
    /// With the directions of the columns that are not yet solved.
    Descent(Descent),
    /// With the solution, for its true residual.
    Check,
    /// None: the relative residual of each column is small.
    Done(Vec<f64>),
}

/// The recursion within a round; the columns of both matrices are those that are not yet solved.
#[derive(Debug, Clone)]
struct Descent {
    residual: Mat<f64>,
    direction: Mat<f64>,
    active: Vec<Memory>,
}

/// The numbers of the recursion for one column.
#[derive(Debug, Clone, Default)]
struct Memory {
    column: usize,
    /// rᵀ M⁻¹ r.
    square: f64,
    /// The length of the last step.
    step: f64,
    /// The weight of the last direction in the current direction.
    weight: f64,
    /// The Lanczos matrix of the steps.
    lanczos: Tridiagonal,
}

impl<'p> ConjugateGradientSteps<'p> {
    /// Begins with the solution zero.
    ///
    /// # Arguments
    /// * `options` — tolerance and largest number of steps
    /// * `diagonal` — of K, shape `[n]`
    /// * `targets` — shape `[n, outputs]`
    /// * `ridges` — at least one; the products serve all of them
    /// * `preconditioner` — from a partial factor of this kernel; it needs ridges above zero
    ///
    /// # Errors
    /// * [`Error::ShapeMismatch`], [`Error::Empty`], [`Error::NotFinite`] or [`Error::InvalidValue`] — bad input
    /// * [`Error::NotPositiveDefinite`] — a negative entry of the diagonal
    pub fn new(
        options: ConjugateGradient,
        diagonal: Array1<f64>,
        targets: ArrayView2<'_, f64>,
        ridges: &[Ridge],
        preconditioner: Option<Cow<'p, Preconditioner>>,
    ) -> Result<Self> {
        let tolerance = options.tolerance;
        if !(tolerance > 0.0 && tolerance < 1.0) {
            return Err(Error::invalid(
                "tolerance of the residual",
                tolerance,
                "a number between 0 and 1",
            ));
        }
        crate::check::not_empty("ridges", ridges.len())?;
        check_diagonal("diagonal of the train-train kernel", diagonal.view())?;
        let n = diagonal.len();
        let targets = ScaledColumns::new(&check::targets(targets, n)?);
        let outputs = targets.scaled.ncols();
        let mean = diagonal.iter().map(|d| d / n as f64).sum();
        let largest = diagonal.fold(0.0_f64, |m, d| m.max(*d));
        let mut columns = Vec::with_capacity(ridges.len() * outputs);
        for ridge in ridges {
            let epsilon = ridge.to_absolute(mean)?;
            check_preconditioner(preconditioner.as_deref(), n, epsilon)?;
            columns.extend((0..outputs).map(|output| Column {
                epsilon,
                exponent: exponent([largest + epsilon]),
                guard: n as f64 * f64::EPSILON * (largest + epsilon),
                norm: targets.scaled.col(output).norm_l2(),
                condition: 1.0,
            }));
        }
        let mut steps = ConjugateGradientSteps {
            options,
            diagonal,
            solution: Mat::zeros(n, columns.len()),
            phase: Phase::Check,
            targets,
            preconditioner,
            columns,
            iterations: 0,
            of_ridges: vec![0; ridges.len()],
            before: f64::INFINITY,
        };
        // The residual of zero is the target.
        let residual = Mat::from_fn(n, steps.columns.len(), |i, c| steps.target(i, c));
        steps.begin_round(residual)?;
        Ok(steps)
    }

    /// Returns the vectors whose product with K is needed next, shape `[n, vectors]`; none if all targets are solved.
    pub fn wanted(&self) -> Option<Array2<f64>> {
        let wanted = match &self.phase {
            Phase::Descent(descent) => &descent.direction,
            Phase::Check => &self.solution,
            Phase::Done(_) => return None,
        };
        let shape = (wanted.nrows(), wanted.ncols());
        Some(Array2::from_shape_fn(shape, |(i, c)| wanted[(i, c)]))
    }

    /// Takes the product of K with the vectors of [`wanted`](Self::wanted), of their shape.
    ///
    /// # Errors
    /// * [`Error::ShapeMismatch`] or [`Error::NotFinite`] — a bad product
    /// * [`Error::InvalidValue`] — all targets are solved already
    /// * [`Error::NotPositiveDefinite`] — a direction shows that K + ε is singular to working precision
    /// * [`Error::NotConverged`] — the steps do not suffice, or rounding stops the decrease of the residual
    pub fn advance(&mut self, product: ArrayView2<'_, f64>) -> Result<()> {
        let what = "product with the train-train kernel";
        let n = self.diagonal.len();
        let wanted = match &self.phase {
            Phase::Descent(descent) => descent.active.len(),
            Phase::Check => self.columns.len(),
            Phase::Done(_) => {
                return Err(Error::invalid(what, "one more", "none: all are solved"));
            }
        };
        crate::check::shape(what, product.shape(), &[n, wanted])?;
        crate::check::finite(what, product)?;
        match std::mem::replace(&mut self.phase, Phase::Check) {
            Phase::Descent(descent) => self.descend(descent, product),
            _ => {
                let image = self.image(product, &self.solution, |c| c);
                let residual = Mat::from_fn(n, self.columns.len(), |i, c| {
                    self.target(i, c) - image[(i, c)]
                });
                self.begin_round(residual)
            }
        }
    }

    /// Returns the regressions, one per ridge, once no product is wanted.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] while a product is wanted; [`Error::NotFinite`] if coefficients leave the range of numbers.
    pub fn finish(self) -> Result<Vec<Solved>> {
        let Phase::Done(residuals) = &self.phase else {
            return Err(Error::invalid(
                "conjugate gradients",
                "targets that are not yet solved",
                "steps until no product is wanted",
            ));
        };
        let outputs = self.targets.scaled.ncols();
        let ridges = self.of_ridges.iter().enumerate();
        let solved = ridges.map(|(ridge, &iterations)| {
            let first = ridge * outputs;
            let columns = &self.columns[first..first + outputs];
            // (K + ε) a = 2ᵗ y' from (K + ε) 2⁻ᵏ a' = y'.
            let exponents = self.targets.exponents.iter().zip(columns);
            let solution = ScaledColumns {
                scaled: self.solution.subcols(first, outputs).to_owned(),
                exponents: exponents.map(|(e, column)| e - column.exponent).collect(),
            };
            Ok(Solved {
                model: KernelRidge::from_solution(solution)?,
                iterations,
                residual: largest(&residuals[first..first + outputs]),
                condition: columns.iter().fold(1.0, |m, c| c.condition.max(m)),
            })
        });
        solved.collect()
    }

    /// Returns the number of steps so far.
    pub fn iterations(&self) -> usize {
        self.iterations
    }

    /// The scaled target of a column.
    fn target(&self, row: usize, column: usize) -> f64 {
        let targets = &self.targets.scaled;
        targets[(row, column % targets.ncols())]
    }

    /// (K + ε) 2⁻ᵏ x from K x; `column` is the number of the column of each vector.
    fn image(
        &self,
        product: ArrayView2<'_, f64>,
        x: &Mat<f64>,
        column: impl Fn(usize) -> usize,
    ) -> Mat<f64> {
        Mat::from_fn(x.nrows(), x.ncols(), |i, c| {
            let of = &self.columns[column(c)];
            times_power(product[[i, c]] + of.epsilon * x[(i, c)], -of.exponent)
        })
    }

    /// M⁻¹ r, with the preconditioner M = (L Lᵀ + ε) 2⁻ᵏ or M = 1.
    fn precondition(&self, residual: &Mat<f64>, active: &[Memory]) -> Mat<f64> {
        let Some(preconditioner) = &self.preconditioner else {
            return residual.clone();
        };
        let column = |c: usize| &self.columns[active[c].column];
        let epsilons: Vec<f64> = (0..active.len()).map(|c| column(c).epsilon).collect();
        let applied = preconditioner.apply(residual, &epsilons);
        Mat::from_fn(applied.nrows(), applied.ncols(), |i, c| {
            times_power(applied[(i, c)], column(c).exponent)
        })
    }

    /// The norm of a residual relative to its target.
    fn relative(&self, column: usize, norm: f64) -> f64 {
        match self.columns[column].norm {
            // Zero targets are solved by zero.
            0.0 => 0.0,
            whole => norm / whole,
        }
    }

    /// Begins a round from the true residual, or ends.
    fn begin_round(&mut self, residual: Mat<f64>) -> Result<()> {
        let relative: Vec<f64> = (0..residual.ncols())
            .map(|c| self.relative(c, residual.col(c).norm_l2()))
            .collect();
        let reached = largest(&relative);
        let ConjugateGradient {
            tolerance,
            max_iterations,
        } = self.options;
        if reached <= tolerance {
            self.phase = Phase::Done(relative);
            return Ok(());
        }
        let limit = if self.iterations >= max_iterations {
            Some(format!("{max_iterations} iterations"))
        } else if reached.is_nan() || reached > 0.5 * self.before {
            Some("rounding: K with its ridge is too ill-conditioned".into())
        } else {
            None
        };
        if let Some(limit) = limit {
            return Err(not_converged(reached, tolerance, limit));
        }
        self.before = reached;
        let open: Vec<usize> = (0..relative.len())
            .filter(|&c| relative[c] > tolerance)
            .collect();
        let residual = select(&residual, &open);
        let mut active: Vec<Memory> = open
            .iter()
            .map(|&column| Memory {
                column,
                ..Memory::default()
            })
            .collect();
        let direction = self.precondition(&residual, &active);
        for (c, memory) in active.iter_mut().enumerate() {
            memory.square = column_product(&residual, &direction, c);
        }
        self.phase = Phase::Descent(Descent {
            residual,
            direction,
            active,
        });
        Ok(())
    }

    /// Takes one step with the product of K with the directions.
    ///
    /// With M the preconditioner, a step for the residual r and the direction p is
    ///
    /// ```text
    /// α = rᵀ M⁻¹ r / pᵀ A p,   a += α p,   r −= α A p,   p ← M⁻¹ r + β p,   β = (rᵀ M⁻¹ r)_new / (rᵀ M⁻¹ r)_old
    /// ```
    fn descend(&mut self, descent: Descent, product: ArrayView2<'_, f64>) -> Result<()> {
        let Descent {
            mut residual,
            mut direction,
            mut active,
        } = descent;
        let image = self.image(product, &direction, |c| active[c].column);
        self.iterations += 1;
        let outputs = self.targets.scaled.ncols();
        let mut of_ridges = vec![false; self.of_ridges.len()];
        for (c, memory) in active.iter_mut().enumerate() {
            let Column {
                exponent, guard, ..
            } = self.columns[memory.column];
            let curvature = column_product(&direction, &image, c);
            let quotient = times_power(
                curvature / column_product(&direction, &direction, c),
                exponent,
            );
            if quotient.is_nan() || quotient <= guard {
                return Err(singular(quotient, guard));
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
                self.solution[(i, memory.column)] += step * direction[(i, c)];
                residual[(i, c)] -= step * image[(i, c)];
            }
            of_ridges[memory.column / outputs] = true;
        }
        for (count, stepped) in self.of_ridges.iter_mut().zip(of_ridges) {
            *count += usize::from(stepped);
        }
        let (going, done): (Vec<usize>, Vec<usize>) = (0..active.len()).partition(|&c| {
            let norm = residual.col(c).norm_l2();
            self.relative(active[c].column, norm) > self.options.tolerance
        });
        for &c in &done {
            self.note_condition(&active[c]);
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
        if active.is_empty() {
            self.phase = Phase::Check;
            return Ok(());
        }
        let descent = self.precondition(&residual, &active);
        for (c, memory) in active.iter_mut().enumerate() {
            let square = column_product(&residual, &descent, c);
            memory.weight = square / memory.square;
            memory.square = square;
            for i in 0..direction.nrows() {
                direction[(i, c)] = descent[(i, c)] + memory.weight * direction[(i, c)];
            }
        }
        let reached: Vec<f64> = active
            .iter()
            .enumerate()
            .map(|(c, memory)| self.relative(memory.column, residual.col(c).norm_l2()))
            .collect();
        self.phase = Phase::Descent(Descent {
            residual,
            direction,
            active,
        });
        let max_iterations = self.options.max_iterations;
        match self.iterations < max_iterations {
            true => Ok(()),
            // The state is still one to go on from.
            false => Err(not_converged(
                largest(&reached),
                self.options.tolerance,
                format!("{max_iterations} iterations"),
            )),
        }
    }

    /// Takes the condition number of a Lanczos matrix into account.
    fn note_condition(&mut self, memory: &Memory) {
        if let Some([low, high]) = memory.lanczos.extremes()
            && low > 0.0
        {
            let condition = &mut self.columns[memory.column].condition;
            *condition = condition.max(high / low);
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

/// The largest number, or NaN if one of them is NaN.
fn largest(numbers: &[f64]) -> f64 {
    let larger = |m: f64, &r: &f64| if r > m || r.is_nan() { r } else { m };
    numbers.iter().fold(0.0, larger)
}

fn not_converged(reached: f64, tolerance: f64, limit: String) -> Error {
    let what = "relative residual of conjugate gradients";
    Error::not_converged(what, reached, tolerance, limit)
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
