//! `haarmonic predict` for many training inputs: conjugate gradients by one process or several, Nyström, and finite feature maps.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use haarmonic::data::arrays::{Numbers, write_npz};
use haarmonic::kernel::{Kernel, PreparedSignals};
use haarmonic::predict::metrics::Score;
use haarmonic::predict::{
    ComputedRows, ConjugateGradient, ConjugateGradientSteps, Cost, KernelKind, KernelRows,
    PivotedCholesky, Preconditioner, Regression, Ridge, Solver,
};
use haarmonic::progress::Progress;
use haarmonic::store::{KernelStore, SolverCheckpoint, StoreOptions};
use haarmonic::{Error, Result};
use ndarray::{Array1, Array2, ArrayView2, arr0};

use super::predict_arguments::{Arguments, SolverChoice};
use super::predict_files::Files;
use super::progress::Watched;
use super::ranks::Ranks;
use super::{make_kernel, say};

/// Reads, solves, predicts and writes. Every step that can fail in one process ends in `agree`, so that no process waits for a failed one.
pub fn run(arguments: &Arguments) -> Result<()> {
    let ranks = Arc::new(Ranks::join()?);
    let solver = arguments.many.solver;
    if ranks.several() && (solver != SolverChoice::Cg || arguments.many.plan) {
        return ranks.agree(Err(Error::invalid(
            "processes",
            "several processes of MPI",
            "one process, or --solver cg without --plan",
        )));
    }
    let files = ranks.agree(Files::read(arguments))?;
    let kernel = ranks.agree(make_kernel(&files.network, arguments.precision))?;
    let prepared = ranks.agree(files.train.inputs.prepare(&kernel))?;
    let kind = KernelKind::from(arguments.kernel);
    let watched = Watched::new()?;
    let progress = watched.progress(ranks.is_first());
    let processes = Arc::clone(&ranks);
    let rows = ComputedRows::new(&kernel, prepared, kind)?
        .keeping(match arguments.many.tiles {
            Some(_) => 0,
            None => arguments.many.memory,
        })
        .among(processes)
        .with_progress(Arc::clone(&progress));
    if arguments.many.plan {
        let targets = files.train.targets.rows.view();
        let ridge = Ridge::Relative(arguments.ridge);
        let regression = Regression::new().ridge(ridge);
        let mut costs = regression.costs(&rows, targets, &solvers(arguments))?;
        costs.extend(random_features_cost(arguments, &files, &regression, &rows)?);
        drop(watched);
        return say::lines(&costs.iter().map(ToString::to_string).collect::<Vec<_>>());
    }
    let job = Job {
        arguments,
        files: &files,
        kernel: &kernel,
        rows: &rows,
        ranks: &ranks,
    };
    let solved = match solver {
        SolverChoice::Nystrom => job.at_once(Solver::Nystrom {
            rank: arguments.many.rank,
        })?,
        SolverChoice::Features => job.at_once(Solver::Features)?,
        SolverChoice::RandomFeatures => job.random_features()?,
        SolverChoice::Cg | SolverChoice::Direct => job.conjugate_gradients(progress)?,
    };
    drop(watched);
    let written = match ranks.is_first() {
        true => solved.write(arguments, &files),
        false => Ok(Vec::new()),
    };
    say::lines(&ranks.agree(written)?)
}

/// The solvers that a plan compares.
fn solvers(arguments: &Arguments) -> Vec<Solver> {
    let many = &arguments.many;
    vec![
        Solver::Cholesky,
        Solver::ConjugateGradient {
            options: options(arguments),
            rank: many.rank,
        },
        Solver::Nystrom { rank: many.rank },
        Solver::Features,
    ]
}

fn options(arguments: &Arguments) -> ConjugateGradient {
    ConjugateGradient {
        tolerance: arguments.many.tolerance,
        max_iterations: arguments.many.max_steps,
    }
}

/// A regression to solve.
struct Job<'a> {
    arguments: &'a Arguments,
    files: &'a Files,
    kernel: &'a Kernel,
    rows: &'a ComputedRows,
    ranks: &'a Arc<Ranks>,
}

/// Predictions for each ridge.
struct Predictions {
    test: Vec<Array2<f64>>,
    validation: Vec<Array2<f64>>,
    said: Vec<String>,
}

