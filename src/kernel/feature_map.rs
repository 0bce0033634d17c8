//! Finite feature maps of kernels, handed out.

use ndarray::{Array2, ArrayView1, Ix2};

use crate::parallel::try_map;
use crate::{Error, Result, check, memory};

use super::evaluate::{Kernel, PreparedSignals};
use super::evaluator::{AnySignals, Features};
use super::set_products::{Side, classes, feature_count, write_features};
use super::sets::{Pairing, SetKernel, SignalSet};

/// The advice in errors about features that do not fit into memory.
const FEWER: &str = "use fewer signals at a time, or kernel matrices";

/// Features of signals, or of sets of signals, whose inner products are the kernels.
///
/// A network on the sphere with global filters whose activation before the pooling is a polynomial of degree 2 at most, and which has no
/// activation after the pooling, has finitely many features: power spectra of the signal for the activation's square, and the means of the
/// channels for its linear part. So has a network on molecules with one message; its features are sums over atoms, and a linear function of them
/// has forces ([`ntk_forces`](Self::ntk_forces)). [`Kernel::feature_map`] and [`SetKernel::feature_map`] return them.
///
/// Kernel matrices of such networks are computed from these features without being asked to. The features themselves serve linear models:
/// with fewer features than points, ridge regression in the features (`predict::FeatureRidge`) is cheaper than with kernel matrices.
///
/// # Examples
/// ```
/// use haarmonic::activation::Activation;
/// use haarmonic::kernel::Kernel;
/// use haarmonic::network::{Init, Network, SphereSampling};
/// use ndarray::Array4;
/// use num_complex::Complex64;
///
/// let network = Network::sphere(2, SphereSampling::Coefficients, 1)
///     .lifting(Init::new(1.0, 0.5))
///     .activation(Activation::Hermite { degree: 2 })
///     .group_pooling()
///     .build()?;
/// let mut signals = Array4::<Complex64>::zeros((3, 1, 2, 3));
/// for (n, mut signal) in signals.outer_iter_mut().enumerate() {
///     signal[[0, 0, 1]] = Complex64::new(1.0 + n as f64, 0.0);
///     signal[[0, 1, 1]] = Complex64::new(2.0 - n as f64, 0.0);
/// }
/// let kernel = Kernel::new(&network)?;
/// let prepared = kernel.prepare(signals.view())?;
/// let features = kernel.feature_map(&prepared)?.ntk()?;
/// let difference = features.dot(&features.t()) - kernel.gram_prepared(&prepared)?.ntk;
/// assert!(difference.iter().all(|d| d.abs() < 1e-12));
/// # Ok::<(), haarmonic::Error>(())
/// ```
pub struct FeatureMap<'a> {
    features: &'a dyn Features,
    signals: AnySignals,
    /// The sets; for single signals, one set per signal.
    sets: Vec<SignalSet>,
    classes: Vec<Option<u32>>,
    normalised: bool,
    /// The root of the variance of a bias, which is the last feature.
    bias: Option<f64>,
}

