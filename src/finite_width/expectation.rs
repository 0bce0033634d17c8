//! An unbiased estimate of the size of an expectation from few samples.

use ndarray::{ArrayView, Axis, RemoveAxis};

use crate::check;
use crate::{Error, Result};

/// The size of an expectation: the root mean square of its entries.
///
/// ```math
/// \mathrm{size}^2 = \frac{1}{d} \sum_{k=1}^{d} \big( \mathbb{E}\, x_k \big)^2
/// \approx \frac{1}{d\, n (n - 1)} \sum_{i \neq j} x_i \cdot x_j
/// ```
/// The size of the mean over n samples is mostly noise if the expectation is small. The mean of the products of different samples is
/// an unbiased estimate of the square of the expectation. If the samples are differences between the outputs of two ensembles, member
/// by member, the size of their expectation is the distance between the infinitely large ensembles.
///
/// # References
/// Hoeffding48, Section 4; EfronStein81.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UnbiasedRms {
    /// The size; zero where the estimate of its square is negative.
    pub value: f64,
    /// The root of the estimated square minus two standard errors; zero if this difference is negative.
    pub low: f64,
    /// The root of the estimated square plus two standard errors; zero if this sum is negative.
    pub high: f64,
}

impl UnbiasedRms {
    /// Estimates the size of the expectation of independent samples.
    ///
    /// The standard error comes from the jackknife: it leaves out one sample at a time.
    ///
    /// # Arguments
    /// * `samples` — shape `[n, …]`, n ≥ 3, independent of each other; give the mean of samples that depend on each other, for example
    ///   of pairs with opposite signs, as one sample
    ///
    /// # Cost and accuracy
    /// O(number of entries) time. The rounding error of the square is a few ε times the mean square of the samples.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for fewer than three samples, [`Error::Empty`] if they have no entries, [`Error::NotFinite`].
    ///
    /// # Examples
    /// ```
    /// use haarmonic::finite_width::UnbiasedRms;
    /// use ndarray::array;
    /// // Each pair of different samples has the product 1.
    /// let size = UnbiasedRms::of(array![[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]].view())?;
    /// assert_eq!([size.low, size.value, size.high], [0.5_f64.sqrt(); 3]);
    /// // Noise alone: the size of the mean would be 1/3.
    /// let noise = UnbiasedRms::of(array![[1.0], [-1.0], [1.0]].view())?;
    /// assert_eq!((noise.low, noise.value), (0.0, 0.0));
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn of<D: RemoveAxis>(samples: ArrayView<'_, f64, D>) -> Result<UnbiasedRms> {
        let what = "samples of an expectation";
        let count = samples.len_of(Axis(0));
        if count < 3 {
            return Err(Error::invalid(
                what,
                count,
                "at least 3, so that one can be left out",
            ));
        }
        if samples.is_empty() {
            return Err(Error::empty(what));
        }
        check::finite(what, samples.view())?;
        // Σ_{i≠j} x_i · x_j = |Σ x|² − Σ |x_i|², for all samples and for the samples without one of them.
        let n = count as f64;
        let entries = (samples.len() / count) as f64;
        let sum = samples.sum_axis(Axis(0));
        let own: Vec<f64> = samples
            .outer_iter()
            .map(|sample| square_of(sample.iter().copied()))
            .collect();
        let all: f64 = own.iter().sum();
        let square = (square_of(sum.iter().copied()) - all) / (n * (n - 1.0) * entries);
        let spread: f64 = samples
            .outer_iter()
            .zip(&own)
            .map(|(sample, own)| {
                let rest = square_of(sum.iter().zip(&sample).map(|(sum, x)| sum - x));
                let others = (n - 1.0) * (n - 2.0) * entries;
                ((rest - (all - own)) / others - square).powi(2)
            })
            .sum();
        let error = ((n - 1.0) / n * spread).sqrt();
        let root = |square: f64| square.max(0.0).sqrt();
        Ok(UnbiasedRms {
            value: root(square),
            low: root(square - 2.0 * error),
            high: root(square + 2.0 * error),
        })
    }
}

