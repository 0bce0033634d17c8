//! Who: someone who wants to predict molecular energies with infinitely wide equivariant networks.
//! What: kernel regression of the atomisation energies (U0) of QM9 molecules with the neural tangent kernel of an
//!       SO(3)-equivariant network on the sphere around each atom, and with that of an MLP on the same signals.
//! Run:  cargo run --release --features data --example molecules
//!       cargo run --release --features data --example molecules -- --data qm9pack-1.0.3-py3-none-any.whl --train 1000 --test 1000
//!       cargo run --release --features plot --example molecules -- --plot results
//! Expect: a table of test errors against the number of training molecules, the same as CSV; under two minutes.
//!
//! Settings were chosen on molecules that are never drawn here (rows divisible by ten; `--design` draws them); the
//! ridge is chosen on validation molecules. Test molecules choose nothing. See docs/molecules.md.

#[macro_use]
#[path = "say/mod.rs"]
mod say;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Parser;
use haarmonic::activation::Activation;
use haarmonic::data::atomic::{check_target, write_csv};
use haarmonic::data::composition::{CompositionBaseline, element_counts};
use haarmonic::data::molecule::{Element, Molecule};
use haarmonic::data::qm9::{Qm9Form, Qm9Source};
use haarmonic::data::qm9_sample::{DESIGN_POOL_STRIDE, SAMPLE_SEED, sample_rows};
use haarmonic::data::radial::{RadialChannel, RadialFunction};
use haarmonic::data::spherical_features::SphericalFeatures;
use haarmonic::error::FileOperation;
use haarmonic::group::Rotation;
use haarmonic::kernel::{Gram, Kernel, Pairing, PreparedSignals, SetKernel, SignalSet};
use haarmonic::network::{Network, Quadrature, Scale, SphereSampling};
use haarmonic::predict::{Ridge, RidgePath, metrics};
use haarmonic::sphere::Sampling;
use haarmonic::{Error, Result};
use indicatif::{ProgressBar, ProgressStyle};
use ndarray::{Array2, Array4, ArrayView2, Axis};
use num_complex::Complex64;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Band limit of the signals and of the Haar quadrature. The correlation of two signals has degrees below L, its square
/// up to 2L − 2: a quadrature of band limit L takes the mean over rotations of this network without error.
const BAND_LIMIT: usize = 5;
const ACTIVATION: Activation = Activation::Monomial { degree: 2 };
/// Standard deviation of the biases of the first layer, which mix constant, linear and quadratic terms. Its weights are
/// scaled so that the signals of the training atoms have mean square one.
const FIRST_BIAS_STD: f64 = 0.3;
/// Shells around an atom: centres and widths in ångström, the power of the distance with its unit length.
const SHELLS: [f64; 6] = [1.0, 1.3, 1.6, 1.9, 2.2, 2.5];
const SHELL_WIDTH: f64 = 0.3;
const SHELL_POWER: i32 = 2;
const SHELL_UNIT: f64 = 1.5;
/// How wide a neighbour looks, the exponent of the charges, and the weight of the atom in the centre.
const ANGULAR_WIDTH: f64 = std::f64::consts::FRAC_PI_4;
const CHARGE_EXPONENT: f64 = 0.5;
const CENTRE_WEIGHT: f64 = 0.3;
/// Variance of the bias added to a sum over atoms, wide against the sums themselves (20 to 300).
const BIAS_VARIANCE: f64 = 1e4;

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
    #[arg(long, default_value_t = 300)]
    train: usize,
    /// Test molecules
    #[arg(long, default_value_t = 200)]
    test: usize,
    /// Validation molecules
    #[arg(long, default_value_t = 100)]
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

#[derive(Clone, Copy, PartialEq)]
enum Model {
    Mlp,
    So3,
}

