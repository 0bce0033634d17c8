//! Dense linear algebra of predictions: Cholesky, symmetric eigendecomposition, products, and columns scaled by powers of two.

use faer::linalg::matmul::matmul;
use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_upper_triangular_in_place,
};
use faer::{Accum, Mat, MatRef, Side, get_global_parallelism};
use ndarray::Array2;

use super::lanczos::largest_eigenvalue;
use crate::numeric::powers::{exponent, times_power};
use crate::{Error, Result};

/// The factor L of a symmetric positive definite matrix A = L Lᵀ.
#[derive(Debug, Clone)]
pub(in crate::predict) struct Cholesky {
    lower: Mat<f64>,
}

impl Cholesky {
    /// Factors a symmetric matrix.
    ///
    /// A pivot below n ε times its diagonal entry is a rounding error: the matrix is then singular to working precision.
    pub(in crate::predict) fn new(what: &str, matrix: &Mat<f64>) -> Result<Cholesky> {
        let n = matrix.nrows();
        let factor = matrix.llt(Side::Lower).map_err(|error| match error {
            faer::linalg::solvers::LltError::NonPositivePivot { index } => {
                raise_the_ridge(what, format!("pivot {index} is not positive"), matrix)
            }
        })?;
        let lower = factor.L().to_owned();
        check_pivots(what, &lower, matrix, 0..n)?;
        Ok(Cholesky { lower })
    }

    /// The factor of a larger matrix whose first rows and columns are A: O(n² k) for k further rows.
    pub(in crate::predict) fn extended(&self, what: &str, matrix: &Mat<f64>) -> Result<Cholesky> {
        let (known, n) = (self.lower.nrows(), matrix.nrows());
        let added = n - known;
        // [A Bᵀ; B C] has the factor [L 0; Wᵀ M] with W = L⁻¹ Bᵀ and M Mᵀ = C − Wᵀ W.
        let rows = matrix.submatrix(known, 0, added, known);
        let rows = self.solve_lower(rows.transpose().to_owned());
        let mut corner = matrix.submatrix(known, known, added, added).to_owned();
        add_product(&mut corner, -1.0, rows.transpose(), rows.as_ref());
        let corner = corner.llt(Side::Lower).map_err(|error| match error {
            faer::linalg::solvers::LltError::NonPositivePivot { index } => {
                let pivot = known + index;
                raise_the_ridge(what, format!("pivot {pivot} is not positive"), matrix)
            }
        })?;
        let corner = corner.L();
        let lower = Mat::from_fn(n, n, |i, j| match (i < known, j < known) {
            (true, true) => self.lower[(i, j)],
            (true, false) => 0.0,
            (false, true) => rows[(j, i - known)],
            (false, false) => corner[(i - known, j - known)],
        });
        check_pivots(what, &lower, matrix, known..n)?;
        Ok(Cholesky { lower })
    }

    /// The condition number of A, largest over smallest eigenvalue, estimated from below by the method of Lanczos on A = L Lᵀ and on A⁻¹.
    pub(in crate::predict) fn condition(&self) -> f64 {
        const STEPS: usize = 100;
        let n = self.lower.nrows();
        // The condition number does not depend on the scale of A, and a scale near one keeps squares in the range of numbers.
        let normal = Cholesky {
            lower: near_one(&self.lower).0,
        };
        let largest = largest_eigenvalue(n, STEPS, |x| {
            let upper = product(normal.lower.transpose(), x.as_ref());
            product(normal.lower.as_ref(), upper.as_ref())
        });
        let of_inverse = largest_eigenvalue(n, STEPS, |x| normal.solve(x.clone()));
        largest * of_inverse
    }

    /// A⁻¹ as L⁻ᵀ L⁻¹. It is symmetric, and its diagonal is a sum of squares and so positive in spite of rounding.
    pub(in crate::predict) fn inverse(&self) -> Mat<f64> {
        let n = self.lower.nrows();
        let half = self.solve_lower(Mat::identity(n, n));
        product(half.transpose(), half.as_ref())
    }

    /// A⁻¹ b.
    pub(in crate::predict) fn solve(&self, right: Mat<f64>) -> Mat<f64> {
        let mut x = self.solve_lower(right);
        let par = get_global_parallelism();
        solve_upper_triangular_in_place(self.lower.transpose(), x.as_mut(), par);
        x
    }

    /// ln det A.
    pub(in crate::predict) fn log_determinant(&self) -> f64 {
        let pivots = (0..self.lower.nrows()).map(|i| self.lower[(i, i)].ln());
        2.0 * pivots.sum::<f64>()
    }

    /// L⁻¹ b.
    pub(in crate::predict) fn solve_lower(&self, mut right: Mat<f64>) -> Mat<f64> {
        let par = get_global_parallelism();
        solve_lower_triangular_in_place(self.lower.as_ref(), right.as_mut(), par);
        right
    }
}

