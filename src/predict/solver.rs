//! Regression from signals by a chosen solver, and what each solver would cost before it starts.

use std::fmt;
use std::ops::Range;
use std::time::Instant;

use faer::Mat;
use ndarray::{Array2, ArrayView2, Axis, Slice};

use super::kernels::{KernelKind, Kernels};
use super::regression::{Regression, RidgeRule};
use super::solvers::kernel_ridge::KernelRidge;
use super::solvers::{
    ComputedRows, ConjugateGradient, KernelMatrix, KernelRows, LinearModel, Nystrom,
    PivotedCholesky, Preconditioner, Ridge, largest_eigenvalue,
};
use super::time::Time;
use crate::kernel::{Kernel, PreparedSignals};
use crate::{Error, Result, memory};

/// The advice for matrices that do not fit into memory.
const OTHERS: &str = "use conjugate gradients or Nyström";
/// The largest number of signals of a pilot, and the seconds that its kernels may take.
const PILOT: usize = 400;
const PILOT_SECONDS: f64 = 5.0;
/// The number of runs of neighbours of which a pilot consists, so that it covers sorted signals.
const RUNS: usize = 20;

/// How the system (K + ε) a = y of a regression is solved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Solver {
    /// A factorisation of the whole matrix, which is in memory.
    Cholesky,
    /// Conjugate gradients, whose products compute the kernel or keep it.
    ConjugateGradient {
        /// Tolerance and largest number of steps.
        options: ConjugateGradient,
        /// The rank of the preconditioner; 0 for none.
        rank: usize,
    },
    /// The kernels of a few training signals ([`Nystrom`]).
    Nystrom {
        /// Number of these signals.
        rank: usize,
    },
    /// The finitely many features of a kernel that has them ([`Kernel::feature_map`]).
    Features,
}

impl Solver {
    fn name(self) -> &'static str {
        match self {
            Solver::Cholesky => "direct",
            Solver::ConjugateGradient { .. } => "cg",
            Solver::Nystrom { .. } => "nystrom",
            Solver::Features => "features",
        }
    }
}

/// What a solver would cost, and how far its predictions would be from those of the whole regression; from [`Regression::costs`].
///
/// Its text is one line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// The solver: `direct`, `cg`, `nystrom`, `features`, or the name of given features ([`SignalFeatures`](super::SignalFeatures)).
    pub name: &'static str,
    /// Number of kernels of pairs that are computed, by all processes together.
    pub pairs: f64,
    /// Seconds on the threads of this process, or of as many such processes as share the rows.
    pub seconds: f64,
    /// Bytes of memory of one process, without the signals.
    pub memory: f64,
    /// Bytes on disk, if the kernels are kept there as a `store::KernelStore`; 0 for solvers that need less than the whole matrix.
    pub disk: f64,
    /// Estimated number of steps of conjugate gradients; 0 for other solvers.
    pub steps: f64,
    /// Root mean square difference to the predictions of the whole regression, relative to the root mean square of these, on held-out signals
    /// of the pilot; 0 for solvers that solve to rounding.
    pub difference: f64,
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cost {
            pairs,
            seconds,
            steps,
            difference,
            ..
        } = self;
        let [memory, disk] = [self.memory, self.disk].map(|bytes| bytes / 1e9);
        write!(
            f,
            "{}: {pairs:.1e} pairs, {seconds:.1e} s, {memory:.2} GB of memory",
            self.name
        )?;
        if *steps > 0.0 {
            write!(f, ", about {steps:.0} steps, or {disk:.2} GB on disk")?;
        }
        match *difference > 0.0 {
            true => write!(f, ", differs by {difference:.1e} from the whole regression"),
            false => write!(f, ", exact to rounding"),
        }
    }
}

/// A regression of signals; from [`Regression::fit_signals`].
#[derive(Debug, Clone)]
pub struct FittedSignals {
    kind: KernelKind,
    model: Model,
}

#[derive(Debug, Clone)]
enum Model {
    /// Coefficients of all training signals.
    Whole(Array2<f64>),
    Pivots(Vec<usize>, Box<Nystrom>),
    Features(LinearModel),
}

