//! Inputs to begin a distillation with, which are also baselines: some examples, the means of classes, and pivots.
//!
//! The class of an example is the output with its largest target.

use ndarray::{Array2, ArrayView2};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::distilled::{Distilled, NOT_GRAPHS};
use crate::kernel::{Kernel, OwnedSignals, Signals};
use crate::predict::KernelKind;
use crate::{Error, Result, check};

/// The class of each row of targets: the output with the largest target.
fn classes(targets: ArrayView2<'_, f64>) -> Result<Vec<Vec<usize>>> {
    check::not_empty("targets", targets.len())?;
    check::finite("targets", targets)?;
    let mut members = vec![Vec::new(); targets.ncols()];
    for (row, targets) in targets.rows().into_iter().enumerate() {
        let mut largest = 0;
        for (output, target) in targets.iter().enumerate() {
            if *target > targets[largest] {
                largest = output;
            }
        }
        members[largest].push(row);
    }
    Ok(members)
}

/// Returns the numbers of random examples, with equally many of each class.
///
/// # Arguments
/// * `targets` — shape `[n, outputs]`; one output has one class
/// * `per_class` — the number of examples of each class
///
/// # Errors
/// [`Error::InvalidValue`] if a class has fewer examples, and the errors of bad targets.
///
/// # Examples
/// ```
/// let targets = ndarray::array![[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]];
/// let rows = haarmonic::distill::start::random(targets.view(), 1, 0)?;
/// assert!(rows.len() == 2 && rows.contains(&1));
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn random(targets: ArrayView2<'_, f64>, per_class: usize, seed: u64) -> Result<Vec<usize>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut rows = Vec::new();
    for (class, mut members) in classes(targets)?.into_iter().enumerate() {
        enough(class, members.len(), per_class)?;
        for i in 0..per_class {
            let left = members.len() - i;
            members.swap(i, i + (rng.next_u64() % left as u64) as usize);
        }
        rows.extend(&members[..per_class]);
    }
    Ok(rows)
}

/// Returns some of the examples with their targets, to begin a distillation with.
///
/// # Arguments
/// * `rows` — numbers of examples, as [`random`] or [`pivots`] returns them
///
/// # Errors
/// [`Error::InvalidValue`] for the number of no example, and the errors of [`Distilled::new`].
///
/// # Examples
/// ```
/// use haarmonic::distill::start;
/// let (x, y) = (ndarray::array![[1.0], [5.0]], ndarray::array![[1.0, 0.0], [0.0, 1.0]]);
/// let begun = start::of_examples(x.view(), y.view(), &[1])?;
/// assert_eq!(begun.targets(), ndarray::array![[0.0, 1.0]]);
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn of_examples<'a>(
    examples: impl Into<Signals<'a>>,
    targets: ArrayView2<'_, f64>,
    rows: &[usize],
) -> Result<Distilled> {
    let examples = examples.into();
    same_number(&examples, targets)?;
    if let Some(row) = rows.iter().find(|row| **row >= examples.len()) {
        return Err(Error::invalid(
            "number of an example",
            *row,
            format!("below {}, the number of examples", examples.len()),
        ));
    }
    let targets = targets.select(ndarray::Axis(0), rows);
    Distilled::new(examples.select(rows).view(), targets.view())
}

fn enough(class: usize, found: usize, wanted: usize) -> Result<()> {
    if found >= wanted && wanted > 0 {
        return Ok(());
    }
    Err(Error::invalid(
        "examples per class to begin with",
        wanted,
        format!("1 to {found}, the number of examples of class {class}"),
    ))
}

