//! Functions on a finite set.

use ndarray::ArrayView2;

/// A function on a finite set.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FiniteSignal {
    /// Values, `[points, channels]`.
    pub(super) values: Vec<f64>,
}

impl FiniteSignal {
    /// Copies a function.
    ///
    /// # Arguments
    /// * `signal` — shape `[points, channels]`
    pub(super) fn new(signal: ArrayView2<'_, f64>) -> Self {
        FiniteSignal {
            values: signal.iter().copied().collect(),
        }
    }
}
