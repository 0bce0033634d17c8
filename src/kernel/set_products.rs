//! Kernels between sets of signals from a finite feature map: sums over pairs become products of sums.
//!
//! ```math
//! \sum_{i,j} c_t\, u_t(x_i)\, u_t(x'_j)\, \langle \phi(x_i), \phi(x'_j) \rangle
//!   = c_t \Bigl\langle \sum_i u_t(x_i)\, \phi(x_i), \; \sum_j u_t(x'_j)\, \phi(x'_j) \Bigr\rangle
//! ```
//! The features are made panel by panel, so that memory holds one panel of all sets and not all features.

use ndarray::{Array2, Ix2};
use rayon::prelude::*;

use crate::progress::{Counter, Progress};
use crate::simd::products::add_row_products;
use crate::{Result, memory};

use super::evaluator::{AnySignals, FeatureRows, Features};
use super::recursion::Term;
use super::sets::{Pairing, SignalSet};
use super::values::{KernelError, KernelMatrices, KernelPair};

/// Rows and columns of a block of products.
const BLOCK: usize = 32;
/// The advice in errors about panels that do not fit into memory.
const FEWER: &str = "compute the kernels of fewer sets at a time";

/// The sets of one side of a kernel matrix.
pub(super) struct Side<'a> {
    rows: Box<dyn FeatureRows + 'a>,
    sets: &'a [SignalSet],
    /// For K and for Θ, the factor of each signal; empty without normalisation.
    weights: [Vec<f64>; 2],
}

impl<'a> Side<'a> {
    /// Takes sets that were checked.
    ///
    /// # Arguments
    /// * `normalised` — whether the kernel of a signal with itself becomes one
    pub(super) fn new(
        features: &'a dyn Features,
        signals: &AnySignals,
        sets: &'a [SignalSet],
        normalised: bool,
    ) -> Result<Self> {
        let rows = features.rows(signals)?;
        let mut weights = [Vec::new(), Vec::new()];
        if normalised {
            let own: Vec<KernelPair> = (0..signals.len())
                .into_par_iter()
                .map_init(Vec::new, |panel, row| {
                    own_kernels(features, &*rows, row, panel)
                })
                .collect();
            let root = |value: f64| {
                if value > 0.0 {
                    value.sqrt().recip()
                } else {
                    0.0
                }
            };
            weights = [
                own.iter().map(|pair| root(pair.nngp)).collect(),
                own.iter().map(|pair| root(pair.ntk)).collect(),
            ];
        }
        Ok(Side {
            rows,
            sets,
            weights,
        })
    }

    /// The number of sets.
    pub(super) fn len(&self) -> usize {
        self.sets.len()
    }

    /// The sets that contain a signal of a label (of any without one) with features of a power.
    fn sets_of(&self, label: Option<u32>, power: usize) -> Vec<usize> {
        let counts = |signal: usize, own: u32| {
            label.is_none_or(|label| label == own) && self.rows.holds(signal, power)
        };
        let holds = |set: &SignalSet| {
            let mut signals = (set.first..).zip(&set.labels);
            signals.any(|(signal, &own)| counts(signal, own))
        };
        (0..self.sets.len())
            .filter(|&s| holds(&self.sets[s]))
            .collect()
    }

    /// Writes, for each of some sets, the sum of a panel of features over its signals of a label.
    ///
    /// # Arguments
    /// * `kind` — whose weights the signals have: 0 for K, 1 for Θ
    fn write_sums(
        &self,
        chosen: &[usize],
        label: Option<u32>,
        (term, kind): (&Term, usize),
        panel: usize,
        len: usize,
        out: &mut [f64],
    ) {
        let weights = &self.weights[kind];
        let rows = out.par_chunks_exact_mut(len).zip(chosen);
        rows.for_each_init(
            || vec![0.0; len],
            |features, (out, &set)| {
                out.fill(0.0);
                let SignalSet { first, labels } = &self.sets[set];
                for (signal, _) in (*first..)
                    .zip(labels)
                    .filter(|&(_, &l)| label.is_none_or(|label| label == l))
                {
                    self.rows.write(signal, term.power, panel, features);
                    let weight = weights.get(signal).copied().unwrap_or(1.0);
                    let factor = weight * self.rows.factor(signal, term);
                    for (sum, feature) in out.iter_mut().zip(&*features) {
                        *sum += factor * feature;
                    }
                }
            },
        );
    }
}

