//! Evaluates a network's kernels: single pairs, Gram matrices, in parallel and one triangle only.

use std::sync::Arc;

use crate::group::Rotation;
use crate::network::{GroupName, InputSpace, Layer, Network, Outputs, Support};
use crate::{Error, Result};

use super::engine::Engine;
use super::field_refinement::{FieldRefinement, Limits};
use super::finite::FiniteGeometry;
use super::geometry::Exact;
use super::gram::Gram;
use super::plane::PlaneGeometry;
use super::precision::Precision;
use super::recursion::Recursion;
use super::samples::rounding_error;
use super::signals::{PreparedSignals, Signals, Store};
use super::sphere_refinement::SphereRefinement;
use super::tiles::{self, Counter};
use super::vector::VectorGeometry;

/// Called with the number of pairs done and the number of pairs in all.
pub type Progress = Arc<dyn Fn(usize, usize) + Send + Sync>;

/// The NNGP and the NTK of an infinitely wide network.
///
/// Each input is prepared once ([`prepare`](Self::prepare)); pairs of prepared inputs are evaluated
/// independently of one another, so a value depends neither on the number of threads nor on what
/// else is in the matrix.
///
/// # Accuracy
/// Kernels on the sphere hold a mean over SO(3). With a tolerance
/// ([`Quadrature::Tolerance`](crate::network::Quadrature::Tolerance)) the quadrature is refined for
/// each pair until the kernels change by less than the tolerance, relative to themselves (or to a
/// tenth of `$`\sqrt{K_e(f,f) K_e(f',f')}`$`, the kernels at r = e, if they are smaller than that).
/// The change is returned as the entry's error estimate; see `docs/theory.md`.
///
/// # Examples
/// ```
/// use haarmonic::activation::Activation;
/// use haarmonic::kernel::Kernel;
/// use haarmonic::network::{Network, Scale};
/// use ndarray::array;
///
/// let network = Network::vector(2)
///     .dense(Scale::default())
///     .activation(Activation::Relu)
///     .dense(Scale::default())
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
    engines: Arc<Engines>,
    progress: Option<Progress>,
}

/// One engine per kind of input.
pub(crate) enum Engines {
    Vector(Engine<Exact<VectorGeometry>>),
    Sphere(Engine<SphereRefinement>),
    /// Local filters on the sphere.
    Fields(Engine<FieldRefinement>),
    Finite(Engine<Exact<FiniteGeometry>>),
    Plane(Engine<Exact<PlaneGeometry<f64>>>),
    /// Fibres in single precision, and an engine in double precision for samples of their error.
    PlaneSingle(
        Engine<Exact<PlaneGeometry<f32>>>,
        Box<Engine<Exact<PlaneGeometry<f64>>>>,
    ),
}

/// Runs an expression with the engine and the prepared signals of the kind of input at hand.
macro_rules! with_engine {
    ($engines:expr, $rows:expr, $columns:expr, |$engine:ident, $a:ident, $b:ident| $body:expr) => {{
        use $crate::kernel::evaluate::Engines;
        use $crate::kernel::signals::Store;
        let columns: Option<&Store> = $columns;
        macro_rules! of_kind {
            ($kind:ident, $engine_of_kind:ident) => {
                if let (Store::$kind($a), $engine) = ($rows, $engine_of_kind) {
                    let $b = match columns {
                        None => None,
                        Some(Store::$kind(columns)) => Some(&columns[..]),
                        Some(_) => unreachable!("{}", $crate::kernel::evaluate::ONE_SPACE),
                    };
                    $body
                } else {
                    unreachable!("{}", $crate::kernel::evaluate::ONE_SPACE)
                }
            };
        }
        match $engines {
            Engines::Vector(engine) => of_kind!(Vector, engine),
            Engines::Sphere(engine) => of_kind!(Sphere, engine),
            Engines::Fields(engine) => of_kind!(Fields, engine),
            Engines::Finite(engine) => of_kind!(Finite, engine),
            Engines::Plane(engine) => of_kind!(Plane, engine),
            Engines::PlaneSingle(engine, _) => of_kind!(PlaneSingle, engine),
        }
    }};
}
pub(crate) use with_engine;

pub(crate) const ONE_SPACE: &str = "signals prepared for a network live in its input space";

impl Kernel {
    /// Builds the evaluator of a network.
    ///
    /// # Errors
    /// Whatever the tables of the quadrature may meet ([`Error::InvalidValue`](crate::Error::InvalidValue)).
    pub fn new(network: &Network) -> Result<Self> {
        Self::with_limits(network, Limits::default())
    }

