//! The interface between kernel matrices, sets or stores and a network: prepared signals in, blocks of kernels out.

use std::any::Any;
use std::ops::{Deref, Range};
use std::sync::Arc;

use crate::progress::Counter;
use crate::{Error, Result};

use super::recursion::Term;
use super::signals::Inputs;
use super::values::KernelPair;

/// A network over any one geometry.
pub(crate) trait Evaluator: Send + Sync {
    /// Returns how the error of a kernel is controlled.
    fn control(&self) -> Control;

    /// Prepares inputs, in parallel.
    ///
    /// # Errors
    /// The error of a signal names the input.
    fn prepare(&self, inputs: &Inputs<'_>) -> Result<AnySignals>;

    /// Returns the pairs of two sets of signals, or of one set with itself.
    ///
    /// # Arguments
    /// * `columns` — none for the pairs of `rows` with itself
    /// * `accuracy` — of the mean over the group
    /// * `diagonal` — whether the kernel of each signal with itself is needed; layers after pooling may need it in any case
    ///
    /// # Errors
    /// The errors of the kernels of signals with themselves, and [`Error::InvalidValue`] for signals of another evaluator.
    fn pairs(
        &self,
        rows: &AnySignals,
        columns: Option<&AnySignals>,
        accuracy: Accuracy,
        diagonal: bool,
    ) -> Result<Box<dyn Pairs + '_>>;

    /// Returns the pairs of two sets with a more accurate computation than [`pairs`](Self::pairs), if [`control`](Self::control) is
    /// [`Control::Fixed`].
    ///
    /// # Errors
    /// As [`pairs`](Self::pairs).
    fn reference(
        &self,
        rows: &AnySignals,
        columns: &AnySignals,
        diagonal: bool,
    ) -> Result<Box<dyn Pairs + '_>>;

    /// Returns the number of points of each signal, where features may be read without a pooling.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for signals of another evaluator.
    fn point_counts(&self, signals: &AnySignals) -> Result<Vec<usize>> {
        Ok(vec![1; signals.len()])
    }

    /// Computes both kernels between all points of one signal and all points of another, row by row.
    ///
    /// # Arguments
    /// * `row`, `column` — the numbers of the signals
    /// * `accuracy` — of the mean over the group, relative to the largest entry
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if features are not read at points of the signals, [`Error::NotConverged`] if the accuracy cannot be met.
    fn between_points(
        &self,
        (rows, row): (&AnySignals, usize),
        (columns, column): (&AnySignals, usize),
        accuracy: Accuracy,
    ) -> Result<Block> {
        let _ = (rows, row, columns, column, accuracy);
        Err(Error::invalid(
            "outputs",
            "nodes of a graph",
            "other outputs",
        ))
    }

    /// Pulls the cotangents of both kernel matrices back to the signals.
    ///
    /// # Errors
    /// [`Error::InvalidNetwork`] if the evaluator has no derivatives, and the errors of the kernels.
    fn gradient(&self, request: GradientRequest<'_>) -> Result<[Vec<Vec<f64>>; 2]> {
        let _ = request;
        Err(no_derivatives())
    }

    /// Returns the finite feature map of the kernels after the last layer, if there is one.
    fn features(&self) -> Option<&dyn Features> {
        None
    }
}

/// The refusal of networks whose kernels have no derivatives in their inputs.
pub(crate) fn no_derivatives() -> Error {
    Error::network(
        None,
        "kernels of this network have no derivatives in their inputs here",
        SUPPORTED,
    )
}

/// The networks whose kernels have derivatives in their inputs.
const SUPPORTED: &str = "a network on vectors, on images, on the sphere, over a finite group, or on graphs with a readout";

/// Cotangents of both matrices of kernels of some rows with some columns, or of some rows with themselves.
pub(crate) struct GradientRequest<'a> {
    pub(crate) rows: &'a AnySignals,
    /// None for the rows themselves; the cotangents are then those of a matrix whose both arguments move together.
    pub(crate) columns: Option<&'a AnySignals>,
    /// The cotangents of K and of Θ, row by row.
    pub(crate) cotangents: [Vec<f64>; 2],
    /// Whether the cotangents of the rows and of the columns are needed.
    pub(crate) wanted: [bool; 2],
    /// Counts pairs.
    pub(crate) counter: &'a Counter<'a>,
}

/// A finite feature map of both kernels.
///
/// The kernels of two signals are the sums over the terms t of $`c_t u_t(a) u_t(b) \langle \phi_p(a), \phi_p(b) \rangle`$ with the features
/// $`\phi_p`$ of a power p of the correlation, which come in panels.
pub(crate) trait Features: Sync {
    /// Returns the terms.
    fn terms(&self) -> &[Term];

    /// Returns the number of panels, and their length, of the features of each power.
    fn panels(&self) -> &[[usize; 2]];

    /// Returns whether products of features are cheaper than pairs.
    fn preferred(&self) -> bool;

    /// Returns whether the features of a signal take longer than its products with a few others, so that they are made once for a whole matrix.
    fn made_once(&self) -> bool;

    /// Returns the derivatives of a linear function of the features in the numbers of one signal.
    ///
    /// # Arguments
    /// * `factors` — for each power that counts, its number and the factors of its features, panel after panel
    ///
    /// # Errors
    /// [`Error::InvalidNetwork`] if they are not known here.
    fn pull(
        &self,
        signals: &AnySignals,
        row: usize,
        factors: &[(usize, Vec<f64>)],
    ) -> Result<Vec<f64>>;