/// The sum of the squares of some numbers.
fn square_of(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|x| x * x).sum()
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Array3, array};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use rand_distr::StandardNormal;

    use super::*;
    use crate::tol;

    /// Normal samples with the mean `mean` in all entries.
    fn normal(rng: &mut ChaCha8Rng, shape: (usize, usize), mean: f64) -> Array2<f64> {
        Array2::from_shape_simple_fn(shape, || mean + rng.sample::<f64, _>(StandardNormal))
    }

    /// The mean over pairs, pair by pair.
    fn by_pairs(samples: &[Vec<f64>]) -> f64 {
        let n = samples.len();
        let mut sum = 0.0;
        for i in 0..n {
            for j in (0..n).filter(|j| *j != i) {
                sum += (0..samples[i].len())
                    .map(|k| samples[i][k] * samples[j][k])
                    .sum::<f64>();
            }
        }
        sum / (samples[0].len() * n * (n - 1)) as f64
    }

    /// The estimate and its jackknife error against sums over explicit pairs.
    #[test]
    fn sizes_are_those_of_pairs() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for n in [3, 4, 9] {
            let samples = normal(&mut rng, (n, 6), 1.5);
            let rows: Vec<Vec<f64>> = samples.outer_iter().map(|row| row.to_vec()).collect();
            let square = by_pairs(&rows);
            let left_out: Vec<f64> = (0..n)
                .map(|i| {
                    let mut rest = rows.clone();
                    rest.remove(i);
                    by_pairs(&rest)
                })
                .collect();
            let mean = left_out.iter().sum::<f64>() / n as f64;
            // The mean of the estimates without one sample is the estimate itself.
            assert!((mean - square).abs() < tol::FEW_TERMS * square);
            let variance: f64 = left_out.iter().map(|x| (x - mean).powi(2)).sum();
            let error = (variance * (n - 1) as f64 / n as f64).sqrt();
            let ends = [square - 2.0 * error, square, square + 2.0 * error];
            let size = UnbiasedRms::of(samples.view()).unwrap();
            for (found, want) in [size.low, size.value, size.high].into_iter().zip(ends) {
                let error = (found.powi(2) - want.max(0.0)).abs();
                assert!(error < tol::FEW_TERMS * ends[2], "{n}: {found} {want}");
            }
            // Entries may have any shape.
            let cube = Array3::from_shape_fn((n, 2, 3), |(i, j, k)| samples[[i, 3 * j + k]]);
            assert_eq!(UnbiasedRms::of(cube.view()).unwrap(), size);
        }
    }

    /// For noise of size one around one in each entry, the square has no bias, and its error is the stated one.
    #[test]
    fn squares_have_no_bias_and_their_errors_are_right() {
        const REPEATS: usize = 4000;
        let (n, entries, mean) = (16, 8, 1.0_f64);
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let (mut squares, mut inside) = (Vec::new(), 0);
        for _ in 0..REPEATS {
            let samples = normal(&mut rng, (n, entries), mean);
            let size = UnbiasedRms::of(samples.view()).unwrap();
            squares.push(size.value.powi(2));
            inside += usize::from((size.low..=size.high).contains(&mean));
        }
        let count = REPEATS as f64;
        let found = squares.iter().sum::<f64>() / count;
        let variance = squares.iter().map(|s| (s - found).powi(2)).sum::<f64>() / (count - 1.0);
        let standard_error = (variance / count).sqrt();
        // The squares of means would be too large by 1/16.
        assert!(tol::deviations(standard_error) < 0.5 / n as f64);
        let square = mean.powi(2);
        assert!(
            (found - square).abs() < tol::deviations(standard_error),
            "{found}"
        );
        // The variance of a mean of pairs of normal samples.
        let pairs = (n * (n - 1)) as f64;
        let exact = (4.0 * square / n as f64 + 2.0 / pairs) / entries as f64;
        let relative = (2.0 / count).sqrt();
        assert!(
            (variance / exact - 1.0).abs() < tol::deviations(relative),
            "{variance} {exact}"
        );
        // Within two standard errors that are estimated from 16 samples: Student's distribution with 15 degrees of freedom.
        let (share, want) = (inside as f64 / count, 0.936_f64);
        let spread = (want * (1.0 - want) / count).sqrt();
        assert!((share - want).abs() < tol::deviations(spread), "{share}");
    }

    #[test]
    fn bad_samples_are_refused() {
        let refused = |samples: Array2<f64>| UnbiasedRms::of(samples.view()).unwrap_err();
        let few = refused(array![[1.0], [2.0]]);
        assert!(matches!(few, Error::InvalidValue { .. }), "{few}");
        let none = refused(Array2::zeros((4, 0)));
        assert!(matches!(none, Error::Empty { .. }), "{none}");
        match refused(array![[1.0], [2.0], [f64::NAN]]) {
            Error::NotFinite { index, .. } => assert_eq!(index, [2, 0]),
            other => panic!("{other}"),
        }
    }
}
