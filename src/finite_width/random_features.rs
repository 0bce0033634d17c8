//! Random features: gradients and last features of networks with one activation, whose kernels have no bias at any width.

use std::ops::Range;

use candle_core::{DType, Tensor};
use ndarray::{Array2, ArrayView2, Axis};

use crate::kernel::Signals;
use crate::network::{InputSpace, Layer, Network};
use crate::parallel::try_map;
use crate::predict::{KernelKind, SignalFeatures};
use crate::{Error, Result};

use super::backend::{Backend, matrix};
use super::derivatives::derivatives;
use super::empirical::{Estimate, Moments};
use super::{FiniteNetwork, Width};

/// Random features φ of vectors or images with $`\mathbb E[\varphi(x) \cdot \varphi(x')] = K(x, x')`$, or Θ(x, x'), without bias.
///
/// The features come from independent networks of finite width with one activation function. Each network is a block of features, and the
/// spread of the blocks estimates the error of a kernel.
///
/// * NNGP: the channels v of the last layer, times σw/√width, and σb.
/// * NTK: the gradient of the output in all parameters.
///
/// # Why there is no bias
/// The first layer is linear in independent Gaussian weights. Its channels $`u_i`$ are therefore independent Gaussian processes with the
/// covariance of the infinite network, at every width. With the last weights $`v_i`$, also independent of the first layer and of unit variance,
/// ```math
/// \mathbb E \frac{\sigma_w^2}{n} \sum_i \varphi(u_i) \varphi(u_i') = \sigma_w^2 \, \mathbb E[\varphi(u) \varphi(u')] , \qquad
/// \mathbb E \frac{\sigma_w^2}{n} \sum_i v_i^2 \, \varphi'(u_i) \varphi'(u_i') \, \partial u_i \cdot \partial u_i'
/// = \sigma_w^2 \, \mathbb E[\varphi'(u) \varphi'(u')] \, \Theta_1 ,
/// ```
/// and poolings are linear. With a second activation the covariance of its arguments is itself random, and both kernels have a bias of the order of
/// 1/width (`corrections`); such networks are refused. The relative error of a kernel falls as one over the root of the number of channels in all blocks.
///
/// # Examples
/// ```
/// use haarmonic::activation::Activation;
/// use haarmonic::finite_width::RandomFeatures;
/// use haarmonic::kernel::Kernel;
/// use haarmonic::network::{Init, Network};
/// use haarmonic::predict::KernelKind;
/// use ndarray::array;
///
/// let network = Network::vector(2).dense(Init::default()).activation(Activation::Relu).dense(Init::default()).build()?;
/// let features = RandomFeatures::new(&network, KernelKind::Nngp, 64, 0..32)?;
/// let x = array![[1.0, 1.0], [1.0, -0.5]];
/// let phi = features.features(x.view())?;
/// assert_eq!(phi.dim(), (2, 32 * 64));
/// let (estimate, exact) = (features.estimate(x.view())?, Kernel::new(&network)?.gram(x.view())?.nngp);
/// assert!((phi.dot(&phi.t()) - &estimate.mean).iter().all(|d| d.abs() < 1e-12));
/// let off = (&estimate.mean - &exact) / &estimate.standard_error;
/// assert!(off.iter().all(|errors| errors.abs() < 4.0));
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// RahimiRecht07; Jacot18.
#[derive(Debug, Clone)]
pub struct RandomFeatures {
    network: FiniteNetwork,
    kind: KernelKind,
    seeds: Range<u64>,
}

impl RandomFeatures {
    /// Makes features for a network on vectors or images.
    ///
    /// # Arguments
    /// * `network` — one activation, and a dense layer at the end
    /// * `width` — channels of each block
    /// * `seeds` — one per block; at least two for an error
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for another network or fewer than two blocks; the errors of [`FiniteNetwork::new`].
    pub fn new(
        network: &Network,
        kind: KernelKind,
        width: usize,
        seeds: Range<u64>,
    ) -> Result<RandomFeatures> {
        let refused = |found: String| {
            Err(Error::invalid(
                "network of random features",
                found,
                "vectors or images, one activation, and a dense layer at the end",
            ))
        };
        if !matches!(
            network.input(),
            InputSpace::Vector { .. } | InputSpace::Plane { .. }
        ) {
            return refused("another input space".into());
        }
        let layers = network.layers();
        let is_activation = |layer: &&Layer| matches!(layer, Layer::Activation(_));
        let others = |layer: &Layer| matches!(layer, Layer::Residual { .. } | Layer::Normalisation);
        let count = layers.iter().filter(is_activation).count();
        if count != 1 || layers.iter().any(others) {
            return refused(format!(
                "{count} activations, or a residual sum or a normalisation"
            ));
        }
        if !matches!(layers.last(), Some(Layer::Dense(_))) {
            return refused("another last layer".into());
        }
        if seeds.end.saturating_sub(seeds.start) < 2 {
            return Err(Error::invalid(
                "blocks of random features",
                seeds.end.saturating_sub(seeds.start),
                "at least 2, for an error",
            ));
        }
        let network = FiniteNetwork::new(network, Width::new(width, 1), seeds.start, DType::F64)?;
        Ok(RandomFeatures {
            network,
            kind,
            seeds,
        })
    }

