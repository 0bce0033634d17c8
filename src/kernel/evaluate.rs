//! Evaluates a network's kernels: single pairs, Gram matrices, in parallel and one triangle only.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ndarray::Array2;
use rayon::prelude::*;

use crate::network::{GroupName, InputSpace, Layer, Network, Outputs, Support};
use crate::{Error, Result};

use super::engine::{Accuracy, Block, Engine, Estimate, Prepared, PreparedSet};
use super::field_refinement::{FieldRefinement, Limits};
use super::finite::FiniteGeometry;
use super::geometry::{Exact, Refinement};
use super::gram::{Gram, KernelError};
use super::plane::PlaneGeometry;
use super::precision::Precision;
use super::recursion::{KernelPair, Recursion};
use super::signals::{PreparedSignals, Signals, Store};
use super::sphere::SphereRefinement;
use super::vector::VectorGeometry;

/// Largest number of rows and columns of a tile, the unit of parallel work.
const LARGEST_TILE: usize = 32;
/// Tiles per thread aimed at, so that threads finish together.
const TILES_PER_THREAD: usize = 8;
/// Pairs computed again with a finer quadrature where the quadrature is fixed.
const SAMPLED_PAIRS: usize = 8;

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
    /// Local filters on the sphere, or outputs that are functions.
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
                let quadrature = network.quadrature();
                Engines::Sphere(Engine::new(
                    SphereRefinement::new(band_limit, quadrature)?,
                    recursion,
                    Some(quadrature),
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
                Precision::Single => Err(Error::InvalidValue {
                    what: "precision".into(),
                    found: "single precision for inputs that are not images".into(),
                    expected: "double precision".into(),
                }),
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
        Counter {
            done: AtomicUsize::new(0),
            total,
            progress: self.progress.as_ref(),
        }
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

    fn matrix(&self, rows: &PreparedSignals, columns: Option<&PreparedSignals>) -> Result<Gram> {
        for signals in [Some(rows), columns].into_iter().flatten() {
            signals.check(&self.network)?;
        }
        let column_store = columns.map(|columns| &columns.store);
        let gram = with_engine!(&*self.engines, &rows.store, column_store, |engine, a, b| {
            self.tiles(engine, a, b)
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

    fn tiles<R: Refinement>(
        &self,
        engine: &Engine<R>,
        rows: &[Prepared<R::Level>],
        columns: Option<&[Prepared<R::Level>]>,
    ) -> Result<Gram> {
        let shape = (rows.len(), columns.map_or(rows.len(), <[_]>::len));
        let gram = engine.until_accurate(|accuracy| {
            let row_set = complete(engine, rows, accuracy)?;
            let column_set = columns
                .map(|columns| complete(engine, columns, accuracy))
                .transpose()?;
            let column_set = column_set.as_ref().unwrap_or(&row_set);
            let tiles = tiles(shape, columns.is_none());
            let counter = self.counter(tiles.iter().map(|(r, c)| r.len() * c.len()).sum());
            let matrices = Mutex::new(Matrices::zeros(shape, engine.estimates_errors()));
            tiles.into_par_iter().try_for_each_init(
                || engine.make_workspace(),
                |workspace, (r, c)| {
                    let mirrored = columns.is_none();
                    let wanted = |i: usize, j: usize| !mirrored || c.start + j >= r.start + i;
                    let block = engine.block(
                        (&row_set, r.clone()),
                        (column_set, c.clone()),
                        wanted,
                        accuracy,
                        workspace,
                    )?;
                    counter.add(r.len() * c.len());
                    let mut matrices = matrices.lock().expect("no thread panics while writing");
                    matrices.place(&r, &c, &block, mirrored);
                    Ok(())
                },
            )?;
            let matrices = matrices.into_inner().expect("no thread panicked");
            let achieved = if engine.recursion.activates_after_pooling() {
                matrices.relative_error(&row_set.diagonal, &column_set.diagonal)
            } else {
                0.0
            };
            Ok((matrices, achieved))
        })?;
        let error = match (gram.coarse, R::EXACT) {
            (Some([nngp, ntk]), _) => KernelError::Entries {
                nngp: (&gram.fine[0] - &nngp).abs(),
                ntk: (&gram.fine[1] - &ntk).abs(),
            },
            (None, true) => KernelError::Exact,
            (None, false) => sampled_error(engine, rows, columns.unwrap_or(rows), &gram.fine)?,
        };
        let [nngp, ntk] = gram.fine;
        Ok(Gram { nngp, ntk, error })
    }
}

/// The pooled kernel of each signal with itself where the layers after pooling need it, in parallel.
fn complete<'a, R: Refinement>(
    engine: &Engine<R>,
    signals: &'a [Prepared<R::Level>],
    accuracy: Accuracy,
) -> Result<PreparedSet<'a, R::Level>> {
    let need = engine.recursion.activates_after_pooling();
    complete_if(need, engine, signals, accuracy)
}

/// The pooled kernel of each signal with itself if it is `need`ed, in parallel.
pub(crate) fn complete_if<'a, R: Refinement>(
    need: bool,
    engine: &Engine<R>,
    signals: &'a [Prepared<R::Level>],
    accuracy: Accuracy,
) -> Result<PreparedSet<'a, R::Level>> {
    let diagonal = if need {
        signals
            .par_iter()
            .map_init(
                || engine.make_workspace(),
                |workspace, signal| engine.pooled_pair(signal, signal, accuracy, workspace),
            )
            .collect::<Result<Vec<_>>>()?
    } else {
        Vec::new()
    };
    engine.complete(signals, diagonal)
}