/// Refuses pivots of these rows that are all rounding.
fn check_pivots(
    what: &str,
    lower: &Mat<f64>,
    matrix: &Mat<f64>,
    rows: std::ops::Range<usize>,
) -> Result<()> {
    for i in rows {
        let pivot = lower[(i, i)] * lower[(i, i)];
        let guard = matrix.nrows() as f64 * f64::EPSILON * matrix[(i, i)];
        // NaN must not pass.
        if pivot.is_nan() || pivot <= guard {
            return Err(raise_the_ridge(
                what,
                format!("pivot {i} is {pivot:.1e}, rounding is {guard:.1e}"),
                matrix,
            ));
        }
    }
    Ok(())
}

/// A = V diag(λ) Vᵀ for a symmetric matrix; the columns of V are orthonormal.
#[derive(Debug, Clone)]
pub(crate) struct SymmetricEigen {
    /// In increasing order.
    pub(crate) values: Vec<f64>,
    pub(crate) vectors: Mat<f64>,
}

impl SymmetricEigen {
    /// Decomposes a positive semi-definite matrix; eigenvalues that are negative by rounding become 0.
    ///
    /// The backward error of the decomposition is a small multiple of n ε |A|; a more negative eigenvalue is an error.
    pub(crate) fn new(what: &str, matrix: &Mat<f64>) -> Result<SymmetricEigen> {
        Self::within(
            what,
            matrix,
            ROUNDING * matrix.nrows() as f64 * f64::EPSILON,
        )
    }

    /// Decomposes a positive semi-definite matrix like [`new`](Self::new), with a given bound on negative eigenvalues relative to the
    /// largest one.
    pub(in crate::predict) fn within(
        what: &str,
        matrix: &Mat<f64>,
        rounding: f64,
    ) -> Result<SymmetricEigen> {
        let n = matrix.nrows();
        // The decomposition squares entries, so the matrix is scaled by a power of two.
        let (normal, exponent) = near_one(matrix);
        let decomposition = normal.self_adjoint_eigen(Side::Lower).map_err(|_| {
            Error::not_converged(
                format!("eigenvalues of the {what}"),
                f64::INFINITY,
                f64::EPSILON,
                "iterations of the eigenvalue solver",
            )
        })?;
        let s = decomposition.S();
        let mut values: Vec<f64> = (0..n).map(|i| times_power(s[i], exponent)).collect();
        let largest = values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        let smallest = values.iter().fold(f64::INFINITY, |m, v| m.min(*v));
        if smallest < -rounding * largest || !largest.is_finite() {
            return Err(Error::not_positive_definite(
                what,
                format!("smallest eigenvalue {smallest:.1e}, largest {largest:.1e}"),
                format!(
                    "raise the ridge by {:.1e}, {MORE_ACCURATE}",
                    -1.1 * smallest
                ),
            ));
        }
        for value in &mut values {
            *value = value.max(0.0);
        }
        Ok(SymmetricEigen {
            values,
            vectors: decomposition.U().to_owned(),
        })
    }

    /// Vᵀ b.
    pub(crate) fn to_basis(&self, right: &Mat<f64>) -> Mat<f64> {
        product(self.vectors.transpose(), right.as_ref())
    }
}

/// Negative eigenvalues down to this multiple of n ε times the largest one count as rounding.
const ROUNDING: f64 = 8.0;

/// The error of a factorisation that failed; it states a ridge that would suffice.
fn raise_the_ridge(what: &str, found: String, matrix: &Mat<f64>) -> Error {
    let n = matrix.nrows();
    let (normal, exponent) = near_one(matrix);
    let Ok(values) = normal.self_adjoint_eigenvalues(Side::Lower) else {
        return not_positive_definite(what, found);
    };
    let largest = values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let smallest = values.iter().fold(f64::INFINITY, |m, v| m.min(*v));
    let [largest, smallest] = [largest, smallest].map(|value| times_power(value, exponent));
    // Pivots are at least the smallest eigenvalue, and must exceed n ε times the diagonal and the rounding of both.
    let rounding = 4.0 * n as f64 * f64::EPSILON * largest;
    let missing = rounding - smallest.min(0.0);
    if !(missing > 0.0 && missing.is_finite()) {
        return not_positive_definite(what, found);
    }
    let other = match smallest < -ROUNDING * n as f64 * f64::EPSILON * largest {
        true => MORE_ACCURATE,
        false => "or remove repeated training points",
    };
    Error::NotPositiveDefinite {
        what: what.into(),
        found: format!("{found}; eigenvalues from {smallest:.1e} to {largest:.1e}"),
        // A tenth is added, so that the rounded number in the message suffices, too.
        change: format!("raise the ridge by {:.1e}, {other}", 1.1 * missing),
    }
}

/// The advice about an eigenvalue that is negative beyond rounding: neither a missing ridge nor a repeated point is its cause.
pub(in crate::predict) const MORE_ACCURATE: &str = "or compute the kernel more accurately (raise quadrature.bandlimit or set quadrature.tolerance): \
     its reported error must be far below the smallest eigenvalue";

pub(in crate::predict) fn not_positive_definite(what: &str, found: String) -> Error {
    Error::not_positive_definite(
        what,
        found,
        "add a ridge, or remove repeated training points",
    )
}

