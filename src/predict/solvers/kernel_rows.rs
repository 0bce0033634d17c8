//! Kernel matrices of training points that are read row by row, and need not be in memory as a whole.

use std::ops::Range;

use faer::{Mat, MatRef, Par};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis, Slice};

use super::check;
use crate::error::number;
use crate::parallel::try_map_init;
use crate::{Error, Result};

const TRAIN_TRAIN: &str = "train-train kernel";
const DIAGONAL: &str = "diagonal of the train-train kernel";
/// Number of entries of a block of rows, one megabyte; blocks of fewer than [`LEAST_ROWS`] rows are larger.
const BLOCK: usize = 1 << 17;
/// Smallest number of rows of a block: functions that compute rows can share work among the rows of a block.
const LEAST_ROWS: usize = 16;

/// The kernel matrix of n training points, by rows.
///
/// Implementations return the rows of one fixed symmetric positive semi-definite matrix. [`KernelMatrix`]
/// reads them from memory, [`KernelFunction`] computes them.
pub trait KernelRows: Sync {
    /// Returns n, the number of points; at least 1.
    fn points(&self) -> usize;

    /// Computes the diagonal, shape `[n]`.
    ///
    /// # Errors
    /// Errors of the computation of kernels.
    fn diagonal(&self) -> Result<Array1<f64>>;

    /// Writes some rows of the matrix.
    ///
    /// # Arguments
    /// * `rows` — not empty, within 0..n
    /// * `out` — shape `[rows, n]`; overwritten
    ///
    /// # Errors
    /// Errors of the computation of kernels.
    fn write_rows(&self, rows: Range<usize>, out: ArrayViewMut2<'_, f64>) -> Result<()>;

    /// Multiplies the whole matrix with a few vectors, if a product is cheaper than the rows.
    ///
    /// Returns whether the product was computed; the default implementation returns false.
    ///
    /// # Arguments
    /// * `x` — shape `[n, k]`
    /// * `out` — K x, shape `[n, k]`; overwritten
    ///
    /// # Errors
    /// Errors of the computation of kernels.
    fn write_product(&self, _x: ArrayView2<'_, f64>, _out: ArrayViewMut2<'_, f64>) -> Result<bool> {
        Ok(false)
    }

    /// Multiplies the whole matrix with a few vectors on all threads; see [`write_product`](Self::write_product).
    ///
    /// # Arguments
    /// * `x` — shape `[n, k]`
    ///
    /// The result has shape `[n, k]`.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] or [`Error::NotFinite`] for bad vectors, and errors of the computation of kernels.
    fn product(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>>
    where
        Self: Sized,
    {
        crate::check::shape("vectors", &x.shape()[..1], &[self.points()])?;
        check::check_finite("vectors", x)?;
        product_of(self, x)
    }

    /// Returns a view of the whole matrix, if it is in memory and was checked.
    fn matrix(&self) -> Option<ArrayView2<'_, f64>> {
        None
    }
}

/// A checked kernel matrix in memory.
///
/// # Examples
/// ```
/// use haarmonic::predict::{KernelMatrix, KernelRows};
/// use ndarray::array;
///
/// let kernel = array![[1.0, 0.5], [0.5, 2.0]];
/// assert_eq!(KernelMatrix::new(kernel.view())?.diagonal()?, array![1.0, 2.0]);
/// assert!(KernelMatrix::new(array![[1.0, 0.5], [0.0, 2.0]].view()).is_err());
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct KernelMatrix<'a> {
    matrix: ArrayView2<'a, f64>,
}

impl<'a> KernelMatrix<'a> {
    /// Checks a matrix, in O(n²) time and without a copy.
    ///
    /// # Arguments
    /// * `train_train` — symmetric, shape `[n, n]`
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::Empty`], [`Error::NotFinite`] or [`Error::InvalidValue`] (asymmetry).
    pub fn new(train_train: ArrayView2<'a, f64>) -> Result<Self> {
        check::check_symmetric(TRAIN_TRAIN, train_train)?;
        Ok(KernelMatrix {
            matrix: train_train,
        })
    }
}

impl KernelRows for KernelMatrix<'_> {
    fn points(&self) -> usize {
        self.matrix.nrows()
    }

    fn diagonal(&self) -> Result<Array1<f64>> {
        Ok(self.matrix.diag().to_owned())
    }

    fn write_rows(&self, rows: Range<usize>, mut out: ArrayViewMut2<'_, f64>) -> Result<()> {
        out.assign(&self.matrix.slice_axis(Axis(0), Slice::from(rows)));
        Ok(())
    }

    fn matrix(&self) -> Option<ArrayView2<'_, f64>> {
        Some(self.matrix)
    }
}

/// A kernel whose rows a function computes whenever they are needed; see [`KernelRows::write_rows`] for the function.
///
/// # Examples
/// ```
/// use std::ops::Range;
///
/// use haarmonic::predict::{ConjugateGradient, KernelFunction, Ridge};
/// use ndarray::{Array1, ArrayViewMut2, array};
///
/// // k(x, x') = x x' at x = 1, 2: the regression line through the origin, slope Σxy / (Σx² + ε)
/// let x = array![1.0, 2.0];
/// let rows = |rows: Range<usize>, mut out: ArrayViewMut2<'_, f64>| {
///     for (mut row, i) in out.outer_iter_mut().zip(rows) {
///         row.assign(&(&x * x[i]));
///     }
///     Ok(())
/// };
/// let kernel = KernelFunction::new(&x * &x, rows)?;
/// let targets = array![[1.0], [2.0]];
/// let solved = ConjugateGradient::default().fit(&kernel, targets.view(), Ridge::Absolute(5.0), None)?;
/// let at_three = solved.model.predict(array![[3.0, 6.0]].view())?;
/// assert!((at_three[[0, 0]] - 1.5).abs() < 1e-14);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct KernelFunction<F> {
    diagonal: Array1<f64>,
    rows: F,
}