/// Counts pairs and tells whoever listens.
pub(crate) struct Counter<'a> {
    done: AtomicUsize,
    total: usize,
    progress: Option<&'a Progress>,
}

impl Counter<'_> {
    pub(crate) fn add(&self, pairs: usize) {
        let done = self.done.fetch_add(pairs, Ordering::Relaxed) + pairs;
        if let Some(progress) = self.progress {
            progress(done, self.total);
        }
    }
}

/// Cuts a matrix into tiles; of a symmetric one, those that touch the upper triangle.
fn tiles((rows, columns): (usize, usize), symmetric: bool) -> Vec<(Range<usize>, Range<usize>)> {
    let tasks = (TILES_PER_THREAD * rayon::current_num_threads()) as f64;
    let side = ((rows * columns) as f64 / tasks).sqrt().ceil() as usize;
    let side = side.clamp(1, LARGEST_TILE);
    let cut = |len: usize| {
        (0..len)
            .step_by(side)
            .map(move |start| start..(start + side).min(len))
    };
    cut(rows)
        .flat_map(|r| cut(columns).map(move |c| (r.clone(), c)))
        .filter(|(r, c)| !symmetric || c.end > r.start)
        .collect()
}

/// Both kernels, and their coarser twins where errors are estimated.
struct Matrices {
    fine: [Array2<f64>; 2],
    coarse: Option<[Array2<f64>; 2]>,
}

impl Matrices {
    fn zeros(shape: (usize, usize), with_errors: bool) -> Self {
        let zeros = || [Array2::zeros(shape), Array2::zeros(shape)];
        Matrices {
            fine: zeros(),
            coarse: with_errors.then(zeros),
        }
    }

    fn place(&mut self, r: &Range<usize>, c: &Range<usize>, block: &Block, mirrored: bool) {
        let sides = [
            (Some(&mut self.fine), Some(&block.fine)),
            (self.coarse.as_mut(), block.coarse.as_ref()),
        ];
        for (matrices, block) in sides {
            let (Some([nngp, ntk]), Some(block)) = (matrices, block) else {
                continue;
            };
            for (matrix, values) in [(nngp, &block.nngp), (ntk, &block.ntk)] {
                for (i, row) in r.clone().zip(values.chunks_exact(c.len())) {
                    let from = if mirrored { i.max(c.start) } else { c.start };
                    for (j, &value) in c.clone().zip(row).skip(from - c.start) {
                        matrix[[i, j]] = value;
                        if mirrored {
                            matrix[[j, i]] = value;
                        }
                    }
                }
            }
        }
    }

    /// The largest error estimate relative to the geometric mean of the diagonal entries.
    fn relative_error(&self, rows: &[Estimate], columns: &[Estimate]) -> f64 {
        let Some(coarse) = &self.coarse else {
            return 0.0;
        };
        let of: [fn(&Estimate) -> f64; 2] = [|e| e.fine.nngp, |e| e.fine.ntk];
        let mut largest: f64 = 0.0;
        for ((fine, coarse), of) in self.fine.iter().zip(coarse).zip(of) {
            for ((i, j), value) in fine.indexed_iter() {
                let error = (value - coarse[[i, j]]).abs();
                if error > 0.0 {
                    largest = largest.max(error / (of(&rows[i]) * of(&columns[j])).sqrt());
                }
            }
        }
        largest
    }
}

