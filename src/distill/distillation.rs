//! The steps of a distillation.

use std::ops::ControlFlow;

use ndarray::{Array2, ArrayView2, Axis};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::augmentation::transformed;
use super::distilled::Distilled;
use crate::kernel::{Cotangents, Kernel, OwnedSignals, PreparedSignals, Signals, Transformation};
use crate::predict::gradients::{ValueGradient, solved_targets, squared_error};
use crate::predict::{KernelKind, Ridge};
use crate::progress::Progress;
use crate::{Error, Result, check};

/// What becomes of the targets of the distilled inputs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Labels {
    /// They stay.
    Fixed,
    /// They move as the inputs do.
    Learned,
    /// They are solved for in each step, with a penalty μ ([`solved_targets`]). The penalty is per example: it is multiplied by the number of
    /// examples of a step and divided by the number of all examples.
    Solved {
        /// μ for all examples; without it, at 0, solved targets fit the examples too closely.
        penalty: f64,
    },
}

/// A kernel regression whose training inputs move so that it predicts given examples.
///
/// # Examples
/// ```
/// use haarmonic::activation::Activation;
/// use haarmonic::distill::{Distillation, Distilled};
/// use haarmonic::kernel::Kernel;
/// use haarmonic::network::{Init, Network};
/// use ndarray::{Array2, array};
///
/// let network = Network::vector(2)
///     .dense(Init { weight_std: 1.4, bias_std: 0.1 })
///     .activation(Activation::Erf)
///     .dense(Init::default())
///     .build()?;
/// // Eight points on a circle, and the sign of their first coordinate.
/// let angle = |i: usize| 0.3 + i as f64 * std::f64::consts::FRAC_PI_4;
/// let x = Array2::from_shape_fn((8, 2), |(i, j)| [angle(i).cos(), angle(i).sin()][j]);
/// let y = x.select(ndarray::Axis(1), &[0]).mapv(f64::signum);
/// let mut points = Distilled::new(array![[0.3, 0.9], [-0.3, 0.8]].view(), array![[1.0], [-1.0]].view())?;
/// Distillation::new(Kernel::new(&network)?).steps(60).run(x.view(), y.view(), &mut points)?;
/// let losses = points.losses();
/// assert!(losses[59] < 0.3 * losses[0]);
/// # Ok::<(), haarmonic::Error>(())
/// ```
#[derive(Clone)]
pub struct Distillation {
    pub(super) kernel: Kernel,
    kind: KernelKind,
    ridge: Ridge,
    labels: Labels,
    steps: usize,
    batch: Option<usize>,
    rate: f64,
    label_rate: f64,
    seed: u64,
    transformations: Vec<Transformation>,
    progress: Option<Progress>,
}

/// The loss of one step.
struct Loss {
    /// The distilled inputs.
    points: PreparedSignals,
    /// The loss with its derivatives by kernels and labels.
    found: ValueGradient,
    /// Solved labels.
    labels: Option<Array2<f64>>,
}

impl Distillation {
    /// Makes a distillation with the NTK of a network, a relative ridge of 1e-6, fixed labels, 400 steps on all examples, and steps of 0.02
    /// on inputs and 0.005 on labels, which suit inputs and labels of size one.
    pub fn new(kernel: Kernel) -> Self {
        Distillation {
            kernel: kernel.without_progress(),
            kind: KernelKind::Ntk,
            ridge: Ridge::Relative(1e-6),
            labels: Labels::Fixed,
            steps: 400,
            batch: None,
            rate: 0.02,
            label_rate: 0.005,
            seed: 0,
            transformations: Vec::new(),
            progress: None,
        }
    }

    /// Sets the kernel that predicts.
    pub fn kind(mut self, kind: KernelKind) -> Self {
        self.kind = kind;
        self
    }

    /// Sets the ridge.
    pub fn ridge(mut self, ridge: Ridge) -> Self {
        self.ridge = ridge;
        self
    }

