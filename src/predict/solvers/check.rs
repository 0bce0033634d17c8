//! Validation of kernels and targets before the linear algebra.

use faer::Mat;
use ndarray::{ArrayView1, ArrayView2};

use crate::check;
pub(in crate::predict) use crate::check::finite as check_finite;
use crate::error::number;
use crate::{Error, Result};

/// Largest asymmetry, relative to the largest entry, that counts as rounding: half of the digits of an f64.
const SYMMETRY_GUARD: f64 = 1.5e-8;

/// Accepts a square, finite matrix with at least one row that is symmetric up to rounding.
pub(super) fn check_symmetric(what: &str, matrix: ArrayView2<'_, f64>) -> Result<()> {
    let (n, columns) = matrix.dim();
    if n == 0 {
        return Err(Error::empty(what));
    }
    if n != columns {
        return Err(Error::shape(
            what,
            format!("[{n}, {n}] (square)"),
            vec![n, columns],
        ));
    }
    check_finite(what, matrix)?;
    let largest = matrix.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    for i in 0..n {
        for j in 0..i {
            let (lower, upper) = (matrix[[i, j]], matrix[[j, i]]);
            // Both sides are halved, so that the difference of huge entries of opposite sign does not overflow.
            if (0.5 * lower - 0.5 * upper).abs() > 0.5 * SYMMETRY_GUARD * largest {
                return Err(Error::invalid(
                    what,
                    format!(
                        "{} at [{i}, {j}] and {} at [{j}, {i}]",
                        number(lower),
                        number(upper)
                    ),
                    "a symmetric matrix",
                ));
            }
        }
    }
    Ok(())
}

/// Checks a square, finite, symmetric matrix with at least one row; the result is exactly symmetric.
pub(crate) fn symmetric(what: &str, matrix: ArrayView2<'_, f64>) -> Result<Mat<f64>> {
    check_symmetric(what, matrix)?;
    let n = matrix.nrows();
    Ok(Mat::from_fn(n, n, |i, j| {
        0.5 * matrix[[i, j]] + 0.5 * matrix[[j, i]]
    }))
}

/// Checks a square symmetric matrix with `n` rows.
pub(in crate::predict) fn symmetric_of_size(
    what: &str,
    matrix: ArrayView2<'_, f64>,
    n: usize,
) -> Result<Mat<f64>> {
    if matrix.dim() != (n, n) {
        return Err(Error::shape(
            what,
            format!("[{n}, {n}]"),
            matrix.shape().to_vec(),
        ));
    }
    symmetric(what, matrix)
}

/// Checks the diagonal of a matrix: `n` finite numbers.
pub(in crate::predict) fn diagonal_of_size(
    what: &str,
    diagonal: ArrayView1<'_, f64>,
    n: usize,
) -> Result<Vec<f64>> {
    let what = format!("diagonal of the {what}");
    check::shape(&what, diagonal.shape(), &[n])?;
    check_finite(&what, diagonal)?;
    Ok(diagonal.to_vec())
}

/// Checks a finite matrix with at least one row and exactly `columns` columns.
pub(in crate::predict) fn rows(
    what: &str,
    matrix: ArrayView2<'_, f64>,
    columns: usize,
) -> Result<Mat<f64>> {
    if matrix.ncols() != columns {
        return Err(Error::shape(
            what,
            format!("[test points, {columns}]"),
            matrix.shape().to_vec(),
        ));
    }
    if matrix.nrows() == 0 {
        return Err(Error::empty(what));
    }
    check_finite(what, matrix)?;
    Ok(to_faer(matrix))
}

/// Checks finite targets with `n` rows and at least one column.
pub(crate) fn targets(matrix: ArrayView2<'_, f64>, n: usize) -> Result<Mat<f64>> {
    let what = "targets";
    if matrix.nrows() != n {
        return Err(Error::shape(
            what,
            format!("[{n}, outputs]"),
            matrix.shape().to_vec(),
        ));
    }
    if matrix.ncols() == 0 {
        return Err(Error::empty(what));
    }
    check_finite(what, matrix)?;
    Ok(to_faer(matrix))
}

fn to_faer(matrix: ArrayView2<'_, f64>) -> Mat<f64> {
    Mat::from_fn(matrix.nrows(), matrix.ncols(), |i, j| matrix[[i, j]])
}