    /// Builds the evaluator of a network; the refinement of a pair of signals on the sphere with local filters stays within
    /// `limits`, and is an error where they do not suffice for the tolerance.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_limits(network: &Network, limits: Limits) -> Result<Self> {
        check_poolings(network.layers())?;
        let recursion = Recursion::new(network);
        let engines = match *network.input() {
            InputSpace::Vector { .. } => {
                Engines::Vector(Engine::new(Exact(VectorGeometry), recursion, None))
            }
            InputSpace::Plane { height, width, .. } => {
                let geometry = plane_geometry(network, [height, width]);
                Engines::Plane(Engine::new(Exact(geometry), recursion, None))
            }
            InputSpace::Finite {
                ref action,
                channels,
            } => Engines::Finite(Engine::new(
                Exact(FiniteGeometry::new(action.clone(), channels)),
                recursion,
                None,
            )),
            InputSpace::Sphere { band_limit, .. } if needs_fields(network) => {
                let refinement = FieldRefinement::new(network, band_limit, limits)?;
                Engines::Fields(Engine::new(
                    refinement,
                    recursion,
                    Some(network.quadrature()),
                ))
            }
            InputSpace::Sphere { band_limit, .. } => {
                let refinement = SphereRefinement::new(network, band_limit)?;
                Engines::Sphere(Engine::new(
                    refinement,
                    recursion,
                    Some(network.quadrature()),
                ))
            }
        };
        Ok(Kernel {
            network: Arc::new(network.clone()),
            engines: Arc::new(engines),
            progress: None,
        })
    }

    /// The same kernel with another precision within a pair.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for single precision and inputs that are not images.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::group::PointGroup;
    /// use haarmonic::kernel::{Kernel, Precision};
    /// use haarmonic::network::{Network, Padding, Scale, Support};
    ///
    /// let network = Network::plane(4, 4, 1)
    ///     .lifting(PointGroup::C4, Support::window(3, Padding::Same), Scale::default())
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
        let InputSpace::Plane { height, width, .. } = *self.network.input() else {
            return match precision {
                Precision::Double => Ok(self),
                Precision::Single => Err(Error::invalid(
                    "precision",
                    "single precision for inputs that are not images",
                    "double precision",
                )),
            };
        };
        let size = [height, width];
        let recursion = Recursion::new(&self.network);
        let double = Engine::new(
            Exact(plane_geometry(&self.network, size)),
            recursion.clone(),
            None,
        );
        self.engines = Arc::new(match precision {
            Precision::Double => Engines::Plane(double),
            Precision::Single => Engines::PlaneSingle(
                Engine::new(Exact(plane_geometry(&self.network, size)), recursion, None),
                Box::new(double),
            ),
        });
        Ok(self)
    }

    /// The precision within a pair.
    pub fn precision(&self) -> Precision {
        match *self.engines {
            Engines::PlaneSingle(..) => Precision::Single,
            _ => Precision::Double,
        }
    }

    /// Reports progress to `progress` from now on; it is called from several threads.
    pub fn with_progress(mut self, progress: Progress) -> Self {
        self.progress = Some(progress);
        self
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    pub(crate) fn engines(&self) -> &Engines {
        &self.engines
    }

    pub(crate) fn counter(&self, total: usize) -> Counter<'_> {
        Counter::new(total, self.progress.as_ref())
    }

    /// The kernels of every signal with every other, of which one triangle is computed.
    ///
    /// # Cost
    /// n (n + 1) / 2 pairs, on all threads. Memory: two or four n × n matrices.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare); [`Error::NotConverged`](crate::Error::NotConverged) if the tolerance cannot be met.
    pub fn gram<'a>(&self, signals: impl Into<Signals<'a>>) -> Result<Gram> {
        self.gram_prepared(&self.prepare(signals)?)
    }

    /// The kernels of the signals of one set with those of another.
    ///
    /// # Cost
    /// n₁ n₂ pairs, on all threads. Memory: two or four n₁ × n₂ matrices.
    ///
    /// # Errors
    /// As [`gram`](Self::gram).
    pub fn cross<'a, 'b>(
        &self,
        rows: impl Into<Signals<'a>>,
        columns: impl Into<Signals<'b>>,
    ) -> Result<Gram> {
        self.cross_prepared(&self.prepare(rows)?, &self.prepare(columns)?)
    }

    /// [`gram`](Self::gram) for signals that are prepared already.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) if they were prepared for another network; as [`gram`](Self::gram).
    pub fn gram_prepared(&self, signals: &PreparedSignals) -> Result<Gram> {
        self.matrix(signals, None)
    }

    /// [`cross`](Self::cross) for signals that are prepared already.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) if they were prepared for another network; as [`gram`](Self::gram).
    pub fn cross_prepared(
        &self,
        rows: &PreparedSignals,
        columns: &PreparedSignals,
    ) -> Result<Gram> {
        self.matrix(rows, Some(columns))
    }

    /// The kernels $`K_{g,g'}(f, f')`$, $`\Theta_{g,g'}(f, f')`$ at pairs of rotations (g, g'), for a network whose outputs are
    /// features at rotations; the rotations that its definition names do not matter. One matrix a pair of rotations.
    ///
    /// # Arguments
    /// * `rows`, `columns` — signals f and f'
    /// * `pairs` — g, at which the rows are read, and g', for the columns
    ///
    /// # Cost
    /// n₁ n₂ kernels a pair of rotations, on all threads.
    ///
    /// # Errors
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) if the outputs are not features at rotations; as [`cross`](Self::cross).
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::group::Rotation;
    /// use haarmonic::kernel::Kernel;
    /// use haarmonic::network::{Network, Outputs, Scale, SphereSampling, Support};
    /// use ndarray::Array4;
    /// use num_complex::Complex64;
    ///
    /// let network = Network::sphere(2, SphereSampling::Coefficients, 1)
    ///     .lifting_with(Support::cap(0.8), Scale::default())
    ///     .activation(Activation::Erf)
    ///     .group_convolution_with(Support::cap(0.8), Scale::default())
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
    ) -> Result<Vec<Gram>> {
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
                self.cross_prepared(
                    &PreparedSignals::at(self, rows, *left)?,
                    &PreparedSignals::at(self, columns, *right)?,
                )
            })
            .collect()
    }

    fn matrix(&self, rows: &PreparedSignals, columns: Option<&PreparedSignals>) -> Result<Gram> {
        for signals in [Some(rows), columns].into_iter().flatten() {
            signals.check(&self.network)?;
        }
        let column_store = columns.map(|columns| &columns.store);
        let gram = with_engine!(&*self.engines, &rows.store, column_store, |engine, a, b| {
            tiles::matrix(|total| self.counter(total), engine, a, b)
        })?;
        match (&*self.engines, &rows.store, column_store) {
            (Engines::PlaneSingle(_, engine), Store::PlaneSingle(a), b) => {
                let columns = match b {
                    Some(Store::PlaneSingle(b)) => b,
                    _ => a,
                };
                let error = rounding_error(engine, a, columns, [&gram.nngp, &gram.ntk])?;
                Ok(Gram { error, ..gram })
            }
            _ => Ok(gram),
        }
    }
}