    /// Returns access to the features of prepared signals.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for signals of another evaluator.
    fn rows(&self, signals: &AnySignals) -> Result<Box<dyn FeatureRows + '_>>;
}

/// The features of prepared signals.
pub(crate) trait FeatureRows: Sync {
    /// Returns whether the features of a power can be other than zero for a signal.
    fn holds(&self, row: usize, power: usize) -> bool;

    /// Returns $`u_t`$ of a signal.
    fn factor(&self, row: usize, term: &Term) -> f64;

    /// Writes one panel of the features of a power of the correlation.
    fn write(&self, row: usize, power: usize, panel: usize, out: &mut [f64]);
}

/// Pairs of prepared signals, of which any block can be computed.
pub(crate) trait Pairs: Sync {
    /// Computes the kernels of a block of pairs after the last layer.
    ///
    /// # Arguments
    /// * `wanted` — whether a pair (row and column within the block) is needed; other pairs keep the pooled value zero at almost no
    ///   cost. Without it, all pairs are computed
    fn block(
        &self,
        rows: Range<usize>,
        columns: Range<usize>,
        wanted: Option<&dyn Fn(usize, usize) -> bool>,
    ) -> Result<Block>;

    /// Returns the kernel of each signal with itself, for the rows and for the columns; empty if not computed.
    fn diagonals(&self) -> [&[Estimate]; 2];
}

/// How the error of a kernel is controlled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Control {
    /// The kernels are exact to rounding.
    Exact,
    /// The approximation is fixed; a sample of values is compared with more accurate ones.
    Fixed,
    /// The quadrature is refined until it meets the tolerance; each value has an error estimate.
    Tolerance(f64),
}

/// The accuracy of the mean over the group for one pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Accuracy {
    /// One quadrature, by its number from 0 on; its error is not controlled.
    Step(usize),
    /// Finer and finer quadratures until the error estimate, relative to the kernels, is below this number.
    Tolerance(f64),
}

impl Control {
    /// The accuracy with which the computation of a pair begins.
    pub(crate) fn accuracy(self) -> Accuracy {
        match self {
            Control::Exact | Control::Fixed => Accuracy::Step(0),
            Control::Tolerance(tolerance) => Accuracy::Tolerance(tolerance),
        }
    }
}

/// A kernel value at the finest quadrature reached, and at the one before it; their difference estimates the error.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Estimate {
    pub fine: KernelPair,
    pub coarse: KernelPair,
}

impl Estimate {
    /// A value with a given error; its coarse value lies at this distance, on the side of `coarse`.
    pub(crate) fn with_error(fine: KernelPair, error: KernelPair, coarse: KernelPair) -> Self {
        Estimate {
            fine,
            coarse: KernelPair {
                nngp: fine.nngp + error.nngp.copysign(coarse.nngp - fine.nngp),
                ntk: fine.ntk + error.ntk.copysign(coarse.ntk - fine.ntk),
            },
        }
    }
}

/// A block of kernels, and its values from the coarser quadrature if errors are estimated.
pub(crate) struct Block {
    pub fine: KernelBlock,
    pub coarse: Option<KernelBlock>,
}

/// Both kernels of a block of pairs, row by row.
#[derive(Debug, Clone)]
pub(crate) struct KernelBlock {
    pub nngp: Vec<f64>,
    pub ntk: Vec<f64>,
}

impl KernelBlock {
    /// Zeros for a number of pairs.
    pub(crate) fn zeros(len: usize) -> Self {
        KernelBlock {
            nngp: vec![0.0; len],
            ntk: vec![0.0; len],
        }
    }

    pub(crate) fn get(&self, index: usize) -> KernelPair {
        KernelPair {
            nngp: self.nngp[index],
            ntk: self.ntk[index],
        }
    }

    pub(crate) fn set(&mut self, index: usize, pair: KernelPair) {
        self.nngp[index] = pair.nngp;
        self.ntk[index] = pair.ntk;
    }
}

/// Consecutive prepared signals; only their evaluator knows their type.
#[derive(Clone)]
pub(crate) struct AnySignals {
    all: Arc<dyn Any + Send + Sync>,
    range: Range<usize>,
}

impl AnySignals {
    pub(crate) fn new<T: Send + Sync + 'static>(signals: Vec<T>) -> Self {
        AnySignals {
            range: 0..signals.len(),
            all: Arc::new(signals),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.range.len()
    }

    /// Some of the signals, without a copy.
    pub(crate) fn part(&self, range: Range<usize>) -> Self {
        AnySignals {
            all: Arc::clone(&self.all),
            range: self.range.start + range.start..self.range.start + range.end,
        }
    }

    /// The signals, for the evaluator that prepared them.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if another evaluator prepared them.
    pub(crate) fn of<T: Send + Sync + 'static>(&self) -> Result<SignalsOf<T>> {
        match Arc::clone(&self.all).downcast() {
            Ok(all) => Ok(SignalsOf {
                all,
                range: self.range.clone(),
            }),
            Err(_) => Err(Error::invalid(
                "prepared signals",
                "signals prepared for another precision",
                "signals prepared for this precision",
            )),
        }
    }
}

/// Consecutive signals of a known kind.
pub(crate) struct SignalsOf<T> {
    all: Arc<Vec<T>>,
    range: Range<usize>,
}

impl<T> Deref for SignalsOf<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.all[self.range.clone()]
    }
}
