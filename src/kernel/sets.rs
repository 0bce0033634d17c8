//! Kernels between sets of signals, such as the atoms of molecules: sums of kernels over pairs.

use std::ops::Range;
use std::sync::Mutex;

use ndarray::Array2;

use crate::check;
use crate::network::Outputs;
use crate::numeric::geometric_mean;
use crate::parallel::try_map;
use crate::{Error, Result};

use super::evaluate::{Kernel, PreparedSignals};
use super::evaluator::{AnySignals, Control, Estimate, Features, KernelBlock, Pairs};
use super::refine::sample;
use super::set_products::{Side, add_sums};
use super::values::{KernelError, KernelMatrices, KernelPair};

/// Which pairs of signals contribute to the kernel of two sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pairing {
    /// The i-th signal of one set pairs with the i-th signal of the other: one independent network per position, with added outputs.
    Index,
    /// Every signal of one set pairs with every signal of the other: one network for all signals, with added outputs.
    All,
    /// Signals of equal label pair: one independent network per label, with added outputs.
    SameLabel,
}

impl Pairing {
    /// Whether signal i of one set pairs with signal j of the other.
    pub(super) fn holds(self, i: usize, j: usize, same_label: bool) -> bool {
        match self {
            Pairing::Index => i == j,
            Pairing::All => true,
            Pairing::SameLabel => same_label,
        }
    }
}

/// A set: consecutive signals among the prepared signals, each with a label. An example is at [`SetKernel`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignalSet {
    /// Position of the first signal.
    pub first: usize,
    /// One label per signal (for atoms, the atomic number).
    pub labels: Vec<u32>,
}

impl SignalSet {
    fn range(&self) -> Range<usize> {
        self.first..self.first + self.labels.len()
    }
}

/// Kernels between sets of signals: sums over the pairs (i, j) of a pairing, with or without normalisation.
///
/// ```math
/// K(X, X') = \beta^2 + \sum_{(i,j)} k(x_i, x'_j) \quad \text{or} \quad
///            \beta^2 + \sum_{(i,j)} \frac{k(x_i, x'_j)}{\sqrt{k(x_i,x_i) \, k(x'_j,x'_j)}}
/// ```
///
/// All requested pairings share one evaluation of each pair of signals.
///
/// # Examples
/// ```
/// use haarmonic::kernel::{Kernel, Pairing, SetKernel, SignalSet};
/// use haarmonic::network::{Network, Init};
///
/// // One linear layer: the kernel of two numbers is their product.
/// let network = Network::vector(1).dense(Init::default()).build()?;
/// let kernel = Kernel::new(&network)?;
/// let signals = kernel.prepare(ndarray::array![[1.0], [2.0], [3.0]].view())?;
/// let sets = [
///     SignalSet { first: 0, labels: vec![1, 6] },
///     SignalSet { first: 2, labels: vec![6] },
/// ];
/// let sums = SetKernel::new(kernel).gram(&signals, &sets, &[Pairing::All, Pairing::SameLabel])?;
/// assert_eq!(sums[0].nngp[[0, 1]], 1.0 * 3.0 + 2.0 * 3.0);
/// assert_eq!(sums[1].nngp[[0, 1]], 2.0 * 3.0);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Clone)]
pub struct SetKernel {
    kernel: Kernel,
    normalised: bool,
    bias_variance: f64,
}

impl SetKernel {
    /// Makes a kernel between sets, a sum of the kernel of single signals, without normalisation and without bias.
    pub fn new(kernel: Kernel) -> Self {
        SetKernel {
            kernel,
            normalised: false,
            bias_variance: 0.0,
        }
    }

    /// Divides the kernel of each pair of signals by the geometric mean of their kernels with themselves, which gives every signal equal
    /// weight.
    pub fn normalised(mut self) -> Self {
        self.normalised = true;
        self
    }

    /// Adds one random bias, shared by all sets, to the sum of the outputs: its variance β² is added to every entry.
    ///
    /// Without a bias, the prior mean square of a target grows with the size of the set from zero. A bias of large variance leaves a
    /// constant offset of all targets free.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] unless the variance is finite and not negative.
    pub fn with_bias(mut self, variance: f64) -> Result<Self> {
        check::not_negative("variance of the bias", variance)?;
        self.bias_variance = variance;
        Ok(self)
    }

    /// Returns the kernel of single signals.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// Computes the kernels of a collection of sets with itself; returns one pair of matrices per pairing.
    ///
    /// One triangle is computed and mirrored.
    ///
    /// # Arguments
    /// * `signals` — the signals of all sets, prepared for the kernel of single signals
    /// * `sets` — one row and column per set
    /// * `pairings` — the pairs of signals that contribute, in one or several ways
    ///
    /// # Cost
    /// One evaluation per pair of members that some pairing needs, on all threads. Memory: four matrices per pairing. A kernel with a finite
    /// feature map ([`FeatureMap`](super::FeatureMap)) takes products of sums of features instead: the time of the features is linear in
    /// the number of signals, and each pair of sets takes one product of two vectors per label.
    ///
    /// # Errors
    /// As [`Kernel::gram`]; [`Error::Empty`] without sets or for a set without signals, [`Error::ShapeMismatch`] if a set reaches
    /// beyond the signals.
    pub fn gram(
        &self,
        signals: &PreparedSignals,
        sets: &[SignalSet],
        pairings: &[Pairing],
    ) -> Result<Vec<KernelMatrices>> {
        self.matrices((signals, sets), None, pairings)
    }

