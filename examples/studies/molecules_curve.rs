//! Who: someone who wants to know how many molecules chemical accuracy (43 meV) takes, and how long it takes.
//! What: the learning curve of energies of atomisation (U0) of QM9 with the neural tangent kernel of a network on molecules: one message, He₂/√2, the
//!       mean over rotations, sums over pairs of atoms of one element. Its kernel matrices are products of explicit features.
//! Run:  cargo run --release --features data --example molecules_curve
//!       cargo run --release --features data --example molecules_curve -- \
//!           --data qm9pack-1.0.3-py3-none-any.whl --sizes 100,300,1000,2000,3000,5000,10000 --test 1000
//!       cargo run --release --features data --example molecules_curve -- --network network.toml --sizes 100,300
//!       cargo run --release --features data --example molecules_curve -- --second after-square --weights 0.01,0.1 --sizes 30,100,300
//! Expect: a table of test errors and times; 30 and 100 molecules of the shipped sample take seconds.
//!
//! Molecules are drawn as the shipped sample is: the first 1,000 train, the next choose the ridge, the next test, all others train. Training sets are
//! nested. A linear fit on the numbers of atoms is subtracted from the energies. See docs/molecules.md.

#[macro_use]
#[path = "../shared/mod.rs"]
mod shared;

use std::path::PathBuf;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use haarmonic::activation::Activation;
use haarmonic::atoms::Atoms;
use haarmonic::data::atomic::{check_target, write_csv};
use haarmonic::data::composition::{CompositionBaseline, element_counts};
use haarmonic::data::molecule::Molecule;
use haarmonic::data::qm9::{Qm9Form, Qm9Source};
use haarmonic::data::qm9_sample::{SAMPLE_SEED, sample_rows};
use haarmonic::kernel::{Kernel, KernelMatrices, PreparedSignals};
use haarmonic::network::{Init, Message, Network};
use haarmonic::predict::{KernelRidge, Ridge, metrics};
use haarmonic::{Error, Result};
use ndarray::{Array2, Axis, Slice};

/// Training molecules in front of the validation and test molecules.
const FIRST_TRAIN: usize = 1000;
/// Candidates for the ridge: powers of √10, where the kernel of an atom is of order one.
const RIDGES: std::ops::RangeInclusive<i32> = -14..=-2;
/// Training sets above this size take the ridges next to the one of the size before.
const MANY: usize = 1000;
/// Variance of the bias of the last layer.
const WIDE: f64 = 1e4;
/// Molecules from which the scale of the weights is taken.
const SCALED_BY: usize = 300;

#[derive(Clone, Copy, ValueEnum)]
enum Radial {
    /// 13 shells of width 0.2 Å from 0.8 to 3.2 Å
    Shells,
    /// Infinitely many shells of width 0.2 Å
    Smooth,
}

/// A second message, along bonds, for atoms up to 2 Å apart.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Second {
    /// Message, He₂/√2, message (degrees up to 2), mean over rotations: it passes on what the square saw
    AfterSquare,
    /// Message, message (degrees up to 1), He₂/√2, mean over rotations: the square sees two messages
    BeforeSquare,
}

#[derive(Parser)]
struct Arguments {
    /// QM9: the qm9pack wheel, a folder of xyz files, or the shipped sample
    #[arg(long, default_value = "examples/data/qm9_sample.csv")]
    data: PathBuf,
    /// Numbers of training molecules
    #[arg(long, value_delimiter = ',', default_value = "30,100")]
    sizes: Vec<usize>,
    /// Validation molecules
    #[arg(long, default_value_t = 100)]
    validation: usize,
    /// Test molecules
    #[arg(long, default_value_t = 240)]
    test: usize,
    /// The radial kernel of the message
    #[arg(long, value_enum, default_value = "shells")]
    radial: Radial,
    /// A network on molecules (TOML) instead
    #[arg(long)]
    network: Option<PathBuf>,
    /// A network with a second message beside this one, alone and added to it
    #[arg(long, value_enum, conflicts_with = "network")]
    second: Option<Second>,
    /// Shares of the kernel of that network, relative to the kernel of this one
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "0.01,0.1",
        requires = "second"
    )]
    weights: Vec<f64>,
    /// Predict with the NNGP instead of the NTK
    #[arg(long)]
    nngp: bool,
    /// Where to write the table
    #[arg(long, default_value = "results/molecules_curve.csv")]
    out: PathBuf,
}