/// Both kernels of a signal with itself.
fn own_kernels(
    features: &dyn Features,
    rows: &dyn FeatureRows,
    row: usize,
    panel: &mut Vec<f64>,
) -> KernelPair {
    let squares: Vec<f64> = features
        .panels()
        .iter()
        .enumerate()
        .map(|(power, &[count, len])| {
            panel.resize(len, 0.0);
            let of_panel = |index| {
                rows.write(row, power, index, panel);
                panel.iter().map(|x| x * x).sum::<f64>()
            };
            (0..count).map(of_panel).sum()
        })
        .collect();
    let mut own = KernelPair::default();
    for term in features.terms() {
        let factor = rows.factor(row, term);
        let value = factor * factor * squares[term.power];
        own.nngp += term.coefficients[0] * value;
        own.ntk += term.coefficients[1] * value;
    }
    own
}

/// The labels for which sums are made: one for all signals, or each label of the sets.
pub(super) fn classes(pairing: Pairing, sides: [&[SignalSet]; 2]) -> Vec<Option<u32>> {
    if pairing == Pairing::All {
        return vec![None];
    }
    let labels = sides.map(|sets| {
        let mut labels: Vec<u32> = sets.iter().flat_map(|set| &set.labels).copied().collect();
        labels.sort_unstable();
        labels.dedup();
        labels
    });
    let [mut rows, columns] = labels;
    rows.retain(|label| columns.binary_search(label).is_ok());
    rows.into_iter().map(Some).collect()
}

/// The panels of both kernels over all terms: each is one product of matrices.
fn steps(features: &dyn Features, normalised: bool) -> Vec<(usize, &Term, f64, f64)> {
    let mut steps = Vec::new();
    for term in features.terms() {
        let [k, t] = term.coefficients;
        // With normalisation the signals have different weights in both kernels.
        let sides = match normalised {
            true => vec![(0, k, 0.0), (1, 0.0, t)],
            false => vec![(0, k, t)],
        };
        let wanted = sides.into_iter().filter(|&(_, k, t)| k != 0.0 || t != 0.0);
        steps.extend(wanted.map(|(kind, k, t)| (kind, term, k, t)));
    }
    steps
}

