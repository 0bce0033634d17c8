//! Kernels at finite widths: bias and standard deviation of every entry.

use ndarray::{Array2, ArrayView2};

use crate::kernel::{Kernel, KernelMatrices, Signals};
use crate::network::InputSpace;
use crate::parallel::try_map;
use crate::progress::Progress;
use crate::{Error, Result, memory};

use super::layers::{Step, Steps};
use super::motion::Motion;
use super::orbit::Pooled;
use super::pair::{Input, PairRecursion, TwoInputs};
use super::state::State;
use super::tensors::{FiniteSamples, Tensors};

/// The advice in errors about matrices that do not fit into memory.
const FEWER: &str = "compute fewer signals at a time";

/// The error of first order, relative to it, per layer and 1/n: the largest that Monte Carlo showed for networks of three hidden layers.
const SECOND_ORDER: f64 = 2.5;

/// The kernel of a network whose hidden layers have finitely many channels, to first order in 1/n.
///
/// For a random network, let $`\hat K`$ be the covariance of an output given all layers but the last, and $`\hat\Theta`$ the tangent
/// kernel of an output. Their means over initialisations are $`K + K_1`$ and $`\Theta + \Theta_1`$ with biases $`K_1, \Theta_1`$ of order
/// 1/n, and their variances are of order 1/n. Parametrisation and layers are as in [`Network`](crate::network::Network); the last layer is
/// the output and has no width.
///
/// Made by [`Kernel::at_width`].
///
/// # Accuracy
/// The numbers are the exact terms of first order, to rounding for closed forms; smooth activations without a closed form have relative
/// errors below 1e-8, and a function that a series of 320 Hermite polynomials does not resolve is refused. The next order is missing: see
/// [`relative_error`](Self::relative_error).
///
/// # Examples
/// ```
/// use haarmonic::activation::Activation;
/// use haarmonic::kernel::Kernel;
/// use haarmonic::network::{Network, Init};
/// use ndarray::array;
///
/// // Two hidden layers of squares: the relative bias of the NNGP is exactly 32/(3n).
/// let square = || Activation::Monomial { degree: 2 };
/// let init = Init::default();
/// let network = Network::vector(1)
///     .dense(init).activation(square())
///     .dense(init).activation(square())
///     .dense(init)
///     .build()?;
/// let kernel = Kernel::new(&network)?.at_width(&[100, 100])?;
/// let gram = kernel.gram(array![[1.0]].view())?;
/// let relative = gram.nngp_bias[[0, 0]] / gram.limit.nngp[[0, 0]];
/// assert!((relative - 32.0 / 300.0).abs() < 1e-10);
/// # Ok::<(), haarmonic::Error>(())
/// ```
///
/// # References
/// RYH22 for the tensors of multilayer perceptrons; `docs/theory.md` for group convolutions.
#[derive(Clone)]
pub struct KernelAtWidth {
    pub(super) kernel: Kernel,
    pub(super) steps: Steps,
    pub(super) widths: Vec<usize>,
}

/// Kernel matrices with bias and standard deviation of finite width, for one output.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MatricesAtWidth {
    /// The kernels at infinite width.
    pub limit: KernelMatrices,
    /// Shape `[n1, n2]`, the mean of the NNGP minus its limit.
    pub nngp_bias: Array2<f64>,
    /// Shape `[n1, n2]`, the mean of the NTK minus its limit.
    pub ntk_bias: Array2<f64>,
    /// Shape `[n1, n2]`, the standard deviation of the NNGP of one network.
    pub nngp_std: Array2<f64>,
    /// Shape `[n1, n2]`, the standard deviation of the NTK of one network with one output.
    pub ntk_std: Array2<f64>,
    /// For signals on the sphere, error estimates of the quadratures over SO(3): of `nngp_bias`, `ntk_bias`, `nngp_std` and `ntk_std`, in
    /// this order. Each is the change from a quadrature of lower degree. None for exact means.
    pub quadrature_error: Option<[Array2<f64>; 4]>,
}