fn main() -> std::process::ExitCode {
    shared::exit_code(run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<()> {
    let largest = arguments.sizes.iter().copied().max().unwrap_or(0);
    if arguments.sizes.iter().any(|&size| size < 10) || largest == 0 || arguments.validation == 0 {
        return Err(Error::invalid(
            "sizes or validation molecules",
            format!("{:?} and {}", arguments.sizes, arguments.validation),
            "numbers of at least 10 molecules, and at least one to choose the ridge",
        ));
    }
    shared::create_folder_of(&arguments.out)?;
    check_target(&arguments.out)?;
    let Drawn { train, rest } = draw(arguments, largest)?;
    let start = Instant::now();
    let seconds = || start.elapsed().as_secs_f64();
    let network = match &arguments.network {
        Some(path) => Network::read(path)?,
        None => network(arguments.radial, None, &train[..train.len().min(SCALED_BY)])?,
    };
    let (bar, progress) = shared::bar("kernels", "pairs of molecules");
    let kernel = Kernel::new(&network)?.with_progress(progress);
    let atoms = |molecules: &[Molecule]| {
        molecules
            .iter()
            .map(Molecule::atoms)
            .collect::<Vec<Atoms>>()
    };
    let prepared = [
        kernel.prepare(&atoms(&train)[..])?,
        kernel.prepare(&atoms(&rest)[..])?,
    ];
    if let Ok(map) = kernel.feature_map(&prepared[1]) {
        say!(
            "{} features",
            if arguments.nngp {
                map.nngp_len()
            } else {
                map.ntk_len()
            }
        );
    }
    say!(
        "{} training and {} other molecules prepared after {:.1} s",
        train.len(),
        rest.len(),
        seconds()
    );
    let one = |matrices: KernelMatrices| match arguments.nngp {
        true => matrices.nngp,
        false => matrices.ntk,
    };
    let both = |kernel: &Kernel, prepared: &[PreparedSignals; 2]| -> Result<[Array2<f64>; 2]> {
        Ok([
            one(kernel.gram_prepared(&prepared[0])?),
            one(kernel.cross_prepared(&prepared[1], &prepared[0])?),
        ])
    };
    let base = both(&kernel, &prepared)?;
    let mut kernels = vec![("one message".to_string(), base.clone())];
    if let Some(second) = arguments.second {
        let network = self::network(
            arguments.radial,
            Some(second),
            &train[..train.len().min(SCALED_BY)],
        )?;
        let (second_bar, progress) = shared::bar("kernels of two messages", "pairs of molecules");
        let kernel = Kernel::new(&network)?.with_progress(progress);
        let prepared = [
            kernel.prepare(&atoms(&train)[..])?,
            kernel.prepare(&atoms(&rest)[..])?,
        ];
        let it = both(&kernel, &prepared)?;
        second_bar.finish_and_clear();
        let size = |kernels: &[Array2<f64>; 2]| kernels[0].diag().sum() - WIDE * train.len() as f64;
        let ratio = size(&base) / size(&it);
        for weight in &arguments.weights {
            let sum = [0, 1].map(|k| &base[k] + &(&it[k] * (weight * ratio)));
            kernels.push((format!("+ {weight} × second"), sum));
        }
        kernels.push(("second alone".to_string(), it));
    }
    bar.finish_and_clear();
    say!("kernel matrices after {:.1} s", seconds());
    say!(
        "{:>16} {:>6} {:>9} {:>18} {:>10}",
        "network",
        "train",
        "ridge",
        "MAE / meV",
        "seconds"
    );
    let mut table = Vec::new();
    for (name, matrices) in &kernels {
        let mut last = None;
        for &size in &arguments.sizes {
            let near = |k: &i32| size <= MANY || last.is_none_or(|last: i32| (k - last).abs() <= 1);
            let ridges = RIDGES.filter(near);
            let best = Fit::best(
                [&matrices[0], &matrices[1]],
                [&train[..size], &rest],
                arguments.validation,
                ridges,
            )?;
            last = Some(best.exponent);
            let [mae, error] = [best.mae, best.standard_error];
            let ridge = 10f64.powf(f64::from(best.exponent) / 2.0);
            say!(
                "{name:>16} {size:>6} {ridge:>9.1e} {mae:>10.1} ± {error:<5.1} {:>10.1}",
                seconds()
            );
            let numbers = [size as f64, ridge, mae, error, seconds()].map(|x| x.to_string());
            table.push(
                std::iter::once(name.clone())
                    .chain(numbers)
                    .collect::<Vec<_>>(),
            );
        }
    }
    let header = [
        "network",
        "train",
        "ridge",
        "mae_mev",
        "standard_error_mev",
        "seconds",
    ];
    write_csv(&arguments.out, &header, table)?;
    say!("written: {}", arguments.out.display());
    Ok(())
}

/// Training molecules; and validation molecules followed by test molecules.
struct Drawn {
    train: Vec<Molecule>,
    rest: Vec<Molecule>,
}

/// Draws molecules in the order of the shipped sample.
fn draw(arguments: &Arguments, train: usize) -> Result<Drawn> {
    let others = arguments.validation + arguments.test;
    let count = FIRST_TRAIN.max(train) + others;
    let source = Qm9Source::open(&arguments.data)?;
    let mut molecules: Vec<Molecule> = match source.form() {
        // Drawn at random when it was made, and in that order.
        Qm9Form::Sample => source
            .read_all()?
            .into_iter()
            .map(|record| record.molecule)
            .collect(),
        _ => {
            let rows = sample_rows(source.count()?, count, SAMPLE_SEED)?;
            source.read_rows(&rows, |_| ())?
        }
    };
    if molecules.len() < count {
        return Err(Error::invalid(
            "molecules",
            format!("{count} asked for"),
            format!("at most {}, what the data hold", molecules.len()),
        ));
    }
    let later = molecules.split_off(FIRST_TRAIN + others);
    let rest = molecules.split_off(FIRST_TRAIN);
    molecules.extend(later);
    molecules.truncate(train);
    Ok(Drawn {
        train: molecules,
        rest,
    })
}

/// The network of the example `molecules`, whose weights give the sums over neighbours of these molecules the mean square one.
///
/// # Arguments
/// * `second` — a second message
fn network(radial: Radial, second: Option<Second>, molecules: &[Molecule]) -> Result<Network> {
    let shells: Vec<[f64; 2]> = (0..13).map(|k| [0.8 + 0.2 * f64::from(k), 0.2]).collect();
    let message = match radial {
        Radial::Shells => Message::shells(3.4, &shells),
        Radial::Smooth => Message::gaussian(3.4, 0.2),
    };
    let message = message.fade(1.8).power(3.0, 1.5).charge_exponent(0.5);
    let message = message.bump(std::f64::consts::FRAC_PI_4, 4)?;
    let start = || Network::molecule(&[1, 6, 7, 8, 9]);
    // Variances are the kernels of atoms with themselves.
    let alone = Kernel::new(
        &start()
            .message(message.clone(), Init::default())
            .at_nodes()
            .build()?,
    )?;
    let (mut sum, mut count) = (0.0, 0);
    for molecule in molecules {
        let variances = alone.gram(&[molecule.atoms()][..])?.nngp.diag().to_owned();
        sum += variances.sum();
        count += variances.len();
    }
    let first = Init::new((f64::from(count as u32) / sum).sqrt(), 0.8);
    let first = start().message(message, first).normalisation();
    let square = Activation::Hermite { degree: 2 };
    let bonds = |spectrum: &[f64]| {
        Message::gaussian(2.0, 0.2)
            .fade(1.8)
            .spectrum(spectrum)
            .self_share(0.7)
    };
    let dense = Init::default();
    let pooled = match second {
        None => first.activation(square).group_pooling().dense(dense),
        Some(Second::AfterSquare) => first
            .activation(square)
            .message(bonds(&[0.4, 0.3, 0.3]), dense)
            .group_pooling()
            .dense(dense),
        Some(Second::BeforeSquare) => first
            .message(bonds(&[0.5, 0.5]), Init::new(1.0, 0.8))
            .normalisation()
            .activation(square)
            .group_pooling()
            .dense(dense),
    };
    pooled
        .element_sum()
        // A wide bias, so that constants can be learned.
        .dense(Init::new(1.0, WIDE.sqrt()))
        .build()
}

/// The errors of one training set with one ridge.
struct Fit {
    exponent: i32,
    validation: f64,
    mae: f64,
    standard_error: f64,
}

impl Fit {
    /// The fit whose ridge is the best on the validation molecules.
    fn best(
        [gram, cross]: [&Array2<f64>; 2],
        [train, rest]: [&[Molecule]; 2],
        validation: usize,
        ridges: impl Iterator<Item = i32>,
    ) -> Result<Fit> {
        let first = Slice::from(..train.len());
        let gram = gram.slice_axis(Axis(0), first);
        let gram = gram.slice_axis(Axis(1), first);
        let cross = cross.slice_axis(Axis(1), first);
        let energies = |molecules: &[Molecule]| -> Vec<f64> {
            molecules
                .iter()
                .map(Molecule::atomisation_energy_mev)
                .collect()
        };
        let (known, truth) = (energies(train), energies(rest));
        let counts = element_counts(train);
        let baseline = CompositionBaseline::fit(counts.view(), &known)?;
        let base = baseline.predict(counts.view())?;
        let targets = Array2::from_shape_fn((train.len(), 1), |(i, _)| known[i] - base[i]);
        let base = baseline.predict(element_counts(rest).view())?;
        let mut best: Option<Fit> = None;
        for exponent in ridges {
            let ridge = Ridge::Absolute(10f64.powf(f64::from(exponent) / 2.0));
            let model = match KernelRidge::fit(gram, targets.view(), ridge) {
                Err(Error::NotPositiveDefinite { .. }) => continue,
                model => model?,
            };
            let found = model.predict(cross)?;
            let errors: Vec<f64> = (0..truth.len())
                .map(|i| (found[[i, 0]] + base[i] - truth[i]).abs())
                .collect();
            let (choosing, testing) = errors.split_at(validation);
            let fit = Fit {
                exponent,
                validation: metrics::mean(choosing)?,
                mae: metrics::mean(testing)?,
                standard_error: metrics::standard_error(testing)?,
            };
            if best
                .as_ref()
                .is_none_or(|best| fit.validation < best.validation)
            {
                best = Some(fit);
            }
        }
        best.ok_or_else(|| {
            Error::invalid(
                "ridges",
                "none that works",
                "a kernel matrix that is positive definite",
            )
        })
    }
}
