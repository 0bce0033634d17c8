//! Derivatives of kernels between sets in the signals of the sets.

use ndarray::{Array2, ArrayView2};

use crate::Result;
use crate::numeric::geometric_mean;

use super::evaluate::PreparedSignals;
use super::gradient::Cotangents;
use super::sets::{Pairing, SetKernel, SignalSet, check_sets};
use super::signals::OwnedSignals;

/// The signals of some sets, and the sets.
type Collection<'a> = (&'a PreparedSignals, &'a [SignalSet]);

/// Factors of the kernels of pairs of signals.
struct Factors {
    pairs: Array2<f64>,
    /// Factors of the kernels of rows and of columns with themselves.
    own: [Vec<f64>; 2],
}

impl SetKernel {
    /// Computes the derivative of a weighted sum of the entries of [`gram`](Self::gram) in the signals of the sets.
    ///
    /// # Arguments
    /// * `cotangents` — the factors of the entries, one row and column per set
    ///
    /// # Cost
    /// As [`Kernel::gradient`](super::Kernel::gradient) for the pairs of the pairing, with normalisation as for all signals and their kernel
    /// matrix. Memory: some matrices over all signals.
    ///
    /// # Errors
    /// As [`gram`](Self::gram) and [`Kernel::gradient`](super::Kernel::gradient).
    ///
    /// # Examples
    /// ```
    /// use haarmonic::kernel::{Cotangents, Kernel, OwnedSignals, Pairing, SetKernel, SignalSet};
    /// use haarmonic::network::{Init, Network};
    /// use ndarray::array;
    ///
    /// // The kernel of two numbers is their product, that of a set with itself the square of its sum.
    /// let kernel = Kernel::new(&Network::vector(1).dense(Init::default()).build()?)?;
    /// let signals = kernel.prepare(array![[1.0], [2.0]].view())?;
    /// let sets = [SignalSet { first: 0, labels: vec![1, 1] }];
    /// let one = array![[1.0]];
    /// let gradient = SetKernel::new(kernel).gradient(&signals, &sets, Pairing::All, Cotangents::nngp(one.view()))?;
    /// assert_eq!(gradient, OwnedSignals::Vectors(array![[6.0], [6.0]]));
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn gradient(
        &self,
        signals: &PreparedSignals,
        sets: &[SignalSet],
        pairing: Pairing,
        cotangents: Cotangents<'_>,
    ) -> Result<OwnedSignals> {
        let rows = (signals, sets);
        let [mut nngp, mut ntk] = self.factors(rows, None, pairing, cotangents)?;
        for factors in [&mut nngp, &mut ntk] {
            for own in &factors.own {
                for (diagonal, own) in factors.pairs.diag_mut().iter_mut().zip(own) {
                    *diagonal += own;
                }
            }
        }
        self.kernel()
            .gradient_prepared(signals, both(&nngp.pairs, &ntk.pairs))
    }

    /// Computes the derivatives of a weighted sum of the entries of [`cross`](Self::cross) in the signals of the sets of rows and of columns.
    ///
    /// # Errors
    /// As [`gradient`](Self::gradient).
    pub fn cross_gradient(
        &self,
        rows: (&PreparedSignals, &[SignalSet]),
        columns: (&PreparedSignals, &[SignalSet]),
        pairing: Pairing,
        cotangents: Cotangents<'_>,
    ) -> Result<[OwnedSignals; 2]> {
        let [nngp, ntk] = self.factors(rows, Some(columns), pairing, cotangents)?;
        let pairs = both(&nngp.pairs, &ntk.pairs);
        let mut found = self
            .kernel()
            .cross_gradient_prepared(rows.0, columns.0, pairs)?;
        if self.is_normalised() {
            for (side, (signals, _)) in [rows, columns].into_iter().enumerate() {
                let own = [&nngp, &ntk].map(|factors| {
                    Array2::from_diag(&ndarray::ArrayView1::from(&factors.own[side]))
                });
                let own = self
                    .kernel()
                    .gradient_prepared(signals, both(&own[0], &own[1]))?;
                found[side].add(&own);
            }
        }
        Ok(found)
    }