impl MatricesAtWidth {
    /// Returns the mean kernels of networks of this width: limit plus bias. The error estimate is that of the limit.
    pub fn mean(&self) -> KernelMatrices {
        KernelMatrices {
            nngp: &self.limit.nngp + &self.nngp_bias,
            ntk: &self.limit.ntk + &self.ntk_bias,
            error: self.limit.error.clone(),
        }
    }
}

/// The entry of two signals, by their numbers.
pub(super) type OfPair<'s> = Box<dyn Fn(usize, usize) -> Result<Entry> + 's>;

/// Biases and variances of one entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) bias: [f64; 2],
    variance: [f64; 2],
    /// Errors of the biases and of the standard deviations.
    pub(super) error: [f64; 4],
}

impl Kernel {
    /// Returns the kernel of networks with finitely many channels, to first order in 1/n.
    ///
    /// # Arguments
    /// * `widths` — the channels of each hidden layer, that is of each layer with weights but the last one, at least 1 each
    ///
    /// # Errors
    /// * [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) or [`Error::InvalidValue`](crate::Error::InvalidValue) for other widths
    /// * [`Error::InvalidNetwork`](crate::Error::InvalidNetwork) for layers whose corrections are not known here: residual sums,
    ///   normalisation, partial pooling, flattening, local filters on images and on the sphere, and an activation as the last layer
    /// * [`Error::InLayer`](crate::Error::InLayer) for an activation that jumps
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
    /// // Var of (1/n) Σ relu(z)² is (3/2 − 1/4)/n for unit variance.
    /// let gram = Kernel::new(&network)?.at_width(&[500])?.gram(array![[1.0, 1.0]].view())?;
    /// assert!((gram.nngp_std[[0, 0]] - 0.05).abs() < 1e-15);
    /// assert_eq!(gram.nngp_bias[[0, 0]], 0.0);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn at_width(&self, widths: &[usize]) -> Result<KernelAtWidth> {
        let steps = Steps::new(self.network())?;
        steps.check(widths)?;
        Ok(KernelAtWidth {
            kernel: self.clone(),
            steps,
            widths: widths.to_vec(),
        })
    }
}

impl KernelAtWidth {
    /// Sets a listener that receives the progress of matrices and may end their computation early.
    pub fn with_progress(self, progress: Progress) -> Self {
        KernelAtWidth {
            kernel: self.kernel.with_progress(progress),
            ..self
        }
    }

    /// Returns the widths of the hidden layers.
    pub fn widths(&self) -> &[usize] {
        &self.widths
    }

