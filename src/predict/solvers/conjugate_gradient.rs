//! Kernel ridge regression by conjugate gradients, which need products with the kernel but no factor of it.

use std::borrow::Cow;

use ndarray::ArrayView2;

use super::conjugate_gradient_steps::ConjugateGradientSteps;
use super::kernel_ridge::KernelRidge;
use super::kernel_rows::{KernelRows, diagonal_of};
use super::pivoted_cholesky::Preconditioner;
use super::ridge::Ridge;
use crate::Result;

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
    /// * [`Error::ShapeMismatch`](crate::Error::ShapeMismatch), [`Error::Empty`](crate::Error::Empty), [`Error::NotFinite`](crate::Error::NotFinite)
    ///   or [`Error::InvalidValue`](crate::Error::InvalidValue) — bad input
    /// * [`Error::NotPositiveDefinite`](crate::Error::NotPositiveDefinite) — a direction shows that K + ε is singular to working precision
    /// * [`Error::NotConverged`](crate::Error::NotConverged) — the steps do not suffice, or rounding stops the decrease of the residual
    pub fn fit(
        &self,
        kernel: &impl KernelRows,
        targets: ArrayView2<'_, f64>,
        ridge: Ridge,
        preconditioner: Option<&Preconditioner>,
    ) -> Result<Solved> {
        let mut solved = self.fit_ridges(kernel, targets, &[ridge], preconditioner)?;
        Ok(solved.remove(0))
    }

    /// Fits a regression to all targets for each of several ridges, such as the candidates of a validation.
    ///
    /// Each ridge has its own directions and its own inverse of the preconditioner, so the steps are those of [`fit`](Self::fit). All
    /// ridges share the products: a step evaluates the kernel once, for all directions together. Where the kernel is computed or read in
    /// each step, several ridges cost little more than the ridge that takes the most steps.
    ///
    /// # Arguments
    /// * `kernel`, `targets`, `preconditioner` — as for [`fit`](Self::fit)
    /// * `ridges` — at least one
    ///
    /// # Errors
    /// As [`fit`](Self::fit); [`Error::Empty`](crate::Error::Empty) without ridges. One ridge that does not converge is an error.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::predict::{ConjugateGradient, KernelMatrix, Ridge};
    /// use ndarray::array;
    /// let (kernel, targets) = (array![[1.0, 0.0], [0.0, 3.0]], array![[6.0], [6.0]]);
    /// let ridges = [1.0, 3.0].map(Ridge::Absolute);
    /// let kernel = KernelMatrix::new(kernel.view())?;
    /// let solved = ConjugateGradient::default().fit_ridges(&kernel, targets.view(), &ridges, None)?;
    /// let first = solved.iter().map(|solved| solved.model.coefficients()[[0, 0]]);
    /// assert!(first.zip([3.0, 1.5]).all(|(found, want)| (found - want).abs() < 1e-7));
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn fit_ridges(
        &self,
        kernel: &impl KernelRows,
        targets: ArrayView2<'_, f64>,
        ridges: &[Ridge],
        preconditioner: Option<&Preconditioner>,
    ) -> Result<Vec<Solved>> {
        let diagonal = diagonal_of(kernel)?;
        let preconditioner = preconditioner.map(Cow::Borrowed);
        let mut steps =
            ConjugateGradientSteps::new(*self, diagonal, targets, ridges, preconditioner)?;
        while let Some(wanted) = steps.wanted() {
            steps.advance(kernel.product(wanted.view())?.view())?;
        }
        steps.finish()
    }
}
