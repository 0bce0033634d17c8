//! Averages of spectra over bins of degrees.

use crate::sphere::limits::check_band_limit;
use crate::{Error, Result, check};
use ndarray::aview1;
use std::ops::Range;

/// Bins of degrees, the weights of the degrees in a bin, and the shape of a spectrum in a bin.
///
/// A bandpower is the weighted mean $`B_q = \sum_{\ell \in q} p_\ell \, f_\ell \, C_\ell`$ with $`\sum_{\ell \in q} p_\ell = 1`$; the spectrum of
/// bandpowers is $`C_\ell = B_q / f_\ell`$. By default all degrees of a bin have equal weights, and f is 1: $`C_\ell`$ is flat in a bin.
///
/// # Examples
/// ```
/// use haarmonic::sphere::coupling::Binning;
/// let bins = Binning::new(12, &[2, 5, 9])?;                      // degrees 2 to 4 and 5 to 8
/// let spectrum: Vec<f64> = (0..12).map(f64::from).collect();
/// assert_eq!(bins.bin(&spectrum)?, [3.0, 6.5]);
/// assert_eq!(bins.expand(&[7.0, 8.0])?[4..6], [7.0, 8.0]);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Binning {
    pub(super) bins: Vec<Range<usize>>,
    /// For each degree $`p_\ell`$, zero outside of the bins.
    pub(super) weights: Vec<f64>,
    /// For each degree $`f_\ell`$.
    pub(super) shape: Vec<f64>,
}

impl Binning {
    /// Makes bins between edges, with equal weights in each.
    ///
    /// # Arguments
    /// * `band_limit` — L, the number of degrees of spectra
    /// * `edges` — bin q has the degrees from `edges[q]` to `edges[q + 1] - 1`; increasing, the last at most L. Degrees 0 and 1 belong to no bin of
    ///   polarisation, and usually to none of other spectra
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if the band limit is 0 or too large, there are fewer than two edges, or an edge is not above the one before or above L.
    pub fn new(band_limit: usize, edges: &[usize]) -> Result<Self> {
        check_band_limit(band_limit)?;
        if edges.len() < 2 {
            return Err(Error::invalid(
                "number of edges of bins",
                edges.len(),
                "2 or more",
            ));
        }
        for (i, pair) in edges.windows(2).enumerate() {
            if pair[1] <= pair[0] || pair[1] > band_limit {
                return Err(Error::invalid(
                    format!("edge {} of bins", i + 1),
                    pair[1],
                    format!("above {} and at most the band limit, {band_limit}", pair[0]),
                ));
            }
        }
        let bins = edges.windows(2).map(|pair| pair[0]..pair[1]).collect();
        let binning = Binning {
            bins,
            weights: Vec::new(),
            shape: vec![1.0; band_limit],
        };
        binning.with_weights(&vec![1.0; band_limit])
    }

    /// Replaces the weights of the degrees; in each bin they are divided by their sum.
    ///
    /// # Arguments
    /// * `weights` — length L, not negative; those outside of the bins are not used
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::NotFinite`], [`Error::InvalidValue`] for a negative weight or a bin whose weights are all zero.
    pub fn with_weights(mut self, weights: &[f64]) -> Result<Self> {
        let what = "weights of degrees";
        self.check(what, weights)?;
        self.weights = vec![0.0; weights.len()];
        for bin in &self.bins {
            for degree in bin.clone() {
                check::not_negative(&format!("weight of degree {degree}"), weights[degree])?;
            }
            let sum: f64 = weights[bin.clone()].iter().sum();
            check::positive(
                &format!(
                    "sum of the weights of degrees {} to {}",
                    bin.start,
                    bin.end - 1
                ),
                sum,
            )?;
            for degree in bin.clone() {
                self.weights[degree] = weights[degree] / sum;
            }
        }
        Ok(self)
    }

    /// Replaces the factors f, so that $`f_\ell C_\ell`$ is flat in a bin: $`\ell(\ell+1)/2\pi`$ for $`D_\ell`$.
    ///
    /// # Arguments
    /// * `shape` — length L, above zero in the bins
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`], [`Error::NotFinite`], [`Error::InvalidValue`] for a factor in a bin that is not above zero.
    pub fn with_shape(mut self, shape: &[f64]) -> Result<Self> {
        self.check("factors of degrees", shape)?;
        for degree in self.bins.iter().flat_map(Range::clone) {
            check::positive(&format!("factor of degree {degree}"), shape[degree])?;
        }
        self.shape = shape.to_vec();
        Ok(self)
    }

    /// Returns the band limit L (exclusive).
    pub fn band_limit(&self) -> usize {
        self.shape.len()
    }

    /// Returns the degrees of each bin.
    pub fn bins(&self) -> &[Range<usize>] {
        &self.bins
    }

    /// Returns the weighted mean degree of each bin, for plots.
    pub fn mean_degrees(&self) -> Vec<f64> {
        self.means(|degree| degree as f64)
    }

    /// Computes the bandpowers of a spectrum.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if its length is not L, [`Error::NotFinite`].
    pub fn bin(&self, spectrum: &[f64]) -> Result<Vec<f64>> {
        self.check("spectrum", spectrum)?;
        Ok(self.means(|degree| self.shape[degree] * spectrum[degree]))
    }

    /// Returns the spectrum of length L that has these bandpowers and the shape of the bins; zero outside of the bins.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if there is not one number per bin, [`Error::NotFinite`].
    pub fn expand(&self, bandpowers: &[f64]) -> Result<Vec<f64>> {
        check::shape("bandpowers", &[bandpowers.len()], &[self.bins.len()])?;
        check::finite("bandpowers", aview1(bandpowers))?;
        let mut spectrum = vec![0.0; self.band_limit()];
        for (bin, power) in self.bins.iter().zip(bandpowers) {
            for degree in bin.clone() {
                spectrum[degree] = power / self.shape[degree];
            }
        }
        Ok(spectrum)
    }

    fn means(&self, value: impl Fn(usize) -> f64) -> Vec<f64> {
        let mean = |bin: &Range<usize>| bin.clone().map(|l| self.weights[l] * value(l)).sum();
        self.bins.iter().map(mean).collect()
    }

    fn check(&self, what: &str, spectrum: &[f64]) -> Result<()> {
        check::shape(what, &[spectrum.len()], &[self.band_limit()])?;
        check::finite(what, aview1(spectrum))
    }
}