    /// Returns the kernel at infinite width.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// Returns an estimate of the error of the predictions, relative to biases and variances: 2.5 Σ 1/n over the hidden layers.
    ///
    /// It is the largest part of the next order that was measured, for networks with erf and relu (`docs/finite-width.md`). Above 0.5 the
    /// predictions are orders of magnitude only.
    ///
    /// # Examples
    /// ```
    /// # use haarmonic::{activation::Activation, kernel::Kernel, network::{Network, Init}};
    /// let network = Network::vector(2).dense(Init::default()).activation(Activation::Erf).dense(Init::default()).build()?;
    /// assert_eq!(Kernel::new(&network)?.at_width(&[10])?.relative_error(), 0.25);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn relative_error(&self) -> f64 {
        let shares = self.widths.iter().map(|&width| 1.0 / width as f64);
        SECOND_ORDER * shares.sum::<f64>()
    }

    /// Computes kernels, biases and standard deviations of a set of signals with itself, shape `[n, n]`.
    ///
    /// # Cost
    /// n (n + 1) / 2 pairs, on all threads. A pair of vectors takes some microseconds per layer.
    ///
    /// With global filters and a mean over the group after the last activation, a pair of signals over a finite group G takes
    /// $`|G|^3/2`$ sets of expectations at four samples per layer, each some microseconds for erf and some ten for relu, and the states at
    /// |G| elements in memory. Images count as functions under translations and the point group. On the sphere the elements are nodes of
    /// quadratures: pairs of nodes for biases, and triples of at most 75 nodes for standard deviations. Their errors are in
    /// [`MatricesAtWidth::quadrature_error`]. With more dense layers after the mean over the group, a pair of signals on the sphere or of
    /// images takes all tensors of both, ten times as many expectations as a standard deviation.
    ///
    /// With other layers over a finite group, a pair takes memory for 30 tensors of $`(2|G|)^4`$ numbers and as many expectations.
    ///
    /// # Errors
    /// As [`Kernel::gram`]; [`Error::NotConverged`](crate::Error::NotConverged) if a series does not resolve the activation;
    /// [`Error::InvalidValue`](crate::Error::InvalidValue) for groups of order above 256, above 32 with local filters or with an
    /// activation without closed form.
    pub fn gram<'a>(&self, signals: impl Into<Signals<'a>>) -> Result<MatricesAtWidth> {
        self.matrices(signals.into(), None)
    }

    /// Computes kernels, biases and standard deviations of the signals of one set (rows) with the signals of another set (columns).
    ///
    /// # Errors
    /// As [`gram`](Self::gram).
    ///
    /// # Examples
    /// ```
    /// # use haarmonic::{activation::Activation, kernel::Kernel, network::{Network, Init}};
    /// # use ndarray::array;
    /// # let init = Init::default();
    /// # let network = Network::vector(2).dense(init).activation(Activation::Erf).dense(init).build()?;
    /// let kernel = Kernel::new(&network)?.at_width(&[64])?;
    /// let (x, y) = (array![[1.0, 0.5], [0.2, -1.0]], array![[0.3, 0.3]]);
    /// assert_eq!(kernel.cross(x.view(), y.view())?.ntk_std.dim(), (2, 1));
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn cross<'a, 'b>(
        &self,
        rows: impl Into<Signals<'a>>,
        columns: impl Into<Signals<'b>>,
    ) -> Result<MatricesAtWidth> {
        self.matrices(rows.into(), Some(columns.into()))
    }

    /// Computes all biases and covariances of the kernels of a set of signals.
    ///
    /// # Cost
    /// For m signals, up to 34 arrays of $`m^4`$ numbers while the tensors of a layer are computed, and $`m^4/3`$ expectations per layer: some
    /// microseconds each for erf and relu, up to 50 ms for four distinct signals and an activation without closed form.
    ///
    /// On the sphere $`m^2 (m^2 + 1) / 2`$ times the triples of at most 75 nodes of a quadrature, so $`4\cdot10^6`$ such expectations per
    /// layer for two signals; [`Tensors::quadrature_error`] has their error.
    ///
    /// # Errors
    /// As [`gram`](Self::gram), and [`Error::OutOfMemory`](crate::Error::OutOfMemory).
    ///
    /// # Examples
    /// ```
    /// # use haarmonic::{activation::Activation, kernel::Kernel, network::{Network, Init}};
    /// # use ndarray::array;
    /// # let init = Init::default();
    /// # let network = Network::vector(2).dense(init).activation(Activation::Erf).dense(init).build()?;
    /// let kernel = Kernel::new(&network)?.at_width(&[64])?;
    /// let x = array![[1.0, 0.5], [0.2, -1.0]];
    /// let (tensors, gram) = (kernel.tensors(x.view())?, kernel.gram(x.view())?);
    /// let variance = tensors.v[[0, 1, 0, 1]];
    /// assert!((variance.sqrt() - gram.nngp_std[[0, 1]]).abs() < 1e-15);
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn tensors<'a>(&self, signals: impl Into<Signals<'a>>) -> Result<Tensors> {
        let signals = signals.into();
        self.kernel.prepare(signals)?;
        if self.steps.on_sphere {
            return self.tensors_by_means(signals);
        }
        let samples = FiniteSamples::new(&self.kernel, &self.steps, signals)?;
        samples.check_memory()?;
        self.state(&samples, &(0..signals.len()).collect::<Vec<_>>())
            .map(Tensors::from)
    }

    pub(super) fn steps(&self) -> &Steps {
        &self.steps
    }

    /// The full recursion for some of the signals.
    pub(super) fn state(&self, samples: &FiniteSamples, signals: &[usize]) -> Result<State> {
        self.run(samples, signals, false).map(|(state, _)| state)
    }

    /// The full recursion for some of the signals, with the tensors of the motion if asked for.
    pub(super) fn run(
        &self,
        samples: &FiniteSamples,
        signals: &[usize],
        moving: bool,
    ) -> Result<(State, Option<Motion>)> {
        let mut state = samples.first(signals);
        let mut motion = moving.then(|| Motion::first(state.samples));
        for step in &self.steps.steps {
            match step {
                Step::Activation {
                    joint,
                    hidden,
                    layer,
                } => {
                    let share = 1.0 / self.widths[*hidden] as f64;
                    let named = |error: Error| error.in_layer(*layer);
                    let sources = state.sources(joint).map_err(named)?;
                    motion = motion
                        .map(|motion| motion.activated(&state, &sources, joint, share))
                        .transpose()
                        .map_err(named)?;
                    state = state.activated(&sources, share);
                }
                Step::Linear(init, filter) => {
                    if let Some(filter) = filter {
                        let moved = samples.moved(signals.len(), filter);
                        state = state.averaged(&moved);
                        motion = motion.map(|motion| motion.averaged(&moved));
                    }
                    state = state.linear(*init);
                    motion = motion.map(|motion| motion.linear(*init, &state));
                }
                Step::Pool => {
                    state = state.pooled(samples.order());
                    motion = motion.map(|motion| motion.pooled(samples.order()));
                }
            }
        }
        Ok((state, motion))
    }

    fn matrices(&self, rows: Signals<'_>, columns: Option<Signals<'_>>) -> Result<MatricesAtWidth> {
        let (n1, n2) = (rows.len(), columns.map_or(rows.len(), |c| c.len()));
        memory::check(
            &format!("six matrices of {n1} x {n2}"),
            memory::bytes(6, &[n1, n2]),
            FEWER,
        )?;
        let silent = self.kernel.without_progress();
        let limit = match columns {
            None => silent.gram(rows)?,
            Some(columns) => silent.cross(rows, columns)?,
        };
        let entries = match (self.kernel.network().input(), rows, columns) {
            (InputSpace::Vector { .. }, Signals::Vectors(rows), None) => {
                self.vectors(rows, rows, true)?
            }
            (
                InputSpace::Vector { .. },
                Signals::Vectors(rows),
                Some(Signals::Vectors(columns)),
            ) => self.vectors(rows, columns, false)?,
            (_, rows, columns) => self.over_group(rows, columns)?,
        };
        let mirrored = columns.is_none();
        let of = |number: &dyn Fn(&Entry) -> f64| {
            Array2::from_shape_fn((n1, n2), |(i, j)| {
                let (i, j) = if mirrored && j < i { (j, i) } else { (i, j) };
                let start = if mirrored { i } else { 0 };
                number(&entries[i][j - start])
            })
        };
        let errors = || [0, 1, 2, 3].map(|number| of(&|entry: &Entry| entry.error[number]));
        Ok(MatricesAtWidth {
            limit,
            nngp_bias: of(&|entry| entry.bias[0]),
            ntk_bias: of(&|entry| entry.bias[1]),
            nngp_std: of(&|entry| entry.std()[0]),
            ntk_std: of(&|entry| entry.std()[1]),
            quadrature_error: self.steps.on_sphere.then(errors),
        })
    }

    /// The entries of rows with columns, row by row; of a set with itself those on and above the diagonal.
    fn vectors(
        &self,
        rows: ArrayView2<'_, f64>,
        columns: ArrayView2<'_, f64>,
        mirrored: bool,
    ) -> Result<Vec<Vec<Entry>>> {
        let (init, _) = &self.steps.first;
        let [weight, bias] = [
            init.weight_std * init.weight_std,
            init.bias_std * init.bias_std,
        ];
        let share = weight / rows.ncols() as f64;
        let inputs = |set: ArrayView2<'_, f64>| {
            try_map(set.nrows(), |i| {
                let square = set.row(i).dot(&set.row(i));
                Input::new(&self.steps, share * square + bias).map_err(|error| error.in_input(i))
            })
        };
        let left = inputs(rows)?;
        let own = if mirrored {
            None
        } else {
            Some(inputs(columns)?)
        };
        let right = own.as_ref().unwrap_or(&left);
        let recursion = PairRecursion::new(&self.steps, &self.widths);
        let (n1, n2) = (left.len(), right.len());
        let counter = self
            .kernel
            .counter(if mirrored { n1 * (n1 + 1) / 2 } else { n1 * n2 });
        try_map(n1, |i| {
            let patience = counter.patience();
            let start = if mirrored { i } else { 0 };
            let mut entries = Vec::with_capacity(n2 - start);
            for (j, other) in right.iter().enumerate().skip(start) {
                if patience
                    .as_ref()
                    .is_some_and(|patience| !patience.goes_on())
                {
                    break;
                }
                let same = mirrored && i == j;
                let k = match same {
                    true => left[i].variance,
                    false => share * rows.row(i).dot(&columns.row(j)) + bias,
                };
                let pair = recursion.pair(&left[i], other, k);
                let entry = Entry::of(&pair, if same { 0 } else { 1 });
                entries.push(entry.checked().map_err(|error| error.in_input(i))?);
            }
            patience
                .as_ref()
                .map_or(Ok(()), |patience| patience.check())?;
            counter.add(n2 - start)?;
            Ok(entries)
        })
    }

    /// The entries of signals over a group, pair by pair. Each pair computes on all threads.
    fn over_group(
        &self,
        rows: Signals<'_>,
        columns: Option<Signals<'_>>,
    ) -> Result<Vec<Vec<Entry>>> {
        let n1 = rows.len();
        let total = n1 + columns.map_or(0, |columns| columns.len());
        let mirrored = columns.is_none();
        let pairs: Vec<(usize, usize)> = (0..n1)
            .flat_map(|i| {
                let range = if mirrored { i..n1 } else { n1..total };
                range.map(move |j| (i, j))
            })
            .collect();
        let counter = self.kernel.counter(pairs.len());
        let compute: OfPair<'_> = if self.steps.is_global && self.goes_by_means() {
            let mut sets = vec![rows.view()];
            sets.extend(columns.as_ref().map(|columns| columns.view()));
            self.by_means(&sets, &counter)?
        } else {
            let all = FiniteSamples::joined(&self.kernel, &self.steps, rows, columns)?;
            all.check_pair()?;
            Box::new(move |i, j| {
                let signals = if i == j { vec![i] } else { vec![i, j] };
                let tensors = Tensors::from(self.state(&all, &signals)?);
                Ok(Entry::of_tensors(&tensors))
            })
        };
        let mut entries: Vec<Vec<Entry>> = (0..n1).map(|_| Vec::new()).collect();
        for (i, j) in pairs {
            let entry = compute(i, j)?.checked();
            entries[i].push(entry.map_err(|error| error.in_input(i))?);
            counter.add(1)?;
        }
        Ok(entries)
    }
}

