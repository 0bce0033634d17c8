//! Which layer makes the noise: the variance of a linear functional of the kernels, layer by layer.

use ndarray::{Array2, ArrayView2};

use crate::kernel::Signals;
use crate::network::Filter;
use crate::{Error, Result, check};

use super::at_width::KernelAtWidth;
use super::functional::{Block, contributions};
use super::layers::Step;
use super::tensors::FiniteSamples;

/// The contribution of one hidden layer to a variance.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LayerVariance {
    /// The contribution to first order in 1/n; the contributions of all hidden layers add up to the variance.
    pub variance: f64,
    /// The standard error of the contribution.
    pub standard_error: f64,
}

impl KernelAtWidth {
    /// Estimates the variance of a linear functional of the kernels of one network, hidden layer by hidden layer.
    ///
    /// The functional is $`\sum_{ab} \alpha_{ab} \hat K_{ab} + \beta_{ab} \hat\Theta_{ab}`$ of a network with one output, for instance a mean
    /// of a kernel, an entry, or a prediction to first order. No array of four indices is made. Signals are vectors, or functions or images
    /// on which a finite group acts, with local or global filters and a mean over the group.
    ///
    /// # Arguments
    /// * `nngp`, `ntk` — the weights α and β, shape `[m, m]` for m signals
    /// * `samples` — normal vectors per hidden layer, at least 40; the relative standard error is some $`2/\sqrt{\text{samples}}`$
    /// * `seed` — of the samples; equal seeds give equal results on any number of threads
    ///
    /// # Cost
    /// Per hidden layer $`M^2`$ expectations of pairs and, for each sample, O(M²) time, or O(M³) if β is not zero; M is the number of
    /// signals times the order of the group. Memory for some matrices of M².
    ///
    /// # Errors
    /// As [`gram`](Self::gram); [`Error::ShapeMismatch`] and [`Error::NotFinite`] for malformed weights, [`Error::InvalidValue`] for too few
    /// samples, [`Error::InvalidNetwork`] for a network on the sphere, or without a mean over its group.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::kernel::Kernel;
    /// use haarmonic::network::{Init, Network};
    /// use ndarray::{Array2, array};
    ///
    /// let init = Init::new(1.3, 0.2);
    /// let network = Network::vector(2)
    ///     .dense(init).activation(Activation::Erf)
    ///     .dense(init).activation(Activation::Erf)
    ///     .dense(init)
    ///     .build()?;
    /// let kernel = Kernel::new(&network)?.at_width(&[64, 64])?;
    /// let x = array![[1.0, 0.0]];
    /// let (alpha, beta) = (Array2::zeros((1, 1)), Array2::ones((1, 1)));
    /// let layers = kernel.variance_by_layer(x.view(), alpha.view(), beta.view(), 4000, 1)?;
    /// let exact = kernel.gram(x.view())?.ntk_std[[0, 0]].powi(2);
    /// let sum: f64 = layers.iter().map(|layer| layer.variance).sum();
    /// assert!(layers.len() == 2 && (sum / exact - 1.0).abs() < 0.1);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn variance_by_layer<'a>(
        &self,
        signals: impl Into<Signals<'a>>,
        nngp: ArrayView2<'_, f64>,
        ntk: ArrayView2<'_, f64>,
        samples: usize,
        seed: u64,
    ) -> Result<Vec<LayerVariance>> {
        const FEWEST: usize = 40;
        let signals = signals.into();
        self.kernel().prepare(signals)?;
        let m = signals.len();
        for (what, weights) in [("weights of the NNGP", nngp), ("weights of the NTK", ntk)] {
            check::shape(what, weights.shape(), &[m, m])?;
            check::finite(what, weights)?;
        }
        if samples < FEWEST {
            return Err(Error::invalid(
                "samples",
                samples,
                format!("at least {FEWEST}"),
            ));
        }
        self.by_layer(signals, [&nngp.to_owned(), &ntk.to_owned()], samples, seed)
    }

    /// [`variance_by_layer`](Self::variance_by_layer) for arguments that were checked.
    pub(super) fn by_layer(
        &self,
        signals: Signals<'_>,
        weights: [&Array2<f64>; 2],
        samples: usize,
        seed: u64,
    ) -> Result<Vec<LayerVariance>> {
        let set = FiniteSamples::new(self.kernel(), self.steps(), signals)?;
        let all: Vec<usize> = (0..signals.len()).collect();
        let first = set.first_covariance(&all);
        let (mut blocks, mut waiting) = (Vec::<Block<'_>>::new(), None);
        let mut pooled = set.order() == 1;
        for step in &self.steps().steps {
            match step {
                Step::Activation { joint, hidden, .. } => {
                    waiting = Some((&**joint, 1.0 / self.widths()[*hidden] as f64, 1));
                }
                Step::Linear(init, filter) => {
                    let (joint, share, pool) =
                        waiting.take().expect("an activation before each layer");
                    let moved = |filter: &Filter| set.moved(signals.len(), filter);
                    blocks.push(Block {
                        joint,
                        share,
                        init: *init,
                        filter: filter.as_ref().map(moved),
                        pool,
                    });
                }
                Step::Pool => {
                    // A mean of Gaussian features is a mean before the layer that made them.
                    match (&mut waiting, blocks.last_mut()) {
                        (Some((_, _, pool)), _) => *pool = set.order(),
                        (None, Some(block)) => block.pool = set.order(),
                        (None, None) => return Err(without_mean()),
                    }
                    pooled = true;
                }
            }
        }
        if !pooled {
            return Err(without_mean());
        }
        let found = contributions(&blocks, &first, weights, samples, seed)?;
        let layer = |[variance, standard_error]: [f64; 2]| LayerVariance {
            variance,
            standard_error,
        };
        Ok(found.into_iter().map(layer).collect())
    }
}

fn without_mean() -> Error {
    Error::network(
        None,
        "variances by layer of features over a group without a mean after an activation or a convolution",
        "add a group pooling there, or use `tensors`",
    )
}
