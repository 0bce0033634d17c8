//! Conjugate gradients, partial Cholesky, Nyström and condition numbers against dense algebra of another library.

use crate::common::close::assert_named_close;
use crate::common::tol::predict as tol;

mod conditioning;
mod conjugate_gradients;
mod limits;
mod many;
mod nystrom;
mod partial_cholesky;
mod powers_of_two;

use crate::common::predict_problem::{block, linear_problem};
use haarmonic::predict::{
    ConjugateGradient, Criterion, Evidence, GradientFlow, KernelFunction, KernelMatrix,
    KernelRidge, KernelRows, Kernels, Nystrom, PivotedCholesky, Preconditioner, Ridge, RidgePath,
    Time,
};
use haarmonic::{Error, Result};
use nalgebra::DMatrix;
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis, Slice, array};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// exp(−|x − x'|² / 2 w²) of random points in the unit square.
fn gaussian_kernel(n: usize, width: f64) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let points = Array2::from_shape_simple_fn((n, 2), || rng.random::<f64>());
    Array2::from_shape_fn((n, n), |(i, j)| {
        let difference = &points.row(i) - &points.row(j);
        (-difference.dot(&difference) / (2.0 * width * width)).exp()
    })
}

fn random(n: usize, columns: usize) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    Array2::from_shape_simple_fn((n, columns), || 2.0 * rng.random::<f64>() - 1.0)
}

fn dense(matrix: ArrayView2<'_, f64>) -> DMatrix<f64> {
    DMatrix::from_fn(matrix.nrows(), matrix.ncols(), |i, j| matrix[[i, j]])
}

fn array_of(matrix: &DMatrix<f64>) -> Array2<f64> {
    Array2::from_shape_fn(matrix.shape(), |index| matrix[index])
}

fn with_ridge(kernel: &Array2<f64>, epsilon: f64) -> DMatrix<f64> {
    let n = kernel.nrows();
    dense(kernel.view()) + DMatrix::identity(n, n) * epsilon
}

fn dense_solution(kernel: &Array2<f64>, targets: &Array2<f64>, epsilon: f64) -> Array2<f64> {
    let factor = with_ridge(kernel, epsilon).cholesky().unwrap();
    array_of(&factor.solve(&dense(targets.view())))
}

fn condition(kernel: &Array2<f64>, epsilon: f64) -> f64 {
    let values = dense(kernel.view()).symmetric_eigenvalues();
    (values.max() + epsilon) / (values.min() + epsilon)
}

fn partial(kernel: &Array2<f64>, rank: usize) -> PivotedCholesky {
    let rows = KernelMatrix::new(kernel.view()).unwrap();
    PivotedCholesky::new(&rows, rank, 0.0).unwrap()
}

fn is_singular(error: &Error) -> bool {
    matches!(error, Error::NotPositiveDefinite { .. })
}