impl Entry {
    /// Refuses numbers that left the range: fourth powers of inputs overflow before squares do.
    fn checked(self) -> Result<Entry> {
        let numbers = self.bias.iter().chain(&self.variance).chain(&self.error);
        if numbers.copied().all(f64::is_finite) {
            return Ok(self);
        }
        Err(Error::invalid(
            "bias or variance at finite width",
            "a number that is not finite",
            "smaller inputs, so that their fourth powers do not overflow",
        ))
    }

    /// One of the pairs aa, ab, bb of two inputs.
    fn of(pair: &TwoInputs, which: usize) -> Entry {
        let [nngp, ntk] = pair.variances();
        Entry {
            bias: [pair.nngp_bias[which], pair.ntk_bias[which]],
            variance: [nngp[which], ntk[which]],
            error: [0.0; 4],
        }
    }

    /// The entry of the first signal with the last one.
    pub(super) fn of_tensors(tensors: &Tensors) -> Entry {
        let last = tensors.nngp.nrows() - 1;
        Entry {
            bias: [tensors.nngp_bias[[0, last]], tensors.ntk_bias[[0, last]]],
            variance: [
                tensors.v[[0, last, 0, last]],
                tensors.ntk_covariance([0, last], [0, last]),
            ],
            error: [0.0; 4],
        }
    }

    /// The means over a group.
    pub(super) fn of_means(biases: &Pooled, spread: &Pooled) -> Entry {
        Entry {
            bias: biases.bias,
            variance: spread.variance,
            error: [0.0; 4],
        }
    }

    pub(super) fn std(&self) -> [f64; 2] {
        self.variance.map(|variance| variance.max(0.0).sqrt())
    }
}
