//! Nyström regression: the kernels of a few training points, fitted to the targets of all points.

use faer::Mat;
use faer::get_global_parallelism;
use faer::linalg::triangular_solve::solve_upper_triangular_in_place;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

use super::check;
use super::kernel_rows::{KernelRows, check_diagonal, kernel_product};
use super::linalg::{ScaledColumns, column_product, product, scale_columns, to_array};
use super::pivoted_cholesky::{PivotedCholesky, Preconditioner};
use super::ridge::Ridge;
use crate::numeric::powers::times_power;

use crate::{Error, Result};

const TEST_PIVOTS: &str = "kernel between test points and pivots";

/// Kernel ridge regression with the kernels of k pivots P instead of all n training points (Nyström, subset of regressors).
///
/// ```math
/// \tilde f(s) = K_{s P} \, c , \qquad \text{the least of} \quad \| y - K_{x P} \, c \|^2 + \varepsilon \, c^\top K_{P P} \, c
/// ```
/// The duality gap bounds the distance to the full regression f: with $`K_{xx} = L L^\top + S`$ ([`PivotedCholesky`]) and
/// $`\tilde\alpha = (L L^\top + \varepsilon)^{-1} y`$,
///
/// ```math
/// \| f - \tilde f \|_{\mathrm{train}}^2 + \varepsilon \, \| f - \tilde f \|_{\mathcal H}^2 \le \varepsilon \, G , \qquad
/// G = \frac{a b}{a + b} , \quad a = y^\top \tilde\alpha , \quad b = \tilde\alpha^\top S \, \tilde\alpha ,
/// ```
/// The bound holds since f minimises a quadratic function. By the dual problem at a multiple of $`\tilde\alpha`$, the least value of this
/// function is at least $`\varepsilon a^2/(a + b)`$.
///
/// # Examples
/// ```
/// use haarmonic::predict::{KernelMatrix, Nystrom, PivotedCholesky, Ridge};
/// use ndarray::array;
///
/// // k(x, x') = x x' at x = 1, 2 has rank one: the point 2 determines the regression, and the bound is zero up to rounding.
/// let kernel = array![[1.0, 2.0], [2.0, 4.0]];
/// let factor = PivotedCholesky::new(&KernelMatrix::new(kernel.view())?, 1, 0.0)?;
/// assert_eq!(factor.pivots(), [1]);
/// let model = Nystrom::fit(&factor, array![[1.0], [2.0]].view(), Ridge::Absolute(5.0))?;
/// assert!((model.predict(array![[6.0]].view())?[[0, 0]] - 1.5).abs() < 1e-15); // at 3
/// assert!(model.error_bound()?.at(array![9.0].view())?[[0, 0]] < 1e-6);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// RW06, Section 8.3.1.
#[derive(Debug, Clone)]
pub struct Nystrom {
    /// c, `[k, outputs]`.
    coefficients: Array2<f64>,
    solution: ScaledColumns,
    /// None without a ridge.
    dual: Option<Dual>,
}

/// The weights α̃ of the training points and quantities of the bound from them, for the scaled targets.
#[derive(Debug, Clone)]
struct Dual {
    epsilon: f64,
    /// The exponents of the targets.
    exponents: Vec<i32>,
    /// α̃, `[n, outputs]`.
    alpha: Mat<f64>,
    /// L Lᵀ α̃ = y − ε α̃, the predictions at the training points.
    on_train: Mat<f64>,
    /// yᵀ α̃, `[outputs]`.
    products: Vec<f64>,
    /// (Σ √d |α̃|)² with the diagonal d of S, a bound of α̃ᵀ S α̃, `[outputs]`.
    slack: Vec<f64>,
}

/// Bounds on the distance to the predictions of the full regression, up to rounding; from [`Nystrom::error_bound`].
#[derive(Debug, Clone, PartialEq)]
pub struct NystromError {
    /// G for the scaled targets, `[outputs]`.
    gaps: Array1<f64>,
    /// The exponents of the targets.
    exponents: Vec<i32>,
    epsilon: f64,
}