    /// Returns the network whose kernel the features estimate.
    pub fn network(&self) -> &Network {
        self.network.network()
    }

    /// The number of blocks.
    fn blocks(&self) -> usize {
        (self.seeds.end - self.seeds.start) as usize
    }

    /// Computes the features, shape `[n, features]`, on all threads.
    ///
    /// For K there are width features per block and, with a bias, one more; for Θ as many as the network has parameters.
    ///
    /// # Errors
    /// The errors of [`FiniteNetwork::prepare`] and [`FiniteNetwork::forward`].
    pub fn features<'a>(&self, signals: impl Into<Signals<'a>>) -> Result<Array2<f64>> {
        let inputs = self.network.prepare(signals)?;
        self.of_inputs(&inputs)
    }

    fn of_inputs(&self, inputs: &Tensor) -> Result<Array2<f64>> {
        let blocks = try_map(self.blocks(), |block| self.block(block, inputs))?;
        let scale = 1.0 / (self.blocks() as f64).sqrt();
        let views: Vec<ArrayView2<'_, f64>> = blocks.iter().map(|block| block.view()).collect();
        let all = ndarray::concatenate(Axis(1), &views).expect("blocks of equal height");
        Ok(all * scale)
    }

    /// The features of one network.
    fn block(&self, block: usize, inputs: &Tensor) -> Result<Array2<f64>> {
        let network = self
            .network
            .reinitialised(self.seeds.start + block as u64)?;
        match self.kind {
            KernelKind::Ntk => matrix(&derivatives(&network, inputs)?[0]),
            KernelKind::Nngp => {
                let last = network.last_features(inputs)?;
                let (features, [weight, bias]) = last.expect("a dense layer at the end");
                let features = matrix(&features)?;
                let (rows, width) = features.dim();
                let columns = width + usize::from(bias > 0.0);
                let scale = (weight / width as f64).sqrt();
                Ok(Array2::from_shape_fn((rows, columns), |(i, j)| {
                    if j < width {
                        scale * features[[i, j]]
                    } else {
                        bias.sqrt()
                    }
                }))
            }
        }
    }

    /// Estimates the kernel of some signals with each other, and the standard error of each entry from the spread of the blocks.
    ///
    /// # Errors
    /// As [`features`](Self::features).
    pub fn estimate<'a>(&self, signals: impl Into<Signals<'a>>) -> Result<Estimate> {
        let inputs = self.network.prepare(signals)?;
        let grams = try_map(self.blocks(), |block| {
            let phi = self.block(block, &inputs)?;
            Ok(phi.dot(&phi.t()))
        })?;
        let mut moments = Moments::default();
        grams.iter().for_each(|gram| moments.push(gram));
        Ok(moments.finish())
    }

    /// Returns the largest standard error of a kernel among the first few signals, relative to the largest kernel of a signal with itself.
    ///
    /// # Errors
    /// As [`features`](Self::features).
    pub fn relative_error<'a>(&self, signals: impl Into<Signals<'a>>) -> Result<f64> {
        const FEW: usize = 16;
        let signals = signals.into();
        let found = self.estimate(signals.range(0..FEW.min(signals.len())))?;
        let largest =
            |values: &mut dyn Iterator<Item = &f64>| values.fold(0.0, |m: f64, v| m.max(*v));
        let size = largest(&mut found.mean.diag().iter());
        Ok(largest(&mut found.standard_error.iter()) / size.max(f64::MIN_POSITIVE))
    }

    /// Returns the features of some signals for a regression, which computes them in pieces.
    ///
    /// # Errors
    /// The errors of [`FiniteNetwork::prepare`].
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::finite_width::RandomFeatures;
    /// use haarmonic::network::{Init, Network};
    /// use haarmonic::predict::{KernelKind, Regression, Ridge};
    /// use ndarray::Array2;
    ///
    /// let network = Network::vector(1).dense(Init::new(1.4, 0.5)).activation(Activation::Relu).dense(Init::default()).build()?;
    /// let features = RandomFeatures::new(&network, KernelKind::Nngp, 32, 0..4)?;
    /// let x = Array2::from_shape_fn((300, 1), |(i, _)| 0.01 * i as f64);
    /// let models = Regression::new().fit_features(&features.of(x.view())?, x.view(), &[Ridge::Relative(1e-6)])?;
    /// let found = models[0].predict(features.features(x.view())?.view())?;
    /// assert!((&found - &x).iter().all(|d| d.abs() < 0.01));
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn of<'a>(&self, signals: impl Into<Signals<'a>>) -> Result<RandomFeaturesOf<'_>> {
        Ok(RandomFeaturesOf {
            features: self,
            inputs: self.network.prepare(signals)?,
        })
    }
}

/// Random features of some signals; from [`RandomFeatures::of`].
#[derive(Debug)]
pub struct RandomFeaturesOf<'a> {
    features: &'a RandomFeatures,
    inputs: Tensor,
}

impl SignalFeatures for RandomFeaturesOf<'_> {
    fn name(&self) -> &'static str {
        "random-features"
    }

    fn points(&self) -> usize {
        self.inputs.dims()[0]
    }

    fn rows(&self, rows: Range<usize>) -> Result<Array2<f64>> {
        let some = self.inputs.narrow(0, rows.start, rows.len()).backend()?;
        self.features.of_inputs(&some)
    }
}