/// A matrix divided by the power of two below its largest entry, and the exponent of that power.
fn near_one(matrix: &Mat<f64>) -> (Mat<f64>, i32) {
    let (rows, columns) = (matrix.nrows(), matrix.ncols());
    let entries = (0..columns).flat_map(|j| (0..rows).map(move |i| matrix[(i, j)]));
    let exponent = exponent(entries);
    let normal = Mat::from_fn(rows, columns, |i, j| times_power(matrix[(i, j)], -exponent));
    (normal, exponent)
}

/// The scalar product of the columns of two matrices with one number.
pub(in crate::predict) fn column_product(a: &Mat<f64>, b: &Mat<f64>, column: usize) -> f64 {
    let (a, b) = (a.col(column), b.col(column));
    (0..a.nrows()).map(|i| a[i] * b[i]).sum()
}

/// a b.
pub(in crate::predict) fn product(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Mat<f64> {
    let mut out = Mat::zeros(a.nrows(), b.ncols());
    let par = get_global_parallelism();
    matmul(out.as_mut(), Accum::Replace, a, b, 1.0, par);
    out
}

/// out += scale a b.
pub(in crate::predict) fn add_product(
    out: &mut Mat<f64>,
    scale: f64,
    a: MatRef<'_, f64>,
    b: MatRef<'_, f64>,
) {
    let par = get_global_parallelism();
    matmul(out.as_mut(), Accum::Add, a, b, scale, par);
}

/// a diag(d).
pub(in crate::predict) fn scale_columns(a: &Mat<f64>, d: &[f64]) -> Mat<f64> {
    Mat::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)] * d[j])
}

/// diag(d) a.
pub(in crate::predict) fn scale_rows(d: &[f64], a: &Mat<f64>) -> Mat<f64> {
    Mat::from_fn(a.nrows(), a.ncols(), |i, j| d[i] * a[(i, j)])
}

/// Converts to an array; `what` names the matrix in the error about a number that is not finite.
pub(in crate::predict) fn to_array(what: &str, matrix: &Mat<f64>) -> Result<Array2<f64>> {
    let array = Array2::from_shape_fn((matrix.nrows(), matrix.ncols()), |(i, j)| matrix[(i, j)]);
    super::check::check_finite(what, array.view())?;
    Ok(array)
}

/// Converts the symmetric part of a matrix to an array, which is exactly symmetric.
pub(in crate::predict) fn to_symmetric_array(what: &str, matrix: &Mat<f64>) -> Result<Array2<f64>> {
    let array = Array2::from_shape_fn((matrix.nrows(), matrix.ncols()), |(i, j)| {
        0.5 * matrix[(i, j)] + 0.5 * matrix[(j, i)]
    });
    super::check::check_finite(what, array.view())?;
    Ok(array)
}

/// A matrix whose column c is 2^(exponent c) times a stored column.
///
/// Quantities that are linear in the targets are computed from the scaled columns and scaled back. Intermediate results then neither
/// overflow nor underflow, and targets times a power of two give exactly the results times this power. Sums of squares of a column take
/// its exponent twice.
#[derive(Debug, Clone)]
pub(in crate::predict) struct ScaledColumns {
    pub(in crate::predict) scaled: Mat<f64>,
    pub(in crate::predict) exponents: Vec<i32>,
}

impl ScaledColumns {
    /// Divides each column by the power of two below its largest entry; entries below 10⁻³⁰⁰ of the largest one are lost.
    pub(in crate::predict) fn new(matrix: &Mat<f64>) -> ScaledColumns {
        let column = |c: usize| (0..matrix.nrows()).map(move |i| matrix[(i, c)]);
        let exponents: Vec<i32> = (0..matrix.ncols()).map(|c| exponent(column(c))).collect();
        let scaled = Mat::from_fn(matrix.nrows(), matrix.ncols(), |i, c| {
            times_power(matrix[(i, c)], -exponents[c])
        });
        ScaledColumns { scaled, exponents }
    }

    /// A matrix that was computed from the scaled columns by linear algebra, with their exponents.
    pub(in crate::predict) fn with(&self, scaled: Mat<f64>) -> ScaledColumns {
        ScaledColumns {
            scaled,
            exponents: self.exponents.clone(),
        }
    }

    /// The columns without scaling.
    pub(in crate::predict) fn restored(&self) -> Mat<f64> {
        self.restore(&self.scaled)
    }

    /// Removes the scaling from a matrix that was computed from the scaled columns by linear algebra.
    pub(in crate::predict) fn restore(&self, scaled: &Mat<f64>) -> Mat<f64> {
        Mat::from_fn(scaled.nrows(), scaled.ncols(), |i, c| {
            times_power(scaled[(i, c)], self.exponents[c])
        })
    }

    /// A sum over the columns of quantities that are quadratic in a column; `of_column` computes them for the scaled columns.
    pub(in crate::predict) fn quadratic(&self, of_column: impl Fn(usize) -> f64) -> f64 {
        let terms = self.exponents.iter().enumerate();
        terms
            .map(|(c, exponent)| times_power(of_column(c), 2 * exponent))
            .sum()
    }
}
