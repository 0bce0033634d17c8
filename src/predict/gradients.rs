//! Derivatives of losses, predictions and the evidence by kernel matrices and targets.
//!
//! The derivatives by the matrices are cotangents: [`Kernel::gradient`](crate::kernel::Kernel::gradient) and
//! [`Kernel::cross_gradient`](crate::kernel::Kernel::cross_gradient) carry them on to the inputs. Let M be the kernel of the training
//! points with its ridge, $`M = K_{xx} + \varepsilon`$, and $`\alpha = M^{-1} y`$.
//!
//! # References
//! KIP21 for the loss and the solved targets; RW06, Eq. (5.9), for the evidence.

use faer::{Mat, MatRef};
use ndarray::{Array2, ArrayView2};

use super::solvers::check;
use super::solvers::linalg::{Cholesky, column_product, product, to_array};
use super::solvers::ridge::Ridge;
use crate::{Result, check::not_negative};

const TRAIN: &str = "train-train kernel";
const TEST: &str = "test-train kernel";

/// A value with its derivatives by both kernel matrices and by the training targets.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueGradient {
    /// The value.
    pub value: f64,
    /// By the entries of the train-train kernel, symmetric, shape `[n, n]`; a relative ridge is part of the derivative.
    pub train_train: Array2<f64>,
    /// By the entries of the test-train kernel, shape `[m, n]`; no rows for the evidence.
    pub test_train: Array2<f64>,
    /// By the training targets, shape `[n, outputs]`; zeros if they were solved for.
    pub targets: Array2<f64>,
}

/// The training points: kernel with its ridge, and α.
struct Trained {
    cholesky: Cholesky,
    weights: Mat<f64>,
    /// λ/n of a relative ridge λ; 0 for an absolute one.
    trace_share: f64,
}

impl Trained {
    fn new(
        train_train: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
        ridge: Ridge,
    ) -> Result<Trained> {
        let mut kernel = check::symmetric(TRAIN, train_train)?;
        let targets = check::targets(targets, kernel.nrows())?;
        ridge.add_to(&mut kernel)?;
        let cholesky = Cholesky::new(TRAIN, &kernel)?;
        Ok(Trained {
            weights: cholesky.solve(targets),
            trace_share: trace_share(ridge, kernel.nrows()),
            cholesky,
        })
    }

    /// The derivatives of the sum of predictions times cotangents: by the train-train kernel, the test-train kernel and the targets.
    fn pull(&self, value: f64, test: &Mat<f64>, cotangents: &Mat<f64>) -> Result<ValueGradient> {
        let to_targets = self
            .cholesky
            .solve(product(test.transpose(), cotangents.as_ref()));
        let (a, b) = (&self.weights, &to_targets);
        let mut by_kernel = product(a.as_ref(), b.transpose());
        symmetrise(&mut by_kernel, -1.0);
        let inner: f64 = (0..a.ncols()).map(|c| column_product(a, b, c)).sum();
        add_to_diagonal(&mut by_kernel, -self.trace_share * inner);
        Ok(ValueGradient {
            value,
            train_train: to_array("derivative by the train-train kernel", &by_kernel)?,
            test_train: outer(cotangents, a.as_ref())?,
            targets: to_array("derivative by the targets", &to_targets)?,
        })
    }
}

/// λ/n of a relative ridge λ; 0 for an absolute one.
fn trace_share(ridge: Ridge, n: usize) -> f64 {
    match ridge {
        Ridge::Relative(number) => number / n as f64,
        Ridge::Absolute(_) => 0.0,
    }
}

/// Replaces a matrix by its symmetric part times a factor.
fn symmetrise(matrix: &mut Mat<f64>, factor: f64) {
    for j in 0..matrix.ncols() {
        for i in 0..=j {
            let mean = 0.5 * factor * (matrix[(i, j)] + matrix[(j, i)]);
            (matrix[(i, j)], matrix[(j, i)]) = (mean, mean);
        }
    }
}

fn add_to_diagonal(matrix: &mut Mat<f64>, number: f64) {
    for i in 0..matrix.nrows() {
        matrix[(i, i)] += number;
    }
}

/// c aᵀ, the derivative by the test-train kernel.
fn outer(cotangents: &Mat<f64>, weights: MatRef<'_, f64>) -> Result<Array2<f64>> {
    let by_kernel = product(cotangents.as_ref(), weights.transpose());
    to_array("derivative by the test-train kernel", &by_kernel)
}

fn squares(matrix: &Mat<f64>) -> f64 {
    (0..matrix.ncols())
        .map(|c| column_product(matrix, matrix, c))
        .sum()
}