fn main() -> std::process::ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            std::process::ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    if arguments.train < SIZES[0] {
        return Err(Error::invalid(
            "training molecules",
            arguments.train,
            format!("at least {}", SIZES[0]),
        ));
    }
    if let Some(folder) = arguments
        .out
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder)
            .map_err(|error| Error::io(folder, FileOperation::Create, error))?;
    }
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
    let features = features()?;
    let mut table = Vec::new();
    for model in MODELS {
        let kernels = Kernels::new(model, &features, train, rest)?;
        let counts = [element_counts(train), element_counts(rest)];
        for (p, pairing) in PAIRINGS.into_iter().enumerate() {
            let choose = |gram: &'_ Gram| {
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
        let change = kernels.rotation_change(&features, train, test, arguments)?;
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

fn energies(molecules: &[Molecule]) -> Vec<f64> {
    molecules
        .iter()
        .map(Molecule::atomisation_energy_mev)
        .collect()
}

fn features() -> Result<SphericalFeatures> {
    let shell = |centre| {
        let (width, power) = (SHELL_WIDTH, f64::from(SHELL_POWER));
        RadialChannel::new(RadialFunction::Gaussian {
            centre,
            width,
            power,
        })
        .with_scale(SHELL_UNIT.powi(SHELL_POWER))
        .with_angular_width(ANGULAR_WIDTH)
        .with_charge_exponent(CHARGE_EXPONENT)
    };
    SphericalFeatures::builder(BAND_LIMIT)
        .radial(SHELLS.map(shell))
        .centre(CENTRE_WEIGHT)
        .build()
}

/// Signals of all atoms of all molecules, in the form a model takes.
enum Signals {
    /// Values on a grid, one row an atom.
    Flat(Array2<f64>),
    /// Coefficients.
    Sphere(Array4<Complex64>),
}

impl Signals {
    /// Mean over atoms of the mean square of a signal.
    fn mean_square(&self) -> f64 {
        match self {
            Signals::Flat(values) => {
                values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64
            }
            Signals::Sphere(coeffs) => {
                let signals = coeffs.len_of(Axis(0)) * coeffs.len_of(Axis(1));
                let square: f64 = coeffs.iter().map(|c| c.norm_sqr()).sum();
                square / (4.0 * std::f64::consts::PI * signals as f64)
            }
        }
    }

    fn prepare(&self, kernel: &Kernel) -> Result<PreparedSignals> {
        match self {
            Signals::Flat(values) => kernel.prepare(values.view()),
            Signals::Sphere(coeffs) => kernel.prepare(coeffs.view()),
        }
    }
}

impl Model {
    fn name(self) -> &'static str {
        match self {
            Model::Mlp => "MLP",
            Model::So3 => "SO(3)",
        }
    }

    /// The same layers for both.
    fn network(self, features: &SphericalFeatures, first: Scale) -> Result<Network> {
        let channels = features.channel_count();
        match self {
            Model::So3 => Network::sphere(BAND_LIMIT, SphereSampling::Coefficients, channels)
                .quadrature(Quadrature::BandLimit(BAND_LIMIT))
                .lifting(first)
                .activation(ACTIVATION)
                .group_pooling()
                .dense(Scale::default())
                .build(),
            Model::Mlp => {
                let [rings, ring] = Sampling::GaussLegendre.shape(BAND_LIMIT)?;
                Network::vector(rings * ring * channels)
                    .dense(first)
                    .activation(ACTIVATION)
                    .dense(Scale::default())
                    .build()
            }
        }
    }

    fn signals(self, features: &SphericalFeatures, molecules: &[Molecule]) -> Result<Signals> {
        match self {
            Model::So3 => {
                let each = molecules
                    .iter()
                    .map(|molecule| features.coefficients(molecule));
                Ok(Signals::Sphere(concatenate(
                    &each.collect::<Result<Vec<_>>>()?,
                )?))
            }
            Model::Mlp => {
                let each = molecules.iter().map(|molecule| {
                    let grid = features.grid(molecule, Sampling::GaussLegendre)?;
                    let shape = (molecule.len(), grid.len() / molecule.len());
                    Ok(grid.into_shape_with_order(shape).expect("one row an atom"))
                });
                Ok(Signals::Flat(concatenate(
                    &each.collect::<Result<Vec<_>>>()?,
                )?))
            }
        }
    }
}

/// One set a molecule: consecutive atoms, labelled by their atomic numbers.
fn sets_of(molecules: &[Molecule]) -> Vec<SignalSet> {
    let mut first = 0;
    let mut sets = Vec::new();
    for molecule in molecules {
        let labels = molecule
            .elements()
            .iter()
            .map(|e| u32::from(e.atomic_number()))
            .collect();
        sets.push(SignalSet { first, labels });
        first += molecule.len();
    }
    sets
}

fn concatenate<T: Clone, D: ndarray::RemoveAxis>(
    arrays: &[ndarray::Array<T, D>],
) -> Result<ndarray::Array<T, D>> {
    let views: Vec<_> = arrays.iter().map(|array| array.view()).collect();
    ndarray::concatenate(Axis(0), &views).map_err(|_| Error::empty("molecules"))
}

/// Kernels between training molecules, and of the others with them; one matrix a pairing.
struct Kernels {
    model: Model,
    sets: SetKernel,
    train: (PreparedSignals, Vec<SignalSet>),
    gram: Vec<Gram>,
    cross: Vec<Gram>,
}

impl Kernels {
    fn new(
        model: Model,
        features: &SphericalFeatures,
        train: &[Molecule],
        rest: &[Molecule],
    ) -> Result<Self> {
        let bar = ProgressBar::new(0);
        bar.set_style(style(&format!(
            "{:6} {{bar:40}} {{pos}}/{{len}} pairs of molecules, {{eta}} left",
            model.name()
        )));
        let shown = bar.clone();
        let signals = model.signals(features, train)?;
        let first = Scale::new(signals.mean_square().sqrt().recip(), FIRST_BIAS_STD);
        let kernel = Kernel::new(&model.network(features, first)?)?.with_progress(Arc::new(
            move |done, total| {
                shown.set_length(total as u64);
                shown.set_position(done as u64);
            },
        ));
        let train = (signals.prepare(&kernel)?, sets_of(train));
        let others = (
            model.signals(features, rest)?.prepare(&kernel)?,
            sets_of(rest),
        );
        let sets = SetKernel::new(kernel)
            .normalised()
            .with_bias(BIAS_VARIANCE)?;
        let gram = sets.gram(&train.0, &train.1, &PAIRINGS)?;
        let cross = sets.cross((&others.0, &others.1), (&train.0, &train.1), &PAIRINGS)?;
        bar.finish_and_clear();
        Ok(Kernels {
            model,
            sets,
            train,
            gram,
            cross,
        })
    }

    /// The largest change, over `test`, of a prediction when each molecule is rotated at random.
    fn rotation_change(
        &self,
        features: &SphericalFeatures,
        train: &[Molecule],
        test: &[Molecule],
        arguments: &Arguments,
    ) -> Result<f64> {
        let size = train.len().min(ROTATION_TRAIN);
        let mut rng = ChaCha8Rng::seed_from_u64(arguments.seed);
        let rotated = test
            .iter()
            .map(|molecule| molecule.rotated(&Rotation::random(&mut rng).to_matrix().into()))
            .collect::<Result<Vec<_>>>()?;
        let signals = self.model.signals(features, &rotated)?;
        let rotated = (signals.prepare(self.sets.kernel())?, sets_of(&rotated));
        let columns = (&self.train.0, &self.train.1[..size]);
        let moved = self
            .sets
            .cross((&rotated.0, &rotated.1), columns, &[Pairing::SameLabel])?;
        let (gram, cross) = (&self.gram[2].ntk, &self.cross[2].ntk);
        let targets = energies(&train[..size]);
        let mean = metrics::mean(&targets)?;
        let targets = column(targets.iter().map(|e| e - mean));
        let ridge = Ridge::Absolute(1e-3);
        let model =
            RidgePath::new(block(gram, 0..size, 0..size).view(), targets.view())?.fit(ridge)?;
        let rows = arguments.validation..arguments.validation + test.len();
        let before = model.predict(block(cross, rows, 0..size).view())?;
        let after = model.predict(moved[0].ntk.view())?;
        Ok((before - after)
            .iter()
            .fold(0.0, |a: f64, b| a.max(b.abs())))
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

/// Energies and kernels of training molecules, and of validation and test molecules behind one another.
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
        let path = RidgePath::new(gram.view(), targets.view())?;
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
    std::fs::create_dir_all(folder)
        .map_err(|error| Error::io(folder, FileOperation::Create, error))?;
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
