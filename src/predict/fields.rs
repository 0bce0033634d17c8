//! Targets and predictions that are functions, given by their values at some places.
//!
//! The kernel matrix of a network with [`Outputs`](crate::network::Outputs) at P places has P rows per signal, signal after signal.
//! Targets of n signals with q numbers at each place have the shape `[n, P, q]`; a regression takes them as `[n P, q]`.
//!
//! # Examples
//! ```
//! use haarmonic::predict::{KernelRidge, Ridge, fields};
//! use ndarray::{Axis, array};
//!
//! // One signal with two places and one number at each: the kernel has two rows.
//! let kernel = array![[2.0, 1.0], [1.0, 2.0]];
//! let targets = array![[3.0, 0.0]];
//! let rows = fields::to_rows(targets.view().insert_axis(Axis(2)), 2)?;
//! let model = KernelRidge::fit(kernel.view(), rows.view(), Ridge::NONE)?;
//! // At two places of another signal.
//! let mean = model.predict(array![[1.0, 1.0], [2.0, 0.0]].view())?;
//! let predicted = fields::from_rows(mean, 2)?;
//! assert_eq!(predicted.dim(), (1, 2, 1));
//! assert!((predicted[[0, 1, 0]] - 4.0).abs() < 1e-14);
//! # Ok::<(), haarmonic::Error>(())
//! ```

use ndarray::{Array2, Array3, ArrayView3};

use crate::{Error, Result};

/// Reshapes targets at the places of each signal to the rows of a kernel matrix.
///
/// # Arguments
/// * `targets` — shape `[n, places, q]`
/// * `places` — the number P of places of the network's outputs
///
/// The result has shape `[n places, q]`.
///
/// # Errors
/// [`Error::ShapeMismatch`] for another number of places, [`Error::Empty`] without targets.
pub fn to_rows(targets: ArrayView3<'_, f64>, places: usize) -> Result<Array2<f64>> {
    let what = || "targets".to_owned();
    let (signals, found, numbers) = targets.dim();
    if targets.is_empty() {
        return Err(Error::empty(what()));
    }
    if found != places {
        return Err(Error::shape(
            what(),
            format!("[n, {places}, numbers], one value at each place"),
            vec![signals, found, numbers],
        ));
    }
    let rows = targets.to_shape((signals * places, numbers));
    Ok(rows.expect("as many entries").into_owned())
}

/// Reshapes rows of predictions to signals and places; the inverse of [`to_rows`].
///
/// # Arguments
/// * `rows` — shape `[m places, q]`
/// * `places` — the number of places at which the test signals were prepared
///
/// The result has shape `[m, places, q]`.
///
/// # Errors
/// [`Error::ShapeMismatch`] if the number of rows is no multiple of `places`.
pub fn from_rows(rows: Array2<f64>, places: usize) -> Result<Array3<f64>> {
    let (count, numbers) = rows.dim();
    if places == 0 || !count.is_multiple_of(places) {
        return Err(Error::shape(
            "rows of predictions",
            format!("[m * {places}, numbers], {places} rows a signal"),
            vec![count, numbers],
        ));
    }
    let rows = rows.as_standard_layout().into_owned();
    let fields = rows.into_shape_with_order((count / places, places, numbers));
    Ok(fields.expect("as many entries"))
}
