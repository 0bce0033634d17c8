//! The kernels of a network: preparation of inputs, and kernel matrices.

use std::ops::Range;
use std::sync::Arc;

use crate::group::Rotation;
use crate::network::{InputSpace, Layer, Network, Outputs};
use crate::progress::{Counter, Progress};
use crate::{Error, Result};

use super::evaluator::{AnySignals, Evaluator};
use super::signals::{Inputs, Places, Signals};
use super::sphere_local::Limits;
use super::values::{KernelMatrices, Precision};
use super::{
    finite, graph, matrix, molecule, plane, sphere_global, sphere_local, sphere_moments, vector,
};

/// The NNGP and the NTK of an infinitely wide network.
///
/// Each input is prepared once ([`prepare`](Self::prepare)). Pairs of prepared inputs are evaluated independently of each other. A
/// kernel value therefore depends neither on the number of threads nor on the other entries of the matrix.
///
/// # Accuracy
/// Kernels on the sphere contain a mean over SO(3). With a tolerance
/// ([`Quadrature::Tolerance`](crate::network::Quadrature::Tolerance)) the quadrature is refined for
/// each pair until the relative change of the kernels is below the tolerance. The change is relative to the kernel, or to a tenth of
/// $`\sqrt{K_e(f,f) K_e(f',f')}`$ if the kernel is smaller, where $`K_e`$ is the kernel at r = e. The last change is returned as the
/// error estimate of the entry; see `docs/theory.md`.
///
/// # Examples
/// ```
/// use haarmonic::activation::Activation;
/// use haarmonic::kernel::Kernel;
/// use haarmonic::network::{Network, Init};
/// use ndarray::array;
///
/// let network = Network::vector(2)
///     .dense(Init::default())
///     .activation(Activation::Relu)
///     .dense(Init::default())
///     .build()?;
/// let x = array![[1.0, 1.0], [1.0, -1.0]];
/// let gram = Kernel::new(&network)?.gram(x.view())?;
/// // E[relu(u)²] = 1/2 for unit variance, and 1/(2π) at correlation zero.
/// assert!((gram.nngp[[0, 0]] - 0.5).abs() < 1e-15);
/// assert!((gram.nngp[[0, 1]] - 0.5 / std::f64::consts::PI).abs() < 1e-15);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Clone)]
pub struct Kernel {
    network: Arc<Network>,
    precision: Precision,
    evaluator: Arc<dyn Evaluator>,
    progress: Option<Progress>,
}

/// Signals prepared for one network, for use in any number of kernel matrices.
#[derive(Clone)]
pub struct PreparedSignals {
    network: Arc<Network>,
    signals: AnySignals,
    rows: usize,
    /// Whether the signals were given by their samples on a grid.
    pub(super) is_sampled: bool,
    /// Where features are read.
    pub(super) places: Arc<Places>,
}

impl PreparedSignals {
    /// Returns the number of rows of a kernel matrix: the number of signals times the number of places where features are read, or the number
    /// of nodes of all graphs for outputs at the nodes.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// The signals of some rows. Outputs at the nodes of graphs have other rows.
    pub(crate) fn part(&self, rows: Range<usize>) -> PreparedSignals {
        PreparedSignals {
            rows: rows.len(),
            signals: self.signals.part(rows),
            ..self.clone()
        }
    }

    /// Returns whether there is no signal; always false, since [`Kernel::prepare`] refuses empty sets.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Kernel {
    /// Makes the kernel of a network.
    ///
    /// # Errors
    /// * [`Error::InvalidValue`](crate::Error::InvalidValue) — the tables of the quadrature cannot be built
    /// * [`Error::InvalidNetwork`] — an activation between a partial pooling and the group pooling
    pub fn new(network: &Network) -> Result<Self> {
        Self::with_limits(network, Limits::default())
    }

    /// Makes the kernel of a network, with limits for the refinement of pairs of signals on the sphere with local filters.
    ///
    /// A pair whose tolerance needs more than `limits` allow leads to [`Error::NotConverged`].
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_limits(network: &Network, limits: Limits) -> Result<Self> {
        check_poolings(network.layers())?;
        let precision = Precision::default();
        Ok(Kernel {
            evaluator: evaluator(network, precision, limits)?,
            network: Arc::new(network.clone()),
            precision,
            progress: None,
        })
    }