    /// Computes the kernels of the sets of one collection (rows) with the sets of another collection (columns); returns one pair of
    /// matrices per pairing.
    ///
    /// # Arguments
    /// * `rows`, `columns` — the signals of all sets of a collection, and the sets
    /// * `pairings` — as for [`gram`](Self::gram)
    ///
    /// # Errors
    /// As [`gram`](Self::gram).
    pub fn cross(
        &self,
        rows: (&PreparedSignals, &[SignalSet]),
        columns: (&PreparedSignals, &[SignalSet]),
        pairings: &[Pairing],
    ) -> Result<Vec<KernelMatrices>> {
        self.matrices(rows, Some(columns), pairings)
    }

    pub(super) fn is_normalised(&self) -> bool {
        self.normalised
    }

    pub(super) fn bias_variance(&self) -> f64 {
        self.bias_variance
    }

    /// Refuses sets that reach beyond the signals.
    pub(super) fn check_sets(&self, signals: &PreparedSignals, sets: &[SignalSet]) -> Result<()> {
        check_sets(signals.len(), sets)
    }

    fn matrices(
        &self,
        rows: (&PreparedSignals, &[SignalSet]),
        columns: Option<(&PreparedSignals, &[SignalSet])>,
        pairings: &[Pairing],
    ) -> Result<Vec<KernelMatrices>> {
        if *self.kernel.network().outputs() == Outputs::Nodes {
            return Err(Error::invalid(
                "outputs of the network",
                "features at the nodes of graphs",
                "one number per signal: add a `node-sum` or `node-mean` layer",
            ));
        }
        for (signals, sets) in [Some(rows), columns].into_iter().flatten() {
            check_sets(signals.len(), sets)?;
        }
        let row_signals = self.kernel.signals(rows.0)?;
        let column_signals = columns
            .map(|(signals, _)| self.kernel.signals(signals))
            .transpose()?;
        self.evaluate(
            (row_signals, rows.1),
            column_signals.zip(columns.map(|(_, sets)| sets)),
            pairings,
        )
    }

    /// Computes the matrices of all pairings from one block of kernels per pair of sets.
    fn evaluate(
        &self,
        (rows, row_sets): (&AnySignals, &[SignalSet]),
        columns: Option<(&AnySignals, &[SignalSet])>,
        pairings: &[Pairing],
    ) -> Result<Vec<KernelMatrices>> {
        let evaluator = self.kernel.evaluator();
        let by_products = evaluator
            .features()
            .filter(|features| features.preferred() && !pairings.contains(&Pairing::Index));
        if let Some(features) = by_products {
            return self.products(features, (rows, row_sets), columns, pairings);
        }
        let control = evaluator.control();
        let (column_signals, column_sets) = columns.unwrap_or((rows, row_sets));
        let shape = (row_sets.len(), column_sets.len());
        let signals = evaluator.pairs(
            rows,
            columns.map(|(signals, _)| signals),
            control.accuracy(),
            self.normalised,
        )?;

        let pairs: Vec<(usize, usize)> = (0..shape.0)
            .flat_map(|i| (0..shape.1).map(move |j| (i, j)))
            .filter(|&(i, j)| columns.is_some() || j >= i)
            .collect();
        let counter = self.kernel.counter(pairs.len());
        let zeros = || vec![[(); 2].map(|()| Array2::<f64>::zeros(shape)); pairings.len()];
        let sums = Mutex::new((zeros(), zeros()));
        try_map(pairs.len(), |p| {
            let (i, j) = pairs[p];
            let pair = (&row_sets[i], &column_sets[j]);
            let found = self.pair_sums(&*signals, pair, pairings)?;
            let mut sums = sums.lock().expect("no thread panics while writing");
            for (p, sum) in found.iter().enumerate() {
                for (at, mirrored) in [((i, j), false), ((j, i), true)] {
                    if !mirrored || columns.is_none() {
                        sums.0[p][0][at] = sum.value.nngp;
                        sums.0[p][1][at] = sum.value.ntk;
                        sums.1[p][0][at] = sum.error.nngp;
                        sums.1[p][1][at] = sum.error.ntk;
                    }
                }
            }
            drop(sums);
            counter.add(1)
        })?;
        let (values, errors) = sums.into_inner().expect("no thread panicked");
        values
            .into_iter()
            .zip(errors)
            .zip(pairings)
            .map(|(([nngp, ntk], [nngp_error, ntk_error]), pairing)| {
                let error = match control {
                    Control::Exact => KernelError::Exact,
                    Control::Tolerance(_) => KernelError::Entries {
                        nngp: nngp_error,
                        ntk: ntk_error,
                    },
                    Control::Fixed => sample(shape, |i, j| {
                        let (a, b) = (&row_sets[i], &column_sets[j]);
                        let members = (rows.part(a.range()), column_signals.part(b.range()));
                        let signals =
                            evaluator.reference(&members.0, &members.1, self.normalised)?;
                        let moved = [a, b].map(|set| SignalSet {
                            first: 0,
                            labels: set.labels.clone(),
                        });
                        let pair = (&moved[0], &moved[1]);
                        let sums = self.pair_sums(&*signals, pair, &[*pairing])?;
                        Ok(KernelPair {
                            nngp: sums[0].value.nngp - nngp[[i, j]],
                            ntk: sums[0].value.ntk - ntk[[i, j]],
                        })
                    })?,
                };
                Ok(KernelMatrices { nngp, ntk, error })
            })
            .collect()
    }