/// Differentiates half the squared error of predictions on test points, $`L = \tfrac12 |K_{tx} \alpha - y_t|^2`$.
///
/// With $`e = K_{tx}\alpha - y_t`$ and $`\beta = M^{-1} K_{tx}^\top e`$ the derivatives are $`e\alpha^\top`$ by $`K_{tx}`$,
/// $`-\tfrac12(\beta\alpha^\top + \alpha\beta^\top)`$ by M and β by y.
///
/// # Arguments
/// * `train_train`, `test_train` — kernels, shapes `[n, n]` and `[m, n]`
/// * `targets`, `test_targets` — shapes `[n, outputs]` and `[m, outputs]`
///
/// # Errors
/// * [`Error::ShapeMismatch`](crate::Error::ShapeMismatch), [`Error::Empty`](crate::Error::Empty),
///   [`Error::NotFinite`](crate::Error::NotFinite), [`Error::InvalidValue`](crate::Error::InvalidValue) — bad input
/// * [`Error::NotPositiveDefinite`](crate::Error::NotPositiveDefinite) — M is singular to working precision
///
/// # Examples
/// ```
/// use haarmonic::predict::{Ridge, gradients};
/// use ndarray::array;
///
/// // One training point: L = ½ (k y / m − y_t)².
/// let (m, k, y, t) = (array![[4.0]], array![[1.0]], array![[6.0]], array![[0.5]]);
/// let found = gradients::squared_error(m.view(), k.view(), y.view(), t.view(), Ridge::NONE)?;
/// assert_eq!(found.value, 0.5);
/// assert_eq!(found.targets, array![[0.25]]);
/// assert_eq!(found.test_train, array![[1.5]]);
/// assert_eq!(found.train_train, array![[-0.375]]);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn squared_error(
    train_train: ArrayView2<'_, f64>,
    test_train: ArrayView2<'_, f64>,
    targets: ArrayView2<'_, f64>,
    test_targets: ArrayView2<'_, f64>,
    ridge: Ridge,
) -> Result<ValueGradient> {
    let trained = Trained::new(train_train, targets, ridge)?;
    let test = check::rows(TEST, test_train, train_train.nrows())?;
    let wanted = check::targets(test_targets, test.nrows())?;
    crate::check::shape(
        "test targets",
        test_targets.shape(),
        &[test.nrows(), targets.ncols()],
    )?;
    let error = product(test.as_ref(), trained.weights.as_ref()) - &wanted;
    trained.pull(0.5 * squares(&error), &test, &error)
}

/// Differentiates the sum of predictions $`K_{tx}\alpha`$ times given factors.
///
/// # Arguments
/// * `train_train`, `test_train` — kernels, shapes `[n, n]` and `[m, n]`
/// * `targets` — shape `[n, outputs]`
/// * `factors` — of the predictions, shape `[m, outputs]`
///
/// # Errors
/// As [`squared_error`].
pub fn prediction(
    train_train: ArrayView2<'_, f64>,
    test_train: ArrayView2<'_, f64>,
    targets: ArrayView2<'_, f64>,
    factors: ArrayView2<'_, f64>,
    ridge: Ridge,
) -> Result<ValueGradient> {
    let trained = Trained::new(train_train, targets, ridge)?;
    let test = check::rows(TEST, test_train, train_train.nrows())?;
    let cotangents = check::targets(factors, test.nrows())?;
    crate::check::shape(
        "factors of the predictions",
        factors.shape(),
        &[test.nrows(), targets.ncols()],
    )?;
    let predicted = product(test.as_ref(), trained.weights.as_ref());
    let value = (0..predicted.ncols()).map(|c| column_product(&predicted, &cotangents, c));
    trained.pull(value.sum(), &test, &cotangents)
}

