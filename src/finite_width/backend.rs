//! Errors of the tensor library.

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