    /// The factors of the kernels of pairs of signals, for both kernels.
    fn factors(
        &self,
        rows: Collection<'_>,
        columns: Option<Collection<'_>>,
        pairing: Pairing,
        cotangents: Cotangents<'_>,
    ) -> Result<[Factors; 2]> {
        for (signals, sets) in [Some(rows), columns].into_iter().flatten() {
            check_sets(signals.len(), sets)?;
        }
        let others = columns.unwrap_or(rows);
        let shape = [rows.1.len(), others.1.len()];
        let arrays = cotangents.arrays(shape)?;
        let cotangents = arrays
            .each_ref()
            .map(|array| ArrayView2::from_shape(shape, array).expect("the arrays were checked"));
        let mut pairs = cotangents.map(|cotangents| spread([rows, others], pairing, cotangents));
        if !self.is_normalised() {
            return Ok(pairs.map(|pairs| Factors {
                pairs,
                own: [Vec::new(), Vec::new()],
            }));
        }
        let kernels = match columns {
            None => self.kernel().gram_prepared(rows.0)?,
            Some(columns) => self.kernel().cross_prepared(rows.0, columns.0)?,
        };
        let diagonals = [self.diagonals(rows.0)?, self.diagonals(others.0)?];
        let kernels = [kernels.nngp, kernels.ntk];
        Ok(std::array::from_fn(|kernel| {
            let pairs = std::mem::take(&mut pairs[kernel]);
            let own = diagonals.each_ref().map(|of_side| &of_side[kernel][..]);
            normalised(pairs, &kernels[kernel], own)
        }))
    }

    /// Both kernels of each signal with itself.
    fn diagonals(&self, signals: &PreparedSignals) -> Result<[Vec<f64>; 2]> {
        let evaluator = self.kernel().evaluator();
        let accuracy = evaluator.control().accuracy();
        let pairs = evaluator.pairs(self.kernel().signals(signals)?, None, accuracy, true)?;
        let [diagonal, _] = pairs.diagonals();
        Ok([
            diagonal.iter().map(|own| own.fine.nngp).collect(),
            diagonal.iter().map(|own| own.fine.ntk).collect(),
        ])
    }
}

fn both<'a>(nngp: &'a Array2<f64>, ntk: &'a Array2<f64>) -> Cotangents<'a> {
    Cotangents {
        nngp: Some(nngp.view()),
        ntk: Some(ntk.view()),
    }
}

/// Gives the factor of two sets to all pairs of their signals that the pairing pairs.
fn spread(
    [(rows, row_sets), (columns, column_sets)]: [Collection<'_>; 2],
    pairing: Pairing,
    cotangents: ArrayView2<'_, f64>,
) -> Array2<f64> {
    let mut pairs = Array2::zeros((rows.len(), columns.len()));
    for ((s, t), cotangent) in cotangents.indexed_iter() {
        let (a, b) = (&row_sets[s], &column_sets[t]);
        for (i, label) in a.labels.iter().enumerate() {
            for (j, other) in b.labels.iter().enumerate() {
                if pairing.holds(i, j, label == other) {
                    pairs[[a.first + i, b.first + j]] += cotangent;
                }
            }
        }
    }
    pairs
}

/// The factors of kernels, from those of kernels divided by the roots of the kernels of both signals with themselves.
fn normalised(mut pairs: Array2<f64>, kernels: &Array2<f64>, own: [&[f64]; 2]) -> Factors {
    let mut of_own = own.map(|own| vec![0.0; own.len()]);
    for (((i, j), factor), k) in pairs.indexed_iter_mut().zip(kernels) {
        let scale = geometric_mean(own[0][i], own[1][j]);
        // The value is zero if one of the signals vanishes.
        *factor = if scale > 0.0 { *factor / scale } else { 0.0 };
        if *factor != 0.0 {
            of_own[0][i] -= 0.5 * *factor * k / own[0][i];
            of_own[1][j] -= 0.5 * *factor * k / own[1][j];
        }
    }
    Factors { pairs, own: of_own }
}