impl FittedSignals {
    /// Predicts test signals.
    ///
    /// # Arguments
    /// * `rows` — of the fit
    /// * `test` — prepared for its kernel, m rows
    ///
    /// The result has shape `[m, outputs]`.
    ///
    /// # Errors
    /// Errors of the computation of kernels.
    pub fn predict(&self, rows: &ComputedRows, test: &PreparedSignals) -> Result<Array2<f64>> {
        match &self.model {
            Model::Whole(coefficients) => rows.predict(test, coefficients.view()),
            Model::Pivots(pivots, nystrom) => nystrom.predict(rows.columns(test, pivots)?.view()),
            Model::Features(model) => {
                model.predict(features(rows.kernel(), self.kind, test)?.view())
            }
        }
    }
}

/// The finitely many features of some signals.
fn features(kernel: &Kernel, kind: KernelKind, signals: &PreparedSignals) -> Result<Array2<f64>> {
    let map = kernel.feature_map(signals)?;
    match kind {
        KernelKind::Ntk => map.ntk(),
        KernelKind::Nngp => map.nngp(),
    }
}

impl Regression {
    /// Fits training signals, whose kernels the solver computes as it needs them.
    ///
    /// # Arguments
    /// * `rows` — the kernel of the training signals
    /// * `targets` — shape `[n, outputs]`
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a finite training time, or for a criterion that chooses the ridge ([`fit`](Self::fit) takes them from
    /// kernel matrices); the errors of the solver.
    ///
    /// # Examples
    /// ```
    /// use haarmonic::activation::Activation;
    /// use haarmonic::kernel::Kernel;
    /// use haarmonic::network::{Init, Network};
    /// use haarmonic::predict::{ComputedRows, KernelKind, Regression, Ridge, Solver};
    /// use ndarray::Array2;
    ///
    /// let network = Network::vector(1).dense(Init::new(1.5, 0.3)).activation(Activation::Erf).dense(Init::default()).build()?;
    /// let kernel = Kernel::new(&network)?;
    /// let x = Array2::from_shape_fn((40, 1), |(i, _)| 0.1 * i as f64);
    /// let rows = ComputedRows::new(&kernel, kernel.prepare(x.view())?, KernelKind::Ntk)?;
    /// let test = kernel.prepare(Array2::from_elem((1, 1), 1.05).view())?;
    /// let regression = Regression::new().ridge(Ridge::Relative(1e-6));
    /// for solver in [Solver::Cholesky, Solver::Nystrom { rank: 12 }] {
    ///     let model = regression.solver(solver).fit_signals(&rows, x.mapv(f64::sin).view())?;
    ///     assert!((model.predict(&rows, &test)?[[0, 0]] - 1.05_f64.sin()).abs() < 0.01);
    /// }
    /// # Ok::<(), haarmonic::Error>(())
    /// ```
    pub fn fit_signals(
        &self,
        rows: &ComputedRows,
        targets: ArrayView2<'_, f64>,
    ) -> Result<FittedSignals> {
        let mut fitted = self.fit_signals_for(rows, targets, &[self.fixed_ridge()?])?;
        Ok(fitted.remove(0))
    }

    /// Fits training signals for each of several ridges, which share the kernels; otherwise as [`fit_signals`](Self::fit_signals).
    ///
    /// # Errors
    /// As [`fit_signals`](Self::fit_signals); [`Error::Empty`] without ridges.
    pub fn fit_signals_for(
        &self,
        rows: &ComputedRows,
        targets: ArrayView2<'_, f64>,
        ridges: &[Ridge],
    ) -> Result<Vec<FittedSignals>> {
        crate::check::not_empty("ridges", ridges.len())?;
        self.check_time()?;
        let kind = rows.kind();
        let models: Vec<Model> = match self.chosen_solver() {
            Solver::Cholesky => {
                let n = rows.points();
                memory::check("the whole matrix", memory::bytes(3, &[n, n]), OTHERS)?;
                let gram = rows.kernel().gram_prepared(rows.signals())?;
                let train = Kernels::of(kind, &gram);
                let solve = |&ridge: &Ridge| KernelRidge::fit(train.driving(), targets, ridge);
                let models = ridges.iter().map(solve).collect::<Result<Vec<_>>>()?;
                let whole = models
                    .iter()
                    .map(|m| Model::Whole(m.coefficients().clone()));
                whole.collect()
            }
            Solver::ConjugateGradient { options, rank } => {
                let preconditioner = match rank {
                    0 => None,
                    rank => {
                        let factor = PivotedCholesky::new(rows, rank, 0.0)?;
                        Some(Preconditioner::new(&factor)?)
                    }
                };
                let solved = options.fit_ridges(rows, targets, ridges, preconditioner.as_ref())?;
                let whole = solved
                    .iter()
                    .map(|s| Model::Whole(s.model.coefficients().clone()));
                whole.collect()
            }
            Solver::Nystrom { rank } => {
                let factor = PivotedCholesky::new(rows, rank, 0.0)?;
                let solve = |&ridge: &Ridge| Nystrom::fit(&factor, targets, ridge);
                let models = ridges.iter().map(solve).collect::<Result<Vec<_>>>()?;
                let pivots = models
                    .into_iter()
                    .map(|m| Model::Pivots(factor.pivots().to_vec(), Box::new(m)));
                pivots.collect()
            }
            Solver::Features => {
                let phi = features(rows.kernel(), kind, rows.signals())?;
                let solve = |&ridge: &Ridge| LinearModel::fit(phi.view(), targets, ridge);
                let models = ridges.iter().map(|r| solve(r).map(Model::Features));
                models.collect::<Result<_>>()?
            }
        };
        let fitted = models
            .into_iter()
            .map(|model| FittedSignals { kind, model });
        Ok(fitted.collect())
    }

    /// Estimates what solvers would cost, and how far each would be from the whole regression, before one of them starts.
    ///
    /// Times follow from the measured time of some pairs and of a product of matrices. The steps of conjugate gradients and the difference of
    /// Nyström's predictions follow from a pilot of a few hundred signals: the remainder of a partial factor per signal tends to a limit as
    /// the number of signals grows. A rank above half of the pilot counts as half of the pilot, so larger ranks are estimated too dearly.
    ///
    /// # Arguments
    /// * `rows` — the kernel of the training signals
    /// * `targets` — shape `[n, outputs]`
    /// * `solvers` — those to compare; [`Solver::Features`] is left out if the kernel has no finite feature map
    ///
    /// # Cost
    /// At most about ten seconds, and never more than the kernels of forty signals.
    ///
    /// # Errors
    /// As [`fit_signals`](Self::fit_signals).
    pub fn costs(
        &self,
        rows: &ComputedRows,
        targets: ArrayView2<'_, f64>,
        solvers: &[Solver],
    ) -> Result<Vec<Cost>> {
        let rates = Rates::measure(rows)?;
        let pilot = Pilot::new(rows, targets, self.fixed_ridge()?, &rates)?;
        let mut costs = Vec::new();
        for &solver in solvers {
            costs.extend(cost(rows, targets.ncols(), solver, &rates, &pilot)?);
        }
        Ok(costs)
    }

    /// Refuses a finite training time.
    pub(super) fn check_time(&self) -> Result<()> {
        match self.training_time() {
            Time::Infinite => Ok(()),
            _ => Err(Error::invalid(
                "training time",
                "a finite one",
                "infinity, or a regression from kernel matrices",
            )),
        }
    }

    pub(super) fn fixed_ridge(&self) -> Result<Ridge> {
        match self.ridge_rule() {
            RidgeRule::Fixed(ridge) => Ok(ridge),
            RidgeRule::Chosen(_) => Err(Error::invalid(
                "ridge",
                "a criterion that chooses it",
                "a number, or a regression from kernel matrices",
            )),
        }
    }
}

/// Measured times.
pub(super) struct Rates {
    /// Seconds per pair on all threads.
    pair: f64,
    /// Seconds per multiplication and addition on all threads.
    pub(super) flop: f64,
}

impl Rates {
    pub(super) fn measure(rows: &ComputedRows) -> Result<Rates> {
        const ENOUGH: f64 = 0.05;
        let n = rows.points();
        let mut side = 4.min(n);
        let pair = loop {
            let start = Instant::now();
            rows.between(0..side, n - side..n)?;
            let seconds = start.elapsed().as_secs_f64();
            if seconds > ENOUGH || side == n || side >= 1024 {
                break seconds / (side * side) as f64;
            }
            side = (2 * side).min(n);
        };
        const EDGE: usize = 384;
        let square = Mat::from_fn(EDGE, EDGE, |i, j| (i + 2 * j) as f64);
        let start = Instant::now();
        let product = &square * &square;
        let seconds = start.elapsed().as_secs_f64() + f64::MIN_POSITIVE * product[(0, 0)].abs();
        Ok(Rates {
            pair,
            flop: seconds / (EDGE * EDGE * EDGE) as f64,
        })
    }
}

/// The kernel of some signals with each other, and what follows from it.
pub(super) struct Pilot {
    /// The signals, in runs of neighbours.
    pub(super) runs: Vec<Range<usize>>,
    /// Which of them are fitted, and which are held out.
    pub(super) kept: Vec<usize>,
    pub(super) held: Vec<usize>,
    /// Kernels of the signals that are fitted.
    train: Array2<f64>,
    /// Kernels of held-out signals with them.
    cross: Array2<f64>,
    pub(super) targets: Array2<f64>,
    /// The ridge of the pilot: with fewer signals it is smaller, so that the regression is as smooth.
    pub(super) ridge: Ridge,
    /// The ridge of all signals, and their number per signal of the pilot.
    epsilon: f64,
    factor: f64,
    /// Predictions of the whole regression of the pilot.
    exact: Array2<f64>,
}

impl Pilot {
    pub(super) fn new(
        rows: &ComputedRows,
        targets: ArrayView2<'_, f64>,
        ridge: Ridge,
        rates: &Rates,
    ) -> Result<Pilot> {
        let n = rows.points();
        super::check::targets(targets, n)?;
        let affordable = (2.0 * PILOT_SECONDS / rates.pair).sqrt() as usize;
        let m = affordable.clamp(40, PILOT).min(n);
        let runs = runs(n, m);
        let mut whole = Array2::zeros((m, m));
        let mut own = Array2::zeros((m, targets.ncols()));
        let starts: Vec<usize> = runs
            .iter()
            .scan(0, |next, run| {
                let start = *next;
                *next += run.len();
                Some(start)
            })
            .collect();
        for (a, run) in runs.iter().enumerate() {
            let at = starts[a]..starts[a] + run.len();
            own.slice_axis_mut(Axis(0), Slice::from(at.clone()))
                .assign(&targets.slice_axis(Axis(0), Slice::from(run.clone())));
            for (b, other) in runs.iter().enumerate().skip(a) {
                let part = rows.between(run.clone(), other.clone())?;
                for ((i, j), value) in part.indexed_iter() {
                    whole[[starts[a] + i, starts[b] + j]] = *value;
                    whole[[starts[b] + j, starts[a] + i]] = *value;
                }
            }
        }
        // Every fourth signal is held out; a single signal is its own test.
        let (held, kept): (Vec<usize>, Vec<usize>) = (0..m).partition(|i| i % 4 == 3);
        let held = if held.is_empty() { kept.clone() } else { held };
        let select = |rows: &[usize]| whole.select(Axis(0), rows).select(Axis(1), &kept);
        let train = select(&kept);
        let mean = whole.diag().mean().unwrap_or(0.0);
        let epsilon = ridge.to_absolute(mean)?;
        let factor = n as f64 / kept.len() as f64;
        // A ridge at the rounding of the pilot keeps its regression solvable.
        let least = 16.0 * m as f64 * f64::EPSILON * mean;
        let ridge = Ridge::Absolute((epsilon / factor).max(least));
        let targets = own.select(Axis(0), &kept);
        let cross = select(&held);
        let model = KernelRidge::fit(train.view(), targets.view(), ridge)?;
        Ok(Pilot {
            exact: model.predict(cross.view())?,
            runs,
            kept,
            held,
            train,
            cross,
            targets,
            ridge,
            epsilon,
            factor,
        })
    }