impl NystromError {
    /// Bounds the root of the sum of squares over all training points, √(ε G), shape `[outputs]`.
    pub fn on_train(&self) -> Array1<f64> {
        Array1::from_shape_fn(self.gaps.len(), |c| self.bound(self.epsilon, c))
    }

    /// Bounds the difference at single points, √(k(s, s) G), shape `[m, outputs]`.
    ///
    /// # Arguments
    /// * `test_diagonal` — k(s, s), shape `[m]`
    ///
    /// # Errors
    /// [`Error::NotFinite`], or [`Error::NotPositiveDefinite`] for a negative entry.
    pub fn at(&self, test_diagonal: ArrayView1<'_, f64>) -> Result<Array2<f64>> {
        check_diagonal("test diagonal", test_diagonal)?;
        let shape = (test_diagonal.len(), self.gaps.len());
        Ok(Array2::from_shape_fn(shape, |(s, c)| {
            self.bound(test_diagonal[s], c)
        }))
    }

    /// √(factor G) of an output; the roots are taken first, so that the product does not overflow.
    fn bound(&self, factor: f64, output: usize) -> f64 {
        let scaled = factor.sqrt() * self.gaps[output].sqrt();
        times_power(scaled, self.exponents[output])
    }
}

impl Nystrom {
    /// Fits from a partial factor.
    ///
    /// # Arguments
    /// * `factor` — the partial factor of the kernel of the training points
    /// * `targets` — shape `[n, outputs]`
    /// * `ridge` — the ridge of the full regression; a relative ridge is relative to the mean diagonal of L Lᵀ + S
    ///
    /// # Cost and accuracy
    /// O(n k² + n k outputs) time. The solution comes from the singular values of L, so that the condition number of L is not squared.
    ///
    /// # Errors
    /// * [`Error::ShapeMismatch`], [`Error::Empty`], [`Error::NotFinite`] or [`Error::InvalidValue`] — bad input, or a factor of rank 0
    ///   (a kernel that is zero)
    /// * [`Error::NotPositiveDefinite`] — L has a lower rank to working precision, and the ridge is below rounding
    pub fn fit(
        factor: &PivotedCholesky,
        targets: ArrayView2<'_, f64>,
        ridge: Ridge,
    ) -> Result<Self> {
        let (n, k) = factor.factor().dim();
        let targets = ScaledColumns::new(&check::targets(targets, n)?);
        if k == 0 {
            return Err(Error::invalid(
                "rank of the partial factor",
                k,
                "a kernel that is not zero",
            ));
        }
        let squares = factor.factor().mapv(|l| l * l).sum();
        let epsilon = ridge.to_absolute((squares + factor.remainder_trace()) / n as f64)?;
        let low_rank = Preconditioner::new(factor)?;
        let sigma = &low_rank.singular_values;
        let largest = sigma.iter().fold(0.0_f64, |m, s| m.max(*s));
        let smallest = sigma.iter().fold(f64::INFINITY, |m, s| m.min(*s));
        // Singular values, not their squares, are known to rounding.
        let rounding = n as f64 * f64::EPSILON;
        if smallest <= rounding * largest && epsilon <= (rounding * largest).powi(2) {
            return Err(Error::not_positive_definite(
                "kernel of the pivots",
                format!("singular values of its factor from {smallest:.1e} to {largest:.1e}"),
                "add a ridge, or stop at a lower rank",
            ));
        }
        // w = V diag(σ / (σ² + ε)) Uᵀ y, the regression on the columns of L.
        let filter: Vec<f64> = sigma.iter().map(|s| s / (s * s + epsilon)).collect();
        let rotated = product(low_rank.vectors.transpose(), targets.scaled.as_ref());
        let right = scale_columns(&low_rank.right_vectors, &filter);
        let mut solution = product(right.as_ref(), rotated.as_ref());
        let rows = factor.factor();
        let pivot_factor = Mat::from_fn(k, k, |i, j| rows[[factor.pivots()[i], j]]);
        let par = get_global_parallelism();
        solve_upper_triangular_in_place(pivot_factor.transpose(), solution.as_mut(), par);
        let dual = (epsilon > 0.0).then(|| {
            let y = &targets.scaled;
            let alpha = low_rank.apply(y, &vec![epsilon; y.ncols()]);
            let remainder = factor.remainder_diagonal();
            let slack = |c: usize| {
                let terms = (0..n).map(|i| remainder[i].sqrt() * alpha[(i, c)].abs());
                terms.sum::<f64>().powi(2)
            };
            let outputs = 0..y.ncols();
            Dual {
                epsilon,
                exponents: targets.exponents.clone(),
                on_train: Mat::from_fn(n, y.ncols(), |i, c| y[(i, c)] - epsilon * alpha[(i, c)]),
                products: outputs
                    .clone()
                    .map(|c| column_product(y, &alpha, c))
                    .collect(),
                slack: outputs.map(slack).collect(),
                alpha,
            }
        });
        let solution = targets.with(solution);
        Ok(Nystrom {
            coefficients: to_array("coefficients of the regression", &solution.restored())?,
            solution,
            dual,
        })
    }