impl Job<'_> {
    fn targets(&self) -> ArrayView2<'_, f64> {
        self.files.train.targets.rows.view()
    }

    /// The ridges: one, or the candidates.
    fn ridges(&self) -> Vec<Ridge> {
        let many = &self.arguments.many.ridges;
        match many.is_empty() {
            true => vec![Ridge::Relative(self.arguments.ridge)],
            false => many.iter().copied().map(Ridge::Relative).collect(),
        }
    }

    /// The test inputs, and the validation inputs if there are any.
    fn unseen(&self) -> Result<(PreparedSignals, Option<PreparedSignals>)> {
        let test = self.ranks.agree(self.files.test.prepare(self.kernel))?;
        let validation = self.files.validation.as_ref();
        let validation = validation.map(|known| known.inputs.prepare(self.kernel));
        Ok((test, self.ranks.agree(validation.transpose())?))
    }

    /// Predicts test and validation inputs by a function that serves all ridges.
    fn predictions(
        &self,
        said: Vec<String>,
        predict: impl Fn(&PreparedSignals) -> Result<Vec<Array2<f64>>>,
    ) -> Result<Predictions> {
        let (test, validation) = self.unseen()?;
        Ok(Predictions {
            test: predict(&test)?,
            validation: validation.map_or(Ok(Vec::new()), |known| predict(&known))?,
            said,
        })
    }

    fn conjugate_gradients(&self, progress: Progress) -> Result<Predictions> {
        let (ranks, many) = (self.ranks, &self.arguments.many);
        // The store is complete before the first step, each process with its share of the tiles.
        let signals = self.files.train.inputs.signals()?;
        let store = match &many.tiles {
            None => None,
            Some(folder) => {
                let open = || {
                    let options = StoreOptions::default();
                    KernelStore::open(folder, self.kernel, signals, options)
                };
                // The first process creates the folder before the others open it.
                if ranks.several() {
                    ranks.agree(match ranks.is_first() {
                        true => open().map(drop),
                        false => Ok(()),
                    })?;
                }
                let store = ranks.agree(open())?;
                ranks.agree(store.complete_share(ranks.share()?, Some(progress)))?;
                Some(store)
            }
        };
        let kind = KernelKind::from(self.arguments.kernel);
        let stored = match &store {
            None => None,
            Some(store) => {
                let processes = Arc::clone(ranks);
                Some(store.rows(kind)?.among(processes))
            }
        };
        let product = |x: ArrayView2<'_, f64>| match &stored {
            None => self.rows.product(x),
            Some(stored) => stored.product(x),
        };
        let start = Instant::now();
        let preconditioner: Option<Cow<'_, Preconditioner>> = match many.rank {
            0 => None,
            rank => {
                let factor = PivotedCholesky::new(self.rows, rank, 0.0)?;
                Some(Cow::Owned(Preconditioner::new(&factor)?))
            }
        };
        let rank = preconditioner.as_ref().map_or(0, |p| p.rank());
        let preparation = start.elapsed();
        let mut steps = ConjugateGradientSteps::new(
            options(self.arguments),
            self.rows.diagonal()?,
            self.targets(),
            &self.ridges(),
            preconditioner,
        )?;
        let checkpoint = match &many.checkpoint {
            None => None,
            Some(path) => Some(SolverCheckpoint::new(path, self.kernel, signals, kind)?),
        };
        if let Some(checkpoint) = &checkpoint {
            ranks.agree(checkpoint.read(&mut steps))?;
            if !ranks.have_equal(steps.iterations())? {
                return Err(Error::invalid(
                    "--checkpoint",
                    "other states in other processes",
                    "a file that all processes see",
                ));
            }
        }
        let resumed = steps.iterations();
        let start = Instant::now();
        while let Some(wanted) = steps.wanted() {
            steps.advance(product(wanted.view())?.view())?;
            if let Some(checkpoint) = &checkpoint {
                ranks.agree(match ranks.is_first() {
                    true => checkpoint.write(&steps),
                    false => Ok(()),
                })?;
            }
        }
        let elapsed = start.elapsed().as_secs_f64();
        let taken = steps.iterations() - resumed;
        let mut said = Vec::new();
        if resumed > 0 {
            said.push(format!("resumed after step {resumed}"));
        }
        said.push(format!(
            "preconditioner of rank {rank} in {:.1} s, {taken} steps in {elapsed:.1} s",
            preparation.as_secs_f64()
        ));
        let solved = steps.finish()?;
        for (ridge, solved) in self.ridges().iter().zip(&solved) {
            let Ridge::Relative(ridge) = ridge else {
                unreachable!("ridges of the command line are relative")
            };
            said.push(format!(
                "ridge {ridge:.1e}: {} steps, relative residual {:.1e}, condition {:.1e}",
                solved.iterations, solved.residual, solved.condition
            ));
        }
        // All ridges share the kernels of an unseen input: their coefficients stand side by side.
        let views: Vec<_> = solved
            .iter()
            .map(|s| s.model.coefficients().view())
            .collect();
        let together = ndarray::concatenate(ndarray::Axis(1), &views).expect("equally many rows");
        let outputs = self.targets().ncols();
        self.predictions(said, |unseen| {
            let all = self.rows.predict(unseen, together.view())?;
            let ridges = (0..views.len()).map(|ridge| {
                let part = ridge * outputs..(ridge + 1) * outputs;
                all.slice_axis(ndarray::Axis(1), part.into()).to_owned()
            });
            Ok(ridges.collect())
        })
    }

    /// Solvers of one process that keep no state.
    fn at_once(&self, solver: Solver) -> Result<Predictions> {
        let regression = Regression::new().solver(solver);
        let models = regression.fit_signals_for(self.rows, self.targets(), &self.ridges())?;
        self.predictions(Vec::new(), |unseen| {
            let each = models.iter().map(|model| model.predict(self.rows, unseen));
            each.collect()
        })
    }
}