impl<F> KernelFunction<F>
where
    F: Fn(Range<usize>, ArrayViewMut2<'_, f64>) -> Result<()> + Sync,
{
    /// Makes the kernel from its diagonal, shape `[n]`, and a function that writes rows; several threads call the function.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::NotFinite`] or [`Error::NotPositiveDefinite`] (a negative entry) for a bad diagonal.
    pub fn new(diagonal: Array1<f64>, rows: F) -> Result<Self> {
        check_diagonal(DIAGONAL, diagonal.view())?;
        Ok(KernelFunction { diagonal, rows })
    }
}

impl<F> KernelRows for KernelFunction<F>
where
    F: Fn(Range<usize>, ArrayViewMut2<'_, f64>) -> Result<()> + Sync,
{
    fn points(&self) -> usize {
        self.diagonal.len()
    }

    fn diagonal(&self) -> Result<Array1<f64>> {
        Ok(self.diagonal.clone())
    }

    fn write_rows(&self, rows: Range<usize>, out: ArrayViewMut2<'_, f64>) -> Result<()> {
        (self.rows)(rows, out)
    }
}

/// Accepts a diagonal that is not empty, finite and nowhere negative.
pub(super) fn check_diagonal(what: &str, diagonal: ArrayView1<'_, f64>) -> Result<()> {
    if diagonal.is_empty() {
        return Err(Error::empty(what));
    }
    check::check_finite(what, diagonal)?;
    match diagonal.iter().position(|entry| *entry < 0.0) {
        None => Ok(()),
        Some(i) => Err(Error::not_positive_definite(
            what,
            format!("{} at {i}", number(diagonal[i])),
            "kernels are not negative there",
        )),
    }
}

/// Returns the checked diagonal of a kernel.
pub(super) fn diagonal_of(kernel: &impl KernelRows) -> Result<Array1<f64>> {
    let diagonal = kernel.diagonal()?;
    let n = kernel.points();
    if diagonal.len() != n {
        return Err(Error::shape(
            DIAGONAL,
            format!("[{n}]"),
            vec![diagonal.len()],
        ));
    }
    check_diagonal(DIAGONAL, diagonal.view())?;
    Ok(diagonal)
}

/// Returns one checked row of a kernel.
pub(super) fn row_of(kernel: &impl KernelRows, row: usize) -> Result<Array2<f64>> {
    let mut out = Array2::zeros((1, kernel.points()));
    write_checked(kernel, row..row + 1, &mut out)?;
    Ok(out)
}

/// Writes some rows of a kernel and checks that they are finite; errors name the row in the whole matrix.
fn write_checked(
    kernel: &impl KernelRows,
    rows: Range<usize>,
    out: &mut Array2<f64>,
) -> Result<()> {
    let start = rows.start;
    kernel.write_rows(rows, out.view_mut())?;
    check::check_finite(TRAIN_TRAIN, out.view()).map_err(|error| error.shifted(start))
}

/// Computes K x on all threads.
pub(super) fn kernel_product(kernel: &impl KernelRows, x: &Mat<f64>) -> Result<Mat<f64>> {
    let columns = Array2::from_shape_fn((x.nrows(), x.ncols()), |at| x[at]);
    let product = product_of(kernel, columns.view())?;
    Ok(Mat::from_fn(x.nrows(), x.ncols(), |i, j| product[[i, j]]))
}

/// Computes K x on all threads.
///
/// Each thread multiplies one block of rows at a time. A contiguous matrix in memory is read in place; other rows are written to a buffer
/// of the thread.
fn product_of(kernel: &impl KernelRows, x: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
    let n = kernel.points();
    let mut whole = Array2::zeros(x.dim());
    if kernel.write_product(x, whole.view_mut())? {
        check::check_finite("product with the train-train kernel", whole.view())?;
        return Ok(whole);
    }
    let x = &Mat::from_fn(n, x.ncols(), |i, j| x[[i, j]]);
    let side = (BLOCK / n).max(LEAST_ROWS).min(n);
    // The rows of a symmetric matrix are its columns, so both memory orders serve as rows.
    let whole = kernel.matrix().and_then(|matrix| {
        let contiguous = if matrix.is_standard_layout() {
            matrix.to_slice()
        } else {
            matrix.reversed_axes().to_slice()
        };
        contiguous.map(|entries| MatRef::from_row_major_slice(entries, n, n))
    });
    let parts = try_map_init(
        n.div_ceil(side),
        || Array2::zeros((0, 0)),
        |buffer, part| {
            let start = part * side;
            let count = side.min(n - start);
            if let Some(whole) = whole {
                return Ok(multiply(whole.subrows(start, count), x));
            }
            if buffer.dim() != (count, n) {
                *buffer = Array2::zeros((count, n));
            }
            write_checked(kernel, start..start + count, buffer)?;
            let entries = buffer.as_slice().expect("made in standard layout");
            Ok(multiply(MatRef::from_row_major_slice(entries, count, n), x))
        },
    )?;
    Ok(Array2::from_shape_fn((n, x.ncols()), |(i, j)| {
        parts[i / side][(i % side, j)]
    }))
}

fn multiply(a: MatRef<'_, f64>, b: &Mat<f64>) -> Mat<f64> {
    let mut out = Mat::zeros(a.nrows(), b.ncols());
    let replace = faer::Accum::Replace;
    faer::linalg::matmul::matmul(out.as_mut(), replace, a, b.as_ref(), 1.0, Par::Seq);
    out
}
