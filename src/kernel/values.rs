//! Values of kernels: pairs, matrices, and their error estimates.

use crate::numeric::larger;
use ndarray::Array2;

/// The precision of the arithmetic within a pair. Inputs and results are `f64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Precision {
    /// `f64`.
    #[default]
    Double,
    /// `f32` for the fibres of images and molecules, in a half to two thirds of the time of double precision. Kernel matrices have an
    /// error estimate from a sample of pairs in double precision. Networks on molecules with explicit features keep their products of features
    /// in double precision.
    Single,
}

/// A pair of kernel values.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct KernelPair {
    /// K, the covariance of the outputs at initialisation.
    pub nngp: f64,
    /// Θ, the neural tangent kernel.
    pub ntk: f64,
}

impl KernelPair {
    pub(crate) fn plus(self, other: KernelPair) -> KernelPair {
        KernelPair {
            nngp: self.nngp + other.nngp,
            ntk: self.ntk + other.ntk,
        }
    }

    pub(crate) fn scaled(self, factor: f64) -> KernelPair {
        KernelPair {
            nngp: factor * self.nngp,
            ntk: factor * self.ntk,
        }
    }

    /// The larger value of each kernel, or NaN if one value is NaN.
    pub(crate) fn max(self, other: KernelPair) -> KernelPair {
        KernelPair {
            nngp: larger(self.nngp, other.nngp),
            ntk: larger(self.ntk, other.ntk),
        }
    }

    /// The absolute difference of each kernel.
    pub(crate) fn distance(self, other: KernelPair) -> KernelPair {
        KernelPair {
            nngp: (self.nngp - other.nngp).abs(),
            ntk: (self.ntk - other.ntk).abs(),
        }
    }
}

/// The kernel matrices of the signals of one set (rows) with the signals of another set (columns).
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct KernelMatrices {
    /// Shape `[n1, n2]`, the covariance K of the outputs at initialisation.
    pub nngp: Array2<f64>,
    /// Shape `[n1, n2]`, the neural tangent kernel Θ.
    pub ntk: Array2<f64>,
    /// Estimates of the distance between the entries and the exact mean over the group.
    pub error: KernelError,
}

/// Error estimates of a [`KernelMatrices`].
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum KernelError {
    /// No quadrature was involved: the entries are exact to rounding.
    ///
    /// For activations with a kink or a jump, a rounding error of ε in a correlation near 1 becomes an error of √ε in an angle. For
    /// vectors the angle itself is therefore carried through the layers. In other spaces, signals (and patches of images) that are
    /// multiples of each other are recognised. Signals within an angle of 6e-8 count as multiples, which changes the NTK of a rectifier
    /// by at most 1e-8 of its value per activation (`docs/accuracy.md`).
    Exact,
    /// One estimate per entry: its change in the last refinement of the quadrature. This change is the error of the coarser quadrature,
    /// and usually several times the error of the entry.
    Entries {
        /// Absolute errors of K, shape `[n1, n2]`.
        nngp: Array2<f64>,
        /// Absolute errors of Θ, shape `[n1, n2]`.
        ntk: Array2<f64>,
    },
    /// The quadrature was fixed, or the precision was single. A sample of pairs was computed again with a finer quadrature, or in double
    /// precision; the largest change of an entry is the estimate.
    Sampled {
        /// The largest absolute change of each kernel.
        largest: KernelPair,
        /// Number of pairs in the sample.
        pairs: usize,
    },
}

impl KernelError {
    /// Returns the largest absolute error estimate of each kernel.
    ///
    /// The estimate is zero for [`KernelError::Exact`], and NaN if any estimate is NaN.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::kernel::KernelError;
    /// let (nngp, ntk) = (ndarray::array![[1e-9, 3e-9]], ndarray::array![[2e-9, f64::NAN]]);
    /// let largest = KernelError::Entries { nngp, ntk }.largest();
    /// assert!(largest.nngp == 3e-9 && largest.ntk.is_nan());
    /// ```
    pub fn largest(&self) -> KernelPair {
        match self {
            KernelError::Exact => KernelPair::default(),
            KernelError::Entries { nngp, ntk } => {
                let largest = |a: &Array2<f64>| a.iter().copied().fold(0.0, larger);
                KernelPair {
                    nngp: largest(nngp),
                    ntk: largest(ntk),
                }
            }
            KernelError::Sampled { largest, .. } => *largest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn the_largest_error_keeps_a_nan_wherever_it_stands() {
        for nngp in [
            array![[f64::NAN, 2.0, 1.0]],
            array![[1.0, f64::NAN, 2.0]],
            array![[1.0, 2.0, f64::NAN]],
        ] {
            let ntk = array![[1.0, 3.0, 2.0]];
            let largest = KernelError::Entries { nngp, ntk }.largest();
            assert!(largest.nngp.is_nan());
            assert_eq!(largest.ntk, 3.0);
        }
    }

    #[test]
    fn the_larger_pair_keeps_a_nan_of_either() {
        let pair = |nngp, ntk| KernelPair { nngp, ntk };
        let largest = pair(f64::NAN, 1.0).max(pair(2.0, f64::NAN));
        assert!(largest.nngp.is_nan() && largest.ntk.is_nan());
        assert_eq!(pair(1.0, 4.0).max(pair(3.0, 2.0)), pair(3.0, 4.0));
    }
}