#[cfg(not(feature = "finite-width"))]
impl Job<'_> {
    fn random_features(&self) -> Result<Predictions> {
        Err(Error::invalid(
            "--solver random-features",
            "a program built without the feature `finite-width`",
            "one built with it: cargo install --path . --features cli,finite-width",
        ))
    }
}

/// The cost of random features; none for a network that has none, or more than fit into memory.
#[cfg(not(feature = "finite-width"))]
fn random_features_cost(
    _: &Arguments,
    _: &Files,
    _: &Regression,
    _: &ComputedRows,
) -> Result<Option<Cost>> {
    Ok(None)
}

#[cfg(feature = "finite-width")]
fn random_features_cost(
    arguments: &Arguments,
    files: &Files,
    regression: &Regression,
    rows: &ComputedRows,
) -> Result<Option<Cost>> {
    let Ok(features) = random_features(arguments, files) else {
        return Ok(None);
    };
    let of = features.of(files.train.inputs.signals()?)?;
    let targets = files.train.targets.rows.view();
    match regression.cost_of_features(&of, rows, targets) {
        Err(Error::OutOfMemory { .. }) => Ok(None),
        cost => cost.map(Some),
    }
}

#[cfg(feature = "finite-width")]
fn random_features(
    arguments: &Arguments,
    files: &Files,
) -> Result<haarmonic::finite_width::RandomFeatures> {
    /// Channels of a block.
    const WIDTH: usize = 64;
    let kind = KernelKind::from(arguments.kernel);
    let blocks = arguments.many.channels.div_ceil(WIDTH) as u64;
    haarmonic::finite_width::RandomFeatures::new(&files.network, kind, WIDTH, 0..blocks)
}

#[cfg(feature = "finite-width")]
impl Job<'_> {
    fn random_features(&self) -> Result<Predictions> {
        let features = random_features(self.arguments, self.files)?;
        let signals = self.files.train.inputs.signals()?;
        let error = features.relative_error(signals)?;
        let of = features.of(signals)?;
        let models = Regression::new().fit_features(&of, self.targets(), &self.ridges())?;
        let each = |inputs: &super::inputs::Inputs| -> Result<Vec<Array2<f64>>> {
            let phi = features.features(inputs.signals()?)?;
            models
                .iter()
                .map(|model| model.predict(phi.view()))
                .collect()
        };
        let validation = self.files.validation.as_ref();
        Ok(Predictions {
            test: each(&self.files.test)?,
            validation: validation.map_or(Ok(Vec::new()), |known| each(&known.inputs))?,
            said: vec![format!(
                "{} random features, largest standard error of a kernel {error:.1e} of the largest kernel",
                models[0].weights().nrows()
            )],
        })
    }
}

impl Predictions {
    /// Chooses the ridge of the least validation error, writes its predictions, and returns the lines to print.
    fn write(self, arguments: &Arguments, files: &Files) -> Result<Vec<String>> {
        let mut said = self.said;
        let mut arrays = Vec::new();
        let mut best = 0;
        if let Some(known) = &files.validation {
            let score = |mean: &Array2<f64>| Score::of(mean.view(), known.targets.rows.view());
            let scores: Result<Vec<Score>> = self.validation.iter().map(score).collect();
            let errors: Vec<f64> = scores?.iter().map(|score| score.rmse).collect();
            for (k, error) in errors.iter().enumerate() {
                if *error < errors[best] {
                    best = k;
                }
            }
            let ridges = &arguments.many.ridges;
            for (ridge, error) in ridges.iter().zip(&errors) {
                said.push(format!("ridge {ridge:.1e}: validation error {error:.4e}"));
            }
            arrays.push(("ridge", Numbers::Real(arr0(ridges[best]).into_dyn())));
            let errors = Array1::from_vec(errors).into_dyn();
            arrays.push(("validation_error", Numbers::Real(errors)));
        }
        let mean = self.test.into_iter().nth(best).expect("one mean per ridge");
        said.push(format!(
            "{} predictions from {} training inputs",
            mean.nrows(),
            files.train.inputs.len()
        ));
        let mean = files.train.targets.shaped(mean)?;
        arrays.insert(0, ("mean", Numbers::Real(mean)));
        write_npz(&arguments.out, &arrays)?;
        Ok(said)
    }
}
