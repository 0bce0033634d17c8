//! The command line: kernels, predictions and transforms from files to files.

mod covariance;
mod distill;
mod evaluate;
mod features;
mod files;
mod gram;
mod inputs;
mod learning_curve;
mod matching;
mod phase;
#[cfg(feature = "plot")]
mod plot;
#[cfg(feature = "plot")]
mod plot_arguments;
#[cfg(feature = "plot")]
mod plot_table;
mod power;
mod predict;
mod predict_arguments;
mod predict_files;
mod predict_forces;
mod predict_kernels;
mod predict_many;
mod predict_width;
mod progress;
mod ranks;
mod rotate;
mod sample;
mod say;
mod score;
mod select;
mod signals;
mod spectrum;
mod sphere_plan;
mod targets;
mod transform;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use haarmonic::kernel::{Kernel, Precision};
use haarmonic::network::{InputSpace, Network};
use haarmonic::predict::{Criterion, KernelKind};
use haarmonic::{Error, Result};

/// The largest number of threads. More threads do not speed up a computation, and can make a system unresponsive.
const MAX_THREADS: usize = 1024;

/// Exit code for every refused input and for a wrong command line.
const REFUSED: u8 = 2;

/// Kernels of infinitely wide equivariant networks, and transforms on the sphere and on SO(3).
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Compute the kernels of one set of inputs with itself, or with another
    Gram(gram::Arguments),
    /// Compute explicit features whose inner products are the kernels, for networks that have finitely many
    Features(features::Arguments),
    /// Predict with an ensemble of infinitely wide networks
    Predict(predict_arguments::Arguments),
    /// Select the weight and bias standard deviations of a network and the ridge by training points
    Select(select::Arguments),
    /// Learn a few inputs from which a kernel predicts a data set
    Distill(distill::Arguments),
    /// Compute the eigenvalues of the kernels of a network on vectors, degree by degree
    Spectrum(spectrum::Arguments),
    /// Predict the error of the kernel of a network on vectors for numbers of training points, and measure it
    LearningCurve(learning_curve::Arguments),
    /// Say whether the deep network that repeats the block of this one is ordered, critical or chaotic, and compute its kernels by depth
    Phase(phase::Arguments),
    /// Compute heat and Matérn kernels on the sphere or the rotation group at angles
    Covariance(covariance::Arguments),
    /// Draw random fields on the sphere
    Sample(sample::Arguments),
    /// Measure the quality of predictions
    Score(score::Arguments),
    /// Draw the results of the other commands
    #[cfg(feature = "plot")]
    Plot(plot::Arguments),
    /// Draw the results of the other commands (not in this build)
    #[cfg(not(feature = "plot"))]
    #[command(hide = true, disable_help_flag = true)]
    Plot {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        _anything: Vec<std::ffi::OsString>,
    },
    /// Transform signals on the sphere or on the rotation group
    Transform(transform::Arguments),
    /// Compute the values of signals at points of the sphere, or at rotations, from their coefficients
    Evaluate(evaluate::Arguments),
    /// Compute the power spectra and cross spectra of signals on the sphere from their coefficients
    Power(power::Arguments),
    /// Rotate signals on the sphere by their coefficients
    Rotate(rotate::Arguments),
    /// Find the rotation that brings one signal on the sphere nearest to another
    Match(matching::Arguments),
    /// Check a network file and print how it is read
    Check {
        /// The network (TOML)
        network: PathBuf,
        /// Print the recursion of its kernels in symbols, as text or as LaTeX
        #[arg(long, num_args = 0..=1, default_missing_value = "text")]
        formula: Option<FormulaChoice>,
    },
}

/// How formulas are written.
#[derive(Clone, Copy, ValueEnum)]
enum FormulaChoice {
    /// Plain text
    Text,
    /// LaTeX, with the package amsmath
    Latex,
}

/// The kernel that predicts.
#[derive(Clone, Copy, ValueEnum)]
enum KernelChoice {
    /// All layers are trained
    Ntk,
    /// Only the last layer is trained; at t = ∞ a Gaussian process
    Nngp,
}

impl From<KernelChoice> for KernelKind {
    fn from(choice: KernelChoice) -> KernelKind {
        match choice {
            KernelChoice::Ntk => KernelKind::Ntk,
            KernelChoice::Nngp => KernelKind::Nngp,
        }
    }
}

/// The criterion of a choice, which uses the training points only.
#[derive(Clone, Copy, ValueEnum)]
enum CriterionChoice {
    /// The log marginal likelihood
    Evidence,
    /// The log probability of each target given all others
    LooProbability,
    /// The mean square error for each target from all others
    LooError,
}

impl CriterionChoice {
    /// The name of the cost.
    fn of_cost(self) -> &'static str {
        match self {
            CriterionChoice::Evidence => "minus log evidence",
            CriterionChoice::LooProbability => "minus log leave-one-out probability",
            CriterionChoice::LooError => "leave-one-out mean square error",
        }
    }
}