/// Returns the mean of the examples of each class.
///
/// # Errors
/// [`Error::InvalidValue`] for a class without examples, and for graphs.
///
/// # Examples
/// ```
/// use haarmonic::kernel::OwnedSignals;
/// let (x, y) = (ndarray::array![[1.0], [5.0], [3.0]], ndarray::array![[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]);
/// let means = haarmonic::distill::start::class_means(x.view(), y.view())?;
/// assert_eq!(means, OwnedSignals::Vectors(ndarray::array![[2.0], [5.0]]));
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub fn class_means<'a>(
    examples: impl Into<Signals<'a>>,
    targets: ArrayView2<'_, f64>,
) -> Result<OwnedSignals> {
    let examples = examples.into();
    same_number(&examples, targets)?;
    let members = classes(targets)?;
    for (class, members) in members.iter().enumerate() {
        enough(class, members.len(), 1)?;
    }
    let firsts: Vec<usize> = members.iter().map(|members| members[0]).collect();
    let mut means = examples.select(&firsts);
    let all = examples.first(examples.len());
    let coordinates = (means.coordinates(), all.coordinates());
    let (Some(means_of), Some(all)) = coordinates else {
        return Err(Error::invalid("examples", "graphs", NOT_GRAPHS));
    };
    let mut means_of = means_of.into_owned();
    let len = means_of.len() / members.len();
    for (mean, members) in means_of.chunks_exact_mut(len).zip(&members) {
        mean.fill(0.0);
        for &member in members {
            let example = &all[member * len..(member + 1) * len];
            for (sum, value) in mean.iter_mut().zip(example) {
                *sum += value / members.len() as f64;
            }
        }
    }
    means.set_coordinates(&means_of);
    Ok(means)
}

fn same_number(examples: &Signals<'_>, targets: ArrayView2<'_, f64>) -> Result<()> {
    let expected = [examples.len(), targets.ncols()];
    check::shape("targets", targets.shape(), &expected)
}

/// Returns the numbers of the examples of each class that a partial Cholesky factorisation of its correlation matrix takes first.
///
/// Each of them has the largest part that the ones before do not explain. The kernel is divided by the roots of its diagonal; without that,
/// the largest inputs would come first.
///
/// # Cost
/// The kernel matrix of each class, one class at a time.
///
/// # Errors
/// As [`random`], and the errors of the kernel.
pub fn pivots<'a>(
    kernel: &Kernel,
    kind: KernelKind,
    examples: impl Into<Signals<'a>>,
    targets: ArrayView2<'_, f64>,
    per_class: usize,
) -> Result<Vec<usize>> {
    let examples = examples.into();
    same_number(&examples, targets)?;
    let mut rows = Vec::new();
    for (class, members) in classes(targets)?.into_iter().enumerate() {
        enough(class, members.len(), per_class)?;
        let gram = kernel.gram(examples.select(&members).view())?;
        let found = pivots_of(kind.of(&gram), per_class);
        rows.extend(found.into_iter().map(|pivot| members[pivot]));
    }
    Ok(rows)
}

/// The first pivots of a correlation matrix; the first one is the row with the largest mean correlation.
fn pivots_of(gram: ArrayView2<'_, f64>, count: usize) -> Vec<usize> {
    let n = gram.nrows();
    let correlation = Array2::from_shape_fn((n, n), |(i, j)| {
        let scale = (gram[[i, i]] * gram[[j, j]]).sqrt();
        if scale > 0.0 {
            gram[[i, j]] / scale
        } else {
            0.0
        }
    });
    let mut left: Vec<f64> = correlation.diag().to_vec();
    let means: Vec<f64> = correlation
        .rows()
        .into_iter()
        .map(|row| row.sum())
        .collect();
    let mut columns: Vec<Vec<f64>> = Vec::new();
    let mut found: Vec<usize> = Vec::new();
    while found.len() < count {
        let size = |i: usize| if found.is_empty() { means[i] } else { left[i] };
        let free = (0..n).filter(|i| !found.contains(i));
        let pivot = free
            .reduce(|best, i| if size(i) > size(best) { i } else { best })
            .expect("fewer pivots than rows");
        let root = left[pivot].max(0.0).sqrt();
        let column: Vec<f64> = (0..n)
            .map(|i| {
                let known: f64 = columns.iter().map(|c| c[i] * c[pivot]).sum();
                let rest = correlation[[i, pivot]] - known;
                if root > 0.0 { rest / root } else { 0.0 }
            })
            .collect();
        for (left, entry) in left.iter_mut().zip(&column) {
            *left -= entry * entry;
        }
        columns.push(column);
        found.push(pivot);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pivots_are_far_apart() {
        // Two copies of one point and a point that is orthogonal to it.
        let gram = ndarray::array![[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 4.0]];
        assert_eq!(pivots_of(gram.view(), 2), [0, 2]);
        assert_eq!(pivots_of(gram.view(), 3), [0, 2, 1]);
    }
}