    /// The difference of predictions from the exact ones, relative to these.
    pub(super) fn difference(&self, found: &Array2<f64>) -> f64 {
        let square = |array: &Array2<f64>| array.iter().map(|x| x * x).sum::<f64>();
        let whole = square(&self.exact);
        match whole > 0.0 {
            true => (square(&(found - &self.exact)) / whole).sqrt(),
            false => 0.0,
        }
    }

    /// A partial factor, of at most half of the pilot.
    fn partial(&self, rank: usize) -> Result<PivotedCholesky> {
        let rank = rank.min(self.train.nrows() / 2).max(1);
        PivotedCholesky::new(&KernelMatrix::new(self.train.view())?, rank, 0.0)
    }

    fn nystrom(&self, rank: usize) -> Result<f64> {
        let factor = self.partial(rank)?;
        let model = Nystrom::fit(&factor, self.targets.view(), self.ridge)?;
        let columns = self.cross.select(Axis(1), factor.pivots());
        Ok(self.difference(&model.predict(columns.view())?))
    }

    /// The number of steps by the condition number 1 + λ(S) / ε, whose numerator grows with the number of signals.
    fn steps(&self, options: ConjugateGradient, rank: usize) -> Result<f64> {
        const LANCZOS: usize = 60;
        let n = self.train.nrows();
        let mut left = Mat::from_fn(n, n, |i, j| self.train[[i, j]]);
        if rank > 0 {
            let factor = self.partial(rank)?;
            let explained = factor.factor().dot(&factor.factor().t());
            left = Mat::from_fn(n, n, |i, j| left[(i, j)] - explained[[i, j]]);
        }
        let largest = self.factor * largest_eigenvalue(n, LANCZOS, |x| &left * x);
        let condition = 1.0 + largest / self.epsilon;
        let steps = 0.5 * condition.sqrt() * (2.0 / options.tolerance).ln();
        Ok(steps
            .ceil()
            .clamp(1.0, options.max_iterations.max(1) as f64))
    }

