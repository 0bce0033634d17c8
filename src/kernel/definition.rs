//! The kernels by their definition, for any finite group: one entry per pair of group elements.

use std::fmt::Debug;

use ndarray::{Array2, ArrayView3, Axis};

use crate::activation::{Activation, Variance};
use crate::check;
use crate::group::{Action, FiniteAction, FiniteGroup};
use crate::network::{Filter, Init, Layer};
use crate::{Error, Result};

use super::values::{KernelError, KernelMatrices};

/// The kernels of a network over any finite group, by their definition.
///
/// `Definition` is the reference for [`Kernel`](super::Kernel), and the shortest way to kernels of a user's own group. For signals
/// f, f' and each pair of group elements g, g' it computes one entry of K and one of Θ, layer after layer:
///
/// ```math
/// \begin{aligned}
/// \text{lifting} \quad & K = \sigma_w^2 \operatorname{mean}_{x \in S} \tfrac1c \textstyle\sum_c f_c(g x) f'_c(g' x) + \sigma_b^2 , && \Theta = K \\
/// \text{convolution} \quad & K \leftarrow \sigma_w^2 \operatorname{mean}_{h \in S} K_{gh, g'h} + \sigma_b^2 , && \Theta \leftarrow K + \sigma_w^2 \operatorname{mean}_{h \in S} \Theta_{gh, g'h} \\
/// \text{activation} \quad & K \leftarrow E[\sigma(u) \sigma(v)] , && \Theta \leftarrow E[\sigma'(u) \sigma'(v)] \, \Theta \\
/// \text{pooling} \quad & K \leftarrow \operatorname{mean}_{g, g'} K_{g, g'} , && \Theta \leftarrow \operatorname{mean}_{g, g'} \Theta_{g, g'} \\
/// \text{dense} \quad & K \leftarrow \sigma_w^2 K + \sigma_b^2 , && \Theta \leftarrow K + \sigma_w^2 \Theta
/// \end{aligned}
/// ```
/// where (u, v) is Gaussian with the variances $`K_{g,g}(f,f)`$ and $`K_{g',g'}(f',f')`$ and the covariance $`K_{g,g'}(f,f')`$. On the
/// right-hand side of Θ, K is the new one. The kernels of a residual sum are the sums of the kernels of its branches. Every entry is
/// computed separately; only the expectations of activations come from [`Activation`].
///
/// The group acts on the points on which signals are functions. Filters list the numbers of points and elements
/// ([`Filter::Subset`]), or cover all of them ([`Filter::Global`]). [`Kernel`](super::Kernel) computes these kernels faster, for
/// [`Network::finite`](crate::network::Network::finite) on a [`FiniteAction`].
///
/// # Examples
/// ```
/// use haarmonic::activation::Activation;
/// use haarmonic::group::{FiniteAction, PeriodicRotoTranslation, PointGroup};
/// use haarmonic::kernel::{Definition, Kernel};
/// use haarmonic::network::{Network, Init, Filter};
/// use ndarray::Array3;
///
/// // Quarter turns and translations of a periodic image; filters on a pixel and its right neighbour, or on the pixel.
/// let group = PeriodicRotoTranslation::new(PointGroup::C4, 3, 3)?;
/// let pixels: Vec<[usize; 2]> = (0..9).map(|x| [x / 3, x % 3]).collect();
/// let network = Network::finite(FiniteAction::from_action(&group, &pixels)?, 1)
///     .lifting(Filter::subset(&[0, 1]), Init::new(1.3, 0.2))
///     .activation(Activation::Relu)
///     .group_convolution(Filter::subset(&[0, 1, 2, 3]), Init::default())
///     .group_pooling()
///     .build()?;
/// let signals = Array3::from_shape_fn((2, 9, 1), |(i, x, _)| ((3 * i + x) as f64).sin());
/// let reference = Definition::new(&group, &pixels, network.layers())?.gram(signals.view())?;
/// let fast = Kernel::new(&network)?.gram(signals.view())?;
/// assert!((reference.ntk[[0, 1]] - fast.ntk[[0, 1]]).abs() < 1e-14);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// Misof25; the recursions of `docs/theory.md`, section 2.
#[derive(Debug, Clone)]
pub struct Definition<'a> {
    action: FiniteAction,
    layers: &'a [Layer],
}