impl FeatureMap<'_> {
    /// Returns the number of features for K, the covariance of the outputs at initialisation.
    pub fn nngp_len(&self) -> usize {
        self.len(0)
    }

    /// Returns the number of features for Θ, the neural tangent kernel.
    pub fn ntk_len(&self) -> usize {
        self.len(1)
    }

    /// Computes the features for K, one row per signal or set.
    ///
    /// # Cost
    /// O(L² c²) time per signal for c channels and coefficients below degree L; 8 bytes per feature and row.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] if the features do not fit into memory.
    pub fn nngp(&self) -> Result<Array2<f64>> {
        self.matrix(0)
    }

    /// Computes the features for Θ, one row per signal or set.
    ///
    /// # Errors
    /// As [`nngp`](Self::nngp).
    pub fn ntk(&self) -> Result<Array2<f64>> {
        self.matrix(1)
    }

    /// Computes the forces of a function that is linear in the features for K: minus its derivatives in the positions of the atoms.
    ///
    /// # Arguments
    /// * `weights` — the factors of the features, such as a column of the weights of a
    ///   [`LinearModel`](crate::predict::LinearModel)
    ///
    /// Returns one array of shape `[atoms, 3]` per molecule, in the unit of the function per unit of length.
    ///
    /// # Cost
    /// About twice the time of the features.
    ///
    /// # Errors
    /// [`Error::InvalidNetwork`] unless the network is on molecules, [`Error::ShapeMismatch`] for another number of weights.
    pub fn nngp_forces(&self, weights: ArrayView1<'_, f64>) -> Result<Vec<Array2<f64>>> {
        self.forces(0, weights)
    }

    /// Computes the forces of a function that is linear in the features for Θ: minus its derivatives in the positions of the atoms.
    ///
    /// # Errors
    /// As [`nngp_forces`](Self::nngp_forces).
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::atoms::Atoms;
    /// use haarmonic::kernel::Kernel;
    /// use haarmonic::network::{Init, Message, Network};
    /// use haarmonic::predict::{LinearModel, Ridge};
    /// use ndarray::array;
    ///
    /// let network = Network::molecule(&[1])
    ///     .message(Message::gaussian(3.0, 0.3), Init::new(1.0, 0.5))
    ///     .activation(Activation::Hermite { degree: 2 })
    ///     .group_pooling()
    ///     .element_sum()
    ///     .dense(Init::default())
    ///     .build()?;
    /// let kernel = Kernel::new(&network)?;
    /// let at = |d: f64| Atoms::new(vec![1, 1], vec![[0.0; 3], [0.0, 0.0, d]]);
    /// let map = |atoms: &[Atoms]| kernel.prepare(atoms);
    /// // A bond with the energy (d − 0.75)².
    /// let lengths = [0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9];
    /// let train = lengths.map(|d| at(d).unwrap());
    /// let energies = ndarray::Array2::from_shape_fn((7, 1), |(n, _)| (lengths[n] - 0.75_f64).powi(2));
    /// let features = kernel.feature_map(&map(&train)?)?.ntk()?;
    /// let model = LinearModel::fit(features.view(), energies.view(), Ridge::Relative(1e-9))?;
    ///
    /// let stretched = map(&[at(0.85)?])?;
    /// let forces = kernel.feature_map(&stretched)?.ntk_forces(model.weights().column(0))?;
    /// // −2 (d − 0.75) on the second atom, and the opposite on the first.
    /// assert!((forces[0][[1, 2]] + 0.2).abs() < 0.01);
    /// assert!((forces[0][[0, 2]] + forces[0][[1, 2]]).abs() < 1e-12);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn ntk_forces(&self, weights: ArrayView1<'_, f64>) -> Result<Vec<Array2<f64>>> {
        self.forces(1, weights)
    }

    fn forces(&self, kind: usize, weights: ArrayView1<'_, f64>) -> Result<Vec<Array2<f64>>> {
        check::shape("weights", weights.shape(), &[self.len(kind)])?;
        check::finite("weights", weights.into_dyn())?;
        // The features of sets are sums with factors of their own.
        if self.normalised || self.bias.is_some() || self.classes != [None] {
            return Err(Error::invalid(
                "feature map",
                "that of sets of signals",
                "that of a network on molecules",
            ));
        }
        let mut factors = Vec::new();
        let mut start = 0;
        for term in self.features.terms() {
            let coefficient = term.coefficients[kind];
            if coefficient != 0.0 {
                let [count, len] = self.features.panels()[term.power];
                let end = start + count * len;
                let root = coefficient.sqrt();
                let of_term = (start..end).map(|n| root * weights[n]);
                factors.push((term.power, of_term.collect()));
                start = end;
            }
        }
        try_map(self.signals.len(), |row| {
            let slopes = self.features.pull(&self.signals, row, &factors)?;
            Ok(Array2::from_shape_fn(
                (slopes.len() / 3, 3),
                |(atom, axis)| -slopes[3 * atom + axis],
            ))
        })
    }

    fn len(&self, kind: usize) -> usize {
        let per_class = feature_count(self.features, kind);
        self.classes.len().saturating_mul(per_class) + usize::from(self.bias.is_some())
    }

    fn matrix(&self, kind: usize) -> Result<Array2<f64>> {
        let shape = Ix2(self.sets.len(), self.len(kind));
        let mut matrix = memory::zeros("features", shape, FEWER)?;
        let side = Side::new(self.features, &self.signals, &self.sets, self.normalised)?;
        write_features(self.features, &side, kind, &self.classes, &mut matrix);
        if let Some(bias) = self.bias {
            let last = self.len(kind) - 1;
            matrix.column_mut(last).fill(bias);
        }
        Ok(matrix)
    }
}

