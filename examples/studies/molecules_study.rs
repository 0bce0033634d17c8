//! Who: someone who wants to predict molecular energies with infinitely wide equivariant networks.
//! What: kernel regression of the atomisation energies (U0) of QM9 molecules with the neural tangent kernel of an
//!       SO(3)-equivariant network on the sphere around each atom, and with that of an MLP on the same signals.
//! Run:  cargo run --release --features data --example molecules_study
//!       cargo run --release --features data --example molecules_study -- --data qm9pack-1.0.3-py3-none-any.whl --train 1000 --test 1000
//!       cargo run --release --features plot --example molecules_study -- --plot results
//! Expect: a table of test errors against the number of training molecules, the same as CSV; twenty seconds. With `--train 300
//!       --validation 100 --test 200`, all of the shipped sample that docs/molecules.md speaks of, under two minutes.
//!
//! Settings were chosen on molecules that are never drawn here (rows divisible by ten; `--design` draws them); the
//! ridge is chosen on validation molecules. Test molecules choose nothing. See docs/molecules.md.

#[macro_use]
#[path = "../shared/mod.rs"]
mod shared;
#[path = "../shared/molecules.rs"]
mod molecules;

use std::path::PathBuf;

use clap::Parser;
use haarmonic::data::atomic::{check_target, write_csv};
use haarmonic::data::composition::{CompositionBaseline, element_counts};
use haarmonic::data::molecule::{Element, Molecule};
use haarmonic::data::qm9::{Qm9Form, Qm9Source};
use haarmonic::data::qm9_sample::{DESIGN_POOL_STRIDE, SAMPLE_SEED, sample_rows};
use haarmonic::kernel::{KernelMatrices, Pairing};
use haarmonic::predict::{KernelRidge, Ridge, RidgePath, metrics};
use haarmonic::{Error, Result};
use indicatif::{ProgressBar, ProgressStyle};
use molecules::{Atoms, Model, MoleculeKernel, energies, rotated};
use ndarray::{Array2, ArrayView2, Axis};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Training sizes of the table; each is repeated on disjoint parts of the training molecules.
const SIZES: [usize; 5] = [10, 30, 100, 300, 1000];
const MOST_SPLITS: usize = 30;
/// Candidates for the ridge: powers of √10; the kernel of an atom with itself is one.
const RIDGES: std::ops::RangeInclusive<i32> = -16..=6;
/// Training molecules of the model whose predictions are compared before and after rotating every test molecule.
const ROTATION_TRAIN: usize = 100;
/// Rotating a molecule may move the prediction of the SO(3) network by this much, in meV.
const INVARIANCE: f64 = 1e-3;

#[derive(Parser)]
struct Arguments {
    /// QM9: the qm9pack wheel, a folder of xyz files, or the shipped sample
    #[arg(long, default_value = "examples/data/qm9_sample.csv")]
    data: PathBuf,
    /// Training molecules
    #[arg(long, default_value_t = 100)]
    train: usize,
    /// Test molecules
    #[arg(long, default_value_t = 100)]
    test: usize,
    /// Validation molecules
    #[arg(long, default_value_t = 50)]
    validation: usize,
    /// Draw from the molecules on which settings are chosen
    #[arg(long)]
    design: bool,
    /// Predict with the NNGP instead of the NTK
    #[arg(long)]
    nngp: bool,
    /// Seed of the draw
    #[arg(long, default_value_t = SAMPLE_SEED)]
    seed: u64,
    /// Where to write the table
    #[arg(long, default_value = "results/molecules.csv")]
    out: PathBuf,
    /// Folder for pictures
    #[cfg(feature = "plot")]
    #[arg(long)]
    plot: Option<PathBuf>,
}

const PAIRINGS: [Pairing; 3] = [Pairing::Index, Pairing::All, Pairing::SameLabel];
const BASELINES: [Baseline; 2] = [Baseline::Mean, Baseline::Composition];
const MODELS: [Model; 2] = [Model::Mlp, Model::So3];

/// What is subtracted from the targets before the kernel regression.
#[derive(Clone, Copy, PartialEq)]
enum Baseline {
    Mean,
    Composition,
}

