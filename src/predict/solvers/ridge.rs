//! The ridge that is added to the diagonal of a kernel matrix.

use faer::Mat;

use crate::check::not_negative;
use crate::{Error, Result};

/// A number ε added to the diagonal of the train-train kernel.
///
/// # Examples
/// ```
/// use haarmonic::predict::{KernelRidge, Ridge};
/// use ndarray::array;
///
/// // The mean of the diagonal is 3, so both ridges are 3 · 0.5.
/// let kernel = array![[2.0, 0.0], [0.0, 4.0]];
/// let targets = array![[7.0], [11.0]];
/// let relative = KernelRidge::fit(kernel.view(), targets.view(), Ridge::Relative(0.5))?;
/// let absolute = KernelRidge::fit(kernel.view(), targets.view(), Ridge::Absolute(1.5))?;
/// assert_eq!(relative.coefficients(), absolute.coefficients());
/// assert!((absolute.coefficients()[[0, 0]] - 2.0).abs() < 1e-15);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Ridge {
    /// ε is the number times the mean of the diagonal; this number is independent of the scale of the kernel.
    Relative(f64),
    /// ε is the number itself, the noise variance of a Gaussian process.
    Absolute(f64),
}

impl Ridge {
    /// No ridge.
    pub const NONE: Ridge = Ridge::Absolute(0.0);

    /// Returns ε for a kernel matrix with the given mean diagonal.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if the number is negative or not finite, or if ε overflows.
    pub fn to_absolute(self, mean_diagonal: f64) -> Result<f64> {
        let (number, epsilon) = match self {
            Ridge::Relative(number) => (number, number * mean_diagonal),
            Ridge::Absolute(number) => (number, number),
        };
        not_negative("ridge", number)?;
        match epsilon.is_finite() {
            true => Ok(epsilon),
            false => Err(Error::invalid("ridge", number, "a smaller number")),
        }
    }

    /// Adds ε to the diagonal of `kernel`, and returns it.
    pub(in crate::predict) fn add_to(self, kernel: &mut Mat<f64>) -> Result<f64> {
        let epsilon = self.to_absolute(mean_diagonal(kernel))?;
        for i in 0..kernel.nrows() {
            kernel[(i, i)] += epsilon;
            if !kernel[(i, i)].is_finite() {
                return Err(Error::not_finite("kernel with its ridge", vec![i, i]));
            }
        }
        Ok(epsilon)
    }
}

impl Default for Ridge {
    fn default() -> Ridge {
        Ridge::NONE
    }
}

/// The mean of the diagonal of a matrix with at least one row.
pub(in crate::predict) fn mean_diagonal(kernel: &Mat<f64>) -> f64 {
    let n = kernel.nrows() as f64;
    (0..kernel.nrows()).map(|i| kernel[(i, i)] / n).sum()
}