/// Solves for the training targets that predict test targets best, and differentiates the least loss.
///
/// ```math
/// L = \min_z \tfrac12 |y_t - K_{tx} z|^2 + \tfrac\mu2 \operatorname{tr} z^\top M z, \qquad y = M z
/// ```
/// The minimum has the derivatives $`(K_{tx} z - y_t)\, z^\top`$ by $`K_{tx}`$ and $`\tfrac\mu2 z z^\top`$ by M. Without the penalty μ
/// the solved targets fit the test targets too closely.
///
/// Returns the targets y, and the loss with its derivatives.
///
/// # Arguments
/// * `train_train`, `test_train` — kernels, shapes `[n, n]` and `[m, n]`
/// * `test_targets` — shape `[m, outputs]`
/// * `penalty` — μ, at least 0
///
/// # Errors
/// As [`squared_error`].
///
/// # Examples
/// ```
/// use haarmonic::predict::{Ridge, gradients};
/// use ndarray::array;
///
/// let (m, k, t) = (array![[3.0]], array![[1.0]], array![[3.0]]);
/// let (targets, found) =
///     gradients::solved_targets(m.view(), k.view(), t.view(), 1.0, Ridge::NONE)?;
/// // z = 3 / (1 + 3), y = 3 z, and L = ½ (3 − z)² + ½ y z.
/// assert!((targets[[0, 0]] - 2.25).abs() < 1e-14 && (found.value - 3.375).abs() < 1e-14);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn solved_targets(
    train_train: ArrayView2<'_, f64>,
    test_train: ArrayView2<'_, f64>,
    test_targets: ArrayView2<'_, f64>,
    penalty: f64,
    ridge: Ridge,
) -> Result<(Array2<f64>, ValueGradient)> {
    not_negative("penalty of solved targets", penalty)?;
    let mut kernel = check::symmetric(TRAIN, train_train)?;
    let n = kernel.nrows();
    ridge.add_to(&mut kernel)?;
    let test = check::rows(TEST, test_train, n)?;
    let wanted = check::targets(test_targets, test.nrows())?;
    let mut normal = product(test.transpose(), test.as_ref());
    for j in 0..n {
        for i in 0..n {
            normal[(i, j)] += penalty * kernel[(i, j)];
        }
    }
    let normal = Cholesky::new("normal matrix of the solved targets", &normal)?;
    let weights = normal.solve(product(test.transpose(), wanted.as_ref()));
    let targets = product(kernel.as_ref(), weights.as_ref());
    let error = product(test.as_ref(), weights.as_ref()) - &wanted;
    let energy: f64 = (0..weights.ncols())
        .map(|c| column_product(&weights, &targets, c))
        .sum();
    let mut by_kernel = product(weights.as_ref(), weights.transpose());
    symmetrise(&mut by_kernel, 0.5 * penalty);
    let trace = 0.5 * penalty * squares(&weights);
    add_to_diagonal(&mut by_kernel, trace_share(ridge, n) * trace);
    let found = ValueGradient {
        value: 0.5 * squares(&error) + 0.5 * penalty * energy,
        train_train: to_array("derivative by the train-train kernel", &by_kernel)?,
        test_train: outer(&error, weights.as_ref())?,
        targets: Array2::zeros((n, weights.ncols())),
    };
    Ok((to_array("solved targets", &targets)?, found))
}

/// Differentiates the log marginal likelihood of [`Evidence`](super::Evidence).
///
/// The derivative by M is $`\tfrac12(\alpha\alpha^\top - C M^{-1})`$ for C outputs.
///
/// # Arguments
/// * `train_train` — kernel, shape `[n, n]`
/// * `targets` — shape `[n, outputs]`
/// * `noise` — the noise variance ε
///
/// # Errors
/// As [`squared_error`].
///
/// # Examples
/// ```
/// use haarmonic::predict::{Evidence, Ridge, gradients};
/// use ndarray::array;
///
/// let (k, y) = (array![[2.0, 0.5], [0.5, 1.0]], array![[1.0], [-2.0]]);
/// let found = gradients::evidence(k.view(), y.view(), Ridge::Absolute(0.1))?;
/// let evidence = Evidence::fit(k.view(), y.view(), Ridge::Absolute(0.1))?;
/// assert!((found.value - evidence.log_marginal_likelihood()).abs() < 1e-14);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn evidence(
    train_train: ArrayView2<'_, f64>,
    targets: ArrayView2<'_, f64>,
    noise: Ridge,
) -> Result<ValueGradient> {
    let trained = Trained::new(train_train, targets, noise)?;
    let given = check::targets(targets, train_train.nrows())?;
    let (n, outputs) = (given.nrows() as f64, given.ncols() as f64);
    let weights = &trained.weights;
    let fit: f64 = (0..given.ncols())
        .map(|c| column_product(&given, weights, c))
        .sum();
    let logs = trained.cholesky.log_determinant() + n * std::f64::consts::TAU.ln();
    let mut by_kernel = product(weights.as_ref(), weights.transpose());
    let inverse = trained.cholesky.inverse();
    for j in 0..by_kernel.ncols() {
        for i in 0..by_kernel.nrows() {
            by_kernel[(i, j)] -= outputs * inverse[(i, j)];
        }
    }
    symmetrise(&mut by_kernel, 0.5);
    let trace: f64 = (0..by_kernel.nrows()).map(|i| by_kernel[(i, i)]).sum();
    add_to_diagonal(&mut by_kernel, trained.trace_share * trace);
    let weights = to_array("derivative by the targets", weights)?;
    Ok(ValueGradient {
        value: -0.5 * (fit + outputs * logs),
        train_train: to_array("derivative by the train-train kernel", &by_kernel)?,
        test_train: Array2::zeros((0, weights.nrows())),
        targets: weights.mapv(|weight| -weight),
    })
}