fn main() -> std::process::ExitCode {
    shared::exit_code(run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<()> {
    if arguments.train < SIZES[0] {
        return Err(Error::invalid(
            "training molecules",
            arguments.train,
            format!("at least {}", SIZES[0]),
        ));
    }
    shared::create_folder_of(&arguments.out)?;
    check_target(&arguments.out)?;
    let molecules = draw(arguments)?;
    let (train, rest) = molecules.split_at(arguments.train);
    say!(
        "{} training, {} validation and {} test molecules from {}",
        train.len(),
        arguments.validation,
        arguments.test,
        arguments.data.display()
    );
    let mut table = Vec::new();
    for model in MODELS {
        let kernels = Kernels::new(model, train, rest)?;
        let counts = [element_counts(train), element_counts(rest)];
        for (p, pairing) in PAIRINGS.into_iter().enumerate() {
            let choose = |gram: &'_ KernelMatrices| {
                if arguments.nngp {
                    gram.nngp.clone()
                } else {
                    gram.ntk.clone()
                }
            };
            let problem = Problem {
                gram: choose(&kernels.gram[p]),
                cross: choose(&kernels.cross[p]),
                counts: &counts,
                energies: [energies(train), energies(rest)],
                validation: arguments.validation,
            };
            for baseline in BASELINES {
                for size in SIZES.into_iter().filter(|&size| size <= train.len()) {
                    let splits = (train.len() / size).min(MOST_SPLITS);
                    let scores = (0..splits)
                        .map(|split| problem.scores(split * size, size, baseline))
                        .collect::<Result<Vec<_>>>()?;
                    table.push(Row::new(model, pairing, baseline, size, &scores)?);
                }
            }
        }
        let test = &rest[arguments.validation..];
        let change = kernels.rotation_change(train, test, arguments)?;
        say!(
            "{}: rotating every test molecule moves predictions by up to {change:.1e} meV",
            model.name()
        );
        assert!(
            model == Model::Mlp || change < INVARIANCE,
            "the SO(3) network must not see rotations"
        );
    }
    report(&table, arguments)
}

/// Draws training molecules, then validation, then test molecules.
fn draw(arguments: &Arguments) -> Result<Vec<Molecule>> {
    let count = arguments.train + arguments.validation + arguments.test;
    let source = Qm9Source::open(&arguments.data)?;
    if source.form() == Qm9Form::Sample {
        // Drawn at random when it was made, and in that order.
        let records = source.read_all()?;
        if records.len() < count {
            return Err(Error::invalid(
                "molecules",
                format!("{count} asked for"),
                format!("at most {}, what the sample holds", records.len()),
            ));
        }
        return Ok(records
            .into_iter()
            .take(count)
            .map(|record| record.molecule)
            .collect());
    }
    let bar = ProgressBar::new_spinner();
    bar.set_style(style("{bar:40} {percent}% of the file"));
    let total = source.count()?;
    let rows = if arguments.design {
        let pool = sample_rows(total * DESIGN_POOL_STRIDE, total, arguments.seed)?;
        let pool = pool
            .into_iter()
            .filter(|row| row % DESIGN_POOL_STRIDE == 1 && *row < total);
        pool.map(|row| row - 1).take(count).collect()
    } else {
        sample_rows(total, count, arguments.seed)?
    };
    let molecules = source.read_rows(&rows, |progress| {
        bar.set_length(progress.total);
        bar.set_position(progress.done);
    });
    bar.finish_and_clear();
    molecules
}

/// Kernels between training molecules, and of the others with them; one matrix a pairing.
struct Kernels {
    kernel: MoleculeKernel,
    train: Atoms,
    gram: Vec<KernelMatrices>,
    cross: Vec<KernelMatrices>,
}

impl Kernels {
    fn new(model: Model, train: &[Molecule], rest: &[Molecule]) -> Result<Self> {
        let (bar, progress) = shared::bar(model.name(), "pairs of molecules");
        let kernel = MoleculeKernel::new(model, train, progress)?;
        let (train, others) = (kernel.prepare(train)?, kernel.prepare(rest)?);
        let gram = kernel.gram(&train, &PAIRINGS)?;
        let cross = kernel.cross(&others, &train, train.sets.len(), &PAIRINGS)?;
        bar.finish_and_clear();
        Ok(Kernels {
            kernel,
            train,
            gram,
            cross,
        })
    }

    /// The largest change, over `test`, of a prediction when each molecule is rotated at random.
    fn rotation_change(
        &self,
        train: &[Molecule],
        test: &[Molecule],
        arguments: &Arguments,
    ) -> Result<f64> {
        let size = train.len().min(ROTATION_TRAIN);
        let mut rng = ChaCha8Rng::seed_from_u64(arguments.seed);
        let rotated = self.kernel.prepare(&rotated(test, &mut rng)?)?;
        let moved = self
            .kernel
            .cross(&rotated, &self.train, size, &[Pairing::SameLabel])?;
        let (gram, cross) = (&self.gram[2].ntk, &self.cross[2].ntk);
        let targets = energies(&train[..size]);
        let mean = metrics::mean(&targets)?;
        let targets = column(targets.iter().map(|e| e - mean));
        let gram = block(gram, 0..size, 0..size);
        let model = KernelRidge::fit(gram.view(), targets.view(), Ridge::Absolute(1e-3))?;
        let rows = arguments.validation..arguments.validation + test.len();
        let before = model.predict(block(cross, rows, 0..size).view())?;
        let after = model.predict(moved[0].ntk.view())?;
        let changes = (before - after).into_iter();
        Ok(changes.fold(0.0, |largest: f64, change| largest.max(change.abs())))
    }
}

fn column(values: impl IntoIterator<Item = f64>) -> Array2<f64> {
    let values: Vec<f64> = values.into_iter().collect();
    Array2::from_shape_vec((values.len(), 1), values).expect("one column")
}

fn block(
    matrix: &Array2<f64>,
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
) -> Array2<f64> {
    let view: ArrayView2<'_, f64> = matrix.view();
    view.slice_axis(Axis(0), rows.into())
        .slice_axis(Axis(1), columns.into())
        .to_owned()
}

/// Energies and kernels: of the training molecules, and of the validation molecules followed by the test molecules.
struct Problem<'a> {
    gram: Array2<f64>,
    cross: Array2<f64>,
    counts: &'a [Array2<f64>; 2],
    energies: [Vec<f64>; 2],
    validation: usize,
}