    /// Returns this kernel with another precision of the arithmetic within a pair.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for single precision and inputs that are neither images nor molecules, and for molecules with a quadrature that is
    /// refined to a tolerance.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::group::PointGroup;
    /// use haarmonic::kernel::{Kernel, Precision};
    /// use haarmonic::network::{Network, Padding, Init, Filter};
    ///
    /// let network = Network::plane(4, 4, 1)
    ///     .lifting(PointGroup::C4, Filter::window(3, Padding::Same), Init::default())
    ///     .activation(Activation::Relu)
    ///     .group_pooling()
    ///     .build()?;
    /// let images = ndarray::Array4::from_shape_fn((2, 4, 4, 1), |(n, y, x, _)| (n + y * x) as f64);
    /// let exact = Kernel::new(&network)?.gram(images.view())?;
    /// let fast = Kernel::new(&network)?.with_precision(Precision::Single)?.gram(images.view())?;
    /// assert!((fast.ntk[[0, 1]] / exact.ntk[[0, 1]] - 1.0).abs() < 1e-5);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn with_precision(mut self, precision: Precision) -> Result<Self> {
        if precision != self.precision {
            // Limits concern signals on the sphere, which are computed in double precision only.
            self.evaluator = evaluator(&self.network, precision, Limits::default())?;
            self.precision = precision;
        }
        Ok(self)
    }

    /// Returns the precision of the arithmetic within a pair.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Sets a listener that receives the progress of kernel matrices and may end their computation early.
    pub fn with_progress(mut self, progress: Progress) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Returns the network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    pub(super) fn evaluator(&self) -> &dyn Evaluator {
        &*self.evaluator
    }

    pub(crate) fn counter(&self, total: usize) -> Counter<'_> {
        Counter::new(total, self.progress.as_ref())
    }

    /// The kernel without its listener, for a part of a longer computation.
    pub(crate) fn without_progress(&self) -> Kernel {
        Kernel {
            progress: None,
            ..self.clone()
        }
    }

    /// Prepares signals: computes the coefficients of each signal, and its variance before each activation.
    ///
    /// A network with outputs at P places has P rows per signal, signal after signal.
    ///
    /// # Errors
    /// * [`Error::ShapeMismatch`] — the signals are not of the network's input space
    /// * [`Error::NotFinite`] — a value is NaN or infinite
    /// * [`Error::Empty`] — there are no signals
    /// * [`Error::InvalidValue`] — coefficients on the sphere do not belong to a real signal
    /// * [`Error::InInput`] — the squares of a signal, or its kernel with itself, leave the range of numbers
    pub fn prepare<'a>(&self, signals: impl Into<Signals<'a>>) -> Result<PreparedSignals> {
        self.prepare_at_places(
            signals.into(),
            Places::of_outputs(&self.network, self.network.outputs())?,
        )
    }

    /// Prepares signals like [`prepare`](Self::prepare), with the given outputs instead of the outputs of the network.
    ///
    /// Predictions at places other than the places of training need it.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare); [`Error::InvalidNetwork`] if the features are not functions on the space of the outputs,
    /// [`Error::InvalidValue`] for angles out of range.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::kernel::Kernel;
    /// use haarmonic::network::{Network, Outputs, Init, SphereSampling, Filter};
    /// use ndarray::Array4;
    /// use num_complex::Complex64;
    ///
    /// let network = Network::sphere(2, SphereSampling::Coefficients, 1)
    ///     .lifting_with(Filter::cap(0.9), Init::default())
    ///     .activation(Activation::Erf)
    ///     .partial_pooling()
    ///     .outputs(Outputs::points(&[[0.0, 0.0], [1.2, 0.4]]))
    ///     .build()?;
    /// let kernel = Kernel::new(&network)?;
    /// let signals = Array4::<Complex64>::zeros((3, 1, 2, 3));
    /// let train = kernel.prepare(signals.view())?;
    /// let elsewhere = kernel.prepare_at(signals.view(), &Outputs::points(&[[2.0, 0.0]]))?;
    /// assert_eq!(kernel.cross_prepared(&elsewhere, &train)?.ntk.dim(), (3, 6));
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn prepare_at<'a>(
        &self,
        signals: impl Into<Signals<'a>>,
        outputs: &Outputs,
    ) -> Result<PreparedSignals> {
        // The network refuses outputs that do not fit its layers.
        Network::clone(&self.network).with_outputs(outputs.clone())?;
        self.prepare_at_places(signals.into(), Places::of_outputs(&self.network, outputs)?)
    }

    fn prepare_at_places(&self, signals: Signals<'_>, places: Places) -> Result<PreparedSignals> {
        let inputs = Inputs::new(&self.network, self.precision, &signals, &places)?;
        let is_sampled = matches!(signals, Signals::Grid(_));
        let signals = self.evaluator.prepare(&inputs)?;
        Ok(PreparedSignals {
            network: Arc::clone(&self.network),
            rows: match self.network.outputs() {
                Outputs::Nodes => self.evaluator.point_counts(&signals)?.into_iter().sum(),
                _ => signals.len(),
            },
            signals,
            is_sampled,
            places: Arc::new(places),
        })
    }

    /// The prepared signals of this network; their variances depend on the network, so signals prepared for another one are refused.
    pub(super) fn signals<'s>(&self, prepared: &'s PreparedSignals) -> Result<&'s AnySignals> {
        if *prepared.network == *self.network {
            Ok(&prepared.signals)
        } else {
            Err(Error::invalid(
                "prepared signals",
                "signals prepared for another network",
                "signals prepared for this network",
            ))
        }
    }

    /// Computes the kernel matrices of a set of signals with itself, shape `[rows, rows]`.
    ///
    /// One triangle is computed and mirrored.
    ///
    /// # Cost
    /// n (n + 1) / 2 pairs for n rows, on all threads. Memory: two n × n matrices, four with error estimates.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare); [`Error::NotConverged`](crate::Error::NotConverged) if the tolerance cannot be met.
    pub fn gram<'a>(&self, signals: impl Into<Signals<'a>>) -> Result<KernelMatrices> {
        self.gram_prepared(&self.prepare(signals)?)
    }

    /// Computes the kernel matrices of the signals of one set (rows) with the signals of another set (columns).
    ///
    /// # Cost
    /// n₁ n₂ pairs for n₁ rows and n₂ columns, on all threads. Memory: two n₁ × n₂ matrices, four with error estimates.
    ///
    /// # Errors
    /// As [`gram`](Self::gram).
    pub fn cross<'a, 'b>(
        &self,
        rows: impl Into<Signals<'a>>,
        columns: impl Into<Signals<'b>>,
    ) -> Result<KernelMatrices> {
        self.cross_prepared(&self.prepare(rows)?, &self.prepare(columns)?)
    }

    /// Computes [`gram`](Self::gram) for prepared signals.
    ///
    /// # Errors
    /// As [`gram`](Self::gram), and [`Error::InvalidValue`](crate::Error::InvalidValue) for signals prepared for another network.
    pub fn gram_prepared(&self, signals: &PreparedSignals) -> Result<KernelMatrices> {
        self.matrix(signals, None)
    }

    /// Computes [`cross`](Self::cross) for prepared signals.
    ///
    /// # Errors
    /// As [`gram`](Self::gram), and [`Error::InvalidValue`](crate::Error::InvalidValue) for signals prepared for another network.
    pub fn cross_prepared(
        &self,
        rows: &PreparedSignals,
        columns: &PreparedSignals,
    ) -> Result<KernelMatrices> {
        self.matrix(rows, Some(columns))
    }

    /// Computes the kernels $`K_{g,g'}(f, f')`$, $`\Theta_{g,g'}(f, f')`$ at pairs of rotations (g, g').
    ///
    /// The outputs of the network must be features at rotations; the rotations in its definition are ignored. Returns one pair of
    /// matrices per pair of rotations.
    ///
    /// # Arguments
    /// * `rows`, `columns` — signals f and f'
    /// * `pairs` — rotations g of the rows and g' of the columns
    ///
    /// # Cost
    /// n₁ n₂ kernels per pair of rotations, on all threads.
    ///
    /// # Errors
    /// As [`cross`](Self::cross), and [`Error::InvalidValue`](crate::Error::InvalidValue) if the outputs are not features at rotations.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::group::Rotation;
    /// use haarmonic::kernel::Kernel;
    /// use haarmonic::network::{Network, Outputs, Init, SphereSampling, Filter};
    /// use ndarray::Array4;
    /// use num_complex::Complex64;
    ///
    /// let network = Network::sphere(2, SphereSampling::Coefficients, 1)
    ///     .lifting_with(Filter::cap(0.8), Init::default())
    ///     .activation(Activation::Erf)
    ///     .group_convolution_with(Filter::cap(0.8), Init::default())
    ///     .outputs(Outputs::rotations(&[[0.0, 0.0, 0.0]]))
    ///     .build()?;
    /// let mut maps = Array4::<Complex64>::zeros((2, 1, 2, 3));
    /// maps[[0, 0, 0, 1]] = Complex64::ONE;
    /// maps[[1, 0, 1, 1]] = Complex64::ONE;
    /// let turn = Rotation::about_y(0.5)?;
    /// let identity = Rotation::identity();
    /// let pairs = [[identity, turn], [turn, identity]];
    /// let grams = Kernel::new(&network)?.at_rotations(maps.view(), maps.view(), &pairs)?;
    /// // A kernel is symmetric in both arguments together: K_{g,g'}(f, f') = K_{g',g}(f', f).
    /// let difference = grams[0].ntk[[0, 1]] - grams[1].ntk[[1, 0]];
    /// assert!(difference.abs() < 1e-6 * grams[0].ntk[[0, 1]].abs());
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn at_rotations<'a, 'b>(
        &self,
        rows: impl Into<Signals<'a>>,
        columns: impl Into<Signals<'b>>,
        pairs: &[[Rotation; 2]],
    ) -> Result<Vec<KernelMatrices>> {
        if !matches!(self.network.outputs(), Outputs::Rotations(_)) {
            return Err(Error::invalid(
                "outputs of the network",
                format!("{:?}", self.network.outputs()),
                "features at rotations",
            ));
        }
        let (rows, columns) = (rows.into(), columns.into());
        pairs
            .iter()
            .map(|[left, right]| {
                let [left, right] = [
                    Places::at(&self.network, *left)?,
                    Places::at(&self.network, *right)?,
                ];
                self.cross_prepared(
                    &self.prepare_at_places(rows, left)?,
                    &self.prepare_at_places(columns, right)?,
                )
            })
            .collect()
    }

    /// The kernels of rows and columns, or of rows with each other, for an input space whose signals have one row each; without pairs that are
    /// computed again for a sampled error, which would dominate small blocks.
    pub(crate) fn values(
        &self,
        rows: &PreparedSignals,
        columns: Option<&PreparedSignals>,
    ) -> Result<KernelMatrices> {
        let rows = self.signals(rows)?;
        let columns = columns.map(|columns| self.signals(columns)).transpose()?;
        matrix::matrix(self.evaluator(), rows, columns, None, false)
    }

    fn matrix(
        &self,
        rows: &PreparedSignals,
        columns: Option<&PreparedSignals>,
    ) -> Result<KernelMatrices> {
        let rows = self.signals(rows)?;
        let columns = columns.map(|columns| self.signals(columns)).transpose()?;
        let progress = self.progress.as_ref();
        match self.network.outputs() {
            Outputs::Nodes => matrix::between_points(self.evaluator(), rows, columns, progress),
            _ => matrix::matrix(self.evaluator(), rows, columns, progress, true),
        }
    }
}