    fn conjugate_gradients(&self, options: ConjugateGradient) -> Result<f64> {
        let kernel = KernelMatrix::new(self.train.view())?;
        let preconditioner = Preconditioner::new(&self.partial(self.train.nrows())?)?;
        let many = ConjugateGradient {
            max_iterations: options.max_iterations.max(1000),
            ..options
        };
        let solved = many.fit(
            &kernel,
            self.targets.view(),
            self.ridge,
            Some(&preconditioner),
        );
        Ok(match solved {
            Ok(solved) => self.difference(&solved.model.predict(self.cross.view())?),
            // Rounding ends it before the tolerance: the difference is of that size.
            Err(Error::NotConverged { .. }) => options.tolerance,
            Err(error) => return Err(error),
        })
    }
}

/// About RUNS runs of neighbours, m of n in all.
fn runs(n: usize, m: usize) -> Vec<Range<usize>> {
    let count = RUNS.min(m);
    let cut = |total: usize, k: usize| total * k / count;
    (0..count)
        .map(|k| {
            let len = cut(m, k + 1) - cut(m, k);
            cut(n, k)..cut(n, k) + len
        })
        .collect()
}

/// The cost of one solver; none if the kernel has no features.
fn cost(
    rows: &ComputedRows,
    outputs: usize,
    solver: Solver,
    rates: &Rates,
    pilot: &Pilot,
) -> Result<Option<Cost>> {
    let (n, c) = (rows.points() as f64, outputs as f64);
    let processes = rows.processes() as f64;
    let triangle = n * (n + 1.0) / 2.0;
    // A factor, its singular vectors, and the copies that the decomposition takes.
    const COPIES: f64 = 4.0;
    let low_rank = |k: f64| (COPIES * 8.0 * n * k, 6.0 * n * k * k);
    let made = |pairs: f64, flops: f64, memory: f64| Cost {
        name: solver.name(),
        pairs,
        seconds: pairs * rates.pair / processes + flops * rates.flop,
        memory,
        disk: 0.0,
        steps: 0.0,
        difference: 0.0,
    };
    Ok(Some(match solver {
        Solver::Cholesky => made(triangle, n * n * n / 3.0, 24.0 * n * n),
        Solver::ConjugateGradient { options, rank } => {
            let k = (rank as f64).min(n);
            let (memory, flops) = low_rank(k);
            let steps = pilot.steps(options, rank)?;
            let computed = 1.0 + steps * (1.0 - rows.kept());
            let each = (2.0 * triangle / processes + 2.0 * n * k) * c;
            let kept = rows.kept() * 8.0 * triangle / processes;
            Cost {
                steps,
                disk: 16.0 * triangle,
                difference: pilot.conjugate_gradients(options)?,
                ..made(
                    n * k + computed * triangle,
                    flops + steps * each,
                    memory + kept + 48.0 * n * c,
                )
            }
        }
        Solver::Nystrom { rank } => {
            let k = (rank as f64).min(n);
            let (memory, flops) = low_rank(k);
            Cost {
                difference: pilot.nystrom(rank)?,
                ..made(n * k, flops, memory + 24.0 * n * c)
            }
        }
        Solver::Features => {
            let one = rows.signals().part(0..1);
            let Ok(map) = rows.kernel().feature_map(&one) else {
                return Ok(None);
            };
            let d = match rows.kind() {
                KernelKind::Ntk => map.ntk_len(),
                KernelKind::Nngp => map.nngp_len(),
            } as f64;
            let least = d.min(n);
            made(0.0, n * d * least, 8.0 * (n * d + 2.0 * least * least))
        }
    }))
}