    /// Computes the matrices of all pairings from sums of features.
    fn products(
        &self,
        features: &dyn Features,
        (rows, row_sets): (&AnySignals, &[SignalSet]),
        columns: Option<(&AnySignals, &[SignalSet])>,
        pairings: &[Pairing],
    ) -> Result<Vec<KernelMatrices>> {
        let side = |(signals, sets)| Side::new(features, signals, sets, self.normalised);
        let rows = side((rows, row_sets))?;
        let columns = columns.map(side).transpose()?;
        let shape = (
            row_sets.len(),
            columns.as_ref().map_or(row_sets.len(), Side::len),
        );
        let total = match columns {
            Some(_) => shape.0 * shape.1,
            None => shape.0 * (shape.0 + 1) / 2,
        };
        let counter = self.kernel.counter(total * pairings.len());
        pairings
            .iter()
            .map(|&pairing| {
                let mut sums = [(); 2].map(|()| Array2::from_elem(shape, self.bias_variance));
                let columns = columns.as_ref();
                let counter = (&counter, total);
                add_sums(features, &rows, columns, pairing, &mut sums, counter)?;
                let [nngp, ntk] = sums;
                Ok(KernelMatrices {
                    nngp,
                    ntk,
                    error: KernelError::Exact,
                })
            })
            .collect()
    }

    /// The kernel of one set with another, one sum per pairing.
    fn pair_sums(
        &self,
        signals: &dyn Pairs,
        (a, b): (&SignalSet, &SignalSet),
        pairings: &[Pairing],
    ) -> Result<Vec<Sum>> {
        let same = |i: usize, j: usize| a.labels[i] == b.labels[j];
        let wanted = |i: usize, j: usize| pairings.iter().any(|p| p.holds(i, j, same(i, j)));
        let block = signals.block(a.range(), b.range(), Some(&wanted))?;
        let [rows, columns] = signals.diagonals();
        let bias = KernelPair {
            nngp: self.bias_variance,
            ntk: self.bias_variance,
        };
        let start = Sum {
            value: bias,
            error: KernelPair::default(),
        };
        let mut sums = vec![start; pairings.len()];
        for i in 0..a.labels.len() {
            for j in 0..b.labels.len() {
                if !wanted(i, j) {
                    continue;
                }
                let value = |kernels: &KernelBlock, side: fn(&Estimate) -> KernelPair| {
                    let pair = kernels.get(i * b.labels.len() + j);
                    if !self.normalised {
                        return pair;
                    }
                    let (x, y) = (side(&rows[a.first + i]), side(&columns[b.first + j]));
                    KernelPair {
                        nngp: normalise(pair.nngp, x.nngp, y.nngp),
                        ntk: normalise(pair.ntk, x.ntk, y.ntk),
                    }
                };
                let fine = value(&block.fine, |estimate| estimate.fine);
                let coarse = match &block.coarse {
                    Some(coarse) => value(coarse, |estimate| estimate.coarse),
                    None => fine,
                };
                for (sum, pairing) in sums.iter_mut().zip(pairings) {
                    if pairing.holds(i, j, same(i, j)) {
                        sum.value = sum.value.plus(fine);
                        sum.error = sum.error.plus(fine.distance(coarse));
                    }
                }
            }
        }
        Ok(sums)
    }
}

/// The kernel of two sets, with the sum of the error estimates of its terms.
#[derive(Debug, Clone, Copy)]
struct Sum {
    value: KernelPair,
    error: KernelPair,
}

/// A kernel value divided by the geometric mean of the kernels of both signals with themselves; zero if one of them vanishes.
fn normalise(value: f64, own: f64, other: f64) -> f64 {
    let init = geometric_mean(own, other);
    if init > 0.0 { value / init } else { 0.0 }
}

pub(super) fn check_sets(signals: usize, sets: &[SignalSet]) -> Result<()> {
    if sets.is_empty() {
        return Err(Error::empty("sets of signals"));
    }
    for (index, set) in sets.iter().enumerate() {
        if set.labels.is_empty() {
            return Err(Error::empty(format!("set {index}")));
        }
        if signals
            .checked_sub(set.labels.len())
            .is_none_or(|last| set.first > last)
        {
            return Err(Error::shape(
                format!("set {index}"),
                format!("consecutive signals among {signals}"),
                vec![set.first, set.labels.len()],
            ));
        }
    }
    Ok(())
}
