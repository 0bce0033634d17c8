//! Columns near one in size, and the powers of two that they were divided by.

use faer::Mat;

use crate::numeric::powers::{exponent, times_power};

/// A matrix of which column c is 2^(exponent c) times the column that is stored.
///
/// What is linear in the targets is computed from their scaled columns and scaled back: nothing overflows or underflows on the way, and
/// targets times a power of two give exactly the results times that power. Sums of squares of one column take its exponent twice.
#[derive(Debug, Clone)]
pub(super) struct ScaledColumns {
    pub(super) scaled: Mat<f64>,
    pub(super) exponents: Vec<i32>,
}

impl ScaledColumns {
    /// Divides each column by the power of two below its largest entry; entries below 10⁻³⁰⁰ of that one are lost.
    pub(super) fn new(matrix: &Mat<f64>) -> ScaledColumns {
        let column = |c: usize| (0..matrix.nrows()).map(move |i| matrix[(i, c)]);
        let exponents: Vec<i32> = (0..matrix.ncols()).map(|c| exponent(column(c))).collect();
        let scaled = Mat::from_fn(matrix.nrows(), matrix.ncols(), |i, c| {
            times_power(matrix[(i, c)], -exponents[c])
        });
        ScaledColumns { scaled, exponents }
    }

    /// Another matrix with these exponents: what follows from the scaled columns by linear algebra.
    pub(super) fn with(&self, scaled: Mat<f64>) -> ScaledColumns {
        ScaledColumns {
            scaled,
            exponents: self.exponents.clone(),
        }
    }

    /// The columns as they are.
    pub(super) fn restored(&self) -> Mat<f64> {
        self.restore(&self.scaled)
    }

    /// The columns that follow from these by linear algebra, as they are.
    pub(super) fn restore(&self, scaled: &Mat<f64>) -> Mat<f64> {
        Mat::from_fn(scaled.nrows(), scaled.ncols(), |i, c| {
            times_power(scaled[(i, c)], self.exponents[c])
        })
    }

    /// A sum over the columns of numbers that are quadratic in them, from those of the scaled columns.
    pub(super) fn quadratic(&self, of_column: impl Fn(usize) -> f64) -> f64 {
        let terms = self.exponents.iter().enumerate();
        terms
            .map(|(c, exponent)| times_power(of_column(c), 2 * exponent))
            .sum()
    }
}