/// Errors in meV, for one ridge.
#[derive(Clone, Copy)]
struct Score {
    validation_mae: f64,
    mae: f64,
    rmse: f64,
}

impl Problem<'_> {
    /// Trains on `size` molecules from `first` on, with every ridge that leaves the kernel positive definite.
    fn scores(&self, first: usize, size: usize, baseline: Baseline) -> Result<Vec<Option<Score>>> {
        let part = first..first + size;
        let train_energies = &self.energies[0][part.clone()];
        let [train_base, rest_base] = match baseline {
            Baseline::Mean => {
                let mean = metrics::mean(train_energies)?;
                [vec![mean; size], vec![mean; self.energies[1].len()]]
            }
            Baseline::Composition => {
                let counts = block(&self.counts[0], part.clone(), 0..Element::ALL.len());
                let fit = CompositionBaseline::fit(counts.view(), train_energies)?;
                [
                    fit.predict(counts.view())?,
                    fit.predict(self.counts[1].view())?,
                ]
            }
        };
        let targets = column(train_energies.iter().zip(&train_base).map(|(e, b)| e - b));
        let gram = block(&self.gram, part.clone(), part.clone());
        let path = RidgePath::fit(gram.view(), targets.view())?;
        let cross = block(&self.cross, 0..rest_base.len(), part);
        let base = column(rest_base);
        let truth = column(self.energies[1].iter().copied());
        RIDGES
            .map(|k| {
                let ridge = Ridge::Absolute(10f64.powf(f64::from(k) / 2.0));
                let found = match path.predict(cross.view(), &[ridge]) {
                    Err(Error::NotPositiveDefinite { .. }) => return Ok(None),
                    found => &found?[0] + &base,
                };
                let (validation, test) = found.view().split_at(Axis(0), self.validation);
                let (validation_truth, truth) = truth.view().split_at(Axis(0), self.validation);
                Ok(Some(Score {
                    validation_mae: metrics::mae(validation, validation_truth)?,
                    mae: metrics::mae(test, truth)?,
                    rmse: metrics::rmse(test, truth)?,
                }))
            })
            .collect()
    }
}

/// One line of the table.
struct Row {
    model: Model,
    pairing: Pairing,
    baseline: Baseline,
    size: usize,
    splits: usize,
    ridge: f64,
    mae: f64,
    /// Standard error over the splits, where there are several.
    error: Option<f64>,
    rmse: f64,
}

impl Row {
    /// Takes the ridge that is best on the validation molecules, on average over the splits.
    fn new(
        model: Model,
        pairing: Pairing,
        baseline: Baseline,
        size: usize,
        splits: &[Vec<Option<Score>>],
    ) -> Result<Row> {
        let mut best: Option<(f64, i32, Vec<Score>)> = None;
        for (index, exponent) in RIDGES.enumerate() {
            let Some(scores) = splits
                .iter()
                .map(|s| s[index])
                .collect::<Option<Vec<Score>>>()
            else {
                continue;
            };
            let errors: Vec<f64> = scores.iter().map(|score| score.validation_mae).collect();
            let error = metrics::mean(&errors)?;
            if best.as_ref().is_none_or(|(least, ..)| error < *least) {
                best = Some((error, exponent, scores));
            }
        }
        let (_, exponent, scores) = best.ok_or_else(|| {
            Error::not_positive_definite(
                "kernel between training molecules",
                "not with any ridge",
                "check the data for NaN or repeated molecules",
            )
        })?;
        let mae: Vec<f64> = scores.iter().map(|score| score.mae).collect();
        let rmse: Vec<f64> = scores.iter().map(|score| score.rmse).collect();
        Ok(Row {
            model,
            pairing,
            baseline,
            size,
            splits: scores.len(),
            ridge: 10f64.powf(f64::from(exponent) / 2.0),
            mae: metrics::mean(&mae)?,
            error: if mae.len() > 1 {
                Some(metrics::standard_error(&mae)?)
            } else {
                None
            },
            rmse: metrics::mean(&rmse)?,
        })
    }
}