/// Computes a few entries again on the next level.
fn sampled_error<R: Refinement>(
    engine: &Engine<R>,
    rows: &[Prepared<R::Level>],
    columns: &[Prepared<R::Level>],
    values: &[Array2<f64>; 2],
) -> Result<KernelError> {
    let mut workspace = engine.make_workspace();
    let finer = engine.finer();
    sample((rows.len(), columns.len()), |i, j| {
        let [row, column] = [&rows[i..=i], &columns[j..=j]].map(|s| complete(engine, s, finer));
        let (row, column) = ((&row?, 0..1), (&column?, 0..1));
        let finer = engine.block(row, column, |_, _| true, finer, &mut workspace)?;
        Ok(KernelPair {
            nngp: finer.fine.nngp[0] - values[0][[i, j]],
            ntk: finer.fine.ntk[0] - values[1][[i, j]],
        })
    })
}

/// Computes a few entries again in double precision.
fn rounding_error(
    engine: &Engine<Exact<PlaneGeometry<f64>>>,
    rows: &[Prepared<PlaneGeometry<f32>>],
    columns: &[Prepared<PlaneGeometry<f32>>],
    values: [&Array2<f64>; 2],
) -> Result<KernelError> {
    let mut workspace = engine.make_workspace();
    sample((rows.len(), columns.len()), |i, j| {
        let row = [engine.prepare(rows[i].signal.clone())?];
        let column = [engine.prepare(columns[j].signal.clone())?];
        let row = complete(engine, &row, Accuracy::Level([0, 0]))?;
        let column = complete(engine, &column, Accuracy::Level([0, 0]))?;
        let pair = ((&row, 0..1), (&column, 0..1));
        let accuracy = Accuracy::Level([0, 0]);
        let exact = engine.block(pair.0, pair.1, |_, _| true, accuracy, &mut workspace)?;
        Ok(KernelPair {
            nngp: exact.fine.nngp[0] - values[0][[i, j]],
            ntk: exact.fine.ntk[0] - values[1][[i, j]],
        })
    })
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
        return Err(Error::InvalidNetwork {
            layer: Some(first),
            problem:
                "an activation between `partial-pooling` and `group-pooling` has no kernel here"
                    .into(),
            change: "use `outputs` at points, or `group-pooling` alone".into(),
        });
    }
    Ok(())
}

/// Whether fibres of a network on the sphere are functions: where the first filter is global they are constant,
/// whatever follows.
fn needs_fields(network: &Network) -> bool {
    let local = matches!(
        network.layers().first(),
        Some(Layer::Lifting {
            support: Support::Zonal(_),
            ..
        })
    );
    local || *network.outputs() != Outputs::Pooled
}

/// The geometry of a network on images.
fn plane_geometry<T: crate::special::Real>(
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

/// The largest of a sample of differences, spread over the rows of a matrix and, along them, from
/// the diagonal outwards.
pub(crate) fn sample(
    (rows, columns): (usize, usize),
    mut difference: impl FnMut(usize, usize) -> Result<KernelPair>,
) -> Result<KernelError> {
    let pairs = SAMPLED_PAIRS.min(rows * columns);
    let mut largest = KernelPair::default();
    for k in 0..pairs {
        let i = k * rows / pairs;
        let KernelPair { nngp, ntk } = difference(i, (i + k / 2) % columns)?;
        largest.nngp = largest.nngp.max(nngp.abs());
        largest.ntk = largest.ntk.max(ntk.abs());
    }
    Ok(KernelError::Sampled { largest, pairs })
}

#[cfg(test)]
mod tests {
    use super::tiles;

    #[test]
    fn tiles_cover_each_pair_once() {
        for (shape, symmetric) in [((7, 7), true), ((70, 70), true), ((5, 90), false)] {
            let mut seen = vec![0; shape.0 * shape.1];
            for (r, c) in tiles(shape, symmetric) {
                for i in r.clone() {
                    for j in c.clone() {
                        seen[i * shape.1 + j] += 1;
                    }
                }
            }
            for i in 0..shape.0 {
                for j in 0..shape.1 {
                    if !symmetric || j >= i {
                        assert_eq!(seen[i * shape.1 + j], 1, "pair ({i}, {j})");
                    }
                }
            }
        }
    }
}