impl From<CriterionChoice> for Criterion {
    fn from(choice: CriterionChoice) -> Criterion {
        match choice {
            CriterionChoice::Evidence => Criterion::MarginalLikelihood,
            CriterionChoice::LooProbability => Criterion::LeaveOneOutProbability,
            CriterionChoice::LooError => Criterion::LeaveOneOutError,
        }
    }
}

/// The arithmetic within a pair of images or molecules; files hold double precision either way.
#[derive(Clone, Copy, ValueEnum)]
enum PrecisionChoice {
    /// Double precision
    F64,
    /// Single precision, in a half to two thirds of the time, with an error estimate from a sample of pairs
    F32,
}

/// Reads a network, and refuses single precision for inputs that are neither images nor molecules.
fn read_network(path: &Path, precision: PrecisionChoice) -> Result<Network> {
    let network = Network::read(path)?;
    match (precision, network.input()) {
        (PrecisionChoice::F64, _) | (_, InputSpace::Plane { .. } | InputSpace::Molecule { .. }) => {
            Ok(network)
        }
        (PrecisionChoice::F32, _) => {
            let found = "f32 for inputs that are neither images nor molecules";
            Err(Error::invalid("--precision", found, "f64").in_file(path))
        }
    }
}

/// Makes the kernel of a network in the chosen precision.
fn make_kernel(network: &Network, precision: PrecisionChoice) -> Result<Kernel> {
    let kernel = Kernel::new(network)?;
    match precision {
        PrecisionChoice::F64 => Ok(kernel),
        PrecisionChoice::F32 => kernel.with_precision(Precision::Single),
    }
}

/// Replaces the advice of an error for too little memory by the advice of the command line.
fn for_less_memory(error: Error, way: &str) -> Error {
    match error {
        Error::OutOfMemory {
            what,
            needed,
            available,
            ..
        } => Error::out_of_memory(what, needed, available, way),
        other => other,
    }
}

fn main() -> ExitCode {
    let result = match Arguments::try_parse() {
        Ok(arguments) => run(arguments.command),
        Err(refused) if refused.exit_code() != 0 => {
            // If standard error is closed, only the exit code shows the refusal.
            let _ = refused.print();
            return ExitCode::from(REFUSED);
        }
        Err(help) => say::written(help.print()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say::error(&error);
            ExitCode::from(match error {
                Error::Cancelled { .. } => progress::INTERRUPTED,
                _ => REFUSED,
            })
        }
    }
}

/// Refuses a number of threads in the environment that is too large for `--threads`.
fn check_environment() -> Result<()> {
    const NAME: &str = "RAYON_NUM_THREADS";
    let threads = std::env::var(NAME).ok().and_then(|text| text.parse().ok());
    match threads.filter(|&threads: &usize| threads > MAX_THREADS) {
        None => Ok(()),
        Some(threads) => Err(Error::invalid(
            format!("{NAME} of the environment"),
            threads,
            format!("at most {MAX_THREADS}"),
        )),
    }
}

fn run(command: Command) -> Result<()> {
    check_environment()?;
    match command {
        Command::Gram(arguments) => gram::run(&arguments),
        Command::Features(arguments) => features::run(&arguments),
        Command::Predict(arguments) => predict::run(&arguments),
        Command::Select(arguments) => select::run(&arguments),
        Command::Distill(arguments) => distill::run(&arguments),
        Command::Spectrum(arguments) => spectrum::run(&arguments),
        Command::Sample(arguments) => sample::run(&arguments),
        Command::Covariance(arguments) => covariance::run(&arguments),
        Command::LearningCurve(arguments) => learning_curve::run(&arguments),
        Command::Phase(arguments) => phase::run(&arguments),
        Command::Score(arguments) => score::run(&arguments),
        #[cfg(feature = "plot")]
        Command::Plot(arguments) => plot::run(&arguments),
        #[cfg(not(feature = "plot"))]
        Command::Plot { .. } => Err(Error::invalid(
            "haarmonic plot",
            "a program built without the feature `plot`",
            "one built with it: cargo install --path . --features cli,plot",
        )),
        Command::Transform(arguments) => transform::run(&arguments),
        Command::Evaluate(arguments) => evaluate::run(&arguments),
        Command::Power(arguments) => power::run(&arguments),
        Command::Rotate(arguments) => rotate::run(&arguments),
        Command::Match(arguments) => matching::run(&arguments),
        Command::Check { network, formula } => {
            let network = Network::read(network)?;
            say::text(&match formula {
                None => network.to_toml()?,
                Some(FormulaChoice::Text) => network.formula().to_string(),
                Some(FormulaChoice::Latex) => network.formula().to_latex(),
            })
        }
    }
}