/// Adds the kernels of all sets of one side with all sets of the other.
///
/// # Arguments
/// * `columns` — none for the sets of `rows` with each other, one triangle of which is computed and mirrored
/// * `counter` — counts the pairs of sets, up to `total` of them
pub(super) fn add_sums(
    features: &dyn Features,
    rows: &Side<'_>,
    columns: Option<&Side<'_>>,
    pairing: Pairing,
    sums: &mut [Array2<f64>; 2],
    (counter, total): (&Counter<'_>, usize),
) -> Result<()> {
    let other = columns.unwrap_or(rows);
    let classes = classes(pairing, [rows.sets, other.sets]);
    let steps = steps(features, !rows.weights[0].is_empty());
    let panels = |power: usize| features.panels()[power];
    let work = |step: &(usize, &Term, f64, f64)| {
        let [count, len] = panels(step.1.power);
        count * len
    };
    let all_work = (classes.len() * steps.iter().map(work).sum::<usize>()).max(1);
    let (mut done, mut counted) = (0, 0);
    let mut buffers: [Vec<f64>; 3] = Default::default();
    for label in classes {
        for step in &steps {
            let &(kind, term, of_nngp, of_ntk) = step;
            let chosen = [rows, other].map(|side| side.sets_of(label, term.power));
            let [count, len] = panels(term.power);
            let [n, m] = [chosen[0].len(), chosen[1].len()];
            let bytes = memory::bytes(1, &[n + m, len]).saturating_add(memory::bytes(1, &[n, m]));
            memory::check("features of the sets and their products", bytes, FEWER)?;
            let [left, right, products] = &mut buffers;
            left.resize(n * len, 0.0);
            products.clear();
            products.resize(n * m, 0.0);
            for panel in 0..count {
                rows.write_sums(&chosen[0], label, (term, kind), panel, len, left);
                if let Some(columns) = columns {
                    right.resize(m * len, 0.0);
                    columns.write_sums(&chosen[1], label, (term, kind), panel, len, right);
                    add_products(left, right, len, false, products);
                } else {
                    add_products(left, left, len, true, products);
                }
                done += len;
                let reached = (total as f64 * done as f64 / all_work as f64) as usize;
                counter.add(reached - counted)?;
                counted = reached;
            }
            let [nngp, ntk] = &mut *sums;
            for (&row, products) in chosen[0].iter().zip(products.chunks_exact(m.max(1))) {
                for (&column, value) in chosen[1].iter().zip(products) {
                    nngp[[row, column]] += of_nngp * value;
                    ntk[[row, column]] += of_ntk * value;
                }
            }
        }
    }
    counter.add(total - counted)?;
    if columns.is_none() {
        for sum in sums {
            for i in 0..sum.nrows() {
                for j in 0..i {
                    sum[[i, j]] = sum[[j, i]];
                }
            }
        }
    }
    Ok(())
}

/// Computes the kernels of all rows with all columns, or of the rows with each other, from features that are made once.
///
/// # Errors
/// As [`add_sums`].
pub(super) fn matrices(
    features: &dyn Features,
    rows: &AnySignals,
    columns: Option<&AnySignals>,
    progress: Option<&Progress>,
) -> Result<KernelMatrices> {
    // Sets of one signal each.
    let single = |signals: &AnySignals| -> Vec<SignalSet> {
        let labels = || vec![0];
        let set = |first| SignalSet {
            first,
            labels: labels(),
        };
        (0..signals.len()).map(set).collect()
    };
    let (row_sets, column_sets) = (single(rows), columns.map(single));
    let side = |signals, sets| Side::new(features, signals, sets, false);
    let left = side(rows, &row_sets)?;
    let right = match (columns, &column_sets) {
        (Some(columns), Some(sets)) => Some(side(columns, sets)?),
        _ => None,
    };
    let shape = (rows.len(), columns.map_or(rows.len(), AnySignals::len));
    let total = match columns {
        Some(_) => shape.0 * shape.1,
        None => shape.0 * (shape.0 + 1) / 2,
    };
    let counter = Counter::new(total, progress);
    let zeros = || memory::zeros("kernel matrix", Ix2(shape.0, shape.1), FEWER);
    let mut sums = [zeros()?, zeros()?];
    let counted = (&counter, total);
    add_sums(
        features,
        &left,
        right.as_ref(),
        Pairing::All,
        &mut sums,
        counted,
    )?;
    let [nngp, ntk] = sums;
    Ok(KernelMatrices {
        nngp,
        ntk,
        error: KernelError::Exact,
    })
}

/// Adds $`A B^\top`$ in parallel, by strips of rows.
///
/// # Arguments
/// * `upper` — whether blocks below the diagonal are left out
fn add_products(a: &[f64], b: &[f64], len: usize, upper: bool, out: &mut [f64]) {
    let columns = b.len() / len;
    if columns == 0 {
        return;
    }
    let strips = out
        .par_chunks_mut(BLOCK * columns)
        .zip(a.par_chunks(BLOCK * len))
        .enumerate();
    strips.for_each_init(Vec::new, |block: &mut Vec<f64>, (strip, (out, left))| {
        let height = left.len() / len;
        let start = if upper { strip * BLOCK } else { 0 };
        let mut column = start;
        while column < columns {
            let width = BLOCK.min(columns - column);
            block.clear();
            block.resize(height * width, 0.0);
            add_row_products(left, &b[column * len..(column + width) * len], len, block);
            for (sums, products) in out.chunks_exact_mut(columns).zip(block.chunks_exact(width)) {
                for (sum, product) in sums[column..].iter_mut().zip(products) {
                    *sum += product;
                }
            }
            column += width;
        }
    });
}

/// Writes the features of sets whose inner products are one of both kernels, as a matrix of one row per set.
///
/// # Arguments
/// * `kind` — 0 for K, 1 for Θ
/// * `classes` — the labels, whose features stand side by side
/// * `out` — one row per set; the columns after those of the classes stay unchanged
pub(super) fn write_features(
    features: &dyn Features,
    side: &Side<'_>,
    kind: usize,
    classes: &[Option<u32>],
    out: &mut Array2<f64>,
) {
    let mut start = 0;
    let mut panel_sums = Vec::new();
    for &label in classes {
        for term in features.terms() {
            let chosen = side.sets_of(label, term.power);
            let coefficient = term.coefficients[kind];
            if coefficient == 0.0 {
                continue;
            }
            let root = coefficient.sqrt();
            let [count, len] = features.panels()[term.power];
            panel_sums.resize(chosen.len() * len, 0.0);
            for panel in 0..count {
                side.write_sums(&chosen, label, (term, kind), panel, len, &mut panel_sums);
                for (&set, sums) in chosen.iter().zip(panel_sums.chunks_exact(len)) {
                    for (at, sum) in (start..).zip(sums) {
                        out[[set, at]] = root * sum;
                    }
                }
                start += len;
            }
        }
    }
}

/// The number of features of one of both kernels of a signal.
pub(super) fn feature_count(features: &dyn Features, kind: usize) -> usize {
    let terms = features.terms().iter();
    let of_term = |term: &Term| {
        let [count, len] = features.panels()[term.power];
        count * len
    };
    terms
        .filter(|term| term.coefficients[kind] != 0.0)
        .map(of_term)
        .sum()
}