    /// Sets what becomes of the labels.
    pub fn labels(mut self, labels: Labels) -> Self {
        self.labels = labels;
        self
    }

    /// Sets the number of steps after which a distillation ends, the steps of earlier runs included.
    pub fn steps(mut self, steps: usize) -> Self {
        self.steps = steps;
        self
    }

    /// Sets the number of examples of each step, which are drawn anew; none for all examples.
    pub fn batch(mut self, examples: Option<usize>) -> Self {
        self.batch = examples;
        self
    }

    /// Sets the lengths of the first steps on each number of the inputs, and of the labels.
    pub fn rates(mut self, inputs: f64, labels: f64) -> Self {
        (self.rate, self.label_rate) = (inputs, labels);
        self
    }

    /// Sets transformations of the examples: each step applies to each of its examples a random one of them, drawn anew. None by default.
    /// [`augmentations`](super::augmentations) has those of images, finite sets and signals on the sphere.
    ///
    /// Labels that are solved for after the last step belong to the examples as they are.
    ///
    /// # Arguments
    /// * `transformations` — they keep the shape of a signal, and should include the identity
    pub fn augment(mut self, transformations: Vec<Transformation>) -> Self {
        self.transformations = transformations;
        self
    }

    /// Sets the seed of batches and augmentation.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets a listener, which is called after each step with the numbers of steps so far and in all, and may end the distillation.
    pub fn with_progress(mut self, progress: Progress) -> Self {
        self.progress = Some(progress);
        self
    }