/// The evaluator of a network; this match is the only list of geometries.
fn evaluator(
    network: &Network,
    precision: Precision,
    limits: Limits,
) -> Result<Arc<dyn Evaluator>> {
    match (network.input(), precision) {
        (&InputSpace::Plane { height, width, .. }, _) => {
            plane::evaluator(network, [height, width], precision)
        }
        (&InputSpace::Molecule { improper, .. }, _) => {
            molecule::evaluator(network, improper, precision)
        }
        (_, Precision::Single) => Err(Error::invalid(
            "precision",
            "single precision for inputs that are neither images nor molecules",
            "double precision",
        )),
        (InputSpace::Vector { .. }, _) => vector::evaluator(network),
        (InputSpace::Graph { .. }, _) => graph::evaluator(network),
        (InputSpace::Finite { action, channels }, _) => {
            finite::evaluator(network, action, *channels)
        }
        (&InputSpace::Sphere { band_limit, .. }, _) if sphere_local::is_local(network) => {
            sphere_local::evaluator(network, band_limit, limits)
        }
        (
            &InputSpace::Sphere {
                band_limit,
                channels,
                ..
            },
            _,
        ) => match sphere_moments::evaluator(network, band_limit, channels) {
            Some(evaluator) => Ok(evaluator),
            None => sphere_global::evaluator(network, band_limit),
        },
    }
}

/// Refuses activations between a partial pooling and the group pooling: the recursion takes both means in one step.
fn check_poolings(layers: &[Layer]) -> Result<()> {
    let at = |kind: &dyn Fn(&Layer) -> bool| layers.iter().position(kind);
    let partial = at(&|layer| matches!(layer, Layer::PartialPooling));
    let pooling = at(&|layer| matches!(layer, Layer::GroupPooling));
    if let (Some(first), Some(last)) = (partial, pooling)
        && layers[first..last].iter().any(|layer| {
            matches!(
                layer,
                Layer::Activation(_) | Layer::Normalisation | Layer::Residual { .. }
            )
        })
    {
        return Err(Error::network(
            Some(first),
            "an activation between `partial-pooling` and `group-pooling` has no kernel here",
            "use `outputs` at points, or `group-pooling` alone",
        ));
    }
    Ok(())
}