/// K and Θ of every feature with every other; a feature is a signal at a group element or, after the pooling, a signal.
#[derive(Clone)]
struct Covariances {
    /// Number of features per signal: the order of the group, or 1 after pooling. Feature g of signal i has the number
    /// i · `elements` + g.
    elements: usize,
    /// Whether the last layer was an activation, so that features are not Gaussian.
    activated: bool,
    nngp: Array2<f64>,
    ntk: Array2<f64>,
}

impl Covariances {
    /// Both kernels after a layer with weights: σw² times the means over its filter, plus σb², and Θ as in the table.
    fn weighted(self, init: Init) -> Covariances {
        let (weight, bias) = (init.weight_std.powi(2), init.bias_std.powi(2));
        let nngp = self.nngp * weight + bias;
        Covariances {
            ntk: &nngp + self.ntk * weight,
            nngp,
            activated: false,
            ..self
        }
    }

    /// Applies a function to each of the two kernels.
    fn map(self, elements: usize, each: impl Fn(&Array2<f64>) -> Array2<f64>) -> Covariances {
        Covariances {
            elements,
            nngp: each(&self.nngp),
            ntk: each(&self.ntk),
            ..self
        }
    }
}

impl<'a> Definition<'a> {
    /// Tabulates the group and its action, and checks their laws.
    ///
    /// # Arguments
    /// * `points` — the points at which signals have values: at least one, all different; the group must permute them
    /// * `layers` — a lifting, layers over the group, a pooling, and layers after the pooling, for instance
    ///   [`Network::layers`](crate::network::Network::layers)
    ///
    /// # Errors
    /// As [`FiniteAction::from_action`].
    pub fn new<X, G>(group: &G, points: &[X], layers: &'a [Layer]) -> Result<Self>
    where
        G: FiniteGroup + Action<X>,
        X: PartialEq + Debug,
    {
        let action = FiniteAction::from_action(group, points)?;
        Ok(Definition { action, layers })
    }

    /// Computes both kernel matrices of a set of signals with itself.
    ///
    /// # Arguments
    /// * `signals` — shape `[n, points, channels]`
    ///
    /// # Cost and accuracy
    /// For n signals and a group of order |G|, memory for 2 (n |G|)² pairs of kernels, 16 bytes each. A layer with a filter on m
    /// elements takes O(m (n |G|)²) time. The kernels are exact to rounding, up to the kinks of activations ([`KernelError::Exact`]).
    ///
    /// # Errors
    /// * [`Error::ShapeMismatch`], [`Error::Empty`] or [`Error::NotFinite`] for malformed signals
    /// * [`Error::InvalidNetwork`] if a layer does not fit the one before, or is not for finite groups
    /// * [`Error::InvalidValue`] if a filter covers a point or an element that does not exist
    pub fn gram(&self, signals: ArrayView3<'_, f64>) -> Result<KernelMatrices> {
        let (n, points, channels) = signals.dim();
        let expected = self.action.points();
        if points != expected {
            let expected = format!("[n, {expected}, channels]");
            return Err(Error::shape("signals", expected, [n, points, channels]));
        }
        check::not_empty("signals", signals.len())?;
        check::finite("signals", signals)?;
        let Some((Layer::Lifting { filter, init, .. }, layers)) = self.layers.split_first() else {
            return Err(Error::network(
                Some(0),
                "the first layer is no `lifting`",
                "begin with one",
            ));
        };
        let mut outputs = self.lift(filter, *init, signals)?;
        for (index, layer) in layers.iter().enumerate() {
            outputs = self.apply(index + 1, layer, outputs)?;
        }
        if outputs.elements != 1 {
            return Err(Error::network(
                None,
                "the outputs are functions on the group, a kernel needs numbers",
                "add a `group-pooling` layer",
            ));
        }
        Ok(KernelMatrices {
            nngp: outputs.nngp,
            ntk: outputs.ntk,
            error: KernelError::Exact,
        })
    }

    /// Both kernels after the lifting, whose Θ is K.
    fn lift(
        &self,
        filter: &Filter,
        init: Init,
        signals: ArrayView3<'_, f64>,
    ) -> Result<Covariances> {
        let (n, points, channels) = signals.dim();
        let (filter, order) = (covered(0, filter, points)?, self.action.order());
        check_init(init)?;
        let value = |feature: usize, x: usize| {
            let signal = signals.index_axis_move(Axis(0), feature / order);
            signal.index_axis_move(Axis(0), self.action.image(feature % order, x))
        };
        let nngp = Array2::from_shape_fn((n * order, n * order), |(a, b)| {
            let products = filter.iter().map(|&x| value(a, x).dot(&value(b, x)));
            products.sum::<f64>() / (filter.len() * channels) as f64
        });
        Ok(Covariances {
            elements: order,
            activated: false,
            ntk: Array2::zeros(nngp.dim()),
            nngp,
        }
        .weighted(init))
    }

    /// Both kernels after a layer; `index` is its number in messages.
    fn apply(&self, index: usize, layer: &Layer, before: Covariances) -> Result<Covariances> {
        let wrong = |problem: &str, change: &str| Err(Error::network(Some(index), problem, change));
        let order = self.action.order();
        match layer {
            Layer::GroupConvolution { filter, init } => {
                if before.elements != order {
                    return wrong("features are no functions on the group", "use `dense`");
                }
                let filter = covered(index, filter, order)?;
                check_init(*init)?;
                let group = self.action.group();
                let moved = |a: usize, h: usize| a / order * order + group.product(a % order, h);
                let averaged = before.map(order, |k| {
                    Array2::from_shape_fn(k.dim(), |(a, b)| {
                        let moved = filter.iter().map(|&h| k[[moved(a, h), moved(b, h)]]);
                        moved.sum::<f64>() / filter.len() as f64
                    })
                });
                Ok(averaged.weighted(*init))
            }
            Layer::Dense(init) => {
                check_init(*init)?;
                Ok(before.weighted(*init))
            }
            Layer::Activation(_) if before.activated => wrong(
                "an activation of features that are not Gaussian",
                "put a layer with weights before it",
            ),
            Layer::Activation(activation) => activated(activation, before),
            Layer::GroupPooling => {
                let (n, e) = (before.nngp.nrows() / before.elements, before.elements);
                Ok(before.map(1, |k| {
                    let blocks = k.exact_chunks((e, e)).into_iter();
                    let means = blocks.map(|block| block.sum() / (e * e) as f64);
                    Array2::from_shape_vec((n, n), means.collect()).expect("a block per pair")
                }))
            }
            Layer::Residual { branch, shortcut } => {
                let run = |layers: &[Layer], start: Covariances| {
                    let mut layers = layers.iter();
                    layers.try_fold(start, |k, layer| self.apply(index, layer, k))
                };
                let (branch, shortcut) = (run(branch, before.clone())?, run(shortcut, before)?);
                if branch.elements != shortcut.elements {
                    return wrong("branches that differ in what they hand on", "pool both");
                }
                Ok(Covariances {
                    nngp: branch.nngp + shortcut.nngp,
                    ntk: branch.ntk + shortcut.ntk,
                    activated: branch.activated || shortcut.activated,
                    ..shortcut
                })
            }
            Layer::Normalisation => {
                let was_activated = before.activated;
                Ok(Covariances {
                    activated: was_activated,
                    ..activated(&Activation::Normalisation, before)?
                })
            }
            _ => wrong(
                &format!("a `{}` of features over a finite group", layer.kind()),
                "remove it",
            ),
        }
    }
}

/// The numbers of the points or elements that a filter covers.
fn covered(index: usize, filter: &Filter, count: usize) -> Result<Vec<usize>> {
    match filter {
        Filter::Global => Ok((0..count).collect()),
        Filter::Subset(numbers) => {
            check::not_empty("filter", numbers.len())?;
            match numbers.iter().find(|&&number| number >= count) {
                None => Ok(numbers.to_vec()),
                Some(&number) => Err(Error::invalid(
                    "point or element of a filter",
                    number,
                    format!("a number below {count}"),
                )),
            }
        }
        _ => Err(Error::network(
            Some(index),
            "a filter that is not for finite groups",
            "give the numbers of the points or elements that it covers",
        )),
    }
}

fn check_init(init: Init) -> Result<()> {
    check::positive("weight_std", init.weight_std)?;
    check::not_negative("bias_std", init.bias_std)
}

/// Both kernels after an activation, row by row: the variance of a row is a constant, the variances of the columns are the diagonal.
fn activated(activation: &Activation, before: Covariances) -> Result<Covariances> {
    let variances = before.nngp.diag().to_vec();
    let mut after = Covariances {
        activated: true,
        ..before
    };
    let rows = after.nngp.outer_iter_mut().zip(after.ntk.outer_iter_mut());
    for ((mut nngp, mut ntk), &own) in rows.zip(&variances) {
        let nngp = nngp.as_slice_mut().expect("rows of a matrix of its own");
        let variances = (Variance::Constant(own), Variance::Field(&variances[..]));
        activation.apply(variances.0, variances.1, nngp, ntk.as_slice_mut())?;
    }
    Ok(after)
}