/// Refuses activations between a partial pooling and the pooling, which the driver takes in one step.
fn check_poolings(layers: &[Layer]) -> Result<()> {
    let at = |kind: &dyn Fn(&Layer) -> bool| layers.iter().position(kind);
    let partial = at(&|layer| matches!(layer, Layer::PartialPooling));
    let pooling = at(&|layer| matches!(layer, Layer::GroupPooling));
    if let (Some(first), Some(last)) = (partial, pooling)
        && layers[first..last]
            .iter()
            .any(|layer| matches!(layer, Layer::Activation(_) | Layer::Residual { .. }))
    {
        return Err(Error::network(
            Some(first),
            "an activation between `partial-pooling` and `group-pooling` has no kernel here",
            "use `outputs` at points, or `group-pooling` alone",
        ));
    }
    Ok(())
}

/// Whether fibres of a network on the sphere are functions: where the first filter is global they are constant,
/// whatever follows.
fn needs_fields(network: &Network) -> bool {
    matches!(
        network.layers().first(),
        Some(Layer::Lifting {
            support: Support::Zonal(_),
            ..
        })
    )
}

/// The geometry of a network on images.
fn plane_geometry<T: crate::activation::Real>(
    network: &Network,
    size: [usize; 2],
) -> PlaneGeometry<T> {
    let Some(Layer::Lifting {
        group: GroupName::Plane(group),
        ..
    }) = network.layers().first()
    else {
        unreachable!("a network on the plane that was checked begins with a lifting to its group")
    };
    PlaneGeometry::new(size, *group, network.layers())
}