fn pairing_name(pairing: Pairing) -> &'static str {
    match pairing {
        Pairing::Index => "atoms matched by index",
        Pairing::All => "all pairs of atoms",
        Pairing::SameLabel => "pairs of the same element",
    }
}

fn baseline_name(baseline: Baseline) -> &'static str {
    match baseline {
        Baseline::Mean => "mean",
        Baseline::Composition => "composition",
    }
}

/// Prints the table and writes it as CSV.
fn report(table: &[Row], arguments: &Arguments) -> Result<()> {
    say!("\nTest errors in meV: MAE ± standard error over disjoint training sets (RMSE)");
    for baseline in BASELINES {
        for pairing in PAIRINGS {
            say!(
                "\n{}, {} subtracted",
                pairing_name(pairing),
                baseline_name(baseline)
            );
            say!(
                "{:>6} {:>7}  {:>26} {:>26}",
                "train",
                "splits",
                "MLP",
                "SO(3)"
            );
            for size in SIZES {
                let rows: Vec<&Row> = table
                    .iter()
                    .filter(|r| (r.baseline, r.pairing, r.size) == (baseline, pairing, size))
                    .collect();
                let [mlp, so3] = rows[..] else { continue };
                say!(
                    "{size:>6} {:>7}  {:>26} {:>26}",
                    mlp.splits,
                    cell(mlp),
                    cell(so3)
                );
            }
        }
    }
    let header = [
        "model",
        "pairing",
        "baseline",
        "train",
        "splits",
        "ridge",
        "mae_mev",
        "mae_standard_error_mev",
        "rmse_mev",
    ];
    let lines = table.iter().map(|row| {
        [
            row.model.name().to_owned(),
            pairing_name(row.pairing).to_owned(),
            baseline_name(row.baseline).to_owned(),
            row.size.to_string(),
            row.splits.to_string(),
            row.ridge.to_string(),
            row.mae.to_string(),
            row.error.map_or(String::new(), |e| e.to_string()),
            row.rmse.to_string(),
        ]
    });
    write_csv(&arguments.out, &header, lines)?;
    #[cfg(feature = "plot")]
    if let Some(folder) = &arguments.plot {
        draw_curves(table, folder)?;
    }
    say!("\nwritten: {}", arguments.out.display());
    Ok(())
}

/// Draws the learning curves of both models, one picture a pairing, with the composition subtracted.
#[cfg(feature = "plot")]
fn draw_curves(table: &[Row], folder: &std::path::Path) -> Result<()> {
    use haarmonic::plot::{AxisScale, Curve, Labels, learning_curves};
    shared::create_folder(folder)?;
    let names = [
        "molecules-index.svg",
        "molecules-all.svg",
        "molecules-element.svg",
    ];
    for (pairing, name) in PAIRINGS.into_iter().zip(names) {
        let columns = MODELS.map(|model| {
            let mut columns: [Vec<f64>; 3] = Default::default();
            let wanted = (model, pairing, Baseline::Composition);
            for row in table {
                if (row.model, row.pairing, row.baseline) == wanted {
                    columns[0].push(row.size as f64);
                    columns[1].push(row.mae);
                    columns[2].push(row.error.unwrap_or(0.0));
                }
            }
            columns
        });
        let curves: Vec<Curve<'_>> = MODELS
            .iter()
            .zip(&columns)
            .map(|(model, [sizes, mean, error])| Curve {
                name: model.name(),
                sizes,
                mean,
                error: Some(error),
            })
            .collect();
        let labels = Labels {
            title: pairing_name(pairing),
            x: "training molecules",
            y: "mean absolute error / meV",
            ..Labels::default()
        };
        learning_curves(&curves, AxisScale::Logarithmic, &labels, folder.join(name))?;
    }
    say!("pictures in {}", folder.display());
    Ok(())
}

fn cell(row: &Row) -> String {
    let error = row
        .error
        .map_or(String::new(), |error| format!(" ± {error:.0}"));
    format!("{:.0}{error} ({:.0})", row.mae, row.rmse)
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("a valid template")
}