/// The features of a kernel.
fn features(kernel: &Kernel) -> Result<&dyn Features> {
    kernel.evaluator().features().ok_or_else(|| {
        Error::invalid(
            "network",
            "no finite feature map",
            "global filters on the sphere or one message on molecules, one activation that is a polynomial of degree 2 at most, and none after the pooling",
        )
    })
}

impl Kernel {
    /// Returns the finite feature map of prepared signals.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a network without a finite feature map, and for signals prepared for another network.
    ///
    /// # Examples
    /// An example is at [`FeatureMap`].
    pub fn feature_map(&self, signals: &PreparedSignals) -> Result<FeatureMap<'_>> {
        let signals = self.signals(signals)?.clone();
        let set = |first| SignalSet {
            first,
            labels: vec![0],
        };
        Ok(FeatureMap {
            features: features(self)?,
            sets: (0..signals.len()).map(set).collect(),
            signals,
            classes: vec![None],
            normalised: false,
            bias: None,
        })
    }
}

impl SetKernel {
    /// Returns the finite feature map of sets of signals.
    ///
    /// # Arguments
    /// * `signals` — the signals of all sets, prepared for the kernel of single signals
    /// * `sets` — one row of features per set
    /// * `pairing` — [`Pairing::All`] or [`Pairing::SameLabel`]
    /// * `labels` — for [`Pairing::SameLabel`], the labels whose features stand side by side; signals of other labels are left out. Sets
    ///   whose features are compared need equal lists
    ///
    /// # Errors
    /// As [`Kernel::feature_map`] and [`SetKernel::gram`]; [`Error::InvalidValue`] for [`Pairing::Index`].
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::kernel::{Kernel, Pairing, SetKernel, SignalSet};
    /// use haarmonic::network::{Init, Network, SphereSampling};
    /// use ndarray::Array4;
    /// use num_complex::Complex64;
    ///
    /// let network = Network::sphere(1, SphereSampling::Coefficients, 1)
    ///     .lifting(Init::default())
    ///     .activation(Activation::Monomial { degree: 2 })
    ///     .group_pooling()
    ///     .build()?;
    /// let kernel = SetKernel::new(Kernel::new(&network)?).with_bias(4.0)?;
    /// let signals = kernel.kernel().prepare(Array4::<Complex64>::ones((3, 1, 1, 1)).view())?;
    /// let sets = [
    ///     SignalSet { first: 0, labels: vec![1, 6] },
    ///     SignalSet { first: 2, labels: vec![6] },
    /// ];
    /// let features = kernel.feature_map(&signals, &sets, Pairing::SameLabel, &[1, 6])?.nngp()?;
    /// let gram = kernel.gram(&signals, &sets, &[Pairing::SameLabel])?.remove(0);
    /// let difference = features.dot(&features.t()) - gram.nngp;
    /// assert!(difference.iter().all(|d| d.abs() < 1e-12));
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn feature_map(
        &self,
        signals: &PreparedSignals,
        sets: &[SignalSet],
        pairing: Pairing,
        labels: &[u32],
    ) -> Result<FeatureMap<'_>> {
        self.check_sets(signals, sets)?;
        let classes = match pairing {
            Pairing::All => classes(pairing, [sets; 2]),
            Pairing::SameLabel => labels.iter().copied().map(Some).collect(),
            Pairing::Index => {
                return Err(Error::invalid(
                    "pairing",
                    "pairs by index",
                    "all pairs or pairs of equal labels, whose sums are products of sums",
                ));
            }
        };
        let bias = self.bias_variance();
        Ok(FeatureMap {
            features: features(self.kernel())?,
            signals: self.kernel().signals(signals)?.clone(),
            sets: sets.to_vec(),
            classes,
            normalised: self.is_normalised(),
            bias: (bias > 0.0).then(|| bias.sqrt()),
        })
    }
}