    /// The network and the options on which the steps depend, other than the number of steps, as numbers.
    #[cfg(feature = "data")]
    pub(super) fn options(&self) -> Vec<f64> {
        let ridge = match self.ridge {
            Ridge::Relative(number) => [0.0, number],
            Ridge::Absolute(number) => [1.0, number],
        };
        let labels = match self.labels {
            Labels::Fixed => [0.0, 0.0],
            Labels::Learned => [1.0, 0.0],
            Labels::Solved { penalty } => [2.0, penalty],
        };
        let kind = f64::from(u8::from(self.kind == KernelKind::Nngp));
        let batch = self.batch.map_or(0.0, |batch| batch as f64);
        let seed = halves(self.seed);
        // The network by the hash FNV-1a of its file; a function of a user has none.
        let text = self.kernel.network().to_toml().unwrap_or_default();
        let hash = text.bytes().fold(FNV_START, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME)
        });
        let network = halves(hash);
        let rest = [kind, batch, self.rate, self.label_rate];
        [ridge, labels, seed, network]
            .concat()
            .into_iter()
            .chain(rest)
            .collect()
    }

    /// Moves inputs and targets until the number of steps is reached.
    ///
    /// Steps depend on state, options and examples alone. A run that its listener ended, or that was resumed from a checkpoint, gives the
    /// result of a single run, bit for bit. After an error, `state` holds the last whole step.
    ///
    /// # Arguments
    /// * `examples`, `targets` — the data set to be predicted, `[n, outputs]` targets
    /// * `state` — inputs and targets to begin with; overwritten
    ///
    /// # Cost
    /// Per step, for n examples (of a batch) and s distilled inputs: n s + s² / 2 kernels and their derivatives, four to five times the
    /// kernels alone, and n s² products.
    ///
    /// # Errors
    /// As [`Kernel::gradient`], and
    /// * [`Error::InvalidValue`] — an option out of range
    /// * [`Error::InvalidValue`] — examples or targets that are not those of the first step
    /// * [`Error::ShapeMismatch`], [`Error::NotFinite`] — examples or targets that do not belong together or to the network
    /// * [`Error::NotPositiveDefinite`] — the kernel of the distilled inputs is singular: raise the ridge
    /// * [`Error::Cancelled`] — the listener ended the distillation
    pub fn run<'a>(
        &self,
        examples: impl Into<Signals<'a>>,
        targets: ArrayView2<'_, f64>,
        state: &mut Distilled,
    ) -> Result<()> {
        let examples = examples.into();
        self.check(&examples, targets, state)?;
        let hash = self.hash(&examples, targets)?;
        if state.examples != 0 && state.examples != hash {
            return Err(Error::invalid(
                "examples of a distillation",
                "other examples or targets than those of its first step",
                "the same ones, or a state that begins anew from its inputs",
            ));
        }
        state.examples = hash;
        let count = examples.len();
        let all = self.kernel.prepare(examples)?;
        while state.steps() < self.steps {
            let chosen = match self.batch {
                Some(batch) if batch < count => Some(self.draw(state.steps(), batch, count)),
                _ => None,
            };
            if chosen.is_none() && self.transformations.is_empty() {
                self.step((&all, targets, count), state)?;
            } else {
                let rows = chosen.unwrap_or_else(|| (0..count).collect());
                let batch = self.transformed(examples.select(&rows), state.steps())?;
                let prepared = self.kernel.prepare(batch.view())?;
                let targets = targets.select(Axis(0), &rows);
                self.step((&prepared, targets.view(), count), state)?;
            }
            if let Some(progress) = &self.progress
                && let ControlFlow::Break(()) = progress(state.steps(), self.steps)
            {
                return Err(Error::cancelled("distillation"));
            }
        }
        if let Labels::Solved { .. } = self.labels {
            let solved = self.loss((&all, targets, count), state)?.labels;
            state.targets = solved.expect("solved labels");
        }
        Ok(())
    }

    fn check(
        &self,
        examples: &Signals<'_>,
        targets: ArrayView2<'_, f64>,
        state: &Distilled,
    ) -> Result<()> {
        check::positive("rate of the inputs", self.rate)?;
        check::positive("rate of the labels", self.label_rate)?;
        if let Labels::Solved { penalty } = self.labels {
            check::not_negative("penalty of solved labels", penalty)?;
        }
        if self.batch == Some(0) {
            return Err(Error::invalid("examples of a step", 0, "at least 1"));
        }
        check::finite("targets", targets)?;
        let outputs = state.targets.ncols();
        check::shape("targets", targets.shape(), &[examples.len(), outputs])
    }

    fn transformed(&self, batch: OwnedSignals, step: usize) -> Result<OwnedSignals> {
        match self.transformations.is_empty() {
            true => Ok(batch),
            false => transformed(&self.transformations, batch, self.seed, step),
        }
    }

    /// A hash of examples and targets, and of the transformations by their results on the first example.
    fn hash(&self, examples: &Signals<'_>, targets: ArrayView2<'_, f64>) -> Result<u64> {
        let mut all = hash(FNV_START, examples, targets);
        for transformation in &self.transformations {
            let moved = transformation.apply(examples.select(&[0]).view())?;
            all = hash(
                all,
                &moved.view(),
                targets.slice_axis(Axis(0), (0..0).into()),
            );
        }
        Ok(all)
    }

    /// Different rows of a step, in ascending order; they depend on seed and step alone.
    fn draw(&self, step: usize, batch: usize, count: usize) -> Vec<usize> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(step as u64);
        let mut rows: Vec<usize> = (0..count).collect();
        for i in 0..batch {
            // The bias of a remainder of 64 random bits is below 1e-12.
            let other = i + (rng.next_u64() % (count - i) as u64) as usize;
            rows.swap(i, other);
        }
        rows.truncate(batch);
        rows.sort_unstable();
        rows
    }

    /// The kernels of the distilled inputs with themselves and with examples, the loss and its derivatives, and solved labels.
    ///
    /// # Arguments
    /// * `examples` — of the step, with their targets, and the number of all examples
    fn loss(
        &self,
        (examples, targets, count): (&PreparedSignals, ArrayView2<'_, f64>, usize),
        state: &Distilled,
    ) -> Result<Loss> {
        let points = self.kernel.prepare(state.signals.view())?;
        let own = self.kernel.gram_prepared(&points)?;
        let cross = self.kernel.cross_prepared(examples, &points)?;
        let (own, cross) = (self.kind.of(&own), self.kind.of(&cross));
        match self.labels {
            Labels::Fixed | Labels::Learned => {
                let found = squared_error(own, cross, state.targets.view(), targets, self.ridge)?;
                Ok(Loss {
                    points,
                    found,
                    labels: None,
                })
            }
            Labels::Solved { penalty } => {
                let penalty = penalty * examples.len() as f64 / count as f64;
                let (labels, found) = solved_targets(own, cross, targets, penalty, self.ridge)?;
                Ok(Loss {
                    points,
                    found,
                    labels: Some(labels),
                })
            }
        }
    }

    /// The derivatives of the loss by the kernel that predicts.
    fn cotangents<'m>(&self, matrix: &'m Array2<f64>) -> Cotangents<'m> {
        match self.kind {
            KernelKind::Ntk => Cotangents::ntk(matrix.view()),
            KernelKind::Nngp => Cotangents::nngp(matrix.view()),
        }
    }

    fn step(
        &self,
        examples: (&PreparedSignals, ArrayView2<'_, f64>, usize),
        state: &mut Distilled,
    ) -> Result<()> {
        let Loss {
            points,
            found,
            labels: solved,
        } = self.loss(examples, state)?;
        // The loss is a mean over the examples of the step, so that rates do not depend on their number.
        let share = 1.0 / examples.0.len() as f64;
        let own = self.cotangents(&found.train_train);
        let own = self.kernel.gradient_prepared(&points, own)?;
        let cross = self.cotangents(&found.test_train);
        let cross = self.kernel.column_gradient(examples.0, &points, cross)?;
        let parts = [&own, &cross].map(|part| part.coordinates().expect("an array"));
        let slopes: Vec<f64> = parts[0]
            .iter()
            .zip(&*parts[1])
            .map(|(own, cross)| share * (own + cross))
            .collect();
        let number = state.steps() + 1;
        let mut values = state.signals.coordinates().expect("an array").into_owned();
        state
            .of_signals
            .step(number, self.rate, &mut values, &slopes);
        state.signals.set_coordinates(&values);
        match (self.labels, solved) {
            (Labels::Learned, _) => {
                let slopes: Vec<f64> = found.targets.iter().map(|slope| share * slope).collect();
                let values = state.targets.as_slice_mut().expect("an array in C order");
                state
                    .of_targets
                    .step(number, self.label_rate, values, &slopes);
            }
            (_, Some(solved)) => state.targets = solved,
            (Labels::Fixed | Labels::Solved { .. }, _) => {}
        }
        state.losses.push(share * found.value);
        Ok(())
    }
}

