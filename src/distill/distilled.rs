//! Distilled inputs and targets, with all that a further step needs.

use ndarray::{Array2, ArrayView2};

use super::adam::Adam;
use crate::kernel::{OwnedSignals, Signals};
use crate::{Error, Result, check};

/// The inputs that can be distilled.
pub(super) const NOT_GRAPHS: &str =
    "vectors, images, functions on a finite set or signals on the sphere";

/// Inputs and targets of a distilled data set, and the state of the method that moves them.
#[derive(Debug, Clone, PartialEq)]
pub struct Distilled {
    pub(super) signals: OwnedSignals,
    pub(super) targets: Array2<f64>,
    pub(super) losses: Vec<f64>,
    /// A hash of the examples of the first step; 0 before it.
    pub(super) examples: u64,
    pub(super) of_signals: Adam,
    pub(super) of_targets: Adam,
}

impl Distilled {
    /// Begins at some inputs and targets; [`start`](super::start) has several choices.
    ///
    /// # Arguments
    /// * `signals` — vectors, images, functions on a finite set, or signals on the sphere by their samples or coefficients
    /// * `targets` — shape `[n, outputs]`
    ///
    /// # Errors
    /// * [`Error::InvalidValue`] — graphs
    /// * [`Error::Empty`], [`Error::ShapeMismatch`], [`Error::NotFinite`] — bad input
    ///
    /// # Examples
    /// ```
    /// use haarmonic::distill::Distilled;
    /// use ndarray::array;
    /// let (x, y) = (array![[1.0, 2.0]], array![[1.0]]);
    /// let begun = Distilled::new(x.view(), y.view())?;
    /// assert_eq!((begun.steps(), begun.len()), (0, 1));
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn new<'a>(signals: impl Into<Signals<'a>>, targets: ArrayView2<'_, f64>) -> Result<Self> {
        let signals = signals.into();
        check::not_empty("inputs to begin with", signals.len())?;
        let signals = signals.first(signals.len());
        let values = signals
            .coordinates()
            .ok_or_else(|| Error::invalid("inputs to begin with", "graphs", NOT_GRAPHS))?;
        check::finite(
            "inputs to begin with",
            ndarray::ArrayView1::from(&values[..]),
        )?;
        check::finite("targets to begin with", targets)?;
        if targets.nrows() != signals.view().len() || targets.ncols() == 0 {
            return Err(Error::shape(
                "targets to begin with",
                format!("[{}, outputs], one row per input", signals.view().len()),
                targets.shape().to_vec(),
            ));
        }
        Ok(Distilled {
            of_signals: Adam::new(values.len()),
            of_targets: Adam::new(targets.len()),
            targets: targets.to_owned(),
            losses: Vec::new(),
            examples: 0,
            signals,
        })
    }

    /// Returns the inputs.
    pub fn signals(&self) -> Signals<'_> {
        self.signals.view()
    }

    /// Returns a copy of the inputs.
    pub fn owned_signals(&self) -> OwnedSignals {
        self.signals.clone()
    }

    /// Returns the targets, shape `[n, outputs]`.
    pub fn targets(&self) -> ArrayView2<'_, f64> {
        self.targets.view()
    }

    /// Returns the loss before each step so far: half the mean over examples of the squared error, and the penalty of solved targets.
    pub fn losses(&self) -> &[f64] {
        &self.losses
    }

    /// Returns the number of steps so far.
    pub fn steps(&self) -> usize {
        self.losses.len()
    }

    /// Returns the number of inputs.
    pub fn len(&self) -> usize {
        self.targets.nrows()
    }

    /// Returns whether there is no input; always false.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
