//! Arrays whose element type is known at run time.

use ndarray::{ArrayD, Dimension};
use num_complex::Complex;

/// An array of real or complex numbers, in standard layout.
#[derive(Debug, Clone, PartialEq)]
pub enum Numbers {
    /// Real numbers, read from floating point, integers or bool.
    Real(ArrayD<f64>),
    /// Complex numbers, read from complex128 or complex64.
    Complex(ArrayD<Complex<f64>>),
}

impl Numbers {
    /// Returns the shape of the array.
    pub fn shape(&self) -> &[usize] {
        match self {
            Numbers::Real(array) => array.shape(),
            Numbers::Complex(array) => array.shape(),
        }
    }
}

impl<D: Dimension> From<ndarray::Array<f64, D>> for Numbers {
    fn from(array: ndarray::Array<f64, D>) -> Self {
        Numbers::Real(array.into_dyn())
    }
}

impl<D: Dimension> From<ndarray::Array<Complex<f64>, D>> for Numbers {
    fn from(array: ndarray::Array<Complex<f64>, D>) -> Self {
        Numbers::Complex(array.into_dyn())
    }
}