/// A hash of all numbers of a data set, word by word, after others; not 0.
fn hash(before: u64, examples: &Signals<'_>, targets: ArrayView2<'_, f64>) -> u64 {
    let values: Box<dyn Iterator<Item = f64>> = match examples {
        Signals::Vectors(array) => Box::new(array.iter().copied()),
        Signals::Grid(array) => Box::new(array.iter().copied()),
        Signals::Points(array) => Box::new(array.iter().copied()),
        Signals::Coefficients(array) => Box::new(array.iter().flat_map(|z| [z.re, z.im])),
        // Their kernels have no derivatives.
        Signals::Graphs(_) | Signals::Atoms(_) => Box::new(std::iter::empty()),
    };
    // As FNV-1a, with a rotation that brings the upper bits of a word down.
    let mixed = values
        .chain(targets.iter().copied())
        .fold(before, |hash, value| {
            ((hash ^ value.to_bits()).wrapping_mul(FNV_PRIME)).rotate_left(29)
        });
    mixed.max(1)
}

const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

/// Two halves of a number, each of which an f64 holds: it has whole numbers of 53 bits.
#[cfg(feature = "data")]
pub(super) fn halves(number: u64) -> [f64; 2] {
    [number >> 32, number & 0xffff_ffff].map(|half| half as f64)
}