    /// Returns the coefficients c, shape `[k, outputs]`, in the order of the pivots.
    pub fn coefficients(&self) -> &Array2<f64> {
        &self.coefficients
    }

    /// Predicts at test points.
    ///
    /// # Arguments
    /// * `test_pivots` — kernel between test points and pivots, in their order, shape `[m, k]`
    ///
    /// The result has shape `[m, outputs]`.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::Empty`] or [`Error::NotFinite`] for bad input.
    pub fn predict(&self, test_pivots: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        let kernel = check::rows(TEST_PIVOTS, test_pivots, self.coefficients.nrows())?;
        let scaled = product(kernel.as_ref(), self.solution.scaled.as_ref());
        to_array("predictions", &self.solution.restore(&scaled))
    }

    /// Bounds the distance to the predictions of the full regression from the diagonal of S.
    ///
    /// The bound needs no further kernel values. It is sharp only if the factor contains nearly the whole kernel;
    /// [`error_bound_with`](Self::error_bound_with) is sharper.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if the ridge was zero: there is no bound without a ridge.
    pub fn error_bound(&self) -> Result<NystromError> {
        let dual = self.dual()?;
        dual.error(&dual.slack)
    }

    /// Bounds the distance to the predictions of the full regression from S itself, by one product with the kernel.
    ///
    /// # Arguments
    /// * `kernel` — the kernel of the factor
    ///
    /// # Errors
    /// As [`error_bound`](Self::error_bound); [`Error::ShapeMismatch`] for a kernel of another number of points, [`Error::NotFinite`] for
    /// bad rows.
    pub fn error_bound_with(&self, kernel: &impl KernelRows) -> Result<NystromError> {
        let dual = self.dual()?;
        let n = dual.alpha.nrows();
        if kernel.points() != n {
            return Err(Error::shape(
                "train-train kernel",
                format!("[{n}, {n}]"),
                vec![kernel.points(); 2],
            ));
        }
        let left = kernel_product(kernel, &dual.alpha)? - &dual.on_train;
        let squares: Vec<f64> = (0..left.ncols())
            .map(|c| column_product(&left, &dual.alpha, c))
            .collect();
        dual.error(&squares)
    }

    fn dual(&self) -> Result<&Dual> {
        self.dual.as_ref().ok_or_else(|| {
            Error::invalid("ridge", 0.0, "a number above 0 for a bound of the error")
        })
    }
}

impl Dual {
    /// The bound from α̃ᵀ S α̃, or from an upper bound of it, per output; numbers that rounding made negative count as zero.
    fn error(&self, squares: &[f64]) -> Result<NystromError> {
        let gaps: Array1<f64> = squares
            .iter()
            .zip(&self.products)
            .map(|(&b, &a)| if b <= 0.0 { 0.0 } else { a / (a / b + 1.0) })
            .collect();
        check::check_finite("bound of the error", gaps.view())?;
        Ok(NystromError {
            gaps,
            exponents: self.exponents.clone(),
            epsilon: self.epsilon,
        })
    }
}
