//! Errors and matrices of the tensor library.

use candle_core::{DType, Tensor};
use ndarray::Array2;

/// Converts errors of the tensor library to errors of this crate.
///
/// An `impl From` instead of this trait would leave `?` ambiguous in unrelated code.
pub(super) trait Backend<T> {
    fn backend(self) -> crate::Result<T>;
}

impl<T> Backend<T> for candle_core::Result<T> {
    fn backend(self) -> crate::Result<T> {
        self.map_err(|error| crate::Error::backend("candle", error))
    }
}

/// The entries of a tensor of two axes, in double precision.
pub(super) fn matrix(tensor: &Tensor) -> crate::Result<Array2<f64>> {
    let shape = tensor.dims2().backend()?;
    let values = tensor
        .to_dtype(DType::F64)
        .and_then(|tensor| tensor.flatten_all()?.to_vec1::<f64>())
        .backend()?;
    Ok(Array2::from_shape_vec(shape, values).expect("as many values as in the tensor"))
}
