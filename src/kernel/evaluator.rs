//! The interface of matrices, sets and stores to a network: prepared signals in, blocks of kernels out.

use std::any::Any;
use std::ops::{Deref, Range};
use std::sync::Arc;

use crate::{Error, Result};

use super::signals::Inputs;
use super::values::KernelPair;

/// A network over any one geometry.
pub(crate) trait Evaluator: Send + Sync {
    /// Returns how the error of a kernel is controlled.
    fn control(&self) -> Control;

    /// Prepares inputs, in parallel.
    ///
    /// # Errors
    /// Errors of a signal name its input.
    fn prepare(&self, inputs: &Inputs<'_>) -> Result<AnySignals>;

    /// The pairs of two sets of signals, or of one set with itself.
    ///
    /// # Arguments
    /// * `diagonal` — whether the kernel of each signal with itself is asked for; it is also computed where the layers after
    ///   pooling need it
    ///
    /// # Errors
    /// Those of the kernels of signals with themselves; [`Error::InvalidValue`] for signals of another evaluator.
    fn pairs(
        &self,
        rows: &AnySignals,
        columns: Option<&AnySignals>,
        accuracy: Accuracy,
        diagonal: bool,
    ) -> Result<Box<dyn Pairs + '_>>;

    /// Returns these pairs for more accurate computation, where [`control`](Self::control) is [`Control::Fixed`].
    ///
    /// # Errors
    /// As [`pairs`](Self::pairs).
    fn reference(
        &self,
        rows: &AnySignals,
        columns: &AnySignals,
        diagonal: bool,
    ) -> Result<Box<dyn Pairs + '_>>;
}

/// Pairs of prepared signals, of which any block can be computed.
pub(crate) trait Pairs: Sync {
    /// The kernels of a block of pairs after the last layer.
    ///
    /// # Arguments
    /// * `wanted` — pairs (row and column within the block) for which it is false keep the pooled value zero at almost no cost;
    ///   without it, all pairs are computed
    fn block(
        &self,
        rows: Range<usize>,
        columns: Range<usize>,
        wanted: Option<&dyn Fn(usize, usize) -> bool>,
    ) -> Result<Block>;

    /// The kernel of each signal with itself, for the rows and for the columns; empty where it was not needed.
    fn diagonals(&self) -> [&[Estimate]; 2];
}

/// How the error of a kernel is controlled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Control {
    /// The kernels are exact to rounding.
    Exact,
    /// By one approximation, whatever its error: a sample of values is compared with more accurate ones.
    Fixed,
    /// By as many quadratures as the tolerance asks for; each value comes with an error estimate.
    Tolerance(f64),
}

/// How accurately one pair is pooled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Accuracy {
    /// By one quadrature, whatever its error: the first one, or the next.
    Step(usize),
    /// By finer ones until the error estimate is below this, relative to the kernels.
    Tolerance(f64),
}

impl Control {
    /// What a pair is asked for in the first place.
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
    /// A value with an error, on the side from which it came.
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

/// A block of kernels, and its values from coarser quadratures where errors are estimated.
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

/// Consecutive signals, of a type that only the evaluator that prepared them knows.
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
    /// [`Error::InvalidValue`] if another one did.
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
